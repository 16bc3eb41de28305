"""The report for browsers: one HTML page that needs nothing beside itself, made of `page.html`."""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import jinja2

from contract_tests.report.document import document
from contract_tests.report.report import Report
from contract_tests.report.words import count

_PAGE = "page.html"


def render(report: Report) -> str:
    """The report as text; whatever a server answered is text in it, too, and never part of the page."""
    return page(document(report))


def page(run: Mapping[str, Any]) -> str:
    """The page on a run that `document` describes."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(count=count, status=_status, by_reason=_by_reason)
    states = {name: set(run["comparison"][name]) for name in ("new", "still")} if "comparison" in run else {}
    times = Counter(finding["severity"] for finding in run["findings"])
    severities = [f"{times[severity]} {severity}" for severity in ("critical", "major", "minor") if times[severity]]
    text = environment.get_template(_PAGE).render(run, states=states, severities=severities)
    return text.replace("CONTENT_SECURITY_POLICY", _policy(text), 1)


def _policy(page: str) -> str:
    """Only the page's own style and script count: nothing is loaded, and nothing that slipped in is run."""
    hashes = {}
    for tag in ("style", "script"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        hashes[tag] = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{hashes['style']}'; script-src 'sha256-{hashes['script']}'"


def _status(code: str) -> str:
    """`404 Not Found`."""
    if code == "0":
        return "no answer"
    try:
        return f"{code} {HTTPStatus(int(code)).phrase}"
    except ValueError:
        return code


def _by_reason(rows: Iterable[Mapping[str, Any]], what: str) -> dict[str, list[str]]:
    """What stands in rows, by the reason that they give."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        reasons.setdefault(row["reason"], []).append(row[what])
    return reasons
