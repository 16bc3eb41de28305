"""OCPI's registration: which token opens what, and what becomes of it; and the envelope, also of refusals."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from mockserver.apis.dynamo.ocpi.partners import INVITED, REGISTERED
from mockserver.apis.dynamo.seed import HARBOUR, POLDER
from mockserver.ids import prefixed
from mockserver.testing.asgi import Response, call
from tests.mockserver.apis.dynamo.roaming import NEW, OPERATIONS, ROOT, START, Network, data, denied, partner
from tests.mockserver.apis.dynamo.steps import Office, said, send


def slow(verb: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def waiting(*arguments: Any, **options: Any) -> Any:
        await asyncio.sleep(0)
        return await verb(*arguments, **options)

    return waiting


LISTS = ("locations", "sessions", "cdrs", "tariffs")


def list_of(network: Network, module: str) -> Any:
    return network.send("GET", module, **({"date_from": START} if module == "sessions" else {}), limit=1)


def test_a_partner_finds_all_modules_from_the_versions(office: Office) -> None:
    with partner(office, registered=False) as network:
        (version,) = network.get("/versions")
        assert version["version"] == "2.2.1"
        modules = data(network.client.get(version["url"].removeprefix("http://localhost:8080")))["endpoints"]
        assert {each["identifier"] for each in modules} == {"credentials", *LISTS}
        mine = network.get("credentials")
        assert mine["token"] == office.token(POLDER, INVITED)
        assert mine["roles"][0]["business_details"]["name"] == POLDER.name
    with partner(office) as network:
        assert network.get("credentials") == {**mine, "token": office.token(POLDER, REGISTERED)}
        for each in modules:
            query = {"date_from": START} if each["identifier"] == "sessions" else {}
            assert network.client.get(each["url"].removeprefix("http://localhost:8080"), query=query).status == 200


def test_the_token_of_a_registration_is_used_up_by_it(office: Office) -> None:
    with partner(office, registered=False) as network:
        for module in LISTS:
            assert "register" in denied(list_of(network, module), 401, 2000)
        made = data(network.send("POST", "credentials", NEW))
        assert made["url"] == f"http://localhost:8080{ROOT}/versions"
        assert (made["roles"][0]["role"], made["roles"][0]["country_code"]) == ("CPO", "NL")
        for path in ("/versions", "credentials"):
            denied(network.send("GET", path), 401, 2000)
        denied(network.send("POST", "credentials", NEW), 401, 2000)
    with Network(office, made["token"]) as network:
        assert network.get("credentials") == made
        for module in LISTS:
            assert data(list_of(network, module))
        tokens = [each["cdr_token"] for each in network.all("cdrs")]
        assert {(each["country_code"], each["party_id"]) for each in tokens} == {("NL", "LVR")}


def test_changing_a_registration_gives_another_token(office: Office) -> None:
    other = {**NEW, "roles": [{**NEW["roles"][0], "party_id": "XYZ"}]}
    with partner(office) as network:
        first = network.get("cdrs")
        made = data(network.send("PUT", "credentials", other))
        assert made["token"] != office.token(POLDER, REGISTERED)
        denied(network.send("GET", "credentials"), 401, 2000)
    with Network(office, made["token"]) as network:
        assert network.get("cdrs") == first  # records are never changed
        again = data(network.send("PUT", "credentials", NEW))
        assert again["token"] != made["token"]


def test_who_ends_a_registration_needs_a_new_token_of_registration(office: Office) -> None:
    with partner(office) as network:
        gone = network.send("DELETE", "credentials")
        assert data(gone) is None
        assert "data" not in gone.json()
        for path in ("/versions", "credentials", "cdrs"):
            denied(network.send("GET", path), 401, 2000)
    user_id = prefixed("pty_", office.seed, POLDER.key, REGISTERED)
    issued = said(office.anonymous.post(f"/_mock/applications/{office.polder}/tokens", json={"user_id": user_id}), 201)[
        "access_token"
    ]
    with Network(office, issued) as network:
        denied(list_of(network, "cdrs"), 401, 2000)
        made = data(network.send("POST", "credentials", NEW))
    with Network(office, made["token"]) as network:
        assert network.all("cdrs")


def test_what_the_registration_does_not_allow_is_405(office: Office) -> None:
    before = office.written()
    with partner(office) as network:
        again = network.send("POST", "credentials", NEW)
        assert "PUT" in denied(again, 405, 2000)
        assert again.headers["allow"] == "DELETE, GET, HEAD, PUT"
    with partner(office, registered=False) as network:
        for method, body in (("PUT", NEW), ("DELETE", None)):
            response = network.send(method, "credentials", body)
            assert "POST" in denied(response, 405, 2000)
            assert response.headers["allow"] == "GET, HEAD, POST"
    assert office.written() == before


def test_a_token_comes_plain_or_in_base64(office: Office) -> None:
    for organization in (HARBOUR, POLDER):
        token = office.token(organization, REGISTERED)
        for sent in (token, base64.b64encode(token.encode()).decode()):
            for word in ("Token", "token"):
                response = office.anonymous.get(f"{ROOT}/versions", headers={"authorization": f"{word} {sent}"})
                assert data(response)


@pytest.mark.parametrize(
    "authorization",
    [None, "Token", "Token 0", "Token AA==", "Token /w==", "Bearer {partner}", "Token {key}", "{partner}"],
)
def test_without_a_partner_s_token_it_is_401(office: Office, authorization: str | None) -> None:
    known = {"partner": office.token(POLDER, REGISTERED), "key": office.token(POLDER, "API key")}
    headers = {} if authorization is None else {"authorization": authorization.format(**known)}
    for operation in OPERATIONS.values():
        path = ROOT + operation.path.format(version="0", location_id="x", evse_uid="x", connector_id="x")
        response = office.anonymous.request(operation.method, path, headers=headers)
        denied(response, 401, 2000)
        assert response.headers["www-authenticate"].startswith("Token")


def test_a_partner_s_token_opens_nothing_else(office: Office) -> None:
    for label in (REGISTERED, INVITED):
        headers = {"authorization": f"Bearer {office.token(HARBOUR, label)}"}
        for path in (f"/organizations/{office.harbour}", "/billing/tariffs", "/portal/sessions"):
            assert office.anonymous.get(f"/dynamo/api/v1{path}", headers=headers).status == 403


BAD_BODIES: dict[str, Any] = {
    "nothing": {},
    "no roles": {**NEW, "roles": []},
    "a token with a space": {**NEW, "token": "a b"},
    "a token that is too long": {**NEW, "token": "a" * 65},
    "a party of four letters": {**NEW, "roles": [{**NEW["roles"][0], "party_id": "LAVR"}]},
    "an unknown role": {**NEW, "roles": [{**NEW["roles"][0], "role": "CAR"}]},
    "no object": [],
}


@pytest.mark.parametrize("body", BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_registers_nobody(office: Office, body: Any) -> None:
    before = office.written()
    with partner(office, registered=False) as network:
        denied(network.send("POST", "credentials", body), 400, 2001)
    with partner(office) as network:
        denied(network.send("PUT", "credentials", body), 400, 2001)
    assert office.written() == before


@pytest.mark.parametrize("path", ["/versions", "/versions/3.0"])
def test_an_answer_has_the_ids_of_its_request(office: Office, path: str) -> None:
    ids = {"x-request-id": "73f0", "x-correlation-id": "é"}
    with partner(office) as network:
        answer = network.client.get(f"{ROOT}{path}", headers=ids)
        assert {name: answer.headers.get(name) for name in ids} == ids
        assert not ids.keys() & dict(network.client.get(f"{ROOT}{path}").headers).keys()


def test_every_refusal_has_the_envelope(office: Office) -> None:
    with partner(office) as network:
        assert "2.2.1" in denied(network.send("GET", "/versions/2.1.1"), 404, 3002)
        denied(network.send("GET", "/versions/" + "1" * 21), 404, 2003)
        denied(network.send("GET", "/version"), 404, 2000)
        denied(network.send("PATCH", "credentials"), 405, 2000)
        denied(network.send("GET", "cdrs", limit=0), 400, 2001)
        denied(network.send("GET", "cdrs", offset=-1), 400, 2001)
        denied(network.send("GET", "cdrs", date_from="yesterday"), 400, 2001)
        assert "date_from" in denied(network.send("GET", "sessions"), 400, 2001)
        client, path = network.client, f"{ROOT}/cpo/2.2.1/credentials"
        denied(client.get(path, headers={"accept": "text/html"}), 406, 2000)
        denied(client.put(path, content=b"x", headers={"content-type": "text/plain"}), 415, 2000)
        denied(client.put(path, content=b"{", headers={"content-type": "application/json"}), 400, 2001)
        large = client.put(path, content=b" " * 2**21, headers={"content-type": "application/json"})
        denied(large, 413, 2000)


def test_an_answer_says_when_it_was_made(office: Office) -> None:
    with partner(office) as network:
        office.advance(timedelta(seconds=90, milliseconds=700))
        for path in ("/versions", "/versions/1"):
            assert network.send("GET", path).json()["timestamp"] == "2026-03-18T12:01:30Z"


def test_a_partner_s_quota_is_its_own(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = office.mock.runtime
    monkeypatch.setattr(runtime, "settings", replace(runtime.settings, enforce_rate_limits=True))
    with partner(office) as first, partner(office, registered=False) as second:
        answers = [first.send("GET", "/versions") for _ in range(601)]
        assert [each.status for each in answers] == [200] * 600 + [429]
        denied(answers[-1], 429, 2000)
        assert answers[-1].headers["retry-after"] == "60"
        assert second.send("GET", "/versions").status == 200


@pytest.mark.parametrize(
    ("registered", "methods", "refusal"),
    [(False, ("POST", "POST"), 401), (True, ("PUT", "PUT"), 401), (True, ("PUT", "DELETE"), 401)],
)
def test_of_two_at_once_one_is_too_late(
    office: Office, monkeypatch: pytest.MonkeyPatch, registered: bool, methods: tuple[str, str], refusal: int
) -> None:
    store = office.mock.runtime.store
    for verb in ("get", "list", "put"):
        monkeypatch.setattr(store, verb, slow(getattr(store, verb)))
    monkeypatch.setattr(store, "_lock", asyncio.Lock())  # one that was waited for belongs to the loop of that test
    token = office.token(POLDER, REGISTERED if registered else INVITED)
    headers = [
        (b"host", b"localhost"),
        (b"content-type", b"application/json"),
        (b"authorization", f"Token {token}".encode()),
    ]

    async def race() -> list[Response]:
        target = f"{ROOT}/cpo/2.2.1/credentials".encode()
        bodies = {"DELETE": b""}
        return await asyncio.gather(
            *(call(office.mock.app, each, target, headers, (bodies.get(each, orjson.dumps(NEW)),)) for each in methods)
        )

    first, second = asyncio.run(race())
    made = data(first)["token"]
    denied(second, refusal, 2000)
    with Network(office, made) as network:
        assert network.get("credentials")["token"] == made


def test_tokens_are_nowhere_in_the_journal(office: Office) -> None:
    with partner(office, registered=False) as network:
        made = data(network.send("POST", "credentials", NEW))
        sent = base64.b64encode(made["token"].encode()).decode()
        assert data(office.anonymous.get(f"{ROOT}/versions", headers={"authorization": f"Token {sent}"}))
    journal = office.anonymous.get("/_mock/journal").body.decode()
    assert "/cpo/2.2.1/credentials" in journal
    for secret in (NEW["token"], made["token"], sent, office.token(POLDER, INVITED)):
        assert secret not in journal


def test_the_partners_are_those_of_before_after_a_reset(office: Office) -> None:
    with partner(office, registered=False) as network:
        data(network.send("POST", "credentials", NEW))
        office.mock.reset()
        assert network.get("/versions")
    assert office.written().keys() <= {"counters"}


def test_a_new_organization_roams_with_whom_it_likes(office: Office) -> None:
    made = said(
        send(
            office.key, "POST", "/organizations", {"name": "Fjord", "country": "NO", "contact_email": "a@fjord.example"}
        ),
        201,
    )
    path = f"/_mock/applications/{made['id']}/tokens"
    issued = said(office.anonymous.post(path, json={"user_id": "pty_1"}), 201)["access_token"]
    with Network(office, issued) as network:
        token = data(network.send("POST", "credentials", NEW))["token"]
    with Network(office, token) as network:
        assert network.get("credentials")["roles"][0]["country_code"] == "NO"
        assert [network.all(module, date_from=START) for module in LISTS] == [[]] * 4


@pytest.mark.parametrize(
    ("email", "website"),
    [("a@fjord.example", "https://fjord.example"), ("a@[127.0.0.1]", None)],
)  # fmt: skip
def test_an_operator_is_shown_whatever_its_name_is(office: Office, email: str, website: str | None) -> None:
    body = {"name": "ß" * 200, "country": "NL", "contact_email": email}
    said(send(office.polder_key, "PUT", f"/organizations/{office.polder}", body))
    with partner(office) as network:
        details = network.get("credentials")["roles"][0]["business_details"]
        (location,) = network.get("locations")
    assert location["operator"] == details == {"name": "ß" * 100, **({"website": website} if website else {})}
