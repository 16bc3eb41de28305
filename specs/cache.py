"""Contracts as they were loaded last time, so that a server is up before anybody waits for it.

Reading, joining and judging the files of a contract takes ten times as long as reading what came of it. That is kept in
the user's cache folder and taken while neither the files nor the code that reads them have changed.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

from specs.loader import load
from specs.operation import Spec


def folder() -> Path:
    """Where gridmock keeps what it can make again: below XDG_CACHE_HOME, or ~/.cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "gridmock"


def load_sound(path: Path) -> Spec:
    """The contract at a path, as `loader.load` gives it without its examples; SpecError for a bad one."""
    kept = folder() / "contracts" / f"{_digest(str(path.absolute()).encode())}.pickle"
    spec = _taken(kept)
    if spec is None:
        spec = load(path, examples=False)
        _keep(kept, spec)
    return spec


def _taken(kept: Path) -> Spec | None:
    """What was kept, if it is still what the files say; whatever cannot be read is as if it were not there."""
    with suppress(Exception), kept.open("rb") as stream:
        # Who can write there can write our code as well, so a pickle is trusted as much as a .pyc file.
        files, state = pickle.load(stream)  # noqa: S301
        if state == _state(files):
            spec: Spec = pickle.load(stream)  # noqa: S301
            return spec
    return None


def _keep(kept: Path, spec: Spec) -> None:
    """Have it taken next time; where nothing can be written, it is loaded again."""
    written = kept.with_suffix(f".{os.getpid()}")
    with suppress(OSError):
        kept.parent.mkdir(parents=True, exist_ok=True)
        with written.open("wb") as stream:
            for part in ((spec.files, _state(spec.files)), spec):
                pickle.dump(part, stream, pickle.HIGHEST_PROTOCOL)
        written.replace(kept)


def _state(files: Iterable[Path]) -> str:
    """What the files of a contract and the code that reads them are."""
    return _digest(_code().encode(), *(file.read_bytes() for file in files))


@cache
def _code() -> str:
    """What the code that reads contracts is, and the Python that runs it."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    return _digest(sys.version.encode(), *(module.read_bytes() for module in modules))


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
