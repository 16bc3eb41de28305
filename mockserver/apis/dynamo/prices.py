"""Prices as JSON values, and what the bills make of such values; InvalidBilling where one makes no sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from mockserver.domain.billing.actions import action
from mockserver.domain.billing.conditions import DAYS, condition, window
from mockserver.domain.billing.promotions import DiscountType, Promotion
from mockserver.domain.billing.rules import BillingRule
from mockserver.domain.billing.schedules import WeeklyHours
from mockserver.domain.billing.tariffs import ComponentType, Tariff, TariffComponent, flat_rate_components
from mockserver.store import Value

_FLAT_RATES = ("energy_rate_per_kwh", "session_fee", "idle_fee_per_minute", "idle_grace_period_minutes")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Hours in which a tariff has other components."""

    tariff_id: str
    hours: WeeklyHours
    components: tuple[TariffComponent, ...]


@dataclass(frozen=True, slots=True)
class UserType:
    """A name for some users, by their ids."""

    name: str
    user_ids: frozenset[str]


def tariff(value: Value) -> Tariff:
    """A tariff of JSON values."""
    return Tariff(
        id=value["tariff_id"],
        name=value["name"],
        currency=value["currency"],
        components=tuple(map(component, value["components"])),
        tax_rate_percent=_exact(value["tax_rate_percent"]),
    )


def rule(value: Value) -> BillingRule:
    """A billing rule of JSON values."""
    return BillingRule(
        id=value["rule_id"],
        name=value["name"],
        priority=value["priority"],
        conditions=tuple(condition(each["type"], each["value"]) for each in value["conditions"]),
        actions=tuple(action(each["type"], each.get("value")) for each in value["actions"]),
        active=value["active"],
        tariff_id=value["tariff_id"],
    )


def schedule(value: Value) -> Schedule:
    """A schedule of a tariff of JSON values."""
    hours = WeeklyHours(frozenset(map(DAYS.index, value["days"])), window(f"{value['start_time']}–{value['end_time']}"))
    return Schedule(value["tariff_id"], hours, tuple(map(component, value["components"])))


def user_type(value: Value) -> UserType:
    """A type of users of JSON values."""
    return UserType(value["name"], frozenset(value["user_ids"]))


def promotion(value: Value) -> Promotion:
    """A promotional code of JSON values."""
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


def full_components(value: Mapping[str, Any]) -> list[Value]:
    """The components of a tariff as they are shown, whether it has components or flat rates."""
    if "components" in value:
        return [
            {
                "type": each["type"],
                "price": each["price"],
                "step_size": each.get("step_size"),
                "min_duration_minutes": each.get("min_duration_minutes"),
            }
            for each in value["components"]
        ]
    rates = {name: _exact(value[name]) for name in _FLAT_RATES if value.get(name) is not None}
    return [
        {
            "type": each.type.value,
            "price": float(each.price),
            "step_size": None,
            "min_duration_minutes": float(each.min_duration_minutes) if each.type.is_timed else None,
        }
        for each in flat_rate_components(**rates)
    ]


def component(value: Value) -> TariffComponent:
    """A component of a tariff of JSON values."""
    return TariffComponent(
        type=ComponentType(value["type"]),
        price=_exact(value["price"]),
        step_size_kwh=_exact(value.get("step_size") or 1),
        min_duration_minutes=_exact(value.get("min_duration_minutes") or 0),
    )


def _exact(number: Any) -> Decimal:
    return Decimal(str(number))
