"""Resources by declaration: members and their defaults, references, what is unique, and what the world has."""

from __future__ import annotations

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from mockserver.http.errors import Conflict, InvalidRequest, NotFound, Unprocessable
from mockserver.http.resources import NUMBER, REQUIRED, Resource, prefixed
from mockserver.store import Store, Value, VersionConflict
from mockserver.store.memory import MemoryStore
from tests.mock import NOON
from tests.mockserver.loop import in_loop

SHELVES = Resource(
    name="shelf",
    plural="shelves",
    collection="shelves",
    members={"label": REQUIRED, "size": {"width": REQUIRED, "depth": 30, "unit": {"name": "cm"}}, "note": None},
    unique=frozenset({"label"}),
)


async def _not_heavy(ctx: Any, value: Value) -> None:
    if value["weight"] > 10:
        raise Unprocessable("is more than a shelf carries", "weight")


BOXES = Resource(
    name="box",
    plural="boxes",
    collection="boxes",
    members={"shelf_id": REQUIRED, "weight": 1, "lid": None, "under_id": None},
    immutable=frozenset({"shelf_id"}),
    check=_not_heavy,
    references={"shelf_id": SHELVES, "under_id": SHELVES},
)
WORLD = {
    "w1": {"id": "w1", NUMBER: -2, "shelf_id": "x", "weight": 2, "lid": None, "under_id": None},
    "w2": {"id": "w2", NUMBER: -1, "shelf_id": "x", "weight": 3, "lid": None, "under_id": None},
}
WORLDLY = Resource(
    name="box", plural="boxes", collection="worldly", members=BOXES.members, base=lambda ctx, owner_id: dict(WORLD)
)
IDS = ("id", NUMBER, "created_at", "updated_at")


class Caller:
    """What a resource sees of a request: who calls, when, and with what body."""

    def __init__(self, store: Store | None = None, client_id: str = "one") -> None:
        self.store = store or MemoryStore()
        self.principal = SimpleNamespace(client_id=client_id)
        self.world = SimpleNamespace(seed=1)
        self.at = NOON
        self.body: Any = None

    def sending(self, **body: Any) -> Any:
        """The same, with a body."""
        self.body = body
        return self

    @property
    def context(self) -> Any:
        """The same, as the type checker wants it."""
        return self


def told(value: Value) -> Value:
    """The members that a client sets."""
    return {name: member for name, member in value.items() if name not in IDS}


@in_loop
async def test_what_is_left_out_is_as_declared_and_what_is_not_declared_is_left_out() -> None:
    caller = Caller()
    made = await SHELVES.create(caller.sending(label="a", size={"width": 80, "height": 2}, colour="red"))
    assert told(made) == {"label": "a", "size": {"width": 80, "depth": 30, "unit": {"name": "cm"}}, "note": None}
    assert await SHELVES.get(caller.context, made["id"]) == made


@in_loop
async def test_a_change_goes_as_deep_as_it_says() -> None:
    caller = Caller()
    made = await SHELVES.create(caller.sending(label="a", size={"width": 80, "unit": {"name": "in"}}))
    caller.at += timedelta(hours=1)
    changed = await SHELVES.update(caller.sending(size={"depth": 40, "x": 1}, note="n"), made["id"])
    assert told(changed) == {
        "label": "a",
        "size": {"width": 80, "depth": 40, "unit": {"name": "in"}},
        "note": "n",
    }
    assert (changed["created_at"], changed["updated_at"]) == ("2026-03-18T12:00:00Z", "2026-03-18T13:00:00Z")
    assert await SHELVES.get(caller.context, made["id"]) == changed


@in_loop
async def test_tenants_share_nothing_but_the_store() -> None:
    one = Caller()
    other = Caller(one.store, "other")
    made = await SHELVES.create(one.sending(label="a", size={"width": 1}))
    assert await SHELVES.find(other.context, made["id"]) is None
    with pytest.raises(NotFound, match="There is no shelf"):
        await SHELVES.get(other.context, made["id"])
    same = await SHELVES.create(other.sending(label="a", size={"width": 1}))
    assert same["id"] != made["id"]
    assert [await SHELVES.list(each.context) for each in (one, other)] == [[made], [same]]


