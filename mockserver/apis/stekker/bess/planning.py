"""Schedules of a battery: what is asked for, what is known of the site and the market, and what was planned."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from fixtures.days import HOUR_S, unix_s, utc
from mockserver import ids
from mockserver.apis.stekker.bess.forecasting import Forecaster
from mockserver.apis.stekker.bess.limits import export_limit_kw, import_limit_kw
from mockserver.apis.stekker.bess.registry import BATTERIES, GRID_CONNECTIONS, SENSORS
from mockserver.apis.stekker.moments import moment
from mockserver.apis.stekker.regions import market_area
from mockserver.clock import timestamp
from mockserver.domain.bess.schedules import (
    Battery,
    NoSchedule,
    Schedule,
    Strategy,
    Surroundings,
    TargetOutOfReach,
    TargetOutsideLimits,
    schedule,
)
from mockserver.domain.bess.sensor_forecasts import total
from mockserver.http.errors import NotFound, Unprocessable
from mockserver.http.exchange import Context
from mockserver.http.resources import NUMBER
from mockserver.store import Value
from mockserver.store.counter import next_number

COLLECTION = "bess.schedules"
MOST_AHEAD = timedelta(days=14)
_DEFAULT_HORIZON_H, _DEFAULT_INTERVAL_S = 24, 900
_DIGITS = 6


class ScheduleBook:
    """The schedules of one battery."""

    def __init__(self, ctx: Context, battery: Value) -> None:
        self._ctx = ctx
        self._battery = battery
        self._collection = f"{COLLECTION}/{battery['id']}"

    async def list(self, strategy: str | None) -> Sequence[Value]:
        """All schedules, or those of a strategy, newest first."""
        found = [document.value for document in await self._ctx.store.list(self._collection)]
        return sorted(
            (value for value in found if strategy in (None, value["strategy"])), key=lambda value: -int(value[NUMBER])
        )

    async def get(self, key: str) -> Value:
        """The schedule of that id; NotFound when the battery has none."""
        document = await self._ctx.store.get(self._collection, key.lower())
        if document is None:
            raise NotFound(f"There is no schedule {key} of battery {self._battery['id']}.")
        return document.value

    async def clear(self) -> None:
        """Forget all schedules."""
        for document in await self._ctx.store.list(self._collection):
            await self._ctx.store.delete(self._collection, document.key)

    async def request(self, strategy: Strategy) -> Value:
        """Plan what the body asks for, and keep it; Unprocessable when it cannot be planned."""
        ctx, battery, body = self._ctx, self._battery, self._ctx.body
        initial = body.get("current_soc_percent", battery["current_soc_percent"])
        if initial is None:
            raise Unprocessable("is needed, since that of the battery is not known", "current_soc_percent")
        slots = self._slots(
            body.get("starts_at"),
            body.get("horizon_hours", _DEFAULT_HORIZON_H) * HOUR_S,
            body.get("interval_seconds", _DEFAULT_INTERVAL_S),
        )
        connection = await GRID_CONNECTIONS.get(ctx, battery["grid_connection_id"])
        around = await Site(ctx, connection).surroundings(slots, strategy)
        try:
            made = schedule(
                strategy,
                Battery(**{name: battery[name] for name in Battery.__slots__}),
                around,
                initial_soc_percent=initial,
                target_soc_percent=body.get("target_soc_percent"),
                max_cycles=body.get("max_cycles"),
            )
        except (TargetOutOfReach, TargetOutsideLimits) as error:
            raise Unprocessable(str(error), "target_soc_percent") from error
        except NoSchedule as error:
            where = "" if error.slot is None else f" In the period from {timestamp(utc(slots[error.slot]))}:"
            raise Unprocessable(f"There is no schedule.{where} {error}.") from error
        number = await next_number(ctx.store, self._collection)
        key = ids.uuid(ctx.world.seed, self._collection, number)
        currency = market_area(connection["market_region"], "market_region").currency
        value = {"id": key, NUMBER: number, "battery_id": battery["id"], **self._told(made, slots, initial, currency)}
        await ctx.store.put(self._collection, key, value, expected=0)
        if "current_soc_percent" in body:
            await BATTERIES.set(ctx, battery, current_soc_percent=initial, updated_at=timestamp(ctx.at))
        return value

    def _slots(self, asked: str | None, length_s: int, interval_s: int) -> range:
        """The starts of the periods, in Unix seconds; Unprocessable for a start in the past or too far ahead."""
        start = self._ctx.at if asked is None else moment(asked, "starts_at")
        if start < self._ctx.at - timedelta(seconds=interval_s):
            raise Unprocessable(
                f"is more than one interval before now, {timestamp(self._ctx.at)}: {asked}", "starts_at"
            )
        if start > self._ctx.at + MOST_AHEAD:
            raise Unprocessable(f"is more than {MOST_AHEAD.days} days ahead of now: {asked}", "starts_at")
        start_s = unix_s(start) // interval_s * interval_s
        return range(start_s, start_s + length_s, interval_s)

    def _told(self, made: Schedule, slots: range, initial: float, currency: str) -> Value:
        return {
            "strategy": made.strategy.value,
            "generated_at": timestamp(self._ctx.at),
            "starts_at": timestamp(utc(slots.start)),
            "ends_at": timestamp(utc(slots.stop)),
            "interval_seconds": slots.step,
            "initial_soc_percent": initial,
            "final_soc_percent": made.periods[-1].soc_percent,
            "currency_code": currency,
            "expected_revenue": made.revenue,
            "expected_solar_self_consumption_kwh": made.solar_used_kwh,
            "periods": [
                {
                    "period_start": timestamp(utc(start_s)),
                    "power_kw": period.power_kw,
                    "mode": period.mode,
                    "soc_percent": period.soc_percent,
                    "price_per_mwh": period.price_per_mwh,
                    "expected_solar_kw": period.solar_kw,
                    "expected_consumption_kw": period.consumption_kw,
                }
                for start_s, period in zip(slots, made.periods, strict=True)
            ],
        }


class Site:
    """What is around a battery: the market, the grid connection, and what its sensors foretell."""

    def __init__(self, ctx: Context, connection: Value) -> None:
        self._ctx = ctx
        self._connection = connection

    async def surroundings(self, slots: range, strategy: Strategy) -> Surroundings:
        """What is known of each slot; Unprocessable when the solar strategy lacks a forecast that it needs."""
        needed = strategy is Strategy.SOLAR
        solar, consumption = await self._outlook(slots, needed=needed)
        if needed and solar is None:
            raise Unprocessable(f"Grid connection {self._connection['id']} has no solar sensor: register one first.")
        return Surroundings(
            interval_s=slots.step,
            prices_per_mwh=self._prices(slots),
            import_limit_kw=import_limit_kw(self._connection),
            export_limit_kw=export_limit_kw(self._connection),
            solar_kw=solar,
            consumption_kw=consumption,
        )

    def _prices(self, slots: range) -> list[float]:
        """Settled prices, else what they are forecast to be."""
        world, start, end = self._ctx.world, utc(slots.start), utc(slots.stop)
        area = market_area(self._connection["market_region"], "market_region")
        settled = world.prices(area, start, end, slots.step).values
        if None not in settled:
            return [float(price) for price in settled if price is not None]
        expected = world.price_forecasts(area, start, end, slots.step).values
        return [float(each.expected if price is None else price) for price, each in zip(settled, expected, strict=True)]

    async def _outlook(self, slots: range, *, needed: bool) -> tuple[list[float] | None, list[float] | None]:
        """Solar production and consumption (kW) in each slot; None where no sensor tells.

        A sensor with too little history is left out, or, when `needed`, Unprocessable is raised.
        """
        registered = await SENSORS.list(self._ctx, grid_connection_id=self._connection["id"])
        kinds: dict[str, list[Value]] = {}
        for sensor in registered:
            kinds.setdefault(sensor["kind"], []).append(sensor)

        async def expected(kind: str) -> list[float] | None:
            parts = []
            for sensor in kinds.get(kind, ()):
                forecaster = Forecaster(self._ctx, sensor)
                forecast = await (forecaster.required() if needed else forecaster.forecast())
                if forecast is not None:
                    parts.append([each.expected for each in forecast.periods(slots)])
            return total(parts, len(slots)) if parts else None

        solar = await expected("solar")
        if needed and solar is None:
            return None, None
        consumption = await expected("consumption") or await expected("charge_point")
        if consumption is None and (grid := await expected("grid")) is not None:
            # What comes from the grid and the sun and does not go into the battery is used.
            battery = await expected("battery") or [0.0] * len(slots)
            sun = solar or [0.0] * len(slots)
            consumption = [each + light - stored for each, light, stored in zip(grid, sun, battery, strict=True)]
        return _not_negative(solar), _not_negative(consumption)


def _not_negative(values: Iterable[float] | None) -> list[Any] | None:
    return None if values is None else [max(0.0, round(value, _DIGITS)) for value in values]
