"""Parameters: from the text of a request to the typed values that a handler takes.

Text becomes a JSON value by the schema's type, is validated as that value, and only then becomes a Python type
(`date-time` an aware datetime, `date` a date). Everything that depends on the contract is worked out at start-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any, Final
from urllib.parse import parse_qsl

from mockserver.http.errors import FieldError
from specs.build import follow
from specs.operation import Parameter, Schema
from specs.validation import Validators

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,99})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")

MISSING: Final = object()


PERCENT_ENCODED = "percent-encoded UTF-8 of at most 1000 fields"
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def percent_decoded(text: str) -> list[tuple[str, str]]:
    """The pairs of a query or form; ValueError unless it is percent-encoded UTF-8 of at most 1000 fields."""
    if _BROKEN_ESCAPE.search(text):
        raise ValueError("a % without two hexadecimal digits")
    text.encode()  # UnicodeEncodeError, a ValueError, for bytes that were not UTF-8
    return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=1000)


class _Unreadable(Exception):
    """The text is not of the schema's type; the message says what it should be."""


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise _Unreadable("is not an integer")
    return int(text)


def _number(text: str) -> int | float:
    if not _NUMBER.fullmatch(text):
        raise _Unreadable("is not a number")
    value = float(text)
    if not isfinite(value):
        raise _Unreadable("is not a number of this size")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise _Unreadable("is neither true nor false")
    return text == "true"


def instant(text: str) -> datetime:
    """An RFC 3339 time as an aware datetime in UTC; ValueError for one that the calendar does not have."""
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text} is outside the calendar") from None


_READERS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
_CONVERTERS: Mapping[str, Callable[[str], Any]] = {"date-time": instant, "date": date.fromisoformat}


def argument_name(name: str) -> str:
    """The Python name of a parameter, operation or tag: `get-tariffs` is `get_tariffs`, `X-Day` is `x_day`."""
    return re.sub(r"\W+", "_", name).lower()


class Field:
    """One compiled parameter."""

    __slots__ = (
        "_convert", "_default", "_is_array", "_read", "_splits_on_comma", "_validator", "argument", "has_default",
        "name", "required", "source",
    )  # fmt: skip

    def __init__(self, parameter: Parameter, document: Mapping[str, Any], validators: Validators) -> None:
        """Work out how `parameter` is read; TypeError for one that cannot be, with its name."""
        schema = resolved(parameter.schema, document)
        self.name = parameter.name
        self.argument = argument_name(parameter.name)
        self.source = parameter.location
        self.required = parameter.required
        if parameter.location == "cookie":
            raise TypeError(f"parameter {self.name}: cookies are not read")
        self._is_array = _type_of(schema, document) == "array"
        if self._is_array:
            items = Schema(f"{schema.pointer}/items", keywords(schema).get("items", True))
            item = resolved(items, document)
        else:
            item = schema
        # Exploded arrays repeat the name, but providers take commas as well.
        self._splits_on_comma = self._is_array and parameter.style in ("form", "simple")
        kind = _type_of(item, document)
        if kind not in _READERS:
            raise TypeError(f"parameter {self.name}: {kind} cannot be read from text")
        self._read = _READERS[kind]
        self._convert = _CONVERTERS.get(keywords(item).get("format", ""))
        self._validator = validators.request(parameter.schema)
        default = keywords(parameter.schema).get("default", keywords(schema).get("default", MISSING))
        self.has_default = default is not MISSING
        self._default = self._converted(default) if self.has_default and default is not None else default

    def parse(self, texts: list[str], errors: list[FieldError]) -> Any:
        """The typed value of the texts sent under this name (at least one); MISSING after adding to `errors`."""
        if self._splits_on_comma:
            texts = [part for text in texts for part in text.split(",")]
        elif len(texts) > 1 and not self._is_array:
            return self._fail(errors, "is given more than once")
        try:
            values = [self._read(text) for text in texts]
        except _Unreadable as wrong:
            return self._fail(errors, str(wrong))
        value: Any = values if self._is_array else values[0]
        if not self._validator.is_valid(value):
            for violation in self._validator.violations(value):
                self._fail(errors, violation.message, violation.keyword)
            return MISSING
        try:
            return self._converted(value)
        except ValueError:
            return self._fail(errors, "is not in the calendar")

    def absent(self, errors: list[FieldError]) -> Any:
        """The default; MISSING when there is none, after adding to `errors` if the parameter is required."""
        if self.required:
            return self._fail(errors, "is required")
        return list(self._default) if isinstance(self._default, list) else self._default

    def _converted(self, value: Any) -> Any:
        if self._convert is None:
            return value
        return [self._convert(text) for text in value] if self._is_array else self._convert(value)

    def _fail(self, errors: list[FieldError], message: str, keyword: str = "") -> Any:
        errors.append(FieldError(self.source, self.name, message, keyword))
        return MISSING


def _type_of(schema: Schema, document: Mapping[str, Any]) -> str:
    """The type by which text is read: as declared (null aside), as the parts or the values say, else string."""
    words = keywords(schema)
    declared = words.get("type")
    if isinstance(declared, str):
        return declared
    if declared:
        return str(next((kind for kind in declared if kind != "null"), "null"))
    for index, part in enumerate(words.get("allOf", ())):
        kind = _type_of(resolved(Schema(f"{schema.pointer}/allOf/{index}", part), document), document)
        if kind != "string":
            return kind
    values = [*words.get("enum", ()), *([words["const"]] if "const" in words else ())]
    if values and all(isinstance(value, bool) for value in values):
        return "boolean"
    if values and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return "number"
    return "string"


def resolved(schema: Schema, document: Mapping[str, Any]) -> Schema:
    """The schema behind a reference, or the schema itself."""
    return schema if isinstance(schema.value, bool) else Schema(*follow(document, schema.pointer, schema.value))


def keywords(schema: Schema) -> Mapping[str, Any]:
    """The keywords of a schema; a boolean schema has none."""
    return schema.value if isinstance(schema.value, Mapping) else {}
