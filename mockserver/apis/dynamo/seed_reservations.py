"""The reservations that are there before anybody made one: of each state one, at any time of any day.

Each day, UTC, a driver has a connector held from midnight to midnight; yesterday's has expired, one was cancelled, and
one led to the last session at a neighbour. They need a site of some size, so small worlds have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from fixtures.days import unix_s
from mockserver import ids
from mockserver.apis.dynamo.seed import SeedOrganization, seed_organization, sites
from mockserver.apis.dynamo.stations.connectors import station_tag
from mockserver.clock import timestamp
from mockserver.domain.sessions import Session
from mockserver.domain.sites import Site
from mockserver.domain.world import World
from mockserver.http.exchange import Context
from mockserver.http.resources import NUMBER
from mockserver.store import Value

_DAY = timedelta(days=1)
_FEWEST_CHARGERS = 3
_FIRST_NUMBER = 1_000_000
"""Of reservations in OCPP, far from those that clients make."""
_KINDS = ("used", "cancelled", "expired", "active")


class SeedHold(NamedTuple):
    """A connector that is held today; instants in Unix seconds, the end excluded."""

    charge_point_id: str
    connector_id: int
    reservation_id: int
    id_tag: str
    from_s: int
    until_s: int


def reservations(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    """Those of an organization of the seed world, as of now."""
    return daily_reservations(ctx.world, owner_id, ctx.at.astimezone(UTC).toordinal())


def hold(world: World, org_id: str, at: datetime) -> SeedHold | None:
    """What an organization of the seed world has a station hold today."""
    for value in daily_reservations(world, org_id, at.astimezone(UTC).toordinal()).values():
        if value["status"] == "active" and datetime.fromisoformat(value["expires_at"]) > at:
            return SeedHold(
                value["charge_point_id"],
                value["connector_id"],
                value["ocpp_reservation_id"],
                station_tag(world.seed, value["id_tag"]),
                unix_s(datetime.fromisoformat(value["created_at"])),
                unix_s(datetime.fromisoformat(value["expires_at"])),
            )
    return None


@lru_cache(maxsize=16)
def daily_reservations(world: World, org_id: str, day: int) -> Mapping[str, Value]:
    """Those of an organization on a day, given by its ordinal, by id; the last is the one that is held."""
    organization = seed_organization(world.seed, org_id)
    site = next((each for each in sites(world, org_id) if len(each.chargers) >= _FEWEST_CHARGERS), None)
    if organization is None or site is None:
        return {}
    midnight = datetime.combine(datetime.fromordinal(day), time(), UTC)
    if midnight.date() <= site.opened_on:
        return {}
    *_, neighbour, last = site.chargers
    driver = organization.email("first.driver")
    morning = midnight - timedelta(hours=15)
    found: dict[str, dict[str, Any]] = {
        "cancelled": _of(last.identity, 1, driver, morning, morning + timedelta(hours=3))
        | {"cancelled_at": timestamp(morning + timedelta(minutes=20))},
        "expired": _of(last.identity, last.evses[-1].number, driver, midnight - _DAY, midnight),
        "active": _of(last.identity, last.evses[-1].number, driver, midnight, midnight + _DAY),
    }
    session = _last_session(world, site, neighbour.identity, midnight)
    if session is not None and session.started_at is not None:
        used_at = session.started_at
        made_at, ends_at = used_at - timedelta(minutes=25), used_at + timedelta(minutes=20)
        found["used"] = _of(neighbour.identity, session.evse.number, session.charging.id_token, made_at, ends_at) | {
            "used_at": timestamp(used_at),
            "transaction_id": f"txn_{session.id}",
        }
    return {
        value["id"]: value
        for value in (_numbered(world.seed, organization, day, kind, found[kind]) for kind in _KINDS if kind in found)
    }


def _of(charge_point_id: str, connector_id: int, id_tag: str, made_at: datetime, ends_at: datetime) -> dict[str, Any]:
    return {
        "charge_point_id": charge_point_id,
        "connector_id": connector_id,
        "id_tag": id_tag,
        "created_at": timestamp(made_at),
        "expires_at": timestamp(ends_at),
        "used_at": None,
        "cancelled_at": None,
        "transaction_id": None,
    }


def _numbered(seed: int, organization: SeedOrganization, day: int, kind: str, value: dict[str, Any]) -> Value:
    """One that expires is the active one of the day before, and stays the same."""
    position = _KINDS.index(kind)
    name, made_on = ("active", day - 1) if kind == "expired" else (kind, day)
    return {
        "id": ids.prefixed("rsv_", seed, organization.key, name, made_on),
        NUMBER: position - len(_KINDS),
        "ocpp_reservation_id": _FIRST_NUMBER + made_on * len(_KINDS) + _KINDS.index(name),
        "status": name,
        **value,
    }


def _last_session(world: World, site: Site, charge_point_id: str, before: datetime) -> Session | None:
    """The last session with a transaction at a charge point that began in the week before an instant."""
    there = (
        session
        for session in world.sessions(before - 7 * _DAY, before - _DAY / 24, [site])
        if session.charger.identity == charge_point_id and session.started_at and session.started_at < before
    )
    last = None
    for last in there:  # noqa: B007  # the stream has no end to look at
        pass
    return last
