"""Behaviour that is unusual and right: nothing of it is a finding."""

from __future__ import annotations

from datetime import timedelta, timezone
from itertools import count
from typing import Any

from tests.contract_tests.habits import depot_defects, metering_defects, shop_defects
from tests.contract_tests.habits.depot import READ_TOKEN, Depot
from tests.contract_tests.habits.depot_defects import NEW_BAY
from tests.contract_tests.habits.house import Handler, HangUp, Operation, Refusal, Reply, Request, instant
from tests.contract_tests.habits.metering import READ_KEY, Metering
from tests.contract_tests.habits.metering_defects import NEW_METER, first_meter
from tests.contract_tests.habits.planting import Client, Plant, Trap, around, instead, requests, step, step_of
from tests.contract_tests.habits.shop import Shop

SEEN_AFTER_S = 1.2
CALLS_A_SECOND = 40
OFFSETS = [timezone(timedelta(hours=hours)) for hours in (0, 1, -5)]


def as_it_is(_: Any) -> None:
    """Plants nothing: it is the caller who is unusual."""


# Any server


def _content(change: Any) -> Plant:
    """Change the JSON values of every answer."""

    def make(honest: Any) -> Any:
        def finished(request: Request, reply: Reply) -> Reply:
            reply = honest(request, reply)
            if reply.content is not None and "json" in reply.media_type:
                reply.content = change(reply.content)
            return reply

        return finished

    return step("finished", make)


def _with_extras(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_extras(one) for one in value]
    if isinstance(value, dict):
        return {**{name: _with_extras(one) for name, one in value.items()}, "_links": {"self": None}, "colour": "red"}
    return value


def _backwards(value: Any) -> Any:
    if isinstance(value, list):
        return [_backwards(one) for one in value]
    if isinstance(value, dict):
        return {name: _backwards(one) for name, one in reversed(value.items())}
    return value


def _with_charset(honest: Any) -> Any:
    def wire(request: Request, reply: Reply) -> tuple[bytes, dict[str, str]]:
        if "json" in reply.media_type:
            reply.media_type += "; charset=utf-8"
        sent: tuple[bytes, dict[str, str]] = honest(request, reply)
        return sent

    return wire


def _busy(server: Any, _: Request) -> None:
    if server.calls % 37 == 0:
        raise Refusal(503, "come again", headers={"Retry-After": str(server.calls // 37 % 2)})


def _cut(server: Any, _: Request) -> None:
    if server.calls % 41 == 0:
        raise HangUp


def _relative(honest: Any) -> Any:
    def finished(request: Request, reply: Reply) -> Reply:
        if "Location" in reply.headers:
            reply.headers["Location"] = reply.headers["Location"].removeprefix(request.origin)
        finished: Reply = honest(request, reply)
        return finished

    return finished


# The depot


def _gone(server: Depot, honest: Any) -> Any:
    def bay(request: Request) -> Any:
        if request.values["bay_id"] in server.gone:
            raise Refusal(410, "the bay was removed")
        return honest(request)

    return bay


def _put_creates(server: Depot, honest: Handler, request: Request) -> Reply:
    bay_id = request.values["bay_id"]
    if bay_id in server.bays:
        return honest(request)
    if request.values["If-Match"] is not None:
        raise Refusal(412, "there is no such bay yet")
    server.refuse_taken(request.content["name"])
    bay = server.add_bay(**{"level": 0, "comment": None, **request.content, "bay_id": bay_id})
    return Reply(201, dict(bay), {"Location": f"{request.origin}/bays/{bay_id}", "ETag": server.etag(bay)})


def _seen_later(server: Depot) -> None:
    """What is created is there for whoever reads after some time only; a change or a removal finds it at once."""
    seen_at: dict[str, float] = {}

    def is_seen(thing: dict[str, Any]) -> bool:
        return server.clock() >= seen_at.get(thing["id"], 0)

    def remember(_: Any, honest: Handler, request: Request) -> Reply:
        reply = honest(request)
        seen_at.setdefault(reply.content["id"], server.clock() + SEEN_AFTER_S)
        return reply

    def hide(honest: Any) -> Any:
        def found(request: Request) -> Any:
            thing = honest(request)
            if request.method in ("GET", "HEAD") and not is_seen(thing):
                raise Refusal(404, "there is no such thing")
            return thing

        return found

    around("POST /bays", remember)(server)
    around("POST /bookings", remember)(server)
    step("bay", hide)(server)
    step("booking", hide)(server)
    step("filtered", lambda honest: lambda things, *rest: honest(filter(is_seen, things), *rest))(server)


def _others_at_work(server: Depot) -> None:
    """Somebody else books and forgets bookings, while bookings are listed."""
    theirs: list[str] = []

    def work(_: Any, honest: Handler, request: Request) -> Reply:
        if server.calls % 2 and "bay-0001" in server.bays:
            times = "2026-04-01T20:00:00Z", "2026-04-02T04:00:00Z"
            theirs.append(server.add_booking("bay-0001", "Somebody else", *times)["id"])
        elif len(theirs) > 2:
            server.bookings.pop(theirs.pop(0), None)
        return honest(request)

    around("GET /bookings", work)(server)


def _absent_before_wrong(server: Depot, honest: Any) -> Any:
    def route(request: Request) -> Operation:
        try:
            operation: Operation = honest(request)
        except Refusal as refusal:
            path = request.path.split("/")
            known = {"bays": server.bays, "bookings": server.bookings}.get(path[1], {})
            if refusal.status == 405 and len(path) > 2 and path[2] not in known:
                raise Refusal(404, "there is no such thing") from refusal
            raise
        return operation

    return route


def _any_case(honest: Any) -> Any:
    def bay(request: Request) -> Any:
        request.values["bay_id"] = request.values["bay_id"].lower()
        return honest(request)

    return bay


def _no_length(honest: Any) -> Any:
    def wire(request: Request, reply: Reply) -> tuple[bytes, dict[str, str]]:
        body, headers = honest(request, reply)
        if request.method == "HEAD":
            headers.pop("Content-Length", None)
        return body, headers

    return wire


def _created_bay(ask: Client) -> str:
    return depot_defects.created(ask)


def _after_removal(ask: Client, line: str) -> int:
    path = _created_bay(ask)
    ask(f"DELETE {path}")
    return ask(f"{line} {path}").status


def _is_seen_later(ask: Client) -> bool:
    now = 1000.0
    ask.server.clock = lambda: now
    path = _created_bay(ask)
    early = ask(f"GET {path}").status, ask("GET /bays").content["total"]
    now += SEEN_AFTER_S
    return (*early, ask(f"GET {path}").status, ask("GET /bays").content["total"]) == (404, 23, 200, 24)


def _statuses(ask: Client, line: str, times: int) -> list[int]:
    return [ask(line).status for _ in range(times)]


def _hangs_up(ask: Client) -> bool:
    try:
        _statuses(ask, "GET /bays", 41)
    except HangUp:
        return True
    return False


OF_DEPOT = (
    Trap("410-after-removal", step_of("bay", _gone), lambda ask: _after_removal(ask, "GET") == 410),
    Trap(
        "put-creates",
        around("PUT /bays/{bay_id}", _put_creates),
        lambda ask: ask("PUT /bays/bay-12a", NEW_BAY).status == 201 and ask("GET /bays/bay-12a").status == 200,
    ),
    Trap(
        "weak-etags",
        step("etag", lambda honest: lambda bay: f"W/{honest(bay)}"),
        lambda ask: ask("GET /bays/bay-0001").headers["etag"].startswith('W/"'),
    ),
    Trap(
        "token-that-reads-only",
        as_it_is,
        lambda ask: ask("POST /bays", NEW_BAY).status == 403,
        {"Authorization": f"Bearer {READ_TOKEN}"},
    ),
    Trap("seen-later", _seen_later, _is_seen_later),
    Trap(
        "others-at-work",
        _others_at_work,
        lambda ask: len({ask("GET /bookings").content["total"] for _ in range(8)}) > 1,
    ),
    Trap(
        "404-before-405",
        step_of("route", _absent_before_wrong),
        lambda ask: ask("POST /bays/none").status == 404 and ask("POST /bays/bay-0001").status == 405,
    ),
    Trap(
        "ids-in-any-case",
        step("bay", _any_case),
        lambda ask: ask("GET /bays/BAY-0001").status == 200,
    ),
    Trap(
        "head-without-length",
        step("wire", _no_length),
        lambda ask: "content-length" not in ask("HEAD /bays/bay-0001").headers,
    ),
    Trap("no-bays-yet", step("furnish", instead(None)), lambda ask: ask("GET /bays").content["bays"] == []),
    Trap("busy-now-and-then", requests(_busy), lambda ask: 503 in _statuses(ask, "GET /bays", 37)),
    Trap("cut-now-and-then", requests(_cut), _hangs_up),
    Trap(
        "relative-locations",
        step("finished", _relative),
        lambda ask: ask("POST /bays", NEW_BAY).headers["location"].startswith("/bays/"),
    ),
)

# Metering


def _few_a_second(server: Metering) -> None:
    begun, calls = server.clock(), 0

    def count_call(_: Any, request: Request) -> None:
        nonlocal begun, calls
        if server.clock() >= begun + 1:
            begun, calls = server.clock(), 0
        calls += 1
        if calls > CALLS_A_SECOND:
            raise Refusal(429, "too many requests", headers={"Retry-After": "1"})

    requests(count_call)(server)
    server.quota = CALLS_A_SECOND
    server.remaining = lambda: max(CALLS_A_SECOND - calls, 0)  # type: ignore[method-assign]


def _crossed_is_empty(server: Metering, honest: Any) -> Any:
    def window(request: Request) -> Any:
        start, until = (request.values[name] for name in ("from", "to"))
        crossed = start and until and instant(start) > instant(until)
        return (instant(start), instant(start)) if crossed else honest(request)

    return window


def _good_once(server: Metering) -> None:
    """Every cursor is another one, and good for one page."""
    numbers, used = count(1), set()

    def make(honest: Any) -> Any:
        def place(things: list[Any], cursor: str, key: str) -> int:
            found: int = honest(things, cursor.partition(".")[0], key)
            if cursor in used:
                raise Refusal(400, "cursor: it was used before", "cursor")
            used.add(cursor)
            return found

        return place

    step("place", make)(server)
    step("cursor", lambda honest: lambda key: f"{honest(key)}.{next(numbers)}")(server)


def _capped(honest: Any) -> Any:
    return lambda things, cursor, size, key: honest(things, cursor, min(size, 7), key)


def _elsewhere(value: Any, name: str = "", turn: Any = None) -> Any:
    """The same times, by clocks of other places in turn."""
    turn = turn or count()
    if isinstance(value, list):
        return [_elsewhere(one, name, turn) for one in value]
    if isinstance(value, dict):
        return {key: _elsewhere(one, key, turn) for key, one in value.items()}
    if isinstance(value, str) and name.endswith(("_at", "_start", "_end")):
        return instant(value).astimezone(OFFSETS[next(turn) % len(OFFSETS)]).isoformat()
    return value


def _neat(_: Any, honest: Handler, request: Request) -> Reply:
    """Serial numbers in capitals, labels without spaces around them."""
    content = dict(request.content)
    if "serial" in content:
        content["serial"] = content["serial"].upper()
    if "label" in content:
        content["label"] = content["label"].strip()
    request.content = content
    return honest(request)


def _is_neat(server: Metering) -> None:
    around("POST /meters", _neat)(server)
    around("PATCH /meters/{meter_id}", _neat)(server)


def _says_slow_down(ask: Client) -> bool:
    ask.server.clock = lambda: 1000.0
    return 429 in _statuses(ask, "GET /meters", CALLS_A_SECOND + 1)


def _first_cursor(ask: Client) -> str:
    return str(ask("GET /meters?limit=4").content["next"])


OF_METERING = (
    Trap("few-a-second", _few_a_second, _says_slow_down),
    Trap(
        "crossed-times-are-empty",
        step_of("window", _crossed_is_empty),
        lambda ask: (
            ask(f"GET {first_meter(ask)}/readings?from=2026-03-03T00:00:00Z&to=2026-03-02T00:00:00Z").status == 200
        ),
    ),
    Trap(
        "cursors-are-good-once",
        _good_once,
        lambda ask: _statuses(ask, f"GET /meters?limit=4&cursor={_first_cursor(ask)}", 2) == [200, 400],
    ),
    Trap("pages-of-seven", step("cut", _capped), lambda ask: len(ask("GET /meters?limit=50").content["data"]) == 7),
    Trap(
        "ids-are-numbers-in-texts",
        step_of("name", lambda server, _: lambda __: str(90_000 + next(server.numbers) * 7)),
        lambda ask: metering_defects.created(ask).rpartition("/")[2].isdecimal(),
    ),
    Trap(
        "clocks-elsewhere",
        _content(_elsewhere),
        lambda ask: ask("GET /meters").content["data"][1]["registered_at"].endswith("+01:00"),
    ),
    Trap(
        "neat-values",
        _is_neat,
        lambda ask: (
            ask("POST /meters", {**NEW_METER, "serial": "abc", "label": " x "}).content.items()
            >= {"serial": "ABC", "label": "x"}.items()
        ),
    ),
    Trap(
        "key-that-reads-only",
        as_it_is,
        lambda ask: ask("POST /meters", NEW_METER).status == 403,
        {"X-Api-Key": READ_KEY},
    ),
    Trap("no-meters-yet", step("furnish", instead(None)), lambda ask: ask("GET /meters").content["data"] == []),
    Trap(
        "keys-backwards",
        _content(_backwards),
        lambda ask: [*ask("GET /meters").content] == ["next", "data"],
    ),
)

# The shop


def _removed_again(server: Shop, honest: Handler, request: Request) -> Reply:
    thing_id = request.values.get("customerId") or request.values.get("orderId")
    if thing_id in server.removed and server.owners[thing_id] == request.caller:
        return Reply(204)
    return honest(request)


def _removes_again(server: Shop) -> None:
    around("DELETE /customers/{customerId}", _removed_again)(server)
    around("DELETE /orders/{orderId}", _removed_again)(server)


def _twice(ask: Client) -> list[int]:
    path = shop_defects.created(ask)
    return [ask(f"DELETE {path}").status for _ in range(2)]


OF_SHOP = (
    Trap("removed-again", _removes_again, lambda ask: _twice(ask) == [204, 204]),
    Trap("more-than-declared", _content(_with_extras), lambda ask: "colour" in ask("GET /customers/1").content),
    Trap(
        "with-charset",
        step("wire", _with_charset),
        lambda ask: ask("GET /customers").headers["content-type"] == "application/json; charset=utf-8",
    ),
    Trap("nothing-ordered-yet", step("furnish", instead(None)), lambda ask: ask("GET /orders").content["total"] == 0),
    Trap("busy-shop", requests(_busy), lambda ask: 503 in _statuses(ask, "GET /orders", 37)),
)
