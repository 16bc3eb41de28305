"""Lists of what happens in time: cut to a range, and laid end to end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from itertools import islice, pairwise
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.general.looking import Path, Selection, furnished, identity, look, moment
from contract_tests.laws.general.pages import large, pages, shown
from contract_tests.laws.general.selectors import ranges, tiles
from contract_tests.laws.law import Breach, NotPlayed, general
from contract_tests.laws.stage import Stage
from contract_tests.surface.listings import Listing, Range, Tiles

_FEW = 3
_WIDTH = 8
_NEAR = timedelta(seconds=1)


@general("inferred", "major", ranges)
def ranges_cut(stage: Stage, subject: tuple[Listing, Range]) -> None:
    """A range of time gives all that lies in it, and nothing else."""
    listing, cut = subject
    path, seen = furnished(stage, listing, _FEW)
    texts = {time: item[cut.member] for item in seen.items if (time := _time(item, cut.member))}
    times = sorted(texts)
    if len(times) < _FEW:
        raise NotPlayed(f"{listing.operation} shows {len(times)} different times in `{cut.member}`, {_FEW} are needed")
    first = max(1, len(times) // 4)
    last = max(min(first + _WIDTH, len(times) - 2), first + 1)
    asked = {cut.start: texts[times[first]], cut.until: texts[times[last]]}
    for name, text in asked.items():
        parameter = stage.run.contract.parameters(listing.operation)["query", name]
        if stage.run.contract.violations(stage.run.contract.below(parameter, "schema"), text, "request"):
            raise NotPlayed(f"`{name}` takes no times such as {text}, which `{cut.member}` is")
    told = "range" in listing.declared
    # What is not declared may be cut by when it ends, too: then nothing can be said of what lies on an edge.
    around = (times[first if told else first - 1], times[last])
    within = (times[first], times[last] if told else times[last - 1])
    stage.settled(partial(_require_cut, stage, listing, cut, path, asked, seen.items, around, within))


def _require_cut(
    stage: Stage,
    listing: Listing,
    cut: Range,
    path: Path,
    asked: Mapping[str, str],
    before: list[Any],
    around: tuple[datetime, datetime],
    within: tuple[datetime, datetime],
) -> None:
    """Judge by two ranges: outside of the one nothing may be, inside of the other everything has to be."""
    words = f"with {cut.start}={asked[cut.start]} and {cut.until}={asked[cut.until]}"
    selection = Selection(stage, listing, asked, path)
    for exchange, item in selection:
        time = _time(item, cut.member)
        late = time and (time >= around[1] if cut.until_included is False else time > around[1])
        if time and (time < around[0] or late):
            came = f"there is something with {cut.member} {item[cut.member]}"
            raise Breach(exchange, f"nothing but what lies in the range, {words}", came)
    told, included = "range" in listing.declared, cut.until_included

    def inside(items: list[Any]) -> dict[str, str]:
        return {
            identity(listing, item): item[cut.member]
            for item in items
            if (time := _time(item, cut.member))
            and (within[0] < time < within[1] or (told and (time == within[0] or (included and time == within[1]))))
        }

    wanted = inside(before)
    if selection.is_whole and not wanted.keys() <= selection.found:
        still = inside(look(stage, listing, path).items)
        missing = [time for name, time in wanted.items() if name in still and name not in selection.found]
        came = f"listed without the range, missing with it: {cut.member} {', '.join(missing[:_FEW])}"
        stage.require(not missing, selection.exchanges[-1], f"all that lies in the range, {words}", came)


@general("inferred", "critical", tiles)
def intervals_tile(stage: Stage, subject: tuple[Listing, Tiles]) -> None:
    """Each interval begins when the one before it ends: there is no gap between them, and they do not overlap."""
    listing, shape = subject
    path, _ = furnished(stage, listing, 2)
    values = stage.run.surface.declaration.values
    bounds = (listing.range.start, listing.range.until) if listing.range else ()
    told = {name: given[0] for name in bounds if (given := values(name, listing.operation))}
    stage.settled(partial(_require_tiles, stage, listing, shape, path, told if len(told) == len(bounds) else {}))


def _require_tiles(stage: Stage, listing: Listing, shape: Tiles, path: Path, asked: Mapping[str, Any]) -> None:
    spans: list[tuple[datetime, datetime, Exchange]] = []
    for exchange in islice(pages(stage, listing, asked, large(stage, listing), **path), 2):
        for item in shown(stage, listing, exchange):
            start, end = _time(item, shape.start), _end(item, shape)
            if start and end:
                spans.append((start, end, exchange))
    spans.sort(key=lambda span: span[0])
    if len(spans) < 2:
        raise NotPlayed(f"{listing.operation} shows {len(spans)} intervals, 2 are needed")
    for (_, end, _), (start, _, exchange) in pairwise(spans):
        says = f"an interval that begins when the one before it ends, at {end.isoformat()}"
        came = f"the next one {'overlaps it' if start < end else 'leaves a gap'}: it begins at {start.isoformat()}"
        stage.require(abs(start - end) < _NEAR, exchange, says, came)


def _end(item: Any, shape: Tiles) -> datetime | None:
    if shape.end:
        return _time(item, shape.end)
    start, length = _time(item, shape.start), item.get(shape.duration_s)
    return start + timedelta(seconds=length) if start and isinstance(length, int | float) else None


def _time(item: Any, member: str) -> datetime | None:
    return moment(item.get(member)) if isinstance(item, dict) else None


LAWS = (ranges_cut, intervals_tile)
