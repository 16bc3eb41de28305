"""Grid connections, batteries and sensors: registered, read, listed, changed, removed; and what forbids it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from contract_tests.laws.law import NotPlayed, law
from contract_tests.laws.stage import Stage
from contract_tests.laws.stekker_bess.registered import (
    BATTERIES,
    KINDS,
    SENSORS,
    SITES,
    Kind,
    battery,
    battery_body,
    listed,
    one_of_each,
    registered,
    sensor,
    sensor_body,
    site,
    site_body,
    tried,
)

_NOBODY = "00000000-0000-4000-8000-000000000000"
_CREATE = tuple(kind.create for kind in KINDS)
_READ = tuple(kind.read for kind in KINDS)
_LIST = tuple(kind.collection for kind in KINDS)
_CHANGE = tuple(kind.change for kind in KINDS)
_DELETE = tuple(kind.delete for kind in KINDS)
_FUSE_KW = 230 / 1000


@law("inferred", "critical", *_CREATE, *_READ)
def what_is_registered_can_be_read(stage: Stage) -> None:
    """What was registered is read back as it was sent, under the id that was given."""
    for kind, body, thing in one_of_each(stage):
        exchange = stage.call(kind.read, id=thing["id"])
        stage.succeeds(exchange, "what was registered can be read", kind.schema)
        _require_members(stage, exchange, body, kind.schema)
        came = stage.fitting(exchange)
        says = "reading gives what registering answered"
        stage.require(came == thing, exchange, says, f"registered as {thing}", kind.schema)


@law("inferred", "critical", *_CREATE, *_LIST)
def what_is_registered_is_listed_once(stage: Stage) -> None:
    """What was registered is in its list, once, as it reads by itself."""
    for kind, _, thing in one_of_each(stage):
        items, pages = listed(stage, kind)
        found = [item for item in items if item["id"] == thing["id"]]
        says = f"the list holds {thing['id']} once"
        stage.require(len(found) == 1, pages[-1], says, f"{len(found)} times", kind.schema)
        says = "an item of the list is what it is by itself"
        stage.require(found[0] == thing, pages[-1], says, f"{found[0]}", kind.schema)


@law("inferred", "major", *_LIST, SITES.create)
def pages_hold_everything_once(stage: Stage) -> None:
    """Page by page, a list holds each item once, as many as it says, and no page is longer than was asked for."""
    ids = [site(stage) for _ in range(3)]
    items, pages = listed(stage, SITES, per_page=2)
    for number, exchange in enumerate(pages, 1):
        answer = stage.fitting(exchange)
        paging = answer["pagination"]
        length, total = len(answer["data"]), paging["total_count"]
        stage.require(length <= 2, exchange, "per_page=2: at most two items", f"{length} items", "Pagination.per_page")
        wanted = {"page": number, "per_page": 2, "total_count": total, "total_pages": -(-total // 2)}
        came = {name: paging[name] for name in wanted}
        stage.require(came == wanted, exchange, f"{wanted}", f"{came}", "Pagination")
    total = stage.fitting(pages[-1])["pagination"]["total_count"]
    says = f"total_count says {total} items, which the pages hold"
    stage.require(len(items) == total, pages[-1], says, f"they hold {len(items)}", "Pagination.total_count")
    times = Counter(item["id"] for item in items)
    for thing_id in ids:
        says = f"{thing_id} is on one page"
        stage.require(times[thing_id] == 1, pages[-1], says, f"it is there {times[thing_id]} times", "GridConnection")
    twice = [thing_id for thing_id, number in times.items() if number > 1]
    stage.require(not twice, pages[-1], "each item is on one page", f"{twice[:3]} on several", "GridConnection")


@law("inferred", "major", BATTERIES.collection, SENSORS.collection)
def filters_select(stage: Stage) -> None:
    """A filter gives what it names and nothing else."""
    site_id = site(stage)
    own = registered(stage, BATTERIES, battery_body(stage, site_id))["id"]
    battery(stage)
    _require_only(stage, BATTERIES, {own}, {"grid_connection_id": site_id})
    solar = sensor(stage, site_id, kind="solar")["id"]
    meter = sensor(stage, site_id)["id"]
    sensor(stage)
    _require_only(stage, SENSORS, {solar, meter}, {"grid_connection_id": site_id})
    _require_only(stage, SENSORS, {solar}, {"grid_connection_id": site_id, "kind": "solar"})


def _require_only(stage: Stage, kind: Kind, wanted: set[str], filters: dict[str, str]) -> None:
    items, pages = listed(stage, kind, filters=filters)
    came = {item["id"] for item in items}
    says = f"with {filters}: {sorted(wanted)}"
    stage.require(came == wanted, pages[-1], says, f"{sorted(came)}", kind.schema)


@law("inferred", "critical", *_CHANGE, *_READ)
def change_changes_only_what_it_names(stage: Stage) -> None:
    """A change is read back, and leaves every member alone that it does not name."""
    changes: dict[Kind, tuple[dict[str, Any], ...]] = {
        SITES: ({"contracted_import_kw": 40.5}, {"location": {"address": "Dorpsstraat 1, Ons Dorp"}}),
        BATTERIES: ({"capacity_kwh": 120.5}, {"max_soc_percent": 85}),
        SENSORS: ({"name": f"{stage.name()}-renamed"}, {"external_id": stage.name()}),
    }
    for kind, _, thing in one_of_each(stage):
        expected = dict(thing)
        for change in changes[kind]:
            for name, value in change.items():
                expected[name] = expected[name] | value if isinstance(value, dict) else value
            exchange = stage.call(kind.change, change, id=thing["id"])
            stage.succeeds(exchange, f"{change} is a change", kind.schema)
            _require_but(stage, exchange, expected, kind.schema)
            _require_but(stage, stage.done(kind.read, id=thing["id"]), expected, kind.schema)


def _require_but(stage: Stage, exchange: Any, expected: Any, schema: str) -> None:
    """What came is what is expected, except for when it was changed."""
    came = stage.fitting(exchange)
    other = {name: came.get(name) for name in expected if name != "updated_at" and came.get(name) != expected[name]}
    wanted = {name: expected[name] for name in other}
    stage.require(not other, exchange, f"after the change: {wanted}", f"{other}", schema)


@law("inferred", "critical", *_DELETE, *_READ, *_LIST)
def what_is_removed_is_gone(stage: Stage) -> None:
    """What was removed can be neither read nor changed nor removed again, and is in no list."""
    for kind, _, thing in reversed(one_of_each(stage)):
        exchange = stage.call(kind.delete, id=thing["id"])
        stage.succeeds(exchange, "what was registered can be removed", kind.schema)
        for operation, body in ((kind.read, None), (kind.change, {"name": "late"}), (kind.delete, None)):
            exchange = stage.call(operation, body, id=thing["id"])
            stage.refuses(exchange, (404, 410), "404: it was removed", kind.schema)
        items, pages = listed(stage, kind)
        there = any(item["id"] == thing["id"] for item in items)
        stage.require(not there, pages[-1], f"{thing['id']} was removed", "it is still listed", kind.schema)


@law("inferred", "major", SITES.delete)
def grid_connection_in_use_stays(stage: Stage) -> None:
    """A grid connection with a battery or a sensor on it cannot be removed: 409."""
    for kind, body in ((BATTERIES, battery_body), (SENSORS, sensor_body)):
        site_id = site(stage)
        thing = registered(stage, kind, body(stage, site_id))
        exchange = stage.call(SITES.delete, id=site_id)
        stage.refuses(exchange, (409,), f"409: there is still {thing['name']} on it", "GridConnection")
        stage.succeeds(stage.call(SITES.read, id=site_id), "what could not be removed is still there")
        stage.done(kind.delete, id=thing["id"])
        stage.succeeds(stage.call(SITES.delete, id=site_id), "once nothing is on it, it can be removed")


@law("inferred", "major", SENSORS.create, SITES.create)
def external_id_is_taken_once(stage: Stage) -> None:
    """An external id that another sensor or another grid connection has is refused with 409."""
    site_id = site(stage)
    for kind, body in ((SITES, site_body(stage)), (SENSORS, sensor_body(stage, site_id))):
        registered(stage, kind, body)
        exchange = tried(stage, kind, {**body, "name": stage.name()})
        says = f"409: external_id {body['external_id']} is taken"
        stage.refuses(exchange, (409,), says, kind.schema)


@law("inferred", "critical", SITES.create, SITES.change)
def power_of_a_connection_follows_from_its_fuse(stage: Stage) -> None:
    """A grid connection carries its fuse times 230 V times its phases."""
    for phases in (1, 3):
        thing = registered(stage, SITES, site_body(stage, number_of_phases=phases, fuse_limit_amperes=63))
        for amperes in (63, 125):
            exchange = stage.done(SITES.change, {"fuse_limit_amperes": amperes}, id=thing["id"])
            came, wanted = stage.fitting(exchange)["max_power_kw"], amperes * _FUSE_KW * phases
            says = f"{amperes} A × 230 V × {phases} = {wanted:g} kW"
            near = abs(came - wanted) < 0.001
            stage.require(near, exchange, says, f"max_power_kw is {came}", "GridConnection.max_power_kw")


@law("inferred", "major", BATTERIES.create, SENSORS.create)
def grid_connection_has_to_exist(stage: Stage) -> None:
    """A battery or a sensor on a grid connection that does not exist is refused with 422."""
    for kind, body in ((BATTERIES, battery_body), (SENSORS, sensor_body)):
        exchange = tried(stage, kind, body(stage, _NOBODY))
        stage.refuses(exchange, (422,), "422: there is no such grid connection", kind.schema)


@law("inferred", "major", BATTERIES.change, SENSORS.change)
def grid_connection_is_for_good(stage: Stage) -> None:
    """A battery or a sensor cannot be moved to another grid connection."""
    site_id, elsewhere = site(stage), site(stage)
    for kind, body in ((BATTERIES, battery_body), (SENSORS, sensor_body)):
        thing = registered(stage, kind, body(stage, site_id))
        exchange = stage.call(kind.change, {"grid_connection_id": elsewhere}, id=thing["id"])
        stage.refuses(exchange, (400, 422), "400: grid_connection_id is for good", kind.schema)
        came = stage.got(kind.read, id=thing["id"])["grid_connection_id"]
        stage.require(came == site_id, exchange, "a refused change changes nothing", f"it is on {came}", kind.schema)


@law("inferred", "major", BATTERIES.create, BATTERIES.change)
def battery_makes_sense(stage: Stage) -> None:
    """Crossed limits of the state of charge are refused, and powers that the grid connection could never carry."""
    site_id = site(stage)
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"min_soc_percent": 80, "max_soc_percent": 20}, "422: min_soc_percent is not below max_soc_percent"),
        ({"max_charge_power_kw": 500}, "422: more than twice what the grid connection carries"),
        ({"max_discharge_power_kw": 500}, "422: more than twice what the grid connection carries"),
    )
    thing = registered(stage, BATTERIES, battery_body(stage, site_id))
    for members, says in wrong:
        exchange = tried(stage, BATTERIES, battery_body(stage, site_id, **members))
        stage.refuses(exchange, (422,), says, "Battery")
        stage.refuses(stage.call(BATTERIES.change, members, id=thing["id"]), (422,), says, "Battery")


@law("inferred", "critical", *_READ, *_LIST)
def another_organization_sees_nothing(stage: Stage) -> None:
    """What one organization registered is 404 for another, and in none of its lists."""
    stranger = stage.as_other()
    for kind, _, thing in one_of_each(stage):
        exchange = stage.call(kind.read, headers=stranger, id=thing["id"])
        stage.refuses(exchange, (404,), "404: this belongs to another organization", kind.schema)
        exchange = stage.call(kind.collection, query={"per_page": 100}, headers=stranger)
        if exchange.status != 200:
            raise NotPlayed(f"the other organization gets {exchange.outcome(stage.run.credentials)}")
        there = any(item["id"] == thing["id"] for item in stage.fitting(exchange)["data"])
        says = f"{thing['id']} belongs to another organization"
        stage.require(not there, exchange, says, "it is listed", kind.schema)


def _require_members(stage: Stage, exchange: Any, body: dict[str, Any], schema: str) -> None:
    came = stage.fitting(exchange)
    for name, value in body.items():
        got = came.get(name)
        if isinstance(value, dict):
            got = {key: got.get(key) for key in value} if isinstance(got, dict) else got
        stage.require(got == value, exchange, f"{name} is {value}, as sent", f"it is {got}", f"{schema}.{name}")


LAWS = (
    what_is_registered_can_be_read,
    what_is_registered_is_listed_once,
    pages_hold_everything_once,
    filters_select,
    change_changes_only_what_it_names,
    what_is_removed_is_gone,
    grid_connection_in_use_stays,
    external_id_is_taken_once,
    power_of_a_connection_follows_from_its_fuse,
    grid_connection_has_to_exist,
    grid_connection_is_for_good,
    battery_makes_sense,
    another_organization_sees_nothing,
)
