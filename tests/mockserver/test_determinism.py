"""Same seed and clock, same bytes: in another process, after an import, whatever the environment."""

from __future__ import annotations

import difflib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.asgi import Response
from tests.mock import CONTROL, V2, Mock
from tests.mockserver.every_get import exchanges, prepare, started, written

ROOT = Path(__file__).parents[2]

ENVIRONMENTS = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland", "LC_ALL": "C"},
)
COUNTING = ("x-ratelimit-remaining", "gridmock-request-id", "x-request-id")
"""Headers that say how many requests came before, which an exported state does not hold."""
COUNTED = re.compile(rb'"request_id":"req_\d+"')
"""What errors of Dynamo say of it."""
NOT_OF_THE_STATE = tuple(CONTROL + path for path in ("/journal", "/webhooks", "/faults", "/dynamo/ocpp-messages"))


def run(environment: dict[str, str]) -> bytes:
    """Every GET of seed 7, as a process of its own answered it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.mockserver.every_get", "7"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def runs() -> list[bytes]:
    """Two processes that have nothing in common but seed and time."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(run, ENVIRONMENTS))


@pytest.fixture(scope="module")
def mocks() -> Iterator[list[Mock]]:
    """Two mocks of one seed and one of another."""
    all_of_them = [started(seed, "ev-energy") for seed in (7, 7, 8)]
    yield all_of_them
    for mock in all_of_them:
        mock.close()


def difference(one: bytes, other: bytes) -> str:
    """The first lines that differ, short enough to read."""
    lines = (text.decode("utf-8", "replace").splitlines() for text in (one, other))
    return "\n".join(line[:200] for line in list(difflib.unified_diff(*lines, n=1, lineterm=""))[:20])


def test_processes_answer_every_get_with_the_same_bytes(runs: list[bytes]) -> None:
    assert runs[0] == runs[1], difference(*runs)


def test_every_get_is_many_answers_of_which_none_is_a_server_error(runs: list[bytes]) -> None:
    statuses = re.findall(rb"^/\S+ (\d{3})$", runs[0], re.MULTILINE)
    assert len(statuses) > 200
    assert {*statuses} <= {b"200", b"201", b"202", b"302", b"400", b"404", b"409"}


@pytest.mark.parametrize("text", [b"2026-03-18T12:00:00Z", b"Wed, 18 Mar 2026 12:00:00 GMT"])
def test_the_frozen_time_is_what_the_answers_tell(runs: list[bytes], text: bytes) -> None:
    assert text in runs[0]
    dates = {*re.findall(rb"^date: (.*)$", runs[0], re.MULTILINE)}
    assert dates == {b"Wed, 18 Mar 2026 12:00:00 GMT"}


@pytest.mark.parametrize(("path", "name"), [("/tariffs", "id"), ("/suppliers", "id"), ("/tariffs", "supplier")])
def test_another_seed_gives_other_ids(mocks: list[Mock], path: str, name: str) -> None:
    same, _, other = (mock.get(path, query={"page_size": 10}).json() for mock in mocks)
    assert {item[name] for item in same}.isdisjoint({item[name] for item in other})


def test_another_seed_gives_other_users_and_credentials(mocks: list[Mock]) -> None:
    def secrets(mock: Mock) -> set[str]:
        users = mock.anonymous.get(f"{CONTROL}/users").json()
        applications = mock.anonymous.get(f"{CONTROL}/applications").json()
        return {user["user_id"] for user in users} | {app["client_secret"] for app in applications}

    one, same, other = map(secrets, mocks)
    assert one == same
    assert one.isdisjoint(other)


def test_another_seed_gives_other_dynamic_prices(mocks: list[Mock]) -> None:
    def prices(mock: Mock) -> list[int]:
        tariff = next(t for t in mock.runtime.world.tariffs if t.type == "DYNAMIC" and t.valid_from.year < 2025)
        return [price["price_minor_units"] for price in mock.get(f"/tariffs/{tariff.id}/prices?page_size=100").json()]

    one, same, other = map(prices, mocks)
    assert one == same != other


def test_another_seed_has_the_same_catalogue(mocks: list[Mock]) -> None:
    one, _, other = ([tariff.name for tariff in mock.runtime.world.tariffs] for mock in mocks)
    assert one == other


def test_the_order_of_reading_changes_nothing(mocks: list[Mock]) -> None:
    one, other, _ = mocks
    targets = [f"{V2}/tariffs/{tariff.id}?expand=prices" for tariff in one.runtime.world.tariffs[::9]]
    forwards = [one.full.get(target).body for target in targets]
    backwards = [other.full.get(target).body for target in reversed(targets)]
    assert forwards == backwards[::-1]


def uncounted(exchange: tuple[str, Response]) -> tuple[str, Response]:
    target, response = exchange
    kept = [(name, value) for name, value in response.raw_headers if name.decode() not in COUNTING]
    return target, Response(response.status, kept, COUNTED.sub(b"", response.body))


def of_the_world(mock: Mock) -> bytes:
    """Every GET but those of what was seen, sent or ordered, which is no part of the state."""
    return written(uncounted(exchange) for exchange in exchanges(mock) if not exchange[0].startswith(NOT_OF_THE_STATE))


@pytest.fixture(scope="module")
def strangers() -> Iterator[tuple[Mock, Mock]]:
    """A mock of seed 7, and one of another."""
    both = started(7), started(99)
    yield both
    for mock in both:
        mock.close()


@pytest.fixture
def exported(strangers: tuple[Mock, Mock]) -> Mock:
    """A mock of seed 7 at which something was written."""
    mock = strangers[0]
    mock.reset()
    prepare(mock)
    return mock


@pytest.fixture
def importing(strangers: tuple[Mock, Mock]) -> Mock:
    """A mock of another seed and time, which has taken over nothing yet."""
    mock = strangers[1]
    mock.reset()
    mock.anonymous.post(f"{CONTROL}/clock/advance", json={"duration_s": 86_400})
    return mock


def take_over(exported: Mock, importing: Mock) -> None:
    state = exported.anonymous.get(f"{CONTROL}/state").json()
    assert importing.anonymous.put(f"{CONTROL}/state", json=state).status == 200
    importing.full.headers.update(exported.full.headers)
    importing.north.headers.update(exported.north.headers)
    for mock in (exported, importing):  # what the journal is asked for has to be in it
        for _ in range(3):
            mock.get("/tariffs?page_size=1")


def test_an_imported_state_answers_with_the_same_bytes(exported: Mock, importing: Mock) -> None:
    take_over(exported, importing)
    one, other = of_the_world(exported), of_the_world(importing)
    assert one == other, difference(one, other)


def test_an_imported_state_is_exported_to_the_same_bytes(exported: Mock, importing: Mock) -> None:
    take_over(exported, importing)
    states = [mock.anonymous.get(f"{CONTROL}/state").body for mock in (exported, importing)]
    assert states[0] == states[1]


def test_an_imported_state_goes_on_in_the_same_way(exported: Mock, importing: Mock) -> None:
    take_over(exported, importing)
    path = f"{CONTROL}/applications/ev-energy-full/tokens"
    tokens = [mock.anonymous.post(path, json={}).body for mock in (exported, importing)]
    assert tokens[0] == tokens[1]
