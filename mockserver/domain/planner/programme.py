"""The least-cost path of stored energy through the slots, by dynamic programming over piecewise linear functions.

Backwards, the cost-to-go J_t(e) = min over x of f_t(x) + J_t+1(e + x), with f_t a slot's cost (stages.py). While both
are convex that is a merge of their pieces by slope, cut to the band [low, high]; forwards, each piece of f_t then has a
level at which it stops: it is used while the energy is below that (charging) or above it (discharging). With K pieces
in the cost-to-go, at most the slots it takes to cross the band, a slot costs O(K) list operations in C.

A stage is not convex where burning energy would pay (negative prices) or selling is dearer than buying. If the only bad
corner is at rest and one of the directions cannot pay, because J' rises less (or more) than that direction's price all
over the band, the direction is left out and the merge goes on. If not, the function becomes a list of convex runs
(envelope.py) until a single run is left again. Both ways are exact.

The sheet's 9.3 has the convex case; thresholds instead of a stored function per slot make the pass forwards cheap.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from mockserver.domain.planner.envelope import SLIVER_WH, Run, best_move, cost_before
from mockserver.domain.planner.errors import StorageExhausted
from mockserver.domain.planner.stages import Stage

Levels = tuple[list[float], list[float]]
"""The energy (Wh) at which each piece of a convex stage stops, outwards from the rest: of `down` and of `up`."""

Policy = Levels | list[Run]
"""What decides a slot's move: levels, or the next slot's cost-to-go itself."""


class Path(NamedTuple):
    """Energy added in each slot and the energy after it, in Wh; `shortfall` is what misses to the energy wanted."""

    moves: list[float]
    energies: list[float]
    shortfall: float


def cheapest_path(
    stages: Sequence[Stage], *, low: float, high: float, initial: float, final: float, tax: float = 0.0
) -> Path:
    """The cheapest path from `initial` that stays in [low, high] and ends at `final` Wh or more.

    From outside the band it first returns as fast as the stages allow and is inside from the first slot that can be.
    An end that is out of reach is approached as far as possible. StorageExhausted when the stages force the energy out
    of the band. `tax` is an extra cost of every Wh moved, in currency per kWh. Ties go to the earlier movement.
    """
    if low - SLIVER_WH <= initial <= high + SLIVER_WH:
        initial = min(max(initial, low), high)
    if low <= initial <= high and final <= initial and not any(stage.rest for stage in stages):
        outside, highest = 0, initial  # staying idle keeps every limit
    else:
        outside, highest = _reach(stages, low, high, initial)
    wanted = min(final, highest)
    if tax:
        stages = [stage.taxed(tax) for stage in stages]
    moves: list[float] = []
    energies: list[float] = []
    energy = initial
    for stage in stages[:outside]:
        moves.append(stage.lowest if energy > high else stage.highest)
        energy += moves[-1]
        energies.append(energy)
    ahead = stages[outside:]
    if ahead and not low <= energy <= high:  # the slot that lands: its start has no place in the cost-to-go
        policies, runs = _policies(ahead[1:], low, high, wanted)
        policies.append(runs)
    else:
        policies, _ = _policies(ahead, low, high, wanted)
    for stage, policy in zip(ahead, reversed(policies), strict=True):
        move, energy = _follow(energy, stage, policy) if isinstance(policy, tuple) else best_move(energy, stage, policy)
        moves.append(move)
        energies.append(energy)
    return Path(moves, energies, max(0.0, final - highest))


def _reach(stages: Sequence[Stage], low: float, high: float, initial: float) -> tuple[int, float]:
    """(Slots until the band can be reached, the highest energy that the horizon can end with)."""
    least = most = initial
    outside = 0 if low <= initial <= high else None
    for slot, stage in enumerate(stages):
        lowest = 0.0 if stage.may_skip else stage.lowest
        below, above = least + lowest, most + stage.highest
        if outside is None:
            if below > high:
                least = most = below
                continue
            if above < low:
                least = most = above
                continue
            outside = slot
        if below > high + SLIVER_WH:
            raise StorageExhausted(slot, below - high, "room")
        if above < low - SLIVER_WH:
            raise StorageExhausted(slot, low - above, "energy")
        least, most = max(low, min(below, high)), min(high, max(above, low))
    return len(stages) if outside is None else outside, most


def _policies(stages: Sequence[Stage], low: float, high: float, final: float) -> tuple[list[Policy], list[Run]]:
    """The policy of each slot, last slot first, and the cost-to-go before the first slot."""
    start, end = max(low, min(final, high)), high
    slopes, lengths = ([0.0], [end - start]) if end - start > SLIVER_WH else ([], [])
    runs: list[Run] | None = None
    policies: list[Policy] = []
    for stage in reversed(stages):
        if runs is None:
            usable = _convex(stage, slopes, at_low=start == low, at_high=end == high)
            if usable is not None:
                levels, start, end = _step(usable, start, end, slopes, lengths, low, high)
                policies.append(levels)
                continue
            runs = [Run(start, 0.0, tuple(slopes), tuple(lengths))]
        policies.append(runs)
        runs = cost_before(runs, stage, low, high)
        if len(runs) == 1 and not stage.may_skip:
            start, slopes, lengths = runs[0].start, [*runs[0].slopes], [*runs[0].lengths]
            end = start + sum(lengths)
            # Exactly at the band's edges where it is only rounding that says otherwise.
            start = low if abs(start - low) < SLIVER_WH else start
            end = high if abs(end - high) < SLIVER_WH else end
            runs = None
    return policies, runs or [Run(start, 0.0, slopes, lengths)]


def _convex(stage: Stage, ahead: Sequence[float], *, at_low: bool, at_high: bool) -> Stage | None:
    """The stage if it is convex, or without the direction that cannot pay; None when both of its sides matter.

    `ahead` are the slopes of the next cost-to-go J', which reaches the band's lower and upper edge as stated. Moving
    down cannot pay if J' rises nowhere by more than the least that the move costs; moving up, if J' falls nowhere by
    more than that.
    """
    rest, down, up, _, may_skip = stage
    if may_skip:
        return None
    if len(down) > 1 and any(inner[0] < outer[0] for inner, outer in itertools.pairwise(down)):
        return None
    if len(up) > 1 and any(inner[0] > outer[0] for inner, outer in itertools.pairwise(up)):
        return None
    if not (down and up) or down[0][0] <= up[0][0]:
        return stage
    if rest == 0.0 and ahead:
        if at_high and ahead[-1] <= -down[0][0]:
            return Stage(rest, (), up)
        if at_low and ahead[0] >= -up[0][0]:
            return Stage(rest, down, ())
    return None


def _step(
    stage: Stage, start: float, end: float, slopes: list[float], lengths: list[float], low: float, high: float
) -> tuple[Levels, float, float]:
    """Turn J' on [start, end], by slopes and lengths, into J in place; the slot's levels, and J's start and end.

    Going along a piece of the stage stops paying where J' has minus the piece's slope: that is its level. At equal
    slopes it still pays, so that the earlier slot wins. J is what both make together: the pieces of the two by slope.
    """
    rest, down, up, _, _ = stage
    below, above = low - start + rest, end - rest - high  # what J reaches beyond the band, to be cut
    at_low, at_high = below == 0.0, above == 0.0
    down_levels: list[float] = []
    up_levels: list[float] = []
    # From the upper end to the lower, so that what has been inserted is out of the way of what is still to be placed.
    # A piece that would be cut off again at the edge of the band is not inserted at all.
    last = size = len(slopes)
    for slope, length in reversed(down):
        last = bisect_left(slopes, -slope, 0, last)
        down_levels.insert(0, start + sum(lengths[:last]))
        if last < size or not at_high:
            slopes.insert(last, -slope)
            lengths.insert(last, length)
            above += length
    for slope, length in up:
        last = bisect_right(slopes, -slope, 0, last)
        up_levels.append(start + sum(lengths[:last]))
        if last or not at_low:
            slopes.insert(last, -slope)
            lengths.insert(last, length)
            below += length
    if below > 0.0:
        _trim(slopes, lengths, below, 0)
    if above > 0.0:
        _trim(slopes, lengths, above, -1)
    return (down_levels, up_levels), low - min(below, 0.0), high + min(above, 0.0)


def _trim(slopes: list[float], lengths: list[float], excess: float, at: int) -> None:
    """Take `excess` Wh off one end (0 the lower, -1 the upper); slivers go to the neighbour, so that the sum stays."""
    while lengths and excess >= lengths[at] - SLIVER_WH:
        excess -= lengths[at]
        del lengths[at], slopes[at]
    if lengths:
        lengths[at] -= excess


def _follow(energy: float, stage: Stage, levels: Levels) -> tuple[float, float]:
    """The move in Wh that a convex slot makes at this energy, and the energy after it."""
    down_levels, up_levels = levels
    move = stage.rest
    after = energy + move
    for (_, length), level in zip(stage.up, up_levels, strict=False):
        room = level - after
        if room <= length:
            if room > SLIVER_WH:
                return level - energy, level
            break
        move += length
        after = energy + move
    if move > stage.rest:
        return move, after
    for (_, length), level in zip(stage.down, down_levels, strict=False):
        room = after - level
        if room <= length:
            return (level - energy, level) if room > SLIVER_WH else (move, after)
        move -= length
        after = energy + move
    return move, after
