"""The projects of an organization, by which its charge points are put up: one for each public site of the world that it
operates, one that is under way, and those that its installers create."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from fixtures.people import person
from mockserver.apis.dynamo import seed
from mockserver.apis.dynamo.registry import resource, to_the_second
from mockserver.apis.dynamo.seed import SeedOrganization
from mockserver.domain.sites import Site
from mockserver.domain.world import World
from mockserver.http.errors import Conflict
from mockserver.http.exchange import Context
from mockserver.http.machines import Machine, Refusal, Transition
from mockserver.http.resources import NUMBER, REQUIRED, prefixed
from mockserver.store import Value

_PUBLIC = frozenset({"public_ac", "dc_hub"})
_BEGUN_AT = time(9, tzinfo=UTC)
_BUILDING_TAKES = timedelta(days=75)
_EXTENDED_AFTER = timedelta(days=40)


def project_id(site: Site) -> str | None:
    """The id of the project by which the charge points of a site of the world were put up; None where none was."""
    return f"proj_{site.id}" if site.place in _PUBLIC else None


def _projects(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    organization, now = seed.seed_organization(ctx.world.seed, owner_id), to_the_second(ctx.at)
    if organization is None:
        return {}
    found = {key: value for key, value in _of_world(ctx.world, organization).items() if value["created_at"] <= now}
    return {
        key: {**value, "handed_over_at": None} if (value["handed_over_at"] or now) > now else value
        for key, value in found.items()
    }


@lru_cache(maxsize=8)
def _of_world(world: World, organization: SeedOrganization) -> Mapping[str, Value]:
    """Whatever the organization has ever begun, in the order of its beginning."""
    sites = [site for site in seed.sites(world, organization.id(world.seed)) if project_id(site)]
    found = sorted(_begun(world, organization, sites), key=lambda each: str(each["created_at"]))
    return {each["id"]: {**each, NUMBER: number - len(found)} for number, each in enumerate(found)}


def _begun(world: World, organization: SeedOrganization, sites: Sequence[Site]) -> Iterator[Value]:
    """Where a site owner is there from the start, what has opened is handed over."""
    is_hosted = "completed" in organization.site_owners
    host = person(organization.locale, world.seed, "site owner", organization.key, "completed")
    people = {"site_owner_email": host.email, "installer_id": organization.installer_id(world.seed)}
    for site in sites:
        opened_at = datetime.combine(site.opened_on, _BEGUN_AT)
        shared = {**people, "address": f"{site.city}, {site.country_code}"}
        yield {
            **shared,
            "id": project_id(site),
            "name": site.name,
            "created_at": to_the_second(opened_at - _BUILDING_TAKES),
            "handed_over_at": to_the_second(opened_at) if is_hosted else None,
        }
        if site is max(sites, key=lambda each: each.opened_on):
            yield {
                **shared,
                "id": f"{project_id(site)}2",
                "name": f"{site.name}, phase 2",
                "created_at": to_the_second(opened_at + _EXTENDED_AFTER),
                "handed_over_at": None,
            }


PROJECTS = resource(
    name="project",
    plural="projects",
    collection="dynamo.projects",
    members=dict.fromkeys(("name", "address", "site_owner_email"), REQUIRED),
    id_form=prefixed("proj_"),
    stamps={"created_at": True},
    base=_projects,
    unknown_slug="not_found",
)
"""`installer_id` is who works on it, `handed_over_at` null until the site owner has it; `projects.standings` says more.

Which charge points belong to one, they say themselves: `CHARGE_POINTS.list(ctx, project_id=...)`.
"""

HANDED_OVER = "The project was handed over at {handed_over_at}."
PROJECT = Machine(
    states=("in_progress", "completed", "handed_over"),
    transitions={
        "hand_over": Transition(
            sources=frozenset({"completed"}),
            target="handed_over",
            stamp="handed_over_at",
            refusals={
                "in_progress": Refusal(Conflict, "project_not_completed", "{waiting_for}"),
                "handed_over": Refusal(Conflict, "project_already_handed_over", HANDED_OVER),
            },
        ),
    },
    time_text=to_the_second,
)
"""What becomes of a project, as `projects.standings` has it."""
