"""Site owners: who hosts charge points, how they are invited, and what their onboarding takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from fixtures.days import unix_s, utc
from fixtures.people import person
from mockserver import ids
from mockserver.apis.dynamo.registry import INVITATIONS, resource, to_the_second
from mockserver.apis.dynamo.seed import FOUNDED_AT, INVITED_FOR, SeedOrganization, seed_organization
from mockserver.http.errors import Conflict
from mockserver.http.exchange import Context
from mockserver.http.machines import Machine, Refusal, Transition
from mockserver.http.resources import NUMBER, REQUIRED, prefixed
from mockserver.store import Value

STEPS = ("business_details", "payout_details", "agreement")
"""What onboarding takes once the invitation is accepted, in this order."""
_ONBOARDED_AFTER = timedelta(days=23, minutes=14)
_TOKEN_NAMES = 3

_NOT_ACCEPTED = Refusal(Conflict, "invitation_not_accepted", "The invitation is not accepted yet.")
_COMPLETED = Refusal(Conflict, "onboarding_already_completed", "Onboarding was completed before.")
_INCOMPLETE = Refusal(Conflict, "onboarding_incomplete", "Onboarding has steps that are pending.")
_ACCEPTED = Refusal(Conflict, "invitation_already_accepted", "The invitation was accepted before.")


def _steps(target: str) -> Transition:
    """What comes of steps that are done, or no longer are."""
    return Transition(
        sources=frozenset({"profile_setup", "ready_to_complete"}),
        target=target,
        refusals={"invited": _NOT_ACCEPTED, "completed": _COMPLETED},
    )


ONBOARDING = Machine(
    member="onboarding_stage",
    states=("invited", "profile_setup", "ready_to_complete", "completed"),
    transitions={
        "begin": Transition(
            sources=frozenset({"invited"}),
            target="profile_setup",
            refusals=dict.fromkeys(("profile_setup", "ready_to_complete", "completed"), _ACCEPTED),
        ),
        "hand_in": _steps("ready_to_complete"),
        "lack": _steps("profile_setup"),
        "complete": Transition(
            sources=frozenset({"ready_to_complete"}),
            target="completed",
            stamp="completed_at",
            refusals={"invited": _INCOMPLETE, "profile_setup": _INCOMPLETE, "completed": _COMPLETED},
        ),
    },
    time_text=to_the_second,
)
"""How far a site owner is: fact sheet, 1.6. Their invitation is an `INVITATION`, by the member `status`."""


def all_steps(owner: Value) -> Mapping[str, str | None]:
    """Every step of onboarding, the acceptance first, with the time since when it is done, or None."""
    return {"accept_invitation": owner["accepted_at"], **owner["steps"]}


def with_steps(owner: Value, steps: Value, at: datetime) -> Value:
    """The changes that steps bring: by name, since when each is done, or None. Conflict while there are none."""
    return {"steps": steps, **ONBOARDING.move(owner, "hand_in" if all(steps.values()) else "lack", at)}


def token(seed: int, owner: Value) -> str:
    """The token of the invitation that was sent to a site owner last."""
    sent_s = unix_s(datetime.fromisoformat(owner["created_at"]))
    return ids.sealed(seed, owner["org_id"], owner["site_owner_id"], str(sent_s))


async def invited(ctx: Context, text: str) -> Value:
    """The site owner to whom a token was sent, with `expires_at` of that very invitation; NotFound for others."""
    names = ids.unsealed(ctx.world.seed, text) or ()
    if len(names) == _TOKEN_NAMES:
        org_id, owner_id, sent_s = names
        owner = await SITE_OWNERS.of(org_id).find(ctx, owner_id)
        if owner is not None:
            return {**owner, "expires_at": to_the_second(utc(int(sent_s)) + INVITED_FOR)}
    raise INVITATIONS.unknown("with this token")


async def note(ctx: Context, owner: Value, changes: Value) -> Value:
    """Change a site owner; as a whole, since those of the seed world who are still invited are so anew each week."""
    return await SITE_OWNERS.of(owner["org_id"]).set(ctx, owner, **owner | changes)


def seed_owners(seed: int, org_id: str, at: datetime) -> Mapping[str, Value]:
    """The site owners of an organization of the seed world at an aware instant."""
    organization = seed_organization(seed, org_id)
    if organization is None or at < FOUNDED_AT + _ONBOARDED_AFTER:
        return {}
    return {each["site_owner_id"]: each for each in _owners(seed, organization, at)}


def _owners(seed: int, organization: SeedOrganization, at: datetime) -> Iterator[Value]:
    """Whoever is still invited is so anew each time the last invitation has expired."""
    for number, stage in enumerate(organization.site_owners):
        is_invited = stage == "invited"
        who = person(organization.locale, seed, "site owner", organization.key, stage)
        created_at = FOUNDED_AT + (at - FOUNDED_AT) // INVITED_FOR * INVITED_FOR if is_invited else FOUNDED_AT
        accepted = None if is_invited else to_the_second(created_at + timedelta(hours=5))
        yield {
            "site_owner_id": organization.site_owner_id(seed, stage),
            NUMBER: number - len(organization.site_owners),
            "org_id": organization.id(seed),
            "email": who.email,
            "contact_name": who.full_name,
            "company_name": None if is_invited else f"{who.full_name.rpartition(' ')[2]} Estates",
            "phone": None if is_invited else "+44 117 496 0182",
            "address": None if is_invited else "1 Cooperage Wharf, Bristol BS1 4TR",
            "payout": None if is_invited else {"method": "bank_transfer", "currency": "GBP", "account_last4": "4821"},
            "status": "pending" if is_invited else "accepted",
            "onboarding_stage": stage,
            "steps": dict.fromkeys(STEPS, to_the_second(created_at) if is_invited else accepted),
            "created_at": to_the_second(created_at),
            "expires_at": to_the_second(created_at + INVITED_FOR),
            "accepted_at": accepted,
            "completed_at": None if is_invited else to_the_second(created_at + _ONBOARDED_AFTER),
        }


def _base(ctx: Context, org_id: str) -> Mapping[str, Value]:
    return seed_owners(ctx.world.seed, org_id, ctx.at)


SITE_OWNERS = resource(
    name="site owner",
    plural="site owners",
    collection="dynamo.site_owners",
    members={"email": REQUIRED, "contact_name": REQUIRED, "company_name": None},
    id_member="site_owner_id",
    id_form=prefixed("so_"),
    stamps={"created_at": True},
    base=_base,
)
