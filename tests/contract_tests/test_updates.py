"""A change that is refused has no effect; and what answers wrap is found in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from contract_tests.contract import Contract
from contract_tests.declaration import Declaration
from contract_tests.surface.schemas import members
from contract_tests.surface.surface import Surface
from tests.contract_tests.habits.catalogue import HABITS
from tests.contract_tests.habits.depot import Depot
from tests.contract_tests.habits.house import Operation, Refusal, Request
from tests.contract_tests.habits.planting import Trap, step_of
from tests.contract_tests.habits.playing import played

THING = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}


def _done_by_halves(server: Depot, honest: Any) -> Any:
    """Refuse what is not valid, and yet keep the texts in it."""

    def read_body(request: Request, operation: Operation) -> Any:
        try:
            return honest(request, operation)
        except Refusal:
            if request.method == "PATCH":
                texts = {name: one for name, one in orjson.loads(request.body).items() if isinstance(one, str)}
                server.bays[request.values["bay_id"]].update(texts)
            raise

    return read_body


def test_a_refused_change_that_is_made_by_halves_is_found() -> None:
    law = "refused_change_changes_nothing"
    halves = Trap("halves", step_of("read_body", _done_by_halves), lambda _: True)
    tally = played(HABITS[0], halves, law=law)
    assert {check for _, check, _ in tally.causes} == {law}, tally.unplayed


def _surface(answer: dict[str, Any]) -> Surface:
    responses = {"200": {"description": "It.", "content": {"application/json": {"schema": answer}}}}
    listed = {"200": {"description": "All.", "content": {"application/json": {"schema": {"type": "array"}}}}}
    paths = {"/things": {"get": {"responses": listed}}, "/things/{thing_id}": {"get": {"responses": responses}}}
    return Surface(Contract(Path("things.yaml"), {"openapi": "3.1.0", "paths": paths}, None), Declaration())


def test_a_thing_may_be_wrapped_in_its_answer() -> None:
    meta = {"type": "object", "properties": {"request_id": {"type": "string"}}}
    resource = _surface({"type": "object", "properties": {"data": THING, "meta": meta}}).resources["things"]
    assert (resource.inside, resource.id_member) == ("data", "id")
    assert resource.thing_in({"data": {"id": 7, "name": "Seven"}, "meta": {}}) == {"id": 7, "name": "Seven"}
    assert resource.thing_in({"error": "gone"}) == {"error": "gone"}
    assert resource.thing_in(None) == {}


def test_a_thing_with_an_object_in_it_is_no_wrapping() -> None:
    whole = {**THING, "properties": {**THING["properties"], "owner": THING}}  # type: ignore[dict-item]
    resource = _surface(whole).resources["things"]
    assert resource.inside == ""
    assert set(members(_surface(whole).contract, resource.schema)) == {"id", "name", "owner"}


def test_a_member_that_only_gets_a_default_keeps_its_type() -> None:
    refined = {"allOf": [THING, {"properties": {"name": {"default": "Nobody"}, "size": {"default": 1}}}]}
    resource = _surface(refined).resources["things"]
    known = members(_surface(refined).contract, resource.schema)
    assert known["name"].value == {"type": "string"}
    assert known["size"].value == {"default": 1}
