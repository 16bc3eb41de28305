"""Tag Versions: where a partner begins."""

from __future__ import annotations

from typing import Any

from mockserver.apis.dynamo.ocpi.errors import UNSUPPORTED_VERSION
from mockserver.http.errors import NotFound
from mockserver.http.exchange import Context

VERSION = "2.2.1"
_MODULES = ("credentials", "locations", "sessions", "cdrs", "tariffs")


async def list_versions(ctx: Context) -> list[dict[str, str]]:
    """The one that there is."""
    return [{"version": VERSION, "url": ctx.url("versions", VERSION)}]


async def get_version(ctx: Context, *, version: str) -> dict[str, Any]:
    """Where its modules are."""
    if version != VERSION:
        raise NotFound(f"OCPI {version} is not supported here; {VERSION} is.", slug=UNSUPPORTED_VERSION)
    return {
        "version": VERSION,
        "endpoints": [
            {"identifier": module, "role": "SENDER", "url": ctx.url("cpo", VERSION, module)} for module in _MODULES
        ],
    }
