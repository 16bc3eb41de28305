"""Tag Events: what charge points and sensors say, and how charge points come and go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from fixtures.days import unix_us, utc_of_us
from mockserver import ids
from mockserver.apis.stekker.charging import charge_points, planning, sessions, sites
from mockserver.apis.stekker.charging.charge_points import LINKED, ChargePoint
from mockserver.apis.stekker.charging.organizations import Organization, calling
from mockserver.apis.stekker.charging.samples import BEYOND, samples
from mockserver.apis.stekker.charging.sessions import Session
from mockserver.apis.stekker.moments import moment
from mockserver.clock import timestamp
from mockserver.http.errors import ApiError, MalformedRequest, NotFound, Unprocessable
from mockserver.http.exchange import Context

Receipt = dict[str, Any]

_PUT = ("ChargePointDetailsNotification", "ChargePointUnPairNotification")
_UNITS = {"power": "kW", "current": "A", "voltage": "V"}
_NO_TRANSACTION = "is missing: only the answer to StartTransaction tells it"


def explain(operation_id: str, body: Any) -> ApiError | None:
    """Name the likely mistakes in choosing the method and the kind of event."""
    event = body.get("event") if isinstance(body, dict) else None
    if operation_id == "post-event":
        if event in _PUT:
            return Unprocessable(f"{event} is sent by PUT, not by POST", "event")
        if isinstance(body, dict) and "notification" not in body and event != "MeasurementValues":
            return MalformedRequest("Which event is it? Send notification: OcppEvent, or event: MeasurementValues.")
        if isinstance(event, dict) and event.get("method") == "StartTransaction":
            response = event.get("response")
            if isinstance(response, dict) and response.get("transactionId") is None:
                return Unprocessable(_NO_TRANSACTION, "event.response.transactionId")
    elif operation_id == "put-event":
        if event == "MeasurementValues" or (isinstance(body, dict) and body.get("notification") == "OcppEvent"):
            return Unprocessable(f"this is sent by POST; PUT takes {' and '.join(_PUT)}", "event")
        if isinstance(body, dict) and "event" not in body:
            return MalformedRequest(f"Which event is it? Send event: {' or '.join(_PUT)}.")
    return None


async def post_event(ctx: Context) -> Receipt:
    """Take an OCPP event or measurements of a sensor."""
    organization, body = calling(ctx), ctx.body
    if body.get("event") == "MeasurementValues":
        return await _measure(ctx, organization, body)
    charge_point = await charge_points.linked(organization, str(body["chargePointId"]))
    call = body["event"]
    handler = _METHODS.get(call["method"])
    if handler is None:
        return _receipt(ctx, charge_point, status="ignored", message=f"{call['method']} is not used.")
    return await handler(ctx, organization, charge_point, call["params"])


async def put_event(ctx: Context) -> Receipt:
    """Pair or unpair a charge point."""
    organization, body = calling(ctx), ctx.body
    if body["event"] == "ChargePointUnPairNotification":
        return await _unpair(ctx, organization, str(body["chargePointId"]))
    charge_point = await charge_points.announce(ctx, organization, body)
    message = None
    if charge_point["state"] != LINKED:
        message = "The charge point awaits its link: its user has to accept it in the app."
    return _receipt(ctx, charge_point, max_power_w=charge_point["max_power_w"], message=message)


async def _unpair(ctx: Context, organization: Organization, charge_point_id: str) -> Receipt:
    charge_point = await charge_points.find(organization, charge_point_id)
    if charge_point is None:
        raise NotFound(f"Charge point {charge_point_id[:80]!r} is not paired.")
    site = await sites.site_of(organization, charge_point_id)
    stopped = await planning.active_sessions(organization, [charge_point_id])
    for session in stopped:
        await sessions.stop_unpaired(organization, charge_point, session, unix_us(ctx.at))
    await charge_points.remove(organization, charge_point_id)
    if site is not None:
        _push(ctx, await planning.replan_site(organization, site, ctx.at))
    _silence(ctx, organization, *stopped)
    return _receipt(ctx, charge_point)


async def _status(
    ctx: Context, organization: Organization, charge_point: ChargePoint, params: Mapping[str, Any]
) -> Receipt:
    connector = charge_points.connector_of(charge_point, params["connectorId"])
    status, before = (params["status"], params["errorCode"]), (connector["status"], connector["error_code"])
    if "timestamp" in params:
        at_us = unix_us(_at(params, "timestamp"))
        is_news = connector["status_us"] is None or connector["status_us"] <= at_us  # a queued one may come late
    else:
        at_us, is_news = unix_us(ctx.at), status != before
    if is_news:
        connector.update({"status": status[0], "error_code": status[1], "status_us": at_us})
        await charge_points.save(organization, charge_point)
    return _receipt(ctx, charge_point)


async def _start(
    ctx: Context, organization: Organization, charge_point: ChargePoint, params: Mapping[str, Any]
) -> Receipt:
    response = _response(ctx.body)
    transaction_id = response.get("transactionId")
    if transaction_id is None:
        raise Unprocessable(_NO_TRANSACTION, "response.transactionId")
    if "idTagInfo" not in response:
        raise Unprocessable("is missing", "response.idTagInfo.status")
    status = response["idTagInfo"]["status"]
    if status != "Accepted":
        return _receipt(ctx, charge_point, status="ignored", message=f"The id tag is {status}: no session.")
    at = _at(params, "timestamp")
    charge_point_id, connector_id = charge_point["charge_point_id"], params["connectorId"]
    known = await sessions.find(organization, charge_point_id, transaction_id)
    if known is not None:
        same = (connector_id, params["idTag"], unix_us(at), params["meterStart"])
        if same != (known["connector_id"], known["id_tag"], known["started_us"], known["meter_start_wh"]):
            raise Unprocessable(
                f"transaction {transaction_id} of this charge point began otherwise", "response.transactionId"
            )
        return _receipt(ctx, charge_point, known)
    replaced: list[Session] = []
    running = charge_points.connector_of(charge_point, connector_id)["session"]
    if running is not None:
        before = await sessions.by_key(organization, running)
        await sessions.end(organization, charge_point, before, before["meter_last_us"], before["meter_last_wh"])
        replaced.append(before)
    session = await sessions.begin(
        organization,
        charge_point,
        connector_id=connector_id,
        transaction_id=transaction_id,
        id_tag=params["idTag"],
        at=at,
        meter_start_wh=params["meterStart"],
    )
    await charge_points.save(organization, charge_point)
    await sessions.save(organization, session)
    _push(ctx, await planning.replan(organization, session, at))
    area = await organization.market()
    ctx.after_commit(lambda: planning.await_prices(organization, area))
    _silence(ctx, organization, *replaced)
    return _receipt(ctx, charge_point, session)


async def _meter_values(
    ctx: Context, organization: Organization, charge_point: ChargePoint, params: Mapping[str, Any]
) -> Receipt:
    found = [*samples(params["meterValue"], "event.params.meterValue")]
    if params.get("transactionId") is None:
        return _receipt(ctx, charge_point, message="Without transactionId the values belong to no session.")
    session = await _session(organization, charge_point, params["transactionId"])
    if session["ended_us"] is not None:
        return _receipt(ctx, charge_point, session, message="The session has ended; late values change nothing.")
    before, problem = session.copy(), None
    before["readings"] = {**session["readings"]}
    for sample in found:
        problem = sessions.take_in(session, sample) or problem
    if session == before:
        return _receipt(ctx, charge_point, session, message=problem and f"Nothing is used: {problem}.")
    session["meter_values_count"] += 1
    planning.learn(session, before["meter_last_us"], before["meter_last_wh"])
    at = utc_of_us(max(session["meter_last_us"], session["soc_us"]))
    if planning.is_off(session, await organization.market(), ctx.at, at):
        _push(ctx, await planning.replan(organization, session, at))
    else:
        await sessions.save(organization, session)
    return _receipt(ctx, charge_point, session, message=problem and f"Not all is used: {problem}.")


async def _stop(
    ctx: Context, organization: Organization, charge_point: ChargePoint, params: Mapping[str, Any]
) -> Receipt:
    session = await _session(organization, charge_point, params["transactionId"])
    at, meter_stop_wh = _at(params, "timestamp"), params["meterStop"]
    if session["ended_us"] is not None:
        if (session["ended_us"], session["meter_last_wh"]) != (unix_us(at), meter_stop_wh):
            raise Unprocessable(
                f"transaction {params['transactionId']} has ended otherwise", "event.params.transactionId"
            )
        return _receipt(ctx, charge_point, session)
    if meter_stop_wh < session["meter_start_wh"]:
        raise Unprocessable(
            f"{meter_stop_wh} Wh is less than meterStart, {session['meter_start_wh']:g} Wh", "event.params.meterStop"
        )
    if unix_us(at) < session["started_us"]:
        raise Unprocessable(f"is before the start, {timestamp(sessions.started_at(session))}", "event.params.timestamp")
    if unix_us(at) - session["started_us"] > sessions.LONGEST_US:
        raise Unprocessable(f"is more than {sessions.LONGEST_DAYS} days after the start", "event.params.timestamp")
    for sample in samples(params.get("transactionData", ()), "event.params.transactionData"):
        sessions.take_in(session, sample)
    await sessions.end(organization, charge_point, session, unix_us(at), meter_stop_wh)
    await charge_points.save(organization, charge_point)
    site = await sites.site_of(organization, charge_point["charge_point_id"])
    if site is not None:
        _push(ctx, await planning.replan_site(organization, site, at, session))
    _silence(ctx, organization, session)
    return _receipt(ctx, charge_point, session)


async def _measure(ctx: Context, organization: Organization, body: Mapping[str, Any]) -> Receipt:
    sensor_id = body["sensorId"]
    sensor = await organization.sensors.get(sensor_id) or {"sensor_id": sensor_id, "values": {}}
    latest = None
    for index, measured in enumerate(body["values"]):
        field, name = f"values.{index}", measured["name"]
        unit = next(unit for quantity, unit in _UNITS.items() if quantity in name)
        if measured["unit"] != unit:
            raise Unprocessable(f"{name} is in {unit}, not in {measured['unit']}", f"{field}.unit")
        if not abs(measured["value"]) < BEYOND:
            raise Unprocessable(f"{measured['value']:g} {unit} is more than there is", f"{field}.value")
        at = moment(measured["timestamp"], f"{field}.timestamp")
        value, known = [unix_us(at), measured["value"]], sensor["values"].get(name)
        if known is None or (known[0] <= value[0] and known != value):
            sensor["values"][name], latest = value, max(at, latest or at)
    await organization.sensors.put(sensor_id, sensor)
    for site in await organization.sites.list() if latest is not None else ():
        if sensor_id in site["sensor_ids"]:
            _push(ctx, await planning.fit_site(organization, site, latest or ctx.at))
    return _receipt(ctx, None)


_METHODS = {
    "StatusNotification": _status,
    "StartTransaction": _start,
    "MeterValues": _meter_values,
    "StopTransaction": _stop,
}


async def _session(organization: Organization, charge_point: ChargePoint, transaction_id: int) -> Session:
    session = await sessions.find(organization, charge_point["charge_point_id"], transaction_id)
    if session is None:
        raise Unprocessable(
            f"{transaction_id} is no transaction of this charge point; StartTransaction begins one",
            "event.params.transactionId",
        )
    return session


def _response(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer to the OCPP call, inside `event` or beside it; the one inside wins."""
    inside = body["event"].get("response")
    response: Mapping[str, Any] = body.get("response", {}) if inside is None else inside
    return response


