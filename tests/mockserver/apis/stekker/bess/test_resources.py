"""Grid connections, batteries and sensors: made, read, listed, changed, removed, each by the same rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from mockserver.apis.stekker import BESS as API
from mockserver.apis.stekker.bess.registry import BATTERIES, GRID_CONNECTIONS, SENSORS
from mockserver.http.resources import REQUIRED, Resource
from specs.build import follow
from specs.catalogue import path_of
from specs.loader import load
from tests.asgi import Client
from tests.mock import NOON, Mock
from tests.mockserver.apis.stekker.bess.steps import (
    BATTERY,
    GRID_CONNECTION,
    NOBODY,
    SENSOR,
    Wire,
    battery,
    delete,
    get,
    grid_connection,
    items,
    patch,
    post,
    refused,
    said,
    send,
    sensor,
)


@dataclass(frozen=True)
class Kind:
    """One kind of resource: where it is, what makes one, and a change of it."""

    path: str
    make: Callable[..., Wire]
    least: Mapping[str, Any]
    defaults: Mapping[str, Any]
    change: Mapping[str, Any]
    resource: Resource
    create_schema: str


KINDS = {
    "grid connection": Kind(
        path="/grid_connections",
        make=grid_connection,
        least=GRID_CONNECTION,
        defaults={
            "external_id": None,
            "number_of_phases": 3,
            "contracted_import_kw": None,
            "contracted_export_kw": None,
            "market_region": "NL",
            "max_power_kw": 172.5,
            "location": {
                "latitude": 52.34,
                "longitude": 4.87,
                "address": None,
                "country_code": "NL",
                "time_zone": "Europe/Amsterdam",
            },
        },
        change={"name": "Other", "contracted_import_kw": 50.5, "market_region": "DE-LU"},
        resource=GRID_CONNECTIONS,
        create_schema="GridConnectionCreate",
    ),
    "battery": Kind(
        path="/batteries",
        make=battery,
        least=BATTERY,
        defaults={
            "external_id": None,
            "min_soc_percent": 10,
            "max_soc_percent": 90,
            "round_trip_efficiency": 0.9,
            "current_soc_percent": None,
        },
        change={"name": "Other", "external_id": "b-1", "min_soc_percent": 0, "current_soc_percent": 12.5},
        resource=BATTERIES,
        create_schema="BatteryCreate",
    ),
    "sensor": Kind(
        path="/sensors",
        make=sensor,
        least=SENSOR,
        defaults={
            "external_id": None,
            "battery_id": None,
            "quantities": ["power", "energy_import"],
            "last_measurement_at": None,
        },
        change={"name": "Other", "kind": "solar", "quantities": ["power"]},
        resource=SENSORS,
        create_schema="SensorCreate",
    ),
}


@pytest.fixture(params=[*KINDS])
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each kind of resource."""
    return KINDS[request.param]


@pytest.fixture
def south(mock: Mock) -> Client:
    """An organization that has nothing yet."""
    return mock.south


def test_a_new_one_has_what_was_sent_and_the_defaults(south: Client, kind: Kind) -> None:
    made = kind.make(south)
    assert {**made, **kind.least, **kind.defaults} == made
    assert made["created_at"] == made["updated_at"] == "2026-03-18T12:00:00Z"


def test_what_was_made_is_read_back_and_listed(south: Client, kind: Kind) -> None:
    made = [kind.make(south) for _ in range(3)]
    assert [get(south, f"{kind.path}/{each['id']}") for each in made] == made
    assert items(south, kind.path) == made
    assert len({each["id"] for each in made}) == 3


def test_ids_are_uuids_whose_case_does_not_matter(south: Client, kind: Kind) -> None:
    made = kind.make(south)
    assert made["id"][14] == "8"
    assert get(south, f"{kind.path}/{made['id'].upper()}") == made


