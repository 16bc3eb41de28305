"""`python -m benchmarks.stekker`: a fleet tells `gridmock serve` of its day over HTTP; an account of what became of it.

The server has a core of its own; `gridmock simulate ocpp`, which moves the server's clock along, and `gridmock listen`,
to which profiles are pushed, share the other. Exit codes: 0 every bar met, 1 not, 2 nothing to say.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.ledger import Ledger, cost
from benchmarks.processes import Running, cores
from benchmarks.report import Bar, bar_lines, table
from benchmarks.sampling import shares
from benchmarks.tools import PY_SPY, WORK, BenchError, alone, ensure_py_spy
from fixtures.days import unix_s
from fixtures.prices import area
from mockserver.clock import Clock, timestamp
from mockserver.commands.simulate.events import Traffic, pairing
from mockserver.domain.sites import Charger, Site
from mockserver.domain.world import World
from mockserver.domain.worlds import NamedWorld

_SEED = 1
_START = datetime(2026, 3, 18, 12, tzinfo=UTC)
_ORGANIZATION, _KEY = "stekker-north", "not-a-real-key"
_APP = f"/_mock/stekker/organizations/{_ORGANIZATION}"
_RATE_HZ = 200
_ALL_PROFILES_S = 120.0
_END_S = 10.0


class Fleet:
    """The chargers that play, with their sites, and from when to when they do."""

    def __init__(self, chargers: int, hours: int) -> None:
        self.world = f"fleet:{chargers}"
        self.hours = hours
        self.end = _START + timedelta(hours=hours)
        self.cast: list[tuple[Charger, Site]] = [
            (charger, site)
            for site in World(_SEED, Clock(_START, 0.0), NamedWorld.parse(self.world)).sites
            for charger in site.chargers
        ]

    def ledger(self) -> Ledger:
        """What is sent, computed anew."""
        ledger = Ledger()
        for charger, site in self.cast:
            ledger.pair(pairing(charger, site))
        for event in Traffic(_SEED, [charger for charger, _ in self.cast]).merged(unix_s(_START), unix_s(self.end)):
            ledger.see(event.body)
        return ledger


@dataclass(frozen=True)
class Mock:
    """A running `gridmock serve`."""

    process: Running
    port: int
    token: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer; BenchError when it is none of 2xx."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status // 100 != 2:
            raise BenchError(f"{method} {path} was answered with {answer.status}: {text[:300]}")
        return json.loads(text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stekker", description=__doc__)
    parser.add_argument("--chargers", type=int, default=1_000, help="size of the fleet")
    parser.add_argument("--hours", type=int, default=24, help="how long it is played")
    parser.add_argument("--profile", type=int, metavar="SECONDS", help="sample the server for so long, too (py-spy)")
    options = parser.parse_args(arguments)
    fleet = Fleet(options.chargers, options.hours)
    (WORK / "logs").mkdir(parents=True, exist_ok=True)
    try:
        with alone():
            if options.profile:
                ensure_py_spy()
            bars = list(_day(fleet, options.profile))
    except BenchError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    print(f"Bars\n{bar_lines(bars)}")
    return 0 if all(bar.met for bar in bars) else 1


def _day(fleet: Fleet, profile_s: int | None) -> Iterator[Bar]:
    """Play the day; prints what it took, gives the bars."""
    pushed = WORK / "profiles.jsonl"
    pushed.unlink(missing_ok=True)
    with _serving() as mock, _listening(pushed) as listener:
        settings = {"callback_url": f"{listener.url}/api/v1/chargers", "callback_api_key": _KEY}
        mock.call("PATCH", _APP, settings)
        before_mb, cpu_before_us = mock.process.rss_bytes() / 1e6, mock.process.usage().cpu_us
        summary = _simulated(fleet, mock, profile_s)
        cpu_us, after_mb = mock.process.usage().cpu_us - cpu_before_us, mock.process.rss_bytes() / 1e6
        mock.call("PUT", "/_mock/clock", {"now": timestamp(fleet.end)})
        _wait_for_profiles(mock)
        held = mock.call("GET", "/_mock/state")["collections"].get(f"stekker.sessions/{_ORGANIZATION}", {})
        charge_points = mock.call("GET", f"{_APP}/charge-points")
        ledger = fleet.ledger()
        wrong_costs = list(_wrong_costs(fleet, ledger, mock))
        listened = listener.stop()
    received = [json.loads(line) for line in pushed.read_text("utf-8").splitlines()]
    profiles = [each for each in received if each["webhook"]]  # what else came, counts against the listener's exit code
    latency = summary["latency_ms"]
    rows = [
        ["events", f"{summary['events']:,}"],
        ["events a second", f"{summary['events_per_second']:,.0f}"],
        ["seconds", f"{summary['wall_s']:.0f}"],
        ["latency p50, p95, p99, largest, ms", ", ".join(f"{latency[key]:g}" for key in ("p50", "p95", "p99", "max"))],
        ["CPU of the server for each event, microseconds", f"{cpu_us / max(summary['events'], 1):.0f}"],
        ["RSS before, MB", f"{before_mb:.0f}"],
        ["RSS after, MB", f"{after_mb:.0f}"],
        ["sessions", f"{summary['sessions_started']:,}"],
        ["of them ended and priced", f"{sum(1 for each in ledger.sessions.values() if each.ended):,}"],
        ["profiles that arrived", f"{len(profiles):,}"],
    ]
    print(f"A day of {len(fleet.cast):,} chargers, {fleet.hours} hours from {timestamp(_START)}")
    print(table(["", ""], rows))
    pairings = summary["events_by_method"].get("ChargePointDetailsNotification", 0)
    taken = summary["events"] - pairings
    yield Bar("every event is taken", f"{taken:,} of {ledger.events:,}", taken == ledger.events)
    yield Bar("nothing is refused or lost", f"{summary['errors']} errors", summary["errors"] == 0)
    yield _none("readings and ends of all sessions are held", ledger.lost(held))
    yield _none("the last status of every connector is held", ledger.stale(charge_points))
    yield _none("every session that ended costs what its readings and the prices say", wrong_costs)
    yield _none("every profile can be followed", _wrong_profiles(ledger, profiles))
    yield Bar("every profile is as the contract says", f"exit code {listened}", listened == 0 and bool(profiles))


def _none(demand: str, wrong: Iterator[str] | Sequence[str]) -> Bar:
    """A bar that is met when nothing is wrong."""
    found = list(wrong)
    return Bar(demand, "; ".join(found[:2]) + f" ({len(found)} in all)" if found else "all of them", not found)


def _wrong_costs(fleet: Fleet, ledger: Ledger, mock: Mock) -> Iterator[str]:
    world = World(_SEED, Clock(fleet.end, 0.0))
    for number, session in ledger.sessions.items():
        if session.ended is not None:
            found = mock.call("GET", f"/stekker/api/v1/cdrs/{number}")["total_cost"]["excl_vat"]
            expected = cost(session.points(), world, area("NL"))
            if Decimal(str(found)) != expected:
                yield f"transaction {number} costs {found}, not {expected}"


def _wrong_profiles(ledger: Ledger, profiles: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for profile in profiles:
        charge_point = profile["path"].split("/")[-2]
        wrong = ledger.infeasible(charge_point, profile["body"])
        if wrong:
            yield f"{charge_point}: {wrong}"


def _wait_for_profiles(mock: Mock) -> None:
    """Until nothing is on its way any more."""
    until = perf_counter() + _ALL_PROFILES_S
    while perf_counter() < until:
        waiting = [mock.call("GET", f"/_mock/webhooks/deliveries?limit=1&status={each}") for each in _OPEN]
        if not any(waiting):
            return
        mock.call("POST", "/_mock/clock/advance", {"duration_s": 1})
    raise BenchError(f"after {_ALL_PROFILES_S:g} s there are still profiles on their way")


_OPEN = ("pending", "in_flight")


def _simulated(fleet: Fleet, mock: Mock, profile_s: int | None) -> dict[str, Any]:
    """Play the fleet's events; gives the summary."""
    summary = WORK / "simulation.json"
    command = [*_gridmock(1), "simulate", "ocpp", "--url", f"http://127.0.0.1:{mock.port}/stekker/api/v1", "--quiet"]
    command += ["--world", fleet.world, "--from", timestamp(_START), "--to", f"{fleet.hours}h", "--seed", str(_SEED)]
    command += ["--speed", "max", "--drive-clock", "--json", str(summary)]
    with subprocess.Popen(command, env={**os.environ, "GRIDMOCK_TOKEN": mock.token}, stdout=subprocess.PIPE) as playing:
        try:
            if profile_s:
                _profile(mock.process.pid, profile_s)
            output, _ = playing.communicate()
        finally:
            playing.kill()
    if playing.returncode not in (0, 1):
        raise BenchError(f"gridmock simulate ended with {playing.returncode}: {output.decode()}")
    found: dict[str, Any] = json.loads(summary.read_text("utf-8"))
    return found


