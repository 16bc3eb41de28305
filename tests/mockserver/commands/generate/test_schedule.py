"""Schedules: what the rows say is possible, and adds up to what is said on standard error."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest

from tests.mockserver.commands.generate.steps import Done, Generate

BATTERY = (
    *("--capacity-kwh", "10", "--charge-kw", "4", "--discharge-kw", "3", "--efficiency", "0.81"),
    *("--soc-start", "40", "--soc-end", "60", "--min-soc", "10", "--max-soc", "90"),
    *("--pv-kwp", "5", "--load-kwh-per-year", "3500", "--from", "2026-05-02", "--to", "2d"),
)


def objective(done: Done) -> float:
    found = re.search(r"^objective (-?[0-9.]+) ", done.err, re.MULTILINE)
    assert found is not None
    return float(found[1])


def without(done: Done) -> float:
    found = re.search(r"; without the battery (-?[0-9.]+) ", done.err)
    assert found is not None
    return float(found[1])


def rows_of(generate: Generate, *options: str) -> tuple[list[dict[str, Any]], float]:
    done = generate("schedule", *BATTERY, *options)
    assert done.code == 0
    return done.lines, objective(done)


@pytest.mark.parametrize(
    "options", [(), ("--tariff", "Kievit Dag en Nacht"), ("--resolution", "1h"), ("--curtailable",)]
)
def test_rows_of_a_cash_schedule_keep_the_limits_and_add_up(options: tuple[str, ...], generate: Generate) -> None:
    rows, least = rows_of(generate, *options)
    hours = 1.0 if "1h" in options else 0.25

    before_wh = 4000
    for row in rows:
        assert -3000 <= row["power_w"] <= 4000
        assert 999 <= row["energy_wh"] <= 9001
        assert abs(row["grid_w"] - (row["load_w"] - row["pv_w"] + row["power_w"] + row["curtailed_w"])) <= 2
        stored_wh = row["power_w"] * hours * (0.9 if row["power_w"] > 0 else 1 / 0.9)
        assert abs(row["energy_wh"] - before_wh - stored_wh) <= 2
        before_wh = row["energy_wh"]
    assert rows[-1]["energy_wh"] >= 5999
    assert float(sum(row["cost"] for row in rows)) == pytest.approx(least, abs=1e-3)


def test_the_sun_is_used_and_costs_more_than_cash(generate: Generate) -> None:
    cash, cheapest = rows_of(generate, "--tariff", "Kievit Dynamisch")
    solar, imported = rows_of(generate, "--tariff", "Kievit Dynamisch", "--strategy", "solar")

    assert float(sum(row["cost"] for row in solar)) >= cheapest - 1e-3
    assert sum(max(row["grid_w"], 0) for row in solar) / 4000 == pytest.approx(imported, abs=0.05)
    assert sum(max(row["grid_w"], 0) for row in solar) <= sum(max(row["grid_w"], 0) for row in cash)


def test_fewer_cycles_earn_less(generate: Generate) -> None:
    _, free = rows_of(generate)
    _, once = rows_of(generate, "--max-cycles", "0.5")
    _, worn = rows_of(generate, "--wear-per-kwh", "0.05")

    assert free < once
    assert free < worn


def test_a_car_is_ready_by_the_time_and_not_charged_after(generate: Generate) -> None:
    done = generate(
        "schedule", "--strategy", "ready-by", "--capacity-kwh", "60", "--charge-kw", "11", "--min-charge-kw", "4.14",
        "--soc-start", "30", "--from", "2026-05-02T16:00:00Z", "--to", "24h", "--ready-by", "2026-05-03T05:00:00Z",
    )  # fmt: skip
    rows = done.lines

    assert all(row["power_w"] == 0 for row in rows if row["start"] >= "2026-05-03T05:00:00Z")
    assert next(row for row in rows if row["end"] == "2026-05-03T05:00:00Z")["soc_percent"] == Decimal("80.0")
    assert {row["power_w"] for row in rows if row["power_w"]} <= {*range(4140, 11001)}
    assert float(sum(row["cost"] for row in rows)) == pytest.approx(objective(done), abs=1e-4)


def test_what_is_out_of_reach_is_said(generate: Generate) -> None:
    done = generate("schedule", "--strategy", "ready-by", "--capacity-kwh", "60", "--soc-start", "0", "--charge-kw", "1", "--from", "2026-05-02")  # fmt: skip  # noqa: E501

    assert done.code == 0
    assert "out of reach: 25.2" in done.err


def test_prices_of_longer_slots_are_means(generate: Generate) -> None:
    arguments = ("schedule", "--tariff", "Larkspur Economy 10", "--from", "2026-05-02", "--to", "1d")
    halves, hours = (generate(*arguments, "--resolution", each).lines for each in ("30m", "1h"))

    assert len(hours) == 24
    for hour, (first, second) in zip(hours, zip(halves[::2], halves[1::2], strict=True), strict=True):
        assert hour["import_price_per_kwh"] == (first["import_price_per_kwh"] + second["import_price_per_kwh"]) / 2


CONNECTIONS = [
    (),
    ("--export-limit-kw", "0", "--curtailable"),
    ("--export-limit-kw", "2.5", "--curtailable"),
    ("--curtailable",),
    ("--import-limit-kw", "6", "--curtailable"),
    ("--tariff", "Kievit Dag en Nacht", "--curtailable"),
]
SUNNY = ("--pv-kwp", "20", "--load-kwh-per-year", "3500", "--from", "2026-06-15", "--to", "2d")


@pytest.mark.parametrize("connection", CONNECTIONS, ids=" ".join)
def test_no_battery_costs_what_one_without_power_costs(connection: tuple[str, ...], generate: Generate) -> None:
    powerless = generate("schedule", *SUNNY, *connection, "--charge-kw", "0")
    battery = generate("schedule", *SUNNY, *connection)

    assert without(battery) == without(powerless) == pytest.approx(objective(powerless), abs=6e-5)
    assert without(battery) == pytest.approx(float(sum(row["cost"] for row in powerless.lines)), abs=1e-3)
    assert objective(battery) < without(battery)


def test_a_connection_that_needs_the_battery_says_when(generate: Generate) -> None:
    done = generate(
        "schedule", "--import-limit-kw", "1", "--load-kwh-per-year", "9000", "--from", "2026-06-15"
    )  # fmt: skip

    assert done.code == 0
    said = re.search(r"without the battery the exchange would pass its limit, first at (\S+) by ([0-9.]+) W", done.err)
    assert said is not None
    over = [row for row in done.lines if row["load_w"] > 1000]
    assert over[0]["start"] == said[1]
    assert over[0]["load_w"] - 1000 == pytest.approx(float(said[2]), abs=1)


@pytest.mark.parametrize("strategy", ["cash", "solar"])
def test_wear_is_said_and_makes_up_the_rest(strategy: str, generate: Generate) -> None:
    done = generate("schedule", *BATTERY, "--wear-per-kwh", "0.02", "--strategy", strategy)
    said = re.search(r"(?:objective|cost) (-?[0-9.]+) EUR, of which wear ([0-9.]+) EUR", done.err)
    assert said is not None
    cost, wear = map(float, said.groups())

    assert cost - wear == pytest.approx(float(sum(row["cost"] for row in done.lines)), abs=1e-3)
    moved_kwh = sum(abs(row["power_w"]) for row in done.lines) / 4000
    assert wear == pytest.approx(moved_kwh * 0.02 / 2, abs=1e-4)
    assert "of which wear" not in generate("schedule", *BATTERY, "--strategy", strategy).err


@pytest.mark.parametrize(("tariff", "known"), [("Kievit Dynamisch", True), ("Larkspur Economy 10", False)])
def test_an_export_rate_that_is_not_known_is_said(tariff: str, known: bool, generate: Generate) -> None:
    done = generate("schedule", "--tariff", tariff, "--from", "2026-05-02")

    assert (f"no export rate of {tariff} is known: what is fed in earns nothing" in done.err) is not known
    assert any(row["export_price_per_kwh"] for row in done.lines) is known
