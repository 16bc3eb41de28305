"""Defects of grid connections, batteries and sensors, beside those that any resource can have."""

from __future__ import annotations

from typing import Any

from mockserver.defects.altering import answer_body, instead, request_body, without_member
from mockserver.defects.defect import Defect, Request, on

API = "stekker-bess"
NOBODY = {"id": "00000000-0000-4000-8000-000000000000"}
CREATE = on(API, "create-grid-connection", "create-battery", "create-sensor")
UPDATE = on(API, "update-grid-connection", "update-battery", "update-sensor")


def _unique(body: Any, _: Request) -> None:
    if body.get("external_id"):
        body["external_id"] = f"{body['external_id']}-{body['name']}"[:100]


DEFECTS = (
    Defect(
        "in-use-removed",
        "A grid connection can be deleted although something hangs on it.",
        on(API, "delete-grid-connection"),
        answer=instead(204, 409),
    ),
    Defect("external-id-twice", "An external id can be given twice.", CREATE, request=request_body(_unique)),
    Defect(
        "power-between-phases",
        "The power of a grid connection is larger by the square root of 3 after a change.",
        on(API, "update-grid-connection"),
        answer=answer_body(lambda body, _: body.update(max_power_kw=body["max_power_kw"] * 1.732)),
    ),
    Defect(
        "power-not-updated",
        "A new fuse changes nothing in the power of a grid connection.",
        on(API, "update-grid-connection"),
        answer=answer_body(lambda body, _: body.update(max_power_kw=14.49)),
    ),
    Defect(
        "move-ignored",
        "Moving to another grid connection is ignored.",
        UPDATE,
        request=without_member("grid_connection_id"),
    ),
    Defect(
        "no-such-connection",
        "Batteries and sensors can hang on a grid connection that is not there.",
        on(API, "create-battery", "create-sensor"),
        answer=instead(201, 422, NOBODY),
    ),
    Defect(
        "senseless-battery",
        "A battery is taken that makes no sense: one that must stay fuller than it can be, say.",
        on(API, "create-battery"),
        answer=instead(201, 422, NOBODY),
    ),
    Defect(
        "made-senseless",
        "A change is taken that leaves a battery that makes no sense.",
        on(API, "update-battery"),
        answer=instead(200, 422, NOBODY),
    ),
)
