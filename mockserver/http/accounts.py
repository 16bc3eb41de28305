"""Who may call: applications, and the tokens issued to them. OAuth 2 rules without HTTP.

Lifetimes run on the virtual clock. Token texts follow from the seed and a counter kept in the store, so a repeated run
issues the same ones. Sources: RFC 6749 (OAuth 2.0), RFC 7636 (PKCE), RFC 7009 (revocation).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from fixtures.days import SECOND_US, unix_us
from mockserver import ids
from mockserver.clock import timestamp
from mockserver.store import Store
from mockserver.store.counter import next_number
from mockserver.store.overlay import DELETED, Overlay

ACCESS_TOKEN_LIFETIME_S = 36_000
CODE_LIFETIME_S = 60
DEFAULT_LIMIT_PER_HOUR = 1000


_NONE = type(None)
_SHAPES: Mapping[str, Mapping[str, tuple[type, ...]]] = {
    "applications": {
        "client_id": (str,),
        "client_secret": (str,),
        "name": (str,),
        "scopes": (list,),
        "redirect_uris": (list,),
        "contract_fields": (bool,),
        "rate_limit_per_hour": (int,),
        "created_at": (str,),
    },
    "grants": {
        "kind": (str,),
        "client_id": (str,),
        "user_id": (str, _NONE),
        "scopes": (list,),
        "expires_at_us": (int, _NONE),
        "family": (str,),
    },
    "counters": {"last": (int,)},
}
"""The fields that a stored document must have, and their types, by collection."""


class OAuthError(Exception):
    """A refusal in OAuth's own words: `code` is an error code of RFC 6749 section 5.2 or 4.1.2.1."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


