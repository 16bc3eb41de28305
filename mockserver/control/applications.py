"""OAuth applications, and tokens without the dance."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mockserver.clock import timestamp
from mockserver.http.accounts import (
    ACCESS_TOKEN_LIFETIME_S,
    DEFAULT_LIMIT_PER_HOUR,
    Application,
    OAuthError,
    application_row,
)
from mockserver.http.errors import FieldError, InvalidRequest, NotFound
from mockserver.http.exchange import Context, Reply


async def list_applications(ctx: Context) -> list[dict[str, Any]]:
    """All applications, by id."""
    return [application_row(application) for application in await ctx.runtime.accounts.applications()]


async def create_application(ctx: Context) -> dict[str, Any]:
    """Register an application with credentials of its own; without scopes it gets every scope there is."""
    body = ctx.body
    known = {scope for mounted in ctx.runtime.apis for scope in mounted.spec.scopes}
    unknown = [scope for scope in body.get("scopes", ()) if scope not in known]
    if unknown:
        raise InvalidRequest([FieldError("body", "scopes", f"no API has the scope {scope[:80]}") for scope in unknown])
    application = await ctx.runtime.accounts.register(
        body["name"],
        body.get("scopes", sorted(known)),
        body.get("redirect_uris", ()),
        contract_fields=body.get("contract_fields", True),
        rate_limit_per_hour=body.get("rate_limit_per_hour", DEFAULT_LIMIT_PER_HOUR),
    )
    return application_row(application)


async def get_application(ctx: Context, *, client_id: str) -> dict[str, Any]:
    """One application with its credentials."""
    return application_row(await _found(ctx, client_id))


async def delete_application(ctx: Context, *, client_id: str) -> None:
    """Remove an application; its tokens stop working."""
    await _found(ctx, client_id)
    await ctx.runtime.accounts.remove(client_id)


async def create_token(ctx: Context, *, client_id: str) -> Reply:
    """An access token for an application, on its own behalf or a user's."""
    application = await _found(ctx, client_id)
    body = ctx.body or {}
    user_id = body.get("user_id")
    if user_id is not None and not _is_known(ctx, user_id):
        text = "there is no such user; GET /_mock/users lists those of the world, an API names those that it makes"
        raise InvalidRequest([FieldError("body", "user_id", text)])
    accounts = ctx.runtime.accounts
    try:
        scopes = accounts.granted_scopes(application, " ".join(body.get("scopes", ())))
    except OAuthError as error:
        raise InvalidRequest([FieldError("body", "scopes", error.description)]) from None
    lifetime_s = body.get("lifetime_s", ACCESS_TOKEN_LIFETIME_S)
    answer = await accounts.issue_tokens(application, user_id, scopes, lifetime_s=lifetime_s)
    wire = {
        "access_token": answer["access_token"],
        "token_type": answer["token_type"],
        "scope": answer["scope"],
        "expires_at": timestamp(ctx.at + timedelta(seconds=lifetime_s)),
        "user_id": user_id,
    }
    return Reply(201, wire, [("cache-control", "no-store")])


def _is_known(ctx: Context, user_id: str) -> bool:
    if ctx.world.driver(user_id) is not None:
        return True
    return any(mounted.api.knows_user(ctx.world, user_id) for mounted in ctx.runtime.apis)


async def _found(ctx: Context, client_id: str) -> Application:
    application = await ctx.runtime.accounts.application(client_id)
    if application is None:
        raise NotFound(f"There is no application {client_id[:80]!r}.")
    return application
