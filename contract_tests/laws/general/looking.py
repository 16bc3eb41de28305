"""Looks at lists: with something in them, and while nobody else changes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.general.making import make, parents_of
from contract_tests.laws.general.pages import large, pages, shown, worth_trying
from contract_tests.laws.law import Breach, NotPlayed
from contract_tests.laws.stage import Stage
from contract_tests.surface.listings import Listing
from contract_tests.surface.resources import path_parameters

_ATTEMPTS = 3
_MOST_MADE = 4

Query = Mapping[str, Any]
Path = Mapping[str, Any]


def look(stage: Stage, listing: Listing, path: Path, query: Query | None = None, size: int | None = None) -> Exchange:
    """The answer for the first page, a large one unless a size is given."""
    size = large(stage, listing) if size is None else size
    return next(pages(stage, listing, query, size, **path))


def furnished(stage: Stage, listing: Listing, least: int) -> tuple[Path, list[Any]]:
    """The path parameters of a list that shows some items at least, and the items on its first large page.

    Things are created if there are too few, and can be deleted again; raises NotPlayed if there are too few still.
    """
    path = path_of(stage, listing)
    items = shown(stage, listing, look(stage, listing, path))
    resource = listing.resource
    if len(items) >= least:
        return path, items
    reason = ""
    missing = least if resource and resource.parents else least - len(items)
    if resource and resource.create and resource.delete and missing <= _MOST_MADE:
        try:
            path = parents_of(stage, resource) if resource.parents else path
            for _ in range(missing):
                make(stage, resource, parents=path)
        except NotPlayed as refusal:
            reason = f": {refusal}"

        def showing() -> list[Any]:
            exchange = look(stage, listing, path)
            there = shown(stage, listing, exchange)
            stage.require(len(there) >= least, exchange, f"{least} items", f"{len(there)}")
            return there

        try:
            return path, showing() if reason else stage.settled(showing)
        except Breach as breach:
            reason = reason or f": {breach.came} are shown of those that were created"
    raise NotPlayed(f"{listing.operation} has to show {least} items, and shows {len(items)}{reason}")


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
        items = shown(stage, holder, look(stage, holder, above)) if holder else []
        ids = [item[parent.id_member] for item in items if isinstance(item, dict) and parent.id_member in item]
        found[parameter] = str(ids[0]) if ids else make(stage, parent, parents=above).id
    return found


def undisturbed(
    stage: Stage, listing: Listing, path: Path, judge: Callable[[Exchange, list[Any]], None], query: Query | None = None
) -> None:
    """Judge a list that shows the same before and after; raises NotPlayed if others change it all the time.

    What is created or removed while pages are turned shifts the rest: then nothing can be said of what is on them.
    """

    def attempt() -> None:
        for _ in range(_ATTEMPTS):
            before = look(stage, listing, path, query)
            items = shown(stage, listing, before)
            try:
                judge(before, items)
                return
            except Breach:
                after = shown(stage, listing, look(stage, listing, path, query))
                if [identity(listing, item) for item in after] == [identity(listing, item) for item in items]:
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