def test_members_of_no_meaning_are_ignored(south: Client, kind: Kind) -> None:
    noise = {"id": NOBODY, "created_at": "2020-01-01T00:00:00Z", "max_power_kw": 1, "colour": {"a": [1]}}
    made = kind.make(south, **noise)
    assert made["id"] != NOBODY
    assert made["created_at"] == "2026-03-18T12:00:00Z"
    assert "colour" not in made
    assert patch(south, f"{kind.path}/{made['id']}", noise) == made


def test_a_change_touches_what_is_sent_alone(mock: Mock, kind: Kind) -> None:
    made = kind.make(mock.south)
    mock.runtime.clock.advance(timedelta(hours=1))
    changed = patch(mock.south, f"{kind.path}/{made['id']}", kind.change)
    assert changed == {**made, **kind.change, "updated_at": "2026-03-18T13:00:00Z"}
    assert get(mock.south, f"{kind.path}/{made['id']}") == changed


def test_a_whole_one_can_be_sent_back_as_a_change(south: Client, kind: Kind) -> None:
    made = kind.make(south)
    assert patch(south, f"{kind.path}/{made['id']}", made) == made


def test_an_empty_change_is_one(south: Client, kind: Kind) -> None:
    made = kind.make(south)
    assert patch(south, f"{kind.path}/{made['id']}", {}) == made


def test_what_was_removed_is_gone(south: Client, kind: Kind) -> None:
    gone, kept = kind.make(south), kind.make(south)
    delete(south, f"{kind.path}/{gone['id']}")
    assert items(south, kind.path) == [kept]
    for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
        assert gone["id"] in refused(send(south, method, f"{kind.path}/{gone['id']}", body), 404)


def test_the_id_of_one_that_is_gone_is_never_given_again(south: Client, kind: Kind) -> None:
    first = kind.make(south)
    delete(south, f"{kind.path}/{first['id']}")
    assert kind.make(south)["id"] != first["id"]


def test_pages_visit_everything_once_in_the_order_of_making(south: Client, kind: Kind) -> None:
    connection = grid_connection(south) if kind.path != "/grid_connections" else None
    made = [kind.make(south, *([connection] if connection else [])) for _ in range(7)]
    assert items(south, kind.path, per_page=3) == made
    assert get(south, kind.path, per_page=3)["pagination"] == {
        "page": 1,
        "per_page": 3,
        "total_count": 7,
        "total_pages": 3,
    }
    assert get(south, kind.path, page=9)["data"] == []


@pytest.mark.parametrize("query", [{"page": 0}, {"per_page": 0}, {"per_page": 101}, {"page": "x"}, {"page": "1.5"}])
def test_a_page_that_cannot_be_is_refused(south: Client, kind: Kind, query: Mapping[str, Any]) -> None:
    assert next(iter(query)) in refused(send(south, "GET", kind.path, **query), 400)


@pytest.mark.parametrize("name", ["battery", "sensor"])
def test_a_thing_stays_on_its_grid_connection(south: Client, name: str) -> None:
    kind, member = KINDS[name], "grid_connection_id"
    made, other = kind.make(south), grid_connection(south)
    path = f"{kind.path}/{made['id']}"
    assert member in refused(send(south, "PATCH", path, {"name": "x", member: other["id"]}), 400)
    assert get(south, path) == made
    assert patch(south, path, {member: made[member].upper()}) == made


@pytest.mark.parametrize("name", ["battery", "sensor"])
def test_lists_are_filtered_by_grid_connection(south: Client, name: str) -> None:
    kind = KINDS[name]
    made = [kind.make(south) for _ in range(2)]
    for each in made:
        assert items(south, kind.path, grid_connection_id=each["grid_connection_id"].upper()) == [each]
    assert items(south, kind.path, grid_connection_id=NOBODY) == []
    assert "grid_connection_id" in refused(send(south, "GET", kind.path, grid_connection_id="x"), 400)


