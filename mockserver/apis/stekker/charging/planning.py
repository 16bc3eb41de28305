"""When sessions are planned anew, and the profiles that tell operators of it.

A session is planned when it begins; when the car takes more or less than planned or tells another state of charge; when
prices come out; and when its site has more or less room. What changed is pushed, the newest plan only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import quote

from fixtures.days import SECOND_US, unix_s, unix_us, utc
from fixtures.price_forecasts import forecast
from fixtures.prices import Area, price_at
from mockserver.apis.stekker.charging import charge_points, organizations, sessions, sites
from mockserver.apis.stekker.charging.organizations import Organization
from mockserver.apis.stekker.charging.sessions import Session
from mockserver.clock import timestamp
from mockserver.domain.smart_charging import (
    DIFFERENCE_S,
    SLOT_S,
    Need,
    Period,
    is_other,
    limit_at,
    periods,
    planned_wh,
)
from mockserver.http.deliveries import Webhook
from mockserver.http.errors import ContractBroken
from mockserver.http.runtime import Runtime

TOPIC = "setChargingProfile"
MISSED_WH, MISSED_SHARE = 500.0, 0.02
"""How far the energy, and the remaining need as a share of the battery, may be off before a plan is made anew."""
SLACK = 0.9
"""A car that draws less than this share of its limit has a limit of its own."""
_LEARNED_FROM_S = 60

Push = tuple[tuple[str, str, str], Webhook]
"""A lane of the outbox, and what goes there."""


def lane_of(organization: Organization, session: Session) -> tuple[str, str, str]:
    """The lane of a session's profiles."""
    return ("stekker", organization.id, session["session_id"])


async def active_sessions(organization: Organization, charge_point_ids: Iterable[str]) -> list[Session]:
    """The sessions that go on at some charge points."""
    keys: list[str] = []
    for charge_point_id in charge_point_ids:
        charge_point = await charge_points.find(organization, charge_point_id)
        if charge_point is not None:
            keys += [each["session"] for each in charge_point["connectors"].values() if each["session"] is not None]
    return [await sessions.by_key(organization, key) for key in keys]


async def replan(organization: Organization, session: Session, at: datetime) -> list[Push]:
    """Plan a session from an aware instant on, with all that share its site; stores them, gives what to push."""
    site = await sites.site_of(organization, session["charge_point_id"])
    if site is not None:
        return await replan_site(organization, site, at, session)
    return await _plan(organization, [session], at, None)


async def replan_site(
    organization: Organization, site: Any, at: datetime, changed: Session | None = None
) -> list[Push]:
    """Plan all sessions of a site; `changed` is one of them that is not stored yet, or has just ended."""
    others = await active_sessions(organization, site["charge_point_ids"])
    if changed is not None:
        others = [each for each in others if each["session_id"] != changed["session_id"]]
    involved = others if changed is None or changed["ended_us"] is not None else [*others, changed]
    return await _plan(organization, involved, at, await sites.room_w(organization, site, involved, unix_us(at)))


async def fit_site(organization: Organization, site: Any, at: datetime) -> list[Push]:
    """Plan all sessions of a site if its sensors leave another room than they are planned with."""
    involved = await active_sessions(organization, site["charge_point_ids"])
    room_w = await sites.room_w(organization, site, involved, unix_us(at))
    if all(each["plan"] is not None and each["plan"]["room_w"] == room_w for each in involved):
        return []
    return await _plan(organization, involved, at, room_w)


def is_off(session: Session, area: Area, now: datetime, at: datetime) -> bool:
    """Whether a session's plan no longer fits what is known at the virtual `now` and was measured at `at`."""
    plan, at_s = session["plan"], unix_s(at)
    if plan is None or has_new_prices(session, area, now):
        return True
    charged_wh = sessions.expected_wh(session, at_s) - plan["energy_wh"]
    planned = planned_wh(sessions.told(plan), plan["checked_s"], at_s, plan["drawn_w"])
    if abs(charged_wh - planned) > MISSED_WH:
        return True
    surprise_wh = _remaining_wh(session, at_s) - max(plan["remaining_wh"] - charged_wh, 0.0)
    return abs(surprise_wh) > max(MISSED_SHARE * session["battery_wh"], MISSED_WH)


