"""What all servers of a run share: the contract `bench.yaml`, the objects of its examples, and the token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

SPEC = Path(__file__).with_name("bench.yaml")
TOKEN = "bench-0f4d7c1e9a52"
PAGE_SIZE = 25


@cache
def document() -> dict[str, Any]:
    """`bench.yaml` as plain dicts; shared, so not to be changed."""
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with SPEC.open("rb") as file:
        loaded: dict[str, Any] = yaml.load(file, loader)
    return loaded


def chargers() -> list[dict[str, Any]]:
    """The 25 charging stations that every stateful server starts with: those of the list's example."""
    return deepcopy(document()["components"]["examples"]["FirstPage"]["value"])


def new_charger() -> dict[str, Any]:
    """The valid request body: the example of `create_charger`."""
    content = document()["paths"]["/chargers"]["post"]["requestBody"]["content"]
    return deepcopy(content["application/json"]["examples"]["car_park"]["value"])


def registered(body: Mapping[str, Any], charger_id: str, created_at: str) -> dict[str, Any]:
    """A charging station as the peers keep it: what was sent, and what the registry adds."""
    return {
        "id": charger_id,
        "url": f"https://registry.example/chargers/{charger_id}",
        "status": "available",
        "created_at": created_at,
        "site": None,
        **body,
    }


def write_pinned(file: Path) -> None:
    """Writes the contract with the length of the list fixed at a page.

    A server that makes its answers up from schemas alone knows no `page_size`; without this it would be measured on
    lists of another length than the others.
    """
    pinned = deepcopy(document())
    listed = pinned["paths"]["/chargers"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    listed.update(minItems=PAGE_SIZE, maxItems=PAGE_SIZE)
    file.write_text(json.dumps(pinned), "utf-8")
