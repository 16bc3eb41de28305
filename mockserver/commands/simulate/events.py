"""Chargers as an operator tells Stekker of them: OCPP 1.6 calls in its event envelope, pairing and unpairing.

Pure functions of seed, chargers and time. Windows are half-open, [start_s, end_s) in Unix seconds, and windows that
follow each other give what the whole window gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from heapq import merge
from operator import itemgetter
from typing import Any, NamedTuple

from fixtures.days import DAY_S
from fixtures.evses import OcppVersion
from fixtures.ocpp.dialect import Station
from fixtures.ocpp.events import ConnectionBack, ConnectionLost, HeartbeatDue
from fixtures.ocpp.history import timeline
from fixtures.ocpp.link import Link
from fixtures.ocpp.v16 import Ocpp16
from fixtures.sessions import ChargingSession
from fixtures.visits import GAP_S
from mockserver.domain.sites import Charger, Evse, Site

METHODS = frozenset({"StatusNotification", "StartTransaction", "MeterValues", "StopTransaction"})
"""The calls that Stekker knows. It ignores all others, so they are not sent."""

_PROTOCOL: OcppVersion = "1.6"
_LARGEST_NUMBER = 2**31 - 1
_VOLTAGE_V = 230
_POWER_TYPES = {0: "DC", 1: "AC_1_PHASE", 3: "AC_3_PHASE"}
_SILENT = (HeartbeatDue, ConnectionLost, ConnectionBack)

Body = dict[str, Any]


class TimedEvent(NamedTuple):
    """One event, and when the charger's call went over the wire, in Unix seconds."""

    at_s: int
    charger: str
    """OCPP identity."""
    method: str
    body: Body


class Numbering:
    """Transaction ids that no two chargers share: positive, below 2**31, and a function of EVSE and time alone.

    Two transactions of one EVSE begin at least `GAP_S` apart, so the number of such a slot and that of the EVSE name
    one; the slots are numbered anew after `cycle_s`.
    """

    def __init__(self, chargers: Iterable[Charger]) -> None:
        names = [evse.traits.name for charger in chargers for evse in charger.evses]
        self._places = {name: place for place, name in enumerate(names, start=1)}
        self._slots = _LARGEST_NUMBER // max(len(names), 1)
        self.cycle_s = self._slots * GAP_S
        """Within so many seconds no id occurs twice."""

    def of(self, session: ChargingSession) -> int:
        """The id of a session's transaction."""
        slot = (session.started_s or 0) // GAP_S % self._slots
        return slot * len(self._places) + self._places[session.evse.name]


class Traffic:
    """The events of the chargers of one run, which share a numbering of transactions."""

    def __init__(self, seed: int, chargers: Sequence[Charger]) -> None:
        self._seed = seed
        self._chargers = chargers
        self._numbering = Numbering(chargers)

    @property
    def longest_s(self) -> int:
        """How long a window may be."""
        return self._numbering.cycle_s

    def merged(
        self, start_s: int, end_s: int, since_s: int | None = None, only: Iterable[Charger] | None = None
    ) -> Iterator[TimedEvent]:
        """The events of all chargers, or of `only` some, by time, and within a second in the order of the chargers.

        `since_s` as in `of`.
        """
        chargers = self._chargers if only is None else only
        return merge(*(self.of(each, start_s, end_s, since_s) for each in chargers), key=itemgetter(0))

    def of(self, charger: Charger, start_s: int, end_s: int, since_s: int | None = None) -> Iterator[TimedEvent]:
        """The events of one charger that are sent in [start_s, end_s), in order.

        Transactions whose start was sent before `since_s`, by default `start_s`, are left out, because nobody has been
        told of them. ValueError when the time since then is too long for transaction ids to be unique.
        """
        since_s = start_s if since_s is None else since_s
        if end_s - since_s > self.longest_s:
            days = self.longest_s // DAY_S
            raise ValueError(f"so many chargers have transaction ids for {days} days; the time asked for is longer")
        return self._events(charger, start_s, end_s, since_s)

    def _events(self, charger: Charger, start_s: int, end_s: int, since_s: int) -> Iterator[TimedEvent]:
        traits = replace(charger.traits, protocol=_PROTOCOL)
        link = Link(self._seed, traits)
        dialect = _Dialect(Station(self._seed, traits, link), self._numbering)
        first_s = link.first_event_s(since_s)
        for event in timeline(self._seed, traits, link.first_event_s(start_s), link.first_event_s(end_s), link):
            if isinstance(event, _SILENT):
                continue
            session: ChargingSession | None = getattr(event, "session", None)
            is_untold = session is not None and (session.started_s or 0) < first_s
            sent_s = link.sent_s(event.at_s)
            for action, request, response, _ in dialect.exchanges(event, sent_s):
                if action in METHODS and not (is_untold and "transactionId" in request):
                    connector = request.get("connectorId", getattr(event, "evse", 0))
                    body = _enveloped(charger, connector, action, request, response)
                    yield TimedEvent(sent_s, charger.identity, action, body)


