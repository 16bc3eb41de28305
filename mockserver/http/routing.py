"""Path to operation: a tree of path segments, walked once per request."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

Endpoint = TypeVar("Endpoint")


@dataclass(slots=True)
class Route(Generic[Endpoint]):
    """A path template: its parameter names in order, and an endpoint per method."""

    template: str
    names: tuple[str, ...] = ()
    endpoints: dict[str, Endpoint] = field(default_factory=dict)


@dataclass(slots=True)
class _Node(Generic[Endpoint]):
    literal: dict[str, _Node[Endpoint]] = field(default_factory=dict)
    patterns: list[tuple[re.Pattern[str], _Node[Endpoint]]] = field(default_factory=list)
    parameter: _Node[Endpoint] | None = None
    route: Route[Endpoint] | None = None


class Router(Generic[Endpoint]):
    """Routes of one API. A literal segment wins over `{a}:verb`, which wins over `{a}`."""

    def __init__(self, *, optional_slash: bool, exact: frozenset[str] = frozenset()) -> None:
        """`optional_slash` lets a path answer with and without its last slash; `exact` templates excepted (405)."""
        self._root: _Node[Endpoint] = _Node()
        self._optional_slash = optional_slash
        self._exact = exact

    def add(self, template: str, method: str, endpoint: Endpoint) -> None:
        """Register; ValueError when the method has an endpoint on this path already."""
        route = self._route(template)
        if method in route.endpoints:
            raise ValueError(f"{method} {template} is defined twice")
        route.endpoints[method] = endpoint
        if template in self._exact:
            self._route(template.rstrip("/"))  # exists without a method: 405, as the provider answers
        elif self._optional_slash and template != "/":
            self._route(template.rstrip("/") if template.endswith("/") else f"{template}/").endpoints[method] = endpoint

    def find(self, path: str) -> tuple[Route[Endpoint], tuple[str, ...]] | None:
        """The route of a percent-encoded path and its decoded parameter values, or None.

        A segment whose escapes are not UTF-8 matches nothing.
        """
        segments: list[str] = []
        for raw in path.split("/")[1:]:
            try:
                segments.append(unquote_to_bytes(raw).decode() if "%" in raw else raw)
            except UnicodeDecodeError:
                return None
        return _walk(self._root, segments, 0, ())

    def routes(self) -> Iterable[Route[Endpoint]]:
        """Every route that has an endpoint."""
        waiting = [self._root]
        while waiting:
            node = waiting.pop()
            if node.route is not None and node.route.endpoints:
                yield node.route
            waiting.extend(node.literal.values())
            waiting.extend(target for _, target in node.patterns)
            if node.parameter is not None:
                waiting.append(node.parameter)

    def _route(self, template: str) -> Route[Endpoint]:
        node = self._root
        names: list[str] = []
        for segment in template.split("/")[1:]:
            found = re.findall(r"\{([^}]+)\}", segment)
            names.extend(found)
            if not found:
                node = node.literal.setdefault(segment, _Node())
            elif segment == f"{{{found[0]}}}":
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = self._pattern(node, segment)
        if node.route is None:
            node.route = Route(template, tuple(names))
        return node.route

    def _pattern(self, node: _Node[Endpoint], segment: str) -> _Node[Endpoint]:
        parts = re.split(r"\{[^}]+\}", segment)
        pattern = re.compile("(.+?)".join(re.escape(part) for part in parts), re.DOTALL)
        for known, below in node.patterns:
            if known.pattern == pattern.pattern:
                return below
        added: _Node[Endpoint] = _Node()
        node.patterns.append((pattern, added))
        return added


def _walk(
    node: _Node[Endpoint], segments: list[str], depth: int, values: tuple[str, ...]
) -> tuple[Route[Endpoint], tuple[str, ...]] | None:
    """The first route below a node that takes all segments from `depth` on: what is literal is tried first."""
    if depth == len(segments):
        return None if node.route is None else (node.route, values)
    segment = segments[depth]
    following = node.literal.get(segment)
    if following is not None:
        found = _walk(following, segments, depth + 1, values)
        if found is not None:
            return found
    for pattern, target in node.patterns:
        match = pattern.fullmatch(segment)
        if match:
            found = _walk(target, segments, depth + 1, (*values, *match.groups()))
            if found is not None:
                return found
    if node.parameter is not None and segment:
        return _walk(node.parameter, segments, depth + 1, (*values, segment))
    return None
