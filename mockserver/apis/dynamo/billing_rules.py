"""Tag Billing rules: what changes the cost of a session when it ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.apis.dynamo.price_book import note
from mockserver.apis.dynamo.price_registry import RULES
from mockserver.http.exchange import Context
from mockserver.store import Value


async def list_billing_rules(ctx: Context) -> Sequence[Value]:
    """All, in the order in which they are applied."""
    return sorted(await RULES.list(ctx), key=lambda rule: int(rule["priority"]))


async def create_billing_rule(ctx: Context) -> Value:
    """Make one."""
    return await _noted(ctx, await RULES.create(ctx, body=_in_full(ctx.body)))


async def update_billing_rule(ctx: Context, *, rule_id: str) -> Value:
    """Replace all of it, for sessions that end from now on."""
    return await _noted(ctx, await RULES.replace(ctx, rule_id, body=_in_full(ctx.body)))


async def delete_billing_rule(ctx: Context, *, rule_id: str) -> None:
    """End it."""
    await RULES.delete(ctx, rule_id)
    await note(ctx, "rules", rule_id, None)


def _in_full(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A body with its conditions as a list, and of them and the actions what is described."""
    conditions = body["conditions"]
    if isinstance(conditions, Mapping):
        conditions = [{"type": kind, "value": value} for kind, value in conditions.items()]
    return {**body, "conditions": [*map(_described, conditions)], "actions": [*map(_described, body["actions"])]}


def _described(part: Value) -> Value:
    return {name: part[name] for name in ("type", "value") if part.get(name) is not None}


async def _noted(ctx: Context, rule: Value) -> Value:
    await note(ctx, "rules", rule["rule_id"], rule)
    return rule
