"""The servers that are measured, as one table: add a peer by adding an entry."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks import contract
from benchmarks.tools import PINNED_SPEC, PRISM

_AUTHORISED = {"Authorization": f"Bearer {contract.TOKEN}"}


@dataclass(frozen=True)
class Server:
    """How a server is started and addressed; `{port}` stands for the port chosen for it."""

    name: str
    title: str
    command: tuple[str, ...]
    base_url: str = "http://127.0.0.1:{port}"
    headers: Mapping[str, str] = field(default_factory=lambda: _AUTHORISED)
    stateful: bool = False
    """Whether what is created can be read back."""
    made_up: bool = False
    """Whether answers come from chance, which breaks the contract now and then."""
    default: bool = True
    """Whether it runs when `--servers` is not given."""

    @property
    def is_prism(self) -> bool:
        """Whether it needs the Node package."""
        return self.command[0] == str(PRISM)


def _python(module: str) -> tuple[str, ...]:
    return (sys.executable, "-m", module, "--port", "{port}")


def _prism(*arguments: str) -> tuple[str, ...]:
    return (str(PRISM), "mock", "-v", "silent", "-h", "127.0.0.1", "-p", "{port}", *arguments)


SERVERS = {
    server.name: server
    for server in (
        Server(
            "gridmock",
            "gridmock",
            _python("benchmarks.gridmock_app"),
            "http://127.0.0.1:{port}/registry",
            stateful=True,
        ),
        Server("prism", "Prism, static examples", _prism(str(contract.SPEC))),
        Server("prism-dynamic", "Prism, dynamic", _prism("--dynamic", str(PINNED_SPEC)), made_up=True),
        Server("starlette", "bare Starlette", _python("benchmarks.starlette_app"), stateful=True),
        Server(
            "connexion",
            "stock connexion, validating both ways",
            _python("benchmarks.connexion_app"),
            stateful=True,
            default=False,
        ),
    )
}
