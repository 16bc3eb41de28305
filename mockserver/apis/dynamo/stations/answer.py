"""What comes of a call to a station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from fixtures.rng import unit
from mockserver.http.errors import BadGateway, Conflict, GatewayTimeout
from mockserver.http.ocpp import Payload

_ANSWERS_WITHIN_MS = (40, 400)
"""Own estimate: a mobile link and a small controller."""
_UNKNOWN_ACTION = ("NotImplemented", "NotSupported")  # no set: a status may have been ordered that has no hash

Failure = Literal["offline", "timeout", "error"]


@dataclass(frozen=True)
class Answer:
    """What came of a call. `failure` says why there is no yes or no; what it does not know, a station says by `status`.

    `response` is the payload; or an OCPP error as `errorCode`, `errorDescription` and `errorDetails`; or None.
    """

    charge_point_id: str
    status: str
    response: Payload | None
    response_time_ms: int | None
    failure: Failure | None = None

    @classmethod
    def offline(cls, charge_point_id: str) -> Self:
        """Nothing was sent."""
        return cls(charge_point_id, "Offline", None, None, "offline")

    @classmethod
    def to(cls, seed: int, charge_point_id: str, message_id: str, response: Payload | None, *, is_error: bool) -> Self:
        """The answer to a call of that id: a payload, an error, or None for silence."""
        if response is None:
            return cls(charge_point_id, "Timeout", None, None, "timeout")
        least, most = _ANSWERS_WITHIN_MS
        took_ms = least + int(unit(seed, "ocpp answer", message_id) * (most - least))
        if is_error:
            code, response = response["errorCode"], {**response, "errorDetails": {}}
            return cls(charge_point_id, code, response, took_ms, None if code in _UNKNOWN_ACTION else "error")
        return cls(charge_point_id, response.get("status", "Accepted"), response, took_ms)

    @property
    def is_unknown_action(self) -> bool:
        """Whether the station answered that it does not know the action."""
        return "errorCode" in (self.response or {}) and self.status in _UNKNOWN_ACTION

    def heard(self) -> Self:
        """Itself; the documented refusal when the station could not be asked, was silent, or answered with an error."""
        if self.failure == "offline":
            raise Conflict(f"{self.charge_point_id} is not connected.", slug="charge_point_offline")
        if self.failure == "timeout":
            raise GatewayTimeout(f"{self.charge_point_id} did not answer in time.", slug="charge_point_timeout")
        if self.failure == "error":
            raise self.refused()
        return self

    def refused(self) -> BadGateway:
        """The refusal that says what the station answered."""
        said = (self.response or {}).get("errorDescription")
        text = f"{self.charge_point_id} answered {self.status}" + (f': "{said}".' if said else ".")
        return BadGateway(text, slug="charge_point_rejected")


def mismatch(charge_point_id: str, version: str, instead: str = "") -> Conflict:
    """The refusal of what a station of that version of OCPP cannot be told, and what can be done instead."""
    return Conflict(f"{charge_point_id} speaks OCPP {version}{instead}.", slug="ocpp_version_mismatch")
