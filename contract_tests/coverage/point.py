"""The unit of coverage: one thing that a contract declares and that a run can exercise or leave out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from specs.direction import Direction

Kind = Literal["responses", "parameters", "values", "branches"]
"""Statuses; parameters and properties of request bodies; each value of an enum or boolean that a client may send; and
what a body may be: a media type, an alternative of oneOf or anyOf, null or not, a list with an item in it."""
KINDS: tuple[Kind, ...] = ("responses", "parameters", "values", "branches")

MOST = 400
"""Points of one operation; what a larger one declares beyond these is not counted, and its row says so."""


@dataclass(frozen=True, slots=True)
class Point:
    """Part of an operation, `query valid`, `body.rates[].type` or `200 body.icon`, and which `value` of it, if any.

    `refused` is the status of the answer that refused it, from 400 on; 0 for what was taken, received, or is declared.
    """

    direction: Direction
    kind: Kind
    name: str
    value: str = ""
    refused: int = 0

    @property
    def is_server_trouble(self) -> bool:
        """Whether it is a 5xx answer, which no client can provoke."""
        return self.kind == "responses" and self.name.startswith("5")

    def __str__(self) -> str:
        if not self.value:
            return self.name
        return f"{self.name}{': ' if self.kind == 'branches' else '='}{self.value}"
