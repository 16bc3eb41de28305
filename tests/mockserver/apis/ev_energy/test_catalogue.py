"""The catalogue as a client meets it: large and varied enough to be worth a test against it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from mockserver.domain.tariffs import TariffType
from tests.mock import Mock
from tests.mockserver.apis.ev_energy.steps import items


@pytest.fixture
def tariffs(mock: Mock) -> list[dict[str, Any]]:
    return items(mock, "/tariffs", include_optional="daily_prices")


def test_there_are_at_least_40_suppliers(mock: Mock) -> None:
    assert len(items(mock, "/suppliers")) >= 40


def test_there_are_at_least_150_tariffs(tariffs: list[dict[str, Any]]) -> None:
    assert len(tariffs) >= 150


@pytest.mark.parametrize("kind", TariffType)
def test_every_type_occurs_with_several_suppliers(tariffs: list[dict[str, Any]], kind: TariffType) -> None:
    assert len({tariff["supplier"] for tariff in tariffs if tariff["type"] == kind}) >= 3


def test_several_countries_and_currencies_occur(tariffs: list[dict[str, Any]]) -> None:
    assert len({tariff["timezone_name"] for tariff in tariffs}) >= 10
    assert len({tariff["currency"] for tariff in tariffs}) >= 5


def test_both_cases_of_every_field_that_may_be_null_occur(tariffs: list[dict[str, Any]]) -> None:
    for name in ("price_chart_url", "gsp_group", "valid_until", "scheduler_tariff"):
        assert {tariff[name] is None for tariff in tariffs} == {True, False}, name


def test_some_are_highlighted(tariffs: list[dict[str, Any]]) -> None:
    assert {tariff["highlighted"] for tariff in tariffs} == {True, False}


@pytest.mark.parametrize(("path", "prefix"), [("/suppliers", "supl"), ("/tariffs", "tari")])
def test_ids_are_of_the_published_form_and_unique(mock: Mock, path: str, prefix: str) -> None:
    ids = [item["id"] for item in items(mock, path)]
    assert len({*ids}) == len(ids)
    assert [name for name in ids if not re.fullmatch(rf"{prefix}[A-Z\d]{{26}}", name)] == []


def test_urls_are_ascii(mock: Mock, tariffs: list[dict[str, Any]]) -> None:
    suppliers = [mock.runtime.world.supplier(supplier.id) for supplier in mock.runtime.world.suppliers]
    icons = [supplier.icon_url for supplier in suppliers if supplier and supplier.icon_url]
    charts = [tariff["price_chart_url"] for tariff in tariffs if tariff["price_chart_url"]]
    assert [url for url in icons + charts if not url.isascii()] == []  # RFC 3986; `format: uri` says so


DEAREST = {"JPY": 100, "NOK": 10, "SEK": 10, "DKK": 10}
"""What no household pays for a kWh; 1 in other currencies."""


def test_prices_of_the_day_are_plausible(tariffs: list[dict[str, Any]]) -> None:
    for tariff in tariffs:
        for band in tariff.get("daily_prices", {}).values():
            assert 0 <= Decimal(band["price"]) < DEAREST.get(tariff["currency"], 1), tariff["name"]
