"""What a server must hold after it was told of a world's chargers, worked out from what was sent alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from fixtures.days import QUARTER_HOUR_S, unix_us, utc_of_us
from fixtures.prices import Area
from mockserver.domain.world import World

_PHASES = {"AC_1_PHASE": 1, "AC_3_PHASE": 3}
_REGISTER = "Energy.Active.Import.Register"
_SLOT_US = QUARTER_HOUR_S * 1_000_000

Reading = tuple[int, int]
"""Unix microseconds and Wh."""


@dataclass
class Session:
    """A transaction as it was sent."""

    charge_point: str
    connector: int
    readings: list[Reading]
    ended: Reading | None = None

    def points(self) -> list[Reading]:
        """All readings of the session by time, from its start to its end if it has one."""
        last = self.ended
        within = [each for each in self.readings if each[0] >= self.readings[0][0] and (not last or each[0] <= last[0])]
        return sorted([*within, *([last] if last else [])])

    def by_quarter_hour(self) -> dict[str, list[int]]:
        """The first and the last reading of each quarter-hour, by the second in which it starts."""
        kept: dict[str, list[int]] = {}
        for at_us, register_wh in self.points():
            slot = kept.setdefault(str(at_us // _SLOT_US * QUARTER_HOUR_S), [at_us, register_wh, at_us, register_wh])
            slot[2:] = [at_us, register_wh]
        return kept


@dataclass
class Ledger:
    """Everything that was sent: `see` each event, `pair` each charge point."""

    sessions: dict[int, Session] = field(default_factory=dict)
    statuses: dict[tuple[str, int], tuple[str, str, str]] = field(default_factory=dict)
    """Timestamp, status and error code by charge point and connector."""
    max_power_w: dict[tuple[str, int], float] = field(default_factory=dict)
    events: int = 0

    def pair(self, body: Mapping[str, Any]) -> None:
        """Take note of what the connectors of a charge point deliver."""
        for each in body["connectors"]:
            phases = _PHASES.get(each["powerType"])
            power_w = each["maxVoltage"] * each["maxAmperage"] * phases if phases else each["maxPower"]
            self.max_power_w[body["chargePointId"], each["connectorId"]] = power_w

    def see(self, body: Mapping[str, Any]) -> None:
        """Take note of an OCPP event; those of a charge point come in the order in which they are sent."""
        self.events += 1
        charge_point, call = body["chargePointId"], body["event"]
        params = call["params"]
        match call["method"]:
            case "StatusNotification":
                key = charge_point, params["connectorId"]
                self.statuses[key] = max(
                    self.statuses.get(key, ("", "", "")), (params["timestamp"], params["status"], params["errorCode"])
                )
            case "StartTransaction":
                start = (_us(params["timestamp"]), params["meterStart"])
                number = call["response"]["transactionId"]
                self.sessions.setdefault(number, Session(charge_point, params["connectorId"], [start]))
            case "MeterValues" if "transactionId" in params:
                self.sessions[params["transactionId"]].readings += _registers(params["meterValue"])
            case "StopTransaction":
                session = self.sessions[params["transactionId"]]
                session.readings += _registers(params.get("transactionData", ()))
                session.ended = (_us(params["timestamp"]), params["meterStop"])

    def lost(self, held: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
        """How sessions differ from what was sent; they are as in the state, by `<transaction>/<charge point>`."""
        expected = {f"{number}/{session.charge_point}" for number, session in self.sessions.items()}
        if expected != held.keys():
            yield f"sessions differ: {sorted(expected ^ held.keys())[:5]}"
        for number, session in self.sessions.items():
            found = held.get(f"{number}/{session.charge_point}", {})
            if found.get("readings") != session.by_quarter_hour():
                yield f"the readings of transaction {number} are not those that were sent"
            if found.get("ended_us") != (session.ended and session.ended[0]):
                yield f"transaction {number} ended at {found.get('ended_us')}, not at {session.ended}"

    def stale(self, charge_points: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        """Which connectors, as the demo app lists them, have another status than the last one that was sent."""
        held = {
            (charge_point["charge_point_id"], each["connector_id"]): (each["status"], each["error_code"])
            for charge_point in charge_points
            for each in charge_point["connectors"]
        }
        for key, (_, *said) in self.statuses.items():
            if held.get(key) != tuple(said):
                yield f"connector {key} is {held.get(key)}, not {said}"

    def infeasible(self, charge_point: str, profile: Mapping[str, Any]) -> str | None:
        """What is wrong with a profile that was pushed to a charge point; None when nothing is."""
        schedule = profile["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"]
        starts = [period["startPeriod"] for period in schedule]
        most_w = self.max_power_w[charge_point, profile["connectorId"]]
        if starts[0] != 0 or starts != sorted({*starts}):
            return f"periods begin at {starts}"
        bad = [period["limit"] for period in schedule if not 0 <= period["limit"] <= most_w]
        return f"limits {bad} are not within 0 to {most_w} W" if bad else None


def cost(points: Sequence[Reading], world: World, area: Area) -> Decimal:
    """What the energy between the first and the last reading cost, in currency units with four decimals.

    The register at each border of a market period by linear interpolation, its differences times the price: fact sheet
    of the Stekker API, 7.3.
    """
    times = [at_us for at_us, _ in points]
    start, end = utc_of_us(times[0]), utc_of_us(times[-1])
    total = Fraction(0)
    for period in world.auction_prices(area, start, end):
        first, last = max(unix_us(period.start), times[0]), min(unix_us(period.end), times[-1])
        if period.value is None:
            raise ValueError(f"no price for {period.start.isoformat()}")
        if first < last:
            energy_wh = _register(points, times, last) - _register(points, times, first)
            total += energy_wh * Fraction(period.value)
    return Decimal(round(total / 100)).scaleb(-4)


def _register(points: Sequence[Reading], times: Sequence[int], at_us: int) -> Fraction:
    after = bisect_right(times, at_us)
    before_us, before_wh = points[after - 1]
    if before_us == at_us:
        return Fraction(before_wh)
    after_us, after_wh = points[after]
    return before_wh + Fraction((after_wh - before_wh) * (at_us - before_us), after_us - before_us)


def _registers(meter_values: Iterable[Mapping[str, Any]]) -> list[Reading]:
    return [
        (_us(value["timestamp"]), int(sampled["value"]))
        for value in meter_values
        for sampled in value["sampledValue"]
        if sampled["measurand"] == _REGISTER
    ]


def _us(text: str) -> int:
    return unix_us(datetime.fromisoformat(text))
