"""An ASGI application on a free port of this machine, in a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from mockserver.http.protocol import loop_factory

Job = Callable[[], Coroutine[Any, Any, None]]


@contextmanager
def served(app: Any, *beside: Job) -> Iterator[str]:
    """The base URL of the application while it runs, with what runs beside it in the same event loop."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none", date_header=False))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_run, args=(_serving(server, listening, beside),), daemon=True)
        thread.start()
        try:
            # The socket listens already: a request that comes before the server is up only waits.
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def _run(serving: Coroutine[Any, Any, None]) -> None:
    # The loop of asyncio leaves Nagle's algorithm on for such sockets: 40 ms a request.
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serving)


async def _serving(server: uvicorn.Server, listening: socket.socket, beside: tuple[Job, ...]) -> None:
    jobs = [asyncio.create_task(job()) for job in beside]
    await server.serve([listening])
    for job in jobs:
        job.cancel()
    await asyncio.gather(*jobs, return_exceptions=True)
