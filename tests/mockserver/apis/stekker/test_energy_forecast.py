"""The charge energy forecast over the wire: what is asked, what it rests on, and what cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from mockserver.clock import timestamp
from tests.asgi import Client
from tests.mock import NOON, Mock

PATH = "/stekker/api/v1/charge_energy_forecast"
EVENTS = "/stekker/api/v1/events"
START = NOON - timedelta(hours=1)
CHARGE_POINT, TAG = "5f1d7c0a93be24684c0de7a1", "04C7A91B"


@pytest.fixture
def south(mock: Mock) -> Iterator[Client]:
    """Another organization than the mock's own client."""
    tokens = mock.runtime.ready.tokens or {}
    token = next(text for text, grant in tokens.items() if grant["client_id"] == "stekker-south")
    client = Client(mock.app, {"authorization": f"Token {token}"})
    yield client
    client.close()


def body(*energies_kwh: float, every: timedelta = timedelta(minutes=15), **session: Any) -> dict[str, Any]:
    return {
        "session": {"started_at": timestamp(START), **session},
        "measurements": [
            {"timestamp": timestamp(START + number * every), "energy_kwh": energy_kwh}
            for number, energy_kwh in enumerate(energies_kwh, start=1)
        ],
    }


def forecast(client: Client, *energies_kwh: float, **session: Any) -> dict[str, Any]:
    response = client.post(PATH, json=body(*energies_kwh, **session))
    assert response.status == 200, response.body
    found: dict[str, Any] = response.json()
    assert (
        found["energy_so_far_kwh"]
        <= found["forecast_lower_kwh"]
        <= found["forecast_kwh"]
        <= found["forecast_upper_kwh"]
    )
    return found


def charge(mock: Mock, client: Client, transaction_id: int, energy_wh: int, tag: str, start: datetime) -> None:
    """A whole session over the wire, at a charge point that is paired by then."""

    def send(method: str, params: dict[str, Any], answer: dict[str, Any]) -> None:
        event = {
            "notification": "OcppEvent",
            "protocol": "1.6",
            "chargePointId": CHARGE_POINT,
            "event": {"method": method, "params": params, "response": {**answer, "idTagInfo": {"status": "Accepted"}}},
        }
        response = client.post(EVENTS, json=event)
        assert response.status == 200, response.body
        assert response.json()["status"] == "accepted", response.body

    paired = client.put(EVENTS, json={"event": "ChargePointDetailsNotification", "chargePointId": CHARGE_POINT})
    assert paired.status == 200, paired.body
    send(
        "StartTransaction",
        {"connectorId": 1, "idTag": tag, "timestamp": timestamp(start), "meterStart": 0},
        {"transactionId": transaction_id},
    )
    end = timestamp(start + timedelta(hours=1))
    send("StopTransaction", {"transactionId": transaction_id, "timestamp": end, "meterStop": energy_wh}, {})


def test_without_anything_to_go_by_it_is_what_is_usual(mock: Mock) -> None:
    found = forecast(mock.north)
    assert (found["basis"], found["energy_so_far_kwh"], found["expected_end_at"]) == ("default", 0.0, None)
    assert found["generated_at"] == timestamp(NOON)
    assert 0 < found["forecast_lower_kwh"] < found["forecast_kwh"] < found["forecast_upper_kwh"]


def test_what_is_null_is_unknown(mock: Mock) -> None:
    unknown = dict.fromkeys(("charge_point_id", "id_tag", "connector_id", "expected_departure_at", "max_power_kw"))
    assert forecast(mock.north, **unknown) == forecast(mock.north)


@pytest.mark.parametrize("energy_kwh", [5.28, 0.57, 1.001, 4.35, 8.2, 33.1234, 7])
def test_energy_so_far_is_told_as_it_was_measured(mock: Mock, energy_kwh: float) -> None:
    found = forecast(mock.north, energy_kwh)
    assert (found["basis"], found["energy_so_far_kwh"]) == ("measurements", energy_kwh)


def test_it_ends_before_the_car_leaves(mock: Mock) -> None:
    departure = NOON + timedelta(hours=1)
    found = forecast(mock.north, 0.9, max_power_kw=3.7, expected_departure_at=timestamp(departure))
    assert found["forecast_upper_kwh"] <= 0.9 + 3.7
    assert datetime.fromisoformat(found["expected_end_at"]) <= departure


def test_the_sessions_of_a_card_tell_what_it_will_take(mock: Mock) -> None:
    for number in range(6):
        charge(mock, mock.north, 700 + number, 10_000, TAG, START - timedelta(days=number + 1))
    by_tag = forecast(mock.north, id_tag=TAG)
    assert by_tag["basis"] == "history"
    assert by_tag["forecast_kwh"] == pytest.approx(10.0, rel=0.05)
    by_charge_point = forecast(mock.north, id_tag="FFFF0001", charge_point_id=CHARGE_POINT)
    assert by_charge_point["forecast_kwh"] == by_tag["forecast_kwh"]
    assert forecast(mock.north, id_tag="FFFF0001")["basis"] == "default"


def test_the_sessions_of_others_tell_nothing(mock: Mock, south: Client) -> None:
    charge(mock, mock.north, 700, 10_000, TAG, START - timedelta(days=1))
    assert forecast(mock.north, id_tag=TAG)["basis"] == "history"
    assert forecast(south, id_tag=TAG, charge_point_id=CHARGE_POINT)["basis"] == "default"


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"measurements": [("2026-03-18T10:59:00Z", 1.0)]}, "measurements.0.timestamp", "start of the session"),
        (
            {"measurements": [("2026-03-18T11:30:00Z", 1.0), ("2026-03-18T11:29:00Z", 1.0)]},
            "measurements.1.timestamp",
            "before the measurement before it",
        ),
        (
            {"measurements": [("2026-03-18T11:30:00Z", 1.0), ("2026-03-18T11:31:00Z", 0.9)]},
            "measurements.1.energy_kwh",
            "0.9 is less",
        ),
        ({"expected_departure_at": "2026-03-18T11:00:00Z"}, "session.expected_departure_at", "not after started_at"),
        ({"started_at": "2016-12-31T23:59:60Z"}, "session.started_at", "calendar"),
        ({"max_power_kw": 0}, "session.max_power_kw", "0"),
    ],
    ids=["before the start", "backwards in time", "backwards in energy", "gone", "leap second", "no power"],
)
def test_a_session_that_cannot_be_is_refused_where_it_says_so(
    mock: Mock, change: dict[str, Any], field: str, message: str
) -> None:
    asked = body()
    asked["measurements"] = [
        {"timestamp": at, "energy_kwh": energy_kwh} for at, energy_kwh in change.pop("measurements", ())
    ]
    asked["session"].update(change)
    response = mock.north.post(PATH, json=asked)
    assert response.status == 422, response.body
    (detail,) = response.json()["details"]
    assert detail["field"] == field
    assert message in detail["message"]


@pytest.mark.parametrize("session", [{}, None], ids=["without a start", "no session"])
def test_what_is_missing_is_a_bad_request(mock: Mock, session: dict[str, Any] | None) -> None:
    asked: dict[str, Any] = {"measurements": []}
    if session is not None:
        asked["session"] = session
    assert mock.north.post(PATH, json=asked).status == 400
