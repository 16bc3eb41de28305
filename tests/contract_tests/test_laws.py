"""How laws are played: what counts, what is not played and why, what is left behind, and the same again by seed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import Result

from contract_tests import planning
from contract_tests.laws import own_laws
from contract_tests.laws.client import Client
from contract_tests.laws.law import BASES
from contract_tests.laws.stekker import prices
from mockserver.defects import Memory, Planted, Request
from mockserver.defects.altering import answer_body, instead, refused
from mockserver.defects.defect import on
from tests.contract_tests.conftest import Check, token_of
from tests.contract_tests.planted import STEKKER, altered, generated_words, in_front_of_mock, law_words
from tests.contract_tests.serving import served
from tests.mock import CONTROL, Mock

LAWS = ("--phases", "laws")
CONTRACTS = ("stekker", "stekker-bess")
PATHS = {"stekker": "/stekker/api/v1", "stekker-bess": "/stekker/api/bess/v1"}
CheckMock = Callable[..., Result]


@pytest.fixture
def check_mock(mock: Mock, run_check: Check) -> CheckMock:
    """`gridmock check` of the mock with a defect in front of it (or None), as one of its organizations."""

    def run(
        defect: Planted | str | None, *words: str, api: str = "stekker", organization: str = "stekker-north"
    ) -> Result:
        app = in_front_of_mock(mock, defect) if defect else mock.app
        with served(app, mock.runtime.scheduler.run) as url:
            return run_check(api, "--url", url + PATHS[api], "--token", token_of(mock, organization), *words)

    return run


@pytest.mark.parametrize("contract", CONTRACTS)
def test_laws_say_what_they_are(contract: str) -> None:
    laws = own_laws(contract)
    assert len({law.name for law in laws}) == len(laws)
    for law in laws:
        assert law.sentence
        assert "\n" not in law.sentence
        assert law.basis in BASES
        assert law.operations


def test_a_contract_without_laws_has_none() -> None:
    assert own_laws("ev-energy") == ()
    assert own_laws("") == ()


def test_laws_can_be_listed(run_check: Check) -> None:
    result = run_check("stekker", "--law", "?")
    assert result.exit_code == 0
    for law in own_laws("stekker"):
        assert f"{law.name}  ({law.basis}, {law.severity})\n    {law.sentence}.\n" in result.output


def test_what_is_only_inferred_is_a_note_where_it_does_not_count(check_mock: CheckMock) -> None:
    words = (*LAWS, "--law", "stranger_charge_point_is_404", "--basis", "published")
    result = check_mock(*STEKKER["stranger_charge_point_is_404"], *words)
    assert result.exit_code == 0, result.output
    assert "Note 1. Events of a charge point that was never paired are refused with 404: POST /events" in result.output
    assert "check     stranger_charge_point_is_404, seen 1 time in laws (inferred, major)" in result.output
    assert "0 findings, 1 note that does not count" in result.output


def test_what_is_published_counts_everywhere(check_mock: CheckMock) -> None:
    law = "error_code_is_any_text"
    result = check_mock(*STEKKER[law], *law_words(law), "--basis", "published")
    assert result.exit_code == 1
    assert "(published, major)" in result.output


def test_what_is_inferred_counts_on_this_machine_unless_said_otherwise() -> None:
    local, staging = "http://127.0.0.1:1", "https://staging.example.com"
    assert planning.counted(None, local) == {*BASES}
    assert planning.counted(None, staging) == {"published", "protocol"}
    assert planning.counted("inferred", staging) == {*BASES}
    assert planning.counted("published", local) == {"published", "protocol"}


def test_a_law_that_lacks_something_says_what(check_mock: CheckMock) -> None:
    result = check_mock(None, *LAWS)
    assert result.exit_code == 0, result.output
    assert "needs --value other_token=..., or other_token in the values of the target" in result.output
    assert "needs --listen PORT, and a callback address at the target that leads there" in result.output


def test_an_organization_that_has_yet_to_link_its_charge_points_raises_no_alarm(check_mock: CheckMock) -> None:
    result = check_mock(None, *LAWS, organization="stekker-south")
    assert result.exit_code == 0, result.output
    assert "waits to be linked: needs --value pairing_code=..." in result.output
    assert "0 findings" in result.output


def test_a_pairing_code_is_enough_for_nearly_all(mock: Mock, check_mock: CheckMock) -> None:
    code = mock.anonymous.post(f"{CONTROL}/stekker/pairing-codes", json={}).json()["pairing_code"]
    values = ("--value", f"pairing_code={code}", "--value", f"other_token={token_of(mock, 'stekker-north')}")
    result = check_mock(None, *LAWS, *values, organization="stekker-south")
    assert result.exit_code == 0, result.output
    assert "repeated_event_has_no_second_effect" not in result.output
    assert code not in result.output


def test_a_charge_point_that_is_there_stays_paired(mock: Mock, check_mock: CheckMock) -> None:
    details = {"event": "ChargePointDetailsNotification", "chargePointId": "real", "maxVoltage": 230, "maxAmperage": 16}
    assert mock.north.put(f"{PATHS['stekker']}/events", json=details).status == 200
    result = check_mock(None, *LAWS, "--value", "charge_point_id=real")
    assert result.exit_code == 0, result.output
    (there,) = charge_points(mock)
    assert (there["charge_point_id"], there["max_power_w"]) == ("real", 3_680)
    sessions = mock.anonymous.get(f"{CONTROL}/stekker/organizations/stekker-north/sessions").json()
    assert {session["state"] for session in sessions} == {"completed"}


def test_nothing_is_played_without_permission(check_mock: CheckMock) -> None:
    words = ("--law", "created_is_read_back")
    result = check_mock(None, *LAWS, *words, organization="stekker-prices", api="stekker-bess")
    assert result.exit_code == 2
    assert "the credentials are missing or refused" in result.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--law", "error_code_is_free"], "did you mean error_code_is_any_text"),
        (["--value", "secret-without-a-name"], "write NAME=VALUE"),
        (["--basis", "rumour"], "'rumour' is not one of"),
        (["--wait", "0"], "0.0 is not in the range"),
    ],
)
def test_wrong_usage_is_exit_code_2_with_a_reason(words: list[str], message: str, run_check: Check) -> None:
    result = run_check("stekker", "--url", "http://127.0.0.1:1", *words)
    assert result.exit_code == 2
    assert message in result.output
    assert "secret-without-a-name" not in result.output


def test_a_contract_without_laws_cannot_be_held_to_them(run_check: Check) -> None:
    result = run_check("ev-energy-oauth", "--url", "http://127.0.0.1:1", *LAWS)
    assert result.exit_code == 2
    assert "has no such laws to play; choose other --phases" in result.output.replace("\n", " ")


class Log:
    """Remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, bytes]] = []

    def __call__(self, asked: Request, _: Memory) -> Request:
        self.asked.append((asked.method, asked.path, asked.query, asked.body))
        return asked


