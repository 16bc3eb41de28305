"""The measurement: cold starts, then rounds in which every server in turn meets every scenario."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.processes import Running, cores, running
from benchmarks.scenarios import RUN_ORDER, Scenario, check
from benchmarks.servers import Server
from benchmarks.tools import WORK, BenchError

COLD_STARTS = 5
CONNECTIONS = 16
CREATED_AT_MOST = 15_000
"""Objects that a server is made to keep in a round: the faster one must not pay in memory for being faster."""
WARM_UP_CREATED = 3_000
_LOAD = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Sample:
    """One timed run of one scenario."""

    requests: int
    duration_s: float
    cpu_us: int

    @property
    def cpu_us_per_request(self) -> float:
        """Microseconds of CPU time that the server's processes took for a request."""
        return self.cpu_us / self.requests

    @property
    def requests_per_s(self) -> float:
        """Answers that arrived in a second."""
        return self.requests / self.duration_s


@dataclass
class Result:
    """All that was measured of one server, in the order in which it was."""

    cold_starts_s: list[float] = field(default_factory=list)
    rss_bytes: list[int] = field(default_factory=list)
    samples: dict[str, list[Sample]] = field(default_factory=dict)

    def cpu_us(self, scenario: str) -> float:
        """Median CPU time of a request, in microseconds."""
        return median(sample.cpu_us_per_request for sample in self.samples[scenario])

    def requests_per_s(self, scenario: str) -> float:
        """Median throughput."""
        return median(sample.requests_per_s for sample in self.samples[scenario])

    def spread(self, scenario: str) -> float:
        """How far the rounds lie apart, as a share of their median CPU time."""
        values = [sample.cpu_us_per_request for sample in self.samples[scenario]]
        return (max(values) - min(values)) / median(values)

    @property
    def cold_start_s(self) -> float:
        """Median time from the spawn to the first 200."""
        return median(self.cold_starts_s)

    @property
    def rss_mb(self) -> float:
        """Median resident memory after a round, in units of 10^6 bytes."""
        return median(self.rss_bytes) / 1e6


def measure(servers: Sequence[Server], rounds: int, seconds: int, warm_up: int) -> dict[str, Result]:
    """Measures the servers by name; BenchError as soon as one of them gives a wrong answer."""
    results = {server.name: Result() for server in servers}
    core, _ = cores()
    for turn in range(COLD_STARTS):
        _tell(f"cold start {turn + 1} of {COLD_STARTS}")
        for server in servers:
            with running(server, core) as process:
                results[server.name].cold_starts_s.append(process.cold_start_s)
                if not turn:
                    _check_all(server, process, RUN_ORDER)
    for turn in range(rounds):
        for server in servers:
            _tell(f"round {turn + 1} of {rounds}: {server.title}")
            _round(server, core, results[server.name], seconds, warm_up)
    return results


def load(server: Server, process: Running, scenario: Scenario, seconds: int, limit: int = 0) -> Sample:
    """Runs wrk for `seconds`, or until `limit` requests are sent; BenchError on any wrong answer."""
    _, core = cores()
    body = WORK / f"{scenario.name}.json"
    if scenario.body is not None:
        body.write_bytes(scenario.body)
    options = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", str(_LOAD)]
    headers = [word for name, value in server.headers.items() for word in ("-H", f"{name}: {value}")]
    arguments = [scenario.method, str(body) if scenario.body is not None else "-", str(limit)]
    before = process.cpu_us()
    done = subprocess.run(
        ["taskset", "-c", str(core), "wrk", *options, *headers, process.base_url + scenario.path, "--", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + 60,
    )
    cpu_us = process.cpu_us() - before
    if done.returncode:
        raise BenchError(f"wrk failed on {server.title}, {scenario.title}:\n{done.stderr or done.stdout}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    wrong = told["refused"] if scenario.succeeds else told["requests"] - told["refused"]
    if wrong or told["broken"] or not told["requests"]:
        raise BenchError(f"{server.title}, {scenario.title}: {wrong} wrong answers, {told['broken']} broken: {told}")
    return Sample(told["requests"], told["duration_us"] / 1e6, cpu_us)


def _round(server: Server, core: int, result: Result, seconds: int, warm_up: int) -> None:
    with running(server, core) as process:
        for scenario in RUN_ORDER:
            if warm_up:
                load(server, process, scenario, warm_up, WARM_UP_CREATED if scenario.creates else 0)
            limit = CREATED_AT_MOST - WARM_UP_CREATED if scenario.creates else 0
            result.samples.setdefault(scenario.name, []).append(load(server, process, scenario, seconds, limit))
        result.rss_bytes.append(process.rss_bytes())
        _check_all(server, process, RUN_ORDER)


def _check_all(server: Server, process: Running, scenarios: Iterable[Scenario]) -> None:
    try:
        for scenario in scenarios:
            check(scenario, process.base_url, server.headers, stateful=server.stateful)
    except BenchError as error:
        raise BenchError(f"{server.title}: {error}") from error


def _tell(progress: str) -> None:
    print(f"  {progress}", flush=True)
