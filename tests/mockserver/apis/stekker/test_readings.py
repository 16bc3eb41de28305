"""What charge points measure: in every form, out of order, falling, and beyond all measure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from mockserver.clock import timestamp
from tests.mock import NOON, Mock
from tests.mockserver.apis.stekker.steps import (
    Operator,
    Receiver,
    limit_at,
    plan_of,
    reading,
    refused,
    said,
    state_of,
)

EVENING = NOON + timedelta(hours=5)
REGISTER, POWER, SOC = "Energy.Active.Import.Register", "Power.Active.Import", "SoC"


def after(minutes: float) -> datetime:
    return EVENING + timedelta(minutes=minutes)


def kwh(value: str) -> dict[str, str]:
    return {"value": value, "unit": "kWh"}


@pytest.mark.parametrize(("values", "register_wh", "soc"), [
    (["2800"], 2800, None),
    ([{"value": "2800", "measurand": REGISTER, "unit": "Wh", "context": "Trigger", "location": "Outlet"}], 2800, None),
    ([kwh("2.8")], 2800, None),
    ([kwh("2.8004567")], 2800.457, None),
    (["2800.5"], 2800.5, None),
    ([{"value": "2800", "phase": "L1"}], 1000, None),  # of a phase only
    ([{"value": "2800", "measurand": "Energy.Active.Export.Register"}], 1000, None),
    ([{"value": "2800", "measurand": "Energy.Active.Import.Interval"}], 1000, None),
    ([{"value": "2800", "unit": "varh"}], 1000, None),
    ([{"value": "OCMF|x|y", "format": "SignedData"}, "2800"], 2800, None),
    ([{"value": "9999", "format": "SignedData"}], 1000, None),
    ([{"value": "46", "measurand": SOC, "unit": "Percent"}], 1000, 46),
    ([{"value": "146", "measurand": SOC}, "2800"], 2800, 100),
    ([{"value": "-3", "measurand": SOC}], 1000, 0),
    ([{"value": "50", "measurand": "Temperature", "unit": "Celsius"}], 1000, None),
])  # fmt: skip
def test_readings_in_every_form(north: Operator, values: list[Any], register_wh: float, soc: float | None) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(after(10), *values)))
    session = north.session()
    assert (session["meter_last_wh"], session["soc_percent"]) == (register_wh, soc)
    assert session["energy_wh"] == pytest.approx(register_wh - 1000)


@pytest.mark.parametrize("powers", [
    [{"value": "6000", "measurand": POWER}],
    [{"value": "6", "measurand": POWER, "unit": "kW"}],
    [{"value": "2000", "measurand": POWER, "phase": phase} for phase in ("L1", "L2", "L3")],
    [{"value": "6000", "measurand": POWER}, {"value": "1", "measurand": POWER, "phase": "L1"}],
    [{"value": "7000", "measurand": "Power.Offered"}, {"value": "6", "measurand": POWER, "unit": "kW"}],
    ["2100"],  # from the register: 1.1 kWh in 11 minutes
])  # fmt: skip
def test_the_power_of_a_car_is_no_other_load_of_its_site(north: Operator, powers: list[Any]) -> None:
    """The one place where power shows: sensors see 8 kW in all, so 2 kW are something else."""
    said(north.start(EVENING))
    said(north.set_site(9_000, ["cp"]))
    said(north.meter(reading(after(11), *powers)))
    said(north.measure(after(11), 8.0))
    assert limit_at(plan_of(north.session()), after(11)) == 7_000


def test_an_older_power_does_not_replace_a_newer_one(north: Operator) -> None:
    said(north.start(EVENING))
    said(north.set_site(9_000, ["cp"]))
    said(north.meter(reading(after(11), {"value": "6", "measurand": POWER, "unit": "kW"})))
    said(north.meter(reading(after(10), {"value": "1", "measurand": POWER, "unit": "kW"})))
    said(north.measure(after(11), 8.0))
    assert limit_at(plan_of(north.session()), after(11)) == 7_000


@pytest.mark.parametrize(
    "value", ["abc", "", "1e5", "1,5", "--1", "1.", ".5", "+1", "0x10", " 1", "NaN", "inf", 5, None]
)
def test_values_that_are_no_decimal_number_are_refused(mock: Mock, north: Operator, value: Any) -> None:
    said(north.start(EVENING))
    before = state_of(mock)
    response = north.meter({"timestamp": timestamp(after(1)), "sampledValue": [{"value": value}]})
    assert response.status in (400, 422), response.body
    assert state_of(mock) == before


@pytest.mark.parametrize("measurand", [REGISTER, POWER, SOC])
@pytest.mark.parametrize("digits", [20, 300, 400, 5000])
def test_numbers_beyond_all_measure_are_refused(mock: Mock, north: Operator, measurand: str, digits: int) -> None:
    said(north.start(EVENING))
    before = state_of(mock)
    for sign in ("", "-"):
        sampled = {"value": sign + "9" * digits, "measurand": measurand}
        field, message = refused(north.meter(reading(after(1), "1100", sampled)), 422)
        assert field == "event.params.meterValue.0.sampledValue.1.value"
        assert len(message) < 200
    assert state_of(mock) == before


@pytest.mark.parametrize(("register", "kept"), [(1500, True), (900, False), (5000, False), (1000, True), (4000, True)])
def test_readings_out_of_order_are_kept_if_they_fit_and_not_planned_by(
    north: Operator, receiver: Receiver, register: int, kept: bool
) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(after(30), 4000)))
    receiver.settle()
    before = north.session()
    message = said(north.meter(reading(after(10), register)))["message"]
    assert (message is None) == kept
    now = north.session()
    assert now.pop("meter_values_count") == before.pop("meter_values_count") + kept
    assert now == before
    assert receiver.settle() == []


@pytest.mark.parametrize("register", [2000, 900, -5, 1999.9])
def test_a_register_that_falls_is_left_out(north: Operator, register: float) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(after(10), 2001)))
    message = said(north.meter(reading(after(20), register)))["message"]
    assert "not between its neighbours" in message
    assert north.session()["meter_last_wh"] == 2001
    assert said(north.meter(reading(after(30), 2500)))["message"] is None
    assert north.session()["meter_last_wh"] == 2500


def test_the_rest_of_a_reading_whose_register_falls_counts(north: Operator) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(after(10), 900, {"value": "55", "measurand": SOC})))
    assert (north.session()["meter_last_wh"], north.session()["soc_percent"]) == (1000, 55)


def test_an_older_state_of_charge_does_not_replace_a_newer_one(north: Operator) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(after(10), {"value": "55", "measurand": SOC})))
    said(north.meter(reading(after(5), {"value": "50", "measurand": SOC})))
    assert north.session()["soc_percent"] == 55


def test_quantities_of_one_instant_may_come_apart(north: Operator) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(after(10), 2000), reading(after(10), {"value": "55", "measurand": SOC})))
    assert (north.session()["meter_last_wh"], north.session()["soc_percent"]) == (2000, 55)
    said(north.meter(reading(after(10), {"value": "56", "measurand": SOC})))
    assert north.session()["soc_percent"] == 56


def test_readings_of_an_event_may_stand_in_any_order(north: Operator) -> None:
    said(north.start(EVENING))
    said(north.meter(reading(after(10), 2000), reading(after(5), 1500), reading(after(7), 1600)))
    assert (north.session()["meter_last_wh"], north.session()["meter_values_count"]) == (2000, 1)


def test_values_before_the_start_or_of_no_transaction_change_nothing(mock: Mock, north: Operator) -> None:
    said(north.start(EVENING))
    before = state_of(mock)
    assert "older than the session" in said(north.meter(reading(after(-1), 2000)))["message"]
    receipt = said(north.meter(reading(after(1), 2000), transaction_id=None))
    assert (receipt["session_id"], "transactionId" in receipt["message"]) == (None, True)
    assert state_of(mock) == before


def test_values_after_the_end_change_nothing(mock: Mock, north: Operator) -> None:
    said(north.start(EVENING))
    said(north.stop(after(60), 5000))
    before = state_of(mock)
    for minute in (30, 60, 90):
        assert "ended" in said(north.meter(reading(after(minute), 4000)))["message"]
    assert state_of(mock) == before


@pytest.mark.parametrize("values", [[], None, {}, "x"])
def test_values_without_a_value_are_refused(north: Operator, values: Any) -> None:
    said(north.start(EVENING))
    params = {"connectorId": 1, "transactionId": 77, "meterValue": values}
    assert north.call("cp", "MeterValues", params).status in (400, 422)
    params["meterValue"] = [{"timestamp": timestamp(EVENING), "sampledValue": values}]
    assert north.call("cp", "MeterValues", params).status in (400, 422)
