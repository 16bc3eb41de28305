"""`python -m benchmarks.checker`: what `gridmock check` finds, what it leaves alone, how long it takes, and its bars.

The servers are those of `tests/contract_tests/habits` and the mock. Exit codes: 0 every bar met, 1 not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any

from benchmarks.report import Bar, bar_lines, table
from tests.contract_tests.habits.catalogue import HABITS, LAWS, Habit
from tests.contract_tests.habits.playing import played, said
from tests.contract_tests.serving import served
from tests.mock import BESS, STEKKER, V2, Mock

_SEEDS = (1, 2, 3)
_GRIDMOCK = str(Path(sys.executable).with_name("gridmock"))
_SAFE = {"GET", "HEAD", "OPTIONS"}
_LATENCY_S = 0.1
_READ_ONLY_REQUESTS = 10_000
_ROUNDS = 50


@dataclass
class Watched:
    """An application that answers after a delay, and what was asked of it and how long it took itself."""

    app: Any
    delay_s: float = 0.0
    methods: list[str] = field(default_factory=list)
    busy_s: float = 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.methods.append(scope["method"])
        await asyncio.sleep(self.delay_s)
        begun = perf_counter()
        await self.app(scope, receive, send)
        self.busy_s += perf_counter() - begun


@dataclass(frozen=True)
class Target:
    """Something to check: the words of `gridmock check` that say what, the path of its base URL, and who we are."""

    name: str
    words: tuple[str, ...]
    path: str
    headers: dict[str, str]
    other: dict[str, str] = field(default_factory=dict)


def targets(mock: Mock) -> Iterator[tuple[Target, Any]]:
    """Each with its application."""
    tokens = {grant["client_id"]: text for text, grant in (mock.runtime.ready.tokens or {}).items()}
    for name, path, who in (
        ("ev-energy", V2, "ev-energy-full"),
        ("stekker", STEKKER, "stekker-north"),
        ("stekker-bess", BESS, "stekker-north"),
    ):
        other = {} if name == "ev-energy" else _bearer(tokens["stekker-south"])
        yield Target(name, (name,), path, _bearer(tokens[who]), other), mock.app
    for habit in HABITS:
        yield _target_of(habit), habit.server()


def _target_of(habit: Habit) -> Target:
    spec = str(habit.server.contract)
    return Target(habit.name, ("--spec", spec), "", dict(habit.headers), dict(habit.others))


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def _folder(target: Target, origin: str) -> Iterator[Path]:
    """A folder with a targets file."""
    with tempfile.TemporaryDirectory() as name:
        tables = {"headers": target.headers, "other": target.other}
        lines = ["[it]", f'url = "{origin}{target.path}"']
        for key, headers in tables.items():
            if headers:
                lines.append(
                    f"{key} = {{ {', '.join(f'{json.dumps(one)} = {json.dumps(v)}' for one, v in headers.items())} }}"
                )
        Path(name, "targets.toml").write_text("\n".join(lines), "utf-8")
        yield Path(name)


def _check(target: Target, folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [_GRIDMOCK, "check", *target.words, "--target", "it", *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def defects() -> Iterator[Bar]:
    """Every defect of the three servers, on three seeds, by the law meant for it."""
    missed = [
        f"{defect.name} (seed {seed})"
        for seed in _SEEDS
        for habit in HABITS
        for defect in habit.defects
        if (law := LAWS[defect.breaks])
        and law not in {check for _, check, _ in played(habit, defect, law=law, seed=seed).causes}
    ]
    number = sum(bool(LAWS[defect.breaks]) for habit in HABITS for defect in habit.defects)
    yield Bar(f"{number} defects found on seeds 1, 2, 3", f"{len(missed)} missed {', '.join(missed)}", not missed)


def traps() -> Iterator[Bar]:
    """What is unusual and right, on three seeds, with all laws."""
    cases = [(habit, trap, seed) for habit in HABITS for trap in habit.traps for seed in _SEEDS]
    raised = [
        f"{trap.name}: {one}"
        for habit, trap, seed in cases
        for one in said(played(habit, trap, seed=seed, settle_s=2.0))
    ]
    yield Bar(
        f"{len(cases) // len(_SEEDS)} traps raise nothing on seeds 1, 2, 3",
        f"{len(raised)} alarms {raised}",
        not raised,
    )


def speed() -> Iterator[Bar]:
    """Seconds and requests of whole runs; the milliseconds of each that the server did not take, start included."""
    rows = []
    with closing(Mock()) as mock:
        for target, app in targets(mock):
            row = [target.name]
            for words, delay_s, limit_s in (
                (("--laws-only",), 0.0, 15.0),
                ((), 0.0, 60.0),
                (("--mode", "read-only"), 0.0, 20.0),
                ((), _LATENCY_S, 120.0),
            ):
                watched = Watched(app, delay_s)
                with served(watched) as origin, _folder(target, origin) as folder:
                    begun = monotonic()
                    output = _check(target, folder, *words).communicate()[0]
                    seconds = monotonic() - begun
                found = re.search(r"(\d+) findings?,", output)
                requests = len(watched.methods)
                reached = f"{seconds:.1f} s, {requests}, {found[1] if found else '?'} findings"
                # With processes side by side nobody can say which of them waited for what.
                own_ms = (seconds - watched.busy_s) / max(requests, 1) * 1000
                row.append(reached if delay_s else f"{reached}, {own_ms:.1f} ms")
                what = (
                    f"{target.name} {' '.join(words) or 'full run'}{f' with {delay_s:g} s latency' if delay_s else ''}"
                )
                yield Bar(
                    f"{what} under {limit_s:g} s, nothing found",
                    row[-1],
                    seconds < limit_s and bool(found) and found[1] == "0",
                )
            rows.append(row)
    print(table(["", "laws only", "full", "read-only", "full, 100 ms"], rows))


def read_only() -> Iterator[Bar]:
    """No unsafe request among ten thousand, by the server's own count."""
    with closing(Mock()) as mock:
        watched = Watched(mock.app)
        with served(watched) as origin:
            seed = 0
            while len(watched.methods) < _READ_ONLY_REQUESTS:
                seed += 1
                for target, _ in list(targets(mock))[:3]:
                    with _folder(target, origin) as folder:
                        _check(
                            target, folder, "--mode", "read-only", "--seed", str(seed), "--examples", "100"
                        ).communicate()
    unsafe = [method for method in watched.methods if method not in _SAFE]
    reached = f"{len(unsafe)} of {len(watched.methods)}"
    yield Bar(f"no unsafe request in {_READ_ONLY_REQUESTS}", reached, not unsafe)


