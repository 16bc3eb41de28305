"""JSON Web Tokens (RFC 7519) of installers. What they say is for clients to read: the mock looks its tokens up."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any

import orjson

from fixtures.days import unix_s
from mockserver import ids


def signed(seed: int, subject: str, token_id: str, issued_at: datetime, ends_at: datetime) -> str:
    """A token for somebody between two aware instants, signed by HMAC with SHA-256."""
    claims = {"sub": subject, "jti": token_id, "iat": unix_s(issued_at), "exp": unix_s(ends_at)}
    text = f"{_part({'alg': 'HS256', 'typ': 'JWT'})}.{_part(claims)}"
    signature = hmac.digest(ids.secret(seed, "jwt").encode(), text.encode(), hashlib.sha256)
    return f"{text}.{_encoded(signature)}"


def _part(members: dict[str, Any]) -> str:
    return _encoded(orjson.dumps(members))


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
