"""Defects of pairing and unpairing charge points."""

from __future__ import annotations

from mockserver.defects.altering import answer_body, instead, refused, request_body
from mockserver.defects.defect import Answer, Defect, Memory, Request, on
from mockserver.defects.stekker.kinds import EVENTS, PAIR, RECEIPT, UNPAIR, both, is_kind


def is_integer_id(asked: Request) -> bool:
    """Whether the charge point's id is sent as a number."""
    body = asked.json
    return isinstance(body, dict) and isinstance(body.get("chargePointId"), int)


def pair_again(asked: Request, _: Memory) -> Request:
    """Unpairing pairs again instead."""
    return request_body(lambda body, _: body.update(event=PAIR), is_kind(UNPAIR))(asked, {})


def _conflict_if_it_is_there(asked: Request, answer: Answer, memory: Memory) -> Answer:
    """Everybody but whoever came first is told that what they do not find belongs to somebody else."""
    is_stranger = asked.credential != memory.setdefault("first", asked.credential)
    return asked.refusal(409, "This belongs to somebody else.") if is_stranger and answer.status == 404 else answer


DEFECTS = (
    Defect(
        "strangers-learn-of-others",
        "Events of a charge point of somebody else are refused with 409 instead of 404, which says that it is there.",
        on("stekker", "post-event"),
        answer=_conflict_if_it_is_there,
    ),
    Defect("status-refused", "StatusNotification is refused.", EVENTS, answer=refused(is_kind("StatusNotification"))),
    Defect(
        "max-power-believed",
        "maxPower is believed where volts, amperes and phases say otherwise.",
        EVENTS,
        answer=answer_body(lambda b, a: b.update(max_power_w=a.json.get("maxPower", 11_040)), is_kind(PAIR)),
    ),
    Defect(
        "three-phases-by-default",
        "A charge point that does not say its power type is taken for one of three phases.",
        EVENTS,
        request=request_body(lambda body, _: body.setdefault("powerType", "AC_3_PHASE") and None, is_kind(PAIR)),
    ),
    Defect(
        "default-power-other",
        "A charge point that says nothing of its power gets 7.4 kW.",
        EVENTS,
        answer=answer_body(lambda b, a: b.update(max_power_w=7_400) if len(a.json) == 2 else None, is_kind(PAIR)),
    ),
    Defect(
        "strangers-speak",
        "Events of a charge point that was never paired are taken.",
        EVENTS,
        answer=instead(200, 404, RECEIPT, is_kind("StatusNotification")),
    ),
    Defect(
        "strangers-leave",
        "A charge point that was never paired can be unpaired.",
        EVENTS,
        answer=instead(200, 404, RECEIPT, is_kind(UNPAIR)),
    ),
    Defect("any-code-pairs", "Any pairing code is good.", EVENTS, answer=instead(200, 422, RECEIPT, is_kind(PAIR))),
    Defect(
        "unpair-wants-text",
        "Unpairing refuses a charge point's id that is a number.",
        EVENTS,
        answer=refused(both(is_kind(UNPAIR), is_integer_id), 400),
    ),
    Defect(
        "unpair-pairs", "Unpairing is answered with success, and the charge point stays.", EVENTS, request=pair_again
    ),
    Defect(
        "ids-want-text",
        "A charge point's id that is a number is refused everywhere.",
        EVENTS,
        answer=refused(is_integer_id, 400),
    ),
    Defect(
        "numbers-are-others",
        "A charge point's id as a number is another one than the same as text.",
        EVENTS,
        request=request_body(lambda body, _: body.update(chargePointId=f"n{body['chargePointId']}"), is_integer_id),
    ),
)
