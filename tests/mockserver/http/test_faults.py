"""Ordered failures: whom they hit, how often, and what happens."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.http.errors import InjectedFault
from mockserver.http.faults import Disconnect, Fault, Faults, Match
from tests.mockserver.loop import in_loop

REQUEST = ("shop", "get_thing", "GET", "/shop/things/7")

MATCHES: dict[str, tuple[Match, bool]] = {
    "anything": (Match(), True),
    "api": (Match(api="shop"), True),
    "other api": (Match(api="shops"), False),
    "operation": (Match(operation_id="get_thing"), True),
    "other operation": (Match(operation_id="get_things"), False),
    "method": (Match(method="GET"), True),
    "other method": (Match(method="POST"), False),
    "path": (Match(path="/shop/things/7"), True),
    "other path": (Match(path="/shop/things"), False),
    "star at the end": (Match(path="/shop/*"), True),
    "star within": (Match(path="/shop/*/7"), True),
    "star of another": (Match(path="/shops/*"), False),
    "path cares about case": (Match(path="/SHOP/*"), False),
    "all of them": (Match("shop", "get_thing", "GET", "/shop/*"), True),
    "all but one": (Match("shop", "get_thing", "PUT", "/shop/*"), False),
}


@pytest.mark.parametrize(("match", "expected"), MATCHES.values(), ids=MATCHES)
def test_a_request_is_hit_when_all_that_is_named_fits(match: Match, expected: bool) -> None:
    assert match.hits(*REQUEST) is expected


def test_a_path_may_hold_characters_that_only_a_shell_takes_as_special() -> None:
    # "`path` may hold `*`" and nothing else.
    assert Match(path="/things/[a]?").hits("shop", None, "GET", "/things/[a]?")
    assert not Match(path="/things/?").hits("shop", None, "GET", "/things/7")


def due(faults: Faults, number: int = 1, seed: int = 1) -> Fault | None:
    return faults.due(seed, number, *REQUEST)


def test_a_fault_without_times_happens_as_long_as_it_stands() -> None:
    faults = Faults()
    fault = faults.order(Match(), {"status": 503}, None, 1.0)
    assert all(due(faults, number) is fault for number in range(1, 51))
    assert (fault.hits, fault.remaining) == (50, None)
    assert faults.delete(fault.fault_id)
    assert due(faults) is None


def test_a_fault_with_times_happens_that_often_and_never_again() -> None:
    faults = Faults()
    fault = faults.order(Match(), {"status": 503}, 3, 1.0)
    assert [due(faults, number) is fault for number in range(1, 6)] == [True, True, True, False, False]
    assert (fault.hits, fault.remaining) == (3, 0)


def test_a_request_that_does_not_fit_uses_nothing_up() -> None:
    faults = Faults()
    fault = faults.order(Match(method="POST"), {"status": 503}, 1, 1.0)
    assert due(faults) is None
    assert fault.remaining == 1


def test_the_first_order_that_fits_is_the_one_that_happens_and_the_next_follows_when_it_is_used_up() -> None:
    faults = Faults()
    other = faults.order(Match(method="POST"), {"status": 500}, None, 1.0)
    first = faults.order(Match(), {"status": 503}, 1, 1.0)
    second = faults.order(Match(), {"status": 429}, 1, 1.0)
    assert [due(faults, number) for number in range(1, 4)] == [first, second, None]
    assert other.hits == 0


def hit_numbers(seed: int, probability: float, count: int = 2000) -> list[int]:
    faults = Faults()
    faults.order(Match(), {"status": 503}, None, probability)
    return [number for number in range(1, count + 1) if due(faults, number, seed)]


def test_probability_hits_the_same_requests_in_every_run_of_a_seed() -> None:
    assert hit_numbers(1, 0.3) == hit_numbers(1, 0.3)
    assert hit_numbers(1, 0.3) != hit_numbers(2, 0.3)


@pytest.mark.parametrize("probability", [0.05, 0.3, 0.5, 0.9])
def test_probability_is_the_share_of_requests_that_are_hit(probability: float) -> None:
    for seed in range(5):
        deviation = (probability * (1 - probability) * 2000) ** 0.5
        assert abs(len(hit_numbers(seed, probability)) - 2000 * probability) < 5 * deviation


def test_probability_0_never_hits_and_1_always() -> None:
    assert hit_numbers(1, 0.0) == []
    assert len(hit_numbers(1, 1.0)) == 2000


def test_two_orders_of_one_probability_hit_different_requests() -> None:
    faults = Faults()
    for status in (500, 503):
        faults.order(Match(), {"status": status}, None, 0.5)
    hits = [due(faults, number) for number in range(1, 401)]
    assert 0.15 < sum(hit is not None and hit.action["status"] == 503 for hit in hits) / 400 < 0.35


def test_a_miss_by_chance_uses_nothing_up() -> None:
    faults = Faults()
    fault = faults.order(Match(), {"status": 503}, 10, 0.5)
    assert sum(due(faults, number) is not None for number in range(1, 101)) == 10
    assert fault.remaining == 0


def test_clear_withdraws_all_and_numbers_from_1_again() -> None:
    faults = Faults()
    first = faults.order(Match(), {"status": 503}, None, 1.0)
    assert faults
    faults.clear()
    assert not faults
    assert list(faults) == []
    assert faults.order(Match(), {"status": 503}, None, 1.0).fault_id == first.fault_id


def test_deleting_what_is_not_there_says_so() -> None:
    assert Faults().delete("fault000001") is False


def test_ids_are_not_given_again_while_orders_stand() -> None:
    faults = Faults()
    first, second = (faults.order(Match(), {"status": 503}, None, 1.0) for _ in range(2))
    faults.delete(first.fault_id)
    third = faults.order(Match(), {"status": 503}, None, 1.0)
    assert [fault.fault_id for fault in faults] == [second.fault_id, third.fault_id]
    assert len({first.fault_id, second.fault_id, third.fault_id}) == 3


async def happened(action: dict[str, Any]) -> InjectedFault:
    with pytest.raises(InjectedFault) as raised:
        await Fault("fault000001", Match(), action).happen()
    return raised.value


@in_loop
async def test_a_status_is_answered_with_what_was_ordered() -> None:
    error = await happened({"status": 503, "title": "Down", "detail": "For tea.", "retry_after_s": 30})
    assert (error.status, error.title, error.detail) == (503, "Down", "For tea.")
    assert error.headers == [("retry-after", "30")]


@in_loop
async def test_a_status_without_words_says_where_it_comes_from() -> None:
    error = await happened({"status": 418})
    assert "fault000001" in error.detail
    assert error.headers == []


@in_loop
async def test_a_delay_lets_the_request_go_on() -> None:
    await Fault("fault000001", Match(), {"delay_ms": 0}).happen()


@in_loop
async def test_a_disconnect_is_no_refusal() -> None:
    with pytest.raises(Disconnect):
        await Fault("fault000001", Match(), {"disconnect": True}).happen()
