"""The Swagger 2.0 view: valid, complete, and nothing that the contract takes is refused by it."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft4Validator, Draft202012Validator, RegexOptions, Registry
from openapi_spec_validator import OpenAPIV2SpecValidator

from specs import catalogue
from specs.loader import load
from specs.source import copied
from specs.swagger20 import view
from tests.specs.schemas import SCHEMAS, TELLING_VALUES, combinations, document, values

SHIPPED = catalogue.names()


@cache
def shipped(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A shipped contract and its view."""
    spec = dict(load(catalogue.path_of(name), examples=False).document)
    return spec, view(spec)


def nullable(value: Any) -> Any:
    """A view with what `x-nullable` means written out in draft 4."""
    if isinstance(value, list):
        return [nullable(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    inner = {key: nullable(below) for key, below in value.items() if key != "x-nullable"}
    return {"anyOf": [inner, {"enum": [None]}]} if value.get("x-nullable") is True else inner


def judge(derived: dict[str, Any], name: str) -> Draft4Validator:
    """The validator of a definition of a view."""
    return judge_of(nullable(derived["definitions"]), name)


def judge_of(definitions: dict[str, Any], name: str) -> Draft4Validator:
    """The validator of one of the definitions that `nullable` gave."""
    return Draft4Validator({"$ref": f"#/definitions/{name}", "definitions": definitions}, validate_formats=False)


def original(spec: dict[str, Any], name: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": f"urn:spec#/components/schemas/{name}"},
        registry=Registry([("urn:spec", spec)]),
        pattern_options=RegexOptions(),
        validate_formats=False,
    )


@cache
def judges(name: str, schema_name: str) -> tuple[Draft202012Validator, Draft4Validator]:
    """The validators of a schema of a shipped contract and of its view."""
    return original(shipped(name)[0], schema_name), judge_of(definitions(name), schema_name)


@cache
def definitions(name: str) -> dict[str, Any]:
    """Those of the view of a shipped contract, as `nullable` gives them."""
    return nullable(shipped(name)[1]["definitions"])


@pytest.mark.parametrize("name", SHIPPED)
def test_the_view_of_a_shipped_contract_is_valid(name: str) -> None:
    _, derived = shipped(name)
    assert [error.message for error in OpenAPIV2SpecValidator(derived).iter_errors()] == []


@pytest.mark.parametrize("name", SHIPPED)
def test_it_lists_every_operation_with_its_statuses_and_parameters(name: str) -> None:
    _, derived = shipped(name)
    for operation in load(catalogue.path_of(name), examples=False).operations:
        told = derived["paths"][operation.path][operation.method.lower()]
        assert told["operationId"] == operation.operation_id
        assert told["tags"] == [operation.tag]
        assert told["responses"].keys() == operation.responses.keys()
        named = {(each["name"], each["in"]) for each in told.get("parameters", ())}
        assert {(each.name, each.location) for each in operation.parameters} <= named
        assert any(place in ("body", "formData") for _, place in named) == (operation.request_body is not None)
        assert bool(told.get("security")) == bool(operation.security)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_contract_is_left_alone(name: str) -> None:
    spec, derived = shipped(name)
    before = copied(spec)
    assert view(spec) == derived
    assert spec == before


@settings(max_examples=120)
@given(st.data())
def test_no_value_of_a_schema_is_refused_by_its_view(data: st.DataObject) -> None:
    schema = data.draw(SCHEMAS, "schema")
    spec = document(schema)
    expected, derived = original(spec, "Tested"), judge(view(spec), "Tested")
    for _ in range(5):
        value = data.draw(values(spec, schema), "value")
        if expected.is_valid(value):
            assert derived.is_valid(value), list(derived.iter_errors(value))


def test_no_value_is_refused_where_keywords_act_on_each_other() -> None:
    for schema in combinations():
        spec = document(schema)
        expected, told = original(spec, "Tested"), judge(view(spec), "Tested")
        for value in TELLING_VALUES:
            assert told.is_valid(value) or not expected.is_valid(value), (schema, value)


@pytest.mark.parametrize("name", SHIPPED)
@settings(max_examples=100)
@given(st.data())
def test_no_value_of_a_shipped_schema_is_refused(name: str, data: st.DataObject) -> None:
    spec, _ = shipped(name)
    schema_name = data.draw(st.sampled_from(sorted(spec["components"]["schemas"])), "schema")
    schema = spec["components"]["schemas"][schema_name]
    value = data.draw(values(spec, schema), "value")
    expected, told = judges(name, schema_name)
    if expected.is_valid(value):
        assert told.is_valid(value)


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": ["string", "null"]}, {"type": "string", "x-nullable": True}),
        ({"type": ["string", "integer"]}, {}),
        ({"const": 3}, {"allOf": [{"enum": [3]}]}),
        ({"exclusiveMinimum": 0, "type": "number"}, {"type": "number", "minimum": 0, "exclusiveMinimum": True}),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}], "title": "t"}, {"title": "t"}),
        ({"not": {"type": "string"}}, {}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        ({"type": ["integer", "null"], "default": None}, {"type": "integer", "x-nullable": True}),
        ({"type": "string", "examples": ["a", "b"]}, {"type": "string", "example": "a"}),
        (
            {"$ref": "#/components/schemas/Leaf", "description": "d"},
            {"description": "d", "allOf": [{"$ref": "#/definitions/Leaf"}]},
        ),
        (
            {"anyOf": [{"$ref": "#/components/schemas/Leaf"}, {"type": "null"}]},
            {"allOf": [{"$ref": "#/definitions/Leaf"}], "x-nullable": True},
        ),
        (False, {}),
    ],
    ids=str,
)
def test_a_schema_is_said_in_the_words_of_2_0(schema: Any, told: dict[str, Any]) -> None:
    assert view(document(schema))["definitions"]["Tested"] == told


