"""What Dynamo keeps around its stations, by organization: reservations, and the transactions that clients caused."""

from __future__ import annotations

from mockserver.apis.dynamo import seed_reservations
from mockserver.apis.dynamo.registry import resource, to_the_second
from mockserver.http.errors import Conflict
from mockserver.http.machines import Lapse, Machine, Refusal, Transition
from mockserver.http.resources import REQUIRED, prefixed

RESERVATIONS = resource(
    name="reservation",
    plural="reservations",
    collection="dynamo.reservations",
    members={"charge_point_id": REQUIRED, "connector_id": REQUIRED, "id_tag": REQUIRED, "expires_at": REQUIRED},
    id_form=prefixed("rsv_"),
    stamps={"created_at": True},
    base=seed_reservations.reservations,
)
"""`ocpp_reservation_id` is the number that the station knows it by."""

TRANSACTIONS = resource(
    name="transaction",
    plural="transactions",
    collection="dynamo.transactions",
    members={},
    id_form=prefixed("txn_"),
    stamps={},
)
"""Those that clients began, and those of the world that clients ended: these have the ids that the world gives them.

`is_of_world` tells them apart. `id_tag` and `stop_reason` are as OCPP has them; `stopped_at` is null while one runs.
"""


def _over(state: str) -> Refusal:
    text = f"Only an active reservation can be cancelled; this one is {state}."
    return Refusal(Conflict, "reservation_not_active", text)


_OVER = {state: _over(state) for state in ("used", "expired", "cancelled")}
RESERVATION = Machine(
    states=("active", *_OVER),
    transitions={
        "use": Transition(sources=frozenset({"active"}), target="used", stamp="used_at", refusals=_OVER),
        "cancel": Transition(sources=frozenset({"active"}), target="cancelled", stamp="cancelled_at", refusals=_OVER),
    },
    lapses=(Lapse("active", "expired", "expires_at"),),
    time_text=to_the_second,
)
"""What becomes of a reservation: fact sheet, 1.8."""
