"""How charge points come and go: announced, linked, unpaired; what power they are taken to give, and where they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mockserver.clock import timestamp
from tests.mock import APP, NOON, Mock
from tests.mockserver.apis.stekker.steps import (
    EVENTS,
    THREE_PHASES,
    Operator,
    Receiver,
    ocpp,
    reading,
    refused,
    said,
    state_of,
)


def code(mock: Mock, text: str = "7KQ2M") -> str:
    """A code that the app shows."""
    shown: str = said(mock.anonymous.post(f"{APP}/pairing-codes", json={"pairing_code": text}), 201)["pairing_code"]
    return shown


def codes(mock: Mock) -> dict[str, tuple[str | None, str | None]]:
    rows = said(mock.anonymous.get(f"{APP}/pairing-codes"))
    return {row["pairing_code"]: (row["organization_id"], row["charge_point_id"]) for row in rows}


def test_a_code_links_a_charge_point(mock: Mock, south: Operator) -> None:
    receipt = said(south.pair("cp", pairingCode=code(mock), ocppIdentity="GM-1", evseId="NLGMKE1", **THREE_PHASES))

    assert (receipt["status"], receipt["charge_point_id"], receipt["max_power_w"]) == ("accepted", "cp", 11_040)
    assert (receipt["session_id"], receipt["message"]) == (None, None)
    shown = south.charge_point()
    assert (shown["state"], shown["ocpp_identity"], shown["evse_id"]) == ("linked", "GM-1", "NLGMKE1")
    assert shown["paired_at"] == timestamp(NOON)
    assert codes(mock) == {"7KQ2M": ("stekker-south", "cp")}
    said(south.status("Available"))


def test_an_unknown_code_is_not_acceptable_and_leaves_nothing(mock: Mock, south: Operator) -> None:
    before = state_of(mock)
    assert refused(south.pair(pairingCode="ZZZZ9"), 422)[0] == "pairingCode"
    assert state_of(mock) == before


@pytest.mark.parametrize("bad", ["abcde", "ABC", "ABCDEFGHI", "AB-DE", ""])
def test_a_code_of_another_form_is_not_acceptable(south: Operator, bad: str) -> None:
    assert refused(south.pair(pairingCode=bad), 422)[0] == "pairingCode"


def test_a_used_code_is_a_conflict_for_any_other_charge_point(mock: Mock, north: Operator, south: Operator) -> None:
    said(south.pair("first", pairingCode=code(mock)))
    for operator, charge_point_id in ((south, "second"), (north, "first"), (north, "cp")):
        assert refused(operator.pair(charge_point_id, pairingCode="7KQ2M"), 409)[0] == "pairingCode"
    assert codes(mock) == {"7KQ2M": ("stekker-south", "first")}


def test_pairing_again_updates_the_details(mock: Mock, south: Operator) -> None:
    said(south.pair(pairingCode=code(mock), ocppIdentity="GM-1", **THREE_PHASES))
    said(south.status("Charging"))
    once = state_of(mock)
    mock.runtime.clock.advance(timedelta(hours=1))
    said(south.pair(pairingCode="7KQ2M", ocppIdentity="GM-1", **THREE_PHASES))
    assert state_of(mock) == once  # a repeat changes nothing, not even since when it is paired

    assert said(south.pair(maxVoltage=230, maxAmperage=32, geometry="52.1,5.1"))["max_power_w"] == 7_360
    shown = south.charge_point()
    assert (shown["state"], shown["ocpp_identity"], shown["phases"]) == ("linked", None, 1)
    assert shown["geometry"] == {"latitude": 52.1, "longitude": 5.1}
    assert shown["connectors"][0]["status"] == "Charging"
    assert shown["paired_at"] == timestamp(NOON)


def test_without_a_code_it_waits_for_its_link(mock: Mock, south: Operator) -> None:
    receipt = said(south.pair())
    assert receipt["status"] == "accepted"
    assert "app" in receipt["message"]
    assert south.charge_point()["state"] == "awaiting_link"
    assert "has yet to link" in said(south.status("Available"), 404)["error"]

    said(south.pair(**THREE_PHASES))  # once more says nothing new
    assert south.charge_point()["state"] == "awaiting_link"

    linked = said(mock.anonymous.post(f"{south.app}/charge-points/cp/link"))
    assert (linked["state"], linked["max_power_w"]) == ("linked", 11_040)
    said(south.status("Available"))


def test_a_code_links_one_that_waits(mock: Mock, south: Operator) -> None:
    said(south.pair())
    assert said(south.pair(pairingCode=code(mock)))["message"] is None
    assert south.charge_point()["state"] == "linked"


def test_organizations_that_link_by_themselves_need_no_code(north: Operator, south: Operator) -> None:
    assert north.charge_point()["state"] == "linked"
    said(south.pair())
    said(south.change(auto_link=True))
    said(south.pair())
    assert south.charge_point()["state"] == "linked"
    said(south.change(auto_link=False))
    said(south.pair())
    assert south.charge_point()["state"] == "linked"  # what is linked stays linked


def test_unpairing_removes_the_charge_point_and_stops_its_sessions(
    mock: Mock, north: Operator, receiver: Receiver
) -> None:
    said(north.start(NOON))
    assert len(receiver.settle()) == 1
    assert said(north.unpair())["charge_point_id"] == "cp"

    assert north.shown("/charge-points") == []
    assert north.session()["state"] == "stopped_unpaired"
    assert receiver.settle(3600) == []
    for response in (north.status("Available"), north.meter(reading(NOON, 2_000)), north.stop(NOON, 2_000)):
        assert "PUT /events" in said(response, 404)["error"]
    assert said(north.unpair(), 404)
    assert "stopped_unpaired" in said(north.cdr(), 409)["error"]


def test_a_session_stopped_by_unpairing_ends_when_it_was_last_heard_of(north: Operator) -> None:
    """Or now, by the mock's clock, which events may be ahead of."""
    said(north.start(NOON - timedelta(hours=1)))
    said(north.start(NOON + timedelta(hours=5), 78, connectorId=2))
    said(north.meter(reading(NOON + timedelta(hours=6), 2_000), transaction_id=78))
    said(north.unpair())
    assert [each["ended_at"] for each in north.shown("/sessions")] == [
        timestamp(NOON), timestamp(NOON + timedelta(hours=6)),
    ]  # fmt: skip


