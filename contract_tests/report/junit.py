"""The report for CI: JUnit XML with one test case per operation and check, so that each is a row."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC
from xml.etree import ElementTree

from contract_tests.findings import Cause, Tally
from contract_tests.report.report import Report
from contract_tests.report.terminal import block

# What XML 1.0 cannot hold, and generated requests like to.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """The report as text.

    A pair of operation and check without any verdict, or with waived findings only, is a skipped test case, and what
    kept the run from testing is an error, so that a run which proved nothing does not look green.
    """
    tally = report.tally
    start, end = tally.start, tally.end
    suite = ElementTree.Element("testsuite", name=_text(start.title if start else "gridmock check"))
    properties = ElementTree.SubElement(suite, "properties")
    if start:
        for name, value in (("url", start.url), ("seed", start.seed), ("phases", ", ".join(start.phases))):
            ElementTree.SubElement(properties, "property", name=name, value=_text(str(value)))
    for kind, (seen, declared) in tally.coverage.totals.items():
        ElementTree.SubElement(properties, "property", name=f"coverage.{kind}", value=f"{seen} of {declared}")
    rows = _rows(tally)
    for (operation, check), causes in rows.items():
        case = ElementTree.SubElement(suite, "testcase", classname=_text(operation), name=check)
        if causes:
            titles = dict.fromkeys(cause.example.title for cause in causes)
            failure = ElementTree.SubElement(case, "failure", type=check, message=_text("; ".join(titles)))
            blocks = ["\n".join(block(number, cause)) for number, cause in enumerate(causes, 1)]
            failure.text = _text("\n\n".join(blocks))
        elif reason := _skipped(tally, operation, check):
            ElementTree.SubElement(case, "skipped", message=_text(reason))
    errors = _errors(tally)
    for title, message in errors:
        case = ElementTree.SubElement(suite, "testcase", classname="run", name=_text(title))
        ElementTree.SubElement(case, "error", type="run", message=_text(title)).text = _text(message)
    counts = {
        "tests": len(rows) + len(errors),
        "failures": sum(1 for causes in rows.values() if causes),
        "errors": len(errors),
        "skipped": sum(1 for row, causes in rows.items() if not causes and _skipped(tally, *row)),
    }
    for element in (suite, root := ElementTree.Element("testsuites", name="gridmock check")):
        for name, count in counts.items():
            element.set(name, str(count))
        element.set("time", f"{end.seconds:.3f}" if end else "0")
    suite.set("timestamp", report.at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds"))
    root.append(suite)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _rows(tally: Tally) -> dict[tuple[str, str], list[Cause]]:
    """Causes by operation and check: all operations, all checks that judged anything in this run; then each law."""
    checks = sorted({check for _, check in tally.judged} - {law for _, law in tally.laws})
    found: defaultdict[tuple[str, str], list[Cause]] = defaultdict(list)
    for (operation, check, _), cause in tally.causes.items():
        found[operation, check].append(cause)
    rows = [*((operation, check) for operation in tally.operations for check in checks), *tally.laws]
    return {row: found[row] for row in rows}


def _skipped(tally: Tally, operation: str, check: str) -> str:
    """Why a row without findings is no success, or an empty text."""
    waived = [waiver for key, (_, waiver) in tally.waived.items() if key[:2] == (operation, check)]
    if waived:
        return f"waived until {waived[0].until}: {waived[0].reason}"
    if (operation, check) in tally.judged:
        return ""
    return tally.laws.get((operation, check)) or "no request that this check judges"


def _errors(tally: Tally) -> list[tuple[str, str]]:
    errors = [(f"{trouble.operation} {trouble.title}".strip(), trouble.message) for trouble in tally.troubles.values()]
    if tally.warning:
        errors.append(("nothing was tested", tally.warning))
    if tally.end is None or tally.end.stop not in ("completed", "out of time"):
        errors.append(("the run did not finish", tally.end.stop if tally.end else "interrupted"))
    return errors


def _text(text: str) -> str:
    return _NOT_XML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
