"""The pipeline answers: what leaves the server, and what is kept from leaving it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest

from mockserver.http.errors import Conflict, NotFound
from mockserver.http.exchange import Context, Reply
from mockserver.http.faults import Match
from mockserver.http.journal import KEPT_BODY_BYTES
from mockserver.store import VersionConflict
from tests.asgi import Response
from tests.mockserver.http.workshop import API, BASE, NOON, PROBLEM, URL, Workshop, things
from tests.mockserver.http.workshop.bench import GOOD_HEADERS, good

Tell = Callable[..., None]
ANSWER = f"{BASE}/answer"


def says(body: Any, status: int = 200, headers: list[tuple[str, str]] | None = None) -> Callable[[Context], Reply]:
    return lambda ctx: Reply(status, body, GOOD_HEADERS if headers is None else headers)


def raises(error: BaseException) -> Callable[[Context], Any]:
    def answer(ctx: Context) -> Any:
        raise error

    return answer


def broken(response: Response, *words: str) -> None:
    """A 500 in the API's dialect that says what was wrong."""
    assert response.status == 500, response.body
    assert response.headers["content-type"] == PROBLEM
    assert response.headers["workshop-version"] == "1"
    for word in words:
        assert word in response.json()["detail"]


# ---- answers that keep the contract

GOOD: dict[str, tuple[Callable[[Context], Any], int, bytes]] = {
    "with a body": (good, 200, b'{"id":1}'),
    "with everything": (
        says({"id": 1, "name": "five!", "weight": 0.5, "tags": ["é"]}, 200, [("x-count", "0"), ("x-note", "12345")]),
        200,
        '{"id":1,"name":"five!","weight":0.5,"tags":["é"]}'.encode(),
    ),
    "another declared status": (says(None, 202), 202, b""),
    "a declared refusal": (says({"detail": "no"}, 409), 409, b'{"detail":"no"}'),
    "a tuple for a list": (says({"id": 1, "tags": ("a",)}), 200, b'{"id":1,"tags":["a"]}'),
}


@pytest.mark.parametrize(("answer", "status", "body"), GOOD.values(), ids=GOOD)
def test_an_answer_that_keeps_the_contract_leaves_as_it_is(
    workshop: Workshop, tell: Tell, answer: Callable[[Context], Any], status: int, body: bytes
) -> None:
    tell(answer)
    response = workshop.anonymous.get(ANSWER)
    assert (response.status, response.body) == (status, body)
    assert response.headers["content-length"] == str(len(body))


@pytest.mark.parametrize("body", ["plain é", "plain é".encode()])
def test_text_leaves_as_text(workshop: Workshop, tell: Tell, body: Any) -> None:
    tell(lambda ctx: body)
    response = workshop.anonymous.get(f"{BASE}/text")
    assert (response.status, response.headers["content-type"]) == (200, "text/plain")
    assert response.body == "plain é".encode()


# ---- answers that break it

