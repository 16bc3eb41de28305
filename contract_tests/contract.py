"""The contract a target is checked against: its operations, and where each part of it stands in the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from specs import openapi31
from specs.direction import Direction
from specs.errors import SpecError
from specs.operation import Location, Spec
from specs.source import escape, unescape
from specs.source import tokens as pointer_tokens
from specs.validation import Side, Violation

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class ContractError(Exception):
    """A contract that cannot be had: an unknown name, or a file that is no OpenAPI document."""


@dataclass(frozen=True, slots=True)
class Place:
    """A JSON pointer into the document, with every reference on the way followed, and what stands there."""

    pointer: str
    value: Any


@dataclass(frozen=True)
class Contract:
    """An OpenAPI 3.1 document; `spec` is None for one that our loader refuses, `lines` are then those of its file.

    `name` is that of the catalogue, and empty for a contract that does not come with us.
    """

    path: Path
    document: Mapping[str, Any]
    spec: Spec | None
    name: str = ""
    lines: Mapping[str, int] = field(default_factory=dict, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process, which reads the file again: what was compiled for this one cannot be sent."""
        return from_file, (self.path,)

    @property
    def title(self) -> str:
        """`info.title` of the document, or the name of its file."""
        return str(self.document.get("info", {}).get("title", self.path.name))

    @cached_property
    def operations(self) -> Mapping[str, Place]:
        """Every operation by its label, `GET /tariffs`, in document order."""
        return {
            f"{method.upper()} {path}": self.place("paths", path, method)
            for path in self.document.get("paths", {})
            for method in METHODS
            if method in self.place("paths", path).value
        }

    @cached_property
    def tags(self) -> Mapping[str, tuple[str, ...]]:
        """The labels of the operations with each tag."""
        found: dict[str, list[str]] = {}
        for label, place in self.operations.items():
            for tag in place.value.get("tags", ()):
                found.setdefault(str(tag), []).append(label)
        return {tag: tuple(labels) for tag, labels in found.items()}

    def place(self, *tokens: str) -> Place:
        """What the tokens lead to from the root, or its nearest existing parent."""
        place = Place("", self.document)
        for token in tokens:
            place = self._followed(place)
            if isinstance(place.value, Mapping) and token in place.value:
                value = place.value[token]
            elif isinstance(place.value, list) and token.isdecimal() and int(token) < len(place.value):
                value = place.value[int(token)]
            else:
                return place
            place = Place(f"{place.pointer}/{escape(token)}", value)
        return self._followed(place)

    def below(self, place: Place, *tokens: str) -> Place:
        """What the tokens lead to from a place, or its nearest existing parent."""
        return self.place(*pointer_tokens(place.pointer), *tokens)

    def parameters(self, label: str) -> Mapping[tuple[str, str], Place]:
        """The parameters of an operation by location and name, those of its path item included."""
        path = label.partition(" ")[2]
        lists = [self.place("paths", path, "parameters"), self.below(self.operations[label], "parameters")]
        places = [
            self.below(listed, str(index))
            for listed in lists
            if isinstance(listed.value, list)
            for index in range(len(listed.value))
        ]
        return {(str(place.value.get("in")), str(place.value.get("name"))): place for place in places}

    def needs_credentials(self, label: str) -> bool:
        """Whether an operation is closed to anonymous callers: security without an empty alternative."""
        security = self.operations[label].value.get("security", self.document.get("security", []))
        return bool(security) and all(security)

    def response(self, label: str, status: int) -> Place | None:
        """The response an operation declares for a status: exact, else its range (`4XX`), else `default`."""
        responses = self.below(self.operations[label], "responses")
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in responses.value:
                return self.below(responses, key)
        return None

    def location(self, place: Place) -> Location:
        """File, line and pointer of a place; line 0 where no line is known."""
        if self.spec:
            return self.spec.locate(place.pointer)
        known = place.pointer
        while known and known not in self.lines:
            known = known.rpartition("/")[0]
        return Location(self.path, self.lines.get(known, 0), place.pointer)

    def where(self, place: Place) -> str:
        """File, line and pointer of a place, for people."""
        location = self.location(place)
        return str(location) if location.line else f"{location.file}: #{location.pointer}"

    def violations(self, schema: Place, value: Any, direction: Direction) -> list[Violation]:
        """Everything in which a value breaks the schema at a place, as a part of a request or of a response."""
        return self.sides[direction].validator(schema.pointer).violations(value)

    @cached_property
    def sides(self) -> Mapping[Direction, Side]:
        """The compiled schemas of both directions, each made when first asked for."""
        return {"request": Side(self.document, "request"), "response": Side(self.document, "response")}

    def _followed(self, place: Place) -> Place:
        for _ in range(32):  # a foreign document may hold a cycle of references
            reference = place.value.get("$ref") if isinstance(place.value, Mapping) else None
            if not isinstance(reference, str) or not reference.startswith("#/"):
                break
            value: Any = self.document
            for token in map(unescape, reference[2:].split("/")):
                if not isinstance(value, Mapping) or token not in value:
                    return place
                value = value[token]
            place = Place(reference[1:], value)
        return place


