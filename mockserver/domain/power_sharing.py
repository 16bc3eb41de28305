"""How a site shares its power among the connectors that charge, in integer W.

    least of all     each gets its floor, also where the budget is too small for all floors
    evenly           all get the same, except that nobody gets more than it can give or less than its floor
    in turn          beyond the floors the first gets as much as it can give, then the second, until nothing is left

With enough for all floors the shares never add up to more than the budget. Source: fact sheet of the Dynamo API, 2.9,
which has the even shares and the floor; that what one cannot give goes to the others is our choice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple


class Claim(NamedTuple):
    """What a connector gets at least, and what it can give at most: W, the first not above the second."""

    least_w: int
    most_w: int


def share_evenly(budget_w: int, claims: Sequence[Claim]) -> list[int]:
    """The shares by one level for all, the highest that the budget carries; up to a W for each is left over."""

    def at(level_w: int) -> list[int]:
        return [min(max(level_w, claim.least_w), claim.most_w) for claim in claims]

    levels = range(max((claim.most_w for claim in claims), default=0) + 1)
    carried = bisect_right(levels, budget_w, key=lambda level_w: sum(at(level_w)))
    return at(max(carried - 1, 0))


def share_in_turn(budget_w: int, claims: Sequence[Claim]) -> list[int]:
    """The shares of claims of which the first comes before the second, and so on."""
    left_w = max(budget_w - sum(claim.least_w for claim in claims), 0)
    shares = []
    for claim in claims:
        more_w = min(claim.most_w - claim.least_w, left_w)
        left_w -= more_w
        shares.append(claim.least_w + more_w)
    return shares
