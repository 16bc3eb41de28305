"""What observed laws find in exchanges, and what they leave alone because a correct server does it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from contract_tests.contract import Contract, from_file
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange
from contract_tests.laws.law import Breach
from contract_tests.laws.observed.answers import (
    AnswersFitTheContract,
    ErrorsHaveTheirFormat,
    OtherErrorsHaveTheCommonFormat,
)
from contract_tests.laws.observed.headers import (
    RefusedMethodsComeWithAllow,
    RemainingRequestsAreCounted,
    WhoIsTurnedAwayIsToldWhenToCome,
)
from contract_tests.laws.observed.leaks import NoInternalsAreShown, NoSecretIsEchoed
from contract_tests.laws.observed.observer import Observer
from contract_tests.laws.observed.pace import NoOperationIsMuchSlower
from tests.contract_tests.habits.shop import NORTH, basic

HABITS = Path(__file__).with_name("habits")
KEY = "metering-key-0123456789"
METERS, METER, DEPOT_BAY = "GET /meters", "GET /meters/{meter_id}", "GET /bays/{bay_id}"
BAY = {
    "id": "b",
    "name": "B",
    "kind": "ac",
    "power_kw": 22,
    "level": 0,
    "comment": None,
    "updated_at": "2026-03-01T00:00:00Z",
}
PROBLEM = {"title": "Not found", "status": 404, "detail": "there is no such bay"}
JSON, PROBLEM_JSON = "application/json", "application/problem+json"


@pytest.fixture(scope="module")
def metering() -> Contract:
    return from_file(HABITS / "metering.yaml")


@pytest.fixture(scope="module")
def depot() -> Contract:
    return from_file(HABITS / "depot.yaml")


def exchange(
    operation: str,
    status: int,
    answer: Any = None,
    media_type: str = JSON,
    *,
    method: str = "",
    url: str = "http://h/x",
    headers: Mapping[str, str] = {},
    seconds: float = 0.01,
) -> Exchange:
    text = answer if isinstance(answer, str) else "" if answer is None else json.dumps(answer)
    told = {"content-type": media_type} if text else {}
    method = method or operation.partition(" ")[0]
    sent = {"X-Api-Key": KEY}
    return Exchange(operation, method, url, sent, None, status, told | dict(headers), text.encode(), seconds)


def found(law: type[Observer], contract: Contract, *exchanges: Exchange) -> list[Breach]:
    observer = law(contract, Credentials({"X-Api-Key": KEY}, {KEY: "KEY"}))
    return [breach for one in exchanges for breach in observer.see(one)] + [*observer.ended()]


@pytest.mark.parametrize(
    "text",
    [
        'Traceback (most recent call last):\n  File "a.py", line 3, in b',
        "at com.example.shop.Orders.get(Orders.java:88)",
        "org.hibernate.exception.ConstraintViolationException: could not execute statement",
        r"at Shop.Orders.Get(Int32 id) in C:\\src\\Orders.cs:line 31",
        "System.NullReferenceException: Object reference not set",
        "TypeError: x is undefined\n    at get (/srv/app/orders.js:12:5)",
        "/srv/app/orders.rb:12:in `get'",
        "goroutine 17 [running]:",
        "<b>Warning</b>: Undefined variable $x in <b>/var/www/orders.php</b> on line <b>12</b>",
        "SQLSTATE[42S02]: Base table or view not found",
        "sqlite3.OperationalError: no such table: orders",
        "thread 'main' panicked at src/main.rs:2:5",
    ],
)
def test_what_only_a_machine_writes_is_no_error_message(text: str, metering: Contract) -> None:
    assert found(NoInternalsAreShown, metering, exchange(METERS, 500, {"error": text}))


@pytest.mark.parametrize(
    "one",
    [
        exchange(METERS, 400, {"error": "The exception to the rule: meet at station.js, line 3 of System (or Java)."}),
        exchange(METERS, 400, {"error": "Warning: the meter in hall 4 is offline on line 3"}),
        exchange(METERS, 200, {"log": "Traceback (most recent call last): in the charger's firmware"}),
        exchange(METERS, 200, "Traceback (most recent call last)", "text/plain"),
        exchange(METERS, 500),
    ],
)
def test_prose_and_logs_show_no_internals(one: Exchange, metering: Contract) -> None:
    assert found(NoInternalsAreShown, metering, one) == []


def test_a_page_in_the_place_of_json_shows_internals_even_with_200(metering: Contract) -> None:
    text = "<b>Notice</b>: Undefined index: id in <b>/var/www/a.php</b> on line <b>3</b>[]"
    assert found(NoInternalsAreShown, metering, exchange(METERS, 200, text, "text/html"))
    assert found(NoInternalsAreShown, metering, exchange(METERS, 200, text, JSON))


def test_credentials_are_echoed_by_errors_headers_and_successes(metering: Contract) -> None:
    for one in (
        exchange(METERS, 404, {"message": f"nothing for {KEY}"}),
        exchange(METERS, 404, f"nothing for {KEY}", "text/plain"),
        exchange(METERS, 404, {"token": KEY}),
        exchange(METERS, 200, {"data": [{"note": KEY}]}),
        exchange(METERS, 200, {"data": []}, headers={"x-debug": KEY}),
    ):
        (breach,) = found(NoSecretIsEchoed, metering, one)
        assert KEY not in breach.came + breach.says


@pytest.mark.parametrize(
    "one",
    [
        exchange(METERS, 200, {"access_token": KEY, "expires_in": 3600}),
        exchange(METERS, 200, {"data": []}, headers={"set-cookie": f"session={KEY}"}),
        exchange(METERS, 404, {"message": f"no meter {KEY}"}, url=f"http://h/meters/{KEY}"),
    ],
)
def test_what_hands_out_a_secret_or_was_asked_for_it_may_tell_it(one: Exchange, metering: Contract) -> None:
    assert found(NoSecretIsEchoed, metering, one) == []


def test_a_password_in_a_basic_header_is_a_secret_of_its_own(metering: Contract) -> None:
    us = Credentials({"Authorization": basic(NORTH)}, {basic(NORTH): "NORTH"})
    told = exchange(METERS, 422, {"message": f"{NORTH} sent something wrong"})
    (breach,) = NoSecretIsEchoed(metering, us).see(told)
    password = NORTH.partition(":")[2]
    assert password in told.answer.decode()
    assert password not in told.outcome(us) + breach.came


@pytest.mark.parametrize(
    ("one", "wrong"),
    [
        (exchange(DEPOT_BAY, 200, BAY), False),
        (exchange(DEPOT_BAY, 200, BAY | {"more": 1}, "application/json; charset=utf-8"), False),
        (exchange(DEPOT_BAY, 200, BAY | {"level": "0"}), True),
        (exchange(DEPOT_BAY, 200, json.dumps(BAY)[:-1]), True),
        (exchange(DEPOT_BAY, 200, BAY, "text/html"), True),
        (exchange(DEPOT_BAY, 200), True),
        (exchange(DEPOT_BAY, 206, {"anything": 1}), False),  # a status that nothing is declared for
        (exchange(DEPOT_BAY, 200, {"anything": 1}, method="POST"), False),  # of another method
        (exchange("DELETE /bays/{bay_id}", 204), False),
        (exchange("HEAD /bays/{bay_id}", 200), False),
    ],
)
def test_a_success_has_the_declared_body(one: Exchange, wrong: bool, depot: Contract) -> None:
    assert bool(found(AnswersFitTheContract, depot, one)) is wrong


@pytest.mark.parametrize(
    ("one", "wrong"),
    [
        (exchange(DEPOT_BAY, 404, PROBLEM, PROBLEM_JSON), False),
        (exchange(DEPOT_BAY, 404, PROBLEM, JSON), True),
        (exchange(DEPOT_BAY, 404, {"message": "no"}, PROBLEM_JSON), True),
        (exchange(DEPOT_BAY, 404, "<h1>Not found</h1>", "text/html"), True),
        (exchange("HEAD /bays/{bay_id}", 404), False),
        (exchange(DEPOT_BAY, 503, "come again", "text/plain"), False),  # a gateway's
        (exchange(DEPOT_BAY, 405, "no", "text/plain", method="POST"), False),
    ],
)
def test_an_error_has_its_declared_format(one: Exchange, wrong: bool, depot: Contract) -> None:
    assert bool(found(ErrorsHaveTheirFormat, depot, one)) is wrong


@pytest.mark.parametrize(
    ("one", "wrong"),
    [
        (exchange(DEPOT_BAY, 405, PROBLEM, PROBLEM_JSON, method="POST"), False),
        (exchange(DEPOT_BAY, 405, "no", "text/plain", method="POST"), True),
        (exchange(DEPOT_BAY, 418, {"message": "tea"}), True),
        (exchange(DEPOT_BAY, 405, method="POST"), False),
        (exchange(DEPOT_BAY, 502, "bad gateway", "text/html"), False),
    ],
)
def test_an_error_that_is_not_declared_has_the_format_of_all(one: Exchange, wrong: bool, depot: Contract) -> None:
    assert bool(found(OtherErrorsHaveTheCommonFormat, depot, one)) is wrong


@pytest.mark.parametrize(
    ("headers", "wrong"),
    [
        ({}, True),
        ({"retry-after": "soon"}, True),
        ({"retry-after": "3"}, False),
        ({"retry-after": "0"}, False),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, False),
    ],
)
def test_a_promised_time_to_come_again_is_told(headers: dict[str, str], wrong: bool, metering: Contract) -> None:
    law = WhoIsTurnedAwayIsToldWhenToCome
    assert bool(found(law, metering, exchange(METERS, 429, {}, headers=headers))) is wrong
    # Nothing is promised for 503.
    assert not found(law, metering, exchange(METERS, 503, {}, headers=headers))


def counted(*left: int, limit: int = 1000, writes: bool = True, **more: str) -> list[Exchange]:
    label = "POST /meters" if writes else METERS
    return [
        exchange(
            label if number % 2 else METERS,
            201 if writes and number % 2 else 200,
            {},
            headers={"ratelimit-remaining": str(one), "ratelimit-limit": str(limit), **more},
        )
        for number, one in enumerate(left)
    ]


def test_a_number_of_requests_that_stands_still_is_found_once(metering: Contract) -> None:
    assert len(found(RemainingRequestsAreCounted, metering, *counted(*[500] * 30))) == 1


@pytest.mark.parametrize(
    "exchanges",
    [
        counted(*range(500, 480, -1)),
        counted(*[500, 499] * 10),  # somebody gives back
        counted(*[999] * 20),  # a bucket that is filled as fast as we take
        counted(*[1000] * 20),
        counted(*[0] * 20),
        counted(*[500] * 20, writes=False),  # reading is free
        counted(*[500] * 20, age="3"),  # a cache answers
    ],
)
def test_what_a_fair_count_does_is_no_breach(exchanges: list[Exchange], metering: Contract) -> None:
    assert found(RemainingRequestsAreCounted, metering, *exchanges) == []


@pytest.mark.parametrize(
    ("headers", "wrong"),
    [
        ({}, True),
        ({"allow": "GET"}, True),
        ({"allow": "DELETE, GET, PATCH"}, False),
        ({"allow": "get,patch,delete,HEAD,TRACE"}, False),
    ],
)
def test_a_refused_method_comes_with_the_others(headers: dict[str, str], wrong: bool, metering: Contract) -> None:
    one = exchange(METER, 405, {}, method="PUT", headers=headers)
    assert bool(found(RefusedMethodsComeWithAllow, metering, one)) is wrong


def timed(label: str, *seconds: float, **more: Any) -> list[Exchange]:
    return [exchange(label, 200, {}, seconds=one, **more) for one in seconds]


USUAL = [*timed(METERS, *[0.02] * 8), *timed("GET /bills", *[0.03] * 8)]


def test_an_operation_that_is_far_slower_than_all_others_is_found(metering: Contract) -> None:
    (breach,) = found(NoOperationIsMuchSlower, metering, *USUAL, *timed(METER, 0.9, 1.0, 1.1))
    assert (breach.exchange.operation, breach.exchange.seconds) == (METER, 1.0)


@pytest.mark.parametrize(
    "slow",
    [
        timed(METER, 1.0, 1.0),  # too few
        timed(METER, 0.02, 0.02, 9.0),  # once
        timed(METER, 0.4, 0.4, 0.4),  # not long
        timed(METER, 1.0, 1.0, 1.0, media_type="text/event-stream"),
    ],
)
def test_what_may_take_its_time_is_not_slow(slow: list[Exchange], metering: Contract) -> None:
    assert found(NoOperationIsMuchSlower, metering, *USUAL, *slow) == []


def test_the_way_to_a_far_server_is_not_the_operation(metering: Contract) -> None:
    far = [*timed(METERS, *[0.9] * 8), *timed("GET /bills", *[0.8] * 8), *timed(METER, 1.6, 1.6, 1.6)]
    assert found(NoOperationIsMuchSlower, metering, *far) == []
