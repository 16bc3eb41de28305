"""`python -m benchmarks.world`: how fast the world is computed, beside HiGHS where there is a peer, and its bars.

CPU seconds of this process, so that what else runs on the machine hardly counts. Exit codes: 0 every bar met, 1 not.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from time import monotonic, process_time, sleep
from zoneinfo import ZoneInfo

from benchmarks.highs import Model
from benchmarks.report import Bar, bar_lines, table
from fixtures import load, ocpp, solar
from fixtures.days import DAY_S, HOUR_S, QUARTER_HOUR_S, midnight_s
from fixtures.evses import ChargerTraits, EvseTraits
from fixtures.power import means
from fixtures.prices import day_ahead
from fixtures.sessions import sessions
from mockserver.domain.planner import Market, Premises, Storage, plan_cash

_SEED = 1
_ZONE = ZoneInfo("Europe/Amsterdam")
_FIRST_DAY = date(2026, 1, 1)
_STORAGE = Storage(
    capacity_wh=10_000,
    min_energy_wh=1_000,
    max_energy_wh=9_500,
    charge_limit_w=5_000,
    discharge_limit_w=5_000,
    charge_efficiency=0.95,
    discharge_efficiency=0.95,
)
_RESTING_WH = 5_000
_GRID_W = 17_250
_HOUSEHOLD = load.Load("bench", load.HOME, 2_800_000, _ZONE)
_PANELS = solar.Plant("bench", "continent", 52.09, 5.12, 5_000)
_CHARGER = ChargerTraits(
    name="bench",
    model="alfen_eve_double",
    protocol="1.6",
    evses=tuple(EvseTraits(f"bench/{number}", "public_ac", _ZONE, 22_080, 3, _FIRST_DAY) for number in (1, 2)),
)
_RSS_SAMPLE_S = 0.5


class Case:
    """One plan to make: prices per kWh, and what the household uses and its panels give, in W."""

    def __init__(self, spot: Sequence[float], slot_s: int, day: date | None = None) -> None:
        self.slot_s = slot_s
        self.buy = self.sell = [price / 1000.0 for price in spot]
        self.load_w = self.solar_w = [0.0] * len(spot)
        if day is not None:  # a household on a Dutch dynamic tariff, realism sheet 2
            self.buy, self.sell = [(price + 0.02 + 0.0916) * 1.21 for price in self.buy], self.sell
            first_s = midnight_s(_ZONE, day)
            slots = range(first_s, first_s + len(spot) * slot_s, slot_s)
            self.load_w = means(lambda utc_day: load.power_of_day(_SEED, _HOUSEHOLD, utc_day), slots)
            self.solar_w = means(lambda utc_day: solar.power_of_day(_SEED, _PANELS, utc_day), slots)

    def ours(self) -> float:
        """The optimum by our planner."""
        plan = plan_cash(
            _STORAGE,
            Market(buy_per_kwh=self.buy, sell_per_kwh=self.sell),
            Premises(load_w=self.load_w, pv_w=self.solar_w, import_limit_w=_GRID_W, export_limit_w=_GRID_W),
            slot_s=self.slot_s,
            initial_wh=_RESTING_WH,
            final_wh=_RESTING_WH,
        )
        return plan.objective

    def highs(self, *, exact: bool) -> Model:
        """The same as a model of HiGHS; exact: one that never charges and discharges at once."""
        return Model(
            self.buy,
            self.sell,
            [(use - sun) / 1000.0 for use, sun in zip(self.load_w, self.solar_w, strict=True)],
            slot_h=self.slot_s / 3600.0,
            power_kw=_STORAGE.charge_limit_w / 1000.0,
            energy_kwh=(_STORAGE.min_energy_wh / 1000.0, _STORAGE.max_energy_wh / 1000.0),
            initial_kwh=_RESTING_WH / 1000.0,
            final_kwh=_RESTING_WH / 1000.0,
            efficiency=_STORAGE.charge_efficiency,
            grid_kw=_GRID_W / 1000.0,
            exact=exact,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.world", description=__doc__)
    parser.add_argument("--chargers", type=int, default=10_000, help="size of the fleet that is streamed")
    parser.add_argument("--days", type=int, default=365, help="how long it is streamed")
    options = parser.parse_args(arguments)
    bars = [*planning(), *metering(), *streaming(options.chargers, options.days)]
    print(f"Bars\n{bar_lines(bars)}")
    return 0 if all(bar.met for bar in bars) else 1


def planning() -> Iterator[Bar]:
    """A battery at bare market prices and in a household, beside HiGHS on the same cases."""
    days = [_FIRST_DAY + timedelta(days=number) for number in range(0, 360, 6)]
    windows = {day: _spot(day, 2, QUARTER_HOUR_S) for day in days}
    two_days = [Case(spot, QUARTER_HOUR_S) for spot in windows.values()]
    negative = [case for case in two_days if min(case.buy) < 0.0]
    households = [Case(spot, QUARTER_HOUR_S, day) for day, spot in windows.items()]
    year = [Case(_spot(_FIRST_DAY, 365, HOUR_S), HOUR_S)]
    print(
        f"Planner beside HiGHS: CPU milliseconds, median; {len(negative)} of {len(days)} windows have negative prices"
    )
    rows, medians = [], []
    for title, cases, rounds, exact in (
        ("spot prices, 192 quarter-hours", two_days, 5, True),
        ("the same, windows with negative prices", negative, 5, True),
        ("household with solar, 192 quarter-hours", households, 5, True),
        ("spot prices, a year by the hour", year, 7, False),
    ):
        ours_ms = statistics.median(_timed(case.ours)[0] for case in cases for _ in range(rounds))
        linear_ms, mixed_ms, difference = _race(cases, exact=exact)
        medians.append(ours_ms)
        rows.append(
            [
                title,
                f"{ours_ms:.1f}",
                f"{linear_ms:.1f}",
                "-" if mixed_ms is None else f"{mixed_ms:.0f}",
                "-" if difference is None else f"{difference:.0e}",
            ]
        )
    print(table(["", "gridmock", "HiGHS LP", "HiGHS MILP", "largest difference"], rows))
    yield Bar(
        "192 quarter-hours, negative prices included, in under 10 ms",
        f"{max(medians[:3]):.1f} ms",
        max(medians[:3]) < 10.0,
    )
    yield Bar("a year of hourly prices in under 100 ms", f"{medians[3]:.0f} ms", medians[3] < 100.0)


def metering() -> Iterator[Bar]:
    """Meter values of sessions as they are made, and OCPP messages with all measurands."""
    start_s = midnight_s(_ZONE, date(2026, 3, 1))
    rates = {}
    for interval_s in (60, 10):
        count, began = 0, process_time()
        for session in sessions(_SEED, _CHARGER.evses[0], start_s, start_s + 90 * DAY_S):
            if session.started_s is not None and session.ended_s is not None:
                count += sum(1 for _ in session.meter_values(range(session.started_s, session.ended_s, interval_s)))
        rates[interval_s] = count / (process_time() - began)
    sampled, sent, began = 0, 0, process_time()
    for message in ocpp.messages(_SEED, replace(_CHARGER, sample_interval_s=10), start_s, start_s + 14 * DAY_S):
        sent += 1
        if message.action == "MeterValues" and "meterValue" in message.payload:
            sampled += sum(len(value["sampledValue"]) for value in message.payload["meterValue"])
    elapsed_s = process_time() - began
    print("Meter values and messages, a second on one core")
    rows = [[f"meter values of sessions, every {interval_s} s", f"{rate:,.0f}"] for interval_s, rate in rates.items()]
    rows += [
        ["OCPP 1.6 messages", f"{sent / elapsed_s:,.0f}"],
        ["sampled values in them", f"{sampled / elapsed_s:,.0f}"],
    ]
    print(table(["", "per second"], rows))
    slowest = min(rates.values())
    yield Bar("at least 200 000 meter values a second on one core", f"{slowest:,.0f}", slowest >= 200_000)


def streaming(chargers: int, days: int) -> Iterator[Bar]:
    """`gridmock generate sessions` of a fleet, with its resident memory watched from outside."""
    last = _FIRST_DAY + timedelta(days=days)
    command = [str(Path(sys.executable).with_name("gridmock")), "generate", "sessions", "--world", f"fleet:{chargers}"]
    command += ["--from", str(_FIRST_DAY), "--to", str(last), "--format", "jsonl"]
    began, samples_mb = monotonic(), []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        counter = subprocess.Popen(["wc", "-l"], stdin=process.stdout, stdout=subprocess.PIPE)
        while process.poll() is None:
            samples_mb.append(_rss_mb(process.pid))
            sleep(_RSS_SAMPLE_S)
        written = int(counter.communicate()[0])
    elapsed_s = monotonic() - began
    samples_mb = [sample for sample in samples_mb if sample]
    early, late = (statistics.median(part) for part in _thirds(samples_mb))
    print(f"Streaming sessions of {chargers} chargers over {days} days")
    rows = [
        ["sessions", f"{written:,}"],
        ["seconds", f"{elapsed_s:.0f}"],
        ["RSS in the first third, after warming up, MB", f"{early:.0f}"],
        ["RSS in the last third, MB", f"{late:.0f}"],
        ["peak RSS, MB", f"{max(samples_mb):.0f}"],
    ]
    print(table(["", ""], rows))
    growth = late / early - 1.0
    yield Bar(
        "memory flat while a fleet year streams (within 5 %)",
        f"{growth:+.1%}",
        process.returncode == 0 and growth < 0.05,
    )


def _spot(day: date, days: int, interval_s: int) -> list[float]:
    return [
        float(price)
        for number in range(days)
        for price in day_ahead(_SEED, "NL", day + timedelta(days=number), interval_s)
    ]


def _race(cases: Sequence[Case], *, exact: bool) -> tuple[float, float | None, float | None]:
    """HiGHS's median milliseconds as LP and as MILP, and how far our optimum is off the latter's."""
    linear = [_timed(case.highs(exact=False).solve)[0] for case in cases]
    if not exact:
        return statistics.median(linear), None, None
    mixed, differences = [], []
    for case in cases[::6]:  # a MILP takes its time
        took_ms, optimum = _timed(case.highs(exact=True).solve)
        mixed.append(took_ms)
        differences.append(abs(optimum - case.ours()))
    return statistics.median(linear), statistics.median(mixed), max(differences)


def _timed(work: Callable[[], float]) -> tuple[float, float]:
    """CPU milliseconds and result."""
    began = process_time()
    result = work()
    return (process_time() - began) * 1000.0, result


def _rss_mb(pid: int) -> float:
    """Resident memory of a process; 0 when it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024.0 for line in status.splitlines() if line.startswith("VmRSS:")), 0.0)


def _thirds(samples: Sequence[float]) -> tuple[Sequence[float], Sequence[float]]:
    """The first third of the samples without its first half, and the last third."""
    third = max(len(samples) // 3, 1)
    return samples[third // 2 : third] or samples[:1], samples[-third:]


if __name__ == "__main__":
    sys.exit(main())
