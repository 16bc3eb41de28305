"""What laws about batteries have in common: things that are registered for a law, and lists read to their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.law import NotPlayed
from contract_tests.laws.stage import Stage

_PAGE = 100
_PAGES = 200


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing that is registered, by its path, and the schema of one."""

    path: str
    schema: str

    @property
    def collection(self) -> str:
        """The operation that lists them."""
        return f"GET {self.path}"

    @property
    def create(self) -> str:
        """The operation that registers one."""
        return f"POST {self.path}"

    @property
    def read(self) -> str:
        """The operation that gives one."""
        return f"GET {self.path}/{{id}}"

    @property
    def change(self) -> str:
        """The operation that changes one."""
        return f"PATCH {self.path}/{{id}}"

    @property
    def delete(self) -> str:
        """The operation that removes one."""
        return f"DELETE {self.path}/{{id}}"


SITES = Kind("/grid_connections", "GridConnection")
BATTERIES = Kind("/batteries", "Battery")
SENSORS = Kind("/sensors", "Sensor")


def site_body(stage: Stage, **more: Any) -> dict[str, Any]:
    """A grid connection of 55.2 kW, with a name and an id of its own."""
    name = stage.name()
    return {
        "name": name,
        "external_id": name,
        "location": {"latitude": 52.09, "longitude": 5.12},
        "fuse_limit_amperes": 80,
        **more,
    }


def battery_body(stage: Stage, site: str, **more: Any) -> dict[str, Any]:
    """A battery of 100 kWh and 25 kW."""
    return {
        "grid_connection_id": site,
        "name": stage.name(),
        "capacity_kwh": 100,
        "max_charge_power_kw": 25,
        "max_discharge_power_kw": 25,
        **more,
    }


def sensor_body(stage: Stage, site: str, **more: Any) -> dict[str, Any]:
    """A meter at the grid connection."""
    name = stage.name()
    return {"grid_connection_id": site, "name": name, "external_id": name, "kind": "grid", **more}


def registered(stage: Stage, kind: Kind, body: dict[str, Any]) -> Any:
    """What was registered by a body, until the law is over; raises NotPlayed if that cannot be."""
    exchange = tried(stage, kind, body)
    if exchange.status != 201:
        raise NotPlayed(f"{kind.create} answers {exchange.outcome(stage.run.credentials)}")
    return stage.fitting(exchange)


def tried(stage: Stage, kind: Kind, body: dict[str, Any]) -> Exchange:
    """The answer to an attempt to register something; what comes of it is removed when the law is over."""
    answers: list[Exchange] = []

    def clear_up() -> Exchange | None:
        answer = answers[0].json() if answers else _named(stage, kind, body["name"])
        thing_id = answer.get("id") if isinstance(answer, dict) else None
        return stage.aside(kind.delete, id=thing_id) if isinstance(thing_id, str) else None

    stage.later(clear_up)
    answers.append(stage.call(kind.create, body))
    return answers[0]


def _named(stage: Stage, kind: Kind, name: str) -> Any:
    """What has a name, or None; only asked after an interrupt before the answer came that had its id."""
    items, _ = listed(stage, kind)
    return next((item for item in items if item["name"] == name), None)


def site(stage: Stage, **more: Any) -> str:
    """The id of a grid connection."""
    return str(registered(stage, SITES, site_body(stage, **more))["id"])


def battery(stage: Stage, **more: Any) -> Any:
    """A battery on a grid connection of its own."""
    return registered(stage, BATTERIES, battery_body(stage, site(stage), **more))


def sensor(stage: Stage, site_id: str = "", **more: Any) -> Any:
    """A sensor, on a grid connection of its own if none is given."""
    return registered(stage, SENSORS, sensor_body(stage, site_id or site(stage), **more))


def listed(
    stage: Stage, kind: Kind, per_page: int = _PAGE, filters: dict[str, str] | None = None
) -> tuple[list[Any], list[Exchange]]:
    """All items of a list in order, and the answers that they came in; ends at the first empty or last page."""
    items: list[Any] = []
    pages: list[Exchange] = []
    for page in range(1, _PAGES + 1):
        exchange = stage.done(kind.collection, query={**(filters or {}), "page": page, "per_page": per_page})
        answer = stage.fitting(exchange)
        pages.append(exchange)
        items += answer["data"]
        if not answer["data"] or page >= answer["pagination"]["total_pages"]:
            break
    return items, pages


def time(text: str) -> datetime:
    """A time of an answer."""
    return datetime.fromisoformat(text)
