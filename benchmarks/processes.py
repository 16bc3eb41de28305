"""Starting a server on its core, reading what it costs from /proc, and stopping it whatever happens."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from pathlib import Path

from benchmarks.scenarios import SCENARIOS, send
from benchmarks.servers import Server
from benchmarks.tools import WORK, BenchError

_PROC = Path("/proc")
_START_LIMIT_S = 30.0
_STOP_LIMIT_S = 5.0
_SETTLE_S = 0.05
_SETTLE_LIMIT = 100


@dataclass(frozen=True)
class Usage:
    """User and system time in microseconds, and how long a thread was ready to run while others had the core."""

    cpu_us: float
    waited_us: float


@dataclass(frozen=True)
class Running:
    """A server that has answered its first request."""

    pid: int
    base_url: str
    cold_start_s: float

    def usage(self) -> Usage:
        """What all threads of the process and its descendants have used so far.

        Scheduler statistics count in nanoseconds what utime and stime of proc_pid_stat(5) give in ticks of 10 ms.
        """
        ran = waited = 0
        for pid in _tree(self.pid):
            for task in (_PROC / str(pid) / "task").iterdir():
                with suppress(FileNotFoundError):  # a thread that ended meanwhile
                    task_ran, task_waited, _ = map(int, (task / "schedstat").read_text("ascii").split())
                    ran += task_ran
                    waited += task_waited
        return Usage(ran / 1000, waited / 1000)

    def settle(self) -> None:
        """Waits until the server has done what it still had to do after the load, within a limit."""
        for _ in range(_SETTLE_LIMIT):
            before = self.usage().cpu_us
            time.sleep(_SETTLE_S)
            if self.usage().cpu_us - before < _SETTLE_S * 1e5:  # busy for less than a tenth of the time
                return

    def rss_bytes(self) -> int:
        """Resident memory of the process and its descendants; pages they share count in each."""
        return sum(int(fields[21]) for fields in _tree(self.pid).values()) * os.sysconf("SC_PAGE_SIZE")


@cache
def cores() -> tuple[int, int]:
    """The core of the servers and the core of everything else; BenchError where there are no two."""
    if not _PROC.joinpath("self/stat").exists() or not hasattr(os, "sched_getaffinity"):
        raise BenchError("The benchmark reads CPU time from /proc: it runs on Linux only.")
    available = sorted(os.sched_getaffinity(0))
    if len(available) < 2:
        raise BenchError("The benchmark needs two cores: one for a server, one for the load.")
    return available[0], available[1]


@contextmanager
def running(server: Server, core: int) -> Iterator[Running]:
    """Starts the server on its core, waits for its first 200, and stops it with all its children at the end."""
    port = _free_port()
    base_url = server.base_url.format(port=port)
    command = ["taskset", "-c", str(core), *(word.format(port=port) for word in server.command)]
    log = WORK / "logs" / f"{server.name}.log"
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            _wait(server, process, base_url, began, log)
            yield Running(process.pid, base_url, time.perf_counter() - began)
        finally:
            _stop(process)


def _wait(server: Server, process: subprocess.Popen[bytes], base_url: str, began: float, log: Path) -> None:
    status: int | str = "no answer"
    while time.perf_counter() - began < _START_LIMIT_S:
        if process.poll() is not None:
            raise BenchError(f"{server.title} ended with {process.returncode} at its start.\n{_tail(log)}")
        try:
            status, *_ = send(base_url, "GET", SCENARIOS["list"].path, server.headers)
            if status == 200:
                return
        except (OSError, HTTPException):
            pass
        time.sleep(0.002)
    raise BenchError(f"{server.title} gave no 200 within {_START_LIMIT_S:g} s ({status}).\n{_tail(log)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # The server leads a process group of its own, so that its children end with it.
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(_STOP_LIMIT_S)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tail(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-12:]) or f"It wrote nothing to {log}."


def _tree(root: int) -> dict[int, list[str]]:
    """The stat fields (from the state on, proc_pid_stat(5)) of a process and its descendants, by process id."""
    everyone: dict[int, list[str]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                # The command's name stands in brackets and may hold spaces and brackets of its own.
                everyone[int(entry.name)] = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            except OSError:
                continue  # ended meanwhile
    if root not in everyone:
        raise BenchError("The server ended during the measurement; see benchmarks/.work/logs.")
    family = [root]
    for parent in family:
        family += [pid for pid, fields in everyone.items() if int(fields[1]) == parent]
    return {pid: everyone[pid] for pid in family}
