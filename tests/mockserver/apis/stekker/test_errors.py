"""How both Stekker APIs word a refusal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mock import BESS, STEKKER, Mock

EVENT = {"notification": "OcppEvent", "protocol": "1.6", "chargePointId": "x"}
START = {"connectorId": 1, "idTag": "04A1", "timestamp": "2026-03-18T12:00:00Z"}

CASES: dict[str, tuple[str, Any, int, list[tuple[str, str]]]] = {
    "missing inside": (
        f"{STEKKER}/events",
        {**EVENT, "event": {"method": "StartTransaction", "params": START}},
        400,
        [("event.params.meterStart", "is missing")],
    ),
    "missing": (
        f"{BESS}/grid_connections",
        {"location": {"latitude": 52.0, "longitude": 5.0}},
        400,
        [("fuse_limit_amperes", "is missing"), ("name", "is missing")],
    ),
    "wrong type": (
        f"{BESS}/grid_connections",
        {"name": 7, "location": {"latitude": 52.0, "longitude": 5.0}, "fuse_limit_amperes": 25},
        400,
        [("name", '7 is not of type "string"')],
    ),
    "value not accepted by Grape": (
        f"{BESS}/grid_connections",
        {"name": "x", "location": {"latitude": 91, "longitude": 5.0}, "fuse_limit_amperes": 25},
        400,
        [("location.latitude", "91 is greater than the maximum of 90")],
    ),
    "value not accepted": (
        f"{STEKKER}/events",
        {"event": "MeasurementValues", "sensorId": "s", "values": []},
        422,
        [("values", "[] has less than 1 item")],
    ),
}


@pytest.mark.parametrize(("path", "body", "status", "told"), CASES.values(), ids=CASES)
def test_a_refusal_names_every_field_and_what_is_wrong_with_it(
    mock: Mock, path: str, body: Any, status: int, told: list[tuple[str, str]]
) -> None:
    response = mock.north.post(path, json=body)

    assert response.status == status
    assert sorted((each["field"], each["message"]) for each in response.json()["details"]) == told
    assert all(f"{field} {message}" in response.json()["error"] for field, message in told)
