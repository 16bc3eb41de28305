"""Requests per rolling hour, against a count made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from fixtures.rng import Stream
from mockserver.http.ratelimit import WINDOW_S, RateLimiter
from tests.mockserver.http.workshop import API, BASE, LIMIT, Workshop

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC).timestamp()


class ByHand:
    """All requests that count, and the window taken literally: (now - 1 h, now]."""

    def __init__(self, limit: int, *, enforce: bool) -> None:
        self.limit, self.enforce = limit, enforce
        self.counted: list[float] = []

    def remaining(self, now: float) -> int:
        return max(0, self.limit - sum(now - WINDOW_S < instant <= now for instant in self.counted))

    def let_in(self, now: float) -> bool:
        if self.enforce and self.remaining(now) == 0:
            return False
        self.counted.append(now)
        return True


def arrivals(seed: int, count: int) -> list[float]:
    """Instants of a day with rushes, lulls, ties and whole hours between them, to the microsecond."""
    stream = Stream(seed, "arrivals")
    at = datetime.fromtimestamp(NOON, UTC)
    instants = []
    for _ in range(count):
        gap = stream.choice([0.0, 1e-6, 0.25, 1.0, stream.exponential(60.0), stream.exponential(900.0), WINDOW_S])
        at += timedelta(seconds=gap)
        instants.append(at.timestamp())
    return instants


@pytest.mark.parametrize("limit", [1, 2, 7, 50])
@pytest.mark.parametrize("enforce", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_what_remains_and_who_is_let_in_agrees_with_a_count_by_hand(seed: int, enforce: bool, limit: int) -> None:
    limiter, by_hand = RateLimiter(), ByHand(limit, enforce=enforce)
    for now in arrivals(seed, 300):
        assert limiter.peek("bucket", limit, now).remaining == by_hand.remaining(now)
        let_in = by_hand.let_in(now)
        quota = limiter.take("bucket", limit, now, enforce=enforce)
        assert (quota.limit, quota.remaining) == (limit, by_hand.remaining(now))
        assert (quota.retry_after_s == 0) == let_in


@pytest.mark.parametrize("limit", [1, 3, 6])
@pytest.mark.parametrize("seed", range(20))
def test_a_request_after_exactly_retry_after_seconds_is_let_in_and_one_a_second_earlier_is_not(
    seed: int, limit: int
) -> None:
    limiter = RateLimiter()
    refused = 0
    for now in arrivals(seed, 200):
        quota = limiter.take("bucket", limit, now, enforce=True)
        if not quota.retry_after_s:
            continue
        refused += 1
        assert 1 <= quota.retry_after_s <= WINDOW_S
        after = (datetime.fromtimestamp(now, UTC) + timedelta(seconds=quota.retry_after_s)).timestamp()
        assert limiter.peek("bucket", limit, after).remaining > 0
        if quota.retry_after_s > 1:
            assert limiter.peek("bucket", limit, after - 1).remaining == 0
    assert refused


@pytest.mark.parametrize("microseconds", [0, 1, 333_333, 500_000, 999_999])
@pytest.mark.parametrize("gap_s", [0, 1, 10, 1799, 3599])
def test_a_client_that_obeys_retry_after_is_never_refused_twice(gap_s: int, microseconds: int) -> None:
    limiter = RateLimiter()
    at = datetime.fromtimestamp(NOON, UTC) + timedelta(microseconds=microseconds)
    limiter.take("bucket", 1, at.timestamp(), enforce=True)
    at += timedelta(seconds=gap_s)
    quota = limiter.take("bucket", 1, at.timestamp(), enforce=True)
    assert quota.retry_after_s == WINDOW_S - gap_s
    at += timedelta(seconds=quota.retry_after_s)
    assert limiter.take("bucket", 1, at.timestamp(), enforce=True).retry_after_s == 0


def test_a_refused_request_does_not_count() -> None:
    limiter = RateLimiter()
    limiter.take("bucket", 1, NOON, enforce=True)
    for second in range(1, 3600):
        assert limiter.take("bucket", 1, NOON + second, enforce=True).retry_after_s == 3600 - second
    assert limiter.take("bucket", 1, NOON + 3600, enforce=True).retry_after_s == 0


def test_without_enforcement_everyone_is_let_in_and_everything_counts() -> None:
    limiter = RateLimiter()
    remaining = [limiter.take("bucket", 2, NOON + second, enforce=False).remaining for second in range(5)]
    assert remaining == [1, 0, 0, 0, 0]
    # Had only two of the five counted, one would have left the window by now.
    assert limiter.take("bucket", 2, NOON + 3600.5, enforce=False).remaining == 0


def test_buckets_do_not_see_each_other() -> None:
    limiter = RateLimiter()
    limiter.take(("app", "user"), 1, NOON, enforce=True)
    assert limiter.take(("app", None), 1, NOON, enforce=True).retry_after_s == 0
    assert limiter.take(("app", "user"), 1, NOON, enforce=True).retry_after_s == 3600


def test_peek_does_not_count() -> None:
    limiter = RateLimiter()
    for _ in range(5):
        assert limiter.peek("bucket", 2, NOON).remaining == 2
    assert limiter.take("bucket", 2, NOON, enforce=True).remaining == 1


def test_clear_forgets_every_bucket() -> None:
    limiter = RateLimiter()
    limiter.take("bucket", 1, NOON, enforce=True)
    limiter.clear()
    assert limiter.take("bucket", 1, NOON, enforce=True).retry_after_s == 0


def test_a_clock_moved_back_by_more_than_an_hour_locks_nobody_out() -> None:
    limiter = RateLimiter()
    for _ in range(3):
        limiter.take("bucket", 3, NOON, enforce=True)
    assert limiter.take("bucket", 3, NOON - 86_400, enforce=True).remaining == 2
    assert limiter.take("bucket", 3, NOON - 86_400, enforce=True).remaining == 1


def test_an_hour_remembered_from_before_the_clock_moved_back_still_counts() -> None:
    limiter = RateLimiter()
    for second in range(5):
        limiter.take("bucket", 10, NOON + second, enforce=True)
    used = 10 - limiter.peek("bucket", 10, NOON + 2.5).remaining
    assert used == 3
    assert limiter.take("bucket", 10, NOON + 2.5, enforce=True).remaining == 10 - used - 1


@pytest.mark.parametrize(("before", "after"), [(5, 2), (2, 5)])
def test_a_changed_limit_counts_the_requests_of_the_last_hour(before: int, after: int) -> None:
    limiter = RateLimiter()
    for second in range(2):
        limiter.take("bucket", before, NOON + second, enforce=True)
    quota = limiter.take("bucket", after, NOON + 2, enforce=True)
    assert (quota.remaining, quota.retry_after_s) == ((2, 0) if after == 5 else (0, 3598))


def test_a_limit_changed_while_the_clock_was_moved_back_locks_nobody_out() -> None:
    limiter = RateLimiter()
    for _ in range(2):
        limiter.take("bucket", 2, NOON, enforce=True)
    assert limiter.take("bucket", 1, NOON - 86_400, enforce=True).retry_after_s == 0


def test_a_limit_of_zero_refuses_every_request() -> None:
    limiter = RateLimiter()
    assert limiter.take("bucket", 0, NOON, enforce=True).retry_after_s >= 1
    assert limiter.take("bucket", 0, NOON, enforce=False).remaining == 0


def test_a_bucket_never_holds_more_than_its_limit() -> None:
    limiter = RateLimiter()
    for second in range(1000):
        limiter.take("bucket", 5, NOON + second / 1000, enforce=False)
    (instants,) = limiter._buckets.values()
    assert len(instants) == 5


# ---- windows other than an hour


@pytest.mark.parametrize("window_s", [1.0, 60.0, 86_400.0])
def test_a_window_of_any_length_lets_in_as_many_as_the_limit_says(window_s: float) -> None:
    limiter = RateLimiter()
    for second in (0.0, 0.25 * window_s):
        assert limiter.take("bucket", 2, NOON + second, enforce=True, window_s=window_s).retry_after_s == 0
    now = NOON + 0.5 * window_s
    refused = limiter.take("bucket", 2, now, enforce=True, window_s=window_s)
    assert (refused.remaining, refused.retry_after_s) == (0, max(1, -(-window_s // 2)))
    assert limiter.peek("bucket", 2, now, window_s=window_s).remaining == 0
    now = NOON + window_s
    assert limiter.peek("bucket", 2, now, window_s=window_s).remaining == 1
    assert limiter.take("bucket", 2, now, enforce=True, window_s=window_s).retry_after_s == 0


def test_a_limit_of_zero_asks_to_wait_a_window() -> None:
    assert RateLimiter().take("bucket", 0, NOON, enforce=True, window_s=60.0).retry_after_s == 60


@pytest.mark.parametrize("window_s", [60.0, 7200.0])
def test_an_api_counts_in_the_window_that_it_declares(window_s: float) -> None:
    workshop = Workshop(api=replace(API, quota_window_s=window_s), enforce_rate_limits=True)
    for _ in range(LIMIT):
        assert workshop.full.get(f"{BASE}/things").status == 200
    refused = workshop.full.get(f"{BASE}/things")
    assert (refused.status, refused.headers["retry-after"]) == (429, str(int(window_s)))
    workshop.runtime.clock.advance(timedelta(seconds=window_s - 1))
    assert workshop.full.get(f"{BASE}/things").headers["retry-after"] == "1"
    workshop.runtime.clock.advance(timedelta(seconds=1))
    assert workshop.full.get(f"{BASE}/things").status == 200
