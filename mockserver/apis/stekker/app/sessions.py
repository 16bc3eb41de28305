"""Tag Sessions: charging sessions and their plans."""

from __future__ import annotations

from typing import cast

from mockserver.apis.stekker.app import views
from mockserver.apis.stekker.charging import organizations, sessions
from mockserver.apis.stekker.charging.sessions import Session
from mockserver.http.errors import NotFound
from mockserver.http.exchange import Context


async def list_sessions(ctx: Context, *, organization_id: str, state: str | None) -> list[views.Wire]:
    """The sessions of an organization in the order in which they began."""
    found = [each for each in await _all(ctx, organization_id) if state in (None, sessions.state(each))]
    return [views.session(each) for each in sorted(found, key=lambda each: each["number"])]


async def get_session(ctx: Context, *, organization_id: str, session_id: str) -> views.Wire:
    """One session with its plan."""
    for session in await _all(ctx, organization_id):
        if session["session_id"] == session_id:
            return views.session(session)
    raise NotFound(f"There is no session {session_id[:80]!r}.")


async def _all(ctx: Context, organization_id: str) -> list[Session]:
    organization = await organizations.named(ctx.runtime, organization_id)
    return [cast("Session", row) for row in await organization.sessions.list()]
