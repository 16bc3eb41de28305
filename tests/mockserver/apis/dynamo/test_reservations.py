"""Reservations: what stations say decides, and the clock and the driver's tag end them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from mockserver.apis.dynamo.seed_reservations import daily_reservations
from mockserver.apis.dynamo.stations.registry import RESERVATION
from mockserver.clock import timestamp
from tests.asgi import Client
from tests.mock import NOON
from tests.mockserver.apis.dynamo.steps import NOBODY, Office, Wire, refused, said, send

POINT, NEIGHBOUR, THEIRS = "london-hub-001", "london-hub-002", "utrecht-street-009"
"""Free at noon; the one of the other organization speaks OCPP 2.0.1."""
BUSY, OFFLINE = "amsterdam-office-001", "london-hub-005"
"""A vehicle of the world charges at connector 1; the world has an outage."""
CARD, OTHER = "04A1B2C3D4E580", "04FFFFFFFFFFFF"
ADDRESS = "daan.visser@rijwijzer.example"
HOUR = timedelta(hours=1)


def body(**changes: Any) -> dict[str, Any]:
    made = {"charge_point_id": POINT, "connector_id": 1, "expires_at": timestamp(NOON + HOUR), "id_tag": CARD}
    return {**made, **changes}


def reserve(office: Office, by: Client | None = None, **changes: Any) -> Any:
    return send(by or office.key, "POST", "/reservations", body(**changes))


def cancel(office: Office, reservation: Wire, by: Client | None = None) -> Any:
    return send(by or office.key, "DELETE", f"/reservations/{reservation['id']}")


def listed(office: Office, **query: Any) -> list[Wire]:
    found: list[Wire] = said(office.key.get("/dynamo/api/v1/reservations", query=query))["data"]
    return found


def found(office: Office, reservation: Wire) -> Wire:
    return next(each for each in listed(office) if each["id"] == reservation["id"])


def backstage(office: Office, method: str, path: str, content: Any = None) -> Any:
    return office.anonymous.request(method, f"/_mock/dynamo{path}", json=content)


def status(office: Office, point: str = POINT, number: int = 1) -> str:
    shown = said(backstage(office, "GET", f"/charge-points/{point}"))["connectors"]
    return str(shown[number - 1]["status"])


def messages(office: Office, **query: Any) -> list[Wire]:
    calls: list[Wire] = said(office.anonymous.get("/_mock/dynamo/ocpp-messages", query=query))
    return calls


def order(office: Office, action: str, **answer: Any) -> None:
    said(backstage(office, "POST", f"/charge-points/{POINT}/answers", {"action": action, **answer}), 201)


def start(office: Office, id_tag: str, point: str = POINT) -> Any:
    return backstage(office, "POST", f"/charge-points/{point}/connectors/1/transaction", {"id_tag": id_tag})


def test_a_connector_is_held_until_it_is_given_up(office: Office) -> None:
    made = said(reserve(office), 201)
    assert made | body() == made
    assert (made["status"], made["created_at"], made["transaction_id"]) == ("active", timestamp(NOON), None)
    assert (found(office, made), status(office)) == (made, "Reserved")
    assert cancel(office, made).status == 204
    gone = {**made, "status": "cancelled", "cancelled_at": timestamp(NOON)}
    assert (found(office, made), status(office)) == (gone, "Available")
    sent = messages(office, sender="csms")
    assert [(each["action"], each["payload"], each["answer"]) for each in sent] == [
        ("CancelReservation", {"reservationId": made["ocpp_reservation_id"]}, {"status": "Accepted"}),
        (
            "ReserveNow",
            {
                "connectorId": 1,
                "expiryDate": made["expires_at"],
                "idTag": CARD,
                "reservationId": made["ocpp_reservation_id"],
            },
            {"status": "Accepted"},
        ),
    ]
    told = messages(office, sender="station", action="StatusNotification")
    assert [each["payload"]["status"] for each in told] == ["Available", "Reserved"]


def test_a_station_of_ocpp_201_is_asked_in_its_words(office: Office) -> None:
    made = said(reserve(office, office.polder_key, charge_point_id=THEIRS), 201)
    assert cancel(office, made, office.polder_key).status == 204
    cancelled, reserved = messages(office, sender="csms", charge_point_id=THEIRS)
    number = made["ocpp_reservation_id"]
    assert (cancelled["action"], cancelled["payload"]) == ("CancelReservation", {"reservationId": number})
    assert reserved["ocpp_version"] == "2.0.1"
    assert reserved["payload"] == {
        "id": number,
        "expiryDateTime": made["expires_at"],
        "idToken": {"idToken": CARD, "type": "Central"},
        "evseId": 1,
    }


def test_it_is_used_at_a_station_of_ocpp_201(office: Office) -> None:
    made = said(reserve(office, office.polder_key, charge_point_id=THEIRS), 201)
    begun = said(start(office, CARD, THEIRS), 201)
    assert status(office, THEIRS) == "Occupied"
    (ended,) = said(send(office.polder_key, "GET", "/reservations"))["data"][:1]
    assert (ended["id"], ended["status"], ended["transaction_id"]) == (made["id"], "used", begun["id"])
    (event,) = messages(office, action="TransactionEvent")
    assert event["payload"]["reservationId"] == made["ocpp_reservation_id"]


@pytest.mark.parametrize("offset", ["2026-03-18T14:00:00+01:00", "2026-03-18t13:00:00.999z"])
def test_times_come_in_any_form_and_go_out_in_one(office: Office, offset: str) -> None:
    assert said(reserve(office, expires_at=offset), 201)["expires_at"] == "2026-03-18T13:00:00Z"


MOVES = {
    "use": ("used", "used_at"),
    "cancel": ("cancelled", "cancelled_at"),
    "cancel by OCPP": ("cancelled", "cancelled_at"),
    "reserve anew by OCPP": ("cancelled", "cancelled_at"),
    "free the connector": ("cancelled", "cancelled_at"),
    "nothing, for an hour": ("expired", None),
}


def move(office: Office, how: str, reservation: Wire) -> None:
    if how == "use":
        said(start(office, reservation["id_tag"]), 201)
    elif how == "cancel":
        assert cancel(office, reservation).status == 204
    elif how == "cancel by OCPP":
        body = {"charge_point_id": POINT, "reservation_id": reservation["ocpp_reservation_id"]}
        assert said(send(office.key, "POST", "/ocpp16/cancel_reservation", body))["status"] == "Accepted"
    elif how == "reserve anew by OCPP":
        place = {"charge_point_id": POINT, "connector_id": 2, "id_tag": OTHER}
        body = {**place, "expiry_date": timestamp(NOON + HOUR), "reservation_id": reservation["ocpp_reservation_id"]}
        assert said(send(office.key, "POST", "/ocpp16/reserve_now", body))["status"] == "Accepted"
    elif how == "free the connector":
        said(backstage(office, "PUT", f"/charge-points/{POINT}/connectors/1", {"status": "Available"}))
    else:
        office.advance(HOUR)


@pytest.mark.parametrize(("how", "into"), MOVES.items(), ids=MOVES)
@pytest.mark.parametrize("then", [*RESERVATION.transitions, "time"])
def test_it_ends_once_and_for_all(office: Office, how: str, into: tuple[str, str | None], then: str) -> None:
    state, stamp = into
    made = said(reserve(office), 201)
    move(office, how, made)
    ended = found(office, made)
    assert ended["status"] == state
    assert [name for name in ("used_at", "cancelled_at") if ended[name]] == ([stamp] if stamp else [])
    assert (ended["transaction_id"] is not None) == (state == "used")
    if then == "cancel":
        error = refused(cancel(office, made), 409, "reservation_not_active")
        assert state in error["message"]
    elif then == "use":
        start(office, CARD)
    else:
        office.advance(2 * HOUR)
    assert found(office, made) == ended


def test_the_machine_says_the_same_of_every_state() -> None:
    assert RESERVATION.states == ("active", *(state for state in ("used", "expired", "cancelled")))
    for transition in RESERVATION.transitions.values():
        assert transition.sources == {"active"}
        assert {refusal.code for refusal in transition.refusals.values()} == {"reservation_not_active"}


@pytest.mark.parametrize(("later", "state"), [(-1, "active"), (0, "expired"), (1, "expired")])
def test_it_expires_at_its_very_end_with_the_connector(office: Office, later: int, state: str) -> None:
    made = said(reserve(office), 201)
    office.advance(HOUR + timedelta(seconds=later))
    assert found(office, made)["status"] == state
    assert status(office) == ("Reserved" if state == "active" else "Available")
    again = reserve(office, expires_at=timestamp(NOON + 3 * HOUR))
    assert again.status == (409 if state == "active" else 201)


@pytest.mark.parametrize("id_tag", [CARD, ADDRESS, ADDRESS.upper(), "Ä" * 255])
def test_only_its_tag_starts_and_uses_it(office: Office, id_tag: str) -> None:
    made = said(reserve(office, id_tag=id_tag), 201)
    (reserved,) = messages(office, action="ReserveNow")
    assert len(reserved["payload"]["idTag"]) <= 20
    for stranger in (OTHER, f"{id_tag}x"[:255] if len(id_tag) < 255 else OTHER):
        assert "not authorised" in said(start(office, stranger), 409)["detail"]
    assert found(office, made) == made
    assert (made["id_tag"], status(office)) == (id_tag, "Reserved")
    office.advance(timedelta(minutes=5))
    begun = said(start(office, id_tag.lower()), 201)
    used = {"status": "used", "used_at": "2026-03-18T12:05:00Z", "transaction_id": begun["id"]}
    assert found(office, made) == made | used
    assert status(office) == "Charging"
    (started,) = messages(office, action="StartTransaction")
    assert started["payload"]["reservationId"] == made["ocpp_reservation_id"]


CONFLICTS = ["Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Unavailable", "Faulted"]


@pytest.mark.parametrize("shown", CONFLICTS)
def test_what_is_not_free_is_not_held(office: Office, shown: str) -> None:
    said(backstage(office, "PUT", f"/charge-points/{POINT}/connectors/1", {"status": shown}))
    why = shown.lower() if shown in ("Unavailable", "Faulted") else "occupied"
    before = listed(office)
    refused(reserve(office), 409, f"connector_{why}")
    assert (listed(office), status(office)) == (before, shown)
    assert said(reserve(office, connector_id=2), 201)["connector_id"] == 2


def test_a_vehicle_of_the_world_is_in_the_way(office: Office) -> None:
    assert status(office, BUSY) == "Charging"
    refused(reserve(office, charge_point_id=BUSY), 409, "connector_occupied")


def test_an_outage_of_the_world_is_in_the_way(office: Office) -> None:
    refused(reserve(office, charge_point_id=OFFLINE), 409, "charge_point_offline")
    said(backstage(office, "PUT", f"/charge-points/{OFFLINE}", {"online": True}))
    assert reserve(office, charge_point_id=OFFLINE).status == 201


def test_what_a_client_holds_by_itself_stays_held(office: Office) -> None:
    own = {"connector_id": 2, "expiry_date": timestamp(NOON + HOUR), "id_tag": OTHER, "reservation_id": 1}
    assert (
        said(send(office.key, "POST", "/ocpp16/reserve_now", {"charge_point_id": POINT, **own}))["status"] == "Accepted"
    )
    assert said(reserve(office), 201)["ocpp_reservation_id"] == 2
    assert [status(office, number=number) for number in (1, 2)] == ["Reserved", "Reserved"]


def test_what_is_held_is_not_held_twice(office: Office) -> None:
    said(reserve(office), 201)
    error = refused(reserve(office, office.member, id_tag=OTHER), 409, "connector_reserved")
    assert "until 2026-03-18T13:00:00Z" in error["message"]
    assert len(messages(office, action="ReserveNow")) == 1


ANSWERS: dict[str, tuple[dict[str, Any], int, str]] = {
    "rejected": ({"payload": {"status": "Rejected"}}, 502, "charge_point_rejected"),
    "an error": ({"error": {"code": "InternalError", "description": "Lock"}}, 502, "charge_point_rejected"),
    "unknown": ({"error": {"code": "NotImplemented"}}, 502, "charge_point_rejected"),
    "silence": ({"silent": True}, 504, "charge_point_timeout"),
}


@pytest.mark.parametrize(("answer", "code", "slug"), ANSWERS.values(), ids=ANSWERS)
def test_a_station_that_does_not_hold_it(office: Office, answer: dict[str, Any], code: int, slug: str) -> None:
    order(office, "ReserveNow", **answer)
    before = listed(office)
    refused(reserve(office), code, slug)
    assert (listed(office), status(office)) == (before, "Available")
    assert len(messages(office, action="ReserveNow")) == 1, "what was sent stays sent"
    assert reserve(office).status == 201


@pytest.mark.parametrize(("answer", "code", "slug"), ANSWERS.values(), ids=ANSWERS)
def test_a_station_that_does_not_give_it_up(office: Office, answer: dict[str, Any], code: int, slug: str) -> None:
    made = said(reserve(office), 201)
    order(office, "CancelReservation", times=2, **answer)
    for _ in range(2):
        refused(cancel(office, made), code, slug)
        assert (found(office, made), status(office)) == (made, "Reserved")
    assert cancel(office, made).status == 204


def test_a_station_that_is_cut_off_is_asked_nothing(office: Office) -> None:
    made = said(reserve(office), 201)
    sent = messages(office)
    said(backstage(office, "PUT", f"/charge-points/{POINT}", {"online": False}))
    refused(cancel(office, made), 409, "charge_point_offline")
    refused(reserve(office, connector_id=2), 409, "charge_point_offline")
    assert (messages(office), found(office, made)) == (sent, made)
    said(backstage(office, "PUT", f"/charge-points/{POINT}", {"online": None}))
    assert cancel(office, made).status == 204


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no such connector": ({"connector_id": 3}, "connector_id"),
    "any connector": ({"connector_id": 0}, "connector_id"),
    "a connector in words": ({"connector_id": "1"}, "connector_id"),
    "past": ({"expires_at": "2026-03-18T11:59:59Z"}, "expires_at"),
    "now": ({"expires_at": "2026-03-18T12:00:00Z"}, "expires_at"),
    "less than a second ahead": ({"expires_at": "2026-03-18T12:00:00.900Z"}, "expires_at"),
    "no time": ({"expires_at": "soon"}, "expires_at"),
    "no day": ({"expires_at": "2026-02-30T12:00:00Z"}, "expires_at"),
    "outside the calendar": ({"expires_at": "9999-12-31T23:59:59-12:00"}, "expires_at"),
    "no tag": ({"id_tag": ""}, "id_tag"),
    "a long tag": ({"id_tag": "x" * 256}, "id_tag"),
    "an id that is none": ({"charge_point_id": "london hub"}, "charge_point_id"),
}


@pytest.mark.parametrize(("changes", "field"), WRONG.values(), ids=WRONG)
def test_a_bad_value_is_told_by_its_field(office: Office, changes: dict[str, Any], field: str) -> None:
    error = refused(reserve(office, **changes), 422, "validation_error")
    assert [each["field"] for each in error["details"]] == [field]
    assert messages(office) == []


@pytest.mark.parametrize("missing", body())
def test_every_member_is_needed(office: Office, missing: str) -> None:
    sent = {name: value for name, value in body().items() if name != missing}
    error = refused(send(office.key, "POST", "/reservations", sent), 422, "validation_error")
    assert error["details"] == [{"field": missing, "message": "is missing"}]


@pytest.mark.parametrize("point", ["CP-NOWHERE-01", THEIRS])
def test_what_is_not_there_or_anothers_is_not_found(office: Office, point: str) -> None:
    refused(reserve(office, charge_point_id=point, connector_id=99), 404, "charge_point_not_found")
    assert listed(office, charge_point_id=point) == []


def test_each_organization_sees_its_own(office: Office) -> None:
    mine = said(reserve(office), 201)
    theirs = said(reserve(office, office.polder_key, charge_point_id=THEIRS), 201)
    assert theirs["id"] not in {each["id"] for each in listed(office)}
    for reservation, stranger in ((mine, office.polder_key), (theirs, office.key), (mine, office.polder_owner)):
        refused(cancel(office, reservation, stranger), 404, "reservation_not_found")
    refused(cancel(office, {"id": f"rsv_{NOBODY}"}), 404, "reservation_not_found")
    assert found(office, mine)["status"] == "active"


def test_they_are_listed_newest_first_and_filtered(office: Office) -> None:
    first = said(reserve(office), 201)
    second = said(reserve(office, connector_id=2), 201)
    office.advance(timedelta(minutes=1))
    third = said(reserve(office, charge_point_id=NEIGHBOUR), 201)
    cancel(office, second)
    mine = [third["id"], second["id"], first["id"]]
    assert [each["id"] for each in listed(office)][:3] == mine
    assert [each["id"] for each in listed(office, charge_point_id=POINT)] == mine[1:]
    assert [each["id"] for each in listed(office, charge_point_id=POINT, status="cancelled")] == mine[1:2]
    office.advance(2 * HOUR)
    assert [each["id"] for each in listed(office, charge_point_id=POINT, status="expired")] == mine[2:]
    times = [each["created_at"] for each in listed(office)]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize("wanted", ["", "ACTIVE", "held"])
def test_a_state_that_there_is_not_is_refused(office: Office, wanted: str) -> None:
    response = office.key.get("/dynamo/api/v1/reservations", query={"status": wanted})
    assert refused(response, 422, "validation_error")["details"][0]["field"] == "status"


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=13), timedelta(days=3), timedelta(days=200)])
def test_there_is_one_in_each_state_from_the_start(office: Office, later: timedelta) -> None:
    office.advance(later)
    there = {each["status"]: each for each in listed(office)}
    assert {*there} == {*RESERVATION.states}
    active, used = there["active"], there["used"]
    assert status(office, active["charge_point_id"], active["connector_id"]) == "Reserved"
    assert active["id_tag"] != used["id_tag"]
    world, now = office.mock.runtime.world, datetime.fromisoformat(used["used_at"])
    session = world.session(used["transaction_id"].removeprefix("txn_"))
    assert session is not None
    assert (session.charger.identity, session.started_at) == (used["charge_point_id"], now)


def test_what_the_seed_world_reserved_can_be_given_up_and_comes_again(office: Office) -> None:
    *_, key = daily_reservations(office.mock.runtime.world, office.harbour, NOON.toordinal())
    active = found(office, {"id": key})
    place = active["charge_point_id"], active["connector_id"]
    refused(reserve(office, charge_point_id=place[0], connector_id=place[1]), 409, "connector_reserved")
    assert cancel(office, active).status == 204
    assert (found(office, active)["status"], status(office, *place)) == ("cancelled", "Available")
    office.advance(timedelta(hours=11))
    assert status(office, *place) in ("Available", "Charging", "Preparing")
    office.advance(timedelta(hours=2))
    assert (found(office, active)["status"], status(office, *place)) == ("cancelled", "Reserved")
    assert [each["status"] for each in listed(office, charge_point_id=place[0])].count("active") == 1


def test_state_travels_and_the_same_calls_give_the_same(office: Office) -> None:
    def story() -> Any:
        made = said(reserve(office), 201)
        said(start(office, CARD), 201)
        return made, listed(office), messages(office)

    first = story()
    state = said(office.anonymous.get("/_mock/state"))
    office.mock.reset()
    assert story() == first
    office.mock.reset()
    assert said(office.anonymous.put("/_mock/state", json=state))
    assert (listed(office), status(office)) == (first[1], "Charging")
