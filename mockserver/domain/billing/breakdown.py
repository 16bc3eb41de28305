"""What a session costs, line by line.

    subtotal       = sum of round(quantity * unit_price), after the rules that change lines
    discount_total = sum of discounts: of rules, by priority, then of the promotional code; none exceeds what is left
    tax_amount     = round((subtotal - discount_total) * tax_rate_percent / 100)
    total_cost     = subtotal - discount_total + tax_amount

Every rounding is half up to cents. Rules act when a session is closed: the running cost of an active one is without
them. Source: fact sheet of the Dynamo API, 1.7 (rules 1 to 8).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from mockserver.domain.billing.actions import (
    Action,
    AddFlatFee,
    ApplyDiscount,
    FreeSession,
    OverridePrice,
    RemoveComponent,
)
from mockserver.domain.billing.amounts import InvalidBilling, nearest_multiple, price_of, share_of, total
from mockserver.domain.billing.promotions import Promotion
from mockserver.domain.billing.rules import BillingRule, matching
from mockserver.domain.billing.session_facts import SessionFacts, begun_minutes
from mockserver.domain.billing.tariffs import ComponentType, Tariff, TariffComponent, Unit

DESCRIPTIONS = {
    ComponentType.FLAT: "Session fee",
    ComponentType.ENERGY: "Energy",
    ComponentType.TIME: "Time connected",
    ComponentType.PARKING: "Parking after charging",
}


class DiscountSource(StrEnum):
    """What grants a discount."""

    BILLING_RULE = "billing_rule"
    PROMOTIONAL_CODE = "promotional_code"


@dataclass(frozen=True, slots=True)
class CostComponent:
    """A line of the bill: so many sessions, kWh or minutes at a price each."""

    type: ComponentType
    description: str
    quantity: Decimal
    unit_price: Decimal

    @property
    def unit(self) -> Unit:
        """What the quantity counts."""
        return self.type.unit

    @property
    def amount(self) -> Decimal:
        """Quantity times unit price, in cents."""
        return price_of(self.quantity, self.unit_price)


@dataclass(frozen=True, slots=True)
class Discount:
    """What is taken off the subtotal, in cents; `reference` is the id of the rule, or the promotional code."""

    type: DiscountSource
    reference: str
    description: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CostBreakdown:
    """The bill of a session, money in `currency`; not final while the session is active, then a running estimate."""

    session_id: str
    tariff_id: str | None
    currency: str
    energy_kwh: Decimal
    duration_minutes: Decimal
    components: tuple[CostComponent, ...]
    discounts: tuple[Discount, ...]
    tax_rate_percent: Decimal
    is_final: bool

    @property
    def subtotal(self) -> Decimal:
        """The sum of the components."""
        return total(component.amount for component in self.components)

    @property
    def discount_total(self) -> Decimal:
        """The sum of the discounts, at most the subtotal."""
        return total(discount.amount for discount in self.discounts)

    @property
    def tax_amount(self) -> Decimal:
        """The tax on what the discounts leave."""
        return share_of(self.subtotal - self.discount_total, self.tax_rate_percent)

    @property
    def total_cost(self) -> Decimal:
        """What is to be paid."""
        return self.subtotal - self.discount_total + self.tax_amount


def breakdown(
    session: SessionFacts,
    tariff: Tariff,
    rules: Iterable[BillingRule] = (),
    promotion: Promotion | None = None,
) -> CostBreakdown:
    """The bill of a session by a tariff, with the rules that match it and a promotional code that was accepted for it.

    Whether a code is accepted is asked once, of `Promotion.refusal`: limits and expiry do not undo it later.
    InvalidBilling for a fixed one of another currency than the tariff's.
    """
    acting = matching(rules, session, tariff.id) if session.is_finished else []
    components = [_line(component, session) for component in tariff.components]
    for rule in acting:
        for action in rule.actions:
            components = _changed(components, rule, action)
    return CostBreakdown(
        session_id=session.session_id,
        tariff_id=tariff.id,
        currency=tariff.currency,
        energy_kwh=session.energy_kwh,
        duration_minutes=session.duration_minutes,
        components=tuple(components),
        discounts=tuple(_discounts(total(line.amount for line in components), acting, promotion, tariff.currency)),
        tax_rate_percent=tariff.tax_rate_percent,
        is_final=session.is_finished,
    )


def _line(component: TariffComponent, session: SessionFacts) -> CostComponent:
    match component.type:
        case ComponentType.FLAT:
            quantity = Decimal(1)
        case ComponentType.ENERGY:
            quantity = nearest_multiple(session.energy_kwh, component.step_size_kwh)
        case ComponentType.TIME:
            quantity = _beyond_grace(session.duration_s, component)
        case ComponentType.PARKING:
            quantity = _beyond_grace(session.idle_s, component)
    return CostComponent(component.type, DESCRIPTIONS[component.type], quantity, component.price)


def _beyond_grace(duration_s: int, component: TariffComponent) -> Decimal:
    return max(Decimal(0), begun_minutes(duration_s) - component.min_duration_minutes)


def _changed(components: Sequence[CostComponent], rule: BillingRule, action: Action) -> list[CostComponent]:
    match action:
        case RemoveComponent(removed):
            return [line for line in components if line.type is not removed]
        case OverridePrice(price_per_kwh):
            return [
                replace(line, unit_price=price_per_kwh) if line.type is ComponentType.ENERGY else line
                for line in components
            ]
        case AddFlatFee(fee):
            return [*components, CostComponent(ComponentType.FLAT, rule.name, Decimal(1), fee)]
        case ApplyDiscount() | FreeSession():
            return [*components]


def _discounts(
    subtotal: Decimal, rules: Iterable[BillingRule], promotion: Promotion | None, currency: str
) -> Iterator[Discount]:
    """The discounts in order; one that has nothing to take off is none."""
    remaining = subtotal
    for rule in rules:
        for action in rule.actions:
            match action:
                case ApplyDiscount(percent):
                    amount = min(share_of(subtotal, percent), remaining)
                case FreeSession():
                    amount = remaining
                case _:
                    continue
            if amount:
                yield Discount(DiscountSource.BILLING_RULE, rule.id, rule.name, amount)
                remaining -= amount
    if promotion is None:
        return
    if not promotion.fits(currency):
        raise InvalidBilling(f"code {promotion.code} is worth {promotion.currency}, and the tariff is in {currency}")
    amount = promotion.taken_off(remaining)
    if amount:
        yield Discount(DiscountSource.PROMOTIONAL_CODE, promotion.code, f"Code {promotion.code}", amount)
