"""Depot bookings: page numbers, a total, problem+json, bearer tokens with scopes, ETags, idempotency keys, states."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import orjson

from tests.contract_tests.habits.house import Planted, Refusal, Reply, Request, Server, allowed, instant, ok, sorted_by

TOKEN = "depot-token-5d0c7e19"
READ_TOKEN = "depot-reader-81aa3f42"
SCOPES = {TOKEN: frozenset({"depot:read", "depot:write"}), READ_TOKEN: frozenset({"depot:read"})}
TRANSITIONS = {
    "confirm": (("pending",), "confirmed"),
    "complete": (("confirmed",), "completed"),
    "cancel": (("pending", "confirmed"), "cancelled"),
}
TITLES = {400: "Bad request", 401: "Unauthorized", 403: "Forbidden", 404: "Not found", 405: "Method not allowed"}


class Depot(Server):
    """A depot with 23 bays and seven bookings."""

    contract = Path(__file__).with_name("depot.yaml")
    invalid = 422

    def __init__(self, *planted: Planted) -> None:
        self.bays: dict[str, dict[str, Any]] = {}
        self.bookings: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, tuple[bytes, Reply]] = {}
        self.gone: set[str] = set()
        self.numbers = count(1)
        super().__init__(*planted)

    def furnish(self) -> None:
        for n in range(23):
            kind, power_kw = ("dc", 50.0 + 25 * (n * 7 % 11)) if n % 3 else ("ac", 22.0)
            name = f"{('West', 'East')[n % 2]} {(n * 5) % 23 + 1}"
            self.add_bay(name=name, kind=kind, power_kw=power_kw, level=n % 4 - 1, comment=None)
        for n in range(7):
            times = f"2026-03-0{n + 1}T20:00:00Z", f"2026-03-0{n + 2}T04:00:00Z"
            booking = self.add_booking(f"bay-{n + 1:04d}", f"Line {n}", *times)
            booking["status"] = ("pending", "confirmed", "completed", "cancelled")[n % 4]

    def caller(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token not in SCOPES:
            raise Refusal(401, "there is no valid token", headers={"WWW-Authenticate": 'Bearer realm="depot"'})
        return token

    def scopes(self, request: Request) -> frozenset[str]:
        return SCOPES[request.caller]

    def refused(self, refusal: Refusal) -> Reply:
        title = TITLES.get(refusal.status, "Refused")
        problem = {"title": title, "status": refusal.status, "detail": refusal.message}
        return Reply(refusal.status, problem, refusal.headers, "application/problem+json")

    # Bays

    def add_bay(
        self, name: str, kind: str, power_kw: float, level: int, comment: str | None, bay_id: str = ""
    ) -> dict[str, Any]:
        bay_id = bay_id or f"bay-{next(self.numbers):04d}"
        self.bays[bay_id] = {
            "id": bay_id,
            "name": name,
            "kind": kind,
            "power_kw": power_kw,
            "level": level,
            "comment": comment,
            "updated_at": self.now(),
        }
        return self.bays[bay_id]

    def list_bays(self, request: Request) -> Reply:
        wanted = self.filtered(self.bays.values(), request, ("kind", "level"))
        return self.page("bays", self.ordered(wanted, request), request)

    def ordered(self, bays: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        return sorted_by(bays, request.values["sort"] or "id")

    def create_bay(self, request: Request) -> Reply:
        self.refuse_taken(request.content["name"])
        bay = self.add_bay(**{"level": 0, "comment": None, **request.content})
        return Reply(201, dict(bay), {"Location": f"{request.origin}/bays/{bay['id']}", "ETag": self.etag(bay)})

    def get_bay(self, request: Request) -> Reply:
        bay = self.bay(request)
        etag = self.etag(bay)
        if self.is_known(request, etag):
            return Reply(304, None, {"ETag": etag})
        return ok(bay, ETag=etag)

    head_bay = get_bay

    def options_bay(self, request: Request) -> Reply:
        path = next(one.path for one in self.operations if one.label == request.label)
        return Reply(204, None, {"Allow": allowed(one for one in self.operations if one.path == path)})

    def replace_bay(self, request: Request) -> Reply:
        bay = self.bay(request)
        self.refuse_changed(request, bay)
        self.refuse_taken(request.content["name"], bay["id"])
        bay.update({"level": 0, "comment": None, **request.content, "updated_at": self.now()})
        return ok(bay, ETag=self.etag(bay))

    def update_bay(self, request: Request) -> Reply:
        bay = self.bay(request)
        self.refuse_changed(request, bay)
        self.refuse_taken(request.content.get("name", bay["name"]), bay["id"])
        bay.update({**request.content, "updated_at": self.now()})
        return ok(bay, ETag=self.etag(bay))

    def delete_bay(self, request: Request) -> Reply:
        bay = self.bay(request)
        self.refuse_changed(request, bay)
        del self.bays[bay["id"]]
        self.gone.add(bay["id"])
        return Reply(204)

    def bay(self, request: Request) -> dict[str, Any]:
        """The bay that a request is about."""
        if request.values["bay_id"] not in self.bays:
            raise Refusal(404, "there is no such bay")
        return self.bays[request.values["bay_id"]]

    def etag(self, bay: dict[str, Any]) -> str:
        return f'"{hashlib.sha256(orjson.dumps(bay)).hexdigest()[:16]}"'

    def is_known(self, request: Request, etag: str) -> bool:
        """Whether the client has this version already."""
        return _names(request.values["If-None-Match"], etag.removeprefix("W/"))

    def refuse_changed(self, request: Request, bay: dict[str, Any]) -> None:
        wanted = request.values["If-Match"]
        if wanted is not None and not _names(wanted, self.etag(bay).removeprefix("W/")):
            raise Refusal(412, "the bay has changed")

    def refuse_taken(self, name: str, bay_id: str = "") -> None:
        if any(bay["name"] == name and bay["id"] != bay_id for bay in self.bays.values()):
            raise Refusal(409, "the name is taken", "name")

    # Bookings

    def add_booking(self, bay_id: str, driver: str, starts_at: str, ends_at: str) -> dict[str, Any]:
        booking_id = f"bkg-{next(self.numbers):04d}"
        self.bookings[booking_id] = {
            "id": booking_id,
            "bay_id": bay_id,
            "driver": driver,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "status": "pending",
        }
        return self.bookings[booking_id]

    def list_bookings(self, request: Request) -> Reply:
        wanted = self.filtered(self.bookings.values(), request, ("status",))
        return self.page("bookings", sorted_by(wanted, "-id"), request)

    def create_booking(self, request: Request) -> Reply:
        return self.once(request, lambda: self.new_booking(request))

    def once(self, request: Request, deed: Any) -> Reply:
        """The deed, or what it answered when it was first done under the same idempotency key."""
        key = request.values["Idempotency-Key"]
        if key is None:
            reply: Reply = deed()
            return reply
        same = orjson.dumps(request.content, option=orjson.OPT_SORT_KEYS)
        if key not in self.answers:
            self.answers[key] = same, deed()
        first, reply = self.answers[key]
        if first != same:
            raise Refusal(422, "the key was used with another body", "Idempotency-Key")
        return Reply(reply.status, dict(reply.content), dict(reply.headers))

    def new_booking(self, request: Request) -> Reply:
        wanted = request.content
        try:
            ordered = instant(wanted["starts_at"]) < instant(wanted["ends_at"])
        except ValueError as error:
            raise Refusal(422, f"a time: {error}", "starts_at") from error
        if not ordered:
            raise Refusal(422, "the end is not after the start", "ends_at")
        if wanted["bay_id"] not in self.bays:
            raise Refusal(422, "there is no such bay", "bay_id")
        booking = self.add_booking(**wanted)
        return Reply(201, dict(booking), {"Location": f"{request.origin}/bookings/{booking['id']}"})

    def get_booking(self, request: Request) -> Reply:
        return ok(self.booking(request))

    def delete_booking(self, request: Request) -> Reply:
        del self.bookings[self.booking(request)["id"]]
        return Reply(204)

    def confirm_booking(self, request: Request) -> Reply:
        return self.moved(request, "confirm")

    def complete_booking(self, request: Request) -> Reply:
        return self.moved(request, "complete")

    def cancel_booking(self, request: Request) -> Reply:
        return self.moved(request, "cancel")

    def moved(self, request: Request, transition: str) -> Reply:
        """The booking after a transition; raises Refusal with 409 where it is not in the state for it."""
        booking = self.booking(request)
        starts, end = TRANSITIONS[transition]
        if booking["status"] not in starts:
            raise Refusal(409, f"the booking is {booking['status']}", "status")
        booking["status"] = end
        return ok(booking)

    def booking(self, request: Request) -> dict[str, Any]:
        """The booking that a request is about."""
        if request.values["booking_id"] not in self.bookings:
            raise Refusal(404, "there is no such booking")
        return self.bookings[request.values["booking_id"]]

    # Lists

    def filtered(
        self, things: Iterable[dict[str, Any]], request: Request, members: tuple[str, ...]
    ) -> list[dict[str, Any]]:
        wanted = {name: request.values[name] for name in members if request.values[name] is not None}
        return [thing for thing in things if all(thing[name] == value for name, value in wanted.items())]

    def page(self, name: str, things: list[dict[str, Any]], request: Request) -> Reply:
        number, size = request.values["page"] or 1, request.values["per_page"] or 10
        start = (number - 1) * size
        return ok({name: things[start : start + size], "page": number, "per_page": size, "total": len(things)})


def _names(header: str | None, etag: str) -> bool:
    """Whether an If-Match or If-None-Match names an ETag, weakly or not."""
    names = [name.strip().removeprefix("W/") for name in (header or "").split(",")]
    return "*" in names or etag in names
