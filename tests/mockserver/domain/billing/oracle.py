"""The sheet's eight rules once more, to the letter, in fractions and whole cents, from what a client would write.

It shares nothing with what it judges: no module of `mockserver` is imported. Source: fact sheet of the Dynamo API, 1.7.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

Json = Mapping[str, Any]
UNITS = {"flat": "session", "energy": "kwh", "time": "minute", "parking": "minute"}
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def exact(value: float) -> Fraction:
    """The number as it is written, not as the machine keeps it."""
    return Fraction(str(value))


def to_cents(amount: Fraction) -> int:
    """Half up."""
    return math.floor(amount * 100 + Fraction(1, 2))


def expected(case: Json) -> dict[str, Any]:
    """The bill: money in whole cents, quantities and prices as fractions."""
    session, tariff = case["session"], case["tariff"]
    lines = [(each["type"], quantity(each, session), exact(each["price"])) for each in tariff["components"]]
    rules = []
    if session["is_finished"]:
        for priority in sorted({each["priority"] for each in case["rules"]}):
            rules += [each for each in case["rules"] if each["priority"] == priority and acts(each, case)]
    actions = [(rule, each["type"], each.get("value")) for rule in rules for each in rule["actions"]]

    for _, kind, value in actions:
        if kind == "remove_component":
            lines = [line for line in lines if line[0] != value]
        if kind == "override_price":
            lines = [(type_, units, exact(value) if type_ == "energy" else price) for type_, units, price in lines]
        if kind == "add_flat_fee":
            lines.append(("flat", Fraction(1), exact(value)))
    amounts = [to_cents(units * price) for _, units, price in lines]
    subtotal = sum(amounts)

    left, discounts = subtotal, []
    for rule, kind, value in actions:
        off = 0
        if kind == "apply_discount":
            off = min(left, to_cents(Fraction(subtotal, 100) * exact(value) / 100))
        if kind == "free_session":
            off = left
        if off > 0:
            discounts.append(("billing_rule", rule["rule_id"], off))
            left -= off
    code = case["promotion"]
    if code:
        value = exact(code["discount_value"])
        off = min(left, to_cents(value if code["discount_type"] == "fixed" else Fraction(left, 100) * value / 100))
        if off > 0:
            discounts.append(("promotional_code", code["code"], off))
            left -= off

    tax = to_cents(Fraction(left, 100) * exact(tariff["tax_rate_percent"]) / 100)
    return {
        "lines": [
            (type_, UNITS[type_], units, price, amount)
            for (type_, units, price), amount in zip(lines, amounts, strict=True)
        ],
        "subtotal": subtotal,
        "discounts": discounts,
        "discount_total": subtotal - left,
        "tax_amount": tax,
        "total_cost": left + tax,
        "is_final": session["is_finished"],
    }


def quantity(component: Json, session: Json) -> Fraction:
    """Rules 1 to 4."""
    started_at, until = (datetime.fromisoformat(session[name]) for name in ("started_at", "until"))
    stopped_at = datetime.fromisoformat(session["charging_stopped_at"] or session["until"])
    grace = exact(component.get("min_duration_minutes", 0))
    match component["type"]:
        case "flat":
            return Fraction(1)
        case "energy":
            energy_kwh, step = Fraction(session["energy_wh"], 1000), exact(component.get("step_size", 1))
            below = math.floor(energy_kwh / step) * step
            return below if energy_kwh - below < below + step - energy_kwh else below + step
        case "time":
            return max(Fraction(0), math.ceil(Fraction((until - started_at).total_seconds()) / 60) - grace)
        case _:
            return max(Fraction(0), math.ceil(Fraction((until - stopped_at).total_seconds()) / 60) - grace)


def acts(rule: Json, case: Json) -> bool:
    """Whether an active rule for that tariff has all its conditions fulfilled."""
    if not rule.get("active", True) or rule.get("tariff_id") not in (None, case["tariff"]["tariff_id"]):
        return False
    return all(fulfilled(each["type"], each["value"], case["session"]) for each in rule["conditions"])


def fulfilled(kind: str, value: Any, session: Json) -> bool:
    """One condition; a window is the list of its minutes."""
    local = datetime.fromisoformat(session["started_at"]).astimezone(ZoneInfo(session["timezone"]))
    if kind == "min_energy_kwh":
        return Fraction(session["energy_wh"], 1000) >= exact(value)
    if kind == "max_energy_kwh":
        return Fraction(session["energy_wh"], 1000) <= exact(value)
    if kind == "time_of_day":
        begin, end = (int(time[:2]) * 60 + int(time[3:]) for time in value.replace("–", "-").split("-"))
        length = (end - begin) % 1440 or 1440
        return f"{local:%H:%M}" in {
            f"{minute % 1440 // 60:02}:{minute % 60:02}" for minute in range(begin, begin + length)
        }
    wanted = [value] if isinstance(value, str) else value
    return (WEEKDAYS[local.weekday()] if kind == "day_of_week" else session[kind]) in wanted
