"""Defects of the depot."""

from __future__ import annotations

from typing import Any

from tests.contract_tests.habits.depot import READ_TOKEN, TOKEN, Depot
from tests.contract_tests.habits.house import Handler, Operation, Refusal, Reply, Request, allowed, sorted_by
from tests.contract_tests.habits.planting import (
    Client,
    Defect,
    around,
    bodies,
    contents,
    instead,
    refusals,
    replies,
    says_otherwise,
    step,
    step_of,
)

BAYS, BAY, BOOKINGS, BOOKING = "/bays", "/bays/{bay_id}", "/bookings", "/bookings/{booking_id}"
NEW_BAY = {"name": "Probe", "kind": "dc", "power_kw": 149.5, "level": 2, "comment": "Under the roof, left of the gate"}
NEW_BOOKING = {
    "bay_id": "bay-0001",
    "driver": "Line 9",
    "starts_at": "2026-03-20T20:00:00Z",
    "ends_at": "2026-03-21T04:00:00Z",
}
TRACE = 'Traceback (most recent call last):\n  File "/srv/depot/bays.py", line 88, in create\nKeyError: {}'


def created(ask: Client) -> str:
    """Path of a new bay."""
    return f"/bays/{ask('POST /bays', NEW_BAY).content['id']}"


def booked(ask: Client) -> str:
    """Path of a new booking."""
    return f"/bookings/{ask('POST /bookings', NEW_BOOKING).content['id']}"


def read(ask: Client, path: str) -> Any:
    return ask(f"GET {path}").content


def walked(ask: Client, query: str = "per_page=5") -> list[Any]:
    """All bays, page by page."""
    bays = []
    for number in range(1, 40):
        page = ask(f"GET /bays?{query}&page={number}").content["bays"]
        bays += page
        if not page:
            break
    return bays


def names(bays: list[Any]) -> list[str]:
    return [bay["name"] for bay in bays]


def _is_as_sent(ask: Client) -> bool:
    return _matches(read(ask, created(ask)), NEW_BAY)


def _matches(thing: Any, wanted: dict[str, Any]) -> bool:
    return all(thing[name] == value for name, value in wanted.items())


def _added(change: Any) -> Any:
    """Have new bays be something else than was asked for."""

    def make(honest: Any) -> Any:
        return lambda bay_id="", **bay: honest(bay_id=bay_id, **change(bay))

    return step("add_bay", make)


def _listed_after_removal(server: Depot) -> None:
    def remove(request: Request) -> Reply:
        bay = server.bay(request)
        server.refuse_changed(request, bay)
        server.gone.add(bay["id"])
        return Reply(204)

    def make(honest: Any) -> Any:
        def bay(request: Request) -> Any:
            if request.values["bay_id"] in server.gone:
                raise Refusal(404, "there is no such bay")
            return honest(request)

        return bay

    step("bay", make)(server)
    server.handlers[f"DELETE {BAY}"] = remove


def _not_kept(member: str) -> Any:
    """Answer as if something was changed, and put it back."""

    def alter(server: Depot, honest: Handler, request: Request) -> Reply:
        thing = server.bay(request) if member == "bay" else server.booking(request)
        before = dict(thing)
        reply = honest(request)
        thing.update(before)
        return reply

    return alter


def _counts_up(server: Depot, request: Request) -> dict[str, Any]:
    bay = server.bay(request)
    same = _matches(bay, request.content)
    return {**request.content, "level": bay["level"] + 1} if same else request.content


def _paged(start: Any, size: Any) -> Any:
    """Cut the pages elsewhere, by functions of the number and the size of the page."""

    def make(_: Any) -> Any:
        def page(name: str, things: list[Any], request: Request) -> Reply:
            number, asked = request.values["page"] or 1, request.values["per_page"] or 10
            first = start(number - 1, asked)
            items = [dict(thing) for thing in things[first : first + size(asked)]]
            return Reply(200, {name: items, "page": number, "per_page": asked, "total": len(things)})

        return page

    return step("page", make)


