"""What coverage asks of the schemas of a contract: what they name, what they are called, and whether a value fits."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from contract_tests.contract import Contract, Place
from contract_tests.surface.schemas import parts
from specs.direction import Direction

_COMPOSITE = ("properties", "additionalProperties", "items", "oneOf", "anyOf", "allOf")

Fits = Callable[[Any], bool]
Shape = Literal["composite", "open", "plain"]


class Schemas:
    """The schemas of a contract, as all operations share them; each is read and compiled when first asked for."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._places: dict[tuple[str, ...], Place] = {}
        self._shapes: dict[str, Shape] = {}
        self._sides = dict(contract.sides)

    def below(self, place: Place, *tokens: str) -> Place:
        """What the tokens lead to from a place; see `Contract.below`."""
        key = (place.pointer, *tokens)
        if key not in self._places:
            self._places[key] = self.contract.below(place, *tokens)
        return self._places[key]

    def shape(self, schema: Place) -> Shape:
        """Whether a schema has others below it, or else whether its values can show anything."""
        if schema.pointer not in self._shapes:
            written = [part.value for part in parts(self.contract, schema)]
            if any(key in value for value in written for key in _COMPOSITE):
                self._shapes[schema.pointer] = "composite"
            else:
                shows = any(nullable(value) or named_values(value) for value in written)
                self._shapes[schema.pointer] = "open" if shows else "plain"
        return self._shapes[schema.pointer]

    def fits(self, direction: Direction, pointer: str) -> Fits | None:
        """The judge for the schema at a pointer; None where a foreign document has a schema that nobody can judge."""
        side = self._sides.get(direction)
        try:
            return side.validator(pointer).is_valid if side else None
        except ValueError:
            return None
        except Exception:
            # No schema of this document can be had, and to find that out takes long.
            del self._sides[direction]
            return None


def wire(value: Any) -> str:
    """A value as it is written in a query string, where 1.0 is 1."""
    if isinstance(value, str):
        return value
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def named_values(schema: Mapping[str, Any]) -> list[Any]:
    """The values that a schema names: its enum or const, or both of a boolean; null is none of them."""
    types = schema.get("type")
    if isinstance(schema.get("enum"), list):
        named = schema["enum"]
    elif "const" in schema:
        named = [schema["const"]]
    else:
        named = [True, False] if types == "boolean" or (isinstance(types, list) and "boolean" in types) else []
    return [value for value in named if isinstance(value, str | int | float)]


def nullable(schema: Mapping[str, Any]) -> bool:
    """Whether a schema allows null beside something else."""
    types = schema.get("type")
    return isinstance(types, list) and "null" in types and len(types) > 1


def name_of(written: Any, schema: Place) -> str:
    """What people call an alternative: its component, its title, the case that a member names, its type; or nothing."""
    if isinstance(written, Mapping) and isinstance(written.get("$ref"), str):
        return str(written["$ref"].rpartition("/")[2])
    value = schema.value
    if not isinstance(value, Mapping):
        return ""
    if isinstance(value.get("title"), str):
        return str(value["title"])
    properties = value.get("properties")
    for member, inner in properties.items() if isinstance(properties, Mapping) else ():
        named = named_values(inner) if isinstance(inner, Mapping) else []
        if len(named) == 1:
            return f"{member} {wire(named[0])}"
    if "type" not in value and isinstance(value.get("required"), list):
        return f"with {', '.join(map(str, value['required']))}"
    types = value.get("type", ())
    words = [types] if isinstance(types, str) else list(types)
    return " ".join(map(str, [*words, *([value["format"]] if "format" in value else [])]))
