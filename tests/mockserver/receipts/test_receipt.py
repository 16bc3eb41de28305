"""The receipt: a PDF of one page that another program opens, and that says what the bill says, figure by figure."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from mockserver.domain.billing.amounts import InvalidBilling
from mockserver.domain.billing.breakdown import CostBreakdown
from mockserver.domain.billing.tariffs import Unit
from mockserver.receipts.font import font
from mockserver.receipts.receipt import Issuer, Recipient, receipt
from tests.mockserver.domain.billing.cases import WORKED_SESSION, bill, random_case, session_of, worked_bill

ISSUER = Issuer(name="Charge & Co. (North)", country="GB", contact_email="billing@charge.example")
DRIVER = Recipient(name="Ada Lovelace", email="ada@example.org")
DISCOUNTED = {
    "rule_id": "rule_01",
    "name": "Employees pay less",
    "priority": 1,
    "conditions": [],
    "actions": [{"type": "add_flat_fee", "value": 0.5}, {"type": "apply_discount", "value": 5}],
}
# Alphabets of names in Europe and the Americas, as they are written.
NAMES = [
    "Łucja Żądło-Źdźbłowska ąćęńóś",
    "Jiří Ďuriš Ťažký ěřůčľĺŕňň",
    "Győző Szűcs őúű",
    "Ștefan Țăran Âî",
    "İbrahim Yıldız Öğüş Çağ",
    "Þórður Æðelstan Øyvind Åse",
    "Ķēniņš Ģirts Ļubova Žūrņa",
    "Ģedėčius Žūkauskaitė ąįų",
    "Õnne Šõ Ñuñez Ção Ÿves L·L Œuvré ß",
    "Ħal Għaxaq Ċensu Żejtun",
    "Ŵyn Ŷstwyth Ẁẅ",
    "Γιώργος Παπαδόπουλος ΐΰ",
    "Йорданка Щъркелова Ђорђе Џајић Їжак Ґанна Ўладзь",
    "Nguyễn Thị Ánh Tuyết",
    "O’Brien „Zoë“ – №5 €£¥₺₴",
]


def receipt_of(
    made: CostBreakdown, *, written: Any = WORKED_SESSION, driver: Recipient = DRIVER, issuer: Issuer = ISSUER
) -> bytes:
    return receipt(made, session_of(written), issuer=issuer, driver=driver, site_name="Müllerstraße 10", connector_id=2)


def lines_of(pdf: bytes) -> list[str]:
    """The text of the only page, line by line, as pypdf reads it."""
    (page,) = PdfReader(BytesIO(pdf), strict=True).pages
    return [line.strip() for line in page.extract_text().splitlines()]


def figures(made: CostBreakdown) -> Iterator[list[str]]:
    """The rows of the table, from the bill: words, then figures."""
    units = {Unit.SESSION: [], Unit.KWH: ["kWh"], Unit.MINUTE: ["min"]}
    for line in made.components:
        yield [
            *line.description.split(),
            number(line.quantity),
            *units[line.unit],
            money(line.unit_price),
            money(line.amount),
        ]
    yield ["Subtotal", money(made.subtotal)]
    for discount in made.discounts:
        yield ["Discount:", *discount.description.split(), f"-{money(discount.amount)}"]
    if made.discounts:
        yield ["Discounts", "in", "total", f"-{money(made.discount_total)}"]
    yield ["Tax", number(made.tax_rate_percent), "%", money(made.tax_amount)]
    yield ["Total", made.currency, money(made.total_cost)]


def number(value: Decimal) -> str:
    return re.sub(r"\.?0+$", "", f"{value:.18f}")


def money(value: Decimal) -> str:
    return re.sub(r"(\.\d\d\d*?)0+$", r"\1", f"{value:.18f}")


def test_it_is_one_page_of_a4_whose_text_is_the_bill() -> None:
    made = worked_bill(rules=[DISCOUNTED])
    pdf = receipt_of(made)
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    reader = PdfReader(BytesIO(pdf), strict=True)
    assert [(round(page.mediabox.width), round(page.mediabox.height)) for page in reader.pages] == [(595, 842)]
    assert reader.metadata == {"/Title": "Receipt sess_01"}
    assert lines_of(pdf) == [
        "Charge & Co. (North) Receipt",
        "billing@charge.example · GB sess_01",
        "Driver",
        "Ada Lovelace",
        "ada@example.org",
        "Charging session",
        "Müllerstraße 10",
        "CP-001, connector 2",
        "Started: 2026-03-03 17:00:00",
        "Ended: 2026-03-03 18:40:40",
        "Time zone: Europe/London",
        "Duration: 100.67 min",
        "Energy: 12.34 kWh",
        "Tariff: tariff_01",
        "Description Quantity Unit price Amount",
        "Session fee 1 1.00 1.00",
        "Energy 12.3 kWh 0.40 4.92",
        "Parking after charging 6 min 0.20 1.20",
        "Employees pay less 1 0.50 0.50",
        "Subtotal 7.62",
        "Discount: Employees pay less -0.38",
        "Discount: Code SPRING10 -0.72",
        "Discounts in total -1.10",
        "Tax 20 % 1.30",
        "Total GBP 7.82",
        "All amounts in GBP.",
    ]


def test_random_receipts_say_what_their_bills_say() -> None:
    cases = [case for case in map(random_case, range(60)) if case["session"]["is_finished"]]
    assert len(cases) > 40
    for case in cases:
        made = bill(case)
        lines = lines_of(receipt_of(made, written=case["session"]))
        table = lines[lines.index("Description Quantity Unit price Amount") + 1 : -1]
        assert [line.split() for line in table] == [*figures(made)], case


@pytest.mark.parametrize("name", NAMES)
def test_letters_of_names_are_shown_and_read_back(name: str) -> None:
    assert {letter for letter in name if not font().glyph(letter)} == set()
    issuer = replace(ISSUER, name=name)
    lines = lines_of(receipt_of(worked_bill(), driver=Recipient(name=name), issuer=issuer))
    assert lines[0] == f"{name} Receipt"
    assert name in lines[1:]


def test_the_font_has_every_letter_of_latin_greek_and_cyrillic_names() -> None:
    latin = [*map(chr, range(0xC0, 0x250)), *map(chr, range(0x1E00, 0x1EFA))]
    greek = [chr(code) for code in range(0x386, 0x3CF) if code not in (0x387, 0x38B, 0x38D, 0x3A2)]
    cyrillic = [*map(chr, range(0x400, 0x460))]
    missing = [letter for letter in (*latin, *greek, *cyrillic) if not font().glyph(letter)]
    assert missing == []


def test_letters_come_as_wide_as_the_font_has_them() -> None:
    pdf = receipt_of(worked_bill())
    font_in_pdf = PdfReader(BytesIO(pdf)).pages[0]["/Resources"]["/Font"]["/F"]["/DescendantFonts"][0].get_object()
    _, widths = font_in_pdf["/W"]
    letters = sorted({letter for line in lines_of(pdf) for letter in line})
    assert [float(width) for width in widths] == [font().width(letter) for letter in letters]
    assert font().width("W") > font().width("i") > 0
    assert len({font().width(digit) for digit in "0123456789"}) == 1


def test_what_the_font_does_not_have_can_still_be_copied() -> None:
    assert "李小龍 🚗 Ada" in lines_of(receipt_of(worked_bill(), driver=Recipient(name="李小龍 🚗 Ada")))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoe\u0308 Mu\u0308ller", "Zoë Müller"),
        ("A\nB\tC\x00D", "A B C D"),
        ("A\ud800B", "A\ufffdB"),
        ("((\\))", "((\\))"),
    ],
)
def test_odd_texts_stay_on_their_line(name: str, shown: str) -> None:
    assert shown in lines_of(receipt_of(worked_bill(), driver=Recipient(name=name)))


def test_a_driver_without_email_and_a_session_without_site_or_tariff() -> None:
    made = replace(worked_bill(), tariff_id=None)
    pdf = receipt(
        made,
        session_of(WORKED_SESSION),
        issuer=ISSUER,
        driver=Recipient(name=""),
        site_name=None,
        connector_id=1,
    )
    lines = lines_of(pdf)
    assert lines[lines.index("Charging session") + 1] == "CP-001, connector 1"
    assert not any(line.startswith("Tariff") or "None" in line for line in lines)


def test_a_long_bill_with_long_names_stays_on_one_page_and_within_it() -> None:
    fees = [{"type": "add_flat_fee", "value": 0.01}] * 150
    made = worked_bill(rules=[{**DISCOUNTED, "name": "A rule with a name that goes on and on " * 6, "actions": fees}])
    pdf = receipt_of(made, driver=Recipient(name="W" * 255), issuer=replace(ISSUER, name="W" * 255))
    (page,) = PdfReader(BytesIO(pdf)).pages
    places: list[tuple[float, float]] = []

    def visit(text: str, _cm: list[float], tm: list[float], _font: Any, size: float) -> None:
        if text.strip():
            places.append((tm[4] + font().length_of(text.strip(), size), tm[5]))

    page.extract_text(visitor_text=visit)
    assert len(places) > 600
    assert 30 < min(y for _, y in places) < max(y for _, y in places) < 800
    assert max(right for right, _ in places) <= 595.28 - 50 + 0.1
    assert len([line for line in lines_of(pdf) if line.startswith("A rule with")]) == 150


MADE_ELSEWHERE = """
from hashlib import sha256
from tests.mockserver.receipts.test_receipt import DISCOUNTED, receipt_of, worked_bill
print(sha256(receipt_of(worked_bill(rules=[DISCOUNTED]))).hexdigest())
"""


def test_two_processes_make_the_same_bytes() -> None:
    root = Path(__file__).parents[3]
    there = subprocess.run(
        [sys.executable, "-c", MADE_ELSEWHERE],
        cwd=root,
        env={**os.environ, "PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert there.stdout.strip() == sha256(receipt_of(worked_bill(rules=[DISCOUNTED]))).hexdigest()


def test_other_facts_make_other_bytes() -> None:
    assert receipt_of(worked_bill()) != receipt_of(worked_bill(promotion=None))


def test_an_active_session_has_no_receipt() -> None:
    written = {**WORKED_SESSION, "is_finished": False}
    with pytest.raises(InvalidBilling, match="session sess_01 is not finished; it has a receipt when it is"):
        receipt_of(worked_bill(session=written), written=written)


def test_a_bill_of_another_session_is_refused() -> None:
    with pytest.raises(InvalidBilling, match="the bill is of session sess_01, and the facts are of sess_02"):
        receipt_of(worked_bill(), written={**WORKED_SESSION, "session_id": "sess_02"})
