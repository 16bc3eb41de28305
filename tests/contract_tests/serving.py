"""An ASGI application on a free port of this machine, in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mockserver.testing.serving import Job, ThreadedServer


@contextmanager
def served(app: Any, *beside: Job) -> Iterator[str]:
    """The base URL of the application while it runs, with what runs beside it in the same event loop."""
    with ThreadedServer(app, *beside) as server:
        yield server.origin
