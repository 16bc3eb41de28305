"""`python -m benchmarks`: gridmock beside its peers on this machine, and the bars of issue 2.

Exit codes: 0 measured and every bar met (or not judged, without gridmock), 1 a bar missed, 2 nothing to say.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from benchmarks import report
from benchmarks.measure import measure
from benchmarks.processes import cores
from benchmarks.sampling import profile
from benchmarks.scenarios import SCENARIOS
from benchmarks.servers import SERVERS, Server
from benchmarks.tools import WORK, BenchError, alone, ensure_prism, ensure_py_spy, ensure_workspace, ensure_wrk


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the benchmark; returns the exit code."""
    options = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return _run(options)
    except BenchError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("benchmarks: interrupted", file=sys.stderr)
        return 130


def _run(options: argparse.Namespace) -> int:
    servers: list[Server] = options.servers
    _, own = cores()
    ensure_workspace()
    with alone():
        ensure_wrk()
        if any(server.is_prism for server in servers):
            ensure_prism()
        if options.profile:
            ensure_py_spy()
            print(profile(servers[0], SCENARIOS[options.profile], options.seconds))
            return 0
        os.sched_setaffinity(0, {own})
        return _compare(servers, options)


def _compare(servers: Sequence[Server], options: argparse.Namespace) -> int:
    print(f"{options.rounds} rounds: {'; '.join(server.title for server in servers)}", flush=True)
    results = measure(servers, options.rounds, options.seconds, options.warm_up)
    print(f"\n{report.text(results)}")
    used = {"rounds": options.rounds, "seconds": options.seconds, "warm_up": options.warm_up}
    report.write(WORK / "results.json", results, used)
    print(f"All samples: {WORK / 'results.json'}")
    return 0 if all(bar.met for bar in report.bars(results)) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="gridmock beside its peers, on one spec")
    parser.add_argument(
        "--servers",
        type=_servers,
        default=[server for server in SERVERS.values() if server.default],
        metavar="A,B",
        help=f"which to measure, of {', '.join(SERVERS)}",
    )
    parser.add_argument("--rounds", type=_count, default=7, help="timed runs of each scenario and server (default 7)")
    parser.add_argument("--seconds", type=_count, default=1, help="length of a timed run, about (default 1)")
    parser.add_argument("--warm-up", type=_count, default=6, help="seconds of load before the first round (default 6)")
    parser.add_argument(
        "--profile", choices=SCENARIOS, help="sample the first of --servers under this scenario instead"
    )
    return parser


def _servers(text: str) -> list[Server]:
    unknown = [name for name in text.split(",") if name not in SERVERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no server {', '.join(unknown)}; there are {', '.join(SERVERS)}")
    return [SERVERS[name] for name in dict.fromkeys(text.split(","))]


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
