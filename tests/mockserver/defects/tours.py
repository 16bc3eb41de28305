"""Walks through whole APIs, the same each time, on which a defect shows as a difference from the honest server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.asgi import Client, Response
from tests.contract_tests.habits.depot import READ_TOKEN, TOKEN
from tests.mock import BESS, CONTROL, NOON, STEKKER, V2, Mock
from tests.mockserver.apis.stekker.bess.steps import BATTERY, GRID_CONNECTION, NOBODY, SENSOR, rows

Exchange = tuple[int, dict[str, str], bytes]
Tour = Callable[["Traveller"], None]

TEXT = {"content-type": "text/plain"}


class Differs(Exception):
    """An answer is not the one that the honest server gave."""


class Traveller:
    """Asks a server as several callers, keeps what it answers, and stops where that is not what was expected."""

    def __init__(self, app: Any, callers: dict[str, dict[str, str]], expected: list[Exchange] | None = None) -> None:
        self.seen: list[Exchange] = []
        self.labels: list[str] = []
        self._expected = expected
        self._clients = {name: Client(app, headers) for name, headers in callers.items()}

    def close(self) -> None:
        """Free the event loops."""
        for client in self._clients.values():
            client.close()

    def __call__(self, method: str, path: str, caller: str = "", **options: Any) -> Response:
        """One exchange, by the first caller unless another is named."""
        client = self._clients[caller or next(iter(self._clients))]
        answer = client.request(method, path, **options)
        self.labels.append(f"{method} {path} {answer.status}")
        self.seen.append((answer.status, answer.headers, answer.body))
        if self._expected is not None and self.seen[-1] != self._expected[len(self.seen) - 1]:
            raise Differs(self.labels[-1])
        return answer


def callers_of(mock: Mock) -> dict[str, dict[str, str]]:
    """The headers of each kind of caller of the mock."""
    clients = {"full": mock.full, "basic": mock.basic, "north": mock.north, "south": mock.south, "prices": mock.prices}
    named = {name: dict(client.headers) for name, client in clients.items()}
    return {**named, "nobody": {}, "stranger": {"authorization": "Bearer nobody-knows-this"}}


def depot_callers() -> dict[str, dict[str, str]]:
    """The headers of who may write in the depot, and of who may read only."""
    return {
        "writer": {"authorization": f"Bearer {TOKEN}"},
        "reader": {"authorization": f"Bearer {READ_TOKEN}"},
    }


def ev_energy(ask: Traveller) -> None:
    """Suppliers, tariffs and prices, and what can be wrong in asking for them."""
    suppliers = f"{V2}/suppliers"
    first = ask("GET", suppliers, query={"page_size": 2}).json()
    ask("GET", suppliers, query={"page_size": 2})
    ask("GET", suppliers, query={"page_size": 2, "page": 2})
    ask("HEAD", suppliers)
    for size in (1, 100, 101, 0, "many"):
        ask("GET", suppliers, query={"page_size": size})
    one = ask("GET", f"{suppliers}/{first[0]['id']}").json()
    ask("GET", f"{suppliers}/{one['id'][:-4]}0000")
    ask("GET", f"{suppliers}/odd")
    for caller in ("nobody", "stranger"):
        ask("GET", suppliers, caller)
        ask("GET", f"{suppliers}/{one['id']}", caller)
        ask("GET", f"{suppliers}/{one['id'][:-4]}0000", caller)
    ask("PUT", suppliers, json={})
    ask("GET", f"{V2}/nothing-here")
    ask("GET", suppliers, headers={"accept": "text/html"})
    tariffs = f"{V2}/tariffs"
    tariff = ask("GET", tariffs, query={"page_size": 2}).json()[0]
    ask("GET", tariffs, query={"supplier_id": one["id"]})
    prices = f"{tariffs}/{tariff['id']}/prices"
    ask("GET", prices)
    ask("GET", prices, "basic")
    ask("GET", prices, query={"started_at__gte": "2026-03-18T12:00:00Z", "started_at__lte": "2026-03-18T14:00:00Z"})
    fault = {"match": {"operation_id": "get-suppliers"}, "action": {"status": 429, "retry_after_s": 2}, "times": 1}
    ask("POST", f"{CONTROL}/faults", "nobody", json=fault)
    ask("GET", suppliers)


def stekker(ask: Traveller) -> None:
    """Prices of the market, readings, and charge points of two operators."""
    prices, events = f"{STEKKER}/market_price_forecast", f"{STEKKER}/events"
    ask("GET", prices, "north")
    for region in ("NL-900", "BE", "XX"):
        ask("GET", prices, "north", query={"region": region})
    ask("GET", prices, "prices")
    pair = {"event": "ChargePointDetailsNotification", "chargePointId": "cp", "maxVoltage": 230, "maxAmperage": 16}
    ask("PUT", events, "north", json=pair)
    ask("PUT", events, "prices", json=pair)
    ask("PUT", events, "south", json={"event": "ChargePointUnPairNotification", "chargePointId": "cp"})
    ask("POST", events, "north", content=b"{,}", headers={"content-type": "application/json"})
    readings = [
        {"timestamp": (NOON - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ"), "reading_kwh": value}
        for hours, value in ((6, 1.0), (5, 2.0), (4, 4.5))
    ]
    market = {"market_area_code": "NL", "modality": "Spot", "sub_modality": "DayAhead"}
    ask("POST", f"{STEKKER}/cdrs/meter_readings", "north", json={"power_market": market, "meter_readings": readings})
    ask("GET", f"{STEKKER}/cdrs/1", "north")


def bess(ask: Traveller) -> None:
    """Things that two organizations register, read, list, change, delete; measurements and schedules."""
    sites, batteries, sensors = (f"{BESS}/{name}" for name in ("grid_connections", "batteries", "sensors"))
    body = {**GRID_CONNECTION, "name": "Kantoor aan de Zuidas, café Zoë", "external_id": "ours-1"}
    ask("GET", sites, "north", query={"per_page": 1})
    site = ask("POST", sites, "north", json=body).json()
    one = f"{sites}/{site['id']}"
    ask("GET", one, "north")
    ask("GET", one, "south")
    ask("GET", one, "nobody")
    ask("GET", f"{sites}/{NOBODY}", "nobody")
    for page in (1, 2, 3):
        ask("GET", sites, "north", query={"per_page": 2, "page": page})
    ask("GET", sites, "north", query={"per_page": 2})
    ask("POST", sites, "north", json={**body, "name": 7})
    ask("POST", sites, "north", content=b"{}", headers=TEXT)
    ask("GET", f"{sites}/odd", "north")
    battery = ask("POST", batteries, "north", json={**BATTERY, "grid_connection_id": site["id"]}).json()
    ask("GET", batteries, "north", query={"grid_connection_id": site["id"]})
    cellar = f"{batteries}/{battery['id']}"
    ask("PATCH", cellar, "north", json={"capacity_kwh": 220.5})
    ask("GET", cellar, "north")
    sensor = ask("POST", sensors, "north", json={**SENSOR, "grid_connection_id": site["id"]}).json()
    measured = f"{sensors}/{sensor['id']}/measurements"
    ask("POST", measured, "north", json={"measurements": rows(NOON - timedelta(hours=2), [1.25, 2.5, -3.75, 4.0])})
    ask("GET", measured, "north", query={"from": "2026-03-18T09:00:00Z", "to": "2026-03-18T12:00:00Z"})
    wanted = {"horizon_hours": 24, "current_soc_percent": 50.5}
    schedules = f"{cellar}/schedules"
    ask("POST", f"{schedules}/cash_optimized", "north", json=wanted)
    ask("GET", schedules, "north")
    ask("DELETE", f"{sensors}/{sensor['id']}", "north")
    ask("DELETE", f"{sensors}/{sensor['id']}", "north")
    ask("GET", f"{sensors}/{sensor['id']}", "north")
    ask("GET", sensors, "north")


def depot(ask: Traveller) -> None:
    """Bays and bookings of a server that is none of ours: order, preconditions, keys of repeated calls."""
    ask("GET", "/bays", query={"sort": "-power_kw", "per_page": 3})
    body = {"name": "West 99", "kind": "dc", "power_kw": 149.5, "level": 1, "comment": "Under the roof"}
    bay = ask("POST", "/bays", json=body).json()
    one = f"/bays/{bay['id']}"
    ask("PUT", one, json={**body, "power_kw": 150.5}, headers={"if-match": '"an-old-one"'})
    ask("POST", "/bays", "reader", json={**body, "name": "East 99"})
    booking = {
        "bay_id": bay["id"],
        "driver": "Line 9",
        "starts_at": "2026-03-20T20:00:00Z",
        "ends_at": "2026-03-21T04:00:00Z",
    }
    for _ in range(2):
        ask("POST", "/bookings", json=booking, headers={"idempotency-key": "once"})
    ask("GET", "/bookings")
