"""What energy cost: the price of a session, the price of readings, and that both come from the market's prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from contract_tests.laws.law import NotPlayed, law
from contract_tests.laws.stage import Stage
from contract_tests.laws.stekker.prices import PRICES
from contract_tests.laws.stekker.session import CDR, POST, REGISTER_WH, past, wire

READINGS, READINGS_BY_GET = "POST /cdrs/meter_readings", "GET /cdrs/meter_readings"
_ROUNDING = Fraction(1, 10_000)
"""Costs have four decimals; how the fifth is rounded is nobody's business."""
_COST = "TotalCost.excl_vat"
_PERIODS = 6

Reading = tuple[datetime, Fraction]
"""A time, and the register in kWh."""


@law("published", "critical", POST, CDR)
def price_comes_only_after_the_stop(stage: Stage) -> None:
    """A session has a price once it was stopped, and none before."""
    session = past(stage)
    session.start()
    for _ in range(2):
        exchange = session.cdr()
        stage.require(not 200 <= exchange.status < 300, exchange, "no price: the session is not completed", "", "Cdr")
        session.meter(20, 2_000)
    session.stop(60, 8_000)
    stage.succeeds(session.priced(), "a completed session has a price", "Cdr")


@law("inferred", "minor", POST, CDR)
def running_session_is_409(stage: Stage) -> None:
    """Asking for the price of a running session is a conflict, 409, and for that of no session 404."""
    session = past(stage)
    stage.refuses(session.cdr(), (404,), "404: there is no such transaction", "Cdr")
    session.start()
    stage.refuses(session.cdr(), (409,), "409: the session is not completed", "Cdr")


@law("published", "major", POST, CDR)
def price_id_is_not_the_transaction_id(stage: Stage) -> None:
    """The id of a CDR is Stekker's own, not the operator's transaction id, which leads to it."""
    session = past(stage)
    session.played()
    exchange = session.priced()
    came = _cdr(stage, exchange)["id"]
    says = f"id is Stekker's own, not the transaction id {session.transaction_id}"
    stage.require(came != str(session.transaction_id), exchange, says, f"it is {came}", "Cdr.id")


@law("inferred", "major", POST, CDR)
def price_is_dated_by_its_session(stage: Stage) -> None:
    """A CDR begins and ends when its session did, and was last updated at its end or later."""
    session = past(stage)
    session.played(minutes=80)
    exchange = session.priced()
    cdr = _cdr(stage, exchange)
    for name, wanted in (("start_date_time", session.at(0)), ("end_date_time", session.at(80))):
        same = datetime.fromisoformat(cdr[name]) == datetime.fromisoformat(wanted)
        stage.require(same, exchange, f"{name} is {wanted}", f"it is {cdr[name]}", f"Cdr.{name}")
    late = datetime.fromisoformat(cdr["last_updated"]) >= datetime.fromisoformat(cdr["end_date_time"])
    says = "last_updated is not before end_date_time"
    stage.require(late, exchange, says, f"{cdr['last_updated']} is before {cdr['end_date_time']}", "Cdr.last_updated")


@law("inferred", "major", POST, CDR, "POST /cdrs/{cpo_transaction_id}")
def price_is_the_same_by_post(stage: Stage) -> None:
    """The price of a session is the same by GET and by POST."""
    session = past(stage)
    session.played()
    by_get = _cdr(stage, session.priced())
    exchange = stage.call("POST /cdrs/{cpo_transaction_id}", cpo_transaction_id=str(session.transaction_id))
    stage.succeeds(exchange, "POST on this path answers as GET does", "Cdr")
    _require_same(stage, exchange, by_get)


@law("inferred", "critical", READINGS, READINGS_BY_GET)
def meter_readings_is_no_transaction_id(stage: Stage) -> None:
    """`/cdrs/meter_readings` prices readings, by POST and by GET with a body, and is no transaction."""
    body = _body(_past_readings(stage))
    answers = []
    for operation in (READINGS, READINGS_BY_GET):
        exchange = stage.call(operation, body)
        stage.succeeds(exchange, "meter_readings is the path for readings, no transaction id")
        answers.append(stage.fitting(exchange))
    _require_same(stage, exchange, answers[0])


