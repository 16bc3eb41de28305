"""`gridmock listen`: what arrives is shown, judged by the contract's webhooks, and answered."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from contract_tests import contract
from contract_tests.contract import ContractError
from contract_tests.listen import listen
from contract_tests.receiver import Delivery, Receiver
from contract_tests.report import deliveries
from contract_tests.webhooks import Webhooks
from tests.contract_tests.conftest import DESK_SPEC

KEY = "not-a-real-key"
PATH = "/api/v1/chargers/5f1d/set-charging-profile"
HEADERS = {"content-type": "application/json", "secret": KEY, "x-functions-key": KEY}
NOON = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)


def profile(**schedule: Any) -> dict[str, Any]:
    steps = [{"startPeriod": 0, "limit": 11040}, {"startPeriod": 3913, "limit": 0}]
    return {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": 31,
            "transactionId": 880142,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "startSchedule": "2026-03-18T17:42:10Z",
                "chargingRateUnit": "W",
                "chargingSchedulePeriod": steps,
                **schedule,
            },
        },
    }


def delivery(
    body: Any = None, path: str = PATH, method: str = "POST", headers: Mapping[str, str] = HEADERS
) -> Delivery:
    sent = body if isinstance(body, bytes) else json.dumps(profile() if body is None else body).encode()
    return Delivery(NOON, method, path, headers, sent)


@pytest.fixture(scope="module")
def webhooks() -> Webhooks:
    return Webhooks(contract.named("stekker"), KEY)


def wrong(webhooks: Webhooks, sent: Delivery) -> list[str]:
    webhook = webhooks.of(sent)
    assert webhook
    return [flaw.message for flaw in webhooks.flaws(webhook, sent)]


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in HEADERS.items() if key != name}


def test_a_profile_as_the_contract_says_is_right(webhooks: Webhooks) -> None:
    assert wrong(webhooks, delivery()) == []


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (delivery(headers=without("secret")), "the header secret is missing"),
        (delivery(headers=without("x-functions-key")), "the header x-functions-key is missing"),
        (delivery(headers=HEADERS | {"secret": "guess"}), "the header secret does not hold the key"),
        (delivery(headers=HEADERS | {"authorization": "Bearer x"}), "the header Authorization is sent"),
        (delivery(headers=without("content-type")), "no Content-Type instead of application/json"),
        (delivery(method="PUT"), "PUT instead of POST"),
        (delivery(b"{connectorId: 1}"), "the body is no JSON"),
        (delivery(b'{"connectorId": NaN}'), "NaN is no JSON number"),
        (delivery(profile(chargingRateUnit="kW")), "body at #/csChargingProfiles/chargingSchedule/chargingRateUnit"),
        (delivery({"connectorId": 1, "transactionId": 2}), '"csChargingProfiles" is a required property'),
    ],
)
def test_what_is_wrong_is_said(sent: Delivery, message: str, webhooks: Webhooks) -> None:
    (flaw,) = wrong(webhooks, sent)
    assert message in flaw
    assert KEY not in flaw


def test_a_flaw_names_the_place_of_the_contract(webhooks: Webhooks) -> None:
    sent = delivery(profile(chargingSchedulePeriod=[{"startPeriod": 0, "limit": -1}]))
    webhook = webhooks.of(sent)
    assert webhook
    (flaw,) = webhooks.flaws(webhook, sent)
    file, line, pointer = flaw.where.split(":")
    assert pointer == " #/components/schemas/ChargingSchedulePeriod/properties/limit"
    assert "limit:" in Path(file).read_text("utf-8").splitlines()[int(line) - 1]


def test_an_empty_header_breaks_its_schema(webhooks: Webhooks) -> None:
    (flaw,) = wrong(Webhooks(contract.named("stekker")), delivery(headers=HEADERS | {"secret": ""}))
    assert flaw == "the header secret breaks minLength"


def test_a_webhook_is_known_by_the_end_of_its_path_else_by_its_body(webhooks: Webhooks) -> None:
    assert webhooks.of(delivery({}))
    assert webhooks.of(delivery(path="/hooks/7"))
    assert webhooks.of(delivery({}, path="/hooks/7")) is None
    assert webhooks.of(delivery(b"", path="/favicon.ico", method="GET")) is None


SIGNED = {
    "id": "evt_1",
    "event": "charge_point.connected",
    "timestamp": "2026-03-18T12:00:00Z",
    "data": {"charge_point_id": "CP-1"},
}
SIGNATURE = "sha256=" + hmac.new(KEY.encode(), json.dumps(SIGNED).encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("key", "signature", "message"),
    [
        (KEY, SIGNATURE, None),
        ("", SIGNATURE, None),
        ("", None, None),
        (KEY, None, "the header X-Dynamo-Signature is missing"),
        ("another", SIGNATURE, "the header X-Dynamo-Signature is not the signature of this body with the key"),
        (KEY, SIGNATURE.upper(), "the header X-Dynamo-Signature is not the signature of this body with the key"),
        ("", SIGNATURE[:-1], "the header X-Dynamo-Signature breaks pattern"),
    ],
)
def test_a_signature_is_judged_with_the_key(key: str, signature: str | None, message: str | None) -> None:
    headers = {"content-type": "application/json"} | ({"x-dynamo-signature": signature} if signature else {})
    flaws = wrong(Webhooks(contract.named("dynamo"), key), delivery(SIGNED, "/hook", headers=headers))
    assert flaws == ([] if message is None else [message])


def test_a_contract_without_webhooks_is_refused() -> None:
    with pytest.raises(ContractError, match="has no webhooks"):
        Webhooks(contract.from_file(DESK_SPEC))


def test_a_profile_is_shown_as_a_table_of_local_times_and_kilowatts() -> None:
    shown = [*deliveries.lines(delivery(), "setChargingProfile", [], ZoneInfo("Europe/Amsterdam"))]
    assert shown == [
        f"13:00:00 POST {PATH} setChargingProfile: ok",
        "   connector 1, transaction 880142",
        "   Wed 18:42:10     11.04 kW",
        "   Wed 19:47:23      0.00 kW",
    ]


@pytest.mark.parametrize("body", [{}, [], 7, profile(startSchedule="soon"), profile(chargingSchedulePeriod=[1])])
def test_what_is_no_profile_is_shown_as_it_is(body: Any) -> None:
    shown = [*deliveries.lines(delivery(body), "setChargingProfile", [])]
    assert shown[1].strip().startswith(json.dumps(body)[:20])


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(0, lambda delivery: 200 if delivery.path == "/" else 404) as running:
        yield running


def send(port: int, path: str, body: Any, headers: Mapping[str, str] = HEADERS, method: str = "POST") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, path, body=body, headers=dict(headers), encode_chunked=not isinstance(body, bytes))
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_receiver_remembers_what_came_in_order(receiver: Receiver) -> None:
    assert send(receiver.port, "/", b"one") == 200
    assert send(receiver.port, "/else?q=1", b"", method="PURGE") == 404
    assert [(one.method, one.path, one.body) for one in receiver.deliveries] == [
        ("POST", "/", b"one"),
        ("PURGE", "/else", b""),
    ]
    assert receiver.deliveries[0].headers["secret"] == KEY


def test_a_receiver_reads_bodies_in_chunks(receiver: Receiver) -> None:
    assert send(receiver.port, "/", iter([b"one", b"two"]), {"transfer-encoding": "chunked"}) == 200
    assert receiver.deliveries[0].body == b"onetwo"


@pytest.mark.parametrize(("length", "status"), [("-1", 400), ("many", 400), ("9999999", 413)])
def test_a_receiver_refuses_what_it_cannot_read(length: str, status: int, receiver: Receiver) -> None:
    assert send(receiver.port, "/", b"", {"content-length": length}) == status
    assert receiver.deliveries == []


def test_a_receiver_can_be_stopped_and_started_again(receiver: Receiver) -> None:
    send(receiver.port, "/", b"one")
    receiver.stop()
    with pytest.raises(ConnectionError):
        send(receiver.port, "/", b"lost")
    receiver.start()
    assert send(receiver.port, "/", b"two") == 200
    assert [one.body for one in receiver.deliveries] == [b"one", b"two"]


def test_a_receiver_waits_for_what_is_wanted(receiver: Receiver) -> None:
    send(receiver.port, "/", b"one")
    assert receiver.wait_for(lambda one: one.body == b"one", 0)
    assert receiver.wait_for(lambda one: one.body == b"one", 0, after=1) is None
    assert receiver.wait_for(lambda one: one.body == b"two", 0.01) is None


def listening(*words: str) -> tuple[subprocess.Popen[str], int]:
    code = "from contract_tests.listen import listen; listen()"
    process = subprocess.Popen([sys.executable, "-c", code, "--port", "0", *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    first = process.stdout.readline()
    return process, int(first.partition("127.0.0.1:")[2].partition(" ")[0])


@pytest.mark.parametrize(
    ("key", "number", "exit_code"), [(KEY, signal.SIGTERM, 0), (KEY, signal.SIGINT, 0), ("other", signal.SIGTERM, 1)]
)
def test_the_command_runs_until_a_signal(key: str, number: int, exit_code: int, folder: Path) -> None:
    process, port = listening("--key", key, "--json", "pushed.jsonl", "--status", "202")
    with process:
        assert process.stdout
        assert send(port, PATH, delivery().body) == 202
        shown = process.stdout.readline()
        process.send_signal(number)
        rest = process.stdout.read()
        assert process.wait(timeout=10) == exit_code
    assert f"POST {PATH} setChargingProfile: " in shown
    assert KEY not in shown + rest
    (record,) = map(json.loads, (folder / "pushed.jsonl").read_text("utf-8").splitlines())
    assert (record["webhook"], record["body"], record["headers"]["secret"]) == ("setChargingProfile", profile(), "***")
    assert bool(record["wrong"]) == bool(exit_code)
    assert f"1 received, {1 - exit_code} as the contract says, {exit_code} not" in rest


def test_unknown_paths_are_404_and_listed() -> None:
    process, port = listening("--once")
    with process:
        assert process.stdout
        assert send(port, "/somewhere/else", b"{}") == 404
        rest = process.stdout.read()
        assert process.wait(timeout=10) == 1
    assert "no webhook of the contract: POST /somewhere/else, 1 ×" in rest


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--api", "stekker", "--spec", "x.yaml"], "either --api NAME or --spec FILE"),
        (["--api", "ev-energy"], "has no webhooks"),
        (["--api", "stecker"], "there are"),
        (["--spec", "none.yaml"], "none.yaml"),
        (["--port", "70000"], "70000 is not in the range"),
    ],
)
def test_wrong_usage_is_exit_code_2_with_a_reason(words: list[str], message: str) -> None:
    result = CliRunner().invoke(listen, ["--port", "0", *words], catch_exceptions=False)
    assert result.exit_code == 2
    assert message in result.output.replace("\n", " ")


def test_a_taken_port_is_exit_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = CliRunner().invoke(listen, ["--port", str(taken.getsockname()[1])], catch_exceptions=False)
    assert result.exit_code == 2
    assert "Address already in use; choose another --port" in result.output
