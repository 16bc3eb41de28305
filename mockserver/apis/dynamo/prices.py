"""What the organizations of the seed world charge, as JSON values, and what the bills make of such values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from mockserver import ids
from mockserver.apis.dynamo.seed import HARBOUR, POLDER, SeedOrganization
from mockserver.domain.billing.actions import action
from mockserver.domain.billing.conditions import condition
from mockserver.domain.billing.promotions import DiscountType, Promotion
from mockserver.domain.billing.rules import BillingRule
from mockserver.domain.billing.tariffs import ComponentType, Tariff, TariffComponent
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


@dataclass(frozen=True, slots=True)
class Prices:
    """What an organization charges: by tariff and rules, less a code where one is used."""

    tariff: Tariff
    rules: tuple[BillingRule, ...]
    code: Promotion


def seed_prices(seed: int, organization: SeedOrganization) -> Prices:
    """The prices of an organization of the seed world."""
    key = organization.key
    rules = (
        {"rule_id": ids.prefixed("rule_", seed, key, each["name"]), **each, "active": True}
        for each in _RULES.get(key, ())
    )
    return Prices(
        tariff({"tariff_id": ids.prefixed("tariff_", seed, key), **_TARIFFS[key]}),
        tuple(map(rule, rules)),
        promotion(_CODES[key]),
    )


def tariff(value: Value) -> Tariff:
    """A tariff of JSON values; InvalidBilling where it makes no sense."""
    return Tariff(
        id=value["tariff_id"],
        name=value["name"],
        currency=value["currency"],
        components=tuple(map(_component, value["components"])),
        tax_rate_percent=_exact(value["tax_rate_percent"]),
    )


def rule(value: Value) -> BillingRule:
    """A billing rule of JSON values; InvalidBilling where it makes no sense."""
    return BillingRule(
        id=value["rule_id"],
        name=value["name"],
        priority=value["priority"],
        conditions=tuple(condition(each["type"], each["value"]) for each in value["conditions"]),
        actions=tuple(action(each["type"], each.get("value")) for each in value["actions"]),
        active=value["active"],
    )


def promotion(value: Value) -> Promotion:
    """A promotional code of JSON values; InvalidBilling where it makes no sense."""
    expires_at = value.get("expires_at")
    return Promotion(
        code=value["code"],
        discount_type=DiscountType(value["discount_type"]),
        discount_value=_exact(value["discount_value"]),
        currency=value.get("currency"),
        max_uses=value.get("max_uses"),
        max_uses_per_user=value.get("max_uses_per_user"),
        expires_at=expires_at and datetime.fromisoformat(expires_at),
    )


def _component(value: Value) -> TariffComponent:
    return TariffComponent(
        type=ComponentType(value["type"]),
        price=_exact(value["price"]),
        step_size_kwh=_exact(value.get("step_size") or 1),
        min_duration_minutes=_exact(value.get("min_duration_minutes") or 0),
    )


def _exact(number: Any) -> Decimal:
    return Decimal(str(number))
