"""The networks with which an organization roams: who they are, their tokens, and whose cards are theirs.

A partner is known by the user id of its tokens, `pty_...`. Whether a token is that of a registration or a permanent one
follows from whether the partner is registered: registering ends the first and gives the second.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

from fixtures.rng import unit
from mockserver import ids
from mockserver.apis.dynamo import accounts
from mockserver.apis.dynamo.ocpi.errors import NotNow
from mockserver.apis.dynamo.registry import resource
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.seed import HARBOUR, ORGANIZATIONS, POLDER, SeedOrganization, seed_organization
from mockserver.http.accounts import Principal, ReadyAccounts
from mockserver.http.api import Identify
from mockserver.http.errors import Unauthenticated
from mockserver.http.exchange import Context, Exchange
from mockserver.http.resources import NUMBER, REQUIRED, prefixed
from mockserver.store import Value
from mockserver.store.counter import next_number

REGISTERED, INVITED = "OCPI partner", "OCPI TOKEN_A"
"""The two partners of an organization of the seed world, by the label of the token."""
_CARDS = {REGISTERED: (0.0, 0.45), INVITED: (0.45, 0.9)}
"""Whose the cards are that are no driver's of the organization, as a range of [0, 1); the rest is nobody's here."""
_PREFIX = "pty_"
_PARTIES = {HARBOUR.key: ("GB", "BCN", "Beacon Charge Card"), POLDER.key: ("NL", "LVR", "Laadvrij")}
_REGISTRATION_TAGS = frozenset({"Versions", "Credentials"})


def _seeded(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    return _registered(ctx.world.seed, owner_id)


@lru_cache(maxsize=8)
def _registered(seed: int, org_id: str) -> Mapping[str, Value]:
    organization = seed_organization(seed, org_id)
    if organization is None:
        return {}
    country_code, party_id, name = _PARTIES[organization.key]
    website = f"https://{party_id.lower()}.example"
    details = {"name": name, "website": website}
    partner_id = _partner_id(seed, organization, REGISTERED)
    return {
        partner_id: {
            "id": partner_id,
            NUMBER: 0,
            "token": ids.secret(seed, organization.key, REGISTERED, "ours"),
            "url": f"{website}/ocpi/versions",
            "roles": [
                {"role": "EMSP", "country_code": country_code, "party_id": party_id, "business_details": details}
            ],
            "issuer": {"country_code": country_code, "party_id": party_id},
        }
    }


PARTNERS = resource(
    name="partner",
    plural="partners",
    collection="dynamo.ocpi_partners",
    members={"token": REQUIRED, "url": REQUIRED, "roles": REQUIRED},
    id_form=prefixed(_PREFIX),
    stamps={},
    base=_seeded,
)
"""Those that are registered, with what they said of themselves. `issuer` is the party as which a partner registered
first: records name it, and are never changed."""


def partner_id(ctx: Context) -> str:
    """The id of the calling partner."""
    return Caller.of(ctx).principal.user_id or ""


def issuer(roles: list[Value]) -> Value:
    """The party of some roles that issues cards: the first provider, else the first of them."""
    first = next((role for role in roles if role["role"] == "EMSP"), roles[0])
    return {name: first[name] for name in ("country_code", "party_id")}


def cards_of(seed: int, org_id: str, partner: str) -> Callable[[str], bool]:
    """Which of the cards that are no driver's of the organization were issued by the partner of that id."""
    organization = seed_organization(seed, org_id)
    if organization is None:
        return lambda card: False
    labels = {_partner_id(seed, organization, label): label for label in _CARDS}
    least, end = _CARDS.get(labels.get(partner, ""), (0.0, 0.0))
    return lambda card: least <= unit(seed, "card issuer", organization.key, card) < end


async def new_token(ctx: Context) -> str:
    """Another token for the calling partner, and the end of the one that was used."""
    principal = Caller.of(ctx).principal
    text = ids.secret(ctx.world.seed, "ocpi token", await next_number(ctx.store, "dynamo.ocpi_token"))
    await ctx.runtime.accounts.end(principal.token)
    await ctx.runtime.accounts.grant(text, principal.client_id, principal.user_id, ())
    return text


def of_partners(identify: Identify) -> Identify:
    """The same, but Unauthenticated for tokens of nobody's partner, and for one that is to register with elsewhere."""

    async def identified(exchange: Exchange) -> Principal | None:
        principal = await identify(exchange)
        if principal is None:
            return None
        challenge = exchange.api.api.challenge
        if not (principal.user_id or "").startswith(_PREFIX):
            raise Unauthenticated("The token is none of OCPI.", challenge)
        registered = await PARTNERS.of(principal.client_id).find(Context(exchange), principal.user_id or "")
        if registered is None and exchange.compiled.operation.tag not in _REGISTRATION_TAGS:
            raise Unauthenticated("The token is that of a registration; register with POST first.", challenge)
        return principal

    return identified


async def permit(exchange: Exchange) -> None:
    """See `Api.permit`: NotNow for what the registration does not allow, Unauthenticated for a token that was ended."""
    principal = exchange.principal
    if exchange.compiled.is_safe or principal is None:
        return
    if await exchange.runtime.accounts.identify(principal.token) is None:
        raise Unauthenticated("The token was replaced meanwhile.", exchange.api.api.challenge)
    partner = await PARTNERS.of(principal.client_id).find(Context(exchange), principal.user_id or "")
    is_registering = exchange.method == "POST"
    if partner is not None and is_registering:
        raise NotNow("You are registered already; change the registration with PUT.", "DELETE", "GET", "HEAD", "PUT")
    if partner is None and not is_registering:
        raise NotNow("You are not registered yet; register with POST.", "GET", "HEAD", "POST")


def ready_accounts(seed: int, scopes: tuple[str, ...]) -> ReadyAccounts:
    """Of each organization of the seed world a partner that is registered, and a token for another to register with."""
    tokens = {
        ids.secret(seed, organization.key, label): {
            "client_id": organization.id(seed),
            "user_id": _partner_id(seed, organization, label),
            "scopes": [],
            "label": label,
        }
        for organization in ORGANIZATIONS
        for label in (REGISTERED, INVITED)
    }
    return ReadyAccounts(accounts.ready_accounts(seed, scopes).applications, tokens)


def _partner_id(seed: int, organization: SeedOrganization, label: str) -> str:
    return ids.prefixed(_PREFIX, seed, organization.key, label)