@in_loop
async def test_the_same_requests_give_the_same_ids() -> None:
    ids = []
    for _ in range(2):
        caller = Caller()
        made = [await SHELVES.create(caller.sending(label=str(n), size={"width": 1})) for n in range(3)]
        ids.append([each["id"] for each in made])
    assert ids[0] == ids[1]
    assert len({*ids[0]}) == 3


@in_loop
async def test_a_list_is_in_the_order_of_making_and_filtered_by_what_is_given() -> None:
    caller = Caller()
    shelf = await SHELVES.create(caller.sending(label="a", size={"width": 1}))
    made = [await BOXES.create(caller.sending(shelf_id=shelf["id"], weight=n % 2)) for n in range(12)]
    assert await BOXES.list(caller.context) == made
    assert await BOXES.list(caller.context, weight=1, lid=None) == made[1::2]
    assert await BOXES.list(caller.context, shelf_id=shelf["id"].upper()) == made
    assert await BOXES.list(caller.context, weight=7) == []


@in_loop
async def test_references_lead_somewhere_when_they_are_written() -> None:
    caller = Caller()
    with pytest.raises(Unprocessable, match="shelf_id: is no shelf of yours: nowhere"):
        await BOXES.create(caller.sending(shelf_id="nowhere"))
    shelf, spare = [await SHELVES.create(caller.sending(label=n, size={"width": 1})) for n in "ab"]
    box = await BOXES.create(caller.sending(shelf_id=shelf["id"].upper(), under_id=spare["id"]))
    assert box["shelf_id"] == shelf["id"]
    with pytest.raises(Unprocessable, match="under_id"):
        await BOXES.update(caller.sending(under_id="nowhere"), box["id"])
    await SHELVES.delete(caller.context, spare["id"])
    assert (await BOXES.update(caller.sending(lid="red"), box["id"]))["under_id"] == spare["id"]


@in_loop
async def test_what_is_referred_to_stays_for_those_that_are_named() -> None:
    caller = Caller()
    shelf = await SHELVES.create(caller.sending(label="a", size={"width": 1}))
    boxes = [await BOXES.create(caller.sending(shelf_id=shelf["id"])) for _ in range(2)]
    with pytest.raises(Conflict, match=r"^Shelf \S+ still has 2 boxes; delete them first\.$"):
        await SHELVES.delete(caller.context, shelf["id"], unless=(BOXES,))
    await BOXES.delete(caller.context, boxes[0]["id"])
    with pytest.raises(Conflict, match="still has 1 box;"):
        await SHELVES.delete(caller.context, shelf["id"], unless=(BOXES,))
    assert await SHELVES.delete(caller.context, shelf["id"]) == shelf


@in_loop
async def test_an_immutable_member_may_be_repeated_but_not_changed() -> None:
    caller = Caller()
    one, other = [await SHELVES.create(caller.sending(label=n, size={"width": 1})) for n in "ab"]
    box = await BOXES.create(caller.sending(shelf_id=one["id"]))
    with pytest.raises(InvalidRequest, match=r"shelf_id: is \S+ and cannot be changed"):
        await BOXES.update(caller.sending(shelf_id=other["id"], weight=5), box["id"])
    assert await BOXES.update(caller.sending(shelf_id=one["id"].upper()), box["id"]) == box


@in_loop
async def test_a_unique_member_is_free_again_once_its_holder_is_gone() -> None:
    caller = Caller()
    first = await SHELVES.create(caller.sending(label="a", size={"width": 1}))
    with pytest.raises(Conflict, match="belongs to shelf") as caught:
        await SHELVES.create(caller.sending(label="a", size={"width": 2}))
    assert [error.name for error in caught.value.field_errors] == ["label"]
    await SHELVES.delete(caller.context, first["id"])
    assert (await SHELVES.create(caller.sending(label="a", size={"width": 2})))["label"] == "a"


@in_loop
async def test_a_check_judges_what_it_would_become() -> None:
    caller = Caller()
    shelf = await SHELVES.create(caller.sending(label="a", size={"width": 1}))
    box = await BOXES.create(caller.sending(shelf_id=shelf["id"], weight=10))
    with pytest.raises(Unprocessable, match="weight"):
        await BOXES.update(caller.sending(weight=11, lid="red"), box["id"])
    assert await BOXES.get(caller.context, box["id"]) == box


