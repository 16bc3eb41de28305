"""The state of a running mock: reset, export, import."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.http.faults import Match
from mockserver.http.runtime import Runtime, StateError
from tests.mockserver.http.workshop import BASE, NOON, Workshop
from tests.mockserver.loop import in_loop


def runtime(seed: int = 1) -> Runtime:
    return Workshop(seed=seed).runtime


@in_loop
async def test_reset_forgets_what_was_written_and_caused_and_keeps_the_clock() -> None:
    state = runtime()
    await state.store.put("c", "k", {})
    state.faults.order(Match(), {"status": 503}, None, 1.0)
    state.limiter.take("bucket", 1, 0.0, enforce=True)
    state.journal.next_number()
    state.clock.set(NOON.replace(hour=13))
    await state.reset()
    assert await state.store.dump() == {}
    assert not state.faults
    assert state.limiter.peek("bucket", 1, 0.0).remaining == 1
    assert state.journal.next_number() == 1
    assert state.clock.now() == NOON.replace(hour=13)
    assert state.seed == 1


@in_loop
async def test_reset_with_a_seed_goes_on_in_another_world() -> None:
    state, other = runtime(1), runtime(2)
    await state.reset(2)
    assert state.seed == 2
    assert [tariff.id for tariff in state.world.tariffs] == [tariff.id for tariff in other.world.tariffs]


@in_loop
async def test_what_one_exports_another_imports() -> None:
    state, other = runtime(7), runtime(8)
    await state.store.put("c", "k", {"n": 1})
    made = await state.accounts.register("Mine", ["a"], [], contract_fields=True, rate_limit_per_hour=3)
    tokens = await state.accounts.issue_tokens(made, None, ["a"])
    state.clock.set(NOON.replace(hour=15))
    state.clock.run(0.0)
    exported = await state.export_state()
    assert await other.import_state(exported) == sum(len(keys) for keys in exported["collections"].values())
    assert await other.export_state() == exported
    assert (other.seed, other.clock.now()) == (7, NOON.replace(hour=15))
    principal = await other.accounts.identify(tokens["access_token"])
    assert principal is not None
    assert principal.application == made


def test_an_imported_world_answers_as_the_exported_one_did() -> None:
    workshop, other = Workshop(), Workshop()
    for name in "abc":
        workshop.full.post(f"{BASE}/things", json={"name": name})
    state = workshop.run(workshop.runtime.export_state())
    other.run(other.runtime.import_state(state))
    assert other.full.get(f"{BASE}/things").body == workshop.full.get(f"{BASE}/things").body


GOOD: dict[str, Any] = {
    "version": 1,
    "seed": 3,
    "clock": {"now": "2030-01-01T00:00:00+00:00", "speed": 0.0},
    "collections": {"new": {"k": {}}},
}

BAD: dict[str, dict[str, Any]] = {
    "no version": {key: value for key, value in GOOD.items() if key != "version"},
    "another version": {**GOOD, "version": 2},
    "no seed": {key: value for key, value in GOOD.items() if key != "seed"},
    "no clock": {key: value for key, value in GOOD.items() if key != "clock"},
    "no collections": {key: value for key, value in GOOD.items() if key != "collections"},
    "bad time": {**GOOD, "clock": {"now": "noon", "speed": 0.0}},
    "time out of range": {**GOOD, "clock": {"now": "2400-01-01T00:00:00Z", "speed": 0.0}},
    "time out of the calendar": {**GOOD, "clock": {"now": "0001-01-01T00:00:00+14:00", "speed": 0.0}},
    "bad speed": {**GOOD, "clock": {"now": "2030-01-01T00:00:00Z", "speed": -1}},
    "clock is null": {**GOOD, "clock": None},
    "a document that is no object": {**GOOD, "collections": {"new": {"k": 1}}},
    "a collection that is no object": {**GOOD, "collections": {"new": []}},
    "collections are no object": {**GOOD, "collections": []},
    "empty": {},
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@in_loop
async def test_what_is_no_state_is_refused_and_nothing_changes(bad: dict[str, Any]) -> None:
    state = runtime()
    await state.store.put("old", "k", {"n": 1})
    before = await state.export_state()
    with pytest.raises(StateError):
        await state.import_state(bad)
    assert await state.export_state() == before


@in_loop
async def test_a_good_state_of_this_table_is_taken() -> None:
    assert await runtime().import_state(GOOD) == 1
