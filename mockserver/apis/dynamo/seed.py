"""What there is before anybody did anything: two organizations, strangers to each other, and the people around them.

Everything follows from the seed. An organization's id is the client id of its application; people are known by ids
whose prefix says what they are: `usr_` members, `drv_` drivers, `so_` site owners, `ins_` installers. The ids of users
and installers follow from their e-mail addresses, so that one person is one user in every organization.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from fixtures.people import person
from fixtures.rng import Name
from mockserver import ids
from mockserver.clock import timestamp
from mockserver.domain.sites import Site
from mockserver.domain.world import World
from mockserver.http.exchange import Context
from mockserver.http.resources import NUMBER
from mockserver.store import Value

FOUNDED_AT = datetime(2024, 1, 8, 9, 30, tzinfo=UTC)
"""When the organizations and what belongs to them from the start came into being."""
INVITED_FOR = timedelta(days=7)
"""An invitation lasts so long. The admin of an organization that invites sends one each time the last has expired."""
SCOPES = (
    "read:analytics",
    "read:billing",
    "read:charge_points",
    "read:organizations",
    "read:reservations",
    "read:sessions",
    "write:api_keys",
    "write:billing",
    "write:charge_points",
    "write:organizations",
    "write:reservations",
    "write:webhooks",
)
"""Of an API key. The tokens of people have them all; what those may do is a matter of roles."""
_INVITED_ROLES = ("member", "viewer", "admin")
NOTIFICATIONS = (
    "session_started",
    "session_ended",
    "charge_point_offline",
    "alert_triggered",
    "invoice_ready",
    "dispute_opened",
    "weekly_summary",
)
_CURRENCIES = {"CH": "CHF", "DK": "DKK", "GB": "GBP", "NO": "NOK", "PL": "PLN", "SE": "SEK", "US": "USD"}
_TIME_ZONES = {"DE": "Europe/Berlin", "FR": "Europe/Paris", "GB": "Europe/London", "US": "America/New_York"}
"""What an organization starts with by its country; elsewhere EUR and UTC: fact sheet, 1.5."""
_JOINS_AFTER = timedelta(days=9, minutes=17)


@dataclass(frozen=True)
class SeedOrganization:
    """An organization of the seed world; `key` names it in the seed, and people by what they are follow from it."""

    key: str
    name: str
    country: str
    locale: str
    domain: str
    roles: tuple[str, ...]
    """Of the members, one each, in the order in which they joined."""
    drivers: int = 0
    invites: bool = False
    """Whether somebody is invited every week."""
    site_owners: tuple[str, ...] = ()
    """Where each stands in the onboarding: `invited` or `completed`."""
    sites: tuple[str, ...] | None = None
    """The keys of the world's sites that it operates; None: all that are neither another's nor somebody's home."""

    def id(self, seed: int) -> str:
        """Its id."""
        return ids.prefixed("org_", seed, self.key)

    def email(self, account: str) -> str:
        """An address of it."""
        return f"{account}@{self.domain}"

    def driver_id(self, seed: int, number: int) -> str:
        """The id of its n-th driver, from 1."""
        return ids.prefixed("drv_", seed, self.key, number)

    def api_key(self, seed: int) -> str:
        """The text of its API key."""
        return new_key(seed, self.key)

    def installer_id(self, seed: int) -> str:
        """The id of the installer who works for it from the start."""
        return installer_id(seed, self.email("installer"))

    def site_owner_id(self, seed: int, stage: str) -> str:
        """The id of the site owner who stands there in the onboarding."""
        return ids.prefixed("so_", seed, self.key, stage)


HARBOUR = SeedOrganization(
    key="harbour",
    name="Harbour Volt Ltd",
    country="GB",
    locale="en_GB",
    domain="harbourvolt.example",
    roles=("owner", "admin", "member", "viewer", "billing"),
    drivers=2,
    invites=True,
    site_owners=("invited", "completed"),
)
POLDER = SeedOrganization(
    key="polder",
    name="Polderstroom Laden B.V.",
    country="NL",
    locale="nl_NL",
    domain="polderstroom.example",
    roles=("owner", "admin"),
    drivers=1,
    sites=("utrecht-street",),
)
ORGANIZATIONS = (HARBOUR, POLDER)


def new_key(seed: int, *names: Name) -> str:
    """The text of the API key of that name."""
    return ids.prefixed("dyn_live_", seed, *names, size=15)


def key_id(seed: int, text: str) -> str:
    """The id of an API key with that text."""
    return ids.prefixed("key_", seed, text)


def user_id(seed: int, email: str) -> str:
    """The id of the user with that address, whatever its case."""
    return ids.prefixed("usr_", seed, email.lower())


def installer_id(seed: int, email: str) -> str:
    """The id of the installer with that address, whatever its case."""
    return ids.prefixed("ins_", seed, email.lower())


