"""Every operation with what another organization has: it is not there, nothing of it is told, and nothing changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from mockserver.apis.dynamo.roles import ALLOWED, ANYBODY, DRIVERS, INSTALLERS, MEMBER_ROLES
from mockserver.apis.dynamo.seed import HARBOUR, POLDER
from mockserver.apis.dynamo.sessions import drivers, sessions
from specs.operation import Operation
from tests.asgi import Client, Response
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import BASE, OPERATIONS, Office, Wire, body_of, said, send
from tests.mockserver.apis.dynamo.things import things

SIGNED_IN = [operation for name, operation in OPERATIONS.items() if ALLOWED[name] is not ANYBODY]
IN_THE_PATH = [operation for operation in SIGNED_IN if "{" in operation.path]
LISTS = [operation for operation in SIGNED_IN if operation.method == "GET" and "{" not in operation.path]
NOT_OWNED = {"from", "to", "user_id"}
"""A user may be known in several organizations, and is no secret of any: types of users name whom they like."""


def named(operation: Operation) -> str:
    return operation.operation_id


@pytest.fixture(scope="module")
def theirs(shared_office: Office) -> Mapping[str, str]:
    """What Harbour Volt has in the world of this module, in which nothing may change from then on."""
    shared_office.mock.reset()
    endpoint = said(
        send(shared_office.key, "POST", "/webhooks/endpoints", body_of(OPERATIONS["create-webhook-endpoint"])), 201
    )
    return {**things(shared_office, HARBOUR), "endpoint_id": endpoint["id"]}


@pytest.fixture(scope="module")
def own(shared_office: Office) -> Mapping[str, str]:
    return things(shared_office, POLDER)


@pytest.fixture(scope="module")
def words(shared_office: Office, theirs: Mapping[str, str]) -> frozenset[str]:
    """What tells that an answer is about Harbour Volt."""
    shown = (
        said(send(shared_office.key, "GET", path)) for path in ("/cpo/charge-points?limit=200", "/sites?limit=200")
    )
    known = {
        each[name]
        for page in shown
        for items in page.values()
        if isinstance(items, list)
        for each in items
        for name in ("charge_point_id", "site_id")
        if each.get(name)
    }
    seen = sessions(
        shared_office.mock.runtime.world,
        shared_office.harbour,
        NOON,
        of=drivers(shared_office.mock.runtime.world, shared_office.harbour)[0],
    )
    known |= {value for name, value in theirs.items() if name not in NOT_OWNED} | {each.id for each in seen}
    return frozenset(known | {HARBOUR.name, HARBOUR.domain})


def strangers(office: Office, operation: Operation) -> Iterator[Client]:
    """Those of Polderstroom who may do that, each with what Polderstroom has."""
    allowed = ALLOWED[operation.operation_id]
    labels = [role for role in POLDER.roles if role in allowed]
    labels += ["API key"] if "owner" in allowed else []
    labels += ["driver 1"] if allowed == DRIVERS else ["installer"] if allowed == INSTALLERS else []
    for label in labels:
        client = office.client(POLDER, label)
        yield client
        client.close()


def ask(client: Client, operation: Operation, values: Mapping[str, str], body: Any) -> Response:
    required = {
        each.name: values[each.name] for each in operation.parameters if each.location == "query" and each.required
    }
    return client.request(operation.method, BASE + operation.path.format(**values), query=required, json=body)


def told(response: Response, words: frozenset[str], *, but: str) -> list[str]:
    """What an answer tells of Harbour Volt beyond what was asked."""
    text = response.body.decode("latin-1")
    return sorted(word for word in words if word in text and word not in but)


@pytest.mark.parametrize("operation", IN_THE_PATH, ids=named)
def test_what_another_organization_has_is_not_there(
    shared_office: Office, operation: Operation, theirs: Mapping[str, str], words: frozenset[str]
) -> None:
    before = shared_office.written()
    for client in strangers(shared_office, operation):
        response = ask(client, operation, theirs, body_of(operation))
        assert response.status == 404, response.body
        assert told(response, words, but=operation.path.format(**theirs)) == []
    assert shared_office.written() == before


def with_ids(body: Any, ids: Mapping[str, str]) -> Any:
    """The body with these ids for those that the contract shows."""
    if isinstance(body, dict):
        changed = {name: with_ids(value, ids) for name, value in body.items()}
        return (
            changed
            | {name: ids[name] for name in body if name in ids and name not in NOT_OWNED}
            | {name: [ids[name[:-1]]] for name in body if name[:-1] in ids and isinstance(body[name], list)}
        )
    return [with_ids(each, ids) for each in body] if isinstance(body, list) else body


BODIES = [
    (operation, name, media.examples[name])
    for operation in SIGNED_IN
    for media in (operation.request_body.content.values() if operation.request_body else ())
    for name in media.examples
    if with_ids(media.examples[name], dict.fromkeys(("charge_point_id", "site_id", "project_id", "tariff_id"), ""))
    != media.examples[name]
]


@pytest.mark.parametrize(
    ("operation", "body"),
    [pytest.param(operation, body, id=f"{operation.operation_id} {name}") for operation, name, body in BODIES],
)
def test_a_body_that_names_what_another_organization_has_is_refused(
    shared_office: Office,
    operation: Operation,
    body: Wire,
    theirs: Mapping[str, str],
    own: Mapping[str, str],
    words: frozenset[str],
) -> None:
    before = shared_office.written()
    for client in strangers(shared_office, operation):
        response = ask(client, operation, own, with_ids(body, theirs))
        assert response.status in (404, 422), response.body
        assert told(response, words, but=str(with_ids(body, theirs))) == []
    assert shared_office.written() == before


@pytest.mark.parametrize("operation", LISTS, ids=named)
def test_lists_and_reports_tell_nothing_of_another_organization(
    shared_office: Office, operation: Operation, theirs: Mapping[str, str], words: frozenset[str]
) -> None:
    filters = {each.name for each in operation.parameters if each.location == "query"} & theirs.keys() - NOT_OWNED
    period = {name: theirs[name] for name in ("from", "to") if any(name == each.name for each in operation.parameters)}
    for client in strangers(shared_office, operation):
        for query in ({}, *({name: theirs[name]} for name in filters)):
            response = client.request("GET", BASE + operation.path, query=period | query)
            assert response.status in (200, 404), response.body
            assert told(response, words, but=str(query)) == []


def test_the_sweep_leaves_nothing_out() -> None:
    assert {each.operation_id for each in IN_THE_PATH} <= {
        name for name in ALLOWED if ALLOWED[name] & MEMBER_ROLES or ALLOWED[name] in (DRIVERS, INSTALLERS)
    }
    assert len(IN_THE_PATH) > 50
    assert len(BODIES) > 20
    assert len(LISTS) > 25
