"""What a contract says of its operations, as far as defects go by it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mockserver.http.errors import ErrorStyle, ProblemStyle
from mockserver.http.routing import Router
from specs.build import follow
from specs.operation import MediaType, Operation, Schema, Spec

if TYPE_CHECKING:
    from mockserver.http.api import Api

PAGE = frozenset({"page", "page_number", "offset", "cursor", "marker", "after", "page_token"})
PAGE_SIZE = frozenset({"page_size", "per_page", "limit", "size", "pageSize", "perPage"})
SORT = frozenset({"sort", "sort_by", "order", "order_by", "orderBy", "ordering"})
TOTALS = frozenset({"total", "total_count", "total_items", "count", "totalCount", "totalItems"})
_SHAPES_THE_ANSWER = frozenset({"expand", "include", "include_optional", "fields"})
_MAX_DEPTH = 6


@dataclass(frozen=True)
class Property:
    """A member that a body may have: its name, its schema with references followed, and whether it must be there."""

    name: str
    schema: Mapping[str, Any]
    required: bool

    @property
    def types(self) -> frozenset[str]:
        """The JSON types that the schema allows by name."""
        values = self.schema.get("enum", ())
        declared = self.schema.get("type", ["string"] if any(isinstance(each, str) for each in values) else ())
        return frozenset([declared] if isinstance(declared, str) else declared)

    @property
    def is_free_text(self) -> bool:
        """Whether it takes any text, but for its length."""
        bound = {"format", "pattern", "enum", "const"} & {*self.schema}
        return "string" in self.types and not bound


class Traits:
    """An operation of a contract, and what follows from its declaration."""

    def __init__(self, contract: Contract, operation: Operation) -> None:
        self.contract = contract
        self.operation = operation

    @property
    def id(self) -> str:
        """The operation's id."""
        return self.operation.operation_id

    @cached_property
    def query(self) -> frozenset[str]:
        """Names of the query parameters."""
        return frozenset(one.name for one in self.operation.parameters if one.location == "query")

    @cached_property
    def request_headers(self) -> frozenset[str]:
        """Lower-case names of the header parameters."""
        return frozenset(one.name.lower() for one in self.operation.parameters if one.location == "header")

    @cached_property
    def answered(self) -> Mapping[str, Any]:
        """The schema of the JSON body of success; empty where there is none."""
        return self._json(self.operation.success.content if self.operation.success else {})

    @cached_property
    def items_in(self) -> str | None:
        """The member of the answer that holds a list of objects, "" where the body is the list, None without one."""
        if _lists_objects(self, self.answered):
            return ""
        lists = (each.name for each in self.contract.properties(self.answered) if _lists_objects(self, each.schema))
        return next(lists, None)

    @cached_property
    def members(self) -> tuple[Property, ...]:
        """The members of an object of the answer: of the body, or of the items where it is a list."""
        return tuple(self.contract.properties(self._item))

    @cached_property
    def envelope(self) -> tuple[Property, ...]:
        """The members of the body of the answer, and of the objects right below it."""
        top = tuple(self.contract.properties(self.answered))
        return top + tuple(inner for each in top for inner in self.contract.properties(each.schema))

    @cached_property
    def sent(self) -> tuple[Property, ...]:
        """The members of the JSON body that the operation takes."""
        body = self.operation.request_body
        return tuple(self.contract.properties(self._json(body.content if body else {})))

    @cached_property
    def is_paged(self) -> bool:
        """Whether it gives a list in pages."""
        return self.items_in is not None and bool(self.query & PAGE_SIZE)

    @cached_property
    def is_series(self) -> bool:
        """Whether it gives objects that are told apart by their time alone."""
        names = {each.name for each in self.members}
        has_time = any(each.schema.get("format") == "date-time" for each in self.members)
        return self.items_in is not None and "id" not in names and has_time

    @cached_property
    def lists_things(self) -> bool:
        """Whether it is the GET of a collection: a list of objects with an id."""
        return self.operation.method == "GET" and self.items_in is not None and not self.is_series and self.has_id

    @cached_property
    def has_id(self) -> bool:
        """Whether the objects of its answer have an id."""
        return any(each.name == "id" for each in self.members)

    @cached_property
    def filters(self) -> frozenset[str]:
        """The parameters that may say which items of a list are wanted."""
        optional = {one.name for one in self.operation.parameters if one.location == "query" and not one.required}
        others = PAGE | PAGE_SIZE | SORT | _SHAPES_THE_ANSWER
        return frozenset(optional - others) if self.items_in is not None else frozenset()

    @cached_property
    def item_path(self) -> str | None:
        """The template of the path of one thing of this collection, None where there is none."""
        below = (each.path for each in self.contract.spec.operations if each.method in ("GET", "DELETE"))
        collection = self.operation.path.rstrip("/")
        return next((path for path in below if re.fullmatch(re.escape(collection) + r"/\{[^/]+\}/?", path)), None)

    @cached_property
    def creates(self) -> bool:
        """Whether it adds a thing to a collection."""
        return self.operation.method == "POST" and "201" in self.operation.responses and self.has_id

    @cached_property
    def is_of_one_thing(self) -> bool:
        """Whether its path ends in a parameter."""
        return self.operation.path.rstrip("/").endswith("}")

    @cached_property
    def is_protected(self) -> bool:
        """Whether it needs a credential."""
        return bool(self.operation.security) and {} not in self.operation.security

    @cached_property
    def is_update(self) -> bool:
        """Whether it changes one thing and answers with it."""
        return self.operation.method in ("PATCH", "PUT") and self.is_of_one_thing and self.has_id

    def has(self, status: str) -> bool:
        """Whether a status is declared, as written or in a range."""
        return status in self.operation.responses or f"{status[0]}XX" in self.operation.responses

    def declares_header(self, name: str) -> bool:
        """Whether a response may have a header, by its lower-case name."""
        responses = self.operation.responses.values()
        return any(name == header.lower() for response in responses for header in response.headers)

    @cached_property
    def _item(self) -> Mapping[str, Any]:
        if self.items_in is None:
            return self.answered
        holder = self.answered
        if self.items_in:
            holder = next(each.schema for each in self.contract.properties(holder) if each.name == self.items_in)
        return self.contract.followed(holder["items"])

    def _json(self, content: Mapping[str, MediaType]) -> Mapping[str, Any]:
        for name, media in content.items():
            if "json" in name and isinstance(media.schema, Schema):
                return self.contract.followed(media.schema.value)
        return {}


