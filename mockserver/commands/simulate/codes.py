"""The file of `--pairing-codes`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

_CODE = re.compile(r"[A-Z0-9]{4,8}")
_OPTION = "'--pairing-codes'"
_WOULD_DO = "write a code like 7KQ2M on each line, or IDENTITY,CODE"


def read_codes(file: Path, identities: Sequence[str]) -> dict[str, str]:
    """Codes by OCPP identity; bare ones are for the chargers in their order. BadParameter says file and line."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise click.BadParameter(f"{file} cannot be read: {said}", param_hint=_OPTION) from None
    found: dict[str, str] = {}
    in_order = iter(identities)
    for number, name, code in _entries(lines):
        where = f"{file}, line {number}"
        if not _CODE.fullmatch(code):
            said = f"{where}: {code!r} is no pairing code of 4 to 8 capital letters and digits; {_WOULD_DO}"
            raise click.BadParameter(said, param_hint=_OPTION)
        identity = name or next(in_order, None)
        if identity is None:
            said = f"{where}: there are more codes than chargers, of which {len(identities)} play"
            raise click.BadParameter(said, param_hint=_OPTION)
        if name and name not in identities:
            raise click.BadParameter(f"{where}: no charger that plays is called {name!r}", param_hint=_OPTION)
        if identity in found:
            raise click.BadParameter(f"{where}: {identity} has a code already", param_hint=_OPTION)
        found[identity] = code
    return found


def _entries(lines: Sequence[str]) -> Iterator[tuple[int, str, str]]:
    """Number, identity (empty for a bare code) and code of each line; `#` begins a remark."""
    for number, line in enumerate(lines, start=1):
        written = line.partition("#")[0].strip()
        if written:
            name, _, code = written.rpartition(",")
            yield number, name.strip(), code.strip()
