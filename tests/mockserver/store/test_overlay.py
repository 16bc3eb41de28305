"""An overlay: what the world has, as changed by clients."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mockserver.store import Store
from mockserver.store.overlay import Overlay
from tests.mockserver.loop import in_loop

BASE: dict[str, dict[str, Any]] = {"a": {"name": "Ada"}, "b": {"name": "Bob"}}


def over(store: Store, base: dict[str, dict[str, Any]] | None = None) -> Overlay:
    return Overlay(store, "people", lambda: BASE if base is None else base)


async def names(overlay: Overlay) -> list[str]:
    return [value["name"] for value in await overlay.list()]


@in_loop
async def test_the_world_is_there_before_anybody_wrote_and_costs_no_document(store: Store) -> None:
    overlay = over(store)
    assert await overlay.get("a") == {"name": "Ada"}
    assert await overlay.get("z") is None
    assert await names(overlay) == ["Ada", "Bob"]
    assert await store.dump() == {}


@in_loop
async def test_a_change_hides_what_the_world_had(store: Store) -> None:
    overlay = over(store)
    await overlay.put("a", {"name": "Augusta"})
    assert await overlay.get("a") == {"name": "Augusta"}
    assert await names(overlay) == ["Augusta", "Bob"]


@in_loop
async def test_what_a_client_made_stands_among_what_the_world_has_in_key_order(store: Store) -> None:
    overlay = over(store)
    await overlay.put("c", {"name": "Cleo"})
    await overlay.put("aa", {"name": "Abe"})
    assert await names(overlay) == ["Ada", "Abe", "Bob", "Cleo"]


@in_loop
async def test_what_was_deleted_stays_away_whether_the_world_had_it_or_not(store: Store) -> None:
    overlay = over(store)
    await overlay.put("c", {"name": "Cleo"})
    for key in ("a", "c"):
        assert await overlay.delete(key) is True
        assert await overlay.get(key) is None
        assert await overlay.delete(key) is False
    assert await names(overlay) == ["Bob"]


@in_loop
async def test_what_never_was_cannot_be_deleted(store: Store) -> None:
    assert await over(store).delete("z") is False
    assert await store.dump() == {}


@in_loop
async def test_what_was_changed_and_then_deleted_does_not_fall_back_to_the_world(store: Store) -> None:
    overlay = over(store)
    await overlay.put("a", {"name": "Augusta"})
    assert await overlay.delete("a") is True
    assert await overlay.get("a") is None


@in_loop
async def test_what_was_deleted_can_be_made_again(store: Store) -> None:
    overlay = over(store)
    for key in ("a", "c"):
        await overlay.put(key, {"name": "first"})
        await overlay.delete(key)
        await overlay.put(key, {"name": "second"})
        assert await overlay.get(key) == {"name": "second"}


@in_loop
async def test_the_world_is_asked_anew_each_time(store: Store) -> None:
    base = {"a": {"name": "Ada"}}
    overlay = over(store, base)
    base["b"] = {"name": "Bea"}
    assert await names(overlay) == ["Ada", "Bea"]
    del base["a"]
    assert await overlay.get("a") is None


@in_loop
async def test_a_change_outlives_a_dump_and_replace(store: Store) -> None:
    overlay = over(store)
    await overlay.put("a", {"name": "Augusta"})
    await overlay.delete("b")
    dump = await store.dump()
    await store.replace({})
    assert await names(overlay) == ["Ada", "Bob"]
    await store.replace(dump)
    assert await names(overlay) == ["Augusta"]


@pytest.mark.parametrize("value", [{"deleted": True}, {"deleted": False}, {}, {"deleted": True, "name": "x"}])
@in_loop
async def test_no_document_of_a_client_passes_for_a_deleted_one(store: Store, value: dict[str, Any]) -> None:
    overlay = over(store)
    for key in ("a", "c"):
        await overlay.put(key, value)
        assert await overlay.get(key) == value
    assert await overlay.list() == [value, {"name": "Bob"}, value]


@in_loop
async def test_take_removes_and_returns(store: Store) -> None:
    overlay = over(store)
    await overlay.put("b", {"name": "Bert"})
    await overlay.put("c", {"name": "Cleo"})
    for key, name in (("a", "Ada"), ("b", "Bert"), ("c", "Cleo")):
        assert await overlay.take(key) == {"name": name}
        assert await overlay.take(key) is None
    assert await overlay.get("c") is None
    assert await overlay.take("z") is None


@in_loop
async def test_what_was_changed_and_then_taken_does_not_fall_back_to_the_world(store: Store) -> None:
    overlay = over(store)
    await overlay.put("a", {"name": "Augusta"})
    assert await overlay.take("a") == {"name": "Augusta"}
    assert await overlay.get("a") is None
    assert await overlay.take("a") is None


@pytest.mark.parametrize("key", ["a", "b", "c"])
@in_loop
async def test_of_two_who_take_only_one_gets_it(store: Store, key: str) -> None:
    overlay = over(store)
    await overlay.put("b", {"name": "Bert"})
    await overlay.put("c", {"name": "Cleo"})
    taken = await asyncio.gather(*(overlay.take(key) for _ in range(5)))
    assert sum(value is not None for value in taken) == 1


@pytest.mark.parametrize("key", ["a", "b", "c"])
@in_loop
async def test_of_two_who_delete_only_one_is_told_that_there_was_something(store: Store, key: str) -> None:
    overlay = over(store)
    await overlay.put("b", {"name": "Bert"})
    await overlay.put("c", {"name": "Cleo"})
    deleted = await asyncio.gather(*(overlay.delete(key) for _ in range(5)))
    assert sorted(deleted) == [False] * 4 + [True]
