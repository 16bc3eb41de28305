"""Each defect makes a difference, and where it is not planted there is none."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
import pytest

from mockserver.defects import Broken, Contract, UnknownDefect, apis_of, catalogue, chosen, contracts_of, plant
from mockserver.defects.catalogue import MODULES
from mockserver.defects.planting import LONGEST_BODY
from specs.loader import load
from tests.asgi import Client
from tests.contract_tests.habits.depot import Depot
from tests.contract_tests.planted import (
    BESS,
    DYNAMO,
    DYNAMO_GENERAL,
    DYNAMO_INVARIANTS,
    GENERAL,
    GENERATED,
    STEKKER,
    pairs,
)
from tests.mock import CONTROL, V2, Mock
from tests.mockserver.apis.stekker.steps import CALLBACK, KEY, Operator, Receiver, said
from tests.mockserver.defects import tours
from tests.mockserver.defects.tours import Differs, Exchange, Tour, Traveller

DOCS = Path(__file__).parents[3] / "docs" / "defects.md"
OURS: dict[str, Tour] = {"ev-energy": tours.ev_energy, "stekker": tours.stekker, "stekker-bess": tours.bess}
FOUND = (STEKKER, BESS, DYNAMO, DYNAMO_GENERAL, DYNAMO_INVARIANTS, GENERAL, GENERATED)
PROVEN = {word.partition("@")[0] for found in FOUND for word, _ in pairs(found)}
"""Defects that a law or a check is shown to find, in tests/contract_tests."""
GENERAL = [
    each
    for module in MODULES
    if module.startswith("general.")
    for each in import_module(f"mockserver.defects.{module}").DEFECTS
]
ON_TOUR = [each.name for each in GENERAL if not each.pause_s and not each.concerns_pushes]
SUPPLIERS = f"{V2}/suppliers"
JSON = {"content-type": "application/json"}

Honest = dict[str, list[Exchange]]


@cache
def depot_contract() -> Contract:
    return Contract("depot", "", load(Path(Depot.contract)))


def contracts(mock: Mock) -> tuple[Contract, ...]:
    return contracts_of((mounted.api, mounted.spec) for mounted in mock.runtime.apis)


def walk(app: Any, callers: dict[str, dict[str, str]], tour: Tour, expected: list[Exchange] | None) -> list[Exchange]:
    """What a tour sees; Differs where it is not what was expected."""
    traveller = Traveller(app, callers, expected)
    try:
        tour(traveller)
    finally:
        traveller.close()
    return traveller.seen


@pytest.fixture(scope="session")
def honest(started_mock: Mock) -> Honest:
    """What the honest servers answer on each tour."""
    seen = {"depot": walk(Depot(), tours.depot_callers(), tours.depot, None)}
    for api, tour in OURS.items():
        started_mock.reset()
        seen[api] = walk(started_mock.app, tours.callers_of(started_mock), tour, None)
    return seen


@pytest.fixture
def client(mock: Mock) -> Iterator[Any]:
    """Makes a client of the mock with defects in front of it, as somebody who may do anything."""
    made = []

    def broken(*words: str) -> Client:
        made.append(Client(plant(mock.app, words, mock.runtime), mock.full.headers))
        return made[-1]

    yield broken
    for each in made:
        each.close()


def differences(name: str, mock: Mock, honest: Honest) -> Iterator[str]:
    """Where a defect shows first on each tour, as far as it does."""
    for api in apis_of(catalogue()[name], (*contracts(mock), depot_contract())):
        try:
            if api in OURS:
                mock.reset()
                walk(plant(mock.app, [name], mock.runtime), tours.callers_of(mock), OURS[api], honest[api])
            elif api == "depot":
                broken = Broken(Depot(), [depot_contract()])
                broken.plant(*chosen([name], broken.contracts))
                walk(broken, tours.depot_callers(), tours.depot, honest[api])
        except Differs as shown:
            yield str(shown)


@pytest.mark.parametrize("name", ON_TOUR)
def test_a_general_defect_shows(name: str, mock: Mock, honest: Honest) -> None:
    assert next(differences(name, mock, honest), None) is not None


def test_a_defect_of_one_api_is_found_by_one_of_its_laws() -> None:
    assert {*catalogue()} - {each.name for each in GENERAL} - PROVEN == set()


@pytest.mark.parametrize("api", OURS)
def test_the_same_walk_sees_the_same(api: str, mock: Mock, honest: Honest) -> None:
    broken = plant(mock.app, ["json-truncated", "errors-with-200"], mock.runtime)
    broken.take_back()
    assert walk(broken, tours.callers_of(mock), OURS[api], honest[api]) == honest[api]


def test_there_are_many_and_each_says_what_is_wrong() -> None:
    assert len(GENERAL) >= 40
    for name, defect in catalogue().items():
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", name)
        assert re.fullmatch(r"[A-Za-z`][^\n]*[^\s.]\.", defect.says), name
    assert len({defect.says for defect in catalogue().values()}) == len(catalogue())


def test_slow_answers_are_held_back(mock: Mock, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(duration_s: float) -> None:
        slept.append(duration_s)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    slow = client("slow-reads@get-suppliers")
    assert slow.get(f"{V2}/tariffs").status == 200
    assert slept == []
    assert slow.get(SUPPLIERS).body == mock.get("/suppliers").body
    assert slept == [1.0]
    slow = Client(plant(mock.app, ["slow-writes"], mock.runtime), mock.north.headers)
    slow.post("/stekker/api/v1/events", json={})
    slow.close()
    assert slept == [1.0, 1.0]


def test_every_second_webhook_is_lost(mock: Mock) -> None:
    outbox, receiver = mock.runtime.outbox, Receiver(mock)
    before, outbox.transport = outbox.transport, receiver
    broken = plant(mock.app, ["pushes-lost-now-and-then"], mock.runtime)
    operator = Operator(mock, mock.north, "stekker-north")
    said(operator.change(callback_url=CALLBACK, callback_api_key=KEY))
    for number in range(4):
        said(operator.pair(f"cp{number}"))
        said(operator.start("2026-03-18T12:00:00Z", 70 + number, f"cp{number}"))
        receiver.settle()
    pushed = [body["csChargingProfiles"]["transactionId"] for _, _, body in receiver.calls]
    assert pushed == [71, 73]
    broken.take_back()
    assert outbox.transport is receiver
    outbox.transport = before


# --- what stays as it is


def test_a_defect_at_one_operation_leaves_the_others_alone(mock: Mock, client: Any) -> None:
    broken = client("listed-twice@get-suppliers")
    assert broken.get(f"{V2}/tariffs").body == mock.get("/tariffs").body
    assert len(broken.get(SUPPLIERS).json()) == len(mock.get("/suppliers").json()) + 1


def test_several_defects_show_together(client: Any) -> None:
    answer = client("listed-twice", "content-type-html", "header-missing@get-suppliers").get(f"{SUPPLIERS}?page_size=2")
    assert len(answer.json()) == 3
    assert answer.headers["content-type"] == "text/html"


@pytest.mark.parametrize("path", [f"{CONTROL}/health", f"{CONTROL}/stekker/organizations", f"{V2}/openapi.json", "/x"])
def test_control_plane_and_documents_are_never_altered(path: str, mock: Mock, client: Any) -> None:
    broken = client("json-truncated", "errors-with-200", "crashes-now-and-then", "content-type-html")
    for _ in range(8):
        answer, right = broken.get(path), mock.full.get(path)
        assert (answer.status, answer.body) == (right.status, right.body)
        assert answer.headers["content-type"] == right.headers["content-type"]


def test_a_body_that_is_too_long_is_refused_as_ever(mock: Mock) -> None:
    broken = Client(plant(mock.app, ["write-rounds-numbers"], mock.runtime), mock.north.headers)
    answer = broken.post("/stekker/api/v1/events", content=b"[" * (LONGEST_BODY + 1), headers=JSON)
    broken.close()
    assert answer.status == 413


def test_a_connection_that_is_cut_stays_cut(mock: Mock, client: Any) -> None:
    fault = {"match": {"operation_id": "get-suppliers"}, "action": {"disconnect": True}, "times": 1}
    said(mock.anonymous.post(f"{CONTROL}/faults", json=fault), 201)
    broken = client("crashes-now-and-then")
    assert broken.get(SUPPLIERS).body == b""
    assert broken.get(SUPPLIERS).body == mock.get("/suppliers").body


def test_what_has_another_shape_passes(mock: Mock) -> None:
    broken = Client(
        plant(mock.app, ["few-connectors", "any-unit", "default-power-other"], mock.runtime), mock.north.headers
    )
    for content in (
        b"",
        b"[]",
        b"{}",
        b"null",
        b'{"event": {}}',
        b'{"event": {"method": "StartTransaction"}}',
        b"\xff",
    ):
        answers = [each.post("/stekker/api/v1/events", content=content, headers=JSON) for each in (broken, mock.north)]
        assert answers[0].status == answers[1].status == 400
        assert answers[0].body == answers[1].body
    broken.close()


def test_strangers_are_no_strangers_for_having_been_let_in(mock: Mock) -> None:
    broken = plant(mock.app, ["absent-before-authentication"], mock.runtime)
    known, nobody = Client(broken, mock.full.headers), Client(broken)
    suppliers = known.get(SUPPLIERS).json()
    one = f"{SUPPLIERS}/{suppliers[0]['id']}"
    assert [nobody.get(one).status, nobody.get(f"{one[:-4]}0000").status] == [401, 404]
    assert [known.get(one).status, nobody.get(one).status] == [200, 401]
    known.close()
    nobody.close()


# --- choosing


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("filter-ignore", "there is no defect 'filter-ignore'; did you mean filter-ignored"),
        ("", "there is no defect ''; --break ? lists them all"),
        ("sort-ignored", "sort-ignored can show at no operation that is served (ev-energy, ev-energy-oauth, stekker"),
        ("filter-ignored@get-tarifs", "no operation 'get-tarifs' is served; did you mean get-tariffs"),
        ("filter-ignored@get-root", "filter-ignored cannot show at get-root, but at get-suppliers, get-tariffs"),
        ("pushes-lost@post-event", "pushes-lost is about webhooks, not about an operation: leave out @post-event"),
    ],
)
def test_a_choice_that_cannot_be_made_says_why(word: str, message: str, mock: Mock) -> None:
    with pytest.raises(UnknownDefect, match=re.escape(message)):
        chosen([word], contracts(mock))


def test_each_defect_stands_in_the_documents() -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| (.+?) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    assert rows == {name: defect.says for name, defect in catalogue().items()}


def test_the_documents_say_at_which_apis_a_defect_shows(mock: Mock) -> None:
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)` \| .+? \| (.*) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE))
    found = {
        name: ", ".join(apis_of(defect, contracts(mock))) or "none of ours" for name, defect in catalogue().items()
    }
    assert rows == found


def test_bodies_that_are_no_json_stay_readable_by_their_own_kind(client: Any) -> None:
    answer = client("error-format-other").get(f"{SUPPLIERS}/odd")
    assert (answer.status, answer.headers["content-type"], answer.body) == (404, "text/plain", b"Error")
    assert orjson.loads(client("stack-trace-shown").get(f"{SUPPLIERS}/odd").body)["status"] == 404
