"""Every operation with every kind of credential: the role table is kept, and others' things are not there."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mockserver.apis.dynamo.roles import ALLOWED, ANYBODY, DRIVER, INSTALLER, MEMBER_ROLES, SITE_OWNER
from mockserver.apis.dynamo.seed import HARBOUR
from specs.operation import Operation
from tests.asgi import Client, Response
from tests.mockserver.apis.dynamo.steps import BASE, OPERATIONS, Office, body_of, refused
from tests.mockserver.apis.dynamo.things import things

CALLERS = ("key", "owner", "admin", "member", "viewer", "billing", "driver", "site_owner", "installer")
SIGNED_IN = [operation for name, operation in OPERATIONS.items() if ALLOWED.get(name) is not ANYBODY]
OF_AN_ORGANIZATION = [operation for operation in SIGNED_IN if "{org_id}" in operation.path]


def named(operation: Operation) -> str:
    return operation.operation_id


class Calls:
    """Calls of one operation on what Harbour Volt has, each in the organization of Harbour Volt unless told else."""

    def __init__(self, office: Office, operation: Operation) -> None:
        self.office, self.operation, self._things = office, operation, things(office, HARBOUR)
        self._body = body_of(operation)
        required = [each.name for each in operation.parameters if each.location == "query" and each.required]
        self._query = {name: self._things[name] for name in required}
        self._before = office.written()

    def by(self, client: Client, org_id: str = "", headers: Mapping[str, str] | None = None) -> Response:
        path = self.operation.path.format(**self._things | {"org_id": org_id or self.office.harbour})
        return client.request(self.operation.method, BASE + path, query=self._query, json=self._body, headers=headers)

    def wrote(self) -> bool:
        return bool(self.office.written() != self._before)


@pytest.fixture
def calls(office: Office, operation: Operation) -> Calls:
    return Calls(office, operation)


def refusal(response: Response) -> str:
    """The code of a refusal for what the caller is; nothing for any other answer."""
    if response.status not in (401, 403):
        return ""
    code: str = response.json()["error"]["code"]
    refused(response, 401 if code == "unauthorized" else 403, code)
    return code


def expected(operation: Operation, name: str) -> str:
    """What the table says that the caller comes to."""
    role, allowed = "owner" if name == "key" else name, ALLOWED[operation.operation_id]
    if role in allowed or (name == "viewer" and operation.operation_id == "remove-member"):
        return ""
    return "insufficient_role" if role in MEMBER_ROLES and allowed & MEMBER_ROLES else "forbidden"


def test_every_operation_has_its_line_in_the_table() -> None:
    assert {*ALLOWED} == {*OPERATIONS}


@pytest.mark.parametrize("operation", SIGNED_IN, ids=named)
def test_the_table_is_kept(calls: Calls, operation: Operation) -> None:
    table = {f"{operation.operation_id} as {name}": expected(operation, name) for name in CALLERS}
    came = {}
    # Who is refused comes first, and writes nothing; each of the others finds the world as it was.
    for name in sorted(CALLERS, key=lambda name: not expected(operation, name)):
        caller = f"{operation.operation_id} as {name}"
        came[caller] = refusal(calls.by(getattr(calls.office, name)))
        if calls.wrote():
            assert not came[caller], f"{caller} was refused and wrote"
            calls.office.mock.reset()
    assert came == table


@pytest.mark.parametrize("operation", OF_AN_ORGANIZATION, ids=named)
def test_another_organization_is_not_there(calls: Calls, operation: Operation) -> None:
    strangers = (calls.office.polder_key, calls.office.polder_owner)
    for client in strangers:
        refused(calls.by(client), 404, "organization_not_found")
    if any(parameter in operation.path for parameter in ("{user_id}", "{invitation_id}")):
        for client in strangers:
            response = calls.by(client, calls.office.polder)
            assert response.status == 404, response.body
    assert not calls.wrote()


@pytest.mark.parametrize("operation", SIGNED_IN, ids=named)
def test_no_credential_and_a_bad_one_are_401(calls: Calls) -> None:
    for headers in ({}, {"authorization": "Bearer dyn_live_0"}):
        refused(calls.by(calls.office.anonymous, headers=headers), 401, "unauthorized")


def test_roles_in_the_table_are_those_that_there_are() -> None:
    known = MEMBER_ROLES | {DRIVER, SITE_OWNER, INSTALLER}
    assert [name for name, allowed in ALLOWED.items() if not allowed <= known] == []
