"""The tally, and the reports that are written from it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from contract_tests.comparison import Comparison
from contract_tests.contract import Contract
from contract_tests.findings import (
    Ended,
    Finding,
    Judged,
    PhaseEnded,
    PhaseStarted,
    Started,
    Stop,
    Tally,
    Trouble,
    Unplayed,
)
from contract_tests.report import junit, terminal
from contract_tests.report.report import Report
from specs.operation import Location

LABELS = ("GET /a", "GET /b")


def finding(curl: str = "curl -i http://h/a", cause: str = "500") -> Finding:
    return Finding(
        operation="GET /a",
        check="not_a_server_error",
        cause=cause,
        title="Server error",
        where="spec.yaml:7: #/paths/~1a/get/responses",
        contract="answers with 200",
        came="500 text/plain: oops \x00\x1b\ud800",
        curl=curl,
    )


def judged(*findings: Finding, phase: str = "coverage", status: int = 200) -> Judged:
    checks = frozenset({"not_a_server_error", "status_code_conformance"})
    return Judged(phase, "GET /a", Counter({status: 3, 404: 1}), 3 if status < 400 else 0, checks, findings)


def law_judged(*notes: Finding, law: str = "prices_add_up") -> Judged:
    return Judged("laws", "GET /a", Counter({200: 1}), 1, frozenset({law}), (), notes)


def law_silent() -> Judged:
    return Judged("laws", "GET /a", Counter({200: 1}), 1, frozenset(), ())


def reported(total: Tally, again: str = "again", comparison: Comparison | None = None) -> Report:
    return Report(total, again, datetime(2026, 11, 29, 8, 30, tzinfo=UTC), comparison=comparison)


def tally(*events: Any, stop: Stop = "completed") -> Tally:
    total = Tally()
    for event in (Started("Desk", "http://h", 1, ("coverage",), LABELS), *events, Ended(2.5, stop)):
        total.add(event)
    return total


def test_findings_of_one_cause_are_one_with_the_shortest_curl_line() -> None:
    long, short = finding("curl -i http://h/a?long=1"), finding()
    total = tally(judged(long), judged(short, long, phase="stateful"), judged(finding(cause="502")))
    first, second = total.causes.values()
    assert (first.example, first.times, first.phases) == (short, 3, ["coverage", "stateful"])
    assert second.times == 1
    assert (total.requests, total.unreached) == (12, ("GET /b",))


@pytest.mark.parametrize(
    ("events", "stop", "exit_code"),
    [
        ([judged()], "completed", 0),
        ([judged()], "out of time", 0),
        ([judged(finding())], "completed", 1),
        ([judged(finding(), status=500)], "completed", 1),
        ([judged(finding())], "server gone", 1),
        ([judged(finding())], "interrupted", 2),
        ([judged()], "interrupted", 2),
        ([judged()], "server gone", 2),
        ([judged(), Trouble("GET /b", "Schema Error", "odd")], "completed", 2),
        ([judged(status=401)], "completed", 2),
        ([judged(status=404)], "completed", 2),
        ([], "completed", 2),
        ([law_judged()], "completed", 0),
        ([law_judged(finding())], "completed", 0),
        ([law_judged(), Unplayed("GET /a", "ids_last", "no id")], "completed", 0),
        ([Unplayed("GET /a", "ids_last", "no id"), judged()], "completed", 0),
        ([Unplayed("GET /a", "ids_last", "no id"), law_silent()], "completed", 2),
    ],
)
def test_exit_codes(events: list[Any], stop: Stop, exit_code: int) -> None:
    assert tally(*events, stop=stop).exit_code == exit_code


def test_a_run_without_an_end_is_not_green() -> None:
    assert Tally().exit_code == 2


def test_401_on_everything_is_said_clearly() -> None:
    refused = tally(Judged("coverage", "GET /a", Counter({401: 9, 403: 1}), 0, frozenset(), ()))
    assert "credentials are missing or refused" in refused.warning
    assert "credentials are missing or refused" in "\n".join(terminal.summary(reported(refused)))


def test_the_summary_has_what_a_person_needs() -> None:
    lines = "\n".join(terminal.summary(reported(tally(judged(finding(), finding())), "gridmock check x --seed 1")))
    for part in (
        "1. Server error: GET /a",
        "contract  spec.yaml:7: #/paths/~1a/get/responses",
        "answers with 200",
        "came      500 text/plain: oops",
        "not_a_server_error, seen 2 times in coverage",
        "try       curl -i http://h/a",
        "GET /b: no request was sent",
        "1 of 2 operations, 4 requests, 1 finding, 2.5 s, seed 1",
        "Again: gridmock check x --seed 1",
    ):
        assert part in lines


def test_a_finding_knows_the_parts_of_its_place() -> None:
    contract = Contract(Path("a: b/spec.yaml"), {"paths": {"/a: #b": {}}}, None, lines={"/paths": 3})
    place = contract.place("paths", "/a: #b")
    found = replace(finding(), where=contract.where(place))
    assert found.location == contract.location(place) == Location(contract.path, 3, "/paths/~1a: #b")
    lineless = replace(contract, lines={})
    found = replace(found, where=lineless.where(place))
    assert found.location == lineless.location(place) == Location(contract.path, 0, "/paths/~1a: #b")


def test_laws_that_were_not_played_stand_together_by_reason() -> None:
    unplayed = [Unplayed("GET /a", law, "no id") for law in ("ids_last", "ids_differ")]
    lines = "\n".join(terminal.summary(reported(tally(law_judged(), *unplayed))))
    assert "Not played:" in lines
    assert "   ids_last, ids_differ\n      no id" in lines


def test_a_note_is_shown_and_does_not_count() -> None:
    lines = "\n".join(terminal.summary(reported(tally(law_judged(finding())))))
    assert "Note 1. Server error: GET /a" in lines
    assert "0 findings, 1 note that does not count, 2.5 s" in lines


@pytest.mark.parametrize("live", [True, False])
def test_progress_is_a_line_per_phase_and_a_counter_on_a_terminal(live: bool) -> None:
    printed: list[str] = []
    progress = terminal.Progress(lambda text, nl=True: printed.append(text + "\n" * nl), live=live)
    for event in (
        Started("Desk", "http://127.0.0.1", 7, ("coverage", "stateful"), LABELS),
        PhaseStarted("coverage"),
        judged(finding()),
        PhaseEnded("coverage", ""),
        PhaseEnded("stateful", "not applicable"),
    ):
        progress.see(event)
    assert printed[0] == "Desk at http://127.0.0.1: 2 operations, seed 7\n"
    assert printed[-2].removeprefix("\r\x1b[K").startswith("coverage   1 operation, 4 requests, 1 finding, 0.")
    assert printed[-1].removeprefix("\r\x1b[K") == "stateful   skipped: not applicable\n"
    assert (len(printed), any("\r" in text for text in printed)) == ((4, True) if live else (3, False))


def test_somebody_elses_machine_is_treated_with_care_and_that_is_said() -> None:
    printed: list[str] = []
    terminal.Progress(printed.append, live=False).see(Started("Desk", "https://h.example", 7, ("coverage",), LABELS))
    assert "only OPTIONS is sent" in printed[1]


# The JUnit format as Jenkins, GitLab and GitHub actions read it: children and attributes by element.
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"skipped", "error", "failure"},
}
ATTRIBUTES = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "property": {"name", "value"},
    "testcase": {"classname", "name"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
}


def test_junit_has_a_row_per_operation_and_check() -> None:
    total = tally(
        judged(finding("curl -i http://h/a?x\x08"), finding(cause="502")),
        Trouble("GET /b", "Schema Error", "no value fits"),
    )
    root = ElementTree.fromstring(junit.render(reported(total)))
    for element in root.iter():
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        assert set(element.attrib) == ATTRIBUTES.get(element.tag, set())
    (suite,) = root
    cases = {
        (case.get("classname"), case.get("name")): [child.tag for child in case] for case in suite.iter("testcase")
    }
    assert cases == {
        ("GET /a", "not_a_server_error"): ["failure"],
        ("GET /a", "status_code_conformance"): [],
        ("GET /b", "not_a_server_error"): ["skipped"],
        ("GET /b", "status_code_conformance"): ["skipped"],
        ("run", "GET /b Schema Error"): ["error"],
    }
    for counted in (root, suite):
        assert {name: counted.get(name) for name in ("tests", "failures", "errors", "skipped", "time")} == {
            "tests": "5",
            "failures": "1",
            "errors": "1",
            "skipped": "2",
            "time": "2.500",
        }
    (failure,) = root.iter("failure")
    assert (failure.get("type"), failure.get("message")) == ("not_a_server_error", "Server error")
    assert "came      500 text/plain: oops \\u0000\\u001b\\ud800" in (failure.text or "")


@pytest.mark.parametrize("total", [tally(judged(status=401)), tally(judged(), stop="interrupted"), Tally()])
def test_junit_of_a_run_that_proves_nothing_is_not_green(total: Tally) -> None:
    root = ElementTree.fromstring(junit.render(reported(total)))
    assert int(root.get("errors", "0")) > 0
