"""Sharing the power of a site: budgets hold, nobody gets less than the floor, who comes first is served first."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockserver.domain.power_sharing import Claim, share_evenly, share_in_turn

Share = Callable[[int, list[Claim]], list[int]]
budgets = st.integers(0, 200_000)
claims = st.lists(
    st.tuples(st.integers(0, 50_000), st.integers(0, 50_000)).map(lambda pair: Claim(*sorted(pair))), max_size=8
)


@pytest.mark.parametrize("share", [share_evenly, share_in_turn])
@settings(max_examples=60)
@given(budget_w=budgets, claims=claims)
def test_shares_stay_within_budget_and_bounds(share: Share, budget_w: int, claims: list[Claim]) -> None:
    shares = share(budget_w, claims)
    assert shares == share(budget_w, claims)
    assert all(claim.least_w <= each <= claim.most_w for each, claim in zip(shares, claims, strict=True))
    floors_w, most_w = (sum(column) for column in zip(*claims, strict=True)) if claims else (0, 0)
    if floors_w >= budget_w:
        assert shares == [claim.least_w for claim in claims]
    else:
        assert sum(shares) <= budget_w
        assert sum(shares) > min(budget_w, most_w) - max(len(claims), 1)  # nothing is kept back


@settings(max_examples=60)
@given(budget_w=budgets, claims=claims)
def test_even_shares_differ_only_where_a_bound_is_met(budget_w: int, claims: list[Claim]) -> None:
    shares = share_evenly(budget_w, claims)
    for share, claim in zip(shares, claims, strict=True):
        for other, others in zip(shares, claims, strict=True):
            assert share >= other or share == claim.most_w or other == others.least_w


@settings(max_examples=60)
@given(budget_w=budgets, claims=claims)
def test_whoever_comes_later_gets_more_than_the_floor_once_the_earlier_have_all(
    budget_w: int, claims: list[Claim]
) -> None:
    shares = share_in_turn(budget_w, claims)
    for number, claim in enumerate(claims):
        if shares[number] > claim.least_w:
            assert all(shares[before] == claims[before].most_w for before in range(number))


@pytest.mark.parametrize(
    ("budget_w", "evenly", "in_turn"),
    [
        (100_000, [11_000, 22_000, 50_000], [11_000, 22_000, 50_000]),
        (40_000, [11_000, 14_500, 14_500], [11_000, 22_000, 7_000]),
        (15_000, [5_000, 5_000, 5_000], [11_000, 2_600, 1_400]),
        (3_000, [1_400, 1_400, 1_400], [1_400, 1_400, 1_400]),
    ],
)
def test_what_one_cannot_give_goes_to_the_others(budget_w: int, evenly: list[int], in_turn: list[int]) -> None:
    asked = [Claim(1_400, most_w) for most_w in (11_000, 22_000, 50_000)]
    assert share_evenly(budget_w, asked) == evenly
    assert share_in_turn(budget_w, asked) == in_turn
