"""What laws about charging have in common: a charge point that is paired, and a session on it."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.law import NotPlayed
from contract_tests.laws.stage import Stage

POST, PUT, CDR = "POST /events", "PUT /events", "GET /cdrs/{cpo_transaction_id}"
ID_TAG = "GRIDMOCK0001"
ELEVEN_KW: dict[str, Any] = {"powerType": "AC_3_PHASE", "maxVoltage": 230, "maxAmperage": 16}
ELEVEN_KW_W = 11_040
"""230 V times 16 A times three phases."""
REGISTER_WH = 1_000_000
AVAILABLE = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}
"""A StatusNotification that changes nothing."""
_ATTEMPTS = 100


def wire(at: datetime) -> str:
    """A time as the API writes it: UTC with `Z`, whole seconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class ChargePoint:
    """A charge point by the operator's own id, and what it says."""

    def __init__(self, stage: Stage, charge_point_id: str | int) -> None:
        self.stage = stage
        self.id = charge_point_id

    def pair(self, **details: Any) -> Exchange:
        """Announce it with details."""
        body = {"event": "ChargePointDetailsNotification", "chargePointId": self.id, **details}
        if code := self.stage.run.values.get("pairing_code"):
            body["pairingCode"] = code
        return self.stage.call(PUT, body)

    def unpair(self) -> Exchange:
        """Take it away."""
        return self.stage.call(PUT, {"event": "ChargePointUnPairNotification", "chargePointId": self.id})

    def ocpp(self, method: str, params: Any, response: Any = None, *, inside: bool = True) -> dict[str, Any]:
        """An OCPP event of it; `response` stands inside `event` or beside it."""
        event = {"method": method, "params": params}
        body = {"notification": "OcppEvent", "protocol": "1.6", "chargePointId": self.id, "event": event}
        if response is not None:
            (event if inside else body)["response"] = response
        return body


class Session:
    """A session on a connector of a charge point, by a transaction id that no other has."""

    def __init__(self, charge_point: ChargePoint, connector_id: int = 1, *, start: datetime | None = None) -> None:
        self.charge_point = charge_point
        self.stage = charge_point.stage
        self.connector_id = connector_id
        self.transaction_id = _free_transaction_id(self.stage)
        self.started_at = start or self.stage.now
        self._last = (0.0, 0.0)
        if "charge_point_id" in self.stage.run.values:  # any other is unpaired in the end, which ends its sessions
            self.stage.later(self._stop_if_running)

    def at(self, minutes: float) -> str:
        """A time of the session, in minutes from its start."""
        return wire(self.started_at + timedelta(minutes=minutes))

    def start_event(self, *, inside: bool = False, **params: Any) -> dict[str, Any]:
        """StartTransaction; the answer with the transaction id stands beside `event`, as documented."""
        call = {
            "connectorId": self.connector_id,
            "idTag": ID_TAG,
            "timestamp": self.at(0),
            "meterStart": REGISTER_WH,
            **params,
        }
        response = {"transactionId": self.transaction_id, "idTagInfo": {"status": "Accepted"}}
        return self.charge_point.ocpp("StartTransaction", call, response, inside=inside)

    def meter_event(self, minutes: float, energy_wh: float, *more: dict[str, Any]) -> dict[str, Any]:
        """MeterValues with the energy since the start, and more sampled values."""
        self._last = max(self._last, (minutes, energy_wh))
        register = {"value": str(REGISTER_WH + energy_wh).removesuffix(".0")}
        values = [{"timestamp": self.at(minutes), "sampledValue": [register, *more]}]
        params = {"connectorId": self.connector_id, "transactionId": self.transaction_id, "meterValue": values}
        return self.charge_point.ocpp("MeterValues", params, {})

    def stop_event(self, minutes: float, energy_wh: int, **params: Any) -> dict[str, Any]:
        """StopTransaction with the energy since the start."""
        call = {
            "transactionId": self.transaction_id,
            "idTag": ID_TAG,
            "timestamp": self.at(minutes),
            "meterStop": REGISTER_WH + energy_wh,
            **params,
        }
        return self.charge_point.ocpp("StopTransaction", call, {"idTagInfo": {"status": "Accepted"}})

    def start(self) -> Exchange:
        """Begin, and end with the law."""
        return self.stage.done(POST, self.start_event())

    def meter(self, minutes: float, energy_wh: float, *more: dict[str, Any]) -> Exchange:
        """Report energy."""
        return self.stage.done(POST, self.meter_event(minutes, energy_wh, *more))

    def stop(self, minutes: float, energy_wh: int) -> Exchange:
        """End."""
        return self.stage.done(POST, self.stop_event(minutes, energy_wh))

    def cdr(self) -> Exchange:
        """What the session cost, or why that is not known."""
        return self.stage.call(CDR, cpo_transaction_id=str(self.transaction_id))

    def priced(self) -> Exchange:
        """What the session cost, which may take the server a moment to know once it has ended."""
        return self.stage.eventually(self.cdr)

    def played(self, minutes: int = 80, energy_wh: int = 9_000) -> None:
        """All of the session, with a reading between start and stop."""
        self.start()
        self.meter(minutes * 0.4, energy_wh * 0.7)
        self.stop(minutes, energy_wh)

    def _stop_if_running(self) -> Exchange | None:
        minutes, energy_wh = self._last
        exchange = self.stage.aside(POST, self.stop_event(minutes + 1, math.ceil(energy_wh)))
        if exchange.status == 422:  # it has ended already, or never begun
            return None
        return exchange