@pytest.mark.parametrize("api", CONTRACTS)
def test_the_same_seed_plays_the_same(api: str, mock: Mock, check_mock: CheckMock) -> None:
    logs = []
    for seed in ("5", "5", "6"):
        mock.reset()
        logs.append(Log())
        check_mock(altered(request=logs[-1]), *LAWS, "--seed", seed, api=api)
    assert logs[0].asked == logs[1].asked
    assert logs[0].asked != logs[2].asked


def charge_points(mock: Mock) -> Any:
    return mock.anonymous.get(f"{CONTROL}/stekker/organizations/stekker-north/charge-points").json()


def things(mock: Mock) -> Any:
    """All that an organization has registered, and its charge points."""
    lists = [
        mock.north.get(f"{PATHS['stekker-bess']}/{kind}?per_page=100").json()
        for kind in ("grid_connections", "batteries", "sensors")
    ]
    return lists, charge_points(mock)


@pytest.mark.parametrize("api", CONTRACTS)
def test_nothing_is_left_behind(api: str, mock: Mock, check_mock: CheckMock) -> None:
    before = things(mock)
    assert check_mock(None, *LAWS, api=api).exit_code == 0
    assert things(mock) == before


@pytest.mark.parametrize("mode", ["read-only", "safe"])
@pytest.mark.parametrize("api", CONTRACTS)
def test_modes_change_nothing(api: str, mode: str, mock: Mock, check_mock: CheckMock) -> None:
    before = things(mock)
    result = check_mock(None, *LAWS, "--mode", mode, api=api)
    assert result.exit_code == 0, result.output
    assert things(mock) == before


def test_a_law_that_stumbles_over_an_answer_stops_no_run(check_mock: CheckMock) -> None:
    # A success that the contract does not know has no schema to be judged by before it is read.
    partial = lambda _, answer, __: replace(answer.with_json(None), status=206)  # noqa: E731
    odd = altered(on("stekker", "get-market-price-forecast"), answer=partial)
    result = check_mock(odd, *LAWS, "--law", "region_is_nl_unless_said_otherwise", "--law", "error_code_is_any_text")
    assert result.exit_code == 2
    assert "the law region_is_nl_unless_said_otherwise stumbled over an answer" in result.output
    assert "please report it" in result.output


def test_walks_are_left_out_where_no_operation_leads_to_another(check_mock: CheckMock) -> None:
    result = check_mock(None, "--mode", "read-only", "--phases", "examples,stateful", "--max-examples", "1")
    assert result.exit_code == 0, result.output
    assert "stateful   skipped: no operation leads to another one" in result.output


