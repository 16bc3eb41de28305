"""Tag Installer accounts: how installers sign up, log in, and get a new password."""

from __future__ import annotations

from datetime import timedelta

from mockserver import ids
from mockserver.apis.dynamo import tokens
from mockserver.apis.dynamo.installer_registry import INSTALLER, INSTALLERS, RESET, RESET_HOLDS, RESETS
from mockserver.apis.dynamo.mail import confirmation_mail, password_mail
from mockserver.apis.dynamo.passwords import fits, kept
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.seed import ORGANIZATIONS, SCOPES, installer_id
from mockserver.http.errors import Conflict, Forbidden, MalformedRequest, Unauthenticated
from mockserver.http.exchange import Context
from mockserver.store import Value
from mockserver.store.counter import next_number

_LIFETIME_S = 3600


async def sign_up_installer(ctx: Context) -> Value:
    """Make an account that can log in at once."""
    return await _sign_up(ctx, "active")


async def sign_up_installer_with_confirmation(ctx: Context) -> Value:
    """Make an account that can log in once the link of the e-mail has been opened."""
    installer = await _sign_up(ctx, INSTALLER.states[0])
    await ctx.runtime.mailbox.send(ctx.at, confirmation_mail(ctx.world.seed, ctx.origin, installer))
    return installer


async def log_in_installer(ctx: Context) -> Value:
    """Give a token for an hour."""
    installer = await _installer(ctx)
    # An address that nobody has takes the same work, so that the time tells nothing.
    if not fits(ctx.body["password"], installer["password"] if installer else "nobody.") or not installer:
        raise Unauthenticated("The e-mail address or the password is wrong.", slug="invalid_credentials")
    if installer["status"] != "active":
        text = "Confirm the e-mail address first, by the link that was sent to it."
        raise Forbidden(text, slug="email_not_verified")
    who, ends_at = installer["installer_id"], ctx.at + timedelta(seconds=_LIFETIME_S)
    number = await next_number(ctx.store, "dynamo.logins")
    token = tokens.signed(ctx.world.seed, who, str(number), ctx.at, ends_at)
    await ctx.runtime.accounts.grant(token, installer["org_id"], who, SCOPES, ends_at)
    held = {text: until for text, until in installer["logins"].items() if until > to_the_second(ctx.at)}
    await INSTALLERS.set(ctx, installer, logins={**held, token: to_the_second(ends_at)})
    return {"access_token": token, "token_type": "Bearer", "expires_in": _LIFETIME_S, "installer_id": who}


async def log_out_installer(ctx: Context) -> None:
    """End the token of the request."""
    await ctx.runtime.accounts.end(Caller.of(ctx).principal.token)


async def request_installer_password_reset(ctx: Context) -> Value:
    """Send a token for a new password to whoever has an account; the answer does not say who has."""
    installer = await _installer(ctx)
    if installer:
        reset = await RESETS.create(
            ctx,
            body={},
            installer_id=installer["installer_id"],
            status=RESET.states[0],
            expires_at=to_the_second(ctx.at + RESET_HOLDS),
        )
        await ctx.runtime.mailbox.send(ctx.at, password_mail(ctx.world.seed, installer, reset))
    return {"message": "If there is an account with this address, an e-mail is on its way."}


async def reset_installer_password(ctx: Context) -> Value:
    """Set a new password by the token that was sent, which ends every login."""
    names = ids.unsealed(ctx.world.seed, ctx.body["token"]) or ("",)
    reset = await RESETS.find(ctx, names[0])
    if reset is None:
        raise MalformedRequest("The token is unknown. Ask for a new e-mail.", slug="invalid_reset_token")
    await RESETS.set(ctx, reset, **RESET.move(reset, "use", ctx.at))
    installer = await INSTALLERS.get(ctx, reset["installer_id"])
    salt = ids.secret(ctx.world.seed, reset["id"])
    await INSTALLERS.set(ctx, installer, password=kept(ctx.body["new_password"], salt), logins={})
    for token in installer["logins"]:
        await ctx.runtime.accounts.end(token)
    return {"message": "The password has been changed."}


async def _sign_up(ctx: Context, status: str) -> Value:
    """A new account; who signs up works for the first organization, since no call says for which one."""
    key, seed = installer_id(ctx.world.seed, ctx.body["email"]), ctx.world.seed
    if await INSTALLERS.find(ctx, key):
        text = "There is an account with this e-mail address. Log in, or ask for a new password."
        raise Conflict(text, slug="email_taken")
    password = kept(ctx.body["password"], ids.secret(seed, key))
    return await INSTALLERS.create(
        ctx, key=key, org_id=ORGANIZATIONS[0].id(seed), status=status, password=password, logins={}
    )


async def _installer(ctx: Context) -> Value | None:
    """Who has the address of the body."""
    return await INSTALLERS.find(ctx, installer_id(ctx.world.seed, ctx.body["email"]))