def test_sensors_are_filtered_by_kind(south: Client) -> None:
    connection = grid_connection(south)
    made = {kind: sensor(south, connection, kind=kind) for kind in ("grid", "solar", "consumption", "charge_point")}
    for kind, each in made.items():
        assert items(south, "/sensors", kind=kind) == [each]
        assert items(south, "/sensors", kind=kind, grid_connection_id=NOBODY) == []
    assert "kind" in refused(send(south, "GET", "/sensors", kind="water"), 400)


def test_the_address_of_a_place_changes_by_itself(south: Client) -> None:
    made = grid_connection(south)
    changed = patch(south, f"/grid_connections/{made['id']}", {"location": {"address": "Strawinskylaan 3", "x": 1}})
    assert changed["location"] == {**made["location"], "address": "Strawinskylaan 3"}


@pytest.mark.parametrize(
    ("amperes", "phases", "power_kw"), [(25, 3, 17.25), (80, 1, 18.4), (6000, 3, 4140), (0.5, 1, 0.115)]
)
def test_a_fuse_carries_its_current_at_230_v(south: Client, amperes: float, phases: int, power_kw: float) -> None:
    made = grid_connection(south, fuse_limit_amperes=amperes, number_of_phases=phases)
    assert made["max_power_kw"] == pytest.approx(power_kw, rel=1e-12)


# What the state of things forbids


@pytest.mark.parametrize("name", ["grid connection", "sensor"])
def test_no_two_have_the_same_external_id(south: Client, name: str) -> None:
    kind = KINDS[name]
    first, second = kind.make(south, external_id="x-1"), kind.make(south)
    connection = {} if "grid_connection_id" not in first else {"grid_connection_id": first["grid_connection_id"]}
    body = {**kind.least, **connection, "external_id": "x-1"}
    assert first["id"] in refused(send(south, "POST", kind.path, body), 409)
    assert first["id"] in refused(send(south, "PATCH", f"{kind.path}/{second['id']}", {"external_id": "x-1"}), 409)
    assert items(south, kind.path) == [first, second]
    assert patch(south, f"{kind.path}/{first['id']}", {"external_id": "x-1"}) == first
    patch(south, f"{kind.path}/{first['id']}", {"external_id": None})
    assert patch(south, f"{kind.path}/{second['id']}", {"external_id": "x-1"})["external_id"] == "x-1"


def test_organizations_may_use_the_same_external_id(mock: Mock) -> None:
    assert grid_connection(mock.south, external_id="x")["external_id"] == "x"
    assert grid_connection(mock.north, external_id="x")["external_id"] == "x"


def test_a_grid_connection_stays_while_anything_is_on_it(south: Client) -> None:
    connection = grid_connection(south)
    cell, meter = battery(south, connection), [sensor(south, connection), sensor(south, connection)]
    path = f"/grid_connections/{connection['id']}"
    assert "1 battery and 2 sensors" in refused(send(south, "DELETE", path), 409)
    delete(south, f"/batteries/{cell['id']}")
    delete(south, f"/sensors/{meter[0]['id']}")
    assert "still has 1 sensor;" in refused(send(south, "DELETE", path), 409)
    delete(south, f"/sensors/{meter[1]['id']}")
    delete(south, path)


def test_a_sensor_outlives_the_battery_that_it_measured(south: Client) -> None:
    connection = grid_connection(south)
    cell = battery(south, connection)
    meter = sensor(south, connection, kind="battery", battery_id=cell["id"])
    delete(south, f"/batteries/{cell['id']}")
    assert patch(south, f"/sensors/{meter['id']}", {"name": "Spare"})["battery_id"] == cell["id"]


# Bodies that are refused: (member, value, status), each beside a body that is accepted

