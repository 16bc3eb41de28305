"""How openapi-core judges values: with the schemas that the contract has compiled.

openapi-core reads parameters, forms and media types. Its own judge of values makes every schema anew for every value,
and knows nothing of `readOnly` in 3.1; both matter here. It stays in use for what is no JSON: bytes in a form, and a
schema that cannot be compiled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jsonschema import ValidationError as SchemaFault
from jsonschema_path import SchemaPath
from openapi_core.validation.schemas.datatypes import FormatValidatorsDict
from openapi_core.validation.schemas.exceptions import InvalidSchemaValue
from openapi_core.validation.schemas.factories import SchemaValidatorsFactory
from openapi_core.validation.schemas.validators import SchemaValidator

from contract_tests.contract import Contract, Place
from specs.direction import Direction
from specs.source import escape, tokens
from specs.validation import Violation, clipped


class Breaches(InvalidSchemaValue):
    """What openapi-core raises for a value that breaks its schema, with our own violations."""

    def __init__(self, value: Any, violations: Sequence[Violation]) -> None:
        super().__init__(value, "any")
        self.violations = violations


class CompiledSchemas(SchemaValidatorsFactory):
    """Makes each schema of a contract once, for one direction."""

    def __init__(self, contract: Contract, direction: Direction, stock: SchemaValidatorsFactory) -> None:
        super().__init__(stock.schema_validator_cls, stock.format_checker)
        self._contract = contract
        self._direction = direction
        self._stock = stock
        self._made: dict[Sequence[Any], SchemaValidator] = {}

    def create(
        self,
        spec: SchemaPath,
        schema: SchemaPath,
        format_validators: FormatValidatorsDict | None = None,
        extra_format_validators: FormatValidatorsDict | None = None,
        forbid_unspecified_additional_properties: bool = False,
        enforce_properties_required: bool = False,
    ) -> SchemaValidator:
        """See `SchemaValidatorsFactory.create`; the options are those of one configuration, so they never differ."""
        if not schema.parts:  # openapi-core makes up schemas that stand nowhere
            return self._stock.create(spec, schema)
        if schema.parts not in self._made:
            self._made[schema.parts] = _Compiled(self, schema, self._stock.create(spec, schema))
        return self._made[schema.parts]

    def place(self, schema: SchemaPath) -> Place | None:
        """Where a schema stands in the contract; None for one that cannot be compiled."""
        *owner, name = map(str, schema.parts)
        # A reference of the schema itself is not followed: it may have neighbours.
        place = Place(f"{self._contract.place(*owner).pointer}/{escape(name)}", None)
        try:
            self.violations(place, None)
        except Exception:
            if self._contract.spec is not None:
                raise  # a document of ours can be compiled
            return None
        return place

    def violations(self, place: Place, value: Any) -> Sequence[Violation]:
        """Everything in which a value breaks the schema at a place."""
        return self._contract.violations(place, value, self._direction)


class _Compiled(SchemaValidator):
    """A schema of openapi-core whose verdict is that of the contract."""

    def __init__(self, schemas: CompiledSchemas, schema: SchemaPath, stock: SchemaValidator) -> None:
        super().__init__(schema, stock.validator)
        self._schemas = schemas
        self._stock = stock
        self._place = schemas.place(schema)

    def validate(self, value: Any) -> None:
        """Raises Breaches for a value that breaks the schema."""
        if found := self._violations(value):
            raise Breaches(value, found)

    def evolve(self, schema: SchemaPath) -> SchemaValidator:
        """A branch of the schema; openapi-core asks for one to see which branch of a form is meant."""
        return self._stock.evolve(schema)

    def _violations(self, value: Any) -> Sequence[Violation]:
        if self._place:
            try:
                return self._schemas.violations(self._place, value)
            except (TypeError, ValueError):
                pass  # no JSON
        return [_violation(fault) for fault in self.validator.iter_errors(value)]


def _violation(fault: SchemaFault) -> Violation:
    pointer = "".join(f"/{escape(str(token))}" for token in fault.absolute_path)
    keyword = str(fault.validator)
    value = fault.instance if not isinstance(fault.instance, bytes) else "bytes"
    return Violation(pointer, keyword, f"{clipped(value)} breaks {keyword}")


def value_at(value: Any, pointer: str) -> Any:
    """What a JSON pointer leads to in a value, or its nearest existing parent."""
    for token in tokens(pointer):
        if isinstance(value, Mapping) and token in value:
            value = value[token]
        elif isinstance(value, list) and token.isdecimal() and int(token) < len(value):
            value = value[int(token)]
        else:
            break
    return value
