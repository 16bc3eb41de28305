"""A contract knows its operations, follows references, and says where each part of it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contract_tests import contract
from contract_tests.contract import Contract, ContractError
from tests.contract_tests.conftest import DESK_SPEC


@pytest.fixture(scope="module")
def desk() -> Contract:
    return contract.from_file(DESK_SPEC)


def test_operations_by_label(desk: Contract) -> None:
    assert desk.title == "Tariff desk"
    assert list(desk.operations)[:2] == ["GET /suppliers", "GET /suppliers/{supplier_id}"]
    assert desk.operations["DELETE /alerts/{alert_id}"].value["operationId"] == "delete-alert"
    assert desk.needs_credentials("GET /suppliers")


def test_places_follow_references_and_are_found_in_the_file(desk: Contract) -> None:
    place = desk.place("paths", "/suppliers", "get", "responses", "200", "headers", "Link", "schema")
    assert place.value == {"type": "string"}
    file, line, pointer = desk.where(place).split(":")
    assert (file, pointer) == (str(DESK_SPEC), " #/components/headers/Link/schema")
    assert DESK_SPEC.read_text("utf-8").splitlines()[int(line) - 1].strip() == "schema: {type: string}"


def test_what_is_not_there_is_its_nearest_parent(desk: Contract) -> None:
    assert desk.place("paths", "/suppliers", "trace", "x").pointer == "/paths/~1suppliers"


def test_parameters_include_those_of_the_path(desk: Contract) -> None:
    assert list(desk.parameters("DELETE /alerts/{alert_id}")) == [("path", "alert_id")]
    assert ("query", "page_size") in desk.parameters("GET /suppliers")


def test_responses_by_status(desk: Contract) -> None:
    found = desk.response("GET /suppliers", 404)
    assert found
    assert found.value["description"] == "No such thing, or nothing that the caller may know of."
    assert desk.response("GET /suppliers", 418) is None


def foreign(**document: object) -> str:
    return json.dumps({"openapi": "3.0.3", "info": {"title": "Foreign", "version": "1"}, "paths": {}} | document)


def test_a_document_that_our_loader_refuses_works_and_has_lines(tmp_path: Path) -> None:
    file = tmp_path / "foreign.json"
    operation = {"responses": {"4XX": {"description": "no"}, "default": {"description": "any"}}}
    file.write_text(foreign(paths={"/x": {"get": operation | {"security": [{}]}}}), "utf-8")
    loaded = contract.from_file(file)
    assert loaded.spec is None
    assert loaded.where(loaded.operations["GET /x"]) == f"{file}:1: #/paths/~1x/get"
    assert not loaded.needs_credentials("GET /x")
    declared = [loaded.response("GET /x", status) for status in (404, 200)]
    assert [place.value["description"] for place in declared if place] == ["no", "any"]


def test_a_foreign_document_in_several_files_is_refused_rather_than_half_tested(tmp_path: Path) -> None:
    file = tmp_path / "foreign.json"
    file.write_text(foreign(paths={"/x": {"$ref": "x.json"}}), "utf-8")
    with pytest.raises(ContractError, match="keeps /x in another file: bundle it"):
        contract.from_file(file)


def test_references_in_a_circle_end(tmp_path: Path) -> None:
    circle = {"a": {"$ref": "#/components/schemas/b"}, "b": {"$ref": "#/components/schemas/a"}}
    looped = Contract(tmp_path, {"components": {"schemas": circle}}, None)
    assert looped.place("components", "schemas", "a", "type").pointer.startswith("/components/schemas/")


@pytest.mark.parametrize("text", ["", "a: [", "title: no contract", "just words"])
def test_what_nobody_can_read_is_refused_with_our_own_words(text: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ContractError, match=r"broken.yaml is no OpenAPI document we can read:\n.*broken.yaml:[12]: "):
        contract.from_file(file)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"none\.yaml"):
        contract.from_file(tmp_path / "none.yaml")


def test_an_unknown_api_names_those_there_are() -> None:
    with pytest.raises(ContractError, match=r"'ev-energie': there are .*ev-energy.*--spec FILE"):
        contract.named("ev-energie")


def test_our_own_contract_is_found_by_name() -> None:
    ours = contract.named("ev-energy")
    label = "GET /tariffs/{tariff_id}/prices"
    assert ours.needs_credentials(label)
    assert "specs/ev_energy/" in ours.where(ours.operations[label])
    assert ("query", "page_size") in ours.parameters(label)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths:\n", "is no OpenAPI document we can read"),
        ("openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths: {/a: true}\n", "is no OpenAPI document we can read"),
        (
            "openapi: 3.1.0\ninfo: {title: a, version: '1'}\npaths: {}\nx-loop: &loop\n  again: *loop\n",
            "has a YAML anchor that holds itself",
        ),
    ],
)
def test_what_only_looks_like_a_document_is_refused_in_words(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ContractError, match=says):
        contract.from_file(file)
