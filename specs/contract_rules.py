"""What a joined document must get right beyond its grammar, one function per rule.

A rule takes the contract and yields (pointer, message) for whatever is wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

from specs.build import follow
from specs.grammar import METHODS
from specs.source import escape, unescape
from specs.walk import Findings

Problems: TypeAlias = Iterator[tuple[str, str]]

_OPERATION_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_STATUS = re.compile(r"[1-5](?:[0-9]{2}|XX)|default")
_VERSION = re.compile(r"3\.1\.[0-9]+")
_STYLES = {
    "path": ("simple", "label", "matrix"),
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "header": ("simple",),
    "cookie": ("form",),
}
# A schema reference that judges the very value its component judges: following it makes no progress in the value.
_IN_PLACE = re.compile(r"/components/schemas/[^/]+(?:/(?:allOf|anyOf|oneOf)/[0-9]+|/not)*/\$ref")


@dataclass(frozen=True)
class Contract:
    """A joined document, what a walk over it found, and the components that its root exports."""

    document: Mapping[str, Any]
    findings: Findings
    exports: frozenset[str]

    @cached_property
    def operations(self) -> list[tuple[str, str, Mapping[str, Any]]]:
        """Pointer, path and operation for each operation under `paths`."""
        return [
            (f"/paths/{escape(path)}/{method}", path, item[method])
            for path, item in self.document["paths"].items()
            for method in item
            if method in METHODS
        ]

    @cached_property
    def security_schemes(self) -> Mapping[str, Any]:
        """The declared security schemes by name, references followed."""
        schemes = self.document.get("components", {}).get("securitySchemes", {})
        return {name: follow(self.document, "", scheme)[1] for name, scheme in schemes.items()}


def references_end(contract: Contract) -> Problems:
    """References come to an end; only schemas may hold themselves, and only inside a property, an item or the like."""
    following: dict[str, list[str]] = {}
    for reference in contract.findings.references:
        if reference.pointer.startswith("/components/") and (
            reference.kind != "Schema" or _IN_PLACE.fullmatch(reference.pointer)
        ):
            following.setdefault(_entry(reference.pointer), []).append(reference.target[1:])
    reported: set[str] = set()
    for start in following:
        trail = _cycle(following, start)
        if trail and not reported.intersection(trail):
            reported.update(trail)
            names = " -> ".join(entry.rpartition("/")[2] for entry in [*trail, start])
            yield start, f"refers to itself without end: {names}"


def version_is_supported(contract: Contract) -> Problems:
    """The document is written in OpenAPI 3.1."""
    if not _VERSION.fullmatch(contract.document["openapi"]):
        yield "/openapi", f"{contract.document['openapi']!r} is not supported: write '3.1.0' and use its keywords"


def components_are_used(contract: Contract) -> Problems:
    """Each component is reached from a path, a webhook, a security requirement or an export of the root."""
    following: dict[str, list[str]] = {}
    used = list(contract.exports)
    for reference in contract.findings.references:
        entry = _entry(reference.pointer)
        if entry.startswith("/components/"):
            following.setdefault(entry, []).append(reference.target[1:])
        else:
            used.append(reference.target[1:])
    for _, requirement in _requirements(contract):
        used += [f"/components/securitySchemes/{escape(name)}" for name in requirement]
    reached: set[str] = set()
    while used:
        entry = used.pop()
        if entry not in reached:
            reached.add(entry)
            used += following.get(entry, ())
    for section, entries in contract.document.get("components", {}).items():
        for name in entries:
            if (pointer := f"/components/{section}/{escape(name)}") not in reached:
                yield pointer, "nothing uses this component: use it, drop it, or let the root export it with a $ref"


def operations_are_named(contract: Contract) -> Problems:
    """Each operation has an operationId that can be a function name's base, and no two share one."""
    first: dict[str, str] = {}
    for node in contract.findings.of("Operation"):
        name = node.value.get("operationId")
        if name is None:
            if node.pointer.startswith("/paths/") and "/callbacks/" not in node.pointer:
                yield node.pointer, "needs 'operationId'"
        elif not _OPERATION_ID.fullmatch(name):
            yield f"{node.pointer}/operationId", f"operationId {name!r} must match ^{_OPERATION_ID.pattern}$"
        elif name in first:
            yield f"{node.pointer}/operationId", f"operationId {name!r} is taken by {_spoken(first[name])}"
        else:
            first[name] = node.pointer


def tags_are_declared(contract: Contract) -> Problems:
    """Each operation has a tag, and each tag is declared once at the top of the root document."""
    declared = [tag["name"] for tag in contract.document.get("tags", ())]
    for index, name in enumerate(declared):
        if name in declared[:index]:
            yield f"/tags/{index}", f"tag {name!r} is declared already"
    for pointer, _, operation in contract.operations:
        if not operation.get("tags"):
            yield pointer, "needs at least one tag"
    for node in contract.findings.of("Operation"):
        for index, name in enumerate(node.value.get("tags", ())):
            if name not in declared:
                yield f"{node.pointer}/tags/{index}", f"tag {name!r} is not declared under tags of the root document"


def paths_are_distinct(contract: Contract) -> Problems:
    """Paths start with a slash and differ in more than the names of their parameters."""
    first: dict[str, str] = {}
    for path in contract.document["paths"]:
        shape = re.sub(r"\{[^{}]*\}", "{}", path)
        if not path.startswith("/"):
            yield f"/paths/{escape(path)}", f"path {path!r} must start with /"
        elif shape in first:
            yield f"/paths/{escape(path)}", f"path {path!r} matches the same requests as {first[shape]!r}"
        first.setdefault(shape, path)


