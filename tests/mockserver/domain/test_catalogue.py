"""The catalogue: large and varied enough, plausible numbers, and ids that stay when others come and go."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

import fixtures
from fixtures.calibration import table, table_names
from fixtures.prices import area
from fixtures.tariffs import DynamicRates
from mockserver.domain import catalogue as module
from mockserver.domain.catalogue import Catalogue, catalogue
from mockserver.domain.tariffs import Tariff, TariffType

CROCKFORD = "[0-9A-HJKMNP-TV-Z]{26}"
GSP_GROUPS = {f"_{letter}" for letter in "ABCDEFGHJKLMNP"}
TODAY = date(2026, 10, 26)
NOON = datetime(2025, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def tariffs() -> tuple[Tariff, ...]:
    return catalogue(42).tariffs


def named(tariffs: tuple[Tariff, ...], name: str, gsp_group: str | None = None) -> Tariff:
    (found,) = (tariff for tariff in tariffs if (tariff.name, tariff.gsp_group) == (name, gsp_group))
    return found


def test_it_is_large_and_varied(tariffs: tuple[Tariff, ...]) -> None:
    assert len(catalogue(42).suppliers) >= 40
    assert len(tariffs) >= 150
    assert {tariff.type for tariff in tariffs} == set(TariffType)
    assert len({tariff.currency for tariff in tariffs}) >= 8
    assert len({tariff.timezone for tariff in tariffs}) >= 15
    countries = {"GB", "NL", "DE", "FR", "BE", "ES", "IT", "SE", "NO", "DK", "IE", "US", "CA", "AU", "JP"}
    assert {tariff.country_code for tariff in tariffs} == countries
    for country in countries:
        suppliers = [supplier for supplier in catalogue(42).suppliers if supplier.country_code == country]
        assert len(suppliers) >= 2
        assert any(supplier.highlighted for supplier in suppliers)
        assert all(any(tariff.supplier is supplier for tariff in tariffs) for supplier in suppliers)


def test_some_are_over_some_open_and_some_to_come(tariffs: tuple[Tariff, ...]) -> None:
    over = [tariff for tariff in tariffs if tariff.valid_until and tariff.valid_until < TODAY]
    to_come = [tariff for tariff in tariffs if tariff.valid_from > TODAY]
    assert len(over) >= 10
    assert 1 <= len(to_come) <= 3
    assert all(tariff.valid_until is None or tariff.valid_from < tariff.valid_until for tariff in tariffs)


def test_it_is_sorted_and_ids_are_unique_ulids_with_a_prefix(tariffs: tuple[Tariff, ...]) -> None:
    suppliers = catalogue(42).suppliers
    assert list(suppliers) == sorted(suppliers, key=lambda supplier: supplier.name)
    assert list(tariffs) == sorted(tariffs, key=lambda tariff: (tariff.name, tariff.id))
    for prefix, found in (("supl", [s.id for s in suppliers]), ("tari", [t.id for t in tariffs])):
        assert len(set(found)) == len(found)
        assert all(re.fullmatch(prefix + CROCKFORD, each) for each in found)


def test_type_and_bands_agree(tariffs: tuple[Tariff, ...]) -> None:
    names = {
        TariffType.FLAT_RATE: ["peak"],
        TariffType.DUAL_RATE: ["peak", "off_peak"],
        TariffType.THREE_RATE: ["peak", "mid_peak", "off_peak"],
    }
    for tariff in tariffs:
        assert [band.name for band in tariff.bands] == names.get(tariff.type, [])
        levels = [band.price for band in tariff.bands]
        assert levels == sorted(set(levels), reverse=True), tariff.name
        assert isinstance(tariff.rates, DynamicRates) == (tariff.type == TariffType.DYNAMIC)
        assert (tariff.rates is None) == (tariff.type in (TariffType.EXTERNALLY_MANAGED, TariffType.OTHER))
        if isinstance(tariff.rates, DynamicRates):
            assert tariff.rates.area.zone == ZoneInfo(tariff.timezone)


def test_band_prices_are_plausible(tariffs: tuple[Tariff, ...]) -> None:
    dearest = {"GBP": "0.50", "EUR": "0.42", "USD": "0.62", "CAD": "0.30", "AUD": "0.60"}
    dearest |= {"SEK": "1.90", "NOK": "1.40", "DKK": "3.20", "JPY": "40"}
    for tariff in tariffs:
        for band in tariff.bands:
            assert 0 <= band.price <= Decimal(dearest[tariff.currency]), tariff.name


def test_german_dynamic_adds_17_to_20_cents(tariffs: tuple[Tariff, ...]) -> None:
    for tariff in tariffs:  # realism sheet 2
        if tariff.country_code == "DE" and isinstance(tariff.rates, DynamicRates) and not tariff.rates.formula.peak_fee:
            extra = tariff.rates.formula.rate(Decimal(0), NOON)
            assert Decimal("0.17") <= extra <= Decimal("0.20")


def test_dutch_dynamic_has_the_formula_of_the_sheet(tariffs: tuple[Tariff, ...]) -> None:
    rates = named(tariffs, "Polderlicht Uurprijs").rates
    assert isinstance(rates, DynamicRates)
    assert rates.formula.rate(Decimal("0.0866"), NOON) == Decimal("0.2518494")


def test_gb_regions(tariffs: tuple[Tariff, ...]) -> None:
    by_name = Counter(tariff.name for tariff in tariffs if tariff.gsp_group)
    assert len(by_name) >= 5
    assert set(by_name.values()) == {14}
    assert {tariff.gsp_group for tariff in tariffs} == {*GSP_GROUPS, None}
    assert all(tariff.country_code == "GB" for tariff in tariffs if tariff.gsp_group)
    standard = [tariff.bands[0].price for tariff in tariffs if tariff.name == "Rookery Standard Variable"]
    assert len(set(standard)) > 6
    agile = named(tariffs, "Rookery Half-Hourly", "_J").rates
    assert isinstance(agile, DynamicRates)
    assert (agile.formula.multiplier, agile.formula.peak_fee) == (Decimal("2.20"), Decimal("0.12"))
    assert agile.area == area("GB")


def test_a_scheduler_tariff_is_one_of_the_same_supplier_and_region(tariffs: tuple[Tariff, ...]) -> None:
    scheduled = [tariff for tariff in tariffs if tariff.scheduler_tariff]
    assert len(scheduled) >= 3
    for tariff in scheduled:
        assert tariff.scheduler_tariff in tariffs
        assert tariff.scheduler_tariff is not None
        assert (tariff.scheduler_tariff.supplier, tariff.scheduler_tariff.gsp_group) == (
            tariff.supplier,
            tariff.gsp_group,
        )


def test_links_lead_to_reserved_domains(tariffs: tuple[Tariff, ...]) -> None:
    links = [tariff.price_chart_url for tariff in tariffs] + [s.icon_url for s in catalogue(42).suppliers]
    assert None in links
    assert all(re.fullmatch(r"https://\w+\.example\.com/\S+", link) for link in links if link)


def test_seeds_differ_in_ids_alone() -> None:
    first, second = catalogue(1), catalogue(2)
    assert not {tariff.id for tariff in first.tariffs} & {tariff.id for tariff in second.tariffs}
    assert [tariff.name for tariff in first.tariffs] == [tariff.name for tariff in second.tariffs]


@pytest.fixture
def gb_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    changed = copy.deepcopy(table("tariffs/gb"))
    monkeypatch.setattr(module, "table", lambda name: changed if name == "tariffs/gb" else table(name))
    yield changed
    catalogue.cache_clear()


def rebuilt() -> Catalogue:
    catalogue.cache_clear()
    return catalogue(42)


def test_another_tariff_or_price_changes_no_other_tariff(gb_table: dict[str, Any]) -> None:
    before = {tariff.id: tariff for tariff in rebuilt().tariffs}
    rookery = gb_table["suppliers"][0]
    rookery["tariffs"].insert(0, {"name": "A New One", "valid_from": "2025-01-01", "bands": {"peak": "0.2"}})
    night = next(row for row in rookery["tariffs"] if row["name"] == "Rookery Night Owl EV")
    night["bands"] = {"peak": "0.3", "off_peak": ["0.1", "00:00-05:00"]}
    gb_table["suppliers"].reverse()
    after = {tariff.id: tariff for tariff in rebuilt().tariffs}
    assert [after[new].name for new in after.keys() - before.keys()] == ["A New One"]
    changed = {after[each].name for each in before if after[each] != before[each]}
    assert before.keys() < after.keys()
    assert changed == {"Rookery Night Owl EV"}


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("bands", {"peak": ["0.3", "00:00-12:00"]}, "overlap or leave a gap"),
        ("bands", {"peak": "0.3", "shoulder": "0.2"}, "shoulder"),
        ("bands", {}, "one of bands, spot and type"),
        ("prize", "0.3", "prize"),
        ("valid_from", "2025-13-01", "month"),
        ("scheduler_tariff", "Nothing", "Nothing"),
        ("name", "Rookery Fixed 12M February 2026", "occurs twice"),
    ],
)
def test_a_wrong_table_says_where(gb_table: dict[str, Any], key: str, value: object, message: str) -> None:
    row = next(row for row in gb_table["suppliers"][0]["tariffs"] if row["name"] == "Rookery Fixed 12M August 2024")
    row[key] = value
    with pytest.raises(ValueError, match=f"(?s)gb.yaml, Rookery Energy: .*{message}"):
        rebuilt()


class _StrictLoader(yaml.SafeLoader):
    """Refuses what YAML 1.1 reads silently: a key twice, and `NO`, `17:00`, `2026-10-20` or 0.27 without quotes."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"duplicate key in {keys}"
        values = [self.construct_object(value, deep=True) for _, value in node.value]
        for key, value in zip(keys, values, strict=True):
            assert isinstance(key, str) or (isinstance(key, int) and 1990 < key < 2100), f"unquoted key {key}"
            assert isinstance(value, str | list | dict) or key in ("highlighted", "icon", "regional"), f"{key}: {value}"
        return super().construct_mapping(node, deep)


def test_tables_of_tariffs_quote_every_amount_and_date() -> None:
    assert len(table_names("tariffs")) == 15
    for name in table_names("tariffs"):
        path = Path(fixtures.__file__).parent / "tables" / f"{name}.yaml"
        assert yaml.load(path.read_bytes(), Loader=_StrictLoader) == table(name)
