"""Before the run: get a token where one must be had first, and see whether the target answers at all."""

from __future__ import annotations

from typing import Any

from contract_tests.contract import Contract
from contract_tests.credentials import Credentials
from contract_tests.exchange import shown
from contract_tests.targets import Target, TargetError

_TIMEOUT_S = 10.0
_KNOCKS = 3


class Unreachable(Exception):
    """A target that does not answer, or answers nobody like us; says what was tried and what came."""


def sign_in(target: Target) -> Credentials:
    """Credentials for the target, by a client-credentials grant if it wants one; raises Unreachable or TargetError."""
    headers = dict(target.headers)
    secrets = dict(target.secrets)
    token = target.token
    if target.client:
        token = _granted(target)
        secrets[token] = "GRIDMOCK_TOKEN"
    if token:
        headers["Authorization"] = f"Bearer {token}"
    tokens = {name.removesuffix("_token"): text for name, text in target.values.items() if name.endswith("_token")}
    roles = {role: {"Authorization": f"Bearer {text}"} for role, text in tokens.items() if text} | dict(target.roles)
    for name, value in (pair for each in (headers, *roles.values()) for pair in each.items()):
        if not (value.isascii() and value.isprintable()) or value != value.strip():
            raise TargetError(f"the value of the {name} header holds spaces at its ends, or no plain ASCII text")
    return Credentials(headers, secrets, roles)


def knock(contract: Contract, operations: frozenset[str], url: str, credentials: Credentials) -> float:
    """GET something simple among the operations; the seconds until it is answered, once it is warm.

    Raises Unreachable if nobody answers, or nobody like us.
    """
    label = _simplest(contract, operations)
    address = url + (label.partition(" ")[2] if label else "/")
    headers = dict(credentials.headers_at(label))
    response = _request("GET", address, headers=headers)
    if label and response.status_code == 401 and contract.needs_credentials(label):
        remedy = (
            "The credentials are refused."
            if headers
            else "There are no credentials: set GRIDMOCK_TOKEN, or describe the target in targets.toml (--target NAME)."
        )
        raise Unreachable(f"{label} at {url} answers 401 Unauthorized. {remedy}")
    again = (_request("GET", address, headers=headers) for _ in range(_KNOCKS - 1))
    seconds: list[float] = [answer.elapsed.total_seconds() for answer in (response, *again)]
    return min(seconds)


def _granted(target: Target) -> str:
    client = target.client
    assert client is not None  # noqa: S101  only called for such targets
    form = {"grant_type": "client_credentials"} | ({"scope": client.scope} if client.scope else {})
    response = _request("POST", client.token_url, data=form, auth=(client.client_id, client.client_secret))
    answer: Any = None
    if response.headers.get("Content-Type", "").startswith("application/json"):
        try:
            answer = response.json()
        except ValueError:
            answer = None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if response.status_code != 200 or not isinstance(token, str) or not token:
        reason = answer.get("error", "no access_token") if isinstance(answer, dict) else "no JSON object"
        words = shown(str(reason), Credentials({}, target.secrets))
        raise Unreachable(f"no token from {client.token_url}: {response.status_code}, {words}")
    return token


def _simplest(contract: Contract, operations: frozenset[str]) -> str:
    """The label of a GET that needs nothing but credentials, one that does need them if there is such; else empty."""
    ready = [
        label
        for label in contract.operations
        if label in operations
        and label.startswith("GET ")
        and "{" not in label
        and not any(place.value.get("required") for place in contract.parameters(label).values())
    ]
    guarded = [label for label in ready if contract.needs_credentials(label)]
    return next(iter(guarded or ready), "")


def _request(method: str, url: str, **options: Any) -> Any:
    import requests

    try:
        # A redirect is an answer; following it could carry the credentials elsewhere.
        return requests.request(method, url, timeout=_TIMEOUT_S, allow_redirects=False, **options)
    except requests.RequestException as error:
        raise Unreachable(f"{method} {url} got no answer: {_innermost(error)}") from error


def _innermost(error: BaseException) -> str:
    """The system's own words (`Connection refused`), which requests wraps in four layers of its own."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
