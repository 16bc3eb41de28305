"""Piecewise linear functions that need not be convex: least sums of two of them, exactly.

A function is a list of convex runs. The cost-to-go of a slot is the infimal convolution of the next one's with the
slot's cost, J(e) = min over x of f(x) + J'(e + x). Of two convex functions it is their pieces merged by slope; of sums
of runs it is the lower envelope over all pairs of runs:

    min over x of min_i f_i(x) + min_k J'_k(e + x)  =  min over i, k of (f_i convolved with J'_k)(e)

Runs may leave gaps, and a run may be a single point: a charger that takes nothing or at least 6 A makes both.
Energies are in Wh, slopes in currency per kWh, values in their product.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from operator import mul
from typing import NamedTuple

from mockserver.domain.planner.stages import Stage

# Lengths (Wh) below which a piece, and values below which a difference, is rounding.
SLIVER_WH = 1e-6
_ROUNDING = 1e-10
# The share by which costs may differ and still be equal; far less than what the tie (stages.py) makes of a movement.
_EQUAL = 1e-13


class Run(NamedTuple):
    """A convex function on [start, start + sum of lengths], `value` at its start, slopes ascending."""

    start: float
    value: float
    slopes: Sequence[float]
    lengths: Sequence[float]


Piece = tuple[float, float, float, float]
"""A straight line: start, end, value at the start, slope. Plain, for there are millions of them."""


class Part(NamedTuple):
    """A convex part of a stage by its corners, moves x in Wh ascending and their costs, and the slopes between them."""

    moves: list[float]
    costs: list[float]
    slopes: list[float]


def convex_parts(stage: Stage) -> list[Part]:
    """The stage's chain, cut where its slope falls; and x = 0 by itself if the stage can be skipped."""
    moves, costs, slopes = [stage.rest], [stage.rest_cost], []
    for slope, length in stage.up:
        moves.append(moves[-1] + length)
        costs.append(costs[-1] + slope * length)
        slopes.append(slope)
    for slope, length in stage.down:
        moves.insert(0, moves[0] - length)
        costs.insert(0, costs[0] - slope * length)
        slopes.insert(0, slope)
    corners = [0, *(at for at in range(1, len(slopes)) if slopes[at] < slopes[at - 1]), len(slopes)]
    parts = [
        Part(moves[first : last + 1], costs[first : last + 1], slopes[first:last])
        for first, last in pairwise(corners)
        if last > first or not slopes
    ]
    return [Part([0.0], [0.0], []), *parts] if stage.may_skip else parts


def cost_before(runs: Sequence[Run], stage: Stage, low: float, high: float) -> list[Run]:
    """J on [low, high] from the next slot's runs J' and the slot's stage; empty when no energy there leads on."""
    candidates = []
    for moves, costs, slopes in convex_parts(stage):
        if len(moves) == 1 and moves[0] == 0.0:  # x = 0 alone leaves J' as it is, an envelope already
            candidates.append([piece for run in runs for piece in _pieces(run)])
            continue
        mirrored = [(-slope, end - start) for slope, start, end in zip(slopes, moves, moves[1:], strict=False)]
        for run in runs:
            merged = sorted([*zip(run.slopes, run.lengths, strict=True), *mirrored])
            pieces = _cut(run.start - moves[-1], run.value + costs[-1], merged, low, high)
            if pieces:
                candidates.append(pieces)
    while len(candidates) > 1:  # by pairs, so that each piece is looked at a logarithmic number of times
        pairs = zip(candidates[::2], candidates[1::2], strict=False)
        odd = candidates[-1:] if len(candidates) % 2 else []
        candidates = [_lower(first, second) for first, second in pairs] + odd
    return _joined(candidates[0]) if candidates else []


def best_move(energy: float, stage: Stage, runs: Sequence[Run]) -> tuple[float, float]:
    """The x (Wh) with the least f(x) + J'(energy + x), and the energy after it; among equals the greatest |x|.

    The sum is piecewise linear, so a corner of f or of J' is optimal. ValueError when no x leads into a run.
    """
    parts = convex_parts(stage)
    reach = energy + max(part.moves[-1] for part in parts) + SLIVER_WH
    options: list[tuple[float, float, float]] = []
    for run in runs:
        if run.start > reach:
            break
        ends = [*accumulate(run.lengths, initial=run.start)]
        values = [*accumulate(map(mul, run.slopes, run.lengths), initial=run.value)]
        for moves, costs, _ in parts:
            if ends[-1] < energy + moves[0] - SLIVER_WH:
                continue
            for move, cost in zip(moves, costs, strict=True):
                after = energy + move
                if ends[0] - SLIVER_WH <= after <= ends[-1] + SLIVER_WH:
                    after = min(max(after, ends[0]), ends[-1])
                    options.append((cost + _interpolated(after, ends, values), move, after))
            for after, value in zip(ends, values, strict=True):
                move = after - energy if abs(after - energy) > SLIVER_WH else 0.0
                if moves[0] - SLIVER_WH <= move <= moves[-1] + SLIVER_WH:
                    options.append((_interpolated(move, moves, costs) + value, move, after))
    if not options:
        raise ValueError(f"no move from {energy} Wh leads on")
    least = min(options)[0]
    _, move, after = max(
        (option for option in options if option[0] <= least + _EQUAL * (1.0 + abs(least))),
        key=lambda option: (abs(option[1]), option[1]),
    )
    return move, after


