"""`gridmock check` as a command: what it refuses and how, what it leaves behind, what it never says."""

from __future__ import annotations

import asyncio
import base64
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from contract_tests import contract
from contract_tests.cli import check
from contract_tests.credentials import Credentials
from contract_tests.generation import configuration
from contract_tests.plan import PHASES, Plan
from contract_tests.report.terminal import Progress
from mockserver.defects import Answer
from tests.contract_tests.conftest import DESK_SPEC, Check
from tests.contract_tests.desk import TOKEN, Desk
from tests.contract_tests.planted import altered, desk_contract, in_front_of
from tests.contract_tests.serving import served

SPEC = ("--spec", str(DESK_SPEC))
QUICK = ("--phases", "examples")


def test_the_command_is_cheap_to_import() -> None:
    heavy = "('schemathesis', 'hypothesis', 'requests', 'yaml', 'specs', 'mockserver')"
    code = f"import sys, contract_tests.cli; print([m for m in sys.modules if m.partition('.')[0] in {heavy}])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_without_schemathesis_it_says_what_to_install(run_check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "schemathesis", None)
    result = run_check(*SPEC, "--url", "http://127.0.0.1")
    assert result.exit_code == 2
    assert "pip install 'gridmock[check]'" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([*SPEC], "either --url URL or --target NAME"),
        ([*SPEC, "--url", "http://127.0.0.1", "--target", "x"], "either --url URL or --target NAME"),
        (["--url", "http://127.0.0.1"], "either an API or --spec FILE"),
        (["ev-energy", *SPEC, "--url", "http://127.0.0.1"], "either an API or --spec FILE"),
        (["ev-energie", "--url", "http://127.0.0.1"], "there are"),
        (["--spec", "none.yaml", "--url", "http://127.0.0.1"], "none.yaml"),
        ([*SPEC, "--url", "127.0.0.1"], "is no URL like"),
        (
            [*SPEC, "--url", "http://127.0.0.1", "--phases", "examples,magic"],
            "no phase 'magic'; there are laws, examples, ",
        ),
        ([*SPEC, "--url", "http://127.0.0.1", "--phases", ""], "no phase ''"),
        ([*SPEC, "--url", "http://127.0.0.1", "--seed", "lucky"], "'lucky' is not a valid integer"),
        ([*SPEC, "--url", "http://127.0.0.1", "--seed", "-1"], "-1 is not in the range"),
        ([*SPEC, "--url", "http://127.0.0.1", "--time", "0"], "0 is not in the range"),
        (
            [*SPEC, "--url", "http://127.0.0.1", "--junit", "no/such/folder.xml"],
            "folder.xml cannot be written: No such",
        ),
        ([*SPEC, "--url", "http://127.0.0.1", "--junit", "."], ". cannot be written: Is a directory"),
        ([*SPEC, "--url", "http://127.0.0.1", "--include", "get-supliers"], "did you mean get-suppliers"),
        ([*SPEC, "--url", "http://127.0.0.1", "--exclude", "zzz"], "no operation 'zzz' in"),
        (
            [*SPEC, "--url", "http://127.0.0.1", "--include", "get-tariffs", "--exclude", "GET /tariffs"],
            "no operation is left",
        ),
        ([*SPEC, "--url", "http://example.com/v2"], "add --allow-host example.com"),
        ([*SPEC, "--target", "x"], "targets.toml cannot be read"),
        ([*SPEC, "--target", "x", "--token", "t"], "--token goes with --url"),
    ],
)
def test_wrong_usage_is_exit_code_2_with_a_reason(words: list[str], message: str, run_check: Check) -> None:
    result = run_check(*words)
    assert result.exit_code == 2
    assert message in result.output.replace("\n", " ")
    assert "Traceback" not in result.output


def test_a_target_that_is_not_there_is_exit_code_2(run_check: Check) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v2"
    result = run_check(*SPEC, "--url", url)
    assert result.exit_code == 2
    assert f"GET {url}/suppliers got no answer: Connection refused" in result.output


