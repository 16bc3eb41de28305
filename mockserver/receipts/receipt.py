"""The receipt of a finished session: one page of A4 that says what `breakdown` says, figure by figure.

Source: fact sheet of the Dynamo API, 1.7 (downloadSessionReceipt); the layout is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from mockserver.domain.billing.amounts import InvalidBilling
from mockserver.domain.billing.breakdown import CostBreakdown
from mockserver.domain.billing.session_facts import SessionFacts
from mockserver.domain.billing.tariffs import Unit
from mockserver.receipts.font import font
from mockserver.receipts.page import GREY, HEIGHT_PT, WIDTH_PT, Page, printable

_MARGIN_PT = 50.0
_RIGHT_PT = WIDTH_PT - _MARGIN_PT
_HALF_PT = 300.0
_QUANTITY_PT, _UNIT_PRICE_PT = 340.0, 450.0  # right edges of the columns before the last
_DESCRIPTION_PT = 220.0
_TABLE_PT = 330.0
_LINE_PT = 15.0
_UNITS = {Unit.SESSION: "", Unit.KWH: " kWh", Unit.MINUTE: " min"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who charges: the organization, its country as ISO 3166-1 alpha-2."""

    name: str
    country: str
    contact_email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who pays: the driver."""

    name: str
    email: str | None = None


class _Row(NamedTuple):
    """A row of the table: texts by column, and whether a line is drawn above it."""

    description: str
    quantity: str = ""
    unit_price: str = ""
    amount: str = ""
    ruled: bool = False


def receipt(
    bill: CostBreakdown,
    session: SessionFacts,
    *,
    issuer: Issuer,
    driver: Recipient,
    site_name: str | None,
    connector_id: int,
) -> bytes:
    """The receipt as a PDF, the same bytes for the same facts; InvalidBilling unless the bill is the final one.

    Times are the operator's. Letters that are not Latin, Greek or Cyrillic show as boxes, and are right when copied.
    """
    if not bill.is_final:
        raise InvalidBilling(f"session {bill.session_id} is not finished; it has a receipt when it is")
    if bill.session_id != session.session_id:
        raise InvalidBilling(f"the bill is of session {bill.session_id}, and the facts are of {session.session_id}")
    page = Page()
    _head(page, issuer, bill)
    _block(page, _MARGIN_PT, "Driver", [driver.name, driver.email or ""])
    _block(page, _HALF_PT, "Charging session", [*_session_lines(bill, session, site_name, connector_id)])
    _table(page, [*_rows(bill)])
    page.text(_MARGIN_PT, HEIGHT_PT - _MARGIN_PT, f"All amounts in {bill.currency}.", size_pt=8, grey=GREY)
    return page.pdf(f"Receipt {bill.session_id}")


def _head(page: Page, issuer: Issuer, bill: CostBreakdown) -> None:
    _fitted(page, _MARGIN_PT, 70, issuer.name, size_pt=18, width_pt=350)
    page.text_up_to(_RIGHT_PT, 70, "Receipt", size_pt=18)
    _fitted(page, _MARGIN_PT, 88, f"{issuer.contact_email} · {issuer.country}", size_pt=9, width_pt=300)
    page.text_up_to(_RIGHT_PT, 88, bill.session_id, size_pt=9, grey=GREY)
    page.rule(_MARGIN_PT, _RIGHT_PT, 104)


def _session_lines(
    bill: CostBreakdown, session: SessionFacts, site_name: str | None, connector_id: int
) -> Iterator[str]:
    if site_name is not None:
        yield site_name
    yield f"{session.charger_id}, connector {connector_id}"
    yield f"Started: {_local(session, session.started_at)}"
    yield f"Ended: {_local(session, session.until)}"
    yield f"Time zone: {session.timezone}"
    yield f"Duration: {_plain(bill.duration_minutes)} min"
    yield f"Energy: {_plain(bill.energy_kwh)} kWh"
    if bill.tariff_id is not None:
        yield f"Tariff: {bill.tariff_id}"


def _local(session: SessionFacts, at: datetime) -> str:
    return f"{at.astimezone(session.timezone):%Y-%m-%d %H:%M:%S}"


def _rows(bill: CostBreakdown) -> Iterator[_Row]:
    yield _Row("Description", "Quantity", "Unit price", "Amount")
    for number, line in enumerate(bill.components):
        quantity = f"{_plain(line.quantity)}{_UNITS[line.unit]}"
        yield _Row(line.description, quantity, _price(line.unit_price), _price(line.amount), ruled=number == 0)
    yield _Row("Subtotal", amount=_price(bill.subtotal), ruled=True)
    for discount in bill.discounts:
        yield _Row(f"Discount: {discount.description}", amount=f"-{_price(discount.amount)}")
    if bill.discounts:
        yield _Row("Discounts in total", amount=f"-{_price(bill.discount_total)}")
    yield _Row(f"Tax {_plain(bill.tax_rate_percent)} %", amount=_price(bill.tax_amount))
    yield _Row(f"Total {bill.currency}", amount=_price(bill.total_cost), ruled=True)


def _plain(number: Decimal) -> str:
    """A number as JSON would have it, without exponent and idle zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _price(amount: Decimal) -> str:
    """A price with two decimals, or with more where it has more."""
    whole, _, decimals = _plain(amount).partition(".")
    return f"{whole}.{decimals:0<2}"


def _block(page: Page, x_pt: float, heading: str, lines: Sequence[str]) -> None:
    page.text(x_pt, 130, heading, size_pt=9, grey=GREY)
    for number, line in enumerate(lines):
        _fitted(page, x_pt, 148 + number * _LINE_PT, line, size_pt=10, width_pt=240)


def _fitted(page: Page, x_pt: float, y_pt: float, text: str, *, size_pt: float, width_pt: float) -> None:
    """A text on one line, smaller where it would be too long."""
    length_pt = font().length_of(printable(text), size_pt)
    page.text(x_pt, y_pt, text, size_pt=min(size_pt, size_pt * width_pt / length_pt) if length_pt else size_pt)


def _table(page: Page, rows: Sequence[_Row]) -> None:
    """The rows, closer and smaller when there are more than fit the page."""
    scale = min(1.0, (HEIGHT_PT - 2 * _MARGIN_PT - _TABLE_PT) / (len(rows) * 1.3 * _LINE_PT))
    y_pt, size_pt = _TABLE_PT, 10 * scale
    for row in rows:
        if row.ruled:
            page.rule(_MARGIN_PT, _RIGHT_PT, y_pt - size_pt - 3 * scale)
        _fitted(page, _MARGIN_PT, y_pt, row.description, size_pt=size_pt, width_pt=_DESCRIPTION_PT)
        page.text_up_to(_QUANTITY_PT, y_pt, row.quantity, size_pt=size_pt)
        page.text_up_to(_UNIT_PRICE_PT, y_pt, row.unit_price, size_pt=size_pt)
        page.text_up_to(_RIGHT_PT, y_pt, row.amount, size_pt=size_pt)
        y_pt += 1.3 * _LINE_PT * scale
