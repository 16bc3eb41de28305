"""Events in any order, with any times and numbers that the contract takes: nothing breaks, and nothing contradicts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.asgi import Response
from tests.mock import CONTROL, NOON, STEKKER, Mock
from tests.mockserver.apis.stekker.steps import CALLBACK, KEY, THREE_PHASES, Operator, Receiver, reading, said

NAMES = st.sampled_from(["cp", "b", "a/b c"])
TRANSACTIONS = st.sampled_from([1, 2, 3, -7])
TIMES = st.one_of(
    st.integers(-3_000, 3_000).map(lambda minutes: NOON + timedelta(minutes=minutes)),
    st.sampled_from([datetime.fromisoformat(text) for text in ("2018-01-01T00:00:00Z", "2198-12-31T23:59:59.999999Z")]),
    st.integers(0, 86_400_000_000).map(lambda us: NOON + timedelta(microseconds=us)),
)
REGISTERS = st.one_of(st.integers(0, 60_000), st.sampled_from([-(2**63), 2**63 - 1]))
VALUES = st.one_of(
    REGISTERS.map(str),
    st.builds(lambda value: {"value": str(value), "measurand": "SoC"}, st.integers(-5, 105)),
    st.builds(lambda value: {"value": str(value), "measurand": "Power.Active.Import"}, st.integers(-20_000, 20_000)),
)
Deed = Callable[[Operator], Response]


def meters(name: str, transaction: int, readings: list[Any]) -> Deed:
    return lambda operator: operator.meter(
        *(reading(at, *values) for at, values in readings), transaction_id=transaction, charge_point_id=name
    )


def puts_site(power_limit_w: int, names: list[str]) -> Deed:
    return lambda operator: operator.set_site(power_limit_w, names)


def moves_clock(minutes: int) -> Deed:
    body = {"duration_s": minutes * 60}
    return lambda operator: operator.mock.anonymous.post(f"{CONTROL}/clock/advance", json=body)


DEEDS: st.SearchStrategy[Deed] = st.one_of(
    st.builds(
        lambda at, transaction, name, connector, register: lambda operator: operator.start(
            at, transaction, name, connectorId=connector, meterStart=register
        ),
        TIMES, TRANSACTIONS, NAMES, st.sampled_from([1, 2]), REGISTERS,
    ),
    st.builds(meters, NAMES, TRANSACTIONS, st.lists(
        st.tuples(TIMES, st.lists(VALUES, min_size=1, max_size=3)), min_size=1, max_size=4)),
    st.builds(
        lambda at, register, transaction, name: lambda operator: operator.stop(at, register, transaction, name),
        TIMES, REGISTERS, TRANSACTIONS, NAMES,
    ),
    st.builds(lambda at, kilowatts: lambda operator: operator.measure(at, kilowatts), TIMES, st.integers(-30, 30)),
    st.builds(lambda name: lambda operator: operator.unpair(name), NAMES),
    st.builds(lambda name: lambda operator: operator.pair(name, **THREE_PHASES), NAMES),
    st.builds(puts_site, st.sampled_from([1, 9_000, 20_000]), st.lists(NAMES, unique=True)),
    st.builds(moves_clock, st.integers(-2_000, 2_000)),
)  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(DEEDS, min_size=3, max_size=25))
def test_no_order_of_events_breaks_anything(mock: Mock, deeds: list[Deed]) -> None:
    mock.reset()
    north, receiver = Operator(mock, mock.north, "stekker-north"), Receiver(mock)
    before, mock.runtime.outbox.transport = mock.runtime.outbox.transport, receiver
    try:
        for name in ("cp", "b", "a/b c"):
            said(north.pair(name, **THREE_PHASES))
        said(north.change(callback_url=CALLBACK, callback_api_key=KEY))
        ended: dict[str, Any] = {}
        for deed in deeds:
            assert deed(north).status < 500
            receiver.settle()
            for session in north.shown("/sessions"):
                check(session)
                if session["ended_at"]:  # what is over changes no more
                    assert ended.setdefault(session["session_id"], session) == session
        active = {each["session_id"] for each in north.shown("/sessions") if not each["ended_at"]}
        connectors = [each for found in north.shown("/charge-points") for each in found["connectors"]]
        assert {each["session_id"] for each in connectors} - {None} == active
        for transaction in (1, 2, 3, -7):
            assert mock.north.get(f"{STEKKER}/cdrs/{transaction}").status in (200, 404, 409)
    finally:
        mock.runtime.outbox.transport = before


def check(session: Any) -> None:
    """A session has to be possible, and its plan a plan."""
    assert session["meter_last_wh"] >= session["meter_start_wh"]
    started_at = datetime.fromisoformat(session["started_at"])
    assert session["ended_at"] is None or datetime.fromisoformat(session["ended_at"]) >= started_at
    plan = session["plan"]["periods"]
    assert all(one["starts_at"] < other["starts_at"] for one, other in pairwise(plan))
    assert all(one["limit_w"] != other["limit_w"] for one, other in pairwise(plan))
    assert {each["limit_w"] > session["max_power_w"] for each in plan} == {False}
    assert plan[-1]["limit_w"] == 0
    assert datetime.fromisoformat(plan[0]["starts_at"]) >= started_at.replace(microsecond=0)
