"""Who is let in, by which word, to what; and how every refusal is worded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.asgi import Response
from tests.mock import CONTROL, NOON, STEKKER, Mock
from tests.mockserver.apis.stekker.steps import EVENTS, Operator, said

SCOPES: dict[tuple[str, str], str] = {
    ("POST", "/events"): "events",
    ("PUT", "/events"): "events",
    ("GET", "/cdrs/77"): "events",
    ("POST", "/cdrs/77"): "events",
    ("GET", "/cdrs/meter_readings"): "events",
    ("POST", "/cdrs/meter_readings"): "events",
    ("POST", "/charge_energy_forecast"): "charge_energy_forecast",
    ("GET", "/market_price_forecast"): "price_forecast",
}


def token(mock: Mock) -> str:
    return mock.north.headers["authorization"].removeprefix("Bearer ")


def worded(response: Response) -> Any:
    """A refusal has to have the provider's form, whatever refused it."""
    assert response.headers["content-type"] == "application/json"
    error = response.json()
    assert error.keys() <= {"error", "details"}
    assert isinstance(error["error"], str)
    assert error["error"]
    assert "details" not in error or all(
        each.keys() == {"field", "message"} and all(isinstance(text, str) for text in each.values())
        for each in error["details"]
    )
    return error


@pytest.mark.parametrize("word", ["Bearer", "Token", "bearer", "TOKEN", "tOkEn"])
def test_both_words_in_any_case(mock: Mock, word: str) -> None:
    for path in ("/market_price_forecast", "/cdrs/77"):
        headers = {"authorization": f"{word} {token(mock)}"}
        assert mock.anonymous.get(STEKKER + path, headers=headers).status in (200, 404)


@pytest.mark.parametrize("form", [
    None, "", "{token}", "Basic {token}", "Bearer", "Token", "Bearer ", "Tokens {token}", "Bearer {token}x",
    "Token token={token}", "Bearer Token {token}", "Bearer {token} {token}", "Token nobody",
])  # fmt: skip
def test_nobody_else_is_let_in(mock: Mock, form: str | None) -> None:
    headers = {} if form is None else {"authorization": form.format(token=token(mock))}
    for method, path in SCOPES:
        response = mock.anonymous.request(method, STEKKER + path, headers=headers, json={})
        assert response.status == 401
        assert response.headers["www-authenticate"].startswith('Bearer realm="Application"')
        worded(response)


def test_a_token_in_the_query_is_none(mock: Mock) -> None:
    response = mock.anonymous.get(f"{STEKKER}/market_price_forecast", query={"access_token": token(mock)})
    assert response.status == 401


@pytest.mark.parametrize(("method", "path"), SCOPES)
def test_a_token_opens_what_it_has_the_scope_for(mock: Mock, method: str, path: str) -> None:
    """Each scope by itself, by a token of the control plane's."""
    for scope in ("bess", "charge_energy_forecast", "events", "price_forecast"):
        issued = said(
            mock.anonymous.post(f"{CONTROL}/applications/stekker-south/tokens", json={"scopes": [scope]}), 201
        )
        for word in ("Bearer", "Token"):
            headers = {"authorization": f"{word} {issued['access_token']}"}
            response = mock.anonymous.request(method, STEKKER + path, headers=headers, json={})
            if scope == SCOPES[method, path]:
                assert response.status in (200, 400, 404)
            else:
                assert response.status == 403
                assert SCOPES[method, path] in worded(response)["error"]


def test_a_price_platform_sees_prices_only(mock: Mock) -> None:
    statuses = {(method, path): mock.prices.request(method, STEKKER + path, json={}).status for method, path in SCOPES}
    assert {call for call, status in statuses.items() if status != 403} == {("GET", "/market_price_forecast")}


def test_tokens_of_other_apis_are_none_here(mock: Mock) -> None:
    for client in (mock.full, mock.basic):
        response = client.get(f"{STEKKER}/market_price_forecast")
        assert response.status in (401, 403)
        worded(response)


