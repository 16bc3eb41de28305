"""The measurement: cold starts, then for each scenario rounds in which every server has its turn."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.processes import Running, cores, running
from benchmarks.scenarios import RUN_ORDER, Scenario, check
from benchmarks.servers import Server
from benchmarks.tools import WORK, BenchError

COLD_STARTS = 5
CONNECTIONS = 16
CREATED_AT_MOST = 20_000
"""Objects that a server is made to keep: a faster one must not pay in memory for being faster."""
_UNLIMITED = 10**9
_TRIES = 5
_PATIENCE = 20
"""How many times the planned length a run may take before it is cut off."""
_LOAD = Path(__file__).with_name("load.lua")


@dataclass(frozen=True)
class Sample:
    """One run of wrk on one scenario."""

    requests: int
    duration_s: float
    cpu_us: float
    waited_us: float
    """How long the server was ready to run and had to wait for its core, because something else had it."""

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
    rss_bytes: int = 0
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
    def waited(self) -> float:
        """The share of its busy time that the server spent waiting for its core."""
        samples = [sample for scenario in self.samples.values() for sample in scenario]
        waited = sum(sample.waited_us for sample in samples)
        return waited / (waited + sum(sample.cpu_us for sample in samples))

    @property
    def cold_start_s(self) -> float:
        """Median time from the spawn to the first 200."""
        return median(self.cold_starts_s)

    @property
    def rss_mb(self) -> float:
        """Resident memory after the last round, in units of 10^6 bytes."""
        return self.rss_bytes / 1e6


def measure(servers: Sequence[Server], rounds: int, seconds: int, warm_up: int) -> dict[str, Result]:
    """Measures the servers by name; BenchError as soon as one of them gives a wrong answer.

    All servers stay up, and at any time one of them is under load: within a scenario they take turns, so that what
    disturbs the machine hits them alike.
    """
    results = {server.name: Result() for server in servers}
    _cold_starts(servers, results)
    core, _ = cores()
    with ExitStack() as stack:
        up = [(server, stack.enter_context(running(server, core))) for server in servers]
        for scenario in RUN_ORDER:
            rates = {}
            for server, process in up:
                _tell(f"warm-up: {scenario.title}, {server.title}")
                most = _most(server, scenario, rounds)
                rates[server.name] = load(server, process, scenario, warm_up, most).requests_per_s
            for turn in range(rounds):
                _tell(f"round {turn + 1} of {rounds}: {scenario.title}")
                for server, process in up:
                    requests = min(round(rates[server.name] * seconds) + 1, _most(server, scenario, rounds))
                    sample = load(server, process, scenario, _PATIENCE * seconds, requests)
                    results[server.name].samples.setdefault(scenario.name, []).append(sample)
        for server, process in up:
            results[server.name].rss_bytes = process.rss_bytes()
            check_all(server, process)
    return results


def load(server: Server, process: Running, scenario: Scenario, seconds: int, requests: int) -> Sample:
    """Runs wrk until `requests` are answered, for `seconds` at most; BenchError on any wrong answer."""
    _, core = cores()
    body = WORK / f"{scenario.name}.json"
    if scenario.body is not None:
        body.write_bytes(scenario.body)
    options = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "-s", str(_LOAD)]
    headers = [word for name, value in server.headers.items() for word in ("-H", f"{name}: {value}")]
    arguments = [scenario.method, str(body) if scenario.body is not None else "-", str(requests)]
    before = process.usage()
    done = subprocess.run(
        ["taskset", "-c", str(core), "wrk", *options, *headers, process.base_url + scenario.path, "--", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + 60,
    )
    after = process.usage()
    if done.returncode:
        raise BenchError(f"wrk failed on {server.title}, {scenario.title}:\n{done.stderr or done.stdout}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    wrong = told["refused"] if scenario.succeeds else told["answered"] - told["refused"]
    if wrong or told["broken"] or not told["answered"]:
        raise BenchError(f"{server.title}, {scenario.title}: wrong status or broken connections: {told}, {wrong} wrong")
    process.settle()
    return Sample(
        told["answered"], told["duration_s"], after.cpu_us - before.cpu_us, after.waited_us - before.waited_us
    )


def check_all(server: Server, process: Running) -> None:
    """Checks an answer of each scenario; BenchError names the server and what is wrong.

    Answers that chance makes up are asked for again: one right answer shows that the request is understood.
    """
    for scenario in RUN_ORDER:
        for left in reversed(range(_TRIES if server.made_up else 1)):
            try:
                check(scenario, process.base_url, server.headers, stateful=server.stateful)
                break
            except BenchError as error:
                if not left:
                    raise BenchError(f"{server.title}: {error}") from error


def _cold_starts(servers: Sequence[Server], results: Mapping[str, Result]) -> None:
    core, _ = cores()
    for turn in range(COLD_STARTS):
        _tell(f"cold start {turn + 1} of {COLD_STARTS}")
        for server in servers:
            with running(server, core) as process:
                results[server.name].cold_starts_s.append(process.cold_start_s)
                if not turn:
                    check_all(server, process)


def _most(server: Server, scenario: Scenario, rounds: int) -> int:
    return CREATED_AT_MOST // (rounds + 1) if scenario.creates and server.stateful else _UNLIMITED


def _tell(progress: str) -> None:
    print(f"  {progress}", flush=True)
