"""Tag OCPP 1.6 commands: one handler for each action, all of them made by `_command`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.stations.answer import mismatch
from mockserver.apis.dynamo.stations.payloads import Naming, check, payload_of, snake_path
from mockserver.apis.dynamo.stations.station import Station
from mockserver.apis.dynamo.stations.transactions import Active, active
from mockserver.http.exchange import Context
from mockserver.http.ocpp import Payload
from mockserver.store import Value

STATUSES = (
    *("Accepted", "Rejected", "NotImplemented", "NotSupported", "Scheduled", "RebootRequired", "Unlocked"),
    *("UnlockFailed", "Occupied", "Faulted", "Unavailable", "Failed", "VersionMismatch", "Unknown"),
    *("UnknownMessageId", "UnknownVendorId"),
)
"""All that stations may say: what people have ordered one to answer may be anything."""


def _command(action: str) -> Callable[[Context], Awaitable[Value]]:
    """The handler that sends an action, of which the members are those of the body."""

    async def send(ctx: Context) -> Value:
        return await _send(ctx, action, payload_of(action, ctx.body), snake_path)

    return send


ocpp16_cancel_reservation = _command("CancelReservation")
ocpp16_change_availability = _command("ChangeAvailability")
ocpp16_change_configuration = _command("ChangeConfiguration")
ocpp16_clear_cache = _command("ClearCache")
ocpp16_clear_charging_profile = _command("ClearChargingProfile")
ocpp16_data_transfer = _command("DataTransfer")
ocpp16_get_composite_schedule = _command("GetCompositeSchedule")
ocpp16_get_configuration = _command("GetConfiguration")
ocpp16_get_diagnostics = _command("GetDiagnostics")
ocpp16_get_local_list_version = _command("GetLocalListVersion")
ocpp16_remote_start_transaction = _command("RemoteStartTransaction")
ocpp16_remote_stop_transaction = _command("RemoteStopTransaction")
ocpp16_reserve_now = _command("ReserveNow")
ocpp16_reset = _command("Reset")
ocpp16_send_local_list = _command("SendLocalList")
ocpp16_set_charging_profile = _command("SetChargingProfile")
ocpp16_trigger_message = _command("TriggerMessage")
ocpp16_unlock_connector = _command("UnlockConnector")
ocpp16_update_firmware = _command("UpdateFirmware")


async def send_ocpp16_command(ctx: Context) -> Value:
    """Send any action, with its payload as OCPP writes it."""
    return await _send(ctx, ctx.body["command"], ctx.body["payload"], lambda path: ".".join(("payload", *path)))


async def list_active_transactions(ctx: Context, *, charge_point_id: str | None) -> Sequence[Active]:
    """Those that run, last started first."""
    stations = await Station.all(ctx, Caller.of(ctx).org_id)
    asked = [each for each in stations if each.version == "1.6" and charge_point_id in (None, each.id)]
    found = [transaction for station in asked for transaction in await active(station)]
    return sorted(found, key=lambda transaction: transaction.started_at, reverse=True)


async def _send(ctx: Context, action: str, payload: Payload, named: Naming) -> Value:
    station = await Station.of(ctx, Caller.of(ctx).org_id, ctx.body["charge_point_id"])
    if station.version != "1.6":
        raise mismatch(station.id, station.version, "; /cpo/commands takes both")
    check(action, payload, ctx.at, named)
    answer = (await station.call(action, payload)).heard()
    if answer.status not in STATUSES:
        raise answer.refused()
    return {
        "charge_point_id": station.id,
        "command": action,
        "status": answer.status,
        "response": answer.response,
        "sent_at": to_the_second(ctx.at),
        "response_time_ms": answer.response_time_ms,
    }
