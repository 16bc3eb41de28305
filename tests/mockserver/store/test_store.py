"""What the `Store` protocol promises, for every back-end; see `conftest.py`."""

from __future__ import annotations

import asyncio
import enum
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from mockserver.store import Dump, Store, VersionConflict
from tests.mockserver.loop import in_loop


class Refusal(Exception):
    """Raised by a test inside a transaction."""


async def versions(store: Store, collection: str) -> dict[str, int]:
    return {document.key: document.version for document in await store.list(collection)}


# ---- reading and writing


@in_loop
async def test_what_was_never_written_is_none_and_its_collection_empty(store: Store) -> None:
    assert await store.get("chargers", "a") is None
    assert await store.list("chargers") == []
    assert await store.dump() == {}


@in_loop
async def test_what_was_put_can_be_got_with_its_key_and_version(store: Store) -> None:
    assert await store.put("chargers", "a", {"power_w": 7400}) == 1
    document = await store.get("chargers", "a")
    assert document is not None
    assert (document.key, document.version, document.value) == ("a", 1, {"power_w": 7400})


VALUES: dict[str, dict[str, Any]] = {
    "empty": {},
    "scalars": {"text": "x", "whole": -3, "real": 0.1, "yes": True, "no": False, "nothing": None},
    "nested": {"a": {"b": [{"c": [[], {}]}]}},
    "unicode": {"ключ": "zażółć 🔌", "": "empty name", "quotes": '"\\/\b\f\n\r\t'},
    "largest whole numbers": {"high": 2**63 - 1, "low": -(2**63)},
    "real numbers": {"tiny": 5e-324, "huge": 1.7976931348623157e308, "third": 1 / 3},
    "whole and real stay apart": {"whole": 1, "real": 1.0},
    "names in no order": {"b": 1, "a": 2, "c": 0},
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@in_loop
async def test_json_comes_back_as_it_was(store: Store, value: dict[str, Any]) -> None:
    await store.put("c", "k", value)
    document = await store.get("c", "k")
    assert document is not None
    assert document.value == value
    assert repr(document.value) == repr(value)


class Colour(enum.Enum):
    RED = "red"


class Name(str):
    __slots__ = ()


@dataclass
class Charger:
    power_w: int


NOT_JSON: dict[str, Any] = {
    "datetime": datetime(2026, 3, 18, tzinfo=UTC),
    "date": date(2026, 3, 18),
    "decimal": Decimal("0.1"),
    "uuid": UUID(int=1),
    "enum": Colour.RED,
    "subclass of str": Name("x"),
    "subclass of dict": OrderedDict(a=1),
    "dataclass": Charger(7400),
    "bytes": b"x",
    "set": {1},
    "object": object(),
    "not a number": float("nan"),
    "infinity": float("inf"),
    "name that is no text": {1: 2},
    "lone surrogate": "\ud800",
    "integer beyond 64 bits": 2**64,
}


@pytest.mark.parametrize("wrong", NOT_JSON.values(), ids=NOT_JSON)
@in_loop
async def test_a_value_that_would_not_come_back_as_it_was_is_a_type_error_and_changes_nothing(
    store: Store, wrong: Any
) -> None:
    await store.put("c", "k", {"old": True})
    with pytest.raises(TypeError):
        await store.put("c", "k", {"deep": [{"wrong": wrong}]})
    assert await store.dump() == {"c": {"k": {"old": True}}}
    assert await versions(store, "c") == {"k": 1}


@pytest.mark.parametrize("value", [None, 1, "x", [], [1], ("a", 1)])
@in_loop
async def test_a_document_that_is_no_object_is_a_type_error(store: Store, value: Any) -> None:
    with pytest.raises(TypeError):
        await store.put("c", "k", value)
    assert await store.dump() == {}


@in_loop
async def test_list_is_in_order_of_code_points(store: Store) -> None:
    keys = ["b", "a", "B", "10", "9", "é", "🔌", "", "a/b", "a b", "\uffff"]
    for key in keys:
        await store.put("c", key, {"key": key})
    assert [document.key for document in await store.list("c")] == sorted(keys)
    assert [document.value["key"] for document in await store.list("c")] == sorted(keys)


@in_loop
async def test_collections_do_not_see_each_other(store: Store) -> None:
    await store.put("a", "k", {"in": "a"})
    await store.put("b", "k", {"in": "b"})
    await store.put("a/k", "", {"in": "a/k"})
    await store.delete("a", "k")
    assert await store.dump() == {"a/k": {"": {"in": "a/k"}}, "b": {"k": {"in": "b"}}}


# ---- isolation


@in_loop
async def test_changing_what_was_written_or_read_changes_nothing_stored(store: Store) -> None:
    written: dict[str, Any] = {"list": [1], "object": {"a": 1}}
    await store.put("c", "k", written)
    written["list"].append(2)
    got = await store.get("c", "k")
    (listed,) = await store.list("c")
    dumped = await store.dump()
    assert got is not None
    for read in (got.value, listed.value, dumped["c"]["k"]):
        assert read == {"list": [1], "object": {"a": 1}}
        read["list"].append(3)
        read["object"]["a"] = 2
    dumped["c"].clear()
    assert await store.dump() == {"c": {"k": {"list": [1], "object": {"a": 1}}}}


@in_loop
async def test_changing_a_dump_after_it_was_taken_over_changes_nothing_stored(store: Store) -> None:
    dump: Any = {"c": {"k": {"list": [1]}}}
    await store.replace(dump)
    dump["c"]["k"]["list"].append(2)
    dump["c"]["new"] = {}
    assert await store.dump() == {"c": {"k": {"list": [1]}}}


# ---- deleting


@in_loop
async def test_delete_says_whether_there_was_something(store: Store) -> None:
    await store.put("c", "k", {})
    assert await store.delete("c", "k") is True
    assert await store.delete("c", "k") is False
    assert await store.delete("never", "k") is False
    assert await store.get("c", "k") is None


@in_loop
async def test_a_collection_whose_last_document_went_is_gone(store: Store) -> None:
    await store.put("c", "k", {})
    await store.delete("c", "k")
    assert await store.list("c") == []
    assert await store.dump() == {}


# ---- versions


@in_loop
async def test_versions_grow_by_one_with_each_write_and_per_document(store: Store) -> None:
    for expected in (1, 2, 3):
        assert await store.put("c", "k", {}) == expected
    assert await store.put("c", "other", {}) == 1
    assert await versions(store, "c") == {"k": 3, "other": 1}


@in_loop
async def test_an_equal_value_is_a_write_all_the_same(store: Store) -> None:
    await store.put("c", "k", {"a": 1})
    assert await store.put("c", "k", {"a": 1}) == 2


@in_loop
async def test_the_expected_version_lets_a_write_through(store: Store) -> None:
    assert await store.put("c", "k", {}, expected=0) == 1
    assert await store.put("c", "k", {}, expected=1) == 2
    assert await store.delete("c", "k", expected=2) is True
    assert await store.delete("c", "k", expected=0) is False
    assert await store.put("c", "k", {}, expected=0) == 1


@pytest.mark.parametrize(("written", "expected"), [(0, 1), (0, 7), (1, 0), (2, 1), (2, 3), (2, -1)])
@in_loop
async def test_another_version_than_expected_is_a_conflict_and_changes_nothing(
    store: Store, written: int, expected: int
) -> None:
    for number in range(written):
        await store.put("c", "k", {"number": number})
    before = await store.dump()
    with pytest.raises(VersionConflict) as put:
        await store.put("c", "k", {"number": 99}, expected=expected)
    with pytest.raises(VersionConflict) as deleted:
        await store.delete("c", "k", expected=expected)
    assert put.value.version == deleted.value.version == written
    assert "c/k" in str(put.value)
    assert await store.dump() == before
    assert await versions(store, "c") == ({"k": written} if written else {})


@in_loop
async def test_of_two_writers_racing_for_one_document_exactly_one_wins_each_round(store: Store) -> None:
    rounds = 200
    await store.put("c", "k", {"last": 0, "by": None})

    async def write(name: str) -> bool:
        document = await store.get("c", "k")
        assert document is not None
        await asyncio.sleep(0)
        try:
            value = {"last": document.value["last"] + 1, "by": name}
            await store.put("c", "k", value, expected=document.version)
        except VersionConflict:
            return False
        return True

    for _ in range(rounds):
        assert sorted(await asyncio.gather(write("a"), write("b"))) == [False, True]
    document = await store.get("c", "k")
    assert document is not None
    assert (document.value["last"], document.version) == (rounds, rounds + 1)


@in_loop
async def test_of_two_deleters_of_one_version_exactly_one_wins(store: Store) -> None:
    for _ in range(50):
        await store.put("c", "k", {}, expected=0)

        async def delete() -> bool:
            try:
                return await store.delete("c", "k", expected=1)
            except VersionConflict:
                return False

        assert sorted(await asyncio.gather(delete(), delete())) == [False, True]


# ---- transactions


@in_loop
async def test_a_transaction_that_ends_well_is_kept(store: Store) -> None:
    await store.put("c", "old", {})
    async with store.transaction():
        await store.put("c", "a", {"n": 1})
        await store.put("c", "a", {"n": 2})
        await store.delete("c", "old")
    assert await store.dump() == {"c": {"a": {"n": 2}}}


@in_loop
async def test_a_transaction_reads_its_own_writes(store: Store) -> None:
    async with store.transaction():
        await store.put("c", "a", {"n": 1})
        document = await store.get("c", "a")
        assert document is not None
        assert document.version == 1
        assert await store.put("c", "a", {"n": 2}, expected=1) == 2
        assert [each.value for each in await store.list("c")] == [{"n": 2}]
        assert await store.dump() == {"c": {"a": {"n": 2}}}
        assert await store.delete("c", "a", expected=2) is True
        assert await store.get("c", "a") is None


@pytest.mark.parametrize("error", [Refusal, VersionConflict, asyncio.CancelledError, KeyboardInterrupt])
@in_loop
async def test_an_exception_that_leaves_a_transaction_undoes_all_of_it_and_goes_on(
    store: Store, error: type[BaseException]
) -> None:
    await store.put("c", "kept", {"n": 1})
    await store.put("c", "kept", {"n": 2})
    await store.put("c", "gone", {"n": 3})
    with pytest.raises(error):  # noqa: PT012
        async with store.transaction():
            await store.put("c", "kept", {"n": 9})
            await store.put("c", "kept", {"n": 10})
            await store.delete("c", "gone")
            await store.put("c", "gone", {"n": 11})
            await store.put("c", "new", {"n": 12})
            await store.delete("c", "new")
            await store.put("other", "new", {})
            raise error("c", "kept", 1, 2) if error is VersionConflict else error
    assert await store.dump() == {"c": {"gone": {"n": 3}, "kept": {"n": 2}}}
    assert await versions(store, "c") == {"gone": 1, "kept": 2}


@in_loop
async def test_a_replace_inside_a_transaction_is_undone_with_it(store: Store) -> None:
    await store.put("c", "k", {"n": 1})
    await store.put("c", "k", {"n": 2})
    with pytest.raises(Refusal):  # noqa: PT012
        async with store.transaction():
            await store.put("c", "k", {"n": 3})
            await store.replace({"other": {"k": {}}})
            await store.put("other", "l", {})
            raise Refusal
    assert await store.dump() == {"c": {"k": {"n": 2}}}
    assert await versions(store, "c") == {"k": 2}


@in_loop
async def test_after_a_rollback_the_store_takes_transactions_again(store: Store) -> None:
    with pytest.raises(Refusal):
        async with store.transaction():
            raise Refusal
    async with store.transaction():
        await store.put("c", "k", {})
    assert await store.dump() == {"c": {"k": {}}}


@in_loop
async def test_an_error_that_a_transaction_survives_undoes_nothing(store: Store) -> None:
    async with store.transaction():
        await store.put("c", "a", {})
        with pytest.raises(VersionConflict):
            await store.put("c", "a", {}, expected=0)
        with pytest.raises(TypeError):
            await store.put("c", "b", {"wrong": {1}})
    assert await store.dump() == {"c": {"a": {}}}


@in_loop
async def test_a_transaction_inside_another_is_undone_with_it(store: Store) -> None:
    with pytest.raises(Refusal):  # noqa: PT012
        async with store.transaction():
            await store.put("c", "outer", {})
            async with store.transaction():
                await store.put("c", "inner", {})
            assert set(await versions(store, "c")) == {"inner", "outer"}
            raise Refusal
    assert await store.dump() == {}


@in_loop
async def test_an_exception_through_both_undoes_both(store: Store) -> None:
    with pytest.raises(Refusal):  # noqa: PT012
        async with store.transaction():
            await store.put("c", "outer", {})
            async with store.transaction():
                await store.put("c", "inner", {})
                raise Refusal
    assert await store.dump() == {}


@in_loop
async def test_an_exception_caught_between_them_undoes_the_inner_one_only(store: Store) -> None:
    async with store.transaction():
        await store.put("c", "outer", {})
        with pytest.raises(Refusal):  # noqa: PT012
            async with store.transaction():
                await store.put("c", "inner", {})
                raise Refusal
        await store.put("c", "after", {})
    assert set(await versions(store, "c")) == {"after", "outer"}


@in_loop
async def test_transactions_at_the_same_time_run_one_after_the_other(store: Store) -> None:
    await store.put("c", "counter", {"n": 0})
    inside = 0

    async def increment() -> None:
        nonlocal inside
        async with store.transaction():
            inside += 1
            assert inside == 1
            document = await store.get("c", "counter")
            assert document is not None
            for _ in range(3):
                await asyncio.sleep(0)
            await store.put("c", "counter", {"n": document.value["n"] + 1}, expected=document.version)
            inside -= 1

    await asyncio.gather(*(increment() for _ in range(50)))
    document = await store.get("c", "counter")
    assert document is not None
    assert document.value == {"n": 50}


@in_loop
async def test_of_transactions_at_the_same_time_a_failed_one_leaves_no_trace_in_the_others(store: Store) -> None:
    async def work(number: int) -> None:
        async with store.transaction():
            await store.put("c", f"{number:02}", {})
            await asyncio.sleep(0)
            document = await store.get("c", "count")
            await store.put("c", "count", {"n": (document.value["n"] if document else 0) + 1})
            await asyncio.sleep(0)
            if number % 2:
                raise Refusal

    results = await asyncio.gather(*(work(number) for number in range(20)), return_exceptions=True)
    assert [isinstance(result, Refusal) for result in results] == [bool(number % 2) for number in range(20)]
    assert set(await versions(store, "c")) == {*(f"{number:02}" for number in range(0, 20, 2)), "count"}
    document = await store.get("c", "count")
    assert document is not None
    assert document.value == {"n": 10}


@in_loop
async def test_nobody_else_sees_what_a_transaction_has_not_finished(store: Store) -> None:
    await store.put("c", "k", {"n": 1})
    written, seen = asyncio.Event(), asyncio.Event()
    read: list[Any] = []

    async def write() -> None:
        async with store.transaction():
            await store.put("c", "k", {"n": 2})
            await store.put("c", "new", {})
            written.set()
            await asyncio.wait([asyncio.ensure_future(seen.wait())], timeout=0.05)
            raise Refusal

    async def look() -> None:
        await written.wait()
        document = await store.get("c", "k")
        read.extend([document and document.value, [each.key for each in await store.list("c")], await store.dump()])
        seen.set()

    await asyncio.gather(write(), look(), return_exceptions=True)
    assert read == [{"n": 1}, ["k"], {"c": {"k": {"n": 1}}}]


@in_loop
async def test_a_rollback_never_undoes_what_somebody_else_wrote_meanwhile(store: Store) -> None:
    await store.put("c", "k", {"by": "before"})
    written = asyncio.Event()

    async def fail() -> None:
        async with store.transaction():
            await store.put("c", "k", {"by": "transaction"})
            written.set()
            for _ in range(5):
                await asyncio.sleep(0)
            raise Refusal

    async def write() -> None:
        await written.wait()
        await store.put("c", "k", {"by": "other"})

    await asyncio.gather(fail(), write(), return_exceptions=True)
    document = await store.get("c", "k")
    assert document is not None
    assert document.value == {"by": "other"}


@in_loop
async def test_a_task_begun_in_a_transaction_is_not_part_of_it_once_it_has_ended(store: Store) -> None:
    tasks: list[asyncio.Task[None]] = []

    async def later() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        async with store.transaction():
            await store.put("c", "later", {})
            raise Refusal

    async with store.transaction():
        tasks.append(asyncio.create_task(later()))
        await store.put("c", "k", {})
    with pytest.raises(Refusal):
        await tasks[0]
    assert await store.dump() == {"c": {"k": {}}}


# ---- dump and replace


@in_loop
async def test_a_replace_forgets_everything_and_takes_over_the_dump(store: Store) -> None:
    await store.put("old", "k", {})
    dump: Dump = {"a": {"x": {"n": 1}, "y": {"n": 2}}, "b": {"x": {}}}
    await store.replace(dump)
    assert await store.dump() == dump
    assert await store.get("old", "k") is None
    await store.replace({})
    assert await store.dump() == {}


@in_loop
async def test_a_dump_of_one_store_becomes_the_same_dump_of_another(store: Store) -> None:
    for number in range(30):
        await store.put(f"c{number % 3}", f"k{number}", {"n": number, "list": [number] * 3})
    await store.delete("c1", "k4")
    dump = await store.dump()
    await store.replace({})
    await store.replace(dump)
    assert await store.dump() == dump
    assert await store.put("c0", "k0", {}, expected=1) == 2


@in_loop
async def test_a_dump_is_in_order_whatever_the_order_of_writing(store: Store) -> None:
    for collection, key in (("b", "2"), ("a", "9"), ("b", "1"), ("a", "10")):
        await store.put(collection, key, {})
    dump = await store.dump()
    assert [(collection, list(keys)) for collection, keys in dump.items()] == [("a", ["10", "9"]), ("b", ["1", "2"])]


@in_loop
async def test_a_collection_without_documents_does_not_survive_a_replace(store: Store) -> None:
    await store.replace({"empty": {}, "c": {"k": {}}})
    assert await store.dump() == {"c": {"k": {}}}


BAD_DUMPS: dict[str, Any] = {
    "a value that is no object": {"c": {"a": {}, "b": 1}},
    "a value that is not json": {"c": {"a": {}, "b": {"wrong": {1}}}},
    "a number that json does not have": {"c": {"a": {}, "b": {"wrong": float("nan")}}},
    "a later collection": {"a": {"k": {}}, "b": {"k": None}},
    "a collection that is a list": {"a": {"k": {}}, "b": [{}]},
    "a collection that is null": {"a": {"k": {}}, "b": None},
    "not an object at all": [["c", "k"]],
}


@pytest.mark.parametrize("dump", BAD_DUMPS.values(), ids=BAD_DUMPS)
@in_loop
async def test_a_bad_dump_is_a_type_error_and_leaves_the_old_state(store: Store, dump: Any) -> None:
    await store.put("old", "k", {"n": 1})
    await store.put("old", "k", {"n": 2})
    with pytest.raises(TypeError):
        await store.replace(dump)
    assert await store.dump() == {"old": {"k": {"n": 2}}}
    assert await versions(store, "old") == {"k": 2}
