"""Commissioning: the checks step by step, what each fails of, what helps, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import accumulate
from typing import Any

import pytest

from mockserver.apis.dynamo.commissioning_runs import RUN, STEPS
from mockserver.apis.dynamo.commissioning_templates import TEMPLATES
from mockserver.apis.dynamo.seed import HARBOUR
from tests.asgi import Response
from tests.mock import CONTROL
from tests.mockserver.apis.dynamo.steps import (
    BASE,
    NOBODY,
    OPERATIONS,
    Office,
    Wire,
    body_of,
    put_up,
    refused,
    said,
    send,
)

POINT = "CP-QUAY-03"
HERE = f"/installer/commissioning/{POINT}"
BACKSTAGE = f"/_mock/dynamo/charge-points/{POINT}"
OTHER_TEMPLATE = "tpl_uk_public_22kw"
COMMISSIONING = [each for each in OPERATIONS.values() if each.tag == "Commissioning"]


@pytest.fixture
def project(office: Office) -> str:
    """The id of a project with a charge point that waits for its commissioning."""
    body = {"name": "Quayside", "address": "Albion Road", "site_owner_email": "estates@quayside.example"}
    project_id = str(said(send(office.installer, "POST", "/installer/projects", body), 201)["id"])
    put_up(office, project_id, POINT, commissioned=False)
    return project_id


def start(office: Office, **body: Any) -> Response:
    return send(office.installer, "POST", f"{HERE}/start", body)


def status(office: Office) -> Wire:
    found: Wire = said(send(office.installer, "GET", f"{HERE}/status"))
    return found


def apply(office: Office, template_id: str = OTHER_TEMPLATE) -> Response:
    return send(office.installer, "POST", f"{HERE}/apply-template", {"template_id": template_id})


def commission(office: Office) -> Response:
    return send(office.installer, "POST", f"/installer/charge-points/{POINT}/commission")


def logs(office: Office, query: str = "") -> Wire:
    found: Wire = said(send(office.installer, "GET", f"{HERE}/logs{query}"))
    return found


def diagnostics(office: Office) -> Wire:
    found: Wire = said(send(office.installer, "GET", f"{HERE}/diagnostics"))
    return found


def states(run: Wire) -> list[str]:
    return [each["status"] for each in run["steps"]]


def order(office: Office, action: str, **answer: Any) -> None:
    """Have the charge point answer an action in a certain way, once."""
    said(office.anonymous.post(f"{BACKSTAGE}/answers", json={"action": action, **answer}), 201)


def connect(office: Office, *, online: bool) -> None:
    said(office.anonymous.put(BACKSTAGE, json={"online": online}))


def show(office: Office, connector_status: str) -> None:
    said(office.anonymous.put(f"{BACKSTAGE}/connectors/1", json={"status": connector_status}))


@pytest.mark.usefixtures("project")
def test_a_run_goes_on_with_the_time(office: Office) -> None:
    answer = send(office.installer, "POST", f"{HERE}/start")
    begun = said(answer, 202)
    assert begun == {
        "charge_point_id": POINT,
        "session_id": begun["session_id"],
        "status": "running",
        "template_id": "tpl_public_22kw",
        "started_at": "2026-03-18T12:00:00Z",
        "completed_at": None,
        "estimated_duration_seconds": sum(STEPS.values()),
        "steps": [{"name": name, "status": "pending"} for name in STEPS],
    }
    for number, takes_s in enumerate(STEPS.values()):
        office.advance(timedelta(seconds=1))
        passed, pending = ["passed"] * number, ["pending"] * (len(STEPS) - number - 1)
        assert states(status(office)) == [*passed, "running", *pending]
        office.advance(timedelta(seconds=takes_s - 1))
        assert states(status(office)) == [*passed, "passed", *pending]
        assert status(office)["status"] == ("running" if pending else "passed")
    assert status(office)["completed_at"] == "2026-03-18T12:03:00Z"


@pytest.mark.usefixtures("project")
def test_the_test_transaction_can_be_left_out(office: Office) -> None:
    said(start(office), 202)
    office.advance(timedelta(minutes=3))
    show(office, "Faulted")
    begun = said(start(office, skip_test_transaction=True), 202)
    assert (states(begun)[-1], begun["estimated_duration_seconds"]) == ("skipped", 120)
    office.advance(timedelta(minutes=2))
    run = status(office)
    assert (run["status"], states(run)) == ("passed", ["passed", "passed", "passed", "skipped"])
    assert logs(office)["logs"][1]["message"] == "Left out."


FAILURES: dict[str, tuple[Callable[[Office], None], Wire, str, str]] = {
    "offline": (lambda office: connect(office, online=False), {}, "connectivity", "not connected"),
    "no heartbeat": (
        lambda office: order(office, "TriggerMessage", payload={"status": "Rejected"}), {}, "heartbeat", "Rejected"
    ),
    "silent": (lambda office: order(office, "TriggerMessage", silent=True), {}, "heartbeat", "Timeout"),
    "unreadable": (
        lambda office: order(office, "GetConfiguration", error={"code": "InternalError", "description": "Full"}),
        {}, "configuration", "GetConfiguration",
    ),
    "keys unknown": (
        lambda office: order(office, "GetConfiguration", payload={"configurationKey": []}),
        {}, "configuration", "HeartbeatInterval is not known",
    ),
    "configured otherwise": (
        lambda office: None, {"template_id": OTHER_TEMPLATE}, "configuration", "ConnectionTimeOut is 60, and not 120"
    ),
    "out of order": (lambda office: show(office, "Faulted"), {}, "test_transaction", "Connector 1 is Faulted"),
    "in use": (lambda office: show(office, "Charging"), {}, "test_transaction", "Connector 1 is Charging"),
}  # fmt: skip


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("name", FAILURES)
def test_a_step_that_fails_ends_the_run(office: Office, name: str) -> None:
    spoil, body, failed, why = FAILURES[name]
    spoil(office)
    said(start(office, **body), 202)
    takes_s = [*accumulate(STEPS.values())][[*STEPS].index(failed)]
    office.advance(timedelta(seconds=takes_s - 1))
    assert (status(office)["status"], "failed" in states(status(office))) == ("running", False)
    office.advance(timedelta(seconds=1))
    run, number = status(office), [*STEPS].index(failed)
    assert states(run) == ["passed"] * number + ["failed"] + ["skipped"] * (len(STEPS) - number - 1)
    assert (run["status"], run["completed_at"]) == ("failed", f"2026-03-18T12:0{takes_s // 60}:{takes_s % 60:02}Z")
    found = [each for each in logs(office)["logs"] if each["level"] == "error" and each["step"]]
    assert {each["step"] for each in found} == {failed}
    assert any(why in each["message"] for each in found)
    refused(commission(office), 409, "commissioning_not_passed")
    assert failed in refused(commission(office), 409, "commissioning_not_passed")["message"]


def test_it_passes_once_the_template_is_applied(office: Office, project: str) -> None:
    said(start(office, template_id=OTHER_TEMPLATE), 202)
    office.advance(timedelta(minutes=2))
    assert status(office)["status"] == "failed"
    applied = said(apply(office))
    wanted = next(each for each in TEMPLATES if each.id == OTHER_TEMPLATE).keys
    assert [(each["key"], each["value"]) for each in applied["results"]] == [*wanted.items()]
    assert {each["key"]: each["status"] for each in applied["results"]} == {
        key: "RebootRequired" if key == "WebSocketPingInterval" else "Accepted" for key in wanted
    }
    query = {"action": "ChangeConfiguration", "charge_point_id": POINT}
    sent = said(office.anonymous.get("/_mock/dynamo/ocpp-messages", query=query))
    assert [(each["payload"]["key"], each["payload"]["value"]) for each in reversed(sent)] == [*wanted.items()]
    assert status(office)["status"] == "failed"  # it starts no new run
    second = said(start(office, template_id=OTHER_TEMPLATE), 202)
    office.advance(timedelta(minutes=3))
    assert (status(office)["session_id"], status(office)["status"]) == (second["session_id"], "passed")
    said(commission(office))
    assert said(send(office.installer, "GET", f"/installer/projects/{project}"))["status"] == "completed"


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("state", RUN.states)
@pytest.mark.parametrize("play", ["start", "apply", "commission"])
def test_what_the_last_run_permits_is_as_declared(office: Office, state: str, play: str) -> None:
    said(start(office, **({"template_id": OTHER_TEMPLATE} if state == "failed" else {})), 202)
    if state != "running":
        office.advance(timedelta(minutes=3))
    assert status(office)["status"] == state
    plays = {"start": start, "apply": apply, "commission": commission}
    rule, before = RUN.transitions["put_into_service" if play == "commission" else "start_another"], office.written()
    response = plays[play](office)
    if state in rule.sources:
        assert response.status in (200, 202), response.body
    else:
        error = refused(response, 409, rule.refusals[state].code)
        assert status(office)["session_id"] in error["message"]
        assert office.written() == before


@pytest.mark.usefixtures("project")
def test_what_is_in_service_is_not_checked_again(office: Office) -> None:
    said(start(office), 202)
    office.advance(timedelta(minutes=3))
    said(commission(office))
    before = office.written()
    refused(start(office), 409, "already_commissioned")
    refused(apply(office), 409, "already_commissioned")
    of_world = send(office.installer, "POST", "/installer/commissioning/london-hub-001/start")
    refused(of_world, 409, "already_commissioned")
    assert office.written() == before


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize(
    ("answer", "code", "expected"),
    [
        ({"silent": True}, 504, "charge_point_timeout"),
        ({"error": {"code": "InternalError", "description": "Full"}}, 502, "charge_point_rejected"),
        ({"error": {"code": "NotImplemented", "description": ""}}, 502, "charge_point_rejected"),
    ],
)
def test_a_template_that_cannot_be_applied_is_refused(office: Office, answer: Wire, code: int, expected: str) -> None:
    refused(apply(office), 409, "charge_point_offline")  # not put up yet
    connect(office, online=True)
    order(office, "ChangeConfiguration", **answer)
    refused(apply(office), code, expected)


@pytest.mark.usefixtures("project")
def test_a_key_that_is_rejected_is_told(office: Office) -> None:
    connect(office, online=True)
    order(office, "ChangeConfiguration", payload={"status": "Rejected"})
    assert [each["status"] for each in said(apply(office))["results"]][:2] == ["Rejected", "Accepted"]


@pytest.mark.usefixtures("project")
def test_templates_are_those_that_there_are(office: Office) -> None:
    before = office.written()
    for response in (start(office, template_id="tpl_nothing"), apply(office, "tpl_nothing")):
        assert OTHER_TEMPLATE in refused(response, 404, "not_found")["message"]
    refused(start(office, template_id="nothing"), 422, "validation_error")
    refused(start(office, skip_test_transaction="yes"), 422, "validation_error")
    assert office.written() == before


@pytest.mark.parametrize(
    ("vendor", "model", "template_id"),
    [
        ("ABB", "Terra AC W22", "tpl_public_22kw"),
        ("Ohme", "Home Pro", "tpl_public_7kw"),
        ("alpitronic", "HYC400", "tpl_hub_dc"),
        ("Nobody", "Whatever", "tpl_public_22kw"),
    ],
)
def test_each_model_has_a_template_that_it_fits_as_it_comes(
    office: Office, project: str, vendor: str, model: str, template_id: str
) -> None:
    body = {"charge_point_id": "CP-9", "project_id": project, "vendor": vendor, "model": model, "serial_number": "1"}
    said(send(office.installer, "POST", "/installer/charge-points", body), 201)
    run = said(send(office.installer, "POST", "/installer/commissioning/CP-9/start"), 202)
    assert run["template_id"] == template_id
    office.advance(timedelta(minutes=3))
    assert said(send(office.installer, "GET", "/installer/commissioning/CP-9/status"))["status"] == "passed"


@pytest.mark.usefixtures("project")
def test_logs_tell_of_all_runs_newest_first_and_page_by_page(office: Office) -> None:
    assert logs(office) == {"logs": [], "total": 0, "limit": 50, "offset": 0}
    first = said(start(office), 202)["session_id"]
    assert [each["message"] for each in logs(office)["logs"]] == ["Started with template tpl_public_22kw."]
    office.advance(timedelta(seconds=20))
    assert [each["step"] for each in logs(office)["logs"]] == ["connectivity", None]
    office.advance(timedelta(minutes=3))
    connect(office, online=False)
    second = said(start(office), 202)["session_id"]
    office.advance(timedelta(minutes=3))
    found = logs(office)
    sessions = [each["session_id"] for each in found["logs"]]
    assert sessions == [second] * (found["total"] - 6) + [first] * 6
    times = [each["timestamp"] for each in found["logs"]]
    assert times == sorted(times, reverse=True)
    assert found["logs"][0]["message"] == "The charge point has failed."
    assert logs(office, "?limit=2&offset=3")["logs"] == found["logs"][3:5]
    refused(send(office.installer, "GET", f"{HERE}/logs?limit=201"), 422, "validation_error")


@pytest.mark.usefixtures("project")
def test_diagnostics_are_what_was_last_read(office: Office) -> None:
    assert diagnostics(office) == {
        "charge_point_id": POINT,
        "is_connected": False,
        "last_heartbeat_at": None,
        "heartbeat_interval_seconds": None,
        "ocpp_version": "1.6",
        "firmware_version": None,
        "connectors": [],
        "configuration": [],
    }
    said(start(office), 202)
    seen = diagnostics(office)
    assert (seen["is_connected"], seen["heartbeat_interval_seconds"]) == (True, 300)
    assert seen["connectors"] == [{"connector_id": 1, "type": "Type2", "status": "Available"}]
    assert seen["firmware_version"]
    assert {each["key"]: (each["value"], each["readonly"]) for each in seen["configuration"]}["ConnectionTimeOut"] == (
        "60",
        False,
    )
    office.advance(timedelta(minutes=3))
    body = {"charge_point_id": POINT, "key": "ConnectionTimeOut", "value": "90"}
    said(send(office.key, "POST", "/ocpp16/change_configuration", body))
    assert diagnostics(office)["configuration"] == seen["configuration"]  # it is not asked anew
    said(apply(office))
    assert {each["key"]: each["value"] for each in diagnostics(office)["configuration"]}["ConnectionTimeOut"] == "120"


@pytest.mark.usefixtures("project")
def test_an_issue_is_noted_with_the_last_run(office: Office) -> None:
    body = {"category": "hardware", "description": "The lid does not close."}
    first = said(send(office.installer, "POST", f"{HERE}/issues", body), 201)
    assert first == {
        **body,
        "id": first["id"],
        "charge_point_id": POINT,
        "session_id": None,
        "status": "open",
        "created_at": "2026-03-18T12:00:00Z",
    }
    run = said(start(office), 202)
    second = said(send(office.installer, "POST", f"{HERE}/issues", body), 201)
    assert (second["session_id"], second["id"] != first["id"]) == (run["session_id"], True)
    for wrong in ({"category": "weather"}, {"description": ""}, {"description": None}):
        refused(send(office.installer, "POST", f"{HERE}/issues", {**body, **wrong}), 422, "validation_error")


@pytest.mark.usefixtures("project")
def test_before_the_first_run_there_is_no_status(office: Office) -> None:
    refused(send(office.installer, "GET", f"{HERE}/status"), 404, "not_found")
    refused(commission(office), 409, "commissioning_not_passed")


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("operation", COMMISSIONING, ids=lambda operation: operation.operation_id)
def test_charge_points_of_others_are_not_there(office: Office, operation: Any) -> None:
    before = office.written()
    of_no_project = "amsterdam-office-001"
    for client, point in (
        (office.polder_installer, POINT),
        (office.installer, of_no_project),
        (office.installer, f"CP-{NOBODY}"),
    ):
        path = operation.path.format(charge_point_id=point)
        refused(send(client, operation.method, path, body_of(operation)), 404, "charge_point_not_found")
    assert office.written() == before


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("operation", COMMISSIONING, ids=lambda operation: operation.operation_id)
def test_what_cannot_be_read_or_written_is_refused(office: Office, operation: Any) -> None:
    url, typed = BASE + operation.path.format(charge_point_id=POINT), {"content-type": "application/json"}
    before = office.written()
    answers = [(406, "not_acceptable", b"", {"accept": "text/csv"})]
    if operation.request_body is not None:
        answers += [
            (400, "invalid_request", b"{", typed),
            (413, "payload_too_large", b"{}", {**typed, "content-length": "99999999"}),
            (415, "unsupported_media_type", b"{}", {"content-type": "text/plain"}),
            (422, "validation_error", b"[]", typed),
        ]
    for code, name, content, headers in answers:
        refused(office.installer.request(operation.method, url, content=content, headers=headers), code, name)
    assert office.written() == before


def told(office: Office) -> list[tuple[str, str, Wire]]:
    """The events of commissioning that were sent, the first one first: type, time and what they say."""
    sent = said(office.anonymous.get(f"{CONTROL}/webhooks/deliveries"))
    events = {each["body"]["id"]: each["body"] for each in reversed(sent)}
    found = [(each["event"], each["timestamp"][11:], each["data"]) for each in events.values()]
    return [each for each in found if each[0].startswith("commissioning")]


def wait(office: Office, duration_s: int) -> None:
    """Let time pass, and what is due then happen."""
    said(office.anonymous.post(f"{CONTROL}/clock/advance", json={"duration_s": duration_s}))


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("ends", ["passed", "failed"])
def test_subscribers_are_told_of_the_start_and_of_the_end_when_it_comes(office: Office, ends: str) -> None:
    endpoint = {"url": "https://127.0.0.1:9/hook", "events": ["*"]}
    said(send(office.admin, "POST", "/webhooks/endpoints", endpoint), 201)
    run = said(start(office, **({"template_id": OTHER_TEMPLATE} if ends == "failed" else {})), 202)
    about = {"charge_point_id": POINT, "session_id": run["session_id"]}
    started = ("commissioning.started", "12:00:00Z", {**about, "status": "running"})
    wait(office, 119)
    assert told(office) == [started]
    state = said(office.anonymous.get(f"{CONTROL}/state"))
    event, at = ("commissioning.completed", "12:03:00Z") if ends == "passed" else ("commissioning.failed", "12:02:00Z")
    wait(office, 600)
    assert told(office) == [started, (event, at, {**about, "status": ends})]
    said(office.anonymous.put(f"{CONTROL}/state", json=state))
    wait(office, 600)
    assert told(office)[-1] == (event, at, {**about, "status": ends})
    assert [each[0] for each in told(office)].count(event) == 1


def test_nobody_else_looks_into_a_commissioning(office: Office) -> None:
    for client in (office.key, office.owner, office.site_owner):
        refused(send(client, "GET", "/installer/commissioning/london-hub-001/logs"), 403, "forbidden")
    by_key = {"x-api-key": HARBOUR.api_key(office.seed)}
    answer = office.anonymous.get(f"{BASE}/installer/commissioning/london-hub-001/logs", headers=by_key)
    refused(answer, 401, "unauthorized")
