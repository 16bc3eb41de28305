"""What is pushed for a session: where to, with which headers, and a plan that a charger can follow."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.law import Breach, NotPlayed, law
from contract_tests.laws.stage import Stage
from contract_tests.laws.stekker.session import (
    ELEVEN_KW,
    ELEVEN_KW_W,
    POST,
    PUT,
    Session,
    only_pairing,
    running,
)
from contract_tests.receiver import Delivery
from contract_tests.webhooks import parsed

_SUFFIX = "/set-charging-profile"
_PERIODS = "ChargingSchedule.chargingSchedulePeriod"
_KEYS = ("secret", "x-functions-key")


@law("published", "critical", POST)
def started_session_gets_a_profile(stage: Stage) -> None:
    """When a session starts, its charging profile is pushed to the operator."""
    session, after = _started(stage)
    pushed = stage.pushed(lambda one: _is_about(one, session), after)
    if pushed is None:
        raise _breach(stage, f"a profile is pushed, within {stage.run.wait_s:g} s", _nothing(stage, after))


@law("published", "critical", POST)
def profile_goes_to_the_charge_points_address(stage: Stage) -> None:
    """A profile is POSTed to the operator's address, with the charge point's own id and `set-charging-profile`."""
    session, pushed = _pushed(stage)
    wanted = f"/{session.charge_point.id}{_SUFFIX}"
    fits = pushed.method == "POST" and pushed.path.endswith(wanted)
    _require(stage, fits, f"POST to <address>{wanted}", f"{pushed.method} {pushed.path}")


@law("published", "critical", POST)
def profile_carries_the_key_in_two_headers(stage: Stage) -> None:
    """A profile carries the operator's key in `secret` and in `x-functions-key`."""
    _, pushed = _pushed(stage)
    keys = [pushed.headers.get(name, "") for name in _KEYS]
    missing = [name for name, key in zip(_KEYS, keys, strict=True) if not key]
    _require(stage, not missing, "the headers secret and x-functions-key", f"without {' and '.join(missing)}")
    _require(stage, keys[0] == keys[1], "the same key in both headers", "two different keys")
    key = stage.run.values.get("callback_key", keys[0])
    _require(stage, keys[0] == key, "the key that the operator issued", "another key")


@law("published", "critical", POST)
def profile_comes_without_authorization(stage: Stage) -> None:
    """A profile is not pushed with an Authorization header, least of all with the operator's own token."""
    _, pushed = _pushed(stage)
    _require(stage, "authorization" not in pushed.headers, "no Authorization header", "with one")


@law("published", "critical", POST)
def profile_fits_its_schema(stage: Stage) -> None:
    """A profile is an OCPP SetChargingProfile in JSON, as the contract's webhook describes it."""
    _, pushed = _pushed(stage)
    webhook = next(one for one in stage.webhooks.spec.webhooks if one.path == "setChargingProfile")
    for flaw in stage.webhooks.body_flaws(webhook, pushed):
        raise _breach(stage, f"{flaw.where}", flaw.message)


@law("published", "critical", POST)
def profile_names_its_transaction_inside(stage: Stage) -> None:
    """A profile names the session's transaction inside csChargingProfiles, and the session's connector beside it."""
    session, pushed = _pushed(stage)
    body = _body(pushed)
    came = body["csChargingProfiles"].get("transactionId")
    says = f"csChargingProfiles.transactionId is {session.transaction_id}"
    _require(stage, came == session.transaction_id, says, f"it is {came}", "CsChargingProfiles.transactionId")
    _require(stage, "transactionId" not in body, "transactionId is nested", "it is (also) at the top")
    came, wanted = body.get("connectorId"), session.connector_id
    _require(stage, came == wanted, f"connectorId is {wanted}", f"it is {came}", "SetChargingProfile.connectorId")


@law("published", "critical", POST)
def profile_is_in_watts(stage: Stage) -> None:
    """The limits of a profile are in watts, for one transaction, with absolute times, at stack level 0."""
    profile = _profile(_pushed(stage)[1])
    unit = profile["chargingSchedule"].get("chargingRateUnit")
    _require(stage, unit == "W", "chargingRateUnit is W", f"it is {unit}", "ChargingSchedule.chargingRateUnit")
    for name, wanted in (("chargingProfilePurpose", "TxProfile"), ("chargingProfileKind", "Absolute")):
        came = profile.get(name)
        _require(stage, came == wanted, f"{name} is {wanted}", f"it is {came}", f"CsChargingProfiles.{name}")


