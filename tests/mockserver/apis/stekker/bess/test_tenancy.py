"""An organization sees its own alone, and a token needs its scope; swept over every operation of the contract."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from specs.catalogue import path_of
from specs.loader import load
from specs.operation import Operation
from tests.asgi import Client, Response
from tests.mock import BESS, NOON, Mock
from tests.mockserver.apis.stekker.bess.steps import (
    NOBODY,
    Wire,
    battery,
    get,
    grid_connection,
    items,
    post,
    refused,
    rows,
    said,
    send,
    sensor,
    submit,
)

SECURED = [operation for operation in load(path_of("stekker-bess")).operations if operation.security]
WITH_IDS = [operation for operation in SECURED if "{id}" in operation.path]
ROOTS = ("grid_connections", "batteries", "sensors")


def named(operation: Operation) -> str:
    return operation.operation_id


def body_of(operation: Operation) -> Any:
    """A body that the contract shows, or None."""
    if operation.request_body is None:
        return None
    return next(iter(operation.request_body.content["application/json"].examples.values()))


def call(client: Client, operation: Operation, **ids: str) -> Response:
    return send(client, operation.method, operation.path.format(**ids), body_of(operation))


@pytest.fixture
def theirs(mock: Mock) -> dict[str, Wire]:
    """One of everything, of the southern organization."""
    connection = grid_connection(mock.south)
    cell = battery(mock.south, connection, current_soc_percent=50)
    meter = sensor(mock.south, connection, external_id="meter-7")
    submit(mock.south, meter, rows(NOON - timedelta(days=2), [1.0] * 192))
    plan = post(mock.south, f"/batteries/{cell['id']}/schedules/cash_optimized", {})
    return {"grid_connections": connection, "batteries": cell, "sensors": meter, "schedule": plan}


def everything(mock: Mock) -> Any:
    """All that the southern organization sees."""
    listed = {root: items(mock.south, f"/{root}") for root in ROOTS}
    plans = [items(mock.south, f"/batteries/{each['id']}/schedules") for each in listed["batteries"]]
    history = [items(mock.south, f"/sensors/{each['id']}/measurements") for each in listed["sensors"]]
    return listed, plans, history


def test_the_sweep_meets_every_operation_on_something() -> None:
    assert len(SECURED) == 22
    assert len(WITH_IDS) == 16


@pytest.mark.parametrize("operation", WITH_IDS, ids=named)
def test_another_organization_s_things_do_not_exist(mock: Mock, theirs: dict[str, Wire], operation: Operation) -> None:
    root = operation.path.split("/")[1]
    ids = {"id": theirs[root]["id"], "schedule_id": theirs["schedule"]["id"]}
    before = everything(mock)
    stranger = refused(call(mock.north, operation, **ids), 404)
    nothing = refused(call(mock.north, operation, id=NOBODY, schedule_id=NOBODY), 404)
    assert stranger.replace(ids["id"], NOBODY).replace(ids["schedule_id"], NOBODY) == nothing
    assert everything(mock) == before


def test_lists_hold_nothing_of_another_organization(mock: Mock, theirs: dict[str, Wire]) -> None:
    for root in ROOTS:
        assert theirs[root]["id"] not in {each["id"] for each in items(mock.north, f"/{root}")}
        if root != "grid_connections":
            found = items(mock.north, f"/{root}", grid_connection_id=theirs["grid_connections"]["id"])
            assert found == []


@pytest.mark.parametrize("path", ["/batteries", "/sensors"])
def test_nothing_is_registered_on_another_organization_s_grid_connection(
    mock: Mock, theirs: dict[str, Wire], path: str
) -> None:
    made = theirs[path[1:]]
    assert "grid_connection_id" in refused(send(mock.north, "POST", path, {**made, "external_id": None}), 422)


def test_a_sensor_does_not_measure_another_organization_s_battery(mock: Mock, theirs: dict[str, Wire]) -> None:
    connection = grid_connection(mock.north)
    body = {"grid_connection_id": connection["id"], "name": "x", "kind": "battery"}
    text = refused(send(mock.north, "POST", "/sensors", {**body, "battery_id": theirs["batteries"]["id"]}), 422)
    assert "battery_id" in text


def test_the_schedule_of_another_battery_is_not_found(mock: Mock, theirs: dict[str, Wire]) -> None:
    other = battery(mock.south, theirs["grid_connections"])
    path = f"/schedules/{theirs['schedule']['id']}"
    assert get(mock.south, f"/batteries/{theirs['batteries']['id']}{path}") == theirs["schedule"]
    assert refused(send(mock.south, "GET", f"/batteries/{other['id']}{path}"), 404)


@pytest.mark.parametrize("operation", SECURED, ids=named)
def test_no_token_is_401_and_one_for_prices_403(mock: Mock, theirs: dict[str, Wire], operation: Operation) -> None:
    root = operation.path.split("/")[1]
    ids = {"id": theirs[root]["id"], "schedule_id": theirs["schedule"]["id"]}
    before = everything(mock)
    response = call(mock.anonymous, operation, **ids)
    assert refused(response, 401)
    assert response.headers["www-authenticate"] == 'Bearer realm="Application"'
    assert "bess" in refused(call(mock.prices, operation, **ids), 403)
    assert everything(mock) == before


@pytest.mark.parametrize("word", ["Token", "Bearer", "token", "BEARER"])
def test_both_forms_of_the_header_are_taken(mock: Mock, word: str) -> None:
    _, _, text = mock.south.headers["authorization"].partition(" ")
    response = mock.anonymous.get(f"{BESS}/batteries", headers={"authorization": f"{word} {text}"})
    assert said(response)["data"] == []
