"""What is found out of a list in any contract, and how lists of other styles than those of the servers are walked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from contract_tests.contract import Contract
from contract_tests.credentials import NOBODY, Credentials
from contract_tests.declaration import Declaration
from contract_tests.laws.client import Client
from contract_tests.laws.general.filters import compared
from contract_tests.laws.general.pages import everything
from contract_tests.laws.law import NotPlayed
from contract_tests.laws.stage import Run, Stage
from contract_tests.surface.listings import Listing
from contract_tests.surface.surface import Surface

Schema = dict[str, Any]
THING: Schema = {"type": "object", "properties": {"id": {"type": "integer"}, "kind": {"enum": ["a", "b"]}}}
THINGS: Schema = {"type": "array", "items": THING}
INTEGER: Schema = {"type": "integer"}
TEXT: Schema = {"type": "string"}


def surface_of(answer: Schema, parameters: Mapping[str, Schema], **more: Any) -> Surface:
    """The surface of a contract with the list `GET /things`."""
    operation = {
        "parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in parameters.items()],
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": answer}}, **more}},
    }
    document = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/things": {"get": operation}}}
    return Surface(Contract(Path("t.yaml"), document, None), Declaration())


def envelope(**members: Schema) -> Schema:
    return {"type": "object", "properties": {"data": THINGS, **members}}


def listing_of(surface: Surface) -> Listing:
    return surface.listings["GET /things"]


LINKS = envelope(links={"type": "object", "properties": {"next": {"type": "string", "format": "uri"}}})
CURSOR = envelope(next_cursor=TEXT, has_more={"type": "boolean"})


@pytest.mark.parametrize(
    ("answer", "parameters", "style", "parameter", "following"),
    [
        (THINGS, {"page": INTEGER, "per_page": INTEGER}, "page", "page", ()),
        (envelope(), {"page[number]": INTEGER, "page[size]": INTEGER}, "page", "page[number]", ()),
        (THINGS, {"$skip": INTEGER, "$top": INTEGER}, "offset", "$skip", ()),
        (CURSOR, {"cursor": TEXT, "limit": INTEGER}, "cursor", "cursor", ("next_cursor",)),
        (LINKS, {"limit": INTEGER}, "link", "", ("links", "next")),
    ],
)
def test_the_style_of_pages_is_found(
    answer: Schema, parameters: Mapping[str, Schema], style: str, parameter: str, following: tuple[str, ...]
) -> None:
    paging = listing_of(surface_of(answer, parameters)).paging
    assert paging
    assert (paging.style, paging.parameter, paging.size, paging.next) == (
        style,
        parameter,
        [*parameters][-1],
        following,
    )


def test_filters_are_found_by_type_or_by_choices() -> None:
    parameters = {"kind": {"enum": ["a", "b"]}, "id": INTEGER, "other": TEXT, "limit": INTEGER}
    assert listing_of(surface_of(THINGS, parameters)).filters == {"kind": "kind", "id": "id"}


def test_sorts_are_found_in_any_spelling() -> None:
    choices = ["id", "-id", "+kind", "kind:desc", "kind_asc", "colour"]
    sort = listing_of(surface_of(THINGS, {"sort": {"enum": choices}})).sort
    assert sort
    assert sort.values == {
        "id": ("id",),
        "-id": ("-id",),
        "+kind": ("kind",),
        "kind:desc": ("-kind",),
        "kind_asc": ("kind",),
    }


@pytest.mark.parametrize(
    ("one", "two", "sign"),
    [
        (2, 10, -1),
        ("West 2", "West 10", None),  # by code the other way round than by number
        ("a", "B", None),
        ("b", "a", 1),
        ("é", "f", None),
        ("2026-03-01T12:00:00+02:00", "2026-03-01T11:00:00Z", -1),
        ("same", "same", 0),
        (True, False, None),
    ],
)
def test_texts_are_out_of_order_only_where_every_way_agrees(one: Any, two: Any, sign: int | None) -> None:
    assert compared(one, two, []) == sign


class _Pages(BaseHTTPRequestHandler):
    """Answers with whatever the server's `answer` makes of the query."""

    def do_GET(self) -> None:
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        status, content = self.server.answer(query)  # type: ignore[attr-defined]
        body = orjson.dumps(content)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Pages) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def walked(server: Any, surface: Surface, answer: Any) -> list[int]:
    """The ids of everything in a list that a function answers."""
    server.answer = answer
    client = Client(f"http://127.0.0.1:{server.server_port}", NOBODY)
    stage = Stage(Run(surface, client, Credentials({}, {}), {}, seed=1), "law")
    items, _ = everything(stage, listing_of(surface))
    client.close()
    return [item["id"] for item in items]


ITEMS = [{"id": n} for n in range(5)]


def _by_page(query: Mapping[str, str]) -> tuple[int, Any]:
    first = (int(query["page"]) - 1) * 2 if "page" in query else 0
    return 200, ITEMS[first : first + 2]


def _last_page_again(query: Mapping[str, str]) -> tuple[int, Any]:
    first = min((int(query.get("page", 1)) - 1) * 2, 4)
    return 200, ITEMS[first : first + 2]


def _no_such_page(query: Mapping[str, str]) -> tuple[int, Any]:
    status, items = _by_page(query)
    return (status, items) if items else (422, {"message": "there are 3 pages"})


@pytest.mark.parametrize("answer", [_by_page, _last_page_again, _no_such_page])
def test_pages_end_however_a_server_answers_behind_the_last_one(server: Any, answer: Any) -> None:
    surface = surface_of(THINGS, {"page": INTEGER, "per_page": INTEGER})
    assert walked(server, surface, answer) == [0, 1, 2, 3, 4]


def test_a_cursor_that_is_always_there_ends_where_there_is_no_more(server: Any) -> None:
    def answer(query: Mapping[str, str]) -> tuple[int, Any]:
        first = int(query.get("cursor", 0))
        return 200, {"data": ITEMS[first : first + 2], "next_cursor": str(first + 2), "has_more": first + 2 < 5}

    assert walked(server, surface_of(CURSOR, {"cursor": TEXT, "limit": INTEGER}), answer) == [0, 1, 2, 3, 4]


def test_links_may_be_relative_or_name_another_host(server: Any) -> None:
    def answer(query: Mapping[str, str]) -> tuple[int, Any]:
        first = int(query.get("from", 0))
        links = {0: "/things?from=2", 2: "https://api.example.com/things?from=4"}
        return 200, {"data": ITEMS[first : first + 2], "links": {"next": links.get(first)}}

    assert walked(server, surface_of(LINKS, {"limit": INTEGER}), answer) == [0, 1, 2, 3, 4]


def test_a_list_without_an_end_is_not_read_for_ever(server: Any) -> None:
    surface = surface_of(CURSOR, {"cursor": TEXT, "limit": INTEGER})
    with pytest.raises(NotPlayed, match="does not end within 40 pages"):
        walked(server, surface, lambda _: (200, {"data": ITEMS, "next_cursor": "again", "has_more": True}))
