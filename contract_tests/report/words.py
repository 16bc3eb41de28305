"""Words that several reports have in common."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 finding`, `2 findings`."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def listed(names: Iterable[str], most: int) -> str:
    """`a, b and 3 more`: so many names, or all of them for 0."""
    names = list(names)
    kept = names[:most] if most else names
    return ", ".join(kept) + (f" and {len(names) - len(kept)} more" if len(names) > len(kept) else "")


def near(file: Path) -> str:
    """A file as it is called in the working folder, if it is in it or below; else its absolute path."""
    file, here = file.absolute(), Path.cwd()
    return file.relative_to(here).as_posix() if file.is_relative_to(here) else file.as_posix()