def _ordered(change: Any) -> Any:
    return step("ordered", lambda honest: lambda bays, request: change(honest(bays, request)))


def _sorted(member: Any) -> Any:
    return step("ordered", lambda _: lambda bays, request: sorted_by(bays, member(request.values["sort"]) or "id"))


def _filtered(change: Any) -> Any:
    """Filter by something else than was asked for."""

    def make(honest: Any) -> Any:
        return lambda things, request, members: change(honest, things, request, members)

    return step("filtered", make)


def _first_answer(server: Depot, honest: Any) -> Any:
    def once(request: Request, deed: Any) -> Reply:
        key = request.values["Idempotency-Key"]
        return server.answers[key][1] if key in server.answers else honest(request, deed)

    return once


def _anybody(honest: Any) -> Any:
    def caller(request: Request) -> str:
        try:
            name: str = honest(request)
        except Refusal:
            return TOKEN
        return name

    return caller


def _no_options(server: Depot) -> None:
    server.operations = tuple(one for one in server.operations if one.method != "OPTIONS")


def _moves(transition: str, starts: tuple[str, ...], end: str) -> Any:
    """Let a transition begin in other states, too."""

    def alter(server: Depot, honest: Handler, request: Request) -> Reply:
        booking = server.booking(request)
        if booking["status"] not in starts:
            return honest(request)
        booking["status"] = end
        return Reply(200, dict(booking))

    return around(f"POST {BOOKING}/{transition}", alter)


def _any_method(server: Depot, honest: Any) -> Any:
    def route(request: Request) -> Operation:
        known = {one.method for one in server.operations if one.path.fullmatch(request.path)}
        if "GET" in known and request.method not in known:
            request.method = "GET"
        operation: Operation = honest(request)
        return operation

    return route


def _versions_move(ask: Client) -> bool:
    path = created(ask)
    before = ask(f"GET {path}").headers["etag"]
    ask(f"PATCH {path}", {"level": 5})
    return ask(f"GET {path}").headers["etag"] != before


def _put_twice(ask: Client) -> bool:
    path = created(ask)
    return [ask(f"PUT {path}", {**NEW_BAY, "level": 4}).content["level"] for _ in range(2)] == [4, 4]


def _posted(ask: Client, *drivers: str) -> list[Any]:
    return [ask("POST /bookings", {**NEW_BOOKING, "driver": one}, idempotency_key="key-1") for one in drivers]


def _moved(*transitions: str, last: int, then: str) -> Any:
    """Whether the last of some transitions of a new booking is answered so, and what the booking is then."""

    def right(ask: Client) -> bool:
        path = booked(ask)
        statuses = [ask(f"POST {path}/{one}").status for one in transitions]
        return statuses[-1] == last and read(ask, path)["status"] == then

    return right


def _gone_from_list(ask: Client) -> bool:
    path = created(ask)
    ask(f"DELETE {path}")
    return ask(f"GET {path}").status == 404 and "Probe" not in names(walked(ask))


def _changed(change: dict[str, Any], member: str, value: Any) -> Any:
    def right(ask: Client) -> bool:
        path = created(ask)
        ask(f"PATCH {path}", change)
        return bool(read(ask, path)[member] == value)

    return right


def _sizes(query: str, *sizes: int) -> Any:
    return lambda ask: [len(read(ask, f"/bays?{query}&page={n + 1}")["bays"]) for n in range(len(sizes))] == [*sizes]


def _replaced_without_comment(ask: Client) -> bool:
    body = {name: value for name, value in NEW_BAY.items() if name != "comment"}
    return ask(f"PUT {created(ask)}", body).content["comment"] is None


def _heads_agree(ask: Client) -> bool:
    path = created(ask)
    return ask(f"HEAD {path}").headers.get("etag") == ask(f"GET {path}").headers["etag"]


