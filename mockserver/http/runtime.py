"""Everything that lives as long as the server: the world, what was written, and what was seen.

It outlives a reload of the specs, and is what the control plane looks at and changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mockserver.clock import Clock
from mockserver.domain.world import World
from mockserver.domain.worlds import NamedWorld
from mockserver.http.accounts import Accounts, ReadyAccounts
from mockserver.http.api import MountedApi
from mockserver.http.faults import Faults
from mockserver.http.journal import Journal
from mockserver.http.mailbox import Mailbox
from mockserver.http.ocpp import Traffic
from mockserver.http.outbox import Outbox
from mockserver.http.ratelimit import RateLimiter
from mockserver.http.scheduler import Scheduler
from mockserver.http.transport import HttpTransport
from mockserver.settings import MAX_SEED, Settings
from mockserver.store import Store
from mockserver.store.memory import MemoryStore

STATE_VERSION = 1


class StateError(ValueError):
    """An imported state that cannot be taken over; nothing was changed."""


class Runtime:
    """The state of one running mock."""

    def __init__(
        self, settings: Settings, ready_accounts: Callable[[int], ReadyAccounts], store: Store | None = None
    ) -> None:
        """Start the world that `settings` describe; `ready_accounts` gives the accounts of a seed."""
        self.settings = settings
        self.clock = Clock(settings.at or settings.world.starts_at(settings.seed), settings.speed)
        self.store: Store = store or MemoryStore()
        self.journal = Journal(settings.journal_size)
        self.faults = Faults()
        self.ocpp = Traffic(settings.journal_size)
        self.scheduler = Scheduler(self.clock)
        transport = HttpTransport()
        self.scheduler.at_rest(transport.aclose)
        self.outbox = Outbox(self.clock, self.scheduler, settings.journal_size, settings.callback_hosts, transport)
        self.limiter = RateLimiter()
        self.apis: Sequence[MountedApi] = ()
        """What is served, as compiled last."""
        self._ready_accounts = ready_accounts
        self._begin(settings.seed, settings.world)
        self.mailbox = Mailbox(
            self.store,
            lambda: self.seed,
            lambda: (mail for mounted in self.apis for mail in mounted.api.mail(self.world, self.clock.now())),
        )
        self.accounts = Accounts(self.store, lambda: self.seed, self.clock.now, lambda: self.ready)

    @property
    def seed(self) -> int:
        """The seed of the world."""
        return self.world.seed

    async def reset(self, seed: int | None = None, named: NamedWorld | None = None) -> None:
        """Forget all that clients wrote or caused; with a seed or a named world, go on there. The clock is kept."""
        await self.store.replace({})
        self._begin(self.seed if seed is None else seed, named or self.world.named)

    async def export_state(self) -> dict[str, Any]:
        """Seed, named world, clock and all that clients wrote, as JSON values."""
        return {
            "version": STATE_VERSION,
            "seed": self.seed,
            "world": str(self.world.named),
            "clock": self.clock.dump(),
            "collections": await self.store.dump(),
        }

    async def import_state(self, state: dict[str, Any]) -> int:
        """Take over what `export_state` gave and return how many documents it held; StateError when it is not that."""
        if state.get("version") != STATE_VERSION:
            raise StateError(f"version {state.get('version')!r} is not {STATE_VERSION}, the one this gridmock reads")
        seed, collections = state.get("seed"), state.get("collections")
        if not isinstance(seed, int) or not 0 <= seed <= MAX_SEED:
            raise StateError(f"seed {seed!r} is not an integer from 0 to {MAX_SEED}")
        if not isinstance(collections, dict):
            raise StateError("collections is not an object")
        try:
            named = NamedWorld.parse(state["world"]) if "world" in state else self.world.named
            Clock().load(state.get("clock", {}))
            self.accounts.check(collections)
            await self.store.replace(collections)
        except (AttributeError, TypeError, ValueError) as error:
            raise StateError(str(error)) from None
        self.clock.load(state["clock"])
        self._begin(seed, named)
        for mounted in self.apis:
            await mounted.api.resume(self)
        return sum(len(documents) for documents in collections.values())

    def _begin(self, seed: int, named: NamedWorld) -> None:
        self.world = World(seed, self.clock, named)
        self.ready = self._ready_accounts(seed)
        self.journal.clear(restart=True)
        self.outbox.restart()
        self.scheduler.clear()
        self.faults.clear()
        self.ocpp.clear()
        self.limiter.clear()
