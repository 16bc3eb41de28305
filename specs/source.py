"""One YAML file, read strictly: what it says must mean the same to every YAML parser, or it is refused.

YAML 1.1 and 1.2 disagree about unquoted `no`, `17:00`, `010`, `2024-01-01` and others. A contract that depends on which
parser reads it is not a contract, so each of these is a problem with one remedy: quote it, or write it the JSON way.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from specs.errors import SpecError, SpecProblem
from specs.operation import Location

_Parser: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_TRAPS = {
    **{
        form: "is a boolean to some YAML parsers and text to others: write true or false, or quote it"
        for word in ("true", "false", "yes", "no", "on", "off")
        for form in (word, word.capitalize(), word.upper())
        if form not in _WORDS
    },
    **dict.fromkeys(("~", "Null", "NULL"), "is null to some YAML parsers and text to others: write null, or quote it"),
    "=": "has a meaning of its own in YAML 1.1: quote it",
}
_NUMERIC_TRAPS = (
    (
        re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]| +)[0-9]{1,2}:.*)?"),
        "is a date to some YAML parsers: quote it",
    ),
    (re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"), "is a number to base 60 in YAML 1.1: quote it"),
    (re.compile(r"[-+]?0[0-9_]+"), "is an octal number in YAML 1.1: drop the zeros, or quote it"),
    (re.compile(r"[-+]?0(?:x[0-9a-fA-F_]+|b[01_]+|o[0-7_]+)"), "is no JSON number: write it in decimal, or quote it"),
    (re.compile(r"[-+]?\.(?:inf|nan)", re.IGNORECASE), "has no JSON form: quote it if it is text"),
    (
        re.compile(r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)?"),
        "is read differently by YAML parsers: write a plain number such as 1000 or 0.5, or quote it",
    ),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A YAML file as plain dicts, lists and scalars; `lines` maps each JSON pointer to its line, from 1."""

    file: Path
    value: dict[str, Any]
    lines: Mapping[str, int]

    def locate(self, pointer: str) -> Location:
        """Where a pointer of this file stands; the line is its nearest parent's where it has none of its own."""
        known = pointer
        while known and known not in self.lines:
            known = known.rpartition("/")[0]
        return Location(self.file, self.lines[known], pointer)


def escape(key: str) -> str:
    """A mapping key as a JSON pointer token (RFC 6901)."""
    return key.replace("~", "~0").replace("/", "~1") if "~" in key or "/" in key else key


def unescape(token: str) -> str:
    """The mapping key that a JSON pointer token stands for."""
    return token.replace("~1", "/").replace("~0", "~")


def tokens(pointer: str) -> list[str]:
    """The mapping keys and indices that a JSON pointer leads through, from the root."""
    return [unescape(token) for token in pointer.split("/")[1:]]


