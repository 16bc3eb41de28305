"""Tag Members: who belongs to an organization, and with which role."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.dynamo.registry import MEMBERS
from mockserver.apis.dynamo.roles import ADMINS
from mockserver.http.errors import Conflict, Forbidden
from mockserver.http.exchange import Context
from mockserver.http.resources import Resource
from mockserver.store import Value


async def list_members(ctx: Context, *, org_id: str) -> Sequence[Value]:
    """All of them, in the order in which they joined."""
    return await MEMBERS.of(org_id).list(ctx)


async def update_member_role(ctx: Context, *, org_id: str, user_id: str) -> Value:
    """Give a member another role; that of the owner is handed over by the owner alone."""
    members, role = MEMBERS.of(org_id), ctx.body["role"]
    member = await members.get(ctx, user_id)
    if member["role"] == role:
        return member
    if role == "owner":
        caller = ctx.user_id and await members.find(ctx, ctx.user_id)
        if not caller or caller["role"] != "owner":
            raise Forbidden("Only the owner, signed in as a user, hands over ownership.", slug="insufficient_role")
        await members.set(ctx, caller, role="admin")
    elif role not in ADMINS:
        await _refuse_the_last(ctx, members, member)
    else:
        _refuse_the_owner(member)
    return await members.set(ctx, member, role=role)


async def remove_member(ctx: Context, *, org_id: str, user_id: str) -> None:
    """End a membership."""
    members = MEMBERS.of(org_id)
    await _refuse_the_last(ctx, members, await members.get(ctx, user_id))
    await members.delete(ctx, user_id)


def _refuse_the_owner(member: Value) -> None:
    if member["role"] == "owner":
        raise Conflict("The owner keeps this role until ownership is handed over.", slug="owner_role_protected")


async def _refuse_the_last(ctx: Context, members: Resource, member: Value) -> None:
    """Conflict for the owner, and for the last member who can run the organization."""
    _refuse_the_owner(member)
    running = [each["user_id"] for each in await members.list(ctx) if each["role"] in ADMINS]
    if running == [member["user_id"]]:
        raise Conflict("This is the last member who can run the organization.", slug="last_admin")
