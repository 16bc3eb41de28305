"""`expand`: which references of a resource are shown as objects instead of URLs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any


class Expansion:
    """A tree of names: `model.make` expands `model`, and `make` inside it."""

    __slots__ = ("_children",)

    def __init__(self, paths: Iterable[str] = ()) -> None:
        """Build from dotted paths; a path implies its parents."""
        children: dict[str, list[str]] = {}
        for path in paths:
            head, _, rest = path.partition(".")
            children.setdefault(head, []).extend([rest] if rest else [])
        self._children: Mapping[str, Expansion] = {name: Expansion(rest) for name, rest in children.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._children

    def reference(self, name: str, url: str, expanded: Callable[[Expansion], Any]) -> Any:
        """The URL, or what `expanded` makes of the names below when `name` is asked for."""
        below = self._children.get(name)
        return url if below is None else expanded(below)


NOTHING = Expansion()
