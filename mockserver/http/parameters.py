"""Parameters: from the text of a request to the typed values that a handler takes.

Text becomes a JSON value by the schema's type, is validated as that value, and only then becomes a Python type
(`date-time` an aware datetime, `date` a date). Everything that depends on the contract is worked out at start-up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from mockserver.http.errors import FieldError
from specs.build import follow
from specs.operation import Parameter, Schema
from specs.validation import Validators

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?")

MISSING: Final = object()


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
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise _Unreadable("is neither true nor false")
    return text == "true"


def _instant(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Unreadable("is not a time that the calendar has") from None


_READERS: Mapping[str, Callable[[str], Any]] = {
    "string": str,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
_CONVERTERS: Mapping[str, Callable[[str], Any]] = {"date-time": _instant, "date": date.fromisoformat}


def argument_name(name: str) -> str:
    """The Python name of a parameter, operation or tag: `get-tariffs` is `get_tariffs`, `X-Day` is `x_day`."""
    return re.sub(r"\W+", "_", name).lower()


class Field:
    """One compiled parameter."""

    __slots__ = (
        "_convert", "_is_array", "_read", "_splits_on_comma", "_validator", "argument", "default", "name", "required",
        "source",
    )  # fmt: skip

    def __init__(self, parameter: Parameter, document: Mapping[str, Any], validators: Validators) -> None:
        """Work out how `parameter` is read; TypeError for a schema that no text can be read into."""
        outer = resolved(parameter.schema, document)
        schema = keywords(outer)
        self.name = parameter.name
        self.argument = argument_name(parameter.name)
        self.source = parameter.location
        self.required = parameter.required
        self.default = schema.get("default", MISSING)
        self._is_array = schema.get("type") == "array"
        if self._is_array:
            inner = Schema(f"{outer.pointer}/items", schema.get("items", True))
            item = keywords(resolved(inner, document))
        else:
            item = schema
        self._splits_on_comma = self._is_array and parameter.style == "form" and parameter.location == "query"
        self._read = _READERS.get(item.get("type", "string"))
        if self._read is None:
            raise TypeError(f"parameter {parameter.name}: type {item.get('type')!r} cannot be read from text")
        self._convert = _CONVERTERS.get(item.get("format", ""))
        self._validator = validators.request(parameter.schema)

    def parse(self, texts: list[str], errors: list[FieldError]) -> Any:
        """The typed value of the texts sent under this name (at least one); MISSING after adding to `errors`."""
        if self._is_array:
            if self._splits_on_comma:
                texts = [part for text in texts for part in text.split(",")]
        elif len(texts) > 1:
            return self._fail(errors, "is given more than once")
        try:
            values = [self._read(text) for text in texts]  # type: ignore[misc]  # the constructor refuses None
            value: Any = values if self._is_array else values[0]
            if not self._validator.is_valid(value):
                for violation in self._validator.violations(value):
                    self._fail(errors, violation.message)
                return MISSING
            if self._convert is None:
                return value
            return [self._convert(text) for text in values] if self._is_array else self._convert(value)
        except _Unreadable as wrong:
            return self._fail(errors, str(wrong))

    def absent(self, errors: list[FieldError]) -> Any:
        """The default; MISSING when there is none, after adding to `errors` if the parameter is required."""
        if self.required:
            return self._fail(errors, "is required")
        return self.default

    def _fail(self, errors: list[FieldError], message: str) -> Any:
        errors.append(FieldError(self.source, self.name, message))
        return MISSING


def resolved(schema: Schema, document: Mapping[str, Any]) -> Schema:
    """The schema behind a reference, or the schema itself."""
    return schema if isinstance(schema.value, bool) else Schema(*follow(document, schema.pointer, schema.value))


def keywords(schema: Schema) -> Mapping[str, Any]:
    """The keywords of a schema; a boolean schema has none."""
    return schema.value if isinstance(schema.value, Mapping) else {}