def _profile(pid: int, seconds: int) -> None:
    """Sample the server and print where its time goes."""
    stacks = WORK / "profile-stekker.txt"
    watch = [str(PY_SPY), "record", "--pid", str(pid), "--format", "raw", "--rate", str(_RATE_HZ)]
    done = subprocess.run(
        [*watch, "--duration", str(seconds), "--output", str(stacks)], capture_output=True, text=True, check=False
    )
    if done.returncode or not stacks.exists():
        raise BenchError(f"py-spy failed (it may need root):\n{done.stderr.strip()}")
    print(f"Where the server's time goes\n{shares(stacks)}\n")


@contextmanager
def _serving() -> Iterator[Mock]:
    command = [*_gridmock(0), "serve", "--port", "0", "--speed", "0", "--at", timestamp(_START), "--api", "stekker"]
    with _process([*command, "--seed", str(_SEED)]) as process:
        banner = _read_until(process, "  curl ")
        port, token = (
            re.search(r"gridmock on http://\S+:(\d+)", banner),
            re.search(rf"client_id {_ORGANIZATION}\b.*\n +token (\S+)", banner),
        )
        if port is None or token is None:
            raise BenchError(f"gridmock serve did not start: {banner}")
        yield Mock(Running(process.pid, f"http://127.0.0.1:{port[1]}", 0.0), int(port[1]), token[1])


