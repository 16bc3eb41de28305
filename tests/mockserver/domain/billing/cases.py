"""Bills to be made: the sheet's worked example, and random ones, both as a client would write them in JSON."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mockserver.domain.billing.actions import action
from mockserver.domain.billing.amounts import number
from mockserver.domain.billing.breakdown import CostBreakdown, breakdown
from mockserver.domain.billing.conditions import DAYS, condition
from mockserver.domain.billing.promotions import DiscountType, Promotion
from mockserver.domain.billing.rules import BillingRule
from mockserver.domain.billing.session_facts import SessionFacts
from mockserver.domain.billing.tariffs import ComponentType, Tariff, TariffComponent

Json = Mapping[str, Any]

WORKED_SESSION = {
    "session_id": "sess_01",
    "charger_id": "CP-001",
    "site_id": "site_01",
    "user_type": "guest",
    "timezone": "Europe/London",
    "started_at": "2026-03-03T17:00:00+00:00",
    "charging_stopped_at": "2026-03-03T18:30:10+00:00",
    "until": "2026-03-03T18:40:40+00:00",
    "is_finished": True,
    "energy_wh": 12_340,
}
WORKED_TARIFF = {
    "tariff_id": "tariff_01",
    "currency": "GBP",
    "tax_rate_percent": 20,
    "components": [
        {"type": "flat", "price": 1.0},
        {"type": "energy", "price": 0.4, "step_size": 0.1},
        {"type": "parking", "price": 0.2, "min_duration_minutes": 5},
    ],
}
WORKED_CODE = {"code": "SPRING10", "discount_type": "percent", "discount_value": 10}


def session_of(written: Json) -> SessionFacts:
    stopped_at = written["charging_stopped_at"]
    return SessionFacts(
        session_id=written["session_id"],
        charger_id=written["charger_id"],
        site_id=written["site_id"],
        user_types=frozenset(filter(None, [written["user_type"]])),
        timezone=ZoneInfo(written["timezone"]),
        started_at=datetime.fromisoformat(written["started_at"]),
        charging_stopped_at=stopped_at and datetime.fromisoformat(stopped_at),
        until=datetime.fromisoformat(written["until"]),
        is_finished=written["is_finished"],
        energy_wh=written["energy_wh"],
    )


def tariff_of(written: Json) -> Tariff:
    return Tariff(
        id=written["tariff_id"],
        name="Tariff",
        currency=written["currency"],
        components=tuple(
            TariffComponent(
                type=ComponentType(component["type"]),
                price=number("price", component["price"]),
                step_size_kwh=number("step_size", component.get("step_size", 1)),
                min_duration_minutes=number("min_duration_minutes", component.get("min_duration_minutes", 0)),
            )
            for component in written["components"]
        ),
        tax_rate_percent=number("tax_rate_percent", written["tax_rate_percent"]),
    )


def rule_of(written: Json) -> BillingRule:
    return BillingRule(
        id=written["rule_id"],
        name=written["name"],
        priority=written["priority"],
        conditions=tuple(condition(each["type"], each["value"]) for each in written["conditions"]),
        actions=tuple(action(each["type"], each.get("value")) for each in written["actions"]),
        active=written.get("active", True),
        tariff_id=written.get("tariff_id"),
    )


def rule(*actions: tuple[str, Any], conditions: Json | None = None, **others: Any) -> BillingRule:
    """A rule that acts thus on every session, or on those that fulfil the conditions."""
    written = {
        "rule_id": "rule_01",
        "name": "Rule",
        "priority": 1,
        "conditions": [{"type": kind, "value": value} for kind, value in (conditions or {}).items()],
        "actions": [{"type": kind, "value": value} for kind, value in actions],
    }
    return rule_of({**written, **others})


def promotion_of(written: Json) -> Promotion:
    return Promotion(
        code=written["code"],
        discount_type=DiscountType(written["discount_type"]),
        discount_value=number("discount_value", written["discount_value"]),
        currency=written.get("currency"),
    )


def bill(case: Json) -> CostBreakdown:
    return breakdown(
        session_of(case["session"]),
        tariff_of(case["tariff"]),
        [rule_of(each) for each in case["rules"]],
        case["promotion"] and promotion_of(case["promotion"]),
    )


def worked_bill(**others: Any) -> CostBreakdown:
    case = {"session": WORKED_SESSION, "tariff": WORKED_TARIFF, "rules": [], "promotion": WORKED_CODE}
    return bill({**case, **others})


def random_case(seed: int) -> dict[str, Any]:
    """A session, a tariff, up to five rules and perhaps a code; few different names and round numbers, much matches."""
    draw = random.Random(seed)
    tariff = _tariff(draw)
    return {
        "session": _session(draw),
        "tariff": tariff,
        "rules": [_rule(draw, serial) for serial in range(draw.randrange(6))],
        "promotion": draw.choice([None, _percent_code(draw), _fixed_code(draw, tariff["currency"])]),
    }


def _session(draw: random.Random) -> dict[str, Any]:
    zone = draw.choice(["Europe/London", "Europe/Bucharest", "America/St_Johns", "UTC"])
    # The last week of March has the night in which Europe loses an hour.
    started_at = datetime(2026, 3, 25, tzinfo=UTC) + timedelta(seconds=draw.randrange(7 * 86_400))
    charging_s = draw.choice([0, 60 * draw.randrange(600), draw.randrange(36_000)])
    idle_s = draw.choice([0, 60 * draw.randrange(90), draw.randrange(5_400)])
    stopped_at = started_at + timedelta(seconds=charging_s)
    return {
        "session_id": f"sess_{draw.randrange(10**6)}",
        "charger_id": draw.choice(["CP-001", "CP-002", "CP-003"]),
        "site_id": draw.choice(["site_01", "site_02", None]),
        "user_type": draw.choice(["guest", "employee", None]),
        "timezone": zone,
        "started_at": started_at.isoformat(),
        "charging_stopped_at": stopped_at.isoformat() if idle_s or draw.random() < 0.5 else None,
        "until": (stopped_at + timedelta(seconds=idle_s)).isoformat(),
        "is_finished": draw.random() < 0.9,
        "energy_wh": draw.choice([0, 500 * draw.randrange(200), draw.randrange(100_000)]),
    }


def _tariff(draw: random.Random) -> dict[str, Any]:
    components: list[dict[str, Any]] = []
    for kind in draw.choices(["flat", "energy", "time", "parking"], k=draw.randint(1, 5)):
        component: dict[str, Any] = {"type": kind, "price": _price(draw)}
        if kind == "energy" and draw.random() < 0.8:
            component["step_size"] = draw.choice([0.001, 0.01, 0.1, 0.3, 0.5, 1, 7, 1.25])
        if kind in ("time", "parking") and draw.random() < 0.7:
            component["min_duration_minutes"] = draw.choice([0, 1, 5, 2.5, 30, 240])
        components.append(component)
    return {
        "tariff_id": draw.choice(["tariff_01", "tariff_02"]),
        "currency": draw.choice(["GBP", "EUR"]),
        "tax_rate_percent": draw.choice([0, 5, 20, 21, 7.7, 8.875]),
        "components": components,
    }


def _price(draw: random.Random) -> float:
    return draw.choice([0, round(draw.uniform(0, 3), 2), round(draw.uniform(0, 1), 4), draw.uniform(0, 1), 0.005, 1e-9])


def _rule(draw: random.Random, serial: int) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "rule_id": f"rule_{serial}",
        "name": f"Rule {serial}",
        "priority": draw.randint(1, 4),
        "conditions": [_condition(draw) for _ in range(draw.choice([0, 0, 1, 1, 2]))],
        "actions": [_action(draw) for _ in range(draw.choice([1, 1, 2, 3]))],
    }
    if draw.random() < 0.2:
        rule["active"] = draw.random() < 0.5
    if draw.random() < 0.2:
        rule["tariff_id"] = draw.choice(["tariff_01", "tariff_02"])
    return rule


def _condition(draw: random.Random) -> dict[str, Any]:
    kind = draw.choice(
        ["time_of_day", "day_of_week", "user_type", "charger_id", "site_id", "min_energy_kwh", "max_energy_kwh"]
    )
    value: Any
    match kind:
        case "time_of_day":
            value = draw.choice(["22:00–06:00", "07:30-19:15", "00:00–24:00", "13:00–13:00", "23:59–00:01"])
        case "day_of_week":
            value = draw.sample(DAYS, draw.randint(1, 5))
        case "user_type":
            value = draw.choice(["guest", ["guest", "employee"], "member"])
        case "charger_id":
            value = draw.choice([["CP-001", "CP-002"], "CP-003"])
        case "site_id":
            value = draw.choice([["site_01"], "site_02", ["site_01", "site_02"]])
        case _:
            value = draw.choice([0, 10, 12.5, 50.0])
    return {"type": kind, "value": value}


def _action(draw: random.Random) -> dict[str, Any]:
    kind = draw.choice(["apply_discount"] * 3 + ["override_price", "free_session", "add_flat_fee", "remove_component"])
    value: Any
    match kind:
        case "apply_discount":
            value = draw.choice([0, 5, 12.5, 33.3, 60, 100, 150])
        case "free_session":
            return {"type": kind}
        case "remove_component":
            value = draw.choice(["flat", "energy", "time", "parking"])
        case _:
            value = _price(draw)
    return {"type": kind, "value": value}


def _percent_code(draw: random.Random) -> dict[str, Any]:
    return {"code": "SPRING26", "discount_type": "percent", "discount_value": draw.choice([0.5, 10, 33.3, 100, 400])}


def _fixed_code(draw: random.Random, currency: str) -> dict[str, Any]:
    value = draw.choice([0.01, 0.005, 2.5, 10, 1000])
    return {"code": "TAKE5", "discount_type": "fixed", "discount_value": value, "currency": currency}
