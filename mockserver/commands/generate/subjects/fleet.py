"""The chargers of a named world, for the subjects that tell of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

import click

from mockserver.clock import Clock
from mockserver.commands.generate.subject import Source
from mockserver.commands.options import WORLD
from mockserver.domain.sites import Charger, Site
from mockserver.domain.world import World
from mockserver.domain.worlds import NamedWorld

_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)  # which chargers there are does not depend on it
_MOST_LISTED = 20


class FleetSource(Source):
    """The sites of a world with the chosen chargers, and none without."""

    def __init__(self, *, seed: int, world: NamedWorld, charger: tuple[str, ...]) -> None:
        self.seed = seed
        self.sites = _chosen(World(seed, Clock(_ANY_TIME, 0.0), world).sites, charger)
        self.zone = ZoneInfo(self.sites[0].timezone if self.sites else "UTC")
        self.name = str(world) if not charger else f"{world}, {', '.join(charger)}"

    @property
    def chargers(self) -> list[Charger]:
        """The chosen chargers, site by site."""
        return [charger for site in self.sites for charger in site.chargers]


def _chosen(sites: Sequence[Site], patterns: Sequence[str]) -> list[Site]:
    """The sites with the chargers that fit a pattern, or with all; BadParameter names some when one fits none."""
    names = [charger.identity for site in sites for charger in site.chargers]
    chosen: set[str] = set()
    for pattern in patterns:
        fitting = {name for name in names if fnmatchcase(name, pattern)}
        if not fitting:
            more = f" and {len(names) - _MOST_LISTED:,} more" if len(names) > _MOST_LISTED else ""
            said = f"no charger is called {pattern!r}; there are {', '.join(names[:_MOST_LISTED]) or 'none'}{more}"
            raise click.BadParameter(said, param_hint="'--charger'")
        chosen |= fitting
    found = []
    for site in sites:
        chargers = tuple(each for each in site.chargers if not patterns or each.identity in chosen)
        if chargers:
            found.append(site if len(chargers) == len(site.chargers) else replace(site, chargers=chargers))
    return found


def fleet_options() -> tuple[click.Option, ...]:
    """`--world` and `--charger`."""
    return (
        click.Option(["--world"], **WORLD),
        click.Option(
            ["--charger"],
            multiple=True,
            metavar="NAME",
            help="Only this charger, or those that fit, like 'fleet-0001-*'; repeat for more.",
        ),
    )
