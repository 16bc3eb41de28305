"""The HTML page, SARIF and GitHub's annotations, and the options that ask for them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import click
import jsonschema_rs
import pytest
from click.testing import CliRunner, Result

import contract_tests
from contract_tests import waivers
from contract_tests.cli import check
from contract_tests.commandline import again
from contract_tests.findings import Tally
from contract_tests.report import document, github, html, junit, sarif
from contract_tests.report.options import FORMATS, Telling, report_options
from contract_tests.report.report import Report
from tests.contract_tests.reporting import HOSTILE, LABELS, WAIVERS, full_report
from tests.contract_tests.test_reports import finding, judged, law_judged, reported, tally
from tests.contract_tests.test_waivers import WAIVER


class Page(HTMLParser):
    """What a browser would make of a page: elements with their attributes, and the text of each kind of element."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data


def test_the_page_has_what_a_person_needs_in_order() -> None:
    text = "".join(Page(html.render(full_report())).texts["body"])
    parts = [
        "Desk",
        "3 findings, 1 note that does not count, 1 waived",
        "1 critical",
        "gridmock check",
        "Findings",
        "GET /a",
        "specs, all/a b.yaml:7: #/paths/~1a",
        "not_a_server_error, seen 1 time in coverage",
        "curl -i",
        "Compared with an earlier run",
        "2 new, 1 fixed, 1 still there, 1 not looked for",
        "the seed is 1, and was 2",
        "Notes",
        "names_are_short (published)",
        "Waivers",
        "waivers.toml:8: GET /a, ids_last: expired on 2026-11-01",
        "Waived until 2026-12-31: DESK-1",
        "Not tested as planned",
        "odd \\ud800",
        "Coverage",
        "1 of 33",
        "no credential without that scope: 403",
        "not allowed in mode safe",
        "Laws",
        "2 of 3 played",
        "Not played: no id",
        "ids_last",
        "Prices add up",
        "Operations",
        "5 × 200, 1 × 299",
    ]
    text = " ".join(text.split())
    at = 0
    for part in parts:
        assert part in text[at:], part
        at = text.index(part, at)


def test_what_a_server_says_is_never_part_of_the_page() -> None:
    page = Page(html.render(full_report()))
    assert page.open == []
    names = [name for name, _ in page.elements]
    assert (names.count("script"), names.count("style"), "img" in names) == (1, 1, False)
    assert "".join(page.texts["body"]).count("document.title='taken'") > 10
    for name, attributes in page.elements:
        assert not {"src", "onerror", "onclick", "style", "action", "srcset"} & attributes.keys()
        assert name not in ("link", "iframe", "object", "embed", "base", "form", "img", "video", "audio")
        assert (attributes.get("href") or "#").startswith("#")


def test_every_link_of_the_page_leads_somewhere_and_no_place_has_two() -> None:
    elements = Page(html.render(full_report(9))).elements
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    links = {(attributes["href"] or "")[1:] for name, attributes in elements if name == "a"}
    assert len(ids) == len(set(ids))
    assert links <= {*ids}
    assert len(links) > 10


@pytest.mark.parametrize("total", [Tally(), tally(), tally(judged()), tally(judged(finding()))])
def test_a_run_of_any_kind_has_a_page(total: Tally) -> None:
    page = Page(html.render(reported(total)))
    assert page.open == []
    (title,) = page.texts["title"]
    assert title.startswith(f"{len(total.causes)} finding")


