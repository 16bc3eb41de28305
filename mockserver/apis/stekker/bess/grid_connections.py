"""Tag Grid connections: where sites meet the grid."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.stekker.bess.registry import BATTERIES, GRID_CONNECTIONS, SENSORS
from mockserver.http.exchange import Context
from mockserver.store import Value


async def list_grid_connections(ctx: Context) -> Sequence[Value]:
    """All of the organization."""
    return await GRID_CONNECTIONS.list(ctx)


async def create_grid_connection(ctx: Context) -> Value:
    """Register one."""
    return await GRID_CONNECTIONS.create(ctx)


async def get_grid_connection(ctx: Context, *, id: str) -> Value:  # noqa: A002  # as the contract names it
    """One of them."""
    return await GRID_CONNECTIONS.get(ctx, id)


async def update_grid_connection(ctx: Context, *, id: str) -> Value:  # noqa: A002
    """Change what the body says."""
    return await GRID_CONNECTIONS.update(ctx, id)


async def delete_grid_connection(ctx: Context, *, id: str) -> None:  # noqa: A002
    """Remove one that nothing is registered on."""
    await GRID_CONNECTIONS.delete(ctx, id, unless=(BATTERIES, SENSORS))
