"""What a user declares beside a contract, because no contract can say it: `openapi.laws.yaml` for `openapi.yaml`.

The form is `declaration.schema.yaml`; every key is explained in `docs/declarations.md`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from contract_tests.contract import Contract
from contract_tests.expression import compiled
from contract_tests.invariants import Invariant, Invariants
from contract_tests.terms import ExpressionError
from specs.errors import SpecError, SpecProblem
from specs.source import Source, escape, read

SUFFIX = ".laws.yaml"


@dataclass(frozen=True)
class Declaration:
    """The content of a declaration file, or of none; `source` knows its lines.

    `invariants` judges answers by what holds within the objects of a schema, where anything is declared of any.
    """

    value: Mapping[str, Any] = field(default_factory=dict)
    source: Source | None = None
    invariants: Invariants | None = None

    def resource(self, name: str) -> Mapping[str, Any]:
        """What is said of a resource; empty where nothing is."""
        return self._table("resources").get(name) or {}

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """What is said of all resources, by their names."""
        return self._table("resources")

    def listing(self, operation: str) -> Mapping[str, Any]:
        """What is said of a list by the label of its operation; empty where nothing is."""
        return self._table("lists").get(operation) or {}

    @property
    def lists(self) -> Mapping[str, Mapping[str, Any]]:
        """What is said of all lists, by the labels of their operations."""
        return self._table("lists")

    @property
    def callers(self) -> Mapping[str, list[str]]:
        """By the name of a caller, labels of the operations that only such a one may call, and tags of such."""
        return self._table("callers")

    @property
    def harmless(self) -> frozenset[str]:
        """Labels of operations that change nothing although their method may."""
        return frozenset(self.value.get("harmless", ()))

    def refusals(self, operation: str) -> Mapping[str, str]:
        """Why an operation may refuse a valid request, by status."""
        return self._table("refusals").get(operation) or {}

    def values(self, name: str, operation: str = "") -> list[Any]:
        """Values worth trying for a parameter or member, those for this operation first."""
        table = self._table("values")
        return [*table.get(f"{operation} {name}", ()), *table.get(name, ())]

    def where(self, *tokens: str) -> str:
        """File, line and pointer of a place in the file, for people."""
        pointer = "".join(f"/{escape(token)}" for token in tokens)
        return str(self.source.locate(pointer)) if self.source else ""

    def _table(self, name: str) -> Mapping[str, Any]:
        table: Mapping[str, Any] = self.value.get(name) or {}
        return table


def beside(contract: Contract) -> Declaration:
    """The declaration in the file beside a contract, or an empty one; raises SpecError with all that is wrong in it."""
    path = contract.path.with_name(contract.path.stem + SUFFIX)
    return load(path, contract) if path.exists() else Declaration()


def load(path: Path, contract: Contract) -> Declaration:
    """The declaration in a file; raises SpecError with everything that is wrong in it."""
    source = read(path)
    invariants: dict[str, list[Invariant]] = {}
    problems = [*_wrong_form(source)] or [*_unknown(source, contract), *_compile(source, contract, invariants)]
    problems = problems or [*_unknown_names(source, contract)]
    if problems:
        raise SpecError(problems)
    return Declaration(source.value, source, Invariants(contract, invariants) if invariants else None)


def _wrong_form(source: Source) -> Iterator[SpecProblem]:
    for error in _form().iter_errors(source.value):
        pointer = "".join(f"/{escape(str(token))}" for token in error.instance_path)
        yield SpecProblem(source.locate(pointer), error.message)


@cache
def _form() -> Any:
    return jsonschema_rs.Draft202012Validator(read(Path(__file__).with_name("declaration.schema.yaml")).value)


def _unknown(source: Source, contract: Contract) -> Iterator[SpecProblem]:
    """Operations, schemas and paths that the contract does not have."""
    for pointer, operation in _named_operations(source.value):
        if operation not in contract.operations and not (
            pointer.startswith("/callers/") and operation in contract.tags
        ):
            yield SpecProblem(source.locate(pointer), f"{contract.path} has no operation {operation!r}")
    schemas = contract.document.get("components", {}).get("schemas", {})
    for name in source.value.get("invariants") or {}:
        if name not in schemas:
            message = f"{contract.path} has no schema {name!r} in its components"
            yield SpecProblem(source.locate(f"/invariants/{escape(name)}"), message)
    paths = contract.document.get("paths", {})
    for name, resource in (source.value.get("resources") or {}).items():
        for key in ("collection", "item"):
            if key in resource and resource[key] not in paths:
                message = f"{contract.path} has no path {resource[key]!r}"
                yield SpecProblem(source.locate(f"/resources/{escape(name)}/{key}"), message)


def _unknown_names(source: Source, contract: Contract) -> Iterator[SpecProblem]:
    """Resources, members, parameters and states that the contract does not have."""
    from contract_tests.surface.declared import unknown_names  # which knows declarations

    for where, message in unknown_names(contract, Declaration(source.value)):
        yield SpecProblem(source.locate("".join(f"/{escape(token)}" for token in where)), message)


def _compile(source: Source, contract: Contract, into: dict[str, list[Invariant]]) -> Iterator[SpecProblem]:
    """Keep what is declared of each schema of the contract, and say of the rest what is wrong with it."""
    schemas = contract.place("components", "schemas")
    for name, listed in (source.value.get("invariants") or {}).items():
        if name not in schemas.value:
            continue
        for index, told in enumerate(listed):
            holds, within = (told, 0) if isinstance(told, str) else (told["holds"], told.get("within", 0))
            place = source.locate(f"/invariants/{escape(name)}/{index}")
            try:
                expression = compiled(holds, contract, contract.below(schemas, name), within)
            except ExpressionError as error:
                yield SpecProblem(place, f"{holds!r} of {name}: {error}")
            else:
                into.setdefault(name, []).append(Invariant(name, expression, f"{place.file}:{place.line}"))


def _named_operations(value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for table in ("lists", "refusals"):
        for operation in value.get(table) or {}:
            yield f"/{table}/{escape(operation)}", operation
    for caller, operations in (value.get("callers") or {}).items():
        for index, operation in enumerate(operations):
            yield f"/callers/{escape(caller)}/{index}", operation
    for index, operation in enumerate(value.get("harmless") or ()):
        yield f"/harmless/{index}", operation
    for name, resource in (value.get("resources") or {}).items():
        for transition, told in resource.get("states", {}).get("transitions", {}).items():
            pointer = f"/resources/{escape(name)}/states/transitions/{escape(transition)}/operation"
            yield pointer, told["operation"]
