"""Where the time of one scenario goes: py-spy watches a server under load."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

from benchmarks.measure import load
from benchmarks.processes import cores, running
from benchmarks.scenarios import Scenario, check
from benchmarks.servers import Server
from benchmarks.tools import PY_SPY, WORK, BenchError

_RATE_HZ = 500
_SHOWN = 30


def profile(server: Server, scenario: Scenario, seconds: int) -> str:
    """Samples a Python server for `seconds` of load: functions by their own share, and by their share with callees."""
    stacks = WORK / f"profile-{server.name}-{scenario.name}.txt"
    serving, other = cores()
    with running(server, serving) as process:
        check(scenario, process.base_url, server.headers, stateful=server.stateful)
        load(server, process, scenario, 2, 10**9)
        watch = ["taskset", "-c", str(other), str(PY_SPY), "record", "--pid", str(process.pid), "--format", "raw"]
        with subprocess.Popen(
            [*watch, "--rate", str(_RATE_HZ), "--duration", str(seconds), "--output", str(stacks)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as watcher:
            try:
                load(server, process, scenario, seconds + 1, 10**9)
                _, errors = watcher.communicate(timeout=30)
            finally:
                watcher.kill()
    if watcher.returncode or not stacks.exists():
        raise BenchError(f"py-spy failed (it may need root):\n{errors.strip()}")
    return f"{server.title}, {scenario.title}\n{shares(stacks)}\nAll stacks: {stacks}\n"


def shares(stacks: Path) -> str:
    """The functions with the most samples of py-spy, by their own share, and by their share with callees."""
    alone: Counter[str] = Counter()
    below: Counter[str] = Counter()
    total = 0
    for line in stacks.read_text("utf-8").splitlines():
        path, _, count = line.rpartition(" ")
        frames = [_short(frame) for frame in path.split(";")]
        total += int(count)
        alone[frames[-1]] += int(count)
        for frame in set(frames):
            below[frame] += int(count)
    if not total:
        raise BenchError("py-spy saw no samples: raise --seconds.")
    parts = []
    for title, counts in (("own share", alone), ("share with callees", below)):
        parts.append(f"  {title}")
        parts += [f"  {count / total:6.1%}  {frame}" for frame, count in counts.most_common(_SHOWN)]
    return "\n".join(parts)


def _short(frame: str) -> str:
    """`function (package/module.py)` without the line and the way to the package."""
    function, _, place = frame.partition(" (")
    parts = place.rstrip(")").rpartition(":")[0].split("/")
    return f"{function} ({'/'.join(parts[-2:])})" if place else function