def test_one_that_waits_can_be_unpaired(south: Operator) -> None:
    said(south.pair())
    said(south.unpair())
    assert south.shown("/charge-points") == []


def test_pairing_anew_needs_a_fresh_code(mock: Mock, south: Operator) -> None:
    said(south.pair(pairingCode=code(mock)))
    said(south.unpair())
    assert codes(mock) == {"7KQ2M": ("stekker-south", None)}
    assert said(south.pair(pairingCode="7KQ2M"), 409)
    said(south.pair())
    assert south.charge_point()["state"] == "awaiting_link"
    assert said(south.pair(pairingCode="7KQ2M"), 409)
    said(south.pair(pairingCode=code(mock, "FRESH2")))
    assert south.charge_point()["state"] == "linked"


def test_a_session_of_an_earlier_pairing_is_over(mock: Mock, north: Operator) -> None:
    said(north.start(NOON))
    said(north.unpair())
    said(north.pair(**THREE_PHASES))
    before = state_of(mock)
    assert "ended" in said(north.meter(reading(NOON, 2_000)))["message"]
    assert said(north.stop(NOON + timedelta(hours=1), 2_000), 422)
    assert state_of(mock) == before
    said(north.start(NOON, transaction_id=78))
    assert north.charge_point()["connectors"][0]["session_id"] == north.session(78)["session_id"]


@pytest.mark.parametrize("charge_point_id", [42, 42.0, "42"])
def test_integer_ids_are_their_digits(mock: Mock, north: Operator, charge_point_id: Any) -> None:
    said(north.pair(charge_point_id))
    assert north.charge_point("42")["charge_point_id"] == "42"
    for same in (42, "42"):
        assert said(north.status("Available", charge_point_id=same))["charge_point_id"] == "42"
    said(north.unpair(charge_point_id))


