"""Lists: what their pages hold, how long they are, how many things they say there are, and by which ids."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.general.likeness import is_nothing, same, words
from contract_tests.laws.general.looking import (
    Look,
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
from contract_tests.laws.general.selectors import listings, readable_listings
from contract_tests.laws.law import NotPlayed, general
from contract_tests.laws.stage import Stage
from contract_tests.surface.listings import Listing
from contract_tests.surface.paging import at
from contract_tests.surface.resources import Resource

_PARTS = 4
_MOST_PAGES = 12
_FEW = 3
_LONG = 60


def _has_pages(listing: Listing) -> bool:
    return listing.paging is not None


def _has_sizes(listing: Listing) -> bool:
    return listing.paging is not None and bool(listing.paging.size)


def _has_ids(listing: Listing) -> bool:
    return bool(listing.id_member)


@general("protocol", "major", listings(_has_pages, "paging"))
def pages_hold_everything_once(stage: Stage, listing: Listing) -> None:
    """Page leads to page until an end, and together they hold what a large page shows, each thing once."""
    path, seen = furnished(stage, listing, _FEW)
    size = size_near(stage, listing, max(2, -(-len(seen.items) // _PARTS)))
    if size and size >= len(seen.items):
        raise NotPlayed(f"{listing.operation} shows {len(seen.items)} items, and they are all on one page of {size}")
    undisturbed(stage, listing, path, seen, partial(_require_pages, stage, listing, path, size))


def _require_pages(stage: Stage, listing: Listing, path: Path, size: int | None, whole: Look) -> None:
    wanted = Counter(identity(listing, item) for item in whole.items)
    came: Counter[str] = Counter()
    handed_out: list[Any] = []
    for number, exchange in enumerate(pages(stage, listing, None, size, **path)):
        if handed_out and exchange.status not in (0, 401, 403, 429) and exchange.status < 500:
            says = f"the next page is there: {_short(handed_out[-1])} was handed out for it"
            stage.require(items_in(listing, exchange) is not None, exchange, says)
        here = [identity(listing, item) for item in shown(stage, listing, exchange)]
        for name in here:
            twice = came[name] and came[name] >= max(wanted[name], 1)
            says = f"each thing is on one page only, with {_asked(listing, size)}"
            stage.require(not twice, exchange, says, f"{_short(name)} is there again")
            came[name] += 1
        if following := next_of(listing, exchange):
            says = f"what leads to the next page leads on; {_short(following)} was handed out before"
            stage.require(following not in handed_out, exchange, says)
            handed_out.append(following)
        if came.total() >= len(whole.items) + (size or 0):
            break
        if number == _MOST_PAGES:
            return
    lost = [name for name in wanted if came[name] < wanted[name]]
    says = f"the pages hold all {len(whole.items)} things that one large page shows, with {_asked(listing, size)}"
    stage.require(not lost, exchange, says, f"{len(lost)} missing: {_short(*lost[:_FEW])}")


@general("protocol", "major", listings(_has_sizes, "paging"))
def pages_are_no_longer_than_asked(stage: Stage, listing: Listing) -> None:
    """A page holds no more items than were asked for."""
    size = size_near(stage, listing, 2) or 0
    path, _ = furnished(stage, listing, size + 1)
    short = look(stage, listing, path, size)
    says = f"{size} items at most, with {_asked(listing, size)}"
    stage.require(len(short.items) <= size, short.exchange, says, f"{len(short.items)} items")


@general("protocol", "minor", listings(lambda listing: listing.total, "total"))
def total_is_what_there_is(stage: Stage, listing: Listing) -> None:
    """The total that a list states is the number of things on all its pages, whatever their size."""
    path, seen = furnished(stage, listing, _FEW)
    undisturbed(stage, listing, path, seen, partial(_require_total, stage, listing, path))


def _require_total(stage: Stage, listing: Listing, path: Path, whole: Look) -> None:
    total, small = _total(listing, whole.exchange), size_near(stage, listing, 2)
    short = look(stage, listing, path, small) if small and small < len(whole.items) else whole
    stated = _total(listing, short.exchange)
    doubtful = listing.total and listing.total[-1] == "count" and "total" not in listing.declared
    if doubtful and short is not whole and stated == len(short.items):
        raise NotPlayed(f"`count` seems to be that of the page: declare `total` of {listing.operation}")
    says = f"a total of {len(whole.items)} at least, which are on one page"
    stage.require(total >= len(whole.items), whole.exchange, says, f"it is {total}")
    if total <= len(whole.items) * _MOST_PAGES:
        found, exchanges = everything(stage, listing, **path)
        came = _total(listing, exchanges[-1])
        says = f"the total is the number of things on all pages, {len(found)}"
        stage.require(came == len(found), exchanges[-1], says, f"it is {came}")
    says = f"the total is {total}, also with {_asked(listing, small)}"
    stage.require(stated == total, short.exchange, says, f"it is {stated}")


@general("protocol", "critical", listings(_has_ids))
def ids_are_unique(stage: Stage, listing: Listing) -> None:
    """Every thing has an id of its own."""
    path = path_of(stage, listing)

    def judge() -> list[str]:
        seen = look(stage, listing, path)
        ids = [str(item[listing.id_member]) for item in _with_ids(listing, seen.items)]
        twice = [name for name, number in Counter(ids).items() if number > 1]
        says = f"each thing in the list has another {listing.id_member}"
        stage.require(not twice, seen.exchange, says, f"{_short(*twice[:_FEW])} stands for several")
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
    path, before = furnished(stage, listing, 1)

    def judge() -> None:
        nonlocal before
        now = look(stage, listing, path)
        old, new = _by_rest(listing, before.items), _by_rest(listing, now.items)
        other = {old[rest]: new[rest] for rest in old if rest in new and old[rest] != new[rest]}
        before = now
        says = f"{listing.id_member} of each thing is what it was a moment ago"
        came = ", ".join(f"{_short(one)} is now {_short(two)}" for one, two in [*other.items()][:_FEW])
        stage.require(not other, now.exchange, says, came)

    stage.settled(judge)


def _by_rest(listing: Listing, items: list[Any]) -> dict[str, str]:
    """The ids of things by all else that is shown of them, as far as that tells them apart."""
    found: dict[str, list[str]] = {}
    for item in _with_ids(listing, items):
        rest = {name: value for name, value in item.items() if name != listing.id_member}
        if rest:
            found.setdefault(plain(rest), []).append(str(item[listing.id_member]).lower())
    return {rest: ids[0] for rest, ids in found.items() if len(ids) == 1}


@general("protocol", "major", readable_listings)
def listed_things_read_as_listed(stage: Stage, subject: tuple[Listing, Resource]) -> None:
    """A thing reads by its id as the list shows it."""
    listing, resource = subject
    path, seen = furnished(stage, listing, 1)
    things = _with_ids(listing, seen.items)
    for item in (things[:1] + things[-1:])[: len(things)]:
        stage.settled(partial(_require_as_listed, stage, listing, resource, path, item))


def _require_as_listed(stage: Stage, listing: Listing, resource: Resource, path: Path, item: dict[str, Any]) -> None:
    """Judge what comes twice: others may change or remove a thing meanwhile, and some members change by themselves."""
    thing_id = str(item[listing.id_member])
    exchange, wrong = _differences(stage, resource, path, item)
    if wrong:
        things = _with_ids(listing, look(stage, listing, path).items)
        again = next((one for one in things if str(one[listing.id_member]) == thing_id), None)
        if again:
            exchange, still = _differences(stage, resource, path, again)
            says = f"what is listed under {_short(thing_id)} can be read, and reads as it is listed"
            came = [text for text in still if text in wrong]
            stage.require(not came, exchange, says, "; ".join(came))


def _differences(stage: Stage, resource: Resource, path: Path, item: dict[str, Any]) -> tuple[Exchange, list[str]]:
    """The answer to reading what is listed, and what of it is not as it is listed."""
    exchange = stage.call(resource.read, **{**path, resource.parameter: str(item[resource.id_member])})
    if exchange.status in (404, 410):
        return exchange, ["it cannot be read"]
    if not 200 <= exchange.status < 300:
        raise NotPlayed(f"{exchange.operation} answers {exchange.outcome(stage.run.credentials)}")
    read = resource.thing_in(stage.fitting(exchange))
    return exchange, [
        f"{name} is {_short(value)} in the list and {_short(read[name])} by itself"
        for name, value in item.items()
        if name in read and name not in resource.set_by_server and not _agree(value, read[name])
    ]


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


def _asked(listing: Listing, size: int | None) -> str:
    return f"{listing.paging.size}={size}" if listing.paging and size else "pages as long as they are"


def _short(*values: Any) -> str:
    texts = (value if isinstance(value, str) else words(value) for value in values)
    return ", ".join(text if len(text) <= _LONG else f"{text[:_LONG]}…" for text in texts)


LAWS = (
    pages_hold_everything_once,
    pages_are_no_longer_than_asked,
    total_is_what_there_is,
    ids_are_unique,
    ids_stay_the_same,
    listed_things_read_as_listed,
)
