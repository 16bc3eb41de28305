"""Charge points of an organization: announced, linked to the Stekker account, and let go again.

nothing --announced with a code, or linked by itself--> linked --unpaired--> nothing
   `--announced without a code--> awaiting_link --linked in the app--^
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypedDict, cast

from mockserver.apis.stekker.charging.organizations import Organization, pairing_codes
from mockserver.clock import timestamp
from mockserver.http.errors import Conflict, NotFound, Unprocessable
from mockserver.http.exchange import Context

LINKED, AWAITING = "linked", "awaiting_link"
DEFAULT_POWER_W = 3_680
"""16 A in one phase: fact sheet of the Stekker API, 4.4."""
_PHASES = {"AC_1_PHASE": 1, "AC_2_PHASE": 2, "AC_2_PHASE_SPLIT": 2, "AC_3_PHASE": 3, "DC": 1}
_POSITION = re.compile(r"\s*(-?[0-9]+(?:\.[0-9]+)?)\s*,\s*(-?[0-9]+(?:\.[0-9]+)?)\s*")


class Connector(TypedDict):
    """What is known of a connector: its status, since when (Unix microseconds), its own power, its active session."""

    status: str | None
    error_code: str | None
    status_us: int | None
    max_power_w: int | None
    phases: int | None
    session: str | None


class ChargePoint(TypedDict):
    """A charge point as it was announced; connectors by the text of their id."""

    charge_point_id: str
    state: str
    evse_id: str | None
    ocpp_identity: str | None
    geometry: dict[str, float] | None
    max_power_w: int
    phases: int
    paired_at: str
    connectors: dict[str, Connector]


async def find(organization: Organization, charge_point_id: str) -> ChargePoint | None:
    """The charge point, linked or not; None when it was never announced, or unpaired since."""
    return cast("ChargePoint | None", await organization.charge_points.get(charge_point_id))


async def linked(organization: Organization, charge_point_id: str) -> ChargePoint:
    """The linked charge point; NotFound, saying what to do, when there is none."""
    charge_point = await find(organization, charge_point_id)
    if charge_point is None:
        raise NotFound(f"Charge point {charge_point_id[:80]!r} is not paired. Pair it with PUT /events first.")
    if charge_point["state"] != LINKED:
        raise NotFound(f"Charge point {charge_point_id[:80]!r} is not paired: its user has yet to link it in the app.")
    return charge_point


async def save(organization: Organization, charge_point: ChargePoint) -> None:
    """Store a changed charge point."""
    await organization.charge_points.put(charge_point["charge_point_id"], charge_point)


def connector_of(charge_point: ChargePoint, connector_id: int) -> Connector:
    """The connector, which comes into being by being talked about."""
    return charge_point["connectors"].setdefault(str(connector_id), _connector())


async def announce(ctx: Context, organization: Organization, body: Mapping[str, Any]) -> ChargePoint:
    """Take a ChargePointDetailsNotification: a new charge point, or new details of a known one.

    Unprocessable for an unknown pairing code or a position that is none, Conflict for a code that was used before.
    """
    charge_point_id = str(body["chargePointId"])
    before = await find(organization, charge_point_id)
    code = body.get("pairingCode")
    is_linked = before is not None and before["state"] == LINKED
    if code is not None:
        await _redeem(organization, code, charge_point_id)
        is_linked = True
    power_w, phases = _power(body)
    charge_point: ChargePoint = {
        "charge_point_id": charge_point_id,
        "state": LINKED if is_linked or (await organization.settings())["auto_link"] else AWAITING,
        "evse_id": body.get("evseId"),
        "ocpp_identity": body.get("ocppIdentity"),
        "geometry": _position(body.get("geometry")),
        "max_power_w": power_w or DEFAULT_POWER_W,
        "phases": phases,
        "paired_at": before["paired_at"] if before else timestamp(ctx.at),
        "connectors": before["connectors"] if before else {},
    }
    for connector in charge_point["connectors"].values():
        connector.update({"max_power_w": None, "phases": None})  # the newest details are all there is
    for each in body.get("connectors", ()):
        inherited = ("powerType",) if "maxPower" in each else _ELECTRICAL
        power_w, phases = _power({**{name: body[name] for name in inherited if name in body}, **each})
        connector_of(charge_point, each["connectorId"]).update({"max_power_w": power_w, "phases": phases})
    await save(organization, charge_point)
    return charge_point


async def link(organization: Organization, charge_point_id: str) -> ChargePoint:
    """What the user does in the app; NotFound for one that was not announced, Conflict for one that is linked."""
    charge_point = await find(organization, charge_point_id)
    if charge_point is None:
        raise NotFound(f"There is no charge point {charge_point_id[:80]!r}.")
    if charge_point["state"] == LINKED:
        raise Conflict(f"Charge point {charge_point_id[:80]!r} is linked already.")
    charge_point["state"] = LINKED
    await save(organization, charge_point)
    return charge_point


async def remove(organization: Organization, charge_point_id: str) -> None:
    """Let a charge point go. The codes that it came by are spent: they are its organization's, and nothing's."""
    await organization.charge_points.delete(charge_point_id)
    codes = pairing_codes(organization.runtime)
    for row in await codes.list():
        if (row["organization_id"], row["charge_point_id"]) == (organization.id, charge_point_id):
            await codes.put(row["pairing_code"], {**row, "charge_point_id": None})


async def _redeem(organization: Organization, code: str, charge_point_id: str) -> None:
    codes = pairing_codes(organization.runtime)
    row = await codes.get(code)
    if row is None:
        raise Unprocessable(
            "is not a code that the app has shown; POST /_mock/stekker/pairing-codes makes one", "pairingCode"
        )
    owner = (row["organization_id"], row["charge_point_id"])
    if owner not in ((None, None), (organization.id, charge_point_id)):
        raise Conflict(f"{code} has been used; pairing again needs a fresh one", field="pairingCode")
    await codes.put(code, {**row, "organization_id": organization.id, "charge_point_id": charge_point_id})


_ELECTRICAL = ("powerType", "maxVoltage", "maxAmperage", "maxPower")


def _power(details: Mapping[str, Any]) -> tuple[int | None, int]:
    """Maximum power in W, None where nothing tells it, and phases.

    Volts times amperes times phases goes before a power that is given: fact sheet of the Stekker API, 4.4.
    """
    phases = _PHASES[details["powerType"]] if details.get("powerType") else 1
    volts, amperes = details.get("maxVoltage"), details.get("maxAmperage")
    if volts is not None and amperes is not None:
        return max(round(volts * amperes * phases), 1), phases
    power_w = details.get("maxPower")
    return (None if power_w is None else max(round(power_w), 1)), phases


def _position(geometry: Any) -> dict[str, float] | None:
    """`"<latitude>,<longitude>"` or a GeoJSON Point, whose order is the other; Unprocessable for anything else."""
    if geometry is None:
        return None
    if isinstance(geometry, str):
        found = _POSITION.fullmatch(geometry)
        latitude, longitude = map(float, found.groups()) if found else (91.0, 0.0)
    else:
        longitude, latitude = geometry["coordinates"][:2]
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Unprocessable('is not "<latitude>,<longitude>" in decimal degrees, nor a GeoJSON Point', "geometry")
    return {"latitude": float(latitude), "longitude": float(longitude)}


def _connector() -> Connector:
    return {"status": None, "error_code": None, "status_us": None, "max_power_w": None, "phases": None, "session": None}
