"""The benchmark's API, built on gridmock the way its own APIs are: authenticated, stateful, validated both ways."""

from __future__ import annotations

from benchmarks import contract
from benchmarks.registry import views
from mockserver.http.accounts import Application, ReadyAccounts
from mockserver.http.api import Api
from mockserver.http.auth import bearer
from mockserver.http.errors import ProblemStyle


def _accounts(seed: int, scopes: tuple[str, ...]) -> ReadyAccounts:
    application = Application("bench", "unused", "Benchmark", (), (), False, 1000, "2024-01-01T00:00:00Z")
    return ReadyAccounts([application], {contract.TOKEN: {"client_id": "bench", "user_id": None, "scopes": []}})


API = Api(
    name="registry",
    base_path="/registry",
    handlers=__name__,
    views=views,
    errors=ProblemStyle("https://registry.example/problems/"),
    identify={"bearer": bearer},
    accounts=_accounts,
)
