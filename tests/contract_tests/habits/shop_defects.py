"""Defects of the shop."""

from __future__ import annotations

import re
from base64 import b64decode
from contextlib import suppress
from itertools import count
from typing import Any

from tests.contract_tests.habits.house import Handler, Operation, Reply, Request, ok
from tests.contract_tests.habits.planting import (
    Client,
    Defect,
    around,
    bodies,
    contents,
    refusals,
    replies,
    requests,
    says_otherwise,
    step,
    step_of,
)
from tests.contract_tests.habits.shop import NORTH, SOUTH, Shop, basic

CUSTOMERS, CUSTOMER, ORDERS, ORDER = "/customers", "/customers/{customerId}", "/orders", "/orders/{orderId}"
NEW_CUSTOMER = {"name": "Probe", "city": "Utrecht", "vatNumber": "NL001234567B01"}
LINES = [{"sku": "CHG-11", "quantity": 2}, {"sku": "CBL-5", "quantity": 3}]
MERGE = "application/merge-patch+json"
TRACE = "Traceback (most recent call last): shop/orders.py, line 31, in get: KeyError"


def created(ask: Client) -> str:
    """Path of a new customer."""
    return _path(ask("POST /customers", NEW_CUSTOMER).headers["location"])


def ordered(ask: Client) -> str:
    """Path of a new order."""
    return _path(ask("POST /orders", {"customerId": 1, "lines": LINES}).headers["location"])


def read(ask: Client, path: str) -> Any:
    return ask(f"GET {path}").content


def patched(ask: Client, path: str, change: dict[str, Any]) -> Any:
    """What a thing is after a change."""
    ask(f"PATCH {path}", change, content_type=MERGE)
    return read(ask, path)


def as_south(ask: Client) -> Client:
    return Client(ask.server, authorization=basic(SOUTH))


def walked(ask: Client, path: str = "/customers", query: str = "") -> list[int]:
    """The ids in a list, five at a time."""
    found: list[int] = []
    for offset in range(0, 60, 5):
        found += [item["id"] for item in read(ask, f"{path}?limit=5&offset={offset}&{query}")["items"]]
    return found


def adds_up(order: Any) -> bool:
    net = sum(line["quantity"] * line["unitCents"] for line in order["lines"])
    return bool(
        net == order["netCents"] == sum(line["amountCents"] for line in order["lines"])
        and order["totalCents"] == net + order["taxCents"]
        and order["taxCents"] > 0
    )


def _path(url: str) -> str:
    return url.removeprefix("http://127.0.0.1")


def _there(label: str, change: Any) -> Any:
    """See more things than there are for the caller, in one operation."""

    def make(server: Shop, honest: Any) -> Any:
        def is_there(thing_id: int, request: Request) -> bool:
            return bool(honest(thing_id, request) or (request.label == label and change(server, thing_id, request)))

        return is_there

    return step_of("is_there", make)


def _of_others(label: str) -> Any:
    return _there(label, lambda server, thing_id, _: thing_id not in server.removed)


def _removed(label: str) -> Any:
    return _there(label, lambda server, thing_id, request: server.owners[thing_id] == request.caller)


def _without(member: str) -> Any:
    return lambda _, request: {name: value for name, value in request.content.items() if name != member}


def _paged(start: Any, size: Any) -> Any:
    """Cut the pages elsewhere, by functions of the offset and the limit."""

    def make(honest: Any) -> Any:
        def page(things: list[Any], request: Request) -> Reply:
            reply: Reply = honest(things, request)
            first, most = request.values["offset"] or 0, request.values["limit"] or 25
            reply.content["items"] = [dict(one) for one in things[start(first) :][: size(most)]]
            return reply

        return page

    return step("page", make)


def _unfiltered(name: str) -> Any:
    return lambda _, honest, request: (request.values.update({name: None}), honest(request))[1]


def _mine(label: str, change: Any) -> Any:
    """List something else than what the caller has."""

    def make(honest: Any) -> Any:
        def mine(things: Any, request: Request) -> list[Any]:
            found: list[Any] = honest(things, request)
            return change(found, request) if request.label == label else found

        return mine

    return step("mine", make)


def _narrow(customers: list[Any], request: Request) -> list[Any]:
    lost = next((one for one in customers if one["city"] == request.values["city"]), None)
    return [one for one in customers if one is not lost]