@dataclass(frozen=True)
class Application:
    """An OAuth client. `contract_fields` shows it what a provider shows to contracted clients only."""

    client_id: str
    client_secret: str
    name: str
    scopes: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    contract_fields: bool
    rate_limit_per_hour: int
    created_at: str


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling, and what the credential allows; `user_id` is None for an application on its own behalf."""

    application: Application
    user_id: str | None
    scopes: frozenset[str]
    token: str = field(default="", repr=False)
    """The token by which it was recognised."""

    @property
    def client_id(self) -> str:
        """The id of the application."""
        return self.application.client_id


@dataclass(frozen=True)
class ReadyAccounts:
    """What exists before anybody created anything: applications, and access tokens that never expire."""

    applications: Sequence[Application] = ()
    tokens: Mapping[str, Mapping[str, Any]] | None = None
    """Token text to `{client_id, user_id, scopes}`, and `label`, which says whose it is, where there are several."""

    @cached_property
    def by_id(self) -> dict[str, Application]:
        """The applications by id."""
        return {application.client_id: application for application in self.applications}

    @cached_property
    def application_rows(self) -> dict[str, dict[str, Any]]:
        """The applications as the store would hold them."""
        return {application.client_id: application_row(application) for application in self.applications}

    @cached_property
    def grant_rows(self) -> dict[str, dict[str, Any]]:
        """The tokens as the store would hold them."""
        return {
            text: {"kind": "access", "expires_at_us": None, "family": text, **grant}
            for text, grant in (self.tokens or {}).items()
        }


def application_row(application: Application) -> dict[str, Any]:
    """An application as the store holds it."""
    return {**asdict(application), "scopes": [*application.scopes], "redirect_uris": [*application.redirect_uris]}


def _application(row: Mapping[str, Any]) -> Application:
    return Application(**{**row, "scopes": tuple(row["scopes"]), "redirect_uris": tuple(row["redirect_uris"])})


class Accounts:
    """Applications and grants. A grant is an access token, a refresh token or an authorization code.

    Grants of one authorisation share a `family`; revoking one of them, or using a code or a refresh token twice,
    ends the whole family (RFC 6749 section 4.1.2, RFC 9700 section 4.14).
    """

    def __init__(
        self,
        store: Store,
        seed: Callable[[], int],
        now: Callable[[], datetime],
        ready: Callable[[], ReadyAccounts],
    ) -> None:
        """`ready` gives what exists from the start, for the seed of now."""
        self._store = store
        self._seed = seed
        self._now = now
        self._ready = ready
        self._applications = Overlay(store, "applications", lambda: ready().application_rows)
        self._grants = Overlay(store, "grants", lambda: ready().grant_rows)

    @staticmethod
    def check(collections: Mapping[str, Mapping[str, Any]]) -> None:
        """TypeError, saying which, when a document to be imported is not what accounts are made of."""
        for collection, shape in _SHAPES.items():
            for key, row in collections.get(collection, {}).items():
                if row == DELETED:
                    continue
                wrong = [name for name, types in shape.items() if not isinstance(row.get(name, ...), types)]
                if wrong or (collection == "applications" and set(row) != set(shape)):
                    raise TypeError(f"{collection}/{key} is not sound: {', '.join(wrong) or 'unknown fields'}")

    async def application(self, client_id: str) -> Application | None:
        """The application of that id, or None."""
        row = await self._applications.get(client_id)
        if row is None:
            return None
        ready = self._ready()
        return ready.by_id[client_id] if row is ready.application_rows.get(client_id) else _application(row)

    async def applications(self) -> list[Application]:
        """All applications, by id."""
        return [_application(row) for row in await self._applications.list()]

    async def register(
        self,
        name: str,
        scopes: Sequence[str],
        redirect_uris: Sequence[str],
        *,
        contract_fields: bool,
        rate_limit_per_hour: int,
    ) -> Application:
        """Create an application with an id and a secret of its own."""
        number = await next_number(self._store, "application")
        application = Application(
            client_id=ids.secret(self._seed(), "client_id", number, size=15),
            client_secret=ids.secret(self._seed(), "client_secret", number),
            name=name,
            scopes=tuple(scopes),
            redirect_uris=tuple(redirect_uris),
            contract_fields=contract_fields,
            rate_limit_per_hour=rate_limit_per_hour,
            created_at=timestamp(self._now()),
        )
        await self.add(application)
        return application

    async def add(self, application: Application) -> None:
        """Take up an application whose id and secret are made elsewhere."""
        await self._applications.put(application.client_id, application_row(application))

    async def remove(self, client_id: str) -> bool:
        """Delete an application, which ends its tokens; False when there is none."""
        return await self._applications.delete(client_id)

    async def authenticate(self, client_id: str, client_secret: str) -> Application:
        """The application with that id and secret; OAuthError `invalid_client` otherwise."""
        application = await self.application(client_id)
        if application is None or not hmac.compare_digest(application.client_secret.encode(), client_secret.encode()):
            raise OAuthError("invalid_client", "Unknown client, or wrong client secret.")
        return application

    async def identify(self, token: str) -> Principal | None:
        """Who holds an access token; None when it is unknown, expired, revoked or its application gone."""
        row = await self._grants.get(token)
        if row is None or row["kind"] != "access" or self._expired(row):
            return None
        application = await self.application(row["client_id"])
        return None if application is None else Principal(application, row["user_id"], frozenset(row["scopes"]), token)

    async def grant(
        self, token: str, client_id: str, user_id: str | None, scopes: Sequence[str], expires_at: datetime | None = None
    ) -> None:
        """Let a token be good whose text is made elsewhere, until an aware instant or for ever."""
        row = {
            "kind": "access",
            "client_id": client_id,
            "user_id": user_id,
            "scopes": [*scopes],
            "expires_at_us": None if expires_at is None else unix_us(expires_at),
            "family": token,
        }
        await self._grants.put(token, row)

    async def end(self, token: str) -> None:
        """Let a token be good no longer."""
        await self._grants.delete(token)

    def granted_scopes(self, application: Application, asked: str | None) -> tuple[str, ...]:
        """The scopes to grant: those asked for (space-separated), all of the application's when none are.

        OAuthError `invalid_scope` for one that the application does not have.
        """
        if not asked or not asked.strip():
            return application.scopes
        wanted = tuple(dict.fromkeys(asked.split()))
        beyond = [scope for scope in wanted if scope not in application.scopes]
        if beyond:
            raise OAuthError("invalid_scope", f"The application does not have: {' '.join(beyond)[:200]}.")
        return wanted

    async def issue_code(
        self,
        application: Application,
        user_id: str,
        scopes: Sequence[str],
        redirect_uri: str | None,
        challenge: str | None,
    ) -> str:
        """An authorization code of 60 s; `challenge` is the S256 code challenge of PKCE, if one was sent."""
        extra = {"redirect_uri": redirect_uri, "challenge": challenge}
        return await self._grant("code", application.client_id, user_id, scopes, CODE_LIFETIME_S, None, extra)

    async def redeem_code(
        self, application: Application, code: str, redirect_uri: str | None, verifier: str | None, *, proven: bool
    ) -> dict[str, Any]:
        """Exchange a code for tokens, once. `proven` says that the client showed its secret; else PKCE has to prove it.

        OAuthError `invalid_grant` for a code that is unknown, used, expired, another client's, or does not fit.
        """
        row = await self._grants.get(code)
        if row is None or row["kind"] != "code" or row["client_id"] != application.client_id:
            raise OAuthError("invalid_grant", "Unknown authorization code.")
        if row.get("used"):
            await self._end_family(row["family"])
            raise OAuthError("invalid_grant", "The authorization code was used before; its tokens are revoked.")
        if self._expired(row):
            raise OAuthError("invalid_grant", f"The authorization code has expired; it lives {CODE_LIFETIME_S} s.")
        if row["redirect_uri"] != redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri is not the one that the code was issued for.")
        if row["challenge"] is not None:
            if verifier is None or not hmac.compare_digest(_challenge(verifier).encode(), row["challenge"].encode()):
                raise OAuthError("invalid_grant", "code_verifier does not match the code_challenge.")
        elif not proven:
            raise OAuthError("invalid_client", "A client without secret has to use PKCE.")
        await self._grants.put(code, {**row, "used": True})
        return await self.issue_tokens(
            application, row["user_id"], row["scopes"], family=row["family"], public=not proven
        )

    async def refresh(
        self, application: Application, refresh_token: str, scope: str | None, *, proven: bool
    ) -> dict[str, Any]:
        """New tokens for a refresh token, which is used up; `scope` may narrow what the new access token allows.

        A client that showed its secret to get the token has to show it again (RFC 6749 section 6), which `proven` says.
        OAuthError `invalid_grant`, `invalid_client` or `invalid_scope`.
        """
        row = await self._grants.get(refresh_token)
        if row is None or row["kind"] != "refresh" or row["client_id"] != application.client_id:
            raise OAuthError("invalid_grant", "Unknown refresh token.")
        if not proven and not row["public"]:
            raise OAuthError("invalid_client", "The refresh token was issued to a client with a secret: send it.")
        if row.get("used"):
            await self._end_family(row["family"])
            raise OAuthError("invalid_grant", "The refresh token was used before; its tokens are revoked.")
        wanted = tuple(dict.fromkeys((scope or "").split())) or tuple(row["scopes"])
        if not set(wanted) <= set(row["scopes"]):
            raise OAuthError("invalid_scope", "A refresh cannot widen the scope.")
        await self._grants.put(refresh_token, {**row, "used": True})
        return await self.issue_tokens(
            application,
            row["user_id"],
            wanted,
            refresh_scopes=row["scopes"],
            family=row["family"],
            public=row["public"],
        )

    async def issue_tokens(
        self,
        application: Application,
        user_id: str | None,
        scopes: Sequence[str],
        *,
        lifetime_s: int = ACCESS_TOKEN_LIFETIME_S,
        refresh_scopes: Sequence[str] | None = None,
        family: str | None = None,
        public: bool = False,
    ) -> dict[str, Any]:
        """A token response (RFC 6749 section 5.1); with a refresh token when a user stands behind it.

        `refresh_scopes` is what the refresh token allows, when that is more than `scopes`. `public` says that the
        client has no secret to show, so that it need not show one to refresh either.
        """
        access = await self._grant("access", application.client_id, user_id, scopes, lifetime_s, family)
        answer = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": lifetime_s,
            "scope": " ".join(scopes),
        }
        if user_id is not None:
            answer["refresh_token"] = await self._grant(
                "refresh",
                application.client_id,
                user_id,
                refresh_scopes or scopes,
                None,
                family or access,
                {"public": public},
            )
        return answer

    async def revoke(self, application: Application, token: str) -> None:
        """End a token and all of its family; nothing happens for one that is unknown or another client's."""
        row = await self._grants.get(token)
        if row is not None and row["client_id"] == application.client_id:
            await self._end_family(row["family"])

    async def _grant(
        self,
        kind: str,
        client_id: str,
        user_id: str | None,
        scopes: Sequence[str],
        lifetime_s: int | None,
        family: str | None,
        extra: Mapping[str, Any] | None = None,
    ) -> str:
        number = await next_number(self._store, "grant")
        text = ids.secret(self._seed(), kind, number)
        expires_at_us = None if lifetime_s is None else unix_us(self._now()) + lifetime_s * SECOND_US
        row = {
            "kind": kind,
            "client_id": client_id,
            "user_id": user_id,
            "scopes": [*scopes],
            "expires_at_us": expires_at_us,
            "family": family or text,
            **(extra or {}),
        }
        await self._grants.put(text, row)
        return text

    async def _end_family(self, family: str) -> None:
        for document in await self._store.list("grants"):
            if document.value.get("family") == family:
                await self._grants.delete(document.key)
        await self._grants.delete(family)

    def _expired(self, row: Mapping[str, Any]) -> bool:
        return row["expires_at_us"] is not None and unix_us(self._now()) >= row["expires_at_us"]


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