def with_operation(operation: dict[str, Any], **components: Any) -> dict[str, Any]:
    """The view of a document with one operation."""
    spec = document(True)
    spec["components"] |= components
    spec["security"] = [{"login": []}] if "securitySchemes" in components else []
    spec["paths"] = {"/things": {"post": {"operationId": "x", "tags": ["t"], "responses": {}, **operation}}}
    derived = view(spec)
    assert [error.message for error in OpenAPIV2SpecValidator(derived).iter_errors()] == []
    return derived


def told_by(operation: dict[str, Any], **components: Any) -> dict[str, Any]:
    found: dict[str, Any] = with_operation(operation, **components)["paths"]["/things"]["post"]
    return found


def test_a_form_becomes_a_parameter_for_each_field() -> None:
    schema = {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "string", "description": "d"}, "b": {"$ref": "#/components/schemas/Leaf"}},
    }
    told = told_by({"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}})
    assert told["parameters"] == [
        {"name": "a", "in": "formData", "description": "d", "required": True, "type": "string"},
        {"name": "b", "in": "formData", "type": "string", "maxLength": 2},
    ]


def test_parameters_hold_no_references_and_cookies_are_left_out() -> None:
    array = {"type": "array", "items": {"$ref": "#/components/schemas/Leaf"}}
    told = told_by(
        {
            "parameters": [
                {"name": "many", "in": "query", "schema": array},
                {"name": "listed", "in": "query", "explode": False, "schema": array},
                {"name": "numbered", "in": "query", "schema": {"enum": [1, 2.5]}},
                {"name": "mixed", "in": "query", "schema": {"enum": [1, "a"]}},
                {"name": "crumb", "in": "cookie", "schema": {"type": "string"}},
            ]
        }
    )
    items = {"type": "string", "maxLength": 2}
    assert told["parameters"] == [
        {"name": "many", "in": "query", "type": "array", "items": items, "collectionFormat": "multi"},
        {"name": "listed", "in": "query", "type": "array", "items": items, "collectionFormat": "csv"},
        {"name": "numbered", "in": "query", "type": "number", "enum": [1, 2.5]},
        {"name": "mixed", "in": "query", "type": "string"},
    ]


def test_a_bound_of_one_part_does_not_become_exclusive_by_another() -> None:
    schema = {"type": "integer", "allOf": [{"minimum": 5}, {"exclusiveMinimum": 3}]}
    (parameter,) = told_by({"parameters": [{"name": "n", "in": "query", "schema": schema}]})["parameters"]
    assert parameter["minimum"] == 5
    assert "exclusiveMinimum" not in parameter


def test_answers_in_several_forms_have_no_schema_and_ranges_are_left_out() -> None:
    json_and_text = {"application/json": {"schema": {"type": "object"}}, "text/html": {"schema": {"type": "string"}}}
    told = told_by({"responses": {"200": {"description": "d", "content": json_and_text}, "4XX": {"description": "e"}}})
    assert told["responses"] == {"200": {"description": "d"}}


SCHEMES = {
    "login": {"type": "openIdConnect", "openIdConnectUrl": "https://example.com/openid"},
    "token": {"type": "http", "scheme": "Bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "c"},
    "flows": {
        "type": "oauth2",
        "flows": {
            "clientCredentials": {"tokenUrl": "https://example.com/token", "scopes": {"read": "r"}},
            "implicit": {"authorizationUrl": "https://example.com/authorize", "scopes": {"read": "r"}},
        },
    },
}


@pytest.mark.parametrize(
    ("security", "told"),
    [
        ([{"token": ["role"]}], [{"token": []}]),
        ([{"flows": ["read"]}], [{"flows_clientCredentials": ["read"]}, {"flows_implicit": ["read"]}]),
        ([{"basic": [], "token": []}, {}], [{"basic": [], "token": []}, {}]),
        ([{"cookie": []}, {"token": []}], [{"token": []}]),
        ([{"cookie": []}], None),
        ([], None),
        (None, None),
    ],
    ids=str,
)
def test_security_is_told_as_far_as_it_can_be(security: Any, told: Any) -> None:
    operation = {} if security is None else {"security": security}
    derived = with_operation(operation, securitySchemes=SCHEMES)
    assert derived["paths"]["/things"]["post"].get("security") == told
    assert "security" not in derived
    assert derived["securityDefinitions"]["token"] == {"type": "apiKey", "name": "Authorization", "in": "header"}
    assert derived["securityDefinitions"].keys() == {"token", "basic", "flows_clientCredentials", "flows_implicit"}


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ({"url": "https://a.example/v1/"}, {"host": "a.example", "basePath": "/v1", "schemes": ["https"]}),
        ({"url": "/_mock"}, {"basePath": "/_mock"}),
        ({"url": "http://a.example:8080"}, {"host": "a.example:8080", "basePath": "/", "schemes": ["http"]}),
        (
            {"url": "https://{name}.example/x", "variables": {"name": {"default": "b"}}},
            {"host": "b.example", "basePath": "/x", "schemes": ["https"]},
        ),
    ],
    ids=str,
)
def test_the_first_server_says_where_it_is(server: dict[str, Any], told: dict[str, Any]) -> None:
    derived = view({**document(True), "servers": [server]})
    assert {key: derived[key] for key in ("host", "basePath", "schemes") if key in derived} == told
