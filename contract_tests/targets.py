"""Where to check and as whom: from a targets file, or from a URL with credentials in the environment.

A targets file is TOML with one table per target; `targets.example.toml` shows every key. Values may hold `${VARIABLE}`,
so that the file can be committed and the secrets need not be.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROLES = ("other", "reader")
"""Callers beside ourselves: one who has nothing to do with us, and one of ours who may only read."""
CALLERS = "callers"
"""Where those are that a declaration names."""
KEYS = ("url", "api", "token", "client_id", "client_secret", "token_url", "scope", "headers", "values", *ROLES, CALLERS)
_HEADERS = '{ "Authorization" = "Bearer ${VARIABLE}" }'
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class TargetError(Exception):
    """A target that is not described well enough to be used; says what to do."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """An application that gets its token from `token_url` by the OAuth 2 client-credentials grant (RFC 6749, 4.4)."""

    client_id: str
    client_secret: str = field(repr=False)
    token_url: str
    scope: str = ""


@dataclass(frozen=True)
class Target:
    """A base URL and who we are to it; `secrets` names the shell variable that stands for each secret value."""

    url: str
    api: str = ""
    token: str = field(default="", repr=False)
    client: ClientCredentials | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What laws need to know and no contract says: an id that exists, somebody else's token."""
    roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    """Headers of callers beside ourselves, by the names in ROLES or those of a declaration."""


def from_file(file: Path, name: str, environment: Mapping[str, str]) -> Target:
    """The target of that name; raises TargetError for anything missing, unknown or not set, with the file's name."""
    tables = _tables(file)
    if name not in tables:
        raise TargetError(f"{file} has no target {name!r}; it has {', '.join(tables) or 'none'}")
    entry = _Entry(file, name, tables[name], environment)
    return entry.target()


def from_environment(url: str, environment: Mapping[str, str], token: str = "") -> Target:
    """A target by its URL, with the token given, else GRIDMOCK_TOKEN, else GRIDMOCK_CLIENT_ID and its companions."""
    token = token or environment.get("GRIDMOCK_TOKEN", "")
    url = base_url(url, "--url")
    if token:
        return Target(url, token=token, secrets={token: "GRIDMOCK_TOKEN"})
    names = ("GRIDMOCK_CLIENT_ID", "GRIDMOCK_CLIENT_SECRET", "GRIDMOCK_TOKEN_URL")
    missing = [name for name in names if not environment.get(name)]
    if len(missing) == len(names):
        return Target(url)
    if missing:
        raise TargetError(f"a client-credentials grant needs {', '.join(names)} in the environment: set {missing[0]}")
    client_id, client_secret, token_url = (environment[name] for name in names)
    client = ClientCredentials(client_id, client_secret, _checked_url(token_url, names[2]))
    return Target(url, client=client, secrets={client_secret: "GRIDMOCK_CLIENT_SECRET"})


def with_values(target: Target, values: Mapping[str, str]) -> Target:
    """The target with more values, which go before its own."""
    secrets = {value: variable(name) for name, value in values.items() if value and is_secret(name)}
    return replace(target, values={**target.values, **values}, secrets={**secrets, **target.secrets})


def wanted(name: str) -> str:
    """What to tell whoever has not given a value of that name."""
    return f"needs --value {name}=..., or {name} in the values of the target"


def is_secret(name: str) -> bool:
    """Whether a value of that name stays out of everything that is written."""
    return re.search(r"token|key|secret|code|password", name.lower()) is not None


def variable(name: str) -> str:
    """The shell variable that stands for a secret of that name."""
    return f"GRIDMOCK_{re.sub(r'[^A-Za-z0-9]', '_', name).upper()}"


def hosts(file: Path) -> frozenset[str]:
    """Host names of all targets in the file, or none if there is no such file."""
    if not file.exists():
        return frozenset()
    return frozenset(host_of(str(table.get("url", ""))) for table in _tables(file).values()) - {""}


