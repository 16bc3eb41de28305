"""Defects of the metering server."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from typing import Any

from tests.contract_tests.habits.house import BEGIN, Handler, Operation, Refusal, Reply, Request, instant, ok
from tests.contract_tests.habits.metering import END, KEY, QUARTER, Metering
from tests.contract_tests.habits.planting import (
    Client,
    Defect,
    around,
    contents,
    instead,
    refusals,
    replies,
    requests,
    says_otherwise,
    step,
    step_of,
)

METERS, METER, BILLS, BILL = "/meters", "/meters/{meter_id}", "/bills", "/bills/{bill_id}"
SEALS, SEAL, READINGS = f"{METER}/seals", f"{METER}/seals/{{seal_id}}", f"{METER}/readings"
NEW_METER = {"serial": "E0047-112358", "phases": 3, "label": "Hall 4, all chargers"}
MORNING = "from=2026-03-02T06:00:00Z&to=2026-03-02T08:00:00Z"
EVERY_SO_OFTEN = 25


def created(ask: Client) -> str:
    """Path of a new meter."""
    return f"/meters/{ask('POST /meters', NEW_METER).content['meter_id']}"


def sealed(ask: Client) -> str:
    """Path of a new seal on the first meter."""
    meter = first_meter(ask)
    return f"{meter}/seals/{ask(f'POST {meter}/seals', {'number': 'S-1'}).content['seal_id']}"


def first_meter(ask: Client) -> str:
    return f"/meters/{next(iter(ask.server.meters))}"  # type: ignore[attr-defined]


def read(ask: Client, path: str) -> Any:
    return ask(f"GET {path}").content


def walked(ask: Client, path: str, query: str) -> list[Any]:
    """All items of a list with cursors, twenty pages at most; what ends it early is no list at all."""
    found: list[Any] = []
    cursor = ""
    for _ in range(20):
        answer = ask(f"GET {path}?{query}{cursor and f'&cursor={cursor}'}")
        if answer.status != 200:
            return []
        found += answer.content["data"]
        cursor = answer.content["next"]
        if not cursor:
            break
    return found


def linked(ask: Client, query: str = "per_page=10") -> list[Any]:
    """All bills by the links, twenty pages at most; what ends it early is no list at all."""
    found: list[Any] = []
    target = f"/bills?{query}"
    for _ in range(20):
        answer = ask(f"GET {target}")
        if answer.status != 200:
            return []
        found += answer.content
        following = re.search('<http://[^/]*([^>]*)>; rel="next"', answer.headers.get("link", ""))
        if not following:
            break
        target = following[1]
    return found


def morning(ask: Client) -> list[Any]:
    """The eight quarters between six and eight."""
    quarters: list[Any] = read(ask, f"{first_meter(ask)}/readings?{MORNING}")["data"]
    return quarters


def same_for_all(check: Any) -> Any:
    return lambda ask: all(check(quarter) for quarter in morning(ask))


def bills_add_up(ask: Client) -> bool:
    return all(
        abs(sum(line["amount_eur"] for line in bill["lines"]) - bill["net_eur"]) < 0.005
        and abs(bill["net_eur"] + bill["vat_eur"] - bill["total_eur"]) < 0.005
        for bill in linked(ask)
    )


def _of_each(label: str, change: Any, member: str = "data") -> Any:
    """Change every item of a list, or what `change` finds there."""

    def alter(content: Any) -> None:
        for item in content[member] if member else content:
            change(item)

    return contents(label, alter)


def _later_pages(label: str, page: Any) -> Any:
    """Answer with something else once there is a cursor."""
    return around(
        label, lambda _, honest, request: page(honest, request) if request.values["cursor"] else honest(request)
    )


def _not_found(*_: Any) -> Reply:
    raise Refusal(404, "there is no such page")


def _stands_still(honest: Handler, request: Request) -> Reply:
    reply = honest(request)
    reply.content["next"] = request.values["cursor"]
    return reply


def _round(_: Any, honest: Handler, request: Request) -> Reply:
    reply = honest(request)
    reply.headers.setdefault("Link", f'<{request.origin}/bills?per_page=10>; rel="next"')
    return reply


def _window(change: Any) -> Any:
    return step("readings", lambda honest: lambda meter_id, start, until: honest(meter_id, *change(start, until)))


def _without_seven(page: Any) -> None:
    page["data"] = [one for one in page["data"] if not one["started_at"].endswith("T07:00:00Z")]


def _ends_late(quarter: Any) -> None:
    quarter["ended_at"] = (instant(quarter["ended_at"]) + QUARTER).isoformat().replace("+00:00", "Z")


def _of_every_bill(change: Any) -> Any:
    def make(honest: Any) -> Any:
        def found(things: Any, thing_id: str) -> Any:
            thing = honest(things, thing_id)
            return change(dict(thing)) if "bill_id" in thing else thing

        return found

    def plant(server: Any) -> None:
        step("found", make)(server)
        around(f"GET {BILLS}", _listed(change))(server)

    return plant


def _listed(change: Any) -> Any:
    def alter(_: Any, honest: Handler, request: Request) -> Reply:
        reply = honest(request)
        reply.content = [change(bill) for bill in reply.content]
        return reply

    return alter


def _new_ids(server: Metering) -> None:
    """Bills have another id each time they are listed, by which they can be read."""
    step("found", lambda honest: lambda things, thing_id: honest(things, thing_id.partition(".")[0]))(server)
    around(f"GET {BILLS}", _listed(lambda bill: {**bill, "bill_id": f"{bill['bill_id']}.{server.calls}"}))(server)


def _ids_twice(bills: Any) -> None:
    if len(bills) > 1:
        bills[1]["bill_id"] = bills[0]["bill_id"]


def _kept_in_memory(server: Metering) -> None:
    """Meters can still be read when they are removed."""
    graves: dict[str, Any] = {}

    def remember(_: Any, honest: Handler, request: Request) -> Reply:
        meter = server.meter(request)
        reply = honest(request)
        graves[meter["meter_id"]] = meter
        return reply

    def look(_: Any, honest: Handler, request: Request) -> Reply:
        grave = graves.get(request.values["meter_id"])
        return ok(grave) if grave else honest(request)

    around(f"DELETE {METER}", remember)(server)
    around(f"GET {METER}", look)(server)


def _removed_already(_: Any, honest: Handler, request: Request) -> Reply:
    try:
        return honest(request)
    except Refusal as refusal:
        if refusal.status == 410:
            return Reply(204)
        raise


def _forgotten(server: Metering, honest: Handler, request: Request) -> Reply:
    reply = honest(request)
    del server.meters[reply.content["meter_id"]]
    return reply


def _not_kept(server: Metering, honest: Handler, request: Request) -> Reply:
    meter = server.meter(request)
    before = dict(meter)
    reply = honest(request)
    meter.update(before)
    return reply


def _looks_first(server: Metering, honest: Any) -> Any:
    def identify(request: Request, operation: Operation) -> None:
        if "meter_id" in request.values:
            server.meter(request)
        honest(request, operation)

    return identify


def _without_key(server: Metering, request: Request) -> None:
    request.headers.setdefault("x-api-key", KEY)


def _busy(server: Metering, request: Request) -> None:
    if server.calls % EVERY_SO_OFTEN == 0:
        raise Refusal(429, "too many requests")


def _unchecked_phases(honest: Any) -> Any:
    def read_body(request: Request, operation: Operation) -> Any:
        # As if the enum were not there, and the rest of the schema were.
        phases = re.search(rb'"phases": ?([0-9]+)', request.body)
        if phases:
            request.body = request.body.replace(phases[0], b'"phases":3')
        content = honest(request, operation)
        return {**content, "phases": int(phases[1])} if phases else content

    return read_body


def _completed(honest: Any) -> Any:
    def read_body(request: Request, operation: Operation) -> Any:
        if operation.label == "POST /meters" and b'"phases"' not in request.body:
            request.body = request.body.replace(b"{", b'{"phases": 3, ', 1)
        return honest(request, operation)

    return read_body


def _first_bill(server: Metering, honest: Handler, request: Request) -> Reply:
    return honest(request) if request.values["bill_id"] in server.bills else ok(next(iter(server.bills.values())))


def _any_meter(server: Metering, honest: Handler, request: Request) -> Reply:
    seals = {seal_id: seal for there in server.seals.values() for seal_id, seal in there.items()}
    server.meter(request)
    return ok(server.found(seals, request.values["seal_id"]))


def _of_anybody(_: Any, honest: Handler, request: Request) -> Reply:
    request.values["meter_id"] = None
    return honest(request)


def _still_on(server: Metering) -> None:
    broken: list[Any] = []

    def breaks(_: Any, honest: Handler, request: Request) -> Reply:
        seal = server.seal(request)
        broken.append((request.values["meter_id"], seal))
        return honest(request)

    def lists(_: Any, honest: Handler, request: Request) -> Reply:
        reply = honest(request)
        reply.content += [seal for meter_id, seal in broken if meter_id == request.values["meter_id"]]
        return reply

    around(f"DELETE {SEAL}", breaks)(server)
    around(f"GET {SEALS}", lists)(server)


def _total_short(bill: Any) -> Any:
    return {**bill, "total_eur": round(bill["total_eur"] - 0.01, 2)}


def _status_after_removal(method: str) -> Any:
    def right(ask: Client) -> bool:
        path = created(ask)
        ask(f"DELETE {path}")
        return ask(f"{method} {path}").status == 410

    return right


def _seal_elsewhere(ask: Client) -> bool:
    seal_id = sealed(ask).rpartition("/")[2]
    return ask(f"GET {created(ask)}/seals/{seal_id}").status == 404


def _patched(ask: Client) -> bool:
    path = created(ask)
    ask(f"PATCH {path}", {"label": "Hall 5"})
    return bool(read(ask, path)["label"] == "Hall 5")


def _seals_after_breaking(ask: Client) -> bool:
    path = sealed(ask)
    ask(f"DELETE {path}")
    return read(ask, path.rpartition("/")[0]) == []


def _quota(ask: Client) -> bool:
    left = [int(ask("GET /meters").headers["ratelimit-remaining"]) for _ in range(2)]
    return left[1] < left[0]


def _says_when(ask: Client) -> bool:
    answers = [ask("GET /meters") for _ in range(60)]
    return all("retry-after" in answer.headers for answer in answers if answer.status in (429, 503))


def _in_order(ask: Client) -> bool:
    starts = [bill["period_start"] for bill in linked(ask)]
    return starts == sorted(starts, reverse=True)


def _distinct_meters(ask: Client) -> int:
    return len({meter["meter_id"] for meter in walked(ask, "/meters", "limit=4")})


DEFECTS = (
    Defect(
        "cursor-stands-still",
        "cursor_loops",
        _later_pages(f"GET {METERS}", _stands_still),
        lambda ask: len(walked(ask, "/meters", "limit=4")) == 11,
    ),
    Defect(
        "cursor-leads-nowhere",
        "cursor_dies",
        _later_pages(f"GET {METERS}", _not_found),
        lambda ask: _distinct_meters(ask) == 11,
    ),
    Defect(
        "cursor-leads-to-nothing",
        "cursor_dies",
        _later_pages(f"GET {READINGS}", lambda *_: ok({"data": [], "next": None})),
        lambda ask: len(walked(ask, f"{first_meter(ask)}/readings", "limit=100")) == 384,
    ),
    Defect("links-in-a-circle", "link_loops", around(f"GET {BILLS}", _round), lambda ask: len(linked(ask)) == 36),
    Defect(
        "links-lead-nowhere",
        "cursor_dies",
        replies(
            f"GET {BILLS}",
            lambda reply: reply.headers.update(Link=reply.headers.get("Link", "").replace("/bills?", "/bill?")),
        ),
        lambda ask: len(linked(ask)) == 36,
    ),
    Defect(
        "edges-lost-between-meters",
        "paging_loses",
        step("place", lambda honest: lambda things, cursor, key: honest(things, cursor, key) + 1),
        lambda ask: _distinct_meters(ask) == 11,
    ),
    Defect(
        "limit-forgotten",
        "limit_ignored",
        around(f"GET {READINGS}", lambda _, honest, request: (request.values.update(limit=None), honest(request))[1]),
        lambda ask: len(read(ask, f"{first_meter(ask)}/readings?limit=3")["data"]) == 3,
    ),
    Defect(
        "times-ignored",
        "range_ignored",
        _window(lambda *_: (BEGIN, END)),
        lambda ask: len(morning(ask)) == 8,
    ),
    Defect(
        "end-included",
        "range_bounds",
        _window(lambda start, until: (start, until + timedelta(seconds=1))),
        lambda ask: len(morning(ask)) == 8,
    ),
    Defect(
        "start-excluded",
        "range_bounds",
        _window(lambda start, until: (start + timedelta(seconds=1), until)),
        lambda ask: len(morning(ask)) == 8,
    ),
    Defect(
        "seven-o-clock-missing",
        "intervals_gap",
        contents(f"GET {READINGS}", _without_seven),
        lambda ask: all(one["ended_at"] == two["started_at"] for one, two in pairwise(morning(ask))),
    ),
    Defect(
        "quarters-of-half-an-hour",
        "intervals_overlap",
        _of_each(f"GET {READINGS}", _ends_late),
        same_for_all(lambda one: instant(one["ended_at"]) - instant(one["started_at"]) == QUARTER),
    ),
    Defect(
        "kilowatt-hours-are-watt-hours",
        "unit_wrong",
        _of_each(f"GET {READINGS}", lambda one: one.update(energy_kwh=one["energy_wh"])),
        same_for_all(lambda one: one["energy_kwh"] == one["energy_wh"] / 1000),
    ),
    Defect(
        "power-of-an-hour",
        "unit_wrong",
        _of_each(f"GET {READINGS}", lambda one: one.update(average_power_w=one["energy_wh"])),
        same_for_all(lambda one: one["average_power_w"] == one["energy_wh"] * 4),
    ),
    Defect(
        "quarters-end-before-they-start",
        "order_of_times",
        _of_each(f"GET {READINGS}", lambda one: one.update(started_at=one["ended_at"], ended_at=one["started_at"])),
        same_for_all(lambda one: one["started_at"] < one["ended_at"]),
    ),
    Defect("a-cent-short", "sum_wrong", _of_every_bill(_total_short), bills_add_up),
    Defect("lines-lost", "sum_wrong", _of_every_bill(lambda bill: {**bill, "lines": bill["lines"][:1]}), bills_add_up),
    Defect(
        "bills-unsorted",
        "sort_ignored",
        contents(f"GET {BILLS}", lambda bills: bills.sort(key=lambda bill: bill["bill_id"])),
        _in_order,
    ),
    Defect(
        "bills-of-all-meters",
        "filter_ignored",
        around(f"GET {BILLS}", _of_anybody),
        lambda ask: len(linked(ask, f"meter_id={first_meter(ask).rpartition('/')[2]}")) == 12,
    ),
    Defect(
        "new-ids-each-time",
        "ids_unstable",
        _new_ids,
        lambda ask: [bill["bill_id"] for bill in linked(ask)] == [bill["bill_id"] for bill in linked(ask)],
    ),
    Defect(
        "two-bills-with-one-id",
        "ids_not_unique",
        contents(f"GET {BILLS}", _ids_twice),
        lambda ask: len({bill["bill_id"] for bill in linked(ask)}) == 36,
    ),
    Defect("readable-after-removal", "deleted_still_readable", _kept_in_memory, _status_after_removal("GET")),
    Defect(
        "removed-twice",
        "deleted_twice_succeeds",
        around(f"DELETE {METER}", _removed_already),
        _status_after_removal("DELETE"),
    ),
    Defect(
        "forgotten-at-once",
        "created_not_readable",
        around(f"POST {METERS}", _forgotten),
        lambda ask: ask(f"GET {created(ask)}").status == 200,
    ),
    Defect(
        "labels-cut",
        "created_read_differs",
        step("add_meter", lambda honest: lambda serial, phases, label: honest(serial, phases, label[:10])),
        lambda ask: read(ask, created(ask))["label"] == NEW_METER["label"],
    ),
    Defect("labels-not-kept", "update_lost", around(f"PATCH {METER}", _not_kept), _patched),
    Defect(
        "serials-not-unique",
        "unique_ignored",
        step("refuse_taken", instead(None)),
        lambda ask: [ask("POST /meters", NEW_METER).status for _ in range(2)] == [201, 422],
    ),
    Defect(
        "seals-unlisted",
        "created_not_listed",
        contents(f"GET {SEALS}", list.clear),
        lambda ask: len(read(ask, sealed(ask).rpartition("/")[0])) == 1,
    ),
    Defect("broken-seals-listed", "deleted_still_listed", _still_on, _seals_after_breaking),
    Defect("seals-of-other-meters", "unknown_id_not_404", around(f"GET {SEAL}", _any_meter), _seal_elsewhere),
    Defect(
        "any-bill-will-do",
        "unknown_id_not_404",
        around(f"GET {BILL}", _first_bill),
        lambda ask: ask("GET /bills/none").status == 404,
    ),
    Defect(
        "404-for-strangers",
        "not_found_before_401",
        step_of("identify", _looks_first),
        lambda ask: ask("GET /meters/none", x_api_key=None).status == 401,
    ),
    Defect(
        "key-optional",
        "auth_ignored",
        requests(_without_key),
        lambda ask: ask("GET /meters", x_api_key=None).status == 401,
    ),
    Defect(
        "errors-otherwise",
        "error_format",
        refusals(404, says_otherwise),
        lambda ask: "error" in ask("GET /meters/none").content,
    ),
    Defect("busy-without-a-time", "retry_after_missing", requests(_busy), _says_when),
    Defect("quota-stands-still", "rate_limit_headers_wrong", step("remaining", instead(1000)), _quota),
    Defect(
        "any-media-type",
        "wrong_media_type_accepted",
        requests(lambda _, request: request.headers.update({"content-type": "application/json"})),
        lambda ask: ask("POST /meters", NEW_METER, content_type="text/plain").status == 415,
    ),
    Defect(
        "any-number-of-phases",
        "invalid_body_accepted",
        step("read_body", _unchecked_phases),
        lambda ask: ask("POST /meters", {**NEW_METER, "phases": 2}).status == 400,
    ),
    Defect(
        "phases-made-up",
        "incomplete_body_accepted",
        step("read_body", _completed),
        lambda ask: ask("POST /meters", {"serial": "S-1"}).status == 400,
    ),
    Defect(
        "key-in-errors",
        "secret_echoed",
        refusals(404, lambda reply: reply.content["error"].update(message=f"there is no such thing for {KEY}")),
        lambda ask: KEY.encode() not in ask("GET /meters/none").body,
    ),
)