@in_loop
async def test_of_what_the_world_has_the_store_holds_the_changes_alone() -> None:
    caller = Caller()
    assert await WORLDLY.list(caller.context) == [*WORLD.values()]
    assert await caller.store.dump() == {}
    await WORLDLY.update(caller.sending(lid="red"), "w2")
    assert await caller.store.dump() == {"worldly/one": {"w2": {"lid": "red", "updated_at": "2026-03-18T12:00:00Z"}}}
    made = await WORLDLY.create(caller.sending(shelf_id="x"))
    assert [each["id"] for each in await WORLDLY.list(caller.context)] == ["w1", "w2", made["id"]]


@in_loop
async def test_what_the_world_has_can_be_removed_once() -> None:
    caller = Caller()
    await WORLDLY.update(caller.sending(lid="red"), "w1")
    assert (await WORLDLY.delete(caller.context, "w1"))["lid"] == "red"
    assert await WORLDLY.find(caller.context, "w1") is None
    assert [each["id"] for each in await WORLDLY.list(caller.context)] == ["w2"]
    for act in (WORLDLY.delete, WORLDLY.update, WORLDLY.get):
        with pytest.raises(NotFound):
            await act(caller.sending(), "w1")


@in_loop
async def test_noting_something_judges_nothing_and_keeps_the_rest() -> None:
    caller = Caller()
    await WORLDLY.set(caller.context, WORLD["w1"], weight=99)
    await WORLDLY.set(caller.context, WORLD["w1"], seen=True)
    assert await WORLDLY.get(caller.context, "w1") == {**WORLD["w1"], "weight": 99, "seen": True}


CARDS = Resource(
    name="loyalty card",
    plural="loyalty cards",
    collection="cards",
    members={"holder": REQUIRED, "shelf_id": None, "colour": "red"},
    references={"shelf_id": SHELVES},
    id_member="card_id",
    id_form=prefixed("card_"),
    stamps={"made_at": True, "updated_at": False},
    time_text=lambda at: at.strftime("%H:%M"),
)


@in_loop
async def test_ids_and_times_look_as_declared() -> None:
    caller = Caller()
    made = await CARDS.create(caller.sending(holder="a"), secret="s")
    assert re.fullmatch(r"card_[0-9A-HJKMNP-TV-Z]{16}", made["card_id"])
    assert (made["made_at"], made["updated_at"], made["secret"]) == ("12:00", None, "s")
    with pytest.raises(NotFound) as error:
        await CARDS.get(caller.context, made["card_id"].lower())
    assert error.value.slug == "loyalty_card_not_found"
    changed = await CARDS.update(caller.sending(colour="blue"), made["card_id"])
    assert changed == {**made, "colour": "blue", "updated_at": "12:00"}
    assert await CARDS.get(caller.context, made["card_id"]) == changed


@in_loop
async def test_what_is_replaced_is_as_declared_where_it_is_left_out() -> None:
    caller = Caller()
    made = await CARDS.create(caller.sending(holder="a", colour="blue"), secret="s")
    replaced = await CARDS.replace(caller.sending(holder="b"), made["card_id"])
    assert replaced == {**made, "holder": "b", "colour": "red", "updated_at": "12:00"}


@in_loop
async def test_things_of_another_owner_are_apart_and_refer_to_that_owner_s() -> None:
    caller = Caller()
    shelf = await SHELVES.of("club").create(caller.sending(label="a", size={"width": 1}))
    with pytest.raises(Unprocessable, match="shelf_id"):
        await CARDS.create(caller.sending(holder="a", shelf_id=shelf["id"]))
    made = await CARDS.of("club").create(caller.sending(holder="a", shelf_id=shelf["id"].upper()))
    assert made["shelf_id"] == shelf["id"]
    assert await CARDS.list(caller.context) == []
    assert await CARDS.of("club").list(caller.context) == [made]
    with pytest.raises(Conflict, match="1 loyalty card"):
        await SHELVES.of("club").delete(caller.context, shelf["id"], unless=(CARDS,))


@in_loop
async def test_no_two_have_a_given_id() -> None:
    caller = Caller()
    await CARDS.create(caller.sending(holder="a"), key="card_1")
    with pytest.raises(VersionConflict):
        await CARDS.create(caller.sending(holder="b"), key="card_1")
    assert [each["holder"] for each in await CARDS.list(caller.context)] == ["a"]