@law("inferred", "critical", READINGS, PRICES)
def readings_cost_energy_times_price(stage: Stage) -> None:
    """Readings cost the energy of each market period times its price, the register rising evenly between readings."""
    seconds, prices = _settled(stage)
    start, end = next(iter(prices)), [*prices][-1] + timedelta(seconds=seconds)
    step = (end - start) / 5
    readings = [
        (start + step * 0.3, Fraction("1000.5")),
        (start + step * 2.1, Fraction("1031.25")),
        (start + step * 2.9, Fraction("1031.25")),
        (end - step * 0.2, Fraction("1093.125")),
    ]
    readings = [(at.replace(microsecond=0), register) for at, register in readings]
    exchange = stage.done(READINGS, _body(readings))
    _require_cost(stage, exchange, _cost(readings, prices, seconds), f"over {len(prices)} periods of {seconds} s")


@law("inferred", "critical", READINGS, PRICES)
def a_single_period_costs_its_own_price(stage: Stage) -> None:
    """Energy within one market period costs that period's price."""
    seconds, prices = _settled(stage)
    for start, price in prices.items():
        readings = [
            (start + timedelta(seconds=seconds // 4), Fraction(200)),
            (start + timedelta(seconds=seconds // 2), Fraction(300)),
        ]
        exchange = stage.done(READINGS, _body(readings))
        says = f"100 kWh in the period of {wire(start)}, at {float(price):g} per MWh"
        _require_cost(stage, exchange, price / 10, says)


@law("inferred", "critical", READINGS)
def readings_without_energy_cost_nothing(stage: Stage) -> None:
    """A register that has not moved costs nothing."""
    (first, _), *_, (last, _) = _past_readings(stage)
    exchange = stage.done(READINGS, _body([(first, Fraction(70)), (last, Fraction(70))]))
    _require_cost(stage, exchange, Fraction(0), "no energy, no cost")


@law("inferred", "critical", POST, CDR, READINGS)
def session_costs_what_its_readings_cost(stage: Stage) -> None:
    """A session costs what its readings from start to stop cost."""
    session = past(stage)
    session.start()
    energy = [(0, 0), (25, 7_000), (50, 8_500), (80, 14_000)]
    for minutes, energy_wh in energy[1:-1]:
        session.meter(minutes, energy_wh)
    session.stop(*energy[-1])
    exchange = session.priced()
    came = _cdr(stage, exchange)
    readings = [
        (session.started_at + timedelta(minutes=minutes), Fraction(REGISTER_WH + energy_wh, 1000))
        for minutes, energy_wh in energy
    ]
    priced = stage.got(READINGS, _body(readings))
    wanted = priced["total_cost"]["excl_vat"]
    says = f"the readings of the session cost {wanted}"
    same = abs(came["total_cost"]["excl_vat"] - wanted) <= float(_ROUNDING)
    stage.require(same, exchange, says, f"the session costs {came['total_cost']['excl_vat']}", _COST)
    says = f"currency is {priced['currency']}"
    stage.require(came["currency"] == priced["currency"], exchange, says, f"it is {came['currency']}", "Cdr.currency")


@law("inferred", "major", READINGS)
def readings_only_rise(stage: Stage) -> None:
    """Readings whose times or registers fall are refused."""
    first, *_, last = _past_readings(stage)
    member = "MeterReading"
    exchange = stage.call(READINGS, _body([last, first]))
    stage.refuses(exchange, (400, 422), "422: times rise", f"{member}.timestamp")
    exchange = stage.call(READINGS, _body([(first[0], last[1]), (last[0], first[1])]))
    stage.refuses(exchange, (400, 422), "422: the register never falls", f"{member}.reading_kwh")


@law("inferred", "minor", READINGS)
def readings_need_a_market_with_prices(stage: Stage) -> None:
    """Readings are refused for another kind of market, an unknown area, before 2018 and in the far future."""
    readings = _past_readings(stage)
    for market in ({"sub_modality": "Intraday"}, {"market_area_code": "XX"}):
        body = _body(readings)
        body["power_market"] |= market
        stage.refuses(stage.call(READINGS, body), (422,), f"422: {market} has no prices here", "PowerMarket")
    for year, says in ((2017, "there are no prices before 2018"), (stage.now.year + 2, "there are no prices yet")):
        moved = [(at.replace(year=year, month=3, day=1), register) for at, register in readings]
        stage.refuses(stage.call(READINGS, _body(moved)), (422,), f"422: {says}", "MeterReading.timestamp")


def _past_readings(stage: Stage) -> list[Reading]:
    """An hour that ended an hour ago, 8 kWh."""
    start = stage.now - timedelta(hours=2)
    return [
        (start, Fraction(500)),
        (start + timedelta(minutes=24), Fraction(505)),
        (start + timedelta(hours=1), Fraction(508)),
    ]


def _body(readings: Sequence[Reading]) -> dict[str, Any]:
    return {
        "power_market": {"market_area_code": "NL", "sub_modality": "DayAhead"},
        "meter_readings": [{"reading_kwh": float(register), "timestamp": wire(at)} for at, register in readings],
    }


def _settled(stage: Stage) -> tuple[int, dict[datetime, Fraction]]:
    """Periods with settled prices, as short as the market has them, with their length: the last that are over.

    Just after midnight too few are over today; then they are the first of the day, which not every server may price.
    """
    exchange = stage.call(PRICES, query={"region": "NL-900"})
    answer = stage.got(PRICES) if exchange.status == 422 else stage.fitting(stage.succeeds(exchange, "prices of NL"))
    seconds, now = answer["duration_seconds"], stage.now
    settled = [
        (datetime.fromisoformat(price["period_start"]), Fraction(str(price["price_per_mwh"])))
        for price in answer["prices"]
        if price["price_per_mwh"] is not None
    ]
    over = [(start, price) for start, price in settled if start + timedelta(seconds=seconds) <= now]
    chosen = over[-_PERIODS:] if len(over) >= _PERIODS else settled[:_PERIODS]
    if len(chosen) < _PERIODS:
        raise NotPlayed(f"needs {_PERIODS} market periods with settled prices")
    return seconds, dict(chosen)


def _cost(readings: Sequence[Reading], prices: dict[datetime, Fraction], seconds: int) -> Fraction:
    """Energy of each period times its price, the register interpolated linearly between readings."""
    cost = Fraction(0)
    for (begin, low), (end, high) in pairwise(readings):
        for start, price in prices.items():
            overlap = min(end, start + timedelta(seconds=seconds)) - max(begin, start)
            if overlap > timedelta(0):
                share = Fraction(overlap // timedelta(seconds=1), (end - begin) // timedelta(seconds=1))
                cost += (high - low) * share * price / 1000
    return cost


def _require_cost(stage: Stage, exchange: Any, cost: Fraction, says: str) -> None:
    came = Fraction(str(stage.fitting(exchange)["total_cost"]["excl_vat"]))
    near = abs(came - cost) <= _ROUNDING
    stage.require(near, exchange, f"{float(cost):.4f}: {says}", f"{float(came)}", _COST)


def _require_same(stage: Stage, exchange: Any, before: Any) -> None:
    came = stage.fitting(exchange)
    for name in ("total_cost", "currency", "start_date_time", "end_date_time"):
        says = f"{name} is {before[name]}, as by the other method"
        stage.require(came[name] == before[name], exchange, says, f"it is {came[name]}", f"Cdr.{name}")


def _cdr(stage: Stage, exchange: Any) -> Any:
    """The body of a CDR; raises NotPlayed where there is none, which another law is about."""
    if exchange.status != 200:
        raise NotPlayed(f"{CDR} answers {exchange.outcome(stage.run.credentials)}")
    return stage.fitting(exchange)


LAWS = (
    price_comes_only_after_the_stop,
    running_session_is_409,
    price_id_is_not_the_transaction_id,
    price_is_dated_by_its_session,
    price_is_the_same_by_post,
    meter_readings_is_no_transaction_id,
    readings_cost_energy_times_price,
    a_single_period_costs_its_own_price,
    readings_without_energy_cost_nothing,
    session_costs_what_its_readings_cost,
    readings_only_rise,
    readings_need_a_market_with_prices,
)
