"""Known findings that do not count until a day: `waivers.toml`.

[[waiver]]
operation = "GET /tariffs"                  as reports write it
check = "response_schema_conformance"       or the name of a law
cause = "JsonSchemaError 200 /paths/..."    optional: only this cause, word for word, as in the JSON report
contains = "currency"                       optional: only where this stands in what the report says of it
reason = "fixed in release 12, DESK-123"
until = 2026-12-31                          the last day on which it holds
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from contract_tests.findings import Finding, Tally

_TEXTS = ("operation", "check", "cause", "contains", "reason")
_REQUIRED = ("operation", "check", "reason", "until")
KEYS = (*_TEXTS, "until")
_HEADER = re.compile(r"^[ \t]*\[\[[ \t]*(?:waiver|'waiver'|\"waiver\")[ \t]*\]\]", re.MULTILINE)


class WaiverError(Exception):
    """A file of waivers that cannot be used; says where it is wrong and what to write."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry of the file; it holds to the end of the day `until`. `place` is file and line."""

    operation: str
    check: str
    reason: str
    until: date
    place: str
    cause: str = ""
    contains: str = ""

    def covers(self, finding: Finding) -> bool:
        """Whether this is the finding that is meant."""
        words = (finding.title, finding.contract, finding.came)
        return (
            (self.operation, self.check) == (finding.operation, finding.check)
            and self.cause in ("", finding.cause)
            and any(self.contains in text for text in words)
        )


def from_file(file: Path) -> tuple[Waiver, ...]:
    """The waivers of a file; raises WaiverError with all that is wrong in it."""
    try:
        text = file.read_text("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        raise WaiverError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise WaiverError(f"{file} is no TOML: {error}") from error
    entries = document.get("waiver", [])
    if strange := [key for key in document if key != "waiver"]:
        raise WaiverError(f"{file}: {strange[0]!r} is not known here; each waiver is a table under [[waiver]]")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise WaiverError(f"{file}: write [[waiver]], with two brackets, above each waiver")
    placed = [*zip(_places(file, text, len(entries)), entries, strict=True)]
    if problems := [f"{place}: {problem}" for place, entry in placed for problem in _problems(entry)]:
        raise WaiverError("\n".join(problems))
    return tuple(
        Waiver(place=place, **{**entry, "reason": " ".join(entry["reason"].split())}) for place, entry in placed
    )


def _places(file: Path, text: str, number: int) -> list[str]:
    """File and line of each waiver, as far as the headers tell; else its number."""
    lines = [text.count("\n", 0, header.start()) + 1 for header in _HEADER.finditer(text)]
    if len(lines) == number:
        return [f"{file}:{line}" for line in lines]
    return [f"{file}: waiver {index}" for index in range(1, number + 1)]


def _problems(entry: Mapping[str, Any]) -> Iterator[str]:
    for key in entry:
        if key not in KEYS:
            yield f"{key!r} is not known; a waiver has {', '.join(KEYS)}"
    for key in _REQUIRED:
        if key not in entry:
            sample = "2026-12-31" if key == "until" else '"..."'
            yield f"{key} is missing: write {key} = {sample}"
    for key in _TEXTS:
        value = entry.get(key, "-")
        if not isinstance(value, str) or not value.strip():
            yield f"{key} is {value!r}: write a text that is not empty"
    until = entry.get("until", date.max)
    if not isinstance(until, date) or isinstance(until, datetime):
        yield f"until is {str(until)!r}: write the last day as a TOML date, without quotes: until = 2026-12-31"


def apply(waivers: Iterable[Waiver], tally: Tally, today: date) -> None:
    """Take what is waived out of the findings and notes of a run that is over, and say which waivers did nothing."""
    found = {**tally.causes, **tally.notes}
    for waiver in waivers:
        covered = {key: cause for key, cause in found.items() if waiver.covers(cause.example)}
        because = "" if covered else _unused(waiver, tally)
        if today > waiver.until:
            tally.useless_waivers[waiver] = f"expired on {waiver.until}: {because or 'what it waived counts again'}"
        elif because:
            tally.useless_waivers[waiver] = because
        else:
            for key, cause in covered.items():
                tally.waived.setdefault(key, (cause, waiver))
    tally.causes = {key: cause for key, cause in tally.causes.items() if key not in tally.waived}
    tally.notes = {key: cause for key, cause in tally.notes.items() if key not in tally.waived}


def _unused(waiver: Waiver, tally: Tally) -> str:
    """Why a waiver covers nothing that this run found."""
    if waiver.operation not in tally.operations:
        return f"{waiver.operation} was not among the operations of this run"
    if (waiver.operation, waiver.check) not in tally.judged:
        return f"{waiver.check} judged nothing of {waiver.operation} in this run"
    return "nothing like it was found: if it is fixed, remove the waiver"
