"""The one source of identifiers: ULIDs, UUIDs, short ids and secrets that follow from the seed and a name.

ULID: 48-bit Unix milliseconds and 80 bits of entropy in Crockford's base 32, 26 characters, sortable by time
(github.com/ulid/spec).
"""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime, timedelta
from uuid import UUID

from fixtures.rng import Name, digest

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END_MS = 221_845_392_000_000  # the year 9000; from 10 000 on there is no datetime, nor anything near it
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def ulid(at: datetime, seed: int, *names: Name) -> str:
    """The ULID of a named thing that came into being at `at` (aware); the same arguments give the same ULID."""
    number = ((at - _EPOCH) // timedelta(milliseconds=1) << 80) | int.from_bytes(digest(seed, *names, size=10), "big")
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def instant(text: str) -> datetime | None:
    """When the thing of a ULID came into being, to the millisecond in UTC; None when the text is no ULID."""
    if len(text) != 26 or not set(text) <= set(_ALPHABET):
        return None
    milliseconds = 0
    for letter in text[:10]:
        milliseconds = milliseconds * 32 + _ALPHABET.index(letter)
    return _EPOCH + timedelta(milliseconds=milliseconds) if milliseconds < _END_MS else None


def uuid(seed: int, *names: Name) -> str:
    """The UUID of a named thing, of version 8: bits of one's own making (RFC 9562 section 5.8)."""
    number = int.from_bytes(digest(seed, *names, size=16), "big")
    return str(UUID(int=number & ~(0xF << 76) & ~(0x3 << 62) | 0x8 << 76 | 0x2 << 62))


def prefixed(prefix: str, seed: int, *names: Name, size: int = 10) -> str:
    """The prefix and `size` bytes in Crockford's base 32, 8 letters for each 5 bytes, of which it is a multiple."""
    number = int.from_bytes(digest(seed, prefix, *names, size=size), "big")
    return prefix + "".join([_PAIRS[(number >> shift) & 1023] for shift in range(size * 8 - 10, -1, -10)])


def sealed(seed: int, *names: str) -> str:
    """The names, without dots, and a secret that follows from them, joined by dots: a token of what it is for."""
    return ".".join([*names, secret(seed, "sealed", *names)])


def unsealed(seed: int, text: str) -> tuple[str, ...] | None:
    """The names of a token that `sealed` made; None for any other text."""
    names = tuple(text.split(".")[:-1])
    return names if names and hmac.compare_digest(sealed(seed, *names).encode(), text.encode()) else None


def secret(seed: int, *names: Name, size: int = 24) -> str:
    """A URL-safe token of `size` bytes for credentials of the mock; it follows from the seed, so it guards nothing."""
    return base64.urlsafe_b64encode(digest(seed, *names, size=size)).decode().rstrip("=")
