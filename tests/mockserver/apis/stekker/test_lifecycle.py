"""Charging sessions from their start to their end, however they end, and what survives of them elsewhere."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mockserver.clock import timestamp
from tests.mock import APP, CONTROL, NOON, STEKKER, Mock
from tests.mockserver.apis.stekker.steps import Operator, Receiver, plan_of, reading, refused, said, state_of, steps

EVENING = NOON + timedelta(hours=5)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_a_session_passes_through_its_states(north: Operator) -> None:
    said(north.start(EVENING))
    states = [north.session()["state"]]
    for minute, register in ((1, 1000), (2, 1001), (65, 12_999), (66, 13_000), (600, 40_000)):
        said(north.meter(reading(EVENING + minutes(minute), register)))
        states.append(north.session()["state"])
    said(north.stop(EVENING + minutes(700), 40_000))
    states.append(north.session()["state"])
    assert states == [
        *("pending_start", "pending_start", "direct_charging", "direct_charging"),
        *("smart_charging", "smart_charging", "completed"),
    ]


def test_a_car_that_took_more_than_its_target_needs_nothing(north: Operator) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(EVENING + minutes(240), 41_000)))
    session = north.session()
    assert (session["energy_wh"], session["target_energy_wh"]) == (40_000, 40_000)
    assert plan_of(session) == [(EVENING + minutes(240), 0)]


def test_a_session_says_what_it_took(north: Operator) -> None:
    said(north.start(EVENING, idTag="04C7A91B", connectorId=1804455, meterStart=1_048_231))
    said(north.meter(reading(EVENING + minutes(15), 1_050_843), connector_id=1804455))
    session = north.session()
    assert (session["energy_wh"], session["meter_last_wh"], session["meter_values_count"]) == (2_612, 1_050_843, 1)
    assert (session["id_tag"], session["connector_id"], session["max_power_w"]) == ("04C7A91B", 1804455, 11_040)
    assert (session["target_energy_wh"], session["departure_at"]) == (36_000, "2026-03-19T07:00:00Z")
    assert (session["started_at"], session["ended_at"]) == (timestamp(EVENING), None)
    assert north.charge_point()["connectors"][0]["session_id"] == session["session_id"]

    said(north.stop(EVENING + minutes(60), 1_060_000, idTag="OTHER", reason="EVDisconnected"))
    session = north.session()
    assert (session["energy_wh"], session["ended_at"]) == (11_769, timestamp(EVENING + minutes(60)))
    assert north.charge_point()["connectors"][0]["session_id"] is None


def test_a_second_start_on_a_connector_ends_the_first(north: Operator) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(EVENING + minutes(15), 3_500)))
    said(north.start(EVENING + minutes(30), 78, meterStart=3_500))
    first, second = north.session(77), north.session(78)
    assert (first["state"], first["energy_wh"]) == ("completed", 2_500)
    assert first["ended_at"] == timestamp(EVENING + minutes(15))  # as of its last reading
    assert second["state"] == "pending_start"
    assert north.charge_point()["connectors"][0]["session_id"] == second["session_id"]
    assert said(north.cdr(77))["end_date_time"] == timestamp(EVENING + minutes(15))
    assert refused(north.stop(EVENING + minutes(40), 3_600), 422)[0] == "event.params.transactionId"
    said(north.stop(EVENING + minutes(60), 4_000, 78))


def test_connectors_have_sessions_of_their_own(north: Operator) -> None:
    said(north.start(EVENING))
    said(north.start(EVENING, 78, connectorId=2))
    assert [each["state"] for each in north.shown("/sessions")] == ["pending_start", "pending_start"]
    said(north.stop(EVENING + minutes(5), 1_000))
    assert [each["state"] for each in north.shown("/sessions")] == ["completed", "pending_start"]
    assert [each["transaction_id"] for each in north.shown("/sessions?state=pending_start")] == [78]


def test_charge_points_may_use_the_same_transaction_ids(north: Operator) -> None:
    said(north.pair("other"))
    said(north.start(EVENING))
    said(north.start(EVENING, charge_point_id="other"))
    said(north.stop(EVENING + minutes(60), 9_000))
    assert north.session(77, "other")["state"] == "pending_start"
    assert said(north.cdr(77), 409)  # the latest of that id goes on
    said(north.stop(EVENING + minutes(60), 5_000, charge_point_id="other"))
    assert said(north.cdr(77))["id"] == north.session(77, "other")["session_id"]


@pytest.mark.parametrize("change", [
    {"meterStart": 1_001}, {"idTag": "OTHER"}, {"connectorId": 2}, {"timestamp": timestamp(EVENING + minutes(1))},
])  # fmt: skip
def test_a_transaction_begins_once(mock: Mock, north: Operator, change: dict[str, object]) -> None:
    said(north.start(EVENING))
    before = state_of(mock)
    params = {"connectorId": 1, "idTag": "CARD", "meterStart": 1000, "timestamp": timestamp(EVENING), **change}
    response = {"transactionId": 77, "idTagInfo": {"status": "Accepted"}}
    assert refused(north.call("cp", "StartTransaction", params, response=response), 422)[0] == "response.transactionId"
    assert state_of(mock) == before


def test_a_start_repeated_after_the_end_begins_nothing(mock: Mock, north: Operator) -> None:
    said(north.start(EVENING))
    said(north.stop(EVENING + minutes(60), 9_000))
    before = state_of(mock)
    assert said(north.start(EVENING))["session_id"] == north.session()["session_id"]
    assert state_of(mock) == before


@pytest.mark.parametrize(("minute", "register", "field"), [
    (60, 999, "event.params.meterStop"),
    (60, -1, "event.params.meterStop"),
    (-1, 2_000, "event.params.timestamp"),
    (366 * 1440 + 1, 2_000, "event.params.timestamp"),
])  # fmt: skip
def test_an_end_that_cannot_be_is_refused(
    mock: Mock, north: Operator, minute: float, register: int, field: str
) -> None:
    said(north.start(EVENING))
    before = state_of(mock)
    assert refused(north.stop(EVENING + minutes(minute), register), 422)[0] == field
    assert state_of(mock) == before


def test_unknown_transactions_are_not_acceptable(mock: Mock, north: Operator) -> None:
    said(north.pair("other"))
    said(north.start(EVENING, charge_point_id="other"))
    before = state_of(mock)
    for response in (
        north.stop(EVENING, 1_000),  # of another charge point
        north.stop(EVENING, 1_000, 990_001, "other"),
        north.meter(reading(EVENING, 1_000)),
        north.meter(reading(EVENING, 1_000), transaction_id=2**63 - 1, charge_point_id="other"),
    ):
        assert refused(response, 422)[0] == "event.params.transactionId"
    assert state_of(mock) == before


@pytest.mark.parametrize(("minute", "register"), [(60, 8_999), (61, 9_000)])
def test_a_session_ends_once(mock: Mock, north: Operator, minute: float, register: int) -> None:
    said(north.start(EVENING))
    said(north.stop(EVENING + minutes(60), 9_000))
    before = state_of(mock)
    assert "otherwise" in refused(north.stop(EVENING + minutes(minute), register), 422)[1]
    assert state_of(mock) == before


def test_what_was_measured_after_the_end_is_none_of_the_session(north: Operator) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(EVENING + minutes(30), 5_000), reading(EVENING + minutes(90), 20_000)))
    said(north.stop(EVENING + minutes(60), 9_000))
    session = north.session()
    assert (session["energy_wh"], session["ended_at"]) == (8_000, timestamp(EVENING + minutes(60)))


@pytest.mark.parametrize(("measured", "register"), [
    ([(46, 5_000), (58, 20_000)], 9_000),  # of one quarter-hour, the second after the end
    ([(30, 5_000), (48, 9_001)], 9_000),  # more than the meter stopped at
    ([(46, 5_000), (48, 9_001)], 9_000),
    ([(46, 9_001), (48, 9_002)], 9_000),
])  # fmt: skip
def test_readings_that_the_end_contradicts_are_not_priced(
    north: Operator, measured: list[tuple[float, int]], register: int
) -> None:
    start = NOON - timedelta(hours=19)
    said(north.start(start))
    said(north.meter(*(reading(start + minutes(minute), register) for minute, register in measured)))
    said(north.stop(start + minutes(50), register))
    said(north.start(start, 78, connectorId=2))
    kept = [reading(start + minutes(minute), each) for minute, each in measured if minute <= 50 and each <= register]
    said(north.stop(start + minutes(50), register, 78, transactionData=kept or [reading(start, 1_000)]))
    assert said(north.cdr(77))["total_cost"] == said(north.cdr(78))["total_cost"]


def test_no_session_lasts_longer_than_a_year(north: Operator) -> None:
    said(north.start(EVENING))
    message = said(north.meter(reading(EVENING + timedelta(days=366, minutes=1), 5_000)))["message"]
    assert "more than 366 days" in message
    said(north.meter(reading(EVENING + timedelta(days=366), 5_000)))
    said(north.stop(EVENING + timedelta(days=366), 9_000))


def test_the_end_of_a_session_at_once(north: Operator) -> None:
    said(north.start(EVENING))
    said(north.stop(EVENING, 1_000))
    assert (north.session()["energy_wh"], said(north.cdr())["total_cost"]["excl_vat"]) == (0, 0)


@pytest.mark.parametrize(("wishes", "target_wh", "departure_at"), [
    ({"battery_wh": 100_000, "target_percent": 80}, 50_000, "2026-03-19T07:00:00Z"),
    ({"departure_time": "23:30"}, 36_000, "2026-03-18T22:30:00Z"),
    ({"arrival_soc_percent": 100}, 0, "2026-03-19T07:00:00Z"),
])  # fmt: skip
def test_a_card_brings_its_wishes(
    north: Operator, wishes: dict[str, object], target_wh: float, departure_at: str
) -> None:
    said(north.wish("CARD", **wishes))
    said(north.start(EVENING))
    session = north.session()
    assert (session["target_energy_wh"], session["departure_at"]) == (target_wh, departure_at)
    said(north.start(EVENING, 78, connectorId=2, idTag="NOBODY"))
    assert north.session(78)["target_energy_wh"] == 36_000


def test_a_car_that_tells_its_state_of_charge_is_believed(north: Operator) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(EVENING + minutes(15), 3_000, {"value": "60", "measurand": "SoC"})))
    assert north.session()["target_energy_wh"] == 2_000 + 18_000  # 30 % of 60 kWh are missing
    said(north.meter(reading(EVENING + minutes(30), 6_000)))
    assert north.session()["target_energy_wh"] == 2_000 + 18_000


def test_past_sessions_are_what_forecasts_look_back_on(north: Operator) -> None:
    for number, energy_wh in enumerate((10_000, 12_000, 14_000)):
        said(north.start(EVENING + minutes(100 * number), number))
        said(north.stop(EVENING + minutes(100 * number + 90), 1_000 + energy_wh, number))
    session = {"id_tag": "CARD", "charge_point_id": "cp", "started_at": timestamp(EVENING + timedelta(hours=6))}
    forecast = said(north.client.post(f"{STEKKER}/charge_energy_forecast", json={
        "session": {**session, "connector_id": 1, "expected_departure_at": None, "max_power_kw": 11},
        "measurements": []}))  # fmt: skip
    assert (forecast["basis"], 10 <= forecast["forecast_kwh"] <= 14) == ("history", True)


def test_no_more_than_the_last_sessions_are_remembered(mock: Mock, north: Operator) -> None:
    for number in range(25):
        said(north.start(EVENING + minutes(number), number))
        said(north.stop(EVENING + minutes(number), 1_000 + number, number))
    history = state_of(mock)["stekker.history/stekker-north"]
    assert [row["energies_wh"] for row in history.values()] == [
        [*range(5, 25)]
    ] * 2  # of the card, and the charge point


def test_a_session_goes_on_after_its_state_moved(mock: Mock, north: Operator, receiver: Receiver) -> None:
    said(north.set_site(17_000, ["cp"]))
    said(north.start(EVENING))
    said(north.measure(EVENING + minutes(10), 14.0))  # leaves another room, but none that the car needs
    said(north.meter(reading(EVENING + minutes(15), 3_760)))
    before, state = north.session(), said(mock.anonymous.get(f"{CONTROL}/state"))
    mock.reset()
    assert said(north.meter(reading(EVENING + minutes(16), 3_200)), 404)
    assert mock.anonymous.put(f"{CONTROL}/state", json=state).status < 300
    assert north.session() == before

    assert [steps(body) for body in receiver.settle()] == [plan_of(before)]  # told once more
    said(north.meter(reading(EVENING + minutes(120), 12_000)))
    assert len(receiver.settle()) == 1
    said(north.stop(EVENING + minutes(180), 20_000))
    assert said(north.cdr())["id"] == before["session_id"]


def test_a_reset_forgets_all(mock: Mock, north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    mock.reset()
    assert receiver.settle(86_400) == []
    assert north.shown("/charge-points") == north.shown("/sessions") == []
    assert said(north.cdr(), 404)
    assert said(mock.anonymous.get(f"{APP}/pairing-codes")) == []
