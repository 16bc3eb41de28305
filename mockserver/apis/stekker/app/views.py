"""What the demo app shows, in the form of its contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fixtures.days import utc, utc_of_us
from mockserver.apis.stekker.charging import sessions
from mockserver.apis.stekker.charging.charge_points import ChargePoint
from mockserver.apis.stekker.charging.organizations import Settings
from mockserver.apis.stekker.charging.sessions import Session
from mockserver.apis.stekker.charging.sites import Load
from mockserver.clock import timestamp
from mockserver.domain.smart_charging import Wishes
from mockserver.http.accounts import Application
from mockserver.http.journal import MASK

Wire = dict[str, Any]


def organization(application: Application, settings: Settings) -> Wire:
    """Organization, with its key masked."""
    return {
        "organization_id": application.client_id,
        "name": application.name,
        **settings,
        "callback_api_key": None if settings["callback_api_key"] is None else MASK,
    }


def charge_point(found: ChargePoint, active: Iterable[Session]) -> Wire:
    """ChargePoint, with the sessions that go on there."""
    session_ids = {each["connector_id"]: each["session_id"] for each in active}
    connectors = sorted((int(text), connector) for text, connector in found["connectors"].items())
    return {
        **found,
        "connectors": [
            {
                "connector_id": connector_id,
                "status": connector["status"],
                "error_code": connector["error_code"],
                "status_at": _instant(connector["status_us"]),
                "max_power_w": connector["max_power_w"] or found["max_power_w"],
                "session_id": session_ids.get(connector_id),
            }
            for connector_id, connector in connectors
        ],
    }


def site(found: Mapping[str, Any], load: Load | None) -> Wire:
    """Site, with the load that its sensors saw last."""
    return {
        **found,
        "load_w": None if load is None else load.power_w,
        "load_at": _instant(None if load is None else load.at_us),
    }


def id_tag(text: str, found: Wishes) -> Wire:
    """IdTag."""
    return {
        "id_tag": text,
        "battery_wh": found.battery_wh,
        "arrival_soc_percent": found.arrival_soc_percent,
        "direct_percent": found.direct_percent,
        "target_percent": found.target_percent,
        "departure_time": found.departure.strftime("%H:%M"),
    }


def session(found: Session) -> Wire:
    """Session."""
    plan, ended_at = found["plan"], sessions.ended_at(found)
    return {
        "session_id": found["session_id"],
        "charge_point_id": found["charge_point_id"],
        "connector_id": found["connector_id"],
        "transaction_id": found["transaction_id"],
        "id_tag": found["id_tag"],
        "state": sessions.state(found),
        "started_at": timestamp(sessions.started_at(found)),
        "ended_at": None if ended_at is None else timestamp(ended_at),
        "meter_start_wh": found["meter_start_wh"],
        "meter_last_wh": found["meter_last_wh"],
        "energy_wh": round(sessions.energy_wh(found), 3),
        "meter_values_count": found["meter_values_count"],
        "max_power_w": found["max_power_w"],
        "soc_percent": found["soc_percent"],
        "target_energy_wh": round(sessions.energy_wh(found) + sessions.remaining_wh(found), 3),
        "departure_at": timestamp(utc(found["departure_s"])),
        "plan": None
        if plan is None
        else {
            "planned_at": timestamp(utc(plan["periods"][0][0])),
            "periods": [
                {"starts_at": timestamp(utc(start_s)), "limit_w": limit_w} for start_s, limit_w in plan["periods"]
            ],
        },
    }


def _instant(at_us: int | None) -> str | None:
    return None if at_us is None else timestamp(utc_of_us(at_us))
