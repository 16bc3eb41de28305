"""Typed view of an OpenAPI document: what the rest of the house reads instead of dictionaries.

References between OpenAPI objects (parameters, headers, responses, request bodies, path items) are already followed
here; references between schemas are not, because a JSON Schema validator follows them itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

ParameterLocation = Literal["path", "query", "header", "cookie"]


@dataclass(frozen=True, slots=True)
class Location:
    """Where something stands in the files that people edit: file, line (from 1), JSON pointer inside that file."""

    file: Path
    line: int
    pointer: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: #{self.pointer}"


@dataclass(frozen=True, slots=True)
class Schema:
    """A JSON Schema (2020-12) and where it stands: a JSON pointer into `Spec.document`."""

    pointer: str
    value: Mapping[str, Any] | bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation, path-item parameters included; `style` and `explode` carry OpenAPI's defaults."""

    name: str
    location: ParameterLocation
    required: bool
    schema: Schema
    style: str
    explode: bool
    description: str
    examples: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class MediaType:
    """One entry of a `content` map; `schema` is None where the document leaves the body open."""

    media_type: str
    schema: Schema | None
    examples: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RequestBody:
    """What an operation accepts as its body, by media type in document order."""

    required: bool
    content: Mapping[str, MediaType]


@dataclass(frozen=True, slots=True)
class Header:
    """A response header by its published name."""

    name: str
    required: bool
    schema: Schema


@dataclass(frozen=True, slots=True)
class Response:
    """One declared response; `status` is as written: `200`, `4XX` or `default`."""

    status: str
    description: str
    headers: Mapping[str, Header]
    content: Mapping[str, MediaType]


@dataclass(frozen=True, slots=True)
class SecurityScheme:
    """A security scheme by its name in `components/securitySchemes`; `definition` is the object as written."""

    name: str
    type: str
    definition: Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """One method (upper-case) on one path, with everything that applies to it in one place.

    `security` is the list of alternatives; each maps scheme names to the scopes needed together. An empty tuple, or an
    alternative without schemes, means that no credential is needed.
    """

    operation_id: str
    method: str
    path: str
    tag: str
    summary: str
    parameters: tuple[Parameter, ...]
    request_body: RequestBody | None
    responses: Mapping[str, Response]
    security: tuple[Mapping[str, tuple[str, ...]], ...]
    pointer: str

    @cached_property
    def success(self) -> Response | None:
        """The lowest declared 2xx response, which a handler's plain return value becomes, or None."""
        codes = sorted(code for code in self.responses if code.startswith("2"))
        return self.responses[codes[0]] if codes else None

    def response_for(self, status: int) -> Response | None:
        """The declared response for a status: exact, else its range (`4XX`), else `default`, else None."""
        text = str(status)
        return self.responses.get(text) or self.responses.get(f"{text[0]}XX") or self.responses.get("default")


@dataclass(frozen=True)
class Spec:
    """A loaded contract: the files joined into one OpenAPI 3.1 document with local references only."""

    path: Path
    files: tuple[Path, ...]
    document: Mapping[str, Any]
    operations: tuple[Operation, ...]
    webhooks: tuple[Operation, ...]
    """What the provider sends to its client; `path` is the name of the webhook."""
    security_schemes: Mapping[str, SecurityScheme]
    positions: Mapping[str, Location]

    @property
    def title(self) -> str:
        """`info.title` of the document."""
        return str(self.document["info"]["title"])

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope that an OAuth 2 scheme of the contract declares, or an operation asks for, sorted."""
        flows = [
            flow for scheme in self.security_schemes.values() for flow in scheme.definition.get("flows", {}).values()
        ]
        declared = {scope for flow in flows for scope in flow.get("scopes", {})}
        alternatives = (alternative for operation in self.operations for alternative in operation.security)
        asked = {scope for alternative in alternatives for scopes in alternative.values() for scope in scopes}
        return tuple(sorted(declared | asked))

    def locate(self, pointer: str) -> Location:
        """File, line and own pointer of a place in `document`; of its nearest known parent where it has none."""
        while pointer and pointer not in self.positions:
            pointer = pointer.rpartition("/")[0]
        return self.positions[pointer]
