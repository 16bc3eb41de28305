"""Promotional codes: whether one may be used, and what it takes off.

Source: fact sheet of the Dynamo API, 1.7 (rule 6) and 2.10.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from mockserver.domain.billing.amounts import InvalidBilling, cents, check, share_of
from mockserver.domain.billing.tariffs import check_currency


class DiscountType(StrEnum):
    """What the value of a code is: percent of what is to be paid, or an amount."""

    PERCENT = "percent"
    FIXED = "fixed"


class Refusal(StrEnum):
    """Why a code does not apply."""

    EXPIRED = "expired"
    USED_UP = "used_up"
    USED_UP_BY_USER = "used_up_by_user"
    OTHER_CURRENCY = "other_currency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """A code and what it is worth; InvalidBilling when it could never be used. None: no limit, no expiry."""

    code: str
    discount_type: DiscountType
    discount_value: Decimal
    currency: str | None = None  # of a fixed amount
    max_uses: int | None = None
    max_uses_per_user: int | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch("[A-Z0-9]{4,20}", self.code):
            raise InvalidBilling(f"code is {self.code!r}; it must be 4 to 20 capital letters and digits")
        check("discount_value", self.discount_value, above=Decimal(0))
        if self.currency is not None:
            check_currency(self.currency)
        elif self.discount_type is DiscountType.FIXED:
            raise InvalidBilling("currency is missing; a fixed discount needs one")
        for name, limit in (("max_uses", self.max_uses), ("max_uses_per_user", self.max_uses_per_user)):
            if limit is not None and limit < 1:
                raise InvalidBilling(f"{name} is {limit}; it must be at least 1, or unset for no limit")

    def refusal(self, *, at: datetime, currency: str, uses: int, uses_by_user: int) -> Refusal | None:
        """Why the code cannot be used once more, on a bill in `currency`; None: it can."""
        if self.expires_at is not None and at >= self.expires_at:
            return Refusal.EXPIRED
        if self.max_uses is not None and uses >= self.max_uses:
            return Refusal.USED_UP
        if self.max_uses_per_user is not None and uses_by_user >= self.max_uses_per_user:
            return Refusal.USED_UP_BY_USER
        return None if self.fits(currency) else Refusal.OTHER_CURRENCY

    def fits(self, currency: str) -> bool:
        """Whether it can be taken off a bill in that currency: any for percents."""
        return self.discount_type is DiscountType.PERCENT or self.currency == currency

    def taken_off(self, remaining: Decimal) -> Decimal:
        """What it takes off an amount before tax, in cents; never more than the amount."""
        if self.discount_type is DiscountType.PERCENT:
            return min(share_of(remaining, self.discount_value), remaining)
        return min(cents(self.discount_value), remaining)
