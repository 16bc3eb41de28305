"""What general laws are played on: each selector gives the parts of a contract that have what a law needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from contract_tests.laws.law import Subject
from contract_tests.surface.listings import Listing
from contract_tests.surface.resources import Resource
from contract_tests.surface.surface import Surface

Select = Callable[[Surface], Iterable[Subject]]


def resources(*verbs: str, where: Callable[[Resource], object] = bool) -> Select:
    """Resources that have all these operations: create, list, read, replace, update, delete."""

    def select(surface: Surface) -> Iterable[Subject]:
        for resource in surface.resources.values():
            labels = tuple(getattr(resource, verb) for verb in verbs)
            if all(labels) and where(resource):
                yield Subject(resource, labels)

    return select


def listings(where: Callable[[Listing], object], declared: str = "") -> Select:
    """Lists for which something holds; published where the declaration has that key of them."""

    def select(surface: Surface) -> Iterable[Subject]:
        for listing in surface.listings.values():
            if where(listing):
                yield Subject(listing, (listing.operation,), declared in listing.declared)

    return select


def readable_listings(surface: Surface) -> Iterable[Subject]:
    """Lists of things that can be read one by one, with the resource."""
    for listing in surface.listings.values():
        if listing.resource and listing.resource.read:
            yield Subject((listing, listing.resource), (listing.operation, listing.resource.read))


def filters(surface: Surface) -> Iterable[Subject]:
    """Lists with a parameter that selects by a member of their items, once for each parameter."""
    for listing in surface.listings.values():
        told = listing.declared.get("filters", {})
        for parameter in listing.filters:
            yield Subject((listing, parameter), (listing.operation,), parameter in told)


def orders(surface: Surface) -> Iterable[Subject]:
    """Lists with members by which they are sorted, by each value of a parameter, or without one by the declaration."""
    for listing in surface.listings.values():
        if listing.sort:
            by_query = {((listing.sort.parameter, value),): names for value, names in listing.sort.values.items()}
            yield Subject((listing, by_query), (listing.operation,), "sort" in listing.declared)
        if listing.order:
            yield Subject((listing, {(): listing.order}), (listing.operation,), declared=True)


def ranges(surface: Surface) -> Iterable[Subject]:
    """Lists that can be cut to a range of time."""
    for listing in surface.listings.values():
        if listing.range:
            yield Subject((listing, listing.range), (listing.operation,), "range" in listing.declared)


def tiles(surface: Surface) -> Iterable[Subject]:
    """Lists of intervals that are declared to leave no gap."""
    for listing in surface.listings.values():
        if listing.tiles:
            yield Subject((listing, listing.tiles), (listing.operation,), declared=True)