TEXT = {"type": "object", "required": ["text"], "additionalProperties": False, "properties": {"text": {"minLength": 1}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required, "properties": properties}


# The part of the standard's schema that we use, by hand: sections 3.13 to 3.30 of SARIF 2.1.0.
SARIF = closed(
    ["version", "runs"],
    **{"$schema": {"const": "https://json.schemastore.org/sarif-2.1.0.json"}},
    version={"const": "2.1.0"},
    runs={"type": "array", "items": closed(
        ["tool"],
        tool=closed(["driver"], driver=closed(
            ["name"], name={"type": "string"},
            rules={"type": "array", "items": closed(
                ["id"], id={"type": "string"}, shortDescription=TEXT, defaultConfiguration=closed([], level=LEVEL),
                properties={"type": "object"},
            )},
        )),
        automationDetails=closed([], id={"type": "string"}),
        invocations={"type": "array", "items": closed(
            ["executionSuccessful"], executionSuccessful={"type": "boolean"}, exitCode={"type": "integer"},
            commandLine={"type": "string"}, endTimeUtc={"type": "string", "pattern": "Z$"},
            toolExecutionNotifications={"type": "array", "items": closed(["message"], message=TEXT, level=LEVEL)},
        )},
        results={"type": "array", "items": closed(
            ["message"], message=TEXT, ruleId={"type": "string"}, ruleIndex={"type": "integer", "minimum": 0},
            level=LEVEL, occurrenceCount={"type": "integer", "minimum": 1},
            baselineState={"enum": ["new", "unchanged", "updated", "absent"]},
            partialFingerprints={"type": "object", "additionalProperties": {"type": "string"}},
            suppressions={"type": "array", "items": closed(
                ["kind"], kind={"enum": ["inSource", "external"]}, justification={"type": "string"},
                status={"enum": ["accepted", "underReview", "rejected"]},
            )},
            locations={"type": "array", "items": closed(
                [],
                physicalLocation=closed(
                    ["artifactLocation"], artifactLocation=closed([], uri={"type": "string", "pattern": "^[^\\s]+$"}),
                    region=closed([], startLine={"type": "integer", "minimum": 1}),
                ),
                logicalLocations={"type": "array", "items": closed([], name={"type": "string"})},
            )},
        )},
    )},
)  # fmt: skip


def sarif_of(report: Report) -> dict[str, Any]:
    log = json.loads(sarif.render(report))
    jsonschema_rs.validate(SARIF, log)
    (run,) = log["runs"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    return run


@pytest.mark.parametrize("total", [Tally(), tally(), tally(judged()), tally(judged(finding()), law_judged(finding()))])
def test_sarif_of_a_run_of_any_kind_is_sarif(total: Tally) -> None:
    run = sarif_of(reported(total))
    assert len(run["results"]) == len(total.causes) + len(total.notes)
    assert run["invocations"][0]["executionSuccessful"] == (total.exit_code != 2)
    assert not any("baselineState" in result for result in run["results"])


def test_sarif_has_a_rule_per_law_and_a_result_per_finding() -> None:
    report = full_report()
    run = sarif_of(report)
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    assert rules["prices_add_up"]["shortDescription"]["text"] == "Prices add up"
    assert rules["prices_add_up"]["properties"] == {"basis": "published", "severity": "critical"}
    assert {name: rule["defaultConfiguration"]["level"] for name, rule in rules.items()} == {
        "prices_add_up": "error",
        "names_are_short": "warning",
        "ids_last": "error",
        "not_a_server_error": "error",
        "status_code_conformance": "error",
    }
    results = [(one["ruleId"], one["level"], one["baselineState"]) for one in run["results"]]
    assert results == [
        ("prices_add_up", "error", "new"),
        ("not_a_server_error", "error", "unchanged"),
        ("not_a_server_error", "error", "new"),
        ("names_are_short", "note", "unchanged"),
        ("status_code_conformance", "error", "unchanged"),
    ]
    *counted, waived = run["results"]
    assert not any("suppressions" in one for one in counted)
    (suppression,) = waived["suppressions"]
    assert suppression["justification"] == "DESK-1 </script> (until 2026-12-31, waivers.toml:2)"
    fingerprints = [one["partialFingerprints"]["operationCheckCause/v1"] for one in counted]
    causes = (*report.tally.causes.values(), *report.tally.notes.values())
    assert fingerprints == [cause.example.fingerprint for cause in causes]
    assert "expired on 2026-11-01" in json.dumps(run["invocations"])


def test_sarif_places_a_finding_in_a_file_below_the_working_folder_or_anywhere() -> None:
    elsewhere, here, *_ = (one["locations"][0]["physicalLocation"] for one in sarif_of(full_report())["results"])
    assert unquote(here["artifactLocation"]["uri"]) == "specs, all/a b.yaml"
    assert here["region"] == {"startLine": 7}
    assert elsewhere == {"artifactLocation": {"uri": "file:///elsewhere/c.yaml"}}


def commands(report: Report) -> list[tuple[str, dict[str, str], str]]:
    """Workflow commands as GitHub's runner reads them: name, properties, message."""
    read = []
    for line in github.render(report).splitlines():
        name, _, rest = line.removeprefix("::").partition(" ")
        properties, _, message = rest.partition("::")
        pairs = dict(pair.split("=", 1) for pair in properties.split(","))
        read.append((name, {key: unescaped(value) for key, value in pairs.items()}, unescaped(message)))
    return read


def unescaped(text: str) -> str:
    for escape, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escape, char)
    return text


def test_annotations_stand_at_their_lines_whatever_is_in_their_texts() -> None:
    read = commands(full_report())
    names = [name for name, _, _ in read]
    assert names == ["error", "error", "error", "notice", "warning", "warning"]
    _, properties, message = read[1]
    assert properties == {"file": "specs, all/a b.yaml", "line": "7", "title": f"100 %, {HOSTILE}: GET /a"}
    assert message.splitlines()[:2] == [f"contract: {HOSTILE}", f"came: {HOSTILE}"]
    assert message.splitlines()[3].startswith("curl -i ")
    assert read[0][1]["file"] == "/elsewhere/c.yaml"
    assert (read[5][1]["file"], read[5][1]["line"]) == ("waivers.toml", "8")


def test_a_run_that_proves_nothing_is_an_annotation() -> None:
    assert "nothing was tested" in commands(reported(tally()))[-1][2]


@click.command()
@report_options
def told(**options: Any) -> None:
    """A command that has found something."""
    total = tally(judged(*(replace(finding(cause=cause), came="oops") for cause in ("500", "502"))))
    raise SystemExit(Telling.chosen(options).tell(reported(total)))


def tell(*words: str) -> Result:
    return CliRunner().invoke(told, words, catch_exceptions=False)


def test_every_form_of_report_is_written_on_demand() -> None:
    assert tell().exit_code == 1
    assert [*Path().iterdir()] == []
    result = tell(*(word for name in FORMATS for word in (f"--{name}", f"report.{name}")), "--github")
    assert result.exit_code == 1
    texts = {name: Path(f"report.{name}").read_text("utf-8") for name in FORMATS}
    assert ElementTree.fromstring(texts.pop("junit")).get("failures") == "1"
    assert len(json.loads(texts.pop("json"))["findings"]) == 2
    assert len(json.loads(texts.pop("sarif"))["runs"][0]["results"]) == 2
    assert Page(texts.pop("html")).texts["h1"] == ["Desk"]
    assert texts == {}
    assert result.output.count("::error file=") == 2
    assert "2 findings, 2.5 s" in result.output


def test_waivers_and_an_earlier_run_are_taken_into_account() -> None:
    tell("--json", "old.json")
    Path("waivers.toml").write_text(WAIVER.replace("reason", 'cause = "502"\nreason'), "utf-8")
    result = tell("--waivers", "waivers.toml", "--compare", "old.json", "--json", "new.json")
    assert "Waived until 2026-12-31 (DESK-1)" in result.output
    assert "0 new, 0 fixed, 2 still there" in result.output
    run = document.read(Path("new.json"))
    assert (len(run["findings"]), len(run["waived"]), run["comparison"]["new"]) == (1, 1, [])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--html", "no/such/page.html"], "page.html cannot be written: No such file"),
        (["--sarif", "."], ". cannot be written: Is a directory"),
        (["--waivers", "none.toml"], "none.toml cannot be read: No such file"),
        (["--waivers", "bad.toml"], "bad.toml:1: operation is missing"),
        (["--compare", "none.json"], "none.json cannot be read: No such file"),
        (["--compare", "bad.toml"], "bad.toml is no JSON"),
    ],
)
def test_files_that_cannot_be_used_are_refused_before_the_run(words: list[str], message: str) -> None:
    Path("bad.toml").write_text("[[waiver]]\nreason = 'x'\n", "utf-8")
    result = tell(*words)
    assert (result.exit_code, message in result.output) == (2, True), result.output
    assert "findings" not in result.output


