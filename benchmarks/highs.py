"""The peer of the planner: HiGHS on the formulation of realism sheet 9.2, through highspy's matrix form."""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np


class Model:
    """A storage at one connection over equal slots, as LP or, with binaries, as MILP.

    Columns per slot: import, export, charge, discharge (kW), stored energy (kWh), and the two binaries; prices per kWh.
    """

    def __init__(
        self,
        buy: Sequence[float],
        sell: Sequence[float],
        net_load_kw: Sequence[float],
        *,
        slot_h: float,
        power_kw: float,
        energy_kwh: tuple[float, float],
        initial_kwh: float,
        final_kwh: float,
        efficiency: float,
        grid_kw: float,
        exact: bool,
    ) -> None:
        slots = len(buy)
        columns = 7 if exact else 5
        low, high = energy_kwh
        cost = np.zeros((slots, columns))
        cost[:, 0] = np.asarray(buy) * slot_h
        cost[:, 1] = -np.asarray(sell) * slot_h
        upper = np.tile([grid_kw, grid_kw, power_kw, power_kw, high, 1.0, 1.0][:columns], (slots, 1)).astype(float)
        lower = np.zeros((slots, columns))
        lower[:, 4] = low
        lower[-1, 4] = final_kwh
        starts, indices, values, row_low, row_high = [], [], [], [], []

        def row(entries: dict[int, float], least: float, most: float) -> None:
            starts.append(len(indices))
            indices.extend(entries)
            values.extend(entries.values())
            row_low.append(least)
            row_high.append(most)

        for t in range(slots):
            at = t * columns
            row({at: 1.0, at + 1: -1.0, at + 2: -1.0, at + 3: 1.0}, net_load_kw[t], net_load_kw[t])
            stored = {at + 4: 1.0, at + 2: -efficiency * slot_h, at + 3: slot_h / efficiency}
            before = initial_kwh if t == 0 else 0.0
            row(stored | ({} if t == 0 else {at - columns + 4: -1.0}), before, before)
            if exact:
                inf = highspy.kHighsInf
                row({at + 2: 1.0, at + 5: -power_kw}, -inf, 0.0)
                row({at + 3: 1.0, at + 5: power_kw}, -inf, power_kw)
                row({at: 1.0, at + 6: -grid_kw}, -inf, 0.0)
                row({at + 1: 1.0, at + 6: grid_kw}, -inf, grid_kw)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = slots * columns, len(row_low)
        model.col_cost_, model.col_lower_, model.col_upper_ = cost.ravel(), lower.ravel(), upper.ravel()
        model.row_lower_, model.row_upper_ = np.array(row_low), np.array(row_high)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.array([*starts, len(indices)], dtype=np.int32)
        model.a_matrix_.index_ = np.array(indices, dtype=np.int32)
        model.a_matrix_.value_ = np.array(values)
        if exact:
            kinds = [highspy.HighsVarType.kContinuous] * 5 + [highspy.HighsVarType.kInteger] * 2
            model.integrality_ = kinds * slots
        self._model = model

    def solve(self) -> float:
        """The optimum, in the currency of the prices; ValueError when there is none."""
        solver = highspy.Highs()
        solver.setOptionValue("output_flag", False)
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("mip_rel_gap", 0.0)
        solver.passModel(self._model)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise ValueError(f"HiGHS found no optimum: {solver.getModelStatus()}")
        return float(solver.getInfo().objective_function_value)
