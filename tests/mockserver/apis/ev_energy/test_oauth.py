"""OAuth 2: grants, the consent page, lifetimes on the virtual clock, revocation."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.asgi import Response
from tests.mock import CONTROL, OAUTH, V2, Mock
from tests.mockserver.apis.ev_energy.steps import (
    REDIRECT_URI,
    bearer,
    driver_in,
    fetch_token,
    get_as,
    register,
    token_for,
)

SCOPES = ["tariff:read", "tariff:prices:read", "user:read"]
LIFETIME_S = 36_000
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # RFC 7636 appendix B
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}

Wire = dict[str, Any]


@pytest.fixture
def app(mock: Mock) -> Wire:
    """An application with three scopes and one redirect URI."""
    return register(mock, scopes=SCOPES)


def secrets_of(app: Wire) -> dict[str, str]:
    return {"client_id": app["client_id"], "client_secret": app["client_secret"]}


def basic(client_id: str, client_secret: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'{client_id}:{client_secret}'.encode()).decode()}"}


def client_credentials(mock: Mock, app: Wire, **fields: str) -> Response:
    return fetch_token(mock, {"grant_type": "client_credentials", **secrets_of(app), **fields})


def works(mock: Mock, token: str) -> bool:
    status = get_as(mock, token, "/tariffs").status
    assert status in (200, 401)
    return status == 200


def assert_refused(response: Response, status: int, error: str) -> None:
    assert (response.status, response.json()["error"]) == (status, error), response.body
    assert response.headers["content-type"] == "application/json"
    assert not {"title", "type", "status"} & response.json().keys()  # plain JSON, no problem+json


# Client credentials


def test_client_credentials_by_basic(mock: Mock, app: Wire) -> None:
    headers = basic(app["client_id"], app["client_secret"])
    response = fetch_token(mock, {"grant_type": "client_credentials"}, headers=headers)
    assert response.status == 200
    assert works(mock, response.json()["access_token"])


def test_client_credentials_by_form(mock: Mock, app: Wire) -> None:
    response = client_credentials(mock, app)
    assert response.status == 200
    assert works(mock, response.json()["access_token"])


@pytest.mark.parametrize("path", ["/token", "/token/"])
def test_the_token_url_works_with_and_without_its_slash(mock: Mock, app: Wire, path: str) -> None:
    form = {"grant_type": "client_credentials", **secrets_of(app)}
    assert mock.anonymous.post(OAUTH + path, form=form).status == 200


def test_the_answer_says_what_the_token_is(mock: Mock, app: Wire) -> None:
    answer = client_credentials(mock, app).json()
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == LIFETIME_S
    assert sorted(answer["scope"].split(" ")) == sorted(SCOPES)
    assert "refresh_token" not in answer  # only for grants of a user


def test_tokens_are_not_to_be_cached(mock: Mock, app: Wire) -> None:
    response = client_credentials(mock, app)
    assert (response.headers["cache-control"], response.headers["pragma"]) == ("no-store", "no-cache")


def test_each_token_is_another_and_all_work(mock: Mock, app: Wire) -> None:
    tokens = {client_credentials(mock, app).json()["access_token"] for _ in range(3)}
    assert len(tokens) == 3
    assert all(works(mock, token) for token in tokens)


@pytest.mark.parametrize("form", ["ev-energy-full", "ev-energy-basic"])
def test_the_ready_made_credentials_get_tokens(mock: Mock, form: str) -> None:
    ready = mock.anonymous.get(f"{CONTROL}/applications/{form}").json()
    assert client_credentials(mock, ready).status == 200


def test_the_scope_can_be_narrowed(mock: Mock, app: Wire) -> None:
    answer = client_credentials(mock, app, scope="tariff:read").json()
    assert answer["scope"] == "tariff:read"
    tariff = mock.get("/tariffs?page_size=1").json()[0]["id"]
    assert get_as(mock, answer["access_token"], f"/tariffs/{tariff}").status == 200
    assert get_as(mock, answer["access_token"], f"/tariffs/{tariff}/prices").status == 403


@pytest.mark.parametrize(
    "scope", ["vehicle:write", "tariff:read vehicle:write", "no:such:scope", "tariff:read,user:read"]
)
def test_a_scope_that_the_application_lacks_is_invalid(mock: Mock, app: Wire, scope: str) -> None:
    assert_refused(client_credentials(mock, app, scope=scope), 400, "invalid_scope")


@pytest.mark.parametrize("scope", ["", "  "])
def test_a_blank_scope_means_all(mock: Mock, app: Wire, scope: str) -> None:
    assert sorted(client_credentials(mock, app, scope=scope).json()["scope"].split()) == sorted(SCOPES)


# Wrong requests to the token endpoint


@pytest.mark.parametrize("way", ["basic", "form"])
@pytest.mark.parametrize(
    ("client_id", "client_secret"),
    [("{id}", "wrong"), ("nobody", "{secret}"), ("{id}", ""), ("", ""), ("{id}", "{secret}x"), ("{ID}", "{secret}")],
)
def test_a_wrong_client_is_401_with_a_challenge(
    mock: Mock, app: Wire, way: str, client_id: str, client_secret: str
) -> None:
    names = {"id": app["client_id"], "ID": app["client_id"].swapcase(), "secret": app["client_secret"]}
    shown = (client_id.format(**names), client_secret.format(**names))
    form = {"grant_type": "client_credentials"}
    if way == "basic":
        response = fetch_token(mock, form, headers=basic(*shown))
    else:
        response = fetch_token(mock, {**form, "client_id": shown[0], "client_secret": shown[1]})
    if way == "form" and not shown[0]:
        assert_refused(response, 400, "invalid_request")  # the field is missing
    else:
        assert_refused(response, 401, "invalid_client")
        assert response.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize("authorization", ["Basic", "Basic %%%", "Basic bm9jb2xvbg==", "Bearer abc", "Digest a=b"])
def test_an_unreadable_client_is_401(mock: Mock, authorization: str) -> None:
    response = fetch_token(mock, {"grant_type": "client_credentials"}, headers={"authorization": authorization})
    assert_refused(response, 401, "invalid_client")
    assert "www-authenticate" in response.headers


def test_client_credentials_need_the_secret(mock: Mock, app: Wire) -> None:
    form = {"grant_type": "client_credentials", "client_id": app["client_id"]}
    assert_refused(fetch_token(mock, form), 401, "invalid_client")


@pytest.mark.parametrize("grant_type", ["password", "implicit", "Client_Credentials", "client_credentials ", "x" * 500])
def test_an_unknown_grant_is_unsupported(mock: Mock, app: Wire, grant_type: str) -> None:
    response = fetch_token(mock, {"grant_type": grant_type, **secrets_of(app)})
    assert_refused(response, 400, "unsupported_grant_type")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"grant_type": "authorization_code"},
        {"grant_type": "refresh_token"},
        {"grant_type": "refresh_token", "refresh_token": ""},
    ],
    ids=["grant_type", "code", "refresh_token", "empty refresh_token"],
)
def test_a_missing_field_is_an_invalid_request(mock: Mock, app: Wire, form: dict[str, str]) -> None:
    assert_refused(fetch_token(mock, {**form, **secrets_of(app)}), 400, "invalid_request")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_only_forms_are_read(mock: Mock, content_type: str) -> None:
    response = mock.anonymous.post(
        f"{OAUTH}/token/", content=b"grant_type=client_credentials", headers={"content-type": content_type}
    )
    assert_refused(response, 400, "invalid_request")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe=%ff", b"grant_type=%ff"])
def test_an_unreadable_form_is_an_invalid_request(mock: Mock, content: bytes) -> None:
    response = mock.anonymous.post(
        f"{OAUTH}/token/", content=content, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert_refused(response, 400, "invalid_request")


def test_a_field_given_twice_is_an_invalid_request(mock: Mock, app: Wire) -> None:
    # RFC 6749 section 3.2: parameters must not be included more than once.
    content = f"grant_type=client_credentials&grant_type=refresh_token&client_id={app['client_id']}".encode()
    response = mock.anonymous.post(
        f"{OAUTH}/token/", content=content, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert_refused(response, 400, "invalid_request")


@pytest.mark.parametrize("path", ["/token", "/token/", "/revoke_token/"])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_methods_are_405(mock: Mock, path: str, method: str) -> None:
    response = mock.anonymous.request(method, OAUTH + path)
    assert (response.status, response.headers["allow"]) == (405, "POST")


# Authorization code


def asked(app: Wire, **changes: str | None) -> dict[str, str]:
    """The query of the consent page; a change of None leaves the parameter out."""
    query = {
        "response_type": "code",
        "client_id": app["client_id"],
        "redirect_uri": REDIRECT_URI,
        "scope": "tariff:read user:read",
        "state": "a b&c=é",
        **changes,
    }
    return {name: value for name, value in query.items() if value is not None}


def consent_page(mock: Mock, app: Wire, **changes: str | None) -> Response:
    return mock.anonymous.get(f"{OAUTH}/authorize/", query=asked(app, **changes))


def decide(mock: Mock, app: Wire, *, decision: str = "allow", city: str = "London", **changes: str | None) -> Response:
    form = {**asked(app, **changes), "user_id": driver_in(mock, city).id, "decision": decision}
    return mock.anonymous.post(f"{OAUTH}/authorize/", form=form)


def answer_of(response: Response, redirect_uri: str = REDIRECT_URI) -> dict[str, str]:
    """What the redirect tells the application."""
    assert response.status == 302, response.body
    target, _, query = response.headers["location"].partition("?")
    assert target == redirect_uri
    return {name: value for name, [value] in parse_qs(query, keep_blank_values=True).items()}


def code_for(mock: Mock, app: Wire, **changes: str | None) -> str:
    return answer_of(decide(mock, app, **changes))["code"]


def redeem(mock: Mock, app: Wire, code: str, *, secret: bool = True, **fields: str) -> Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI, **secrets_of(app), **fields}
    if not secret:
        del form["client_secret"]
    return fetch_token(mock, form)


def user_tokens(mock: Mock, app: Wire, **changes: str | None) -> Wire:
    response = redeem(mock, app, code_for(mock, app, **changes))
    assert response.status == 200, response.body
    return response.json()


@pytest.mark.parametrize("path", ["/authorize", "/authorize/"])
def test_the_consent_page_lists_every_user_and_what_is_asked(mock: Mock, app: Wire, path: str) -> None:
    response = mock.anonymous.get(OAUTH + path, query=asked(app))
    page = html.unescape(response.body.decode())
    assert (response.status, response.headers["content-type"].partition(";")[0]) == (200, "text/html")
    assert app["name"] in page
    for driver in mock.runtime.world.drivers:
        assert driver.id in page
        assert driver.full_name in page
    assert "tariff:read" in page
    assert "tariff:prices:read" not in page


def test_the_form_of_the_page_is_what_the_post_takes(mock: Mock, app: Wire) -> None:
    page = consent_page(mock, app, **PKCE).body.decode()
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page))
    form = {name: html.unescape(value) for name, value in hidden.items()}
    assert form == asked(app, **PKCE)
    form |= {"user_id": driver_in(mock, "Leeds").id, "decision": "allow"}
    answer = answer_of(mock.anonymous.post(f"{OAUTH}/authorize/", form=form))
    assert answer.keys() == {"code", "state"}


@pytest.mark.parametrize("text", ['"><script>alert(1)</script>', "'onload='x", "</title><b>"])
@pytest.mark.parametrize("name", ["state", "code_challenge"])
def test_what_the_caller_sends_is_escaped_on_the_page(mock: Mock, app: Wire, name: str, text: str) -> None:
    page = consent_page(mock, app, **{**PKCE, name: text}).body.decode()
    assert text not in page


def test_consent_gives_a_code_and_the_state_back(mock: Mock, app: Wire) -> None:
    answer = answer_of(decide(mock, app))
    assert answer.keys() == {"code", "state"}
    assert answer["state"] == "a b&c=é"


def test_without_a_state_none_comes_back(mock: Mock, app: Wire) -> None:
    assert answer_of(decide(mock, app, state=None)).keys() == {"code"}


def test_a_refusal_is_told(mock: Mock, app: Wire) -> None:
    answer = answer_of(decide(mock, app, decision="deny"))
    assert (answer["error"], answer["state"]) == ("access_denied", "a b&c=é")
    assert "code" not in answer


def test_a_redirect_uri_keeps_its_own_query(mock: Mock) -> None:
    uri = "https://client.example.com/callback?tenant=7"
    app = register(mock, scopes=SCOPES, redirect_uris=[uri])
    location = urlsplit(decide(mock, app, redirect_uri=uri).headers["location"])
    answer = parse_qs(location.query)
    assert answer["tenant"] == ["7"]
    assert answer.keys() == {"tenant", "code", "state"}


UNTRUSTED = {
    "unknown client": {"client_id": "nobody"},
    "unregistered redirect_uri": {"redirect_uri": "https://evil.example.com/callback"},
    "prefix of the redirect_uri": {"redirect_uri": f"{REDIRECT_URI}/more"},
    "redirect_uri with a query": {"redirect_uri": f"{REDIRECT_URI}?a=b"},
    "redirect_uri of another application": {"redirect_uri": "http://127.0.0.1:8765/callback"},
    "unknown client with a wrong type": {"client_id": "nobody", "response_type": "token"},
}


@pytest.mark.parametrize("changes", UNTRUSTED.values(), ids=UNTRUSTED)
def test_an_untrusted_request_never_redirects(mock: Mock, app: Wire, changes: dict[str, str]) -> None:
    for response in (
        consent_page(mock, app, **changes),
        decide(mock, app, **changes),
        decide(mock, app, decision="deny", **changes),
    ):
        assert response.status == 400
        assert "location" not in response.headers
        assert "code=" not in response.body.decode()


@pytest.mark.parametrize("way", ["GET", "POST"])
def test_an_application_without_redirect_uris_cannot_use_the_code_grant(mock: Mock, way: str) -> None:
    app = register(mock, redirect_uris=[])
    step = consent_page if way == "GET" else decide
    for uri in (None, REDIRECT_URI):
        response = step(mock, app, redirect_uri=uri, scope=None)
        assert response.status == 400
        assert "location" not in response.headers


MISTAKES = {
    "response_type": ({"response_type": "token"}, "unsupported_response_type"),
    "no response_type": ({"response_type": None}, None),
    "scope": ({"scope": "vehicle:write"}, "invalid_scope"),
    "challenge method": ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, "invalid_request"),
    "no challenge method": ({"code_challenge": CHALLENGE}, "invalid_request"),
}


@pytest.mark.parametrize(("changes", "error"), MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("step", [consent_page, decide])
def test_other_mistakes_are_told_to_the_application(
    mock: Mock, app: Wire, step: Any, changes: dict[str, str | None], error: str | None
) -> None:
    answer = answer_of(step(mock, app, **changes))
    assert answer["state"] == "a b&c=é"
    assert "code" not in answer
    assert answer["error"] == (error or answer["error"])


@pytest.mark.parametrize("user", ["user00000000000000000000000000", "", "42"])
def test_nobody_can_consent_for_a_user_who_does_not_exist(mock: Mock, app: Wire, user: str) -> None:
    form = {**asked(app), "user_id": user, "decision": "allow"}
    answer = answer_of(mock.anonymous.post(f"{OAUTH}/authorize/", form=form))
    assert answer["error"] == "invalid_request"


@pytest.mark.parametrize("decision", ["", "yes", "ALLOW"])
def test_a_decision_is_allow_or_deny(mock: Mock, app: Wire, decision: str) -> None:
    response = decide(mock, app, decision=decision)
    assert response.status == 400
    assert "location" not in response.headers


def test_a_code_with_the_secret_gives_tokens_of_the_user(mock: Mock, app: Wire) -> None:
    response = redeem(mock, app, code_for(mock, app))
    answer = response.json()
    assert response.status == 200
    assert (answer["token_type"], answer["expires_in"]) == ("Bearer", LIFETIME_S)
    assert sorted(answer["scope"].split()) == ["tariff:read", "user:read"]
    assert answer["refresh_token"] != answer["access_token"]
    assert works(mock, answer["access_token"])


def test_the_token_is_that_of_the_user_who_consented(mock: Mock, app: Wire) -> None:
    token = user_tokens(mock, app)["access_token"]
    for city, status in (("London", 200), ("Leeds", 404)):
        query = {"available_for_user_id": driver_in(mock, city).id}
        assert get_as(mock, token, "/tariffs", query=query).status == status


def test_without_a_scope_all_of_the_application_are_granted(mock: Mock, app: Wire) -> None:
    assert sorted(user_tokens(mock, app, scope=None)["scope"].split()) == sorted(SCOPES)


@pytest.mark.parametrize("secret", [True, False], ids=["with secret", "without secret"])
def test_pkce_takes_the_place_of_the_secret(mock: Mock, app: Wire, secret: bool) -> None:
    code = code_for(mock, app, **PKCE)
    assert redeem(mock, app, code, secret=secret, code_verifier=VERIFIER).status == 200


def test_the_challenge_is_the_digest_of_the_verifier(mock: Mock, app: Wire) -> None:
    verifier = "another-verifier-of-more-than-forty-three-characters"
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    code = code_for(mock, app, code_challenge=digest, code_challenge_method="S256")
    assert redeem(mock, app, code, secret=False, code_verifier=verifier).status == 200


@pytest.mark.parametrize("secret", [True, False], ids=["with secret", "without secret"])
@pytest.mark.parametrize("verifier", [VERIFIER[:-1] + "A", VERIFIER + "A", CHALLENGE, "", "é", None])
def test_a_wrong_verifier_is_an_invalid_grant(mock: Mock, app: Wire, verifier: str | None, secret: bool) -> None:
    fields = {} if verifier is None else {"code_verifier": verifier}
    assert_refused(redeem(mock, app, code_for(mock, app, **PKCE), secret=secret, **fields), 400, "invalid_grant")


def test_without_pkce_the_secret_is_needed(mock: Mock, app: Wire) -> None:
    assert_refused(redeem(mock, app, code_for(mock, app), secret=False), 401, "invalid_client")


def test_a_code_works_once_and_its_second_use_ends_the_tokens(mock: Mock, app: Wire) -> None:
    code = code_for(mock, app)
    first = redeem(mock, app, code)
    assert first.status == 200
    assert_refused(redeem(mock, app, code), 400, "invalid_grant")
    assert not works(mock, first.json()["access_token"])  # RFC 6749 section 4.1.2


@pytest.mark.parametrize(("seconds", "status"), [(0, 200), (59, 200), (59.999, 200), (60, 400), (3600, 400)])
def test_a_code_lives_for_60_seconds(mock: Mock, app: Wire, seconds: float, status: int) -> None:
    code = code_for(mock, app)
    mock.runtime.clock.advance(timedelta(seconds=seconds))
    response = redeem(mock, app, code)
    assert response.status == status
    if status == 400:
        assert_refused(response, 400, "invalid_grant")


@pytest.mark.parametrize(
    "fields", [{"redirect_uri": "https://client.example.com/other"}, {"redirect_uri": ""}, {"code": "x"}]
)
def test_a_code_that_does_not_fit_is_an_invalid_grant(mock: Mock, app: Wire, fields: dict[str, str]) -> None:
    code = code_for(mock, app)
    assert_refused(redeem(mock, app, fields.pop("code", code), **fields), 400, "invalid_grant")


def test_a_code_is_of_use_to_its_application_only(mock: Mock, app: Wire) -> None:
    other = register(mock, scopes=SCOPES)
    code = code_for(mock, app)
    assert_refused(redeem(mock, other, code), 400, "invalid_grant")
    assert redeem(mock, app, code).status == 200


# Refresh


def refresh(mock: Mock, app: Wire, token: str, **fields: str) -> Response:
    return fetch_token(mock, {"grant_type": "refresh_token", "refresh_token": token, **secrets_of(app), **fields})


def test_a_refresh_token_gets_new_tokens_of_the_same_user(mock: Mock, app: Wire) -> None:
    first = user_tokens(mock, app)
    second = refresh(mock, app, first["refresh_token"]).json()
    assert {first["access_token"], first["refresh_token"]}.isdisjoint({second["access_token"], second["refresh_token"]})
    assert (second["expires_in"], second["scope"]) == (LIFETIME_S, first["scope"])
    query = {"available_for_user_id": driver_in(mock, "Leeds").id}
    assert get_as(mock, second["access_token"], "/tariffs", query=query).status == 404


def test_a_refresh_works_long_after_the_access_token_has_ended(mock: Mock, app: Wire) -> None:
    first = user_tokens(mock, app)
    mock.runtime.clock.advance(timedelta(days=10))
    assert not works(mock, first["access_token"])
    assert works(mock, refresh(mock, app, first["refresh_token"]).json()["access_token"])


def test_a_refresh_may_narrow_but_not_widen_the_scope(mock: Mock, app: Wire) -> None:
    first = user_tokens(mock, app)
    assert_refused(refresh(mock, app, first["refresh_token"], scope=" ".join(SCOPES)), 400, "invalid_scope")
    assert refresh(mock, app, first["refresh_token"], scope="tariff:read").json()["scope"] == "tariff:read"


@pytest.mark.parametrize("scope", ["", " "])
def test_a_blank_scope_at_refresh_leaves_the_scope_alone(mock: Mock, app: Wire, scope: str) -> None:
    first = user_tokens(mock, app)
    assert refresh(mock, app, first["refresh_token"], scope=scope).json()["scope"] == first["scope"]


def test_a_refresh_token_works_once(mock: Mock, app: Wire) -> None:
    first = user_tokens(mock, app)
    second = refresh(mock, app, first["refresh_token"]).json()
    assert_refused(refresh(mock, app, first["refresh_token"]), 400, "invalid_grant")
    assert not works(mock, second["access_token"])  # RFC 9700 section 4.14


@pytest.mark.parametrize("kind", ["access_token", "nonsense"])
def test_nothing_else_can_be_refreshed(mock: Mock, app: Wire, kind: str) -> None:
    token = user_tokens(mock, app).get(kind, "nonsense")
    assert_refused(refresh(mock, app, token), 400, "invalid_grant")


def test_a_refresh_token_is_of_use_to_its_application_only(mock: Mock, app: Wire) -> None:
    other = register(mock, scopes=SCOPES)
    assert_refused(refresh(mock, other, user_tokens(mock, app)["refresh_token"]), 400, "invalid_grant")


def test_a_client_that_has_shown_its_secret_has_to_show_it_again(mock: Mock, app: Wire) -> None:
    # RFC 6749 section 6: a client that was issued credentials must authenticate.
    form = {
        "grant_type": "refresh_token",
        "refresh_token": user_tokens(mock, app)["refresh_token"],
        "client_id": app["client_id"],
    }
    assert_refused(fetch_token(mock, form), 401, "invalid_client")


def test_a_public_client_refreshes_without_a_secret(mock: Mock, app: Wire) -> None:
    tokens = redeem(mock, app, code_for(mock, app, **PKCE), secret=False, code_verifier=VERIFIER).json()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app["client_id"]}
    assert fetch_token(mock, form).status == 200


# The end of a token


@pytest.mark.parametrize("of_user", [False, True], ids=["application", "user"])
@pytest.mark.parametrize(("seconds", "alive"), [(1, True), (35_999, True), (35_999.999, True), (36_000, False)])
def test_an_access_token_lives_for_36000_seconds(
    mock: Mock, app: Wire, of_user: bool, seconds: float, alive: bool
) -> None:
    answer = user_tokens(mock, app) if of_user else client_credentials(mock, app).json()
    mock.runtime.clock.advance(timedelta(seconds=seconds))
    assert works(mock, answer["access_token"]) is alive


def test_an_expired_token_is_told_so(mock: Mock, app: Wire) -> None:
    token = client_credentials(mock, app).json()["access_token"]
    mock.runtime.clock.advance(timedelta(seconds=LIFETIME_S))
    response = get_as(mock, token, "/tariffs")
    assert (response.status, response.json()["title"]) == (401, "Unauthorized")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_the_ready_made_tokens_do_not_end(mock: Mock) -> None:
    mock.runtime.clock.advance(timedelta(days=3650))
    assert mock.get("/tariffs").status == 200


@pytest.mark.parametrize("kind", ["refresh_token", "code", "client_secret"])
def test_only_an_access_token_is_a_bearer(mock: Mock, app: Wire, kind: str) -> None:
    text = {"client_secret": app["client_secret"], "code": code_for(mock, app), **user_tokens(mock, app)}[kind]
    assert not works(mock, text)


def revoke(mock: Mock, app: Wire, token: str, **fields: str) -> Response:
    return mock.anonymous.post(f"{OAUTH}/revoke_token/", form={"token": token, **secrets_of(app), **fields})


@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "access_token"}, {"token_type_hint": "refresh_token"}])
def test_a_revoked_token_is_dead(mock: Mock, app: Wire, hint: dict[str, str]) -> None:
    token, other = (client_credentials(mock, app).json()["access_token"] for _ in range(2))
    response = revoke(mock, app, token, **hint)
    assert (response.status, response.body) == (200, b"")
    assert not works(mock, token)
    assert works(mock, other)


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_of_a_user_ends_both(mock: Mock, app: Wire, kind: str) -> None:
    tokens = user_tokens(mock, app)
    assert revoke(mock, app, tokens[kind]).status == 200
    assert not works(mock, tokens["access_token"])
    assert_refused(refresh(mock, app, tokens["refresh_token"]), 400, "invalid_grant")


@pytest.mark.parametrize("token", ["never-issued", "é", "a" * 4000])
def test_revoking_an_unknown_token_is_200(mock: Mock, app: Wire, token: str) -> None:
    response = revoke(mock, app, token)
    assert (response.status, response.body) == (200, b"")


def test_revoking_twice_is_200(mock: Mock, app: Wire) -> None:
    token = client_credentials(mock, app).json()["access_token"]
    assert [revoke(mock, app, token).status for _ in range(2)] == [200, 200]


def test_an_application_cannot_revoke_the_token_of_another(mock: Mock, app: Wire) -> None:
    token = client_credentials(mock, app).json()["access_token"]
    assert revoke(mock, register(mock), token).status == 200
    assert works(mock, token)


def test_revocation_takes_the_client_in_basic(mock: Mock, app: Wire) -> None:
    token = client_credentials(mock, app).json()["access_token"]
    headers = basic(app["client_id"], app["client_secret"])
    assert mock.anonymous.post(f"{OAUTH}/revoke_token/", form={"token": token}, headers=headers).status == 200
    assert not works(mock, token)


@pytest.mark.parametrize("form", [{"client_secret": "wrong"}, {"client_id": "nobody"}])
def test_a_wrong_client_cannot_revoke(mock: Mock, app: Wire, form: dict[str, str]) -> None:
    token = client_credentials(mock, app).json()["access_token"]
    assert_refused(revoke(mock, app, token, **form), 401, "invalid_client")
    assert works(mock, token)


def test_revocation_without_a_token_is_an_invalid_request(mock: Mock, app: Wire) -> None:
    response = mock.anonymous.post(f"{OAUTH}/revoke_token/", form=secrets_of(app))
    assert_refused(response, 400, "invalid_request")


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_the_revocation_url_needs_its_slash(mock: Mock, app: Wire, method: str) -> None:
    token = client_credentials(mock, app).json()["access_token"]
    response = mock.anonymous.request(method, f"{OAUTH}/revoke_token", form={"token": token, **secrets_of(app)})
    assert response.status == 405
    assert works(mock, token)


@pytest.mark.parametrize("of_user", [False, True], ids=["application", "user"])
def test_the_tokens_of_a_deleted_application_die(mock: Mock, app: Wire, of_user: bool) -> None:
    tokens = user_tokens(mock, app) if of_user else client_credentials(mock, app).json()
    assert mock.anonymous.delete(f"{CONTROL}/applications/{app['client_id']}").status == 204
    assert not works(mock, tokens["access_token"])
    assert_refused(client_credentials(mock, app), 401, "invalid_client")
    if of_user:
        assert_refused(refresh(mock, app, tokens["refresh_token"]), 401, "invalid_client")


def test_a_reset_ends_the_tokens_that_were_issued(mock: Mock, app: Wire) -> None:
    token = client_credentials(mock, app).json()["access_token"]
    assert mock.anonymous.post(f"{CONTROL}/reset").status == 200
    assert not works(mock, token)


def test_a_reset_lets_a_run_be_repeated_to_the_letter(mock: Mock, app: Wire) -> None:
    first = client_credentials(mock, app).body
    mock.reset()
    again = register(mock, scopes=SCOPES)
    assert again == app
    assert client_credentials(mock, again).body == first


def test_tokens_of_the_control_plane_are_tokens_like_others(mock: Mock, app: Wire) -> None:
    token = token_for(mock, app["client_id"])
    assert mock.anonymous.get(f"{V2}/tariffs", headers=bearer(token)).status == 200
    mock.runtime.clock.advance(timedelta(seconds=LIFETIME_S))
    assert mock.anonymous.get(f"{V2}/tariffs", headers=bearer(token)).status == 401
