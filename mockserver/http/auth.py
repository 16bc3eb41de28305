"""How credentials are read from a request: one function per kind, named by an API for its security schemes."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mockserver.http.accounts import Principal
from mockserver.http.errors import Forbidden, Unauthenticated
from mockserver.http.exchange import Exchange

if TYPE_CHECKING:
    from mockserver.http.api import Identify


def _as_sent(token: str) -> tuple[str, ...]:
    return (token,)


def plain_or_base64(token: str) -> tuple[str, ...]:
    """A token as it was sent, and what it is when it was encoded in Base64 (OCPI 2.2.1, 4.1.2)."""
    try:
        return token, base64.b64decode(token, validate=True).decode()
    except ValueError:
        return (token,)


def access_token(*words: str, readings: Callable[[str], tuple[str, ...]] = _as_sent) -> Identify:
    """Reads `Authorization: <word> <access token>`, whatever the case of the word.

    `readings` are the tokens that the text may stand for. What it makes raises Unauthenticated for anything else in
    that header, and for a token that is no good.
    """
    known = {word.lower() for word in words}
    form = " or ".join(f"{word} <token>" for word in words)

    async def identify(exchange: Exchange) -> Principal | None:
        raw = exchange.headers.get(b"authorization")
        if raw is None:
            return None
        challenge = exchange.api.api.challenge
        scheme, _, token = raw.decode("latin-1").partition(" ")
        if scheme.lower() not in known or not token.strip():
            raise Unauthenticated(f"The Authorization header is not of the form: {form}.", challenge)
        for text in readings(token.strip()):
            principal = await exchange.runtime.accounts.identify(text)
            if principal is not None:
                return principal
        separator = ", " if " " in challenge else " "
        challenge += f'{separator}error="invalid_token"'
        raise Unauthenticated("The token is unknown, expired or revoked.", challenge)

    return identify


def key_header(name: str) -> Identify:
    """Reads a token that is the whole of a header of its own, unless there is an `Authorization` header, which wins.

    What it makes raises Unauthenticated for a token that is no good.
    """
    raw_name = name.lower().encode()

    async def identify(exchange: Exchange) -> Principal | None:
        raw = exchange.headers.get(raw_name)
        if raw is None or b"authorization" in exchange.headers:
            return None
        principal = await exchange.runtime.accounts.identify(raw.decode("latin-1").strip())
        if principal is None:
            raise Unauthenticated(f"The key in {name} is unknown, expired or revoked.", exchange.api.api.challenge)
        return principal

    return identify


bearer = access_token("Bearer")
"""RFC 6750."""


async def local_or_token(exchange: Exchange) -> Principal | None:
    """The control plane's rule: the control token where one is set, else callers on this machine only.

    `Host` and `Origin` are looked at as well, so that a web page cannot reach the mock through its visitor's browser.
    """
    expected = exchange.runtime.settings.control_token
    if expected is not None:
        scheme, _, sent = exchange.headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not hmac.compare_digest(sent, expected.encode()):
            raise Unauthenticated("The control plane needs the control token: Authorization: Bearer <control token>.")
        return None
    origin = exchange.headers.get(b"origin")
    hosts = [exchange.client_ip, _host_of(exchange.origin)]
    if origin is not None:
        hosts.append(_host_of(origin.decode("latin-1")))
    if not all(map(is_loopback, hosts)):
        raise Forbidden(
            "The control plane answers callers on this machine only. Start the mock with a control token to open it."
        )
    return None


def basic_credentials(authorization: str | None) -> tuple[str, str] | None:
    """User name and password of `Authorization: Basic ...` (RFC 7617); None for anything else."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


def _host_of(url: str) -> str:
    """The host name of a URL, empty when it is not one."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine."""
    if host == "localhost":
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback
