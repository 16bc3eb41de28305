"""Packages that not everybody needs, imported when they are."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mockserver.commands.options import fail


def required(module: str, extra: str, wanted_by: str) -> Any:
    """The module, from an extra of gridmock; without it the process ends with 2 and the line that installs it."""
    try:
        return import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        return fail(f"{wanted_by} needs {package}, which cannot be imported ({error}): pip install 'gridmock[{extra}]'")
