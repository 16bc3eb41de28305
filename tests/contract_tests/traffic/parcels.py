"""Exchanges with the parcel service, right unless something is said to be else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from contract_tests.traffic.recorded import Recorded

SPEC = Path(__file__).parent / "parcels.yaml"
BASE = "http://parcels.test/v3"
JSON = {"Content-Type": "application/json"}
PARCEL = {"id": 7, "name": "books", "weight": 1.5}
NEW = {"name": "books", "pin": "0000"}


def as_body(value: Any) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else json.dumps(value).encode()


def listed(body: Any = (PARCEL,), query: str = "", status: int = 200, **other: Any) -> Recorded:
    """`GET /parcels`."""
    return Recorded(
        **{
            "method": "GET",
            "url": f"{BASE}/parcels{query}",
            "request_headers": {"x-depot": "D1"},
            "request_body": None,
            "status": status,
            "response_headers": {**JSON, "X-Total": "1"},
            "response_body": as_body(body),
            **other,
        }
    )


def created(sent: Any = NEW, **other: Any) -> Recorded:
    """`POST /parcels`."""
    return Recorded(
        **{
            "method": "POST",
            "url": f"{BASE}/parcels",
            "request_headers": JSON,
            "request_body": as_body(sent),
            "status": 201,
            "response_headers": {"content-type": "application/vnd.parcel+json"},
            "response_body": as_body(PARCEL),
            **other,
        }
    )


def got(path: str = "/parcels/7", body: Any = PARCEL, status: int = 200, **other: Any) -> Recorded:
    """GET of something without parameters in the query."""
    return Recorded(
        **{
            "method": "GET",
            "url": BASE + path,
            "request_headers": {},
            "request_body": None,
            "status": status,
            "response_headers": JSON,
            "response_body": as_body(body),
            **other,
        }
    )


def refused(status: int = 404) -> dict[str, Any]:
    """What an answer with a problem looks like."""
    headers = {"Content-Type": "application/problem+json; charset=utf-8"}
    return {"status": status, "response_headers": headers, "response_body": b'{"title": "no"}'}