@pytest.mark.parametrize("requests", [3, 40, 95, 150, 220])
@pytest.mark.parametrize("api", CONTRACTS)
def test_nothing_is_left_behind_by_a_run_that_is_interrupted(
    api: str, requests: int, mock: Mock, check_mock: CheckMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, call, seen = things(mock), Client.call, 0

    def interrupted(*arguments: Any, **named: Any) -> Any:
        nonlocal seen
        seen += 1
        exchange = call(*arguments, **named)
        if seen == requests:
            signal.raise_signal(signal.SIGTERM if requests % 2 else signal.SIGINT)
        return exchange

    monkeypatch.setattr(Client, "call", interrupted)
    result = check_mock(None, *LAWS, api=api)
    assert result.exit_code == 2
    assert "stopped: interrupted" in result.output
    assert things(mock) == before


def test_what_cannot_be_cleared_up_is_said(check_mock: CheckMock) -> None:
    stuck = altered(on("stekker-bess", "delete-grid-connection"), answer=instead(500, 204))
    result = check_mock(stuck, *LAWS, "--law", "created_is_read_back", api="stekker-bess")
    assert result.exit_code == 2
    assert "DELETE /grid_connections/{id}: left behind what a law created" in result.output
    assert "curl -i -X DELETE" in result.output


def test_laws_stop_when_the_time_is_up(check_mock: CheckMock, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    began, seen = time.monotonic, 0

    def late() -> float:
        nonlocal seen
        seen += 1
        return began() + seen * 0.5

    monkeypatch.setattr("contract_tests.runner.time.monotonic", late)
    result = check_mock(None, *LAWS, "--time", "3")
    assert "the time was up" in result.output
    assert "stopped: out of time" in result.output


def test_junit_has_a_row_per_law_and_says_why_one_was_not_played(check_mock: CheckMock, folder: Path) -> None:
    law = "error_code_is_any_text"
    words = ("--law", law, "--law", "another_organization_sees_nothing", "--law", "broken_json_is_refused")
    assert check_mock(*STEKKER[law], *LAWS, *words, "--junit", "report.xml").exit_code == 1
    rows = {case.get("name"): [*case] for case in ElementTree.parse(folder / "report.xml").iter("testcase")}
    assert [child.tag for child in rows[law]] == ["failure"]
    assert [child.tag for child in rows["broken_json_is_refused"]] == []
    (skipped,) = rows["another_organization_sees_nothing"]
    assert (skipped.tag, skipped.get("message")) == (
        "skipped",
        "needs --value other_token=..., or other_token in the values of the target",
    )
    assert len(rows) == 3


def test_a_finding_shows_the_whole_scenario_and_where_the_contract_says_so(check_mock: CheckMock) -> None:
    law = "price_id_is_not_the_transaction_id"
    lines = check_mock(*STEKKER[law], *law_words(law)).output.splitlines()
    title = next(line for line in lines if line.startswith("1. "))
    assert title.startswith("1. The id of a CDR is Stekker's own")
    where = next(line for line in lines if line.startswith("   contract  "))
    file, number, pointer = where.removeprefix("   contract  ").split(":")
    assert pointer == " #/components/schemas/Cdr/properties/id"
    assert Path(file).read_text("utf-8").splitlines()[int(number) - 1].strip() == "id:"
    curls = [line for line in lines if "curl -i" in line]
    assert [("PUT" in line, "/cdrs/" in line) for line in curls] == [
        (True, False),
        (False, False),
        (False, False),
        (False, False),
        (False, True),
    ]


def test_a_server_that_never_answers_a_law_breaks_none(check_mock: CheckMock) -> None:
    result = check_mock(altered(answer=refused(lambda asked: asked.method != "GET", 503)), *LAWS)
    assert result.exit_code != 0
    assert "Traceback" not in result.output


@pytest.mark.parametrize("at_time", ["2026-03-29T00:30:00", "2026-10-25T01:10:00", "2026-03-18T23:00:05"])
@pytest.mark.parametrize("api", CONTRACTS)
def test_laws_hold_at_odd_times(api: str, at_time: str, mock: Mock, check_mock: CheckMock) -> None:
    mock.runtime.clock.set(datetime.fromisoformat(at_time).replace(tzinfo=UTC))
    mock.runtime.clock.freeze()
    result = check_mock(None, *LAWS, api=api)
    assert result.exit_code == 0, result.output


def test_negative_prices_break_no_law(check_mock: CheckMock) -> None:
    def lower(body: Any, _: Request) -> None:
        lowest = body["lowest_upcoming_price"]
        for price in (*body["prices"], lowest):
            for name in {"price_per_mwh", "forecast", "forecast_lower", "forecast_upper"} & {*price}:
                price[name] = None if price[name] is None else round(price[name] - 500, 2)

    cheap = altered(on("stekker", "get-market-price-forecast"), answer=answer_body(lower))
    words = [word for law in prices.LAWS for word in ("--law", law.name)]
    result = check_mock(cheap, *LAWS, *words)
    assert "0 findings" in result.output, result.output


GENERATED = {
    "tenants-mixed@get-market-price-forecast": "ignored_auth",
    "tenants-mixed@post-event": "ignored_auth",
    "tenants-mixed@get-meter-readings": "ignored_auth",
    "member-missing@get-meter-readings": "response_schema_conformance",
    "absent-crashes@get-cdr": "not_a_server_error",
}


@pytest.mark.parametrize(("word", "check"), GENERATED.items())
def test_generated_requests_find_what_is_theirs(word: str, check: str, check_mock: CheckMock) -> None:
    result = check_mock(word, *generated_words(word))
    assert f"check     {check}," in result.output, result.output
