"""Installers, who put charge points up for an organization: their accounts, and the passwords that they forgot."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache

from fixtures.people import person
from mockserver import ids
from mockserver.apis.dynamo.passwords import kept
from mockserver.apis.dynamo.registry import resource, to_the_second
from mockserver.apis.dynamo.seed import FOUNDED_AT, ORGANIZATIONS, SeedOrganization
from mockserver.http.errors import Conflict, Gone
from mockserver.http.exchange import Context
from mockserver.http.machines import Lapse, Machine, Refusal, Transition
from mockserver.http.resources import NUMBER, REQUIRED, prefixed
from mockserver.store import Value

FIRST_PASSWORD = "Groepenkast-32A"  # noqa: S105  # it guards nothing but the mock
"""Of the installers who are there from the start."""
RESET_HOLDS = timedelta(hours=1)


def _installers(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    return ready_installers(ctx.world.seed)


@lru_cache(maxsize=4)
def ready_installers(seed: int) -> Mapping[str, Value]:
    """The installers who are there from the start, one for each organization of the seed world."""
    return {each.installer_id(seed): _ready(seed, each, number) for number, each in enumerate(ORGANIZATIONS)}


def _ready(seed: int, organization: SeedOrganization, number: int) -> Value:
    first_name, _, last_name = person(organization.locale, seed, "installer", organization.key).full_name.partition(" ")
    return {
        "installer_id": organization.installer_id(seed),
        NUMBER: number - len(ORGANIZATIONS),
        "org_id": organization.id(seed),
        "email": organization.email("installer"),
        "first_name": first_name,
        "last_name": last_name,
        "company": f"{last_name} Installations",
        "status": "active",
        "password": kept(FIRST_PASSWORD, ids.secret(seed, organization.key, "installer")),
        "logins": {},
        "created_at": to_the_second(FOUNDED_AT),
    }


INSTALLERS = resource(
    name="installer",
    plural="installers",
    collection="dynamo.installers",
    owner_id="",
    members=dict.fromkeys(("email", "first_name", "last_name", "company"), REQUIRED),
    id_member="installer_id",
    id_form=prefixed("ins_"),
    stamps={"created_at": True},
    base=_installers,
)
"""All of them; `org_id` is whom they work for, `password` what is kept of it, `logins` the tokens, with their ends.

The id follows from the address.
"""

INSTALLER = Machine(
    states=("pending_verification", "active"),
    transitions={
        "confirm": Transition(
            sources=frozenset({"pending_verification"}),
            target="active",
            refusals={"active": Refusal(Conflict, "email_verified", "The e-mail address was confirmed before.")},
        )
    },
)
"""Whether one can log in."""

RESETS = resource(
    name="password reset",
    plural="password resets",
    collection="dynamo.password_resets",
    owner_id="",
    members={},
    id_form=prefixed("rst_"),
    stamps={"created_at": True},
)
"""Each permits one new password to `installer_id`, by the token that was sent."""

_USED = "The token has been used. Ask for a new e-mail."
_EXPIRED = "The token held until {expires_at}. Ask for a new e-mail."
RESET = Machine(
    states=("sent", "used", "expired"),
    transitions={
        "use": Transition(
            sources=frozenset({"sent"}),
            target="used",
            refusals={
                "used": Refusal(Gone, "reset_token_used", _USED),
                "expired": Refusal(Gone, "reset_token_expired", _EXPIRED),
            },
        )
    },
    lapses=(Lapse("sent", "expired", "expires_at"),),
)