def stekker_events(
    seed: int, chargers: Sequence[Charger], start_s: int, end_s: int, since_s: int | None = None
) -> Iterator[TimedEvent]:
    """What Stekker is told of chargers in [start_s, end_s), by time; made while it is read. See `Traffic.of`."""
    return Traffic(seed, chargers).merged(start_s, end_s, since_s)


def charge_point_id(charger: Charger) -> str:
    """The operator's own id of a charger."""
    return charger.id


def pairing(charger: Charger, site: Site, code: str | None = None) -> Body:
    """The notification that pairs a charger: where it is and what it can deliver; `code` is the app's pairing code."""
    first, *others = charger.evses
    return {
        "event": "ChargePointDetailsNotification",
        "chargePointId": charge_point_id(charger),
        "ocppIdentity": charger.identity,
        **({} if others else {"evseId": _evse_id(first)}),
        **({} if code is None else {"pairingCode": code}),
        "geometry": f"{site.latitude},{site.longitude}",
        **_rating(first),
        "connectors": [{"connectorId": evse.number, **_rating(evse)} for evse in charger.evses],
    }


def unpairing(charger: Charger) -> Body:
    """The notification that ends what `pairing` began."""
    return {
        "event": "ChargePointUnPairNotification",
        "chargePointId": charge_point_id(charger),
        "ocppIdentity": charger.identity,
    }


class _Dialect(Ocpp16):
    """OCPP 1.6 with ids of transactions that are unique in the run."""

    def __init__(self, station: Station, numbering: Numbering) -> None:
        super().__init__(station)
        self._numbering = numbering

    def transaction_id(self, session: ChargingSession) -> int:
        """See `Numbering.of`."""
        return self._numbering.of(session)


def _enveloped(charger: Charger, connector: int, method: str, params: Body, response: Body) -> Body:
    """The event of a call about a connector; 0 is the whole station, which has no EVSE id."""
    return {
        "notification": "OcppEvent",
        "protocol": _PROTOCOL,
        "chargePointId": charge_point_id(charger),
        **({"evseId": _evse_id(charger.evses[connector - 1])} if connector else {}),
        "ocppIdentity": charger.identity,
        "event": {"method": method, "params": params, "response": response},
    }


def _evse_id(evse: Evse) -> str:
    return evse.evse_id.replace("*", "")


def _rating(evse: Evse) -> Body:
    """What an EVSE delivers at most: current per phase, and for direct current, whose voltage is the car's, W."""
    phases, power_w = evse.traits.phases, evse.traits.power_w
    if phases == 0:
        return {"powerType": _POWER_TYPES[0], "maxPower": power_w}
    amperes = power_w / (_VOLTAGE_V * phases)
    return {
        "powerType": _POWER_TYPES[phases],
        "maxVoltage": _VOLTAGE_V,
        "maxAmperage": int(amperes) if amperes.is_integer() else round(amperes, 1),
    }
