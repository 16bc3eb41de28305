"""The file of waivers: what it says of wrong ones, and what a right one does to a run."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from contract_tests import waivers
from contract_tests.findings import Tally
from contract_tests.report import junit, terminal
from contract_tests.waivers import WaiverError
from tests.contract_tests.test_reports import finding, judged, law_judged, reported, tally

LAST_DAY = date(2026, 12, 31)
WAIVER = """
[[waiver]]
operation = "GET /a"
check = "not_a_server_error"
reason = "DESK-1"
until = 2026-12-31
"""


def waived(text: str, total: Tally, today: date = LAST_DAY) -> Tally:
    Path("waivers.toml").write_text(text, "utf-8")
    waivers.apply(waivers.from_file(Path("waivers.toml")), total, today)
    return total


def test_a_waived_finding_does_not_count_and_is_listed_with_its_reason() -> None:
    total = waived(WAIVER, tally(judged(finding(), finding(cause="502"))))
    assert (total.exit_code, total.causes, len(total.waived), total.useless_waivers) == (0, {}, 2, {})
    lines = "\n".join(terminal.summary(reported(total)))
    assert "Waived until 2026-12-31 (DESK-1): Server error: GET /a" in lines
    assert "0 findings, 2 waived, 2.5 s" in lines


def test_junit_skips_what_is_waived() -> None:
    root = ElementTree.fromstring(junit.render(reported(waived(WAIVER, tally(judged(finding()))))))
    cases = {(case.get("classname"), case.get("name")): case for case in root.iter("testcase")}
    (skipped,) = cases["GET /a", "not_a_server_error"]
    assert (skipped.tag, skipped.get("message")) == ("skipped", "waived until 2026-12-31: DESK-1")
    assert (root.get("failures"), root.get("skipped")) == ("0", "3")


def test_a_note_can_be_waived() -> None:
    total = waived(WAIVER, tally(law_judged(finding())))
    assert (total.notes, len(total.waived)) == ({}, 1)


def test_a_waiver_holds_to_the_end_of_its_day() -> None:
    total = waived(WAIVER, tally(judged(finding())), date(2027, 1, 1))
    assert (total.exit_code, total.waived) == (1, {})
    assert [*total.useless_waivers.values()] == ["expired on 2026-12-31: what it waived counts again"]
    lines = "\n".join(terminal.summary(reported(total)))
    assert "waivers.toml:2: GET /a, not_a_server_error: expired on 2026-12-31" in lines


@pytest.mark.parametrize(
    ("narrower", "left"),
    [
        ('cause = "502"', ["500"]),
        ('contains = "oops"', []),
        ('contains = "answers with 200"', []),
        ('contains = "Server error"', []),
        ('contains = "elsewhere"', ["500", "502"]),
        ('cause = "502"\ncontains = "elsewhere"', ["500", "502"]),
    ],
)
def test_cause_and_text_narrow_a_waiver(narrower: str, left: list[str]) -> None:
    total = waived(WAIVER + narrower, tally(judged(finding(), finding(cause="502"))))
    assert [cause for _, _, cause in total.causes] == left


@pytest.mark.parametrize(
    ("change", "because"),
    [
        (("GET /a", "GET /z"), "GET /z was not among the operations"),
        (("not_a_server_error", "ids_last"), "ids_last judged nothing of GET /a"),
        (("not_a_server_error", "status_code_conformance"), "nothing like it was found"),
    ],
)
def test_a_waiver_that_waives_nothing_says_why(change: tuple[str, str], because: str) -> None:
    total = waived(WAIVER.replace(*change), tally(judged(finding())))
    (said,) = total.useless_waivers.values()
    assert because in said
    assert total.exit_code == 1


def test_of_two_waivers_for_one_finding_neither_is_unused() -> None:
    total = waived(WAIVER + WAIVER.replace("DESK-1", "DESK-2"), tally(judged(finding())))
    ((_, waiver),) = total.waived.values()
    assert (waiver.reason, total.useless_waivers) == ("DESK-1", {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[waiver]", "waivers.toml is no TOML: Expected ']]'"),
        ('[waiver]\nreason = "x"', "waivers.toml: write [[waiver]], with two brackets"),
        ("waiver = 3", "waivers.toml: write [[waiver]], with two brackets"),
        ("[[waivers]]", "waivers.toml: 'waivers' is not known here"),
        (WAIVER.replace("until", "unto"), "waivers.toml:2: 'unto' is not known; a waiver has operation, check, cause"),
        (WAIVER.replace('reason = "DESK-1"\n', ""), 'waivers.toml:2: reason is missing: write reason = "..."'),
        (WAIVER.replace("until = 2026-12-31", ""), "waivers.toml:2: until is missing: write until = 2026-12-31"),
        (WAIVER + WAIVER.replace("DESK-1", "  "), "waivers.toml:8: reason is '  ': write a text that is not empty"),
        (WAIVER.replace('"GET /a"', "7"), "waivers.toml:2: operation is 7: write a text"),
        (WAIVER + 'cause = ""', "waivers.toml:2: cause is '': write a text"),
        (WAIVER.replace("2026-12-31", '"2026-12-31"'), "waivers.toml:2: until is '2026-12-31': write the last day"),
        (WAIVER.replace("2026-12-31", "2026-12-31T00:00:00"), "waivers.toml:2: until is '2026-12-31 00:00:00'"),
        ('waiver = [{operation = ""}]', "waivers.toml: waiver 1: check is missing"),
        ("\x00", "waivers.toml is no TOML"),
    ],
)
def test_a_wrong_file_says_where_and_what_to_write(text: str, message: str) -> None:
    with pytest.raises(WaiverError) as refused:
        waived(text, Tally())
    assert message in str(refused.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(WaiverError) as refused:
        waived(WAIVER.replace("reason", "because") + WAIVER.replace('"GET /a"', "7").replace("until", "till"), Tally())
    assert [line.partition(": ")[2].partition(" is ")[0] for line in str(refused.value).splitlines()] == [
        "'because'",
        "reason",
        "'till'",
        "until",
        "operation",
    ]


def test_a_file_that_is_not_there_or_no_text_says_so(tmp_path: Path) -> None:
    with pytest.raises(WaiverError, match=r"none\.toml cannot be read: No such file"):
        waivers.from_file(Path("none.toml"))
    Path("latin.toml").write_bytes(b'reason = "\xe9"')
    with pytest.raises(WaiverError, match=r"latin\.toml is no TOML: 'utf-8' codec"):
        waivers.from_file(Path("latin.toml"))


def test_an_empty_file_waives_nothing() -> None:
    assert waived("", tally(judged(finding()))).exit_code == 1
