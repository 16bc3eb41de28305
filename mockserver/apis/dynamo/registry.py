"""What Dynamo keeps: organizations, and by organization the rest. `MEMBERS.of(org_id)` are those of one of them."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from mockserver.apis.dynamo import seed
from mockserver.clock import timestamp
from mockserver.domain.geography import CURRENCIES, countries, time_zones
from mockserver.http.errors import Conflict, Gone, NotFound, Unprocessable
from mockserver.http.exchange import Context
from mockserver.http.machines import Lapse, Machine, Refusal, Transition
from mockserver.http.parameters import instant
from mockserver.http.resources import REQUIRED, Resource, prefixed
from mockserver.store import Value


def to_the_second(at: datetime) -> str:
    """A time as Dynamo writes it."""
    return timestamp(at.replace(microsecond=0))


resource = partial(Resource, time_text=to_the_second)
"""A kind of thing whose times are written as Dynamo writes them."""


async def _check_organization(ctx: Context, value: Value) -> None:
    if value["country"] not in countries():
        raise Unprocessable(f"is no country: {value['country']}; write an ISO 3166-1 code such as GB", "country")


ORGANIZATIONS = resource(
    name="organization",
    plural="organizations",
    collection="dynamo.organizations",
    owner_id="",
    members={"name": REQUIRED, "country": REQUIRED, "contact_email": REQUIRED},
    id_form=prefixed("org_"),
    stamps={"created_at": True, "updated_at": False},
    check=_check_organization,
    base=seed.organizations,
)
"""All of them; who may reach which one is said in `roles`. `created_by` is the organization whose key made it."""

MEMBERS = resource(
    name="member",
    plural="members",
    collection="dynamo.members",
    members={"email": REQUIRED, "name": None, "role": REQUIRED},
    id_member="user_id",
    id_form=prefixed("usr_"),
    stamps={"joined_at": True},
    base=seed.members,
)


def upcoming(ctx: Context, text: str, field: str) -> datetime:
    """A time of the body, to the second; Unprocessable for one that is past, or in no calendar."""
    try:
        at = instant(text).replace(microsecond=0)
    except ValueError:
        raise Unprocessable(f"is no time that the calendar has: {text[:60]}", field) from None
    if at <= ctx.at:
        raise Unprocessable(f"is not in the future: {text[:60]}", field)
    return at


async def check_currency(ctx: Context, value: Value) -> None:
    """Unprocessable when the `currency` of a value is none; there may be none."""
    if value["currency"] not in (None, *CURRENCIES):
        raise Unprocessable(f"is no currency: {value['currency']}; write an ISO 4217 code such as EUR", "currency")


async def _check_settings(ctx: Context, value: Value) -> None:
    await check_currency(ctx, value)
    if value["timezone"] not in time_zones():
        zone = value["timezone"]
        raise Unprocessable(f"is no time zone: {zone!r}; write one such as Europe/Amsterdam", "timezone")


SETTINGS = resource(
    name="settings",
    plural="settings",
    collection="dynamo.settings",
    members={
        "currency": REQUIRED,
        "timezone": REQUIRED,
        "billing_email": REQUIRED,
        "notification_preferences": dict.fromkeys(seed.NOTIFICATIONS, True),
    },
    id_member="org_id",
    id_form=prefixed("org_"),
    stamps={"updated_at": False},
    check=_check_settings,
    base=seed.settings,
)
"""Of each organization one, which has its id: `SETTINGS.of(org_id).get(ctx, org_id)`."""

INVITATIONS = resource(
    name="invitation",
    plural="invitations",
    collection="dynamo.invitations",
    members={"email": REQUIRED, "role": REQUIRED},
    id_form=prefixed("inv_"),
    stamps={"created_at": True},
    base=seed.invitations,
)

_NOT_PENDING = Refusal(Conflict, "invitation_not_pending", "The invitation is no longer pending.")
INVITATION = Machine(
    states=("pending", "accepted", "cancelled", "expired"),
    transitions={
        "accept": Transition(
            sources=frozenset({"pending"}),
            target="accepted",
            stamp="accepted_at",
            refusals={
                "accepted": Refusal(Conflict, "invitation_already_accepted", "The invitation was accepted before."),
                "cancelled": Refusal(Gone, "invitation_cancelled", "The invitation was taken back."),
                "expired": Refusal(Gone, "invitation_expired", "The invitation has expired."),
            },
        ),
        "cancel": Transition(
            sources=frozenset({"pending"}),
            target="cancelled",
            refusals={
                "accepted": _NOT_PENDING,
                "cancelled": Refusal(NotFound, "invitation_not_found", "The invitation was taken back before."),
                "expired": _NOT_PENDING,
            },
        ),
    },
    lapses=(Lapse("pending", "expired", "expires_at"),),
    time_text=to_the_second,
)
"""What becomes of an invitation: fact sheet, 1.4."""


API_KEYS = resource(
    name="API key",
    plural="API keys",
    collection="dynamo.api_keys",
    members={"name": REQUIRED, "scopes": REQUIRED, "expires_at": None},
    id_form=prefixed("key_"),
    stamps={"created_at": True},
    base=seed.api_keys,
)
"""`secret` is the text of the key, from which its id follows."""
