"""Reads recorded traffic: HAR files of browsers and proxies, and gridmock's own journal as JSON or as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract_tests.traffic import har, journal
from contract_tests.traffic.recorded import Recorded


class RecordingError(Exception):
    """A file that holds no recorded traffic, or a broken part of it; says where."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One exchange of a recording: when it was, and which API answered, where the recording says so."""

    exchange: Recorded
    at: str
    api: str | None


def samples(file: Path) -> Iterator[Sample]:
    """The exchanges of a file in its own order; raises RecordingError. Only JSON lines are read piece by piece."""
    try:
        with file.open(encoding="utf-8-sig") as lines:
            first = next((line for line in lines if line.strip()), "")
            if _is_object(first):
                yield from _lines(file)
                return
        yield from _whole(file, file.read_text("utf-8-sig"))
    except OSError as error:
        raise RecordingError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise RecordingError(f"{file} is no text in UTF-8 (at byte {error.start}): neither HAR nor journal") from error


def _is_object(line: str) -> bool:
    """Whether a line is a whole entry of a journal by itself, and not the beginning of a larger document."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "log" not in value


def _lines(file: Path) -> Iterator[Sample]:
    with file.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise RecordingError(f"{file}:{number}: no JSON: {error}") from error
            yield _sample(f"{file}:{number}", entry, _from_journal)


def _whole(file: Path, text: str) -> Iterator[Sample]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise RecordingError(f"{file}:{error.lineno}: no JSON: {error.msg} (column {error.colno})") from error
    except RecursionError as error:
        raise RecordingError(f"{file} is nested too deeply for a recording") from error
    if isinstance(document, list):
        for index, entry in enumerate(document):
            yield _sample(f"{file}: #/{index}", entry, _from_journal)
        return
    log = document.get("log") if isinstance(document, dict) else None
    if isinstance(document, dict) and log is None:
        yield _sample(f"{file}: #", document, _from_journal)
        return
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise RecordingError(f"{file} has no list at #/log/entries, as a HAR file has, and is no journal either")
    for index, entry in enumerate(entries):
        yield _sample(f"{file}: #/log/entries/{index}", entry, _from_har)


def _from_journal(entry: Mapping[str, Any]) -> Sample:
    return Sample(journal.exchange(entry), _text(entry, "at"), entry.get("api"))


def _from_har(entry: Mapping[str, Any]) -> Sample:
    return Sample(har.exchange(entry), _text(entry, "startedDateTime"), None)


def _sample(where: str, entry: Any, read: Callable[[Mapping[str, Any]], Sample]) -> Sample:
    if not isinstance(entry, dict):
        raise RecordingError(f"{where}: an object is wanted, not {type(entry).__name__}")
    try:
        return read(entry)
    except KeyError as error:
        raise RecordingError(f"{where}: {error.args[0]!r} is missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise RecordingError(f"{where}: is no recorded exchange: {error}") from error


def _text(entry: Mapping[str, Any], name: str) -> str:
    return str(entry.get(name) or "")
