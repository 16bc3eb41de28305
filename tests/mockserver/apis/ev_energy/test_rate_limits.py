"""Requests per rolling hour: always counted, refused only when told to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from mockserver.settings import Settings
from tests.asgi import Response
from tests.mock import NOON, V2, Mock
from tests.mockserver.apis.ev_energy.steps import PROBLEMS, driver_in, get_as, register, token_for

LIMIT = 3


@pytest.fixture(scope="module")
def started_strict() -> Iterator[Mock]:
    mock = Mock(Settings(at=NOON, speed=0.0, enforce_rate_limits=True))
    yield mock
    mock.close()


@pytest.fixture
def strict(started_strict: Mock) -> Mock:
    """A mock that refuses what is over the limit."""
    started_strict.reset()
    return started_strict


def client_id(mock: Mock, limit: int = LIMIT) -> str:
    return register(mock, rate_limit_per_hour=limit)["client_id"]


def call(mock: Mock, token: str, path: str = "/tariffs", **options: object) -> Response:
    return get_as(mock, token, f"{path}?page_size=1", **options)


def remaining(response: Response) -> int:
    return int(response.headers["x-ratelimit-remaining"])


def wait(mock: Mock, seconds: float) -> None:
    mock.runtime.clock.advance(timedelta(seconds=seconds))


def test_the_limit_is_1000_unless_agreed_otherwise(mock: Mock) -> None:
    assert mock.get("/tariffs").headers["x-ratelimit-limit"] == "1000"
    token = token_for(mock, register(mock)["client_id"])
    assert call(mock, token).headers["x-ratelimit-limit"] == "1000"


def test_an_application_has_the_limit_it_was_registered_with(mock: Mock) -> None:
    response = call(mock, token_for(mock, client_id(mock, 7)))
    assert response.headers["x-ratelimit-limit"] == "7"
    assert remaining(response) == 6


def test_each_request_takes_one_off(mock: Mock) -> None:
    assert [remaining(mock.get("/tariffs?page_size=1")) for _ in range(4)] == [999, 998, 997, 996]


@pytest.mark.parametrize("path", ["/tariffs/42", "/tariffs?page=0", "/tariffs?expand=owner"])
def test_a_refused_request_counts_too(mock: Mock, path: str) -> None:
    assert remaining(mock.get(path)) == 999
    assert remaining(mock.get("/tariffs")) == 998


def test_without_enforcement_it_is_counted_but_not_refused(mock: Mock) -> None:
    token = token_for(mock, client_id(mock))
    answers = [call(mock, token) for _ in range(LIMIT + 2)]
    assert [answer.status for answer in answers] == [200] * (LIMIT + 2)
    assert [remaining(answer) for answer in answers] == [2, 1, 0, 0, 0]


def test_the_request_after_the_last_is_refused(strict: Mock) -> None:
    token = token_for(strict, client_id(strict))
    assert [call(strict, token).status for _ in range(LIMIT + 1)] == [200, 200, 200, 429]


def test_the_refusal_is_a_problem_that_says_how_long_to_wait(strict: Mock) -> None:
    token = token_for(strict, client_id(strict, 1))
    call(strict, token)
    wait(strict, 600.5)
    refused = call(strict, token)
    problem = refused.json()
    assert refused.headers["content-type"] == "application/problem+json"
    assert problem["type"] == f"{PROBLEMS}rate-limit-exceeded/"
    assert problem["title"] == "Too Many Requests"
    assert problem["status"] == 429
    assert refused.headers["retry-after"] == "3000"  # 2999.5 s, in whole seconds
    assert "3000" in problem["detail"]
    assert (refused.headers["x-ratelimit-limit"], remaining(refused)) == ("1", 0)
    assert refused.headers["evenergy-version"] == "2"


def test_retry_after_is_enough_and_a_second_less_is_not(strict: Mock) -> None:
    token = token_for(strict, client_id(strict))
    for _ in range(LIMIT):
        call(strict, token)
        wait(strict, 10)
    seconds = int(call(strict, token).headers["retry-after"])
    wait(strict, seconds - 1)
    assert call(strict, token).status == 429
    wait(strict, 1)
    assert call(strict, token).status == 200


def test_the_hour_rolls(strict: Mock) -> None:
    token = token_for(strict, client_id(strict))
    for _ in range(LIMIT):  # at 0, 1000 and 2000 s
        assert call(strict, token).status == 200
        wait(strict, 1000)
    assert call(strict, token).headers["retry-after"] == "600"
    wait(strict, 600)  # the first falls out, and only the first
    assert [call(strict, token).status for _ in range(2)] == [200, 429]
    assert call(strict, token).headers["retry-after"] == "1000"


def test_a_429_does_not_consume_quota(strict: Mock) -> None:
    token = token_for(strict, client_id(strict, 1))
    call(strict, token)
    for _ in range(10):
        wait(strict, 300)
        assert call(strict, token).status == 429
    wait(strict, 600)
    assert call(strict, token).status == 200


def test_all_client_credentials_tokens_of_an_application_share_a_bucket(strict: Mock) -> None:
    application = client_id(strict)
    tokens = [token_for(strict, application) for _ in range(LIMIT + 1)]
    assert [call(strict, token).status for token in tokens] == [200, 200, 200, 429]


def test_the_user_header_opens_no_bucket_of_its_own(strict: Mock) -> None:
    token = token_for(strict, client_id(strict))
    users = [driver.id for driver in strict.runtime.world.drivers[: LIMIT + 1]]
    assert [call(strict, token, headers={"evenergy-user": user}).status for user in users] == [200, 200, 200, 429]


def test_each_user_of_an_application_has_a_bucket(strict: Mock) -> None:
    application = client_id(strict)
    of_application = token_for(strict, application)
    of_users = [token_for(strict, application, user_id=driver_in(strict, city).id) for city in ("London", "Leeds")]
    for token in (of_application, *of_users):
        assert [call(strict, token).status for _ in range(LIMIT + 1)] == [200, 200, 200, 429]


def test_all_tokens_of_a_user_share_a_bucket(strict: Mock) -> None:
    application, user = client_id(strict), driver_in(strict, "London").id
    tokens = [token_for(strict, application, user_id=user) for _ in range(LIMIT + 1)]
    assert [call(strict, token).status for token in tokens] == [200, 200, 200, 429]


def test_a_user_has_a_bucket_with_each_application(strict: Mock) -> None:
    user = driver_in(strict, "London").id
    for application in (client_id(strict), client_id(strict)):
        token = token_for(strict, application, user_id=user)
        assert [call(strict, token).status for _ in range(LIMIT + 1)] == [200, 200, 200, 429]


def test_a_token_on_a_public_operation_counts_for_its_application(mock: Mock) -> None:
    # A token that is sent is honoured (sheet A 1.2), and all requests of an application share one bucket (1.7).
    assert [remaining(mock.get(path)) for path in ("/tariffs", "/", "/tariffs")] == [999, 998, 997]


def test_429_comes_before_401(strict: Mock) -> None:
    # Unknown callers share the bucket of their address: guessing tokens is limited too.
    statuses = {strict.anonymous.get(f"{V2}/tariffs").status for _ in range(1001)}
    assert statuses == {401, 429}


def test_a_reset_starts_the_count_anew(mock: Mock) -> None:
    mock.get("/tariffs")
    mock.reset()
    assert remaining(mock.get("/tariffs")) == 999
