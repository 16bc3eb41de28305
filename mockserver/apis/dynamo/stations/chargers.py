"""Which chargers an organization operates, and how they are configured when they come.

A charge point that was registered is a charger like those of the world, of the model in the catalogue that is most like
what its installer said it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from difflib import SequenceMatcher
from functools import lru_cache
from zoneinfo import ZoneInfo

from fixtures.chargers import ChargerModel, models
from fixtures.evses import SAMPLE_INTERVAL_S, ChargerTraits, EvseTraits
from mockserver import ids
from mockserver.apis.dynamo import seed
from mockserver.domain.sites import Charger, Evse
from mockserver.domain.world import World
from mockserver.store import Value

_PROFILES = ("Core", "FirmwareManagement", "LocalAuthListManagement", "RemoteTrigger", "Reservation", "SmartCharging")


_USUAL = "alfen_eve_single"
"""The model of those whose vendor is in no catalogue: one socket of 22 kW."""
_OFFLINE_SHARE = 0.01


def charger_of(world: World, org_id: str, charge_point: Value) -> Charger:
    """The charger that a charge point of an organization is."""
    of_world = chargers(world, org_id).get(charge_point["charge_point_id"])
    if of_world is not None:
        return of_world
    made = ("charge_point_id", "vendor", "model", "serial_number")
    since = charge_point["commissioned_at"] or "9999"  # outages begin a day after the commissioning
    return _registered(world.seed, *(charge_point[name] for name in made), since)


@lru_cache(maxsize=8)
def chargers(world: World, org_id: str) -> Mapping[str, Charger]:
    """The chargers of the world that an organization operates, by what they call themselves."""
    return {charger.identity: charger for site in seed.sites(world, org_id) for charger in site.chargers}


@lru_cache(maxsize=1024)
def _registered(world_seed: int, identity: str, vendor: str, name: str, serial_number: str, since: str) -> Charger:
    model, commissioned_on = _most_like(vendor, name), date.fromisoformat(f"{since}-12-31"[:10])
    outlets = tuple(
        EvseTraits(
            name=f"{identity}/{number}",
            place="dc_hub" if model.is_direct_current else "public_ac",
            zone=ZoneInfo("UTC"),
            power_w=model.power_w,
            phases=model.phases,
            commissioned_on=commissioned_on,
        )
        for number in range(1, model.evses + 1)
    )
    return Charger(
        id=ids.prefixed("", world_seed, "registered charger", identity),
        model=model,
        serial_number=serial_number,
        evses=tuple(
            Evse(ids.prefixed("", world_seed, "registered evse", outlet.name), "", number, model.connectors, outlet)
            for number, outlet in enumerate(outlets, 1)
        ),
        traits=ChargerTraits(
            name=identity,
            model=model.name,
            protocol="1.6",
            evses=outlets,
            sample_interval_s=model.sample_interval_s or SAMPLE_INTERVAL_S,
            offline_share=_OFFLINE_SHARE,
        ),
    )


def _most_like(vendor: str, name: str) -> ChargerModel:
    """The model of that vendor in the catalogue whose name has most of a given one in it."""

    def likeness(model: ChargerModel) -> tuple[int, float]:
        matcher = SequenceMatcher(None, model.model.casefold(), name.casefold(), autojunk=False)
        return matcher.find_longest_match().size, matcher.ratio()

    theirs = [each for each in models().values() if each.vendor.casefold() == vendor.casefold()]
    return max(theirs, key=likeness, default=models()[_USUAL])


def configuration(charger: Charger) -> dict[str, str]:
    """The keys of OCPP 1.6 part 1, chapter 9, that the station knows, as they are from the start."""
    traits = charger.traits
    return {
        "AuthorizeRemoteTxRequests": "false",
        "ClockAlignedDataInterval": str(traits.clock_aligned_s),
        "ConnectionTimeOut": "60",
        "HeartbeatInterval": str(traits.heartbeat_s),
        "LocalAuthListMaxLength": "500",
        "MeterValueSampleInterval": str(traits.sample_interval_s),
        "NumberOfConnectors": str(len(charger.evses)),
        "ReserveConnectorZeroSupported": "false",
        "SupportedFeatureProfiles": ",".join(_PROFILES),
        "WebSocketPingInterval": "60",
    }
