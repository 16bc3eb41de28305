"""Disputes about what sessions cost: what becomes of one, and those that there are from the start."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from mockserver import ids
from mockserver.apis.dynamo.registry import resource, to_the_second
from mockserver.apis.dynamo.sessions import BilledSession, drivers, sessions
from mockserver.domain.world import World
from mockserver.http.errors import Conflict
from mockserver.http.exchange import Context
from mockserver.http.machines import Machine, Refusal, Transition
from mockserver.http.resources import NUMBER, REQUIRED, prefixed
from mockserver.store import Value

_OPENED_AFTER = timedelta(hours=1)
_REASON = "Charging broke off. I do not want to pay for what I did not get."


def _disputed(ctx: Context, org_id: str) -> Mapping[str, Value]:
    return _of_world(ctx.world, org_id, ctx.at)


@lru_cache(maxsize=4)
def _of_world(world: World, org_id: str, at: datetime) -> Mapping[str, Value]:
    """One for each session that broke off, an hour later."""
    found = (
        _opened(session)
        for driver in drivers(world, org_id)
        for session in sessions(world, org_id, at, of=driver)
        if session.ended_at and session.ended_at + _OPENED_AFTER <= at and session.status == "stopped"
    )
    return {each["id"]: each for each in found}


def _opened(session: BilledSession) -> Value:
    assert session.ended_at is not None, "not over"  # noqa: S101  # a defect, not an input
    return {
        "id": ids.prefixed("dsp_", session.seed, session.id),
        NUMBER: 0,
        "reason": _REASON,
        "expected_cost": None,
        "created_at": to_the_second(session.ended_at + _OPENED_AFTER),
        **about(session),
    }


def about(session: BilledSession) -> dict[str, Any]:
    """What a new dispute about a session has beside what its driver says."""
    return {
        "session_id": session.id,
        "driver_id": session.user_id,
        "status": DISPUTE.states[0],
        "charged_cost": float(session.bill.total_cost),
        "currency": session.bill.currency,
        "resolved_at": None,
        "resolution": None,
    }


def _already(*states: str) -> Mapping[str, Refusal]:
    return {
        state: Refusal(Conflict, f"dispute_already_{state}", f"The dispute is {state} already.") for state in states
    }


def _ruling(target: str) -> Transition:
    """What the operator decides, which takes a review."""
    unread = Refusal(Conflict, "dispute_not_under_review", "The dispute is not under review yet.")
    return Transition(
        sources=frozenset({"under_review"}),
        target=target,
        stamp="resolved_at",
        refusals={"open": unread, **_already("resolved", "rejected", "withdrawn")},
    )


_UNSETTLED = Refusal(Conflict, "dispute_already_open", "A dispute about this session is not settled yet.")
DISPUTE = Machine(
    states=("open", "under_review", "resolved", "rejected", "withdrawn"),
    transitions={
        "review": Transition(
            sources=frozenset({"open"}),
            target="under_review",
            refusals=_already("under_review", "resolved", "rejected", "withdrawn"),
        ),
        "resolve": _ruling("resolved"),
        "reject": _ruling("rejected"),
        "withdraw": Transition(
            sources=frozenset({"open", "under_review"}),
            target="withdrawn",
            refusals=_already("resolved", "rejected", "withdrawn"),
        ),
        "open_another": Transition(
            sources=frozenset({"rejected", "withdrawn"}),
            target="open",
            refusals={"open": _UNSETTLED, "under_review": _UNSETTLED, **_already("resolved")},
        ),
    },
    time_text=to_the_second,
)
"""What becomes of a dispute, the last of them another one about the same session: fact sheet, 1.7."""

DISPUTES = resource(
    name="dispute",
    plural="disputes",
    collection="dynamo.disputes",
    members={"reason": REQUIRED, "expected_cost": None},
    id_form=prefixed("dsp_"),
    stamps={"created_at": True},
    base=_disputed,
)
