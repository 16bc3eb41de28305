"""Correct servers that behave awkwardly: what naive testers report, and `gridmock check` must not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from mockserver.defects import Answer, Memory, Request
from tests.contract_tests import desk
from tests.contract_tests.conftest import Check
from tests.contract_tests.desk import Desk
from tests.contract_tests.planted import altered, in_front_of

DECLARED = {"page", "page_size", "valid", "supplier_id", "started_at__gte", "started_at__lte"}


def refusal(status: int, **headers: str) -> Answer:
    body = json.dumps({"title": "Refused", "status": status}).encode()
    media_type = {"content-type": "application/problem+json", "x-ratelimit-limit": "1000"}
    return Answer(status, media_type | {name.replace("_", "-"): value for name, value in headers.items()}, body)


def with_charset(_: Request, answer: Answer, __: Memory) -> Answer:
    media_type = answer.headers.get("content-type")
    return answer.with_header("content-type", f"{media_type}; charset=utf-8") if media_type else answer


def hidden_from_strangers(_: Request, answer: Answer, __: Memory) -> Answer:
    return refusal(404) if answer.status == 401 else answer


def read_only(asked: Request, answer: Answer, _: Memory) -> Answer:
    return refusal(403) if asked.method in ("POST", "DELETE") and answer.status < 400 else answer


def strict_about_unknown_parameters(asked: Request, answer: Answer, _: Memory) -> Answer:
    names = {part.partition("=")[0] for part in asked.query.split("&") if part}
    is_list = re.search(r"/(suppliers|tariffs|prices)$", asked.path) and asked.method == "GET"
    return refusal(400) if is_list and answer.status == 200 and names - DECLARED else answer


def with_extra_fields(_: Request, answer: Answer, __: Memory) -> Answer:
    if answer.status != 200:
        return answer
    body = json.loads(answer.body)
    for item in body if isinstance(body, list) else [body]:
        item["beta"] = {"since": None}
    return replace(answer, body=json.dumps(body).encode())


def busy_gateway() -> Callable[[Request, Answer, Memory], Answer]:
    count = 0

    def answer(_: Request, answer: Answer, __: Memory) -> Answer:
        nonlocal count
        count += 1
        return refusal(429, retry_after="0") if count % 10 == 0 else answer

    return answer


def announced_outage(asked: Request, answer: Answer, _: Memory) -> Answer:
    return refusal(503) if asked.method == "DELETE" and answer.status == 204 else answer


TRAPS = {
    "charset": with_charset,
    "anonymous callers get 404": hidden_from_strangers,
    "credentials that may only read": read_only,
    "unknown parameters are refused": strict_about_unknown_parameters,
    "extra fields": with_extra_fields,
    "429 now and then": busy_gateway(),
    "503 where it is declared": announced_outage,
}


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_awkward_but_correct_is_no_finding(trap: Callable[[Request, Answer, Memory], Answer], check_app: Check) -> None:
    result = check_app(in_front_of(Desk(), altered(answer=trap)), "--max-examples", "5")
    assert result.exit_code == 0, result.output


def test_empty_collections_are_no_finding(check_app: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "SUPPLIERS", [])
    monkeypatch.setattr(desk, "TARIFFS", [])
    result = check_app(Desk(), "--exclude", "create-alert", "--max-examples", "5")
    assert result.exit_code == 0, result.output
    assert "Never answered with success" in result.output
    assert "GET /tariffs/{tariff_id}/prices:" in result.output
