"""Nonsense ends with 2 and says what would do; nothing is written."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from mockserver.commands.generate.subjects import SUBJECTS
from mockserver.commands.generate.subjects.battery import OF_BATTERIES, OF_CARS
from tests.mockserver.commands.generate.steps import CASES, Generate, elsewhere


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "No such command 'nothing'"),
        (["prices", "--area", "XX"], "'--area': there is no 'XX'; there are AT,"),
        (["carbon", "--area", "XX"], "'--area': there is no 'XX'; there are "),
        (["prices", "--seed", "-1"], "'--seed'"),
        (["prices", "--format", "xlsx"], "'json', 'jsonl', 'csv', 'parquet'"),
        (["prices", "--plot", "p.pdf"], "'--plot': p.pdf has to end in .svg or .png"),
        (["tariffs", "--country", "XX"], "'--country': no tariff with rates fits 'XX'; there are "),
        (["tariffs", "--supplier", "nobody"], "'--supplier': no tariff with rates fits 'nobody'"),
        (["tariffs", "--country", "NL", "--name", "zzz"], "'--name': no tariff"),
        (["solar", "--latitude", "80"], "'--latitude'"),
        (["solar", "--region", "atlantis"], "there is no 'atlantis'; there are continent"),
        (["solar", "--timezone", "Europe/Atlantis"], "'--timezone': there is no time zone"),
        (["load", "--kind", "castle"], "there is no 'castle'; there are "),
        (["load", "--kind", "office"], "say how much an office uses: --kwh-per-year"),
        (["sessions", "--world", "moon"], "there is no world 'moon'; there are city"),
        (["sessions", "--world", "fleet:0"], "'0' is not a number of chargers"),
        (["ocpp", "--world", "depot", "--charger", "x*"], "no charger is called 'x*'; there are "),
        (["ocpp", "--world", "empty", "--charger", "x*"], "there are none"),
        (["meter-values", "--cadence", "7s"], "'--cadence'"),
        (["schedule", "--to", "400d"], "a schedule has 1 to 10,000 slots"),
        (["schedule", "--from", "2026-01-01T00:00:01Z", "--to", "10s"], "begin on a whole slot"),
        (["schedule", "--min-soc", "90", "--max-soc", "10"], "90 is above --max-soc 10"),
        (["schedule", "--strategy", "solar"], "add --pv-kwp"),
        (["schedule", "--ready-by", "2026-01-01"], "only goes with --strategy ready-by"),
        (
            ["schedule", "--strategy", "ready-by", "--ready-by", "2026-03-01"],
            "--ready-by has to be in the window",
        ),
        (["schedule", "--tariff", "kievit"], "'kievit' fits "),
        (["schedule", "--tariff", "zzz"], "'--tariff': no tariff with rates fits 'zzz'"),
        (["schedule", "--efficiency", "1.2"], "'--efficiency'"),
        (
            ["schedule", "--import-limit-kw", "1", "--load-kwh-per-year", "900000"],
            "there is no such schedule",
        ),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else "",
)
def test_nonsense_ends_with_2_and_says_what_would_do(
    arguments: list[str], said: str, generate: Generate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    name, *options = arguments
    done = generate(name, *([] if name == "nothing" else ["--from", "2026-01-01", "--output", "rows.csv"]), *options)

    assert (done.code, done.out) == (2, b"")
    assert " ".join(said.split()) in " ".join(done.err.split())
    assert [*tmp_path.iterdir()] == []


FLOATS = [
    (subject.name, option.opts[0])
    for subject in SUBJECTS
    for option in subject.options
    if isinstance(option.type, click.types.FloatParamType)
]


def test_there_are_numbers_to_check() -> None:
    assert {("solar", "--kwp"), ("load", "--kwh-per-year"), ("schedule", "--soc-end")} <= {*FLOATS}


@pytest.mark.parametrize("number", ["nan", "-NaN", "inf", "-inf", "1e999"])
@pytest.mark.parametrize(("name", "option"), FLOATS)
def test_no_option_takes_what_is_not_a_number(name: str, option: str, number: str, generate: Generate) -> None:
    done = generate(name, "--from", "2026-01-01", option, number)

    assert (done.code, done.out) == (2, b"")
    assert f"Invalid value for '{option}': {number} is not a number from " in done.err


@pytest.mark.parametrize(
    ("strategy", "names", "said"),
    [
        ("cash", OF_CARS, "only goes with --strategy ready-by"),
        ("solar", OF_CARS, "only goes with --strategy ready-by"),
        ("ready-by", OF_BATTERIES, "does not go with --strategy ready-by"),
    ],
)
def test_no_option_is_ignored(strategy: str, names: tuple[str, ...], said: str, generate: Generate) -> None:
    for name in names:
        option, value = f"--{name.replace('_', '-')}", "2026-01-02" if name == "ready_by" else "5"
        arguments = ("--strategy", strategy, "--pv-kwp", "5", "--from", "2026-01-01")
        done = generate("schedule", *arguments, option, value)

        assert (done.code, done.out) == (2, b"")
        assert f"'{option}': {said}" in done.err


WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pyarrow", "matplotlib"):
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Missing())
from mockserver.cli import main
main()
"""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--output", "rows.parquet"], "--format parquet needs pyarrow"),
        (["--plot", "rows.svg"], "--plot needs matplotlib"),
        (["--output", "rows.csv", "--plot", "rows.png"], "--plot needs matplotlib"),
    ],
)
def test_without_an_extra_the_line_that_installs_it_is_said(arguments: list[str], said: str, tmp_path: Path) -> None:
    names = [str(tmp_path / name) if name.startswith("rows") else name for name in arguments]

    done = elsewhere("prices", *CASES["prices"], *names, code=WITHOUT)

    assert done.returncode == 2
    assert said in done.stderr
    assert "pip install 'gridmock[" in done.stderr
    assert "Traceback" not in done.stderr
    assert [*tmp_path.iterdir()] == []


def test_without_extras_the_rest_works() -> None:
    done = elsewhere("prices", *CASES["prices"], "--format", "csv", code=WITHOUT)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("start,end,area,")


IMPORTED = """
import sys
from mockserver.cli import main
try:
    main()
finally:
    heavy = {"pyarrow", "matplotlib", "numpy", "connexion", "uvicorn", "faker", "jsonschema_rs"} & set(sys.modules)
    print("imported:", *sorted(heavy), file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["ocpp", "--help"], ["prices", "--from", "2026-01-01"]])
def test_nothing_heavy_is_imported_that_is_not_used(arguments: list[str]) -> None:
    done = elsewhere(*arguments, code=IMPORTED)

    assert done.returncode == 0
    assert done.stderr.rpartition("imported:")[2].split() == []
