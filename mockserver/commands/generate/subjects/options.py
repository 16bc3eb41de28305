"""Options and row parts that several subjects share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import click

from fixtures.days import DAY_S
from mockserver.commands.generate.columns import Column, Kind, Row
from mockserver.commands.generate.window import Window, moment, step_of, written

START = Column("start", Kind.TIME, "Start of the slot, UTC.")
END = Column("end", Kind.TIME, "End of the slot, which is the start of the next.")


def in_time_order(streams: Iterable[Iterator[Row]]) -> Iterator[Row]:
    """The rows of several streams by time, at the same time in the order of the streams; each is read as needed."""
    return merge(*streams, key=itemgetter(0))


def slots_by_day(window: Window, step_s: int) -> Iterator[range]:
    """The starts, in Unix seconds, of the slots of a window, one range for each UTC day."""
    slots = window.slots(step_s)
    at_s = slots.start
    while at_s < slots.stop:
        end_s = min((at_s // DAY_S + 1) * DAY_S, slots.stop)
        yield range(at_s, end_s, step_s)
        at_s = -(-end_s // step_s) * step_s


def one_of(names: Callable[[], Iterable[str]]) -> Callable[[str], str]:
    """The type of an option: one of the names that a function gives, in any case. They are asked for when needed."""

    def name(text: str) -> str:
        there = [*names()]
        found = next((each for each in there if each.casefold() == text.strip().casefold()), None)
        if found is None:
            raise click.BadParameter(f"there is no {text!r}; there are {', '.join(there)}")
        return found

    return name


class NumberRange(click.FloatRange):
    """The type of an option: a finite number in a range. Click compares, and nan is not below nor above anything."""

    def __init__(self, least: float, most: float) -> None:
        super().__init__(least, most)
        self._said = f"a number from {least} to {most}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """See `click.ParamType.convert`."""
        number = click.FLOAT.convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not {self._said}.", param, ctx)
        return super().convert(number, param, ctx)


def number_option(
    name: str, help_text: str, least: float, most: float, *, default: float | None = None
) -> click.Option:
    """An option that takes a finite number from `least` to `most`; the help shows a default where there is one."""
    return click.Option(
        [name], type=NumberRange(least, most), default=default, show_default=default is not None, help=help_text
    )


def time_zone(text: str) -> ZoneInfo:
    """The type of an option: an IANA time zone."""
    try:
        return ZoneInfo(text.strip())
    except (OSError, ValueError, LookupError):
        raise click.BadParameter(f"there is no time zone {text!r}: write it as Europe/Amsterdam") from None


def area_option(help_text: str, names: Callable[[], Iterable[str]], *, default: Sequence[str]) -> click.Option:
    """`--area`: one of the names, or several."""
    return click.Option(
        ["--area"],
        type=one_of(names),
        multiple=True,
        default=default,
        show_default=True,
        metavar="NAME",
        help=help_text,
    )


def resolution_option(default_s: int | None, *, smallest_s: int = 60, default_text: str = "") -> click.Option:
    """`--resolution`: the length of the slots, a part of an hour."""
    default = default_text or (written(default_s) if default_s else "")
    return click.Option(
        ["--resolution"],
        type=step_of(smallest_s),
        default=default_s,
        metavar="DURATION",
        help=f"Length of the slots: 15m, 30m, 1h or seconds, a part of an hour. Default: {default}.",
    )


def timezone_option(help_text: str) -> click.Option:
    """`--timezone`: the zone of bare dates, where the subject has none of its own."""
    return click.Option(["--timezone"], type=time_zone, metavar="ZONE", help=help_text)


def issued_at_option(help_text: str = "Add what a forecast of this time said.") -> click.Option:
    """`--issued-at`: adds the forecast of a time."""
    return click.Option(["--issued-at"], type=moment, metavar="TIME", help=help_text)
