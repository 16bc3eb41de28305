"""Failures on order. A connection that is cut needs a real server: see `commands/test_serve.py`."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.asgi import Client, Response
from tests.mock import CONTROL, OAUTH, V2, Mock

FAULTS = f"{CONTROL}/faults"
UNAVAILABLE = {"status": 503, "retry_after_s": 30}


def _order(control: Client, match: dict[str, Any] | None = None, **order: Any) -> dict[str, Any]:
    response = control.post(FAULTS, json={"match": match or {}, "action": UNAVAILABLE, **order})
    assert response.status == 201, response.body
    return response.json()


def _listed(control: Client) -> list[dict[str, Any]]:
    return control.get(FAULTS).json()


def test_a_fault_is_listed_until_it_is_withdrawn(mock: Mock, control: Client) -> None:
    first = _order(control, {"operation_id": "get-tariffs"}, times=2)
    second = _order(control, {"api": "ev-energy"}, probability=0.5)

    assert first == {
        "fault_id": "fault000001",
        "match": {"operation_id": "get-tariffs"},
        "action": UNAVAILABLE,
        "times": 2,
        "probability": 1,
        "remaining": 2,
        "hits": 0,
    }
    assert (second["fault_id"], second["times"], second["remaining"]) == ("fault000002", None, None)
    assert _listed(control) == [first, second]
    assert control.delete(f"{FAULTS}/fault000001").status == 204
    assert _listed(control) == [second]
    assert control.delete(f"{FAULTS}/fault000001").status == 404
    assert control.delete(FAULTS).status == 204
    assert _listed(control) == []
    assert control.delete(FAULTS).status == 204
    assert mock.get("/tariffs").status == 200


@pytest.mark.parametrize("fault_id", ["fault1", "1", "fault000001x", "FAULT000001", "fault-00001", "fault" + "0" * 40])
def test_an_unknown_fault_is_404(control: Client, fault_id: str) -> None:
    assert control.delete(f"{FAULTS}/{fault_id}").status == 404


def test_an_error_comes_in_the_words_of_the_api_and_says_when_to_come_back(mock: Mock, control: Client) -> None:
    _order(control, action={"status": 503, "title": "Gone fishing", "detail": "Back at four.", "retry_after_s": 7200})

    answer = mock.get("/tariffs")
    oauth = control.post(f"{OAUTH}/token/", form={"grant_type": "client_credentials"})

    assert (answer.status, answer.headers["retry-after"]) == (503, "7200")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {"status": 503, "title": "Gone fishing", "detail": "Back at four."}
    assert answer.headers["evenergy-version"] == "2", "as every answer of the API"
    assert (oauth.status, oauth.headers["retry-after"]) == (503, "7200")
    assert oauth.json() == {"error": "server_error", "error_description": "Back at four."}


@pytest.mark.parametrize("status", [400, 401, 402, 404, 408, 409, 418, 429, 451, 499, 500, 502, 503, 504, 599])
def test_every_error_status_can_be_ordered(mock: Mock, control: Client, status: int) -> None:
    _order(control, action={"status": status})

    answer = mock.get("/tariffs")

    assert answer.status == answer.json()["status"] == status
    assert "retry-after" not in answer.headers
    assert answer.json()["title"]


def test_retry_after_0_is_sent(mock: Mock, control: Client) -> None:
    _order(control, action={"status": 429, "retry_after_s": 0})

    assert mock.get("/tariffs").headers["retry-after"] == "0"


def test_a_delay_holds_up_the_real_answer(mock: Mock, control: Client) -> None:
    usual = mock.get("/tariffs")
    _order(control, action={"delay_ms": 120}, times=1)

    began = time.monotonic()
    answer = mock.get("/tariffs")
    took = time.monotonic() - began

    assert (answer.status, answer.body) == (200, usual.body)
    assert 0.12 <= took < 2
    assert mock.get("/tariffs").body == usual.body


def test_times_is_how_often(mock: Mock, control: Client) -> None:
    _order(control, times=2)

    assert [mock.get("/tariffs").status for _ in range(4)] == [503, 503, 200, 200]
    (fault,) = _listed(control)
    assert (fault["remaining"], fault["hits"], fault["times"]) == (0, 2, 2)


def test_the_oldest_fault_that_fits_happens_and_the_next_takes_over(mock: Mock, control: Client) -> None:
    _order(control, action={"status": 500}, times=1)
    _order(control, {"operation_id": "get-suppliers"}, action={"status": 501})
    _order(control, action={"status": 502}, times=1)

    assert [mock.get("/tariffs").status for _ in range(3)] == [500, 502, 200]
    assert mock.get("/suppliers").status == 501
    assert [fault["hits"] for fault in _listed(control)] == [1, 1, 1]


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_probability_is_the_share_and_follows_from_the_seed(mock: Mock, control: Client, probability: float) -> None:
    def run() -> list[int]:
        _order(control, probability=probability)
        return [mock.get("/").status for _ in range(200)]

    first = run()
    control.post(f"{CONTROL}/reset")

    assert run() == first
    assert abs(first.count(503) / 200 - probability) <= (0.1 if 0 < probability < 1 else 0)


def test_times_counts_the_hits_of_a_probability(mock: Mock, control: Client) -> None:
    _order(control, probability=0.5, times=5)

    assert [mock.get("/").status for _ in range(60)].count(503) == 5


@pytest.mark.parametrize(
    ("match", "hit"),
    [
        ({}, "all"),
        ({"api": "ev-energy"}, "tariffs suppliers one bad"),
        ({"api": "ev-energy-oauth"}, "token"),
        ({"api": "nope"}, ""),
        ({"operation_id": "get-tariffs"}, "tariffs bad"),
        ({"operation_id": "get-tariff*"}, ""),
        ({"method": "GET"}, "tariffs suppliers one bad"),
        ({"method": "POST"}, "token"),
        ({"method": "PATCH"}, ""),
        ({"path": "/ev-energy/v2/tariffs"}, "tariffs bad"),
        ({"path": "/ev-energy/v2/tariffs*"}, "tariffs one bad"),
        ({"path": "/ev-energy/v2/tariffs/*"}, "one"),
        ({"path": "*/suppliers"}, "suppliers"),
        ({"path": "/ev-energy/?2/tariffs"}, ""),
        ({"path": "/ev-energy/v[2]/tariffs"}, ""),
        ({"path": "/ev.energy/v2/tariffs"}, ""),
        ({"path": "*"}, "all"),
        ({"api": "ev-energy", "method": "GET", "path": "*tariffs", "operation_id": "get-tariffs"}, "tariffs bad"),
        ({"api": "ev-energy-oauth", "method": "GET"}, ""),
    ],
)
def test_match_rules(mock: Mock, control: Client, match: dict[str, str], hit: str) -> None:
    _order(control, match)
    requests: dict[str, Any] = {
        "tariffs": lambda: mock.get("/tariffs"),
        "suppliers": lambda: mock.get("/suppliers"),
        "one": lambda: mock.get("/tariffs/tari00000000000000000000000000"),
        "bad": lambda: control.get(f"{V2}/tariffs?page=x"),
        "token": lambda: control.post(f"{OAUTH}/token/", form={}),
    }

    statuses = {name: request().status for name, request in requests.items()}

    assert [name for name in requests if statuses[name] == 503] == [
        name for name in requests if hit == "all" or name in hit.split()
    ]


def test_head_is_matched_as_it_was_sent(mock: Mock, control: Client) -> None:
    def head() -> Response:
        return mock.full.request("HEAD", f"{V2}/tariffs")

    _order(control, {"method": "HEAD"})
    assert (head().status, mock.get("/tariffs").status) == (503, 200)
    assert head().body == b""
    control.delete(FAULTS)
    _order(control, {"method": "GET"})
    assert (head().status, mock.get("/tariffs").status) == (200, 503)


def test_what_no_fault_hits(mock: Mock, control: Client) -> None:
    _order(control)

    assert control.get(f"{CONTROL}/health").status == 200
    assert mock.get("/nope").status == 404
    assert mock.full.post(f"{V2}/tariffs").status == 405
    assert control.get("/elsewhere").status == 404
    assert control.get(f"{V2}/openapi.json").status == 200
    assert _listed(control)[0]["hits"] == 0


def test_a_fault_comes_before_credentials_and_costs_no_quota(mock: Mock, control: Client) -> None:
    before = int(mock.get("/tariffs").headers["x-ratelimit-remaining"])
    _order(control, times=2)

    assert control.get(f"{V2}/tariffs?page=x").status == 503
    assert mock.get("/tariffs").status == 503
    assert int(mock.get("/tariffs").headers["x-ratelimit-remaining"]) == before - 1


def test_a_hit_is_in_the_journal(mock: Mock, control: Client) -> None:
    _order(control, times=1)
    answer = mock.get("/tariffs")

    entry = control.get(f"{CONTROL}/journal/{answer.headers['gridmock-request-id']}").json()
    assert (entry["operation_id"], entry["response"]["status"]) == ("get-tariffs", 503)


def test_integers_with_a_point_are_integers(mock: Mock, control: Client) -> None:
    # JSON Schema 2020-12, section 6.1.1: 503.0 is of type integer.
    fault = _order(control, action={"status": 503.0, "retry_after_s": 3.0}, times=1.0)

    assert "." not in str([fault["times"], fault["remaining"], *fault["action"].values()])
    answer = mock.get("/tariffs")
    assert (answer.headers["retry-after"], answer.body[:14]) == ("3", b'{"status":503,')


@pytest.mark.parametrize(
    "order",
    [
        {"match": None},
        {"match": {"apis": "ev-energy"}},
        {"match": {"method": "get"}},
        {"match": {"method": 1}},
        {"match": {"path": "tariffs"}},
        {"match": {"path": ""}},
        {"match": {"api": ""}},
        {"match": []},
        {"action": {}},
        {"action": None},
        {"action": {"status": 399}},
        {"action": {"status": 600}},
        {"action": {"status": "503"}},
        {"action": {"status": 503, "delay_ms": 1}},
        {"action": {"status": 503, "disconnect": True}},
        {"action": {"status": 503, "retry_after_s": -1}},
        {"action": {"status": 503, "retry_after_s": 86_401}},
        {"action": {"status": 503, "title": ""}},
        {"action": {"status": 503, "detail": "x" * 2001}},
        {"action": {"delay_ms": 0}},
        {"action": {"delay_ms": 60_001}},
        {"action": {"delay_ms": 1, "retry_after_s": 1}},
        {"action": {"disconnect": False}},
        {"times": 0},
        {"times": -1},
        {"times": 1.5},
        {"times": "2"},
        {"times": 1_000_000_001},
        {"probability": -0.1},
        {"probability": 1.1},
        {"probability": None},
        {"unknown": 1},
    ],
)
def test_a_bad_order_is_400_and_nothing_fails(mock: Mock, control: Client, order: dict[str, Any]) -> None:
    response = control.post(FAULTS, json={"match": {}, "action": UNAVAILABLE, **order})

    assert response.status == 400
    assert response.json()["field_errors"]
    assert _listed(control) == []
    assert mock.get("/tariffs").status == 200


@pytest.mark.parametrize("missing", ["match", "action"])
def test_match_and_action_are_needed(control: Client, missing: str) -> None:
    order: dict[str, Any] = {"match": {}, "action": UNAVAILABLE}
    del order[missing]

    assert control.post(FAULTS, json=order).status == 400
