"""Profiles on the wire: where they go, with which headers, in which form."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.mock import CONTROL, NOON, Mock
from tests.mockserver.apis.stekker.steps import (
    CALLBACK,
    KEY,
    THREE_PHASES,
    Operator,
    Receiver,
    plan_of,
    reading,
    said,
    steps,
)

EVENING = NOON + timedelta(hours=5)


def violations(mock: Mock, body: Any) -> list[Any]:
    mounted = next(each for each in mock.runtime.apis if each.api.name == "stekker")
    return [*mounted.webhooks["setChargingProfile"].violations(body)]


def test_a_profile_is_that_of_the_documentation(mock: Mock, north: Operator, receiver: Receiver) -> None:
    said(north.start("2026-03-18T17:00:00.75Z", 880142, connectorId=1804455))
    (body,) = receiver.settle()

    assert violations(mock, body) == []
    profile = body["csChargingProfiles"]
    assert body.keys() == {"connectorId", "csChargingProfiles"}
    assert (body["connectorId"], profile["transactionId"]) == (1804455, 880142)
    assert {name: profile[name] for name in ("stackLevel", "chargingProfilePurpose", "chargingProfileKind")} == {
        "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Absolute",
    }  # fmt: skip
    schedule = profile["chargingSchedule"]
    assert (schedule["startSchedule"], schedule["chargingRateUnit"]) == ("2026-03-18T17:00:00Z", "W")
    periods = schedule["chargingSchedulePeriod"]
    assert periods[0]["startPeriod"] == 0
    assert all(before["startPeriod"] < after["startPeriod"] for before, after in pairwise(periods))
    assert {each["limit"] for each in periods} == {0, 11_040}
    assert periods[-1]["limit"] == 0


def test_it_goes_where_the_operator_said_with_its_key_twice(mock: Mock, north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    receiver.settle()
    ((url, headers, _),) = receiver.calls
    assert url == f"{CALLBACK}/cp/set-charging-profile"
    assert headers == {"content-type": "application/json", "secret": KEY, "x-functions-key": KEY}


@pytest.mark.parametrize(("charge_point_id", "quoted"), [
    ("a/b c", "a%2Fb%20c"), ("ü🔌", "%C3%BC%F0%9F%94%8C"), ("a?b#c", "a%3Fb%23c"), ("%2F", "%252F"), (70214, "70214"),
    ("A-_.~1", "A-_.~1"),
])  # fmt: skip
def test_ids_are_quoted(north: Operator, receiver: Receiver, charge_point_id: str | int, quoted: str) -> None:
    said(north.pair(charge_point_id, **THREE_PHASES))
    said(north.change(callback_url=f"{CALLBACK}/"))
    said(north.start(EVENING, charge_point_id=charge_point_id))
    receiver.settle()
    assert receiver.calls[0][0] == f"{CALLBACK}/{quoted}/set-charging-profile"


def test_without_a_key_there_are_no_such_headers(north: Operator, receiver: Receiver) -> None:
    said(north.change(callback_api_key=None))
    said(north.start(EVENING))
    receiver.settle()
    assert receiver.calls[0][1] == {"content-type": "application/json"}


def test_the_id_of_a_profile_stays_through_its_session(north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    said(north.start(EVENING, 78, connectorId=2))
    bodies = receiver.settle()
    said(north.meter(reading(EVENING + timedelta(hours=1), 1_000)))
    said(north.meter(reading(EVENING + timedelta(hours=1), 1_000), transaction_id=78))
    bodies += receiver.settle()
    found: dict[int, set[int]] = {}
    for body in bodies:
        profile = body["csChargingProfiles"]
        found.setdefault(profile["transactionId"], set()).add(profile["chargingProfileId"])
    assert len(bodies) == 4
    assert [len(ids) for ids in found.values()] == [1, 1]
    assert found[77] != found[78]


def test_a_delivery_shows_no_key(mock: Mock, north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    receiver.settle()
    (delivery,) = said(mock.anonymous.get(f"{CONTROL}/webhooks/deliveries"))
    assert delivery["headers"] == {"secret": "***", "x-functions-key": "***"}
    assert (delivery["api"], delivery["client_id"], delivery["topic"]) == (
        "stekker", "stekker-north", "setChargingProfile",
    )  # fmt: skip
    assert (delivery["status"], delivery["url"]) == ("delivered", f"{CALLBACK}/cp/set-charging-profile")
    for path in ("/journal", "/webhooks/deliveries", "/stekker/organizations"):
        assert KEY.encode() not in mock.anonymous.get(CONTROL + path).body


def test_the_answer_to_an_event_does_not_wait_for_its_profile(north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    assert receiver.calls == []
    assert len(receiver.settle()) == 1


@pytest.mark.parametrize("transaction_id", [2**63 - 1, -(2**63), 0])
def test_profiles_of_odd_transactions(mock: Mock, north: Operator, receiver: Receiver, transaction_id: int) -> None:
    said(north.start(EVENING, transaction_id, connectorId=2**63 - 1))
    (body,) = receiver.settle()
    assert violations(mock, body) == []
    assert body["csChargingProfiles"]["transactionId"] == transaction_id


def test_what_was_told_is_what_the_app_shows(north: Operator, receiver: Receiver) -> None:
    said(north.start(EVENING))
    told = steps(receiver.settle()[0])
    shown = north.session()["plan"]
    assert told == [(datetime.fromisoformat(each["starts_at"]), each["limit_w"]) for each in shown["periods"]]
    assert shown["planned_at"] == shown["periods"][0]["starts_at"]


def test_a_session_that_began_before_there_was_an_address_is_told_there(north: Operator, receiver: Receiver) -> None:
    said(north.change(callback_url=None))
    said(north.start(EVENING))
    assert receiver.settle() == []
    said(north.change(callback_url=CALLBACK))
    (body,) = receiver.settle()
    assert steps(body) == plan_of(north.session())


def test_a_new_address_gets_the_plans_and_the_old_one_is_left_alone(north: Operator, receiver: Receiver) -> None:
    receiver.status = 503
    said(north.start(EVENING))
    receiver.settle(60)
    receiver.calls.clear()
    receiver.status = 200
    said(north.change(callback_url="http://127.0.0.1:9100/new", callback_api_key="another"))
    receiver.settle(600)
    assert [(url, headers["secret"]) for url, headers, _ in receiver.calls] == [
        ("http://127.0.0.1:9100/new/cp/set-charging-profile", "another")
    ]


def test_nothing_is_tried_again_once_profiles_go_nowhere(mock: Mock, north: Operator, receiver: Receiver) -> None:
    receiver.status = 503
    said(north.start(EVENING))
    receiver.settle(60)
    receiver.calls.clear()
    said(north.change(callback_url=None))
    receiver.settle(600)
    assert receiver.calls == []
    (delivery,) = said(mock.anonymous.get(f"{CONTROL}/webhooks/deliveries"))
    assert delivery["status"] == "cancelled"
    said(mock.anonymous.post(f"{CONTROL}/webhooks/deliveries/{delivery['delivery_id']}/retry"), 409)
