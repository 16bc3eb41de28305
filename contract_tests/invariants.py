"""Judges answers by what is declared to hold within the objects in them, wherever in an answer they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from contract_tests.contract import Contract, Place
from contract_tests.exchange import Exchange
from contract_tests.expression import Expression
from contract_tests.surface.schemas import answer_schema
from specs.source import escape

_DEEP = 64


@dataclass(frozen=True, slots=True)
class Invariant:
    """An expression that holds in all objects of a component; `where` says where it is declared."""

    component: str
    expression: Expression
    where: str


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that an answer breaks: in the object at a pointer of its body, with these values."""

    invariant: Invariant
    pointer: str
    values: str

    def __str__(self) -> str:
        return f"{self.values}, at #{self.pointer}"


class _Edge(NamedTuple):
    """Leads from a schema to one inside it; `name` is that of a member."""

    kind: str
    name: str
    place: Place


class _Found(NamedTuple):
    """An object in an answer, at a pointer, and what is to hold within it."""

    invariants: list[Invariant]
    pointer: str
    thing: Mapping[str, Any]


class Invariants:
    """All invariants that are declared for a contract, by component; finds their objects along the schemas."""

    def __init__(self, contract: Contract, declared: Mapping[str, Sequence[Invariant]]) -> None:
        self._contract = contract
        self._at: dict[str, list[Invariant]] = {}
        for component, invariants in declared.items():
            # A component may be another name for one: what counts is where its references lead.
            pointer = contract.place("components", "schemas", component).pointer
            self._at.setdefault(pointer, []).extend(invariants)
        self._edges: dict[str, tuple[_Edge, ...]] = {}
        self._leads: dict[str, frozenset[str]] = {}
        self._answers: dict[tuple[str, int], Place | None] = {}

    def judge(self, exchange: Exchange) -> Broken | None:
        """The first invariant that an answer breaks, or None."""
        for invariants, pointer, thing in self._shown_by(exchange):
            for invariant in invariants:
                if values := invariant.expression.broken_by(thing):
                    return Broken(invariant, pointer, values)
        return None

    def apply_to(self, exchange: Exchange) -> bool:
        """Whether there is anything to judge in an answer."""
        return any(True for _ in self._shown_by(exchange))

    def within(self, label: str) -> list[Invariant]:
        """The invariants of what a success of an operation may hold."""
        schema = answer_schema(self._contract, label)
        leads = self._led_to(schema) if schema else frozenset()
        return [one for pointer, invariants in self._at.items() if pointer in leads for one in invariants]

    def _shown_by(self, exchange: Exchange) -> Iterator[_Found]:
        """The objects in an answer with invariants."""
        schema = self._answer(exchange.operation, exchange.status)
        if schema is None or not exchange.operation.startswith(f"{exchange.method} "):
            return
        try:
            body = exact(exchange.answer)
        except (ValueError, RecursionError):
            return
        yield from self._things(schema, body)

    def _answer(self, label: str, status: int) -> Place | None:
        """The schema of an answer that may hold something to judge."""
        key = label, status
        if key not in self._answers:
            schema = answer_schema(self._contract, label, status) if label in self._contract.operations else None
            self._answers[key] = schema if schema and self._led_to(schema) else None
        return self._answers[key]

    def _things(self, schema: Place, value: Any, pointer: str = "", depth: int = 0) -> Iterator[_Found]:
        """The objects in a value with invariants."""
        if depth > _DEEP or not isinstance(value, dict | list) or not self._led_to(schema):
            return
        if isinstance(value, dict) and schema.pointer in self._at:
            yield _Found(self._at[schema.pointer], pointer, value)
        for edge in self._below(schema):
            for inner, at in self._values(edge, value, pointer):
                yield from self._things(edge.place, inner, at, depth + 1)

    def _values(self, edge: _Edge, value: Any, pointer: str) -> Iterator[tuple[Any, str]]:
        match edge.kind:
            case "all":
                yield value, pointer
            case "choice" if not self._contract.violations(edge.place, value, "response"):
                yield value, pointer
            case "member" if isinstance(value, dict) and edge.name in value:
                yield value[edge.name], f"{pointer}/{escape(edge.name)}"
            case "others" if isinstance(value, dict):
                yield from ((inner, f"{pointer}/{escape(name)}") for name, inner in value.items())
            case "items" if isinstance(value, list):
                yield from ((inner, f"{pointer}/{index}") for index, inner in enumerate(value))

    def _led_to(self, schema: Place) -> frozenset[str]:
        """Pointers of the components with invariants that are at or inside a schema."""
        if schema.pointer not in self._leads:
            seen, waiting = {schema.pointer}, [schema]
            while waiting:
                fresh = [edge.place for edge in self._below(waiting.pop()) if edge.place.pointer not in seen]
                seen |= {place.pointer for place in fresh}
                waiting += fresh
            self._leads[schema.pointer] = frozenset(seen & self._at.keys())
        return self._leads[schema.pointer]

    def _below(self, schema: Place) -> tuple[_Edge, ...]:
        if schema.pointer not in self._edges:
            self._edges[schema.pointer] = (*_edges(self._contract, schema),)
        return self._edges[schema.pointer]


def exact(text: bytes) -> Any:
    """The JSON value in a text, its numbers as Decimal, as they are written; raises ValueError where it is none."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _edges(contract: Contract, schema: Place) -> Iterator[_Edge]:
    value = schema.value if isinstance(schema.value, Mapping) else {}
    for name in value.get("properties", ()):
        yield _Edge("member", name, contract.below(schema, "properties", name))
    for keyword, kind in (("allOf", "all"), ("oneOf", "choice"), ("anyOf", "choice")):
        for index in range(len(value.get(keyword, ()))):
            yield _Edge(kind, "", contract.below(schema, keyword, str(index)))
    for keyword, kind in (("items", "items"), ("additionalProperties", "others")):
        if isinstance(value.get(keyword), Mapping):
            yield _Edge(kind, "", contract.below(schema, keyword))
