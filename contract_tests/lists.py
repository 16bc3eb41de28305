"""Which operation lists what another one reads, and what its answers list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract_tests.contract import Contract


@dataclass(frozen=True, slots=True)
class Reader:
    """The operation that reads one item of a list: `GET /things/{thing_id}` for `GET /things`."""

    label: str
    path: str
    parameter: str

    def covers(self, path: str) -> bool:
        """Whether a path is that of the item, or one below it."""
        return f"{path}/".startswith(f"{self.path}/")

    def keys(self, answer: Any) -> Iterator[str]:
        """The value of the path parameter for every item in the body of the list's answer."""
        for item in _items(answer):
            key = item.get(self.parameter, item.get("id"))
            if isinstance(key, str | int) and not isinstance(key, bool):
                yield str(key)


def readers(contract: Contract) -> Mapping[str, Reader]:
    """The readers by the label of their list, for parameters whose name says that they are ids."""
    found = {}
    for label in contract.operations:
        method, _, path = label.partition(" ")
        collection, _, last = path.rpartition("/")
        name = last[1:-1]
        if method == "GET" and last == f"{{{name}}}" and name.lower().endswith("id"):
            found[f"GET {collection}"] = Reader(label, path, name)
    return {label: reader for label, reader in found.items() if label in contract.operations}


def _items(answer: Any) -> list[dict[str, Any]]:
    """The objects of a list, bare or as the only array of an envelope such as `{"data": [...], "next": null}`."""
    if isinstance(answer, dict):
        arrays = [value for value in answer.values() if isinstance(value, list)]
        answer = arrays[0] if len(arrays) == 1 else None
    return [item for item in answer if isinstance(item, dict)] if isinstance(answer, list) else []
