"""The catalogue: suppliers and tariffs as the tables in fixtures/tables/tariffs declare them, one file per country.

The head of a file says what its tariffs share (currency, VAT, bidding zone, energy tax), `regions` what differs between
grid regions. An entry with `regional: true` stands for one tariff in each of them. The names of the fields of `_Market`
and of the keyword arguments of its methods are the keys that a table may use; any other is an error.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from fixtures import prices
from fixtures.calibration import table, table_names
from fixtures.rng import unit
from fixtures.tariffs import (
    Band,
    BandedRates,
    BandName,
    DynamicRates,
    NetMeteredRates,
    Rates,
    SpotFormula,
    Window,
    remaining_windows,
)
from mockserver import ids
from mockserver.domain.tariffs import Supplier, Tariff, TariffType

_TYPES_BY_BANDS = (TariffType.FLAT_RATE, TariffType.DUAL_RATE, TariffType.THREE_RATE)
_BAND_NAMES: tuple[BandName, ...] = ("peak", "mid_peak", "off_peak")
_FIRST_SUPPLIER, _SUPPLIERS_JOIN_WITHIN = datetime(2019, 1, 1, tzinfo=UTC), timedelta(days=1500)
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "ß": "ss", "ł": "l"})  # those without a decomposition
_PRICE_STEP = Decimal("0.0001")  # price lists stop at a hundredth of a cent

_Offers = dict[tuple[str, str | None], Tariff]  # by name and region


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All suppliers by name, and all tariffs by name and then id."""

    suppliers: tuple[Supplier, ...]
    tariffs: tuple[Tariff, ...]


@lru_cache(maxsize=8)
def catalogue(seed: int) -> Catalogue:
    """The catalogue of a seed, which decides ids and wholesale prices; ValueError says where a table is wrong."""
    suppliers: list[Supplier] = []
    tariffs: list[Tariff] = []
    for name in table_names("tariffs"):
        head = dict(table(name))
        for row in head.pop("suppliers"):
            try:
                supplier, offers = _Market(seed, **head).supplier(**row)
            except (ArithmeticError, KeyError, TypeError, ValueError) as error:
                raise ValueError(f"{name}.yaml, {row.get('name')}: {error!r}") from error
            suppliers.append(supplier)
            tariffs.extend(offers.values())
    return Catalogue(
        suppliers=tuple(sorted(suppliers, key=lambda supplier: (supplier.name, supplier.id))),
        tariffs=tuple(sorted(tariffs, key=lambda tariff: (tariff.name, tariff.id))),
    )