DEFECTS = (
    Defect(
        "half-kilowatts-lost",
        "created_read_differs",
        _added(lambda bay: {**bay, "power_kw": float(int(bay["power_kw"]))}),
        _is_as_sent,
    ),
    Defect(
        "comments-cut",
        "created_read_differs",
        _added(lambda bay: {**bay, "comment": (bay["comment"] or "")[:9]}),
        _is_as_sent,
    ),
    Defect(
        "new-bays-unlisted",
        "created_not_listed",
        _ordered(lambda bays: [bay for bay in bays if bay["id"] <= "bay-0023"]),
        lambda ask: bool(created(ask)) and "Probe" in names(walked(ask)),
    ),
    Defect(
        "one-bay-listed-twice",
        "listed_twice",
        _ordered(lambda bays: [*bays, *bays[:1]]),
        lambda ask: len({*names(walked(ask))}) == len(walked(ask)) == 23,
    ),
    Defect("removed-bays-listed", "deleted_still_listed", _listed_after_removal, _gone_from_list),
    Defect(
        "changes-not-kept", "update_lost", around(f"PATCH {BAY}", _not_kept("bay")), _changed({"level": 5}, "level", 5)
    ),
    Defect(
        "changes-clear-comment",
        "update_changes_others",
        bodies(f"PATCH {BAY}", lambda _, request: {"comment": None, **request.content}),
        _changed({"level": 5}, "comment", NEW_BAY["comment"]),
    ),
    Defect(
        "replacing-keeps-comment",
        "replace_keeps_old",
        bodies(f"PUT {BAY}", lambda server, request: {"comment": server.bay(request)["comment"], **request.content}),
        _replaced_without_comment,
    ),
    Defect("replacing-counts-up", "put_not_idempotent", bodies(f"PUT {BAY}", _counts_up), _put_twice),
    Defect(
        "page-edges-lost",
        "paging_loses",
        _paged(lambda n, size: n * (size + 1), lambda size: size),
        lambda ask: len({*names(walked(ask))}) == 23,
    ),
    Defect(
        "page-edges-repeated",
        "paging_repeats",
        _paged(lambda n, size: n * (size - 1 or 1), lambda size: size),
        lambda ask: len(walked(ask)) == 23,
    ),
    Defect(
        "one-too-many",
        "page_too_long",
        _paged(lambda n, size: n * (size + 1), lambda size: size + 1),
        _sizes("per_page=5", 5, 5, 5, 5, 3),
    ),
    Defect(
        "total-of-the-page",
        "total_wrong",
        contents(f"GET {BAYS}", lambda page: page.update(total=len(page["bays"]))),
        lambda ask: read(ask, "/bays?per_page=5")["total"] == 23,
    ),
    Defect(
        "per-page-ignored",
        "limit_ignored",
        _paged(lambda n, _: n * 10, lambda _: 10),
        _sizes("per_page=5", 5, 5, 5, 5, 3),
    ),
    Defect(
        "kind-ignored",
        "filter_ignored",
        _filtered(
            lambda honest, things, request, members: honest(
                things, request, tuple(name for name in members if name != "kind")
            )
        ),
        lambda ask: {bay["kind"] for bay in walked(ask, "kind=ac")} == {"ac"},
    ),
    Defect(
        "level-too-narrow",
        "filter_too_much",
        _filtered(
            lambda honest, things, request, members: honest(things, request, members)[
                1 if request.values.get("level") is not None else 0 :
            ]
        ),
        lambda ask: len(walked(ask, "level=1")) == sum(bay["level"] == 1 for bay in walked(ask)),
    ),
    Defect(
        "sort-ignored",
        "sort_ignored",
        _sorted(lambda _: "id"),
        lambda ask: names(walked(ask, "sort=name")) == sorted(names(walked(ask))),
    ),
    Defect(
        "sorted-one-way-only",
        "sort_direction",
        _sorted(lambda sort: sort and sort.lstrip("-")),
        lambda ask: names(walked(ask, "sort=-name")) == sorted(names(walked(ask)), reverse=True),
    ),
    Defect(
        "key-ignored",
        "idempotency_key_ignored",
        step("once", lambda _: lambda __, deed: deed()),
        lambda ask: len({answer.content["id"] for answer in _posted(ask, "Line 9", "Line 9")}) == 1,
    ),
    Defect(
        "key-for-another-body",
        "idempotency_key_reused_with_other_body_accepted",
        step_of("once", _first_answer),
        lambda ask: _posted(ask, "Line 9", "Line 10")[1].status == 422,
    ),
    Defect(
        "etag-of-the-id",
        "etag_unchanged_after_change",
        step("etag", lambda honest: lambda bay: honest({"id": bay["id"]})),
        _versions_move,
    ),
    Defect(
        "if-match-ignored",
        "if_match_ignored",
        step("refuse_changed", instead(None)),
        lambda ask: ask(f"PATCH {created(ask)}", {"level": 5}, if_match='"0000"').status == 412,
    ),
    Defect(
        "if-none-match-ignored",
        "if_none_match_ignored",
        step("is_known", instead(False)),
        lambda ask: ask("GET /bays/bay-0001", if_none_match=ask("GET /bays/bay-0001").headers["etag"]).status == 304,
    ),
    Defect(
        "names-not-unique",
        "unique_ignored",
        step("refuse_taken", instead(None)),
        lambda ask: [ask("POST /bays", NEW_BAY).status for _ in range(2)] == [201, 409],
    ),
    Defect(
        "confirmed-again",
        "double_transition",
        _moves("confirm", ("pending", "confirmed"), "confirmed"),
        _moved("confirm", "confirm", last=409, then="confirmed"),
    ),
    Defect(
        "completed-unconfirmed",
        "illegal_transition",
        _moves("complete", ("pending", "confirmed"), "completed"),
        _moved("complete", last=409, then="pending"),
    ),
    Defect(
        "cancelled-in-words-only",
        "transition_without_effect",
        around(f"POST {BOOKING}/cancel", _not_kept("booking")),
        _moved("cancel", last=200, then="cancelled"),
    ),
    Defect(
        "scopes-ignored",
        "scope_ignored",
        step("scopes", instead(frozenset({"depot:read", "depot:write"}))),
        lambda ask: ask("POST /bays", NEW_BAY, authorization=f"Bearer {READ_TOKEN}").status == 403,
    ),
    Defect(
        "any-token",
        "auth_ignored",
        step("caller", _anybody),
        lambda ask: ask("GET /bays", authorization="Bearer nonsense").status == 401,
    ),
    Defect(
        "other-error-format",
        "error_format",
        refusals(404, says_otherwise),
        lambda ask: ask("GET /bays/none").content.get("status") == 404,
    ),
    Defect(
        "head-of-nothing",
        "head_differs",
        around(f"HEAD {BAY}", lambda _, __, ___: Reply(404)),
        _heads_agree,
    ),
    Defect("no-options", "options_missing", _no_options, lambda ask: ask("OPTIONS /bays/bay-0001").status == 204),
    Defect(
        "any-method", "method_not_405", step_of("route", _any_method), lambda ask: ask("DELETE /bays").status == 405
    ),
    Defect(
        "405-without-allow",
        "allow_missing",
        refusals(405, lambda reply: reply.headers.clear()),
        lambda ask: ask("DELETE /bays").headers.get("allow") == allowed(_at(ask, "/bays")),
    ),
    Defect(
        "trace-in-error",
        "stack_trace",
        refusals(422, lambda reply: reply.content.update(detail=TRACE.format(reply.content["detail"]))),
        lambda ask: b"Traceback" not in ask("POST /bays", {}).body,
    ),
    Defect(
        "slow-bookings",
        "slow_operation",
        replies(f"GET {BOOKINGS}", lambda reply: setattr(reply, "delay_s", 0.7)),
        lambda ask: ask("GET /bookings").delay_s == 0,
    ),
    Defect(
        "location-of-the-list",
        "location_wrong",
        replies(f"POST {BAYS}", lambda reply: reply.headers.update(Location="/bays")),
        lambda ask: (
            read(ask, ask("POST /bays", NEW_BAY).headers["location"].removeprefix("http://127.0.0.1")).get("name")
            == "Probe"
        ),
    ),
)


def _at(ask: Client, path: str) -> list[Operation]:
    return [one for one in ask.server.operations if one.path.fullmatch(path)]
