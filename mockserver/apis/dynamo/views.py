"""Stored values to wire, one function per schema of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion
from mockserver.store import Value

Wire = dict[str, Any]


def organization(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """Organization."""
    return _picked(value, "id", "name", "country", "contact_email", "created_at", "updated_at")


def invitation(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """Invitation."""
    return _picked(
        value, "id", "org_id", "email", "role", "status", "invited_by", "created_at", "expires_at", "accepted_at"
    )


def member(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """Member."""
    return _picked(value, "user_id", "email", "name", "role", "joined_at")


def member_list(values: Sequence[Value], ctx: Context, expansion: Expansion) -> Wire:
    """MemberList."""
    return {"data": [member(value, ctx, expansion) for value in values]}


def organization_settings(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """OrganizationSettings."""
    return _picked(value, "currency", "timezone", "billing_email", "notification_preferences", "updated_at")


def _picked(value: Value, *names: str) -> Wire:
    return {name: value[name] for name in names}
