"""The report for code scanning: SARIF 2.1.0, with each finding at the line of the contract that it breaks.

The names are those of the standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from contract_tests.report.document import document
from contract_tests.report.report import Report

Finding = Mapping[str, Any]
Level = Literal["error", "warning", "note"]


def render(report: Report) -> str:
    """The report as text."""
    run = document(report)
    rules = _rules(run)
    numbers = {rule["id"]: number for number, rule in enumerate(rules)}
    results = [_result(finding, level(finding), numbers) for finding in run["findings"]]
    results += [_result(finding, "note", numbers) for finding in run["notes"]]
    results += [_result(finding, level(finding), numbers, waived=True) for finding in run["waived"]]
    if "comparison" in run:
        states = dict.fromkeys(run["comparison"]["new"], "new") | dict.fromkeys(run["comparison"]["still"], "unchanged")
        for result in results:
            # What did not count in either run is as unchanged as anything.
            result["baselineState"] = states.get(result["partialFingerprints"][_FINGERPRINT], "unchanged")
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "gridmock", "rules": rules}},
                # GitHub tells by it the results of several contracts apart.
                "automationDetails": {"id": f"gridmock/{run['run']['title']}/"},
                "invocations": [_invocation(run)],
                "results": results,
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


_FINGERPRINT = "operationCheckCause/v1"


def level(finding: Finding) -> Level:
    """How bad it is: what clients can live with is a warning, the rest an error."""
    return "warning" if finding["severity"] == "minor" else "error"


def _rules(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One rule per law that was to be played, and per check that found something."""
    rules: dict[str, dict[str, Any]] = {}
    for law in run["laws"]:
        if law["sentence"]:
            rules.setdefault(law["law"], _rule(law["law"], law["sentence"], law))
    for kind in ("findings", "notes", "waived"):
        for finding in run[kind]:
            rules.setdefault(finding["check"], _rule(finding["check"], finding["title"], finding))
    return list(rules.values())


def _rule(name: str, sentence: str, source: Mapping[str, Any]) -> dict[str, Any]:
    properties = {key: source[key] for key in ("basis", "severity") if source[key]}
    return {
        "id": name,
        "shortDescription": {"text": sentence},
        "defaultConfiguration": {"level": level(source)},
        **({"properties": properties} if properties else {}),
    }


def _result(finding: Finding, level: Level, numbers: Mapping[str, int], *, waived: bool = False) -> dict[str, Any]:
    parts = (
        f"{finding['title']}: {finding['operation']}",
        f"Contract: {finding['contract']}",
        f"Came: {finding['came']}",
        f"Try: {finding['curl']}",
    )
    result: dict[str, Any] = {
        "ruleId": finding["check"],
        "ruleIndex": numbers[finding["check"]],
        "level": level,
        "message": {"text": "\n".join(parts)},
        "locations": [{"physicalLocation": _place(finding), "logicalLocations": [{"name": finding["operation"]}]}],
        "partialFingerprints": {_FINGERPRINT: finding["fingerprint"]},
        "occurrenceCount": finding["times"],
    }
    if waived:
        justification = f"{finding['reason']} (until {finding['until']}, {finding['waiver']})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": justification}]
    return result


def _place(finding: Finding) -> dict[str, Any]:
    file, line = finding["where"]["file"], finding["where"]["line"]
    uri = Path(file).as_uri() if Path(file).is_absolute() else quote(file)
    return {"artifactLocation": {"uri": uri}, **({"region": {"startLine": line}} if line else {})}


def _invocation(run: Mapping[str, Any]) -> dict[str, Any]:
    facts = run["run"]
    return {
        "executionSuccessful": facts["exit_code"] != 2,
        "exitCode": facts["exit_code"],
        "commandLine": facts["again"],
        "endTimeUtc": f"{datetime.fromisoformat(facts['at']).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "toolExecutionNotifications": [{"level": "warning", "message": {"text": text}} for text in _notifications(run)],
    }


def _notifications(run: Mapping[str, Any]) -> Iterator[str]:
    """What kept the run from testing, and the waivers that waived nothing."""
    if run["run"]["warning"]:
        yield run["run"]["warning"]
    for trouble in run["troubles"]:
        yield f"{trouble['operation'] or 'the run'}: {trouble['title']}: {trouble['message']}"
    for waiver in run["useless_waivers"]:
        yield f"{waiver['waiver']}: {waiver['operation']}, {waiver['check']}: {waiver['why']}"
