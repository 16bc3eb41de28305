"""Looks at lists: with something in them, and while nobody else changes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.general.making import make, parents_of
from contract_tests.laws.general.pages import large, pages, shown, size_near, worth_trying
from contract_tests.laws.law import Breach, NotPlayed
from contract_tests.laws.stage import Stage
from contract_tests.surface.listings import Listing
from contract_tests.surface.resources import path_parameters

_ATTEMPTS = 3
_MOST_MADE = 4
_MOST_PAGES = 5
_LARGE = 100

Path = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Look:
    """The items on the first page of a list, and the answer that showed them."""

    items: list[Any]
    exchange: Exchange


def look(stage: Stage, listing: Listing, path: Path, size: int | None = None) -> Look:
    """A look at the first page, a large one unless a size is given; raises NotPlayed where it cannot be had."""
    exchange = next(pages(stage, listing, None, size or size_near(stage, listing, _LARGE), **path))
    return Look(shown(stage, listing, exchange), exchange)


class Selection:
    """What a list shows page by page where it is asked to select, up to a few pages of a long one.

    `found` are the identities of the items that came so far, `exchanges` the pages.
    """

    def __init__(self, stage: Stage, listing: Listing, asked: Mapping[str, Any], path: Path) -> None:
        self._listing = listing
        self._stage = stage
        self._pages = islice(pages(stage, listing, asked, large(stage, listing), **path), _MOST_PAGES)
        self.exchanges: list[Exchange] = []
        self.found: set[str] = set()

    def __iter__(self) -> Iterator[tuple[Exchange, Any]]:
        for exchange in self._pages:
            self.exchanges.append(exchange)
            for item in shown(self._stage, self._listing, exchange):
                self.found.add(identity(self._listing, item))
                yield exchange, item

    @property
    def is_whole(self) -> bool:
        """Whether everything that was selected has come, once nothing more comes."""
        return len(self.exchanges) < _MOST_PAGES


def furnished(stage: Stage, listing: Listing, least: int) -> tuple[Path, Look]:
    """The path parameters of a list that shows some items at least, and a look at it.

    Things are created if there are too few, and can be deleted again; raises NotPlayed if there are too few still.
    """
    path = path_of(stage, listing)
    seen = look(stage, listing, path)
    if len(seen.items) >= least:
        return path, seen
    reason = f"{listing.operation} has to show {least} items, and shows {len(seen.items)}"
    resource = listing.resource
    missing = least if resource and resource.parents else least - len(seen.items)
    if not resource or not resource.create or not resource.delete or missing > _MOST_MADE:
        raise NotPlayed(reason)
    try:
        path = parents_of(stage, resource) if resource.parents else path
        for _ in range(missing):
            make(stage, resource, parents=path)
    except NotPlayed as refusal:
        raise NotPlayed(f"{reason}: {refusal}") from refusal

    def showing() -> Look:
        now = look(stage, listing, path)
        stage.require(len(now.items) >= least, now.exchange, f"{least} items", f"{len(now.items)}")
        return now

    try:
        return path, stage.settled(showing)
    except Breach as breach:
        raise NotPlayed(f"{reason}, and {breach.came} when {missing} have been created") from breach


def path_of(stage: Stage, listing: Listing) -> Path:
    """Path parameters of a list: by the declaration, of things that lists show, or of some created for the purpose."""
    surface = stage.run.surface
    found: dict[str, Any] = {}
    for parameter in path_parameters(listing.operation):
        told = surface.declaration.values(parameter, listing.operation)
        name = listing.parents.get(parameter)
        if told or not name:
            place = surface.contract.parameters(listing.operation)["path", parameter]
            found[parameter] = told[0] if told else worth_trying(stage, listing.operation, parameter, place)
            continue
        parent = surface.resources[name]
        above = {one: found[one] for one in path_parameters(parent.collection)}
        holder = surface.listings.get(parent.list)
        items = look(stage, holder, above).items if holder else []
        ids = [item[parent.id_member] for item in items if isinstance(item, dict) and parent.id_member in item]
        found[parameter] = str(ids[0]) if ids else make(stage, parent, parents=above).id
    return found


def undisturbed(stage: Stage, listing: Listing, path: Path, before: Look, judge: Callable[[Look], None]) -> None:
    """Judge a list that shows the same before and after; raises NotPlayed if others change it all the time.

    What is created or removed while pages are turned shifts the rest: then nothing can be said of what is on them.
    """

    def attempt() -> None:
        nonlocal before
        for _ in range(_ATTEMPTS):
            try:
                judge(before)
                return
            except Breach:
                after = look(stage, listing, path)
                one, two = ([identity(listing, item) for item in seen.items] for seen in (before, after))
                before = after
                if one == two:
                    raise
        raise NotPlayed(f"{listing.operation} changes while it is read")

    stage.settled(attempt)


def identity(listing: Listing, item: Any) -> str:
    """What tells an item from the others: its id, or all there is where it has none."""
    if listing.id_member and isinstance(item, Mapping) and item.get(listing.id_member) is not None:
        return str(item[listing.id_member])
    return plain(item)


def plain(value: Any) -> str:
    """The same text for values that mean the same: times by any clock, numbers in any form, members in any order."""
    return json.dumps(_plain(value), sort_keys=True)


def moment(value: Any) -> datetime | None:
    """The time in a text that names its zone, or None."""
    try:
        time = datetime.fromisoformat(value.upper()) if isinstance(value, str) else None
    except ValueError:
        return None
    return time if time and time.tzinfo else None


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    time = moment(value)
    return time.timestamp() if time else value
