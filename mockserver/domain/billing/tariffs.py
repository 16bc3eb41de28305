"""What an operator charges for a session: components with a price per session, kWh or minute, and a tax on top.

Source: fact sheet of the Dynamo API, 1.7 and 2.10.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from mockserver.domain.billing.amounts import InvalidBilling, check


class Unit(StrEnum):
    """What a unit price is for."""

    SESSION = "session"
    KWH = "kwh"
    MINUTE = "minute"


class ComponentType(StrEnum):
    """What is charged for: the session as such, its energy, its minutes, or its minutes after charging stopped."""

    FLAT = "flat"
    ENERGY = "energy"
    TIME = "time"
    PARKING = "parking"

    @property
    def unit(self) -> Unit:
        """What its price is for."""
        return _UNITS[self]

    @property
    def is_timed(self) -> bool:
        """Whether it charges minutes, and so may have minutes of grace."""
        return self.unit is Unit.MINUTE


_UNITS = {
    ComponentType.FLAT: Unit.SESSION,
    ComponentType.ENERGY: Unit.KWH,
    ComponentType.TIME: Unit.MINUTE,
    ComponentType.PARKING: Unit.MINUTE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TariffComponent:
    """One price, in the tariff's currency per unit of its type; InvalidBilling when a number makes no sense.

    Energy is charged in multiples of `step_size_kwh`. The first `min_duration_minutes` of a timed component are free.
    """

    type: ComponentType
    price: Decimal
    step_size_kwh: Decimal = Decimal(1)
    min_duration_minutes: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        check("price", self.price)
        check("step_size_kwh", self.step_size_kwh, above=Decimal(0))
        check("min_duration_minutes", self.min_duration_minutes)
        if self.min_duration_minutes and not self.type.is_timed:
            raise InvalidBilling(
                f"min_duration_minutes is {self.min_duration_minutes} of a component of type {self.type}; only time and"
                " parking have one"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Components in `currency` (ISO 4217) before tax; InvalidBilling when there are none or the tax makes no sense."""

    id: str | None  # None: prices that the API has no tariff for
    name: str
    currency: str
    components: tuple[TariffComponent, ...]
    tax_rate_percent: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        check_currency(self.currency)
        check("tax_rate_percent", self.tax_rate_percent)
        if not self.components:
            raise InvalidBilling("components is empty; a tariff needs at least one")


def check_currency(currency: str) -> None:
    """InvalidBilling unless it has the form of an ISO 4217 code."""
    if not re.fullmatch("[A-Z]{3}", currency):
        raise InvalidBilling(f"currency is {currency!r}; it must be three capital letters (ISO 4217)")


def flat_rate_components(
    *,
    energy_rate_per_kwh: Decimal | None = None,
    session_fee: Decimal | None = None,
    idle_fee_per_minute: Decimal | None = None,
    idle_grace_period_minutes: Decimal | None = None,
) -> tuple[TariffComponent, ...]:
    """The components that a tariff of flat rates is short for: energy, flat, parking; what is None is not charged.

    Source: fact sheet, 2.10: the billing guide's shape. InvalidBilling for a grace period without a fee.
    """
    if idle_grace_period_minutes is not None and idle_fee_per_minute is None:
        raise InvalidBilling("idle_grace_period_minutes is given without idle_fee_per_minute; give both or neither")
    components = []
    if energy_rate_per_kwh is not None:
        components.append(TariffComponent(type=ComponentType.ENERGY, price=energy_rate_per_kwh))
    if session_fee is not None:
        components.append(TariffComponent(type=ComponentType.FLAT, price=session_fee))
    if idle_fee_per_minute is not None:
        grace_minutes = idle_grace_period_minutes or Decimal(0)
        components.append(
            TariffComponent(type=ComponentType.PARKING, price=idle_fee_per_minute, min_duration_minutes=grace_minutes)
        )
    return tuple(components)