def test_a_server_without_tls_is_exit_code_2(run_check: Check, desk_url: str) -> None:
    result = run_check(*SPEC, "--url", desk_url.replace("http:", "https:"))
    assert result.exit_code == 2
    assert "got no answer: [SSL" in result.output


def test_an_allowed_host_is_tried(run_check: Check) -> None:
    result = run_check(*SPEC, "--url", "http://gridmock.invalid", "--allow-host", "GRIDMOCK.invalid")
    assert result.exit_code == 2
    assert "GET http://gridmock.invalid/suppliers got no answer" in result.output


def test_refused_credentials_are_said_before_the_run(run_check: Check, desk_url: str) -> None:
    anonymous = run_check(*SPEC, "--url", desk_url)
    assert anonymous.exit_code == 2
    assert "answers 401 Unauthorized. There are no credentials: set GRIDMOCK_TOKEN" in anonymous.output
    stranger = run_check(*SPEC, "--url", desk_url, "--token", "stranger-things")
    assert stranger.exit_code == 2
    assert "The credentials are refused." in stranger.output


def test_401_on_everything_is_not_green(check_app: Check) -> None:
    forbidden = altered(answer=lambda _, answer, __: answer if answer.status == 401 else Answer(403, {}, b""))
    result = check_app(in_front_of(Desk(), forbidden), *QUICK, "--include", "get-suppliers")
    assert result.exit_code != 0
    assert "Every answer was 401 or 403" in result.output


def test_a_token_with_a_line_break_is_refused_without_being_shown(run_check: Check, desk_url: str) -> None:
    result = run_check(*SPEC, "--url", desk_url, "--token", f"{TOKEN}\n")
    assert result.exit_code == 2
    assert "the value of the Authorization header" in result.output


def test_a_target_of_the_file(run_check: Check, desk_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "targets.toml").write_text(f'[desk]\nurl = "{desk_url}"\ntoken = "${{DESK_TOKEN}}"\n', "utf-8")
    monkeypatch.setenv("DESK_TOKEN", TOKEN)
    result = run_check(*SPEC, "--target", "desk", *QUICK)
    assert result.exit_code == 0, result.output
    assert result.output.endswith(
        f"Again: gridmock check --spec {DESK_SPEC} --target desk --phases examples --seed 1\n"
    )


def test_hosts_of_the_file_may_be_checked(run_check: Check, folder: Path) -> None:
    (folder / "targets.toml").write_text('[staging]\nurl = "http://gridmock.invalid/v2"\n', "utf-8")
    assert "got no answer" in run_check(*SPEC, "--url", "http://gridmock.invalid/other").output


