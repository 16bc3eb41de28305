"""Each law of smart charging finds the defects that it is for; the mock breaks none of them on any seed."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress

import pytest
from click.testing import Result

from contract_tests.laws import own_laws
from mockserver.defects import plant
from tests.contract_tests.conftest import Check, token_of
from tests.contract_tests.planted import STEKKER, law_words, pairs
from tests.contract_tests.serving import served
from tests.mock import CONTROL, Mock

API = "/stekker/api/v1"
ORGANIZATION = f"{CONTROL}/stekker/organizations/stekker-north"
KEY = "callback-key-51c0"
CheckStekker = Callable[..., Result]


@pytest.fixture
def port() -> int:
    """A free port for the receiver of pushes, from a range that the system gives nobody by itself."""
    for number in range(20_000 + os.getpid() % 9_000, 32_000):
        with suppress(OSError), socket.create_server(("127.0.0.1", number)):
            return number
    raise AssertionError("no port is free")


@pytest.fixture
def check_stekker(mock: Mock, port: int, run_check: Check) -> CheckStekker:
    """`gridmock check stekker` of the mock with defects in front of it, as an organization that links by itself."""
    callback = {"callback_url": f"http://127.0.0.1:{port}/api/v1/chargers", "callback_api_key": KEY}
    north, south = token_of(mock, "stekker-north"), token_of(mock, "stekker-south")
    assert mock.anonymous.request("PATCH", ORGANIZATION, json=callback).status == 200

    def run(defects: tuple[str, ...], *words: str) -> Result:
        broken = plant(mock.app, defects, mock.runtime)
        with served(broken, mock.runtime.scheduler.run) as url:
            common = ("--token", north, "--value", f"other_token={south}", "--value", f"callback_key={KEY}")
            result = run_check("stekker", "--url", url + API, *common, "--listen", str(port), *words)
        broken.take_back()
        for secret in (north, south, KEY):
            assert secret not in result.output
        return result

    return run


@pytest.mark.parametrize(("word", "law"), pairs(STEKKER))
def test_a_planted_defect_is_found_by_the_law_meant_for_it(word: str, law: str, check_stekker: CheckStekker) -> None:
    result = check_stekker((word,), *law_words(law), "--wait", "0.3")
    assert f"check     {law}," in result.output, result.output
    assert result.exit_code == 1


def test_every_law_has_a_planted_defect() -> None:
    assert {law.name for law in own_laws("stekker")} == {*STEKKER}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_mock_keeps_its_contract_and_its_laws(seed: int, check_stekker: CheckStekker) -> None:
    # The coverage phase hardly depends on the seed, and takes most of the time.
    phases = f"laws,examples,{'coverage,' if seed == 1 else ''}fuzzing,stateful"
    result = check_stekker((), "--seed", str(seed), "--max-examples", "5", "--phases", phases)
    assert result.exit_code == 0, result.output
    assert "0 findings" in result.output
    assert "Not played" not in result.output
    assert "Never answered with success" not in result.output
