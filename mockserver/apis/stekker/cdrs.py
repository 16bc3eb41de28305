"""Tag CDRs: what the energy of a session cost on the day-ahead market."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from fixtures.days import unix_us, utc_of_us
from fixtures.prices import Area, area
from mockserver import ids
from mockserver.apis.stekker.charging import sessions
from mockserver.apis.stekker.charging.organizations import calling
from mockserver.apis.stekker.moments import moment
from mockserver.apis.stekker.regions import market_area
from mockserver.clock import timestamp
from mockserver.domain.session_cost import BadReading, Cdr, Reading, UnsettledPeriod, session_cost
from mockserver.http.errors import Conflict, NotFound, Unprocessable
from mockserver.http.exchange import Context


async def get_cdr(ctx: Context, *, cpo_transaction_id: str) -> Cdr:
    """Price a session that StopTransaction has completed."""
    return await _of_session(ctx, cpo_transaction_id)


async def post_cdr(ctx: Context, *, cpo_transaction_id: str) -> Cdr:
    """The same by POST, as the heading of the provider's page has it."""
    return await _of_session(ctx, cpo_transaction_id)


async def post_meter_readings(ctx: Context) -> Cdr:
    """Price readings that no session of ours has."""
    return _priced_readings(ctx)


async def get_meter_readings(ctx: Context) -> Cdr:
    """The same by GET, as the provider's sample has it."""
    return _priced_readings(ctx)


def priced(ctx: Context, cdr_id: str, area: Area, readings: Sequence[Reading]) -> Cdr:
    """The CDR of readings in order; raises as `session_cost` does."""
    started_at, ended_at = utc_of_us(readings[0].at_us), utc_of_us(readings[-1].at_us)
    return Cdr(
        id=cdr_id,
        currency=area.currency,
        started_at=started_at,
        ended_at=ended_at,
        last_updated_at=max(ctx.at, ended_at),
        cost_excl_vat=session_cost(readings, ctx.world.auction_prices(area, started_at, ended_at)),
    )


async def _of_session(ctx: Context, transaction_id: str) -> Cdr:
    organization = calling(ctx)
    session = await sessions.of_transaction(organization, transaction_id)
    if session is None:
        raise NotFound(f"There is no transaction {transaction_id[:80]!r}.")
    if sessions.state(session) != "completed":
        raise Conflict(f"Transaction {transaction_id} is {sessions.state(session)}; a CDR follows StopTransaction.")
    readings = [Reading(at_us, register_wh) for at_us, register_wh in sessions.readings(session)]
    try:
        return priced(ctx, session["session_id"], area(session["market_region"]), readings)
    except UnsettledPeriod as unsettled:
        raise Conflict(f"Transaction {transaction_id} cannot be priced yet: {unsettled}.") from None


def _priced_readings(ctx: Context) -> Cdr:
    market, given = ctx.body["power_market"], ctx.body["meter_readings"]
    if market["sub_modality"] != "DayAhead":
        raise Unprocessable(
            f"{market['sub_modality']} is not a market that is priced here: send DayAhead", "power_market.sub_modality"
        )
    where = market_area(market["market_area_code"], "power_market.market_area_code")
    readings = [_reading(each, index) for index, each in enumerate(given)]
    if readings[-1].at_us - readings[0].at_us > sessions.LONGEST_US:
        raise Unprocessable(f"span more than {sessions.LONGEST_DAYS} days: price them in parts", "meter_readings")
    # The same readings are the same CDR, whoever asks for it again.
    content = " ".join(f"{at_us}:{register_wh}" for at_us, register_wh in readings)
    try:
        return priced(ctx, ids.uuid(ctx.world.seed, "stekker meter readings", where.name, content), where, readings)
    except BadReading as bad:
        name = "timestamp" if bad.is_time else "reading_kwh"
        raise Unprocessable(f"{given[bad.index][name]} {bad}", f"meter_readings.{bad.index}.{name}") from None
    except UnsettledPeriod as unsettled:
        index = next(number for number, each in enumerate(readings) if each.at_us > unix_us(unsettled.start))
        raise Unprocessable(
            f"{given[index]['timestamp']} is after {timestamp(unsettled.start)}, from when on no price is settled yet",
            f"meter_readings.{index}.timestamp",
        ) from None


def _reading(given: dict[str, Any], index: int) -> Reading:
    at = moment(given["timestamp"], f"meter_readings.{index}.timestamp")
    return Reading(unix_us(at), Decimal(str(given["reading_kwh"])) * 1000)