def host_of(url: str) -> str:
    """The host name in a URL, in lower case, or an empty text."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host name can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def base_url(url: str, origin: str) -> str:
    """A URL without a slash at its end; raises TargetError for anything else, naming where it came from."""
    return _checked_url(url, origin).rstrip("/")


def _checked_url(url: str, origin: str) -> str:
    if "@" in url:
        raise TargetError(f"{origin}: no credentials in the URL, please, where logs show them; use a token or headers")
    try:
        parts = urlsplit(url)
        plain = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        plain = False
    if not plain or parts.query or parts.fragment:
        raise TargetError(f"{origin}: {url!r} is no URL like http://127.0.0.1:8000/ev-energy/v2")
    return url


def _tables(file: Path) -> dict[str, dict[str, Any]]:
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise TargetError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        raise TargetError(f"{file} is no TOML: {error}") from error
    loose = [name for name, table in document.items() if not isinstance(table, dict)]
    if loose:
        raise TargetError(f"{file}: {loose[0]} stands outside of a table; write [name-of-the-target] above it")
    return document


@dataclass(frozen=True)
class _Entry:
    """One table of a targets file on its way to a Target."""

    file: Path
    name: str
    table: Mapping[str, Any]
    environment: Mapping[str, str]

    def target(self) -> Target:
        unknown = [key for key in self.table if key not in KEYS]
        if unknown:
            raise self._error(f"unknown key {unknown[0]!r}; known are {', '.join(KEYS)}")
        token, client = self._text("token"), self._client()
        if token and client:
            raise self._error("has a token and a client_id: one of them")
        headers = self._texts("headers", '{ "X-Api-Key" = "${VARIABLE}" }')
        values = self._texts("values", '{ pairing_code = "${VARIABLE}" }')
        roles = {role: self._texts(role, _HEADERS) for role in ROLES} | self._callers()
        secrets: dict[str, str] = {}
        for role, told in (("", headers), *roles.items()):
            for name, raw in told.items():
                secrets |= self._secrets(raw, re.sub(r"\W", "_", f"{role}_{name}".lstrip("_")).upper())
        for name, raw in values.items():
            if is_secret(name) or _VARIABLE.search(raw):
                secrets |= self._secrets(raw, variable(name))
        secrets |= self._secrets(self._raw("token"), "GRIDMOCK_TOKEN")
        secrets |= self._secrets(self._raw("client_secret"), "GRIDMOCK_CLIENT_SECRET")
        return Target(
            url=base_url(self._text("url", required=True), f"{self.file}: [{self.name}] url"),
            api=self._text("api"),
            token=token,
            client=client,
            headers={name: self._expanded(f"headers.{name}", raw) for name, raw in headers.items()},
            secrets=secrets,
            values={name: self._expanded(f"values.{name}", raw) for name, raw in values.items()},
            roles={
                role: {name: self._expanded(f"{role}.{name}", raw) for name, raw in told.items()}
                for role, told in roles.items()
                if told
            },
        )

    def _texts(self, key: str, sample: str) -> dict[str, str]:
        table = self.table.get(key, {})
        if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
            raise self._error(f"{key}: write {sample}")
        return table

    def _callers(self) -> dict[str, dict[str, str]]:
        table = self.table.get(CALLERS, {})
        if not isinstance(table, dict) or not all(isinstance(value, dict) for value in table.values()):
            raise self._error(f"{CALLERS}: write {{ driver = {_HEADERS} }}")
        if taken := [name for name in table if name in ROLES]:
            raise self._error(f"{CALLERS}: {taken[0]} has a key of its own, beside {CALLERS}")
        entries = replace(self, table=table)
        return {name: entries._texts(name, _HEADERS) for name in table}

    def _client(self) -> ClientCredentials | None:
        if not any(key in self.table for key in ("client_id", "client_secret", "token_url", "scope")):
            return None
        return ClientCredentials(
            client_id=self._text("client_id", required=True),
            client_secret=self._text("client_secret", required=True),
            token_url=_checked_url(self._text("token_url", required=True), f"{self.file}: [{self.name}] token_url"),
            scope=self._text("scope"),
        )

    def _text(self, key: str, *, required: bool = False) -> str:
        raw = self._raw(key)
        if required and not raw:
            raise self._error(f"{key} is missing")
        return self._expanded(key, raw)

    def _raw(self, key: str) -> str:
        raw = self.table.get(key, "")
        if not isinstance(raw, str):
            raise self._error(f"{key}: text is wanted, not {raw!r}")
        return raw

    def _expanded(self, key: str, raw: str) -> str:
        missing = [name for name in _VARIABLE.findall(raw) if not self.environment.get(name)]
        if missing:
            raise self._error(f"{key}: the environment variable {missing[0]} is not set")
        return _VARIABLE.sub(lambda match: self.environment[match[1]], raw)

    def _secrets(self, raw: str, name: str) -> dict[str, str]:
        """The values of the variables in a text, or the whole text under the name where it holds no variable."""
        variables = _VARIABLE.findall(raw)
        return {self.environment[variable]: variable for variable in variables} or ({raw: name} if raw else {})

    def _error(self, message: str) -> TargetError:
        return TargetError(f"{self.file}: [{self.name}] {message}")
