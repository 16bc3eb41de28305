"""All that `gridmock serve` serves, in this process."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from click import BadParameter

from mockserver.app import create_app, create_runtime, load_specs, selected
from mockserver.clock import Clock
from mockserver.commands.serve import start_time
from mockserver.domain.worlds import NamedWorld
from mockserver.http.api import Api
from mockserver.settings import DEFAULT_SEED, MAX_SEED, Settings
from specs.operation import Spec

NOON = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)
"""A Wednesday in winter time, eleven days before the clocks change."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a mock begins, and what it is reset to: seed, named world, time, and pace (0 is a frozen clock)."""

    seed: int = DEFAULT_SEED
    world: NamedWorld = field(default_factory=NamedWorld)
    at: datetime = NOON
    speed: float = 0.0

    @classmethod
    def parse(cls, seed: Any, world: Any, at: Any, speed: Any) -> Self:
        """As `gridmock serve` takes them, or as values; without `at` when the world says, else at NOON.

        ValueError says which of them is wrong.
        """
        if not re.fullmatch(r"[0-9]{1,19}", str(seed)) or int(seed) > MAX_SEED:
            raise ValueError(f"seed {seed!r} is not an integer from 0 to {MAX_SEED}")
        named = NamedWorld.parse(str(world))
        if not at:
            at = named.starts_at(int(seed)) or NOON
        try:
            begins_at = at if isinstance(at, datetime) else start_time(str(at))
        except BadParameter as error:
            raise ValueError(f"at: {error.message}") from None
        try:
            pace = float(speed)
        except (TypeError, ValueError):
            raise ValueError(f"speed {speed!r} is not a number") from None
        Clock(begins_at, pace)  # raises ClockError, a ValueError, for what no clock can take
        return cls(int(seed), named, begins_at, pace)


class InProcessMock:
    """A mock to look into and to call; `app` is its ASGI application."""

    def __init__(
        self,
        settings: Settings | None = None,
        apis: Sequence[Api] | None = None,
        *,
        examples: bool = False,
        specs: Mapping[str, Spec] | None = None,
    ) -> None:
        """Compile the APIs given, or those that the settings name; with `examples`, check those of the contracts.

        `specs` are contracts by API, where they are not those of the catalogue.
        """
        self.settings = settings or Settings(at=NOON, speed=0.0)
        self.apis = selected(self.settings.apis) if apis is None else apis
        mine = specs or {}
        specs = {**load_specs([api for api in self.apis if api.name not in mine], examples=examples), **mine}
        self.runtime = create_runtime(self.settings, self.apis, specs)
        self.app = create_app(self.runtime, self.apis, specs)

    async def begin(self, beginning: Beginning) -> None:
        """Forget all that clients wrote or caused, and begin again there."""
        self.runtime.clock.run(beginning.speed)
        self.runtime.clock.set(beginning.at)  # last, so that a frozen clock stands at it exactly
        await self.runtime.reset(beginning.seed, beginning.world)

    def token_of(self, client_id: str) -> str | None:
        """The ready-made token of an application, which never expires; None when it has none."""
        tokens = self.runtime.ready.tokens or {}
        return next((text for text, grant in tokens.items() if grant["client_id"] == client_id), None)