BROKEN: dict[str, tuple[Callable[[Context], Any], tuple[str, ...]]] = {
    "required property missing": (says({}), ("read-answer", "id")),
    "wrong type": (says({"id": "one"}), ("read-answer", "/id", "integer")),
    "too long": (says({"id": 1, "name": "sixsix"}), ("/name",)),
    "deep": (says({"id": 1, "tags": ["a", 2]}), ("/tags/1",)),
    "too many": (says({"id": 1, "tags": ["a", "b", "c"]}), ("/tags",)),
    "unknown property": (says({"id": 1, "colour": "red"}), ("colour",)),
    "write-only property": (says({"id": 1, "secret": "s"}), ("/secret", "write-only")),
    "several at once": (says({"id": "x", "name": 5}), ("/id", "/name")),
    "nothing": (says(None), ("read-answer",)),
    "a list": (says([]), ("read-answer", "object")),
    "text where JSON is declared": (says('{"id": 1'), ()),
    "a JSON text where an object is declared": (says("one"), ()),
    "bytes where JSON is declared": (says(b"\x00\xff"), ()),
    "not a number": (says({"id": 1, "weight": float("nan")}), ()),
    "infinity": (says({"id": 1, "weight": float("inf")}), ()),
    "not JSON: set": (says({"id": 1, "tags": {"a"}}), ()),
    "not JSON: decimal": (says({"id": 1, "weight": Decimal("0.5")}), ()),
    "not JSON: datetime": (says({"id": 1, "name": datetime(2026, 1, 1, tzinfo=UTC)}), ()),
    "not JSON: uuid": (says({"id": 1, "name": UUID(int=1)}), ()),
    "not JSON: key": (says({"id": 1, 2: 3}), ()),
    "lone surrogate": (says({"id": 1, "name": "\ud800"}), ()),
    "undeclared status": (says({"id": 1}, 201), ("read-answer", "201")),
    "undeclared error status": (says({"detail": "x"}, 404), ("404",)),
    "refusal of a wrong shape": (says({"message": "x"}, 409), ("409", "detail")),
    "a body where none is declared": (says({"id": 1}, 202), ("202",)),
    "required header missing": (says({"id": 1}, 200, []), ("x-count",)),
    "header of a wrong type": (says({"id": 1}, 200, [("x-count", "many")]), ("x-count", "many")),
    "header out of bounds": (says({"id": 1}, 200, [("x-count", "-1")]), ("x-count", "-1")),
    "optional header too long": (says({"id": 1}, 200, [*GOOD_HEADERS, ("x-note", "sixsix")]), ("x-note",)),
    "undeclared media type": (says({"id": 1}, 200, [*GOOD_HEADERS, ("content-type", "text/csv")]), ("text/csv",)),
}


@pytest.mark.parametrize(("answer", "words"), BROKEN.values(), ids=BROKEN)
def test_an_answer_that_breaks_the_contract_is_a_500_that_says_where(
    workshop: Workshop, tell: Tell, answer: Callable[[Context], Any], words: tuple[str, ...]
) -> None:
    tell(answer)
    broken(workshop.anonymous.get(ANSWER), *words)
    tell(good)
    assert workshop.anonymous.get(ANSWER).status == 200


@pytest.mark.parametrize(("answer", "words"), BROKEN.values(), ids=BROKEN)
def test_an_answer_that_breaks_the_contract_undoes_what_was_written(
    workshop: Workshop, tell: Tell, answer: Callable[[Context], Any], words: tuple[str, ...]
) -> None:
    tell(answer, "a", "b")
    broken(workshop.anonymous.post(ANSWER))
    assert workshop.written() == {}


def test_a_value_that_is_declared_to_be_nothing_is_not_dropped_in_silence(workshop: Workshop, tell: Tell) -> None:
    tell(lambda ctx: {"id": 1})
    broken(workshop.anonymous.delete(ANSWER), "204")
    tell(lambda ctx: None)
    response = workshop.anonymous.delete(ANSWER)
    assert (response.status, response.body) == (204, b"")
    assert "content-length" not in response.headers
    assert "content-type" not in response.headers


def test_no_response_repeats_a_header(workshop: Workshop, tell: Tell) -> None:
    tell(says({"id": 1}, 200, [*GOOD_HEADERS, ("content-type", "application/json")]))
    names = [name for name, _ in workshop.anonymous.get(ANSWER).raw_headers]
    assert sorted(names) == sorted(set(names))


def test_a_long_list_of_breaches_is_cut(workshop: Workshop, tell: Tell) -> None:
    tell(says({"id": 1, **{f"unknown{number}": "x" * 1000 for number in range(200)}}))
    response = workshop.anonymous.get(ANSWER)
    broken(response)
    assert len(response.body) < 10_000


def test_a_breach_is_logged(workshop: Workshop, tell: Tell, caplog: pytest.LogCaptureFixture) -> None:
    tell(says({}))
    with caplog.at_level(logging.ERROR, logger="gridmock"):
        workshop.anonymous.get(ANSWER)
    assert any("read-answer" in record.getMessage() for record in caplog.records)


