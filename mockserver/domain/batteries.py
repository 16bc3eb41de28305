"""Stationary batteries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from mockserver.domain.planner import Storage

_BAND = (0.1, 0.9)  # realism sheet 8: 10-95 % is usual; the BESS sheet's default is 10-90 %
_EFFICIENCY = 0.95  # one way, realism sheet 8
_WEAR_PER_KWH = 0.02  # realism sheet 9.5, G3


@dataclass(frozen=True, eq=False)
class Battery:
    """A battery of one site; energy in Wh at the cells, power in W at the AC side, either way."""

    id: str
    capacity_wh: int
    power_w: int

    @cached_property
    def storage(self) -> Storage:
        """The battery as the planner sees it."""
        low, high = _BAND
        return Storage(
            capacity_wh=self.capacity_wh,
            min_energy_wh=low * self.capacity_wh,
            max_energy_wh=high * self.capacity_wh,
            charge_limit_w=self.power_w,
            discharge_limit_w=self.power_w,
            charge_efficiency=_EFFICIENCY,
            discharge_efficiency=_EFFICIENCY,
            wear_per_kwh=_WEAR_PER_KWH,
        )

    @property
    def resting_wh(self) -> int:
        """What it holds at every UTC midnight: the middle of its band."""
        return self.capacity_wh // 2
