"""Compiled schemas of a contract, one set per direction, and violations that an API client can read."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from jsonschema_rs import Draft202012Validator, RegexOptions, Registry, ValidationError, ValidationErrorKind

from specs.direction import BARRED, Direction, view
from specs.operation import Schema, Spec
from specs.source import escape

_VALUE_LENGTH = 80
_MESSAGE_LENGTH = 300
# Stands for the value in the engine's messages, so that a large one is never rendered whole.
_MASK = "\0"
_JSON = json.JSONEncoder(ensure_ascii=False, default=str)
_URI = "urn:gridmock:contract"


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which a value breaks its schema: JSON pointer into the value, keyword, and a sentence for a client."""

    pointer: str
    keyword: str
    message: str


class Validator:
    """One schema, compiled when it is first needed; `is_valid(value)` is the engine's own method from then on.

    A server starts with thousands of them, and a run of tests needs a few.
    """

    __slots__ = ("_compile", "_direction", "_document", "_errors", "is_valid")

    is_valid: Callable[[Any], bool]
    _errors: Callable[[Any], Iterable[ValidationError]]

    def __init__(
        self, compile_: Callable[[], Draft202012Validator], document: Mapping[str, Any], direction: Direction
    ) -> None:
        self._compile = compile_
        self._document = document
        self._direction = direction

    def __getattr__(self, name: str) -> Any:
        """Called for what is not there yet."""
        if name not in ("is_valid", "_errors"):
            raise AttributeError(name)
        compiled = self._compile()
        self.is_valid, self._errors = compiled.is_valid, compiled.iter_errors
        return getattr(self, name)

    def violations(self, value: Any) -> list[Violation]:
        """Everything wrong with a value; empty if it is valid."""
        return list(self._explained(self._errors(value)))

    def _explained(self, errors: Iterable[ValidationError]) -> Iterator[Violation]:
        for error in errors:
            if meant := _meant(error):
                yield from self._explained(meant)
            else:
                yield self._violation(error)

    def _violation(self, error: ValidationError) -> Violation:
        pointer = "".join(f"/{escape(str(token))}" for token in error.instance_path)
        if not isinstance(error.kind, ValidationErrorKind.FalseSchema):
            message = _told(error)
            if _MASK in message:
                message = message.replace(_MASK, clipped(error.instance))
            return Violation(pointer, error.kind.name, _clip(message, _MESSAGE_LENGTH))
        if error.schema_path[-1:] == ["additionalProperties"]:
            return Violation(pointer, "additionalProperties", "takes no further properties")
        written: Any = self._document
        for token in error.schema_path:
            written = written[token]
        if written is False:
            return Violation(pointer, "false", "nothing is allowed here")
        barred = BARRED[self._direction]
        reason = "read-only" if barred == "readOnly" else "write-only"
        return Violation(pointer, barred, f"is {reason}: it may not be part of a {self._direction}")


class Validators:
    """The schemas of a contract, compiled when first needed.

    The server sends the bodies of webhooks and callbacks, so `response` judges them.
    """

    def __init__(self, spec: Spec) -> None:
        self._request = Side(spec.document, "request")
        self._response = Side(spec.document, "response")

    def request(self, schema: Schema) -> Validator:
        """The validator for a schema of what the client sends."""
        return self._request.validator(schema.pointer)

    def response(self, schema: Schema) -> Validator:
        """The validator for a schema of what the server sends."""
        return self._response.validator(schema.pointer)


class Side:
    """The schemas of a document in one direction; they share one registry, so a shared component costs no copy."""

    def __init__(self, document: Mapping[str, Any], direction: Direction) -> None:
        self._document = document
        self._direction = direction
        self._registry: Registry | None = None
        self._formats: dict[str, Callable[[str], bool]] = {}
        self._validators: dict[str, Validator] = {}

    def validator(self, pointer: str) -> Validator:
        """The schema at a pointer of the document."""
        if pointer not in self._validators:
            self._validators[pointer] = Validator(partial(self._compiled, pointer), self._document, self._direction)
        return self._validators[pointer]

    def _compiled(self, pointer: str) -> Draft202012Validator:
        if self._registry is None:
            self._registry = Registry([(_URI, view(self._document, self._direction))])
            # A format in Python makes every validation a third slower, so only those that are named are given.
            text = json.dumps(self._document)
            self._formats = {name: check for name, check in _FORMATS.items() if f'"format": "{name}"' in text}
        return Draft202012Validator(
            {"$ref": f"{_URI}#{quote(pointer)}"},
            registry=self._registry,
            formats=self._formats,
            validate_formats=True,
            pattern_options=RegexOptions(),
            mask=_MASK,
        )


def clipped(value: Any) -> str:
    """A value as JSON, cut to a length that fits into a message."""
    if not isinstance(value, (dict, list)):
        return _clip(_JSON.encode(value), _VALUE_LENGTH)
    text = ""
    for piece in _JSON.iterencode(value):
        text += piece
        if len(text) > _VALUE_LENGTH:
            break
    return _clip(text, _VALUE_LENGTH)


def _clip(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


_Choice = (ValidationErrorKind.OneOfNotValid, ValidationErrorKind.AnyOf)
"""A value that fits no branch of a oneOf or anyOf."""


def _told(error: ValidationError) -> str:
    """What to say of an error; of a choice what each branch finds wrong with the value itself, if that is one thing."""
    if not isinstance(error.kind, _Choice):
        return error.message
    branches, top = error.kind.context, len(error.instance_path)
    if not all(len(branch) == 1 and len(branch[0].instance_path) == top for branch in branches):
        return error.message
    kinds = [branch[0].kind for branch in branches]
    wanted = [json.dumps(kind.property) for kind in kinds if isinstance(kind, ValidationErrorKind.Required)]
    if len(wanted) == len(branches):
        return f"one of {', '.join(wanted)} is required"
    return " or ".join(dict.fromkeys(_told(branch[0]) for branch in branches))


def _meant(choice: ValidationError) -> Sequence[ValidationError]:
    """The errors of the one branch of a oneOf or anyOf that the sender must have meant; none if that is open.

    Where no branch is nearer by what the value says of its case, the one is meant of which least is missing.
    """
    if not isinstance(choice.kind, _Choice):
        return ()
    branches, top = choice.kind.context, len(choice.instance_path)
    distances = [
        (max((_distance(error, top) for error in branch), default=0), sum(_misses(error, top) for error in branch))
        for branch in branches
    ]
    nearest = min(distances)
    return branches[distances.index(nearest)] if distances.count(nearest) == 1 else ()


# By keyword and depth below the value, the strongest first. A const is the name of a case, an enum may be any property.
_DISTANCES = {("type", 0): 5, ("const", 0): 4, ("enum", 0): 3, ("const", 1): 2, ("enum", 1): 1}


def _distance(error: ValidationError, top: int) -> int:
    """How strongly an error says that its branch was not meant: the value is of another type, or says another case."""
    return _DISTANCES.get((error.kind.name, len(error.instance_path) - top), 0)


def _misses(error: ValidationError, top: int) -> bool:
    """Whether the error is that a property of the value itself is missing, or one of several."""
    if isinstance(error.kind, _Choice):
        return all(any(_misses(each, top) for each in branch) for branch in error.kind.context)
    return error.kind.name == "required" and len(error.instance_path) == top


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    return True


# Formats of OpenAPI that the engine does not know; int32 and int64 are bounds in `direction`, the others say nothing
# about the text.
_FORMATS: dict[str, Callable[[str], bool]] = {"byte": _is_base64}