def test_who_may_not_is_told_so_before_what_is_wrong(mock: Mock) -> None:
    assert mock.anonymous.post(EVENTS, json={"x": 1}).status == 401
    assert mock.prices.post(EVENTS, json={"x": 1}).status == 403
    assert mock.prices.get(f"{STEKKER}/cdrs/nobody").status == 403


def refusals(mock: Mock) -> Iterator[tuple[int, Response]]:
    json = {"content-type": "application/json"}
    north = mock.north
    yield 400, north.post(EVENTS, content=b"{", headers=json)
    yield 400, north.post(EVENTS)
    yield 400, north.post(EVENTS, json={})
    yield 400, north.put(EVENTS, json={"event": 1})
    yield 400, north.get(f"{STEKKER}/market_price_forecast?market=NL")
    yield 400, north.get(f"{STEKKER}/cdrs/77?expand=all")
    yield 404, north.get(f"{STEKKER}/")
    yield 404, north.get(f"{STEKKER}/nope")
    yield 404, north.get(f"{STEKKER}/your/events")
    yield 404, north.get(f"{STEKKER}/cdrs")
    yield 404, north.get(f"{STEKKER}/cdrs/77/more")
    yield 404, north.get(f"{STEKKER}/cdrs/77")
    yield 405, north.get(EVENTS)
    yield 405, north.delete(EVENTS)
    yield 405, north.put(f"{STEKKER}/cdrs/77")
    yield 405, north.post(f"{STEKKER}/market_price_forecast")
    yield 406, north.get(f"{STEKKER}/market_price_forecast", headers={"accept": "text/html"})
    yield 406, north.post(EVENTS, json={}, headers={"accept": "application/xml"})
    yield 413, north.post(EVENTS, content=b" " * 1_048_577, headers=json)
    yield 415, north.post(EVENTS, content=b"a=1", headers={"content-type": "application/x-www-form-urlencoded"})
    yield 415, north.put(EVENTS, content=b"{}")
    yield 422, north.get(f"{STEKKER}/market_price_forecast?region=XX")


def test_every_refusal_is_worded_alike(mock: Mock) -> None:
    for status, response in refusals(mock):
        assert response.status == status, response.body
        worded(response)


@pytest.mark.parametrize(("method", "path", "allowed"), [
    ("GET", "/events", "POST, PUT"), ("PATCH", "/cdrs/77", "GET, HEAD, POST"),
    ("DELETE", "/cdrs/meter_readings", "GET, HEAD, POST"), ("POST", "/market_price_forecast", "GET, HEAD"),
])  # fmt: skip
def test_a_wrong_method_is_told_the_right_ones(mock: Mock, method: str, path: str, allowed: str) -> None:
    response = mock.north.request(method, STEKKER + path)
    assert (response.status, response.headers["allow"]) == (405, allowed)


def test_a_quota_is_an_organization_s(mock: Mock, north: Operator) -> None:
    """Six hundred a minute, on the virtual clock, whichever token; the other organization has its own."""
    settings = mock.runtime.settings
    mock.runtime.settings = replace(settings, enforce_rate_limits=True)
    try:
        statuses = [mock.north.get(f"{STEKKER}/cdrs/77").status for _ in range(601)]
        refused = mock.north.get(f"{STEKKER}/market_price_forecast")
        assert statuses.index(429) == 599  # one was used to pair
        assert (refused.status, 1 <= int(refused.headers["retry-after"]) <= 60) == (429, True)
        worded(refused)
        assert mock.south.get(f"{STEKKER}/cdrs/77").status == 404
        mock.runtime.clock.set(NOON.replace(minute=1, second=1))
        assert mock.north.get(f"{STEKKER}/cdrs/77").status == 404
    finally:
        mock.runtime.settings = settings
