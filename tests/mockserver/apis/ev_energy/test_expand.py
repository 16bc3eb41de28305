"""`expand` on tariffs: references become objects, in every spelling, within the scopes of the token."""

from __future__ import annotations

import pytest

from mockserver.domain.tariffs import TariffType
from tests.mock import Mock
from tests.mockserver.apis.ev_energy.steps import get_as, items, path_of, tariff_named, tariff_of, token_for

SEVERAL = [
    "expand=supplier&expand=scheduler_tariff",
    "expand=scheduler_tariff&expand=supplier",
    "expand=supplier,scheduler_tariff",
    "expand=supplier%2Cscheduler_tariff",
    "expand=supplier,scheduler_tariff&expand=supplier",
]
UNKNOWN = ["owner", "Supplier", "supplier.icon", "prices,owner", "supplier,", "current_price", "*"]


def scheduled(mock: Mock) -> str:
    """Path of a tariff that is planned against another one."""
    return f"/tariffs/{tariff_named(mock, 'Moorhen Smart Charge').id}"


def test_a_supplier_is_expanded_to_what_its_own_url_shows(mock: Mock) -> None:
    tariff = mock.get(scheduled(mock), query={"expand": "supplier"}).json()
    assert tariff["supplier"] == mock.full.get(path_of(tariff["supplier"]["url"])).json()


def test_suppliers_are_expanded_in_lists(mock: Mock) -> None:
    names = {supplier.id: supplier.name for supplier in mock.runtime.world.suppliers}
    plain = {tariff["id"]: tariff["supplier"] for tariff in items(mock, "/tariffs", supplier_id=next(iter(names)))}
    expanded = items(mock, "/tariffs", supplier_id=next(iter(names)), expand="supplier")
    assert {tariff["id"]: tariff["supplier"]["url"] for tariff in expanded} == plain
    assert all(tariff["supplier"]["name"] == names[tariff["supplier"]["id"]] for tariff in expanded)


def test_a_scheduler_tariff_is_expanded_and_keeps_its_own_reference(mock: Mock) -> None:
    plain = mock.get(scheduled(mock)).json()["scheduler_tariff"]
    both = mock.get(scheduled(mock), query={"expand": ["scheduler_tariff", "supplier"]}).json()
    target = mock.full.get(path_of(plain)).json()
    assert {"id", "url", "supplier", "name", "currency"} <= both["scheduler_tariff"].keys()
    for name in ("id", "url", "supplier", "name", "currency"):
        assert both["scheduler_tariff"][name] == target[name]


@pytest.mark.parametrize("where", ["/tariffs/{}", "/tariffs"])
def test_no_scheduler_tariff_stays_null(mock: Mock, where: str) -> None:
    tariff = next(tariff for tariff in mock.runtime.world.tariffs if tariff.scheduler_tariff is None)
    response = mock.get(where.format(tariff.id), query={"expand": "scheduler_tariff"}).json()
    wire = response if isinstance(response, dict) else next(item for item in response if item["id"] == tariff.id)
    assert wire["scheduler_tariff"] is None


def test_what_is_not_named_stays_a_url(mock: Mock) -> None:
    plain = mock.get(scheduled(mock)).json()
    for name in ("supplier", "scheduler_tariff", "prices"):
        expanded = mock.get(scheduled(mock), query={"expand": name}).json()
        changed = {field for field in plain if plain[field] != expanded[field]}
        assert changed == {name}


@pytest.mark.parametrize("where", ["/tariffs", "/tariffs/{}"])
@pytest.mark.parametrize("text", SEVERAL)
def test_several_may_be_named_in_any_spelling(mock: Mock, where: str, text: str) -> None:
    tariff = tariff_named(mock, "Moorhen Smart Charge")
    is_list = where == "/tariffs"
    path = where.format(tariff.id) + (f"?supplier_id={tariff.supplier.id}&page_size=100&" if is_list else "?")
    response = mock.get(path + text)
    assert response.status == 200
    assert response.body == mock.get(path + SEVERAL[0]).body
    wire = next(item for item in response.json() if item["id"] == tariff.id) if is_list else response.json()
    assert wire["supplier"]["name"] == "Moorhen Power"
    assert wire["scheduler_tariff"]["name"] == "Moorhen Half-Hourly Trial"


@pytest.mark.parametrize("where", ["/tariffs", "/tariffs/{}"])
@pytest.mark.parametrize("text", UNKNOWN)
def test_an_unknown_name_is_refused_and_told(mock: Mock, where: str, text: str) -> None:
    path = where.format(tariff_of(mock, TariffType.FLAT_RATE).id)
    for query in ({"expand": text}, {"expand": ["supplier", text]}):
        response = mock.get(path, query=query)
        assert response.status == 400
        assert response.json()["title"] == "Invalid expand parameter"
        assert response.json()["field_errors"].keys() == {"expand"}


@pytest.mark.parametrize("where", ["/tariffs", "/tariffs/{}"])
@pytest.mark.parametrize("text", ["expand=prices", "expand=supplier&expand=prices", "expand=scheduler_tariff,prices"])
def test_prices_need_their_scope(mock: Mock, where: str, text: str) -> None:
    path = f"{where.format(tariff_of(mock, TariffType.FLAT_RATE).id)}?{text}"
    without = token_for(mock, "ev-energy-full", scopes=["tariff:read"])
    granted = token_for(mock, "ev-energy-full", scopes=["tariff:read", "tariff:prices:read"])
    refused = get_as(mock, without, path)
    assert (refused.status, refused.json()["title"]) == (403, "Forbidden")
    assert "tariff:prices:read" in refused.json()["detail"]
    assert get_as(mock, granted, path).status == 200


@pytest.mark.parametrize("name", ["supplier", "scheduler_tariff"])
def test_other_references_need_no_further_scope(mock: Mock, name: str) -> None:
    without = token_for(mock, "ev-energy-full", scopes=["tariff:read"])
    assert get_as(mock, without, scheduled(mock), query={"expand": name}).status == 200


def test_without_the_scope_the_link_to_the_prices_is_null(mock: Mock) -> None:
    without = token_for(mock, "ev-energy-full", scopes=["tariff:read"])
    assert get_as(mock, without, scheduled(mock)).json()["prices"] is None
    assert mock.get(scheduled(mock)).json()["prices"].endswith(f"{scheduled(mock)}/prices")
