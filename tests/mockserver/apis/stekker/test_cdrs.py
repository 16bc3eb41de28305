"""What sessions cost: the energy of each market period at its price, by the readings that were sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.clock import timestamp
from tests.mock import CONTROL, NOON, STEKKER, Mock
from tests.mockserver.apis.stekker.steps import THREE_PHASES, Operator, reading, said

EVENING = NOON - timedelta(hours=19)
"""Yesterday: all prices are settled."""

Reading = tuple[datetime, float]


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def told_prices(mock: Mock) -> dict[datetime, Decimal]:
    """The prices of quarter-hours that the API tells, of today and tomorrow."""
    told = said(mock.prices.get(f"{STEKKER}/market_price_forecast?region=NL-900"))["prices"]
    return {
        datetime.fromisoformat(each["period_start"]): Decimal(str(each["price_per_mwh"]))
        for each in told
        if each["price_per_mwh"] is not None
    }


def cost_of(readings: Sequence[Reading], prices: dict[datetime, Decimal]) -> float:
    """The formula, period by period: the register at both borders, on straight lines between readings."""

    def register(at: datetime) -> float:
        before = max(each for each in readings if each[0] <= at)
        later = [each for each in readings if each[0] > at]
        if not later:
            return before[1]
        after = min(later)
        return before[1] + (after[1] - before[1]) * ((at - before[0]) / (after[0] - before[0]))

    total = 0.0
    for start, price in prices.items():
        begin, end = max(start, readings[0][0]), min(start + minutes(15), readings[-1][0])
        if begin < end:
            total += (register(end) - register(begin)) / 1e6 * float(price)
    return total


def play(operator: Operator, readings: Sequence[Reading], transaction_id: int = 77) -> float:
    """A session with these readings, and what it cost."""
    (start, first), *between, (end, last) = readings
    said(operator.start(start, transaction_id, meterStart=int(first)))
    for at, register in between:
        said(operator.meter(reading(at, register), transaction_id=transaction_id))
    said(operator.stop(end, int(last), transaction_id))
    cost: float = said(operator.cdr(transaction_id))["total_cost"]["excl_vat"]
    return cost


@pytest.fixture
def today(mock: Mock, north: Operator) -> datetime:
    """Noon, on a clock that stands at the next noon: the prices of both days are out."""
    mock.runtime.clock.set(NOON + minutes(90))
    return NOON


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 2_400), st.integers(0, 9_000)), min_size=1, max_size=40),
    st.integers(0, 3_600),
    st.integers(0, 2**40),
)
def test_cost_follows_from_the_readings(mock: Mock, steps: list[tuple[int, int]], offset_s: int, first: int) -> None:
    mock.reset()
    mock.runtime.clock.set(NOON + minutes(90))
    north = Operator(mock, mock.north, "stekker-north")
    said(north.pair(**THREE_PHASES))
    readings: list[Reading] = [(NOON + timedelta(seconds=offset_s), float(first))]
    for seconds, energy in steps:
        at, register = readings[-1]
        readings.append((at + timedelta(seconds=seconds), register + energy))
    relative = [(at, register - first) for at, register in readings]
    assert play(north, readings) == pytest.approx(cost_of(relative, told_prices(mock)), abs=0.00006)


def test_readings_between_borders_count(mock: Mock, north: Operator, today: datetime) -> None:
    """All energy in the second quarter-hour, though the session lasts an hour."""
    readings = [
        (today, 0.0),
        (today + minutes(15), 0.0),
        (today + minutes(30), 9_000.0),
        (today + minutes(60), 9_000.0),
    ]
    price = float(told_prices(mock)[today + minutes(15)])
    assert play(north, readings) == pytest.approx(9 * price / 1000, abs=0.00006)


def test_late_readings_count(mock: Mock, north: Operator, today: datetime) -> None:
    said(north.start(today, meterStart=0))
    for minute, register in ((60, 9_000), (30, 9_000), (15, 0)):
        said(north.meter(reading(today + minutes(minute), register)))
    said(north.stop(today + minutes(75), 9_000))
    price = float(told_prices(mock)[today + minutes(15)])
    assert said(north.cdr())["total_cost"]["excl_vat"] == pytest.approx(9 * price / 1000, abs=0.00006)


def test_late_readings_of_the_same_quarter_hour_count(mock: Mock, north: Operator, today: datetime) -> None:
    said(north.start(today, meterStart=0))
    for minute, register in ((25, 9_000), (28, 9_000), (15, 0), (20, 5_000)):
        said(north.meter(reading(today + minutes(minute), register)))
    said(north.stop(today + minutes(75), 9_000))
    price = float(told_prices(mock)[today + minutes(15)])
    assert said(north.cdr())["total_cost"]["excl_vat"] == pytest.approx(9 * price / 1000, abs=0.00006)


def test_energy_at_the_instant_of_the_end_counts(mock: Mock, north: Operator, today: datetime) -> None:
    """A last reading in whole hundreds, and a stop of the same second to the watt-hour."""
    end = today + minutes(15)
    said(north.start(today, meterStart=0))
    said(north.meter(reading(end, 2_700)))
    said(north.stop(end, 2_760))
    price = float(told_prices(mock)[today])
    assert said(north.cdr())["total_cost"]["excl_vat"] == pytest.approx(2.76 * price / 1000, abs=0.00006)


def test_data_of_the_transaction_counts(mock: Mock, north: Operator, today: datetime) -> None:
    said(north.start(today, meterStart=0))
    data = [reading(today + minutes(15), 0), reading(today + minutes(30), {"value": "9", "unit": "kWh"})]
    said(north.stop(today + minutes(60), 9_000, transactionData=data))
    price = float(told_prices(mock)[today + minutes(15)])
    assert said(north.cdr())["total_cost"]["excl_vat"] == pytest.approx(9 * price / 1000, abs=0.00006)


@pytest.mark.parametrize("data", [[{"timestamp": "x", "sampledValue": [{"value": "1"}]}], [{}], {}])
def test_data_of_another_form_ends_nothing(north: Operator, data: object) -> None:
    said(north.start(EVENING))
    assert north.stop(EVENING + minutes(5), 2_000, transactionData=data).status in (400, 422)
    assert north.session()["state"] == "pending_start"


def test_supplied_readings_of_a_session_cost_the_same(mock: Mock, north: Operator, today: datetime) -> None:
    readings = [(today + minutes(7 * number), 1_000.0 + 613 * number) for number in range(12)]
    cost = play(north, readings)
    body = {
        "power_market": {"market_area_code": "NL", "sub_modality": "DayAhead"},
        "meter_readings": [{"timestamp": timestamp(at), "reading_kwh": wh / 1000} for at, wh in readings],
    }
    priced = said(north.client.post(f"{STEKKER}/cdrs/meter_readings", json=body))
    assert priced["total_cost"]["excl_vat"] == cost


def test_a_cdr_says_when_and_in_which_currency(mock: Mock, north: Operator) -> None:
    said(north.start(EVENING))
    said(north.stop(EVENING + minutes(60), 9_000))
    cdr = said(north.cdr())
    assert cdr.pop("total_cost").keys() == {"excl_vat"}
    assert cdr == {
        "id": north.session()["session_id"],
        "currency": "EUR",
        "start_date_time": timestamp(EVENING),
        "end_date_time": timestamp(EVENING + minutes(60)),
        "last_updated": timestamp(NOON),
    }


def test_get_and_post_answer_alike_and_change_nothing(mock: Mock, north: Operator) -> None:
    said(north.start(EVENING))
    said(north.stop(EVENING + minutes(60), 9_000))
    before = said(mock.anonymous.get(f"{CONTROL}/state"))
    got = north.cdr()
    for body in (None, {}, {"ignored": 1}):
        assert north.client.post(f"{STEKKER}/cdrs/77", json=body).body == got.body
    assert said(mock.anonymous.get(f"{CONTROL}/state")) == before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_session_that_goes_on_has_no_cdr(north: Operator, method: str) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(EVENING + minutes(15), 3_000)))
    assert "direct_charging" in said(north.client.request(method, f"{STEKKER}/cdrs/77"), 409)["error"]


@pytest.mark.parametrize("unknown", ["78", "077", "x", "-1", "7.7", "77%2F1", "9" * 30, "%20", "meter_reading"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_unknown_transactions_have_no_cdr(north: Operator, unknown: str, method: str) -> None:
    said(north.start(EVENING))
    said(north.stop(EVENING + minutes(60), 9_000))
    assert said(north.client.request(method, f"{STEKKER}/cdrs/{unknown}"), 404)["error"]


def test_the_session_s_own_id_is_no_transaction(north: Operator) -> None:
    said(north.start(EVENING))
    said(north.stop(EVENING + minutes(60), 9_000))
    own = said(north.cdr())["id"]
    assert own != "77"
    assert said(north.cdr(own), 404)


def test_prices_that_are_not_out_are_waited_for(mock: Mock, north: Operator) -> None:
    mock.runtime.clock.set(NOON - minutes(60))
    late = NOON + timedelta(hours=10)
    said(north.start(late))
    said(north.stop(late + timedelta(hours=2), 20_000))  # past midnight in Amsterdam
    assert "no settled price yet" in said(north.cdr(), 409)["error"]
    mock.runtime.clock.set(NOON)
    cdr = said(north.cdr())
    assert cdr["last_updated"] == cdr["end_date_time"]  # which is later than the mock's clock


def test_prices_below_zero_pay(mock: Mock, north: Operator) -> None:
    """The first quarter-hour of the year's second half that pays, found by what the API tells of each day."""
    for day in range(120):
        mock.runtime.clock.set(datetime.fromisoformat("2026-05-01T11:30:00Z") + timedelta(days=day))
        paying = [start for start, price in told_prices(mock).items() if price < 0]
        if paying:
            break
    price = float(told_prices(mock)[paying[0]])
    cost = play(north, [(paying[0], 0.0), (paying[0] + minutes(15), 8_000.0)])
    assert cost == pytest.approx(8 * price / 1000, abs=0.00006)
    assert cost < 0


def test_the_path_of_readings_goes_before_that_of_transactions(north: Operator) -> None:
    assert "details" in said(north.client.post(f"{STEKKER}/cdrs/meter_readings", json={}), 400)
    assert said(north.client.get(f"{STEKKER}/cdrs/meter_readings"), 400)["error"]


def test_a_session_keeps_the_market_that_it_began_in(mock: Mock, north: Operator, today: datetime) -> None:
    play(north, [(today, 0.0), (today + minutes(60), 9_000.0)])
    before = said(north.cdr(77))
    said(north.change(market_region="PL"))

    assert said(north.cdr(77)) == before
    later = play(north, [(today, 0.0), (today + minutes(60), 9_000.0)], transaction_id=78)
    assert later != before["total_cost"]["excl_vat"], "a session that begins now is priced in the new one"