@pytest.mark.parametrize("bad", ["", "x" * 256, 2**63, 1e30, 1.5, None, True, ["a"], {}])
def test_ids_of_another_form_are_refused(north: Operator, bad: Any) -> None:
    for response in (north.pair(bad), north.unpair(bad), north.status("Available", charge_point_id=bad)):
        assert response.status in (400, 422), (bad, response.body)


@pytest.mark.parametrize("odd", ["a/b c", "ü中🔌", "x" * 255, "..", "%2F", " ", "a?b#c", '"', "\u0000", "-7"])
def test_any_text_is_an_id(north: Operator, odd: str) -> None:
    said(north.pair(odd))
    assert said(north.status("Available", charge_point_id=odd))["charge_point_id"] == odd
    assert said(north.start(NOON, charge_point_id=odd))["charge_point_id"] == odd
    said(north.stop(NOON, 1_000, charge_point_id=odd))
    said(north.unpair(odd))


@pytest.mark.parametrize(("details", "power_w", "phases"), [
    ({"maxVoltage": 230, "maxAmperage": 16, "powerType": "AC_3_PHASE"}, 11_040, 3),
    ({"maxVoltage": 230, "maxAmperage": 32}, 7_360, 1),
    ({}, 3_680, 1),
    ({"maxVoltage": 230, "maxAmperage": 16, "powerType": "AC_1_PHASE"}, 3_680, 1),
    ({"maxVoltage": 230, "maxAmperage": 16, "powerType": "AC_2_PHASE"}, 7_360, 2),
    ({"maxVoltage": 230, "maxAmperage": 16, "powerType": "AC_2_PHASE_SPLIT"}, 7_360, 2),
    ({"maxVoltage": 400, "maxAmperage": 125, "powerType": "DC"}, 50_000, 1),
    ({"maxVoltage": 230, "maxAmperage": 16, "powerType": "AC_3_PHASE", "maxPower": 22_000}, 11_040, 3),
    ({"maxVoltage": 230, "maxPower": 9_000}, 9_000, 1),
    ({"maxAmperage": 16, "maxPower": 9_000, "powerType": "AC_3_PHASE"}, 9_000, 3),
    ({"maxPower": 7_400.4}, 7_400, 1),
    ({"maxVoltage": 230}, 3_680, 1),
    ({"powerType": "AC_3_PHASE"}, 3_680, 3),
    ({"maxPower": 0.2}, 1, 1),
    ({"maxVoltage": 230.5, "maxAmperage": 15.9}, 3_665, 1),
])  # fmt: skip
def test_power_is_volts_times_amperes_times_phases(
    north: Operator, details: dict[str, Any], power_w: int, phases: int
) -> None:
    assert said(north.pair(**details))["max_power_w"] == power_w
    shown = north.charge_point()
    assert (shown["max_power_w"], shown["phases"]) == (power_w, phases)


@pytest.mark.parametrize(("field", "value", "status"), [
    ("maxVoltage", 0, 422), ("maxVoltage", 1e308, 422), ("maxAmperage", -1, 422), ("maxPower", 1e308, 422),
    ("maxPower", "11000", 400), ("powerType", "AC_4_PHASE", 422), ("connectors", {}, 400),
    ("connectors", [{}], 400), ("connectors", [{"connectorId": -1}], 422), ("connectors", [{"connectorId": "1"}], 400),
])  # fmt: skip
def test_details_that_cannot_be_are_refused(mock: Mock, north: Operator, field: str, value: Any, status: int) -> None:
    before = state_of(mock)
    response = north.pair(**{field: value})
    assert any(each["field"].startswith(field) for each in said(response, status)["details"])
    assert state_of(mock) == before


def powers(operator: Operator) -> dict[int, int]:
    return {each["connector_id"]: each["max_power_w"] for each in operator.charge_point()["connectors"]}