def test_a_file_that_cannot_be_written_after_all_keeps_no_other_from_being_written(folder: Path) -> None:
    lost = folder / "gone" / "a.json"
    telling = Telling({"json": lost, "html": folder / "page.html"})
    with pytest.raises(click.ClickException, match=r"a\.json cannot be written: No such file") as refused:
        telling.tell(reported(tally(judged(finding()))))
    assert refused.value.exit_code == 2
    assert (folder / "page.html").exists()


def test_the_command_that_does_it_again_has_these_options_too() -> None:
    @click.command()
    @report_options
    @click.pass_context
    def repeated(context: click.Context, /, **_: Any) -> None:
        click.echo(again(context, "gridmock check", ()))

    words = ["--json", "a b.json", "--github"]
    assert CliRunner().invoke(repeated, words).output == "gridmock check --json 'a b.json' --github\n"


def test_the_page_of_the_manual_says_what_there_is() -> None:
    manual = (Path(contract_tests.__file__).parents[1] / "docs" / "reports.md").read_text("utf-8")
    tabled = set(re.findall(r"^\| `(--[a-z]+)[ `]", manual, re.MULTILINE))
    assert tabled == {*(f"--{name}" for name in FORMATS), "--github"}
    known = {option for parameter in check.params for option in parameter.opts}
    lines = re.findall(r"gridmock check .*(?:\\\n.*)?", manual)
    assert lines
    assert {option for line in lines for option in re.findall(r"--[a-z-]+", line)} <= known
    examples = re.findall(r"^```toml\n(.*?)^```", manual, re.MULTILINE | re.DOTALL)
    (example,) = (text for text in examples if "[[waiver]]" in text)
    Path("waivers.toml").write_text(example, "utf-8")
    assert len(waivers.from_file(Path("waivers.toml"))) == 2
    assert set(re.findall(r"`(\w+)`", manual[manual.index("| key |") :].split("\n\n")[0])) == {*waivers.KEYS}


def test_the_run_of_the_reports_here_has_something_of_every_kind() -> None:
    run = document.document(full_report())
    assert all(run[kind] for kind in ("findings", "notes", "waived", "useless_waivers", "troubles", "laws"))
    assert all(run["comparison"][kind] for kind in ("new", "still", "fixed", "untested", "differences"))
    assert [row["operation"] for row in run["operations"]] == [*LABELS]
    assert datetime.fromisoformat(run["run"]["at"]).tzinfo is not None
    assert ElementTree.fromstring(junit.render(full_report())).get("failures") == "2"
    assert WAIVERS.count("[[waiver]]") == len(run["waived"]) + len(run["useless_waivers"])
