"""What a list shows can be read: an id in the answer of `GET /things` is no 404 at `GET /things/{id}`.

No request is sent for this: the generated ones read listed ids anyway. Things may vanish between two requests, so a 404
counts only once a later list shows the same id again, and never for what this run itself deleted.
"""

from __future__ import annotations

from urllib.parse import unquote

from contract_tests.contract import Contract
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange
from contract_tests.findings import Finding
from contract_tests.lists import Reader, readers

CHECK = "listed_items_can_be_read"


class ListedItems:
    """Remembers which item paths were listed, missing and deleted, across all phases of a run."""

    def __init__(self, contract: Contract, credentials: Credentials) -> None:
        self._contract = contract
        self._credentials = credentials
        self._readers = readers(contract)
        self._listed: set[str] = set()
        self._missing: dict[str, Exchange] = {}
        self._deleted: set[str] = set()

    def see(self, exchange: Exchange) -> Finding | None:
        """Take an exchange into account; a finding if it shows an item that could not be read."""
        path = unquote(exchange.path)
        reader = self._readers.get(exchange.operation)
        if exchange.method == "DELETE":
            self._deleted.add(path)
        elif exchange.status == 404 and path in self._listed and not self._may_hide(exchange):
            self._missing.setdefault(path, exchange)
        elif exchange.succeeded and reader:
            return self._see_list(exchange, reader)
        return None

    def judges(self, label: str) -> bool:
        """Whether an operation reads single items of a list."""
        return any(reader.label == label for reader in self._readers.values())

    def _see_list(self, exchange: Exchange, reader: Reader) -> Finding | None:
        for key in reader.keys(exchange.json()):
            path = f"{unquote(exchange.path).rstrip('/')}/{key}"
            if path in self._deleted:
                continue
            self._listed.add(path)
            if path in self._missing:
                return self._finding(reader, self._missing.pop(path))
        return None

    def _may_hide(self, exchange: Exchange) -> bool:
        """Whether an item may be hidden from this request: sent as somebody else, or with more than the path."""
        sent = {name.lower(): value for name, value in exchange.headers.items()}
        parameters = self._contract.parameters(exchange.operation)
        as_ourselves = all(sent.get(name.lower()) == value for name, value in self._credentials.headers.items())
        more = bool(exchange.query) or any(where == "header" and name.lower() in sent for where, name in parameters)
        return more or not as_ourselves

    def _finding(self, reader: Reader, missing: Exchange) -> Finding:
        return Finding(
            operation=reader.label,
            check=CHECK,
            cause="",
            title="Listed item cannot be read",
            where=self._contract.where(self._contract.operations[reader.label]),
            contract="reads one item of the list, which shows this one before and after",
            came=missing.outcome(self._credentials),
            curl=missing.curl(self._credentials),
        )