REFUSED: list[tuple[str, str, Any, int]] = [
    ("grid connection", "name", "", 400),
    ("grid connection", "name", "x" * 101, 400),
    ("grid connection", "name", 5, 400),
    ("grid connection", "name", None, 400),
    ("grid connection", "external_id", "x" * 101, 400),
    ("grid connection", "fuse_limit_amperes", 0, 400),
    ("grid connection", "fuse_limit_amperes", 6000.5, 400),
    ("grid connection", "fuse_limit_amperes", "63", 400),
    ("grid connection", "number_of_phases", 2, 400),
    ("grid connection", "number_of_phases", True, 400),
    ("grid connection", "contracted_import_kw", 0, 400),
    ("grid connection", "contracted_export_kw", -1, 400),
    ("grid connection", "market_region", "XX", 422),
    ("grid connection", "market_region", "GB", 422),
    ("grid connection", "market_region", "NL-900", 422),
    ("grid connection", "market_region", "", 400),
    ("grid connection", "location", None, 400),
    ("grid connection", "location", {"latitude": 91}, 400),
    ("grid connection", "location", {"longitude": -180.5}, 400),
    ("grid connection", "location", {"country_code": "nl"}, 400),
    ("grid connection", "location", {"time_zone": "Europe/Atlantis"}, 422),
    ("grid connection", "location", {"time_zone": "../../etc/passwd"}, 422),
    ("battery", "capacity_kwh", 0, 400),
    ("battery", "capacity_kwh", "big", 400),
    ("battery", "max_charge_power_kw", 0, 400),
    ("battery", "max_charge_power_kw", 345.5, 422),
    ("battery", "max_discharge_power_kw", 345.5, 422),
    ("battery", "min_soc_percent", -1, 400),
    ("battery", "max_soc_percent", 100.5, 400),
    ("battery", "min_soc_percent", 90, 422),
    ("battery", "max_soc_percent", 5, 422),
    ("battery", "round_trip_efficiency", 0, 400),
    ("battery", "round_trip_efficiency", 1.01, 400),
    ("battery", "current_soc_percent", 101, 400),
    ("sensor", "kind", "water", 400),
    ("sensor", "kind", "battery", 400),
    ("sensor", "quantities", [], 400),
    ("sensor", "quantities", ["power", "power"], 400),
    ("sensor", "quantities", ["voltage"], 400),
    ("sensor", "battery_id", NOBODY, 422),
    ("sensor", "battery_id", "x", 400),
]


@pytest.mark.parametrize(("name", "member", "value", "status"), REFUSED)
def test_a_value_that_cannot_be_is_refused_by_name(
    south: Client, name: str, member: str, value: Any, status: int
) -> None:
    kind, connection = KINDS[name], grid_connection(south)
    body = {**kind.least, "grid_connection_id": connection["id"]}
    changed = {**body.get(member, {}), **value} if isinstance(value, dict) else value
    named = "battery_id" if (member, value) == ("kind", "battery") else member
    assert named in refused(send(south, "POST", kind.path, {**body, member: changed}), status)
    made = post(south, kind.path, body)
    path = f"{kind.path}/{made['id']}"
    assert named in refused(send(south, "PATCH", path, {member: value}), status)
    assert get(south, path) == made


@pytest.mark.parametrize(
    ("name", "member"),
    [(name, member) for name, kind in KINDS.items() for member in kind.least]
    + [("battery", "grid_connection_id"), ("sensor", "grid_connection_id")],
)
def test_a_required_member_that_is_missing_is_named(south: Client, name: str, member: str) -> None:
    kind = KINDS[name]
    body = {**kind.least, "grid_connection_id": grid_connection(south)["id"]}
    del body[member]
    assert member in refused(send(south, "POST", kind.path, body), 400)


@pytest.mark.parametrize("member", ["latitude", "longitude"])
def test_a_place_needs_both_coordinates(south: Client, member: str) -> None:
    place = {**GRID_CONNECTION["location"]}
    del place[member]
    body = {**GRID_CONNECTION, "location": place}
    assert member in refused(send(south, "POST", "/grid_connections", body), 400)


@pytest.mark.parametrize("name", ["battery", "sensor"])
def test_a_grid_connection_that_does_not_exist_is_refused(south: Client, name: str) -> None:
    kind = KINDS[name]
    body = {**kind.least, "grid_connection_id": NOBODY}
    assert "grid_connection_id" in refused(send(south, "POST", kind.path, body), 422)


