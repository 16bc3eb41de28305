"""Tag Pairing: the codes that a driver's app shows."""

from __future__ import annotations

from mockserver import ids
from mockserver.apis.stekker.charging.organizations import pairing_codes
from mockserver.clock import timestamp
from mockserver.http.errors import Conflict
from mockserver.http.exchange import Context
from mockserver.store import Value
from mockserver.store.counter import next_number

_LENGTH = 5
"""As the codes in Stekker's documentation have."""


async def list_pairing_codes(ctx: Context) -> list[Value]:
    """All codes, used ones too."""
    return await pairing_codes(ctx.runtime).list()


async def create_pairing_code(ctx: Context) -> Value:
    """Show a new code: the one that was asked for, or the next that is free."""
    codes = pairing_codes(ctx.runtime)
    asked = (ctx.body or {}).get("pairing_code")
    code = asked
    while code is None or (asked is None and await codes.get(code) is not None):
        number = await next_number(ctx.runtime.store, "stekker pairing code")
        code = ids.ulid(ctx.at, ctx.world.seed, "stekker pairing code", number)[-_LENGTH:]
    if await codes.get(code) is not None:
        raise Conflict(f"There is a pairing code {code} already.")
    row = {"pairing_code": code, "created_at": timestamp(ctx.at), "organization_id": None, "charge_point_id": None}
    await codes.put(code, row)
    return row