def named(api: str) -> Contract:
    """The shipped contract of that name; raises ContractError for an unknown name and SpecError for a broken file."""
    from specs import catalogue

    try:
        path = catalogue.path_of(api)
    except LookupError as error:
        raise ContractError(f"{error.args[0]}; for a file of your own use --spec FILE") from error
    return _ours(path)


def from_file(path: Path) -> Contract:
    """Any OpenAPI file, by our loader or, where that is too strict, by schemathesis; raises ContractError."""
    try:
        return _ours(path)
    except SpecError as refusal:
        return _foreign(path, refusal)


def _foreign(path: Path, refusal: SpecError) -> Contract:
    import schemathesis

    try:
        document = schemathesis.openapi.from_path(path, config=schemathesis.Config()).raw_schema
    except Exception as error:
        # Whatever stopped schemathesis, our own loader's list of problems says it better: file and line.
        raise ContractError(f"{path} is no OpenAPI document we can read:\n{refusal}") from error
    items = document.get("paths", {})
    if not isinstance(items, Mapping) or not all(isinstance(item, Mapping) for item in items.values()):
        raise ContractError(f"{path} is no OpenAPI document we can read:\n{refusal}")
    try:
        foreign = Contract(path, openapi31.upgrade(document), None, lines=_lines(path))
    except RecursionError as error:
        raise ContractError(f"{path} has a YAML anchor that holds itself: no tool can follow it to its end") from error
    elsewhere = [item for item in items if "$ref" in foreign.place("paths", item).value]
    if elsewhere:
        # They would be left out without a word, and a run that tests half of a contract must not look whole.
        raise ContractError(f"{path} keeps {elsewhere[0]} in another file: bundle it into one file, or mend\n{refusal}")
    return foreign


def _lines(path: Path) -> dict[str, int]:
    """The line of each JSON pointer in a YAML or JSON file."""
    import yaml

    found: dict[str, int] = {}

    def walk(node: Any, pointer: str) -> None:
        if isinstance(node, yaml.MappingNode):
            for key, inner in node.value:
                below = f"{pointer}/{escape(str(key.value))}"
                found[below] = key.start_mark.line + 1
                walk(inner, below)
        elif isinstance(node, yaml.SequenceNode):
            for index, inner in enumerate(node.value):
                found[f"{pointer}/{index}"] = inner.start_mark.line + 1
                walk(inner, f"{pointer}/{index}")

    root = yaml.compose(path.read_text("utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if root is not None:
        found[""] = root.start_mark.line + 1
        walk(root, "")
    return found


def _ours(path: Path) -> Contract:
    from specs import catalogue
    from specs.loader import load

    spec = load(path)
    name = next((name for name in catalogue.names() if catalogue.path_of(name).samefile(path)), "")
    return Contract(path, spec.document, spec, name)