def _interpolated(at: float, corners: Sequence[float], values: Sequence[float]) -> float:
    """The value at a place between two corners, or the outermost value beyond them."""
    if at <= corners[0]:
        return values[0]
    for index in range(1, len(corners)):
        if at <= corners[index]:
            start, end = corners[index - 1], corners[index]
            return values[index - 1] + (values[index] - values[index - 1]) * (at - start) / (end - start)
    return values[-1]


def _pieces(run: Run) -> list[Piece]:
    if not run.slopes:
        return [(run.start, run.start, run.value, 0.0)]
    pieces, start, value = [], run.start, run.value
    for slope, length in zip(run.slopes, run.lengths, strict=True):
        pieces.append((start, start + length, value, slope))
        start, value = start + length, value + slope * length
    return pieces


def _cut(start: float, value: float, pieces: Iterable[tuple[float, float]], low: float, high: float) -> list[Piece]:
    """The part inside [low, high] of a function given by its first value and its pieces; a point if only that is."""
    inside: list[Piece] = []
    first, end = (start, value), start
    for slope, length in pieces:
        end = start + length
        if end > low + SLIVER_WH and length > SLIVER_WH:
            if start < low:
                inside.append((low, end if end < high else high, value + slope * (low - start), slope))
            elif start < high - SLIVER_WH:
                inside.append((start, end if end < high else high, value, slope))
            else:
                break
        start, value = end, value + slope * length
    if not inside:  # at most an end touches the band; a function that is a point itself comes here too
        for at, level in (first, (end, value)):
            if low - SLIVER_WH <= at <= high + SLIVER_WH:
                return [(at, at, level, 0.0)]
    return inside


def _lower(first: list[Piece], second: list[Piece]) -> list[Piece]:
    """The lower envelope of two functions, each given by pieces that ascend and do not overlap."""
    lower: list[Piece] = []
    ours, theirs = iter(first), iter(second)
    done = (math.inf, math.inf, 0.0, 0.0)
    a_start, a_end, a_value, a_slope = next(ours)
    b_start, b_end, b_value, b_slope = next(theirs)
    while a_start < math.inf or b_start < math.inf:
        if a_end <= b_start:
            lower.append((a_start, a_end, a_value, a_slope))
            a_start, a_end, a_value, a_slope = next(ours, done)
        elif b_end <= a_start:
            lower.append((b_start, b_end, b_value, b_slope))
            b_start, b_end, b_value, b_slope = next(theirs, done)
        elif a_start < b_start:
            lower.append((a_start, b_start, a_value, a_slope))
            a_value += a_slope * (b_start - a_start)
            a_start = b_start
        elif b_start < a_start:
            lower.append((b_start, a_start, b_value, b_slope))
            b_value += b_slope * (a_start - b_start)
            b_start = a_start
        else:
            start, end = a_start, a_end if a_end < b_end else b_end
            a_last, b_last = a_value + a_slope * (end - start), b_value + b_slope * (end - start)
            ahead, behind = a_value - b_value, a_last - b_last
            if ahead <= _ROUNDING and behind <= _ROUNDING:
                lower.append((start, end, a_value, a_slope))
            elif ahead >= -_ROUNDING and behind >= -_ROUNDING:
                lower.append((start, end, b_value, b_slope))
            else:
                crossing = start + (end - start) * ahead / (ahead - behind)
                level = a_value + a_slope * (crossing - start)
                if ahead < 0.0:
                    lower += (start, crossing, a_value, a_slope), (crossing, end, level, b_slope)
                else:
                    lower += (start, crossing, b_value, b_slope), (crossing, end, level, a_slope)
            a_start, a_value = end, a_last
            b_start, b_value = end, b_last
            if a_end <= end:
                a_start, a_end, a_value, a_slope = next(ours, done)
            if b_end <= end:
                b_start, b_end, b_value, b_slope = next(theirs, done)
    return lower


def _joined(pieces: Iterable[Piece]) -> list[Run]:
    """Ascending pieces as the fewest convex runs; points that a neighbour undercuts or matches are left out."""
    runs: list[Run] = []
    end = last = 0.0
    slopes: list[float] = []
    lengths: list[float] = []
    for start, stop, value, slope in pieces:
        touches = bool(runs) and start - end <= SLIVER_WH
        lower = value < last - _ROUNDING * (1.0 + abs(last))
        if touches and stop - start <= SLIVER_WH:
            if lower:
                if not slopes:
                    runs.pop()  # the point before is at the same place
                slopes, lengths = [], []
                runs.append(Run(start, value, slopes, lengths))
                end, last = stop, value
            continue
        level = touches and not lower and value <= last + _ROUNDING * (1.0 + abs(last))
        if level and slopes and slopes[-1] == slope:
            lengths[-1] += stop - end  # from `end`, not `start`: what was left out before must not shift the rest
        elif level and (not slopes or slopes[-1] < slope):
            slopes.append(slope)
            lengths.append(stop - end)
        else:
            if touches and not slopes and not value > last + _ROUNDING * (1.0 + abs(last)):
                runs.pop()  # the point before is matched by the piece that begins there
            slopes, lengths = ([slope], [stop - start]) if stop - start > SLIVER_WH else ([], [])
            runs.append(Run(start, value, slopes, lengths))
        end = stop
        last = value + slope * (stop - start)
    return runs
