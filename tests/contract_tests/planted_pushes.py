"""Defects of what is pushed: a carrier between the outbox and the receiver, which alters profiles on their way."""

from __future__ import annotations

import copy
import json
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.contract_tests.altering import body_of, is_kind, kind_of, law_bug, request_body
from tests.contract_tests.planted import HONEST, Answer, Bug, Memory, Request

STOP, UNPAIR, PAIR = "StopTransaction", "ChargePointUnPairNotification", "ChargePointDetailsNotification"


@dataclass(frozen=True)
class Pushed:
    """One profile on its way."""

    url: str
    headers: dict[str, str]
    body: Any

    @property
    def profile(self) -> Any:
        return self.body["csChargingProfiles"]

    @property
    def schedule(self) -> Any:
        return self.profile["chargingSchedule"]

    @property
    def periods(self) -> Any:
        return self.schedule["chargingSchedulePeriod"]


Alter = Callable[[Pushed, "Carrier"], "Pushed | None"]


@dataclass(frozen=True)
class PushBug:
    """A defect that a law about pushes has to find: how profiles are altered, and traffic, and what pushes again."""

    name: str
    law: str
    alter: Alter = lambda pushed, _: pushed
    traffic: Bug = HONEST
    again_on: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Options of `gridmock check` that are enough to find it."""
        return ("--phases", "laws", "--law", self.law)

    def planted(self, carrier: Carrier) -> Bug:
        """The defect of the traffic; the last profile is pushed again when an event of the kind has been answered."""

        def answer(asked: Request, answer: Answer, memory: Memory) -> Answer:
            if self.again_on and kind_of(asked) == self.again_on and carrier.last:
                last = carrier.last
                urllib.request.urlopen(
                    urllib.request.Request(last.url, json.dumps(last.body).encode(), last.headers), timeout=5
                ).close()
            return self.traffic.answer(asked, answer, memory)

        return replace(self.traffic, answer=answer)


class Carrier:
    """A transport of the outbox that alters what it carries."""

    def __init__(self, transport: Any, alter: Alter) -> None:
        self.last: Pushed | None = None
        self.carried = 0
        self._transport = transport
        self._alter = alter

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        self.carried += 1
        pushed = self._alter(Pushed(url, dict(headers), json.loads(body)), self)
        if pushed is None:
            return 200
        self.last = pushed
        sent = json.dumps(pushed.body).encode()
        status: int = await self._transport(pushed.url, pushed.headers, sent, timeout_s)
        return status


def edited(change: Callable[[Pushed], object]) -> Alter:
    def alter(pushed: Pushed, _: Carrier) -> Pushed:
        pushed = replace(pushed, headers=dict(pushed.headers), body=copy.deepcopy(pushed.body))
        change(pushed)
        return pushed

    return alter


def _first_only(pushed: Pushed, carrier: Carrier) -> Pushed | None:
    return pushed if carrier.carried == 1 else None


def _own_id_each_time(pushed: Pushed, carrier: Carrier) -> Pushed:
    return edited(lambda one: one.profile.update(chargingProfileId=900 + carrier.carried))(pushed, carrier) or pushed


def _moved_up(pushed: Pushed) -> None:
    pushed.body["transactionId"] = pushed.profile.pop("transactionId")


def _late(asked: Request, memory: Memory) -> Request:
    """A repeated start is another one, a second later."""
    seen = memory.notes.setdefault("starts", [])
    if kind_of(asked) != "StartTransaction":
        return asked
    seen.append(body_of(asked)["response"]["transactionId"])
    if len(seen) == 1:
        return asked
    return request_body(
        is_kind("StartTransaction"), lambda body, _: body["response"].update(transactionId=seen[0] + 500_000)
    )(asked, memory)


BUGS = (
    PushBug("never-pushed", "started_session_gets_a_profile", lambda *_: None),
    PushBug(
        "no-suffix",
        "profile_goes_to_the_charge_points_address",
        lambda pushed, _: replace(pushed, url=pushed.url.removesuffix("/set-charging-profile")),
    ),
    PushBug(
        "another-charge-point",
        "profile_goes_to_the_charge_points_address",
        lambda pushed, _: replace(pushed, url=pushed.url.replace("gridmock-", "x-")),
    ),
    PushBug(
        "one-key-only", "profile_carries_the_key_in_two_headers", edited(lambda one: one.headers.pop("x-functions-key"))
    ),
    PushBug(
        "two-keys",
        "profile_carries_the_key_in_two_headers",
        edited(lambda one: one.headers.update(secret="another-one")),
    ),
    PushBug(
        "wrong-key",
        "profile_carries_the_key_in_two_headers",
        edited(lambda one: one.headers.update({"secret": "wrong-key", "x-functions-key": "wrong-key"})),
    ),
    PushBug(
        "bearer",
        "profile_comes_without_authorization",
        edited(lambda one: one.headers.update(authorization=f"Bearer {one.headers['secret']}")),
    ),
    PushBug(
        "purpose-outside-ocpp",
        "profile_fits_its_schema",
        edited(lambda one: one.profile.update(chargingProfilePurpose="Smart")),
    ),
    PushBug(
        "limit-is-text",
        "profile_fits_its_schema",
        edited(lambda one: one.periods[0].update(limit=str(one.periods[0]["limit"]))),
    ),
    PushBug("no-schedule", "profile_fits_its_schema", edited(lambda one: one.profile.pop("chargingSchedule"))),
    PushBug("transaction-at-the-top", "profile_names_its_transaction_inside", edited(_moved_up)),
    PushBug(
        "another-transaction",
        "profile_names_its_transaction_inside",
        edited(lambda one: one.profile.update(transactionId=7)),
    ),
    PushBug(
        "another-connector",
        "profile_names_its_transaction_inside",
        edited(lambda one: one.body.update(connectorId=0)),
    ),
    PushBug("amperes", "profile_is_in_watts", edited(lambda one: one.schedule.update(chargingRateUnit="A"))),
    PushBug(
        "for-good",
        "profile_is_in_watts",
        edited(lambda one: one.profile.update(chargingProfilePurpose="TxDefaultProfile")),
    ),
    PushBug(
        "begins-late",
        "profile_periods_rise_from_zero",
        edited(lambda one: one.periods[0].update(startPeriod=1)),
    ),
    PushBug(
        "backwards",
        "profile_periods_rise_from_zero",
        edited(lambda one: one.periods[1:].reverse() or one.periods.append(one.periods[-1])),
    ),
    PushBug(
        "above-max-power",
        "profile_stays_within_max_power",
        edited(lambda one: one.periods[0].update(limit=11_041)),
    ),
    PushBug(
        "max-power-wins",
        "profile_stays_within_max_power",
        traffic=law_bug(
            "",
            "",
            request=request_body(
                is_kind(PAIR), lambda body, _: body.pop("maxVoltage", None) and None if "maxPower" in body else None
            ),
        ),
    ),
    PushBug(
        "three-phases-by-default",
        "profile_without_power_type_is_for_one_phase",
        traffic=law_bug(
            "",
            "",
            request=request_body(is_kind(PAIR), lambda body, _: body.setdefault("powerType", "AC_3_PHASE") and None),
        ),
    ),
    PushBug("goes-on-for-ever", "profile_ends_with_zero", edited(lambda one: one.periods.pop() and None)),
    PushBug(
        "begins-tomorrow",
        "profile_begins_when_the_session_does",
        edited(lambda one: one.schedule.update(startSchedule="2026-03-19T12:00:00Z")),
    ),
    PushBug(
        "local-time",
        "profile_begins_when_the_session_does",
        edited(lambda one: one.schedule.update(startSchedule=one.schedule["startSchedule"].replace("Z", "+00:00"))),
    ),
    PushBug("pushed-once", "changed_plan_is_pushed_again", _first_only),
    PushBug("new-id-each-time", "changed_plan_is_pushed_again", _own_id_each_time),
    PushBug("repeat-is-new", "repeated_start_pushes_nothing", traffic=law_bug("", "", request=_late)),
    PushBug("pushed-after-the-stop", "nothing_is_pushed_after_the_stop", again_on="MeterValues"),
    PushBug("pushed-after-unpairing", "nothing_is_pushed_after_unpairing", again_on="MeterValues"),
    PushBug(
        "pushed-for-an-unpaired-one",
        "nothing_is_pushed_after_unpairing",
        traffic=law_bug(
            "",
            "",
            request=lambda asked, _: request_body(is_kind(UNPAIR), lambda body, _: body.update(event=PAIR))(
                asked, Memory()
            ),
        ),
    ),
)
