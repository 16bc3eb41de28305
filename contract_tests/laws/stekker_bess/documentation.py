"""The Swagger document describes the API that it belongs to."""

from __future__ import annotations

from contract_tests.laws.law import law
from contract_tests.laws.stage import Stage

DOCUMENT = "GET /swagger_doc"


@law("inferred", "major", DOCUMENT)
def document_lists_every_operation(stage: Stage) -> None:
    """The Swagger document has every path and method of the API."""
    exchange = stage.done(DOCUMENT)
    paths = stage.fitting(exchange)["paths"]
    for label in stage.run.contract.operations:
        method, _, path = label.partition(" ")
        there = method.lower() in paths.get(path, {})
        stage.require(there, exchange, f"paths has {label}", "it is not there", "SwaggerDocument.paths")


@law("inferred", "minor", DOCUMENT)
def document_leads_nowhere_else(stage: Stage) -> None:
    """Every reference of the Swagger document leads to one of its own definitions."""
    exchange = stage.done(DOCUMENT)
    document = stage.fitting(exchange)
    for reference in sorted(set(_references(document))):
        name = reference.removeprefix("#/definitions/")
        there = name in document["definitions"]
        stage.require(there, exchange, f"definitions has {name}", "it is not there", "SwaggerDocument.definitions")


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for inner in value.values() for found in _references(inner)]
    return [found for inner in value for found in _references(inner)] if isinstance(value, list) else []


LAWS = (document_lists_every_operation, document_leads_nowhere_else)
