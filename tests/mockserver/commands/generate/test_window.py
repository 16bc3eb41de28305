"""How `--from` and `--to` are read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.commands.generate.window import Window, moment, moment_or_span, step_of, written
from tests.mockserver.commands.generate.steps import Generate

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def window(start: str, end: str | None = None) -> tuple[str, str]:
    found = Window.between(moment(start), None if end is None else moment_or_span(end), AMSTERDAM)
    return found.start.isoformat(), found.end.isoformat()


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-03-28", None, ("2026-03-27T23:00:00+00:00", "2026-03-28T23:00:00+00:00")),
        ("2026-03-29", None, ("2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00")),
        ("2026-10-25", "1d", ("2026-10-24T22:00:00+00:00", "2026-10-25T23:00:00+00:00")),
        ("2026-03-29", "24h", ("2026-03-28T23:00:00+00:00", "2026-03-29T23:00:00+00:00")),
        ("2026-03-29", "1w", ("2026-03-28T23:00:00+00:00", "2026-04-04T22:00:00+00:00")),
        ("2026-03-28T12:00:00Z", "1d", ("2026-03-28T12:00:00+00:00", "2026-03-29T11:00:00+00:00")),
        ("2026-03-28T12:00:00Z", "24h", ("2026-03-28T12:00:00+00:00", "2026-03-29T12:00:00+00:00")),
        ("2026-03-28 12:00+02:00", "90m", ("2026-03-28T10:00:00+00:00", "2026-03-28T11:30:00+00:00")),
        ("2026-03-28t12:00:00z", "45s", ("2026-03-28T12:00:00+00:00", "2026-03-28T12:00:45+00:00")),
        ("2026-03-28", "2026-03-30", ("2026-03-27T23:00:00+00:00", "2026-03-29T22:00:00+00:00")),
        ("1970-01-02", "2199-12-31", ("1970-01-01T23:00:00+00:00", "2199-12-30T23:00:00+00:00")),
    ],
)
def test_windows_are_half_open_and_days_are_local(start: str, end: str | None, expected: tuple[str, str]) -> None:
    assert window(start, end) == expected


@pytest.mark.parametrize(
    ("option", "arguments", "said"),
    [
        ("--from", ["--from", "yesterday"], "'yesterday' is not a time: write 2026-03-29 (local midnight)"),
        ("--from", ["--from", "2026-02-30"], "day is out of range for month"),
        ("--from", ["--from", "2026-03-29T12:00:00"], "write 2026-03-29T12:00:00Z, or an offset like +02:00"),
        ("--from", ["--from", "2026-03-29T12:00:00.5Z"], "write whole seconds"),
        ("--from", ["--from", "7d"], "'7d' is not a time"),
        ("--from", ["--from", "20260329"], "'20260329' is not a time"),
        ("--from", ["--from", "1969-12-31"], "only 1970-01-01 to 2200-01-01"),
        ("--from", ["--from", "9999-12-31"], "only 1970-01-01 to 2200-01-01"),
        ("--from", ["--from", "0001-01-01"], "only 1970-01-01 to 2200-01-01"),
        ("--to", ["--from", "2026-03-29", "--to", "2026-03-28"], "2026-03-27T23:00:00Z is not after --from"),
        ("--to", ["--from", "2026-03-29", "--to", "2026-03-29"], "For one day leave --to out, or write --to 1d"),
        ("--to", ["--from", "2026-03-29", "--to", "0h"], "is not after --from"),
        ("--to", ["--from", "2026-03-29", "--to", "7"], "or a duration like 7d or 24h"),
        ("--to", ["--from", "2026-03-29", "--to", "7y"], "or a duration like 7d or 24h"),
        ("--to", ["--from", "2026-03-29", "--to", "999999w"], "only 1970-01-01 to 2200-01-01"),
        ("--resolution", ["--from", "2026-03-29", "--resolution", "7m"], "15m, 30m, 1h would do"),
        ("--resolution", ["--from", "2026-03-29", "--resolution", "2h"], "15m, 30m, 1h would do"),
        ("--resolution", ["--from", "2026-03-29", "--resolution", "1m"], "15m, 30m, 1h would do"),
        ("--resolution", ["--from", "2026-03-29", "--resolution", "0"], "15m, 30m, 1h would do"),
        ("--resolution", ["--from", "2026-03-29", "--resolution", "quarter"], "write 15m, 1h or 900 (seconds)"),
        ("--from", [], "Missing option '--from'"),
    ],
)
def test_a_wrong_window_is_named_and_what_would_do(
    option: str, arguments: list[str], said: str, generate: Generate
) -> None:
    done = generate("prices", *arguments)

    assert (done.code, done.out) == (2, b"")
    message = " ".join(done.err.split())
    assert option in message
    assert said in message
    assert "Traceback" not in message


@given(st.dates(date(1971, 1, 1), date(2199, 1, 1)), st.integers(1, 300))
def test_days_of_a_duration_end_at_midnight(start: date, days: int) -> None:
    found = Window.between(start, moment_or_span(f"{days}d"), AMSTERDAM)
    local = found.end.astimezone(AMSTERDAM)

    assert (local.date() - start).days == days
    assert (local.hour, local.minute) == (0, 0)


@given(st.integers(0, 4_000_000_000), st.integers(1, 100_000), st.sampled_from([60, 900, 1800, 3600]))
def test_slots_are_those_that_begin_in_the_window(start_s: int, length_s: int, step_s: int) -> None:
    start, end = (datetime.fromtimestamp(at_s, UTC) for at_s in (start_s, start_s + length_s))

    slots = Window(start, end, AMSTERDAM).slots(step_s)

    assert all(at_s % step_s == 0 and start_s <= at_s < start_s + length_s for at_s in slots)
    assert len(slots) == (start_s + length_s - 1) // step_s - (start_s - 1) // step_s


@pytest.mark.parametrize("text", ["1m", "5m", "15m", "30m", "1h", "10s"])
def test_steps_are_written_as_they_are_read(text: str) -> None:
    assert written(step_of(1)(text)) == text


def test_a_duration_has_no_beginning() -> None:
    with pytest.raises(click.BadParameter, match="has no beginning"):
        Window.between(moment_or_span("7d"), None, AMSTERDAM)
