"""Named worlds: how they are written, what is in them, and when they start."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fixtures import prices
from fixtures.calibration import table
from fixtures.days import slots_of_day
from mockserver.clock import Clock
from mockserver.domain.sites import Site
from mockserver.domain.world import World
from mockserver.domain.worlds import MAX_SIZE, NamedWorld, world_names
from specs.catalogue import path_of
from specs.loader import load

NAMES = [name.partition(":")[0] for name in world_names()]


def sites_of(text: str, seed: int = 1) -> tuple[Site, ...]:
    return World(seed, Clock(speed=0), NamedWorld.parse(text)).sites


def test_the_worlds_that_were_promised_are_there() -> None:
    promised = {"empty", "home", "depot", "city", "negative_price_day", "dst_day", "grid_congestion", "fleet"}
    assert promised <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_world_is_written_as_it_is_read(name: str) -> None:
    named = NamedWorld.parse(name)
    assert NamedWorld.parse(str(named)) == named


def test_a_fleet_can_have_any_size() -> None:
    assert NamedWorld.parse("fleet:7").size == 7
    assert NamedWorld.parse(f"fleet:{MAX_SIZE}").size == MAX_SIZE
    assert NamedWorld.parse("fleet").size == table("sites")["worlds"]["fleet"]["size"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nowhere", "there is no world 'nowhere'; there are city, empty"),
        ("", "there is no world ''"),
        ("home:3", "one size only: write 'home'"),
        ("fleet:", "is not a number of chargers"),
        ("fleet:0", "from 1 to"),
        ("fleet:-1", "from 1 to"),
        ("fleet:٣", "from 1 to"),
        (f"fleet:{MAX_SIZE + 1}", "write fleet:500"),
        ("fleet:" + "9" * 5000, "from 1 to"),
    ],
)
def test_a_world_that_cannot_be_says_what_can(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("?", r"\?")):
        NamedWorld.parse(text)


def test_the_control_plane_s_contract_names_the_same_worlds() -> None:
    (schema,) = (load(path_of("control")).document["components"]["schemas"]["WorldName"],)
    for name in (*world_names(), *NAMES, "fleet:1", f"fleet:{MAX_SIZE}"):
        assert re.search(schema["pattern"], name), name
    for text in ("nowhere", "home:3", "fleet:0", f"fleet:{MAX_SIZE + 1}", "city "):
        assert not re.search(schema["pattern"], text), text


@pytest.mark.parametrize("seed", range(10))
def test_a_negative_price_day_has_them_from_local_midnight_on(seed: int) -> None:
    start = NamedWorld("negative_price_day").starts_at(seed)
    assert start is not None
    local = start.astimezone(ZoneInfo("Europe/Amsterdam"))
    assert (local.hour, local.minute) == (0, 0)
    assert sum(price < 0 for price in prices.day_ahead(seed, "NL", local.date(), 3600)) >= 4


def test_a_dst_day_starts_on_a_day_of_25_hours() -> None:
    start = NamedWorld("dst_day").starts_at(1)
    assert start is not None
    zone = ZoneInfo("Europe/Amsterdam")
    assert len(slots_of_day(zone, start.astimezone(zone).date(), 900)) == 100


def test_the_other_worlds_start_now() -> None:
    assert NamedWorld("city").starts_at(1) is None


@pytest.mark.parametrize("name", [name for name in NAMES if name != "empty"])
@pytest.mark.parametrize("seed", [1, 2])
def test_sites_are_whole(name: str, seed: int) -> None:
    found = sites_of(name, seed)
    assert found
    identities = [charger.identity for site in found for charger in site.chargers]
    evses = [evse for site in found for evse in site.evses]
    for unique in (identities, [site.id for site in found], [site.key for site in found]):
        assert len(set(unique)) == len(unique)
    assert len({evse.id for evse in evses}) == len({evse.evse_id for evse in evses}) == len(evses)
    for site in found:
        zone = ZoneInfo(site.timezone)
        assert site.area is None or site.area.zone == zone
        assert site.connection.power_limit_w == site.connection.fuse_a * 230 * site.connection.phases
        for charger in site.chargers:
            assert len(charger.identity) <= 48  # OCPP 2.0.1, identifierString
            assert [evse.number for evse in charger.evses] == [*range(1, len(charger.evses) + 1)]
            assert charger.traits.protocol in charger.model.protocols
            for evse in charger.evses:
                assert evse.traits.zone == zone
                assert evse.traits.phases <= site.connection.phases
                assert evse.traits.power_w <= charger.model.power_w


def test_home_is_a_home() -> None:
    (site,) = sites_of("home")
    assert (site.place, len(site.chargers)) == ("home", 1)
    assert site.solar
    assert site.battery
    assert site.tariff
    assert site.tariff.rates
    assert site.tariff.export_rates


def test_the_city_has_every_kind_of_place_and_the_home_of_every_driver() -> None:
    world = World(3, Clock(speed=0))
    assert {site.place for site in world.sites} == {"home", "workplace", "public_ac", "dc_hub", "depot"}
    assert {site.driver for site in world.sites} == {None, *world.drivers}
    for site in world.sites:
        if site.driver:
            assert (site.tariff, site.country_code) == (site.driver.tariff, site.driver.country_code)
            assert site.opened_on == site.driver.joined_at.date()


def test_congestion_leaves_less_than_the_outlets_could_give() -> None:
    (site,) = sites_of("grid_congestion")
    assert all(evse.traits.limits for evse in site.evses)


def test_a_larger_fleet_holds_the_smaller_one_unchanged() -> None:
    small, large = sites_of("fleet:70"), sites_of("fleet:210")
    assert sum(len(site.chargers) for site in small) == 70
    assert sum(len(site.chargers) for site in large) == 210
    traits = {charger.identity: charger.traits for site in large for charger in site.chargers}
    for site in small:
        for charger in site.chargers:
            assert traits[charger.identity] == charger.traits


def test_things_are_found_by_id() -> None:
    world = World(1, Clock(datetime(2026, 6, 1, tzinfo=UTC), 0))
    for site in world.sites:
        assert world.site(site.id) is site
        for charger in site.chargers:
            assert world.charger(charger.identity) is charger
    assert world.site("nowhere") is None
    assert world.charger("nothing") is None
    start = datetime(2026, 5, 1, tzinfo=UTC)
    for session in [*world.sessions(start, start + timedelta(hours=6))][:5]:
        assert world.session(session.id) == session
    for unknown in ("", "x", "0" * 26, "7" * 26, "Z" * 26, "é" * 26, world.sites[0].id):
        assert world.session(unknown) is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"colour": "red"}, "colour"),
        ({"place": "moon"}, "moon"),
        ({"chargers": {"toaster": 1}}, "toaster"),
        ({"area": None}, "needs timezone"),
        ({"tariff": "Nothing"}, "no tariff 'Nothing'"),
        ({"limits": [{"window": "07:10-17:00", "power_w": 1}]}, "half-hour"),
    ],
)
def test_a_mistake_in_the_table_is_named(monkeypatch: pytest.MonkeyPatch, rows: dict[str, object], said: str) -> None:
    declared = table("sites")["sites"]
    monkeypatch.setitem(declared, "utrecht-home", declared["utrecht-home"] | rows)
    with pytest.raises(ValueError, match=f"sites.yaml, utrecht-home: .*{said}"):
        sites_of("home")
