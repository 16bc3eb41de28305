"""A handler that does not fit its operation stops the start, with a message that names both."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from textwrap import dedent, indent

import pytest

from mockserver.http.auth import bearer
from mockserver.http.compiled import HandlerMismatch, view_name
from mockserver.http.paging import PageNumber
from mockserver.http.parameters import argument_name
from specs.loader import load
from tests.mockserver.http.workshop import API, Workshop

HEAD = """\
openapi: 3.1.0
info: {title: Small, version: '1'}
tags: [{name: Small Things}]
paths:
  /small/{small_id}:
    get:
      operationId: get-small
      tags: [Small Things]
"""
PARAMETERS = """\
parameters:
  - {name: small_id, in: path, required: true, schema: {type: string}}
  - {name: colour, in: query, schema: {type: string}}
"""
RESPONSES = """\
responses:
  '200': {description: Good., content: {application/json: {schema: {type: object}}}}
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty package `small_api` for handlers."""
    folder = tmp_path / "small_api"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "small_api"]:
        del sys.modules[name]


def start(folder: Path, handlers: str | None, parameters: str = PARAMETERS, more: str = "") -> Workshop:
    """Mount the small contract with these handlers in the module of its tag."""
    spec = folder / "small.yaml"
    spec.write_text(HEAD + indent(parameters + RESPONSES + more, "      "))
    if handlers is not None:
        (folder / "small_things.py").write_text(dedent(handlers))
    return Workshop(api=replace(API, handlers="small_api", views=None), spec=load(spec))


def test_a_handler_that_fits_starts_and_answers(package: Path) -> None:
    workshop = start(package, "async def get_small(ctx, *, small_id, colour): return {small_id: colour}")
    response = workshop.anonymous.get("/workshop/v1/small/7?colour=red")
    assert (response.status, response.json()) == (200, {"7": "red"})


def test_a_handler_may_take_the_rest_as_keywords(package: Path) -> None:
    workshop = start(package, "async def get_small(ctx, *, small_id, **rest): return rest")
    assert workshop.anonymous.get("/workshop/v1/small/7").json() == {"colour": None}


MISFITS: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "no module": (None, ("get-small", "get_small", "small_api.small_things")),
    "no function": ("x = 1", ("get-small", "get_small", "small_api.small_things")),
    "another name": ("async def get_smal(ctx): ...", ("get-small", "get_small")),
    "not a coroutine function": (
        "def get_small(ctx, *, small_id, colour): ...",
        ("get-small", "async def get_small", "small_api.small_things"),
    ),
    "not a function": ("get_small = 1", ("get-small", "get_small")),
    "takes too little": (
        "async def get_small(ctx, *, small_id): ...",
        ("small_things.get_small", "get-small", "colour"),
    ),
    "takes nothing": ("async def get_small(ctx): ...", ("small_things.get_small", "get-small", "small_id")),
    "takes too much": (
        "async def get_small(ctx, *, small_id, colour, size): ...",
        ("small_things.get_small", "get-small", "size"),
    ),
    "takes another name": (
        "async def get_small(ctx, *, small_id, color): ...",
        ("small_things.get_small", "get-small", "color"),
    ),
    "takes a position too many": (
        "async def get_small(ctx, extra, *, small_id, colour): ...",
        ("small_things.get_small", "get-small", "extra"),
    ),
    "takes parameters by position": (
        "async def get_small(ctx, small_id, colour): ...",
        ("small_things.get_small", "get-small"),
    ),
    "takes no context": (
        "async def get_small(*, small_id, colour): ...",
        ("small_things.get_small", "get-small"),
    ),
}


@pytest.mark.parametrize(("handlers", "words"), MISFITS.values(), ids=MISFITS)
def test_a_handler_that_does_not_fit_stops_the_start_and_both_are_named(
    package: Path, handlers: str | None, words: tuple[str, ...]
) -> None:
    with pytest.raises(HandlerMismatch) as raised:
        start(package, handlers)
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize("handlers", ["async def get_small(ctx, extra): ...", "async def get_small(): ..."])
def test_without_parameters_a_handler_takes_the_context_and_nothing_else(package: Path, handlers: str) -> None:
    spec = package / "small.yaml"
    head = HEAD.replace("/small/{small_id}", "/small")
    spec.write_text(head + indent(RESPONSES, "      "))
    (package / "small_things.py").write_text(handlers)
    with pytest.raises(HandlerMismatch, match="get-small"):
        Workshop(api=replace(API, handlers="small_api", views=None), spec=load(spec))


def test_an_error_inside_a_handler_module_is_shown_as_itself(package: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        start(package, "import no_such_module")


def test_a_security_scheme_that_the_api_cannot_read_stops_the_start(package: Path) -> None:
    spec = package / "small.yaml"
    scheme = "\n  securitySchemes:\n    key: {type: apiKey, in: header, name: X-Key}\n"
    text = HEAD + indent(PARAMETERS + "security: [{key: []}]\n" + RESPONSES, "      ")
    spec.write_text(f"{text}components:{scheme}")
    (package / "small_things.py").write_text("async def get_small(ctx, *, small_id, colour): ...")
    contract = load(spec)
    assert Workshop(api=replace(API, handlers="small_api", identify={"key": bearer}), spec=contract)
    with pytest.raises(HandlerMismatch, match="key"):
        Workshop(api=replace(API, handlers="small_api", identify={}), spec=contract)


def test_a_cookie_parameter_reaches_its_handler_or_stops_the_start(package: Path) -> None:
    parameters = PARAMETERS.replace("in: query", "in: cookie")
    handlers = "async def get_small(ctx, *, small_id, colour): return {'colour': colour}"
    try:
        workshop = start(package, handlers, parameters)
    except (HandlerMismatch, TypeError) as refused:
        assert "colour" in str(refused)  # noqa: PT017
        return
    response = workshop.anonymous.get("/workshop/v1/small/7", headers={"cookie": "colour=red"})
    assert (response.status, response.json()) == (200, {"colour": "red"})


def test_parameters_of_one_name_in_two_places_reach_the_handler_apart_or_stop_the_start(package: Path) -> None:
    # A parameter is known by its name and its location (OpenAPI 3.1 section 4.8.12.1).
    parameters = PARAMETERS.replace("name: colour, in: query", "name: small_id, in: query")
    try:
        workshop = start(package, "async def get_small(ctx, *, small_id): return {'got': small_id}", parameters)
    except HandlerMismatch:
        return
    assert workshop.anonymous.get("/workshop/v1/small/7").json() == {"got": "7"}


def test_paging_without_defaults_answers_the_first_page_or_stops_the_start(package: Path) -> None:
    paging = "".join(
        f"  - {{name: {name}, in: query, schema: {{type: integer}}}}\n" for name in sorted(PageNumber.parameters)
    )
    handlers = "async def get_small(ctx, *, small_id, colour): return []"
    try:
        workshop = start(package, handlers, PARAMETERS + paging)
    except (HandlerMismatch, TypeError):
        return
    assert workshop.anonymous.get("/workshop/v1/small/7").status < 500


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Tariff", "tariff"),
        ("TariffDetail", "tariff_detail"),
        ("EVSEModel", "evse_model"),
        ("EVSE", "evse"),
        ("Price2", "price2"),
        ("OAuthError", "o_auth_error"),
    ],
)
def test_a_view_is_named_after_its_schema(name: str, expected: str) -> None:
    assert view_name(name) == expected


def test_a_handler_is_named_after_its_operation() -> None:
    assert argument_name("Small Things") == "small_things"
