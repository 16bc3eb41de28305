"""The mock under test: all APIs in this process, on a frozen clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mockserver.http.api import Api
from mockserver.settings import Settings
from mockserver.testing.in_process import NOON, InProcessMock
from specs.operation import Spec
from tests.asgi import Client, Response

__all__ = ["APP", "BESS", "CONTROL", "NOON", "OAUTH", "STEKKER", "V2", "Mock"]

V2 = "/ev-energy/v2"
OAUTH = "/ev-energy/o"
STEKKER = "/stekker/api/v1"
BESS = "/stekker/api/bess/v1"
APP = "/_mock/stekker"
CONTROL = "/_mock"


class Mock(InProcessMock):
    """A running mock: its runtime to look into, and clients with the ready-made credentials."""

    def __init__(
        self,
        settings: Settings | None = None,
        apis: Sequence[Api] | None = None,
        specs: Mapping[str, Spec] | None = None,
    ) -> None:
        super().__init__(settings, apis, examples=True, specs=specs)
        self.anonymous = Client(self.app)
        self.full = Client(self.app, self._bearer("ev-energy-full"))
        self.basic = Client(self.app, self._bearer("ev-energy-basic"))
        self.north, self.south, self.prices = (
            Client(self.app, self._bearer(f"stekker-{name}")) for name in ("north", "south", "prices")
        )

    def close(self) -> None:
        """Free what the clients hold."""
        for client in (self.anonymous, self.full, self.basic, self.north, self.south, self.prices):
            client.close()

    def reset(self) -> None:
        """Back to the beginning: seed, named world, clock and nothing written."""
        self.runtime.clock.set(NOON)
        self.runtime.clock.freeze()
        body = {"seed": self.settings.seed, "world": str(self.settings.world)}
        assert self.anonymous.post(f"{CONTROL}/reset", json=body).status == 200

    def get(self, path: str, **options: object) -> Response:
        """GET below `/ev-energy/v2` with the contracted application's token."""
        return self.full.get(V2 + path, **options)

    def _bearer(self, client_id: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token_of(client_id) or 'not served'}"}
