"""What is counted: sessions and energy, percentiles, kinds of errors."""

from __future__ import annotations

from math import ceil
from typing import Any

import pytest

from fixtures.rng import Stream
from mockserver.commands.simulate.histogram import Histogram
from mockserver.commands.simulate.summary import Failure, Summary, Tally


def event(method: str, response: Any = None, **params: Any) -> Any:
    return {"event": {"method": method, "params": params, "response": response or {}}}


def reading(number: int, register_wh: int) -> Any:
    sample = {"measurand": "Energy.Active.Import.Register", "value": str(register_wh)}
    power = {"measurand": "Power.Active.Import", "value": "999999"}
    return event("MeterValues", transactionId=number, meterValue=[{"sampledValue": [power, sample]}])


def start(number: int, register_wh: int) -> Any:
    return event("StartTransaction", {"transactionId": number}, meterStart=register_wh)


def tally_of(*bodies: Any) -> Tally:
    tally = Tally()
    for body in bodies:
        tally.accept(body["event"]["method"] if isinstance(body["event"], dict) else body["event"], body)
    return tally


def test_a_session_that_ended_has_delivered_what_its_registers_say() -> None:
    tally = tally_of(start(7, 1000), reading(7, 4000), event("StopTransaction", transactionId=7, meterStop=6500))
    sessions = tally.sessions
    assert (sessions.started, sessions.ended, sessions.open, sessions.energy_wh) == (1, 1, 0, 5500)


def test_a_session_that_goes_on_has_delivered_what_it_last_said() -> None:
    sessions = tally_of(start(7, 1000), start(8, 50), reading(7, 4000), reading(8, 60), reading(7, 4100)).sessions
    assert (sessions.started, sessions.ended, sessions.open, sessions.energy_wh) == (2, 0, 2, 3110)


def test_a_start_that_is_sent_twice_is_one_session() -> None:
    assert tally_of(start(7, 1000), start(7, 1000)).sessions.started == 1


def test_what_belongs_to_no_session_that_was_taken_changes_none() -> None:
    idle = event("MeterValues", meterValue=[])
    stray = event("StopTransaction", transactionId=9, meterStop=99)
    sessions = tally_of(idle, reading(9, 50), stray, {"event": "ChargePointDetailsNotification"}).sessions
    assert (sessions.started, sessions.ended, sessions.open, sessions.energy_wh) == (0, 0, 0, 0)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 0.99, 1.0])
def test_percentiles_are_near_the_exact_ones(share: float) -> None:
    stream, histogram = Stream(1, "latencies"), Histogram()
    durations_s = sorted(stream.exponential(0.05) + 0.0002 for _ in range(5000))
    for duration_s in durations_s:
        histogram.add(duration_s)
    assert histogram.quantile_s(share) == pytest.approx(durations_s[ceil(share * 5000) - 1], rel=0.026)
    assert histogram.largest_s == durations_s[-1]


def test_durations_beyond_all_buckets_are_counted_too() -> None:
    histogram = Histogram()
    assert histogram.quantile_s(0.5) == 0.0
    for duration_s in (0.0, 1e-9, 1e6):
        histogram.add(duration_s)
    assert histogram.count == 3
    assert histogram.quantile_s(0.3) < 0.001
    assert histogram.quantile_s(1.0) > 3600


def test_errors_are_kept_by_kind_with_one_sample_each() -> None:
    tally = Tally()
    for number in range(3):
        tally.fail(Failure("MeterValues", 422, "no"), f"charger-{number}", {"number": number})
    tally.fail(Failure("StopTransaction", None, "gone"), "charger-9", {})
    assert [(kind.status, kept.count, kept.charger) for kind, kept in tally.failures.items()] == [
        (422, 3, "charger-0"),
        (None, 1, "charger-9"),
    ]
    assert tally.errors == 4


def test_messages_that_all_differ_take_no_memory() -> None:
    tally = Tally()
    for number in range(10_000):
        tally.fail(Failure("MeterValues", 404, f"there is no transaction {number}"), "a", {})
    assert tally.errors == 10_000
    assert len(tally.failures) < 60


def test_the_summary_for_people_and_the_one_for_programs_agree() -> None:
    tally = tally_of(start(7, 1000), event("StopTransaction", transactionId=7, meterStop=6500), start(8, 0))
    tally.chargers, tally.unpaired, tally.at_s = 1200, 1, 1_773_792_000
    tally.fail(Failure("MeterValues", 422, "no"), "a", {"x": 1})
    tally.latencies.add(0.020)
    summary = Summary(tally, 2.0, 1_773_788_400)
    document, text = summary.document(), "\n".join(summary.lines())
    assert document["events_by_method"] == {"StartTransaction": 2, "StopTransaction": 1}
    assert document["energy_kwh"] == 5.5
    assert (document["sessions_started"], document["sessions_ended"], document["sessions_open"]) == (2, 1, 1)
    assert document["reached"] == "2026-03-18T00:00:00Z"
    assert document["errors_by_kind"][0]["sample"] == {"charger": "a", "body": {"x": 1}}
    assert "1,200 chargers, 1 more left out, 2026-03-17 23:00 to 2026-03-18 00:00 UTC" in text
    assert "3 events taken in 2.0 s, 2 a second" in text
    assert "2 sessions started, 1 ended, 1 open, 5.5 kWh" in text
    assert "1 x MeterValues: 422 no, first from a" in text
