"""The programs that a run needs, fetched into `benchmarks/.work` when they are missing: wrk, Prism, py-spy."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import contract

WORK = Path(__file__).parent / ".work"
PINNED_SPEC = WORK / "bench-pinned.json"
PY_SPY = WORK / "py-spy" / "bin" / "py-spy"

# The last Prism that runs on Node 18 to 22: 5.15 and later want Node 24.
PRISM_PACKAGE, PRISM_VERSION = "@stoplight/prism-cli", "5.14.2"
_MODULES = WORK / "node_modules"
PRISM = _MODULES / ".bin" / "prism"


class BenchError(Exception):
    """The run cannot go on; the message says what to do about it."""


def ensure_workspace() -> None:
    """Makes `.work`, with what is derived from the spec."""
    (WORK / "logs").mkdir(parents=True, exist_ok=True)
    contract.write_pinned(PINNED_SPEC)


@contextmanager
def alone() -> Iterator[None]:
    """Keeps a second run from sharing the cores with this one; BenchError when it is the second."""
    with (WORK / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BenchError("Another benchmark runs on this machine: wait until it is done.") from None
        yield


def ensure_wrk() -> None:
    """Installs wrk through apt-get when it is missing and we are root."""
    if shutil.which("wrk"):
        return
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise BenchError("wrk is missing. Install it first: sudo apt-get install wrk")
    _do("wrk is missing: installing it with apt-get", "apt-get", "update", optional=True)
    _do("", "apt-get", "install", "-y", "--no-install-recommends", "wrk")


def ensure_prism() -> None:
    """Installs the pinned Prism from npm when that version is not in `.work`."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise BenchError("Prism needs Node.js 18 to 22 with npm. Install it, or leave Prism out with --servers.")
    if prism_version() == PRISM_VERSION:
        return
    _do(
        f"installing {PRISM_PACKAGE} {PRISM_VERSION} from npm into {WORK}",
        *("npm", "install", "--prefix", str(WORK), "--no-audit", "--no-fund", f"{PRISM_PACKAGE}@{PRISM_VERSION}"),
    )


def ensure_py_spy() -> None:
    """Installs py-spy from PyPI into `.work`."""
    if PY_SPY.exists():
        return
    target = PY_SPY.parent.parent
    _do(
        f"installing py-spy from PyPI into {target}",
        *(sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), "py-spy>=0.4"),
    )


def prism_version() -> str | None:
    """The version of Prism in `.work`, or None."""
    package = _MODULES / PRISM_PACKAGE / "package.json"
    if not PRISM.exists() or not package.exists():
        return None
    version: str = json.loads(package.read_text("utf-8"))["version"]
    return version


def version_of(*command: str) -> str | None:
    """The first line that a program prints about its version, or None when it is missing."""
    if not shutil.which(command[0]):
        return None
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip().splitlines()
    return lines[0] if lines else None


def _do(announcement: str, *command: str, optional: bool = False) -> None:
    if announcement:
        print(announcement, flush=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and not optional:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise BenchError(f"{' '.join(command)} failed:\n{tail}")
