"""Measurements over the API: taken whole or not at all, read back, summed up, forecast from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.clock import timestamp
from tests.asgi import Client
from tests.mock import NOON, Mock
from tests.mockserver.apis.stekker.bess.steps import (
    Wire,
    delete,
    get,
    grid_connection,
    items,
    patch,
    post,
    refused,
    rows,
    send,
    sensor,
    submit,
)

QUARTER = timedelta(minutes=15)


def at(minutes: float) -> str:
    """A time relative to noon."""
    return timestamp(NOON + timedelta(minutes=minutes))


def measured(minutes: float, power_kw: float | None = None, energy_kwh: float | None = None) -> Wire:
    """A measurement as it is sent and comes back."""
    return {"timestamp": at(minutes), "power_kw": power_kw, "energy_import_kwh": energy_kwh}


def history(client: Client, of: Wire, **query: Any) -> list[Wire]:
    return items(client, f"/sensors/{of['id']}/measurements", **query)


def denied(client: Client, of: Wire, measurements: Any, status: int) -> str:
    return refused(send(client, "POST", f"/sensors/{of['id']}/measurements", {"measurements": measurements}), status)


@pytest.fixture
def meter(mock: Mock) -> Wire:
    """A sensor of the southern organization."""
    return sensor(mock.south)


def test_what_was_submitted_is_read_back_in_order(mock: Mock, meter: Wire) -> None:
    sent = [measured(-30, 1.5, 10), measured(-60, -2, 9.5), measured(0, 0, 10), measured(-1500, 7, None)]
    receipt = submit(mock.south, meter, sent)
    assert receipt == {"accepted": 4, "duplicates": 0, "first_timestamp": at(-1500), "last_timestamp": at(0)}
    assert history(mock.south, meter) == [sent[1], sent[0], sent[2]]
    assert history(mock.south, meter, **{"from": at(-1500)}) == [sent[3], sent[1], sent[0], sent[2]]
    assert get(mock.south, f"/sensors/{meter['id']}")["last_measurement_at"] == at(0)


def test_one_quantity_is_enough(mock: Mock, meter: Wire) -> None:
    submit(mock.south, meter, [{"timestamp": at(-2), "power_kw": 1}, {"timestamp": at(-1), "energy_import_kwh": 0}])
    assert history(mock.south, meter) == [measured(-2, 1), measured(-1, None, 0)]


def test_a_submission_can_be_repeated(mock: Mock, meter: Wire) -> None:
    sent = [measured(minutes, minutes + 10, minutes + 10) for minutes in range(-10, 0)]
    submit(mock.south, meter, sent)
    receipt = submit(mock.south, meter, sent)
    assert (receipt["accepted"], receipt["duplicates"]) == (0, 10)
    assert history(mock.south, meter) == sent


def test_the_last_word_counts(mock: Mock, meter: Wire) -> None:
    submit(mock.south, meter, [measured(-2, 1, 5), measured(-1, 1, 6)])
    receipt = submit(mock.south, meter, [measured(-1, 7), measured(0, 1), measured(0, 2), measured(0, 3)])
    assert (receipt["accepted"], receipt["duplicates"]) == (1, 3)
    assert history(mock.south, meter) == [measured(-2, 1, 5), measured(-1, 7), measured(0, 3)]


def test_fractions_of_a_second_are_told_apart_to_the_microsecond(mock: Mock, meter: Wire) -> None:
    texts = ["2026-03-18T11:00:00Z", "2026-03-18T12:00:00.0000001+01:00", "2026-03-18T11:00:00.123456789Z"]
    receipt = submit(mock.south, meter, [{"timestamp": text, "power_kw": n} for n, text in enumerate(texts)])
    assert (receipt["accepted"], receipt["duplicates"]) == (2, 1)
    assert [(each["timestamp"], each["power_kw"]) for each in history(mock.south, meter)] == [
        ("2026-03-18T11:00:00Z", 1),
        ("2026-03-18T11:00:00.123456Z", 2),
    ]
    assert receipt["last_timestamp"] == "2026-03-18T11:00:00.123456Z"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_neither_order_nor_batching_matters(started_mock: Mock, data: st.DataObject) -> None:
    started_mock.reset()
    minutes = data.draw(st.lists(st.integers(-4320, 5), min_size=1, max_size=30, unique=True), "minutes")
    sent = [
        measured(minute, minute / 8, (minute + 5000) * 0.5 if register else None)
        for minute, register in ((minute, data.draw(st.booleans())) for minute in minutes)
    ]
    shuffled, cuts = data.draw(st.permutations(sent), "order"), data.draw(st.lists(st.integers(1, 29)), "cuts")
    one, other = sensor(started_mock.south), sensor(started_mock.south)
    submit(started_mock.south, one, sent)
    edges = sorted({0, *(cut for cut in cuts if cut < len(sent)), len(sent)})
    accepted = 0
    for start, end in pairwise(edges):
        accepted += submit(started_mock.south, other, shuffled[start:end])["accepted"]
    query = {"from": at(-4400), "per_page": 7}
    found = history(started_mock.south, one, **query)
    assert found == history(started_mock.south, other, **query) == sorted(sent, key=lambda row: row["timestamp"])
    assert accepted == len(sent)
    for interval in (60, 3600):
        assert history(started_mock.south, one, **query, interval=interval) == history(
            started_mock.south, other, **query, interval=interval
        )
    lasts = [get(started_mock.south, f"/sensors/{each['id']}")["last_measurement_at"] for each in (one, other)]
    assert lasts == [at(max(minutes))] * 2


# What is refused


@pytest.mark.parametrize(
    ("before", "added"),
    [
        ([], [measured(-2, None, 5), measured(-1, None, 4)]),
        ([measured(-5, None, 5)], [measured(-4, None, 4)]),
        ([measured(-5, None, 5)], [measured(-6, None, 6)]),
        ([measured(-5, None, 5), measured(-3, None, 7)], [measured(-4, 1, 8)]),
        ([measured(-3 * 1440, None, 5)], [measured(0, None, 4)]),
        ([measured(0, None, 5)], [measured(-3 * 1440, None, 6)]),
        ([measured(-3 * 1440, None, 5), measured(0, None, 7)], [measured(-1440, None, 5.5), measured(-1439, None, 8)]),
        ([measured(-5, None, 5), measured(-4, None, 6), measured(-3, None, 7)], [measured(-4, None, 7.5)]),
    ],
    ids=["in the batch", "before", "after", "between", "days before", "days after", "around a day", "a replacement"],
)
def test_a_register_that_falls_is_refused_and_nothing_changes(
    mock: Mock, meter: Wire, before: list[Wire], added: list[Wire]
) -> None:
    if before:
        submit(mock.south, meter, before)
    good = measured(-7 * 1440, 1, 0)
    query = {"from": at(-8 * 1440)}
    state = history(mock.south, meter, **query), get(mock.south, f"/sensors/{meter['id']}")
    text = denied(mock.south, meter, [good, *added], 422)
    assert text.startswith("energy_import_kwh falls from ")
    assert (history(mock.south, meter, **query), get(mock.south, f"/sensors/{meter['id']}")) == state


def test_a_register_may_stand_still(mock: Mock, meter: Wire) -> None:
    submit(mock.south, meter, [measured(-3, None, 5), measured(-1, None, 5), measured(-2, None, 5)])
    assert len(history(mock.south, meter)) == 3


def test_a_measurement_may_be_five_minutes_ahead_and_is_read_back(mock: Mock, meter: Wire) -> None:
    submit(mock.south, meter, [measured(5, 1)])
    assert history(mock.south, meter) == [measured(5, 1)]
    assert "ahead of now" in denied(mock.south, meter, [measured(0, 1), measured(5.001, 1)], 422)
    mock.runtime.clock.advance(timedelta(minutes=1))
    assert submit(mock.south, meter, [measured(5.001, 1)])["accepted"] == 1


@pytest.mark.parametrize(
    ("measurements", "status"),
    [
        ([], 400),
        ([measured(0)], 400),
        ([{"timestamp": at(0)}], 400),
        ([{"power_kw": 1}], 400),
        ([{"timestamp": "noon", "power_kw": 1}], 400),
        ([{"timestamp": "2026-03-18T12:00:00", "power_kw": 1}], 400),
        ([{"timestamp": "2026-02-30T12:00:00Z", "power_kw": 1}], 400),
        ([{"timestamp": "1999-12-31T12:00:00Z", "power_kw": 1}], 422),
        ([{"timestamp": at(0), "power_kw": "1"}], 400),
        ([{"timestamp": at(0), "power_kw": 1e10}], 400),
        ([{"timestamp": at(0), "energy_import_kwh": -0.1}], 400),
        ([measured(0, 1)] * 1001, 400),
        ({"timestamp": at(0), "power_kw": 1}, 400),
        (None, 400),
    ],
    ids=str,
)
def test_what_is_no_batch_is_refused(mock: Mock, meter: Wire, measurements: Any, status: int) -> None:
    assert denied(mock.south, meter, measurements, status)
    assert history(mock.south, meter) == []


def test_a_batch_of_a_thousand_is_taken(mock: Mock, meter: Wire) -> None:
    receipt = submit(mock.south, meter, [measured(-minute, minute) for minute in range(1000)])
    assert receipt["accepted"] == 1000
    assert len(history(mock.south, meter, per_page=1000)) == 1000


def test_what_the_sensor_does_not_measure_is_refused(mock: Mock) -> None:
    meter = sensor(mock.south, quantities=["power"])
    assert "measurements.1.energy_import_kwh" in denied(mock.south, meter, [measured(-1, 1), measured(0, 1, 5)], 422)
    assert history(mock.south, meter) == []
    patch(mock.south, f"/sensors/{meter['id']}", {"quantities": ["power", "energy_import"]})
    assert submit(mock.south, meter, [measured(-1, 1), measured(0, 1, 5)])["accepted"] == 2


def test_measurements_go_with_their_sensor(mock: Mock, meter: Wire) -> None:
    submit(mock.south, meter, [measured(0, 1)])
    delete(mock.south, f"/sensors/{meter['id']}")
    assert refused(send(mock.south, "GET", f"/sensors/{meter['id']}/measurements"), 404)
    assert denied(mock.south, meter, [measured(0, 1)], 404)


# Ranges and intervals


def test_intervals_sum_up_what_lies_in_them(mock: Mock, meter: Wire) -> None:
    sent = [measured(-60, 1, 1), measured(-59, 2, 2), measured(-46, 6), measured(-45, 5, 3), measured(-20, None, 4)]
    submit(mock.south, meter, sent)
    assert history(mock.south, meter, interval=900) == [
        measured(-60, 3, 2),
        measured(-45, 5, 3),
        measured(-30, None, 4),
    ]
    assert history(mock.south, meter, interval=3600) == [measured(-60, 3.5, 4)]
    assert history(mock.south, meter, interval=60) == sent


def test_the_start_of_a_range_belongs_to_it_and_the_end_does_not(mock: Mock, meter: Wire) -> None:
    sent = [measured(-3, 3), measured(-2, 2), measured(-1, 1)]
    submit(mock.south, meter, sent)
    assert history(mock.south, meter, **{"from": at(-3), "to": at(-1)}) == sent[:2]
    assert history(mock.south, meter, **{"from": at(-2.5), "to": at(-0.5)}) == sent[1:]


@pytest.mark.parametrize("interval", [None, 60, 300, 900, 3600])
@pytest.mark.parametrize("middle", [-1441, -1440, -700.5, -13])
def test_ranges_that_follow_each_other_make_the_range_around_them(
    mock: Mock, meter: Wire, interval: int | None, middle: float
) -> None:
    submit(mock.south, meter, [measured(-7 * number, number) for number in range(400)])
    query = {} if interval is None else {"interval": interval}
    parts = [
        history(mock.south, meter, **{"from": at(start), "to": at(end)}, **query)
        for start, end in ((-2900, middle), (middle, 5), (-2900, 5))
    ]
    assert parts[0] + parts[1] == parts[2]
    assert len(parts[2]) > 40


def test_pages_visit_every_measurement_once(mock: Mock, meter: Wire) -> None:
    sent = [measured(-minute, minute) for minute in range(250, 0, -1)]
    submit(mock.south, meter, sent)
    assert history(mock.south, meter, per_page=99) == sent
    first = get(mock.south, f"/sensors/{meter['id']}/measurements")
    assert first["pagination"] == {"page": 1, "per_page": 100, "total_count": 250, "total_pages": 3}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"from": at(0), "to": at(0)}, "from"),
        ({"from": at(0), "to": at(-1)}, "from"),
        ({"from": at(6)}, "from"),
        ({"from": at(-31 * 1440 - 1), "to": at(0)}, "to"),
        ({"from": at(-31 * 1440 - 1)}, "to"),
        ({"from": "yesterday"}, "from"),
        ({"to": "2026-03-18"}, "to"),
        ({"interval": 1800}, "interval"),
        ({"interval": ""}, "interval"),
        ({"per_page": 1001}, "per_page"),
    ],
    ids=str,
)
def test_a_range_that_cannot_be_is_refused(mock: Mock, meter: Wire, query: Mapping[str, Any], named: str) -> None:
    assert named in refused(send(mock.south, "GET", f"/sensors/{meter['id']}/measurements", **query), 400)


@pytest.mark.parametrize(
    "query",
    [
        {"from": at(-31 * 1440), "to": at(0)},
        {"from": at(-31 * 1440)},
        {"to": "0001-01-01T00:00:00Z"},
        {"from": "9999-12-31T23:00:00Z", "to": "9999-12-31T23:59:59Z", "interval": 3600},
    ],
    ids=str,
)
def test_a_range_at_the_edge_is_read(mock: Mock, meter: Wire, query: Mapping[str, Any]) -> None:
    assert history(mock.south, meter, **query) == []


# Forecasts


def forecast(client: Client, of: Wire, **query: Any) -> Wire:
    found: Wire = get(client, f"/sensors/{of['id']}/forecast", **query)
    return found


def starts(found: Wire) -> list[datetime]:
    return [datetime.fromisoformat(each["period_start"]) for each in found["periods"]]


@pytest.fixture
def known(mock: Mock, meter: Wire) -> Wire:
    """A sensor that measured for a week what depends on the time of day."""
    first = NOON - timedelta(days=7)
    submit(mock.south, meter, rows(first, [(number % 96) / 4 for number in range(672)]))
    return meter


def test_a_forecast_is_a_day_of_quarter_hours_from_now(mock: Mock, known: Wire) -> None:
    mock.runtime.clock.set(NOON + timedelta(minutes=7))
    found = forecast(mock.south, known)
    assert {name: found[name] for name in ("sensor_id", "generated_at", "interval_seconds", "unit")} == {
        "sensor_id": known["id"],
        "generated_at": "2026-03-18T12:07:00Z",
        "interval_seconds": 900,
        "unit": "kW",
    }
    assert starts(found) == [NOON + number * QUARTER for number in range(96)]
    for number, each in enumerate(found["periods"]):
        assert each["power_kw"] == pytest.approx(number / 4)
        assert each["power_lower_kw"] <= each["power_kw"] <= each["power_upper_kw"]
    assert found == forecast(mock.south, known)


@pytest.mark.parametrize("interval", [60, 300, 900, 3600])
def test_a_range_is_widened_to_whole_intervals(mock: Mock, known: Wire, interval: int) -> None:
    found = forecast(mock.south, known, interval=interval, **{"from": at(61.5), "to": at(241.5)})
    step = timedelta(seconds=interval)
    begins, last = starts(found)[0], starts(found)[-1]
    assert begins <= NOON + timedelta(minutes=61.5) < begins + step
    assert last < NOON + timedelta(minutes=241.5) <= last + step
    assert starts(found) == [begins + number * step for number in range(len(found["periods"]))]


def test_a_forecast_of_an_hour_is_the_mean_of_its_quarters(mock: Mock, known: Wire) -> None:
    hours, quarters = (forecast(mock.south, known, interval=interval)["periods"] for interval in (3600, 900))
    for number, hour in enumerate(hours):
        for name in ("power_kw", "power_lower_kw", "power_upper_kw"):
            mean = sum(each[name] for each in quarters[4 * number : 4 * number + 4]) / 4
            assert hour[name] == pytest.approx(mean, abs=1e-5)


def test_registers_are_enough_for_a_forecast(mock: Mock, meter: Wire) -> None:
    first = NOON - timedelta(days=2)
    sent = [{"timestamp": timestamp(first + n * QUARTER), "energy_import_kwh": n * 0.75} for n in range(193)]
    submit(mock.south, meter, sent)
    assert {each["power_kw"] for each in forecast(mock.south, meter)["periods"]} == {3.0}


@pytest.mark.parametrize(("step_s", "count"), [(60, 1440), (300, 288), (900, 96), (3600, 24)])
def test_a_forecast_needs_a_day_of_history(mock: Mock, meter: Wire, step_s: int, count: int) -> None:
    step = timedelta(seconds=step_s)
    sent = rows(NOON - timedelta(days=2), [2.5] * count, step)
    submit(mock.south, meter, sent[:-1])
    path = f"/sensors/{meter['id']}/forecast"
    assert "24 hours" in refused(send(mock.south, "GET", path), 422)
    submit(mock.south, meter, sent[-1:])
    assert {each["power_kw"] for each in forecast(mock.south, meter)["periods"]} == {2.5}
    mock.runtime.clock.advance(timedelta(days=28))
    assert "28 days" in refused(send(mock.south, "GET", path), 422)


def test_the_sun_is_forecast_to_set(mock: Mock) -> None:
    meter = sensor(mock.south, grid_connection(mock.south), kind="solar")
    submit(mock.south, meter, rows(NOON - timedelta(days=2), [5.0] * 192))
    by_hour = {
        datetime.fromisoformat(each["period_start"]).hour: each
        for each in forecast(mock.south, meter, interval=3600)["periods"]
    }
    night = {"power_kw": 0.0, "power_lower_kw": 0.0, "power_upper_kw": 0.0}
    for hour in (19, 22, 0, 4):
        assert {**by_hour[hour], **night} == by_hour[hour]
    assert {by_hour[hour]["power_kw"] for hour in (8, 11, 15)} == {5.0}
    patch(mock.south, f"/sensors/{meter['id']}", {"kind": "consumption"})
    assert {each["power_kw"] for each in forecast(mock.south, meter)["periods"]} == {5.0}


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ({"from": at(5), "to": at(5)}, 400, "from"),
        ({"to": at(-1)}, 400, "from"),
        ({"to": at(72 * 60 + 1)}, 400, "to"),
        ({"from": at(0), "to": at(72 * 60 + 1)}, 400, "to"),
        ({"interval": 120}, 400, "interval"),
        ({"from": "x"}, 400, "from"),
        ({"from": at(-28 * 1440 - 60), "to": at(-28 * 1440)}, 422, "28 days"),
        ({"from": "9999-12-31T23:00:00Z"}, 422, "16 days"),
        ({"from": "0001-01-01T00:00:00Z"}, 422, "28 days"),
    ],
    ids=str,
)
def test_a_forecast_that_cannot_be_is_refused(
    mock: Mock, known: Wire, query: Mapping[str, Any], status: int, named: str
) -> None:
    assert named in refused(send(mock.south, "GET", f"/sensors/{known['id']}/forecast", **query), status)


def test_three_days_can_be_forecast(mock: Mock, known: Wire) -> None:
    assert len(forecast(mock.south, known, to=at(72 * 60), interval=3600)["periods"]) == 72


def test_a_sensor_without_measurements_has_none(mock: Mock, meter: Wire) -> None:
    assert get(mock.south, f"/sensors/{meter['id']}")["last_measurement_at"] is None
    assert history(mock.south, meter) == []
    post(mock.south, f"/sensors/{meter['id']}/measurements", {"measurements": [measured(-9999, 1)]})
    assert get(mock.south, f"/sensors/{meter['id']}")["last_measurement_at"] == at(-9999)
