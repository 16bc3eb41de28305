"""What the organizations of the seed world charge from the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

from mockserver import ids
from mockserver.apis.dynamo.seed import FOUNDED_AT, HARBOUR, POLDER, SeedOrganization, seed_organization
from mockserver.clock import timestamp
from mockserver.http.exchange import Context
from mockserver.http.resources import NUMBER
from mockserver.store import Value

_TARIFFS: Mapping[str, Value] = {
    HARBOUR.key: {
        "name": "Harbour daytime",
        "currency": "GBP",
        "components": [
            {"type": "flat", "price": 0.5},
            {"type": "energy", "price": 0.45, "step_size": 0.1},
            {"type": "time", "price": 0.005, "min_duration_minutes": 60},
            {"type": "parking", "price": 0.015, "min_duration_minutes": 30},
        ],
        "tax_rate_percent": 20,
    },
    POLDER.key: {
        "name": "Polder",
        "currency": "EUR",
        "components": [{"type": "energy", "price": 0.3995, "step_size": 0.01}, {"type": "flat", "price": 0.35}],
        "tax_rate_percent": 21,
    },
}
_RULES: Mapping[str, Sequence[Value]] = {
    HARBOUR.key: (
        {
            "name": "Ten percent off in the evening",
            "priority": 1,
            "conditions": [{"type": "time_of_day", "value": "18:00–23:00"}],
            "actions": [{"type": "apply_discount", "value": 10}],
        },
        {
            "name": "Cheaper energy at weekends",
            "priority": 2,
            "conditions": [{"type": "day_of_week", "value": ["sat", "sun"]}],
            "actions": [{"type": "override_price", "value": 0.39}],
        },
        {
            "name": "Large charge",
            "priority": 3,
            "conditions": [{"type": "min_energy_kwh", "value": 60}],
            "actions": [{"type": "add_flat_fee", "value": 1.25}, {"type": "remove_component", "value": "time"}],
        },
    ),
}
_CODES: Mapping[str, Value] = {
    HARBOUR.key: {"code": "WELCOME10", "discount_type": "percent", "discount_value": 10},
    POLDER.key: {"code": "POLDER2", "discount_type": "fixed", "discount_value": 2, "currency": "EUR"},
}
_RULE_AFTER = timedelta(days=3, hours=2)


def tariffs(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    """The tariff of an organization, which holds wherever no other is assigned, by its id."""
    return tariffs_of(ctx.world.seed, owner_id)


def rules(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    """The billing rules of an organization, by their ids."""
    return rules_of(ctx.world.seed, owner_id)


def codes(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    """The promotional code of an organization, by its id."""
    organization = seed_organization(ctx.world.seed, owner_id)
    if organization is None:
        return {}
    code = code_of(organization)
    code_id = ids.prefixed("promo_", ctx.world.seed, organization.key)
    return {code_id: {"code_id": code_id, NUMBER: 0, **code, "uses_count": 0, "created_at": timestamp(FOUNDED_AT)}}


@lru_cache(maxsize=8)
def tariffs_of(seed: int, org_id: str) -> Mapping[str, Value]:
    """What `tariffs` gives."""
    organization = seed_organization(seed, org_id)
    if organization is None:
        return {}
    tariff_id = ids.prefixed("tariff_", seed, organization.key)
    first = {"tariff_id": tariff_id, NUMBER: 0, "created_at": timestamp(FOUNDED_AT)}
    return {tariff_id: first | _TARIFFS[organization.key]}


@lru_cache(maxsize=8)
def rules_of(seed: int, org_id: str) -> Mapping[str, Value]:
    """What `rules` gives."""
    organization = seed_organization(seed, org_id)
    key = organization.key if organization else ""
    found = _RULES.get(key, ())
    values = (
        {
            "rule_id": ids.prefixed("rule_", seed, key, each["name"]),
            NUMBER: number - len(found),
            "tariff_id": None,
            "active": True,
            "created_at": timestamp(FOUNDED_AT + (number + 1) * _RULE_AFTER),
            **each,
        }
        for number, each in enumerate(found)
    )
    return {each["rule_id"]: each for each in values}


def code_of(organization: SeedOrganization) -> Value:
    """The promotional code of an organization."""
    return {
        "currency": None,
        "max_uses": None,
        "max_uses_per_user": None,
        "expires_at": None,
        "description": None,
        **_CODES[organization.key],
    }
