"""Planted defects: a correct server that is wrong in one known way, for `gridmock serve --break` and for tests."""

from __future__ import annotations

from mockserver.defects.catalogue import UnknownDefect, apis_of, catalogue, chosen, defect, plant
from mockserver.defects.contract import Contract, contracts_of
from mockserver.defects.defect import Answer, Defect, Memory, Push, Request, anywhere
from mockserver.defects.planting import Broken, Planted

__all__ = [
    "Answer",
    "Broken",
    "Contract",
    "Defect",
    "Memory",
    "Planted",
    "Push",
    "Request",
    "UnknownDefect",
    "anywhere",
    "apis_of",
    "catalogue",
    "chosen",
    "contracts_of",
    "defect",
    "plant",
]
