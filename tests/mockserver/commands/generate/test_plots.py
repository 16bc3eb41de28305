"""Pictures: valid, and no larger for a longer window. That they are the same each time is in test_subjects."""

from __future__ import annotations

import struct
import zlib
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.commands.generate.plots.bins import Bins, Steps
from mockserver.commands.generate.plots.series import Point, SeriesPicture, SumPicture
from mockserver.commands.generate.plots.ticks import ticks
from mockserver.commands.generate.window import Window, moment, moment_or_span
from tests.mockserver.commands.generate.steps import BY_NAME, CASES, Generate

START = datetime(2026, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
EXPECTED = {
    "prices": (
        "Day-ahead prices NL, GB",
        "EUR or GBP per MWh",
        "issued",
        "NL, EUR forecast\n",
        "NL, EUR forecast, 10 to 90 %",
    ),
    "tariffs": ("Rates of Kievit", "EUR per kWh, VAT included", "Kievit Dynamisch, export"),
    "solar": ("Solar output, 5 kWp", "kW", "output forecast"),
    "carbon": ("Carbon intensity NL, GB", "gCO2 per kWh"),
    "load": ("Use of a household, 3,500 kWh a year", "kW"),
    "schedule": (
        "Battery of 10 kWh, cash, day-ahead NL",
        "EUR per kWh",
        "state of charge, %",
        "charging",
        "solar output",
    ),
    "sessions": ("Charging sessions, depot", "mean power of", "charging", "plugged in"),
    "meter-values": ("Charging power, depot", "kW"),
    "ocpp": ("OCPP calls, depot", "calls", "heartbeats"),
}


def texts(content: bytes) -> str:
    """The texts of an SVG: matplotlib draws them as paths and keeps them as comments."""
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    root = ElementTree.fromstring(content, parser)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    return "\n".join(str(element.text).strip() for element in root.iter() if element.tag is ElementTree.Comment)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_picture_says_what_it_shows(name: str, generate: Generate, tmp_path: Path) -> None:
    picture = tmp_path / "p.svg"
    assert generate(name, *CASES[name], "--seed", "7", "--plot", picture).code == 0

    said = texts(picture.read_bytes())
    assert [text for text in EXPECTED[name] if text not in said] == []
    assert "2026-03-" in said
    assert "Europe/" in said
    assert "seed 7" in said
    assert b"dc:date" not in picture.read_bytes()


def test_png_is_one(generate: Generate, tmp_path: Path) -> None:
    generate("prices", *CASES["prices"], "--plot", tmp_path / "p.PNG")
    content = (tmp_path / "p.PNG").read_bytes()

    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    assert width > 1200
    assert height > 500
    assert zlib.crc32(content[12:29]) == struct.unpack(">I", content[29:33])[0]
    assert b"matplotlib" not in content


@pytest.mark.parametrize("name", ["sessions", "meter-values", "ocpp"])
def test_nothing_can_be_drawn_too(name: str, generate: Generate, tmp_path: Path) -> None:
    assert generate(name, "--world", "empty", "--from", "2026-03-29", "--plot", tmp_path / "p.svg").code == 0
    assert texts((tmp_path / "p.svg").read_bytes())


def test_titles_have_their_articles(generate: Generate, tmp_path: Path) -> None:
    arguments = ("--kind", "office", "--kwh-per-year", "9000", "--from", "2026-03-01", "--plot", tmp_path / "p.svg")
    assert generate("load", *arguments).code == 0

    assert "Use of an office, 9,000 kWh a year" in texts((tmp_path / "p.svg").read_bytes())


def test_a_long_window_is_thinned_and_says_so(generate: Generate, tmp_path: Path) -> None:
    generate("prices", "--from", "2026-03-01", "--to", "90d", "--plot", tmp_path / "long.svg")

    assert "mean and range of each 6h" in texts((tmp_path / "long.svg").read_bytes())
    assert (tmp_path / "long.svg").stat().st_size < 200_000


def test_sessions_of_a_long_window_are_shares_of_time(generate: Generate, tmp_path: Path) -> None:
    generate("sessions", "--world", "home", "--from", "2026-03-01", "--to", "20d", "--plot", tmp_path / "long.svg")

    assert "plugged in, % of the time" in texts((tmp_path / "long.svg").read_bytes())


def test_no_more_lines_than_can_be_told_apart(generate: Generate, tmp_path: Path) -> None:
    generate("tariffs", "--country", "GB", "--from", "2026-03-29", "--plot", tmp_path / "p.svg")

    assert "the first 8 of " in texts((tmp_path / "p.svg").read_bytes())


@pytest.mark.parametrize("leaving", [None, "2026-05-03T05:00:00Z"])
def test_the_departure_of_a_car_is_a_line(leaving: str | None, generate: Generate, tmp_path: Path) -> None:
    leaves = [] if leaving is None else ["--ready-by", leaving]
    arguments = ("--strategy", "ready-by", *leaves, "--from", "2026-05-02T16:00:00Z", "--plot", tmp_path / "p.svg")
    assert generate("schedule", *arguments).code == 0

    assert ("departure" in texts((tmp_path / "p.svg").read_bytes())) is (leaving is not None)


def labels(start: str, length: str, zone: str = "Europe/Amsterdam") -> list[str]:
    return [label for _, label in ticks(window_of(start, length, zone))]


def window_of(start: str, length: str, zone: str) -> Window:
    return Window.between(moment(start), moment_or_span(length), ZoneInfo(zone))


@pytest.mark.parametrize(
    ("start", "length", "zone", "expected"),
    [
        ("2026-06-15", "1s", "Europe/Amsterdam", "00:00:00 00:00:01"),
        ("2026-06-15T10:00:07Z", "1m", "Europe/Amsterdam",
         "12:00:10 12:00:15 12:00:20 12:00:25 12:00:30 12:00:35 12:00:40 12:00:45 12:00:50 12:00:55 12:01:00 12:01:05"),
        ("2026-03-29", "12h", "Europe/London",
         "Sun_29_Mar 02:00 03:00 04:00 05:00 06:00 07:00 08:00 09:00 10:00 11:00 12:00 13:00"),
        ("2026-03-29", "1d", "Europe/London",
         "Sun_29_Mar 04:00 06:00 08:00 10:00 12:00 14:00 16:00 18:00 20:00 22:00 Mon_30_Mar"),
        ("2026-10-25", "4h", "Europe/Amsterdam", "Sun_25_Oct 00:30 01:00 01:30 02:00 02:30 02:00 02:30 03:00"),
        ("2026-06-15T18:20:00Z", "1h", "Asia/Kathmandu",
         "00:05 00:10 00:15 00:20 00:25 00:30 00:35 00:40 00:45 00:50 00:55 01:00 01:05"),
        ("2026-03-27", "7d", "Europe/Amsterdam",
         "Fri_27_Mar Sat_28_Mar Sun_29_Mar Mon_30_Mar Tue_31_Mar Wed_01_Apr Thu_02_Apr Fri_03_Apr"),
        ("2026-03-01", "60d", "Europe/Amsterdam",
         "Mon_02_Mar Mon_09_Mar Mon_16_Mar Mon_23_Mar Mon_30_Mar Mon_06_Apr Mon_13_Apr Mon_20_Apr Mon_27_Apr"),
        ("2026-01-01", "365d", "Europe/Amsterdam", "2026 Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec 2027"),
        ("1971-01-01", "2190-01-01", "Europe/Amsterdam", "1980 2000 2020 2040 2060 2080 2100 2120 2140 2160 2180"),
    ],
)  # fmt: skip
def test_the_axis_has_round_times_of_the_local_clock(start: str, length: str, zone: str, expected: str) -> None:
    assert [each.replace(" ", "_") for each in labels(start, length, zone)] == expected.split()


@given(
    st.integers(0, 7_200_000_000),
    st.integers(0, 5_000_000) | st.integers(0, 50_000),
    st.sampled_from(["Europe/Amsterdam", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
)
def test_marks_of_the_axis_keep_their_distance(start_s: int, length_s: int, zone: str) -> None:
    start = datetime.fromtimestamp(start_s, UTC)
    shown = Window(start, start + timedelta(seconds=1 + length_s), ZoneInfo(zone))
    marks = [at_s for at_s, _ in ticks(shown)]

    assert 1 <= len(marks) <= 14
    assert shown.start_s <= marks[0] <= marks[-1] <= shown.end_s
    assert all(later - earlier >= shown.length_s / 17 for earlier, later in pairwise(marks))


def window(length: timedelta) -> Window:
    return Window(START, START + length, ZoneInfo("Europe/Amsterdam"))


def test_bins_keep_mean_and_range_of_what_they_hold() -> None:
    bins = Bins(window(timedelta(days=365)))
    for number in range(365 * 96):
        bins.add(START + number * QUARTER, START + (number + 1) * QUARTER, float(number % 96))

    assert len(bins) == 365
    assert bins.thinned
    assert bins.width == "1d"
    assert {(each.mean, each.low, each.high, each.end_s - each.start_s) for each in bins} == {(47.5, 0.0, 95.0, 86_400)}


def test_bins_wider_apart_than_values_keep_them() -> None:
    bins = Bins(window(timedelta(days=1)))
    for number in (0, 1, 7):
        bins.add(START + number * QUARTER, START + (number + 1) * QUARTER, float(number))
    bins.add(START + 9 * QUARTER, START + 10 * QUARTER, None)

    steps = Steps.of(bins)

    assert not bins.thinned
    assert [value if value == value else None for value in steps.mean] == [0.0, 1.0, None, 7.0, 7.0]
    assert len(steps.x) == 5


def test_a_sum_is_over_all_lines_of_an_instant() -> None:
    def points(row: tuple[object, ...]) -> list[Point]:
        name, number, value = row
        return [Point(name, START + number * QUARTER, START + (number + 1) * QUARTER, value)]

    picture = SumPicture(window(timedelta(days=1)), "sum", "kW", points)
    for rows in ([("a", 0, 1.0), ("b", 0, 2.0), ("a", 1, 4.0)], [("b", 1, 8.0)], [("a", 2, 16.0)]):
        picture.add(rows)
    picture._flush()

    assert [each.mean for each in picture._lines["sum"].value] == [3.0, 12.0, 16.0]
    assert isinstance(picture, SeriesPicture)