# ---- handlers that fail

FAILURES: dict[str, BaseException] = {
    "a defect": ZeroDivisionError("division by zero"),
    "a key": KeyError("missing"),
    "an assertion": AssertionError(),
    "no arguments": RuntimeError(),
    "a version conflict": VersionConflict("c", "k", 1, 2),
    "not Unicode": ValueError("\ud800"),
    "recursion": RecursionError("too deep"),
    "end of iteration": StopIteration(),
}


@pytest.mark.parametrize("error", FAILURES.values(), ids=FAILURES)
def test_a_handler_that_raises_is_a_500_and_the_server_goes_on(
    workshop: Workshop, tell: Tell, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    tell(raises(error), "a", "b")
    with caplog.at_level(logging.ERROR, logger="gridmock"):
        broken(workshop.anonymous.post(ANSWER), "write-answer")
    assert any("Traceback" in record.getMessage() for record in caplog.records)
    assert caplog.text.encode("utf-8")
    assert workshop.written() == {}
    tell(good, "c")
    assert workshop.anonymous.post(ANSWER).status == 200
    assert workshop.written() == {"written": {"c": {}}}


@pytest.mark.parametrize("error", [NotFound("Gone."), Conflict("Busy.")])
def test_a_refusal_by_a_handler_undoes_what_it_wrote(workshop: Workshop, tell: Tell, error: Exception) -> None:
    tell(raises(error), "a", "b")
    response = workshop.anonymous.post(ANSWER)
    assert response.status in (404, 409)
    assert workshop.written() == {}


def test_a_refusal_undoes_a_write_and_keeps_what_was_there(workshop: Workshop) -> None:
    assert workshop.full.post(f"{BASE}/things", json={"name": "a"}).status == 201
    before = workshop.written()
    assert workshop.full.post(f"{BASE}/things", json={"name": "a"}).status == 409
    assert workshop.written() == before


def test_a_reply_with_an_error_status_keeps_what_was_written(workshop: Workshop, tell: Tell) -> None:
    # A reply is a decision of the handler (OAuth revokes tokens while it refuses); only an exception undoes.
    tell(says({"detail": "no"}, 409), "a")
    assert workshop.anonymous.post(ANSWER).status == 409
    assert workshop.written() == {"written": {"a": {}}}


@pytest.mark.parametrize("where", ["headers", "quota"])
def test_a_defect_of_an_api_s_own_declaration_is_a_500_too(where: str) -> None:
    def fail(exchange: Any) -> Any:
        raise ZeroDivisionError("division by zero")

    workshop = Workshop(api=replace(API, headers=fail) if where == "headers" else replace(API, quota=fail))
    for path in ("/answer", "/things", "/nowhere"):
        response = workshop.full.get(BASE + path)
        assert response.status == (404 if path == "/nowhere" and where == "quota" else 500)
        assert response.headers["content-type"] == PROBLEM


# ---- HEAD


@pytest.mark.parametrize("path", ["/answer", "/things", "/things/1", "/things/999", "/things?page=x", "/nowhere"])
def test_head_is_get_without_its_body(workshop: Workshop, path: str) -> None:
    workshop.full.post(f"{BASE}/things", json={"name": "a"})
    workshop.runtime.limiter.clear()
    got = workshop.full.get(BASE + path)
    workshop.runtime.limiter.clear()
    head = workshop.full.request("HEAD", BASE + path)
    assert (head.status, head.body) == (got.status, b"")
    own = "gridmock-request-id"
    assert {**head.headers, own: None} == {**got.headers, own: None}


# ---- parameters arrive as what they are


def test_a_handler_gets_typed_values_and_none_for_what_was_not_sent(workshop: Workshop) -> None:
    workshop.full.get(f"{BASE}/things")
    query = "since=2026-03-18&after=2026-03-18T14:00:00%2B02:00&weight=1.5&colour=red&colour=blue,green"
    workshop.full.get(f"{BASE}/things?{query}", headers={"x-depth": "7"})
    nothing, everything = things.seen
    assert set(nothing.values()) == {None}
    assert everything == {
        "since": NOON.date(),
        "after": NOON,
        "weight": 1.5,
        "colour": ["red", "blue", "green"],
        "x_depth": 7,
    }


def test_path_values_arrive_under_their_names_whatever_the_order_of_declaration(workshop: Workshop) -> None:
    response = workshop.full.get(f"{BASE}/things/the%2Fthing/parts/the%20part")
    assert response.json() == {"thing_id": "the/thing", "part": "the part"}


MOODS: dict[str, tuple[str, dict[str, str], list[str]]] = {
    "nothing sent": ("", {}, []),
    "header": ("", {"x-tone": "soft"}, ["X-Tone: soft"]),
    "query": ("?quiet=true", {}, ["quiet: True"]),
    "query whose name is no Python name": ("?mood-of-day=good", {}, ["mood-of-day: good"]),
    "all": (
        "?quiet=false&mood-of-day=x",
        {"x-tone": "loud"},
        ["X-Tone: loud", "mood-of-day: x", "quiet: False"],
    ),
}


@pytest.mark.parametrize(("query", "headers", "expected"), MOODS.values(), ids=MOODS)
def test_the_api_s_own_parameters_act_when_they_are_sent_and_only_then(
    workshop: Workshop, query: str, headers: dict[str, str], expected: list[str]
) -> None:
    response = workshop.anonymous.get(f"{BASE}/mood{query}", headers=headers)
    assert response.status == 200
    assert response.json() == expected


# ---- pages, links, expansion


def test_pages_are_cut_and_linked_at_the_url_that_was_asked(workshop: Workshop) -> None:
    for name in "abcde":
        workshop.full.post(f"{BASE}/things", json={"name": name})
    response = workshop.full.get(f"{BASE}/things?page=2&expand=maker")
    assert [thing["name"] for thing in response.json()] == ["c", "d"]
    assert response.headers["link"] == (
        f'<{URL}/things?expand=maker&page=1&page_size=2>; rel="previous", '
        f'<{URL}/things?expand=maker&page=3&page_size=2>; rel="next"'
    )


def test_references_are_urls_until_they_are_expanded(workshop: Workshop) -> None:
    workshop.full.post(f"{BASE}/things", json={"name": "a"})
    for query, maker in (
        ("", f"{URL}/makers/1"),
        ("?expand=maker", {"name": "Maker", "town": f"{URL}/towns/1"}),
        ("?expand=maker.town", {"name": "Maker", "town": {"name": "Town"}}),
        ("?expand=maker,maker.town", {"name": "Maker", "town": {"name": "Town"}}),
    ):
        assert workshop.full.get(f"{BASE}/things{query}").json()[0]["maker"] == maker


def test_what_was_made_can_be_read_back_and_is_gone_once_deleted(workshop: Workshop) -> None:
    made = workshop.full.post(f"{BASE}/things", json={"name": "a"})
    assert made.status == 201
    url = made.json()["url"].removeprefix("http://mock.test:8080")
    assert workshop.full.get(url).json() == made.json()
    assert workshop.full.delete(url).status == 204
    assert workshop.full.get(url).status == 404
    assert workshop.full.delete(url).status == 404


# ---- the journal


def test_every_request_is_journalled_with_the_id_that_it_was_given(workshop: Workshop) -> None:
    paths = ["/things", "/things/999", "/nowhere", "/answer", "/things?page=x"]
    ids = [workshop.full.get(BASE + path).headers["gridmock-request-id"] for path in paths]
    entries = [entry.as_json() for entry in workshop.runtime.journal][::-1]
    assert [entry["request_id"] for entry in entries] == ids
    assert [entry["response"]["status"] for entry in entries] == [200, 404, 404, 200, 400]
    assert [entry["operation_id"] for entry in entries] == [
        "list-things",
        "get-thing",
        None,
        "read-answer",
        "list-things",
    ]
    assert entries[0]["client_id"] == "app"
    assert entries[4]["query"] == "page=x"


def test_the_journal_has_what_went_over_the_wire(workshop: Workshop) -> None:
    response = workshop.full.post(f"{BASE}/things", json={"name": "a"})
    entry = workshop.last.as_json()
    assert orjson.loads(entry["request"]["body"]) == {"name": "a"}
    assert orjson.loads(entry["response"]["body"]) == response.json()
    assert entry["response"]["headers"] == response.headers
    assert "full-token" not in str(entry)


def test_a_disconnect_is_journalled_too(workshop: Workshop) -> None:
    # "Journal entry and delivery happen to every exchange, whatever came of it."
    workshop.runtime.faults.order(Match(), {"disconnect": True}, 1, 1.0)
    workshop.full.get(f"{BASE}/things")
    assert [entry.path for entry in workshop.runtime.journal] == [f"{BASE}/things"]


def test_a_refused_body_is_journalled_as_far_as_it_was_read(workshop: Workshop) -> None:
    workshop.full.post(f"{BASE}/things", content=b'{"name": ', headers={"content-type": "application/json"})
    assert workshop.last.as_json()["request"]["body"] == '{"name": '


def test_the_journal_keeps_no_more_of_a_body_than_it_shows(workshop: Workshop, tell: Tell) -> None:
    # A thousand entries of a megabyte would be a gigabyte.
    body = orjson.dumps({"n": 1}) + b" " * 500_000
    workshop.anonymous.post(ANSWER, content=body, headers={"content-type": "application/json"})
    entry = workshop.last
    assert entry.as_json()["request"]["body_bytes"] == len(body)
    assert len(entry.request.body) <= KEPT_BODY_BYTES
    tell(lambda ctx: "x" * 500_000)
    workshop.anonymous.get(f"{BASE}/text")
    assert len(workshop.last.response.body) <= KEPT_BODY_BYTES


# ---- faults


def test_an_ordered_status_is_answered_in_the_dialect_of_the_api(workshop: Workshop) -> None:
    action = {"status": 503, "title": "Down", "detail": "For tea.", "retry_after_s": 9}
    workshop.runtime.faults.order(Match(operation_id="list-things"), action, 1, 1.0)
    response = workshop.anonymous.get(f"{BASE}/things")
    assert (response.status, response.headers["content-type"]) == (503, PROBLEM)
    assert response.headers["retry-after"] == "9"
    assert (response.json()["title"], response.json()["detail"]) == ("Down", "For tea.")
    assert workshop.full.get(f"{BASE}/things").status == 200


def test_a_fault_writes_nothing(workshop: Workshop) -> None:
    workshop.runtime.faults.order(Match(method="POST"), {"status": 500}, 1, 1.0)
    assert workshop.full.post(f"{BASE}/things", json={"name": "a"}).status == 500
    assert workshop.written() == {}


def test_a_delay_changes_nothing_else(workshop: Workshop) -> None:
    workshop.runtime.faults.order(Match(), {"delay_ms": 0}, 1, 1.0)
    assert workshop.full.get(f"{BASE}/things").status == 200


# ---- determinism


def test_the_same_requests_of_two_runs_get_the_same_bytes() -> None:
    def run() -> list[tuple[int, bytes, list[tuple[bytes, bytes]]]]:
        workshop = Workshop()
        answers = [
            workshop.full.post(f"{BASE}/things", json={"name": "a"}),
            workshop.full.get(f"{BASE}/things"),
            workshop.full.get(f"{BASE}/nowhere"),
            workshop.anonymous.get(f"{BASE}/things"),
        ]
        return [(answer.status, answer.body, answer.raw_headers) for answer in answers]

    assert run() == run()


def test_the_date_of_a_response_is_that_of_the_virtual_clock(workshop: Workshop) -> None:
    assert workshop.full.get(f"{BASE}/things").headers["date"] == "Wed, 18 Mar 2026 12:00:00 GMT"