class Doorkeeper:
    """A desk that hands out its token for a client id and secret, at /o/token/."""

    def __init__(self) -> None:
        self.desk = Desk()
        self.forms: list[dict[str, list[str]]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] != "/o/token/":
            await self.desk(scope, receive, send)
            return
        self.forms.append(parse_qs((await receive())["body"].decode()))
        basic = dict(scope["headers"]).get(b"authorization", b"").partition(b" ")[2]
        known = base64.b64decode(basic) == b"the-client:the-secret"
        status, answer = (200, {"access_token": TOKEN}) if known else (401, {"error": "invalid_client"})
        await send(
            {"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]}
        )
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


@pytest.mark.parametrize("known", [True, False])
def test_client_credentials_from_the_environment(
    known: bool, run_check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Doorkeeper()
    with served(keeper) as url:
        monkeypatch.setenv("GRIDMOCK_CLIENT_ID", "the-client")
        monkeypatch.setenv("GRIDMOCK_CLIENT_SECRET", "the-secret" if known else "not-the-secret")
        monkeypatch.setenv("GRIDMOCK_TOKEN_URL", f"{url}/o/token/")
        result = run_check(*SPEC, "--url", url, *QUICK)
    assert keeper.forms == [{"grant_type": ["client_credentials"]}]
    assert "the-secret" not in result.output
    assert result.exit_code == (0 if known else 2), result.output
    assert known or f"no token from {url}/o/token/: 401, invalid_client" in result.output


def test_no_secret_in_any_report_even_if_the_server_echoes_it(check_app: Check, folder: Path) -> None:
    echo = altered(
        answer=lambda asked, answer, _: (
            Answer(500, {"content-type": "text/plain"}, f"cannot use {asked.headers['authorization']}".encode())
            if answer.status == 200
            else answer
        ),
    )
    result = check_app(in_front_of(Desk(), echo), *QUICK, "--junit", "report.xml")
    assert result.exit_code == 1
    assert "500 text/plain: cannot use Bearer $GRIDMOCK_TOKEN" in result.output
    assert '-H "Authorization: Bearer $GRIDMOCK_TOKEN"' in result.output
    report = (folder / "report.xml").read_text("utf-8")
    assert "cannot use Bearer $GRIDMOCK_TOKEN" in report
    assert TOKEN not in report


def test_junit_is_written_with_all_checks_as_rows(check_app: Check, folder: Path) -> None:
    broken = in_front_of(Desk(), "header-missing@get-suppliers", contracts=(desk_contract(),))
    assert check_app(broken, "--junit", "report.xml", "--include", "get-suppliers").exit_code == 1
    rows = {
        case.get("name"): [child.tag for child in case]
        for case in ElementTree.parse(folder / "report.xml").iter("testcase")
    }
    assert rows["response_headers_conformance"] == ["failure"]
    assert rows["response_schema_conformance"] == []
    assert len(rows) >= 14


def test_nothing_is_left_in_the_working_folder(check_app: Check, folder: Path) -> None:
    assert check_app(Desk(), "--include", "get-tariffs", "--include", "create-alert").exit_code == 0
    assert list(folder.iterdir()) == []


class Logbook(Desk):
    """A desk that remembers all requests."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[tuple[str, str, bytes, bytes]] = []

    def answer(self, scope: Any, body: bytes) -> tuple[int, dict[str, str], Any]:
        self.log.append((scope["method"], scope["path"], scope["query_string"], body))
        return super().answer(scope, body)


def test_the_same_seed_sends_the_same_requests(check_app: Check) -> None:
    logs = []
    for seed in ("5", "5", "6"):
        desk = Logbook()
        check_app(desk, "--seed", seed, "--max-examples", "10", "--include", "get-tariffs", "--include", "get-alert")
        logs.append(desk.log)
    assert logs[0] == logs[1]
    assert logs[0] != logs[2]


def test_coverage_varies_one_parameter_at_a_time(check_app: Check) -> None:
    desk = Logbook()
    check_app(desk, "--phases", "coverage", "--include", "get-tariffs")
    queries = [parse_qs(query.decode("latin-1")) for _, _, query, _ in desk.log]
    assert {"page_size": ["100"]} in queries
    assert {"valid": ["true"]} in queries


def test_ids_come_from_lists_and_not_from_the_contract(check_app: Check) -> None:
    desk = Logbook()
    result = check_app(
        desk, "--phases", "examples,coverage", "--include", "get-tariffs", "--include", "get-tariff-prices"
    )
    paths = {path for _, path, _, _ in desk.log}
    assert {"/tariffs/tari00000000000000000000000001/prices", "/tariffs/tari00000000000000000000000002/prices"} <= paths
    assert "/tariffs/tari01HM69WZEGF8X02QT7SZR806CQ/prices" not in paths
    assert "Never answered with success" not in result.output


def test_only_the_operations_wanted_are_called(check_app: Check) -> None:
    desk = Logbook()
    check_app(desk, "--include", "GET /tariffs", "--include", "get-suppliers", "--exclude", "get-tariffs")
    # The probe and schemathesis ask for one path beside them.
    assert {path for _, path, _, _ in desk.log} <= {"/suppliers", "/", "/schemathesis-probe\\\x1b\x01"}


class Slow(Desk):
    """A desk that takes its time."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.05)
        await super().__call__(scope, receive, send)


def test_a_time_limit_is_kept(check_app: Check) -> None:
    started = time.monotonic()
    result = check_app(Slow(), "--time", "2")
    assert time.monotonic() - started < 6
    assert result.exit_code == 0, result.output
    assert "stopped: out of time" in result.output


def test_a_time_limit_is_no_wish(check_app: Check) -> None:
    result = check_app(Desk(), "--time", "300", "--include", "get-suppliers", "--max-examples", "10")
    assert result.exit_code == 0, result.output
    assert "stopped" not in result.output


def test_an_interrupt_reports_what_there_is(check_app: Check, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0

    def interrupt(*_: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == 8:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "see", interrupt)
    broken = in_front_of(Desk(), "header-missing@get-suppliers", contracts=(desk_contract(),))
    result = check_app(broken, "--phases", "examples,coverage", "--junit", "report.xml")
    assert result.exit_code == 2
    assert "Missing required response headers" in result.output
    assert "stopped: interrupted" in result.output
    assert int(ElementTree.parse(folder / "report.xml").getroot().get("errors", "0")) == 1


def test_ctrl_c_ends_a_run_with_a_report(folder: Path) -> None:
    command = [sys.executable, "-c", "from contract_tests.cli import check; check()"]
    with served(Slow()) as url:
        words = [*SPEC, "--url", url, "--token", TOKEN, "--phases", "examples,coverage,fuzzing"]
        with subprocess.Popen([*command, *words], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            first = process.stdout.readline() + process.stdout.readline()
            process.send_signal(signal.SIGINT)
            rest = process.stdout.read()
            assert process.wait(timeout=30) == 2
    assert first.splitlines()[1].startswith("examples")
    assert "stopped: interrupted" in rest
    assert "Again: gridmock check" in rest
    assert list(folder.iterdir()) == []


class Rude(Desk):
    """A desk that hangs up on whoever wants one item a page."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if b"page_size=1&" in scope["query_string"] + b"&":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
            return
        await super().__call__(scope, receive, send)


def test_a_request_without_an_answer_is_a_finding(check_app: Check) -> None:
    result = check_app(Rude(), "--phases", "coverage", "--include", "get-suppliers")
    assert result.exit_code == 1, result.output
    assert "No answer: GET /suppliers" in result.output
    assert "page_size=1'" in result.output


def test_a_spec_that_our_loader_refuses_is_still_checked(run_check: Check, desk_url: str, folder: Path) -> None:
    supplier = {"type": "object", "required": ["id", "colour"], "properties": {"id": {"type": "string"}}}
    content = {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Supplier"}}}}
    responses = {"200": {"description": "All.", "content": content}, "default": {"description": "Not all."}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Foreign", "version": "1"},
        "paths": {"/suppliers": {"get": {"responses": responses}}},
        "components": {"schemas": {"Supplier": supplier}},
    }
    (folder / "foreign.json").write_text(json.dumps(document), "utf-8")
    result = run_check("--spec", "foreign.json", "--url", desk_url, "--token", TOKEN, *QUICK)
    assert result.exit_code == 1, result.output
    assert "foreign.json:1: #/components/schemas/Supplier\n             required: " in result.output


def test_somebody_elses_server_gets_no_undeclared_methods() -> None:
    desk = contract.from_file(DESK_SPEC)
    undeclared = {
        url: configuration(Plan(desk, url, Credentials({}, {}), frozenset(), PHASES, 1, 1, None))["phases"]["coverage"][
            "unexpected-methods"
        ]
        for url in ("http://127.0.0.1:1", "https://staging.example.com")
    }
    assert "delete" in undeclared["http://127.0.0.1:1"]
    assert undeclared["https://staging.example.com"] == ["options"]


def test_the_help_explains_exit_codes() -> None:
    text = CliRunner().invoke(check, ["--help"]).output
    assert "Exit code 0: no findings" in text
