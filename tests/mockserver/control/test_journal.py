"""The request journal: what it holds, how it is searched, and that no secret is in it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from mockserver.settings import Settings
from tests.asgi import Client
from tests.mock import CONTROL, NOON, OAUTH, V2, Mock

JOURNAL = f"{CONTROL}/journal"
CALLS = f"{JOURNAL}/calls"


@pytest.fixture
def busy(mock: Mock, control: Client) -> Mock:
    """A mock after nine requests, a minute apart: see SEEN."""
    for client, method, path in (
        (mock.full, "GET", f"{V2}/tariffs?page_size=2"),  # 1
        (mock.basic, "GET", f"{V2}/tariffs"),
        (mock.anonymous, "GET", f"{V2}/tariffs"),  # 3: 401
        (mock.full, "GET", f"{V2}/suppliers?page_size=1"),
        (mock.full, "HEAD", f"{V2}/tariffs"),  # 5
        (mock.full, "POST", f"{V2}/tariffs"),  # 6: 405
        (mock.anonymous, "POST", f"{OAUTH}/token/"),  # 7: 400
        (mock.full, "GET", f"{V2}/tariffs/tari00000000000000000000000000"),  # 8: 404
        (mock.anonymous, "GET", "/nowhere?x=1"),  # 9: 404
    ):
        client.request(method, path)
        control.post(f"{CONTROL}/clock/advance", json={"duration_s": 60})
    return mock


def _numbers(control: Client, **filters: Any) -> list[int]:
    response = control.get(JOURNAL, query=filters)
    assert response.status == 200, response.body
    return [int(entry["request_id"].removeprefix("req")) for entry in response.json()]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ({"api": "ev-energy"}, [8, 6, 5, 4, 3, 2, 1]),
        ({"api": "ev-energy-oauth"}, [7]),
        ({"api": "control"}, []),
        ({"operation_id": "get-tariffs"}, [5, 3, 2, 1]),
        ({"operation_id": "get-*"}, []),
        ({"method": "POST"}, [7, 6]),
        ({"method": "HEAD"}, [5]),
        ({"path": "/ev-energy/v2/tariffs"}, [6, 5, 3, 2, 1]),
        ({"path": "/ev-energy/v2/tariffs*"}, [8, 6, 5, 3, 2, 1]),
        ({"path": "/ev-energy/v2/tariffs/*"}, [8]),
        ({"path": "*token*"}, [7]),
        ({"path": "*/suppliers"}, [4]),
        ({"path": "/*/*/*"}, [8, 7, 6, 5, 4, 3, 2, 1]),
        ({"path": "/nowhere"}, [9]),
        ({"path": "/ev-energy/v2/tariff?"}, []),
        ({"path": "/ev-energy/v2/[t]ariffs"}, []),
        ({"path": "/ev.energy/v2/tariffs"}, []),
        ({"path": "/EV-ENERGY/v2/tariffs"}, []),
        ({"path": "/nowhere?x=1"}, []),
        ({"status": 200}, [5, 4, 2, 1]),
        ({"status__gte": 400}, [9, 8, 7, 6, 3]),
        ({"status__lte": 401, "status__gte": 201}, [7, 3]),
        ({"status__gte": 500}, []),
        ({"since": "2026-03-18T12:07:00Z"}, [9, 8]),
        ({"until": "2026-03-18T13:01:00+01:00"}, [2, 1]),
        ({"since": "2026-03-18T12:03:00Z", "until": "2026-03-18T12:03:00Z"}, [4]),
        ({"client_id": "ev-energy-basic"}, [2]),
        ({"client_id": "ev-energy-full", "method": "GET", "status": 200}, [4, 1]),
        ({"request_id": "req000000000003"}, [3]),
        ({"request_id": "req000000000999"}, []),
        ({"limit": 2}, [9, 8]),
        ({"limit": 2, "before": "req000000000008"}, [7, 6]),
        ({"before": "req000000000001"}, []),
        ({"before": "req1000000000000"}, [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ({"limit": 1, "api": "ev-energy", "before": "req000000000005"}, [4]),
    ],
)
def test_filters(busy: Mock, control: Client, filters: dict[str, Any], expected: list[int]) -> None:
    assert _numbers(control, **filters) == expected
    if not {"limit", "before"} & filters.keys():
        calls = control.get(CALLS, query=filters).json()
        assert (calls["called"], calls["count"]) == (bool(expected), len(expected))


def test_paging_visits_everything_once(busy: Mock, control: Client) -> None:
    seen: list[int] = []
    before: dict[str, str] = {}
    while page := _numbers(control, limit=4, **before):
        seen += page
        before = {"before": f"req{page[-1]:012d}"}

    assert seen == [9, 8, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=1001", "limit=ten", "limit=", "limit=1&limit=2", "status=99", "status=600", "status=2xx",
        "status__gte=1e2", "since=yesterday", "since=2026-03-18", "since=2026-03-18T12:00:00",
        "until=2026-02-30T00:00:00Z",
        "method=get", "path=tariffs", "path=", "before=17", "request_id=1", "nope=1", "api=", "page=1",
        "api=%zz", "api=%", "api=%f", "api=%ff",
    ],
)  # fmt: skip
def test_a_bad_filter_is_400(control: Client, query: str) -> None:
    for path in (JOURNAL, CALLS):
        assert control.get(f"{path}?{query}").status == 400


@pytest.mark.parametrize("query", ["limit=1", "before=req000000000001"])
def test_counting_takes_no_page(control: Client, query: str) -> None:
    assert control.get(f"{CALLS}?{query}").status == 400


def test_was_this_called_says_when_first_and_last(busy: Mock, control: Client) -> None:
    assert control.get(CALLS, query={"operation_id": "get-tariffs", "status": 200}).json() == {
        "called": True,
        "count": 3,
        "first_at": "2026-03-18T12:00:00Z",
        "last_at": "2026-03-18T12:04:00Z",
    }
    assert control.get(CALLS, query={"operation_id": "get-root"}).json() == {
        "called": False,
        "count": 0,
        "first_at": None,
        "last_at": None,
    }


def test_an_entry_is_the_whole_exchange(mock: Mock, control: Client) -> None:
    control.put(f"{CONTROL}/clock", json={"now": "2026-03-18T12:34:56.789Z"})
    answer = mock.full.get(f"{V2}/tariffs?page_size=1", headers={"accept": "application/json"})

    entry = control.get(f"{JOURNAL}/{answer.headers['gridmock-request-id']}").json()

    assert entry == {
        "request_id": "req000000000001",
        "at": "2026-03-18T12:34:56.789000Z",
        "duration_ms": 0,
        "api": "ev-energy",
        "operation_id": "get-tariffs",
        "method": "GET",
        "path": f"{V2}/tariffs",
        "query": "page_size=1",
        "client_id": "ev-energy-full",
        "user_id": None,
        "request": {
            "headers": {"host": "127.0.0.1:8080", "authorization": "Bearer ***", "accept": "application/json"},
            "body": None,
            "body_bytes": 0,
            "body_truncated": False,
        },
        "response": {
            "status": 200,
            "headers": answer.headers,
            "body": answer.body.decode(),
            "body_bytes": len(answer.body),
            "body_truncated": False,
        },
    }


def test_requests_to_the_control_plane_are_not_in_it(control: Client) -> None:
    control.get(f"{CONTROL}/health")
    control.get(f"{CONTROL}/nope")

    assert _numbers(control) == []
    assert "gridmock-request-id" not in control.get(f"{CONTROL}/health").headers


def test_an_unknown_request_is_404(busy: Mock, control: Client) -> None:
    for request_id in ("req000000000010", "req1", "nope", "calls2", "REQ000000000001"):
        assert control.get(f"{JOURNAL}/{request_id}").status == 404


def test_clearing_forgets_and_goes_on_numbering(busy: Mock, control: Client) -> None:
    assert control.delete(JOURNAL).status == 204
    assert _numbers(control) == []
    assert busy.get("/tariffs").headers["gridmock-request-id"] == "req000000000010"
    control.post(f"{CONTROL}/reset")
    assert busy.get("/tariffs").headers["gridmock-request-id"] == "req000000000001"


@pytest.fixture(scope="module")
def small() -> Iterator[Mock]:
    """A mock that remembers three requests."""
    mock = Mock(replace(Settings(), at=NOON, speed=0.0, journal_size=3))
    mock.anonymous.headers["host"] = "127.0.0.1:8080"
    yield mock
    mock.close()


def test_only_the_latest_requests_are_kept(small: Mock) -> None:
    for _ in range(5):
        small.anonymous.get(f"{V2}/")

    assert _numbers(small.anonymous) == [5, 4, 3]
    assert small.anonymous.get(CALLS).json()["count"] == 3
    assert small.anonymous.get(f"{JOURNAL}/req000000000002").status == 404


def test_a_long_body_is_cut_and_its_length_told(mock: Mock, control: Client) -> None:
    form = b"grant_type=x&state=" + b"a" * 100_000

    control.post(f"{OAUTH}/token/", content=form, headers={"content-type": "application/x-www-form-urlencoded"})

    sent = control.get(JOURNAL).json()[0]["request"]
    assert (len(sent["body"]), sent["body_bytes"], sent["body_truncated"]) == (65_536, len(form), True)


def test_long_bodies_do_not_fill_the_memory(mock: Mock, control: Client) -> None:
    # 1 000 bodies just below the limit of 1 MiB would be 1 GB; what is shown of each is 64 KiB.
    form = b"grant_type=x&state=" + b"a" * 1_000_000

    control.post(f"{OAUTH}/token/", content=form, headers={"content-type": "application/x-www-form-urlencoded"})

    (entry,) = mock.runtime.journal
    assert len(entry.request.body) <= 65_536


def test_what_is_not_utf_8_is_replaced(control: Client) -> None:
    control.post(f"{OAUTH}/token/", content=b"\xff\xfe", headers={"content-type": "application/json", "x-a": "\xe9"})

    sent = control.get(JOURNAL).json()[0]["request"]
    assert sent["body"] == "��"
    assert sent["headers"]["x-a"] == "\xe9"


# --- secrets

SECRET = "S3CRET"  # in everything that must not be shown
BASIC = base64.b64encode(b"client:S3CRET").decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": f"Bearer {SECRET}"},
        {"authorization": f"Basic {BASIC}"},
        {"authorization": SECRET},
        {"authorization": f"{SECRET} {SECRET}"},
        {"authorization": f"Bearer\t{SECRET}"},
        {"proxy-authorization": f"Basic {BASIC}"},
        {"cookie": f"session={SECRET}"},
        {"cookie": f"session={SECRET}; other={SECRET}"},
        {"x-api-key": SECRET},
        {"x-api-key": f"{SECRET} {SECRET}"},
        {"referer": f"https://example.com/callback?code={SECRET}&state=1"},
    ],
)
def test_credentials_in_headers_are_masked(control: Client, headers: dict[str, str]) -> None:
    control.get(f"{V2}/tariffs", headers=headers)

    text = control.get(JOURNAL).body.decode()
    assert SECRET not in text
    assert BASIC not in text
    assert "***" in text


@pytest.mark.parametrize(
    "name",
    ["access_token", "refresh_token", "client_secret", "code", "code_verifier", "token", "password", "api_key"],
)
@pytest.mark.parametrize("written", ["{}", "%{:02x}"], ids=["plain", "percent-encoded"])
def test_secrets_in_queries_and_bodies_are_masked(control: Client, name: str, written: str) -> None:
    spelled = written.format(ord(name[0]) if "%" in written else name) + (name[1:] if "%" in written else "")
    form = f"grant_type=nope&{spelled}={SECRET}&x=1"
    for content_type in (
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded; charset=utf-8",
        "Application/X-WWW-Form-URLencoded",
        "text/plain",  # refused, but read and remembered
        "",
    ):
        control.post(
            f"{OAUTH}/token/?{spelled}={SECRET}", content=form.encode(), headers={"content-type": content_type}
        )
        text = control.get(JOURNAL, query={"limit": 1}).body.decode()
        assert SECRET not in text, content_type
        assert "grant_type=nope" in text, "the rest is shown"


@pytest.mark.parametrize(
    "body",
    [
        f'{{"client_secret": "{SECRET}"}}',
        f'{{"a": [{{"token": "{SECRET}"}}]}}',
        f'{{"token": "{SECRET}',
        f'{{"token": "x\\"{SECRET}"',
        f'{{"token": ["{SECRET}"]}}',
        f'{{"client\\u005fsecret": "{SECRET}"}}',
        f'{{"token" : "{SECRET}"}} trailing',
    ],
)
def test_secrets_in_json_are_masked_even_if_it_is_broken(control: Client, body: str) -> None:
    control.post(f"{OAUTH}/token/", content=body.encode(), headers={"content-type": "application/json"})

    assert SECRET not in control.get(JOURNAL).body.decode()


def test_nothing_of_an_oauth_dance_is_shown(control: Client) -> None:
    application = control.get(f"{CONTROL}/applications/ev-energy-full").json()
    user_id = control.get(f"{CONTROL}/users").json()[0]["user_id"]
    client = {"client_id": application["client_id"], "client_secret": application["client_secret"]}
    consent = {
        "client_id": client["client_id"],
        "response_type": "code",
        "redirect_uri": "https://example.com/callback",
    }
    location = control.post(
        f"{OAUTH}/authorize/", form={**consent, "user_id": user_id, "decision": "allow", "state": "kept"}
    ).headers["location"]
    code = location.partition("code=")[2].partition("&")[0]
    redeem = {"grant_type": "authorization_code", "code": code, "redirect_uri": consent["redirect_uri"], **client}
    first = control.post(f"{OAUTH}/token/", form=redeem).json()
    refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], **client}
    second = control.post(f"{OAUTH}/token/", form=refresh).json()
    control.get(f"{V2}/tariffs", headers={"authorization": f"Bearer {second['access_token']}"})
    control.get(f"{V2}/tariffs?token={second['access_token']}")
    control.post(f"{OAUTH}/revoke_token/", form={"token": second["access_token"], **client})

    response = control.get(JOURNAL)

    text = response.body.decode()
    secrets = [code, client["client_secret"], *(answer[name] for answer in (first, second) for name in ("access_token", "refresh_token"))]  # fmt: skip  # noqa: E501
    assert not [secret for secret in secrets if secret in text or quote(secret) in text]
    assert len(response.json()) == 6
    assert "state=kept" in text
    assert user_id in text