def copied(value: Any) -> Any:
    """A deep copy of plain dicts, lists and scalars, several times faster than `copy.deepcopy`."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def read(file: Path) -> Source:
    """The file as a mapping with lines; raises SpecError with every problem that stops it from being read one way."""
    try:
        text = file.read_bytes().decode("utf-8")
    except OSError as error:
        raise SpecError([SpecProblem(Location(file, 1, ""), f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SpecError([SpecProblem(Location(file, line, ""), "is not UTF-8: save the file as UTF-8")]) from error
    reader = _Reader(file, text)
    value = reader.document()
    if reader.problems:
        raise SpecError(sorted(reader.problems, key=lambda problem: problem.location.line))
    assert isinstance(value, dict)  # noqa: S101  the reader reports everything else
    return Source(file, value, reader.lines)


class _Reader:
    """Builds values from parser events: events still carry the anchors, tags and quotes that nodes have lost."""

    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.problems: list[SpecProblem] = []
        self.lines: dict[str, int] = {"": 1}
        self._pointer = ""
        self._tabbed = [line for line, words in enumerate(text.split("\n"), 1) if "\t" in words]
        # Tabs are replaced so that the rest of the file can still be judged in the same run.
        self._text = text.replace("\t", "  ") if self._tabbed else text

    def document(self) -> Any:
        """The value of the only document of the file; problems are left in `problems`."""
        value: Any = None
        try:
            self._next: Any = _Parser(self._text).get_event
            value = self._only_document()
        except yaml.YAMLError as error:
            self._syntax(error)
        self._tabs()
        return value

    def _only_document(self) -> Any:
        self._next()
        event: Any = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            self._problem(1, "", "is empty: it must hold a mapping")
            return None
        event = self._next()
        top = _line(event)
        value = self._value(event, "")
        if not isinstance(value, dict) and not self.problems:
            self._problem(top, "", "must hold a mapping at its top")
        self._next()
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            self._problem(_line(event), "", "holds more than one YAML document: keep one per file")
        return value

    def _value(self, event: Any, pointer: str) -> Any:
        self._pointer = pointer
        if isinstance(event, yaml.AliasEvent):
            self._problem(_line(event), pointer, f"alias *{event.anchor}: use a $ref, or repeat the value")
            return None
        if event.anchor is not None:
            self._problem(_line(event), pointer, f"anchor &{event.anchor}: use a component and a $ref")
        if event.tag is not None:
            self._problem(_line(event), pointer, f"tag {event.tag}: drop it, and quote what is text")
        if isinstance(event, yaml.ScalarEvent):
            return event.value if event.style else self._plain(event, pointer)
        return self._mapping(pointer) if isinstance(event, yaml.MappingStartEvent) else self._sequence(pointer)

    def _mapping(self, pointer: str) -> dict[str, Any]:
        result: dict[str, Any] = {}
        lines, following = self.lines, self._next
        while not isinstance(event := following(), yaml.MappingEndEvent):
            line = _line(event)
            key = self._key(event, pointer)
            inner = f"{pointer}/{escape(key)}"
            if key in result:
                self._problem(line, inner, f"duplicate key, first on line {lines[inner]}: keep one")
            else:
                lines[inner] = line
            result[key] = self._value(following(), inner)
        return result

    def _sequence(self, pointer: str) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            inner = f"{pointer}/{len(result)}"
            self.lines[inner] = _line(event)
            result.append(self._value(event, inner))
        return result

    def _key(self, event: Any, pointer: str) -> str:
        line = _line(event)
        if not isinstance(event, yaml.ScalarEvent):
            value = self._value(event, pointer)
            self._problem(line, pointer, "a key must be text, not a mapping or a list")
            return str(value)
        text: str = event.value
        inner = f"{pointer}/{escape(text)}"
        if event.anchor is not None or event.tag is not None:
            self._problem(line, inner, "a key takes no anchor and no tag: drop it")
        if event.style:
            return text
        if text == "<<":
            self._problem(line, inner, "merge keys are not supported: use allOf and a $ref, or repeat the values")
        elif text in _WORDS or text in _TRAPS or (text[:1] in "+-.0123456789" and not isinstance(_number(text), str)):
            self._problem(line, inner, f'a key must be text: quote it, "{text}"')
        return text

    def _plain(self, event: Any, pointer: str) -> Any:
        text: str = event.value
        if text in _WORDS:
            return _WORDS[text]
        if not text:
            remedy = "write null, {} or []; if a comma split a text in {...}, quote the text"
            self._problem(_line(event), pointer, f"has no value: {remedy}")
        elif text in _TRAPS:
            self._problem(_line(event), pointer, f"{text} {_TRAPS[text]}")
        elif text[0] in "+-.0123456789":
            number = _number(text)
            if number is None:
                trap = next(advice for pattern, advice in _NUMERIC_TRAPS if pattern.fullmatch(text))
                self._problem(_line(event), pointer, f"{text} {trap}")
            return number
        return text

    def _tabs(self) -> None:
        """Reports tabs, each at the pointer of the line it stands on."""
        if not self._tabbed:
            return
        by_line = sorted((line, pointer) for pointer, line in self.lines.items())
        for line in self._tabbed:
            pointer = by_line[max(bisect_right(by_line, (line, "\U0010ffff")) - 1, 0)][1]
            self._problem(line, pointer, r'holds a tab: write spaces, or "\t" inside double quotes')

    def _syntax(self, error: yaml.YAMLError) -> None:
        if isinstance(error, yaml.reader.ReaderError):
            line = self._text.count("\n", 0, error.position) + 1
            self._problem(line, self._pointer, f"holds a character that YAML does not allow: {error.reason}")
            return
        mark: Any = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        wrong = getattr(error, "problem", None) or str(error)
        context = getattr(error, "context", None)
        self._problem(
            mark.line + 1 if mark else 1, self._pointer, f"YAML syntax: {wrong}{f' ({context})' if context else ''}"
        )

    def _problem(self, line: int, pointer: str, message: str) -> None:
        self.problems.append(SpecProblem(Location(self.file, line, pointer), message))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _number(text: str) -> int | float | str | None:
    """A plain scalar as a number, as text, or None where YAML parsers disagree about it."""
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return None if any(pattern.fullmatch(text) for pattern, _ in _NUMERIC_TRAPS) else text
