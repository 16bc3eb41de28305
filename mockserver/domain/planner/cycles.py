"""The cheapest path that moves no more than a budget of energy through the storage.

Throughput is the sum of |x| over the slots, in Wh at the battery, both ways. Its limit couples all slots, so it gets a
price: with a tax of lambda per Wh moved, g(lambda) = min over paths of cost + lambda * throughput is concave and
piecewise linear, and g(lambda) - lambda * budget is a lower bound on the cost for every lambda >= 0 (Lagrange). The
best one is where throughput, falling in lambda, jumps over the budget. Each path gives a line of g; the next lambda is
where the best line on either side of the budget meet (discrete Newton), until no path lies below that point. There two
paths are equally good, one over and one under the budget, and their mixture that uses up the budget keeps every limit.

When all stages are convex the mixture costs no more than the bound: exact. When not, it may lie on a stage's hump in a
slot where one path charges and the other discharges (or one imports and the other exports). Then the slot is confined
to one convex part of its stage after the other: branch and bound, best bound first. It ends with a proof, or after
NODE_LIMIT nodes with the best path found and the bound that holds for every other.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import NamedTuple

from mockserver.domain.planner.envelope import SLIVER_WH, convex_parts
from mockserver.domain.planner.errors import CycleLimitExceeded, StorageExhausted
from mockserver.domain.planner.programme import Path, cheapest_path
from mockserver.domain.planner.stages import Stage

NODE_LIMIT = 100
_NEWTON_LIMIT = 100
_ROUNDING = 1e-11


class Task(NamedTuple):
    """What all paths of a search share: the band, first and last energy, and the throughput allowed, in Wh.

    From slot `landing` on they are inside the band. A slot confined to part of its stage could put that off.
    """

    low: float
    high: float
    initial: float
    final: float
    budget: float
    landing: int = 0

    def has(self, energy: float) -> bool:
        """True inside the band."""
        return self.low - SLIVER_WH <= energy <= self.high + SLIVER_WH


class Candidate(NamedTuple):
    """A path within the budget: its cost, the least that any path of its stages can cost, and its worst slot.

    Costs are in currency per kWh times Wh. `hump` is the slot in which the path's cost exceeds the bound the most,
    None when it does nowhere.
    """

    bound: float
    cost: float
    path: Path
    hump: int | None


def cheapest_path_within(
    stages: Sequence[Stage], *, low: float, high: float, initial: float, final: float, budget: float
) -> tuple[Path, float]:
    """The cheapest path with a throughput of at most `budget` Wh, and how far its cost may lie above the least.

    That gap is in currency per kWh times Wh, 0 when proven optimal. An end that takes more throughput than the budget
    is approached as far as possible; CycleLimitExceeded when the other limits alone take more.
    """
    task, shortfall = _attainable(stages, Task(low, high, initial, final, budget))
    root = _candidate(stages, task)
    if root is None:  # only if rounding contradicts what _attainable has found
        raise CycleLimitExceeded(budget, budget)
    best = root
    open_nodes: list[tuple[float, int, Candidate, Sequence[Stage]]] = [(root.bound, 0, root, stages)]
    count = 1
    while open_nodes and count < NODE_LIMIT:
        bound, _, node, confined = open_nodes[0]
        if node.hump is None or bound >= best.cost - _tolerance(best.cost):
            break
        heapq.heappop(open_nodes)
        for part in convex_parts(confined[node.hump]):
            rest = min(max(confined[node.hump].rest, part.moves[0]), part.moves[-1])
            at = part.moves.index(rest)
            lengths = [end - start for start, end in zip(part.moves, part.moves[1:], strict=False)]
            pieces = [*zip(part.slopes, lengths, strict=True)]
            child = [*confined]
            child[node.hump] = Stage(rest, tuple(reversed(pieces[:at])), tuple(pieces[at:]), part.costs[at])
            candidate = _candidate(child, task)
            count += 1
            if candidate is not None:
                heapq.heappush(open_nodes, (candidate.bound, count, candidate, child))
                best = min(best, candidate, key=lambda each: each.cost)
    bound = min(open_nodes[0][0], best.cost) if open_nodes else best.cost
    gap = best.cost - bound
    return best.path._replace(shortfall=shortfall), gap if gap > _tolerance(best.cost) else 0.0


def _attainable(stages: Sequence[Stage], task: Task) -> tuple[Task, float]:
    """The task with a final energy that time and budget allow, and what that takes off the energy wanted."""
    tax = _prohibitive(stages)
    frugal = _taxed(stages, task, tax)
    inside = (slot for slot, energy in enumerate(frugal.energies) if task.has(energy))
    task = task._replace(landing=next(inside, len(stages)))
    shortfall, excess = frugal.shortfall, _throughput(frugal) - task.budget
    if excess > SLIVER_WH:
        # The least throughput rises with the final energy Wh by Wh: what lacks can only have been charged.
        lower = max(task.low, task.final - shortfall - excess)
        shortfall = task.final - lower
        frugal = _taxed(stages, task._replace(final=lower), tax)
        if _throughput(frugal) > task.budget + SLIVER_WH * len(stages):
            raise CycleLimitExceeded(task.budget, _throughput(frugal))
        return task._replace(final=lower, budget=max(task.budget, _throughput(frugal))), shortfall
    return task._replace(final=task.final - shortfall), shortfall


def _candidate(stages: Sequence[Stage], task: Task) -> Candidate | None:
    """The mixture of the two paths at the best tax; None when these stages have no path within the budget."""
    try:
        over = _taxed(stages, task, 0.0)
        under = _taxed(stages, task, _prohibitive(stages))
    except StorageExhausted:
        return None
    landed = slice(task.landing, task.landing + 1)
    if not all(task.has(energy) for path in (over, under) for energy in path.energies[landed]):
        return None
    over_cost, under_cost = _cost(stages, over), _cost(stages, under)
    over_sum, under_sum = _throughput(over), _throughput(under)
    if over.shortfall > SLIVER_WH or under_sum > task.budget + SLIVER_WH * len(stages):
        return None
    if over_sum <= task.budget + SLIVER_WH:
        return Candidate(over_cost, over_cost, over, None)
    bound = over_cost
    for _ in range(_NEWTON_LIMIT):
        tax = (under_cost - over_cost) / (over_sum - under_sum)
        path = _taxed(stages, task, tax)
        cost, throughput = _cost(stages, path), _throughput(path)
        bound = max(bound, cost + tax * (throughput - task.budget))
        if cost + tax * throughput >= over_cost + tax * over_sum - _tolerance(over_cost + tax * over_sum):
            break
        if throughput > task.budget:
            over, over_cost, over_sum = path, cost, throughput
        else:
            under, under_cost, under_sum = path, cost, throughput
    share = min(1.0, max(0.0, (task.budget - under_sum) / (over_sum - under_sum)))
    moves = [x + share * (y - x) for x, y in zip(under.moves, over.moves, strict=True)]
    energies = [x + share * (y - x) for x, y in zip(under.energies, over.energies, strict=True)]
    humps = [
        stage.cost(move) - (1.0 - share) * stage.cost(x) - share * stage.cost(y)
        for stage, move, x, y in zip(stages, moves, under.moves, over.moves, strict=True)
    ]
    mixed = Path(moves, energies, 0.0)
    highest = max(range(len(humps)), key=humps.__getitem__)
    hump = highest if humps[highest] > _tolerance(under_cost) else None
    cost = _cost(stages, mixed)
    return Candidate(min(bound, cost), cost, mixed, hump)


def _taxed(stages: Sequence[Stage], task: Task, tax: float) -> Path:
    return cheapest_path(stages, low=task.low, high=task.high, initial=task.initial, final=task.final, tax=tax)


def _prohibitive(stages: Sequence[Stage]) -> float:
    """A tax at which no movement is made for money: one Wh moved twice can gain at most two of the steepest slopes."""
    return 4.0 * max((abs(slope) for stage in stages for slope, _ in (*stage.down, *stage.up)), default=1.0)


def _throughput(path: Path) -> float:
    return sum(map(abs, path.moves))


def _cost(stages: Sequence[Stage], path: Path) -> float:
    return sum(stage.cost(move) for stage, move in zip(stages, path.moves, strict=True))


def _tolerance(cost: float) -> float:
    return _ROUNDING * (1.0 + abs(cost))