def safe() -> Iterator[Bar]:
    """The state before and after runs in safe mode, most of them stopped at a random moment."""
    chance, changed = random.Random(1), []
    for round_ in range(_ROUNDS):
        habit = HABITS[round_ % len(HABITS)]
        server = habit.server()
        before = _state(server)
        target = _target_of(habit)
        with served(server) as origin, _folder(target, origin) as folder:
            process = _check(target, folder, "--mode", "safe", "--laws-only", "--seed", str(round_ + 1))
            if round_ % 5:
                assert process.stdout
                process.stdout.readline()
                sleep(chance.uniform(0, 1.2))
                process.send_signal(chance.choice((signal.SIGINT, signal.SIGTERM)))
            output = process.communicate()[0]
        if _state(server) != before:
            changed.append(f"{habit.name} round {round_}: {output[-300:]}")
    yield Bar(
        f"{_ROUNDS} rounds in safe mode leave the state as it was", f"{len(changed)} changed {changed}", not changed
    )


def _state(server: Any) -> str:
    """What a server of `habits` keeps; what is removed is kept by the shop, and shown no more."""
    gone = getattr(server, "removed", set())
    kept = {name: value for name, value in vars(server).items() if isinstance(value, dict) and name not in _HIDDEN}
    there = {name: {str(key): one for key, one in value.items() if key not in gone} for name, value in kept.items()}
    return json.dumps(there, default=str, sort_keys=True)


_HIDDEN = {"handlers", "answers"}
_PARTS: dict[str, Callable[[], Iterator[Bar]]] = {
    "defects": defects,
    "traps": traps,
    "speed": speed,
    "read-only": read_only,
    "safe": safe,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the parts that are named, else all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checker", description=__doc__)
    parser.add_argument("part", nargs="*", choices=[[], *_PARTS], help=f"{', '.join(_PARTS)}; all without")
    wanted = parser.parse_args(arguments).part or list(_PARTS)
    os.environ.pop("GRIDMOCK_TOKEN", None)
    bars = []
    for name in wanted:
        for bar in _PARTS[name]():
            bars.append(bar)
            print(bar_lines([bar]), flush=True)
    return 0 if all(bar.met for bar in bars) else 1


if __name__ == "__main__":
    sys.exit(main())
