"""The report as GitHub's workflow commands: each finding is an annotation at its line of the contract.

Their form: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contract_tests.report.document import document
from contract_tests.report.report import Report
from contract_tests.report.sarif import level


def render(report: Report) -> str:
    """One line per annotation: an error or a warning per finding, a notice per note, a warning for what went wrong."""
    return "".join(f"{line}\n" for line in _lines(document(report)))


def _lines(run: Mapping[str, Any]) -> Iterator[str]:
    for finding in run["findings"]:
        yield _annotation(level(finding), finding)
    for finding in run["notes"]:
        yield _annotation("notice", finding)
    for trouble in run["troubles"]:
        title = f"{trouble['operation'] or 'gridmock check'}: {trouble['title']}"
        yield _command("warning", {"title": title}, trouble["message"])
    for waiver in run["useless_waivers"]:
        file, _, line = waiver["waiver"].rpartition(":")
        place = {"file": file, "line": line} if line.isdecimal() else {}
        text = f"{waiver['waiver']}: {waiver['operation']}, {waiver['check']}: {waiver['why']}"
        yield _command("warning", place | {"title": "Useless waiver"}, text)
    if run["run"]["warning"]:
        yield _command("error", {"title": "gridmock check"}, run["run"]["warning"])


def _annotation(command: str, finding: Mapping[str, Any]) -> str:
    where = finding["where"]
    place = {"file": where["file"], "line": where["line"] or 1, "title": f"{finding['title']}: {finding['operation']}"}
    lines = (
        f"contract: {finding['contract']}",
        f"came: {finding['came']}",
        f"check: {finding['check']}",
        finding["curl"],
    )
    return _command(command, place, "\n".join(lines))


def _command(name: str, properties: Mapping[str, Any], message: str) -> str:
    listed = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{name} {listed}::{_message(message)}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
