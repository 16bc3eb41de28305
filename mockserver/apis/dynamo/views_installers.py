"""The views of what installers do."""

from __future__ import annotations

from mockserver.apis.dynamo.wire import Wire, picked
from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion
from mockserver.store import Value


def installer(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """Installer."""
    return picked(value, "installer_id", "email", "first_name", "last_name", "company", "status", "created_at")


def installer_project(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """InstallerProject."""
    return picked(
        value, "id", "name", "address", "site_owner_email", "status", "charge_point_count", "created_at",
        "handed_over_at",
    )  # fmt: skip
