"""The report for programs: everything that is known of a run, as JSON. Its form is `document.schema.yaml`.

It can be read back: to be compared with a later run, for instance.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from contract_tests.findings import Cause, Tally
from contract_tests.report.report import Report
from contract_tests.report.words import near

_HALF = re.compile("[\ud800-\udfff]")

FORMAT = 1
"""Goes up when a program that reads these files would have to change; members may be added without that."""


class DocumentError(Exception):
    """A file that is no JSON report of a run; says why and what to do."""


def document(report: Report) -> dict[str, Any]:
    """A run as JSON values; half a surrogate pair, which is no character, is shown as its escape."""
    tally = report.tally
    described: dict[str, Any] = {
        "format": FORMAT,
        "run": _run(report),
        "findings": [_finding(cause) for cause in tally.causes.values()],
        "notes": [_finding(cause) for cause in tally.notes.values()],
        "waived": [
            _finding(cause) | {"reason": waiver.reason, "until": waiver.until.isoformat(), "waiver": waiver.place}
            for cause, waiver in tally.waived.values()
        ],
        "useless_waivers": [
            {"waiver": waiver.place, "operation": waiver.operation, "check": waiver.check, "why": why}
            for waiver, why in tally.useless_waivers.items()
        ],
        "troubles": [
            {"operation": trouble.operation, "title": trouble.title, "message": trouble.message}
            for trouble in tally.troubles.values()
        ],
        "laws": [*_laws(report)],
        "operations": [*_operations(tally)],
        "coverage": _coverage(tally),
    }
    if compared := report.comparison:
        described["comparison"] = {
            "before": compared.before,
            "new": [finding["fingerprint"] for finding in compared.new],
            "still": [finding["fingerprint"] for finding in compared.still],
            "fixed": list(compared.fixed),
            "untested": list(compared.untested),
            "differences": list(compared.differences),
        }
    text = json.dumps(described, ensure_ascii=False)
    plain: dict[str, Any] = json.loads(_HALF.sub(lambda half: f"\\\\u{ord(half[0]):04x}", text))
    return plain


def _run(report: Report) -> dict[str, Any]:
    start, end = report.tally.start, report.tally.end
    return {
        "title": start.title if start else "",
        "url": start.url if start else "",
        "seed": start.seed if start else 0,
        "phases": list(start.phases) if start else [],
        "mode": start.mode if start else "full",
        "at": report.at.isoformat(timespec="seconds"),
        "seconds": round(end.seconds, 3) if end else 0,
        "stop": end.stop if end else "interrupted",
        "requests": report.tally.requests,
        "warning": report.tally.warning,
        "exit_code": report.tally.exit_code,
        "again": report.again,
    }


def _finding(cause: Cause) -> dict[str, Any]:
    finding = cause.example
    location = finding.location
    return {
        "fingerprint": finding.fingerprint,
        "operation": finding.operation,
        "check": finding.check,
        "cause": finding.cause,
        "basis": finding.basis,
        "severity": finding.severity,
        "title": finding.title,
        "where": {"file": near(location.file), "line": location.line, "pointer": location.pointer},
        "contract": finding.contract,
        "came": finding.came,
        "curl": finding.curl,
        "times": cause.times,
        "phases": list(cause.phases),
    }


def _laws(report: Report) -> Iterator[dict[str, Any]]:
    known = {(label, law.name): law for law in report.laws for label in law.operations}
    for (label, name), reason in report.tally.laws.items():
        law = known.get((label, name))
        yield {
            "law": name,
            "operation": label,
            "sentence": law.sentence if law else "",
            "basis": law.basis if law else "",
            "severity": law.severity if law else "",
            "played": not reason,
            "reason": reason,
        }


def _operations(tally: Tally) -> Iterator[dict[str, Any]]:
    for label in tally.operations:
        yield {
            "operation": label,
            "answers": {str(status): times for status, times in sorted(tally.answers.get(label, {}).items())},
            "successes": tally.successes[label],
            "checks": sorted(check for operation, check in tally.judged if operation == label),
        }


def _coverage(tally: Tally) -> dict[str, Any]:
    coverage = tally.coverage
    return {
        "percent": round(coverage.share, 1),
        "totals": {kind: {"exercised": seen, "declared": all_} for kind, (seen, all_) in coverage.totals.items()},
        "operations": coverage.rows(),
    }


def render(report: Report) -> str:
    """The report as text."""
    return json.dumps(document(report), ensure_ascii=False, indent=2) + "\n"


def read(file: Path) -> dict[str, Any]:
    """The run that a file describes; raises DocumentError."""
    run: Any
    try:
        run = json.loads(file.read_text("utf-8"))
        violation = next(_form().iter_errors(run), None)
    except OSError as error:
        raise DocumentError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise DocumentError(f"{file} is no JSON: {error}; {_REMEDY}") from error
    if isinstance(run, dict) and isinstance(number := run.get("format"), int) and number != FORMAT:
        raise DocumentError(f"{file} has format {number}, and this gridmock reads {FORMAT}: write it anew with --json")
    if violation:
        pointer = "".join(f"/{token}" for token in violation.instance_path)
        raise DocumentError(f"{file} is no report of a run: #{pointer}: {violation.message}; {_REMEDY}")
    described: dict[str, Any] = run
    return described


_REMEDY = "give it a file that `gridmock check --json FILE` has written"


@cache
def _form() -> Any:
    from specs.source import read as read_yaml

    form = read_yaml(Path(__file__).with_name("document.schema.yaml")).value
    return jsonschema_rs.Draft202012Validator(form, mask="what stands there")
