"""What was measured, as tables for people and as a file for programs, and how it stands against the bars."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import CONNECTIONS, Result
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import SERVERS
from benchmarks.tools import prism_version, version_of

OURS = "gridmock"
Results = Mapping[str, Result]

# Dynamic or not, Prism refuses a bad body with the same example: only answers that are made up count there.
_RATIO_BARS = (
    ("prism", 1.5, SCENARIOS.values()),
    ("prism-dynamic", 10.0, [it for it in SCENARIOS.values() if it.succeeds]),
)
DYNAMIC_NOTE = (
    "Prism, dynamic reads a copy of the spec in which the list has exactly 25 items: left alone it makes up another\n"
    "number (100 here, as maxItems). Its invalid POST is measured but not judged: refusals are not made up."
)
_COLD_START_BAR_S = 0.8
_RSS_BAR_MB = 120.0


@dataclass(frozen=True)
class Bar:
    """One demand of the issue and what was reached."""

    demand: str
    reached: str
    met: bool


def bars(results: Results) -> list[Bar]:
    """The bars that the measured servers allow to judge; none without gridmock."""
    if OURS not in results:
        return []
    ours = results[OURS]
    judged = []
    for peer, factor, scenarios in _RATIO_BARS:
        if peer in results:
            for scenario in scenarios:
                ratio = _ratio(results, peer, scenario.name)
                demand = f"{scenario.title}: at least {factor:g} times {SERVERS[peer].title}"
                judged.append(Bar(demand, f"{ratio:.2f} times", ratio >= factor))
    cold, rss = ours.cold_start_s, ours.rss_mb
    judged.append(Bar(f"cold start at most {_COLD_START_BAR_S} s", f"{cold:.2f} s", cold <= _COLD_START_BAR_S))
    judged.append(Bar(f"RSS after the run under {_RSS_BAR_MB:g} MB", f"{rss:.0f} MB", rss < _RSS_BAR_MB))
    return judged


def text(results: Results) -> str:
    """The tables and the bars, ready to print."""
    rounds = len(next(iter(next(iter(results.values())).samples.values())))
    titles = [scenario.title for scenario in SCENARIOS.values()]

    def rows(cell: Callable[[str, str], str], names: Iterable[str]) -> list[list[str]]:
        return [[SERVERS[name].title, *(cell(name, scenario) for scenario in SCENARIOS)] for name in names]

    parts = [
        f"CPU microseconds per request (median of {rounds})",
        table(["", *titles], rows(lambda name, scenario: f"{results[name].cpu_us(scenario):.0f}", results)),
        f"Requests per second (median of {rounds}, one core, {CONNECTIONS} connections)",
        table(["", *titles], rows(lambda name, scenario: f"{results[name].requests_per_s(scenario):.0f}", results)),
        "Cold start to the first 200, and resident memory after the run",
        table(
            ["", "cold start", "RSS"],
            [
                [SERVERS[name].title, f"{result.cold_start_s:.2f} s", f"{result.rss_mb:.0f} MB"]
                for name, result in results.items()
            ],
        ),
    ]
    peers = [name for name in results if name != OURS]
    if OURS in results and peers:
        parts += [
            "Requests per CPU second: gridmock does this many times what the peer does",
            table(["", *titles], rows(lambda name, scenario: f"{_ratio(results, name, scenario):.2f} x", peers)),
        ]
    spread, name, scenario = max(
        (result.spread(scenario), name, scenario) for name, result in results.items() for scenario in SCENARIOS
    )
    waited = max(result.waited for result in results.values())
    parts.append(
        f"Of its busy time, a server waited for its core at most {waited:.0%}: above a few percent, something else runs"
        " on this machine."
    )
    parts.append(f"Rounds lie at most {spread:.0%} apart ({SERVERS[name].title}, {SCENARIOS[scenario].title}).\n")
    if "prism-dynamic" in results:
        parts.append(f"{DYNAMIC_NOTE}\n")
    judged = bars(results)
    if judged:
        parts += ["Bars", bar_lines(judged), ""]
    return "\n".join(parts)


def bar_lines(judged: Iterable[Bar]) -> str:
    """One line for each bar: whether it is met, what it demands, what was reached."""
    return "\n".join(f"  {'met    ' if bar.met else 'NOT MET'}  {bar.demand}: {bar.reached}" for bar in judged)


def write(file: Path, results: Results, options: Mapping[str, Any]) -> None:
    """Writes everything that was measured, sample by sample, as JSON."""
    document = {
        "machine": _machine(),
        "options": dict(options),
        "servers": {
            name: {
                "title": SERVERS[name].title,
                "cold_start_s": result.cold_start_s,
                "rss_mb": result.rss_mb,
                "waited_for_core": result.waited,
                "scenarios": {
                    scenario: {
                        "cpu_us_per_request": result.cpu_us(scenario),
                        "requests_per_s": result.requests_per_s(scenario),
                        "spread": result.spread(scenario),
                        "samples": [asdict(sample) for sample in result.samples[scenario]],
                    }
                    for scenario in SCENARIOS
                },
                "cold_starts_s": result.cold_starts_s,
            }
            for name, result in results.items()
        },
        "notes": [DYNAMIC_NOTE],
        "bars": [asdict(bar) for bar in bars(results)],
    }
    file.write_text(json.dumps(document, indent=2) + "\n", "utf-8")


def _ratio(results: Results, peer: str, scenario: str) -> float:
    return results[peer].cpu_us(scenario) / results[OURS].cpu_us(scenario)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns under a head, the first to the left and the others to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "".join(
        f"  {line[0]:<{widths[0]}}"
        + "".join(f"   {cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def _machine() -> dict[str, Any]:
    models = [line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if line.startswith("model name")]
    return {
        "cpu": models[0].partition(":")[2].strip() if models else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "node": version_of("node", "--version"),
        "prism": prism_version(),
        "wrk": version_of("wrk", "-v"),
    }
