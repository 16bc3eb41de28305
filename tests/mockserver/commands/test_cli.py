"""The command line beside `serve`: what it prints, and what it does not import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mockserver import __version__
from tests.mockserver.commands.server import environment, gridmock

IMPORTED = """
import sys
try:
    from mockserver.cli import main
    main(sys.argv[1:])
finally:
    heavy = {"connexion", "schemathesis", "hypothesis", "uvicorn", "jsonschema_rs", "flask", "faker"} & set(sys.modules)
    print("imported:", *sorted(heavy), file=sys.stderr)
"""


def _imported(*arguments: str) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    done = gridmock(*arguments, code=IMPORTED)
    return done, set(done.stderr.rpartition("imported:")[2].split())


def test_version_is_printed_without_importing_anything_heavy() -> None:
    done, imported = _imported("--version")

    assert (done.returncode, done.stdout.split()) == (0, ["gridmock,", "version", __version__])
    assert not imported


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_every_command_without_importing_it(option: str) -> None:
    done, imported = _imported(option)

    assert done.returncode == 0
    assert all(f"\n  {command} " in done.stdout for command in ("serve", "routes", "check"))
    assert not imported


def test_help_of_serve_imports_nothing_heavy_and_names_every_option_of_the_readme() -> None:
    done, imported = _imported("serve", "--help")

    assert done.returncode == 0
    readme = "port host seed at speed api rate-limits max-body journal-size control-token reload workers log"
    assert not [option for option in readme.split() if f"--{option}" not in done.stdout]
    assert not imported


def test_routes_lists_every_operation_with_its_scopes() -> None:
    done, imported = _imported("routes")

    assert done.returncode == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["GET", "/ev-energy/v2/tariffs", "get-tariffs", "tariff:read"] in lines
    assert ["GET", "/ev-energy/v2/tariffs/{tariff_id}/prices", "get-tariff-prices", "tariff:read", "tariff:prices:read"] in lines  # fmt: skip  # noqa: E501
    assert ["POST", "/ev-energy/o/token/", "post-token", "public"] in lines
    assert ["DELETE", "/_mock/faults/{fault_id}", "delete_fault", "public"] in lines
    assert imported.isdisjoint({"connexion", "schemathesis", "uvicorn", "hypothesis"})


def test_routes_of_one_api_has_its_companion_and_the_control_plane() -> None:
    done = gridmock("routes", "--api", "ev-energy")

    assert done.returncode == 0
    assert {line.split("  ")[-1] for line in done.stdout.splitlines() if not line.startswith(" ")} == {
        "/ev-energy/v2",
        "/ev-energy/o",
        "/_mock",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["routes", "--api", "nope"], "There are: ev-energy"),
        (["nope"], "No such command 'nope'"),
        (["routes", "--nope"], "No such option"),
        (["check", "nope", "--url", "http://127.0.0.1:1"], "nope"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_would_do(arguments: list[str], said: str) -> None:
    done = gridmock(*arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_routes_into_a_pipe_that_closes_early_is_no_accident() -> None:
    reader = "import sys; sys.stdin.readline()"
    code = "from mockserver.cli import main; main(['routes'])"
    routes = subprocess.Popen(
        [sys.executable, "-u", "-c", code], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    subprocess.run([sys.executable, "-c", reader], stdin=routes.stdout, check=True)
    routes.stdout.close()

    _, errors = routes.communicate(timeout=30)

    assert b"Traceback" not in errors