def test_connectors_override_what_is_said_of_all(north: Operator) -> None:
    connectors = [
        {"connectorId": 1},
        {"connectorId": 2, "maxAmperage": 32},
        {"connectorId": 3, "powerType": "AC_1_PHASE"},
        {"connectorId": 1804455, "powerType": "DC", "maxPower": 50_000},
        {"connectorId": 5, "maxPower": 5_000},
    ]
    receipt = said(north.pair(**THREE_PHASES, connectors=connectors))
    assert receipt["max_power_w"] == 11_040
    assert powers(north) == {1: 11_040, 2: 22_080, 3: 3_680, 1804455: 50_000, 5: 5_000}

    said(north.start(NOON, connectorId=3))
    assert north.session()["max_power_w"] == 3_680

    said(north.pair(**THREE_PHASES, connectors=[{"connectorId": 2, "maxAmperage": 10}]))
    assert powers(north) == {1: 11_040, 2: 6_900, 3: 11_040, 1804455: 11_040, 5: 11_040}


def test_a_charger_of_three_phases_and_unknown_power_charges(north: Operator) -> None:
    said(north.pair(powerType="AC_3_PHASE"))
    said(north.start(NOON))
    assert north.session()["plan"]["periods"][0]["limit_w"] == 3_680


@pytest.mark.parametrize(("geometry", "expected"), [
    ("52.0907,5.1214", (52.0907, 5.1214)),
    (" -33.5 , 151 ", (-33.5, 151.0)),
    ("90,180", (90.0, 180.0)),
    ({"type": "Point", "coordinates": [5.1214, 52.0907]}, (52.0907, 5.1214)),
    ({"type": "Point", "coordinates": [5, 52, 3.2]}, (52.0, 5.0)),
])  # fmt: skip
def test_a_place_is_text_or_geojson(north: Operator, geometry: Any, expected: tuple[float, float]) -> None:
    said(north.pair(geometry=geometry))
    place = north.charge_point()["geometry"]
    assert (place["latitude"], place["longitude"]) == expected


@pytest.mark.parametrize(("geometry", "status"), [
    ("Utrecht", 422), ("52.1", 422), ("52.1;5.1", 422), ("91,5", 422), ("52,181", 422), ("1e1,5", 422), ("", 422),
    ("52,5,3", 422), ("nan,nan", 422), ("9" * 150 + ",5", 422),
    ({"type": "Point", "coordinates": [52.0907, 105.1]}, 422), ({"type": "Point", "coordinates": [1e308, 1]}, 422),
    ({"type": "LineString", "coordinates": [[5, 5], [6, 5]]}, 400), ({"type": "Point", "coordinates": ["5", "2"]}, 400),
    ({"type": "Point", "coordinates": [5]}, 422), ({"type": "Point"}, 400), (52.1, 400), (None, 400), ([5, 52], 400),
])  # fmt: skip
def test_a_place_that_is_none_is_refused_and_takes_no_code(
    mock: Mock, south: Operator, geometry: Any, status: int
) -> None:
    code(mock)
    details = said(south.pair(pairingCode="7KQ2M", geometry=geometry), status)["details"]
    assert any(each["field"].startswith("geometry") for each in details)
    assert codes(mock) == {"7KQ2M": (None, None)}


def test_a_trailing_comma_is_no_json(mock: Mock, north: Operator) -> None:
    content = b'{"event": "ChargePointUnPairNotification", "chargePointId": 12, "ocppIdentity": "x",}'
    response = north.client.put(EVENTS, content=content, headers={"content-type": "application/json"})
    assert "not JSON" in said(response, 400)["error"]


def test_what_goes_by_the_other_method_says_so(north: Operator) -> None:
    measured = {"event": "MeasurementValues", "sensorId": "s", "values": []}
    for response, method in [
        (north.post({"event": "ChargePointDetailsNotification", "chargePointId": "cp"}), "PUT"),
        (north.post({"event": "ChargePointUnPairNotification", "chargePointId": "cp"}), "PUT"),
        (north.put(measured), "POST"),
        (north.put(ocpp("cp", "Heartbeat", {})), "POST"),
    ]:
        field, message = refused(response, 422)
        assert (field, method in message) == ("event", True)


@pytest.mark.parametrize("body", [{}, {"event": "ChargePointUnpairNotification", "chargePointId": "cp"}, [], 1, "x", {
    "event": {}}, {"event": "ChargePointDetailsNotification"}])  # fmt: skip
def test_a_body_that_is_no_notification_is_refused(north: Operator, body: Any) -> None:
    assert north.put(body).status in (400, 422)
    assert north.post(body).status in (400, 422)
