"""The world that all APIs look at: a pure function of a seed and a clock, computed when it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, partial
from zoneinfo import ZoneInfo

from fixtures.carbon import intensity_of_day
from fixtures.days import HALF_HOUR_S, HOUR_S, local_days, midnight, slots_of_day, unix_s, utc
from fixtures.power import SLOT_S, means
from fixtures.price_forecasts import PriceForecast, day_forecast
from fixtures.prices import Area, day_ahead, price_at
from fixtures.tariffs import PriceSlot, price_series
from mockserver import ids
from mockserver.clock import Clock
from mockserver.domain.catalogue import Catalogue, catalogue
from mockserver.domain.drivers import Driver, drivers
from mockserver.domain.energy import Flow, flow_wh, stored_wh
from mockserver.domain.series import Series, Slot
from mockserver.domain.sessions import Session, session_named, sessions
from mockserver.domain.sites import Charger, Site, sites
from mockserver.domain.tariffs import Supplier, Tariff
from mockserver.domain.worlds import NamedWorld

_HISTORY = timedelta(days=365)
_MOMENT = timedelta(microseconds=1)


class World:
    """Suppliers, tariffs, drivers and sites of one seed, as they are at the clock's now."""

    def __init__(self, seed: int, clock: Clock, named: NamedWorld | None = None) -> None:
        """The world of a seed with the sites of a named world, by default those of `DEFAULT_WORLD`."""
        self.seed = seed
        self.clock = clock
        self.named = named or NamedWorld()

    @property
    def suppliers(self) -> tuple[Supplier, ...]:
        """All suppliers by name."""
        return self._catalogue.suppliers

    @property
    def tariffs(self) -> tuple[Tariff, ...]:
        """All tariffs by name, then id; several have the same name."""
        return self._catalogue.tariffs

    @cached_property
    def drivers(self) -> tuple[Driver, ...]:
        """All drivers by id, which is the order in which they joined."""
        return drivers(self.seed, self.tariffs)

    def supplier(self, supplier_id: str) -> Supplier | None:
        """The supplier with that id (`supl` and a ULID), or None."""
        return self._suppliers_by_id.get(supplier_id)

    def tariff(self, tariff_id: str) -> Tariff | None:
        """The tariff with that id (`tari` and a ULID), or None."""
        return self._tariffs_by_id.get(tariff_id)

    def driver(self, driver_id: str) -> Driver | None:
        """The driver with that id (`user` and a ULID), or None."""
        return self._drivers_by_id.get(driver_id)

    def is_open(self, tariff: Tariff) -> bool:
        """True when new customers can have the tariff today, by the calendar of its own time zone."""
        return tariff.is_open(self.clock.now().astimezone(ZoneInfo(tariff.timezone)).date())

    def tariffs_available_to(self, driver: Driver) -> tuple[Tariff, ...]:
        """The open tariffs sold where the driver lives, in the order of `tariffs`."""
        return tuple(
            tariff
            for tariff in self.tariffs
            if tariff.is_sold_in(driver.country_code, driver.timezone, driver.gsp_group) and self.is_open(tariff)
        )

    def suppliers_available_to(self, driver: Driver) -> tuple[Supplier, ...]:
        """The suppliers with a tariff available to the driver, by name."""
        available = {tariff.supplier.id for tariff in self.tariffs_available_to(driver)}
        return tuple(supplier for supplier in self.suppliers if supplier.id in available)

    def rate(self, tariff: Tariff, instant: datetime) -> Decimal | None:
        """Major currency units per kWh at an aware instant; None where it is not known, and always for some types.

        Known is what `price_series` covers, from the first day of the tariff on: the rate of a slot is that of every
        instant in it.
        """
        if tariff.rates is None or not _began_at(tariff) <= instant < tariff.rates.known_until(self.clock.now()):
            return None
        return tariff.rates.rate(instant)

    def price_series(
        self, tariff: Tariff, started_at_gte: datetime | None = None, started_at_lte: datetime | None = None
    ) -> Sequence[PriceSlot]:
        """The known half-hour slots, oldest first and computed when looked at; both limits are aware and inclusive.

        It begins where the tariff did, at most 365 days ago, and ends with tomorrow (local) or, for a dynamic tariff,
        with the last day-ahead publication. `series[::-1]` has the newest first.
        """
        if tariff.rates is None:
            return ()
        now = self.clock.now()
        start, end = max(_began_at(tariff), now - _HISTORY), tariff.rates.known_until(now)
        if started_at_gte is not None:
            start = max(start, started_at_gte)
        if started_at_lte is not None and started_at_lte < end:
            end = started_at_lte + _MOMENT
        return price_series(tariff.rates, tariff.currency, start, end)

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """The sites of the named world, in the order of its table, then homes by driver."""
        return sites(self.seed, self.named, self.drivers, self.tariffs)

    def site(self, site_id: str) -> Site | None:
        """The site with that id (a ULID), or None."""
        return self._sites_by_id.get(site_id)

    def charger(self, identity: str) -> Charger | None:
        """The charger that has that OCPP identity, or None."""
        return self._chargers_by_identity.get(identity)

    def sessions(self, start: datetime, end: datetime, at: Iterable[Site] | None = None) -> Iterator[Session]:
        """The sessions plugged in within [start, end), aware, at those sites or at all, in order; streamed.

        What lies ahead of the clock is what will happen unless somebody interferes.
        """
        return sessions(self.seed, self.sites if at is None else at, unix_s(start), unix_s(end))

    def session(self, session_id: str) -> Session | None:
        """The session with that id (a ULID), or None."""
        plugged_in_at = ids.instant(session_id)
        if plugged_in_at is None:
            return None
        return session_named(self.seed, self.sites, session_id, unix_s(plugged_in_at))

    def energy(self, site: Site, flow: Flow, start: datetime, end: datetime, slot_s: int = SLOT_S) -> Series[int]:
        """The Wh of a flow in each slot of `slot_s` seconds that begins in [start, end), both aware.

        Windows of whole slots that follow each other add up to the window they make, and longer slots to the shorter
        ones in them. ValueError when `slot_s` is not positive.
        """
        if slot_s <= 0:
            raise ValueError(f"slots of {slot_s} s: their length must be greater than 0")
        slots = range(unix_s(start), unix_s(end), slot_s)
        return Series("Wh", slots, flow_wh(self.seed, site, flow, slots))

    def soc(self, site: Site, at: datetime) -> float | None:
        """How full the site's battery is at an aware instant, 0..1; None without one."""
        if site.battery is None:
            return None
        return stored_wh(self.seed, site, unix_s(at)) / site.battery.capacity_wh

    def prices(self, area: Area, start: datetime, end: datetime, slot_s: int = HOUR_S) -> Series[Decimal | None]:
        """The day-ahead prices per MWh of the slots that begin in [start, end); None where not published yet.

        `slot_s` is 900, 1800 or 3600, and `start` the start of such a slot.
        """
        slots = range(unix_s(start), unix_s(end), slot_s)
        known_until_s = unix_s(area.known_until(self.clock.now()))
        values = [price_at(self.seed, area.name, utc(at_s), slot_s) if at_s < known_until_s else None for at_s in slots]
        return Series(f"{area.currency}/MWh", slots, values)

    def price_forecasts(
        self, area: Area, start: datetime, end: datetime, slot_s: int = HOUR_S
    ) -> Series[PriceForecast]:
        """The last forecasts per MWh, as of now, of the same slots: those of published prices are from just before.

        A price that is published is no longer forecast, so what was expected of it stays as it was.
        """
        slots = range(unix_s(start), unix_s(end), slot_s)
        now = self.clock.now()
        values: list[PriceForecast] = []
        for day in local_days(area.zone, slots.start, slots.stop):
            issued_at = min(now, area.publication(day) - _MOMENT)
            forecasts = day_forecast(self.seed, area.name, day, issued_at, slot_s)
            starts = slots_of_day(area.zone, day, slot_s)
            values += [each for at_s, each in zip(starts, forecasts, strict=True) if at_s in slots]
        return Series(f"{area.currency}/MWh", slots, values)

    def auction_prices(self, area: Area, start: datetime, end: datetime) -> Iterator[Slot[Decimal | None]]:
        """The day-ahead prices per MWh of the periods that touch [start, end); None where not published yet.

        The periods are those that were auctioned, which from some day on are shorter than before. It streams.
        """
        start_s, end_s = unix_s(start), unix_s(end - _MOMENT) + 1
        known_until_s = unix_s(area.known_until(self.clock.now()))
        for day in local_days(area.zone, start_s, end_s):
            slots = slots_of_day(area.zone, day, area.auction_interval_s(day))
            known = slots.start < known_until_s
            prices = day_ahead(self.seed, area.name, day) if known else [None] * len(slots)
            for at_s, price in zip(slots, prices, strict=True):
                if start_s - slots.step < at_s < end_s:
                    yield Slot(utc(at_s), utc(at_s + slots.step), price)

    def carbon_intensity(
        self, area_name: str, start: datetime, end: datetime, slot_s: int = HALF_HOUR_S
    ) -> Series[float]:
        """The mean gCO2/kWh of a grid (`fixtures.carbon.area_names`) in each slot that begins in [start, end)."""
        slots = range(unix_s(start), unix_s(end), slot_s)
        return Series("gCO2/kWh", slots, means(partial(intensity_of_day, self.seed, area_name), slots))

    @cached_property
    def _catalogue(self) -> Catalogue:
        return catalogue(self.seed)

    @cached_property
    def _suppliers_by_id(self) -> Mapping[str, Supplier]:
        return {supplier.id: supplier for supplier in self.suppliers}

    @cached_property
    def _tariffs_by_id(self) -> Mapping[str, Tariff]:
        return {tariff.id: tariff for tariff in self.tariffs}

    @cached_property
    def _sites_by_id(self) -> Mapping[str, Site]:
        return {site.id: site for site in self.sites}

    @cached_property
    def _chargers_by_identity(self) -> Mapping[str, Charger]:
        return {charger.identity: charger for site in self.sites for charger in site.chargers}

    @cached_property
    def _drivers_by_id(self) -> Mapping[str, Driver]:
        return {driver.id: driver for driver in self.drivers}


def _began_at(tariff: Tariff) -> datetime:
    """The start, in UTC, of the first day of a tariff in its own time zone."""
    return midnight(ZoneInfo(tariff.timezone), tariff.valid_from)
