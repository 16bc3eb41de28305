"""An organization: the tenant behind a token, with its settings and what the mock holds for it.

Collections of the store belong to one organization each, so nobody can come upon another's things.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, TypedDict, cast

from fixtures.prices import Area, area
from mockserver.apis.stekker.accounts import NORTH, SCOPES
from mockserver.http.accounts import Application
from mockserver.http.errors import NotFound
from mockserver.http.exchange import Context
from mockserver.http.runtime import Runtime
from mockserver.store import Value


class Settings(TypedDict):
    """What Stekker and an operator agree on: where profiles are pushed with which key, how charge points are linked."""

    callback_url: str | None
    callback_api_key: str | None
    auto_link: bool
    market_region: str


class Collection:
    """The documents of one kind that an organization has."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        self._store = runtime.store
        self._name = name

    async def get(self, key: str) -> Value | None:
        """The document, or None."""
        document = await self._store.get(self._name, key)
        return None if document is None else document.value

    async def list(self) -> list[Value]:
        """All documents, by key."""
        return [document.value for document in await self._store.list(self._name)]

    async def put(self, key: str, value: Mapping[str, Any]) -> None:
        """Create or replace."""
        await self._store.put(self._name, key, value)

    async def delete(self, key: str) -> bool:
        """Remove; False when there was nothing."""
        return await self._store.delete(self._name, key)


class Organization:
    """One tenant in a running mock; `application` is what holds its token."""

    def __init__(self, runtime: Runtime, application: Application) -> None:
        self.runtime = runtime
        self.application = application
        self.id = application.client_id

    @cached_property
    def charge_points(self) -> Collection:
        """By the operator's own id."""
        return self._collection("charge_points")

    @cached_property
    def sessions(self) -> Collection:
        """By `sessions.key_of`."""
        return self._collection("sessions")

    @cached_property
    def transactions(self) -> Collection:
        """The key of the latest session, by transaction id."""
        return self._collection("transactions")

    @cached_property
    def history(self) -> Collection:
        """What earlier sessions took, by id tag and by charge point."""
        return self._collection("history")

    @cached_property
    def id_tags(self) -> Collection:
        """Drivers' wishes, by id tag."""
        return self._collection("id_tags")

    @cached_property
    def sites(self) -> Collection:
        """Sites with a limit, by id."""
        return self._collection("sites")

    @cached_property
    def sensors(self) -> Collection:
        """The latest value of each quantity, by sensor id."""
        return self._collection("sensors")

    async def settings(self) -> Settings:
        """The settings, those of the beginning where nothing was changed."""
        changed = await _settings(self.runtime).get(self.id)
        return cast("Settings", changed) if changed else _initial(self.id)

    async def change(self, changes: Mapping[str, Any]) -> Settings:
        """Take over some settings."""
        settings = cast("Settings", {**await self.settings(), **changes})
        await _settings(self.runtime).put(self.id, settings)
        return settings

    async def market(self) -> Area:
        """The bidding zone whose prices its sessions are planned and priced by."""
        return area((await self.settings())["market_region"])

    def _collection(self, name: str) -> Collection:
        return Collection(self.runtime, f"stekker.{name}/{self.id}")


def pairing_codes(runtime: Runtime) -> Collection:
    """Codes that the app has shown, whichever organization they end up with."""
    return Collection(runtime, "stekker.pairing_codes")


def calling(ctx: Context) -> Organization:
    """The organization whose token a request carries."""
    assert ctx.principal is not None, "every operation of the API needs a token"  # noqa: S101  # a defect, not an input
    return Organization(ctx.runtime, ctx.principal.application)


async def organizations(runtime: Runtime) -> list[Organization]:
    """All that have a scope of Stekker's, by id."""
    applications = await runtime.accounts.applications()
    return [Organization(runtime, each) for each in applications if {*each.scopes} & {*SCOPES}]


async def named(runtime: Runtime, organization_id: str) -> Organization:
    """The organization with that id; NotFound when there is none."""
    for organization in await organizations(runtime):
        if organization.id == organization_id:
            return organization
    raise NotFound(f"There is no organization {organization_id[:80]!r}.")


def _settings(runtime: Runtime) -> Collection:
    return Collection(runtime, "stekker.organizations")


def _initial(organization_id: str) -> Settings:
    return {
        "callback_url": None,
        "callback_api_key": None,
        "auto_link": organization_id == NORTH,
        "market_region": "NL",
    }
