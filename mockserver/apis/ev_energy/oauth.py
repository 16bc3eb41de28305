"""ev.energy's OAuth 2 endpoints: consent, tokens, revocation. The rules are in `mockserver.http.accounts`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from mockserver.http.accounts import Application, OAuthError, Principal
from mockserver.http.auth import basic_credentials
from mockserver.http.errors import ApiError, Headers, UnsupportedMediaType
from mockserver.http.exchange import Context, Exchange, Reply
from specs.operation import Operation

NO_STORE: Headers = [("cache-control", "no-store"), ("pragma", "no-cache")]


@dataclass(frozen=True)
class OAuthErrors:
    """RFC 6749 section 5.2: `{"error": code, "error_description": text}`."""

    content_type: str = "application/json"

    def status(self, error: ApiError) -> int:
        """See `ErrorStyle.status`."""
        return 400 if isinstance(error, UnsupportedMediaType) else error.status

    def render(self, error: ApiError, operation: Operation | None, url: str) -> dict[str, str]:
        """See `ErrorStyle.render`."""
        code = "server_error" if error.status >= 500 else "invalid_request"
        return {"error": code, "error_description": error.detail}


async def client_in_header_or_form(exchange: Exchange) -> Principal | None:
    """A client may show its secret in the form as well, so authentication is left to the handler."""
    return None


async def get_authorize(
    ctx: Context,
    *,
    response_type: str | None,
    client_id: str | None,
    redirect_uri: str | None,
    scope: str | None,
    state: str | None,
    code_challenge: str | None,
    code_challenge_method: str | None,
) -> Reply:
    """Ask which user consents, or send the caller back with what is wrong with the request."""
    asked = {
        "response_type": response_type,
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": scope,
        "state": state,
        "code_challenge": code_challenge,
        "code_challenge_method": code_challenge_method,
    }
    return await _authorize(ctx, {name: value for name, value in asked.items() if value is not None}, decided=False)


async def post_authorize(ctx: Context) -> Reply:
    """Take the decision of the consent page: a code for the chosen user, or `access_denied`."""
    return await _authorize(ctx, ctx.body, decided=True)


async def post_token(ctx: Context) -> Reply:
    """Issue tokens for client credentials, an authorization code or a refresh token."""
    form: dict[str, str] = ctx.body
    try:
        application, proven = await _client(ctx, form)
        answer = await _tokens(ctx, application, form, proven=proven)
    except OAuthError as error:
        return _refusal(ctx, error)
    return Reply(200, answer, NO_STORE)


async def post_revoke_token(ctx: Context) -> Reply:
    """End a token; an unknown one is no error (RFC 7009 section 2.2)."""
    form: dict[str, str] = ctx.body
    try:
        application, _ = await _client(ctx, form)
    except OAuthError as error:
        return _refusal(ctx, error)
    await ctx.runtime.accounts.revoke(application, form["token"])
    return Reply(200)


async def _tokens(ctx: Context, application: Application, form: dict[str, str], *, proven: bool) -> dict[str, Any]:
    accounts = ctx.runtime.accounts
    match form["grant_type"]:
        case "client_credentials":
            if not proven:
                raise OAuthError("invalid_client", "This grant needs the client secret.")
            return await accounts.issue_tokens(
                application, None, accounts.granted_scopes(application, form.get("scope"))
            )
        case "authorization_code":
            code = _required(form, "code")
            verifier = form.get("code_verifier")
            return await accounts.redeem_code(application, code, form.get("redirect_uri"), verifier, proven=proven)
        case "refresh_token":
            token = _required(form, "refresh_token")
            return await accounts.refresh(application, token, form.get("scope"), proven=proven)
        case other:
            raise OAuthError("unsupported_grant_type", f"grant_type {other[:40]!r} is not supported.")


async def _client(ctx: Context, form: dict[str, str]) -> tuple[Application, bool]:
    """The calling application, and whether it showed its secret; OAuthError for a wrong or unknown one."""
    accounts = ctx.runtime.accounts
    credentials = basic_credentials(ctx.header("authorization"))
    if credentials is None and "client_secret" in form:
        credentials = (_required(form, "client_id"), form["client_secret"])
    if credentials is not None:
        return await accounts.authenticate(*credentials), True
    public = await accounts.application(form.get("client_id", ""))
    if public is None:
        raise OAuthError("invalid_client", "Send client_id and client_secret, in HTTP Basic or in the form.")
    return public, False


def _refusal(ctx: Context, error: OAuthError) -> Reply:
    body = {"error": error.code, "error_description": error.description}
    if error.code == "invalid_client":
        return Reply(401, body, [*NO_STORE, ("www-authenticate", 'Basic realm="ev.energy"')])
    return Reply(400, body, NO_STORE)


def _required(form: dict[str, str], name: str) -> str:
    if not form.get(name):
        raise OAuthError("invalid_request", f"{name} is missing.")
    return form[name]


async def _authorize(ctx: Context, form: dict[str, str], *, decided: bool) -> Reply:
    accounts = ctx.runtime.accounts
    application = await accounts.application(form.get("client_id", ""))
    if application is None:
        return _page(400, problem="There is no application with this client_id.")
    redirect_uri = form.get("redirect_uri") or next(iter(application.redirect_uris), "")
    if redirect_uri not in application.redirect_uris:
        # Never send a browser to an address that the application did not register (RFC 6749 section 4.1.2.1).
        return _page(400, problem="This redirect_uri is not registered for the application.")
    try:
        scopes = _checked(ctx, application, form)
        if not decided:
            return _page(200, form=form, application=application, scopes=scopes, drivers=ctx.world.drivers)
        if form.get("decision") != "allow":
            raise OAuthError("access_denied", "The user refused.")
        user_id = _required(form, "user_id")
        if ctx.world.driver(user_id) is None:
            raise OAuthError("invalid_request", "There is no such user.")
    except OAuthError as error:
        return _back(redirect_uri, form, error=error.code, error_description=error.description)
    code = await accounts.issue_code(application, user_id, scopes, form.get("redirect_uri"), form.get("code_challenge"))
    return _back(redirect_uri, form, code=code)


def _checked(ctx: Context, application: Application, form: dict[str, str]) -> tuple[str, ...]:
    if form.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type has to be: code.")
    if "code_challenge" in form and form.get("code_challenge_method") != "S256":
        raise OAuthError("invalid_request", "code_challenge_method has to be: S256.")
    return ctx.runtime.accounts.granted_scopes(application, form.get("scope"))


def _back(redirect_uri: str, form: dict[str, str], **answer: str) -> Reply:
    if "state" in form:
        answer["state"] = form["state"]
    separator = "&" if urlsplit(redirect_uri).query else "?"
    return Reply(302, None, [("location", f"{redirect_uri}{separator}{urlencode(answer)}")])


def _page(status: int, problem: str | None = None, **values: Any) -> Reply:
    return Reply(
        status,
        _template().render(problem=problem, **values),
        [("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")],
    )


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    return Environment(autoescape=True, undefined=StrictUndefined).from_string(
        Path(__file__).with_name("consent.html").read_text()
    )
