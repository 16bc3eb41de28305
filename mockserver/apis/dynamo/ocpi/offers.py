"""A tariff in the terms of OCPI: elements, of which for each dimension the first that holds counts (11.3.1, 11.4.4).

A schedule gives way to the tariff itself in no dimension: what it does not charge has a price of nothing in it. For
minutes that are free after charging, and for time that counts while nothing flows, OCPI has no words: the text says
so. Rules and codes are no part of a tariff.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from mockserver.apis.dynamo.ocpi.operator import Operator
from mockserver.apis.dynamo.price_book import Edition, PriceBook
from mockserver.apis.dynamo.prices import Schedule
from mockserver.apis.dynamo.seed import FOUNDED_AT
from mockserver.domain.billing.conditions import DAYS
from mockserver.domain.billing.schedules import WeeklyHours
from mockserver.domain.billing.session_facts import MINUTE_S
from mockserver.domain.billing.tariffs import ComponentType, Tariff, TariffComponent

Wire = dict[str, Any]

_DIMENSIONS = {
    ComponentType.FLAT: "FLAT",
    ComponentType.ENERGY: "ENERGY",
    ComponentType.TIME: "TIME",
    ComponentType.PARKING: "PARKING_TIME",
}
_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_HOUR_MINUTES = 60
_EACH = {
    ComponentType.FLAT: "per session",
    ComponentType.ENERGY: "per kWh",
    ComponentType.TIME: "per minute connected",
    ComponentType.PARKING: "per minute after charging",
}


@dataclass(frozen=True)
class Offer:
    """A tariff as it is at an aware instant, with its schedules."""

    operator: Operator
    book: PriceBook
    id: str
    at: datetime

    @property
    def tariff(self) -> Tariff:
        """The tariff outside of its schedules."""
        return self._edition.tariffs[self.id]

    @property
    def last_updated(self) -> datetime:
        """When it or one of its schedules was changed last."""
        changed_at = self.book.changed_at(lambda each: (each.tariffs.get(self.id), self._schedules(each)), self.at)
        return (changed_at or FOUNDED_AT).replace(microsecond=0)

    @property
    def elements(self) -> list[Wire]:
        """The prices with their restrictions."""
        found: list[Wire] = []
        charged = {each.type for each in self.tariff.components}
        for each in self._schedules(self._edition):
            found += _elements(self.tariff, each.components, _hours(each.hours), charged)
        return [*found, *_elements(self.tariff, self.tariff.components, {}, set())]

    @property
    def text(self) -> str:
        """All of it in words."""
        schedules = self._schedules(self._edition)
        parts = [_words(self.tariff, self.tariff.components)]
        parts += [f"{_when(each.hours)}: {_words(self.tariff, each.components)}" for each in schedules]
        return f"{'. '.join(parts)}. {self.tariff.tax_rate_percent.normalize():f}% tax on top."

    @property
    def _edition(self) -> Edition:
        return self.book.at(self.at)

    def _schedules(self, edition: Edition) -> list[Schedule]:
        return [each for each in edition.schedules.values() if each.tariff_id == self.id]


def _elements(
    tariff: Tariff, components: Sequence[TariffComponent], restrictions: Wire, others: set[ComponentType]
) -> Iterator[Wire]:
    """Time that is charged after a while only has an element of its own; `others` are charged nothing here."""
    graced = [each for each in components if each.type is ComponentType.TIME and each.min_duration_minutes]
    rest = [each for each in components if each not in graced]
    for each in graced:
        least = {"min_duration": int(each.min_duration_minutes * MINUTE_S)}
        yield {"price_components": [_price(tariff, each)], "restrictions": {**restrictions, **least}}
    rest += [TariffComponent(type=each, price=Decimal(0)) for each in sorted(others - {each.type for each in rest})]
    if rest:
        element: Wire = {"price_components": [_price(tariff, each) for each in rest]}
        yield {**element, "restrictions": restrictions} if restrictions else element


def _price(tariff: Tariff, component: TariffComponent) -> Wire:
    steps = {ComponentType.FLAT: 1, ComponentType.ENERGY: max(1, round(component.step_size_kwh * 1000))}
    per_hour = _HOUR_MINUTES if component.type.is_timed else 1
    return {
        "type": _DIMENSIONS[component.type],
        "price": float(component.price * per_hour),
        "vat": float(tariff.tax_rate_percent),
        "step_size": steps.get(component.type, MINUTE_S),
    }


def _hours(hours: WeeklyHours) -> Wire:
    """Days are always named; a day that ends where it begins has no hours."""
    start, end = hours.window
    times = {} if start == end == 0 else {"start_time": _clock(start), "end_time": _clock(end)}
    return {**times, "day_of_week": [_DAYS[day] for day in sorted(hours.weekdays)]}


def _clock(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def _words(tariff: Tariff, components: Sequence[TariffComponent]) -> str:
    return "; ".join(
        f"{each.price.normalize():f} {tariff.currency} {_EACH[each.type]}"
        + (f" beyond the first {each.min_duration_minutes.normalize():f}" if each.min_duration_minutes else "")
        for each in components
    )


def _when(hours: WeeklyHours) -> str:
    days = ", ".join(DAYS[day] for day in sorted(hours.weekdays))
    return f"{days} {_clock(hours.window.start_minute)} to {_clock(hours.window.end_minute)}"
