"""Every defect by its name, and how defects are chosen by what people type."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mockserver.defects.contract import Contract
from mockserver.defects.defect import Defect
from mockserver.defects.planting import Broken, Planted

if TYPE_CHECKING:
    from mockserver.http.runtime import Runtime

MODULES = (
    "general.lists",
    "general.writes",
    "general.access",
    "general.protocol",
    "general.values",
    "general.series",
    "general.pushes",
    "stekker.charge_points",
    "stekker.events",
    "stekker.market",
    "stekker.costs",
    "stekker.pushes",
    "stekker_bess.resources",
    "stekker_bess.measurements",
    "stekker_bess.schedules",
    "dynamo.people",
    "dynamo.charging",
    "dynamo.money",
)
"""Where defects are; each module has its `DEFECTS`."""


class UnknownDefect(ValueError):
    """A name that no defect has, or a defect that cannot show where it is wanted; the message says what there is."""


@cache
def catalogue() -> Mapping[str, Defect]:
    """All defects by name."""
    found: dict[str, Defect] = {}
    for module in MODULES:
        for each in import_module(f"mockserver.defects.{module}").DEFECTS:
            if each.name in found:
                raise ValueError(f"two defects are called {each.name}")
            found[each.name] = each
    return found


def defect(name: str) -> Defect:
    """The defect of a name; UnknownDefect names those that are spelled alike."""
    found = catalogue().get(name)
    if found is None:
        raise UnknownDefect(f"there is no defect {name!r}{_alike(name, catalogue())}; --break ? lists them all")
    return found


def apis_of(wanted: Defect, contracts: Iterable[Contract]) -> Iterator[str]:
    """Names of the contracts with an operation at which a defect can show."""
    return (contract.name for contract in contracts if any(map(wanted.where, contract.operations)))


def chosen(words: Iterable[str], contracts: Sequence[Contract]) -> tuple[Planted, ...]:
    """The defects of `NAME` or `NAME@OPERATION`; UnknownDefect for one that is not there, or can show nowhere."""
    return tuple(_chosen(word, contracts) for word in dict.fromkeys(words))


def _chosen(word: str, contracts: Sequence[Contract]) -> Planted:
    name, at, operation_id = word.partition("@")
    found = defect(name)
    if not any(apis_of(found, contracts)):
        served = ", ".join(contract.name for contract in contracts)
        raise UnknownDefect(f"{name} can show at no operation that is served ({served})")
    if not at:
        return Planted(found)
    if found.concerns_pushes:
        raise UnknownDefect(f"{name} is about webhooks, not about an operation: leave out @{operation_id}")
    operations = [each for contract in contracts for each in contract.operations]
    if operation_id not in {each.id for each in operations}:
        alike = _alike(operation_id, [each.id for each in operations])
        raise UnknownDefect(f"no operation {operation_id!r} is served{alike}; gridmock routes lists them all")
    places = [each.id for each in operations if found.where(each)]
    if operation_id not in places:
        raise UnknownDefect(f"{name} cannot show at {operation_id}, but at {', '.join(places)}")
    return Planted(found, operation_id)


def _alike(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}" if near else ""


def plant(app: Any, words: Iterable[str], runtime: Runtime) -> Broken:
    """The mock of a runtime with defects in front of it; they may be taken back, and others planted."""
    broken = Broken(app, outbox=runtime.outbox)
    broken.follow(runtime)
    broken.plant(*chosen(words, broken.contracts))
    return broken
