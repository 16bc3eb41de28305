"""What a billing rule does to a bill: one class per kind of action, and the names that they go by.

Source: fact sheet of the Dynamo API, 1.7 (rule 5) and 2.10.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mockserver.domain.billing.amounts import InvalidBilling, number
from mockserver.domain.billing.tariffs import ComponentType


@dataclass(frozen=True, slots=True)
class ApplyDiscount:
    """So many percent of the subtotal are taken off."""

    percent: Decimal


@dataclass(frozen=True, slots=True)
class OverridePrice:
    """All energy costs this much per kWh, in the tariff's currency."""

    price_per_kwh: Decimal


@dataclass(frozen=True, slots=True)
class FreeSession:
    """All that is left to pay is taken off."""


@dataclass(frozen=True, slots=True)
class AddFlatFee:
    """One more flat component, in the tariff's currency."""

    fee: Decimal


@dataclass(frozen=True, slots=True)
class RemoveComponent:
    """Nothing is charged for components of that type that are on the bill so far."""

    component: ComponentType


Action = ApplyDiscount | OverridePrice | FreeSession | AddFlatFee | RemoveComponent


def action(kind: str, value: object = None) -> Action:
    """The action of that type and value, as JSON has them; InvalidBilling says what is wrong with either."""
    if kind not in ACTIONS:
        raise InvalidBilling(f"action type is {kind!r}; it must be one of {', '.join(ACTIONS)}")
    return ACTIONS[kind](kind, value)


def _free_session(kind: str, value: object) -> Action:
    if value is not None:
        raise InvalidBilling(f"{kind} has the value {value!r}; leave it out")
    return FreeSession()


def _remove_component(kind: str, value: object) -> Action:
    for component in ComponentType:
        if component == value:
            return RemoveComponent(component)
    raise InvalidBilling(f"{kind} is {value!r}; it must be one of {', '.join(ComponentType)}")


ACTIONS: Mapping[str, Callable[[str, object], Action]] = {
    "apply_discount": lambda kind, value: ApplyDiscount(number(kind, value)),
    "override_price": lambda kind, value: OverridePrice(number(kind, value)),
    "free_session": _free_session,
    "add_flat_fee": lambda kind, value: AddFlatFee(number(kind, value)),
    "remove_component": _remove_component,
}
