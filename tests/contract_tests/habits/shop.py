"""Charger shop: offsets in an envelope, HTTP Basic, two tenants, OpenAPI 3.0, merge patch, tables by negotiation."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from itertools import count
from pathlib import Path
from typing import Any

from tests.contract_tests.habits.house import Operation, Planted, Refusal, Reply, Request, Server, ok, sorted_by

NORTH, SOUTH = "north:north-secret-6e21", "south:south-secret-b94d"
PRODUCTS = {
    sku: {"sku": sku, "name": name, "category": category, "priceCents": cents}
    for sku, name, category, cents in (
        ("CBL-10", "Cable, 10 m", "cable", 24900),
        ("CBL-5", "Cable, 5 m", "cable", 17450),
        ("CBL-7", "Cable, 7 m", "cable", 19900),
        ("CHG-11", "Wallbox 11 kW", "charger", 69900),
        ("CHG-150", "Fast charger 150 kW", "charger", 3899000),
        ("CHG-22", "Wallbox 22 kW", "charger", 84950),
        ("CHG-7", "Wallbox 7 kW", "charger", 54900),
        ("MTR-1", "Meter, one phase", "meter", 8900),
        ("MTR-3", "Meter, three phases", "meter", 14900),
    )
}
TAX_PERCENT = 21


def basic(name: str) -> str:
    """The header of a user and his password, `user:password`."""
    return f"Basic {b64encode(name.encode()).decode()}"


class Shop(Server):
    """A shop with two installers; each has some customers and orders."""

    contract = Path(__file__).with_name("shop.yaml")
    invalid = 422

    def __init__(self, *planted: Planted) -> None:
        # Things are kept by owner; those that were removed stay, and are not looked at any more.
        self.customers: dict[int, dict[str, Any]] = {}
        self.orders: dict[int, dict[str, Any]] = {}
        self.owners: dict[int, str] = {}
        self.removed: set[int] = set()
        self.numbers = count(1)
        super().__init__(*planted)

    def furnish(self) -> None:
        for n in range(18):
            caller = (NORTH, SOUTH)[n % 3 // 2]
            city = ("Utrecht", "Gent", "Zeist", "Breda")[n * 3 % 4]
            customer = self.add_customer(caller, f"Installer {(n * 7) % 18 + 1}", city)
            lines = [{"sku": sku, "quantity": n % 4 + 1} for sku in list(PRODUCTS)[n % 7 : n % 7 + 2]]
            self.add_order(caller, customer["id"], lines)

    def caller(self, request: Request) -> str:
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        try:
            name = b64decode(encoded, validate=True).decode() if scheme.lower() == "basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            name = ""
        if name not in (NORTH, SOUTH):
            raise Refusal(401, "nobody we know", headers={"WWW-Authenticate": 'Basic realm="shop"'})
        return name

    def read(self, request: Request, operation: Operation) -> None:
        self.negotiate(request, operation)
        super().read(request, operation)

    def negotiate(self, request: Request, operation: Operation) -> None:
        """Find out what to answer with; raises Refusal with 406 where nothing fits."""
        accepted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "*/*").split(",")]
        for media_type in operation.produces:
            if {media_type, f"{media_type.partition('/')[0]}/*", "*/*"} & set(accepted):
                request.values["media type"] = media_type
                return
        if operation.produces:
            raise Refusal(406, f"there is {' or '.join(operation.produces)}", "Accept")

    def refused(self, refusal: Refusal) -> Reply:
        errors = [{"field": refusal.member or None, "message": refusal.message}]
        return Reply(refusal.status, {"errors": errors}, refusal.headers)

    # Customers

    def add_customer(self, caller: str, name: str, city: str, vatNumber: str | None = None) -> dict[str, Any]:  # noqa: N803
        customer = {
            "id": next(self.numbers),
            "name": name,
            "city": city,
            "vatNumber": vatNumber,
            "createdAt": self.now(),
        }
        return self.keep(self.customers, caller, customer)

    def list_customers(self, request: Request) -> Reply:
        city = request.values["city"]
        wanted = [one for one in self.mine(self.customers, request) if city in (None, one["city"])]
        return self.page(sorted_by(wanted, request.values["orderBy"] or "id"), request)

    def create_customer(self, request: Request) -> Reply:
        customer = self.add_customer(request.caller, **request.content)
        return Reply(201, None, {"Location": f"{request.origin}/customers/{customer['id']}"})

    def get_customer(self, request: Request) -> Reply:
        return ok(self.customer(request))

    def update_customer(self, request: Request) -> Reply:
        customer = self.customer(request)
        customer.update(request.content)
        return ok(customer)

    def delete_customer(self, request: Request) -> Reply:
        customer_id = self.customer(request)["id"]
        self.removed |= {customer_id, *(one["id"] for one in self.orders.values() if one["customerId"] == customer_id)}
        return Reply(204)

    def customer(self, request: Request) -> dict[str, Any]:
        """The customer that a request is about."""
        return self.found(self.customers, request, request.values["customerId"])

    # Orders

    def add_order(
        self,
        caller: str,
        customerId: int,  # noqa: N803
        lines: list[dict[str, Any]],
        note: str | None = None,
    ) -> dict[str, Any]:
        head = {"id": next(self.numbers), "customerId": customerId, "note": note}
        return self.keep(self.orders, caller, {**head, **self.priced(lines), "createdAt": self.now()})

    def list_orders(self, request: Request) -> Reply:
        customer_id = request.values["customerId"]
        wanted = [one for one in self.mine(self.orders, request) if customer_id in (None, one["customerId"])]
        return self.page(sorted_by(wanted, "-id"), request)

    def create_order(self, request: Request) -> Reply:
        try:
            self.found(self.customers, request, request.content["customerId"])
        except Refusal as refusal:
            raise Refusal(422, "there is no such customer", "customerId") from refusal
        order = self.add_order(request.caller, **request.content)
        return Reply(201, None, {"Location": f"{request.origin}/orders/{order['id']}"})

    def get_order(self, request: Request) -> Reply:
        return ok(self.order(request))

    def update_order(self, request: Request) -> Reply:
        order = self.order(request)
        lines = request.content.get("lines", order["lines"])
        order.update({**request.content, **self.priced(lines)})
        return ok(order)

    def delete_order(self, request: Request) -> Reply:
        self.removed.add(self.order(request)["id"])
        return Reply(204)

    def list_lines(self, request: Request) -> Reply:
        lines = self.order(request)["lines"]
        if request.values["media type"] == "application/json":
            return ok(lines)
        rows = [",".join(lines[0]), *(",".join(map(str, line.values())) for line in lines)]
        return Reply(200, "".join(f"{row}\r\n" for row in rows), {}, "text/csv")

    def order(self, request: Request) -> dict[str, Any]:
        """The order that a request is about."""
        return self.found(self.orders, request, request.values["orderId"])

    def priced(self, wanted: list[dict[str, Any]]) -> dict[str, Any]:
        """Lines with their prices, and what they come to; raises Refusal for a product that there is not."""
        lines = []
        for line in wanted:
            if line["sku"] not in PRODUCTS:
                raise Refusal(422, f"there is no product {line['sku']!r}", "lines")
            cents = PRODUCTS[line["sku"]]["priceCents"]
            quantity = int(line["quantity"])
            lines.append(
                {"sku": line["sku"], "quantity": quantity, "unitCents": cents, "amountCents": quantity * cents}
            )
        net = sum(line["amountCents"] for line in lines)
        tax = (net * TAX_PERCENT + 50) // 100
        return {"lines": lines, "netCents": net, "taxCents": tax, "totalCents": net + tax}

    # Products

    def list_products(self, request: Request) -> Reply:
        category = request.values["category"]
        wanted = [one for one in PRODUCTS.values() if category in (None, one["category"])]
        return self.page(sorted_by(wanted, request.values["orderBy"] or "sku"), request)

    def get_product(self, request: Request) -> Reply:
        if request.values["sku"] not in PRODUCTS:
            raise Refusal(404, "there is no such product")
        return ok(PRODUCTS[request.values["sku"]])

    # All

    def keep(self, things: dict[int, dict[str, Any]], caller: str, thing: dict[str, Any]) -> dict[str, Any]:
        self.owners[thing["id"]] = caller
        things[thing["id"]] = thing
        return thing

    def mine(self, things: dict[int, dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        """What the caller has."""
        return [one for one in things.values() if self.is_there(one["id"], request)]

    def found(self, things: dict[int, dict[str, Any]], request: Request, thing_id: int) -> dict[str, Any]:
        if thing_id not in things or not self.is_there(thing_id, request):
            raise Refusal(404, "there is no such thing")
        return things[thing_id]

    def is_there(self, thing_id: int, request: Request) -> bool:
        """Whether a thing is there for the caller."""
        return self.owners[thing_id] == request.caller and thing_id not in self.removed

    def page(self, things: list[dict[str, Any]], request: Request) -> Reply:
        start, size = request.values["offset"] or 0, request.values["limit"] or 25
        following = start + size if start + size < len(things) else None
        return ok({"items": things[start : start + size], "total": len(things), "nextOffset": following})
