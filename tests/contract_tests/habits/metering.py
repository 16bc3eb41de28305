"""Metering: cursors in the body and links in the header, an API key, 410 after deletion, readings that tile, bills."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.contract_tests.habits.house import BEGIN, Planted, Refusal, Reply, Request, Server, instant, ok, sorted_by

KEY = "metering-key-33b0d1c96a"
READ_KEY = "metering-reader-07fe52"
QUARTER = timedelta(minutes=15)
END = BEGIN + timedelta(days=4)
QUOTA = 1_000_000
CODES = {400: "invalid", 401: "unauthorized", 403: "forbidden", 404: "not_found", 410: "gone", 422: "taken"}


class Metering(Server):
    """A grid operator with eleven meters and a year of bills for three of them."""

    contract = Path(__file__).with_name("metering.yaml")

    def __init__(self, *planted: Planted) -> None:
        self.meters: dict[str, dict[str, Any]] = {}
        self.seals: dict[str, dict[str, dict[str, Any]]] = {}
        self.gone: set[str] = set()
        self.bills: dict[str, dict[str, Any]] = {}
        self.numbers = count(1)
        self.quota = QUOTA
        super().__init__(*planted)

    def furnish(self) -> None:
        for n in range(11):
            self.add_meter(f"E0047-{1000 + n * 37}", (1, 3)[n % 2], f"Feeder {n + 1}")
        for n in range(36):
            bill = _bill(n, [*self.meters][n % 3])
            self.bills[bill["bill_id"]] = bill

    def caller(self, request: Request) -> str:
        if (key := request.headers.get("x-api-key")) not in (KEY, READ_KEY):
            raise Refusal(401, "there is no valid key", headers={"WWW-Authenticate": "ApiKey"})
        if key == READ_KEY and request.method != "GET":
            raise Refusal(403, "this key may only read")
        return str(key)

    def refused(self, refusal: Refusal) -> Reply:
        code = CODES.get(refusal.status, "refused")
        return Reply(refusal.status, {"error": {"code": code, "message": refusal.message}}, refusal.headers)

    def finished(self, request: Request, reply: Reply) -> Reply:
        reply.headers |= {"RateLimit-Limit": str(self.quota), "RateLimit-Remaining": str(self.remaining())}
        return reply

    def remaining(self) -> int:
        """Requests that are left; nobody sends so many that it matters when the hour is over."""
        return self.quota - self.calls

    def name(self, prefix: str) -> str:
        """The next id of a kind."""
        return f"{prefix}_{hashlib.sha256(f'{prefix} {next(self.numbers)}'.encode()).hexdigest()[:12]}"

    # Meters

    def add_meter(self, serial: str, phases: int, label: str) -> dict[str, Any]:
        meter_id = self.name("mtr")
        self.meters[meter_id] = {
            "meter_id": meter_id,
            "serial": serial,
            "phases": phases,
            "label": label,
            "registered_at": self.now(),
        }
        self.seals[meter_id] = {}
        return self.meters[meter_id]

    def list_meters(self, request: Request) -> Reply:
        phases = request.values["phases"]
        wanted = [one for one in self.meters.values() if phases in (None, one["phases"])]
        return self.page(wanted, request, "meter_id")

    def create_meter(self, request: Request) -> Reply:
        self.refuse_taken(request.content["serial"])
        meter = self.add_meter(**{"label": "", **request.content})
        return Reply(201, dict(meter), {"Location": f"{request.origin}/meters/{meter['meter_id']}"})

    def get_meter(self, request: Request) -> Reply:
        return ok(self.meter(request))

    def update_meter(self, request: Request) -> Reply:
        meter = self.meter(request)
        self.refuse_taken(request.content.get("serial", meter["serial"]), meter["meter_id"])
        meter.update(request.content)
        return ok(meter)

    def delete_meter(self, request: Request) -> Reply:
        meter_id = self.meter(request)["meter_id"]
        del self.meters[meter_id]
        self.gone |= {meter_id, *self.seals.pop(meter_id)}
        return Reply(204)

    def meter(self, request: Request) -> dict[str, Any]:
        """The meter that a request is about."""
        return self.found(self.meters, request.values["meter_id"])

    def found(self, things: Mapping[str, dict[str, Any]], thing_id: str) -> dict[str, Any]:
        """The thing of that id; raises Refusal with 410 if it is gone, and 404 if it never was."""
        if thing_id in things:
            return things[thing_id]
        raise Refusal(410, "it was removed") if thing_id in self.gone else Refusal(404, "there is no such thing")

    def refuse_taken(self, serial: str, meter_id: str = "") -> None:
        if any(one["serial"] == serial and one["meter_id"] != meter_id for one in self.meters.values()):
            raise Refusal(422, "another meter has this serial number", "serial")

    # Seals

    def list_seals(self, request: Request) -> Reply:
        return ok([*self.seals[self.meter(request)["meter_id"]].values()])

    def create_seal(self, request: Request) -> Reply:
        meter_id = self.meter(request)["meter_id"]
        seal = {"seal_id": self.name("sl"), **request.content, "put_on_at": self.now()}
        self.seals[meter_id][seal["seal_id"]] = seal
        return Reply(201, dict(seal), {"Location": f"{request.origin}/meters/{meter_id}/seals/{seal['seal_id']}"})

    def get_seal(self, request: Request) -> Reply:
        return ok(self.seal(request))

    def delete_seal(self, request: Request) -> Reply:
        seal_id = self.seal(request)["seal_id"]
        del self.seals[request.values["meter_id"]][seal_id]
        self.gone.add(seal_id)
        return Reply(204)

    def seal(self, request: Request) -> dict[str, Any]:
        """The seal that a request is about."""
        return self.found(self.seals[self.meter(request)["meter_id"]], request.values["seal_id"])

    # Readings

    def list_readings(self, request: Request) -> Reply:
        meter_id = self.meter(request)["meter_id"]
        return self.page(self.readings(meter_id, *self.window(request)), request, "started_at")

    def window(self, request: Request) -> tuple[datetime, datetime]:
        """The times between which quarters are to start, the last one excluded."""
        try:
            start, until = (request.values[name] and instant(request.values[name]) for name in ("from", "to"))
        except ValueError as error:
            raise Refusal(400, f"from or to: {error}") from error
        start, until = start or BEGIN, until or END
        if start > until:
            raise Refusal(400, "from is after to")
        return start, until

    def readings(self, meter_id: str, start: datetime, until: datetime) -> list[dict[str, Any]]:
        """What a meter measured in the quarters that start in [start, until)."""
        quarters = (BEGIN + n * QUARTER for n in range((END - BEGIN) // QUARTER))
        return [_reading(meter_id, at) for at in quarters if start <= at < until]

    # Bills

    def list_bills(self, request: Request) -> Reply:
        meter_id, size = request.values["meter_id"], request.values["per_page"] or 10
        bills = [one for one in self.bills.values() if meter_id in (None, one["meter_id"])]
        page, marker = self.cut(sorted_by(bills, "-period_start"), request.values["marker"], size, "bill_id")
        reply = ok(page)
        if marker:
            only = f"meter_id={quote(meter_id)}&" if meter_id else ""
            target = f"{request.origin}/bills?{only}per_page={size}&marker={quote(marker)}"
            reply.headers["Link"] = f'<{target}>; rel="next", <{request.origin}/bills>; rel="first"'
        return reply

    def get_bill(self, request: Request) -> Reply:
        return ok(self.found(self.bills, request.values["bill_id"]))

    # Paging

    def page(self, things: list[dict[str, Any]], request: Request, key: str) -> Reply:
        size = request.values["limit"] or 20
        page, cursor = self.cut(things, request.values["cursor"], size, key)
        return ok({"data": page, "next": cursor})

    def cut(
        self, things: list[dict[str, Any]], cursor: str | None, size: int, key: str
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The page behind a cursor, which holds the key of the last thing before it, and the cursor for the rest."""
        start = self.place(things, cursor, key) if cursor is not None else 0
        page = things[start : start + size]
        return page, self.cursor(page[-1][key]) if start + size < len(things) else None

    def place(self, things: list[dict[str, Any]], cursor: str, key: str) -> int:
        """Where the page behind a cursor begins; raises Refusal if it does not begin anywhere."""
        keys = [_encoded(thing[key]) for thing in things]
        if cursor not in keys:
            raise Refusal(400, "cursor: not one that was given out for this list", "cursor")
        return keys.index(cursor) + 1

    def cursor(self, key: str) -> str:
        """The cursor for what comes behind a key."""
        return _encoded(key)


