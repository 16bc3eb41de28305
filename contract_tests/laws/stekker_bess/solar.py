"""Schedules that use one's own sun: never from the grid, never to the grid."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.law import law
from contract_tests.laws.stage import Stage
from contract_tests.laws.stekker_bess.measurements import SUBMIT, history
from contract_tests.laws.stekker_bess.registered import BATTERIES, battery, battery_body, registered, site
from contract_tests.laws.stekker_bess.schedules import EPSILON_KW

SOLAR = "POST /batteries/{id}/schedules/solar_optimized"
_ROUNDING_KW = 0.01


@law("inferred", "minor", SOLAR)
def sun_needs_a_sensor(stage: Stage) -> None:
    """Without a solar sensor on the grid connection there is no solar schedule: 422."""
    exchange = stage.call(SOLAR, {"current_soc_percent": 50}, id=battery(stage)["id"])
    stage.refuses(exchange, (422,), "422: there is no solar sensor", "ScheduleRequest")


@law("inferred", "critical", SOLAR, SUBMIT)
def battery_charges_from_surplus_only(stage: Stage) -> None:
    """A solar schedule charges with what the sun leaves over, and with nothing from the grid."""
    exchange, periods = _planned(stage)
    for period in periods:
        surplus = max(period["expected_solar_kw"] - (period["expected_consumption_kw"] or 0), 0)
        says = f"charges with at most the surplus of {surplus:.3f} kW at {period['period_start']}"
        within = period["power_kw"] <= surplus + _ROUNDING_KW
        stage.require(within, exchange, says, f"with {period['power_kw']} kW", "SchedulePeriod.power_kw")


@law("inferred", "critical", SOLAR, SUBMIT)
def battery_never_exports(stage: Stage) -> None:
    """A solar schedule discharges into what the site lacks, and nothing into the grid."""
    exchange, periods = _planned(stage)
    for period in periods:
        deficit = max((period["expected_consumption_kw"] or 0) - period["expected_solar_kw"], 0)
        says = f"discharges at most the deficit of {deficit:.3f} kW at {period['period_start']}"
        within = -period["power_kw"] <= deficit + _ROUNDING_KW
        stage.require(within, exchange, says, f"{-period['power_kw']} kW", "SchedulePeriod.power_kw")


@law("inferred", "major", SOLAR, SUBMIT)
def sun_is_used_while_there_is_room(stage: Stage) -> None:
    """A solar schedule stores something of a surplus, says how much is used on site, and names what it counted with."""
    exchange, periods = _planned(stage)
    schedule = stage.fitting(exchange)
    charged = any(period["power_kw"] > EPSILON_KW for period in periods)
    surplus = any(period["expected_solar_kw"] > (period["expected_consumption_kw"] or 0) + 1 for period in periods)
    stage.require(charged or not surplus, exchange, "a surplus is stored", "nothing is", "Schedule.periods")
    used, member = schedule["expected_solar_self_consumption_kwh"], "Schedule.expected_solar_self_consumption_kwh"
    hours = schedule["interval_seconds"] / 3600
    sun = sum(period["expected_solar_kw"] for period in periods) * hours
    says = f"from 0 to the {sun:.2f} kWh that the sun gives"
    within = used is not None and 0 <= used <= sun + 0.1
    stage.require(within, exchange, says, f"it is {used}", member)


def _planned(stage: Stage) -> tuple[Exchange, Any]:
    """A day's solar schedule of a site with 30 kW of sun at noon and a load of 6 kW, and its periods."""
    site_id = site(stage)
    thing = registered(stage, BATTERIES, battery_body(stage, site_id))
    history(stage, site_id, kind="solar", power=_sun)
    history(stage, site_id, kind="consumption", power=lambda _: 6.0)
    exchange = stage.done(SOLAR, {"current_soc_percent": 40}, id=thing["id"])
    periods = stage.fitting(exchange)["periods"]
    told = all(period["expected_solar_kw"] is not None for period in periods)
    stage.require(told, exchange, "expected_solar_kw is what the sensor leads to expect", "null", "SchedulePeriod")
    return exchange, periods


def _sun(at: datetime) -> float:
    """A bright day: a parabola from 5 to 19 hours UTC, 30 kW at noon."""
    hour = at.hour + at.minute / 60
    return round(max(30 * (1 - ((hour - 12) / 7) ** 2), 0.0), 3)


LAWS = (sun_needs_a_sensor, battery_charges_from_surplus_only, battery_never_exports, sun_is_used_while_there_is_room)
