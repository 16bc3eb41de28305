"""Tag CPO commands: what an operator tells charge points, whatever version of OCPP they speak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mockserver.apis.dynamo.registry import resource, to_the_second
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.stations.answer import Answer
from mockserver.apis.dynamo.stations.payloads import Path, check, payload_of, snake_path
from mockserver.apis.dynamo.stations.schedules import DEFAULT, STATION
from mockserver.apis.dynamo.stations.station import Station
from mockserver.apis.dynamo.stations.transactions import number_of
from mockserver.http.errors import ApiError, Unprocessable
from mockserver.http.exchange import Context
from mockserver.http.ocpp import Payload
from mockserver.http.resources import prefixed
from mockserver.store import Value

COMMANDS = resource(
    name="command",
    plural="commands",
    collection="dynamo.cpo_commands",
    members={},
    id_member="command_id",
    id_form=prefixed("cmd_"),
    stamps={"sent_at": True},
)


class _Command(NamedTuple):
    """The action of OCPP 1.6 behind a command: members by the parameters that they come of, and those that are set."""

    action: str
    takes: Mapping[str, str]
    sets: Mapping[str, Any]


def _command(action: str, *parameters: str, takes: Mapping[str, str] | None = None, **sets: Any) -> _Command:
    return _Command(action, {**dict(zip(parameters, parameters, strict=True)), **(takes or {})}, sets)


_COMMANDS: Mapping[str, _Command] = {
    "start_session": _command("RemoteStartTransaction", "connector_id", "id_tag"),
    "stop_session": _command("RemoteStopTransaction", "transaction_id"),
    "set_available": _command("ChangeAvailability", "connector_id", type="Operative"),
    "set_unavailable": _command("ChangeAvailability", "connector_id", type="Inoperative"),
    "soft_reset": _command("Reset", type="Soft"),
    "hard_reset": _command("Reset", type="Hard"),
    "set_power_limit": _command("SetChargingProfile", "connector_id"),
    "clear_power_limit": _command("ClearChargingProfile"),
    "unlock_connector": _command("UnlockConnector", "connector_id"),
    "update_firmware": _command("UpdateFirmware", "retrieve_date", takes={"firmware_url": "location"}),
    "get_diagnostics": _command("GetDiagnostics", takes={"upload_url": "location"}),
    "send_local_list": _command(
        "SendLocalList", "list_version", "local_authorization_list", "update_type", update_type="Full"
    ),
}
_DONE = ("Accepted", "RebootRequired", "Scheduled", "Unlocked")
_FIRST_LIMIT_ID = 1_000_000
"""The profile of the limit of connector n has this id plus n, far from those that clients are likely to choose."""
_WAITS_S = 10


async def send_cpo_command(ctx: Context, *, charge_point_id: str) -> Value:
    """Tell one of them; Conflict when it cannot be told."""
    station = await Station.of(ctx, Caller.of(ctx).org_id, charge_point_id)
    action, payload = await _call(ctx, station)
    answer = await station.call(action, payload)
    if answer.failure == "offline":
        answer.heard()
    return await _noted(ctx, action, answer)


async def send_bulk_cpo_command(ctx: Context) -> Sequence[Value]:
    """Tell all of them, or none when one does not exist or cannot be asked this."""
    stations = [await Station.of(ctx, Caller.of(ctx).org_id, each) for each in ctx.body["charge_point_ids"]]
    calls = [await _call(ctx, station) for station in stations]
    return [
        await _noted(ctx, action, await station.call(action, payload))
        for station, (action, payload) in zip(stations, calls, strict=True)
    ]


async def list_cpo_command_history(ctx: Context, *, charge_point_id: str) -> Sequence[Value]:
    """What was sent, newest first."""
    station = await Station.of(ctx, Caller.of(ctx).org_id, charge_point_id)
    return [*reversed(await COMMANDS.list(ctx, charge_point_id=station.id))]


async def _call(ctx: Context, station: Station) -> tuple[str, Payload]:
    """The action and its payload that the body asks of a station; Unprocessable for what it cannot be asked."""
    name, parameters = ctx.body["command"], ctx.body.get("parameters", {})
    action, takes, sets = _COMMANDS[name]
    taken = {member: parameters[parameter] for parameter, member in takes.items() if parameter in parameters}
    if name == "stop_session":
        taken["transaction_id"] = await _transaction(station, parameters["transaction_id"])
    elif name == "set_power_limit":
        taken["cs_charging_profiles"] = _limit(ctx, parameters)
    elif name == "clear_power_limit":
        taken["id"] = _FIRST_LIMIT_ID + parameters["connector_id"]
    payload = payload_of(action, {**sets, **taken})
    parameter_of = {member: parameter for parameter, member in takes.items()}

    def named(path: Path) -> str:
        first, *rest = snake_path(path).split(".")
        return ".".join(("parameters", parameter_of.get(first, first), *rest))

    check(action, payload, ctx.at, named)
    return action, payload


async def _transaction(station: Station, asked: int | str) -> int:
    number = asked if isinstance(asked, int) else await number_of(station, asked)
    if number is None:
        raise Unprocessable(f"is no transaction of {station.id}: {asked}", "parameters.transaction_id")
    return number


def _limit(ctx: Context, parameters: Value) -> Value:
    """A profile from now on: for each session at a connector, or for the charge point as a whole."""
    number = parameters["connector_id"]
    return {
        "charging_profile_id": _FIRST_LIMIT_ID + number,
        "stack_level": 0,
        "charging_profile_purpose": DEFAULT if number else STATION,
        "charging_profile_kind": "Absolute",
        "charging_schedule": {
            "start_schedule": to_the_second(ctx.at),
            "charging_rate_unit": "W",
            "charging_schedule_period": [{"start_period": 0, "limit": parameters["limit_watts"]}],
        },
    }


async def _noted(ctx: Context, action: str, answer: Answer) -> Value:
    """What became of a command, kept for the history."""
    status, message = _outcome(ctx, action, answer)
    return await COMMANDS.create(
        ctx,
        body={},
        charge_point_id=answer.charge_point_id,
        command=ctx.body["command"],
        status=status,
        response=answer.response,
        response_time_ms=answer.response_time_ms,
        message=message,
    )


def _outcome(ctx: Context, action: str, answer: Answer) -> tuple[str, str | None]:
    """The status, and what went wrong where the station said neither yes nor no."""
    station = answer.charge_point_id
    if answer.failure == "timeout":
        waited_s = ctx.body.get("timeout_seconds", _WAITS_S)
        return "Timeout", f"{station} did not answer within {waited_s} second{'s' if waited_s > 1 else ''}."
    if answer.is_unknown_action:
        return "Error", f"{station} does not know {action}."
    try:
        answer.heard()
    except ApiError as refusal:
        return "Error", refusal.detail
    return "Accepted" if answer.status in _DONE else "Rejected", None