@law("published", "critical", POST)
def profile_periods_rise_from_zero(stage: Stage) -> None:
    """The periods of a profile begin at 0 and each begins later than the one before it."""
    starts = [period["startPeriod"] for period in _periods(_pushed(stage)[1])]
    _require(stage, starts[0] == 0, "the first startPeriod is 0", f"it is {starts[0]}", _PERIODS)
    rising = all(before < after for before, after in pairwise(starts))
    _require(stage, rising, "startPeriod rises strictly", f"{starts[:12]}", _PERIODS)


@law("published", "critical", PUT, POST)
def profile_stays_within_max_power(stage: Stage) -> None:
    """No limit is above voltage times current times phases, even if a greater power is given beside them."""
    _, pushed = _pushed(stage, **ELEVEN_KW, maxPower=22_000)
    _require_limits(stage, pushed, ELEVEN_KW_W, "230 V × 16 A × 3 phases; maxPower is disregarded")


@law("published", "critical", PUT, POST)
def profile_without_power_type_is_for_one_phase(stage: Stage) -> None:
    """Without powerType no limit is above voltage times current of one phase."""
    _, pushed = _pushed(stage, maxVoltage=230, maxAmperage=32)
    _require_limits(stage, pushed, 7_360, "230 V × 32 A × 1 phase, since powerType is absent")


@law("inferred", "major", POST)
def profile_ends_with_zero(stage: Stage) -> None:
    """The last limit of a profile is 0, so that a charger that hears no more does not go on for ever."""
    last = _periods(_pushed(stage)[1])[-1]["limit"]
    _require(stage, last == 0, "the last limit is 0", f"it is {last}", _PERIODS)


@law("inferred", "major", POST)
def profile_begins_when_the_session_does(stage: Stage) -> None:
    """The first profile of a session begins at its start, within a minute, in UTC."""
    session, pushed = _pushed(stage)
    text = _profile(pushed)["chargingSchedule"]["startSchedule"]
    _require(stage, text.endswith("Z"), "startSchedule is in UTC", text, "ChargingSchedule.startSchedule")
    late_s = abs((datetime.fromisoformat(text) - session.started_at).total_seconds())
    says = f"startSchedule is about {session.at(0)}"
    _require(stage, late_s <= 60, says, f"it is {text}", "ChargingSchedule.startSchedule")


@law("inferred", "major", POST)
def changed_plan_is_pushed_again(stage: Stage) -> None:
    """When a car is fuller than expected, its new profile is pushed, under the same profile id."""
    session, first = _pushed(stage)
    after = len(_deliveries(stage))
    soc = {"value": "89", "measurand": "SoC", "unit": "Percent"}
    session.meter(2, 300, soc)
    second = stage.pushed(lambda one: _is_about(one, session), after)
    if second is None:
        raise _breach(stage, "at 89 % there is less to charge than planned: a new profile", "no profile came")
    ids = [_profile(one).get("chargingProfileId") for one in (first, second)]
    says = "chargingProfileId stays the same through a session"
    _require(stage, ids[0] == ids[1], says, f"it was {ids[0]}, then {ids[1]}", "CsChargingProfiles.chargingProfileId")


@law("inferred", "critical", POST)
def nothing_is_pushed_after_the_stop(stage: Stage) -> None:
    """After StopTransaction no profile of the session is pushed."""
    session, _ = _pushed(stage)
    session.stop(3, 500)
    _require_silence(stage, session, "StopTransaction has ended the session")


@law("published", "critical", PUT, POST)
def nothing_is_pushed_after_unpairing(stage: Stage) -> None:
    """After a charge point was unpaired, nothing about its sessions is pushed."""
    only_pairing(stage)
    session, _ = _pushed(stage)
    stage.succeeds(session.charge_point.unpair(), "a paired charge point can be unpaired")
    _require_silence(stage, session, "unpaired: no further communication")


@law("inferred", "critical", POST)
def repeated_start_pushes_nothing(stage: Stage) -> None:
    """The exact repeat of a StartTransaction has no second profile as its effect."""
    session, _ = _pushed(stage)
    after = len(_deliveries(stage))
    stage.succeeds(stage.call(POST, session.start_event()), "the repeat of an event is taken")
    pushed = stage.pushed(lambda one: _is_about(one, session), after, _quiet_s(stage))
    _require(stage, pushed is None, "the repeat of an event has no second effect", "another profile was pushed")


