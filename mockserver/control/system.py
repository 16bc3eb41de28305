"""Is it up, and what does it serve."""

from __future__ import annotations

from typing import Any

from mockserver import __version__
from mockserver.clock import timestamp
from mockserver.http.exchange import Context


async def get_health(ctx: Context) -> dict[str, Any]:
    """Version, world, clock and the APIs served."""
    return {
        "status": "ok",
        "version": __version__,
        "seed": ctx.world.seed,
        "world": str(ctx.world.named),
        "now": timestamp(ctx.at),
        "speed": ctx.runtime.clock.speed,
        "apis": [
            {
                "name": mounted.api.name,
                "title": mounted.spec.title,
                "base_url": ctx.origin + mounted.base_path,
                "operations": len(mounted.spec.operations),
            }
            for mounted in ctx.runtime.apis
        ],
    }