def seed_organization(seed: int, org_id: str) -> SeedOrganization | None:
    """The organization of the seed world with that id, or None."""
    return next((each for each in ORGANIZATIONS if each.id(seed) == org_id), None)


def sites(world: World, org_id: str) -> tuple[Site, ...]:
    """The sites of the world where the charge points of an organization stand, in the world's order."""
    organization = seed_organization(world.seed, org_id)
    if organization is None:
        return ()
    if organization.sites is not None:
        return tuple(site for site in world.sites if site.key in organization.sites)
    others = {key for other in ORGANIZATIONS for key in other.sites or ()}
    return tuple(site for site in world.sites if site.key not in others and site.driver is None)


def organizations(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    """The organizations of the seed world."""
    return _organizations(ctx.world.seed)


def members(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    """The members of an organization of the seed world, one for each of its roles."""
    return _members(ctx.world.seed, owner_id)


def api_keys(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    """The ready-made API key of an organization of the seed world."""
    seed = ctx.world.seed
    organization = seed_organization(seed, owner_id)
    if organization is None:
        return {}
    text = organization.api_key(seed)
    name = key_id(seed, text)
    key: Value = {
        "id": name,
        NUMBER: 0,
        "name": "Ready-made key",
        "scopes": [*SCOPES],
        "expires_at": None,
        "secret": text,
        "last_used_at": None,
        "created_at": timestamp(FOUNDED_AT),
    }
    return {name: key}


def settings(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    """The settings of an organization of the seed world, by its id."""
    organization = _organizations(ctx.world.seed).get(owner_id)
    if organization is None:
        return {}
    first = first_settings(organization)
    return {
        owner_id: {
            "org_id": owner_id,
            NUMBER: 0,
            **first,
            "notification_preferences": dict.fromkeys(NOTIFICATIONS, True),
            "updated_at": None,
        }
    }


def first_settings(organization: Value) -> Value:
    """The settings that an organization starts with, as far as they are its own."""
    country = organization["country"]
    return {
        "currency": _CURRENCIES.get(country, "EUR"),
        "timezone": first_time_zone(country),
        "billing_email": organization["contact_email"],
    }


def first_time_zone(country: str) -> str:
    """The time zone that an organization of a country starts with."""
    return _TIME_ZONES.get(country, "UTC")


def invitations(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    """The invitation of this week, and the one before, which has expired, of an organization of the seed world."""
    return weekly_invitations(ctx.world.seed, owner_id, ctx.at)


def weekly_invitations(seed: int, org_id: str, at: datetime) -> Mapping[str, Value]:
    """What `invitations` gives, at an aware instant."""
    organization = seed_organization(seed, org_id)
    if organization is None or not organization.invites or at < FOUNDED_AT + INVITED_FOR:
        return {}
    week = (at - FOUNDED_AT) // INVITED_FOR
    return {each["id"]: each for each in (_invited(seed, organization, number) for number in (week - 1, week))}


def _invited(seed: int, organization: SeedOrganization, week: int) -> Value:
    sent_at = FOUNDED_AT + week * INVITED_FOR
    return {
        "id": ids.prefixed("inv_", seed, organization.key, week),
        NUMBER: 0,
        "org_id": organization.id(seed),
        "email": organization.email(f"applicant-{week}"),
        "role": _INVITED_ROLES[week % len(_INVITED_ROLES)],
        "status": "pending",
        "invited_by": user_id(seed, organization.email("admin")),
        "created_at": timestamp(sent_at),
        "expires_at": timestamp(sent_at + INVITED_FOR),
        "accepted_at": None,
    }


@lru_cache(maxsize=4)
def _organizations(seed: int) -> Mapping[str, Value]:
    return {
        each.id(seed): {
            "id": each.id(seed),
            NUMBER: number - len(ORGANIZATIONS),  # before whatever a client makes
            "name": each.name,
            "country": each.country,
            "contact_email": each.email("operations"),
            "created_by": None,
            "created_at": timestamp(FOUNDED_AT),
            "updated_at": None,
        }
        for number, each in enumerate(ORGANIZATIONS)
    }


@lru_cache(maxsize=16)
def _members(seed: int, org_id: str) -> Mapping[str, Value]:
    organization = seed_organization(seed, org_id)
    return {} if organization is None else {each["user_id"]: each for each in _joined(seed, organization)}


def _joined(seed: int, organization: SeedOrganization) -> Iterator[Value]:
    for number, role in enumerate(organization.roles):
        email = organization.email(role)
        yield {
            "user_id": user_id(seed, email),
            NUMBER: number - len(organization.roles),
            "email": email,
            "name": person(organization.locale, seed, email).full_name,
            "role": role,
            "joined_at": timestamp(FOUNDED_AT + number * _JOINS_AFTER),
        }
