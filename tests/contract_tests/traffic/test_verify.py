"""`gridmock verify`: what it shows, writes and returns, and that honest traffic of our own mock is right."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from contract_tests.traffic.har import Archive
from contract_tests.traffic.recorded import Recorded
from contract_tests.verify import verify
from tests.contract_tests.traffic.parcels import BASE, PARCEL, SPEC, created, got, listed, refused
from tests.mock import APP, NOON, OAUTH, STEKKER, V2, Mock
from tests.mockserver.apis.stekker.bess import steps as bess
from tests.mockserver.apis.stekker.steps import Operator, reading

SECRET = "s3cret-s3cret"


def run(*words: object) -> Result:
    result = CliRunner().invoke(verify, [*map(str, words)], catch_exceptions=False)
    assert SECRET not in result.output
    return result


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    """A HAR file of exchanges, a second from one to the next."""

    def write(*exchanges: Recorded) -> Path:
        file = tmp_path / "traffic.har"
        with Archive(file, "tests", "1") as archive:
            for number, exchange in enumerate(exchanges):
                archive.add(exchange, datetime(2026, 3, 18, 12, tzinfo=UTC) + timedelta(seconds=number), 2.0)
        return file

    return write


def wrong(number: int, **other: Any) -> Recorded:
    return got(f"/parcels/{number}", {**PARCEL, "id": "7"}, **other)


def test_right_traffic_is_exit_code_0(record: Callable[..., Path]) -> None:
    result = run("--spec", SPEC, record(listed(), created(), got(**refused())))
    assert result.exit_code == 0
    assert "3 exchanges judged, 0 violations of 0 kinds" in result.output
    assert "never seen:\n    GET /parcels/latest\n    DELETE /parcels/{parcel_id}" in result.output


def test_violations_are_told_once_for_each_cause(record: Callable[..., Path]) -> None:
    token = {"Authorization": f"Bearer {SECRET}"}
    file = record(
        got(), wrong(7, request_headers=token), wrong(8), listed(query="?limit=0"), got("/x"), got(status=418)
    )
    result = run("--spec", SPEC, "--base-url", BASE, file, "--json", "out.json")
    assert result.exit_code == 1
    first, second, third, *_ = result.output.split("\n\n")
    lines = first.splitlines()
    assert lines[0] == "GET /parcels/{parcel_id}: response breaks type"
    assert lines[1] == '    "7" is not of type "integer" (body at #/id)'
    assert lines[2].startswith(f"    contract  {SPEC}:")
    assert lines[3].startswith('    came      200 application/json: {"id": "7"')
    assert lines[4] == "    seen      2 ×, first 2026-03-18T12:00:01+00:00"
    assert lines[5] == f'    curl -i -H "Authorization: Bearer $GRIDMOCK_TOKEN" {BASE}/parcels/7'
    assert second.splitlines()[0] == "GET /parcels: request breaks minimum"
    assert "418 is not declared; there is 200, 404" in third
    assert "unknown to the contract:\n    GET /x, 1 ×" in result.output
    assert "5 exchanges judged, 4 violations of 3 kinds" in result.output

    written = json.loads(Path("out.json").read_text("utf-8"))
    assert written["base_url"] == BASE
    assert [(one["direction"], one["rule"], one["times"]) for one in written["violations"]] == [
        ("response", "type", 2),
        ("request", "minimum", 1),
        ("response", "status", 1),
    ]
    assert written["operations"][0] == {
        "operation": "GET /parcels/{parcel_id}",
        "exchanges": 4,
        "with_request_violations": 0,
        "with_response_violations": 3,
        "refused_requests": 0,
    }
    assert written["unknown"] == [{"request": "GET /x", "times": 1}]
    assert SECRET not in json.dumps(written)


def test_refused_requests_are_shown_but_count_for_nothing(record: Callable[..., Path]) -> None:
    result = run("--spec", SPEC, record(created({"name": "b", "pin": "1"}, **refused(422))))
    assert result.exit_code == 0
    assert "refused, as they should be:\n    POST /parcels: " in result.output


def test_the_base_url_is_guessed_from_all_files(record: Callable[..., Path], tmp_path: Path) -> None:
    shop = [got(url=f"http://h/shop/v9/parcels/{number}") for number in range(3)]
    other = tmp_path / "other.jsonl"
    headers = {"host": "h", "content-type": "application/json"}
    body = {"headers": headers, "body": json.dumps(PARCEL), "body_bytes": 0, "body_truncated": False}
    entry = {"method": "GET", "path": "/shop/v9/parcels/9", "api": "shop", "request": body | {"body": None}}
    other.write_text(json.dumps({**entry, "response": {**body, "status": 200}}) + "\n", "utf-8")
    result = run("--spec", SPEC, record(*shop, got(url="http://cdn/app.js")), other)
    assert result.exit_code == 0
    assert "not of this API: 1\n4 exchanges judged" in result.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Missing argument"),
        (["ev-energy"], "name the API, then the files"),
        (["ev-energie", "x.har"], "'ev-energie': there are"),
        (["ev-energy", "none.har"], "none.har cannot be read: No such file"),
        (["--spec", "none.yaml", "x.har"], "none.yaml"),
        (["--spec", str(SPEC), "--base-url", "parcels", "x.har"], "'parcels' is no base URL"),
        (["--spec", str(SPEC), "elsewhere.har"], "nothing was judged"),
        (["--spec", str(SPEC), "--base-url", "http://other.test", "elsewhere.har"], "nothing below http://other.test"),
        (["--spec", str(SPEC), "bad.jsonl"], "bad.jsonl:1: no JSON"),
        (["--spec", str(SPEC), "elsewhere.har", "--json", "no/such/folder.json"], "cannot be written"),
    ],
)
def test_what_cannot_be_verified_is_exit_code_2(words: Sequence[str], said: str, record: Callable[..., Path]) -> None:
    record(got("/letters")).rename("elsewhere.har")
    Path("bad.jsonl").write_text("oops\n", "utf-8")
    result = run(*words)
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def honest_calls(mock: Mock) -> None:
    """Some dozens of calls as honest clients make them, refused ones among them, to every public API."""
    _tariffs(mock)
    _oauth(mock)
    _charging(mock)
    _batteries(mock)


def _tariffs(mock: Mock) -> None:
    for client in (mock.full, mock.basic, mock.anonymous):
        found = client.get(f"{V2}/tariffs", query={"page_size": 3, "expand": "supplier"}).json()
        client.get(f"{V2}/suppliers", query={"page_size": 2})
    tariff = found[0] if isinstance(found, list) else mock.get("/tariffs").json()[0]
    mock.get("/")
    mock.get(f"/tariffs/{tariff['id']}")
    mock.get(f"/tariffs/{tariff['id']}/prices")
    mock.get("/tariffs/tari00000000000000000000000000")
    mock.get("/tariffs", query={"page_size": "many"})
    mock.full.request("HEAD", f"{V2}/tariffs")
    mock.full.request("OPTIONS", f"{V2}/tariffs")
    mock.full.get(f"{V2}/tariffs", headers={"accept": "text/html"})
    mock.full.post(f"{V2}/tariffs", json={})


def _oauth(mock: Mock) -> None:
    form = {"grant_type": "client_credentials", "client_id": "ev-energy-full", "client_secret": "wrong"}
    mock.anonymous.post(f"{OAUTH}/token/", form=form)
    mock.anonymous.post(f"{OAUTH}/token/", form={"grant_type": "password"})
    mock.anonymous.post(f"{OAUTH}/revoke_token/", form={"token": SECRET, "client_id": "ev-energy-full"})
    mock.anonymous.get(f"{OAUTH}/authorize/", query={"response_type": "code", "client_id": "nobody"})


def _charging(mock: Mock) -> None:
    north = Operator(mock, mock.north, "stekker-north")
    north.pair(phases=3, amps=16)
    north.status("Preparing")
    north.start(NOON)
    north.meter(reading(NOON, 1000))
    mock.runtime.clock.set(NOON + timedelta(hours=1))
    north.stop(NOON + timedelta(hours=1), 9000)
    north.cdr()
    north.cdr("nobody")
    north.wish(departure_time="07:30")
    north.set_site(20_000, ["cp"])
    north.measure(NOON, 3.5)
    north.shown("/sessions")
    north.shown("/charge-points")
    mock.anonymous.get(f"{APP}/organizations")
    mock.south.get(f"{STEKKER}/market_price_forecast", query={"region": "NL-900"})
    mock.prices.get(f"{STEKKER}/market_price_forecast", query={"region": "NL-900"})
    mock.north.post(f"{STEKKER}/events", content=b"{", headers={"content-type": "application/json"})


def _batteries(mock: Mock) -> None:
    battery = bess.battery(mock.north)
    path = f"/batteries/{battery['id']}"
    bess.send(mock.north, "GET", "/batteries")
    bess.send(mock.north, "GET", path)
    bess.send(mock.south, "GET", path)
    bess.send(mock.north, "PATCH", path, {"name": "Attic"})
    bess.send(mock.north, "POST", "/sensors", {"name": "x"})
    bess.send(mock.north, "GET", f"{path}/schedules")
    bess.send(mock.north, "DELETE", path)
    bess.send(mock.north, "GET", path)


@pytest.mark.parametrize("api", ["ev-energy", "ev-energy-oauth", "stekker", "stekker-bess"])
def test_honest_traffic_of_our_own_mock_is_right(api: str, mock: Mock) -> None:
    honest_calls(mock)
    entries = [entry.as_json() for entry in mock.runtime.journal]
    mine = [entry for entry in entries if entry["api"] == api]
    Path("journal.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries), "utf-8")
    result = run(api, "journal.jsonl")
    assert result.exit_code == 0, result.output
    judged = int(result.output.rpartition(" exchanges judged")[0].split()[-1])
    unknown = sum(1 for entry in mine if entry["operation_id"] is None)
    assert len(mine) >= 4
    assert judged >= len(mine) - unknown - 1  # of HEAD, which the mock does not know


def test_a_defect_in_the_journal_is_found(mock: Mock) -> None:
    honest_calls(mock)
    entries = [entry.as_json() for entry in mock.runtime.journal if entry.api == "ev-energy"]
    (one,) = [entry for entry in entries if entry["path"].endswith("/prices")]
    one["response"]["body"] = one["response"]["body"].replace('"start', '"begin', 1)
    Path("journal.json").write_text(json.dumps(entries), "utf-8")
    result = run("ev-energy", "journal.json")
    assert result.exit_code == 1
    assert "GET /tariffs/{tariff_id}/prices: response breaks" in result.output