def path_parameters_match(contract: Contract) -> Problems:
    """The parameters in a path's template and the declared path parameters are the same."""
    for pointer, path, operation in contract.operations:
        item_pointer = pointer.rpartition("/")[0]
        wanted = re.findall(r"\{([^{}]*)\}", path)
        declared: dict[str, str] = {}
        for place, owner in ((item_pointer, contract.document["paths"][path]), (pointer, operation)):
            for index, written in enumerate(owner.get("parameters", ())):
                _, parameter = follow(contract.document, "", written)
                if parameter["in"] == "path":
                    declared[parameter["name"]] = f"{place}/parameters/{index}"
        for name, count in Counter(wanted).items():
            if count > 1:
                yield item_pointer, f"path parameter {name!r} stands twice in {path!r}"
            if name not in declared:
                yield pointer, f"path parameter {name!r} of {path!r} is not declared: add it with in: path"
        for name, place in declared.items():
            if name not in wanted:
                yield place, f"path parameter {name!r} does not occur in {path!r}"


def parameters_are_sound(contract: Contract) -> Problems:
    """Path parameters are required, styles fit their location, and no list names a parameter twice."""
    for node in contract.findings.of("Parameter"):
        location = node.value["in"]
        if location == "path" and node.value.get("required") is not True:
            yield node.pointer, "a path parameter needs required: true"
        if "style" in node.value and node.value["style"] not in _STYLES[location]:
            yield (
                f"{node.pointer}/style",
                f"a {location} parameter is written in style {' or '.join(_STYLES[location])}",
            )
    for node in contract.findings.of("Operation", "PathItem"):
        seen = set()
        for index, written in enumerate(node.value.get("parameters", ())):
            _, parameter = follow(contract.document, "", written)
            identity = (parameter["in"], parameter["name"])
            if identity in seen:
                yield f"{node.pointer}/parameters/{index}", f"{identity[0]} parameter {identity[1]!r} stands here twice"
            seen.add(identity)


def examples_stand_alone(contract: Contract) -> Problems:
    """A single example does not stand beside named ones."""
    for node in contract.findings.of("Parameter", "Header", "MediaType"):
        if "example" in node.value and "examples" in node.value:
            yield f"{node.pointer}/example", "stands beside examples: keep one of the two"


def responses_are_sound(contract: Contract) -> Problems:
    """Each operation declares responses, by status codes that exist."""
    for node in contract.findings.of("Operation"):
        if not node.value["responses"]:
            yield f"{node.pointer}/responses", "needs at least one response"
        for status in node.value["responses"]:
            if not _STATUS.fullmatch(status):
                yield f"{node.pointer}/responses/{escape(status)}", f"{status!r} must be like '200', '4XX' or 'default'"


def security_is_declared(contract: Contract) -> Problems:
    """Security requirements name declared schemes, and scopes that an OAuth 2 scheme declares in one of its flows."""
    for pointer, requirement in _requirements(contract):
        for name, scopes in requirement.items():
            scheme = contract.security_schemes.get(name)
            if scheme is None:
                yield (
                    f"{pointer}/{escape(name)}",
                    f"security scheme {name!r} is not declared in components/securitySchemes",
                )
            elif scheme["type"] == "oauth2":
                declared = {scope for flow in scheme["flows"].values() for scope in flow["scopes"]}
                for index, scope in enumerate(scopes):
                    if scope not in declared:
                        yield f"{pointer}/{escape(name)}/{index}", f"no flow of {name!r} declares the scope {scope!r}"


def links_lead_somewhere(contract: Contract) -> Problems:
    """Links name operations that exist."""
    known = {node.value.get("operationId") for node in contract.findings.of("Operation")}
    for node in contract.findings.of("Link"):
        if node.value["operationId"] not in known:
            yield f"{node.pointer}/operationId", f"no operation is called {node.value['operationId']!r}"


RULES: tuple[Callable[[Contract], Problems], ...] = (
    version_is_supported,
    components_are_used,
    operations_are_named,
    tags_are_declared,
    paths_are_distinct,
    path_parameters_match,
    parameters_are_sound,
    examples_stand_alone,
    responses_are_sound,
    security_is_declared,
    links_lead_somewhere,
)


def _requirements(contract: Contract) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for node in contract.findings.of("Document", "Operation"):
        for index, requirement in enumerate(node.value.get("security", ())):
            yield f"{node.pointer}/security/{index}", requirement


def _entry(pointer: str) -> str:
    """The component, or the path or webhook, that a place belongs to."""
    tokens = pointer.split("/")
    return "/".join(tokens[: 4 if tokens[1] == "components" else 3])


def _cycle(following: Mapping[str, list[str]], start: str) -> list[str]:
    """A way from an entry back to itself, or nothing."""
    trails = [[start]]
    seen = set()
    while trails:
        trail = trails.pop()
        for target in following.get(trail[-1], ()):
            if target == start:
                return trail
            if target not in seen:
                seen.add(target)
                trails.append([*trail, target])
    return []


def _spoken(pointer: str) -> str:
    *_, path, method = pointer.split("/")
    return f"{method.upper()} {unescape(path)}"
