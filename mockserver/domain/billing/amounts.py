"""Exact arithmetic of bills: decimals that round once, half up, and the refusal of numbers that belong on no bill.

Source of the roundings: fact sheet of the Dynamo API, 1.7.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
MOST = Decimal(10**9)
"""No number on a bill is greater, so that sums stay exact in ordinary decimals."""

# A product of two numbers as JSON has them takes up to 34 digits, or hundreds when one of them is tiny: with room for
# all of them nothing is rounded before the cents are.
_EXACT = Context(prec=2_000, rounding=ROUND_HALF_UP)


class InvalidBilling(ValueError):
    """What no tariff, rule, promotional code, session or receipt can have; the message names it and what may be."""


def check(name: str, value: Decimal, *, above: Decimal | None = None) -> None:
    """InvalidBilling, with `name`, unless the value is in [0, `MOST`], and above `above` where that is given."""
    if not value.is_finite() or not 0 <= value <= MOST or (above is not None and value <= above):
        least = "at least 0" if above is None else f"greater than {above}"
        raise InvalidBilling(f"{name} is {value}; it must be a number {least} and at most {MOST}")


def number(name: str, value: object) -> Decimal:
    """A number of JSON, digit by digit; InvalidBilling, with `name`, for all else and for what is out of range."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise InvalidBilling(f"{name} is {value!r}; it must be a number")
    exact = Decimal(str(value))
    check(name, exact)
    return exact.copy_abs()  # -0 is 0


def cents(amount: Decimal) -> Decimal:
    """An amount of money rounded half up to two decimals."""
    return _EXACT.quantize(amount, CENT)


def price_of(quantity: Decimal, unit_price: Decimal) -> Decimal:
    """What a quantity costs, in cents: the product, rounded once."""
    return cents(_EXACT.multiply(quantity, unit_price))


def share_of(amount: Decimal, percent: Decimal) -> Decimal:
    """So many percent of an amount, in cents: rounded once."""
    return price_of(amount, _EXACT.scaleb(percent, -2))


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum of amounts in cents; 0.00 of none."""
    return sum(amounts, ZERO)


def nearest_multiple(quantity: Decimal, step: Decimal) -> Decimal:
    """The multiple of `step` nearest to a quantity, the greater of two that are equally near."""
    double = _EXACT.add(_EXACT.multiply(quantity, Decimal(2)), step)
    return _EXACT.multiply(_EXACT.divide_int(double, _EXACT.multiply(step, Decimal(2))), step)
