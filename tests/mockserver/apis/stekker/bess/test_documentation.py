"""The Swagger document: open to all, valid, and complete."""

from __future__ import annotations

import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator

from specs.catalogue import path_of
from specs.loader import load
from tests.mock import Mock
from tests.mockserver.apis.stekker.bess.steps import Wire, get, refused, send


@pytest.fixture
def document(mock: Mock) -> Wire:
    """The document as it is served, without a token."""
    found: Wire = get(mock.anonymous, "/swagger_doc")
    return found


def test_it_is_swagger_2_0(document: Wire) -> None:
    assert [error.message for error in OpenAPIV2SpecValidator(document).iter_errors()] == []
    assert document["swagger"] == "2.0"
    assert document["info"]["title"] == "Stekker BESS API"
    assert document["info"]["version"]
    assert document["basePath"] == "/api/bess/v1"
    assert document["produces"] == ["application/json"]


def test_it_lists_every_path_method_and_tag_of_the_contract(document: Wire) -> None:
    spec = load(path_of("stekker-bess"))
    told = {(path, method.upper()) for path, item in document["paths"].items() for method in item}
    assert told == {(operation.path, operation.method) for operation in spec.operations}
    assert len(told) == 23
    assert [tag["name"] for tag in document["tags"]] == ["Grid connections", "Batteries", "Sensors", "Documentation"]
    assert document["definitions"].keys() == spec.document["components"]["schemas"].keys()


def test_it_says_that_the_token_goes_into_a_header(document: Wire) -> None:
    key = {"type": "apiKey", "in": "header", "name": "Authorization"}
    for scheme in ("bearerAuth", "tokenAuth"):
        assert {**document["securityDefinitions"][scheme], **key} == document["securityDefinitions"][scheme]
    assert document["paths"]["/batteries"]["get"]["security"] == [{"bearerAuth": []}, {"tokenAuth": []}]
    assert "security" not in document["paths"]["/swagger_doc"]["get"]


def test_it_is_the_same_for_everybody_and_every_time(mock: Mock, document: Wire) -> None:
    for client in (mock.anonymous, mock.north, mock.prices):
        assert get(client, "/swagger_doc") == document


def test_a_token_that_is_none_is_no_obstacle(mock: Mock, document: Wire) -> None:
    response = mock.anonymous.get("/stekker/api/bess/v1/swagger_doc", headers={"authorization": "Bearer nonsense"})
    assert (response.status, response.json()) == (200, document)


def test_it_comes_as_json_or_not_at_all(mock: Mock) -> None:
    response = mock.anonymous.get("/stekker/api/bess/v1/swagger_doc", headers={"accept": "text/html"})
    assert refused(response, 406)
    assert "version" in refused(send(mock.anonymous, "GET", "/swagger_doc", version="3"), 400)
