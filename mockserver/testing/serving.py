"""An ASGI application on a free port of this machine, served by a thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self, TypeVar

import uvicorn

from mockserver.http.protocol import loop_factory, server_config

Job = Callable[[], Coroutine[Any, Any, None]]
_Result = TypeVar("_Result")

_STOPPING_S = 10.0


class ThreadedServer:
    """Serves from `with` on to its end; `beside` runs as long, in the same event loop."""

    def __init__(self, app: Any, *beside: Job) -> None:
        self._server = uvicorn.Server(server_config(app))
        self._beside = beside
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._run, name="gridmock", daemon=True)

    @property
    def origin(self) -> str:
        """Where it listens, such as `http://127.0.0.1:43210`."""
        return f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        # The socket listens already: a request that comes before the server is up only waits.
        self._thread.start()
        self._loop.result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(_STOPPING_S)
        self._listening.close()

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Have something done in the event loop of the server, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop.result()).result()

    def _run(self) -> None:
        # The loop of asyncio leaves Nagle's algorithm on for such sockets: 40 ms a request.
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop.set_result(asyncio.get_running_loop())
        jobs = [asyncio.create_task(job()) for job in self._beside]
        await self._server.serve([self._listening])
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
