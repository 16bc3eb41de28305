"""The payloads of OCPP 1.6 calls: made of what a request has in snake_case, and held to what OCPP allows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from mockserver.apis.dynamo.stations.ocpp16 import ACTIONS
from mockserver.apis.dynamo.stations.schedules import TRANSACTION, problem
from mockserver.http.errors import FieldError, InvalidRequest
from mockserver.http.ocpp import Payload
from mockserver.http.parameters import instant
from specs.validation import Side

Path = tuple[str, ...]
Wrong = Iterator[tuple[Path, str, str]]
"""Where something is wrong, what, and the keyword of JSON Schema that it breaks, or nothing."""
Naming = Callable[[Path], str]
"""How a request calls the member at a path of the payload; the payload itself at the empty one."""

_PROFILES = {"RemoteStartTransaction": "chargingProfile", "SetChargingProfile": "csChargingProfiles"}
_TIMES = frozenset({"expiryDate", "retrieveDate", "startSchedule", "startTime", "stopTime", "validFrom", "validTo"})
_ORDERED = (("startTime", "stopTime"), ("validFrom", "validTo"))
_CAPITAL = re.compile(r"(?=[A-Z])")


def snake(name: str) -> str:
    """A member of OCPP as Dynamo calls it: `idTag` is `id_tag`."""
    return _CAPITAL.sub("_", name).lower()


def snake_path(path: Path) -> str:
    """See `Naming`: where a body has the members of the payload."""
    return ".".join(map(snake, path)) or "body"


def payload_of(action: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of an action, of members in snake_case that the contract allows; those that OCPP has not are left."""
    made: dict[str, Any] = _made(_schemas()[action], members)
    return made


def check(action: str, payload: Payload, at: datetime, named: Naming) -> None:
    """InvalidRequest for what OCPP does not allow; an action that OCPP does not have may have any payload."""
    if action not in ACTIONS:
        return
    for look in (_violations(action, payload), _timeless(payload, ()), _broken(action, payload, at)):
        wrong = [FieldError("body", named(path), message, keyword) for path, message, keyword in look]
        if wrong:
            raise InvalidRequest(wrong)


@cache
def _schemas() -> Mapping[str, Any]:
    """The official JSON Schemas, which the package `ocpp` carries, by action."""
    folder = files("ocpp") / "v16" / "schemas"
    return {action: json.loads((folder / f"{action}.json").read_text("utf-8-sig")) for action in ACTIONS}


@cache
def _side() -> Side:
    # Without `$schema`: these are of draft 4, of which they use nothing that draft 2020-12 has not.
    return Side(
        {action: {name: schema[name] for name in schema if name != "$schema"} for action, schema in _schemas().items()},
        "request",
    )


def _made(schema: Mapping[str, Any], value: Any) -> Any:
    if isinstance(value, Mapping):
        known = schema["properties"].items()
        return {name: _made(each, value[snake(name)]) for name, each in known if snake(name) in value}
    if isinstance(value, list):
        return [_made(schema["items"], each) for each in value]
    return round(value, 1) if "multipleOf" in schema else value


def _violations(action: str, payload: Payload) -> Wrong:
    for each in _side().validator(f"/{action}").violations(payload):
        yield tuple(each.pointer.split("/")[1:]), each.message, each.keyword


def _timeless(value: Payload, place: Path) -> Wrong:
    """Times that are none in the calendar, though they look like some."""
    for name, each in value.items():
        if isinstance(each, Mapping):
            yield from _timeless(each, (*place, name))
        elif name in _TIMES:
            try:
                instant(each)
            except ValueError:
                yield (*place, name), f"is no time that the calendar has: {each}", ""


def _broken(action: str, payload: Payload, at: datetime) -> Wrong:
    """What schemas cannot say, of a payload that is valid under its own."""
    yield from _unordered(payload, ())
    if payload.get("idTag") == "":
        yield ("idTag",), "is empty", ""
    if action == "ReserveNow" and instant(payload["expiryDate"]) <= at:
        yield ("expiryDate",), f"is not in the future: {payload['expiryDate']}", ""
    if action == "SendLocalList" and payload["updateType"] == "Full":
        yield from _unjudged(payload.get("localAuthorizationList", ()))
    member = _PROFILES.get(action, "")
    if member in payload:
        for path, text, keyword in _unusable(payload[member]):
            yield (member, *path), text, keyword
        purpose = payload[member]["chargingProfilePurpose"]
        if action == "RemoteStartTransaction" and purpose != TRANSACTION:
            yield (member, "chargingProfilePurpose"), f"has to be {TRANSACTION} here, not {purpose}", ""


def _unordered(value: Payload, place: Path) -> Wrong:
    for earlier, later in _ORDERED:
        if earlier in value and later in value and instant(value[later]) <= instant(value[earlier]):
            yield (*place, later), f"is not later than {value[earlier]}", ""
    for name, each in value.items():
        if isinstance(each, Mapping):
            yield from _unordered(each, (*place, name))


def _unjudged(cards: Sequence[Payload]) -> Wrong:
    for number, card in enumerate(cards):
        if "idTagInfo" not in card:
            yield ("localAuthorizationList", str(number), "idTagInfo"), "is missing: a full list needs it", ""


def _unusable(profile: Payload) -> Wrong:
    if (text := problem(profile)) is not None:
        yield (), text, ""
        return
    before = -1
    for number, period in enumerate(profile["chargingSchedule"]["chargingSchedulePeriod"]):
        start = period["startPeriod"]
        if (number == 0 and start != 0) or start <= before:
            text = f"is not behind {before}" if number else f"is {start}, but the first period begins at 0"
            yield ("chargingSchedule", "chargingSchedulePeriod", str(number), "startPeriod"), text, ""
        before = start
