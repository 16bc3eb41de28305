"""A small HTTP server on this machine that takes what an API pushes, and remembers it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

HOST = "127.0.0.1"
_MOST_BYTES = 1_048_576
_SILENCE_S = 10


@dataclass(frozen=True)
class Delivery:
    """One request that arrived; header names are lower case, `path` holds no query."""

    at: datetime
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Receiver:
    """Listens on a port of 127.0.0.1 between `start` and `stop`, which may be called again and again.

    `answer` gives the status for each delivery; it runs in the thread of the request. `deliveries` has them in the
    order of their arrival.
    """

    def __init__(self, port: int, answer: Callable[[Delivery], int] = lambda _: 200) -> None:
        self.port = port
        self.deliveries: list[Delivery] = []
        self._answer = answer
        self._arrived = threading.Condition()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address of the receiver, without a path."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Listen; raises OSError if the port is taken. Port 0 becomes a free one."""
        receiver = self

        class Handler(_Handler):
            def arrived(self, delivery: Delivery) -> int:
                return receiver._take(delivery)

        self._server = _Server((HOST, self.port), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Listen no more; what has arrived stays known."""
        if self._server and self._thread:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_for(self, wanted: Callable[[Delivery], bool], timeout_s: float, after: int = 0) -> Delivery | None:
        """The first wanted one behind the first `after` deliveries, or None if none has come in time."""

        def found() -> Delivery | None:
            return next(filter(wanted, self.deliveries[after:]), None)

        with self._arrived:
            return self._arrived.wait_for(found, timeout_s)

    def _take(self, delivery: Delivery) -> int:
        status = self._answer(delivery)
        with self._arrived:
            self.deliveries.append(delivery)
            self._arrived.notify_all()
        return status


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that hangs up is no news."""


class _Unreadable(Exception):
    """A body whose end cannot be told, or is too far away; `status` says so."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _SILENCE_S

    def arrived(self, delivery: Delivery) -> int:
        raise NotImplementedError

    def log_message(self, *_: object) -> None:
        """The receiver has its own log."""

    def handle_one_request(self) -> None:
        """Any method will do: which of them is right is for the contract to say."""
        try:
            self.raw_requestline = self.rfile.readline(65_537)
        except TimeoutError:
            self.close_connection = True
            return
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        try:
            body = self._body()
        except _Unreadable as refusal:
            self.close_connection = True
            self._reply(refusal.status)
            return
        headers = {name.lower(): ", ".join(self.headers.get_all(name, [])) for name in self.headers}
        path = self.path.partition("?")[0]
        self._reply(self.arrived(Delivery(datetime.now(UTC), self.command, path, headers, body)))

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunks()
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal():
            raise _Unreadable(400)
        if int(length) > _MOST_BYTES:
            raise _Unreadable(413)
        return self.rfile.read(int(length))

    def _chunks(self) -> bytes:
        """A body in chunks (RFC 9112, 7.1)."""
        body = b""
        while True:
            try:
                length = int(self.rfile.readline(1024).partition(b";")[0], 16)
            except ValueError as error:
                raise _Unreadable(400) from error
            if length < 0 or len(body) + length > _MOST_BYTES:
                raise _Unreadable(413)
            if not length:
                break
            body += self.rfile.read(length)
            self.rfile.readline(3)
        while self.rfile.readline(65_537).strip():
            continue  # trailer fields
        return body

    def _reply(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.wfile.flush()
