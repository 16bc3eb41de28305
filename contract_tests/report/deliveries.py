"""What an API pushes, for people: a line for each delivery, and a charging profile as a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from contract_tests.credentials import NOBODY
from contract_tests.exchange import shown
from contract_tests.receiver import Delivery
from contract_tests.webhooks import Flaw

_STEPS = 40


def lines(delivery: Delivery, webhook: str, flaws: Sequence[Flaw], zone: tzinfo | None = None) -> Iterator[str]:
    """The lines for one delivery; `webhook` is empty where it is none of the contract's. Times are in the zone."""
    verdict = "ok" if not flaws else f"{len(flaws)} thing{'' if len(flaws) == 1 else 's'} wrong"
    name = f"{webhook}: {verdict}" if webhook else "no webhook of the contract: 404"
    arrived = delivery.at.astimezone(zone)
    yield f"{arrived:%H:%M:%S} {delivery.method} {shown(delivery.path, NOBODY)} {name}"
    for flaw in flaws:
        yield f"   wrong     {shown(flaw.message, NOBODY)}"
        yield f"   contract  {flaw.where}"
    if webhook:
        yield from _body(delivery.body, zone)


def _body(body: bytes, zone: tzinfo | None) -> Iterator[str]:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if profile := [*_profile(value, zone)]:
        yield from profile
    elif body:
        yield f"   {shown(body.decode('utf-8', 'replace'), NOBODY)}"


def _profile(body: Any, zone: tzinfo | None) -> Iterator[str]:
    """An OCPP SetChargingProfile as a table of local times and kW; nothing for anything else."""
    try:
        profile = body["csChargingProfiles"]
        schedule = profile["chargingSchedule"]
        start = datetime.fromisoformat(schedule["startSchedule"])
        steps = [(start + timedelta(seconds=step["startPeriod"]), step["limit"]) for step in _steps(schedule)]
        kilowatts = schedule["chargingRateUnit"] == "W"
        rows = [
            f"   {at.astimezone(zone):%a %H:%M:%S}  {limit / 1000:8.2f} kW" if kilowatts else f"   {at}  {limit} A"
            for at, limit in steps
        ]
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
        return
    yield f"   connector {body.get('connectorId')}, transaction {profile.get('transactionId')}"
    yield from rows[:_STEPS]
    if len(rows) > _STEPS:
        yield f"   and {len(rows) - _STEPS} more"


def _steps(schedule: Any) -> list[Any]:
    steps = schedule["chargingSchedulePeriod"]
    return steps if isinstance(steps, list) else []
