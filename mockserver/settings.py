"""What a run of the mock is told: one immutable object, made by the command line or by a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from mockserver.domain.worlds import NamedWorld

DEFAULT_PORT = 8080
DEFAULT_SEED = 1
MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Settings:
    """Defaults are those of `gridmock serve` without options."""

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    seed: int = DEFAULT_SEED
    world: NamedWorld = field(default_factory=NamedWorld)
    at: datetime | None = None
    """Where the clock starts (aware); None is where the world says, and now if it does not."""
    speed: float = 1.0
    """Virtual seconds in a real second; 0 is frozen."""
    apis: tuple[str, ...] = ()
    """Names of the APIs to serve; empty is all."""
    callback_hosts: tuple[str, ...] = ()
    """Hosts beside this machine that webhooks may be sent to."""
    enforce_rate_limits: bool = False
    control_token: str | None = field(default=None, repr=False)
    max_body_bytes: int = 1_048_576
    journal_size: int = 1_000
    log: Literal["quiet", "errors", "requests"] = "errors"
