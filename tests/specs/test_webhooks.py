"""What a contract says beside its paths: the webhooks that its provider sends, and the scopes that it asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from specs.loader import load
from specs.operation import Operation, Spec
from tests.specs.contracts import SOUND, edited, write

WEBHOOKS = """\
webhooks:
  ended:
    post:
      responses: {'2XX': {description: Taken}}
  plan/changed:
    parameters:
      - {name: secret, in: header, required: true, schema: {type: string}}
    post:
      operationId: plan-changed
      tags: [things]
      summary: A plan has changed
      security: []
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Thing'}
            example: {id: a}
      responses:
        '200': {description: Taken}
    put:
      responses: {'200': {description: Taken}}
components:
"""
LOGIN = SOUND[SOUND.index("    login:") : SOUND.index("  schemas:")]
SECURITY = "security: [{login: [read]}]"


def loaded(folder: Path, *changes: tuple[str, str]) -> Spec:
    return load(write(folder, {"openapi.yaml": edited(*changes)}))


@pytest.fixture
def webhooks(tmp_path: Path) -> tuple[Operation, ...]:
    return loaded(tmp_path, ("components:\n", WEBHOOKS)).webhooks


def test_a_contract_without_webhooks_has_none(tmp_path: Path) -> None:
    assert loaded(tmp_path).webhooks == ()


def test_webhooks_are_read_in_order_and_apart_from_the_operations(
    tmp_path: Path, webhooks: tuple[Operation, ...]
) -> None:
    assert [(each.method, each.path) for each in webhooks] == [
        ("POST", "ended"), ("POST", "plan/changed"), ("PUT", "plan/changed"),
    ]  # fmt: skip
    spec = load(tmp_path / "openapi.yaml")
    assert [each.operation_id for each in spec.operations] == ["get_thing"]


def test_a_webhook_says_as_much_as_an_operation(tmp_path: Path, webhooks: tuple[Operation, ...]) -> None:
    changed = webhooks[1]
    assert (changed.operation_id, changed.tag, changed.summary) == ("plan-changed", "things", "A plan has changed")
    assert changed.security == ()
    (secret,) = changed.parameters
    assert (secret.name, secret.location, secret.required) == ("secret", "header", True)
    assert changed.request_body is not None
    media_type = changed.request_body.content["application/json"]
    assert media_type.examples == {"example": {"id": "a"}}
    assert media_type.schema is not None
    assert media_type.schema.value == {"$ref": "#/components/schemas/Thing"}
    spec = load(tmp_path / "openapi.yaml")
    assert spec.locate(changed.pointer).pointer == changed.pointer == "/webhooks/plan~1changed/post"
    assert spec.locate(media_type.schema.pointer).line == 1 + (
        tmp_path / "openapi.yaml"
    ).read_text().splitlines().index("            schema: {$ref: '#/components/schemas/Thing'}")


def test_a_webhook_may_go_without_an_id_and_a_tag(webhooks: tuple[Operation, ...]) -> None:
    ended = webhooks[0]
    assert (ended.operation_id, ended.tag, ended.summary) == ("ended", "", "")
    assert ended.request_body is None
    assert ended.response_for(204) is ended.responses["2XX"]


def test_webhooks_of_another_file_are_read_as_well(tmp_path: Path) -> None:
    root = edited(("components:\n", "webhooks:\n  ended: {$ref: 'hooks.yaml#/webhooks/ended'}\ncomponents:\n"))
    hooks = "webhooks:\n  ended:\n    post:\n      responses: {'200': {description: Taken}}\n"
    spec = load(write(tmp_path, {"openapi.yaml": root, "hooks.yaml": hooks}))
    (ended,) = spec.webhooks
    assert ended.path == "ended"
    assert spec.locate(ended.pointer).file == tmp_path / "hooks.yaml"


SCOPES: dict[str, tuple[tuple[tuple[str, str], ...], tuple[str, ...]]] = {
    "declared by OAuth 2, asked for or not": (
        (("scopes: {read: Read things}", "scopes: {read: Read things, admin: All}"),),
        ("admin", "read"),
    ),
    "asked for as roles of other schemes": (
        (
            (SECURITY, "security: [{token: [write, read]}, {key: [extra]}]"),
            (LOGIN, "    token: {type: http, scheme: bearer}\n    key: {type: apiKey, in: header, name: X-Key}\n"),
        ),
        ("extra", "read", "write"),
    ),
    "of operations, where the document asks for others": (
        (
            (LOGIN, "    login: {type: http, scheme: bearer}\n"),
            ("      operationId: get_thing\n", "      operationId: get_thing\n      security: [{login: [own]}]\n"),
        ),
        ("own",),
    ),
    "none": (((SECURITY, "security: [{login: []}, {}]"), (LOGIN, "    login: {type: http, scheme: basic}\n")), ()),
}


@pytest.mark.parametrize(("changes", "expected"), SCOPES.values(), ids=SCOPES)
def test_scopes_are_those_declared_and_those_asked_for(
    tmp_path: Path, changes: tuple[tuple[str, str], ...], expected: tuple[str, ...]
) -> None:
    assert loaded(tmp_path, *changes).scopes == expected
