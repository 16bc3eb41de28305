"""Steps that the tests of the battery API share: what an organization registers, submits and asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from mockserver.clock import timestamp
from tests.asgi import Client, Response
from tests.mock import BESS

Wire = dict[str, Any]

NOBODY = "00000000-0000-8000-8000-000000000000"
"""An id that nothing has."""
GRID_CONNECTION: Mapping[str, Any] = {
    "name": "Zuidas office",
    "location": {"latitude": 52.34, "longitude": 4.87},
    "fuse_limit_amperes": 250,
}
BATTERY: Mapping[str, Any] = {
    "name": "Cellar",
    "capacity_kwh": 215,
    "max_charge_power_kw": 100,
    "max_discharge_power_kw": 100,
}
SENSOR: Mapping[str, Any] = {"name": "Main meter", "kind": "grid"}


def send(client: Client, method: str, path: str, body: Any = None, **query: Any) -> Response:
    """A request below the base path."""
    return client.request(method, BESS + path, json=body, query=query or None)


def said(response: Response, status: int = 200) -> Any:
    """The JSON of an answer that has to have a status."""
    assert response.status == status, (response.status, response.body)
    return response.json()


def refused(response: Response, status: int) -> str:
    """What a refusal of that status says."""
    text: str = said(response, status)["error"]
    return text


def get(client: Client, path: str, **query: Any) -> Any:
    return said(send(client, "GET", path, **query))


def post(client: Client, path: str, body: Any) -> Any:
    return said(send(client, "POST", path, body), 201)


def patch(client: Client, path: str, body: Any) -> Any:
    return said(send(client, "PATCH", path, body))


def delete(client: Client, path: str) -> None:
    response = send(client, "DELETE", path)
    assert (response.status, response.body) == (204, b"")


def grid_connection(client: Client, **members: Any) -> Wire:
    """A new grid connection, such as it comes back."""
    made: Wire = post(client, "/grid_connections", {**GRID_CONNECTION, **members})
    return made


def battery(client: Client, connection: Wire | None = None, **members: Any) -> Wire:
    """A new battery, on a new grid connection unless one is given."""
    connection = connection or grid_connection(client)
    made: Wire = post(client, "/batteries", {**BATTERY, "grid_connection_id": connection["id"], **members})
    return made


def sensor(client: Client, connection: Wire | None = None, **members: Any) -> Wire:
    """A new sensor, on a new grid connection unless one is given."""
    connection = connection or grid_connection(client)
    made: Wire = post(client, "/sensors", {**SENSOR, "grid_connection_id": connection["id"], **members})
    return made


def submit(client: Client, of: Wire, rows: Iterable[Mapping[str, Any]]) -> Wire:
    """The receipt of measurements, sent in batches of a thousand; the last one."""
    receipt: Wire = {}
    waiting = [dict(row) for row in rows]
    while waiting:
        batch, waiting = waiting[:1000], waiting[1000:]
        receipt = post(client, f"/sensors/{of['id']}/measurements", {"measurements": batch})
    return receipt


def rows(start: datetime, powers: Iterable[float], step: timedelta = timedelta(minutes=15)) -> list[Wire]:
    """Powers, one after the other, as measurements."""
    return [{"timestamp": timestamp(start + number * step), "power_kw": power} for number, power in enumerate(powers)]


def pages(client: Client, path: str, **query: Any) -> Iterator[Wire]:
    """The pages of a list, first to last."""
    page = 1
    while True:
        body = get(client, path, **query, page=page)
        yield body
        if page >= body["pagination"]["total_pages"]:
            return
        page += 1


def items(client: Client, path: str, **query: Any) -> list[Wire]:
    """All items of a list."""
    return [item for page in pages(client, path, **query) for item in page["data"]]