def _started(stage: Stage, **details: Any) -> tuple[Session, int]:
    """A session that has just begun, and how many deliveries there were before."""
    after = len(_deliveries(stage))
    return running(stage, **details), after


def _pushed(stage: Stage, **details: Any) -> tuple[Session, Delivery]:
    """A session that has just begun and its first profile; raises NotPlayed if none comes."""
    session, after = _started(stage, **details)
    pushed = stage.pushed(lambda one: _is_about(one, session), after)
    if pushed is None:
        raise NotPlayed(f"no profile was pushed within {stage.run.wait_s:g} s; {_nothing(stage, after)}")
    return session, pushed


def _deliveries(stage: Stage) -> list[Delivery]:
    if stage.run.receiver is None:
        raise NotPlayed("needs --listen PORT, and a callback address at the target that leads there")
    return stage.run.receiver.deliveries


def _is_about(delivery: Delivery, session: Session) -> bool:
    """By the address or, should that be wrong, by the transaction."""
    return (
        f"/{session.charge_point.id}/" in delivery.path + "/" or str(session.transaction_id).encode() in delivery.body
    )


def _nothing(stage: Stage, after: int) -> str:
    others = len(_deliveries(stage)) - after
    url = stage.run.receiver.url if stage.run.receiver else ""
    return f"{others} about other things came; is {url}/... the target's callback address?"


def _require_silence(stage: Stage, session: Session, says: str) -> None:
    """Nothing may be pushed, though a sensor that might change plans speaks."""
    after = len(_deliveries(stage))
    stage.call(POST, session.meter_event(9, 900, {"value": "50", "measurand": "SoC", "unit": "Percent"}))
    pushed = stage.pushed(lambda one: _is_about(one, session), after, _quiet_s(stage))
    _require(stage, pushed is None, f"{says}: nothing is pushed", "another profile was pushed")


def _quiet_s(stage: Stage) -> float:
    """How long silence is listened to: pushes that come at all come at once."""
    return min(stage.run.wait_s, 0.5)


def _body(delivery: Delivery) -> dict[str, Any]:
    """The body where it is near enough to a profile to be looked into; raises NotPlayed otherwise."""
    try:
        body: dict[str, Any] = parsed(delivery.body)
        periods = body["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"]
        usable = bool([float(period["limit"]) + period["startPeriod"] for period in periods])
        usable = usable and isinstance(body["csChargingProfiles"]["chargingSchedule"]["startSchedule"], str)
    except (ValueError, KeyError, TypeError):
        usable = False
    if not usable:
        raise NotPlayed("what was pushed is no profile, see profile_fits_its_schema")
    return body


def _profile(delivery: Delivery) -> dict[str, Any]:
    profile: dict[str, Any] = _body(delivery)["csChargingProfiles"]
    return profile


def _periods(delivery: Delivery) -> list[dict[str, Any]]:
    periods: list[dict[str, Any]] = _profile(delivery)["chargingSchedule"]["chargingSchedulePeriod"]
    return periods


def _require_limits(stage: Stage, pushed: Delivery, most_w: int, says: str) -> None:
    limits = [period["limit"] for period in _periods(pushed)]
    within = all(0 <= limit <= most_w for limit in limits)
    says = f"limits from 0 to {most_w} W: {says}"
    _require(stage, within, says, f"limits up to {max(limits)}", "ChargingSchedulePeriod.limit")


def _require(stage: Stage, holds: bool, says: str, came: str, member: str = "SetChargingProfile") -> None:
    stage.require(holds, _cause(stage), says, f"pushed: {came}", member)


def _breach(stage: Stage, says: str, came: str) -> Breach:
    return Breach(_cause(stage), says, came, "SetChargingProfile")


def _cause(stage: Stage) -> Exchange:
    """The event that a profile is the consequence of: the last that was sent."""
    return next(one for one in reversed(stage.exchanges) if one.operation == POST)


LAWS = (
    started_session_gets_a_profile,
    profile_goes_to_the_charge_points_address,
    profile_carries_the_key_in_two_headers,
    profile_comes_without_authorization,
    profile_fits_its_schema,
    profile_names_its_transaction_inside,
    profile_is_in_watts,
    profile_periods_rise_from_zero,
    profile_stays_within_max_power,
    profile_without_power_type_is_for_one_phase,
    profile_ends_with_zero,
    profile_begins_when_the_session_does,
    changed_plan_is_pushed_again,
    repeated_start_pushes_nothing,
    nothing_is_pushed_after_the_stop,
    nothing_is_pushed_after_unpairing,
)
