"""What laws about Dynamo have in common: things that are made for a law, and what there is to play it on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.law import NotPlayed
from contract_tests.laws.stage import Stage
from contract_tests.surface.resources import path_parameters

SITES, SITE = "POST /sites", "GET /sites/{site_id}"
CHARGE_POINTS = "GET /cpo/charge-points"
REGISTER = "POST /installer/charge-points"
BAD_REQUEST = (400, 422)
"""The provider says what is refused, and not with which status."""
_ATTEMPTS = 20
_PAGE, _PAGES = 200, 10


class Made:
    """Something that a law tries to create, and that is deleted when the law is over; `exchange` is the answer."""

    def __init__(self, stage: Stage, create: str, body: Any, delete: str, **path: Any) -> None:
        self._stage, self._deletion, self._path = stage, delete, path
        self._gone = False
        self._answers: list[Exchange] = []
        stage.later(self._clear_up)
        self._answers.append(stage.call(create, body, **path))

    @property
    def exchange(self) -> Exchange:
        """The answer to the attempt."""
        return self._answers[0]

    @property
    def body(self) -> Any:
        """What was created; raises NotPlayed if that could not be."""
        return self._stage.fitting(self._created)

    @property
    def id(self) -> str:
        """Its id; raises NotPlayed if there is none."""
        thing_id = _id(self._created.json(), self._parameter)
        if not isinstance(thing_id, str):
            raise NotPlayed(f"the answer of {self.exchange.operation} has no id")
        return thing_id

    @property
    def _created(self) -> Exchange:
        if self.exchange.status != 201:
            raise NotPlayed(f"{self.exchange.operation} answers {self.exchange.outcome(self._stage.run.credentials)}")
        return self.exchange

    def delete(self) -> Exchange:
        """The answer to its deletion."""
        exchange = self._stage.call(self._deletion, **{**self._path, self._parameter: self.id})
        self._gone = self._gone or exchange.succeeded
        return exchange

    @property
    def _parameter(self) -> str:
        return path_parameters(self._deletion)[-1]

    def _clear_up(self) -> Exchange | None:
        thing_id = _id(self.exchange.json(), self._parameter) if self._answers and not self._gone else None
        if not isinstance(thing_id, str):
            return None
        return self._stage.aside(self._deletion, **{**self._path, self._parameter: thing_id})


def _id(thing: Any, parameter: str) -> Any:
    return thing.get("id", thing.get(parameter)) if isinstance(thing, dict) else None


def organization(stage: Stage) -> str:
    """The id of an organization of the run's own, or of one that is told where we do not reach what we make.

    It is made in any case, and so not in a mode that would not allow to change one.
    """
    return stage.run.once("organization", lambda: _organization(stage))


def _organization(stage: Stage) -> str:
    body = {"name": stage.name(), "country": "GB", "contact_email": "operations@example.com"}
    org_id = _id(stage.aside("POST /organizations", body).json(), "org_id")
    if isinstance(org_id, str) and stage.aside("GET /organizations/{org_id}", org_id=org_id).succeeded:
        return org_id
    return stage.value("org_id")


def site(stage: Stage) -> Made:
    """A site without charge points."""
    body = {"name": stage.name(), "address": "1 Harbour Road, Bristol BS1 5TY", "lat": 51.45, "lng": -2.59}
    return Made(stage, SITES, {**body, "max_power_kw": 120.5}, "DELETE /sites/{site_id}")


def registered(stage: Stage) -> Any:
    """A charge point that an installer has just registered in a project of the run's own, where it stays."""
    body = {"name": stage.name(), "address": "1 Harbour Road, Bristol BS1 5TY", "site_owner_email": "owner@example.com"}
    project = stage.run.once("project", lambda: stage.got("POST /installer/projects", body)["id"])
    return fresh(stage, REGISTER, lambda number: registration(f"GM-{number}", project))


def registration(charge_point_id: str, project_id: str) -> dict[str, str]:
    """A charge point for a project."""
    names = {"model": "Terra AC W22-T-RD-M-0", "vendor": "ABB", "serial_number": f"SN-{charge_point_id}"}
    return {"charge_point_id": charge_point_id, "project_id": project_id, **names}


def fresh(stage: Stage, operation: str, body: Callable[[int], Any]) -> Any:
    """What was created by a body with a number that is not taken; earlier runs of the seed have taken some."""
    for _ in range(_ATTEMPTS):
        exchange = stage.call(operation, body(stage.run.number()))
        if exchange.status != 409:
            if exchange.status != 201:
                raise NotPlayed(f"{operation} answers {exchange.outcome(stage.run.credentials)}")
            return stage.fitting(exchange)
        stage.asides.append(stage.exchanges.pop())
        stage.run.skip_numbers()
    raise NotPlayed(f"{operation}: every name tried is taken; try another --seed")


def charge_points(stage: Stage, **query: Any) -> list[Any]:
    """Charge points of the organization, a page at most."""
    found: list[Any] = stage.got(CHARGE_POINTS, query={"limit": _PAGE, **query})["charge_points"]
    return found


def free_connectors(stage: Stage) -> Iterator[tuple[str, int]]:
    """Charge points that are online, each with a connector that is available."""
    for each in charge_points(stage, status="online"):
        free = (one["connector_id"] for one in each.get("connectors") or () if one["status"] == "Available")
        connector = next(free, None)
        if connector is not None:
            yield each["charge_point_id"], connector


def billed(stage: Stage, **query: Any) -> list[Any]:
    """The billing sessions that fit, all of them; raises NotPlayed where they are too many."""
    found: list[Any] = []
    for page in range(_PAGES):
        asked = {**query, "limit": _PAGE, "offset": page * _PAGE}
        answer = stage.got("GET /billing/sessions", query=asked)
        found += answer["sessions"]
        if len(found) >= answer["total"] or not answer["sessions"]:
            return found
    raise NotPlayed(f"there are more than {_PAGE * _PAGES} sessions to add up")


def one_billed(stage: Stage, **query: Any) -> Any:
    """The last billing session that fits; raises NotPlayed where there is none."""
    found = stage.got("GET /billing/sessions", query={**query, "limit": 1})["sessions"]
    if not found:
        raise NotPlayed(f"there is no session with {', '.join(f'{name}={value}' for name, value in query.items())}")
    return found[0]
