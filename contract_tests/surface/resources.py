"""Things that an API keeps: `/things` and `/things/{thing_id}` with what can be done to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract_tests.contract import Contract, Place
from contract_tests.declaration import Declaration
from contract_tests.surface.schemas import answer_schema, items, members

_BESIDE_A_THING = {"meta", "links", "status", "message", "success", "errors", "request_id", "requestId"}


@dataclass(frozen=True)
class Resource:
    """One kind of thing; labels of operations are empty where there is none.

    `parameter` is the last path parameter of the item, `id_member` the member of a thing that it takes, `parents` the
    resources whose ids come before it in the path, by path parameter.
    """

    name: str
    collection: str
    item: str
    parameter: str
    id_member: str
    create: str
    list: str
    read: str
    replace: str
    update: str
    delete: str
    parents: Mapping[str, str]
    schema: Place | None
    inside: str = ""
    """The member of answers that holds the thing, where they hold it in one: `data` for `{"data": {...}}`."""
    told: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the declaration says of it."""

    @property
    def set_by_server(self) -> frozenset[str]:
        """Members that may change by themselves."""
        return frozenset(self.told.get("set_by_server", ()))

    def is_at_or_below(self, path: str) -> bool:
        """Whether a path is that of a thing, or one below it."""
        return bool(self.item) and f"{path}/".startswith(f"{self.item}/")

    def thing_in(self, answer: Any) -> dict[str, Any]:
        """The members of the thing in an answer; empty where there is none."""
        thing = answer.get(self.inside, answer) if self.inside and isinstance(answer, Mapping) else answer
        return dict(thing) if isinstance(thing, Mapping) else {}

    def __hash__(self) -> int:
        return hash(self.name)


def resources(contract: Contract, declaration: Declaration) -> dict[str, Resource]:
    """All resources by name, in document order; those of the declaration last."""
    paths = _pairs(contract, declaration)
    by_item = {item: name for name, (_, item) in paths.items() if item}
    return {
        name: _resource(contract, declaration, name, collection, item, by_item)
        for name, (collection, item) in paths.items()
    }


def singular(word: str) -> str:
    """The singular of an English plural, as far as its ending tells."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x"), ("ses", "se")):
        if word.endswith(ending):
            return word[: -len(ending)] + instead
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def path_parameters(path: str) -> list[str]:
    """The names of the parameters in a path template, in order."""
    return re.findall(r"{([^{}]+)}", path)


def _pairs(contract: Contract, declaration: Declaration) -> dict[str, tuple[str, str]]:
    """Collection and item path by the name of the resource."""
    paths = [path for path in contract.document.get("paths", {}) if isinstance(path, str)]
    labels = contract.operations
    found: dict[str, tuple[str, str]] = {}
    for path in paths:
        bare = path.rstrip("/")
        head, _, last = bare.rpartition("/")
        if re.fullmatch(r"{[^{}]+}", last) and f"GET {path}" in labels:
            collection = next((one for one in (head, f"{head}/") if one in paths), "")
            if collection:
                found[_name(collection, found)] = (collection, path)
    known = {collection for collection, _ in found.values()}
    for path in paths:
        if path not in known and f"POST {path}" in labels and f"GET {path}" in labels and _lists(contract, path):
            found[_name(path, found)] = (path, "")
    for name, told in declaration.resources.items():
        collection, item = found.get(name, ("", ""))
        found[name] = (told.get("collection", collection), told.get("item", item))
    return found


def _lists(contract: Contract, path: str) -> bool:
    schema = answer_schema(contract, f"GET {path}")
    return any(items(contract, one) is not None for one in (schema, *members(contract, schema).values()))


def _name(collection: str, taken: Mapping[str, Any]) -> str:
    words = [word for word in collection.strip("/").split("/") if word and not word.startswith("{")]
    for length in range(1, len(words) + 1):
        name = "/".join(words[-length:])
        if name not in taken:
            return name
    return collection


def _resource(
    contract: Contract,
    declaration: Declaration,
    name: str,
    collection: str,
    item: str,
    by_item: Mapping[str, str],
) -> Resource:
    told = declaration.resource(name)
    parameter = path_parameters(item)[-1] if path_parameters(item) else ""

    def label(method: str, path: str) -> str:
        return f"{method} {path}" if path and f"{method} {path}" in contract.operations else ""

    read, listed = label("GET", item), label("GET", collection)
    inside, schema = _unwrapped(contract, answer_schema(contract, read) if read else None)
    return Resource(
        name=name,
        collection=collection,
        item=item,
        parameter=parameter,
        id_member=told.get("id") or _id_member(contract, schema, parameter, name),
        create=label("POST", collection),
        list=listed,
        read=read,
        replace=label("PUT", item),
        update=label("PATCH", item),
        delete=label("DELETE", item),
        parents=dict(_parents(collection, by_item)),
        schema=schema,
        inside=inside,
        told=told,
    )


def _parents(collection: str, by_item: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The resource of each path parameter of a collection's path."""
    for parameter in path_parameters(collection):
        head = collection.partition(f"{{{parameter}}}")[0] + f"{{{parameter}}}"
        name = by_item.get(head) or by_item.get(f"{head}/")
        if name:
            yield parameter, name


def _unwrapped(contract: Contract, schema: Place | None) -> tuple[str, Place | None]:
    """The schema of a thing, and the member of answers that it is in: their only object, where no id is beside it."""
    names = members(contract, schema)
    objects = {name: one for name, one in names.items() if name not in _BESIDE_A_THING and members(contract, one)}
    if len(objects) != 1 or set(names) - set(objects) - _BESIDE_A_THING:
        return "", schema
    return next(iter(objects.items()))


def _id_member(contract: Contract, schema: Place | None, parameter: str, name: str) -> str:
    """The member whose value is the path parameter: of its name, else `id`, else `<singular>_id` in any case."""
    names = members(contract, schema)
    word = singular(name.rpartition("/")[2])
    wanted = (parameter, "id", f"{word}_id", f"{word}Id", "uuid", "uid", "key", "code", "name")
    return next((one for one in wanted if one in names), "id")
