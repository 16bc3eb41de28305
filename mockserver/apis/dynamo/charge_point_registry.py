"""The charge points of an organization: the chargers of the world that it operates, and those that were registered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from mockserver.apis.dynamo import seed
from mockserver.apis.dynamo.project_registry import project_id
from mockserver.apis.dynamo.registry import resource, to_the_second
from mockserver.apis.dynamo.site_registry import site_id
from mockserver.domain.sites import Charger, Site
from mockserver.domain.world import World
from mockserver.http.errors import Conflict
from mockserver.http.exchange import Context
from mockserver.http.machines import Machine, Refusal, Transition
from mockserver.http.resources import NUMBER, prefixed
from mockserver.store import Value

_OWNERS = "dynamo.charge_point_owners"
_OPENED_AT = time(9, tzinfo=UTC)
_REGISTERED_BEFORE, _COMMISSIONED_BEFORE = timedelta(days=7), timedelta(days=1)
_EACH_TAKES = timedelta(minutes=20)


def _charge_points(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    return _of_world(ctx.world, owner_id)


@lru_cache(maxsize=8)
def _of_world(world: World, org_id: str) -> Mapping[str, Value]:
    by_age = sorted(seed.sites(world, org_id), key=lambda site: site.opened_on)
    found = [
        _charge_point(site, charger, position) for site in by_age for position, charger in enumerate(site.chargers)
    ]
    return {each["charge_point_id"]: {**each, NUMBER: number - len(found)} for number, each in enumerate(found)}


def _charge_point(site: Site, charger: Charger, position: int) -> Value:
    opened_at = datetime.combine(site.opened_on, _OPENED_AT)
    commissioned_at = opened_at - _COMMISSIONED_BEFORE + position * _EACH_TAKES
    return {
        "charge_point_id": charger.identity,
        "name": charger.identity,
        "site_id": site_id(site),
        "project_id": project_id(site),
        "model": charger.model.model,
        "vendor": charger.model.vendor,
        "serial_number": charger.serial_number,
        "ocpp_version": charger.traits.protocol,
        "location": {
            "latitude": site.latitude,
            "longitude": site.longitude,
            "address": f"{site.city}, {site.country_code}",
        },
        "status": IN_SERVICE,
        "registered_at": to_the_second(opened_at - _REGISTERED_BEFORE + position * _EACH_TAKES),
        "commissioned_at": to_the_second(min(commissioned_at, opened_at)),
    }


CHARGE_POINTS = resource(
    name="charge point",
    plural="charge points",
    collection="dynamo.charge_points",
    members={"name": None, "site_id": None, "location": None},
    id_member="charge_point_id",
    id_form=prefixed("cp_"),
    stamps={"registered_at": True},
    base=_charge_points,
)
"""`status` is how far one has come with its installation: `Station.standing` says what it is by now.

`CHARGE_POINTS.of(org_id).list(ctx, site_id=..., project_id=...)` are those of a site or a project. Ids are given by who
registers one, and unique across organizations.
"""


async def owner_of(ctx: Context, charge_point_id: str) -> str | None:
    """The organization that has the charge point of that id, or None."""
    owners = (each.id(ctx.world.seed) for each in seed.ORGANIZATIONS)
    of_world = next((owner for owner in owners if charge_point_id in _of_world(ctx.world, owner)), None)
    registered = await ctx.store.get(_OWNERS, charge_point_id)
    return of_world or (registered and str(registered.value["org_id"]))


async def register(ctx: Context, org_id: str, charge_point_id: str, **others: Any) -> Value:
    """Make one, on no site yet; Conflict when there is one of that id, of this organization or of others."""
    if ctx.world.charger(charge_point_id) or await owner_of(ctx, charge_point_id):
        raise Conflict(f"The id {charge_point_id} is taken. Choose another one.", slug="charge_point_exists")
    await ctx.store.put(_OWNERS, charge_point_id, {"org_id": org_id}, expected=0)
    return await CHARGE_POINTS.of(org_id).create(
        ctx,
        key=charge_point_id,
        body={"name": charge_point_id},
        ocpp_version="1.6",
        status=CHARGE_POINT.states[0],
        commissioned_at=None,
        **others,
    )


_BEFORE = Refusal(Conflict, "already_commissioned", "{charge_point_id} was commissioned at {commissioned_at}.")
IN_SERVICE = "commissioned"
_REPEATED = dict.fromkeys((IN_SERVICE, "online", "offline"), _BEFORE)
CHARGE_POINT = Machine(
    states=("registered", "commissioning", *_REPEATED),
    transitions={
        "check": Transition(
            sources=frozenset({"registered", "commissioning"}), target="commissioning", refusals=_REPEATED
        ),
        "commission": Transition(
            sources=frozenset({"commissioning"}),
            target=IN_SERVICE,
            stamp="commissioned_at",
            refusals={
                "registered": Refusal(
                    Conflict,
                    "commissioning_not_passed",
                    "{charge_point_id} has not been checked yet. Start its commissioning first.",
                ),
                **_REPEATED,
            },
        ),
    },
    time_text=to_the_second,
)
"""What becomes of a charge point until it is in service; from then on, whether it is heard of: fact sheet, 2.4."""