def has_new_prices(session: Session, area: Area, now: datetime) -> bool:
    """Whether prices have come out that a session's plan would have taken into account."""
    plan = session["plan"]
    return (
        plan is not None
        and session["departure_s"] > plan["prices_until_s"]
        and unix_s(area.known_until(now)) != plan["prices_until_s"]
    )


def learn(session: Session, since_us: int, register_wh: float) -> None:
    """See from what was drawn since an instant, with the register then, whether the car has a limit of its own."""
    plan = session["plan"]
    start_s, end_s = since_us // SECOND_US, session["meter_last_us"] // SECOND_US
    if plan is None or end_s - start_s < _LEARNED_FROM_S:
        return
    periods_told = sessions.told(plan)
    limit_w = limit_at(periods_told, start_s)
    steady = all(not start_s < period.start_s <= end_s for period in periods_told)
    drawn_w = (session["meter_last_wh"] - register_wh) * 3600.0 / (end_s - start_s)
    if limit_w and steady and drawn_w > 0.0:
        session["drawn_w"] = drawn_w if drawn_w < SLACK * limit_w else None


def send(runtime: Runtime, pushes: Iterable[Push]) -> None:
    """Hand profiles to the outbox; only to be called once what they tell of is stored."""
    for lane, webhook in pushes:
        runtime.outbox.send(lane, webhook)


async def resume(runtime: Runtime) -> None:
    """Push the plans of all sessions that go on once more, and wait for prices again."""
    for organization in await organizations.organizations(runtime):
        going_on = await _all_active(organization)
        send(runtime, await tell_again(organization, going_on))
        if going_on:
            await_prices(organization, await organization.market())


async def tell_again(organization: Organization, going_on: Iterable[Session]) -> list[Push]:
    """What these sessions were told last, to be pushed to where profiles go now; nothing where they go nowhere."""
    settings = await organization.settings()
    if settings["callback_url"] is None:
        return []
    return [
        (lane_of(organization, each), _webhook(organization, settings, each))
        for each in going_on
        if each["plan"] is not None
    ]


async def move_pushes(organization: Organization) -> Callable[[], None]:
    """What to do once a new callback is stored: push all plans there, and leave off trying at the old one."""
    going_on = await _all_active(organization)
    pushes = await tell_again(organization, going_on)

    def move() -> None:
        for session in going_on:
            organization.runtime.outbox.withdraw(lane_of(organization, session))
        send(organization.runtime, pushes)

    return move


async def _all_active(organization: Organization) -> list[Session]:
    known = [row["charge_point_id"] for row in await organization.charge_points.list()]
    return await active_sessions(organization, known)


def await_prices(organization: Organization, area: Area) -> None:
    """Have the organization's sessions planned anew when the next day's prices come out."""
    runtime = organization.runtime
    next_day = area.known_until(runtime.clock.now()).astimezone(area.zone).date()
    runtime.scheduler.at(
        area.publication(next_day), ("stekker prices", organization.id), partial(_prices_came, organization)
    )


async def _prices_came(organization: Organization) -> None:
    runtime = organization.runtime
    async with runtime.store.transaction():
        now, area = runtime.clock.now(), await organization.market()
        pushes = []
        waiting = await _all_active(organization)
        for each in waiting:
            session = await sessions.again(organization, each)  # another one of its site may have been planned with it
            if has_new_prices(session, area, now):
                pushes += await replan(organization, session, now)
    send(runtime, pushes)
    if waiting:
        await_prices(organization, area)


