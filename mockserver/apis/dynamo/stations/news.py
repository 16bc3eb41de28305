"""What is new about a station: two views of it, before and after, and the events that tell the difference.

Before and after a change that clients made, the two are of the same instant; what the world does by itself shows
between one second and the next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from fixtures.days import unix_s
from fixtures.ocpp.faults import fault_of
from mockserver import ids
from mockserver.apis.dynamo.events import has_listeners, job_of, raise_event
from mockserver.apis.dynamo.price_book import PriceBook
from mockserver.apis.dynamo.price_registry import REDEMPTIONS
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.sessions import BilledSession, sessions
from mockserver.apis.dynamo.stations.connectors import FAULTED, Connector
from mockserver.apis.dynamo.stations.registry import TRANSACTIONS
from mockserver.http.parameters import instant
from mockserver.store import Value

if TYPE_CHECKING:
    from mockserver.apis.dynamo.stations.station import Station

EVENTS = (
    *("charge_point.connected", "charge_point.disconnected", "charge_point.status_changed", "charge_point.fault"),
    *("session.authorized", "session.started", "session.cost_updated", "session.ended"),
    *("alert.triggered", "alert.resolved", "firmware.update_started", "firmware.update_completed"),
)
"""Those of stations."""
COST_UPDATE_S = 900
"""Own choice: the cost of a session is told so often, from its start on."""
_MESSAGES = {
    "GroundFailure": "Residual current above the limit",
    "OverCurrentFailure": "Current above the limit of the connector",
}

News = tuple[str, Mapping[str, Any]]
"""The type of an event, and its data but for the charge point."""


async def tell(before: Station, after: Station) -> None:
    """Raise the events for whatever is new."""
    if not await has_listeners(after.ctx, after.org_id, EVENTS):
        return
    found = [*_of_connection(before, after), *_of_firmware(before, after)]
    for number in after.connectors:
        found += [
            *_of_card(before, after, number),
            *await _of_transaction(before, after, number),
            *_of_status(before, after, number),
        ]
    for event, data in found:
        await raise_event(after.ctx, after.org_id, event, charge_point_id=after.id, **data)
    if before.at_s == after.at_s:  # what comes by itself may now come sooner
        after.ctx.after_commit(partial(after.ctx.runtime.scheduler.hasten, job_of(after.org_id)))


def _of_connection(before: Station, after: Station) -> Iterator[News]:
    if before.is_online != after.is_online:
        yield f"charge_point.{'connected' if after.is_online else 'disconnected'}", {}


def _of_firmware(before: Station, after: Station) -> Iterator[News]:
    update = after.state.update
    if update is None:
        return
    known_s = before.at_s if before.state.update == update else -1
    if known_s < update["from_s"] <= after.at_s:
        location = update["location"]
        yield "firmware.update_started", {"firmware_url": location} if ":" in location else {}
    if known_s < update["done_s"] <= after.at_s:
        yield "firmware.update_completed", {"firmware_version": after.firmware}


def _of_card(before: Station, after: Station, number: int) -> Iterator[News]:
    """The card of a vehicle of the world, if the CSMS is asked about it; that of a client is told with the start."""
    visit = after.connectors[number].visit
    if visit is None or visit.authorized_s is None or not after.is_online:
        return
    if before.at_s < visit.authorized_s <= after.at_s and visit.plugged_in_s != after.connectors[number].stopped_s:
        yield "session.authorized", {"connector_id": number, "id_tag": visit.id_token}


async def _of_transaction(before: Station, after: Station, number: int) -> list[News]:
    was, now = (station.transaction_at(station.connectors[number]) for station in (before, after))
    found: list[News] = []
    if was is not None and was != now:
        found.append(("session.ended", _shown(await _session(before, number, after))))
    if now is None:
        return found
    session = await _session(after, number, after)
    if was != now:
        if after.connectors[number].running is not None:
            found.append(("session.authorized", {"connector_id": number, "id_tag": session.id_tag}))
        found.append(("session.started", _shown(session)))
    elif cost_updates(unix_s(session.started_at), before.at_s + 1, after.at_s + 1):
        found.append(("session.cost_updated", _shown(session)))
    return found


def cost_updates(started_s: int, start_s: int, end_s: int) -> range:
    """When the cost of a session that began then is told in [start_s, end_s)."""
    times = max(1, -(-(start_s - started_s) // COST_UPDATE_S))
    return range(started_s + times * COST_UPDATE_S, end_s, COST_UPDATE_S)


def _of_status(before: Station, after: Station, number: int) -> Iterator[News]:
    was, now = before.connectors[number], after.connectors[number]
    place = {"connector_id": number}
    if before.status(was) != after.status(now):
        data = {"status": after.status(now), "previous_status": before.status(was)}
        yield "charge_point.status_changed", {**place, **data}
    old, new = _alert(before, was), _alert(after, now)
    if old is not None and old != new:
        yield "alert.resolved", old
    if new is not None and new != old:
        code = now.error_code(after.at_s)
        yield "charge_point.fault", {**place, "error_code": code, "info": _MESSAGES.get(code)}
        yield "alert.triggered", new


def _alert(station: Station, connector: Connector) -> Mapping[str, Any] | None:
    """What is to be said of the fault of a connector; None without one."""
    if connector.status(station.at_s) != FAULTED:
        return None
    fault = None if connector.shown or connector.visit is None else fault_of(connector.visit)
    since_s = connector.faults[-1][0] if fault is None else fault.started_s
    message = _MESSAGES.get(connector.error_code(station.at_s), "Fault")
    return {
        "alert_id": ids.prefixed("alrt_", station.ctx.world.seed, station.id, connector.number, since_s or 0),
        "severity": "critical",
        "message": f"{message}, connector {connector.number}",
    }


async def _session(station: Station, number: int, now: Station) -> BilledSession:
    """The session whose transaction a view of the station has at a connector, as it is now."""
    ctx, org_id, connector = now.ctx, now.org_id, station.connectors[number]
    kept: Value | None
    if connector.running is not None:
        kept = await now.transaction(connector.running["transaction_id"])
        key = str(kept["id"])
    else:
        assert connector.visit is not None, "nobody is there"  # noqa: S101  # a defect, not an input
        key = f"txn_{station.world_id_of(connector.visit)}"
        kept = await TRANSACTIONS.of(org_id).find(ctx, key)
    only, transactions, at = f"sess_{key.removeprefix('txn_')}", [] if kept is None else [kept], ctx.at
    if kept is not None:
        at = max(at, instant(kept["started_at"]))  # the clock may have been set back
    redemption = await REDEMPTIONS.of(org_id).find(ctx, only)
    (found,) = sessions(
        ctx.world,
        org_id,
        at,
        only=only,
        transactions=transactions,
        redemptions=[] if redemption is None else [redemption],
        book=await PriceBook.of(ctx, org_id),
    )
    return found


def _shown(session: BilledSession) -> Mapping[str, Any]:
    shown = {
        "session_id": session.id,
        "transaction_id": session.transaction_id,
        "connector_id": session.connector_id,
        "id_tag": session.id_tag,
        "started_at": to_the_second(session.started_at),
        "ended_at": session.ended_at and to_the_second(session.ended_at),
        "status": session.status,
        "energy_kwh": float(session.facts.energy_kwh),
    }
    if session.book.at(session.started_at).tariff_id(session.charge_point_id) is None:
        return shown  # an organization that clients made has no prices before it sets some
    return {**shown, "total_cost": float(session.bill.total_cost), "currency": session.bill.currency}
