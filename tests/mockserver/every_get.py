"""Calls every GET of every contract and tells what came back, byte for byte: `python -m tests.mockserver.every_get 1`.

An operation whose path parameters have no sample here, or that never answers 2xx, is an error, so that a new operation
is part of the comparison.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import product
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from mockserver.settings import Settings
from specs.operation import Operation
from tests.asgi import Client, Response
from tests.mock import APP, BESS, CONTROL, NOON, OAUTH, STEKKER, V2, Mock
from tests.mockserver.every_get_of_dynamo import Dynamo

MAX_PAGES = 15
"""Enough for all suppliers and tariffs at the default page size; a year of prices is too much."""

NEEDED = {"get-authorize": {"client_id": "ev-energy-full", "response_type": "code", "state": "kept"}}
"""Query parameters without which an operation does not answer 2xx."""

BODIES = {
    "get-meter-readings": {
        "power_market": {"market_area_code": "NL", "sub_modality": "DayAhead"},
        "meter_readings": [
            {"timestamp": "2026-03-17T08:10:00Z", "reading_kwh": 100.5},
            {"timestamp": "2026-03-17T11:40:00Z", "reading_kwh": 117.25},
        ],
    }
}
"""Bodies of the GETs that take one."""

CLIENTS = {V2: "full", STEKKER: "north", BESS: "north"}
"""As whom an API is asked; the others need nobody."""

NOT_SAMPLES = {"page": "2", "before": "req000000000003", "client_id": "ev-energy-basic"}
"""Values for parameters whose example in the contract leads nowhere in the world of a seed."""


def prepare(mock: Mock) -> list[tuple[str, Response]]:
    """Write something of every kind, so that the control plane has something to show; tells what was answered."""
    tokens = f"{CONTROL}/applications/ev-energy-full/tokens"
    ready = mock.anonymous.get(f"{CONTROL}/applications/ev-energy-full").json()
    written = [
        *(
            (f"{CONTROL}/applications", {"name": f"Application {number}", "redirect_uris": ["https://a.example.com/b"]})
            for number in range(3)
        ),
        (tokens, {}),
        (tokens, {"user_id": mock.runtime.world.drivers[0].id}),
        (tokens, {"scopes": ["tariff:read"], "lifetime_s": 60}),
        (f"{CONTROL}/faults", {"match": {"path": "/nowhere"}, "action": {"status": 503}}),
    ]
    answers = [(path, mock.anonymous.post(path, json=body)) for path, body in written]
    with closing(Dynamo(mock)) as dynamo:
        answers += [*_charge(mock), *_store_energy(mock), *dynamo.write()]
    form = {"grant_type": "client_credentials", **{name: ready[name] for name in ("client_id", "client_secret")}}
    answers.append((f"{OAUTH}/token/", mock.anonymous.post(f"{OAUTH}/token/", form=form)))
    for path, response in answers:
        assert response.status in (200, 201, 202), (path, response.body)
    return answers + [(path, mock.get(path)) for path in ("/tariffs", "/tariffs/42", "/nowhere")]


def _charge(mock: Mock) -> Iterator[tuple[str, Response]]:
    """A charging session of Stekker's from pairing to its end, with a site, wishes and pushed profiles."""
    north, app = f"{APP}/organizations/stekker-north", mock.anonymous
    callback = {"callback_url": "http://127.0.0.1:1/chargers", "callback_api_key": "key"}
    yield north, app.request("PATCH", north, json=callback)
    yield f"{APP}/pairing-codes", app.post(f"{APP}/pairing-codes", json={})
    yield f"{north}/id-tags/04A1", app.put(f"{north}/id-tags/04A1", json={"target_percent": 80})
    site = {"power_limit_w": 9_000, "sensor_ids": ["main"], "charge_point_ids": ["cp-1"]}
    yield f"{north}/sites/yard", app.put(f"{north}/sites/yard", json=site)
    pairing = {"event": "ChargePointDetailsNotification", "chargePointId": "cp-1", "powerType": "AC_3_PHASE"}
    yield f"{STEKKER}/events", mock.north.put(f"{STEKKER}/events", json=pairing)
    accepted = {"idTagInfo": {"status": "Accepted"}}
    start = {"connectorId": 1, "idTag": "04A1", "meterStart": 5_000, "timestamp": "2026-03-17T18:00:00Z"}
    stop = {"transactionId": 1, "meterStop": 9_000, "timestamp": "2026-03-17T20:00:00Z"}
    for method, params, response in (
        ("StartTransaction", start, {"transactionId": 1, **accepted}),
        ("StopTransaction", stop, accepted),
        ("StartTransaction", {**start, "timestamp": "2026-03-18T09:00:00Z"}, {"transactionId": 2, **accepted}),
    ):
        event = {"method": method, "params": params, "response": response}
        body = {"notification": "OcppEvent", "protocol": "1.6", "chargePointId": "cp-1", "event": event}
        yield f"{STEKKER}/events", mock.north.post(f"{STEKKER}/events", json=body)


def _store_energy(mock: Mock) -> Iterator[tuple[str, Response]]:
    """A grid connection with battery, panels, measurements and a schedule."""

    def create(path: str, body: object) -> tuple[str, Response]:
        return f"{BESS}{path}", mock.north.post(f"{BESS}{path}", json=body)

    location = {"latitude": 52.09, "longitude": 5.12}
    yield (made := create("/grid_connections", {"name": "Yard", "location": location, "fuse_limit_amperes": 63}))
    place = {"grid_connection_id": made[1].json()["id"]}
    power = {"capacity_kwh": 20, "max_charge_power_kw": 10, "max_discharge_power_kw": 10, "current_soc_percent": 40}
    yield (battery := create("/batteries", {**place, "name": "Battery", **power}))
    yield (sensor := create("/sensors", {**place, "name": "Panels", "kind": "solar"}))
    hours = (
        {"timestamp": f"2026-03-{day}T{hour:02}:00:00Z", "power_kw": hour / 4} for day in (16, 17) for hour in range(24)
    )
    yield create(f"/sensors/{sensor[1].json()['id']}/measurements", {"measurements": [*hours]})
    yield create(f"/batteries/{battery[1].json()['id']}/schedules/cash_optimized", {})


