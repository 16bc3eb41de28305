"""Lists: what their pages hold, how long they are, how many things they say there are, and by which ids."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.general.likeness import is_nothing, same, words
from contract_tests.laws.general.looking import (
    Path,
    furnished,
    identity,
    look,
    path_of,
    plain,
    undisturbed,
)
from contract_tests.laws.general.making import make, parents_of
from contract_tests.laws.general.pages import (
    everything,
    items_in,
    next_of,
    pages,
    shown,
    size_near,
)
from contract_tests.laws.general.selectors import listings
from contract_tests.laws.law import NotPlayed, general
from contract_tests.laws.stage import Stage
from contract_tests.surface.listings import Listing, at

_PARTS = 4
_MOST_PAGES = 12
_FEW = 3
_LONG = 60


def _has_sizes(listing: Listing) -> bool:
    return listing.paging is not None and bool(listing.paging.size)


def _leads_on(listing: Listing) -> bool:
    return listing.paging is not None and listing.paging.style in ("cursor", "link")


def _has_ids(listing: Listing) -> bool:
    return bool(listing.id_member)


@general("protocol", "major", listings(_has_sizes, "paging"))
def pages_hold_everything_once(stage: Stage, listing: Listing) -> None:
    """Small pages together hold what a large page holds, each thing once."""
    path, items = furnished(stage, listing, _FEW)
    size = _part(stage, listing, len(items))

    def judge(whole: Exchange, items: list[Any]) -> None:
        wanted = Counter(identity(listing, item) for item in items)
        came: Counter[str] = Counter()
        for exchange in pages(stage, listing, None, size, **path):
            here = [identity(listing, item) for item in shown(stage, listing, exchange)]
            for name in here:
                twice = came[name] and came[name] >= max(wanted[name], 1)
                says = f"each thing is on one page only, with {_asked(listing, size)}"
                stage.require(not twice, exchange, says, f"{_short(name)} is there again")
            came.update(here)
            if came.total() >= len(items) + (size or 0):
                break
        lost = [name for name in wanted if came[name] < wanted[name]]
        says = f"the pages hold all {len(items)} things that one large page shows, with {_asked(listing, size)}"
        stage.require(not lost, exchange, says, f"{_short(*lost[:_FEW])} {'is' if len(lost) == 1 else 'are'} missing")

    undisturbed(stage, listing, path, judge)


@general("protocol", "major", listings(_leads_on, "paging"))
def pages_lead_to_an_end(stage: Stage, listing: Listing) -> None:
    """What a list hands out for its next page leads on, and to an end when all has been shown."""
    path, items = furnished(stage, listing, _FEW)
    size = _part(stage, listing, len(items))

    def judge(whole: Exchange, items: list[Any]) -> None:
        seen: set[str] = set()
        handed_out: list[Any] = []
        for number, exchange in enumerate(pages(stage, listing, None, size, **path)):
            if number and exchange.status not in (0, 401, 403, 429) and exchange.status < 500:
                says = f"the next page is there: {_short(handed_out[-1])} was handed out for it"
                stage.require(items_in(listing, exchange) is not None, exchange, says)
            here = {identity(listing, item) for item in shown(stage, listing, exchange)}
            following = next_of(listing, exchange)
            again = following is not None and following in handed_out
            says = "the next page shows what has not been shown yet"
            came = f"{_short(following)} was handed out before" if again else "all of it was shown before"
            stage.require(not again and not (here and here <= seen), exchange, says, came)
            seen |= here
            handed_out.append(following)
            if number == _MOST_PAGES:
                return
        says = f"the pages go on until all {len(items)} things have been shown that one large page shows"
        stage.require(
            len(seen) >= len({identity(listing, item) for item in items}), exchange, says, f"{len(seen)} were"
        )

    undisturbed(stage, listing, path, judge)


@general("protocol", "major", listings(_has_sizes, "paging"))
def pages_are_no_longer_than_asked(stage: Stage, listing: Listing) -> None:
    """A page holds no more items than were asked for."""
    size = size_near(stage, listing, 2) or 0
    path, _ = furnished(stage, listing, size + 1)
    exchange = look(stage, listing, path, size=size)
    items = shown(stage, listing, exchange)
    says = f"{size} items at most, with {_asked(listing, size)}"
    stage.require(len(items) <= size, exchange, says, f"{len(items)} items")


@general("protocol", "minor", listings(lambda listing: listing.total, "total"))
def total_is_what_there_is(stage: Stage, listing: Listing) -> None:
    """The total that a list states is the number of things on all its pages, whatever their size."""
    path, _ = furnished(stage, listing, _FEW)
    small = size_near(stage, listing, 2)

    def judge(whole: Exchange, items: list[Any]) -> None:
        total = _total(listing, whole)
        says = f"a total of {len(items)} at least, which are on one page"
        stage.require(total >= len(items), whole, says, f"it is {total}")
        if total <= len(items) * _MOST_PAGES:
            found, exchanges = everything(stage, listing, **path)
            came = _total(listing, exchanges[-1])
            says = f"the total is the number of things on all pages, {len(found)}"
            stage.require(came == len(found), exchanges[-1], says, f"it is {came}")
        if small and small < len(items):
            exchange = look(stage, listing, path, size=small)
            came = _total(listing, exchange)
            says = f"the total is {total}, also with {_asked(listing, small)}"
            stage.require(came == total, exchange, says, f"it is {came}")

    undisturbed(stage, listing, path, judge)


@general("protocol", "critical", listings(_has_ids))
def ids_are_unique(stage: Stage, listing: Listing) -> None:
    """Every thing has an id of its own."""
    path = path_of(stage, listing)

    def judge() -> list[str]:
        exchange = look(stage, listing, path)
        ids = [str(item[listing.id_member]) for item in _with_ids(listing, shown(stage, listing, exchange))]
        twice = [name for name, number in Counter(ids).items() if number > 1]
        says = f"each thing in the list has another {listing.id_member}"
        stage.require(not twice, exchange, says, f"{_short(*twice[:_FEW])} stands for several")
        return ids

    ids = stage.settled(judge)
    try:
        _require_new_ids(stage, listing)
    except NotPlayed:
        if not ids:
            raise


def _require_new_ids(stage: Stage, listing: Listing) -> None:
    resource = listing.resource
    if not resource or not resource.create or not resource.delete:
        raise NotPlayed(f"{listing.operation} shows nothing, and nothing that could be deleted again can be created")
    parents = parents_of(stage, resource)
    one, two = (make(stage, resource, parents=parents) for _ in range(2))
    # Who sends the same again, or an id of his own, may well get the same thing.
    if one.sent == two.sent or resource.id_member in one.sent or {one.exchange.status, two.exchange.status} != {201}:
        return
    says = f"a new thing has a new {resource.id_member}"
    stage.require(one.id != two.id, two.exchange, says, f"it is {_short(two.id)}, as of the one created before")


@general("inferred", "major", listings(_has_ids))
def ids_stay_the_same(stage: Stage, listing: Listing) -> None:
    """A thing keeps its id from one look at the list to the next."""
    path, _ = furnished(stage, listing, 1)

    def judge() -> None:
        before = _by_rest(listing, shown(stage, listing, look(stage, listing, path)))
        exchange = look(stage, listing, path)
        after = _by_rest(listing, shown(stage, listing, exchange))
        other = {before[rest]: after[rest] for rest in before if rest in after and before[rest] != after[rest]}
        says = f"{listing.id_member} of each thing is what it was a moment ago"
        came = ", ".join(f"{_short(one)} is now {_short(two)}" for one, two in [*other.items()][:_FEW])
        stage.require(not other, exchange, says, came)

    stage.settled(judge)


def _by_rest(listing: Listing, items: list[Any]) -> dict[str, str]:
    """The ids of things by all else that is shown of them, as far as that tells them apart."""
    found: dict[str, list[str]] = {}
    for item in _with_ids(listing, items):
        rest = {name: value for name, value in item.items() if name != listing.id_member}
        if rest:
            found.setdefault(plain(rest), []).append(str(item[listing.id_member]).lower())
    return {rest: ids[0] for rest, ids in found.items() if len(ids) == 1}


@general("protocol", "major", listings(_has_ids, "", "read"))
def listed_things_read_as_listed(stage: Stage, listing: Listing) -> None:
    """A thing reads by its id as the list shows it."""
    path, items = furnished(stage, listing, 1)
    things = _with_ids(listing, items)
    for thing_id in dict.fromkeys(str(item[listing.id_member]) for item in things[:1] + things[-1:]):
        stage.settled(partial(_require_as_listed, stage, listing, path, thing_id))


def _require_as_listed(stage: Stage, listing: Listing, path: Path, thing_id: str) -> None:
    """Judge what comes twice: others may change or remove a thing meanwhile, and some members change by themselves."""
    before: dict[str, str] = {}
    for number in range(2):
        listed, exchange = _listed_and_read(stage, listing, path, thing_id)
        if not listed:
            return
        if exchange.status in (404, 410):
            now = {"": f"{exchange.status}"}
        else:
            read = listing.resource.thing_in(stage.fitting(exchange)) if listing.resource else {}
            now = {
                name: f"{name} is {_short(value)} in the list and {_short(read[name])} by itself"
                for name, value in listed.items()
                if name in read and not _agree(value, read[name])
            }
        if not now:
            return
        if number:
            says = f"what is listed under {_short(thing_id)} can be read, and reads as it is listed"
            still = [text for name, text in now.items() if before.get(name) == text]
            stage.require(not still, exchange, says, "; ".join(filter(None, still)))
        before = now


def _listed_and_read(stage: Stage, listing: Listing, path: Path, thing_id: str) -> tuple[dict[str, Any], Exchange]:
    """A thing in the list, empty if it is not there any more, and the answer to reading it."""
    exchange = look(stage, listing, path)
    things = _with_ids(listing, shown(stage, listing, exchange))
    listed = next((item for item in things if str(item[listing.id_member]) == thing_id), None)
    if listed is None or listing.resource is None:
        return {}, exchange
    where = {**path, listing.resource.parameter: thing_id}
    exchange = stage.call(listing.resource.read, **where)
    if exchange.status not in (404, 410) and not 200 <= exchange.status < 300:
        raise NotPlayed(f"{exchange.operation} answers {exchange.outcome(stage.run.credentials)}")
    return listed, exchange


def _agree(listed: Any, read: Any) -> bool:
    """Whether what a list shows is what reading shows, or less of it."""
    if is_nothing(listed):
        return True
    if isinstance(listed, dict) and isinstance(read, dict):
        return all(_agree(value, read[name]) for name, value in listed.items() if name in read)
    if isinstance(listed, list) and isinstance(read, list):
        return len(listed) < len(read) or all(map(_agree, listed, read))
    return same(listed, read)


def _with_ids(listing: Listing, items: list[Any]) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict) and item.get(listing.id_member) is not None]


def _total(listing: Listing, exchange: Exchange) -> int:
    total = at(exchange.json(), listing.total or ())
    if not isinstance(total, int) or isinstance(total, bool):
        raise NotPlayed(f"{listing.operation} states no total, but {words(total)}")
    return total


def _part(stage: Stage, listing: Listing, number: int) -> int | None:
    """The size of pages that hold about a fourth of a number of items; raises NotPlayed where one page holds all."""
    size = size_near(stage, listing, max(2, -(-number // _PARTS)))
    if size and size >= number:
        raise NotPlayed(f"{listing.operation} shows {number} items, and they are all on one page of {size}")
    return size


def _asked(listing: Listing, size: int | None) -> str:
    return f"{listing.paging.size}={size}" if listing.paging and size else "pages as long as they are"


def _short(*values: Any) -> str:
    texts = (value if isinstance(value, str) else words(value) for value in values)
    return ", ".join(text if len(text) <= _LONG else f"{text[:_LONG]}…" for text in texts)


LAWS = (
    pages_hold_everything_once,
    pages_lead_to_an_end,
    pages_are_no_longer_than_asked,
    total_is_what_there_is,
    ids_are_unique,
    ids_stay_the_same,
    listed_things_read_as_listed,
)
