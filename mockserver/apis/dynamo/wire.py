"""What the views of all tags have in common."""

from __future__ import annotations

from typing import Any

from mockserver.store import Value

Wire = dict[str, Any]


def picked(value: Value, *names: str) -> Wire:
    """The members of those names."""
    return {name: value[name] for name in names}
