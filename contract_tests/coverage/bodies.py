"""The points of a body: what its schemas leave open, and which of it a body shows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs

import orjson

from contract_tests.contract import Place
from contract_tests.coverage.point import MOST, Point
from contract_tests.coverage.schemas import Fits, Schemas, name_of, named_values, nullable, wire
from contract_tests.surface.schemas import keyword, parts
from specs.direction import BARRED, Direction

_FORM = "application/x-www-form-urlencoded"
# Lists are alike all through; the first items say what can be said at a price that does not grow.
_ITEMS = 40
_DEEP = 40


@dataclass(slots=True, eq=False)
class _Node:
    """What the values of a schema can show; `choices` are alternatives of which each judges the whole value.

    `others` are for members that are not `described`; `members` has only those of them that lead to a point.
    """

    null: Point | None = None
    filled: Point | None = None
    item: Point | None = None
    values: dict[str, Point] = field(default_factory=dict)
    members: list[tuple[str, Point | None, _Node]] = field(default_factory=list)
    described: set[str] = field(default_factory=set)
    others: list[_Node] = field(default_factory=list)
    items: list[_Node] = field(default_factory=list)
    choices: list[tuple[Point | None, Fits, _Node]] = field(default_factory=list)

    def see(self, value: Any, seen: set[Point], depth: int = 0) -> None:
        """Add the points that a value shows."""
        if depth > _DEEP:
            return
        if shown := self.null if value is None else self.filled:
            seen.add(shown)
        if isinstance(value, dict):
            for name, point, node in self.members:
                if name in value:
                    if point:
                        seen.add(point)
                    node.see(value[name], seen, depth + 1)
            if self.others:
                for name in value.keys() - self.described:
                    for node in self.others:
                        node.see(value[name], seen, depth + 1)
        elif isinstance(value, list):
            if value and self.item:
                seen.add(self.item)
            for node in self.items:
                for item in value[:_ITEMS]:
                    node.see(item, seen, depth + 1)
        elif self.values and (chosen := self.values.get(wire(value))):
            seen.add(chosen)
        for branch, fits, node in self.choices:
            if fits(value):
                if branch:
                    seen.add(branch)
                node.see(value, seen, depth + 1)

    def prune(self, alive: set[_Node]) -> None:
        """Forget what leads to no point."""
        self.members = [entry for entry in self.members if entry[1] or entry[2] in alive]
        self.others = [node for node in self.others if node in alive]
        self.items = [node for node in self.items if node in alive]
        self.choices = [entry for entry in self.choices if entry[0] or entry[2] in alive]

    def shows(self, alive: set[_Node]) -> bool:
        """Whether a value can show a point here, or in one of the living nodes below."""
        return bool(
            self.null
            or self.item
            or self.values
            or any(point or node in alive for _, point, node in (*self.members, *self.choices))
            or not alive.isdisjoint((*self.others, *self.items))
        )


class Body:
    """The `content` of a request body or a response, compiled; `points` are its own, in the order of the contract.

    An object that is described once and used in several places counts once, under the name of the first place.
    """

    def __init__(self, schemas: Schemas, direction: Direction, owner: Place, name: str) -> None:
        content = schemas.below(owner, "content").value if "content" in owner.value else {}
        self.points: dict[Point, None] = {}
        self._media: list[tuple[str, Point | None, _Node | None]] = []
        compiler = _Compiler(schemas, direction, self.points)
        for media_type in content:
            pattern = media_type.partition(";")[0].strip().lower()
            point = None
            if len(content) > 1:
                point = Point(direction, "branches", name, pattern)
                self.points[point] = None
            media = schemas.below(owner, "content", media_type)
            readable = "json" in pattern or pattern in (_FORM, "*/*")
            node = compiler.compiled(media, "schema", name) if readable and "schema" in media.value else None
            self._media.append((pattern, point, node))
        self._media.sort(key=lambda entry: entry[0].count("*"))  # what is named exactly goes before a range

    def shown(self, content_type: str, body: bytes) -> set[Point]:
        """The points that a body of that content type shows."""
        sent = content_type.partition(";")[0].strip().lower()
        seen: set[Point] = set()
        for pattern, point, node in self._media:
            if fnmatchcase(sent, pattern):
                if point:
                    seen.add(point)
                if node:
                    _see(node, sent, body, seen)
                break
        return seen


class _Compiler:
    """Makes the nodes of one body, breadth first, so that names are short and what is cut off is far down."""

    def __init__(self, schemas: Schemas, direction: Direction, points: dict[Point, None]) -> None:
        self._schemas = schemas
        self._contract = schemas.contract
        self._direction = direction
        self._points = points
        self._plain = _Node()
        self._nodes: dict[str, _Node] = {}
        self._queue: deque[tuple[_Node, Place, str]] = deque()

    def compiled(self, owner: Place, key: str, name: str) -> _Node | None:
        """The node of the schema at a key of its owner, or None if its values can show nothing."""
        root = self._node(self._schemas.below(owner, key), name)
        while self._queue and len(self._points) < MOST:
            self._fill(*self._queue.popleft())
        alive: set[_Node] = set()
        before = -1
        while before < len(alive):
            before = len(alive)
            alive |= {node for node in self._nodes.values() if node.shows(alive)}
        for node in alive:
            node.prune(alive)
        return root if root in alive else None

    def _node(self, schema: Place, name: str) -> _Node:
        shape = self._schemas.shape(schema)
        if shape == "plain":
            return self._plain
        key = schema.pointer if shape == "composite" else f"{schema.pointer} {name}"
        if key not in self._nodes:
            self._nodes[key] = _Node()
            self._queue.append((self._nodes[key], schema, name))
        return self._nodes[key]

    def _fill(self, node: _Node, schema: Place, name: str) -> None:
        for part in parts(self._contract, schema):
            if nullable(part.value) and not node.null:
                node.null = self._branch(name, "null")
                node.filled = self._branch(name, "not null")
            if self._direction == "request":
                for value in named_values(part.value):
                    node.values[wire(value)] = self._point(Point("request", "values", name, wire(value)))
            self._fill_members(node, part, name)
            if isinstance(part.value.get("items"), Mapping):
                if self._direction == "response" and not node.item:
                    node.item = self._branch(name, "an item")
                node.items.append(self._node(self._schemas.below(part, "items"), f"{name}[]"))
            for key in ("oneOf", "anyOf"):
                if isinstance(part.value.get(key), list):
                    node.choices += self._choices(part, key, name)

    def _fill_members(self, node: _Node, part: Place, name: str) -> None:
        properties = part.value.get("properties")
        for member in properties if isinstance(properties, Mapping) else ():
            inner = self._schemas.below(part, "properties", member)
            node.described.add(member)
            plain = self._direction == "response" and self._schemas.shape(inner) == "plain"
            if plain or keyword(self._contract, inner, BARRED[self._direction]):
                continue
            named = f"{name}.{member}"
            point = self._point(Point("request", "parameters", named)) if self._direction == "request" else None
            node.members.append((member, point, self._node(inner, named)))
        if isinstance(part.value.get("additionalProperties"), Mapping):
            node.others.append(self._node(self._schemas.below(part, "additionalProperties"), f"{name}.*"))

    def _choices(self, part: Place, key: str, name: str) -> Iterator[tuple[Point | None, Fits, _Node]]:
        written = part.value[key]
        known: set[str] = set()
        for index, alternative in enumerate(written):
            schema = self._schemas.below(part, key, str(index))
            fits = self._schemas.fits(self._direction, f"{part.pointer}/{key}/{index}")
            if fits is None:
                continue
            called = name_of(alternative, schema)
            if not called or called in known:
                called = f"{called} {index + 1}".strip()
            known.add(called)
            yield self._branch(name, called) if len(written) > 1 else None, fits, self._node(schema, name)

    def _branch(self, name: str, value: str) -> Point:
        return self._point(Point(self._direction, "branches", name, value))

    def _point(self, point: Point) -> Point:
        self._points[point] = None
        return point


def _see(node: _Node, media_type: str, body: bytes, seen: set[Point]) -> None:
    try:
        if media_type == _FORM:
            fields = parse_qs(body.decode(), keep_blank_values=True)
            value: Any = {name: texts[0] if len(texts) == 1 else texts for name, texts in fields.items()}
        else:
            value = orjson.loads(body)
    except ValueError:
        return
    node.see(value, seen)
