"""The 3.0 view judges every value as the 3.1 schema does, when connexion is the judge of the view."""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator, RegexOptions, Registry

from specs import catalogue
from specs.loader import load
from specs.openapi30 import outline, view
from specs.source import copied, unescape
from specs.walk import walk
from tests.specs.schemas import SCHEMAS, TELLING_VALUES, combinations, document, values

with warnings.catch_warnings():
    # connexion imports names that jsonschema has deprecated.
    warnings.simplefilter("ignore")
    from connexion.json_schema import Draft4RequestValidator, Draft4ResponseValidator
    from connexion.spec import Specification


def registry(spec: dict[str, Any]) -> Registry:
    return Registry([("urn:spec", spec)])


def original(schemas: Registry, pointer: str) -> Draft202012Validator:
    """The 3.1 validator for a schema, formats off as in the validators of its view."""
    return Draft202012Validator(
        {"$ref": f"urn:spec#{quote(pointer)}"},
        registry=schemas,
        pattern_options=RegexOptions(),
        validate_formats=False,
    )


@settings(max_examples=200)
@given(st.data())
def test_view_accepts_what_the_schema_accepts(data: st.DataObject) -> None:
    schema = data.draw(SCHEMAS, "schema")
    spec = document(schema)
    expected = original(registry(spec), "/components/schemas/Tested")
    derived = Specification.from_dict(view(spec))["components"]["schemas"]["Tested"]
    for _ in range(5):
        value = data.draw(values(spec, schema), "value")
        for judge in (Draft4RequestValidator, Draft4ResponseValidator):
            assert judge(derived).is_valid(value) == expected.is_valid(value)


def test_keywords_that_3_0_says_differently_keep_their_meaning_together() -> None:
    spec = document(True)
    spec["components"]["schemas"] |= {f"Case{index}": schema for index, schema in enumerate(combinations())}
    derived = Specification.from_dict(view(spec))["components"]["schemas"]
    schemas = registry(spec)
    for name in filter(lambda name: name.startswith("Case"), derived):
        expected = original(schemas, f"/components/schemas/{name}")
        connexions = Draft4RequestValidator(derived[name])
        for value in TELLING_VALUES:
            assert connexions.is_valid(value) == expected.is_valid(value), (spec["components"]["schemas"][name], value)


@pytest.mark.parametrize("name", catalogue.names())
@settings(max_examples=200)
@given(st.data())
def test_shipped_schemas_keep_their_meaning(name: str, data: st.DataObject) -> None:
    spec, schemas, derived = shipped(name)
    pointer, schema = data.draw(st.sampled_from(schemas_of(name)), "schema")
    value = data.draw(values(spec, schema), "value")
    connexions = Draft4RequestValidator(at(derived, pointer))
    assert connexions.is_valid(value) == original(schemas, pointer).is_valid(value)


def test_what_3_0_does_not_know_is_left_out() -> None:
    spec = document({"type": "string", "examples": ["a", "b"], "default": "a"})
    spec["info"] |= {"summary": "s", "license": {"name": "MIT", "identifier": "MIT"}}
    spec["webhooks"] = {"ended": {"post": {"responses": {"200": {"description": "ok"}}}}}
    spec["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "Bearer", "bearerFormat": "opaque"}}
    before = copied(spec)
    derived = Specification.from_dict(view(spec))
    assert derived["openapi"] == "3.0.3"
    assert "webhooks" not in derived
    assert derived["info"] == {"title": "t", "version": "1", "license": {"name": "MIT"}}
    assert derived["components"]["schemas"]["Tested"] == {"type": "string", "example": "a", "default": "a"}
    assert spec == before


SCHEMES: dict[str, tuple[dict[str, Any], bool]] = {
    "bearer": ({"type": "http", "scheme": "bearer"}, False),
    "key": ({"type": "apiKey", "in": "header", "name": "Authorization"}, False),
    "oauth": (
        {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/t", "scopes": {"a": "", "b": ""}}}},
        True,
    ),
    "openid": ({"type": "openIdConnect", "openIdConnectUrl": "https://login.test/openid"}, True),
}


@pytest.mark.parametrize("place", ["document", "operation"])
@pytest.mark.parametrize("name", SCHEMES)
def test_roles_are_left_out_of_requirements_where_3_0_has_none(name: str, place: str) -> None:
    spec = document(True)
    spec["components"]["securitySchemes"] = {name: scheme for name, (scheme, _) in SCHEMES.items()}
    operation = {"operationId": "o", "responses": {"200": {"description": "ok"}}}
    spec["paths"] = {"/o": {"get": operation}}
    owner = spec if place == "document" else operation
    owner["security"] = [{name: ["a", "b"]}, {"bearer": ["c"], "oauth": ["a"]}, {}]
    before = copied(spec)
    derived = Specification.from_dict(view(spec))
    found = derived if place == "document" else derived["paths"]["/o"]["get"]
    kept = ["a", "b"] if SCHEMES[name][1] else []
    assert found["security"] == [{name: kept}, {"bearer": [], "oauth": ["a"]}, {}]
    assert spec == before


def test_a_scheme_that_is_a_reference_keeps_its_scopes_and_no_scheme_needs_none() -> None:
    spec = document(True)
    spec["components"]["securitySchemes"] = {"oauth": SCHEMES["oauth"][0]}
    spec["components"]["securitySchemes"]["other"] = {"$ref": "#/components/securitySchemes/oauth"}
    spec["security"] = [{"other": ["a"]}]
    assert view(spec)["security"] == [{"other": ["a"]}]
    del spec["components"]["securitySchemes"]
    spec["security"] = [{}]
    assert view(spec)["security"] == [{}]


@pytest.mark.parametrize("name", catalogue.names())
def test_outline_holds_every_operation(name: str) -> None:
    spec = load(catalogue.path_of(name), examples=False)
    derived = Specification.from_dict(outline(spec.document))
    found = {
        (path, method.upper(), operation["operationId"])
        for path, item in derived["paths"].items()
        for method, operation in item.items()
    }
    assert found == {(each.path, each.method, each.operation_id) for each in spec.operations}


@cache
def shipped(name: str) -> tuple[dict[str, Any], Registry, Any]:
    """A shipped contract as one document and as a registry, and its view as connexion resolves it."""
    spec = dict(load(catalogue.path_of(name), examples=False).document)
    return spec, registry(spec), Specification.from_dict(view(spec)).spec


@cache
def schemas_of(name: str) -> list[tuple[str, Any]]:
    """The outermost schemas of a contract that stand at the same place in its view."""
    found = walk(shipped(name)[0], "Document").of("Schema")
    outermost = re.compile(r"(/components/schemas/[^/]+|((?!/schema/|/schemas/|/webhooks/).)*/schema)")
    return [(node.pointer, node.value) for node in found if outermost.fullmatch(node.pointer)]


def at(document: Any, pointer: str) -> Any:
    for token in pointer.split("/")[1:]:
        document = document[int(token)] if isinstance(document, list) else document[unescape(token)]
    return document
