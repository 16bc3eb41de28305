"""Recordings of browsers, proxies and of our own journal, read as they come."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contract_tests import contract
from contract_tests.exchange import Exchange
from contract_tests.traffic import har
from contract_tests.traffic.har import Archive
from contract_tests.traffic.recorded import Recorded
from contract_tests.traffic.recordings import RecordingError, samples
from contract_tests.traffic.secrets import Censor
from tests.contract_tests.traffic.parcels import BASE, SPEC, created, got, listed

NOON = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)
SECRET = "s3cret-s3cret"


def entry(request: dict[str, Any] | None = None, response: dict[str, Any] | None = None) -> dict[str, Any]:
    """An entry as Chrome writes it over HTTP/2, without what nobody reads."""
    asked = {"method": "GET", "url": f"{BASE}/parcels#top", "headers": [{"name": ":path", "value": "/v3/parcels"}]}
    content = {"size": 2, "mimeType": "application/json", "text": "[]"}
    answered = {"status": 200, "headers": [{"name": "x-total", "value": "0"}], "content": content, "bodySize": -1}
    return {"startedDateTime": "2026-03-18T12:00:00.000Z", "request": asked | (request or {}),
            "response": answered | (response or {})}  # fmt: skip


def content(**members: Any) -> dict[str, Any]:
    return {"content": {"size": 5, "mimeType": "application/json", **members}}


def test_an_entry_of_a_browser() -> None:
    headers = [{"name": "Cookie", "value": "a=1"}, {"name": "cookie", "value": "b=2"}, {"name": "Accept", "value": "x"}]
    read = har.exchange(entry({"headers": headers, "postData": {"mimeType": "text/plain", "text": "zürück"}}))
    assert (read.method, read.url, read.status) == ("GET", f"{BASE}/parcels", 200)
    assert read.request_headers == {"Cookie": "a=1; b=2", "Accept": "x"}
    assert read.response_headers == {"x-total": "0"}
    assert (read.request_body, read.response_body) == ("zürück".encode(), b"[]")
    assert (read.unread, read.censored) == ({}, True)


@pytest.mark.parametrize(
    ("request_", "response", "sent", "answered", "unread"),
    [
        ({}, content(text="[1,2]"), None, b"[1,2]", {}),
        ({}, content(text=base64.b64encode(b"\xff\x00abc").decode(), encoding="base64"), None, b"\xff\x00abc", {}),
        ({}, content(), None, None, {"response body"}),
        ({}, content(text=""), None, None, {"response body"}),
        ({}, content(text="[1"), None, b"[1", {"response body"}),
        ({}, {"content": {"size": 0, "mimeType": "x-unknown"}}, None, None, set()),
        ({}, {"content": {"size": 0, "mimeType": "x-unknown"}, "bodySize": 99}, None, None, {"response body"}),
        ({"bodySize": 3}, {}, None, b"[]", {"request body"}),
        ({"postData": {"mimeType": "x/y", "params": []}, "bodySize": 3}, {}, None, b"[]", {"request body"}),
        ({"postData": {"mimeType": "x/y", "text": "ab"}, "bodySize": 3}, {}, b"ab", b"[]", {"request body"}),
        (
            {"postData": {"mimeType": "application/x-www-form-urlencoded", "params": [{"name": "a b", "value": "ü"}]}},
            {},
            b"a+b=%C3%BC",
            b"[]",
            set(),
        ),
    ],
)
def test_bodies_are_read_as_far_as_they_were_kept(
    request_: dict[str, Any], response: dict[str, Any], sent: bytes | None, answered: bytes | None, unread: set[str]
) -> None:
    read = har.exchange(entry(request_, response))
    assert (read.request_body, read.response_body, {*read.unread}) == (sent, answered, {*unread})


EXCHANGES = [
    listed(query="?q=%C3%BC&q=2"),
    created(),
    created(b"\xff\xfe", request_headers={"content-type": "application/pdf"}),
    got(body="honest \ufffd".encode(), response_headers={"content-type": "text/plain"}),
    got(body=b"\x00\xff", response_headers={"content-type": "image/png"}),
    got(body=None, status=0, response_headers={}),
    got(body=b"{", unread={"response body": "it was cut"}),
    created(b"{", unread={"request body": "it was cut"}),
]


@pytest.mark.parametrize("number", range(len(EXCHANGES)))
def test_what_is_written_is_read_again(number: int, tmp_path: Path) -> None:
    file, exchange = tmp_path / "written.har", EXCHANGES[number]
    with Archive(file, "tests", "1") as archive:
        archive.add(exchange, NOON, 1.5, "a comment")
    (sample,) = samples(file)
    read = sample.exchange
    assert sample.at == "2026-03-18T12:00:00+00:00"
    assert {**read.unread}.keys() == {**exchange.unread}.keys()
    for name in ("method", "url", "request_headers", "request_body", "status", "response_headers", "response_body"):
        assert getattr(read, name) == getattr(exchange, name)


def test_an_archive_without_exchanges_is_one(tmp_path: Path) -> None:
    Archive(tmp_path / "empty.har", "tests", "1").close()
    assert [*samples(tmp_path / "empty.har")] == []


def journal(**members: Any) -> dict[str, Any]:
    message = {"headers": {"host": "h:1"}, "body": None, "body_bytes": 0, "body_truncated": False}
    base = {"at": "2026-03-18T12:00:00Z", "api": "parcels", "method": "GET", "path": "/v3/parcels", "query": "q=1"}
    return {**base, "request": message, "response": {"status": 200, **message, "body": "[]"}, **members}


def message(**members: Any) -> dict[str, Any]:
    return {"status": 200, "headers": {}, "body": "x", "body_bytes": 1, "body_truncated": False, **members}


def test_an_entry_of_the_journal(tmp_path: Path) -> None:
    text = json.dumps(journal())
    pretty = json.dumps(journal(), indent=2)
    for number, written in enumerate((text, f"\ufeff{text}\n\n{text}\n", f"[{text}]", f"[\n{text}\n]", pretty, "[]")):
        file = tmp_path / f"{number}.json"
        file.write_text(written, "utf-8")
        read = [*samples(file)]
        assert len(read) == (1, 2, 1, 1, 1, 0)[number]
        assert {(sample.exchange.url, sample.api, sample.at) for sample in read} <= {
            ("http://h:1/v3/parcels?q=1", "parcels", "2026-03-18T12:00:00Z")
        }


@pytest.mark.parametrize(
    "response",
    [
        message(body_truncated=True, body_bytes=99_999),
        message(body=None, body_bytes=9),
        message(body="***"),
        message(body="\ufffdPNG"),
    ],
)
def test_a_journal_tells_which_bodies_it_did_not_keep(response: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "j.jsonl").write_text(json.dumps(journal(response=response)), "utf-8")
    (sample,) = samples(tmp_path / "j.jsonl")
    assert "response body" in sample.exchange.unread


def test_a_connection_that_a_fault_cut_has_no_answer(tmp_path: Path) -> None:
    (tmp_path / "j.jsonl").write_text(json.dumps(journal(response=None)), "utf-8")
    (sample,) = samples(tmp_path / "j.jsonl")
    assert (sample.exchange.status, sample.exchange.response_body) == (0, None)


GOOD = json.dumps(journal())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{GOOD}\n{{oops\n", ":2: no JSON"),
        (f"{GOOD}\n\n[1]\n", ":3: an object is wanted, not list"),
        (f'{GOOD}\n{{"path": "/"}}\n', ":2: 'request' is missing"),
        ("", ":1: no JSON"),
        ("<har/>", ":1: no JSON"),
        ('{\n"log": {\n"entries": [}', ":3: no JSON"),
        ('{"log": {}}', "no list at #/log/entries"),
        ('{"log": 7}', "no list at #/log/entries"),
        ("7", "no list at #/log/entries"),
        ('{"log": {"entries": [7]}}', "#/log/entries/0: an object is wanted, not int"),
        ('{"log": {"entries": [{"request": {}}]}}', "#/log/entries/0: 'response' is missing"),
        (json.dumps({"log": {"entries": [entry(response={"status": "many"})]}}), "#/log/entries/0: is no recorded"),
        (json.dumps({"log": {"entries": [entry({"headers": 7})]}}), "#/log/entries/0: is no recorded"),
        (json.dumps({"log": {"entries": [entry(response=content(text="?", encoding="base64"))]}}), "entries/0: is no"),
        (f"[{GOOD}, null]", "#/1: an object is wanted"),
        ("[" * 100_000, "nested too deeply"),
        (f"{GOOD}\n{'[' * 100_000}", ":2: no JSON"),
    ],
)
def test_a_bad_recording_is_refused_with_its_place(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.har"
    file.write_text(text, "utf-8")
    with pytest.raises(RecordingError) as refusal:
        [*samples(file)]
    assert str(refusal.value).startswith(str(file))
    assert said in str(refusal.value)


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "zip.har").write_bytes(b"PK\xff\xfe")
    with pytest.raises(RecordingError, match="no text in UTF-8"):
        [*samples(tmp_path / "zip.har")]
    with pytest.raises(RecordingError, match="cannot be read: No such file"):
        [*samples(tmp_path / "none.har")]
    with pytest.raises(RecordingError, match="cannot be read: Is a directory"):
        [*samples(tmp_path)]


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECRETS = {
    "a bearer token": got(request_headers={"Authorization": f"Bearer {SECRET}"}),
    "a token without a scheme": got(request_headers={"AUTHORIZATION": SECRET}),
    "a cookie": got(request_headers={"Cookie": f"a=1; session={SECRET}"}),
    "a cookie set": got(response_headers={"Set-Cookie": f"session={SECRET}; Path=/"}),
    "an API key": got(request_headers={"x-api-key": SECRET}),
    "an API key of the contract": got(request_headers={"X-Parcel-Secret": SECRET}),
    "a token in the query": got(f"/parcels/7?access%5Ftoken={SECRET}&x=1"),
    "a code in a redirect": got(response_headers={"Location": f"https://a.test/back?code={SECRET}&state=1"}),
    "a form": created(f"grant_type=x&client_secret={SECRET}".encode(), request_headers=FORM),
    "an encoded secret": created(f"password={SECRET}%21".encode(), request_headers=FORM),
    "JSON": got(body={"inner": [{"access_token": SECRET, "refresh_token": None}]}),
    "escaped JSON": got(body=b'{"access\\u005ftoken": "' + SECRET.encode() + b'"}'),
    "broken JSON": got(body=f'{{"access_token": "{SECRET}"'.encode()),
    "an echo": got(body={"you_sent": f"<{SECRET}>"}, request_headers={"Authorization": f"Bearer {SECRET}"}),
    "an echo in bytes": got(body=b"\xff" + SECRET.encode(), request_headers={"Authorization": f"Bearer {SECRET}"}),
    "an echo in a header": got(request_headers={"x-api-key": SECRET}, response_headers={"X-Key": SECRET}),
}


@pytest.mark.parametrize("name", SECRETS)
def test_no_secret_is_shown(name: str) -> None:
    masked, credentials = Censor(contract.from_file(SPEC)).masked(SECRETS[name])
    assert SECRET in repr(SECRETS[name])
    assert SECRET not in repr(masked)
    assert "***" in repr(masked)
    assert masked.censored
    assert SECRET not in credentials.mask(f"it was {SECRET}!") or name == "broken JSON"


@pytest.mark.parametrize(
    "exchange", [listed(query="?code_page=1&limit=2"), created(), got(body={"code": "NL", "tokens": 3})]
)
def test_what_is_no_secret_stays(exchange: Recorded) -> None:
    masked, _ = Censor(contract.from_file(SPEC)).masked(exchange)
    assert masked.exchange("") == exchange.exchange("")
    assert isinstance(masked.exchange("GET /x"), Exchange)
