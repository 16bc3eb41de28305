"""Who the checker is to the target, and how that stays out of everything it writes.

In curl lines a secret appears as the shell variable that a user would put it in (`$GRIDMOCK_TOKEN`), so that the line
works when pasted; in other text it is replaced by the same word.
"""

from __future__ import annotations

import re
import shlex
from base64 import b64decode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

MASK = "***"
"""Stands for a secret that no shell variable is known for."""
# Shorter values (a version header, `1`) would be replaced all over the report, and are no secrets.
_RECOGNISABLE = 6
# Text that means itself between double quotes.
_PLAIN = re.compile(r"[\w :;,./=+-]+", re.ASCII)


@dataclass(frozen=True)
class Credentials:
    """Headers for every request, and the secrets in them or behind them: shell variable by secret value."""

    headers: Mapping[str, str]
    secrets: Mapping[str, str]
    roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Headers of other callers by their role: `other` has nothing to do with us, `reader` may only read."""
    callers: Mapping[str, str] = field(default_factory=dict)
    """The role of whom we are at an operation, by its label, where that is not who we are elsewhere."""

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self.headers) or 'none'})"

    def headers_at(self, operation: str) -> Mapping[str, str]:
        """Headers of every request to an operation, by its label: ours where nothing is known of who may call it."""
        return self.roles.get(self.callers.get(operation, ""), self.headers)

    def missing_at(self, operation: str) -> str:
        """The role of whom an operation, by its label, is for where nothing is known of them; else an empty text."""
        role = self.callers.get(operation, "")
        return "" if role in self.roles else role

    @property
    def missing(self) -> Mapping[str, str]:
        """The roles in `callers` of which nothing is known, each with the label of the first operation for them."""
        found: dict[str, str] = {}
        for label in self.callers:
            if role := self.missing_at(label):
                found.setdefault(role, label)
        return found

    def learn(self, secret: str, variable: str) -> None:
        """Keep a secret that the run has come by out of everything it writes, too."""
        object.__setattr__(self, "secrets", {**self.secrets, secret: variable})
        self.__dict__.pop("recognisable", None)

    @cached_property
    def recognisable(self) -> Mapping[str, str]:
        """The secrets that stand out in any text, and those within them: what follows a scheme, a password in Basic."""
        found = dict(self.secrets)
        for secret, variable in self.secrets.items():
            scheme, _, rest = secret.rpartition(" ")
            if scheme.lower() in ("bearer", "token", "apikey"):
                found.setdefault(rest, f"{variable}_TOKEN")
            with suppress(ValueError):
                password = b64decode(rest, validate=True).decode().partition(":")[2]
                found.setdefault(password, f"{variable}_PASSWORD")
        return {secret: variable for secret, variable in found.items() if len(secret) >= _RECOGNISABLE}

    def mask(self, text: str) -> str:
        """The text with every secret in it replaced by its variable."""
        known = self.recognisable
        return "".join(f"${known[part]}" if part in known else part for part in _split(text, known))

    def shell_word(self, text: str, encoding: str = "utf-8") -> str:
        """The text as one word of a POSIX shell, with every secret in it as a variable that the shell expands.

        Characters that a terminal would garble, or send in another encoding, become escapes of the form `$'\\xff'`.
        """
        return self._word(self._split(text), encoding)

    def shell_header(self, name: str, value: str) -> str:
        """A header as one word of a POSIX shell; a header of our own shows no part of a secret, however short."""
        if not value:
            # curl takes `Name;` for a header without a value, and `Name:` for no such header.
            return shlex.quote(f"{name};")
        known = (pair for headers in (self.headers, *self.roles.values()) for pair in headers.items())
        ours = any(name.lower() == header.lower() and value == own for header, own in known)
        text = f"{name}: {value}"
        return self._word(_split(text, self.secrets) if ours else self._split(text), "latin-1")

    def _split(self, text: str) -> list[str]:
        return _split(text, (secret for secret in self.secrets if len(secret) >= _RECOGNISABLE))

    def _word(self, parts: list[str], encoding: str) -> str:
        if not any(part in self.secrets for part in parts):
            return _quoted("".join(parts), encoding)
        if len(parts) == 2 and _PLAIN.fullmatch(parts[0]):
            return f'"{parts[0]}${self.secrets[parts[1]]}"'
        # Words without a space between them are one word to the shell.
        return "".join(
            f'"${self.secrets[part]}"' if part in self.secrets else _quoted(part, encoding) for part in parts
        )


NOBODY = Credentials({}, {})
"""For texts that may hold no secret of ours."""


def _split(text: str, secrets: Iterable[str]) -> list[str]:
    # The longest first, because one secret may be part of another.
    alternatives = "|".join(re.escape(secret) for secret in sorted(secrets, key=len, reverse=True))
    return [part for part in re.split(f"({alternatives})", text) if part] if alternatives else [text]


def _quoted(text: str, encoding: str) -> str:
    if text.isprintable() and (text.isascii() or encoding == "utf-8"):
        return shlex.quote(text)
    raw = text.encode(encoding, "surrogateescape")
    escapes = (chr(byte) if 32 <= byte < 127 and byte not in b"\\'" else f"\\x{byte:02x}" for byte in raw)
    return f"$'{''.join(escapes)}'"
