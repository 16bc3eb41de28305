"""How a station takes charging profiles: OCPP 1.6 part 1, 5.5, 5.7 and 5.16."""

from __future__ import annotations

from typing import Any

from fixtures.days import DAY_S, utc
from mockserver.apis.dynamo.stations.schedules import (
    DEFAULT,
    PURPOSES,
    STATION,
    TRANSACTION,
    Outlet,
    Profile,
    composite,
    problem,
)
from mockserver.apis.dynamo.stations.state import Answer, CallError, State, addressed, said
from mockserver.clock import timestamp
from mockserver.http.ocpp import Payload

_LONGEST_SCHEDULE_S = DAY_S
"""Own choice: as far as a small controller looks ahead."""


def check(profile: Profile) -> None:
    """CallError for what is no profile."""
    if (wrong := problem(profile)) is not None:
        raise CallError("PropertyConstraintViolation", wrong)


def set_charging_profile(state: State, payload: Payload) -> Answer:
    """5.16; a profile takes the place of one with the same id, or of the same level and purpose (3.13.2)."""
    number, profile = payload["connectorId"], payload["csChargingProfiles"]
    check(profile)
    purpose, connector = profile["chargingProfilePurpose"], state.connectors.get(number)
    is_fitting = {
        STATION: number == 0,
        DEFAULT: number == 0 or connector is not None,
        TRANSACTION: connector is not None and state.transactions(connector) is not None,
    }
    if not is_fitting.get(purpose, False):
        return said("Rejected")
    place = (number, purpose, profile["stackLevel"])
    state.profiles = [
        each
        for each in state.profiles
        if (old := each["csChargingProfiles"])["chargingProfileId"] != profile["chargingProfileId"]
        and (each["connectorId"], old["chargingProfilePurpose"], old["stackLevel"]) != place
    ]
    state.profiles = [*state.profiles, {"connectorId": number, "csChargingProfiles": profile}]
    return said("Accepted")


def clear_charging_profile(state: State, payload: Payload) -> Answer:
    """5.5; each member that is sent narrows down what goes, and an id alone says it all."""

    def fits(each: dict[str, Any]) -> bool:
        profile = each["csChargingProfiles"]
        if payload.get("id") is not None:
            return bool(profile.get("chargingProfileId") == payload["id"])
        found = {**profile, "connectorId": each["connectorId"]}
        wanted = ("connectorId", "chargingProfilePurpose", "stackLevel")
        return all(payload.get(name) is None or found.get(name) == payload[name] for name in wanted)

    kept = [each for each in state.profiles if not fits(each)]
    is_some = len(kept) < len(state.profiles)
    state.profiles = kept
    return said("Accepted" if is_some else "Unknown")


def get_composite_schedule(state: State, payload: Payload) -> Answer:
    """5.7; at most a day ahead. The station as a whole has the power of all its connectors."""
    number, unit = payload["connectorId"], payload.get("chargingRateUnit", "W")
    connectors = addressed(state, number)
    duration_s = min(payload["duration"], _LONGEST_SCHEDULE_S)
    if not connectors or duration_s <= 0 or unit not in ("A", "W"):
        return said("Rejected")
    outlets = [state.outlets[each.number] for each in connectors]
    outlet = Outlet(sum(each.power_w for each in outlets), outlets[0].phases)
    schedule = {
        "duration": duration_s,
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": composite(_profiles(state, number), outlet, state.at_s, duration_s, unit),
    }
    start = timestamp(utc(state.at_s))
    return {"status": "Accepted", "connectorId": number, "scheduleStart": start, "chargingSchedule": schedule}


def limit_w(state: State, number: int) -> float:
    """What a connector may give now."""
    ((_, limit),) = limits_w(state, number, 1)
    return limit


def limits_w(state: State, number: int, duration_s: int) -> list[tuple[int, float]]:
    """What a connector may give from now on for so long, each limit with the second from which it holds."""
    periods = composite(_profiles(state, number), state.outlets[number], state.at_s, duration_s, "W")
    return [(state.at_s + each["startPeriod"], float(each["limit"])) for each in periods]


def _profiles(state: State, number: int) -> list[Profile]:
    """Those that count for a connector; of the station as a whole for 0."""
    purposes = {STATION} if number == 0 else {*PURPOSES}
    return [
        each["csChargingProfiles"]
        for each in state.profiles
        if each["connectorId"] in (0, number) and each["csChargingProfiles"]["chargingProfilePurpose"] in purposes
    ]
