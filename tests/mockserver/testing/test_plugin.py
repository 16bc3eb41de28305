"""The plugin in somebody else's suite: settings, markers, what pytest imports, and the examples of docs/pytest.md."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

pytest_plugins = "pytester"

PAGE = Path(__file__).parents[3] / "docs/pytest.md"
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
STRICT = '[tool.pytest.ini_options]\nfilterwarnings = ["error"]\naddopts = ["--strict-markers", "--strict-config"]\n'


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)


def test_the_examples_of_the_page_pass_in_a_suite_where_warnings_are_errors(pytester: pytest.Pytester) -> None:
    page = PAGE.read_text(encoding="utf-8")
    examples = PYTHON.findall(page)
    pytester.makepyprojecttoml(STRICT)
    pytester.makepyfile(**{f"test_{number}": code for number, code in enumerate(examples)})
    run(pytester).assert_outcomes(passed=page.count("\ndef test_"))


def test_the_settings_of_the_page_are_those_that_there_are(pytester: pytest.Pytester) -> None:
    (settings,) = TOML.findall(PAGE.read_text(encoding="utf-8"))
    pytester.makepyprojecttoml(settings + 'addopts = ["--strict-config"]\n')
    pytester.makepyfile(
        """
        import pytest

        def test_settings(gridmock):
            health = gridmock.control("GET", "/health")
            assert (health["seed"], health["world"], health["now"]) == (7, "fleet:50", "2026-06-15T06:00:00Z")
            assert [api["name"] for api in health["apis"]] == ["stekker", "stekker-app", "control"]
            with pytest.raises(ValueError, match="no API 'ev-energy'; there are|did you mean"):
                gridmock.url("ev-energy")

        @pytest.mark.gridmock(seed=8)
        class TestMarked:
            @pytest.mark.gridmock(world="home")
            def test_markers_add_up(self, gridmock):
                health = gridmock.control("GET", "/health")
                assert (health["seed"], health["world"], health["now"]) == (8, "home", "2026-06-15T06:00:00Z")
        """
    )
    run(pytester).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("marker", "message"),
    [
        ("seed=-1", "the marker gridmock: seed -1 is not an integer from 0"),
        ("seed='x'", "the marker gridmock: seed 'x' is not an integer"),
        ("world='atlantis'", "there is no world 'atlantis'; there are city"),
        ("at='noon'", "at: 'noon' is not a time: write it as 2026-03-29T00:30:00Z"),
        ("at='1900-01-01'", "at: 1900-01-01T00:00:00+00:00 is outside 1970"),
        ("at=datetime(2026, 3, 29)", "has no time zone"),
        ("speed='fast'", "speed 'fast' is not a number"),
        ("speed=-1", "speed -1"),
        ("sed=1", "the marker gridmock has no sed; write seed=, world=, at=, speed="),
        ("7", "the marker gridmock has no 7"),
    ],
)
def test_a_beginning_that_cannot_be_is_told(
    gridmock_session: object, request: pytest.FixtureRequest, marker: str, message: str
) -> None:
    # The fixture itself, without a suite of its own: starting a mock for each of these would be slow.
    request.node.add_marker(eval(f"pytest.mark.gridmock({marker})", {"pytest": pytest, "datetime": datetime}))
    with pytest.raises(pytest.fail.Exception, match=re.escape(message)):
        request.getfixturevalue("gridmock")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("gridmock_apis=stekker steker", "*gridmock_apis: There is no API steker.*ev-energy*"),
        ("gridmock_seed=x", "*the settings gridmock_seed*seed 'x' is not an integer*"),
        ("gridmock_at=noon", "*at: 'noon' is not a time*"),
    ],
)
def test_a_setting_that_cannot_be_is_told_before_anything_is_started(
    pytester: pytest.Pytester, option: str, message: str
) -> None:
    pytester.makepyfile("def test_it(gridmock):\n    pass\n")
    result = run(pytester, "-o", option)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(message)


def test_a_failed_assertion_shows_the_test_and_not_the_plugin(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(gridmock):\n    gridmock.assert_called('get-tariffs')\n")
    result = run(pytester, "-o", "gridmock_apis=ev-energy")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E *AssertionError: get-tariffs was not called.", "test_a_failed*.py:2: AssertionError"]
    )


def test_each_worker_of_xdist_has_a_mock_of_its_own(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(STRICT)
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_it(gridmock, number, worker_id):
            gridmock.assert_not_called()
            gridmock.control("POST", "/applications", {"name": f"{worker_id}"})
            names = [row["name"] for row in gridmock.control("GET", "/applications")]
            assert [name for name in names if name.startswith("gw")] == [worker_id]
        """
    )
    result = pytester.runpytest_subprocess("-n", "2", "-p", "no:cacheprovider", "-o", "gridmock_apis=ev-energy")
    result.assert_outcomes(passed=4)


def test_pytest_imports_next_to_nothing_of_ours_before_a_test_asks_for_it() -> None:
    code = (
        "import sys, mockserver.testing.plugin, contract_tests.plugin\n"
        "print(*(name for name in sys.modules if name.partition('.')[0] in"
        " ('mockserver', 'contract_tests', 'specs', 'fixtures', 'connexion', 'httpx', 'schemathesis', 'openapi_core')))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert sorted(found) == [
        "contract_tests",
        "contract_tests.plugin",
        "mockserver",
        "mockserver.testing",
        "mockserver.testing.plugin",
    ]
