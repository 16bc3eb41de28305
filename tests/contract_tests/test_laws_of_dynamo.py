"""Each law of Dynamo finds the defects that it is for, and so do its invariants; the mock breaks none of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from click.testing import Result

from contract_tests.laws import own_laws
from mockserver.defects import Broken, chosen
from tests.contract_tests.conftest import Check
from tests.contract_tests.planted import DYNAMO, DYNAMO_GENERAL, DYNAMO_INVARIANTS, law_words, pairs
from tests.mock import Mock
from tests.mockserver.apis.dynamo.inbox import subscribe, wait
from tests.mockserver.apis.dynamo.steps import BASE, HARBOUR, POLDER, Office

CheckDynamo = Callable[..., Result]


@pytest.fixture
def office(mock: Mock) -> Iterator[Office]:
    """Who can call the mock itself."""
    office = Office(mock)
    yield office
    office.close()


@pytest.fixture
def check_dynamo(office: Office, broken_mock: tuple[Broken, str], run_check: Check) -> CheckDynamo:
    """`gridmock check dynamo` of the mock with defects in front of it, with all that laws ask for."""
    broken, url = broken_mock
    tokens = {
        "driver_token": office.token(HARBOUR, "driver 1"),
        "site_owner_token": office.token(HARBOUR, "site owner, completed"),
        "installer_token": office.token(HARBOUR, "installer"),
        "leaving_installer_token": office.token(POLDER, "installer"),
        "other_token": office.token(POLDER, "API key"),
        "reader_token": office.token(HARBOUR, "viewer"),
    }
    values = [f"{name}={value}" for name, value in {**tokens, "org_id": office.harbour}.items()]
    key = office.token(HARBOUR, "API key")

    def run(defects: tuple[str, ...], *words: str) -> Result:
        broken.plant(*chosen(defects, broken.contracts))
        told = (word for value in values for word in ("--value", value))
        result = run_check("dynamo", "--url", url + BASE, "--token", key, "--settle", "0", *told, *words)
        broken.take_back()
        for secret in (key, *tokens.values(), "dyn_live_", "Groepenkast"):
            assert secret not in result.output
        return result

    return run


@pytest.mark.parametrize(("word", "law"), pairs(DYNAMO))
def test_a_planted_defect_is_found_by_the_law_meant_for_it(word: str, law: str, check_dynamo: CheckDynamo) -> None:
    result = check_dynamo((word,), *law_words(law))
    assert f"check     {law}," in result.output, result.output
    assert result.exit_code == 1


@pytest.mark.parametrize(("word", "law"), pairs(DYNAMO_GENERAL))
def test_general_laws_go_by_what_is_declared(word: str, law: str, check_dynamo: CheckDynamo) -> None:
    # Judged there alone, the law costs less.
    place = word.partition("@")[2]
    result = check_dynamo((word,), *(("--include", place) if place else ()), *law_words(law))
    assert f"check     {law}," in result.output, result.output
    assert result.exit_code == 1


def test_every_law_has_a_planted_defect() -> None:
    assert {law.name for law in own_laws("dynamo")} == {*DYNAMO}


def test_what_is_declared_to_hold_is_held_to(check_dynamo: CheckDynamo, office: Office) -> None:
    subscribe(office.key, "https://127.0.0.1:9/", "*")
    wait(office, 120)
    # Each breaks objects of its own, so that one run shows them all; the other laws make those that no list has.
    laws = ("declared_invariants_hold", "address_is_invited_once", "commissioning_goes_step_by_step")
    others = ("bulk_command_reaches_each", "driver_and_operator_see_the_same_bill")
    defects = tuple(dict.fromkeys(word for word, _ in pairs(DYNAMO_INVARIANTS)))
    result = check_dynamo(defects, "--phases", "laws", *(word for law in (*laws, *others) for word in ("--law", law)))
    found = set(re.findall(r"schemas/(\w+)\n(?:.*\n){1,3}   check     declared_invariants_hold,", result.output))
    assert {*DYNAMO_INVARIANTS} - found == set(), result.output


def test_the_mock_breaks_no_law_of_its_own(check_dynamo: CheckDynamo) -> None:
    laws = ("declared_invariants_hold", *DYNAMO)
    result = check_dynamo((), "--phases", "laws", *(word for law in laws for word in ("--law", law)))
    assert result.exit_code == 0, result.output
    assert "0 findings" in result.output
    assert "Not played" not in result.output


def test_what_could_not_be_undone_is_left_alone(check_dynamo: CheckDynamo) -> None:
    result = check_dynamo((), "--mode", "safe", *law_words("owner_is_protected"))
    assert "owner_is_protected\n      --mode safe sends no POST to /organizations:" in result.output
