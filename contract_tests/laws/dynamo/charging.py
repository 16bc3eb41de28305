"""Charge points: connectors that are held for drivers, and commands."""

from __future__ import annotations

from datetime import timedelta

from contract_tests.laws.dynamo.things import Made, free_connectors
from contract_tests.laws.law import NotPlayed, law
from contract_tests.laws.stage import Stage

RESERVE, CANCEL = "POST /reservations", "DELETE /reservations/{reservation_id}"
RESERVATIONS = "GET /reservations"
COMMAND, BULK = "POST /cpo/commands/{charge_point_id}", "POST /cpo/commands/bulk"
HISTORY = "GET /cpo/commands/{charge_point_id}/history"
_TRIES = 10
"""Connectors that are tried until a station lets one be held."""


@law("inferred", "critical", RESERVE)
def connector_is_held_for_one(stage: Stage) -> None:
    """A connector that is reserved cannot be reserved for somebody else: 409."""
    first = _held(stage)
    second = _tried(stage, first.body["charge_point_id"], first.body["connector_id"])
    stage.refuses(second.exchange, (409,), "409: the connector is reserved", "Reservation")


@law("published", "major", CANCEL, RESERVATIONS)
def cancelled_reservation_is_listed_as_such(stage: Stage) -> None:
    """A reservation is listed among the active ones, and among the cancelled ones once it is cancelled."""
    made = _held(stage)
    _listed(stage, made, "active", "cancelled")
    stage.succeeds(made.delete(), "an active reservation can be cancelled", "Reservation")
    _listed(stage, made, "cancelled", "active")


@law("inferred", "minor", CANCEL)
def reservation_is_cancelled_once(stage: Stage) -> None:
    """A reservation that is cancelled cannot be cancelled again, and the connector is free: 409."""
    made = _held(stage)
    reservation = made.body
    stage.succeeds(made.delete(), "an active reservation can be cancelled", "Reservation")
    stage.refuses(made.delete(), (409,), "409: it is not active any more", "Reservation")
    again = _tried(stage, reservation["charge_point_id"], reservation["connector_id"])
    stage.succeeds(again.exchange, "what was held is free again", "Reservation")


@law("inferred", "major", RESERVE)
def reservation_ends_in_the_future(stage: Stage) -> None:
    """A connector cannot be reserved until a time that is past: 422."""
    for charge_point_id, connector_id in free_connectors(stage):
        made = _tried(stage, charge_point_id, connector_id, minutes=-10)
        stage.refuses(made.exchange, (400, 422), "422: expires_at is past", "ReservationInput.expires_at")
        return
    raise NotPlayed("no connector is available")


@law("inferred", "major", COMMAND, HISTORY)
def history_has_what_was_sent(stage: Stage) -> None:
    """The history of a charge point begins with the command that was sent last, as its answer told of it."""
    charge_point_id, connector_id = _free(stage)
    body = _made_available(connector_id)
    sent = [stage.got(COMMAND, body, charge_point_id=charge_point_id) for _ in range(2)]

    def judge() -> None:
        exchange = stage.done(HISTORY, charge_point_id=charge_point_id)
        newest = stage.fitting(exchange)["commands"][:2]
        for expected, came in zip(sent[::-1], [*newest, None, None], strict=False):
            says = f"{expected['command']} {expected['command_id']}: {expected['status']}"
            stage.require(came == expected, exchange, says, str(came), "CpoCommandPage")

    stage.settled(judge)


@law("inferred", "major", BULK, HISTORY)
def bulk_command_reaches_each(stage: Stage) -> None:
    """A command to several charge points has one result for each, in their order, which their histories have, too."""
    ids = [charge_point_id for charge_point_id, connector_id in free_connectors(stage) if connector_id == 1][:3]
    if not ids:
        raise NotPlayed("no connector 1 is available")
    exchange = stage.done(BULK, {**_made_available(1), "charge_point_ids": ids})
    answer = stage.fitting(exchange)
    came = [each["charge_point_id"] for each in answer["results"]]
    stage.require(
        came == ids, exchange, f"a result for each: {', '.join(ids)}", ", ".join(came), "CpoBulkCommandResult"
    )
    done = sum(each["status"] == "Accepted" for each in answer["results"])
    counted = f"{answer['succeeded']} of {answer['total']}"
    stage.require(counted == f"{done} of {len(ids)}", exchange, f"{done} of {len(ids)} succeeded", counted)
    newest = stage.got(HISTORY, query={"limit": 1}, charge_point_id=ids[0])["commands"]
    says = f"the history of {ids[0]} begins with its result"
    stage.require(newest == answer["results"][:1], exchange, says, str(newest), "CpoBulkCommandResult")


def _held(stage: Stage) -> Made:
    """A connector that is reserved, until the law is over; raises NotPlayed where no station will hold one."""
    for (charge_point_id, connector_id), _ in zip(free_connectors(stage), range(_TRIES), strict=False):
        made = _tried(stage, charge_point_id, connector_id)
        if made.exchange.status not in (409, 502, 504):
            return made
        stage.asides.append(stage.exchanges.pop())
    raise NotPlayed("no charge point that is online lets an available connector be reserved")


def _tried(stage: Stage, charge_point_id: str, connector_id: int, minutes: int = 20) -> Made:
    expires_at = (stage.now + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    # OCPP 1.6 takes 20 characters.
    tag = f"GM{stage.run.number()}"
    place = {"charge_point_id": charge_point_id, "connector_id": connector_id}
    return Made(stage, RESERVE, {**place, "expires_at": expires_at, "id_tag": tag}, CANCEL)


def _listed(stage: Stage, made: Made, status: str, other: str) -> None:
    def judge() -> None:
        for asked, is_there in ((status, True), (other, False)):
            exchange = stage.done(RESERVATIONS, query={"status": asked})
            ids = [each["id"] for each in stage.fitting(exchange)["data"]]
            says = f"{made.id} is {'' if is_there else 'not '}among those that are {asked}"
            stage.require((made.id in ids) == is_there, exchange, says, member="Reservation.status")

    stage.settled(judge)


def _free(stage: Stage) -> tuple[str, int]:
    found = next(free_connectors(stage), None)
    if found is None:
        raise NotPlayed("no connector is available")
    return found


def _made_available(connector_id: int) -> dict[str, object]:
    """A command that changes nothing where it is sent to what is available."""
    return {"command": "set_available", "parameters": {"connector_id": connector_id}, "timeout_seconds": 20}


LAWS = (
    connector_is_held_for_one,
    cancelled_reservation_is_listed_as_such,
    reservation_is_cancelled_once,
    reservation_ends_in_the_future,
    history_has_what_was_sent,
    bulk_command_reaches_each,
)
