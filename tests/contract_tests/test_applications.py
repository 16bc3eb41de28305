"""Applications of Python as targets: how they are found and served, and what is said where that cannot be."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from contract_tests.applications import ApplicationError, named, served
from tests.contract_tests.conftest import DESK_SPEC, Check
from tests.contract_tests.desk import TOKEN, Desk

SOURCE = """
import asyncio, json, sys
from functools import wraps

state = {"started": False, "stopped": False}

async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        state["started"] = True
        await send({"type": "lifespan.startup.complete"})
        await receive()
        state["stopped"] = True
        await send({"type": "lifespan.shutdown.complete"})
        return
    import lazy
    await answer(send, lazy.NAME if state["started"] else "not started")

async def answer(send, text):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": text.encode()})

async def without_lifespan(scope, receive, send):
    assert scope["type"] == "http"
    await answer(send, "asgi")

class Callable:
    async def __call__(self, scope, receive, send):
        await without_lifespan(scope, receive, send)

def wrapper(app):
    async def wrapped(*arguments, **options):
        await app(*arguments, **options)
    return wrapped

wrapped = wrapper(without_lifespan)
awaitable = lambda scope, receive, send: without_lifespan(scope, receive, send)

def wsgi(environ, start_response):
    start_response("200 OK", [("Content-Length", "4")])
    return [b"wsgi"]

class House:
    app = Callable()
    def wsgi(self, environ, start_response):
        return wsgi(environ, start_response)

house = House()

def made(settings=None, debug=False):
    return wsgi

def made_in_vain():
    raise LookupError("no settings")

def nothing_made():
    return None

async def asynchronous_factory():
    return wsgi

async def refuses(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "Traceback\\n  here\\nOSError: no database"})

async def refuses_in_silence(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed"})

def raises(environ, start_response):
    raise RuntimeError("broken inside")

number = 7
def of_one(request): ...
def anything(*arguments): ...
"""


@pytest.fixture(autouse=True)
def modules(folder: Path) -> Iterator[None]:
    """Modules in the working folder, which are forgotten again."""
    (folder / "theirs.py").write_text(SOURCE)
    (folder / "lazy.py").write_text("NAME = 'lazy'")
    (folder / "needs.py").write_text("import nowhere_to_be_found")
    (folder / "leaves.py").write_text("raise SystemExit('only with a licence')")
    (folder / "odd.py").write_text("x = 1\ny = x / 0\n")
    (folder / "unreadable.py").write_text("def f(:\n")
    path = [*sys.path]
    yield
    assert sys.path == path
    for file in folder.glob("*.py"):
        sys.modules.pop(file.stem, None)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("theirs:asgi", "lazy"),
        ("theirs:without_lifespan", "asgi"),
        ("theirs:Callable", "asgi"),
        ("theirs:wrapped", "asgi"),
        ("theirs:awaitable", "asgi"),
        ("theirs:house.app", "asgi"),
        ("theirs:wsgi", "wsgi"),
        ("theirs:house.wsgi", "wsgi"),
        ("theirs:made", "wsgi"),
    ],
)
def test_an_application_is_served_while_it_is_wanted(name: str, answer: str) -> None:
    with named(name) as origin:
        assert [requests.get(origin, timeout=5).text for _ in range(2)] == [answer, answer]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(origin.rpartition(":")[2])), 1)
    if name == "theirs:asgi":
        import theirs  # type: ignore[import-not-found]

        assert theirs.state == {"started": True, "stopped": True}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("theirs", ["'theirs' is no application: write module:attribute"]),
        ("theirs:", ["write module:attribute"]),
        (":app", ["write module:attribute"]),
        ("nowhere:app", ["nowhere:app: there is no module nowhere"]),
        ("theirs.inner:app", ["theirs.inner:app: ", "theirs"]),
        ("needs:app", ["importing needs failed: ModuleNotFoundError: No module named 'nowhere", "needs.py:1)"]),
        ("leaves:app", ["importing leaves failed: SystemExit: only with a licence", "leaves.py:1)"]),
        ("odd:app", ["importing odd failed: ZeroDivisionError: division by zero", "odd.py:2)"]),
        ("unreadable:app", ["importing unreadable failed: SyntaxError", "unreadable.py, line 1"]),
        ("theirs:asgy", ["theirs:asgy: ", "theirs.py has no asgy"]),
        ("theirs:house.door", ["House", "has no door"]),
        ("theirs:number", ["theirs:number is no application, but int 7: ASGI is called with (scope, receive, send)"]),
        ("theirs:of_one", ["theirs:of_one is no application: ASGI is called with"]),
        ("theirs:anything", ["theirs:anything is no application"]),
        ("theirs:made_in_vain", ["made_in_vain() failed: LookupError: no settings (", "theirs.py:"]),
        ("theirs:nothing_made", ["theirs:nothing_made is no application, but NoneType None"]),
        ("theirs:asynchronous_factory", ["theirs:asynchronous_factory is no application: ASGI is called"]),
        ("theirs:refuses", ["theirs:refuses did not start: OSError: no database\nTraceback\n  here"]),
        ("theirs:refuses_in_silence", ["theirs:refuses_in_silence did not start: it does not say why"]),
    ],
)
def test_what_cannot_be_served_is_told(name: str, words: list[str]) -> None:
    with pytest.raises(ApplicationError) as raised, named(name):
        pass
    assert [word for word in words if word not in str(raised.value)] == []


def test_an_object_will_do_and_its_errors_are_answers(capfd: pytest.CaptureFixture[str]) -> None:
    def raises(environ: Any, start_response: Any) -> Any:
        raise RuntimeError("broken inside")

    async def raises_too(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("broken inside")

    for app in (raises, raises_too):
        with served(app) as origin:
            assert requests.get(origin, timeout=5).status_code == 500
    assert capfd.readouterr() == ("", "")


def test_what_goes_wrong_meanwhile_ends_the_serving_too() -> None:
    origins = []

    def interrupted() -> None:
        with served(Desk()) as origin:
            origins.append(origin)
            assert requests.get(origin, timeout=5).status_code
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(requests.ConnectionError):
        requests.get(origins[0], timeout=5)


def test_gridmock_check_serves_an_application_for_the_run(folder: Path, run_check: Check) -> None:
    (folder / "theirs.py").write_text("from tests.contract_tests.desk import Desk\n\napp = Desk\n")
    words = ("--spec", str(DESK_SPEC), "--app", "theirs:app", "--token", TOKEN)
    result = run_check(*words, "--phases", "examples")
    assert result.exit_code == 0, result.output
    assert " 0 findings" in result.output
    assert f"Again: gridmock check --spec {DESK_SPEC} --app theirs:app" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--app", "theirs:nothing"], "theirs:nothing: "),
        (["--app", "theirs:refuses"], "theirs:refuses did not start: OSError: no database"),
        (["--app", "theirs:asgi", "--url", "http://127.0.0.1:1"], "--url http://127.0.0.1:1 would have to be a path"),
        (["--app", "theirs:asgi", "--target", "x"], "or --app MODULE:NAME"),
    ],
)
def test_gridmock_check_says_what_is_wrong_with_an_application(
    run_check: Check, words: list[str], message: str
) -> None:
    result = run_check("--spec", str(DESK_SPEC), *words)
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
