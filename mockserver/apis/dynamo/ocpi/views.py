"""What partners are shown, one function per schema of the contract. The envelope is that of every answer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from fixtures.chargers import Connector as Plug
from fixtures.days import HOUR_S
from mockserver.apis.dynamo.ocpi.credentials import Credentials
from mockserver.apis.dynamo.ocpi.evses import LiveEvse, Outlet
from mockserver.apis.dynamo.ocpi.offers import Offer
from mockserver.apis.dynamo.ocpi.operator import Operator
from mockserver.apis.dynamo.ocpi.places import Address, Location
from mockserver.apis.dynamo.ocpi.roaming import RoamingSession
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.domain.billing.amounts import total
from mockserver.domain.billing.breakdown import CostBreakdown
from mockserver.domain.billing.tariffs import ComponentType
from mockserver.domain.geography import three_letter_countries
from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion
from mockserver.store import Value

Wire = dict[str, Any]

_STANDARDS: dict[Plug, tuple[str, str]] = {
    "type2_socket": ("IEC_62196_T2", "SOCKET"),
    "type2_cable": ("IEC_62196_T2", "CABLE"),
    "ccs2": ("IEC_62196_T2_COMBO", "CABLE"),
    "chademo": ("CHADEMO", "CABLE"),
}
_POWER_TYPES = {0: "DC", 1: "AC_1_PHASE", 3: "AC_3_PHASE"}
_PHASE_V, _BATTERY_V = 230, 400
_MOST_V, _MOST_A = {"ccs2": 1000, "chademo": 500}, {"ccs2": 500, "chademo": 125}
"""Of direct current, by IEC 62196-3 and CHAdeMO 1.0; full power is meant for 400 V, as far as they allow."""
_CAPABILITIES = ("RFID_READER", "REMOTE_START_STOP_CAPABLE", "RESERVABLE", "UNLOCK_CAPABLE")
_LINE, _NAME, _COMPANY, _TEXT, _UID = 45, 255, 100, 512, 36
"""The longest texts that OCPI has."""


def credentials_envelope(value: Credentials, ctx: Context, expansion: Expansion) -> Wire:
    """CredentialsEnvelope."""
    role = {"role": "CPO", **_party(value.operator), "business_details": _company(value.operator)}
    return {"token": value.token, "url": ctx.url("versions"), "roles": [role]}


def location(value: Location, ctx: Context, expansion: Expansion) -> Wire:
    """Location."""
    return {
        **_party(value.operator),
        "id": value.id,
        "publish": value.is_public,
        **_place(value.site, value.operator),
        "evses": [evse(each, ctx, expansion) for each in value.evses],
        "operator": _company(value.operator),
        **({"opening_times": {"twentyfourseven": True}} if value.is_public else {}),
        "time_zone": value.time_zone,
        "last_updated": to_the_second(value.last_updated),
    }


location_envelope = location


def evse(value: LiveEvse, ctx: Context, expansion: Expansion) -> Wire:
    """Evse."""
    outlet = value.outlet
    return {
        "uid": outlet.uid,
        "evse_id": outlet.evse_id,
        "status": value.status,
        "capabilities": [*_CAPABILITIES],
        "connectors": [connector_envelope((value, plug_id), ctx, expansion) for plug_id, _ in outlet.plugs],
        "physical_reference": str(outlet.number),
        "last_updated": to_the_second(value.last_updated),
    }


evse_envelope = evse


def connector_envelope(value: tuple[LiveEvse, str], ctx: Context, expansion: Expansion) -> Wire:
    """ConnectorEnvelope."""
    live, plug_id = value
    plug, traits = dict(live.outlet.plugs)[plug_id], live.outlet.evse.traits
    wire: Wire = {"id": plug_id, **_kind(live.outlet, plug)}
    if traits.phases:
        wire |= {"max_voltage": _PHASE_V, "max_amperage": traits.power_w // (_PHASE_V * traits.phases)}
    else:
        ampere = min(traits.power_w // _BATTERY_V, _MOST_A[plug])
        wire |= {"max_voltage": _MOST_V[plug], "max_amperage": ampere, "max_electric_power": traits.power_w}
    tariff_ids = [] if live.tariff_id is None else [live.tariff_id]
    return {**wire, "tariff_ids": tariff_ids, "last_updated": to_the_second(live.plugs_updated)}


def tariff(value: Offer, ctx: Context, expansion: Expansion) -> Wire:
    """Tariff."""
    return {
        **_party(value.operator),
        "id": value.id,
        "currency": value.tariff.currency,
        "type": "REGULAR",
        "tariff_alt_text": [{"language": "en", "text": value.text[:_TEXT]}],
        "elements": value.elements,
        "last_updated": to_the_second(value.last_updated),
    }


def session(value: RoamingSession, ctx: Context, expansion: Expansion) -> Wire:
    """Session."""
    bill, outlet = value.session.bill, value.outlet
    return {
        **_session_base(value),
        "kwh": float(bill.energy_kwh),
        "location_id": value.site["site_id"],
        "evse_uid": outlet.uid,
        "connector_id": _plug_used(outlet)[0],
        "charging_periods": [*_periods(value)],
        "total_cost": _cost(bill),
        "status": "ACTIVE" if value.session.ended_at is None else "COMPLETED",
    }


def cdr(value: RoamingSession, ctx: Context, expansion: Expansion) -> Wire:
    """Cdr: the parts of the cost are those before discounts, which the remark names."""
    bill, facts, outlet = value.session.bill, value.session.facts, value.outlet
    plug_id, plug = _plug_used(outlet)
    wire = {
        **_session_base(value),
        "session_id": value.id,
        "cdr_location": {
            "id": value.site["site_id"],
            **_place(value.site, outlet.operator),
            "evse_uid": outlet.uid,
            "evse_id": outlet.evse_id,
            "connector_id": plug_id,
            **{f"connector_{name}": kind for name, kind in _kind(outlet, plug).items()},
        },
        "tariffs": [tariff(each, ctx, expansion) for each in value.offers],
        "charging_periods": [*_periods(value)],
        "total_cost": _cost(bill),
        "total_fixed_cost": _part(bill, ComponentType.FLAT),
        "total_energy": float(bill.energy_kwh),
        "total_energy_cost": _part(bill, ComponentType.ENERGY),
        "total_time": _hours(facts.duration_s),
        "total_time_cost": _part(bill, ComponentType.TIME),
        "total_parking_time": _hours(facts.idle_s),
        "total_parking_cost": _part(bill, ComponentType.PARKING),
    }
    if bill.discounts:
        told = "; ".join(f"-{each.amount} {each.description}" for each in bill.discounts)
        wire["remark"] = f"Discounts without tax: {told}"[:_NAME]
    return wire


def _session_base(value: RoamingSession) -> Wire:
    """SessionBase."""
    began, ended_at = value.session, value.session.ended_at
    issuer = value.issuer
    return {
        **_party(value.outlet.operator),
        "id": value.id,
        "start_date_time": to_the_second(began.started_at),
        **({} if ended_at is None else {"end_date_time": to_the_second(ended_at)}),
        "cdr_token": {
            **issuer,
            "uid": began.id_tag[:_UID],
            "type": "RFID",
            "contract_id": f"{issuer['country_code']}-{issuer['party_id']}-C{began.id_tag}"[:_UID],
        },
        "auth_method": "WHITELIST",
        "currency": began.bill.currency,
        "last_updated": to_the_second(value.last_updated),
    }


def _periods(value: RoamingSession) -> Iterator[Wire]:
    """Until it charged no more, and from then on."""
    facts, offers = value.session.facts, value.offers
    tariff_id = {"tariff_id": offers[0].id} if offers else {}
    charging = [
        _dimension("ENERGY", float(facts.energy_kwh)),
        _dimension("TIME", _hours(facts.duration_s - facts.idle_s)),
    ]
    yield {"start_date_time": to_the_second(facts.started_at), "dimensions": charging, **tariff_id}
    if facts.idle_s:
        since: datetime = facts.until - timedelta(seconds=facts.idle_s)
        parking = [_dimension("PARKING_TIME", _hours(facts.idle_s))]
        yield {"start_date_time": to_the_second(since), "dimensions": parking, **tariff_id}


def _dimension(kind: str, volume: float) -> Wire:
    return {"type": kind, "volume": volume}


def _cost(bill: CostBreakdown) -> Wire:
    return {"excl_vat": float(bill.subtotal - bill.discount_total), "incl_vat": float(bill.total_cost)}


def _part(bill: CostBreakdown, kind: ComponentType) -> Wire:
    """Of which the tax is not told: it is rounded once, on the whole."""
    return {"excl_vat": float(total(line.amount for line in bill.components if line.type is kind))}


def _hours(seconds: int) -> float:
    return float(round(Decimal(seconds) / HOUR_S, 4))


def _place(site: Value, operator: Operator) -> Wire:
    street, city, country_code = Address.read(site["address"], operator.country_code)
    return {
        "name": site["name"][:_NAME],
        "address": street[:_LINE],
        "city": city[:_LINE],
        "country": three_letter_countries()[country_code],
        "coordinates": {"latitude": f"{site['lat']:.5f}", "longitude": f"{site['lng']:.5f}"},
    }


def _plug_used(outlet: Outlet) -> tuple[str, Plug]:
    """The first: stations do not say which of several it was."""
    return outlet.plugs[0]


def _kind(outlet: Outlet, plug: Plug) -> Wire:
    standard, form = _STANDARDS[plug]
    return {"standard": standard, "format": form, "power_type": _POWER_TYPES[outlet.evse.traits.phases]}


def _party(operator: Operator) -> Wire:
    return {"country_code": operator.country_code, "party_id": operator.party_id}


def _company(operator: Operator) -> Wire:
    website = {"website": operator.website} if operator.website else {}
    return {"name": operator.name[:_COMPANY], **website}
