"""A receiver of webhooks that can be told to fail in every way, and be killed and brought back on its port."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any

PATIENCE_S = 30.0
"""Real seconds after which what should have happened is given up."""
_MARK = b"MARK / HTTP/1.1"


class Mode(StrEnum):
    """What becomes of a request."""

    GOOD = "answers 200"
    SLOW = "answers 200 after a while"
    BROKEN = "answers 500"
    CUT = "answers 200, and cuts the connection inside the body"
    DEAF = "closes the connection before the body is read"
    HANGING = "reads the body and never answers"


@dataclass(frozen=True)
class Arrival:
    """A request that was read to its end, and how it was answered: a status, or None when it was not."""

    url: str
    body: Any
    status: int | None


class Receiver:
    """One thread with one event loop reads all connections, so that arrivals have an order."""

    def __init__(self) -> None:
        self.mode = Mode.GOOD
        self.arrivals: list[Arrival] = []
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        # Bound, never listening: nobody else gets the port while the receiver is down, and connections are refused.
        self._holder = _bound(0)
        self.port: int = self._holder.getsockname()[1]
        self._listening: socket.socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """The base URL of the callbacks."""
        return f"http://127.0.0.1:{self.port}/api/v1/chargers"

    def up(self, mode: Mode = Mode.GOOD) -> None:
        """Listen, or go on to listen, in some mode; requests that hang go on hanging."""
        self.mode = mode
        if self._listening is None:
            self._run(self._listen())

    def kill(self) -> None:
        """Stop listening and reset every connection, as the end of a process does."""
        self._run(self._stop())

    def seen(self) -> list[Arrival]:
        """The arrivals of everything that was sent to the receiver before this was called."""
        if self._listening is not None:
            # Sockets are looked at in turn: what was there before this connection is read before its line.
            with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as connection:
                connection.sendall(_MARK + b"\r\n\r\n")
                while connection.recv(1024):
                    pass
        with self._changed:
            return [*self.arrivals]

    def wait_until(self, holds: Callable[[list[Arrival]], bool], what: str) -> None:
        """Wait for arrivals; AssertionError when they do not come."""
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self.arrivals), PATIENCE_S), what

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._holder.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    async def _listen(self) -> None:
        self._listening = _bound(self.port)
        self._listening.setblocking(False)
        self._listening.listen(128)
        self._loop.add_reader(self._listening, self._accept, self._listening)

    def _accept(self, listening: socket.socket) -> None:
        # Not an asyncio.Server: one that is closed loses what it has accepted just before, in Python 3.11.
        with suppress(BlockingIOError, ConnectionError):
            connection, _ = listening.accept()
            self._tasks.add(self._loop.create_task(self._serve(connection)))

    async def _stop(self) -> None:
        listening, self._listening = self._listening, None
        if listening is not None:
            self._loop.remove_reader(listening)
            listening.close()
        while self._tasks:
            for writer in self._writers:
                writer.transport.abort()
            done, self._tasks = await asyncio.wait(self._tasks, timeout=0.01)
            for task in done:
                task.result()

    async def _serve(self, connection: socket.socket) -> None:
        reader, writer = await asyncio.open_connection(sock=connection)
        self._writers.add(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # the other side has gone
            while await self._exchange(reader, writer):
                pass
        self._writers.discard(writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request; False when the connection is to be closed."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if head.startswith(_MARK.decode()):
            return False
        mode = self.mode
        if mode is Mode.DEAF:
            return False
        lines = head.splitlines()
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
        body = json.loads(await reader.readexactly(int(fields["content-length"])))
        status = {Mode.BROKEN: 500, Mode.CUT: None, Mode.HANGING: None}.get(mode, 200)
        with self._changed:
            self.arrivals.append(Arrival(lines[0].split()[1], body, status))
            self._changed.notify_all()
        if mode is Mode.HANGING:
            await reader.read()  # until the other side gives up, or the receiver is killed
            return False
        if mode is Mode.SLOW:
            await asyncio.sleep(0.05)
        length = 100 if mode is Mode.CUT else 2
        writer.write(f"HTTP/1.1 {status or 200} Tested\r\ncontent-length: {length}\r\n\r\n{{}}".encode())
        await writer.drain()
        return mode is not Mode.CUT


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    for option in ("SO_REUSEADDR", "SO_REUSEPORT"):
        if hasattr(socket, option):
            bound.setsockopt(socket.SOL_SOCKET, getattr(socket, option), 1)
    bound.bind(("127.0.0.1", port))
    return bound