def _at(params: Mapping[str, Any], name: str) -> datetime:
    return moment(params[name], f"event.params.{name}")


def _push(ctx: Context, pushes: list[planning.Push]) -> None:
    ctx.after_commit(lambda: planning.send(ctx.runtime, pushes))


def _silence(ctx: Context, organization: Organization, *ended: Session) -> None:
    """Nothing is pushed for sessions that are over, once their end has been answered.

    It comes after pushes: breaking off what is on its way takes a moment, in which another request may plan anew, or
    end, the sessions that the pushes are about.
    """
    for session in ended:
        ctx.after_commit(partial(ctx.runtime.outbox.close, planning.lane_of(organization, session)))


def _receipt(
    ctx: Context,
    charge_point: ChargePoint | None,
    session: Session | None = None,
    *,
    status: str = "accepted",
    max_power_w: int | None = None,
    message: str | None = None,
) -> Receipt:
    """EventReceipt; the same event of the same organization has the same id whenever it is sent."""
    said = orjson.dumps(ctx.body, option=orjson.OPT_SORT_KEYS).decode()
    client_id = ctx.principal.client_id if ctx.principal else ""
    return {
        "status": status,
        "event_id": ids.uuid(ctx.world.seed, "stekker event", client_id, said),
        "received_at": timestamp(ctx.at),
        "charge_point_id": charge_point["charge_point_id"] if charge_point else None,
        "session_id": session["session_id"] if session else None,
        "max_power_w": max_power_w,
        "message": message,
    }
