"""Applications of Python as targets: an ASGI or WSGI application, served on this machine while a run lasts."""

from __future__ import annotations

import importlib
import inspect
import socket
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

HOST = "127.0.0.1"
_STARTING_S = 30.0
_STOPPING_S = 5.0
_FORMS = "ASGI is called with (scope, receive, send), WSGI with (environ, start_response), a factory with nothing"


class ApplicationError(Exception):
    """An application that cannot be had or does not start; says which, what was wrong and where."""


@contextmanager
def named(name: str) -> Iterator[str]:
    """The origin of the application that `module:attribute` means, while it is served; raises ApplicationError.

    Modules are looked for in the working folder first. What can be called with nothing makes the application.
    """
    with _working_folder_on_the_path(), served(_loaded(name), name) as origin:
        yield origin


@contextmanager
def served(app: Any, name: str = "the application") -> Iterator[str]:
    """The origin of an ASGI or WSGI application while it is served, `http://127.0.0.1:43210`; raises ApplicationError.

    An ASGI application gets its lifespan events.
    """
    serving = _asgi if _kind(app, name) == "ASGI" else _wsgi
    with serving(app, name) as port:
        yield f"http://{HOST}:{port}"


def _loaded(name: str) -> Any:
    module_name, colon, attribute = name.partition(":")
    if not (module_name and colon and attribute):
        raise ApplicationError(f"{name!r} is no application: write module:attribute, such as shop.main:app")
    found: Any = _imported(module_name, name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise ApplicationError(f"{name}: {_origin(found)} has no {part}")
        found = getattr(found, part)
    if not callable(found) or _required(found) != 0 or inspect.iscoroutinefunction(found):
        return found
    try:
        return found()
    except Exception as error:
        raise ApplicationError(f"{name}: {attribute}() failed: {_told(error)}") from error


def _imported(module_name: str, name: str) -> ModuleType:
    try:
        return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and f"{module_name}.".startswith(f"{error.name}."):
            raise ApplicationError(f"{name}: there is no module {error.name}, neither here nor installed") from error
        raise ApplicationError(f"{name}: importing {module_name} failed: {_told(error)}") from error
    except (Exception, SystemExit) as error:  # modules may do anything when they are imported
        raise ApplicationError(f"{name}: importing {module_name} failed: {_told(error)}") from error


def _origin(found: Any) -> str:
    return str(getattr(found, "__file__", None) or f"{type(found).__name__} {found!r}")


def _told(error: BaseException) -> str:
    """An error in one line, with the place in the application's own code that it comes from."""
    text = str(error) or "no message"
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {text}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    ours = [frame for frame in frames if frame.filename != __file__]
    place = f" ({ours[-1].filename}:{ours[-1].lineno})" if ours else ""
    return f"{type(error).__name__}: {text}{place}"


def _kind(app: Any, name: str) -> Literal["ASGI", "WSGI"]:
    if not callable(app):
        raise ApplicationError(f"{name} is no application, but {type(app).__name__} {app!r:.80}: {_FORMS}")
    match _required(app):
        case 3:
            return "ASGI"
        case 2:
            return "WSGI"
        case None if inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(type(app).__call__):
            return "ASGI"  # by its wrapper's signature it could take anything
        case _:
            raise ApplicationError(f"{name} is no application: {_FORMS}")


def _required(app: Any) -> int | None:
    """The number of arguments without which an application cannot be called; None if that cannot be told."""
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    return sum(
        parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters
    )


@contextmanager
def _working_folder_on_the_path() -> Iterator[None]:
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)


@contextmanager
def _asgi(app: Any, name: str) -> Iterator[int]:
    import uvicorn

    failures: list[str] = []
    up = threading.Event()

    async def observed(scope: Any, receive: Any, send: Any) -> None:
        """The application, and why it refuses to start, which uvicorn would only log."""

        async def tell(message: Any) -> None:
            if message["type"] == "lifespan.startup.failed":
                failures.append(str(message.get("message", "")))
            await send(message)

        await app(scope, receive, tell if scope["type"] == "lifespan" else send)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            try:
                await super().startup(sockets)
            finally:
                up.set()

    config = uvicorn.Config(
        observed,
        interface="asgi3",
        log_config=None,
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = Server(config)
    with socket.create_server((HOST, 0)) as listening:

        def serve() -> None:
            with suppress(SystemExit):  # which is how uvicorn ends where an application does not start
                server.run([listening])

        thread = threading.Thread(target=serve, name=name, daemon=True)
        thread.start()
        try:
            if not up.wait(_STARTING_S):
                raise ApplicationError(f"{name} did not start within {_STARTING_S:.0f} s")
            if not server.started:
                lines = "".join(failures).strip().splitlines() or ["it does not say why"]
                raise ApplicationError("\n".join([f"{name} did not start: {lines[-1]}", *lines[:-1]]))
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(_STOPPING_S)


@contextmanager
def _wsgi(app: Any, name: str) -> Iterator[int]:
    from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

    class Handler(WSGIRequestHandler):
        # Head and body are sent apart: 40 ms a request with Nagle's algorithm.
        disable_nagle_algorithm = True

        def log(self, *_: Any) -> None:
            """A run sends thousands of requests."""

    class Server(ThreadedWSGIServer):
        def log(self, *_: Any) -> None:
            """What the application says itself is enough."""

        def handle_error(self, *_: Any) -> None:
            """A client that hangs up is no news."""

    server = Server(HOST, 0, app, handler=Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name=name, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(_STOPPING_S)
        server.server_close()
