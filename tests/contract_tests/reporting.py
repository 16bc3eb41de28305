"""A run with something of every kind in it, said by a server that would like to take over what shows it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

from contract_tests import waivers
from contract_tests.comparison import compare
from contract_tests.coverage.point import Point
from contract_tests.findings import Ended, Finding, Judged, Started, Tally, Trouble, Unplayed
from contract_tests.laws.law import Law
from contract_tests.report import document
from contract_tests.report.report import Report
from tests.contract_tests.test_reports import reported

HOSTILE = """</pre></script><script>document.title='taken'</script><img src=http://evil.example/x onerror=alert(1)>"""
LABELS = ("GET /a", "GET /b/{id}", "DELETE /b/{id}")
WAIVERS = """
[[waiver]]
operation = "GET /a"
check = "status_code_conformance"
reason = "DESK-1 </script>"
until = 2026-12-31

[[waiver]]
operation = "GET /a"
check = "ids_last"
reason = "DESK-2"
until = 2026-11-01
"""
LAWS = (
    Law("prices_add_up", "Prices add up", "published", "critical", ("GET /a",), lambda _: None),
    Law("names_are_short", "Names are short", "inferred", "minor", ("GET /a",), lambda _: None),
    Law("ids_last", "Ids last", "protocol", "major", ("GET /b/{id}",), lambda _: None),
)


def broken(check: str, cause: str = "", operation: str = "GET /a", severity: str = "", line: int = 7) -> Finding:
    """A finding in whose every text the server had its say."""
    where = f"{Path.cwd() / 'specs, all' / 'a b.yaml'}:{line}: #/paths/~1a" if line else "/elsewhere/c.yaml: #/paths"
    curl = f"curl -i 'http://h/a?q={HOSTILE}'\ncurl -i http://h/{'long' * 400}"
    basis = "published" if severity else ""
    return Finding(operation, check, cause, f"100 %, {HOSTILE}", where, HOSTILE, HOSTILE, curl, basis, severity)


def full_report(findings: int = 2) -> Report:
    """A report on that run, compared with an earlier one; with so many findings of generated checks."""
    points = tuple(Point("response", "responses", status) for status in ("200", "403", "429"))
    points += tuple(Point("request", "values", f"body.{'deep.' * 40}kind", f"value_{number}") for number in range(30))
    start = Started(
        f"Desk {HOSTILE}", "http://h/base", 1, ("laws", "coverage"), LABELS, dict.fromkeys(LABELS, points),
        {"DELETE /b/{id}": "not allowed in mode safe"},
    )  # fmt: skip
    checks = frozenset({"not_a_server_error", "status_code_conformance"})
    generated = [broken("not_a_server_error", str(500 + number)) for number in range(findings)]
    law = Judged(
        "laws", "GET /a", Counter({200: 2}), 2, frozenset({"prices_add_up", "names_are_short"}),
        (broken("prices_add_up", severity="critical", line=0),), (broken("names_are_short", severity="minor"),),
    )  # fmt: skip
    total, before = Tally(), Tally()
    for tally, found in (
        (total, (*generated, broken("status_code_conformance", "418"))),
        (before, (generated[0], broken("not_a_server_error", "599"), broken("gone"))),
    ):
        for event in (
            start if tally is total else replace(start, seed=2),
            law if tally is total else replace(law, findings=(), notes=()),
            Unplayed("GET /b/{id}", "ids_last", f"no id {HOSTILE}"),
            Judged("coverage", "GET /a", Counter({200: 3, 0: 1, 299: 1}), 3, checks, found, (), frozenset(points[:1])),
            Trouble("GET /b/{id}", "Schema Error", f"odd \ud800\n{HOSTILE}"),
            Ended(2.5, "completed"),
        ):
            tally.add(event)
    file = Path("waivers.toml")
    file.write_text(WAIVERS, "utf-8")
    waivers.apply(waivers.from_file(file), total, date(2026, 12, 1))
    report = replace(reported(total, f"gridmock check {HOSTILE}"), laws=LAWS)
    return replace(report, comparison=compare(document.document(reported(before)), document.document(report)))
