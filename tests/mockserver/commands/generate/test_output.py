"""Files are there whole or not at all; standard output ends when nobody reads any more."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from mockserver.commands.generate.subjects.prices import Prices
from mockserver.commands.generate.writers import text
from tests.mockserver.commands.generate.steps import CASES, Generate, elsewhere
from tests.mockserver.commands.server import MAIN, environment

PRICES = ("prices", "--from", "2026-03-29")
LONG = ("prices", "--from", "1980-01-01", "--to", "2190-01-01")


@pytest.mark.parametrize(
    ("name", "start"),
    [("p.jsonl", b"{"), ("p.ndjson", b"{"), ("p.json", b"[\n{"), ("p.CSV", b"start,"), ("p.parquet", b"PAR1"),
     ("p.pq", b"PAR1"), ("p", b"{")],
)  # fmt: skip
def test_the_suffix_tells_the_format(name: str, start: bytes, generate: Generate, tmp_path: Path) -> None:
    assert generate(*PRICES, "--output", tmp_path / name).code == 0
    assert (tmp_path / name).read_bytes().startswith(start)


def test_a_format_goes_before_the_suffix(generate: Generate, tmp_path: Path) -> None:
    generate(*PRICES, "--output", tmp_path / "p.txt", "--format", "csv")

    assert (tmp_path / "p.txt").read_bytes() == generate(*PRICES, "--format", "csv").out


def test_an_unknown_suffix_is_no_guess(generate: Generate, tmp_path: Path) -> None:
    done = generate(*PRICES, "--output", tmp_path / "p.xlsx")

    assert (done.code, [*tmp_path.iterdir()]) == (2, [])
    assert "add --format, one of json, jsonl, csv, parquet" in " ".join(done.err.split())


def test_a_dash_is_standard_output(generate: Generate) -> None:
    done = generate(*PRICES, "--output", "-")

    assert (done.out, done.err) == (generate(*PRICES).out, "")


def test_a_picture_alone_writes_no_rows_and_both_can_be_had(generate: Generate, tmp_path: Path) -> None:
    alone = generate(*PRICES, "--plot", tmp_path / "p.svg")
    both = generate(*PRICES, "--plot", tmp_path / "q.svg", "--format", "jsonl")

    assert (alone.out, both.out) == (b"", generate(*PRICES).out)
    assert (tmp_path / "p.svg").read_bytes() == (tmp_path / "q.svg").read_bytes()
    assert alone.err == f"picture in {tmp_path / 'p.svg'}\n"


def test_quiet_says_nothing(generate: Generate, tmp_path: Path) -> None:
    done = generate(*PRICES, "--output", tmp_path / "p.csv", "--plot", tmp_path / "p.svg", "--quiet")

    assert (done.code, done.out, done.err) == (0, b"", "")


def test_rights_are_those_of_any_new_file(generate: Generate, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        generate(*PRICES, "--output", tmp_path / "p.csv")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "p.csv").stat().st_mode) == 0o640


def test_a_link_stays_one(generate: Generate, tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)

    generate(*PRICES, "--output", link)

    assert link.is_symlink()
    assert target.read_bytes() == generate(*PRICES, "--format", "csv").out
    assert sorted(tmp_path.iterdir()) == [link, target]


def test_a_device_is_written_and_stays(generate: Generate) -> None:
    assert generate(*PRICES, "--output", os.devnull, "--format", "csv").code == 0
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize("option", ["--output", "--plot"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing/p.svg", "there is no folder"),
        ("p.csv/p.svg", "there is no folder"),
        ("folder.svg", "is a folder: give the name of a file in it"),
        ("p" * 300 + ".svg", "cannot be written: File name too long"),
    ],
)
def test_what_cannot_be_written_is_said_at_once(
    option: str, name: str, said: str, generate: Generate, tmp_path: Path
) -> None:
    (tmp_path / "folder.svg").mkdir()
    (tmp_path / "p.csv").write_text("a file")

    done = generate(*LONG, option, tmp_path / name, *(["--format", "csv"] if option == "--output" else []))

    assert done.code == 2
    assert option in done.err
    assert said in done.err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["folder.svg", "p.csv"]


def test_a_full_disk_is_said(generate: Generate) -> None:
    done = generate(*PRICES, "--to", "30d", "--output", "/dev/full", "--format", "csv")

    assert (done.code, "No space left on device" in done.err) == (2, True)


def test_rows_and_picture_need_two_files(generate: Generate, tmp_path: Path) -> None:
    done = generate(*PRICES, "--output", tmp_path / "p.svg", "--plot", tmp_path / "p.svg", "--format", "csv")

    assert (done.code, [*tmp_path.iterdir()]) == (2, [])


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_an_accident_half_way_leaves_what_was_there(
    suffix: str, generate: Generate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Prices.rows

    def breaking(self: Prices, window: object) -> Iterator[tuple[object, ...]]:
        for number, row in enumerate(rows(self, window)):  # type: ignore[arg-type]
            if number == 50:
                raise ZeroDivisionError("an accident")
            yield row

    monkeypatch.setattr(Prices, "rows", breaking)
    output, picture = tmp_path / f"p.{suffix}", tmp_path / "p.svg"
    output.write_text("old")

    with pytest.raises(ZeroDivisionError):
        generate(*PRICES, "--output", output, "--plot", picture)

    assert output.read_text() == "old"
    assert [*tmp_path.iterdir()] == [output]


def _running(*arguments: str, folder: Path, **options: object) -> subprocess.Popen[bytes]:
    """A long run that has begun to write in the folder."""
    command = [sys.executable, "-c", MAIN, "generate", *LONG, *arguments]
    running = subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE, **options)  # type: ignore[call-overload]
    patience = time.monotonic() + 20
    while not any(each.stat().st_size for each in folder.iterdir()) and time.monotonic() < patience:
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)
    return running  # type: ignore[no-any-return]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_signal_leaves_no_half_file(number: int, code: int, suffix: str, tmp_path: Path) -> None:
    output = tmp_path / f"p.{suffix}"
    running = _running("--output", str(output), folder=tmp_path)

    running.send_signal(number)
    _, errors = running.communicate(timeout=20)

    assert (running.returncode, errors.decode()) == (code, f"gridmock: stopped, {output} not written\n")
    assert [*tmp_path.iterdir()] == []


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def a_signal(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal that is not ignored, as it is under nohup."""
    before = signal.signal(request.param, signal.default_int_handler)
    yield request.param
    signal.signal(request.param, before)


