"""A world's chargers as Stekker events: what the contract allows, in order, the same in pieces and in every process."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import chain, pairwise

import orjson
import pytest

from fixtures.days import DAY_S, HOUR_S, unix_s
from fixtures.sessions import sessions
from mockserver.clock import Clock
from mockserver.commands.simulate.events import (
    METHODS,
    Numbering,
    TimedEvent,
    Traffic,
    charge_point_id,
    pairing,
    stekker_events,
    unpairing,
)
from mockserver.domain.sites import Charger, Site
from mockserver.domain.world import World
from mockserver.domain.worlds import NamedWorld
from specs import catalogue
from specs.loader import load
from specs.validation import Validator, Validators
from tests.processes import said_in_every_process

START = datetime(2026, 3, 18, 12, tzinfo=UTC)
START_S = unix_s(START)
END_S = START_S + DAY_S
WORLDS = ("grid_congestion", "dst_day")


def sites(world: str, seed: int = 1) -> tuple[Site, ...]:
    return World(seed, Clock(START, 0.0), NamedWorld.parse(world)).sites


def chargers_of(world: str, seed: int = 1) -> list[Charger]:
    return [charger for site in sites(world, seed) for charger in site.chargers]


@cache
def day_of(world: str) -> Sequence[TimedEvent]:
    return tuple(stekker_events(1, chargers_of(world), START_S, END_S))


def body_validator(method: str) -> Validator:
    spec = load(catalogue.path_of("stekker"))
    operation = next(each for each in spec.operations if (each.method, each.path) == (method, "/events"))
    assert operation.request_body is not None
    return Validators(spec).request(operation.request_body.content["application/json"].schema)


def transaction_of(event: TimedEvent) -> int | None:
    told = event.body["event"]
    number: int | None = {**told["params"], **told["response"]}.get("transactionId")
    return number


def registers_wh(event: TimedEvent) -> Iterator[int]:
    """The register readings of a connector that an event tells, in its order."""
    params = event.body["event"]["params"]
    for name in ("meterStart", "meterStop"):
        if name in params:
            yield params[name]
    for value in params.get("meterValue", ()):
        for sample in value["sampledValue"]:
            if sample["measurand"] == "Energy.Active.Import.Register":
                yield int(sample["value"])


@pytest.mark.parametrize("world", WORLDS)
def test_the_contract_allows_every_event(world: str) -> None:
    validator = body_validator("POST")
    broken = [violation for event in day_of(world) for violation in validator.violations(event.body)]
    assert broken == []


@pytest.mark.parametrize("world", WORLDS)
def test_the_contract_allows_every_pairing_and_unpairing(world: str) -> None:
    validator = body_validator("PUT")
    for site in sites(world):
        for charger in site.chargers:
            for body in (pairing(charger, site), pairing(charger, site, "7KQ2M"), unpairing(charger)):
                assert validator.violations(body) == []


@pytest.mark.parametrize("world", WORLDS)
def test_events_are_in_order(world: str) -> None:
    assert all(one.at_s <= next_one.at_s for one, next_one in pairwise(day_of(world)))
    assert {event.method for event in day_of(world)} == METHODS


@pytest.mark.parametrize("world", WORLDS)
def test_events_are_those_of_the_window(world: str) -> None:
    assert day_of(world)[0].at_s >= START_S
    assert day_of(world)[-1].at_s < END_S


@pytest.mark.parametrize("world", ["grid_congestion"])
def test_the_order_of_a_charger_does_not_depend_on_the_others(world: str) -> None:
    chargers = chargers_of(world)
    traffic = Traffic(1, chargers)
    together = defaultdict(list)
    for event in day_of(world):
        together[event.charger].append(event)
    for charger in chargers:
        assert list(traffic.of(charger, START_S, END_S)) == together[charger.identity]


@pytest.mark.parametrize("cut_s", [3 * HOUR_S + 7, DAY_S - 1])
def test_a_window_in_pieces_gives_the_whole(cut_s: int) -> None:
    chargers = chargers_of("grid_congestion")
    pieces = chain(
        stekker_events(1, chargers, START_S, START_S + cut_s),
        stekker_events(1, chargers, START_S + cut_s, END_S, since_s=START_S),
    )
    assert tuple(pieces) == day_of("grid_congestion")


@pytest.mark.parametrize("world", WORLDS)
def test_a_transaction_starts_goes_on_and_stops_once(world: str) -> None:
    open_now: set[int] = set()
    over: set[int] = set()
    for event in day_of(world):
        number = transaction_of(event)
        if event.method == "StartTransaction":
            assert number not in over
            open_now.add(number)
        elif number is not None:
            assert number in open_now, event
        if event.method == "StopTransaction":
            open_now.remove(number)
            over.add(number)
    assert over


def test_what_began_before_the_window_is_told_only_when_asked_for() -> None:
    chargers = chargers_of("dst_day")
    start_s = START_S + 12 * HOUR_S
    started = {transaction_of(event) for event in day_of("dst_day") if event.method == "StartTransaction"}

    def stopped(since_s: int | None) -> set[int | None]:
        events = stekker_events(1, chargers, start_s, END_S, since_s)
        return {transaction_of(event) for event in events if event.method == "StopTransaction"} & started

    assert stopped(START_S) > stopped(None)


@pytest.mark.parametrize("world", WORLDS)
def test_no_two_transactions_share_an_id(world: str) -> None:
    keys = defaultdict(set)
    for event in day_of(world):
        if event.method == "StartTransaction":
            keys[transaction_of(event)].add((event.charger, event.body["event"]["params"]["timestamp"]))
    assert keys
    assert all(len(same) == 1 for same in keys.values())
    assert all(number is not None and 0 < number < 2**31 for number in keys)


def test_no_two_sessions_of_a_fleet_share_a_number() -> None:
    chargers = chargers_of("fleet:30")
    numbering = Numbering(chargers)
    numbers = [
        numbering.of(session)
        for charger in chargers
        for evse in charger.evses
        for session in sessions(1, evse.traits, START_S, START_S + 60 * DAY_S)
        if session.started_s is not None
    ]
    assert len(numbers) > 1000
    assert len({*numbers}) == len(numbers)
    assert min(numbers) > 0
    assert max(numbers) < 2**31


def test_transaction_ids_do_not_fit_into_31_bits_for_ever() -> None:
    chargers = chargers_of("fleet:1000")
    cycle_s = Numbering(chargers).cycle_s
    assert cycle_s > 8 * 365 * DAY_S
    with pytest.raises(ValueError, match="transaction ids for 2982 days"):
        stekker_events(1, chargers, START_S, START_S + cycle_s + 1)


@pytest.mark.parametrize("world", WORLDS)
def test_the_register_of_a_transaction_never_falls(world: str) -> None:
    shown: dict[int, int] = {}
    for event in day_of(world):
        number = transaction_of(event)
        if number is not None:
            for register in registers_wh(event):
                assert register >= shown.get(number, 0), event
                shown[number] = register
    assert shown


def test_a_charger_of_another_ocpp_version_speaks_1_6() -> None:
    chargers = chargers_of("dst_day")
    modern = {charger.identity for charger in chargers if charger.traits.protocol == "2.0.1"}
    assert modern & {event.charger for event in day_of("dst_day")}
    assert {event.body["protocol"] for event in day_of("dst_day")} == {"1.6"}


@pytest.mark.parametrize("world", WORLDS)
def test_an_event_names_its_charger_and_its_evse(world: str) -> None:
    by_identity = {charger.identity: charger for charger in chargers_of(world)}
    named = Counter[bool]()
    for event in day_of(world):
        charger = by_identity[event.charger]
        assert event.body["chargePointId"] == charge_point_id(charger)
        connector = event.body["event"]["params"].get("connectorId")
        if connector:
            assert event.body["evseId"] == charger.evses[connector - 1].evse_id.replace("*", "")
        named["evseId" in event.body] += 1
    assert named[True]


def test_a_pairing_tells_what_the_charger_delivers() -> None:
    for site in sites("city"):
        for charger in site.chargers:
            told = pairing(charger, site)
            for evse, connector in zip(charger.evses, told["connectors"], strict=True):
                phases = {"AC_1_PHASE": 1, "AC_3_PHASE": 3, "DC": 0}[connector["powerType"]]
                assert phases == evse.traits.phases
                power_w = connector.get("maxPower") or connector["maxVoltage"] * connector["maxAmperage"] * phases
                assert power_w == pytest.approx(evse.traits.power_w, rel=0.01)


def test_another_seed_has_other_charge_points_and_other_events() -> None:
    ours, theirs = chargers_of("grid_congestion", 1), chargers_of("grid_congestion", 2)
    assert {*map(charge_point_id, ours)}.isdisjoint(map(charge_point_id, theirs))
    assert tuple(stekker_events(2, theirs, START_S, END_S)) != day_of("grid_congestion")


def test_the_bytes_are_the_same_in_every_process() -> None:
    events = stekker_events(1, chargers_of("grid_congestion")[:2], START_S, END_S)
    lines = "".join(f"{event.at_s} {orjson.dumps(event.body).decode()}\n" for event in events)
    program = f"""
import orjson
from tests.mockserver.commands.simulate.test_events import chargers_of, stekker_events
for event in stekker_events(1, chargers_of("grid_congestion")[:2], {START_S}, {END_S}):
    print(event.at_s, orjson.dumps(event.body).decode())
"""
    assert said_in_every_process(program) == lines


def test_events_need_neither_the_command_line_nor_a_client() -> None:
    program = """
import sys
import mockserver.commands.simulate.events
print(sorted({"click", "httpx", "asyncio", "connexion"} & set(sys.modules)))
"""
    assert said_in_every_process(program) == "[]\n"
