"""What every subject promises in every format."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from fixtures.prices import day_ahead
from fixtures.tariffs import price_series
from mockserver.clock import Clock
from mockserver.commands.generate.columns import Kind
from mockserver.commands.generate.writers import WRITERS
from mockserver.domain.catalogue import catalogue
from mockserver.domain.world import World
from mockserver.domain.worlds import NamedWorld
from tests.mockserver.commands.generate.steps import BY_NAME, CASES, Generate, elsewhere, read_csv, read_parquet

every_subject = pytest.mark.parametrize("name", BY_NAME)
FLEETS = ("sessions", "meter-values", "ocpp")


def test_every_subject_has_a_case() -> None:
    assert BY_NAME.keys() == CASES.keys()


@every_subject
def test_all_formats_hold_the_same_rows(name: str, generate: Generate, tmp_path: Path) -> None:
    columns = BY_NAME[name].columns
    rows = generate(name, *CASES[name]).lines
    assert rows
    assert [*rows[0]] == [column.name for column in columns]

    content = {}
    for suffix in WRITERS:
        output = tmp_path / f"rows.{suffix}"
        done = generate(name, *CASES[name], "--output", output)
        assert (done.code, done.out) == (0, b"")
        assert f"{len(rows):,} rows in {output}" in done.err
        content[suffix] = output.read_bytes()

    assert json.loads(content["json"], parse_float=Decimal) == rows
    assert content["jsonl"] == generate(name, *CASES[name], "--format", "jsonl").out
    assert read_csv(content["csv"], columns) == rows
    assert read_parquet(content["parquet"], columns) == rows


@every_subject
def test_values_are_what_their_columns_say(name: str, generate: Generate) -> None:
    kinds = {
        Kind.TIME: (str,),
        Kind.TEXT: (str,),
        Kind.INTEGER: (int,),
        Kind.NUMBER: (Decimal, int),
        Kind.BOOLEAN: (bool,),
        Kind.MONEY: (Decimal, int),
        Kind.NESTED: (list, dict),
    }
    for row in generate(name, *CASES[name]).lines:
        for column in BY_NAME[name].columns:
            value = row[column.name]
            assert value is None or type(value) in kinds[column.kind], column.name
            if column.kind is Kind.TIME and value is not None:
                assert value.endswith("Z")
                datetime.fromisoformat(value)


@every_subject
def test_rows_are_in_the_window_and_in_order(name: str, generate: Generate) -> None:
    rows = generate(name, *CASES[name], "--from", "2026-03-30T05:07:00Z", "--to", "5h").lines
    times = [next(iter(row.values())) for row in rows]

    assert times == sorted(times)
    assert all("2026-03-30T05:07:00Z" <= time < "2026-03-30T10:07:00Z" for time in times)


@pytest.mark.parametrize("name", [name for name in BY_NAME if name != "schedule"])
@pytest.mark.parametrize("file_format", ["jsonl", "csv"])
def test_pieces_make_the_whole(name: str, file_format: str, generate: Generate) -> None:
    # The night of the clock change; then a Monday evening, when vans come home.
    day, hours = "2026-03-29", "00:00 00:10 01:59 09:00"
    if name in FLEETS:
        day, hours = "2026-03-30", "14:00 16:59 17:20 19:00"
    edges = [f"{day}T{hour}:07Z" for hour in hours.split()]

    def rows(start: str, end: str) -> list[bytes]:
        lines = generate(name, *CASES[name], "--from", start, "--to", end, "--format", file_format).out.splitlines()
        return lines[1:] if file_format == "csv" else lines

    pieces = [line for start, end in pairwise(edges) for line in rows(start, end)]
    assert pieces == rows(edges[0], edges[-1])
    assert pieces


@every_subject
def test_the_help_lists_columns_and_an_example_that_works(name: str, generate: Generate, tmp_path: Path) -> None:
    text = generate(name, "--help").out.decode()
    listed = text.partition("\nColumns:\n")[2].partition("\nExample:\n")[0]

    columns = [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "]
    assert columns == [column.name for column in BY_NAME[name].columns]
    assert all(f"--{option}" in text for option in ("from", "to", "seed", "format", "output", "plot", "quiet"))
    arguments = BY_NAME[name].example.replace("'", "").split()
    if "fleet:100" in arguments:
        arguments[arguments.index("fleet:100")] = "fleet:2"
    for option in ("--output", "--plot"):
        if option in arguments:
            place = arguments.index(option) + 1
            arguments[place] = str(tmp_path / arguments[place])
    assert generate(name, *arguments).code == 0


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("prices", "parquet"),
        ("prices", "svg"),
        ("sessions", "svg"),
        ("ocpp", "parquet"),
        ("schedule", "png"),
        ("ocpp", "jsonl"),
    ],
)
def test_any_process_writes_the_same_bytes(name: str, suffix: str, generate: Generate, tmp_path: Path) -> None:
    option = "--plot" if suffix in ("svg", "png") else "--output"
    here, there = tmp_path / f"here.{suffix}", tmp_path / f"there.{suffix}"
    generate(name, *CASES[name], option, here)

    settings = {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8", "MPLBACKEND": "svg"}
    done = elsewhere(name, *CASES[name], option, str(there), **settings)

    assert done.returncode == 0
    assert there.read_bytes() == here.read_bytes()


@every_subject
def test_another_seed_is_another_world(name: str, generate: Generate) -> None:
    assert generate(name, *CASES[name], "--seed", 2).out != generate(name, *CASES[name], "--seed", 3).out


def test_prices_are_those_of_the_auction(generate: Generate) -> None:
    rows = generate("prices", "--area", "nl", "--from", "2026-03-29").lines

    assert [row["price_per_mwh"] for row in rows] == [*day_ahead(1, "NL", datetime(2026, 3, 29).date())]  # noqa: DTZ001
    assert (len(rows), rows[0]["start"], rows[-1]["end"]) == (92, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")


def test_money_keeps_its_decimals(generate: Generate) -> None:
    lines = generate("prices", "--from", "2026-03-29", "--to", "30d").out.decode().splitlines()
    amounts = [line.partition('"price_per_mwh":')[2].partition(",")[0] for line in lines]

    assert all(len(amount.rpartition(".")[2]) == 2 for amount in amounts)
    assert any(amount.endswith("0") for amount in amounts)
    assert any(amount.startswith("-") for amount in amounts)


def test_rates_are_exact_in_every_country(generate: Generate, tmp_path: Path) -> None:
    rows = generate("tariffs", "--from", "2026-03-29T12:00:00Z", "--to", "2h").lines
    ours = {(row["tariff_id"], row["start"]): row["import_rate_per_kwh"] for row in rows}
    start, end = datetime.fromisoformat("2026-03-29T12:00:00Z"), datetime.fromisoformat("2026-03-29T14:00:00Z")
    for tariff in catalogue(1).tariffs:
        if tariff.rates is not None and tariff.valid_from < start.date():
            for slot in price_series(tariff.rates, tariff.currency, start, end):
                assert ours.pop((tariff.id, f"{slot.started_at:%Y-%m-%dT%H:%M:%SZ}")) == slot.rate
    assert not ours

    output = tmp_path / "rates.parquet"
    generate("tariffs", "--from", "2026-03-29T12:00:00Z", "--to", "2h", "--output", output)
    assert read_parquet(output.read_bytes(), BY_NAME["tariffs"].columns) == rows


def test_sessions_are_those_of_the_world(generate: Generate) -> None:
    start, end = datetime.fromisoformat("2026-03-30T00:00:00Z"), datetime.fromisoformat("2026-03-31T00:00:00Z")
    world = World(1, Clock(start, 0.0), NamedWorld.parse("depot"))

    rows = generate("sessions", "--world", "depot", "--from", start.isoformat(), "--to", end.isoformat()).lines

    assert [row["session_id"] for row in rows] == [session.id for session in world.sessions(start, end)]
    assert sum(row["energy_wh"] for row in rows) > 0
    assert all(row["meter_stop_wh"] - row["meter_start_wh"] == row["energy_wh"] for row in rows)


def test_meter_values_and_sessions_agree(generate: Generate) -> None:
    arguments = ("--world", "depot", "--from", "2026-03-30", "--to", "3d")
    sessions = {row["session"]: row for row in generate("sessions", *arguments).lines}
    values = [
        row for row in generate("meter-values", *arguments, "--cadence", "1m").lines if row["session"] in sessions
    ]

    assert values
    for row in values:
        session = sessions[row["session"]]
        assert session["plugged_in"] <= row["at"] < session["unplugged"]
        assert session["meter_start_wh"] <= row["register_wh"] <= session["meter_stop_wh"]
        assert row["at"].endswith(":00Z")


def test_frames_of_ocpp_are_calls_and_their_results(generate: Generate) -> None:
    rows = generate("ocpp", *CASES["ocpp"]).lines
    asked = {row["frame"][1]: row for row in rows if row["frame"][0] == 2}
    answers = [row for row in rows if row["frame"][0] == 3]

    assert len(asked) == len(answers) == len(rows) / 2
    assert all(asked[row["frame"][1]]["action"] == row["action"] for row in answers)
    assert all(row["frame"][2] == row["action"] for row in asked.values())


@pytest.mark.parametrize("name", ["sessions", "meter-values", "ocpp"])
@pytest.mark.parametrize(("file_format", "nothing"), [("json", b"[]\n"), ("jsonl", b""), ("csv", None)])
def test_a_world_without_chargers_has_no_rows(
    name: str, file_format: str, nothing: bytes | None, generate: Generate
) -> None:
    done = generate(name, "--world", "empty", "--from", "2026-03-30", "--format", file_format)

    header = ",".join(column.name for column in BY_NAME[name].columns).encode() + b"\n"
    assert (done.code, done.out) == (0, header if nothing is None else nothing)


def test_only_chosen_chargers_have_rows(generate: Generate) -> None:
    every = {row["charger"] for row in generate("ocpp", "--world", "depot", "--from", "2026-03-30", "--to", "1h").lines}
    some = sorted(every)[:2]

    rows = generate("ocpp", "--world", "depot", "--charger", some[0], "--charger", f"{some[1][:-1]}[{some[1][-1]}]", "--from", "2026-03-30", "--to", "1h").lines  # fmt: skip  # noqa: E501

    assert {row["charger"] for row in rows} == {*some}
    assert len(every) > 2


@pytest.mark.parametrize(("resolution", "slots"), [("15m", 4), ("30m", 2), ("1h", 1), ("900", 4), ("5m", 12)])
@pytest.mark.parametrize("name", ["prices", "solar", "carbon", "load", "schedule"])
def test_resolution_is_the_length_of_slots(name: str, resolution: str, slots: int, generate: Generate) -> None:
    done = generate(name, "--from", "2026-06-01T10:00:00Z", "--to", "1h", "--resolution", resolution)

    if name == "prices" and resolution == "5m":
        assert (done.code, "15m, 30m, 1h would do" in done.err) == (2, True)
    else:
        assert len(done.lines) == slots


@pytest.mark.parametrize("name", ["solar", "load"])
def test_energies_add_up_at_any_resolution(name: str, generate: Generate) -> None:
    def total(resolution: str) -> int:
        rows = generate(name, "--from", "2026-06-01", "--to", "3d", "--resolution", resolution).lines
        return sum(row["energy_wh"] for row in rows)

    assert total("1h") == total("15m") == total("1m") > 0