def _encoded(key: str) -> str:
    return urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _draw(*words: object) -> int:
    """A number below 2^32 that follows from words."""
    return int.from_bytes(hashlib.sha256(repr(words).encode()).digest()[:4], "big")


def _wire(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def _reading(meter_id: str, at: datetime) -> dict[str, Any]:
    energy_wh = _draw(meter_id, at.timestamp()) % 5500
    return {
        "started_at": _wire(at),
        "ended_at": _wire(at + QUARTER),
        "energy_wh": energy_wh,
        "energy_kwh": energy_wh / 1000,
        "average_power_w": energy_wh * 4,
    }


def _bill(n: int, meter_id: str) -> dict[str, Any]:
    month, meter = divmod(n, 3)
    lines = []
    for text, price_eur_per_kwh in (("Energy", 0.2315), ("Network", 0.0612)):
        quantity_kwh = 200 + _draw("bill", n) % 900
        amount_eur = round(quantity_kwh * price_eur_per_kwh, 2)
        lines.append(
            {
                "text": text,
                "quantity_kwh": quantity_kwh,
                "price_eur_per_kwh": price_eur_per_kwh,
                "amount_eur": amount_eur,
            }
        )
    net_eur = round(sum(line["amount_eur"] for line in lines), 2)
    vat_eur = round(net_eur * 0.21, 2)
    # Bills of a month have times of their own, so that their order is one only.
    start = datetime(2025, month + 1, 1, meter, tzinfo=BEGIN.tzinfo)
    end = datetime(2025 + (month + 1) // 12, (month + 1) % 12 + 1, 1, meter, tzinfo=BEGIN.tzinfo)
    return {
        "bill_id": f"bll_{_draw('bill', n):08x}{n:02d}",
        "meter_id": meter_id,
        "period_start": _wire(start),
        "period_end": _wire(end),
        "lines": lines,
        "net_eur": net_eur,
        "vat_eur": vat_eur,
        "total_eur": round(net_eur + vat_eur, 2),
    }
