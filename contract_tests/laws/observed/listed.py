"""What a list shows can be read: an id in the answer of `GET /things` is no 404 at `GET /things/{id}`.

The generated requests read listed ids anyway. Things may vanish between two requests, so a 404 counts only once a later
list shows the same id again, and never for what this run itself deleted. What laws have just created may be listed
before it can be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Self
from urllib.parse import unquote

from contract_tests.contract import Contract
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange
from contract_tests.laws.law import Breach
from contract_tests.laws.observed.observer import Observer, observed
from contract_tests.plan import Plan
from contract_tests.surface.listings import Listing
from contract_tests.surface.resources import Resource


class ListedItemsCanBeRead(Observer):
    """What a list shows can be read."""

    def __init__(
        self, contract: Contract, credentials: Credentials, lists: Mapping[str, tuple[Listing, Resource]]
    ) -> None:
        super().__init__(contract, credentials)
        self._lists = lists
        self._listed: set[str] = set()
        self._missing: dict[str, Exchange] = {}
        self._deleted: set[str] = set()

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The observer of a run, that knows which lists there are."""
        return cls(plan.contract, plan.credentials, plan.surface.readable)

    def judges(self, label: str) -> bool:
        """Whether an operation reads single items of a list."""
        return any(resource.read == label for _, resource in self._lists.values())

    def see(self, exchange: Exchange) -> Iterator[Breach]:
        """The item that could not be read, if this list shows it."""
        path = unquote(exchange.path)
        if exchange.method == "DELETE":
            self._deleted.add(path)
        elif exchange.status == 404 and path in self._listed and not self._may_hide(exchange):
            self._missing.setdefault(path, exchange)
        elif exchange.succeeded and exchange.operation in self._lists:
            yield from self._see_list(exchange, self._lists[exchange.operation][0])

    def _see_list(self, exchange: Exchange, listing: Listing) -> Iterator[Breach]:
        for key in listing.ids_in(exchange.json()):
            path = f"{unquote(exchange.path).rstrip('/')}/{key}"
            if path in self._deleted:
                continue
            self._listed.add(path)
            if path in self._missing:
                yield Breach(
                    self._missing.pop(path), "reads one item of the list, which shows this one before and after"
                )

    def _may_hide(self, exchange: Exchange) -> bool:
        """Whether an item may be hidden from this request: sent as somebody else, or with more than the path."""
        sent = {name.lower() for name in exchange.headers}
        parameters = self.contract.parameters(exchange.operation)
        more = bool(exchange.query or exchange.body) or any(
            where == "header" and name.lower() in sent for where, name in parameters
        )
        return more or not self.is_ours(exchange)


LAWS = (observed("protocol", "major", ListedItemsCanBeRead, during="generation"),)
