"""What came of a simulation: events, sessions, energy, latencies and errors, in memory that does not grow with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fixtures.days import utc
from mockserver.clock import timestamp
from mockserver.commands.simulate.histogram import Histogram

SHARES = (0.5, 0.95, 0.99)
_KINDS_OF_ERRORS = 50
_OTHERS = "(other messages)"
_REGISTER = "Energy.Active.Import.Register"
_SHOWN_ERRORS = 10


class Failure(NamedTuple):
    """One kind of error."""

    label: str
    """OCPP method or name of the notification."""
    status: int | None
    """HTTP status; None: there was no answer."""
    message: str


@dataclass(slots=True)
class Sample:
    """How often a failure happened, and one case of it."""

    count: int
    charger: str
    body: Any


class Sessions:
    """Follows the transactions that the other side has been told of."""

    def __init__(self) -> None:
        self._open: dict[int, tuple[int, int]] = {}
        """Register at the start and at the last reading, Wh, by transaction id."""
        self.started = 0
        self.ended = 0
        self._ended_wh = 0

    @property
    def open(self) -> int:
        """Transactions that go on."""
        return len(self._open)

    @property
    def energy_wh(self) -> int:
        """What was delivered, in transactions that go on up to their last reading."""
        return self._ended_wh + sum(shown - start for start, shown in self._open.values())

    def see(self, body: Any) -> None:
        """Take note of a body that was accepted; those that are no OCPP events change nothing."""
        event = body.get("event")
        if not isinstance(event, dict):
            return
        params = event["params"]
        match event["method"]:
            case "StartTransaction":
                number = event["response"]["transactionId"]
                if number not in self._open:  # a charger may send it twice
                    self.started += 1
                    self._open[number] = params["meterStart"], params["meterStart"]
            case "MeterValues":
                number = params.get("transactionId")
                if number in self._open:
                    start, shown = self._open[number]
                    self._open[number] = start, max([shown, *_registers_wh(params)])
            case "StopTransaction":
                found = self._open.pop(params["transactionId"], None)
                if found is not None:
                    self.ended += 1
                    self._ended_wh += params["meterStop"] - found[0]


def _registers_wh(params: Any) -> Iterator[int]:
    for value in params["meterValue"]:
        yield from (int(each["value"]) for each in value["sampledValue"] if each["measurand"] == _REGISTER)


@dataclass(slots=True)
class Tally:
    """Everything that is counted while events are sent."""

    chargers: int = 0
    sessions: Sessions = field(default_factory=Sessions)
    latencies: Histogram = field(default_factory=Histogram)
    accepted: Counter[str] = field(default_factory=Counter)
    """By label."""
    retries: int = 0
    unpaired: int = 0
    """Chargers that were left out because the other side did not take them."""
    at_s: int = 0
    """Virtual time of the last event that was sent, Unix seconds."""
    failures: dict[Failure, Sample] = field(default_factory=dict)

    @property
    def errors(self) -> int:
        """Events that were refused or lost."""
        return sum(sample.count for sample in self.failures.values())

    def accept(self, label: str, body: Any) -> None:
        """Count what was taken."""
        self.accepted[label] += 1
        self.sessions.see(body)

    def fail(self, failure: Failure, charger: str, body: Any) -> None:
        """Count what was not; beyond so many kinds only by label and status, because messages may name ids."""
        if failure not in self.failures and len(self.failures) >= _KINDS_OF_ERRORS:
            failure = failure._replace(message=_OTHERS)
        sample = self.failures.setdefault(failure, Sample(0, charger, body))
        sample.count += 1


@dataclass(frozen=True, slots=True)
class Summary:
    """A tally when all is over."""

    tally: Tally
    wall_s: float
    start_s: int
    interrupted: bool = False

    @property
    def events(self) -> int:
        """How many were taken."""
        return self.tally.accepted.total()

    @property
    def per_second(self) -> float:
        """Events in a real second."""
        return self.events / self.wall_s if self.wall_s > 0.0 else 0.0

    def document(self) -> dict[str, Any]:
        """The summary as JSON values; units are in the names."""
        tally = self.tally
        return {
            "interrupted": self.interrupted,
            "chargers": tally.chargers,
            "chargers_left_out": tally.unpaired,
            "started_at": timestamp(utc(self.start_s)),
            "reached": timestamp(utc(tally.at_s)) if tally.at_s else None,
            "events": self.events,
            "events_by_method": dict(sorted(tally.accepted.items())),
            "events_per_second": round(self.per_second, 1),
            "wall_s": round(self.wall_s, 3),
            "sessions_started": tally.sessions.started,
            "sessions_ended": tally.sessions.ended,
            "sessions_open": tally.sessions.open,
            "energy_kwh": tally.sessions.energy_wh / 1000,
            "latency_ms": {
                **{f"p{share * 100:g}": round(tally.latencies.quantile_s(share) * 1000, 2) for share in SHARES},
                "max": round(tally.latencies.largest_s * 1000, 2),
            },
            "retries": tally.retries,
            "errors": tally.errors,
            "errors_by_kind": [
                {
                    "method": failure.label,
                    "status": failure.status,
                    "message": failure.message,
                    "count": sample.count,
                    "sample": {"charger": sample.charger, "body": sample.body},
                }
                for failure, sample in _most_frequent(tally)
            ],
        }

    def lines(self) -> Iterator[str]:
        """The summary for people."""
        tally, sessions = self.tally, self.tally.sessions
        left_out = f", {tally.unpaired:,} more left out" if tally.unpaired else ""
        reached = f", {utc(self.start_s):%Y-%m-%d %H:%M} to {utc(tally.at_s):%Y-%m-%d %H:%M} UTC" if tally.at_s else ""
        yield f"{'stopped after ' if self.interrupted else ''}{_many(tally.chargers, 'charger')}{left_out}{reached}"
        taken = _many(self.events, "event")
        yield f"  {taken} taken in {self.wall_s:.1f} s, {self.per_second:,.0f} a second, {tally.retries:,} retries"
        for label, count in tally.accepted.most_common():
            yield f"    {label:<32} {count:>12,}"
        yield (
            f"  {_many(sessions.started, 'session')} started, {sessions.ended:,} ended, {sessions.open:,} open, "
            f"{sessions.energy_wh / 1000:,.1f} kWh"
        )
        if tally.latencies.count:
            said = (f"p{share * 100:g} {tally.latencies.quantile_s(share) * 1000:,.1f}" for share in SHARES)
            yield f"  latency, ms: {', '.join(said)}, max {tally.latencies.largest_s * 1000:,.1f}"
        if tally.failures:
            yield f"  {_many(tally.errors, 'event')} refused or lost:"
        for failure, sample in _most_frequent(tally)[:_SHOWN_ERRORS]:
            status = failure.status or "no answer"
            yield f"    {sample.count:>8,} x {failure.label}: {status} {failure.message}, first from {sample.charger}"
        if len(tally.failures) > _SHOWN_ERRORS:
            yield f"    and {len(tally.failures) - _SHOWN_ERRORS:,} more kinds, which --json FILE lists"


def _most_frequent(tally: Tally) -> list[tuple[Failure, Sample]]:
    return sorted(tally.failures.items(), key=lambda each: -each[1].count)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
