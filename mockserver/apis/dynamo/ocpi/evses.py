"""EVSEs of OCPI: each serves one car at a time, as a connector of OCPP 1.6 does. Its connectors are the plugs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from fixtures.chargers import Connector as Plug
from fixtures.days import utc
from mockserver import ids
from mockserver.apis.dynamo.ocpi.operator import Operator
from mockserver.apis.dynamo.stations.changes import changed_s
from mockserver.apis.dynamo.stations.chargers import charger_of
from mockserver.apis.dynamo.stations.station import Station
from mockserver.domain.sites import Evse
from mockserver.domain.world import World
from mockserver.store import Value

_LONGEST_UID, _LONGEST_EVSE_ID = 36, 48
_STATUSES = {
    "Available": "AVAILABLE",
    "Preparing": "BLOCKED",
    "Charging": "CHARGING",
    "SuspendedEV": "CHARGING",
    "SuspendedEVSE": "CHARGING",
    "Finishing": "BLOCKED",
    "Reserved": "RESERVED",
    "Unavailable": "INOPERATIVE",
    "Faulted": "OUTOFORDER",
}
"""What a ChargePointStatus of OCPP 1.6 is in OCPI: blocked is taken by a car that does not charge yet, or any more."""
_NOT_YET = frozenset({"registered", "commissioning"})


@dataclass(frozen=True)
class Outlet:
    """An EVSE as far as it is always the same."""

    operator: Operator
    charge_point_id: str
    evse: Evse

    @classmethod
    def all_of(cls, world: World, org_id: str, operator: Operator, charge_point: Value) -> Sequence[Outlet]:
        """Those of a charge point, in the order of their numbers."""
        evses = charger_of(world, org_id, charge_point).evses
        return [cls(operator, charge_point["charge_point_id"], evse) for evse in evses]

    @property
    def number(self) -> int:
        """The connector of OCPP 1.6."""
        return self.evse.number

    @property
    def uid(self) -> str:
        """Its id here; where that were too long for OCPI, another that stands for it."""
        uid = f"{self.charge_point_id}-{self.number}"
        return uid if len(uid) <= _LONGEST_UID else ids.prefixed("evse-", 0, uid, size=15)

    @property
    def evse_id(self) -> str:
        """Its id for drivers (eMI3); of a name that is too long, the end."""
        if self.evse.evse_id:
            return self.evse.evse_id
        name = "".join(letter for letter in self.charge_point_id.upper() if letter.isalnum())
        before, after = f"{self.operator.country_code}*{self.operator.party_id}*E", f"*{self.number}"
        return before + name[-(_LONGEST_EVSE_ID - len(before + after)) :] + after

    @property
    def plugs(self) -> Sequence[tuple[str, Plug]]:
        """Its plugs by their ids."""
        return [(str(number), plug) for number, plug in enumerate(self.evse.connectors, 1)]


@dataclass(frozen=True)
class LiveEvse:
    """An EVSE as it is now, with the tariff that holds there and since when it does, if it does not from the start."""

    outlet: Outlet
    station: Station
    tariff_id: str | None
    tariff_since: datetime | None

    @property
    def status(self) -> str:
        """What it does."""
        if self.station.standing in _NOT_YET:
            return "PLANNED"
        if not self.station.is_online:
            return "UNKNOWN"
        return _STATUSES[self.station.there(self.outlet.number).status(self.station.at_s)]

    @property
    def plugs_updated(self) -> datetime:
        """When its plugs, or what charging costs there, changed last."""
        charge_point, now = self.station.charge_point, self.station.ctx.at
        put_up_at = datetime.fromisoformat(charge_point["commissioned_at"] or charge_point["registered_at"])
        return min(max(put_up_at, self.tariff_since or put_up_at), now).replace(microsecond=0)

    @cached_property
    def last_updated(self) -> datetime:
        """When it or one of its plugs changed last."""
        return max(self.plugs_updated, utc(changed_s(self.station, self.station.there(self.outlet.number))))