@dataclass(frozen=True)
class _Listener:
    process: subprocess.Popen[str]
    url: str

    def stop(self) -> int:
        """End it; its exit code says whether all was as the contract says."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=_END_S)
        return self.process.returncode


@contextmanager
def _listening(profiles: Path) -> Iterator[_Listener]:
    log = WORK / "logs" / "listen.log"
    command = [*_gridmock(1), "listen", "--port", "0", "--key", _KEY, "--json", str(profiles)]
    with log.open("w") as output, _process(command, output.fileno()) as process:
        until = perf_counter() + _END_S
        while (found := re.search(r"Listening on (\S+) ", log.read_text("utf-8"))) is None:
            if perf_counter() > until or process.poll() is not None:
                raise BenchError(f"gridmock listen did not start; see {log}")
        yield _Listener(process, found[1])


@contextmanager
def _process(command: Sequence[str], output: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, stdout=output, text=True, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_END_S)
        if process.stdout:
            process.stdout.close()


def _read_until(process: subprocess.Popen[str], start: str) -> str:
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if line.startswith(start):
            break
    return "".join(lines)


def _gridmock(core: int) -> list[str]:
    """The command, on one of the two cores."""
    return ["taskset", "-c", str(cores()[core]), sys.executable, "-c", "from mockserver.cli import main; main()"]


if __name__ == "__main__":
    sys.exit(main())
