"""Suppliers and tariffs: what is shown to whom, and which tariffs a filter leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from mockserver.domain.drivers import Driver
from mockserver.domain.tariffs import Supplier, Tariff, TariffType
from tests.mock import NOON, V2, Mock
from tests.mockserver.apis.ev_energy.steps import (
    ORIGIN,
    bearer,
    driver_in,
    get_as,
    items,
    register,
    set_clock,
    tariff_named,
    tariff_of,
    token_for,
)

SUPPLIER_FIELDS = {"id", "url", "name", "icon", "highlighted"}
LIST_FIELDS = {
    "id", "url", "supplier", "name", "currency", "highlighted", "timezone_name", "price_chart_url", "gsp_group",
    "valid_from", "valid_until", "scheduler_tariff",
}  # fmt: skip
DETAIL_FIELDS = LIST_FIELDS | {"current_price", "prices"}
BANDED = {TariffType.FLAT_RATE, TariffType.DUAL_RATE, TariffType.THREE_RATE}
CITIES = ("London", "Glasgow", "Utrecht", "Valencia", "Albany", "San Diego", "Adelaide", "Nagoya")


def ids(wire: list[dict[str, object]]) -> set[object]:
    return {item["id"] for item in wire}


# What is shown


def test_suppliers_are_the_same_in_the_list_and_by_themselves(mock: Mock) -> None:
    suppliers = items(mock, "/suppliers")
    assert len(suppliers) >= 40
    for supplier in suppliers:
        assert mock.get(f"/suppliers/{supplier['id']}").json() == supplier


def test_a_supplier_shows_what_the_world_knows(mock: Mock) -> None:
    wire = {supplier["id"]: supplier for supplier in items(mock, "/suppliers")}
    for supplier in mock.runtime.world.suppliers:
        shown = wire[supplier.id]
        assert shown.keys() == SUPPLIER_FIELDS
        assert shown["url"] == f"{ORIGIN}{V2}/suppliers/{supplier.id}"
        assert shown["name"] == supplier.name
        assert shown["highlighted"] is supplier.highlighted
        assert (shown["icon"] is None) == (supplier.icon_url is None)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_supplier_can_be_read_in_every_world(mock: Mock, seed: int) -> None:
    assert mock.anonymous.put("/_mock/seed", json={"seed": seed}).status == 200
    token = next(iter(mock.runtime.ready.tokens or {}))
    broken = [
        supplier.name
        for supplier in mock.runtime.world.suppliers
        if get_as(mock, token, f"/suppliers/{supplier.id}").status != 200
    ]
    assert broken == []


def test_a_tariff_shows_what_the_world_knows(mock: Mock) -> None:
    wire = {tariff["id"]: tariff for tariff in items(mock, "/tariffs")}
    for tariff in mock.runtime.world.tariffs:
        shown = wire[tariff.id]
        assert shown["url"] == f"{ORIGIN}{V2}/tariffs/{tariff.id}"
        assert shown["supplier"] == f"{ORIGIN}{V2}/suppliers/{tariff.supplier.id}"
        scheduler = tariff.scheduler_tariff
        assert shown["scheduler_tariff"] == (f"{ORIGIN}{V2}/tariffs/{scheduler.id}" if scheduler else None)
        assert (shown["name"], shown["currency"]) == (tariff.name, tariff.currency)
        assert (shown["timezone_name"], shown["gsp_group"]) == (tariff.timezone, tariff.gsp_group)
        assert (shown["highlighted"], shown["price_chart_url"]) == (tariff.highlighted, tariff.price_chart_url)
        assert shown["valid_from"] == tariff.valid_from.strftime("%Y-%m-%d")
        assert shown["valid_until"] == (tariff.valid_until.strftime("%Y-%m-%d") if tariff.valid_until else None)
        assert shown["type"] == tariff.type.value


def test_the_list_and_the_tariff_itself_agree(mock: Mock) -> None:
    listed = items(mock, "/tariffs", include_optional="daily_prices")
    for tariff in listed:
        detail = mock.get(f"/tariffs/{tariff['id']}").json()
        assert {name: detail[name] for name in tariff} == tariff
        assert detail.keys() - tariff.keys() == {"current_price", "prices"}


def test_list_items_lack_the_fields_of_the_detail(mock: Mock) -> None:
    assert all(tariff.keys() == LIST_FIELDS | {"type"} for tariff in items(mock, "/tariffs"))


def test_expanded_prices_are_the_only_field_of_the_detail_in_lists(mock: Mock) -> None:
    response = mock.get("/tariffs", query={"expand": "prices"})
    assert all(tariff.keys() == LIST_FIELDS | {"type", "prices"} for tariff in response.json())


@pytest.mark.parametrize("kind", TariffType)
def test_a_tariff_has_the_fields_of_its_type(mock: Mock, kind: TariffType) -> None:
    for tariff in mock.runtime.world.tariffs:
        if tariff.type is kind:
            daily = {"daily_prices"} if kind in BANDED else set()
            assert mock.get(f"/tariffs/{tariff.id}").json().keys() == DETAIL_FIELDS | {"type"} | daily


@pytest.mark.parametrize("kind", TariffType)
def test_include_optional_adds_daily_prices_to_the_list(mock: Mock, kind: TariffType) -> None:
    with_them = {t["id"] for t in items(mock, "/tariffs", include_optional="daily_prices") if "daily_prices" in t}
    of_kind = {tariff.id for tariff in mock.runtime.world.tariffs if tariff.type is kind}
    assert of_kind & with_them == (of_kind if kind in BANDED else set())


@pytest.mark.parametrize("value", ["prices", "type", "", "daily_prices,type", "DAILY_PRICES"])
def test_include_optional_takes_daily_prices_only(mock: Mock, value: str) -> None:
    response = mock.get("/tariffs", query={"include_optional": value})
    assert response.status == 400
    assert response.json()["field_errors"].keys() == {"include_optional"}


@pytest.mark.parametrize("of_user", [False, True], ids=["application", "user"])
@pytest.mark.parametrize("contract_fields", [False, True])
def test_contract_only_fields_are_switched_by_application(mock: Mock, contract_fields: bool, of_user: bool) -> None:
    application = register(mock, contract_fields=contract_fields)["client_id"]
    who = {"user_id": driver_in(mock, "London").id} if of_user else {}
    token = token_for(mock, application, **who)
    wanted = {"type", "daily_prices"} if contract_fields else set()
    detail = get_as(mock, token, f"/tariffs/{tariff_of(mock, TariffType.DUAL_RATE).id}").json()
    assert {"type", "daily_prices"} & detail.keys() == wanted
    plain = get_as(mock, token, "/tariffs", query={"page_size": 100}).json()
    asked = get_as(mock, token, "/tariffs", query={"page_size": 100, "include_optional": "daily_prices"}).json()
    assert {"type", "daily_prices"} & {name for tariff in plain for name in tariff} == wanted - {"daily_prices"}
    assert {"type", "daily_prices"} & {name for tariff in asked for name in tariff} == wanted


def test_the_ready_made_applications_differ_in_contract_only_fields(mock: Mock) -> None:
    path = f"{V2}/tariffs/{tariff_of(mock, TariffType.FLAT_RATE).id}"
    assert "type" in mock.full.get(path).json()
    assert not {"type", "daily_prices"} & mock.basic.get(path).json().keys()


def test_uncontracted_clients_see_the_price_of_now(mock: Mock) -> None:
    path = f"/tariffs/{tariff_of(mock, TariffType.FLAT_RATE).id}"
    assert mock.basic.get(V2 + path).json()["current_price"] == mock.get(path).json()["current_price"]


# Filters. The oracle is written here, over what the world holds.


def test_suppliers_own_the_tariffs_that_their_filter_leaves(mock: Mock) -> None:
    for supplier in mock.runtime.world.suppliers:
        expected = {tariff.id for tariff in mock.runtime.world.tariffs if tariff.supplier == supplier}
        assert ids(items(mock, "/tariffs", supplier_id=supplier.id)) == expected != set()


@pytest.mark.parametrize("value", ["supl00000000000000000000000000", "42", "", "SUPL"])
def test_an_unknown_supplier_has_no_tariffs(mock: Mock, value: str) -> None:
    response = mock.get("/tariffs", query={"supplier_id": value})
    assert (response.status, response.json()) == (200, [])


GSP_GROUPS = [f"_{letter}" for letter in "ABCDEFGHJKLMNP"]


@pytest.mark.parametrize("group", GSP_GROUPS)
def test_gsp_group_leaves_exactly_its_tariffs(mock: Mock, group: str) -> None:
    expected = {tariff.id for tariff in mock.runtime.world.tariffs if tariff.gsp_group == group}
    assert ids(items(mock, "/tariffs", gsp_group=group)) == expected != set()


@pytest.mark.parametrize("group", ["_c", "C", "_I", "_O", "_", "", "_CC", "null"])
def test_gsp_group_is_compared_exactly(mock: Mock, group: str) -> None:
    response = mock.get("/tariffs", query={"gsp_group": group})
    assert (response.status, response.json()) == (200, [])


def test_gsp_groups_are_british_only(mock: Mock) -> None:
    regional = [tariff for tariff in items(mock, "/tariffs") if tariff["gsp_group"]]
    assert {tariff["gsp_group"] for tariff in regional} == {*GSP_GROUPS}
    assert {tariff["timezone_name"] for tariff in regional} == {"Europe/London"}


def open_at(tariff: Tariff, at: datetime) -> bool:
    today = at.astimezone(ZoneInfo(tariff.timezone)).date()
    return tariff.valid_from <= today and (tariff.valid_until is None or today <= tariff.valid_until)


@pytest.mark.parametrize(
    "at",
    [
        NOON,
        datetime(2022, 6, 30, 23, 30, tzinfo=UTC),  # in Britain the next day, and quarter, has begun
        datetime(2025, 12, 31, 14, 59, 59, tzinfo=UTC),  # a second before the year ends in Japan
        datetime(2025, 12, 31, 15, 0, tzinfo=UTC),
        datetime(2026, 1, 31, 23, 0, tzinfo=UTC),
        datetime(2026, 2, 1, 5, 0, tzinfo=UTC),
        datetime(2027, 1, 1, 9, 59, 59, tzinfo=UTC),  # the year ends in Hawaii
        datetime(2016, 1, 1, tzinfo=UTC),
    ],
    ids=str,
)
def test_valid_parts_the_tariffs_by_their_own_calendar(mock: Mock, at: datetime) -> None:
    set_clock(mock, at)
    tariffs = mock.runtime.world.tariffs
    assert ids(items(mock, "/tariffs", valid="true")) == {tariff.id for tariff in tariffs if open_at(tariff, at)}
    assert ids(items(mock, "/tariffs", valid="false")) == {tariff.id for tariff in tariffs if not open_at(tariff, at)}


def with_end(world_tariffs: tuple[Tariff, ...]) -> list[Tariff]:
    return [tariff for tariff in world_tariffs if tariff.valid_until]


def test_both_end_days_are_valid_to_the_last_second(mock: Mock) -> None:
    ended = with_end(mock.runtime.world.tariffs)
    assert len({tariff.timezone for tariff in ended}) > 1
    for tariff in ended:
        zone = ZoneInfo(tariff.timezone)
        assert tariff.valid_until
        first = datetime.combine(tariff.valid_from, datetime.min.time(), zone)
        after = datetime.combine(tariff.valid_until + timedelta(days=1), datetime.min.time(), zone)
        second = timedelta(seconds=1)
        for at, valid in ((first - second, False), (first, True), (after - second, True), (after, False)):
            set_clock(mock, (at.astimezone(UTC)))
            found = ids(items(mock, "/tariffs", supplier_id=tariff.supplier.id, valid=str(valid).lower()))
            assert tariff.id in found, f"{tariff.name} at {at}"


@pytest.mark.parametrize("value", ["True", "1", "yes", "", "TRUE", "null"])
def test_valid_is_true_or_false(mock: Mock, value: str) -> None:
    response = mock.get("/tariffs", query={"valid": value})
    assert response.status == 400
    assert response.json()["field_errors"].keys() == {"valid"}


def available(tariff: Tariff, driver: Driver) -> bool:
    return (
        tariff.supplier.country_code == driver.country_code
        and tariff.gsp_group in (None, driver.gsp_group)
        and open_at(tariff, NOON)
    )


def test_a_user_is_offered_only_what_is_open_and_sold_in_the_region(mock: Mock) -> None:
    for driver in mock.runtime.world.drivers:
        offered = ids(items(mock, "/tariffs", available_for_user_id=driver.id))
        assert offered
        assert offered <= {tariff.id for tariff in mock.runtime.world.tariffs if available(tariff, driver)}


def test_a_user_is_offered_everything_of_the_region(mock: Mock) -> None:
    for driver in mock.runtime.world.drivers:
        near = {
            tariff.id
            for tariff in mock.runtime.world.tariffs
            if available(tariff, driver) and tariff.timezone == driver.timezone
        }
        assert near <= ids(items(mock, "/tariffs", available_for_user_id=driver.id))


@pytest.mark.parametrize("city", CITIES)
def test_a_user_is_not_offered_what_is_sold_in_another_time_zone(mock: Mock, city: str) -> None:
    driver = driver_in(mock, city)
    offered = items(mock, "/tariffs", available_for_user_id=driver.id)
    assert {tariff["timezone_name"] for tariff in offered} == {driver.timezone}


@pytest.mark.parametrize("city", CITIES)
def test_suppliers_for_a_user_are_those_of_the_tariffs_for_the_user(mock: Mock, city: str) -> None:
    driver = driver_in(mock, city)
    offered = {t["supplier"] for t in items(mock, "/tariffs", available_for_user_id=driver.id)}
    response = mock.get("/suppliers", query={"available_for_user_id": driver.id, "page_size": 100})
    assert response.status == 200
    assert {supplier["url"] for supplier in response.json()} == offered


@pytest.mark.parametrize("city", CITIES)
def test_one_tariff_for_a_user_is_404_unless_it_is_offered(mock: Mock, city: str) -> None:
    driver = driver_in(mock, city)
    offered = ids(items(mock, "/tariffs", available_for_user_id=driver.id))
    for tariff in mock.runtime.world.tariffs:
        response = mock.get(f"/tariffs/{tariff.id}", query={"available_for_user_id": driver.id})
        assert response.status == (200 if tariff.id in offered else 404)


USER_OPERATIONS: dict[str, Callable[[Tariff], str]] = {
    "tariffs": lambda tariff: "/tariffs",
    "suppliers": lambda tariff: "/suppliers",
    "tariff": lambda tariff: f"/tariffs/{tariff.id}",
}


@pytest.mark.parametrize("operation", USER_OPERATIONS)
@pytest.mark.parametrize(
    ("user", "status"),
    [("user00000000000000000000000000", 404), ("42", 400), ("", 400), ("supl00000000000000000000000000", 400)],
)
def test_a_user_who_cannot_be_is_refused(mock: Mock, operation: str, user: str, status: int) -> None:
    path = USER_OPERATIONS[operation](driver_in(mock, "London").tariff)
    assert mock.get(path, query={"available_for_user_id": user}).status == status


@pytest.mark.parametrize("operation", USER_OPERATIONS)
def test_a_user_token_sees_its_own_user_and_no_other(mock: Mock, operation: str) -> None:
    london, leeds = driver_in(mock, "London"), driver_in(mock, "Leeds")
    path = USER_OPERATIONS[operation](tariff_named(mock, "Hollow Oak Simple"))
    token = token_for(mock, "ev-energy-full", user_id=london.id)
    query = {"page_size": 5} if operation != "tariff" else {}
    for user, status in ((london, 200), (leeds, 404)):
        assert get_as(mock, token, path, query={**query, "available_for_user_id": user.id}).status == status


def test_filters_are_combined(mock: Mock) -> None:
    driver = driver_in(mock, "London")
    supplier = driver.tariff.supplier
    found = items(
        mock, "/tariffs", supplier_id=supplier.id, valid="true", gsp_group="_C", available_for_user_id=driver.id
    )
    each = [
        ids(items(mock, "/tariffs", **{name: value}))
        for name, value in (
            ("supplier_id", supplier.id), ("valid", "true"), ("gsp_group", "_C"), ("available_for_user_id", driver.id)
        )
    ]  # fmt: skip
    assert ids(found) == set.intersection(*each)


@pytest.mark.parametrize("filters", [{"valid": "false"}, {"gsp_group": "_N"}, {"valid": "true"}])
def test_filtered_lists_keep_the_name_order(mock: Mock, filters: dict[str, str]) -> None:
    names = [tariff["name"] for tariff in items(mock, "/tariffs", **filters)]
    assert names == sorted(names)
    assert len(names) > 5


@pytest.mark.parametrize("name", ["supplier_id", "valid", "gsp_group", "available_for_user_id", "include_optional"])
def test_a_filter_given_twice_is_refused(mock: Mock, name: str) -> None:
    value = {"valid": "true", "include_optional": "daily_prices"}.get(name, driver_in(mock, "London").id)
    response = mock.get(f"/tariffs?{name}={value}&{name}={value}")
    assert (response.status, response.json()["field_errors"].keys()) == (400, {name})


# Order and identity


def name_order(things: tuple[Supplier, ...] | tuple[Tariff, ...]) -> list[str]:
    return sorted(thing.name for thing in things)


def test_suppliers_come_by_name(mock: Mock) -> None:
    assert [s["name"] for s in items(mock, "/suppliers")] == name_order(mock.runtime.world.suppliers)


def test_tariffs_come_by_name(mock: Mock) -> None:
    assert [t["name"] for t in items(mock, "/tariffs")] == name_order(mock.runtime.world.tariffs)


@pytest.mark.parametrize("days", [-4000, 400])
def test_ids_do_not_change_with_time(mock: Mock, days: int) -> None:
    before = ids(items(mock, "/tariffs"))
    set_clock(mock, NOON + timedelta(days=days))
    assert ids(items(mock, "/tariffs")) == before


def test_ids_outlive_a_reset(mock: Mock) -> None:
    before = ids(items(mock, "/tariffs"))
    assert mock.anonymous.post("/_mock/reset").status == 200
    assert ids(items(mock, "/tariffs")) == before


def test_the_token_of_one_world_does_not_open_another(mock: Mock) -> None:
    token = token_for(mock, "ev-energy-full")
    assert mock.anonymous.put("/_mock/seed", json={"seed": 2}).status == 200
    assert mock.anonymous.get(f"{V2}/tariffs", headers=bearer(token)).status == 401