@dataclass(frozen=True)
class Contract:
    """A contract and where it is served; `errors` is how a refusal is worded there."""

    name: str
    base_path: str
    spec: Spec
    errors: ErrorStyle = field(default_factory=lambda: ProblemStyle(""))

    @cached_property
    def operations(self) -> tuple[Traits, ...]:
        """Every operation, in the order of the document."""
        return tuple(Traits(self, operation) for operation in self.spec.operations)

    def find(self, path: str) -> Mapping[str, Traits]:
        """The operations of a percent-encoded path by their method; none where nothing is served."""
        below = path[len(self.base_path) :]
        if not path.startswith(self.base_path) or below[:1] not in ("", "/"):
            return {}
        found = self._router.find(below or "/")
        return found[0].endpoints if found else {}

    def followed(self, schema: Any) -> Mapping[str, Any]:
        """A schema behind references; empty for a boolean one."""
        found = follow(self.spec.document, "", schema)[1] if isinstance(schema, Mapping) else {}
        return found if isinstance(found, Mapping) else {}

    def properties(self, schema: Mapping[str, Any]) -> Iterator[Property]:
        """The members that an object of a schema may have, those of its parts and alternatives included, each once."""
        required = self._required(schema)
        seen: set[str] = set()
        for name, inner in self._properties(self.followed(schema)):
            if name not in seen:
                seen.add(name)
                yield Property(name, self._merged(inner), name in required)

    def _properties(self, schema: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, Any]]:
        yield from schema.get("properties", {}).items()
        parts = (part for keyword in ("allOf", "anyOf", "oneOf") for part in schema.get(keyword, ()))
        for part in parts if depth < _MAX_DEPTH else ():
            yield from self._properties(self.followed(part), depth + 1)

    def _required(self, schema: Mapping[str, Any], depth: int = 0) -> frozenset[str]:
        """What must be there, by the schema itself or by a part that always holds."""
        found = self.followed(schema)
        parts = found.get("allOf", ()) if depth < _MAX_DEPTH else ()
        return frozenset(found.get("required", ())).union(*(self._required(part, depth + 1) for part in parts))

    def _merged(self, schema: Any) -> Mapping[str, Any]:
        """A schema together with the first of its parts that says the type: enough to know what a member is."""
        found = self.followed(schema)
        if "type" in found or "properties" in found:
            return found
        parts = (self.followed(part) for key in ("allOf", "anyOf", "oneOf") for part in found.get(key, ()))
        return {**next((part for part in parts if part.get("type") != "null"), {}), **found}

    @cached_property
    def _router(self) -> Router[Traits]:
        router: Router[Traits] = Router(optional_slash=True)
        for traits in self.operations:
            router.add(traits.operation.path, traits.operation.method, traits)
        return router


def contracts_of(served: Iterable[tuple[Api, Spec]]) -> tuple[Contract, ...]:
    """The contracts that may be broken: of all APIs but those under `/_mock`, which are ours alone."""
    return tuple(
        Contract(api.name, api.base_path, spec, api.errors)
        for api, spec in served
        if not api.base_path.startswith("/_mock")
    )


def _lists_objects(traits: Traits, schema: Mapping[str, Any]) -> bool:
    items = traits.contract.followed(schema.get("items"))
    return "array" in Property("", schema, required=False).types and any(traits.contract.properties(items))
