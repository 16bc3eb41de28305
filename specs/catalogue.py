"""The contracts that come with the package, by name.

`specs/ev_energy/openapi.yaml` is `ev-energy`; another root document beside it, `oauth.yaml`, is `ev-energy-oauth`.
"""

from __future__ import annotations

import re
from pathlib import Path

_FOLDER = Path(__file__).parent
_ROOT = re.compile(r"^openapi:", re.MULTILINE)


def names() -> tuple[str, ...]:
    """The names of all contracts, in alphabetical order."""
    return tuple(sorted(_paths()))


def path_of(name: str) -> Path:
    """The root document of a contract; raises LookupError naming the contracts there are."""
    paths = _paths()
    if name not in paths:
        raise LookupError(f"no contract is called {name!r}: there are {', '.join(sorted(paths))}")
    return paths[name]


def _paths() -> dict[str, Path]:
    return {
        "-".join((file.parent.name, *([] if file.stem == "openapi" else [file.stem]))).replace("_", "-"): file
        for file in _FOLDER.glob("*/*.yaml")
        if _ROOT.search(file.read_text(encoding="utf-8", errors="replace"))  # the loader says what is wrong with it
    }
