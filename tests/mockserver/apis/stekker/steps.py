"""Steps that the Stekker tests share: an operator that forwards events, the demo app beside it, and what is pushed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import orjson

from mockserver.clock import timestamp
from tests.asgi import Client, Response
from tests.mock import APP, CONTROL, STEKKER, Mock

EVENTS = f"{STEKKER}/events"
ACCEPTED = {"idTagInfo": {"status": "Accepted"}}
CALLBACK = "http://127.0.0.1:9/api/v1/chargers"
KEY = "not-a-real-key"
PAIR, UNPAIR = "ChargePointDetailsNotification", "ChargePointUnPairNotification"
THREE_PHASES = {"powerType": "AC_3_PHASE", "maxVoltage": 230, "maxAmperage": 16}
"""11 040 W."""


def said(response: Response, status: int = 200) -> Any:
    """The JSON of an answer that has to have a status."""
    assert response.status == status, (response.status, response.body)
    return response.json()


def refused(response: Response, status: int) -> tuple[str, str]:
    """Field and message of a refusal that names one."""
    (detail,) = said(response, status)["details"]
    return detail["field"], detail["message"]


def ocpp(
    charge_point_id: str | int,
    method: str,
    params: Mapping[str, Any],
    response: Mapping[str, Any] | None = None,
    inside: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """An OCPP event; `response` stands beside `event`, `inside` in it."""
    body: dict[str, Any] = {
        "notification": "OcppEvent",
        "protocol": "1.6",
        "chargePointId": charge_point_id,
        "event": {"method": method, "params": {**params}},
    }
    if response is not None:
        body["response"] = {**response}
    if inside is not None:
        body["event"]["response"] = {**inside}
    return body


def reading(at: datetime | str, *values: Mapping[str, Any] | float | str) -> dict[str, Any]:
    """A meterValue: numbers and texts are registers in Wh."""
    sampled = [value if isinstance(value, Mapping) else {"value": str(value)} for value in values]
    return {"timestamp": at if isinstance(at, str) else timestamp(at), "sampledValue": sampled}


class Operator:
    """A charge point operator with its token, and what the demo app does for it."""

    def __init__(self, mock: Mock, client: Client, organization_id: str) -> None:
        self.mock = mock
        self.client = client
        self.organization_id = organization_id
        self.app = f"{APP}/organizations/{organization_id}"

    def put(self, body: Mapping[str, Any]) -> Response:
        return self.client.put(EVENTS, json=body)

    def post(self, body: Mapping[str, Any]) -> Response:
        return self.client.post(EVENTS, json=body)

    def pair(self, charge_point_id: str | int = "cp", **details: Any) -> Response:
        return self.put({"event": PAIR, "chargePointId": charge_point_id, **details})

    def unpair(self, charge_point_id: str | int = "cp") -> Response:
        return self.put({"event": UNPAIR, "chargePointId": charge_point_id})

    def call(self, charge_point_id: str | int, method: str, params: Mapping[str, Any], **where: Any) -> Response:
        return self.post(ocpp(charge_point_id, method, params, **where))

    def status(self, status: str, charge_point_id: str | int = "cp", **params: Any) -> Response:
        params = {"connectorId": 1, "errorCode": "NoError", **params}
        return self.call(charge_point_id, "StatusNotification", {"status": status, **params}, response={})

    def start(
        self,
        at: datetime | str,
        transaction_id: int = 77,
        charge_point_id: str | int = "cp",
        **params: Any,
    ) -> Response:
        params = {"connectorId": 1, "idTag": "CARD", "meterStart": 1000, **params}
        params["timestamp"] = at if isinstance(at, str) else timestamp(at)
        response = {"transactionId": transaction_id, **ACCEPTED}
        return self.call(charge_point_id, "StartTransaction", params, response=response)

    def meter(
        self,
        *meter_values: Mapping[str, Any],
        transaction_id: int | None = 77,
        charge_point_id: str | int = "cp",
        connector_id: int = 1,
    ) -> Response:
        params: dict[str, Any] = {"connectorId": connector_id, "meterValue": [*meter_values]}
        if transaction_id is not None:
            params["transactionId"] = transaction_id
        return self.call(charge_point_id, "MeterValues", params, inside={})

    def stop(
        self,
        at: datetime | str,
        meter_stop: float,
        transaction_id: int = 77,
        charge_point_id: str | int = "cp",
        **params: Any,
    ) -> Response:
        params = {"transactionId": transaction_id, "meterStop": meter_stop, **params}
        params["timestamp"] = at if isinstance(at, str) else timestamp(at)
        return self.call(charge_point_id, "StopTransaction", params, inside={})

    def measure(self, at: datetime, kilowatts: float, sensor_id: str = "grid") -> Response:
        value = {"name": "total_active_power", "value": kilowatts, "unit": "kW", "timestamp": timestamp(at)}
        return self.post({"event": "MeasurementValues", "sensorId": sensor_id, "values": [value]})

    def cdr(self, transaction_id: int | str = 77) -> Response:
        return self.client.get(f"{STEKKER}/cdrs/{transaction_id}")

    def shown(self, path: str) -> Any:
        """What the demo app shows below the organization."""
        return said(self.mock.anonymous.get(self.app + path))

    def session(self, transaction_id: int = 77, charge_point_id: str = "cp") -> Any:
        """The session of a transaction."""
        (found,) = [
            each
            for each in self.shown("/sessions")
            if (each["transaction_id"], each["charge_point_id"]) == (transaction_id, charge_point_id)
        ]
        return found

    def charge_point(self, charge_point_id: str = "cp") -> Any:
        """The charge point as the app shows it."""
        (found,) = [each for each in self.shown("/charge-points") if each["charge_point_id"] == charge_point_id]
        return found

    def change(self, **settings: Any) -> Response:
        """Change the organization's settings."""
        return self.mock.anonymous.request("PATCH", self.app, json=settings)

    def set_site(self, power_limit_w: int, charge_points: Sequence[str], site_id: str = "site") -> Response:
        body = {"power_limit_w": power_limit_w, "sensor_ids": ["grid"], "charge_point_ids": [*charge_points]}
        return self.mock.anonymous.put(f"{self.app}/sites/{site_id}", json=body)

    def wish(self, id_tag: str = "CARD", **wishes: Any) -> Response:
        return self.mock.anonymous.put(f"{self.app}/id-tags/{id_tag}", json=wishes)