def _counted_with_others(server: Shop, honest: Handler, request: Request) -> Reply:
    reply = honest(request)
    reply.content["total"] = len(server.customers)
    return reply


def _as_all_do(server: Shop, honest: Handler, request: Request) -> Reply:
    """Change the customer, and everybody who lives there."""
    reply = honest(request)
    for one in server.mine(server.customers, request):
        one.update({name: value for name, value in request.content.items() if name == "city"})
    return reply


def _stale_totals(server: Shop, honest: Handler, request: Request) -> Reply:
    order = server.order(request)
    totals = {name: order[name] for name in ("netCents", "taxCents", "totalCents")}
    honest(request)
    order.update(totals)
    return ok(order)


def _forgotten(server: Shop, honest: Handler, request: Request) -> Reply:
    reply = honest(request)
    server.removed.add(int(reply.headers["Location"].rpartition("/")[2]))
    return reply


def _location(change: Any) -> Any:
    def alter(reply: Reply) -> None:
        head, _, last = reply.headers["Location"].rpartition("/")
        reply.headers["Location"] = change(head, int(last))

    return replies(f"POST {CUSTOMERS}", alter)


def _takes_the_place(server: Shop, honest: Handler, request: Request) -> Reply:
    """A new customer has the id of the last one."""
    server.numbers = count(max(server.customers))
    return honest(request)


def _always_json(server: Shop, honest: Handler, request: Request) -> Reply:
    request.values["media type"] = "application/json"
    return honest(request)


def _never_406(honest: Any) -> Any:
    def negotiate(request: Request, operation: Operation) -> None:
        request.values["media type"] = next(iter(operation.produces), "")

    return negotiate


def _zero_is_fine(honest: Any) -> Any:
    def read_body(request: Request, operation: Operation) -> Any:
        body = request.body
        request.body = re.sub(rb'"quantity": ?-?[0-9]+', b'"quantity":1', body)
        content = honest(request, operation)
        quantities = re.findall(rb'"quantity": ?(-?[0-9]+)', body)
        for line, quantity in zip((content or {}).get("lines", ()), quantities, strict=False):
            line["quantity"] = int(quantity)
        return content

    return read_body


def _first_customer(server: Shop, honest: Handler, request: Request) -> Reply:
    if request.values["customerId"] in server.owners:
        return honest(request)
    return ok(server.mine(server.customers, request)[0])


def _anonymous(_: Any, request: Request) -> None:
    request.headers.setdefault("authorization", basic(NORTH))


def _without_password(_: Any, request: Request) -> None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    with suppress(ValueError):
        user = b64decode(encoded).decode().partition(":")[0] if scheme == "Basic" else ""
        whole = next((name for name in (NORTH, SOUTH) if name.partition(":")[0] == user), "")
        request.headers |= {"authorization": basic(whole)} if whole else {}


def _put_is_patch(_: Any, request: Request) -> None:
    if request.method == "PUT":
        request.method, request.headers["content-type"] = "PATCH", MERGE


def _of_the_list(change: Any) -> Any:
    return contents("GET /products", change)


def _hidden(line: str, path: Any, content: Any = None) -> Any:
    """Whether somebody else is told 404 for a thing of ours, which stays as it is."""

    def right(ask: Client) -> bool:
        thing = path(ask)
        before = read(ask, thing)
        answer = as_south(ask)(line.format(thing), content, content_type=MERGE)
        return answer.status == 404 and bool(read(ask, thing) == before)

    return right


def _after_removal(path: Any, look: Any) -> Any:
    def right(ask: Client) -> bool:
        thing = path(ask)
        ask(f"DELETE {thing}")
        return bool(look(ask, thing))

    return right


def _number(path: str) -> int:
    return int(path.rpartition("/")[2])


def _others_stay(ask: Client) -> bool:
    before = read(ask, "/customers/1")
    patched(ask, created(ask), {"city": "Gouda"})
    return bool(read(ask, "/customers/1") == before)


def _prices(ask: Client) -> bool:
    prices = [one["priceCents"] for one in read(ask, "/products?orderBy=priceCents")["items"]]
    return prices == sorted(prices)


def _is_found_where_it_is(ask: Client) -> bool:
    return bool(read(ask, created(ask)).get("name") == "Probe")


