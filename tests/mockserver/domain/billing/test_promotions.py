"""Promotional codes: when one may be used, and what it takes off."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mockserver.domain.billing.amounts import InvalidBilling
from mockserver.domain.billing.promotions import DiscountType, Promotion, Refusal

NOW = datetime(2026, 3, 3, 17, tzinfo=UTC)
PERCENT = Promotion(code="SPRING10", discount_type=DiscountType.PERCENT, discount_value=Decimal(10))
FIXED = Promotion(code="TAKE5", discount_type=DiscountType.FIXED, discount_value=Decimal(5), currency="EUR")


def refusal(promotion: Promotion, **facts: Any) -> Refusal | None:
    return promotion.refusal(**{"at": NOW, "currency": "EUR", "uses": 0, "uses_by_user": 0, **facts})


def test_a_code_without_limits_applies_whenever() -> None:
    assert refusal(PERCENT, at=NOW + timedelta(days=9_999), uses=10**6, uses_by_user=10**6) is None


def test_it_expires_at_its_instant() -> None:
    until = replace(PERCENT, expires_at=NOW)
    assert refusal(until, at=NOW - timedelta(seconds=1)) is None
    assert refusal(until) is Refusal.EXPIRED


def test_it_is_used_up() -> None:
    limited = replace(PERCENT, max_uses=3, max_uses_per_user=2)
    assert refusal(limited, uses=2, uses_by_user=1) is None
    assert refusal(limited, uses=3, uses_by_user=0) is Refusal.USED_UP
    assert refusal(limited, uses=2, uses_by_user=2) is Refusal.USED_UP_BY_USER


def test_a_fixed_amount_is_for_its_currency_and_percents_for_any() -> None:
    assert refusal(FIXED) is None
    assert refusal(FIXED, currency="GBP") is Refusal.OTHER_CURRENCY
    assert refusal(PERCENT, currency="GBP") is None


@pytest.mark.parametrize(
    ("kind", "value", "remaining", "off"),
    [
        ("percent", "10", "7.12", "0.71"),
        ("percent", "10", "7.15", "0.72"),
        ("percent", "250", "7.12", "7.12"),
        ("percent", "10", "0.00", "0.00"),
        ("fixed", "5", "7.12", "5.00"),
        ("fixed", "5", "4.99", "4.99"),
        ("fixed", "0.005", "4.99", "0.01"),
        ("fixed", "5", "0.00", "0.00"),
    ],
)
def test_what_it_takes_off(kind: str, value: str, remaining: str, off: str) -> None:
    promotion = replace(FIXED, discount_type=DiscountType(kind), discount_value=Decimal(value))
    assert str(promotion.taken_off(Decimal(remaining))) == off


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"code": "abc"}, "code is 'abc'; it must be 4 to 20 capital letters and digits"),
        ({"code": "ÄÖÜ1"}, "code is 'ÄÖÜ1'"),
        ({"code": "SPRING10\n"}, "it must be 4 to 20"),
        ({"discount_value": Decimal(0)}, "discount_value is 0; it must be a number greater than 0"),
        ({"currency": None}, "currency is missing; a fixed discount needs one"),
        ({"currency": "eur"}, "currency is 'eur'; it must be three capital letters"),
        ({"max_uses": 0}, "max_uses is 0; it must be at least 1"),
        ({"max_uses_per_user": -1}, "max_uses_per_user is -1; it must be at least 1"),
    ],
)
def test_a_code_that_could_never_be_used_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidBilling, match=message):
        replace(FIXED, **changes)
