"""`gridmock check` as tests of pytest: which tests there are, what they send and say, and what is no order at all."""

from __future__ import annotations

import os
import re
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

# What the plugin imports in a suite inside of this one is forgotten at its end, so that it would be there twice.
import uvicorn.protocols.http.httptools_impl  # noqa: F401

import contract_tests.runner  # noqa: F401
from contract_tests.cli import check
from contract_tests.waivers import KEYS
from tests.contract_tests.conftest import Check
from tests.contract_tests.habits.catalogue import LAWS
from tests.contract_tests.habits.depot import TOKEN, Depot
from tests.contract_tests.habits.depot_defects import DEFECTS
from tests.contract_tests.habits.house import Reply, Request
from tests.contract_tests.serving import served

pytest_plugins = "pytester"

SPEC = Depot.contract
TOO_LONG, WRONG_TOTAL = LAWS["page_too_long"], LAWS["total_wrong"]
TWO_LAWS = f"--law {TOO_LONG} --law {WRONG_TOTAL}"
USAGE = pytest.ExitCode.USAGE_ERROR


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A token for the depot, and a terminal that no line is cut for."""
    monkeypatch.setenv("GRIDMOCK_TOKEN", TOKEN)
    monkeypatch.setenv("COLUMNS", "250")


@pytest.fixture
def depot() -> Depot:
    """An honest server."""
    return Depot()


@pytest.fixture
def url(depot: Depot) -> Iterator[str]:
    """Where it is served."""
    with served(depot) as origin:
        yield origin


@pytest.fixture
def broken_url() -> Iterator[str]:
    """Where a server is that makes its pages too long."""
    with served(Depot(*(defect for defect in DEFECTS if defect.name == "one-too-many"))) as origin:
        yield origin


def run(pytester: pytest.Pytester, order: str, *options: str) -> pytest.RunResult:
    words = ("-p", "no:cacheprovider", "-W", "error", "-rA", "--pyargs", "contract_tests.test_contract")
    result = pytester.runpytest_inprocess(*words, f"--gridmock-check={order}", *options)
    assert TOKEN not in result.stdout.str()
    return result


def test_an_honest_server_fails_no_test(pytester: pytest.Pytester, url: str) -> None:
    included = "--include 'GET /bays' --include get-bay --include 'GET /bookings'"
    result = run(pytester, f"--spec {SPEC} --url {url} {TWO_LAWS} {included} --phases laws,examples")
    assert result.ret == 0
    text = result.stdout.str()
    told = re.findall(r"^PASSED .*::(.*)$", text, re.MULTILINE)
    assert told == [
        *(f"test_law[{law}-GET /{things}]" for law in (TOO_LONG, WRONG_TOTAL) for things in ("bays", "bookings")),
        *(f"test_operation[laws-GET /{things}]" for things in ("bays", "bookings")),
        *(f"test_operation[examples-GET /{things}]" for things in ("bays", "bays/{bay_id}", "bookings")),
        "test_run",
    ]
    result.assert_outcomes(passed=len(told), skipped=1)  # no law needs to read one bay
    assert f"gridmock check: Depot bookings at {url}, mode full, seed 1" in text
    assert "\nExercised: responses " in text


def test_a_breach_fails_the_test_of_its_law_with_the_block_of_the_command(
    pytester: pytest.Pytester, run_check: Check, broken_url: str
) -> None:
    order = f"--spec {SPEC} --url {broken_url} {TWO_LAWS} --laws-only"
    result = run(pytester, order, "-k", "test_law or test_run")
    failed = re.findall(r"FAILED .*::(\S+.*?) - ", result.stdout.str())
    assert failed == [f"test_law[{TOO_LONG}-GET /bays]", f"test_law[{TOO_LONG}-GET /bookings]"]
    output = run_check(*order.split()).output
    blocks = [block for block in output.split("\n\n") if re.match(r"[0-9]+\. ", block)]
    assert len(blocks) == 2
    for block in blocks:
        assert block.partition(". ")[2].rstrip() in result.stdout.str()


def test_only_what_is_selected_is_sent(
    pytester: pytest.Pytester, depot: Depot, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, honest = [], depot.answer

    def answer(request: Request) -> Reply:
        asked.append((request.method, request.path))
        return honest(request)

    def sent(*options: str) -> set[tuple[str, str]]:
        asked.clear()
        run(pytester, f"--spec {SPEC} --url {url} --phases laws,examples", *options)
        return {*asked}

    monkeypatch.setattr(depot, "answer", answer)
    assert sent("--collect-only") == {("GET", "/bays")}  # is anybody there?
    assert sent("-k", f"test_law and {TOO_LONG} and bookings") == {("GET", "/bays"), ("GET", "/bookings")}
    # Ids come from lists.
    assert {method for method, _ in sent("-k", "test_operation and examples and HEAD")} == {"GET", "HEAD"}


def test_a_known_breach_is_expected_to_fail(pytester: pytest.Pytester, broken_url: str) -> None:
    told = {"operation": "GET /bays", "check": TOO_LONG, "reason": "DEPOT-7"}
    assert {*told, "until"} <= {*KEYS}
    lines = ["[[waiver]]", *(f'{key} = "{text}"' for key, text in told.items()), "until = 2999-01-01"]
    (pytester.path / "waivers.toml").write_text("\n".join(lines))
    order = f"--spec {SPEC} --url {broken_url} --law {TOO_LONG} --laws-only --waivers waivers.toml"
    result = run(pytester, order, "-k", "test_law")
    result.assert_outcomes(failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["XFAIL *::test_law[[]*-GET /bays] - Waived: 1. *"])


def test_a_run_that_reaches_nothing_is_not_green(
    pytester: pytest.Pytester, depot: Depot, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = {"title": "broken", "status": 500, "detail": "broken"}
    monkeypatch.setattr(depot, "answer", lambda _: Reply(500, problem, media_type="application/problem+json"))
    result = run(pytester, f"--spec {SPEC} --url {url} --law {TOO_LONG} --laws-only", "-k", "test_law or test_run")
    result.assert_outcomes(failed=1, skipped=2)
    result.stdout.fnmatch_lines(["FAILED *::test_run - *No law could be played: nothing was tested."])


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ("", "say where: either --url URL or --target NAME, or --app MODULE:NAME"),
        ("--bogus", "No such option"),  # click quotes it in one version, and puts a colon before it in another
        ("--help", "these words only ask for help"),
        ("--target 'x", "No closing quotation"),
        ("--target x", "targets.toml cannot be read"),
        (f"--spec {SPEC} --app nowhere:app", "there is no module nowhere"),
        (f"--spec {SPEC} --url http://127.0.0.1:9", "GET http://127.0.0.1:9/bays got no answer: Connection refused"),
        (f"--spec {SPEC} --url http://example.com", "add --allow-host example.com"),
        (f"--spec {SPEC} --url http://127.0.0.1:9 --junit x.xml", "pytest writes reports of its own"),
        ("none --url http://127.0.0.1:9", "none"),
    ],
)
def test_what_is_no_order_is_told_once(pytester: pytest.Pytester, order: str, message: str) -> None:
    result = run(pytester, order)
    assert result.ret == USAGE
    assert result.stderr.str().count("ERROR: --gridmock-check: ") == 1
    assert message in result.stderr.str()


def test_workers_are_refused(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--target x", "-n", "2")
    assert result.ret == USAGE
    assert "leave -n out, or write -n 0" in result.stderr.str()


def test_without_an_order_it_says_how_to_give_one(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "--pyargs", "contract_tests.test_contract")
    result.assert_outcomes(errors=1, skipped=2)
    result.stdout.fnmatch_lines(['say what to check, in the words of gridmock check: --gridmock-check="ev-energy*'])


def test_the_orders_of_the_page_are_orders() -> None:
    page = (Path(__file__).parents[2] / "docs/pytest.md").read_text(encoding="utf-8")
    orders = re.findall(r'--gridmock-check="(.*?)"', page)
    assert len(orders) >= 3
    for words in (*orders, *re.findall(r"^gridmock check (.*)$", page, re.MULTILINE)):
        with check.make_context("gridmock check", shlex.split(words)) as context:
            assert context.params["url"] or context.params["target"] or context.params["app"]


def test_ctrl_c_ends_the_tests_when_what_laws_created_is_gone(
    pytester: pytest.Pytester, depot: Depot, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, methods = depot.answer, []

    def answer(request: Request) -> Reply:
        reply = honest(request)
        methods.append(request.method)
        if request.method == "POST" and reply.status == 201 and methods.count("POST") == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return reply

    def bays() -> int:
        total: int = requests.get(f"{url}/bays", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=5).json()[
            "total"
        ]
        return total

    before = bays()
    monkeypatch.setattr(depot, "answer", answer)
    order = f"--gridmock-check=--spec {SPEC} --url {url} --law {LAWS['created_not_readable']} --laws-only"
    words = ("-p", "no:cacheprovider", "--pyargs", "contract_tests.test_contract", order)
    result = pytester.runpytest_inprocess(*words, no_reraise_ctrlc=True)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in result.stdout.str()
    assert "DELETE" in methods
    assert bays() == before