class Receiver:
    """Where profiles arrive: an operator's system that answers each with a status."""

    def __init__(self, mock: Mock) -> None:
        self.mock = mock
        self.calls: list[tuple[str, dict[str, str], Any]] = []
        self.status = 200

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        """See `Transport`."""
        self.calls.append((url, {**headers}, orjson.loads(body)))
        return self.status

    def settle(self, duration_s: float = 0) -> list[Any]:
        """The bodies that arrive until all that is due is done, after the clock has moved by a duration."""
        before = len(self.calls)
        assert self.mock.anonymous.post(f"{CONTROL}/clock/advance", json={"duration_s": duration_s}).status == 200
        return [body for _, _, body in self.calls[before:]]


def steps(profile: Any) -> list[tuple[datetime, int]]:
    """The steps of a pushed profile: since when which limit in W."""
    schedule = profile["csChargingProfiles"]["chargingSchedule"]
    start = datetime.fromisoformat(schedule["startSchedule"])
    return [
        (start + timedelta(seconds=step["startPeriod"]), step["limit"]) for step in schedule["chargingSchedulePeriod"]
    ]


def plan_of(session: Any) -> list[tuple[datetime, int]]:
    """The steps of the plan that the app shows."""
    return [(datetime.fromisoformat(each["starts_at"]), each["limit_w"]) for each in session["plan"]["periods"]]


def limit_at(plan: Sequence[tuple[datetime, int]], at: datetime) -> int:
    """What a plan allows at an instant, W."""
    return next((limit_w for start, limit_w in reversed(plan) if start <= at), 0)


def energy_wh(plan: Sequence[tuple[datetime, int]]) -> float:
    """What a plan gives in all, if all is drawn; its last step is a pause."""
    return sum(limit_w * (end - start).total_seconds() / 3600.0 for (start, limit_w), (end, _) in pairwise(plan))


def state_of(mock: Mock) -> Any:
    """All that clients wrote."""
    return said(mock.anonymous.get(f"{CONTROL}/state"))["collections"]
