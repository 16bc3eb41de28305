"""All that was discovered in a contract, with what its declaration corrects."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from contract_tests.contract import Contract
from contract_tests.declaration import Declaration, load
from contract_tests.plan import Mode
from contract_tests.surface.listings import Listing, listings
from contract_tests.surface.resources import Resource, resources

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, 9.2.1); TRACE is safe too, but servers had better not have it."""


@dataclass(frozen=True)
class Surface:
    """Resources by name and lists by label, made when first asked for."""

    contract: Contract
    declaration: Declaration

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process, which reads the declaration again: what was compiled for this one cannot be sent."""
        return _read_again, (self.contract, self.declaration.source and self.declaration.source.file)

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """Every kind of thing that the API keeps."""
        return resources(self.contract, self.declaration)

    @cached_property
    def listings(self) -> dict[str, Listing]:
        """Every GET that answers a list."""
        return listings(self.contract, self.declaration, self.resources)

    @cached_property
    def addressed(self) -> dict[str, tuple[Listing, Resource]]:
        """The lists whose things have paths, whatever can be done there, with what they are, by label."""
        found = ((label, listing, listing.resource) for label, listing in self.listings.items())
        return {label: (listing, resource) for label, listing, resource in found if resource and resource.item}

    @property
    def readable(self) -> dict[str, tuple[Listing, Resource]]:
        """Those of them whose things can be read one by one."""
        return {label: pair for label, pair in self.addressed.items() if pair[1].read}

    @cached_property
    def callers(self) -> dict[str, str]:
        """Who calls an operation, by its label, where that is not whom the target knows us as."""
        return {
            label: caller
            for caller, told in self.declaration.callers.items()
            for name in told
            for label in self.contract.tags.get(name, (name,))
        }

    def barred(self, label: str, mode: Mode) -> str:
        """Why a mode does not allow to send the method and path of a label; an empty text where it does.

        In safe mode only what is at or below a thing that can be deleted may be changed: it goes with the thing.
        """
        if mode == "full" or self.is_safe(label):
            return ""
        method, _, path = label.partition(" ")
        if mode == "read-only":
            return f"--mode read-only sends no {method}"
        if any(_goes_with(resource, method, path) for resource in self.resources.values()):
            return ""
        return f"--mode safe sends no {method} to {path}: what it does could not be undone by deleting a thing"

    def is_safe(self, label: str) -> bool:
        """Whether an operation changes nothing: by its method, or because the declaration says so."""
        return label.partition(" ")[0] in SAFE or label in self.declaration.harmless


def _read_again(contract: Contract, file: Path | None) -> Surface:
    return Surface(contract, load(file, contract) if file else Declaration())


def _goes_with(resource: Resource, method: str, path: str) -> bool:
    """Whether what is done there is gone when a thing of that kind is deleted."""
    created = method == "POST" and path == resource.collection
    return bool(resource.delete) and (created or resource.is_at_or_below(path))
