"""Every operation with every kind of credential: the role table is kept, and others' things are not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from mockserver import ids
from mockserver.apis.dynamo.project_registry import project_id
from mockserver.apis.dynamo.roles import ALLOWED, ANYBODY, DRIVER, INSTALLER, MEMBER_ROLES, SITE_OWNER
from mockserver.apis.dynamo.seed import HARBOUR, key_id, weekly_invitations
from mockserver.apis.dynamo.seed_prices import rules_of, tariffs_of
from mockserver.apis.dynamo.seed_reservations import daily_reservations
from mockserver.apis.dynamo.sessions import drivers, sessions
from mockserver.apis.dynamo.site_registry import site_id
from specs.operation import Operation
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import OPERATIONS, Office, body_of, refused, said, send

CALLERS = ("key", "owner", "admin", "member", "viewer", "billing", "driver", "site_owner")
SIGNED_IN = [operation for name, operation in OPERATIONS.items() if ALLOWED.get(name) is not ANYBODY]
OF_AN_ORGANIZATION = [operation for operation in SIGNED_IN if "{org_id}" in operation.path]


def named(operation: Operation) -> str:
    return operation.operation_id


def path_of(office: Office, operation: Operation, org_id: str) -> str:
    """The path on something that Harbour Volt has, in the organization given."""
    return operation.path.format(**things(office) | {"org_id": org_id})


def things(office: Office) -> Mapping[str, str]:
    """Something of Harbour Volt for each parameter of a path."""
    world = office.mock.runtime.world
    hub = next(site for site in world.sites if site.key == "london-hub")
    *_, invitation_id = weekly_invitations(office.seed, office.harbour, NOON)
    *_, reservation_id = daily_reservations(world, office.harbour, NOON.toordinal())
    return {
        "user_id": office.user_id("viewer"),
        "invitation_id": invitation_id,
        "session_id": sessions(world, office.harbour, NOON, of=drivers(world, office.harbour)[0])[-1].id,
        "reservation_id": reservation_id,
        "charge_point_id": "london-hub-001",
        "tariff_id": next(iter(tariffs_of(office.seed, office.harbour))),
        "rule_id": next(iter(rules_of(office.seed, office.harbour))),
        "site_id": site_id(hub),
        "project_id": str(project_id(hub)),
        "asset_id": ids.prefixed("ast_", office.seed, "london-hub", "meter"),
        "key_id": key_id(office.seed, HARBOUR.api_key(office.seed)),
    }


def everything(office: Office) -> Any:
    return [
        said(send(client, "GET", operation.path.format(org_id=org_id)))
        for client, org_id in ((office.key, office.harbour), (office.polder_key, office.polder))
        for operation in OF_AN_ORGANIZATION
        if operation.method == "GET"
    ]


def test_every_operation_has_its_line_in_the_table() -> None:
    assert {*ALLOWED} == {*OPERATIONS}


@pytest.mark.parametrize("operation", SIGNED_IN, ids=named)
@pytest.mark.parametrize("name", CALLERS)
def test_the_table_is_kept(office: Office, operation: Operation, name: str) -> None:
    role = "owner" if name == "key" else name
    before = everything(office)
    response = send(
        getattr(office, name), operation.method, path_of(office, operation, office.harbour), body_of(operation)
    )
    allowed = ALLOWED[operation.operation_id]
    if role in allowed or (name == "viewer" and operation.operation_id == "remove-member"):
        assert response.status not in (401, 403), response.body
    else:
        both_of_members = role in MEMBER_ROLES and bool(allowed & MEMBER_ROLES)
        refused(response, 403, "insufficient_role" if both_of_members else "forbidden")
        assert everything(office) == before


@pytest.mark.parametrize("operation", OF_AN_ORGANIZATION, ids=named)
@pytest.mark.parametrize("name", ["polder_key", "polder_owner"])
def test_another_organization_is_not_there(office: Office, operation: Operation, name: str) -> None:
    before = everything(office)
    path = path_of(office, operation, office.harbour)
    refused(send(getattr(office, name), operation.method, path, body_of(operation)), 404, "organization_not_found")
    own = path_of(office, operation, office.polder)
    response = send(getattr(office, name), operation.method, own, body_of(operation))
    if any(parameter in operation.path for parameter in ("{user_id}", "{invitation_id}")):
        assert response.status == 404, response.body
        assert everything(office) == before


@pytest.mark.parametrize("operation", SIGNED_IN, ids=named)
def test_no_credential_and_a_bad_one_are_401(office: Office, operation: Operation) -> None:
    path = path_of(office, operation, office.harbour)
    refused(send(office.anonymous, operation.method, path, body_of(operation)), 401, "unauthorized")
    bad = office.anonymous.request(
        operation.method, f"/dynamo/api/v1{path}", headers={"authorization": "Bearer dyn_live_0"}
    )
    refused(bad, 401, "unauthorized")


def test_roles_in_the_table_are_those_that_there_are() -> None:
    known = MEMBER_ROLES | {DRIVER, SITE_OWNER, INSTALLER}
    assert [name for name, allowed in ALLOWED.items() if not allowed <= known] == []
