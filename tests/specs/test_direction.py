"""Read-only and write-only properties, required or not, in both directions."""

from __future__ import annotations

from typing import Any

import pytest

from specs.direction import Direction, direction_of, view
from specs.source import copied
from specs.validation import Side
from tests.specs.schemas import document

REQUIRED_ID = {"required": ["id", "name"]}
ID = {"properties": {"id": {"type": "string", "readOnly": True}, "name": True}}
PIN = {"properties": {"pin": {"type": "string", "writeOnly": True}}, "required": ["pin"]}

# Schema under `Tested`, value, whether it may be sent by the client, and by the server.
CASES = {
    "read-only, sent": (ID, {"id": "a"}, False, True),
    "read-only, not sent": (ID, {}, True, True),
    "read-only and required, not sent": (ID | REQUIRED_ID, {"name": 1}, True, False),
    "read-only and required, the other required one not sent": (ID | REQUIRED_ID, {}, False, False),
    "write-only, sent": (PIN, {"pin": "1"}, True, False),
    "write-only, not sent": (PIN, {}, False, True),
    "required by a sibling of the declaring schema": ({"allOf": [ID, REQUIRED_ID]}, {"name": 1}, True, False),
    "required around the declaring schema": ({"allOf": [ID]} | REQUIRED_ID, {"name": 1}, True, False),
    "declared around the requiring schema": ({"anyOf": [REQUIRED_ID]} | ID, {"name": 1}, True, False),
    "required two branches down": ({"oneOf": [{"allOf": [REQUIRED_ID]}], "allOf": [ID]}, {"name": 1}, True, False),
    "declared in a component": ({"$ref": "#/components/schemas/Declares"} | REQUIRED_ID, {"name": 1}, True, False),
    "sent, declared in a component": ({"$ref": "#/components/schemas/Declares"}, {"id": "a"}, False, True),
    "required by a component": ({"allOf": [ID, {"$ref": "#/components/schemas/Requires"}]}, {"name": 1}, True, False),
    "read-only by reference": (
        {"properties": {"id": {"$ref": "#/components/schemas/Stamp"}}},
        {"id": "a"},
        False,
        True,
    ),
    "read-only by a composed reference": (
        {"properties": {"id": {"allOf": [{"$ref": "#/components/schemas/Stamp"}]}}},
        {"id": "a"},
        False,
        True,
    ),
    "required of another object": (
        {"properties": {"inner": REQUIRED_ID, **ID["properties"]}},
        {"inner": {"name": 1}},
        False,
        False,
    ),
    "read-only inside a list": ({"items": ID | REQUIRED_ID}, [{"name": 1}], True, False),
    "read-only: false": ({"properties": {"id": {"readOnly": False}}, "required": ["id"]}, {}, False, False),
    "int32, too large": ({"format": "int32"}, 2**31, False, False),
    "int32, largest": ({"type": "integer", "format": "int32"}, 2**31 - 1, True, True),
    "int32, too small": ({"type": "integer", "format": "int32"}, -(2**31) - 1, False, False),
    "int32 with a tighter bound": ({"format": "int32", "minimum": 0}, -1, False, False),
    "int64, too large": ({"format": "int64"}, 2**63, False, False),
    "int64, largest": ({"format": "int64"}, 2**63 - 1, True, True),
}


def contract(schema: Any) -> dict[str, Any]:
    spec = document(schema)
    spec["components"]["schemas"] |= {
        "Declares": ID,
        "Requires": REQUIRED_ID,
        "Stamp": {"type": "string", "readOnly": True},
    }
    return spec


@pytest.mark.parametrize(("schema", "value", "by_client", "by_server"), CASES.values(), ids=CASES)
def test_direction(schema: Any, value: Any, by_client: bool, by_server: bool) -> None:
    spec = contract(schema)
    before = copied(spec)
    assert Side(spec, "request").validator("/components/schemas/Tested").is_valid(value) is by_client
    assert Side(spec, "response").validator("/components/schemas/Tested").is_valid(value) is by_server
    assert spec == before


def test_a_component_keeps_its_required_names_where_nothing_declares_them_read_only() -> None:
    spec = contract({"allOf": [{"$ref": "#/components/schemas/Requires"}]})
    assert view(spec, "request")["components"]["schemas"]["Requires"] == REQUIRED_ID


@pytest.mark.parametrize(
    ("pointer", "direction"),
    [
        ("/paths/~1a/get/parameters/0/schema", "request"),
        ("/paths/~1a/parameters/0/schema", "request"),
        ("/paths/~1a/post/requestBody/content/application~1json/schema", "request"),
        ("/paths/~1a/post/responses/200/content/application~1json/schema", "response"),
        ("/components/requestBodies/A/content/application~1json/schema", "request"),
        ("/components/responses/A/headers/B/schema", "response"),
        ("/components/headers/A/schema", "response"),
        ("/components/parameters/A/schema", "request"),
        ("/components/schemas/A/properties/responses", None),
        ("/webhooks/ended/post/requestBody/content/application~1json/schema", "response"),
        ("/webhooks/ended/post/responses/200/content/application~1json/schema", "request"),
        ("/paths/~1a/post/callbacks/ended/{url}/post/requestBody/content/application~1json/schema", "response"),
    ],
)
def test_direction_of_a_place(pointer: str, direction: Direction | None) -> None:
    assert direction_of(pointer) == direction