DEFECTS = (
    Defect("orders-for-everybody", "other_tenant_reads", _of_others(f"GET {ORDER}"), _hidden("GET {}", ordered)),
    Defect(
        "lines-for-everybody",
        "other_tenant_reads",
        _of_others(f"GET {ORDER}/lines"),
        _hidden("GET {}/lines", ordered),
    ),
    Defect(
        "customers-of-everybody",
        "other_tenant_lists",
        _of_others(f"GET {CUSTOMERS}"),
        lambda ask: not {*walked(ask)} & {*walked(as_south(ask))},
    ),
    Defect(
        "changes-by-everybody",
        "other_tenant_changes",
        _of_others(f"PATCH {CUSTOMER}"),
        _hidden("PATCH {}", created, {"city": "Gent"}),
    ),
    Defect(
        "removals-by-everybody",
        "other_tenant_changes",
        _of_others(f"DELETE {ORDER}"),
        _hidden("DELETE {}", ordered),
    ),
    Defect(
        "vat-numbers-lost",
        "created_read_differs",
        bodies(f"POST {CUSTOMERS}", _without("vatNumber")),
        lambda ask: read(ask, created(ask))["vatNumber"] == NEW_CUSTOMER["vatNumber"],
    ),
    Defect(
        "last-order-unlisted",
        "created_not_listed",
        _mine(f"GET {ORDERS}", lambda orders, _: orders[:-1]),
        lambda ask: _number(ordered(ask)) in walked(ask, "/orders"),
    ),
    Defect(
        "removed-orders-listed",
        "deleted_still_listed",
        _removed(f"GET {ORDERS}"),
        _after_removal(ordered, lambda ask, thing: _number(thing) not in walked(ask, "/orders")),
    ),
    Defect(
        "removed-customers-readable",
        "deleted_still_readable",
        _removed(f"GET {CUSTOMER}"),
        _after_removal(created, lambda ask, thing: ask(f"GET {thing}").status == 404),
    ),
    Defect(
        "orders-not-kept",
        "created_not_readable",
        around(f"POST {ORDERS}", _forgotten),
        lambda ask: ask(f"GET {ordered(ask)}").status == 200,
    ),
    Defect(
        "location-of-the-one-before",
        "location_wrong",
        _location(lambda head, last: f"{head}/{last - 2}"),
        _is_found_where_it_is,
    ),
    Defect(
        "location-elsewhere",
        "location_wrong",
        _location(lambda head, last: f"{head.replace('customers', 'customer')}/{last}"),
        _is_found_where_it_is,
    ),
    Defect(
        "table-refused",
        "accept_ignored",
        around(f"GET {ORDER}/lines", _always_json),
        lambda ask: ask("GET /orders/2/lines", accept="text/csv").headers["content-type"] == "text/csv",
    ),
    Defect(
        "accept-ignored",
        "accept_ignored",
        step("negotiate", _never_406),
        lambda ask: ask("GET /customers", accept="image/png").status == 406,
    ),
    Defect(
        "tax-left-out",
        "sum_wrong",
        step("priced", lambda honest: lambda lines: (priced := honest(lines)) | {"totalCents": priced["netCents"]}),
        lambda ask: adds_up(read(ask, ordered(ask))),
    ),
    Defect(
        "totals-not-updated",
        "sum_wrong",
        around(f"PATCH {ORDER}", _stale_totals),
        lambda ask: adds_up(patched(ask, ordered(ask), {"lines": LINES[:1]})),
    ),
    Defect(
        "first-of-a-page-lost",
        "paging_loses",
        _paged(lambda first: first + (first > 0), lambda most: most),
        lambda ask: len({*walked(ask)}) == 12,
    ),
    Defect(
        "last-of-a-page-again",
        "paging_repeats",
        _paged(lambda first: first - (first > 0), lambda most: most),
        lambda ask: len(walked(ask)) == 12,
    ),
    Defect(
        "a-page-and-one-more",
        "page_too_long",
        _paged(lambda first: first, lambda most: most + 1),
        lambda ask: len(read(ask, "/customers?limit=5")["items"]) == 5,
    ),
    Defect(
        "limit-without-effect",
        "limit_ignored",
        _paged(lambda first: first, lambda _: 25),
        lambda ask: len(read(ask, "/customers?limit=5")["items"]) == 5,
    ),
    Defect(
        "total-of-everybody",
        "total_wrong",
        around(f"GET {CUSTOMERS}", _counted_with_others),
        lambda ask: read(ask, "/customers")["total"] == 12,
    ),
    Defect(
        "orders-of-all-customers",
        "filter_ignored",
        around(f"GET {ORDERS}", _unfiltered("customerId")),
        lambda ask: len(read(ask, "/orders?customerId=1")["items"]) == 1,
    ),
    Defect(
        "one-of-the-city-missing",
        "filter_too_much",
        _mine(f"GET {CUSTOMERS}", _narrow),
        lambda ask: read(ask, "/customers?city=Utrecht")["total"] == 4,
    ),
    Defect(
        "dearest-first",
        "sort_direction",
        _of_the_list(lambda page: page["items"].sort(key=lambda one: one["priceCents"], reverse=True)),
        _prices,
    ),
    Defect("all-move-together", "update_changes_others", around(f"PATCH {CUSTOMER}", _as_all_do), _others_stay),
    Defect(
        "null-removes-nothing",
        "update_lost",
        bodies(
            f"PATCH {CUSTOMER}",
            lambda _, request: {name: value for name, value in request.content.items() if value is not None},
        ),
        lambda ask: patched(ask, created(ask), {"vatNumber": None})["vatNumber"] is None,
    ),
    Defect(
        "note-not-changed",
        "update_lost",
        bodies(f"PATCH {ORDER}", _without("note")),
        lambda ask: patched(ask, ordered(ask), {"note": "Ring"})["note"] == "Ring",
    ),
    Defect(
        "nothing-ordered",
        "invalid_body_accepted",
        step("read_body", _zero_is_fine),
        lambda ask: ask("POST /orders", {"customerId": 1, "lines": [{"sku": "CBL-5", "quantity": 0}]}).status == 422,
    ),
    Defect(
        "any-customer-will-do",
        "unknown_id_not_404",
        around(f"GET {CUSTOMER}", _first_customer),
        lambda ask: ask("GET /customers/999999").status == 404,
    ),
    Defect(
        "any-patch",
        "wrong_media_type_accepted",
        requests(lambda _, request: request.method == "PATCH" and request.headers.update({"content-type": MERGE})),
        lambda ask: ask("PATCH /customers/1", {"city": "Gent"}, content_type="text/plain").status == 415,
    ),
    Defect(
        "password-in-errors",
        "secret_echoed",
        refusals(422, lambda reply: reply.content["errors"][0].update(message=f"{NORTH} sent something wrong")),
        lambda ask: NORTH.partition(":")[2].encode() not in ask("POST /customers", {}).body,
    ),
    Defect(
        "trace-for-absent-orders",
        "stack_trace",
        refusals(404, lambda reply: reply.content["errors"][0].update(message=TRACE)),
        lambda ask: b"Traceback" not in ask("GET /orders/999999").body,
    ),
    Defect(
        "slow-products",
        "slow_operation",
        replies("GET /products", lambda reply: setattr(reply, "delay_s", 0.7)),
        lambda ask: ask("GET /products").delay_s == 0,
    ),
    Defect(
        "one-id-for-all",
        "ids_not_unique",
        around(f"POST {CUSTOMERS}", _takes_the_place),
        lambda ask: created(ask) != created(ask),
    ),
    Defect(
        "refuses-without-allow",
        "allow_missing",
        refusals(405, lambda reply: reply.headers.clear()),
        lambda ask: ask("PUT /customers/1", {}).headers.get("allow") == "GET, PATCH, DELETE",
    ),
    Defect(
        "put-is-patch",
        "method_not_405",
        requests(_put_is_patch),
        lambda ask: ask("PUT /customers/1", {"city": "Gent"}).status == 405,
    ),
    Defect(
        "errors-without-fields",
        "error_format",
        refusals(422, says_otherwise),
        lambda ask: "errors" in ask("POST /customers", {}).content,
    ),
    Defect(
        "anonymous-is-north",
        "auth_ignored",
        requests(_anonymous),
        lambda ask: ask("GET /customers", authorization=None).status == 401,
    ),
    Defect(
        "password-unchecked",
        "auth_ignored",
        requests(_without_password),
        lambda ask: ask("GET /customers", authorization=basic("north:wrong")).status == 401,
    ),
)
