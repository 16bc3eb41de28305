"""What tests of OCPI do all the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mockserver.apis.dynamo.ocpi.partners import INVITED, REGISTERED
from mockserver.apis.dynamo.seed import POLDER, SeedOrganization
from specs.catalogue import path_of
from specs.loader import load
from tests.asgi import Client, Response
from tests.mockserver.apis.dynamo.steps import Office, Wire, body_of

ROOT = "/dynamo/ocpi"
OPERATIONS = {
    operation.operation_id: operation for operation in load(path_of("dynamo-ocpi"), examples=False).operations
}
NEW: Wire = body_of(OPERATIONS["register-credentials"])
START = "2026-01-01T00:00:00Z"


class Network:
    """The partner of an organization, or whoever holds a token; `with Network(...) as network` frees what it holds."""

    def __init__(self, office: Office, token: str) -> None:
        self.client = Client(office.mock.app, {"authorization": f"Token {token}"})

    def __enter__(self) -> Network:
        return self

    def __exit__(self, *error: object) -> None:
        self.client.close()

    def send(self, method: str, path: str, body: Any = None, **query: Any) -> Response:
        """One call of a module, or of the versions when the path begins with a slash."""
        where = ROOT + path if path.startswith("/") else f"{ROOT}/cpo/2.2.1/{path}"
        return self.client.request(method, where, json=body, query=query or None)

    def get(self, path: str, **query: Any) -> Any:
        """The data of an answer."""
        return data(self.send("GET", path, **query))

    def all(self, module: str, **query: Any) -> list[Wire]:
        """A list, page by page, as the links lead through it."""
        response = self.send("GET", module, **{"limit": 100, **query})
        found: list[Wire] = data(response)
        while link := response.headers.get("link"):
            target = link.partition(">")[0].removeprefix("<http://localhost:8080")
            response = self.client.get(target)
            found += data(response)
        assert len(found) == int(response.headers["x-total-count"])
        return found


@contextmanager
def partner(office: Office, organization: SeedOrganization = POLDER, *, registered: bool = True) -> Iterator[Network]:
    """One of the partners that an organization has from the start."""
    with Network(office, office.token(organization, REGISTERED if registered else INVITED)) as network:
        yield network


def data(response: Response, status: int = 200) -> Any:
    """What is in the envelope of a success."""
    body = response.json()
    assert (response.status, body["status_code"]) == (status, 1000), response.body
    assert {*body} <= {"data", "status_code", "status_message", "timestamp"}
    return body.get("data")


def denied(response: Response, status: int, code: int) -> str:
    """The text of a refusal that has to have that status and code."""
    body = response.json()
    assert response.status == status, response.body
    assert {*body} == {"status_code", "status_message", "timestamp"}
    assert body["status_code"] == code, body
    return str(body["status_message"])
