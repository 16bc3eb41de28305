"""Defects of charging profiles that are pushed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from mockserver.defects.altering import counted, request_body
from mockserver.defects.defect import AlterPush, Defect, Memory, Push, Request
from mockserver.defects.stekker.kinds import EVENTS, PAIR, is_kind, kind_of


def _headers(change: Callable[[dict[str, str]], object]) -> AlterPush:
    def alter(push: Push, _: Memory) -> Push:
        headers = dict(push.headers)
        change(headers)
        return replace(push, headers=headers)

    return alter


def _elsewhere(url: str) -> str:
    """The address with another charge point in it: the segment before the last is turned on."""
    base, charge_point, last = url.rsplit("/", 2)
    return f"{base}/x-{charge_point}/{last}"


def _profile(change: Callable[[Any], object]) -> AlterPush:
    """Change the charging profile in place."""

    def alter(push: Push, _: Memory) -> Push:
        change(push.body["csChargingProfiles"])
        return push

    return alter


def _schedule(change: Callable[[Any], object]) -> AlterPush:
    return _profile(lambda profile: change(profile["chargingSchedule"]))


def _periods(change: Callable[[Any], object]) -> AlterPush:
    return _schedule(lambda schedule: change(schedule["chargingSchedulePeriod"]))


def _body(change: Callable[[Any], object]) -> AlterPush:
    def alter(push: Push, _: Memory) -> Push:
        change(push.body)
        return push

    return alter


def _backwards(periods: Any) -> None:
    periods[1:] = [*periods[:0:-1], periods[-1]]


def _bearer(headers: dict[str, str]) -> None:
    headers["authorization"] = f"Bearer {headers['secret']}"


def _moved_up(body: Any) -> None:
    body["transactionId"] = body["csChargingProfiles"].pop("transactionId")


def _first_only(push: Push, memory: Memory) -> Push | None:
    return push if counted(memory, str(push.body["csChargingProfiles"]["transactionId"])) == 1 else None


def _own_id_each_time(push: Push, memory: Memory) -> Push:
    push.body["csChargingProfiles"]["chargingProfileId"] = 900 + counted(memory)
    return push


def _another_start(asked: Request, memory: Memory) -> Request:
    """A repeated start is that of another transaction."""
    if kind_of(asked) != "StartTransaction":
        return asked
    transaction_id = asked.json["response"]["transactionId"]
    if counted(memory, str(transaction_id)) == 1:
        return asked
    return request_body(lambda body, _: body["response"].update(transactionId=transaction_id + 500_000))(asked, memory)


def _only_max_power(body: Any, _: Request) -> None:
    if "maxPower" in body:
        body.pop("maxVoltage", None)


DEFECTS = (
    Defect(
        "push-address-short",
        "Profiles go to the callback address, without /set-charging-profile behind it.",
        EVENTS,
        push=lambda push, _: replace(push, url=push.url.removesuffix("/set-charging-profile")),
    ),
    Defect(
        "push-for-another-charge-point",
        "Profiles go to the address of another charge point.",
        EVENTS,
        push=lambda push, _: replace(push, url=_elsewhere(push.url)),
    ),
    Defect(
        "push-with-one-key",
        "Profiles carry their key in one header instead of two.",
        EVENTS,
        push=_headers(lambda headers: headers.pop("x-functions-key")),
    ),
    Defect(
        "push-with-two-keys",
        "The two headers of a profile carry different keys.",
        EVENTS,
        push=_headers(lambda headers: headers.update({"secret": "another-one"})),
    ),
    Defect(
        "push-with-a-wrong-key",
        "Profiles carry a wrong key.",
        EVENTS,
        push=_headers(lambda headers: headers.update({"secret": "wrong-key", "x-functions-key": "wrong-key"})),
    ),
    Defect(
        "push-with-authorization",
        "Profiles carry their key in Authorization, too.",
        EVENTS,
        push=_headers(_bearer),
    ),
    Defect(
        "push-purpose-outside-ocpp",
        "The purpose of a profile is none of OCPP's.",
        EVENTS,
        push=_profile(lambda profile: profile.update(chargingProfilePurpose="Smart")),
    ),
    Defect(
        "push-limit-is-text",
        "The first limit of a profile is text.",
        EVENTS,
        push=_periods(lambda periods: periods[0].update(limit=str(periods[0]["limit"]))),
    ),
    Defect(
        "push-without-schedule",
        "A profile has no schedule.",
        EVENTS,
        push=_profile(lambda profile: profile.pop("chargingSchedule")),
    ),
    Defect(
        "push-transaction-at-the-top",
        "The transaction stands beside the profile, not inside it.",
        EVENTS,
        push=_body(_moved_up),
    ),
    Defect(
        "push-for-another-transaction",
        "A profile names another transaction.",
        EVENTS,
        push=_profile(lambda profile: profile.update(transactionId=7)),
    ),
    Defect(
        "push-for-another-connector",
        "A profile is for connector 0.",
        EVENTS,
        push=_body(lambda body: body.update(connectorId=0)),
    ),
    Defect(
        "push-in-amperes",
        "The unit of a profile is A, though its limits are watts.",
        EVENTS,
        push=_schedule(lambda schedule: schedule.update(chargingRateUnit="A")),
    ),
    Defect(
        "push-for-good",
        "A profile is not for its transaction, but for every one to come.",
        EVENTS,
        push=_profile(lambda profile: profile.update(chargingProfilePurpose="TxDefaultProfile")),
    ),
    Defect(
        "push-begins-late",
        "The first period of a profile begins a second late.",
        EVENTS,
        push=_periods(lambda periods: periods[0].update(startPeriod=1)),
    ),
    Defect("push-backwards", "The periods of a profile run backwards.", EVENTS, push=_periods(_backwards)),
    Defect(
        "push-above-max-power",
        "The first limit of a profile is above what the charge point can.",
        EVENTS,
        push=_periods(lambda periods: periods[0].update(limit=1_000_000)),
    ),
    Defect(
        "max-power-wins",
        "maxPower decides, where maxVoltage and maxAmpere say less.",
        EVENTS,
        request=request_body(_only_max_power, is_kind(PAIR)),
    ),
    Defect(
        "push-goes-on-for-ever",
        "A profile does not end with a limit of zero.",
        EVENTS,
        push=_periods(lambda periods: periods.pop()),
    ),
    Defect(
        "push-begins-another-day",
        "A profile begins on another day than its session.",
        EVENTS,
        push=_schedule(lambda schedule: schedule.update(startSchedule="2026-03-19T12:00:00Z")),
    ),
    Defect(
        "push-with-an-offset",
        "The start of a profile has an offset where a Z is promised.",
        EVENTS,
        push=_schedule(
            lambda schedule: schedule.update(startSchedule=schedule["startSchedule"].replace("Z", "+00:00"))
        ),
    ),
    Defect("pushed-once", "A changed plan is not pushed again.", EVENTS, push=_first_only),
    Defect(
        "push-has-a-new-id-each-time",
        "A changed plan is pushed as another profile, so that both are in force.",
        EVENTS,
        push=_own_id_each_time,
    ),
    Defect("repeat-is-another-start", "A repeated start opens another session.", EVENTS, request=_another_start),
    Defect(
        "pushed-too-late",
        "Meter values bring the last profile once more, though its session is over or its charge point gone.",
        EVENTS,
        push_again=is_kind("MeterValues"),
    ),
)
