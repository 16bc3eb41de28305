"""`gridmock serve` in a process of its own, as a user starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[3]
MAIN = "from mockserver.cli import main; main()"
"""What the console script `gridmock` does; it works where the package is not installed."""

START_TIMEOUT_S = 60
"""A start takes two seconds of CPU, and many times that where others want it, too."""


def environment(**settings: str) -> dict[str, str]:
    """The environment of a child process, without options of gridmock that this one was given."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GRIDMOCK_")}
    return {**inherited, "PYTHONPATH": str(ROOT), **settings}


def gridmock(
    *arguments: str, code: str = MAIN, python: Sequence[str] = (), **settings: str
) -> subprocess.CompletedProcess[str]:
    """One run of the command to its end."""
    return subprocess.run(
        [sys.executable, *python, "-c", code, *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Server:
    """A running server: its banner, what it printed, and how to call and end it. A context manager."""

    def __init__(self, *arguments: str, code: str = MAIN, python: Sequence[str] = (), **settings: str) -> None:
        """Start with `arguments` behind `serve --port 0`; returns when the server takes connections."""
        self._stderr = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115  # lives as long as the process
        self.process = subprocess.Popen(
            [sys.executable, *python, "-c", code, "serve", "--port", "0", *arguments],
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )
        self.banner = self._read_banner()
        found = re.search(r"gridmock on (http://(\S+):(\d+))", self.banner)
        if found is None:
            self.stop()
            raise AssertionError(f"no banner: {self.banner!r}, {self.errors!r}")
        self.origin, self.host, self.port = found[1], found[2].strip("[]"), int(found[3])
        found_tokens = re.findall(r"client_id ([\w-]+).*\n +token (\S+)", self.banner, re.MULTILINE)
        self.token_of: dict[str, str] = dict(found_tokens)
        self.tokens = [*self.token_of.values()]

    def _read_banner(self) -> str:
        # The listening socket exists before the banner, so that whoever has read it can connect.
        watchdog = threading.Timer(START_TIMEOUT_S, self.process.kill)
        watchdog.start()
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith("  curl "):
                break
        watchdog.cancel()
        return "".join(lines)

    @property
    def errors(self) -> str:
        """What was written to stderr until now."""
        self._stderr.seek(0)
        return self._stderr.read()

    @property
    def curl(self) -> str:
        """The command line that the banner asks to paste."""
        return next(line.strip() for line in self.banner.splitlines() if line.startswith("  curl "))

    @property
    def rss_kib(self) -> int:
        """Resident memory of the process in KiB (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])

    def call(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None, timeout: float = 10
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of one exchange on a connection of its own; a body that is not bytes is JSON."""
        connection = HTTPConnection(self.host, self.port, timeout=timeout)
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            content = response.read()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, content
        finally:
            connection.close()

    def tariffs(self, **options: Any) -> tuple[int, dict[str, str], bytes]:
        """A good request with the first ready-made token."""
        headers = {"authorization": f"Bearer {self.tokens[0]}"}
        return self.call("GET", "/ev-energy/v2/tariffs?page_size=1", headers=headers, **options)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Signal the server and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process.stdout.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        self._stderr.close()
