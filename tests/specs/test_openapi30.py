"""The 3.0 view judges every value as the 3.1 schema does, when connexion is the judge of the view."""

from __future__ import annotations

import warnings
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator, RegexOptions, Registry

from specs.openapi30 import view
from tests.specs.schemas import SCHEMAS, document, values

with warnings.catch_warnings():
    # connexion imports names that jsonschema has deprecated.
    warnings.simplefilter("ignore")
    from connexion.json_schema import Draft4RequestValidator, Draft4ResponseValidator
    from connexion.spec import Specification


def original(spec: dict[str, Any], pointer: str) -> Draft202012Validator:
    return Draft202012Validator(
        {"$ref": f"urn:spec#{pointer}"},
        registry=Registry([("urn:spec", spec)]),
        pattern_options=RegexOptions(),
        validate_formats=False,
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_view_accepts_what_the_schema_accepts(data: st.DataObject) -> None:
    schema = data.draw(SCHEMAS, "schema")
    spec = document(schema)
    expected = original(spec, "/components/schemas/Tested")
    derived = Specification.from_dict(view(spec))["components"]["schemas"]["Tested"]
    for _ in range(5):
        value = data.draw(values(spec, schema), "value")
        for judge in (Draft4RequestValidator, Draft4ResponseValidator):
            assert judge(derived).is_valid(value) == expected.is_valid(value)
