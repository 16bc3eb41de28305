"""Who the checker is to the target, and how that stays out of everything it writes.

In curl lines a secret appears as the shell variable that a user would put it in (`$GRIDMOCK_TOKEN`), so that the line
works when pasted; in other text it is replaced by the same word.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Shorter values (a version header, `1`) would be replaced all over the report, and are no secrets.
_RECOGNISABLE = 6


@dataclass(frozen=True)
class Credentials:
    """Headers for every request, and the secrets in them or behind them: shell variable by secret value."""

    headers: Mapping[str, str]
    secrets: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Credentials({', '.join(self.headers) or 'none'})"

    def mask(self, text: str) -> str:
        """The text with every secret in it replaced by its variable."""
        return "".join(f"${self.secrets[part]}" if part in self.secrets else part for part in self._split(text))

    def shell_word(self, text: str) -> str:
        """The text as one word of a POSIX shell, with every secret in it as a variable that the shell expands."""
        return self._word(self._split(text))

    def shell_header(self, name: str, value: str) -> str:
        """A header as one word of a POSIX shell; a header of our own shows no part of a secret, however short."""
        ours = any(name.lower() == header.lower() and value == own for header, own in self.headers.items())
        parts = _split(value, self.secrets) if ours else self._split(value)
        # curl takes `Name;` for a header without a value, and `Name:` for no such header.
        return self._word([f"{name}: ", *parts]) if value else shlex.quote(f"{name};")

    def _split(self, text: str) -> list[str]:
        return _split(text, (secret for secret in self.secrets if len(secret) >= _RECOGNISABLE))

    def _word(self, parts: list[str]) -> str:
        if not any(part in self.secrets for part in parts):
            return shlex.quote("".join(parts))
        words = (f"${{{self.secrets[part]}}}" if part in self.secrets else _escaped(part) for part in parts)
        return re.sub(r"\$\{(\w+)\}(?!\w)", r"$\1", f'"{"".join(words)}"')


def _split(text: str, secrets: Iterable[str]) -> list[str]:
    # The longest first, because one secret may be part of another.
    alternatives = "|".join(re.escape(secret) for secret in sorted(secrets, key=len, reverse=True))
    return re.split(f"({alternatives})", text) if alternatives else [text]


def _escaped(text: str) -> str:
    return re.sub(r'([\\"$`])', r"\\\1", text)
