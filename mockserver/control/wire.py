"""Wire forms that several parts of the control plane share."""

from __future__ import annotations

from datetime import datetime


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with `Z`."""
    return at.isoformat().replace("+00:00", "Z")
