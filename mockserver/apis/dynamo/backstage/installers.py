"""Tag Installers: the links that they are sent."""

from __future__ import annotations

from mockserver import ids
from mockserver.apis.dynamo.installer_registry import INSTALLER, INSTALLERS
from mockserver.http.exchange import Context
from mockserver.store import Value


async def confirm_installer(ctx: Context, *, token: str) -> Value:
    """Have an address confirmed, as opening the link does: by GET, which by itself is in no transaction."""
    names = ids.unsealed(ctx.world.seed, token) or ("",)
    async with ctx.store.transaction():
        installer = await INSTALLERS.find(ctx, names[0])
        if installer is None:
            raise INSTALLERS.unknown("with this token")
        installer = await INSTALLERS.set(ctx, installer, **INSTALLER.move(installer, "confirm", ctx.at))
    return {name: installer[name] for name in ("installer_id", "email", "status")}
