"""Passwords: what a new one needs, and how they are kept, which is as salted hashes of scrypt (RFC 7914)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

_COST, _BLOCK_SIZE, _PARALLEL = 1 << 10, 8, 1
"""1 MiB and 2 ms each: little, since what the mock guards is worth nothing."""
_SHORTEST, _LONGEST = 10, 128
_NEEDS: Mapping[str, str] = {"[A-Z]": "an upper-case letter", "[a-z]": "a lower-case letter", "[0-9]": "a digit"}
_LOGIN = "log-in-installer"
_MEMBERS: Mapping[str, str] = {
    "sign-up-installer": "password",
    "sign-up-installer-with-confirmation": "password",
    "reset-installer-password": "new_password",
    _LOGIN: "password",
}
"""The member that holds a password, by operation."""


def reword(operation_id: str, body: Any) -> Mapping[str, str]:
    """See `Api.reword`: what is wrong with the password of a body, in words that do not repeat it."""
    name = _MEMBERS.get(operation_id)
    if name is None or not isinstance(body, dict) or name not in body:
        return {}
    password = body[name]
    if not isinstance(password, str) or not 0 < len(password) <= _LONGEST:
        return {name: f"is no text of 1 to {_LONGEST} characters"}
    lacks = [what for pattern, what in _NEEDS.items() if not re.search(pattern, password)]
    if len(password) < _SHORTEST:
        lacks.append(f"{_SHORTEST} characters")
    return {name: f"needs {' and '.join(lacks)}"} if lacks and operation_id != _LOGIN else {}


def kept(password: str, salt: str) -> str:
    """What is kept of a password; the salt has no dot."""
    key = hashlib.scrypt(password.encode(), salt=salt.encode(), n=_COST, r=_BLOCK_SIZE, p=_PARALLEL)
    return f"{salt}.{base64.urlsafe_b64encode(key).decode()}"


def fits(password: str, kept_text: str) -> bool:
    """Whether a password is the one of which that was kept."""
    return hmac.compare_digest(kept(password, kept_text.partition(".")[0]), kept_text)
