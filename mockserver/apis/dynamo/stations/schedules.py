"""Charging profiles of OCPP 1.6 as one schedule: part 1, 3.13 and 5.7. Instants are Unix seconds, limits W.

At each instant, of the valid profiles of a purpose the one of the highest stack level holds; a limit for the
transaction stands in for the default one, and the least of it, the station's limit and the outlet's power is the
schedule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from fixtures.days import DAY_S, unix_s
from mockserver.http.parameters import instant

Profile = Mapping[str, Any]

STATION, DEFAULT, TRANSACTION = "ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"
PURPOSES = (STATION, DEFAULT, TRANSACTION)
_RECURS_AFTER_S = {"Daily": DAY_S, "Weekly": 7 * DAY_S}
_VOLTS = 230
_NEEDS: Mapping[str, type] = {
    "chargingProfileId": int,
    "stackLevel": int,
    "chargingProfilePurpose": str,
    "chargingProfileKind": str,
    "chargingSchedule": dict,
}


class Outlet(NamedTuple):
    """What a connector can give: W, and the phases by which A are reckoned in W, 0 for direct current."""

    power_w: int
    phases: int

    @property
    def volts(self) -> int:
        """W for each A per phase."""
        return _VOLTS * (self.phases or 1)


def problem(profile: Profile) -> str | None:
    """What keeps a profile from being one, or None."""
    for name, kind in _NEEDS.items():
        if not isinstance(profile.get(name), kind):
            return f"{name} is no {kind.__name__}"
    schedule = profile["chargingSchedule"]
    periods = schedule.get("chargingSchedulePeriod")
    if schedule.get("chargingRateUnit") not in ("A", "W") or not isinstance(periods, list) or not periods:
        return "chargingSchedule needs chargingRateUnit, A or W, and at least one chargingSchedulePeriod"
    for period in periods:
        if not isinstance(period, dict) or not isinstance(period.get("startPeriod"), int):
            return "a chargingSchedulePeriod needs startPeriod, s"
        if not isinstance(period.get("limit"), int | float) or period["limit"] < 0:
            return "a chargingSchedulePeriod needs limit, 0 or more"
    if profile["chargingProfileKind"] == "Recurring" and profile.get("recurrencyKind") not in _RECURS_AFTER_S:
        return "recurrencyKind is neither Daily nor Weekly"
    for holder, name in ((profile, "validFrom"), (profile, "validTo"), (schedule, "startSchedule")):
        try:
            if holder.get(name) is not None:
                instant(holder[name])
        except (AttributeError, TypeError, ValueError):
            return f"{name} is no time"
    return None


def composite(
    profiles: Sequence[Profile], outlet: Outlet, start_s: int, duration_s: int, unit: str
) -> list[dict[str, Any]]:
    """The chargingSchedulePeriods of [start, start + duration) in A or W, of profiles that have no `problem`.

    What has no beginning of its own begins with the schedule.
    """
    end_s = start_s + duration_s
    turns = {start_s, *(at_s for each in profiles for at_s in _turns(each, start_s, end_s) if start_s < at_s < end_s)}
    periods: list[dict[str, Any]] = []
    for at_s in sorted(turns):
        limit_w = _limit_w(profiles, outlet, at_s, start_s)
        limit = round(limit_w if unit == "W" else limit_w / outlet.volts, 1)
        if not periods or periods[-1]["limit"] != limit:
            periods.append({"startPeriod": at_s - start_s, "limit": limit})
    return periods


def _limit_w(profiles: Sequence[Profile], outlet: Outlet, at_s: int, asked_s: int) -> float:
    holding: dict[str, tuple[int, float]] = {}
    for profile in profiles:
        limit_w = _limit_of(profile, outlet, at_s, asked_s)
        purpose, level = profile["chargingProfilePurpose"], profile["stackLevel"]
        if limit_w is not None and (purpose not in holding or level > holding[purpose][0]):
            holding[purpose] = level, limit_w
    of_transaction = holding.get(TRANSACTION) or holding.get(DEFAULT)
    limits = [each[1] for each in (holding.get(STATION), of_transaction) if each is not None]
    return min([float(outlet.power_w), *limits])


def _limit_of(profile: Profile, outlet: Outlet, at_s: int, asked_s: int) -> float | None:
    """The limit of one profile at an instant; None where it has none."""
    from_s, to_s = _second(profile.get("validFrom")), _second(profile.get("validTo"))
    begins_s = _begins(profile, at_s, asked_s)
    schedule = profile["chargingSchedule"]
    elapsed_s = at_s - begins_s
    duration_s = schedule.get("duration")
    if (from_s is not None and at_s < from_s) or (to_s is not None and at_s >= to_s):
        return None
    if elapsed_s < 0 or (duration_s is not None and elapsed_s >= duration_s):
        return None
    limit = None
    for period in schedule["chargingSchedulePeriod"]:
        if period["startPeriod"] <= elapsed_s:
            limit = float(period["limit"])
    return limit if limit is None or schedule["chargingRateUnit"] == "W" else limit * outlet.volts


def _begins(profile: Profile, at_s: int, asked_s: int) -> int:
    """When the schedule that holds at an instant has begun."""
    start_s = _second(profile["chargingSchedule"].get("startSchedule"))
    if profile["chargingProfileKind"] == "Relative" or start_s is None:
        return asked_s
    if profile["chargingProfileKind"] == "Recurring":
        return at_s - (at_s - start_s) % _RECURS_AFTER_S[profile["recurrencyKind"]]
    return start_s


def _turns(profile: Profile, start_s: int, end_s: int) -> Iterator[int]:
    """The instants at which the limit of a profile may change."""
    for name in ("validFrom", "validTo"):
        if profile.get(name) is not None:
            yield unix_s(instant(profile[name]))
    schedule = profile["chargingSchedule"]
    step_s = _RECURS_AFTER_S.get(profile.get("recurrencyKind") or "", end_s - start_s)
    begun = {_begins(profile, min(at_s, end_s), start_s) for at_s in range(start_s, end_s + step_s, step_s)}
    for begins_s in begun:
        yield begins_s
        if schedule.get("duration") is not None:
            yield begins_s + schedule["duration"]
        for period in schedule["chargingSchedulePeriod"]:
            yield begins_s + period["startPeriod"]


def _second(text: str | None) -> int | None:
    return None if text is None else unix_s(instant(text))
