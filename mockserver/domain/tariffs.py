"""Electricity suppliers and the tariffs they offer to households."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from fixtures.tariffs import Band, BandedRates, Rates


class TariffType(StrEnum):
    """How a tariff is priced; the last two have no rates that we could know."""

    FLAT_RATE = "FLAT_RATE"
    DUAL_RATE = "DUAL_RATE"
    THREE_RATE = "THREE_RATE"
    DYNAMIC = "DYNAMIC"
    EXTERNALLY_MANAGED = "EXTERNALLY_MANAGED"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Supplier:
    """A company that sells electricity in one country (ISO 3166-1 alpha-2)."""

    id: str
    name: str
    country_code: str
    icon_url: str | None
    highlighted: bool


@dataclass(frozen=True, slots=True)
class Tariff:
    """An offer of one supplier; rates in `currency` (ISO 4217) per kWh by the local time of `timezone` (IANA)."""

    id: str
    supplier: Supplier
    name: str
    type: TariffType
    currency: str
    timezone: str
    gsp_group: str | None  # GB grid supply point group, "_A" to "_P"; None: not regional
    highlighted: bool
    valid_from: date  # first and last day on which new customers can have it
    valid_until: date | None
    price_chart_url: str | None
    rates: Rates | None
    scheduler_tariff: Tariff | None  # what charging is planned against, when that is not the tariff itself
    export_rates: Rates | None = None  # what a kWh fed into the grid earns; None: nothing that we know of

    @property
    def country_code(self) -> str:
        """ISO 3166-1 alpha-2, where the supplier sells."""
        return self.supplier.country_code

    @property
    def bands(self) -> tuple[Band, ...]:
        """The price bands of every day, dearest name first; empty for a tariff without."""
        return self.rates.bands if isinstance(self.rates, BandedRates) else ()

    def is_open(self, on: date) -> bool:
        """True while new customers can have it, both end days included."""
        return self.valid_from <= on and (self.valid_until is None or on <= self.valid_until)

    def is_sold_in(self, country_code: str, timezone: str, gsp_group: str | None) -> bool:
        """True where it is offered: in its country and time zone, and in its region when it is a regional tariff."""
        # The time zone tells the markets of a large country apart: nobody in Florida is supplied from California.
        here = self.country_code == country_code and self.timezone == timezone
        return here and self.gsp_group in (None, gsp_group)
