"""Secrets of an organization: its API keys, and what webhooks are signed with."""

from __future__ import annotations

from functools import partial
from typing import Any

from contract_tests.exchange import Exchange
from contract_tests.laws.dynamo.things import CHARGE_POINTS, Made
from contract_tests.laws.law import law
from contract_tests.laws.stage import Stage

KEYS, CREATE_KEY, REVOKE = "GET /org/api-keys", "POST /org/api-keys", "DELETE /org/api-keys/{key_id}"
ENDPOINTS, ENDPOINT = "GET /webhooks/endpoints", "GET /webhooks/endpoints/{endpoint_id}"
CREATE_ENDPOINT, CHANGE_ENDPOINT = "POST /webhooks/endpoints", "PUT /webhooks/endpoints/{endpoint_id}"
_IN_THE_URL = ("api_key", "apikey", "key", "token", "access_token", "X-API-Key", "Authorization")


@law("published", "critical", CREATE_KEY, KEYS)
def key_is_shown_once(stage: Stage) -> None:
    """The secret of an API key stands in the answer that creates it, and never again."""
    made, key = _key(stage)
    exchange = stage.done(KEYS)
    ids = [each["id"] for each in stage.fitting(exchange)["keys"]]
    stage.require(made.id in ids, exchange, "the new key is listed", "it is not", "ApiKeyList")
    shown = key in exchange.answer.decode(errors="replace")
    stage.require(not shown, exchange, "secrets are not shown again", "the list has that of the new key", "ApiKey")


@law("published", "major", CHARGE_POINTS)
def key_works_in_both_headers(stage: Stage) -> None:
    """An API key is as good in `X-API-Key` as it is in `Authorization: Bearer`."""
    _, key = _key(stage)
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}):
        stage.settled(partial(_let_in, stage, headers))


@law("published", "critical", CHARGE_POINTS)
def key_is_nothing_in_the_url(stage: Stage) -> None:
    """An API key in the URL does not count: keys in URLs get into logs."""
    _, key = _key(stage)
    query = {"limit": 1, **dict.fromkeys(_IN_THE_URL, key)}
    exchange = stage.call(CHARGE_POINTS, query=query, headers=stage.as_nobody())
    stage.require(not exchange.succeeded, exchange, "401: a key in the URL is none", "the request is answered")


@law("published", "critical", REVOKE)
def revoked_key_is_refused(stage: Stage) -> None:
    """The next request with a key that was revoked is refused with 401; the other keys stay as they are."""
    made, key = _key(stage)
    headers = {"Authorization": f"Bearer {key}"}
    stage.settled(partial(_let_in, stage, headers))
    stage.succeeds(made.delete(), "a key can be revoked", "ApiKey")

    def judge() -> None:
        exchange = _asked(stage, headers)
        stage.require(exchange.status == 401, exchange, "401: the key is revoked", f"{exchange.status}")

    stage.settled(judge)
    stage.succeeds(stage.call(CHARGE_POINTS, query={"limit": 1}), "another key is as good as before")


@law("published", "critical", CREATE_ENDPOINT, ENDPOINT, ENDPOINTS, CHANGE_ENDPOINT)
def webhook_secret_is_not_shown(stage: Stage) -> None:
    """What webhooks are signed with is never shown, however the endpoint is asked for."""
    secret = stage.name()
    body = {"url": f"https://hooks.example.com/{stage.name()}", "events": ["session.ended"], "secret": secret}
    made = Made(stage, CREATE_ENDPOINT, body, "DELETE /webhooks/endpoints/{endpoint_id}")
    endpoint_id = made.id
    changed = {**body, "events": ["session.started"]}
    for exchange in (
        made.exchange,
        stage.done(ENDPOINT, endpoint_id=endpoint_id),
        stage.done(ENDPOINTS),
        stage.done(CHANGE_ENDPOINT, changed, endpoint_id=endpoint_id),
    ):
        shown = secret in exchange.answer.decode(errors="replace")
        stage.require(not shown, exchange, "the secret is not shown", "the answer has it", "WebhookEndpoint")


def _key(stage: Stage) -> tuple[Made, str]:
    """A key that may read charge points, and its secret, which the report shows no more than ours."""
    made = Made(stage, CREATE_KEY, {"name": stage.name(), "scopes": ["read:charge_points"]}, REVOKE)
    key = str(made.body["key"])
    stage.run.credentials.learn(key, "GRIDMOCK_NEW_KEY")
    return made, key


def _asked(stage: Stage, headers: dict[str, Any]) -> Exchange:
    return stage.call(CHARGE_POINTS, query={"limit": 1}, headers={**stage.as_nobody(), **headers})


def _let_in(stage: Stage, headers: dict[str, Any]) -> None:
    """Raise Breach unless a new key is good, which may take a moment to be known everywhere."""
    exchange = _asked(stage, headers)
    stage.require(exchange.succeeded, exchange, f"the key is good in {', '.join(headers)}", f"{exchange.status}")


LAWS = (
    key_is_shown_once,
    key_works_in_both_headers,
    key_is_nothing_in_the_url,
    revoked_key_is_refused,
    webhook_secret_is_not_shown,
)
