"""Events of what comes by itself: vehicles arrive, charge and leave, connections drop, faults come and go, holds lapse.

They are raised when the clock reaches them, while an organization has an endpoint that asks for events of stations. A
job waits for the next instant at which something may happen at one of its stations, compares the station with what it
was a second before, and notes up to when the organization has been told, all in one transaction: so an imported state
goes on where it was, and what one process has told no other one tells.

After a jump of the clock it is told in order what happened meanwhile, of a longer one the last day (`CATCH_UP_S`).
A clock that was set back first has to pass the time up to which all was told.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache, partial

from fixtures.chargers import CELL_S
from fixtures.days import DAY_S, HOUR_S, unix_s, utc
from fixtures.ocpp.faults import fault_of
from fixtures.ocpp.link import Link
from fixtures.sessions import ChargingSession, sessions_present
from mockserver.apis.dynamo import events
from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINTS
from mockserver.apis.dynamo.events import API_NAME
from mockserver.apis.dynamo.sessions import Premises
from mockserver.apis.dynamo.stations.chargers import chargers
from mockserver.apis.dynamo.stations.news import EVENTS, cost_updates, tell
from mockserver.apis.dynamo.stations.station import Station
from mockserver.http.exchange import Context
from mockserver.http.runtime import Runtime
from mockserver.http.unasked import unasked
from mockserver.store import VersionConflict

CATCH_UP_S = DAY_S
"""What happened longer ago is not told any more."""
_TOLD = "dynamo.told"
"""By organization: up to when it has been told, Unix seconds. There is none while nobody listens."""
Moment = tuple[int, str]
"""An instant at which something may happen, Unix seconds, and the charge point."""


async def follow(ctx: Context, org_id: str) -> None:
    """Begin to tell an organization what comes, or leave off; to be called when its endpoints have changed."""
    told = await ctx.store.get(_TOLD, org_id)
    if not await events.has_listeners(ctx, org_id, EVENTS):
        await ctx.store.delete(_TOLD, org_id)
    elif told is None:
        await ctx.store.put(_TOLD, org_id, {"until_s": unix_s(ctx.at)})
        ctx.after_commit(partial(_wait, ctx.runtime, org_id, unix_s(ctx.at)))


async def resume(runtime: Runtime) -> None:
    """Go on telling what comes, in a state that was imported."""
    for told in await runtime.store.list(_TOLD):
        _wait(runtime, told.key, told.value["until_s"])


def _wait(runtime: Runtime, org_id: str, until_s: int) -> None:
    runtime.scheduler.at(utc(until_s), events.job_of(org_id), partial(_go_on, runtime, org_id))


async def _go_on(runtime: Runtime, org_id: str) -> None:
    """Tell what has happened, and wait for what comes next."""
    while moments := await _moments(runtime, org_id):
        for at_s, places in moments:
            if at_s > unix_s(runtime.clock.now()):
                _wait(runtime, org_id, at_s)
                return
            with suppress(VersionConflict):  # another process has told of it
                async with unasked(runtime, API_NAME) as ctx:
                    await _tell(ctx, org_id, at_s, places)
            await asyncio.sleep(0)  # requests, and what was told so far, have their turn


async def _tell(ctx: Context, org_id: str, at_s: int, places: Iterable[str]) -> None:
    """Tell what happens at an instant at some charge points, unless that was told."""
    told = await ctx.store.get(_TOLD, org_id)
    if told is None or told.value["until_s"] >= at_s:
        return
    for charge_point_id in places:
        ctx.at = utc(at_s - 1)
        before = await Station.of(ctx, org_id, charge_point_id)
        ctx.at = utc(at_s)
        if before.saved_s != at_s:  # else all was told when somebody did something there, in this second
            await tell(before, await Station.of(ctx, org_id, charge_point_id))
    await ctx.store.put(_TOLD, org_id, {"until_s": at_s}, expected=told.version)


async def _moments(runtime: Runtime, org_id: str) -> Sequence[tuple[int, Sequence[str]]]:
    """What may happen in the rest of the hour up to which an organization has been told, at which charge points.

    In order; the last second of the hour is always there. Nothing when nobody listens.
    """
    async with unasked(runtime, API_NAME) as ctx:
        told = await ctx.store.get(_TOLD, org_id)
        if told is None:
            return ()
        after_s = max(told.value["until_s"], unix_s(ctx.at) - CATCH_UP_S)
        hour = (after_s + 1) // HOUR_S
        end_s = (hour + 1) * HOUR_S
        ctx.at = utc(after_s)
        of_clients = [moment async for moment in _of_clients(ctx, org_id, after_s, end_s)]
    of_world = _of_hour(Premises(ctx.world, ctx.world.seed, ctx.world.named, org_id), hour)
    places: dict[int, set[str]] = {end_s - 1: set()}
    for at_s, charge_point_id in (*of_world, *of_clients):
        if after_s < at_s < end_s:
            places.setdefault(at_s, set()).add(charge_point_id)
    return [(at_s, sorted(places[at_s])) for at_s in sorted(places)]


async def _of_clients(ctx: Context, org_id: str, after_s: int, end_s: int) -> AsyncIterator[Moment]:
    """The moments in (after_s, end_s), and maybe more, at stations that are otherwise than the world has them."""
    for station in await _stations_of_clients(ctx, org_id):
        moments = [] if station.has_visitors else [*_of_link(station.presence.link, after_s, end_s)]
        if station.state.update is not None:
            moments += station.state.update["from_s"], station.state.update["done_s"]
        for connector in station.connectors.values():
            if connector.hold is not None:
                moments.append(connector.hold["until_s"])
            if connector.running is not None:
                started_at = (await station.transaction(connector.running["transaction_id"]))["started_at"]
                started_s = unix_s(datetime.fromisoformat(started_at))
                moments += (
                    *(each["since_s"] for each in connector.running["phases"]),
                    *cost_updates(started_s, after_s, end_s),
                )
        for at_s in moments:
            yield at_s, station.id


async def _stations_of_clients(ctx: Context, org_id: str) -> Sequence[Station]:
    """Those that clients registered, and those where people did something, or which are reserved today."""
    of_world, touched = chargers(ctx.world, org_id), await Station.touched(ctx, org_id)
    known = {*of_world, *(station.id for station in touched)}
    registered = await ctx.store.list(CHARGE_POINTS.of(org_id).place(ctx))
    others = [await Station.of(ctx, org_id, each.key) for each in registered if each.key not in known]
    return [*touched, *others]


@lru_cache(maxsize=8)
def _of_hour(premises: Premises, hour: int) -> Sequence[Moment]:
    """The moments in an hour since 1970 at the chargers of the world, in order."""
    start_s, end_s = hour * HOUR_S, (hour + 1) * HOUR_S
    found: set[Moment] = set()
    for identity, charger in chargers(premises.world, premises.org_id).items():
        moments = [*_of_link(Link(premises.seed, charger.traits), start_s, end_s)]
        for evse in charger.evses:
            for session in sessions_present(premises.seed, evse.traits, start_s - 1, end_s):
                moments += _of_session(session, start_s, end_s)
        found |= {(at_s, identity) for at_s in moments if start_s <= at_s < end_s}
    return sorted(found)


def _of_session(session: ChargingSession, start_s: int, end_s: int) -> Iterator[int]:
    """When something happens to a session; its cost is told in [start_s, end_s) only."""
    fault = fault_of(session)
    once = (session.plugged_in_s, session.authorized_s, session.started_s, session.ended_s, session.unplugged_s)
    yield from (at_s for at_s in (*once, fault and fault.cleared_s) if at_s is not None)
    yield from (at_s for at_s, _ in session.states)
    if session.started_s is not None and session.ended_s is not None:
        yield from cost_updates(session.started_s, start_s, min(session.ended_s, end_s))


def _of_link(link: Link, start_s: int, end_s: int) -> Iterator[int]:
    """When a connection comes or goes in [start_s, end_s), and maybe more."""
    for cell in range(start_s // CELL_S, (end_s - 1) // CELL_S + 1):
        for outage in link.outages(cell):
            yield from outage