async def _plan(
    organization: Organization, involved: Iterable[Session], at: datetime, room_w: int | None
) -> list[Push]:
    """Plan sessions, the first to leave first, each with the room that is left of `room_w`; None is no limit."""
    runtime, area = organization.runtime, await organization.market()
    prices_until_s = unix_s(area.known_until(runtime.clock.now()))
    price = _prices(runtime, area, prices_until_s)
    settings = await organization.settings()
    taken_w: dict[int, int] = {}
    pushes: list[Push] = []
    for session in sorted(involved, key=lambda each: (each["departure_s"], each["number"])):
        before = session["plan"]
        # What comes late does not take a session back to before it was last planned or heard of.
        at_s = max(unix_s(at), session["meter_last_us"] // SECOND_US, before["checked_s"] if before else 0)
        energy_wh = sessions.expected_wh(session, at_s)
        need = Need(
            at_s=at_s,
            departure_s=session["departure_s"],
            energy_wh=_remaining_wh(session, at_s),
            direct_wh=max(session["direct_wh"] - energy_wh, 0.0),
            max_power_w=session["max_power_w"],
            phases=session["phases"],
            drawn_w=session["drawn_w"],
        )
        room = None if room_w is None else partial(_room, room_w, taken_w)
        planned = periods(need, price, room)
        if room_w is not None:
            for start in need.slots:
                span = (max(start, need.at_s), start + SLOT_S)
                taken_w[start] = taken_w.get(start, 0) + _highest(planned, *span)
        tolerance_s = DIFFERENCE_S if room_w is None else 0
        is_news = before is None or is_other(sessions.told(before), planned, tolerance_s)
        session["plan"] = {
            "periods": [[*period] for period in planned] if before is None or is_news else before["periods"],
            "checked_s": at_s,
            "energy_wh": energy_wh,
            "remaining_wh": need.energy_wh,
            "drawn_w": session["drawn_w"],
            "prices_until_s": prices_until_s,
            "room_w": room_w,
        }
        await sessions.save(organization, session)
        if is_news and settings["callback_url"] is not None:
            pushes.append((lane_of(organization, session), _webhook(organization, settings, session)))
    return pushes


def _remaining_wh(session: Session, at_s: int) -> float:
    """The energy that a session still needs at an instant, as far as one can tell then."""
    since_wh = sessions.expected_wh(session, at_s) - sessions.energy_wh(session)
    return max(sessions.remaining_wh(session) - since_wh, 0.0)


def _room(room_w: int, taken_w: dict[int, int], start_s: int) -> int:
    return room_w - taken_w.get(start_s, 0)


def _highest(planned: Sequence[Period], start_s: int, end_s: int) -> int:
    """The highest limit in [start_s, end_s), W."""
    inside = [period.limit_w for period in planned if start_s < period.start_s < end_s]
    return max([limit_at(planned, start_s), *inside])


def _prices(runtime: Runtime, area: Area, known_until_s: int) -> Callable[[int], float]:
    """The price per MWh of the quarter-hour that starts at an instant: settled, else as forecast now."""
    now, seed = runtime.clock.now(), runtime.seed

    def price(start_s: int) -> float:
        if start_s < known_until_s:
            return float(price_at(seed, area.name, utc(start_s), SLOT_S))
        return float(forecast(seed, area.name, utc(start_s), now, SLOT_S).expected)

    return price


def _webhook(organization: Organization, settings: Any, session: Session) -> Webhook:
    """The profile as OCPP 1.6 SetChargingProfile.req; ContractBroken if that is not what the contract says."""
    plan = session["plan"]
    assert plan is not None, "only what is planned is pushed"  # noqa: S101  # a defect, not an input
    periods_told = sessions.told(plan)
    start_s = periods_told[0].start_s
    body = {
        "connectorId": session["connector_id"],
        "csChargingProfiles": {
            "chargingProfileId": session["number"],
            "transactionId": session["transaction_id"],
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "startSchedule": timestamp(utc(start_s)),
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": [
                    {"startPeriod": period.start_s - start_s, "limit": period.limit_w} for period in periods_told
                ],
            },
        },
    }
    mounted = next(each for each in organization.runtime.apis if each.api.name == "stekker")
    if violations := mounted.webhooks[TOPIC].violations(body):
        raise ContractBroken(f"{TOPIC} breaks its contract: {violations[0].pointer or '/'}: {violations[0].message}")
    key = settings["callback_api_key"]
    charge_point_id = quote(session["charge_point_id"], safe="")
    return Webhook(
        topic=TOPIC,
        api="stekker",
        client_id=organization.id,
        url=f"{settings['callback_url'].rstrip('/')}/{charge_point_id}/set-charging-profile",
        body=body,
        secret_headers={} if key is None else {"secret": key, "x-functions-key": key},
        latest_only=True,
    )
