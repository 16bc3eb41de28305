"""New firmware that a station was told to fetch (OCPP 1.6 part 1, 5.19). Instants are Unix seconds."""

from __future__ import annotations

import re
from typing import TypedDict

_TAKES_S = 300
"""Own estimate: some megabytes over a mobile link, and a restart."""
_VERSION = re.compile(r"\d+(?:\.\d+)+")


class Update(TypedDict):
    """An update from `from_s` on, which runs at `done_s`; what ran before may be another one."""

    location: str
    from_s: int
    done_s: int
    before: str | None


def ordered(update: Update | None, location: str, from_s: int, at_s: int) -> Update:
    """What comes of an order, at an instant when there may be another update already."""
    from_s = max(from_s, at_s)
    return Update(location=location, from_s=from_s, done_s=from_s + _TAKES_S, before=version(update, at_s))


def version(update: Update | None, at_s: int) -> str | None:
    """What runs because of updates: as the name of the file has it; None where none has changed it, or says so."""
    if update is None:
        return None
    named = _VERSION.findall(update["location"]) if at_s >= update["done_s"] else []
    return named[-1] if named else update["before"]
