"""Defects of what sessions and meter readings cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from mockserver.defects.altering import answer_body, instead, refused, request_body
from mockserver.defects.defect import AlterAnswer, Defect, Request, on
from mockserver.defects.stekker.kinds import CDR, EVENTS, READINGS, RECEIPT, is_kind

_FREE = {
    "id": "cdr1",
    "currency": "EUR",
    "start_date_time": "2026-03-18T10:00:00Z",
    "end_date_time": "2026-03-18T11:00:00Z",
    "last_updated": "2026-03-18T12:00:00Z",
    "total_cost": {"excl_vat": 1.0},
}


def _cost(change: Callable[[float], float]) -> AlterAnswer:
    return answer_body(lambda body, _: body["total_cost"].update(excl_vat=change(body["total_cost"]["excl_vat"])))


def _an_hour_later(holder: Any, name: str) -> None:
    moved = datetime.fromisoformat(holder[name]) + timedelta(hours=1)
    holder[name] = moved.isoformat().replace("+00:00", "Z")


def _all_an_hour_later(body: Any, _: Request) -> None:
    for reading in body["meter_readings"]:
        _an_hour_later(reading, "timestamp")


def _only_the_ends(body: Any, _: Request) -> None:
    """The readings between the first and the last are left out."""
    body["meter_readings"] = [body["meter_readings"][0], body["meter_readings"][-1]]


DEFECTS = (
    Defect(
        "register-may-fall-at-the-stop",
        "A session may end with a lower meter than it began with.",
        EVENTS,
        answer=instead(200, 422, RECEIPT, is_kind("StopTransaction")),
    ),
    Defect("priced-while-running", "A session has a price while it runs.", CDR, answer=instead(200, 409, _FREE)),
    Defect("never-priced", "A session never has a price.", CDR, answer=instead(409, 200)),
    Defect("running-is-absent", "A session that runs is answered with 404.", CDR, answer=instead(404, 409)),
    Defect(
        "price-id-is-the-transaction",
        "The id of a price is that of the transaction.",
        CDR,
        answer=answer_body(lambda body, asked: body.update(id=asked.last_segment)),
    ),
    Defect(
        "updated-before-the-end",
        "A price was updated last before the session ended.",
        CDR,
        answer=answer_body(lambda body, _: body.update(last_updated=body["start_date_time"])),
    ),
    Defect(
        "ends-an-hour-late",
        "A session is said to have ended an hour later.",
        CDR,
        answer=answer_body(lambda body, _: _an_hour_later(body, "end_date_time")),
    ),
    Defect(
        "post-costs-more",
        "A price that is asked for by POST is a cent higher.",
        on("stekker", "post-cdr"),
        answer=_cost(lambda euro: euro + 0.01),
    ),
    Defect(
        "template-wins",
        "meter_readings is taken for the id of a transaction.",
        READINGS,
        answer=refused(lambda _: True, 404),
    ),
    Defect(
        "get-drops-its-body",
        "The body of a GET is dropped, and the request refused.",
        on("stekker", "get-meter-readings"),
        answer=refused(lambda _: True, 400),
    ),
    Defect(
        "one-mean-price",
        "All energy of the readings is priced evenly from the first to the last.",
        READINGS,
        request=request_body(_only_the_ends),
    ),
    Defect(
        "with-vat", "The cost of readings includes VAT.", READINGS, answer=_cost(lambda euro: round(euro * 1.21, 4))
    ),
    Defect(
        "price-of-another-hour",
        "Energy costs the price of an hour later.",
        READINGS,
        request=request_body(_all_an_hour_later),
    ),
    Defect("fixed-fee", "Readings cost a cent more, energy or not.", READINGS, answer=_cost(lambda euro: euro + 0.01)),
    Defect("session-with-vat", "The price of a session includes VAT.", CDR, answer=_cost(lambda euro: euro * 1.21)),
    Defect("readings-may-fall", "Readings that fall are taken.", READINGS, answer=instead(200, 422, _FREE)),
    Defect(
        "any-market",
        "Readings are priced by day-ahead prices, whatever market is named.",
        READINGS,
        request=request_body(lambda body, _: body["power_market"].update(sub_modality="DayAhead")),
    ),
)