@dataclass(frozen=True, slots=True)
class _Market:
    """What the tariffs of one country share: the head of its table."""

    seed: int
    country: str
    timezone: str
    currency: str
    vat: str
    area: str = ""
    exchange_rate: str = "1"  # currency units per unit of the area's currency
    energy_tax: dict[int, str] = field(default_factory=dict)  # per kWh before VAT, by first calendar year
    net_metering_until: str | None = None  # the first day on which export earns less than import costs
    regions: dict[str, dict[str, str]] = field(default_factory=dict)  # by GSP group

    def supplier(
        self, *, name: str, tariffs: list[dict[str, Any]], highlighted: bool = False, icon: bool = True
    ) -> tuple[Supplier, _Offers]:
        """One supplier and all it offers."""
        joined_at = _FIRST_SUPPLIER + unit(self.seed, "supplier joined", name) * _SUPPLIERS_JOIN_WITHIN
        supplier = Supplier(
            id="supl" + ids.ulid(joined_at, self.seed, "supplier", name),
            name=name,
            country_code=self.country,
            icon_url=f"https://icons.example.com/{_slug(name)}.png" if icon else None,
            highlighted=highlighted,
        )
        offers: _Offers = {}
        # Those that are scheduled against another tariff come after it.
        for row in sorted(tariffs, key=lambda row: "scheduler_tariff" in row):
            for tariff in self.tariffs(supplier, offers, **row):
                if offers.setdefault((tariff.name, tariff.gsp_group), tariff) is not tariff:
                    raise ValueError(f"tariff {tariff.name} occurs twice")
        return supplier, offers

    def tariffs(
        self,
        supplier: Supplier,
        offers: _Offers,
        *,
        name: str,
        valid_from: str,
        valid_until: str | None = None,
        type: str = "",  # noqa: A002 - the key of the table; for a tariff with neither bands nor spot
        bands: dict[BandName, str | list[str]] | None = None,
        spot: dict[str, Any] | None = None,
        export: dict[str, Any] | None = None,
        regional: bool = False,
        timezone: str = "",
        highlighted: bool = False,
        price_chart_url: str | None = None,
        scheduler_tariff: str | None = None,
    ) -> Iterator[Tariff]:
        """The tariffs that one entry stands for: one, or one for each region."""
        if [bool(bands), bool(spot), bool(type)].count(True) != 1:
            raise ValueError(f"tariff {name} needs one of bands, spot and type")
        opens = date.fromisoformat(valid_from)
        zone = ZoneInfo(timezone or self.timezone)
        for gsp_group in self.regions if regional else [None]:
            region = self.regions[gsp_group] if gsp_group else {}
            rates: Rates | None = None
            if bands:
                priced_as, rates = _TYPES_BY_BANDS[len(bands) - 1], BandedRates(zone, _bands(bands, region))
            elif spot:
                priced_as, rates = TariffType.DYNAMIC, self.dynamic_rates(region, **spot)
            else:
                priced_as = TariffType(type)
            name_in_seed = ("tariff", supplier.name, name, gsp_group or "")
            yield Tariff(
                id="tari" + ids.ulid(datetime.combine(opens, time(), UTC), self.seed, *name_in_seed),
                supplier=supplier,
                name=name,
                type=priced_as,
                currency=self.currency,
                timezone=zone.key,
                gsp_group=gsp_group,
                highlighted=highlighted,
                valid_from=opens,
                valid_until=date.fromisoformat(valid_until) if valid_until else None,
                price_chart_url=price_chart_url,
                rates=rates,
                scheduler_tariff=offers[scheduler_tariff, gsp_group] if scheduler_tariff else None,
                export_rates=self.export_rates(zone, rates, **export) if export is not None else None,
            )

    def dynamic_rates(
        self,
        region: dict[str, str],
        *,
        fees: dict[str, str] | None = None,
        area: str = "",
        multiplier: str = "1",
        peak_fee: str = "0",
        peak: str | None = None,
        resolution: str | None = None,
        cap: str | None = None,
        interval_s: str | None = None,
    ) -> DynamicRates:
        """Rates on the spot price; a region's own multiplier and peak fee go before those of the tariff."""
        formula = SpotFormula(
            vat=Decimal(self.vat),
            multiplier=Decimal(region.get("multiplier", multiplier)) * Decimal(self.exchange_rate),
            fee=sum((Decimal(fee) for fee in (fees or {}).values()), Decimal(0)),
            energy_tax=tuple((year, Decimal(tax)) for year, tax in sorted(self.energy_tax.items())),
            peak_fee=Decimal(region.get("peak_fee", peak_fee)),
            peak_window=Window.parse(peak) if peak else None,
            resolution=Decimal(resolution) if resolution else None,
            cap=Decimal(cap) if cap else None,
        )
        return DynamicRates(self.seed, prices.area(area or self.area), formula, int(interval_s) if interval_s else None)

    def export_rates(
        self,
        zone: ZoneInfo,
        import_rates: Rates | None,
        *,
        bands: dict[BandName, str | list[str]] | None = None,
        spot_fee: str | None = None,
    ) -> Rates:
        """What export earns: bands, or the spot price less a fee, without tax and VAT; after net metering if any."""
        if (bands is None) == (spot_fee is None):
            raise ValueError("export needs one of bands and spot_fee")
        rates: Rates
        if bands:
            rates = BandedRates(zone, _bands(bands, {}))
        else:
            formula = SpotFormula(Decimal(0), multiplier=Decimal(self.exchange_rate), fee=-Decimal(spot_fee or 0))
            if isinstance(import_rates, DynamicRates):  # export is settled by the same prices
                rates = replace(import_rates, formula=formula)
            else:
                rates = DynamicRates(self.seed, prices.area(self.area), formula)
        if self.net_metering_until is None:
            return rates
        if import_rates is None:
            raise ValueError("net metering needs import rates: bands or spot")
        return NetMeteredRates(zone, date.fromisoformat(self.net_metering_until), import_rates, rates)


def _bands(rows: dict[BandName, str | list[str]], region: dict[str, str]) -> tuple[Band, ...]:
    """The bands of an entry: `[price, window, ...]`, or the price alone, which then holds for the rest of the day."""
    if unknown := rows.keys() - {*_BAND_NAMES}:
        raise ValueError(f"bands are called {', '.join(_BAND_NAMES)}, not {', '.join(unknown)}")
    windows = {name: tuple(map(Window.parse, row[1:])) for name, row in rows.items() if isinstance(row, list)}
    rest = remaining_windows(chain.from_iterable(windows.values()))
    bands = []
    for name in sorted(rows, key=_BAND_NAMES.index):
        row = rows[name]
        price = Decimal(row if isinstance(row, str) else row[0])
        if "factor" in region:
            price = (price * Decimal(region["factor"])).quantize(_PRICE_STEP, ROUND_HALF_UP)
        bands.append(Band(name, price, windows.get(name, rest)))
    return tuple(bands)


def _slug(name: str) -> str:
    """A name as part of a URL: ASCII letters and digits, hyphens between words."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return "-".join(re.findall(r"[a-z0-9]+", plain))