def test_everything_that_is_wrong_is_told_at_once(south: Client) -> None:
    answer = said(send(south, "POST", "/batteries", {"name": 5, "capacity_kwh": -1}), 400)
    for name in ("name", "capacity_kwh", "grid_connection_id", "max_charge_power_kw", "max_discharge_power_kw"):
        assert name in answer["error"]
    assert len(answer["details"]) == 5


def test_a_sensor_of_a_battery_is_on_the_same_grid_connection(south: Client) -> None:
    cell = battery(south)
    body = {**SENSOR, "kind": "battery", "battery_id": cell["id"], "grid_connection_id": grid_connection(south)["id"]}
    assert "battery_id" in refused(send(south, "POST", "/sensors", body), 422)
    body["grid_connection_id"] = cell["grid_connection_id"]
    assert post(south, "/sensors", body)["battery_id"] == cell["id"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {"content-type": "application/json"}, 400),
        (b"[]", {"content-type": "application/json"}, 400),
        (b'"x"', {"content-type": "application/json"}, 400),
        (b"", {"content-type": "application/json"}, 400),
        (b'{"name": "x",}', {"content-type": "application/json"}, 400),
        (b"name=x", {"content-type": "application/x-www-form-urlencoded"}, 415),
        (b"{}", {}, 415),
        (b"{}", {"content-type": "application/json", "accept": "text/html"}, 406),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(
    south: Client, kind: Kind, method: str, content: bytes, headers: Mapping[str, str], status: int
) -> None:
    path = kind.path if method == "POST" else f"{kind.path}/{kind.make(south)['id']}"
    before = items(south, kind.path)
    refused(south.request(method, f"{API.base_path}{path}", content=content, headers=headers), status)
    assert items(south, kind.path) == before


@pytest.mark.parametrize("path", ["/grid_connections/x", "/batteries/1", "/sensors/%20", "/nowhere", "/batteries/x/y"])
def test_a_path_that_leads_nowhere_is_not_found(south: Client, path: str) -> None:
    assert refused(send(south, "GET", path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/batteries", "GET, HEAD, POST"),
        ("PUT", f"/batteries/{NOBODY}", "DELETE, GET, HEAD, PATCH"),
        ("GET", f"/batteries/{NOBODY}/schedules/cash_optimized", "POST"),
    ],
)
def test_a_method_that_there_is_not_is_answered_with_those_there_are(
    south: Client, method: str, path: str, allowed: str
) -> None:
    response = send(south, method, path)
    assert (response.status, response.headers["allow"]) == (405, allowed)


# The declarations and the contract


def declared(schema_name: str) -> dict[str, Any]:
    """The members of a schema of the contract: their default, or REQUIRED; of an object its members."""
    document = load(path_of(API.name)).document

    def members(schema: Any) -> dict[str, Any]:
        _, schema = follow(document, "", schema)
        found: dict[str, Any] = {}
        for part in schema.get("allOf", ()):
            inner = members(part)
            found |= {name: value for name, value in inner.items() if value is not REQUIRED or name not in found}
        for name, written in schema.get("properties", {}).items():
            below = members(written)
            default = written.get("default", REQUIRED)
            if below:
                found[name] = below
            elif default is not REQUIRED or name not in found:
                found[name] = default
        return found

    return members({"$ref": f"#/components/schemas/{schema_name}"})


def test_the_declaration_has_the_members_and_defaults_of_the_contract(kind: Kind) -> None:
    assert declared(kind.create_schema) == kind.resource.members


def test_times_are_those_of_the_virtual_clock(mock: Mock, kind: Kind) -> None:
    later = NOON + timedelta(days=2, microseconds=500_000)
    mock.runtime.clock.set(later)
    assert datetime.fromisoformat(kind.make(mock.south)["created_at"]) == later
