"""Charging sessions as the events tell of them: one record per charge point and transaction.

pending_start -> direct_charging -> smart_charging -> completed         StopTransaction, or another start
      `------------------`-----------------`--------> stopped_unpaired  the charge point was unpaired
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, TypedDict, cast

from fixtures.days import DAY_S, SECOND_US, unix_s, unix_us, utc_of_us
from mockserver import ids
from mockserver.apis.stekker.charging.charge_points import ChargePoint, connector_of
from mockserver.apis.stekker.charging.organizations import Organization
from mockserver.apis.stekker.charging.samples import Sample
from mockserver.apis.stekker.charging.wishes import wishes_of
from mockserver.domain.smart_charging import SLOT_S, Period, limit_at, planned_wh
from mockserver.store.counter import next_number

LONGEST_DAYS = 366
LONGEST_US = LONGEST_DAYS * DAY_S * SECOND_US
"""No session is longer: what is priced at once stays bounded."""
HISTORY = 20
"""How many earlier sessions a forecast looks back on."""
_SLOT_US = SLOT_S * SECOND_US


class Plan(TypedDict):
    """The plan as it was told last, in periods of [start_s, limit_w], and how things stood when it was last gone over.

    That was at `checked_s`: the energy that was in, what remained, the car's own limit, until when prices were known,
    and the room at the site (None: no limit).
    """

    periods: list[list[int]]
    checked_s: int
    energy_wh: float
    remaining_wh: float
    drawn_w: float | None
    prices_until_s: int
    room_w: int | None


class Session(TypedDict):
    """One session. Instants are Unix microseconds (`_us`) or seconds (`_s`), registers lifetime Wh.

    Of the readings, the first and the last of each quarter-hour are kept, `[at_us, register_wh, at_us, register_wh]` by
    the second it starts: all that the register between market periods follows from.
    """

    session_id: str
    number: int
    charge_point_id: str
    connector_id: int
    transaction_id: int
    id_tag: str
    started_us: int
    ended_us: int | None
    is_unpaired: bool
    meter_start_wh: float
    meter_last_wh: float
    meter_last_us: int
    meter_values_count: int
    readings: dict[str, list[Any]]
    power_w: float | None
    power_us: int
    drawn_w: float | None
    soc_percent: float | None
    soc_us: int
    soc_wh: float
    max_power_w: int
    phases: int
    target_wh: float
    direct_wh: float
    battery_wh: int
    target_percent: float
    departure_s: int
    market_region: str
    plan: Plan | None


def key_of(charge_point_id: str, transaction_id: int) -> str:
    """The key of a session in its organization."""
    return f"{transaction_id}/{charge_point_id}"


async def find(organization: Organization, charge_point_id: str, transaction_id: int) -> Session | None:
    """The session of a transaction at a charge point, or None."""
    return cast("Session | None", await organization.sessions.get(key_of(charge_point_id, transaction_id)))


async def of_transaction(organization: Organization, transaction_id: str) -> Session | None:
    """The latest session of a transaction id, at whichever charge point, or None."""
    latest = await organization.transactions.get(transaction_id)
    return None if latest is None else cast("Session | None", await organization.sessions.get(latest["session"]))


async def by_key(organization: Organization, key: str) -> Session:
    """A session that a charge point names as its active one."""
    return cast("Session", await organization.sessions.get(key))


async def again(organization: Organization, session: Session) -> Session:
    """A session as it is stored now."""
    return await by_key(organization, key_of(session["charge_point_id"], session["transaction_id"]))


async def save(organization: Organization, session: Session) -> None:
    """Store a changed session."""
    await organization.sessions.put(key_of(session["charge_point_id"], session["transaction_id"]), session)


async def begin(
    organization: Organization,
    charge_point: ChargePoint,
    *,
    connector_id: int,
    transaction_id: int,
    id_tag: str,
    at: datetime,
    meter_start_wh: int,
) -> Session:
    """Open a session on a connector; the charge point is changed, but not saved."""
    connector = connector_of(charge_point, connector_id)
    wishes = await wishes_of(organization, id_tag)
    market = await organization.market()
    charge_point_id, seed = charge_point["charge_point_id"], organization.runtime.seed
    session: Session = {
        "session_id": ids.ulid(at, seed, "stekker session", organization.id, charge_point_id, transaction_id),
        "number": await next_number(organization.runtime.store, "stekker charging profile"),
        "charge_point_id": charge_point_id,
        "connector_id": connector_id,
        "transaction_id": transaction_id,
        "id_tag": id_tag,
        "started_us": unix_us(at),
        "ended_us": None,
        "is_unpaired": False,
        "meter_start_wh": meter_start_wh,
        "meter_last_wh": meter_start_wh,
        "meter_last_us": unix_us(at),
        "meter_values_count": 0,
        "readings": {},
        "power_w": None,
        "power_us": unix_us(at),
        "drawn_w": None,
        "soc_percent": None,
        "soc_us": unix_us(at),
        "soc_wh": 0.0,
        "max_power_w": connector["max_power_w"] or charge_point["max_power_w"],
        "phases": connector["phases"] or charge_point["phases"],
        "target_wh": wishes.target_wh,
        "direct_wh": wishes.direct_wh,
        "battery_wh": wishes.battery_wh,
        "target_percent": wishes.target_percent,
        "departure_s": unix_s(wishes.departure_after(at, market.zone)),
        "market_region": market.name,
        "plan": None,
    }
    _keep(session, unix_us(at), meter_start_wh)
    connector["session"] = key_of(charge_point_id, transaction_id)
    await organization.transactions.put(str(transaction_id), {"session": connector["session"]})
    return session


def take_in(session: Session, sample: Sample) -> str | None:
    """Add a sample; the message says why its register was left out, None when it was not.

    Older readings than the last one are kept for the price; of power and state of charge only the latest count.
    """
    if sample.at_us < session["started_us"]:
        return "older than the session"
    if sample.at_us - session["started_us"] > LONGEST_US:
        return f"more than {LONGEST_DAYS} days after the start"
    is_newer = sample.at_us > session["meter_last_us"]
    problem, power_w = None, sample.power_w
    if sample.register_wh is not None:
        low_wh, high_wh = _neighbours(session, sample.at_us)
        if low_wh <= sample.register_wh <= high_wh:
            _keep(session, sample.at_us, sample.register_wh)
            if is_newer:
                elapsed_us, drawn_wh = sample.at_us - session["meter_last_us"], sample.register_wh - low_wh
                power_w = drawn_wh * 3.6e9 / elapsed_us if power_w is None else power_w
                session["meter_last_wh"], session["meter_last_us"] = sample.register_wh, sample.at_us
        else:
            problem = f"register of {sample.register_wh:g} Wh is not between its neighbours in time"
    if power_w is not None and sample.at_us >= session["power_us"]:
        session["power_w"], session["power_us"] = power_w, sample.at_us
    if sample.soc_percent is not None and sample.at_us >= session["soc_us"]:
        session["soc_percent"], session["soc_us"], session["soc_wh"] = (
            sample.soc_percent,
            sample.at_us,
            energy_wh(session),
        )
    return problem


async def end(
    organization: Organization, charge_point: ChargePoint, session: Session, at_us: int, meter_stop_wh: float
) -> None:
    """Complete a session, and remember what it took; the charge point is changed, but not saved."""
    for slot, (first_us, first_wh, last_us, last_wh) in tuple(session["readings"].items()):
        if first_us > at_us or first_wh > meter_stop_wh:
            del session["readings"][slot]
        elif last_us > at_us or last_wh > meter_stop_wh:
            session["readings"][slot] = [first_us, first_wh, first_us, first_wh]
    _keep(session, at_us, meter_stop_wh)
    session["ended_us"], session["meter_last_us"], session["meter_last_wh"] = at_us, at_us, meter_stop_wh
    _free(charge_point, session)
    await save(organization, session)
    for key in (f"tag:{session['id_tag']}", f"charge point:{session['charge_point_id']}"):
        earlier = (await organization.history.get(key) or {"energies_wh": []})["energies_wh"]
        await organization.history.put(key, {"energies_wh": [*earlier, round(energy_wh(session))][-HISTORY:]})


async def stop_unpaired(organization: Organization, charge_point: ChargePoint, session: Session, at_us: int) -> None:
    """End a session because its charge point leaves."""
    session["ended_us"], session["is_unpaired"] = max(at_us, session["meter_last_us"]), True
    _free(charge_point, session)
    await save(organization, session)


async def history(organization: Organization, charge_point_id: str | None, id_tag: str | None) -> list[int]:
    """The Wh of the latest completed sessions, oldest first: of the id tag, or where it has none, the charge point."""
    for key in (f"tag:{id_tag}", f"charge point:{charge_point_id}"):
        if found := await organization.history.get(key):
            return [*found["energies_wh"]]
    return []


def energy_wh(session: Session) -> float:
    """What was charged so far."""
    return session["meter_last_wh"] - session["meter_start_wh"]


def told(plan: Plan) -> list[Period]:
    """The periods of a plan."""
    return [Period(start_s, limit_w) for start_s, limit_w in plan["periods"]]


def expected_wh(session: Session, at_s: int) -> float:
    """What is in at an instant, in Unix seconds: what was known last, and since then what the plan gives."""
    since_s, known_wh, plan = session["meter_last_us"] // SECOND_US, energy_wh(session), session["plan"]
    if plan is None:
        return known_wh
    if plan["checked_s"] > since_s:
        since_s, known_wh = plan["checked_s"], plan["energy_wh"]
    return known_wh + planned_wh(told(plan), since_s, at_s, session["drawn_w"])


def drawing_w(session: Session, at_us: int, fresh_us: int) -> float:
    """The power drawn at an instant, Unix microseconds.

    As it was told within `fresh_us`, under the limit that holds then; else as planned.
    """
    if session["started_us"] > at_us:
        return 0.0
    plan, power_w = session["plan"], session["power_w"]
    periods = [] if plan is None else told(plan)
    begin_s = periods[0].start_s if periods else 0
    limit_w, limit_then_w = (limit_at(periods, max(us // SECOND_US, begin_s)) for us in (at_us, session["power_us"]))
    if power_w is not None and abs(at_us - session["power_us"]) <= fresh_us and limit_w == limit_then_w:
        return power_w
    return min(limit_w, session["drawn_w"] or limit_w)


def state(session: Session) -> str:
    """Where a session stands."""
    if session["ended_us"] is not None:
        return "stopped_unpaired" if session["is_unpaired"] else "completed"
    charged_wh = energy_wh(session)
    if charged_wh <= 0:
        return "pending_start"
    return "direct_charging" if charged_wh < session["direct_wh"] else "smart_charging"


def remaining_wh(session: Session) -> float:
    """Energy to the target: by the car's own state of charge where it tells, else by what was assumed on arrival."""
    if session["soc_percent"] is None:
        return max(session["target_wh"] - energy_wh(session), 0.0)
    missing = (session["target_percent"] - session["soc_percent"]) / 100.0 * session["battery_wh"]
    return max(missing - (energy_wh(session) - session["soc_wh"]), 0.0)


