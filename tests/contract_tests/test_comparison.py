"""The JSON report of a run, read back and compared with another one."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from click.testing import CliRunner, Result

from contract_tests import waivers
from contract_tests.compare import compare as command
from contract_tests.comparison import Comparison, compare
from contract_tests.findings import Ended, Judged, Started, Tally, Trouble, Unplayed
from contract_tests.laws.law import Law
from contract_tests.report import document, terminal
from tests.contract_tests.test_reports import finding, judged, law_judged, reported, tally
from tests.contract_tests.test_waivers import WAIVER


def run_of(total: Tally) -> dict[str, Any]:
    """The run as it comes back from a file."""
    file = Path("run.json")
    file.write_bytes(document.render(reported(total)).encode("utf-8"))
    return document.read(file)


def compared(before: Tally, after: Tally) -> Comparison:
    return compare(run_of(before), run_of(after))


def causes(findings: tuple[Any, ...]) -> list[str]:
    return [one["cause"] for one in findings]


FOUND = finding(cause="500"), finding(cause="502")


def test_the_report_has_everything_and_comes_back_from_a_file() -> None:
    total = tally(
        judged(*FOUND, FOUND[0]),
        law_judged(finding(cause="note")),
        Unplayed("GET /b", "ids_last", "no id"),
        Trouble("GET /b", "Schema Error", "odd \ud800"),
    )
    text = WAIVER.replace("reason", 'cause = "502"\nreason') + WAIVER.replace("not_a", "no_a")
    Path("waivers.toml").write_text(text, "utf-8")
    waivers.apply(waivers.from_file(Path("waivers.toml")), total, date(2026, 12, 31))
    run = run_of(total)
    assert run["run"] == {
        "title": "Desk",
        "url": "http://h",
        "seed": 1,
        "phases": ["coverage"],
        "mode": "full",
        "at": "2026-11-29T08:30:00+00:00",
        "seconds": 2.5,
        "stop": "completed",
        "requests": 5,
        "warning": "",
        "exit_code": 1,
        "again": "again",
    }
    (found,), (note,), (waived,) = run["findings"], run["notes"], run["waived"]
    assert (found["operation"], found["check"], found["cause"], found["times"]) == (*FOUND[0].key, 2)
    assert found["where"] == {"file": "spec.yaml", "line": 7, "pointer": "/paths/~1a/get/responses"}
    assert found["came"] == FOUND[0].came.replace("\ud800", "\\ud800")
    assert note["cause"] == "note"
    assert (waived["cause"], waived["reason"], waived["until"]) == ("502", "DESK-1", "2026-12-31")
    (useless,) = run["useless_waivers"]
    assert (useless["check"], useless["waiver"]) == ("no_a_server_error", "waivers.toml:9")
    assert run["troubles"] == [{"operation": "GET /b", "title": "Schema Error", "message": "odd \\ud800"}]
    assert [(row["law"], row["played"], row["reason"]) for row in run["laws"]] == [
        ("prices_add_up", True, ""),
        ("ids_last", False, "no id"),
    ]
    assert [(row["operation"], row["answers"]) for row in run["operations"]] == [
        ("GET /a", {"200": 4, "404": 1}),
        ("GET /b", {}),
    ]
    assert "not_a_server_error" in run["operations"][0]["checks"]
    assert set(run["coverage"]) == {"percent", "totals", "operations"}


def test_laws_have_their_sentence_where_it_is_known() -> None:
    law = Law("prices_add_up", "Prices add up", "published", "critical", ("GET /a",), lambda _: None)
    run = document.document(replace(reported(tally(law_judged())), laws=(law,)))
    (row,) = run["laws"]
    assert (row["sentence"], row["basis"], row["severity"]) == ("Prices add up", "published", "critical")


def test_a_run_that_was_cut_short_before_it_began_is_a_report_too() -> None:
    assert run_of(Tally())["run"]["exit_code"] == 2


def test_the_form_of_the_report_is_a_schema_that_a_mere_object_does_not_fit() -> None:
    form = yaml.safe_load(Path(document.__file__).with_name("document.schema.yaml").read_text("utf-8"))
    jsonschema_rs.meta.validate(form)
    validator = jsonschema_rs.Draft202012Validator(form)
    run = document.document(reported(tally(judged(*FOUND))))
    assert validator.is_valid(run)
    assert set(form["required"]) == set(run)
    for key in run:
        assert not validator.is_valid({**run, key: 7}), key


def test_a_fingerprint_survives_other_words_and_tells_causes_apart() -> None:
    first = finding(cause="500")
    later = replace(first, came="504 another body", curl="curl http://h/a?b=1", where="spec.yaml:99: #/paths/~1a")
    assert later.fingerprint == first.fingerprint
    others = {replace(first, **{name: "x"}).fingerprint for name in ("operation", "check", "cause")}
    assert len(others | {first.fingerprint}) == 4
    # Fixed for good: a stored report has to be comparable with one of a later version.
    assert first.fingerprint == "370487ba0988feda"


def test_new_fixed_and_still() -> None:
    found = compared(tally(judged(*FOUND)), tally(judged(FOUND[1], finding(cause="504"))))
    assert (causes(found.new), causes(found.fixed), causes(found.still)) == (["504"], ["500"], ["502"])
    assert (found.untested, found.differences) == ((), ())


def test_what_nothing_looked_for_is_not_fixed() -> None:
    elsewhere = Judged("coverage", "GET /a", Counter({200: 1}), 1, frozenset({"another_check"}), ())
    found = compared(tally(judged(FOUND[0])), tally(elsewhere))
    assert (causes(found.untested), found.fixed) == (["500"], ())


@pytest.mark.parametrize("earlier", ["waived", "a note"])
def test_what_did_not_count_before_is_not_new(earlier: str, folder: Path) -> None:
    total = tally(judged(FOUND[0])) if earlier == "waived" else tally(law_judged(FOUND[0]))
    if earlier == "waived":
        Path("waivers.toml").write_text(WAIVER, "utf-8")
        waivers.apply(waivers.from_file(Path("waivers.toml")), total, date(2026, 12, 31))
    after = tally(judged(FOUND[0]))
    found = compared(total, after)
    assert (found.new, causes(found.still)) == ((), ["500"])
    back = compared(after, total)
    assert (back.new, back.fixed, causes(back.still)) == ((), (), ["500"])


def started(**changes: Any) -> Started:
    return replace(Started("Desk", "http://h", 1, ("coverage",), ("GET /a", "GET /b")), **changes)


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (started(title="Shop"), "the contract is Shop, and was Desk"),
        (started(url="http://other"), "the server is http://other, and was http://h"),
        (started(seed=2), "the seed is 2, and was 1"),
        (started(phases=("laws", "coverage")), "the phases are laws, coverage, and was coverage"),
        (started(mode="safe"), "the mode is safe, and was full"),
        (Ended(1.0, "out of time"), "the later run did not come to its end: out of time"),
        (Judged("coverage", "GET /b", Counter({200: 1}), 1, frozenset(), ()), "now, and not before: GET /b"),
        (law_judged(), "laws tested now, and not before: prices_add_up"),
    ],
)
def test_what_two_runs_did_not_test_alike_is_said(event: Any, said: str) -> None:
    before, after = tally(judged()), tally(judged())
    after.add(event)
    (difference,) = compared(before, after).differences
    assert said in difference


def test_what_is_not_tested_any_more_is_said_shortly() -> None:
    labels = [f"GET /{number}" for number in range(9)]
    before = tally(*(replace(judged(), operation=label) for label in labels))
    before.start = started(operations=tuple(labels))
    (difference,) = compared(before, tally()).differences
    assert "before, and not now: GET /0, " in difference
    assert difference.endswith("GET /5 and 3 more")


def test_a_summary_says_what_is_new() -> None:
    report = reported(tally(judged(FOUND[0])), comparison=compared(tally(judged(FOUND[1])), tally(judged(FOUND[0]))))
    text = "\n".join(terminal.summary(report))
    assert "Compared with the run of 2026-11-29T08:30:00+00:00, http://h: 1 new, 1 fixed, 0 still there" in text
    described = document.document(report)["comparison"]
    assert described["new"] == [FOUND[0].fingerprint]
    assert [one["cause"] for one in described["fixed"]] == ["502"]


def compare_files(before: Any, after: Any) -> Result:
    for name, run in (("old.json", before), ("new.json", after)):
        if run is not None:
            text = run if isinstance(run, str) else json.dumps(run)
            Path(name).write_text(text, "utf-8")
    return CliRunner().invoke(command, ["old.json", "new.json"], catch_exceptions=False)


def test_the_command_fails_for_what_is_new_only() -> None:
    before, after = run_of(tally(judged(FOUND[0]))), run_of(tally(judged(*FOUND)))
    worse = compare_files(before, after)
    assert (worse.exit_code, "new       Server error: GET /a (not_a_server_error)" in worse.output) == (1, True)
    better = compare_files(after, before)
    assert (better.exit_code, "0 new, 1 fixed, 1 still there" in better.output) == (0, True)
    assert compare_files(after, after).exit_code == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "old.json cannot be read: No such file"),
        ("{", "old.json is no JSON: Expecting property name"),
        ("[]", 'old.json is no report of a run: #: what stands there is not of type "object"; give it a file that'),
        ('{"format": 1}', 'old.json is no report of a run: #: "run" is a required property'),
        ('{"format": 99}', "old.json has format 99, and this gridmock reads 1: write it anew with --json"),
        ("\udcff", "old.json is no JSON"),
    ],
)
def test_a_file_that_is_no_report_is_refused(text: str | None, message: str) -> None:
    if text == "\udcff":
        Path("old.json").write_bytes(b"\xff")
        text = None
    result = compare_files(text, run_of(tally(judged())))
    assert (result.exit_code, message in result.output) == (2, True), result.output


def test_a_report_with_a_finding_that_is_none_is_refused_with_its_place() -> None:
    run = run_of(tally(judged(FOUND[0])))
    del run["findings"][0]["fingerprint"]
    result = compare_files(run, run)
    assert result.exit_code == 2
    assert '#/findings/0: "fingerprint" is a required property' in result.output
