"""All three servers with what is to be told a checker of each, their defects and their traps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract_tests.habits import depot_defects, metering_defects, shop_defects, traps
from tests.contract_tests.habits.depot import READ_TOKEN, TOKEN, Depot
from tests.contract_tests.habits.metering import KEY, READ_KEY, Metering
from tests.contract_tests.habits.planting import Client, Defect, Trap
from tests.contract_tests.habits.shop import NORTH, SOUTH, Shop, basic


@dataclass(frozen=True)
class Habit:
    """One server; headers are those of its usual caller, of one who may only read, and of another tenant."""

    name: str
    server: Any
    headers: Mapping[str, str]
    defects: tuple[Defect, ...]
    traps: tuple[Trap, ...]
    readers: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)

    def client(self, *planted: Defect | Trap) -> Client:
        """Somebody who asks a new server in this process."""
        headers = dict(self.headers)
        for one in planted:
            headers |= getattr(one, "headers", {})
        return Client(self.server(*planted), **headers)


HABITS = (
    Habit(
        "depot",
        Depot,
        {"Authorization": f"Bearer {TOKEN}"},
        depot_defects.DEFECTS,
        traps.OF_DEPOT,
        readers={"Authorization": f"Bearer {READ_TOKEN}"},
    ),
    Habit(
        "metering",
        Metering,
        {"X-Api-Key": KEY},
        metering_defects.DEFECTS,
        traps.OF_METERING,
        readers={"X-Api-Key": READ_KEY},
    ),
    Habit(
        "shop",
        Shop,
        {"Authorization": basic(NORTH)},
        shop_defects.DEFECTS,
        traps.OF_SHOP,
        others={"Authorization": basic(SOUTH)},
    ),
)