def readings(session: Session) -> Iterator[tuple[int, Decimal]]:
    """Unix microseconds and register in Wh, in order, each instant once."""
    found: dict[int, float] = {}
    for _, (first_us, first_wh, last_us, last_wh) in sorted(session["readings"].items(), key=lambda item: int(item[0])):
        found |= {first_us: first_wh, last_us: last_wh}
    for at_us, register_wh in found.items():
        yield at_us, Decimal(str(register_wh))


def started_at(session: Session) -> datetime:
    """Start of the transaction, UTC."""
    return utc_of_us(session["started_us"])


def ended_at(session: Session) -> datetime | None:
    """End of the session, UTC; None while it goes on."""
    return None if session["ended_us"] is None else utc_of_us(session["ended_us"])


def _free(charge_point: ChargePoint, session: Session) -> None:
    connector_of(charge_point, session["connector_id"])["session"] = None


def _keep(session: Session, at_us: int, register_wh: float) -> None:
    slot = str(at_us // _SLOT_US * SLOT_S)
    first_us, first_wh, last_us, last_wh = session["readings"].get(slot, [at_us, register_wh] * 2)
    if at_us < first_us:
        first_us, first_wh = at_us, register_wh
    if at_us >= last_us:
        last_us, last_wh = at_us, register_wh
    session["readings"][slot] = [first_us, first_wh, last_us, last_wh]


def _neighbours(session: Session, at_us: int) -> tuple[float, float]:
    """The registers kept right before and after an instant, in Wh; after the last one there is no limit."""
    if at_us > session["meter_last_us"]:
        return session["meter_last_wh"], float("inf")
    low_wh, high_wh = session["meter_start_wh"], session["meter_last_wh"]
    for first_us, first_wh, last_us, last_wh in session["readings"].values():
        for kept_us, kept_wh in ((first_us, first_wh), (last_us, last_wh)):
            if kept_us <= at_us:
                low_wh = max(low_wh, kept_wh)
            else:
                high_wh = min(high_wh, kept_wh)
    return low_wh, high_wh