def samples(mock: Mock) -> Mapping[str, list[str]]:
    """Values of path parameters: those that the world of the seed has, a tariff of each type among them."""
    tariffs = {tariff.type: tariff.id for tariff in mock.runtime.world.tariffs}
    return {
        "supplier_id": [supplier.id for supplier in mock.runtime.world.suppliers],
        "tariff_id": [*tariffs.values()],
        "client_id": ["ev-energy-full", "ev-energy-basic"],
        "request_id": ["req000000000001", "req000000000002"],
        "delivery_id": [delivery.delivery_id for delivery in mock.runtime.outbox],
        "organization_id": ["stekker-north", "stekker-south"],
        "session_id": [
            each["session_id"] for each in listed(mock.anonymous, f"{APP}/organizations/stekker-north/sessions")
        ],
        "cpo_transaction_id": ["1", "2"],
        # One of the world's and one that was created, of each kind.
        "id": [each["id"] for path in BESS_LISTS for each in _first_and_last(mock, path)],
        "schedule_id": [
            schedule["id"]
            for battery in listed(mock.north, f"{BESS}/batteries")["data"]
            for schedule in listed(mock.north, f"{BESS}/batteries/{battery['id']}/schedules")["data"]
        ],
    }


def _first_and_last(mock: Mock, path: str) -> list[Any]:
    found = listed(mock.north, f"{BESS}{path}?per_page=100")["data"]
    return [found[0], found[-1]]


BESS_LISTS = ("/grid_connections", "/batteries", "/sensors")


def listed(client: Client, path: str) -> Any:
    """What a list answers."""
    return client.get(path).json()


def queries(operation: Operation, values: Mapping[str, list[str]]) -> Iterator[dict[str, str]]:
    """No optional parameter, then each by itself with each value that the contract shows, or one that there is."""
    asked = [parameter for parameter in operation.parameters if parameter.location == "query"]
    needed = NEEDED.get(operation.operation_id) or {each.name: each.examples[0] for each in asked if each.required}
    yield needed
    for parameter in asked:
        if parameter.name in needed:
            continue
        if parameter.name in NOT_SAMPLES:
            examples = [NOT_SAMPLES[parameter.name]]
        else:
            examples = values.get(parameter.name, parameter.examples)
        for example in examples:
            texts = [str(part) if not isinstance(part, bool) else str(part).lower() for part in _list(example)]
            yield {**needed, parameter.name: ",".join(texts)}


def exchanges(mock: Mock) -> Iterator[tuple[str, Response]]:
    """Every GET: its target and the response."""
    with closing(Dynamo(mock)) as dynamo:
        of_dynamo, of_others = dynamo.samples(), samples(mock)
        for mounted in mock.runtime.apis:
            values = of_dynamo.get(mounted.base_path, of_others)
            usual = getattr(mock, CLIENTS.get(mounted.base_path, "anonymous"))
            for operation in mounted.spec.operations:
                if operation.method == "GET":
                    client = dynamo.caller(mounted.base_path, operation.operation_id) or usual
                    yield from _asked(client, mounted.base_path, operation, values)


def _asked(
    client: Client, base_path: str, operation: Operation, values: Mapping[str, list[str]]
) -> Iterator[tuple[str, Response]]:
    """An operation with every combination of values in its path and every query; LookupError if that is never 200."""
    answered = False
    names = [parameter.name for parameter in operation.parameters if parameter.location == "path"]
    for combination in product(*(values[name] for name in names)):
        path = operation.path.format(**dict(zip(names, map(quote, combination), strict=True)))
        for query in queries(operation, values):
            first = f"{base_path}{path}?{urlencode(query)}".rstrip("?")
            for target, response in _pages(client, first, BODIES.get(operation.operation_id)):
                answered |= response.status == 200
                yield target, response
    if not answered:
        raise LookupError(f"{operation.operation_id} never answered 200: give it what it needs")


def written(exchanges: Iterable[tuple[str, Response]]) -> bytes:
    """The exchanges as they went over the wire."""
    lines = []
    for target, response in exchanges:
        lines.append(f"{target} {response.status}".encode())
        lines += [name + b": " + value for name, value in response.raw_headers]
        lines += [b"", response.body]
    return b"\n".join(lines)


def _pages(client: Client, target: str, body: object) -> Iterator[tuple[str, Response]]:
    for _ in range(MAX_PAGES):
        response = client.get(target, json=body)
        yield target, response
        _, _, following = response.headers.get("link", "").partition('rel="previous", <')
        if not following.startswith("http"):
            return
        parts = urlsplit(following.partition(">")[0])
        target = f"{parts.path}?{parts.query}"


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def started(seed: int, *apis: str) -> Mock:
    """A mock of a seed at the frozen time of the tests, of all APIs when none is named."""
    return Mock(Settings(seed=seed, at=NOON, speed=0.0, apis=apis, journal_size=10_000))


if __name__ == "__main__":
    this = started(int(sys.argv[1]))
    sys.stdout.buffer.write(written([*prepare(this), *exchanges(this)]))
