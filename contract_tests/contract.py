"""The contract a target is checked against: its operations, and where each part of it stands in the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from specs.errors import SpecError
from specs.operation import Spec
from specs.source import escape, unescape

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
    """An OpenAPI document; `spec` is None for one that our loader refuses, which has then no line numbers.

    `name` is that of the catalogue, and empty for a contract that does not come with us.
    """

    path: Path
    document: Mapping[str, Any]
    spec: Spec | None
    name: str = ""

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
        return self.place(*map(unescape, place.pointer.split("/")[1:]), *tokens)

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

    def where(self, place: Place) -> str:
        """File, line and pointer of a place, for people."""
        if self.spec is None:
            return f"{self.path}: #{place.pointer}"
        return str(self.spec.locate(place.pointer))

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
    foreign = Contract(path, document, None)
    elsewhere = [item for item in document.get("paths", {}) if "$ref" in foreign.place("paths", item).value]
    if elsewhere:
        # They would be left out without a word, and a run that tests half of a contract must not look whole.
        raise ContractError(f"{path} keeps {elsewhere[0]} in another file: bundle it into one file, or mend\n{refusal}")
    return foreign


def _ours(path: Path) -> Contract:
    from specs import catalogue
    from specs.loader import load

    spec = load(path)
    name = next((name for name in catalogue.names() if catalogue.path_of(name).samefile(path)), "")
    return Contract(path, spec.document, spec, name)