def paired(stage: Stage, charge_point_id: str | None = None, **details: Any) -> ChargePoint:
    """A charge point that is paired until the law is over; raises NotPlayed where that cannot be had.

    With the value `charge_point_id` it is that one, which stays paired. With the value `pairing_code`, which can be
    used for one charge point only, all laws of the run share one.
    """
    values = stage.run.values
    if own := values.get("charge_point_id"):
        if details or charge_point_id is not None:
            raise NotPlayed("needs a charge point of its own, and charge_point_id is that of a real one")
        return ChargePoint(stage, own)
    if "pairing_code" in values:
        if charge_point_id is not None:
            raise NotPlayed("needs a pairing code of its own, or an organization that links charge points by itself")
        charge_point = ChargePoint(stage, f"gridmock-{stage.run.run_id}")
        stage.run.once("clears the shared charge point", lambda: stage.run.cleanups.append(charge_point.unpair))
    else:
        charge_point = ChargePoint(stage, charge_point_id or stage.name())
        stage.later(charge_point.unpair)
    exchange = charge_point.pair(**details)
    if not 200 <= exchange.status < 300:
        raise NotPlayed(f"{PUT} answers {exchange.outcome(stage.run.credentials)}")
    if not stage.run.once("charge points are linked", lambda: _is_linked(charge_point)):
        raise NotPlayed("a charge point that was announced waits to be linked: needs --value pairing_code=...")
    return charge_point


def _is_linked(charge_point: ChargePoint) -> bool:
    """Whether announcing a charge point is all it takes to let it speak; with a pairing code it must be."""
    code = "pairing_code" in charge_point.stage.run.values
    return code or charge_point.stage.aside(POST, charge_point.ocpp("StatusNotification", AVAILABLE, {})).status != 404


def only_pairing(stage: Stage) -> None:
    """Raise NotPlayed where charge points cannot come and go as a law likes."""
    if {"charge_point_id", "pairing_code"} & set(stage.run.values):
        raise NotPlayed("needs an organization that links charge points by itself, without pairing_code")


def running(stage: Stage, **details: Any) -> Session:
    """A session that has just begun, on a charge point of 11 kW unless the details say otherwise."""
    own = "charge_point_id" in stage.run.values
    session = Session(paired(stage, **({} if own and not details else details or ELEVEN_KW)))
    session.start()
    return session


def past(stage: Stage, **details: Any) -> Session:
    """A session that began an hour and a half ago, which is yet to be reported."""
    return Session(paired(stage, **details), start=stage.now - timedelta(minutes=90))


def taken(exchange: Exchange) -> bool:
    """Whether an event had an effect, as far as its answer tells."""
    answer = exchange.json()
    ignored = isinstance(answer, dict) and answer.get("status") == "ignored"
    return 200 <= exchange.status < 300 and not ignored


def unknown(stage: Stage) -> ChargePoint:
    """A charge point that was never paired."""
    return ChargePoint(stage, stage.name())


def _free_transaction_id(stage: Stage) -> int:
    for _ in range(_ATTEMPTS):
        number = stage.run.number()
        if stage.aside(CDR, cpo_transaction_id=str(number)).status not in (200, 409):
            return number
        stage.run.skip_numbers()
    raise NotPlayed(f"every transaction id tried is in use, {number} for one; try another --seed")
