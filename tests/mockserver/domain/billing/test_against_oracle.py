"""A thousand random bills: each is what a second, plainer reading of the sheet says, and adds up exactly."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction
from typing import Any

import pytest

from mockserver.domain.billing.breakdown import CostBreakdown
from tests.mockserver.domain.billing.cases import bill, random_case
from tests.mockserver.domain.billing.oracle import expected

CASES = 1_000
CHUNK = 100


def as_fractions(made: CostBreakdown) -> dict[str, Any]:
    return {
        "lines": [
            (line.type, line.unit, Fraction(line.quantity), Fraction(line.unit_price), whole_cents(line.amount))
            for line in made.components
        ],
        "subtotal": whole_cents(made.subtotal),
        "discounts": [(each.type, each.reference, whole_cents(each.amount)) for each in made.discounts],
        "discount_total": whole_cents(made.discount_total),
        "tax_amount": whole_cents(made.tax_amount),
        "total_cost": whole_cents(made.total_cost),
        "is_final": made.is_final,
    }


def whole_cents(amount: Any) -> int:
    in_cents = Fraction(amount) * 100
    assert in_cents.denominator == 1
    return in_cents.numerator


def half_up(value: Fraction) -> Fraction:
    return Fraction(math.floor(value * 100 + Fraction(1, 2)), 100)


def check_invariants(made: CostBreakdown) -> None:
    for line in made.components:
        assert Fraction(line.amount) == half_up(Fraction(line.quantity) * Fraction(line.unit_price))
    subtotal, discount_total, tax = map(Fraction, (made.subtotal, made.discount_total, made.tax_amount))
    assert subtotal == sum(Fraction(line.amount) for line in made.components)
    assert discount_total == sum(Fraction(each.amount) for each in made.discounts)
    assert all(each.amount > 0 for each in made.discounts)
    assert 0 <= discount_total <= subtotal
    assert tax == half_up((subtotal - discount_total) * Fraction(made.tax_rate_percent) / 100)
    assert Fraction(made.total_cost) == subtotal - discount_total + tax


@pytest.mark.parametrize("first", range(0, CASES, CHUNK))
def test_bills(first: int) -> None:
    for seed in range(first, first + CHUNK):
        case = random_case(seed)
        made = bill(case)
        assert as_fractions(made) == expected(case), f"seed {seed}"
        check_invariants(made)


def test_the_cases_reach_everything() -> None:
    reached: Counter[str] = Counter()
    for seed in range(CASES):
        case = random_case(seed)
        made = expected(case)
        reached["no line"] += not made["lines"]
        reached.update({f"{type_} charged" for type_, _, _, _, amount in made["lines"] if amount})
        reached.update({f"{type_} free" for type_, _, units, _, _ in made["lines"] if not units})
        reached.update({source for source, _, _ in made["discounts"]})
        reached["nothing left"] += 0 < made["subtotal"] == made["discount_total"]
        reached["several discounts"] += len(made["discounts"]) > 1
        reached["tax"] += made["tax_amount"] > 0
        reached["running"] += not made["is_final"]
    wanted = {"no line", "flat charged", "energy charged", "time charged", "parking charged"}
    wanted |= {"energy free", "time free", "parking free", "billing_rule", "promotional_code"}
    wanted |= {"nothing left", "several discounts", "tax", "running"}
    assert {name: reached[name] for name in wanted if reached[name] < 5} == {}
