"""Prices: the series, the price of now and the prices of the day say the same, also when the clocks change.

The oracle is written here, from the fact sheet alone: windows of local time, half-hours of UTC, rounding half up.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from itertools import pairwise
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mockserver.domain.tariffs import Tariff, TariffType
from tests.mock import NOON, Mock
from tests.mockserver.apis.ev_energy.steps import (
    instant,
    items,
    neighbours,
    set_clock,
    tariff_named,
    tariff_of,
    timestamp,
)

HALF_HOUR = timedelta(minutes=30)
MICROSECOND = timedelta(microseconds=1)
BANDED = (TariffType.FLAT_RATE, TariffType.DUAL_RATE, TariffType.THREE_RATE)
PRICED = (*BANDED, TariffType.DYNAMIC)
UNPRICED = (TariffType.EXTERNALLY_MANAGED, TariffType.OTHER)

Wire = dict[str, Any]


def series(mock: Mock, tariff: Tariff, first: datetime | None = None, last: datetime | None = None) -> list[Wire]:
    """All prices between two starts, both included."""
    query = {"started_at__gte": first and timestamp(first), "started_at__lte": last and timestamp(last)}
    return items(mock, f"/tariffs/{tariff.id}/prices", **{name: text for name, text in query.items() if text})


def newest(mock: Mock, tariff: Tariff, last: datetime | None = None) -> Wire | None:
    query = {"page_size": 1, **({"started_at__lte": timestamp(last)} if last else {})}
    response = mock.get(f"/tariffs/{tariff.id}/prices", query=query)
    assert response.status == 200
    return next(iter(response.json()), None)


def detail(mock: Mock, tariff: Tariff, **query: object) -> Wire:
    response = mock.get(f"/tariffs/{tariff.id}", query=query)
    assert response.status == 200
    return response.json()


def starts(prices: list[Wire]) -> list[datetime]:
    return [instant(price["started_at"]) for price in prices]


def midnight(zone: str, day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def of_type(mock: Mock, *kinds: TariffType) -> list[Tariff]:
    return [tariff for tariff in mock.runtime.world.tariffs if tariff.type in kinds]


# The oracle


def minutes(text: str) -> int:
    hours, minute, second = map(int, text.split(":"))
    assert second == 0
    return hours * 60 + minute


def minutes_of(window: Wire) -> list[int]:
    """The minutes of the local day in a window: half-open, 00:00:00 at the end is 24:00, wrapping over midnight."""
    start, end = minutes(window["start"]), minutes(window["end"])
    return [*range(start, end)] if start < end else [*range(start, 1440), *range(end)]


def key_of_minute(daily_prices: Wire) -> dict[int, str]:
    return {
        minute: key for key, band in daily_prices.items() for window in band["times"] for minute in minutes_of(window)
    }


def minor_units(price: str, currency: str) -> int:
    minor_per_major = {"JPY": 1}.get(currency, 100)
    return int((Decimal(price) * minor_per_major).quantize(Decimal(1), ROUND_HALF_UP))


# The shape of a series


@pytest.mark.parametrize("kind", PRICED)
def test_prices_are_half_hours_without_gap_newest_first(mock: Mock, kind: TariffType) -> None:
    prices = series(mock, tariff_of(mock, kind), NOON - timedelta(days=4))
    found = starts(prices)
    assert all(later - earlier == HALF_HOUR for later, earlier in pairwise(found))
    assert {price["interval_seconds"] for price in prices} == {1800}
    assert {(start.minute % 30, start.second, start.microsecond) for start in found} == {(0, 0, 0)}


@pytest.mark.parametrize("kind", PRICED)
def test_without_filters_the_known_future_comes_first(mock: Mock, kind: TariffType) -> None:
    tariff = tariff_of(mock, kind)
    first = newest(mock, tariff)
    assert first
    assert instant(first["started_at"]) > NOON
    assert mock.get(f"/tariffs/{tariff.id}/prices").json()[0] == first


@pytest.mark.parametrize("kind", PRICED)
def test_prices_are_whole_minor_units(mock: Mock, kind: TariffType) -> None:
    for tariff in of_type(mock, kind):
        assert {type(price["price_minor_units"]) for price in mock.get(f"/tariffs/{tariff.id}/prices").json()} <= {int}


@pytest.mark.parametrize("kind", PRICED)
def test_history_stands_as_time_goes_on(mock: Mock, kind: TariffType) -> None:
    tariff = tariff_of(mock, kind)
    window = (NOON - timedelta(days=1), NOON)
    before = series(mock, tariff, *window)
    set_clock(mock, NOON + timedelta(days=40))
    assert series(mock, tariff, *window) == before


# Filters


def test_both_bounds_are_included(mock: Mock) -> None:
    tariff = tariff_of(mock, TariffType.DUAL_RATE)
    first, last = NOON - 3 * HALF_HOUR, NOON
    assert starts(series(mock, tariff, first, last)) == [NOON - step * HALF_HOUR for step in range(4)]


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        (NOON, NOON, 1),
        (NOON + MICROSECOND, NOON + HALF_HOUR - MICROSECOND, 0),
        (NOON + MICROSECOND, NOON + HALF_HOUR, 1),
        (NOON, NOON + HALF_HOUR - MICROSECOND, 1),
        (NOON - timedelta(days=1), NOON, 49),
    ],
)
@pytest.mark.parametrize("kind", PRICED)
def test_the_bounds_are_exact(mock: Mock, kind: TariffType, first: datetime, last: datetime, count: int) -> None:
    assert len(series(mock, tariff_of(mock, kind), first, last)) == count


@pytest.mark.parametrize("bound", ["started_at__gte", "started_at__lte"])
def test_one_bound_leaves_the_other_side_open(mock: Mock, bound: str) -> None:
    tariff = tariff_of(mock, TariffType.FLAT_RATE)
    first = mock.get(f"/tariffs/{tariff.id}/prices", query={bound: timestamp(NOON)}).json()[0]
    if bound == "started_at__gte":
        assert first == newest(mock, tariff)
    else:
        assert first["started_at"] == timestamp(NOON)


@pytest.mark.parametrize("gap", [MICROSECOND, HALF_HOUR, timedelta(days=365)])
@pytest.mark.parametrize("kind", [*PRICED, *UNPRICED])
def test_a_lower_bound_after_the_upper_gives_an_empty_list(mock: Mock, kind: TariffType, gap: timedelta) -> None:
    query = {"started_at__gte": timestamp(NOON), "started_at__lte": timestamp(NOON - gap)}
    response = mock.get(f"/tariffs/{tariff_of(mock, kind).id}/prices", query=query)
    assert (response.status, response.json()) == (200, [])
    assert neighbours(response) == (None, None)


@pytest.mark.parametrize(
    "text",
    ["2026-03-18T12:00:00Z", "2026-03-18T12:00:00.000000Z", "2026-03-18T13:00:00+01:00", "2026-03-18t07:00:00-05:00"],
)
def test_bounds_are_compared_as_instants(mock: Mock, text: str) -> None:
    query = {"started_at__gte": text, "started_at__lte": text}
    response = mock.get(f"/tariffs/{tariff_of(mock, TariffType.FLAT_RATE).id}/prices", query=query)
    assert [price["started_at"] for price in response.json()] == [timestamp(NOON)]


@pytest.mark.parametrize("text", ["yesterday", "2026-03-18", "2026-03-18T12:00:00", "2026-13-01T00:00:00Z", "", "0"])
@pytest.mark.parametrize("bound", ["started_at__gte", "started_at__lte"])
def test_a_bound_that_is_no_time_is_refused(mock: Mock, bound: str, text: str) -> None:
    response = mock.get(f"/tariffs/{tariff_of(mock, TariffType.FLAT_RATE).id}/prices", query={bound: text})
    assert response.status == 400
    assert response.json()["field_errors"].keys() == {bound}


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+23:59"])
@pytest.mark.parametrize("bound", ["started_at__gte", "started_at__lte"])
def test_the_ends_of_the_calendar_are_no_server_error(mock: Mock, bound: str, text: str) -> None:
    response = mock.get(f"/tariffs/{tariff_of(mock, TariffType.FLAT_RATE).id}/prices", query={bound: text})
    assert response.status in (200, 400)


# The price of now


def test_the_price_of_now_is_that_of_the_slot_that_contains_now(mock: Mock) -> None:
    chance = Random(20260318)
    tariffs = {kind: of_type(mock, kind) for kind in TariffType}
    seen: Counter[tuple[TariffType, bool]] = Counter()
    span_s = int(timedelta(days=5 * 365).total_seconds())
    for number in range(200):
        now = datetime(2022, 1, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(span_s), microseconds=number)
        if number % 10 == 0:  # exactly on an edge, and just before one
            now = (
                now.replace(minute=30 * (number % 20 == 0), second=0, microsecond=0) - (number % 40 == 0) * MICROSECOND
            )
        set_clock(mock, now)
        for kind, of_kind in tariffs.items():
            tariff = chance.choice(of_kind)
            price = detail(mock, tariff)["current_price"]
            slot = newest(mock, tariff, now)
            seen[kind, price is None] += 1
            if slot is None:
                assert price is None, f"{tariff.name} at {now}"
                continue
            start = instant(slot["started_at"])
            assert start <= now < start + HALF_HOUR, f"{tariff.name} at {now}"
            assert price == slot["price_minor_units"], f"{tariff.name} at {now}"
    for kind in PRICED:
        assert seen[kind, False] > 100  # most tariffs had begun
    for kind in UNPRICED:
        assert seen[kind, False] == 0


@pytest.mark.parametrize("kind", PRICED)
def test_the_price_changes_on_the_edge_of_a_slot_only(mock: Mock, kind: TariffType) -> None:
    tariff = tariff_of(mock, kind)
    for step in range(48):
        edge = NOON + step * HALF_HOUR
        around = []
        for at in (edge, edge + HALF_HOUR - MICROSECOND):
            set_clock(mock, at)
            around.append(detail(mock, tariff)["current_price"])
        assert around[0] is not None
        assert around[0] == around[1]


# The prices of the day


@pytest.mark.parametrize(
    ("kind", "keys"),
    [
        (TariffType.FLAT_RATE, {"peak"}),
        (TariffType.DUAL_RATE, {"peak", "off_peak"}),
        (TariffType.THREE_RATE, {"peak", "mid_peak", "off_peak"}),
    ],
)
def test_the_type_says_which_prices_there_are(mock: Mock, kind: TariffType, keys: set[str]) -> None:
    for tariff in of_type(mock, kind):
        assert detail(mock, tariff)["daily_prices"].keys() == keys, tariff.name


@pytest.mark.parametrize("kind", [TariffType.DYNAMIC, *UNPRICED])
def test_where_prices_do_not_follow_the_time_of_day_there_are_no_daily_prices(mock: Mock, kind: TariffType) -> None:
    assert [tariff.name for tariff in of_type(mock, kind) if "daily_prices" in detail(mock, tariff)] == []


def test_a_flat_rate_holds_from_midnight_to_midnight(mock: Mock) -> None:
    for tariff in of_type(mock, TariffType.FLAT_RATE):
        peak = detail(mock, tariff)["daily_prices"]["peak"]
        assert peak["times"] == [{"start": "00:00:00", "end": "00:00:00"}], tariff.name


def test_windows_cover_the_day_without_overlap(mock: Mock) -> None:
    for tariff in of_type(mock, *BANDED):
        bands = detail(mock, tariff)["daily_prices"].values()
        covered = Counter(minute for band in bands for window in band["times"] for minute in minutes_of(window))
        assert covered == Counter(range(1440)), tariff.name


def test_peak_is_dearest_and_off_peak_cheapest(mock: Mock) -> None:
    for tariff in of_type(mock, *BANDED):
        daily_prices = detail(mock, tariff)["daily_prices"]
        in_order = [
            Decimal(daily_prices[key]["price"]) for key in ("peak", "mid_peak", "off_peak") if key in daily_prices
        ]
        assert in_order == sorted({*in_order}, reverse=True), tariff.name


CLOCK_CHANGES = [
    ("Europe/London", date(2026, 3, 29), 46),
    ("Europe/London", date(2026, 3, 28), 48),
    ("Europe/London", date(2026, 10, 25), 50),
    ("Europe/Amsterdam", date(2025, 3, 30), 46),
    ("Europe/Berlin", date(2026, 3, 29), 46),
    ("Europe/Madrid", date(2026, 10, 25), 50),
    ("Europe/Dublin", date(2026, 10, 25), 50),
    ("America/New_York", date(2026, 3, 8), 46),
    ("America/New_York", date(2026, 11, 1), 50),
    ("America/Los_Angeles", date(2026, 11, 1), 50),
    ("America/St_Johns", date(2026, 3, 8), 46),
    ("America/Phoenix", date(2026, 3, 8), 48),
    ("Pacific/Honolulu", date(2026, 11, 1), 48),
    ("Australia/Sydney", date(2026, 4, 5), 50),
    ("Australia/Adelaide", date(2025, 10, 5), 46),
    ("Australia/Brisbane", date(2026, 4, 5), 48),
    ("Asia/Tokyo", date(2026, 3, 29), 48),
]


@pytest.mark.parametrize(("zone", "day", "half_hours"), CLOCK_CHANGES)
def test_the_series_of_a_local_day_follows_the_daily_prices(mock: Mock, zone: str, day: date, half_hours: int) -> None:
    start, end = midnight(zone, day), midnight(zone, day + timedelta(days=1))
    set_clock(mock, start + timedelta(hours=12))
    checked = 0
    for tariff in of_type(mock, *BANDED):
        if tariff.timezone != zone or tariff.valid_from > day:
            continue
        wire = detail(mock, tariff)
        keys = key_of_minute(wire["daily_prices"])
        prices = series(mock, tariff, start, end - MICROSECOND)
        assert len(prices) == half_hours, tariff.name
        for price in prices:
            local = instant(price["started_at"]).astimezone(ZoneInfo(wire["timezone_name"]))
            band = wire["daily_prices"][keys[local.hour * 60 + local.minute]]
            expected = minor_units(band["price"], wire["currency"])
            assert price["price_minor_units"] == expected, f"{tariff.name} at {local}"
        checked += 1
    assert checked


@pytest.mark.parametrize(("zone", "day", "half_hours"), CLOCK_CHANGES[:6])
def test_dynamic_prices_cover_a_local_day_whatever_its_length(
    mock: Mock, zone: str, day: date, half_hours: int
) -> None:
    start, end = midnight(zone, day), midnight(zone, day + timedelta(days=1))
    set_clock(mock, end)
    tariffs = [t for t in of_type(mock, TariffType.DYNAMIC) if t.timezone == zone and t.valid_from < day]
    assert tariffs
    for tariff in tariffs:
        assert len(series(mock, tariff, start, end - MICROSECOND)) == half_hours, tariff.name


def test_the_hour_that_comes_twice_has_the_same_price_twice(mock: Mock) -> None:
    tariff = tariff_named(mock, "Hollow Oak Go EV")
    set_clock(mock, datetime(2026, 10, 25, 12, tzinfo=UTC))
    first = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 01:00 in summer time, and an hour later in winter time
    prices = [price["price_minor_units"] for price in series(mock, tariff, first, first + 3 * HALF_HOUR)]
    assert prices[:2] == prices[2:]


def test_minor_units_are_rounded_half_up(mock: Mock) -> None:
    """Of the prices that end in half a minor unit, some would round to the even neighbour otherwise."""
    telling = 0
    for tariff in of_type(mock, *BANDED):
        wire = detail(mock, tariff)
        if wire["current_price"] is None or wire["currency"] == "JPY":
            continue
        shown = {price["price_minor_units"] for price in series(mock, tariff, NOON - timedelta(days=1), NOON)}
        expected = set()
        for band in wire["daily_prices"].values():
            amount = Decimal(band["price"]) * 100
            expected.add(int(amount.quantize(Decimal(1), ROUND_HALF_UP)))
            telling += amount.quantize(Decimal(1), ROUND_HALF_UP) != amount.quantize(Decimal(1), ROUND_HALF_EVEN)
        assert shown == expected, tariff.name
    assert telling >= 3


def test_a_currency_without_minor_unit_is_priced_in_whole_units(mock: Mock) -> None:
    tariff = next(tariff for tariff in of_type(mock, *BANDED) if tariff.currency == "JPY")
    wire = detail(mock, tariff)
    assert wire["current_price"] in {minor_units(band["price"], "JPY") for band in wire["daily_prices"].values()}


@pytest.mark.parametrize("kind", BANDED)
def test_prices_of_the_day_are_decimal_text_in_major_units(mock: Mock, kind: TariffType) -> None:
    for tariff in of_type(mock, kind):
        for band in detail(mock, tariff)["daily_prices"].values():
            assert isinstance(band["price"], str)
            assert Decimal(band["price"]).as_tuple().exponent <= 0
            assert "E" not in band["price"]


# expand=prices


@pytest.mark.parametrize(
    "now", [NOON, NOON + timedelta(minutes=7, microseconds=3), datetime(2026, 3, 29, 20, tzinfo=UTC)]
)
@pytest.mark.parametrize("kind", PRICED)
def test_expanded_prices_are_the_series_of_the_past_24_hours(mock: Mock, kind: TariffType, now: datetime) -> None:
    set_clock(mock, now)
    tariff = tariff_of(mock, kind)
    expanded = detail(mock, tariff, expand="prices")["prices"]
    just_after = now - timedelta(hours=24) + timedelta(microseconds=1)
    assert expanded == series(mock, tariff, just_after, now)
    assert len(expanded) == 48
    assert instant(expanded[0]["started_at"]) <= now < instant(expanded[0]["started_at"]) + HALF_HOUR


def test_expanded_prices_are_the_same_in_the_list(mock: Mock) -> None:
    tariff = tariff_of(mock, TariffType.DYNAMIC)
    listed = items(mock, "/tariffs", supplier_id=tariff.supplier.id, expand="prices")
    found = next(item["prices"] for item in listed if item["id"] == tariff.id)
    assert found == detail(mock, tariff, expand="prices")["prices"]


# Types without prices


@pytest.mark.parametrize("kind", UNPRICED)
@pytest.mark.parametrize("days", [-900, 0, 900])
def test_unpriced_types_have_no_price_and_an_empty_series(mock: Mock, kind: TariffType, days: int) -> None:
    set_clock(mock, NOON + timedelta(days=days))
    for tariff in of_type(mock, kind):
        wire = detail(mock, tariff)
        assert wire["current_price"] is None
        assert wire["prices"].endswith(f"/tariffs/{tariff.id}/prices")
        assert series(mock, tariff) == []
        assert detail(mock, tariff, expand="prices")["prices"] == []


# Publication of dynamic prices


def dynamic_in(mock: Mock, zone: str) -> list[Tariff]:
    return [tariff for tariff in of_type(mock, TariffType.DYNAMIC) if tariff.timezone == zone]


def last_known_day(mock: Mock, tariff: Tariff) -> date:
    """The local day of the last slot, which has to be the last one of that day."""
    last = newest(mock, tariff)
    assert last
    end = instant(last["started_at"]) + HALF_HOUR
    day = (end - HALF_HOUR).astimezone(ZoneInfo(tariff.timezone)).date()
    assert end == midnight(tariff.timezone, day + timedelta(days=1)), tariff.name
    return day


@pytest.mark.parametrize(
    "day", [date(2026, 1, 14), date(2026, 7, 15), date(2026, 3, 28), date(2026, 10, 24), date(2026, 12, 31)]
)
@pytest.mark.parametrize("zone", ["Europe/Amsterdam", "Europe/Berlin", "Europe/Paris", "Europe/Stockholm"])
def test_tomorrow_is_known_from_13_00_local_time(mock: Mock, zone: str, day: date) -> None:
    published = datetime.combine(day, time(13), ZoneInfo(zone)).astimezone(UTC)
    tariffs = dynamic_in(mock, zone)
    assert tariffs
    for tariff in tariffs:
        set_clock(mock, published - timedelta(seconds=1))
        assert last_known_day(mock, tariff) == day
        set_clock(mock, published)
        assert last_known_day(mock, tariff) == day + timedelta(days=1)


@pytest.mark.parametrize("day", [date(2026, 1, 14), date(2026, 7, 15)])
def test_british_prices_of_tomorrow_are_known_by_16_00(mock: Mock, day: date) -> None:
    for tariff in dynamic_in(mock, "Europe/London")[::5]:
        set_clock(mock, datetime.combine(day, time(11), ZoneInfo("Europe/London")).astimezone(UTC))
        assert last_known_day(mock, tariff) == day
        set_clock(mock, datetime.combine(day, time(16), ZoneInfo("Europe/London")).astimezone(UTC))
        assert last_known_day(mock, tariff) == day + timedelta(days=1)


def test_no_dynamic_tariff_knows_more_than_tomorrow(mock: Mock) -> None:
    begun = [tariff for tariff in of_type(mock, TariffType.DYNAMIC) if tariff.valid_from < NOON.date()]
    assert len(begun) > 20
    for tariff in begun:
        for hours in (0, 6, 12, 18):
            now = NOON + timedelta(hours=hours)
            set_clock(mock, now)
            today = now.astimezone(ZoneInfo(tariff.timezone)).date()
            assert last_known_day(mock, tariff) in (today, today + timedelta(days=1))


def test_publication_adds_to_what_was_known_and_changes_nothing(mock: Mock) -> None:
    tariff = dynamic_in(mock, "Europe/Amsterdam")[0]
    before = series(mock, tariff, NOON - timedelta(days=1))  # at noon UTC it is 13:00 in Amsterdam, so go back a little
    set_clock(mock, NOON - timedelta(hours=1))
    earlier = series(mock, tariff, NOON - timedelta(days=1))
    assert before[-len(earlier) :] == earlier
    assert len(before) == len(earlier) + 48


def test_dynamic_prices_vary_and_fall_below_zero_at_times(mock: Mock) -> None:
    spring = datetime(2026, 4, 1, tzinfo=UTC)
    set_clock(mock, spring + timedelta(days=60))
    tariff = next(t for t in dynamic_in(mock, "Europe/London") if t.gsp_group == "_C")
    amounts = [price["price_minor_units"] for price in series(mock, tariff, spring, spring + timedelta(days=59))]
    assert len({*amounts}) > 10
    assert min(amounts) < 0


# Where a tariff begins


def test_before_its_first_day_a_tariff_has_no_price(mock: Mock) -> None:
    tariff = tariff_named(mock, "Ninefold EV+")
    begin = midnight(tariff.timezone, tariff.valid_from)
    set_clock(mock, begin - MICROSECOND)
    assert detail(mock, tariff)["current_price"] is None
    set_clock(mock, begin)
    assert detail(mock, tariff)["current_price"] is not None
    assert starts(series(mock, tariff))[-1] == begin
