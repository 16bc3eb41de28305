"""OCPI's locations: sites with what stands there and does there, and when any of it changed last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from mockserver.apis.dynamo.ocpi.places import Address
from mockserver.apis.dynamo.seed import HARBOUR
from mockserver.apis.dynamo.stations.connectors import SHOWN
from mockserver.domain.geography import countries, three_letter_countries
from tests.mockserver.apis.dynamo.roaming import Network, denied, partner
from tests.mockserver.apis.dynamo.steps import Office, Wire, put_up, said, send

POINT = "utrecht-street-001"
BACKSTAGE = f"/_mock/dynamo/charge-points/{POINT}"
SITE = {"name": "Quay", "address": "1 Quay, Bristol", "max_power_kw": 100, "lat": 51.45, "lng": -2.6}
STATUSES = {
    "Preparing": "BLOCKED",
    "Charging": "CHARGING",
    "SuspendedEV": "CHARGING",
    "SuspendedEVSE": "CHARGING",
    "Finishing": "BLOCKED",
    "Unavailable": "INOPERATIVE",
    "Faulted": "OUTOFORDER",
}


@pytest.fixture
def network(office: Office) -> Iterator[Network]:
    with partner(office) as network:
        yield network


@pytest.fixture
def harbour(office: Office) -> Iterator[Network]:
    with partner(office, HARBOUR) as network:
        yield network


def only(network: Network) -> Wire:
    """The one location of Polderstroom."""
    (location,) = network.get("locations")
    return dict(location)


def first(network: Network) -> Wire:
    """The EVSE at the first connector of `POINT`."""
    return dict(network.get(f"locations/{only(network)['id']}/{POINT}-1"))


def backstage(office: Office, method: str, path: str, body: Any = None) -> None:
    said(office.anonymous.request(method, BACKSTAGE + path, json=body), 201 if method == "POST" else 200)


def test_locations_are_the_sites_with_all_that_stands_there(office: Office, harbour: Network) -> None:
    sites = said(send(office.key, "GET", "/sites?limit=200"))["sites"]
    found = {each["id"]: each for each in harbour.all("locations")}
    assert found.keys() == {each["site_id"] for each in sites}
    for site in sites:
        location = found[site["site_id"]]
        points = said(send(office.key, "GET", f"/cpo/charge-points?limit=200&site_id={site['site_id']}"))
        wanted = {each["charge_point_id"] for each in points["charge_points"]}
        assert len(wanted) == site["charger_count"]
        uids = [each["uid"] for each in location["evses"]]
        assert len({*uids}) == len(uids)
        assert {uid.rpartition("-")[0] for uid in uids} == wanted
        assert (location["name"], location["country_code"]) == (site["name"], "GB")
        assert abs(float(location["coordinates"]["longitude"]) - site["lng"]) < 1e-5
    assert {each["publish"] for each in found.values()} == {True, False}
    kinds = {
        each["power_type"] for location in found.values() for evse in location["evses"] for each in evse["connectors"]
    }
    assert kinds == {"AC_1_PHASE", "AC_3_PHASE", "DC"}


def test_parts_are_those_of_the_whole(network: Network) -> None:
    location = only(network)
    path = f"locations/{location['id']}"
    assert network.get(path) == location
    for evse in location["evses"][:3]:
        assert network.get(f"{path}/{evse['uid']}") == evse
        assert network.get(f"{path.upper().replace('LOCATIONS', 'locations')}/{evse['uid'].upper()}") == evse
        for connector in evse["connectors"]:
            assert network.get(f"{path}/{evse['uid']}/{connector['id']}") == connector
            assert connector["last_updated"] <= evse["last_updated"] <= location["last_updated"]


def test_what_is_not_there_is_not_found(network: Network) -> None:
    path = f"locations/{only(network)['id']}"
    for missing in (
        "locations/site_0",
        f"{path}/{POINT}",
        f"{path}/{POINT}-3",
        f"{path}/{POINT}-1/2",
        "locations/x/y/1",
    ):
        denied(network.send("GET", missing), 404, 2003)
    denied(network.send("GET", "locations/" + "x" * 37), 404, 2003)


@pytest.mark.parametrize("status", SHOWN)
def test_what_a_connector_shows_is_what_its_evse_does(office: Office, network: Network, status: str) -> None:
    assert first(network)["status"] == "AVAILABLE"
    office.advance(timedelta(minutes=1))
    backstage(office, "PUT", "/connectors/1", {"status": status})
    shown = first(network)
    assert (shown["status"], shown["last_updated"]) == (STATUSES[status], "2026-03-18T12:01:00Z")
    backstage(office, "PUT", "", {"online": False})
    assert first(network)["status"] == "UNKNOWN"


def reserve(office: Office) -> None:
    body = {"charge_point_id": POINT, "connector_id": 1, "id_tag": "04A1", "expires_at": "2026-03-18T14:00:00Z"}
    said(send(office.polder_owner, "POST", "/reservations", body), 201)


def make_tariff(office: Office) -> str:
    body = {"name": "Night", "currency": "EUR", "components": [{"type": "energy", "price": 0.2}]}
    return str(said(send(office.polder_key, "POST", "/billing/tariffs", body), 201)["tariff_id"])


def assign(office: Office) -> None:
    body = {"charge_point_ids": [POINT]}
    said(send(office.polder_key, "POST", f"/billing/tariffs/{make_tariff(office)}/assign", body))


def rename_site(office: Office) -> None:
    (site,) = said(send(office.polder_key, "GET", "/sites"))["sites"]
    body = {name: site[name] for name in SITE} | {"name": "Another name"}
    said(send(office.polder_key, "PUT", f"/sites/{site['site_id']}", body))


def unlink(office: Office) -> None:
    (site,) = said(send(office.polder_key, "GET", "/sites"))["sites"]
    assert send(office.polder_key, "DELETE", f"/sites/{site['site_id']}/chargers/{POINT}").status == 204


def rename_organization(office: Office) -> None:
    body = {"name": "Polder", "country": "NL", "contact_email": "roaming@polder.example"}
    said(send(office.polder_key, "PUT", f"/organizations/{office.polder}", body))


CHANGES: dict[str, Callable[[Office], None]] = {
    "shown": lambda office: backstage(office, "PUT", "/connectors/1", {"status": "Faulted"}),
    "started": lambda office: backstage(office, "POST", "/connectors/1/transaction", {"id_tag": "04A1"}),
    "disconnected": lambda office: backstage(office, "PUT", "", {"online": False}),
    "reserved": reserve,
    "assigned": assign,
    "renamed": rename_site,
    "unlinked": unlink,
    "other operator's name": rename_organization,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_a_client_changes_is_found_by_the_time_of_its_change(
    office: Office, network: Network, change: Callable[[Office], None]
) -> None:
    office.advance(timedelta(hours=1))
    before = only(network)
    assert before["last_updated"] < "2026-03-18T13:00:00Z"
    change(office)
    after = only(network)
    assert {**after, "last_updated": before["last_updated"]} != before
    assert after["last_updated"] == "2026-03-18T13:00:00Z"
    assert network.get("locations", date_from="2026-03-18T13:00:00Z") == [after]
    assert network.get("locations", date_to="2026-03-18T13:00:00Z") == []


def test_what_changes_by_itself_is_found_as_well(office: Office, network: Network) -> None:
    reserve(office)  # lapses on the way
    moved, known, asked_at = 0, {each["uid"]: each for each in only(network)["evses"]}, "2026-03-18T12:00:00Z"
    for _ in range(70):
        office.advance(timedelta(minutes=41))
        location = only(network)
        now = {each["uid"]: each for each in location["evses"]}
        for uid, evse in now.items():
            if evse["status"] != known[uid]["status"]:
                moved += 1
                assert evse["last_updated"] > asked_at, (known[uid], evse)
            elif evse["last_updated"] <= asked_at:
                assert evse == known[uid]
            assert evse["last_updated"] <= network.send("GET", "/versions").json()["timestamp"]
        assert location["last_updated"] == max(each["last_updated"] for each in now.values())
        known, asked_at = now, network.send("GET", "/versions").json()["timestamp"]
    assert moved > 50


def test_a_site_of_a_client_is_a_location_with_what_is_put_up_there(office: Office, harbour: Network) -> None:
    site_id = said(send(office.key, "POST", "/sites", SITE), 201)["site_id"]
    empty = harbour.get(f"locations/{site_id}")
    assert (empty["address"], empty["city"], empty["country"]) == ("1 Quay", "Bristol", "GBR")
    assert (empty["evses"], empty["publish"], empty["time_zone"]) == ([], True, "Europe/London")
    assert empty["coordinates"] == {"latitude": "51.45000", "longitude": "-2.60000"}
    project = {"name": "Quay", "address": "1 Quay, Bristol", "site_owner_email": "quay@example.com"}
    project_id = said(send(office.installer, "POST", "/installer/projects", project), 201)["id"]
    long = "CP-" + "9" * 45
    for point in ("CP-Q_1", long):
        put_up(office, project_id, point, commissioned=False)
        said(send(office.key, "POST", f"/sites/{site_id}/chargers", {"charge_point_id": point}))
    planned, other = harbour.get(f"locations/{site_id}")["evses"]
    assert (planned["uid"], planned["evse_id"], planned["status"]) == ("CP-Q_1-1", "GB*GMK*ECPQ1*1", "PLANNED")
    assert (len(other["uid"]) <= 36, len(other["evse_id"])) == (True, 48)
    assert harbour.get(f"locations/{site_id}/{other['uid']}") == other
    put_up(office, project_id, "CP-Q-2")
    said(send(office.key, "POST", f"/sites/{site_id}/chargers", {"charge_point_id": "CP-Q-2"}))
    assert harbour.get(f"locations/{site_id}/CP-Q-2-1")["status"] == "AVAILABLE"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Utrecht, NL", Address("Utrecht", "Utrecht", "NL")),
        ("Keizersgracht 455, Amsterdam", Address("Keizersgracht 455", "Amsterdam", "GB")),
        ("Unit 4, Dock Road, Hull, IE", Address("Unit 4, Dock Road", "Hull", "IE")),
        ("Hull", Address("Hull", "Hull", "GB")),
        ("NL", Address("NL", "NL", "GB")),
        (" , ", Address(" , ", " , ", "GB")),
    ],
)
def test_an_address_in_one_line_is_taken_apart(text: str, address: Address) -> None:
    assert Address.read(text, "GB") == address


def test_every_country_has_three_letters() -> None:
    assert three_letter_countries().keys() == countries()
    assert {three_letter_countries()[each] for each in ("NL", "GB", "DE", "CH", "US")} == {
        "NLD", "GBR", "DEU", "CHE", "USA",
    }  # fmt: skip
    assert all(len(each) == 3 for each in three_letter_countries().values())
