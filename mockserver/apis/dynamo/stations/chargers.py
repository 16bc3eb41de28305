"""Which chargers of the world an organization operates, and how they are configured when they come."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from mockserver.apis.dynamo import seed
from mockserver.domain.sites import Charger, Site
from mockserver.domain.world import World

_PROFILES = ("Core", "FirmwareManagement", "LocalAuthListManagement", "RemoteTrigger", "Reservation", "SmartCharging")


@lru_cache(maxsize=8)
def chargers(world: World, org_id: str) -> Mapping[str, tuple[Site, Charger]]:
    """The chargers of an organization by what they call themselves, with the site where each stands."""
    return {charger.identity: (site, charger) for site in seed.sites(world, org_id) for charger in site.chargers}


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
