"""How much energy a session is going to take."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from contract_tests.laws.law import law
from contract_tests.laws.stage import Stage
from contract_tests.laws.stekker.session import wire

FORECAST = "POST /charge_energy_forecast"
_ORDER = ("energy_so_far_kwh", "forecast_lower_kwh", "forecast_kwh", "forecast_upper_kwh")


@law("inferred", "critical", FORECAST)
def energy_forecast_is_in_order(stage: Stage) -> None:
    """Energy so far, lower bound, forecast and upper bound rise in this order, for a session old or new."""
    for energies in ([], [0.0, 2.61], [0.0, 5.0, 5.0], [0.0, 40.0, 79.5]):
        exchange = stage.done(FORECAST, _request(stage, energies))
        answer = stage.fitting(exchange)
        values = [answer[name] for name in _ORDER]
        says = f"{' <= '.join(_ORDER)}"
        stage.require(values == sorted(values), exchange, says, f"{values}", "ChargeEnergyForecast.forecast_kwh")


@law("inferred", "major", FORECAST)
def energy_so_far_is_the_last_measurement(stage: Stage) -> None:
    """The energy so far is what was measured last, and 0 if nothing was."""
    for energies in ([], [0.0, 2.61], [0.0, 7.5, 12.25]):
        exchange = stage.done(FORECAST, _request(stage, energies))
        came, wanted = stage.fitting(exchange)["energy_so_far_kwh"], energies[-1] if energies else 0
        says = f"energy_so_far_kwh is {wanted}"
        near = abs(came - wanted) < 0.001
        stage.require(near, exchange, says, f"it is {came}", "ChargeEnergyForecast.energy_so_far_kwh")


@law("inferred", "minor", FORECAST)
def forecast_end_is_not_before_the_start(stage: Stage) -> None:
    """The expected end, where there is one, is not before the start of the session."""
    body = _request(stage, [0.0, 2.61])
    exchange = stage.done(FORECAST, body)
    end = stage.fitting(exchange)["expected_end_at"]
    start = body["session"]["started_at"]
    fits = end is None or datetime.fromisoformat(end) >= datetime.fromisoformat(start)
    says = f"expected_end_at is not before {start}"
    stage.require(fits, exchange, says, f"it is {end}", "ChargeEnergyForecast.expected_end_at")


def _request(stage: Stage, energies_kwh: list[float]) -> dict[str, Any]:
    """A session that has been measured each quarter of an hour until now."""
    start = stage.now - timedelta(minutes=15 * len(energies_kwh))
    measurements = [
        {"timestamp": wire(start + timedelta(minutes=15 * number)), "energy_kwh": energy_kwh}
        for number, energy_kwh in enumerate(energies_kwh)
    ]
    session = {
        "charge_point_id": f"gridmock-{stage.run.run_id}",
        "id_tag": None,
        "connector_id": 1,
        "started_at": wire(start),
        "expected_departure_at": wire(stage.now + timedelta(hours=12)),
        "max_power_kw": 11.04,
    }
    return {"session": session, "measurements": measurements}


LAWS = (
    energy_forecast_is_in_order,
    energy_so_far_is_the_last_measurement,
    forecast_end_is_not_before_the_start,
)
