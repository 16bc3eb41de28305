"""Tag Charge points: what people do to them, and what they are ordered to answer."""

from __future__ import annotations

from mockserver.apis.dynamo.backstage.stations import shown, shown_transaction
from mockserver.apis.dynamo.stations.station import Station
from mockserver.apis.dynamo.wire import Wire
from mockserver.http.exchange import Context
from mockserver.http.ocpp import Order, Payload


async def get_charge_point(ctx: Context, *, charge_point_id: str) -> Wire:
    """One of them."""
    return shown(await Station.of_anybody(ctx, charge_point_id))


async def connect_charge_point(ctx: Context, *, charge_point_id: str) -> Wire:
    """Connect it, or cut it off."""
    station = await Station.of_anybody(ctx, charge_point_id)
    await station.connect(ctx.body["online"])
    return shown(station)


async def put_connector(ctx: Context, *, charge_point_id: str, connector_id: int) -> Wire:
    """Put a connector into a status."""
    station = await Station.of_anybody(ctx, charge_point_id)
    await station.show(station.there(connector_id), ctx.body["status"])
    return shown(station)


async def start_transaction(ctx: Context, *, charge_point_id: str, connector_id: int) -> Wire:
    """A driver arrives."""
    station = await Station.of_anybody(ctx, charge_point_id)
    return shown_transaction(await station.start(station.there(connector_id), ctx.body["id_tag"]))


async def stop_transaction(ctx: Context, *, charge_point_id: str, connector_id: int) -> Wire:
    """The driver leaves."""
    station = await Station.of_anybody(ctx, charge_point_id)
    return shown_transaction(await station.stop(station.there(connector_id)))


async def order_answer(ctx: Context, *, charge_point_id: str) -> Wire:
    """Order the next answers to an action."""
    station, body = await Station.of_anybody(ctx, charge_point_id), ctx.body
    answer: Payload | None = body.get("payload")
    if "error" in body:
        answer = {"errorCode": body["error"]["code"], "errorDescription": body["error"].get("description", "")}
    order = Order(station.id, body["action"], answer, is_error="error" in body, times=body.get("times", 1))
    ctx.runtime.ocpp.orders.append(order)
    return shown(station)


async def clear_answers(ctx: Context, *, charge_point_id: str) -> None:
    """Withdraw the orders."""
    station = await Station.of_anybody(ctx, charge_point_id)
    traffic = ctx.runtime.ocpp
    traffic.orders = [order for order in traffic.orders if order.station != station.id]
