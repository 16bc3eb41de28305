"""The four requests that are measured, and what a right answer to each looks like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs

from benchmarks import contract
from benchmarks.tools import BenchError

_JSON, _PROBLEM = "application/json", "application/problem+json"


@dataclass(frozen=True)
class Scenario:
    """One request; `schema` is the component that the body, or each of its `items`, must satisfy."""

    name: str
    title: str
    method: str
    path: str
    statuses: tuple[int, ...]
    content_type: str
    schema: str
    items: int | None = None
    body: bytes | None = None
    creates: bool = False

    @property
    def succeeds(self) -> bool:
        """Whether 2xx is the right answer."""
        return self.statuses[0] < 300


def _invalid() -> bytes:
    body = {**contract.new_charger(), "power_w": "fast"}
    del body["serial"]
    return json.dumps(body).encode()


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "list",
            "list of 25",
            "GET",
            f"/chargers?page=1&page_size={contract.PAGE_SIZE}",
            (200,),
            _JSON,
            "Charger",
            items=contract.PAGE_SIZE,
        ),
        Scenario("get", "get one", "GET", f"/chargers/{contract.chargers()[0]['id']}", (200,), _JSON, "Charger"),
        Scenario(
            "create",
            "valid POST",
            "POST",
            "/chargers",
            (201,),
            _JSON,
            "Charger",
            body=json.dumps(contract.new_charger()).encode(),
            creates=True,
        ),
        Scenario("refuse", "invalid POST", "POST", "/chargers", (400, 422), _PROBLEM, "Problem", body=_invalid()),
    )
}

# What creates comes last, so that every other scenario meets a server in its first state.
RUN_ORDER = sorted(SCENARIOS.values(), key=lambda scenario: scenario.creates)


@cache
def _validator(schema: str) -> Any:
    return jsonschema_rs.validator_for(
        {"$ref": f"#/components/schemas/{schema}", "components": contract.document()["components"]},
        validate_formats=True,
    )


def send(
    base_url: str, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
) -> tuple[int, str, bytes]:
    """One request on a connection of its own: status, media type and body; OSError or HTTPException when it fails."""
    parts = urlsplit(base_url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        headers = {**headers, "Content-Type": _JSON} if body is not None else headers
        connection.request(method, parts.path + path, body=body, headers=dict(headers))
        response = connection.getresponse()
        return response.status, (response.getheader("content-type") or "").partition(";")[0], response.read()
    finally:
        connection.close()


def check(scenario: Scenario, base_url: str, headers: Mapping[str, str], *, stateful: bool) -> None:
    """Sends the request once; BenchError unless the answer is the right one in status, media type and shape."""
    status, content_type, body = send(base_url, scenario.method, scenario.path, headers, scenario.body)
    where = f"{scenario.title} ({scenario.method} {base_url}{scenario.path})"
    if status not in scenario.statuses or content_type != scenario.content_type:
        wanted = f"{' or '.join(map(str, scenario.statuses))} {scenario.content_type}"
        raise BenchError(f"{where}: {status} {content_type} instead of {wanted}: {body[:300]!r}")
    value = json.loads(body)
    if scenario.items is not None and len(value) != scenario.items:
        raise BenchError(f"{where}: {len(value)} items instead of {scenario.items}")
    for item in value if scenario.items is not None else [value]:
        error = next(_validator(scenario.schema).iter_errors(item), None)
        if error is not None:
            raise BenchError(f"{where}: breaks the contract: {error.message}")
    if scenario.creates and stateful:
        _check_kept(value, where, base_url, headers)


def _check_kept(created: Any, where: str, base_url: str, headers: Mapping[str, str]) -> None:
    status, _, body = send(base_url, "GET", f"/chargers/{created['id']}", headers)
    if status != 200 or json.loads(body) != created:
        raise BenchError(f"{where}: what was created cannot be read back ({status})")
    sent = contract.new_charger()
    if {name: created[name] for name in sent} != sent:
        raise BenchError(f"{where}: what was created is not what was sent")