@pytest.mark.parametrize("suffix", ["json", "jsonl"])
def test_a_signal_while_an_amount_is_written_leaves_no_half_file(
    suffix: str, a_signal: signal.Signals, generate: Generate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = text._number

    def interrupted(value: object) -> object:
        signal.raise_signal(a_signal)
        return number(value)

    monkeypatch.setattr(text, "_number", interrupted)  # orjson makes a TypeError of whatever it raises
    output = tmp_path / f"p.{suffix}"

    done = generate(*PRICES, "--output", output)

    assert (done.code, done.err) == (128 + a_signal, f"gridmock: stopped, {output} not written\n")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("at", [0, 40, 95])
def test_a_signal_whose_exception_is_lost_still_ends(
    at: int, a_signal: signal.Signals, generate: Generate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = Prices.rows

    def deaf(self: Prices, window: object) -> Iterator[tuple[object, ...]]:
        for number, row in enumerate(rows(self, window)):  # type: ignore[arg-type]
            if number == at:
                with suppress(BaseException):  # as in a destructor
                    signal.raise_signal(a_signal)
            yield row

    monkeypatch.setattr(Prices, "rows", deaf)

    done = generate("prices", "--from", "2026-03-28", "--output", tmp_path / "p.csv", "--plot", tmp_path / "p.svg")

    assert done.code == 128 + a_signal
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("arguments", [LONG, (*LONG, "--format", "csv"), (*LONG, "--format", "parquet")])
def test_a_reader_that_has_seen_enough_is_no_accident(arguments: tuple[str, ...]) -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", MAIN, "generate", *arguments],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert len(running.stdout.read(4)) == 4
    running.stdout.close()

    errors = running.stderr.read()
    running.stderr.close()

    assert (running.wait(timeout=20), errors) == (0, b"")


def test_a_reader_that_has_seen_enough_still_gets_the_picture(tmp_path: Path) -> None:
    command = f"{sys.executable} -c '{MAIN}' generate ocpp {' '.join(CASES['ocpp'])} --format csv --plot p.svg"
    command = command.replace("*1", "\\*1")
    done = subprocess.run(
        f"{command} | head -n 1",
        shell=True,
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        timeout=30,
        check=True,
    )

    assert done.stdout == b"sent,charger,protocol,sender,action,frame\n"
    assert b"Traceback" not in done.stderr
    assert (tmp_path / "p.svg").read_bytes().rstrip().endswith(b"</svg>")


def test_no_standard_output_at_all_is_said() -> None:
    code = "import sys; sys.stdout = None; " + MAIN
    done = elsewhere(*PRICES, code=code)

    assert (done.returncode, "give --output FILE" in done.stderr) == (2, True)


def test_options_can_be_set_in_the_environment(generate: Generate) -> None:
    settings = {"GRIDMOCK_GENERATE_PRICES_FROM": "2026-03-29", "GRIDMOCK_GENERATE_PRICES_AREA": "GB NL"}

    done = elsewhere("prices", "--format", "csv", **settings)

    assert done.stdout.encode() == generate(*PRICES, "--area", "GB", "--area", "NL", "--format", "csv").out
