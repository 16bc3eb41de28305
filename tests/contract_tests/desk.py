"""A small, honest server for `desk.yaml`: what `gridmock check` must find nothing wrong with.

It is correct, but awkward on purpose where correct servers are: 404 for a page that does not exist, 400 for crossed
instants and unknown users, 422 for a taken name, 410 after a deletion. No user is known here.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

TOKEN = "desk-token-9f2c41d7"
SUPPLIERS = [
    {
        "id": f"supl{n:026d}",
        "url": f"http://desk.example/suppliers/supl{n:026d}",
        "name": f"Supplier {n}",
        "icon": None if n % 2 else "http://desk.example/icon.png",
        "highlighted": n == 1,
    }
    for n in range(1, 4)
]
TARIFFS = [
    {
        "id": f"tari{n:026d}",
        "url": f"http://desk.example/tariffs/tari{n:026d}",
        "supplier": SUPPLIERS[n % 3]["url"],
        "name": f"Tariff {n}",
        "currency": "GBP",
        "type": ("FLAT_RATE", "DUAL_RATE", "DYNAMIC")[n % 3],
    }
    for n in range(1, 6)
]
MIDNIGHT = datetime(2025, 6, 1, tzinfo=UTC)
PRICES = [
    {
        "started_at": (MIDNIGHT + timedelta(minutes=30 * n)).isoformat().replace("+00:00", "Z"),
        "interval_seconds": 1800,
        "price_minor_units": 10 + n % 7,
    }
    for n in reversed(range(48))
]
RATE = {"X-RateLimit-Limit": "1000"}
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


class Refusal(Exception):
    """A request that gets a problem+json instead of what it asked for."""

    def __init__(self, status: int, detail: str, **headers: str) -> None:
        self.status, self.detail, self.headers = status, detail, headers


class Desk:
    """One tariff desk with its own alerts."""

    def __init__(self) -> None:
        self.alerts: dict[str, dict[str, Any]] = {}
        self.removed: set[str] = set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        try:
            status, headers, answer = self.answer(scope, body)
        except Refusal as refusal:
            status, headers = refusal.status, {name.replace("_", "-"): value for name, value in refusal.headers.items()}
            answer = {"title": "Refused", "status": status, "detail": refusal.detail}
        media_type = "application/json" if status < 400 else "application/problem+json"
        headers = RATE | ({} if answer is None else {"Content-Type": media_type}) | headers
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if answer is None else json.dumps(answer).encode()})

    def answer(self, scope: Any, body: bytes) -> tuple[int, dict[str, str], Any]:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        for pattern, handlers in self.routes.items():
            match = re.fullmatch(pattern, scope["path"])
            if match is None:
                continue
            handler = handlers.get(scope["method"])
            if handler is None:
                raise Refusal(405, "no such method here", Allow=", ".join(handlers))
            if headers.get("authorization") != f"Bearer {TOKEN}":
                raise Refusal(401, "no valid token", WWW_Authenticate="Bearer")
            if "desk-user" in headers and "GET /tariffs" in f"{scope['method']} {scope['path']}":
                raise Refusal(400, "no such user")
            query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
            return handler(self, *match.groups(), query=query, headers=headers, body=body)
        raise Refusal(404, "no such path")

    def suppliers(self, *, query: Any, **_: Any) -> Any:
        return page(SUPPLIERS, query)

    def supplier(self, supplier_id: str, **_: Any) -> Any:
        return 200, {}, named(SUPPLIERS, supplier_id)

    def tariffs(self, *, query: Any, **_: Any) -> Any:
        valid = one(query, "valid", r"true|false")
        supplier_id = one(query, "supplier_id", r"(?s).*")
        wanted = [
            tariff
            for tariff in TARIFFS
            if (valid != "false") and (supplier_id is None or tariff["supplier"].endswith(f"/{supplier_id}"))
        ]
        return page(wanted, query)

    def tariff(self, tariff_id: str, **_: Any) -> Any:
        return 200, {}, named(TARIFFS, tariff_id)

    def prices(self, tariff_id: str, *, query: Any, **_: Any) -> Any:
        first, last = instant(query, "started_at__gte"), instant(query, "started_at__lte")
        if first and last and first > last:
            raise Refusal(400, "started_at__gte is after started_at__lte")
        named(TARIFFS, tariff_id)
        wanted = [
            price
            for price in PRICES
            if (first is None or datetime.fromisoformat(price["started_at"]) >= first)
            and (last is None or datetime.fromisoformat(price["started_at"]) <= last)
        ]
        return page(wanted, query)

    def list_alerts(self, **_: Any) -> Any:
        return 200, {}, list(self.alerts.values())

    def create_alert(self, *, headers: Any, body: bytes, **_: Any) -> Any:
        if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Refusal(415, "send application/json")
        try:
            wanted = json.loads(body)
        except ValueError as error:
            raise Refusal(400, "the body is not JSON") from error
        if not isinstance(wanted, dict) or set(wanted) != {"name", "below_minor_units"}:
            raise Refusal(400, "name and below_minor_units are wanted, and nothing else")
        name, below = wanted["name"], wanted["below_minor_units"]
        if not isinstance(name, str) or not 1 <= len(name) <= 40:
            raise Refusal(400, "name: 1 to 40 characters")
        if isinstance(below, bool) or not isinstance(below, int | float) or below != int(below):
            raise Refusal(400, "below_minor_units: an integer")
        if not -1000 <= below <= 10000:
            raise Refusal(400, "below_minor_units: -1000 to 10000")
        if any(alert["name"] == name for alert in self.alerts.values()):
            raise Refusal(422, "the name is taken")
        alert = {
            "id": f"alrt{len(self.alerts) + len(self.removed):026d}",
            "name": name,
            "below_minor_units": int(below),
        }
        self.alerts[alert["id"]] = alert
        return 201, {"Location": f"/alerts/{alert['id']}"}, alert

    def alert(self, alert_id: str, **_: Any) -> Any:
        if alert_id in self.removed:
            raise Refusal(410, "it was removed")
        return 200, {}, named(list(self.alerts.values()), alert_id)

    def delete_alert(self, alert_id: str, **_: Any) -> Any:
        self.alert(alert_id)
        del self.alerts[alert_id]
        self.removed.add(alert_id)
        return 204, {}, None

    routes: dict[str, dict[str, Any]] = {  # noqa: RUF012
        r"/suppliers": {"GET": suppliers},
        r"/suppliers/([^/]*)": {"GET": supplier},
        r"/tariffs": {"GET": tariffs},
        r"/tariffs/([^/]*)": {"GET": tariff},
        r"/tariffs/([^/]*)/prices": {"GET": prices},
        r"/alerts": {"GET": list_alerts, "POST": create_alert},
        r"/alerts/([^/]*)": {"GET": alert, "DELETE": delete_alert},
    }


def named(items: list[dict[str, Any]], item_id: str) -> dict[str, Any]:
    for item in items:
        if item["id"] == item_id:
            return item
    raise Refusal(404, "no such id")


def one(query: dict[str, list[str]], name: str, pattern: str) -> str | None:
    values = query.get(name)
    if values is None:
        return None
    if len(values) > 1 or re.fullmatch(pattern, values[0]) is None:
        raise Refusal(400, f"{name}: not a value of the contract")
    return values[0]


def instant(query: dict[str, list[str]], name: str) -> datetime | None:
    text = one(query, name, DATE_TIME.pattern)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise Refusal(400, f"{name}: no such instant") from error


def page(items: list[dict[str, Any]], query: dict[str, list[str]]) -> Any:
    number = int(one(query, "page", r"0*[1-9]\d*") or 1)
    size = int(one(query, "page_size", r"0*([1-9]\d?|100)") or 25)
    start = (number - 1) * size
    if start and start >= len(items):
        raise Refusal(404, "no such page")
    previous = "about:blank" if number == 1 else f"http://desk.example/?page={number - 1}"
    following = "about:blank" if start + size >= len(items) else f"http://desk.example/?page={number + 1}"
    return 200, {"Link": f'<{previous}>; rel="previous", <{following}>; rel="next"'}, items[start : start + size]
