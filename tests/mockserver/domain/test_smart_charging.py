"""Plans of one session: what a driver needs, at once and then as cheaply as can be, within every limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.domain.smart_charging import (
    SLOT_S,
    Need,
    Period,
    Wishes,
    is_other,
    limit_at,
    periods,
    planned_wh,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
EVENING_S = 1_773_853_200  # a full quarter-hour
LEAST_W = {1: 1_380, 2: 2_760, 3: 4_140}
"""6 A at 230 V in each phase."""

Prices = Callable[[int], float]


def needs(energy_wh: float = 36_000.0, **fields: float) -> Need:
    values = {"at_s": EVENING_S, "departure_s": EVENING_S + 14 * 3600, "direct_wh": 0.0, "max_power_w": 11_040}
    return Need(**{"energy_wh": energy_wh, "phases": 3, **values, **fields})


def by_slot(prices: Sequence[float]) -> Prices:
    """Prices of the quarter-hours since the evening began, over and over."""
    return lambda start_s: prices[(start_s - EVENING_S) // SLOT_S % len(prices)]


def spans(need: Need) -> list[tuple[int, int]]:
    return [(max(start, need.at_s), min(start + SLOT_S, need.departure_s)) for start in need.slots]


def drawn_wh(plan: Sequence[Period], need: Need) -> list[float]:
    """What each slot gives to a car that draws all that it may and can."""
    return [planned_wh(plan, start, end, need.drawn_w) for start, end in spans(need)]


def capacities_wh(need: Need, room_w: Callable[[int], int] | None) -> list[float]:
    """The most that each slot can give; less than 6 A a phase is nothing, unless the charger never gives more."""
    found = []
    for slot, (start, end) in zip(need.slots, spans(need), strict=True):
        limit_w = need.max_power_w if room_w is None else min(need.max_power_w, room_w(slot))
        if limit_w < min(LEAST_W[need.phases], need.max_power_w):
            limit_w = 0
        found.append(min(limit_w, need.drawn_w or limit_w) * (end - start) / 3600.0)
    return found


def greedy_wh(need: Need, price: Prices, capacities: Sequence[float]) -> list[float]:
    """The textbook's way: the direct phase from the front, the rest in the cheapest slots, the earliest of equals."""
    given_wh = [0.0] * len(capacities)
    by_price = sorted(range(len(capacities)), key=lambda index: (price(need.slots[index]), index))
    direct_wh = min(need.direct_wh, need.energy_wh)
    for order, wanted_wh in ((range(len(capacities)), direct_wh), (by_price, need.energy_wh - direct_wh)):
        left_wh = wanted_wh
        for index in order:
            share_wh = min(capacities[index] - given_wh[index], left_wh)
            given_wh[index] += share_wh
            left_wh -= share_wh
    return given_wh


