"""Calls every GET of every contract and tells what came back, byte for byte: `python -m tests.mockserver.every_get 1`.

An operation whose path parameters have no sample here, or that never answers 2xx, is an error, so that a new operation
is part of the comparison.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from urllib.parse import quote, urlencode, urlsplit

from mockserver.settings import Settings
from specs.operation import Operation
from tests.asgi import Client, Response
from tests.mock import CONTROL, NOON, OAUTH, V2, Mock

MAX_PAGES = 15
"""Enough for all suppliers and tariffs at the default page size; a year of prices is too much."""

NEEDED = {"get-authorize": {"client_id": "ev-energy-full", "response_type": "code", "state": "kept"}}
"""Query parameters without which an operation does not answer 2xx."""

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
    form = {"grant_type": "client_credentials", **{name: ready[name] for name in ("client_id", "client_secret")}}
    answers.append((f"{OAUTH}/token/", mock.anonymous.post(f"{OAUTH}/token/", form=form)))
    for path, response in answers:
        assert response.status in (200, 201), (path, response.body)
    return answers + [(path, mock.get(path)) for path in ("/tariffs", "/tariffs/42", "/nowhere")]


def samples(mock: Mock) -> Mapping[str, list[str]]:
    """Values of path parameters: those that the world of the seed has, a tariff of each type among them."""
    tariffs = {tariff.type: tariff.id for tariff in mock.runtime.world.tariffs}
    return {
        "supplier_id": [supplier.id for supplier in mock.runtime.world.suppliers],
        "tariff_id": [*tariffs.values()],
        "client_id": ["ev-energy-full", "ev-energy-basic"],
        "request_id": ["req000000000001", "req000000000002"],
    }


def queries(operation: Operation) -> Iterator[dict[str, str]]:
    """No optional parameter, then each by itself with each value that the contract shows."""
    needed = NEEDED.get(operation.operation_id, {})
    yield needed
    for parameter in operation.parameters:
        if parameter.location != "query" or parameter.name in needed:
            continue
        for example in [NOT_SAMPLES.get(parameter.name)] if parameter.name in NOT_SAMPLES else parameter.examples:
            texts = [str(part) if not isinstance(part, bool) else str(part).lower() for part in _list(example)]
            yield {**needed, parameter.name: ",".join(texts)}


def exchanges(mock: Mock) -> Iterator[tuple[str, Response]]:
    """Every GET: its target and the response."""
    values = samples(mock)
    for mounted in mock.runtime.apis:
        client = mock.full if mounted.base_path == V2 else mock.anonymous
        for operation in mounted.spec.operations:
            if operation.method != "GET":
                continue
            answered = False
            names = [parameter.name for parameter in operation.parameters if parameter.location == "path"]
            for combination in product(*(values[name] for name in names)):
                path = operation.path.format(**dict(zip(names, map(quote, combination), strict=True)))
                for query in queries(operation):
                    for target, response in _pages(client, f"{mounted.base_path}{path}?{urlencode(query)}".rstrip("?")):
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


def _pages(client: Client, target: str) -> Iterator[tuple[str, Response]]:
    for _ in range(MAX_PAGES):
        response = client.get(target)
        yield target, response
        _, _, following = response.headers.get("link", "").partition('rel="previous", <')
        if not following.startswith("http"):
            return
        parts = urlsplit(following.partition(">")[0])
        target = f"{parts.path}?{parts.query}"


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def started(seed: int) -> Mock:
    """A mock of a seed at the frozen time of the tests."""
    return Mock(Settings(seed=seed, at=NOON, speed=0.0))


if __name__ == "__main__":
    this = started(int(sys.argv[1]))
    sys.stdout.buffer.write(written([*prepare(this), *exchanges(this)]))
