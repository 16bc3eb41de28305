"""What tests of Dynamo do all the time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mockserver.apis.dynamo.seed import HARBOUR, POLDER, SeedOrganization, user_id
from specs.catalogue import path_of
from specs.loader import load
from specs.operation import Operation
from tests.asgi import Client, Response
from tests.mock import Mock

BASE = "/dynamo/api/v1"


CONTRACT = load(path_of("dynamo"), examples=False)
OPERATIONS = {operation.operation_id: operation for operation in CONTRACT.operations}

NOBODY = "0123456789ABCDEF"
"""The end of an id that nobody has."""

Wire = dict[str, Any]


class Office:
    """The people of the seed world: `office.admin` calls as the admin of Harbour Volt, `office.polder_key` as a key."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        self.seed = mock.runtime.seed
        self.harbour, self.polder = HARBOUR.id(self.seed), POLDER.id(self.seed)
        self.anonymous = Client(mock.app)
        self.key, self.owner, self.admin, self.member, self.viewer, self.billing, self.driver, self.site_owner = (
            self.client(HARBOUR, label) for label in ("API key", *HARBOUR.roles, "driver 1", "site owner, completed")
        )
        self.installer = self.client(HARBOUR, "installer")
        self.polder_key, self.polder_owner, self.polder_installer = (
            self.client(POLDER, label) for label in ("API key", "owner", "installer")
        )

    def client(self, organization: SeedOrganization, label: str) -> Client:
        """A client with one of the ready-made credentials."""
        return Client(self.mock.app, {"authorization": f"Bearer {self.token(organization, label)}"})

    def token(self, organization: SeedOrganization, label: str) -> str:
        """The text of one of the ready-made credentials."""
        wanted = (organization.id(self.seed), label)
        tokens = self.mock.runtime.ready.tokens or {}
        return next(text for text, grant in tokens.items() if (grant["client_id"], grant.get("label")) == wanted)

    def user_id(self, role: str) -> str:
        """The id of the member of Harbour Volt who has that role from the start."""
        return user_id(self.seed, HARBOUR.email(role))

    def mail(self, to: str) -> Wire:
        """The newest e-mail to an address."""
        found: list[Wire] = said(self.anonymous.get("/_mock/mailbox", query={"to": to, "limit": 1}))
        return found[0]

    def advance(self, by: timedelta) -> None:
        """Let time pass."""
        clock = self.mock.runtime.clock
        clock.set(clock.now() + by)

    def written(self) -> Any:
        """All that was written, as the state that can be exported has it, but for when keys were used."""
        collections = said(self.anonymous.get("/_mock/state"))["collections"]
        for name in [name for name in collections if name.startswith("dynamo.api_keys/")]:
            keys = {each: {**value, "last_used_at": None} for each, value in collections.pop(name).items()}
            if any(value != {"last_used_at": None} for value in keys.values()):
                collections[name] = keys
        return collections

    def close(self) -> None:
        """Free what the clients hold."""
        for value in vars(self).values():
            if isinstance(value, Client):
                value.close()


def send(client: Client, method: str, path: str, body: Any = None) -> Response:
    """One call below the base path."""
    return client.request(method, BASE + path, json=body)


def said(response: Response, status: int = 200) -> Any:
    """The body of an answer that has to have that status."""
    assert response.status == status, response.body
    return response.json()


def refused(response: Response, status: int, code: str) -> Wire:
    """The error of a refusal that has to have that status and code."""
    error: Wire = said(response, status)["error"]
    assert error["code"] == code, error
    assert error["request_id"] == response.headers["x-request-id"]
    return error


def put_up(office: Office, project_id: str, charge_point_id: str, *, commissioned: bool = True) -> Wire:
    """Register a charge point in a project of the ready installer, and put it into service, for which time passes."""
    made_by = {"model": "Terra AC W22-T-0", "vendor": "ABB", "serial_number": "TACW2242623G0917"}
    body = {"charge_point_id": charge_point_id, "project_id": project_id, **made_by}
    made: Wire = said(send(office.installer, "POST", "/installer/charge-points", body), 201)
    if commissioned:
        said(send(office.installer, "POST", f"/installer/commissioning/{charge_point_id}/start"), 202)
        office.advance(timedelta(minutes=3))
        made = said(send(office.installer, "POST", f"/installer/charge-points/{charge_point_id}/commission"))
    return made


def body_of(operation: Operation) -> Any:
    """A body that the contract shows, or None."""
    if operation.request_body is None:
        return None
    return next(iter(operation.request_body.content["application/json"].examples.values()))