@st.composite
def problems(draw: st.DrawFn) -> tuple[Need, Prices, Callable[[int], int] | None]:
    energy_wh = draw(st.floats(1.0, 90_000.0))
    need = Need(
        at_s=EVENING_S + draw(st.integers(0, 5_000)),
        departure_s=EVENING_S + draw(st.integers(5_001, 60_000)),
        energy_wh=energy_wh,
        direct_wh=draw(st.sampled_from([0.0, 0.2, 0.5, 1.0])) * energy_wh,
        max_power_w=draw(st.sampled_from([1_000, 3_680, 7_360, 11_040, 22_080])),
        phases=draw(st.sampled_from([1, 2, 3])),
        drawn_w=draw(st.sampled_from([None, 900.0, 3_700.5, 30_000.0])),
    )
    prices = draw(st.lists(st.integers(-60, 300), min_size=1, max_size=70))
    rooms = draw(st.none() | st.lists(st.sampled_from([-500, 0, 1_400, 4_200, 9_000, 40_000]), min_size=1, max_size=9))
    room = None if rooms is None else lambda start_s: rooms[(start_s - EVENING_S) // SLOT_S % len(rooms)]
    return need, by_slot(prices), room


@given(problems())
def test_a_plan_is_well_formed_and_keeps_every_limit(problem: tuple[Need, Prices, Callable[[int], int] | None]) -> None:
    need, price, room = problem
    plan = periods(need, price, room)

    assert plan[0].start_s == need.at_s
    assert plan[-1].limit_w == 0
    assert plan[-1].start_s <= need.departure_s
    assert all(before.start_s < after.start_s for before, after in pairwise(plan))
    assert all(before.limit_w != after.limit_w for before, after in pairwise(plan))
    least_w = min(LEAST_W[need.phases], need.max_power_w)
    assert all(limit == 0 or least_w <= limit <= need.max_power_w for _, limit in plan)
    for slot, (start, end) in zip(need.slots, spans(need), strict=True):
        inside = {limit_at(plan, start), *(period.limit_w for period in plan if start <= period.start_s < end)}
        assert room is None or max(inside) <= max(room(slot), 0)


@given(problems())
def test_a_plan_gives_what_is_needed_or_all_that_fits(
    problem: tuple[Need, Prices, Callable[[int], int] | None],
) -> None:
    need, price, room = problem
    given_wh = sum(drawn_wh(periods(need, price, room), need))
    attainable_wh = min(need.energy_wh, sum(capacities_wh(need, room)))
    assert given_wh == pytest.approx(attainable_wh, abs=need.max_power_w * 3 / 3600)  # to three seconds of full power


@given(problems())
def test_a_plan_costs_as_little_as_can_be(problem: tuple[Need, Prices, Callable[[int], int] | None]) -> None:
    need, price, room = problem
    plan = periods(need, price, room)
    best = greedy_wh(need, price, capacities_wh(need, room))

    def cost(energies_wh: Sequence[float]) -> float:
        return sum(energy * price(slot) for energy, slot in zip(energies_wh, need.slots, strict=True))

    assert cost(drawn_wh(plan, need)) == pytest.approx(cost(best), abs=300 * need.max_power_w * 3 / 3600)


@given(problems())
def test_the_earliest_of_equals_is_taken(problem: tuple[Need, Prices, Callable[[int], int] | None]) -> None:
    need, price, room = problem
    planned = drawn_wh(periods(need, price, room), need)
    best = greedy_wh(need, price, capacities_wh(need, room))
    assert planned == pytest.approx(best, abs=max(need.max_power_w / 3600 * 2, 1.0))


@given(problems())
def test_the_direct_phase_goes_first(problem: tuple[Need, Prices, Callable[[int], int] | None]) -> None:
    need, price, room = problem
    planned, capacities = drawn_wh(periods(need, price, room), need), capacities_wh(need, room)
    left_wh = need.direct_wh
    for energy_wh, capacity_wh in zip(planned, capacities, strict=True):
        assert energy_wh >= min(capacity_wh, left_wh) - need.max_power_w * 2 / 3600
        left_wh = max(left_wh - capacity_wh, 0.0)


def test_the_default_session_charges_a_fifth_at_once_and_the_rest_at_night() -> None:
    cheap = EVENING_S + 8 * 3600
    plan = periods(needs(direct_wh=12_000.0), lambda start_s: 10.0 if cheap <= start_s < cheap + 3 * 3600 else 90.0)
    assert plan == [
        Period(EVENING_S, 11_040),
        Period(EVENING_S + 3_913, 0),  # 12 kWh at 11.04 kW
        Period(cheap, 11_040),
        Period(cheap + 7_826, 0),  # 24 kWh
    ]


@pytest.mark.parametrize(("need", "expected"), [
    (needs(0.0), [(0, 0)]),
    (needs(0.9), [(0, 0)]),
    (needs(departure_s=EVENING_S), [(0, 0)]),
    (needs(departure_s=EVENING_S - 5), [(0, 0)]),
    (needs(1e6), [(0, 11_040), (14 * 3600, 0)]),
    (needs(11_040.0), [(0, 11_040), (3600, 0)]),
    (needs(11_040.0, at_s=EVENING_S + 100), [(100, 11_040), (3700, 0)]),
    (needs(1e6, at_s=EVENING_S + 100, departure_s=EVENING_S + 200), [(100, 11_040), (200, 0)]),
    (needs(3_680.0, max_power_w=3_680), [(0, 3_680), (3600, 0)]),
], ids=["nothing", "next to nothing", "now", "past", "too much", "flat", "late", "a slot", "weak"])  # fmt: skip
def test_plans_at_the_edges(need: Need, expected: list[tuple[int, int]]) -> None:
    assert [(period.start_s - EVENING_S, period.limit_w) for period in periods(need, lambda start_s: 50.0)] == expected


def test_part_of_a_slot_joins_the_charging_beside_it() -> None:
    """The cheapest quarter-hour and half of the next best one are one stretch, on whichever side that is."""
    hour = EVENING_S + 3600
    for best, stretch in ((hour, (hour, hour + 1350)), (hour + SLOT_S, (hour + 450, hour + 1800))):
        price = {hour: 20.0, hour + SLOT_S: 20.0, best: 10.0}
        plan = periods(needs(4_140.0), lambda start_s, price=price: price.get(start_s, 90.0))
        assert plan == [Period(EVENING_S, 0), Period(stretch[0], 11_040), Period(stretch[1], 0)]


def test_no_room_at_all_is_a_pause() -> None:
    assert periods(needs(), lambda start_s: 1.0, lambda start_s: 4_139) == [Period(EVENING_S, 0)]


def test_room_is_used_to_the_watt() -> None:
    plan = periods(needs(1e6), lambda start_s: 1.0, lambda start_s: 4_140)
    assert plan == [Period(EVENING_S, 4_140), Period(EVENING_S + 14 * 3600, 0)]


def test_a_car_that_draws_less_gets_more_time_and_the_same_limit() -> None:
    plan = periods(needs(11_040.0, drawn_w=5_520.0), lambda start_s: 50.0)
    assert plan == [Period(EVENING_S, 11_040), Period(EVENING_S + 7_200, 0)]


@pytest.mark.parametrize(("at", "departure", "expected"), [
    ("2026-03-18T17:00:00Z", "08:00", "2026-03-19T07:00:00Z"),
    ("2026-03-19T06:59:59Z", "08:00", "2026-03-19T07:00:00Z"),
    ("2026-03-19T07:00:00Z", "08:00", "2026-03-20T07:00:00Z"),
    ("2026-03-28T22:00:00Z", "08:00", "2026-03-29T06:00:00Z"),  # the clock goes forward
    ("2026-10-24T21:00:00Z", "08:00", "2026-10-25T07:00:00Z"),  # and back
    ("2026-03-28T22:00:00Z", "02:30", "2026-03-29T01:30:00Z"),  # a time of day that this day has not
    ("2026-10-24T22:00:00Z", "02:30", "2026-10-25T00:30:00Z"),  # one that it has twice: the first
    ("2026-10-25T00:30:00Z", "02:30", "2026-10-26T01:30:00Z"),
    ("2026-03-18T22:30:00Z", "00:00", "2026-03-18T23:00:00Z"),
])  # fmt: skip
def test_departure_is_by_the_clock_on_the_wall(at: str, departure: str, expected: str) -> None:
    wishes = Wishes(departure=time.fromisoformat(departure))
    found = wishes.departure_after(datetime.fromisoformat(at), AMSTERDAM)
    assert (found, found.tzinfo) == (datetime.fromisoformat(expected), UTC)


@pytest.mark.parametrize(("wishes", "target_wh", "direct_wh"), [
    (Wishes(), 36_000, 12_000),
    (Wishes(arrival_soc_percent=85.0), 3_000, 3_000),
    (Wishes(arrival_soc_percent=95.0), 0, 0),
    (Wishes(direct_percent=0.0), 36_000, 0),
    (Wishes(battery_wh=100_000, target_percent=50.0), 20_000, 20_000),
])  # fmt: skip
def test_wishes_say_how_much_energy(wishes: Wishes, target_wh: float, direct_wh: float) -> None:
    assert (wishes.target_wh, wishes.direct_wh) == pytest.approx((target_wh, direct_wh))


plans = st.lists(st.tuples(st.integers(0, 400), st.sampled_from([0, 4_000, 11_000])), max_size=6).map(
    lambda steps: [Period(0, 0), *(Period(start, limit) for start, limit in sorted(dict(steps).items()) if start)]
)


@given(plans, plans, st.integers(0, 300))
def test_plans_differ_by_the_seconds_in_which_they_do(before: list[Period], after: list[Period], begin_s: int) -> None:
    after = [Period(begin_s, limit_at(after, begin_s)), *(each for each in after if each.start_s > begin_s)]
    differing_s = sum(limit_at(before, second) != limit_at(after, second) for second in range(begin_s, 401))
    for tolerance_s in (0, 60):
        expected = differing_s > tolerance_s or limit_at(before, 400) != limit_at(after, 400)
        assert is_other(before, after, tolerance_s) == expected


@given(plans, st.integers(0, 450), st.integers(0, 450), st.sampled_from([None, 5_000.0]))
def test_the_energy_of_a_plan_is_that_of_its_seconds(
    plan: list[Period], start_s: int, end_s: int, drawn_w: float | None
) -> None:
    expected = sum(min(limit_at(plan, second), drawn_w or 1e9) for second in range(start_s, end_s)) / 3600.0
    assert planned_wh(plan, start_s, end_s, drawn_w) == pytest.approx(expected)


def test_before_a_plan_begins_it_allows_nothing() -> None:
    assert limit_at([Period(100, 7)], 99) == 0
    assert limit_at([Period(100, 7)], 100) == 7
