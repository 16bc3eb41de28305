"""Defects of reservations, commands and charge points, of sites and how they share power, and of fleets."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mockserver.defects.altering import instead
from mockserver.defects.defect import Answer, Defect, Memory, Request
from mockserver.defects.dynamo.kinds import at, body, each, only_said

_LONG_AGO = "2020-01-01T00:00:00Z"


def _overdrawn(allocation: Any) -> None:
    for share in allocation["allocations"]:
        share["allocated_kw"] += allocation["budget_kw"]


def _connector_twice(charge_point: Any) -> None:
    charge_point["connectors"] += charge_point["connectors"][:1]


def _see_site(asked: Request, answer: Answer, memory: Memory) -> None:
    if asked.at is not None and asked.at.id == "create-site" and answer.is_success:
        memory[answer.json["site_id"]] = replace(answer, status=200)


def _new_ones_too(asked: Request, answer: Answer, memory: Memory) -> Answer:
    new: Answer = memory.get(asked.last_segment, answer)
    return new if answer.status == 404 else answer


DEFECTS = (
    Defect("reserved-twice", "A connector can be reserved twice.", at("create-reservation"), answer=instead(201, 409)),
    Defect(
        "cancelled-stays-active",
        "Cancelling a reservation is answered with success, and it stays active.",
        at("cancel-reservation"),
        **only_said("/reservations"),
    ),
    Defect(
        "reservation-cancelled-again",
        "A reservation can be cancelled again.",
        at("cancel-reservation"),
        answer=instead(204, 409),
    ),
    Defect(
        "reserved-until-yesterday",
        "A connector can be reserved until a time that is past.",
        at("create-reservation"),
        answer=instead(201, 422),
    ),
    Defect(
        "cancelled-at-no-time",
        "A cancelled reservation does not say when it was cancelled.",
        at("list-reservations"),
        answer=each("data", lambda reservation: reservation.update(cancelled_at=None)),
    ),
    Defect(
        "command-forgotten",
        "The history lacks the command that was sent last.",
        at("list-cpo-command-history"),
        answer=body(lambda page: page["commands"].pop(0)),
    ),
    Defect(
        "history-backwards",
        "The history of commands begins with the oldest.",
        at("list-cpo-command-history"),
        answer=body(lambda page: page["commands"].reverse()),
    ),
    Defect(
        "bulk-in-disorder",
        "The results of a bulk command come in the opposite order.",
        at("send-bulk-cpo-command"),
        answer=body(lambda sent: sent["results"].reverse()),
    ),
    Defect(
        "bulk-miscounted",
        "A bulk command counts a result more than there are.",
        at("send-bulk-cpo-command"),
        answer=body(lambda sent: sent.update(total=sent["total"] + 1)),
    ),
    Defect(
        "connector-twice",
        "The first connector of a charge point is there twice.",
        at("list-charge-points"),
        answer=each("charge_points", _connector_twice),
    ),
    Defect(
        "sites-of-others-shown",
        "A site that is new is shown to other organizations, too.",
        at("get-site"),
        watch=_see_site,
        answer=_new_ones_too,
    ),
    Defect(
        "sites-oldest-first",
        "Sites are listed oldest first.",
        at("list-sites"),
        answer=body(lambda page: page["sites"].reverse()),
    ),
    Defect(
        "site-in-use-deleted",
        "A site can be deleted although charge points are linked to it.",
        at("delete-site"),
        answer=instead(204, 409),
    ),
    Defect(
        "site-without-count",
        "A site never has a charge point.",
        at("get-site"),
        answer=body(lambda site: site.update(charger_count=0)),
    ),
    Defect(
        "shared-by-default",
        "Sites whose smart charging was never set have one.",
        at("get-smart-charging-config"),
        answer=instead(200, 404),
    ),
    Defect(
        "shared-beyond-the-site",
        "Smart charging can be set to more power than the site has.",
        at("set-smart-charging-config"),
        answer=instead(200, 422),
    ),
    Defect(
        "overdrawn",
        "Each vehicle of a site gets the whole budget beside its share.",
        at("get-smart-charging-allocation"),
        answer=body(_overdrawn),
    ),
    Defect(
        "reserve-given-out",
        "The budget of a site is larger than its settings allow.",
        at("get-smart-charging-allocation"),
        answer=body(lambda allocation: allocation.update(budget_kw=allocation["budget_kw"] + 10)),
    ),
    Defect(
        "fleet-counts-a-ghost",
        "The summary of the fleet counts a charge point that is not there, as offline.",
        at("get-fleet-summary"),
        answer=body(
            lambda fleet: fleet.update(total_chargers=fleet["total_chargers"] + 1, offline=fleet["offline"] + 1)
        ),
    ),
    Defect(
        "fleet-miscounted",
        "In the summary of the fleet more charge points are online than there are.",
        at("get-fleet-summary"),
        answer=body(lambda fleet: fleet.update(online=fleet["total_chargers"] + 1)),
    ),
    Defect(
        "health-miscounted",
        "The health of the fleet counts a good charge point twice.",
        at("get-fleet-health"),
        answer=body(lambda fleet: fleet.update(good=fleet["good"] + 1)),
    ),
    Defect(
        "site-miscounted",
        "In the summary of a site more charge points are online than there are.",
        at("get-site-summary"),
        answer=body(lambda site: site.update(online=site["total_chargers"] + 1)),
    ),
    Defect(
        "fault-over-before-it-began",
        "Faults were cleared before they began.",
        at("list-fleet-faults"),
        answer=each("faults", lambda fault: fault.update(cleared_at=_LONG_AGO)),
    ),
    Defect(
        "maintenance-over-before-it-began",
        "Maintenance ends before it begins.",
        at("list-maintenance"),
        answer=each("maintenance", lambda window: window.update(ends_at=_LONG_AGO)),
    ),
)
