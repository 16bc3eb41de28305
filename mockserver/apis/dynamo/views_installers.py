"""The views of what installers do."""

from __future__ import annotations

from mockserver.apis.dynamo import commissioning_runs as runs
from mockserver.apis.dynamo.stations.station import Station
from mockserver.apis.dynamo.views_charge_points import charge_point
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


def commissioning_run(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """CommissioningRun."""
    return {
        **picked(value, "charge_point_id", "session_id", "status", "template_id", "started_at"),
        "completed_at": runs.ended_at(value),
        "estimated_duration_seconds": runs.estimated_s(value),
        "steps": [{"name": name, "status": status} for name, status, _ in runs.steps(value, ctx.at)],
    }


def commissioning_issue(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """CommissioningIssue."""
    return picked(value, "id", "charge_point_id", "session_id", "category", "description", "status", "created_at")


def commissioning_diagnostics(station: Station, ctx: Context, expansion: Expansion) -> Wire:
    """CommissioningDiagnostics."""
    shown = charge_point(station, ctx, expansion)
    has_said = shown["last_heartbeat_at"] is not None
    return {
        **picked(shown, "charge_point_id", "last_heartbeat_at", "ocpp_version", "firmware_version", "connectors"),
        "is_connected": station.is_online,
        "heartbeat_interval_seconds": station.presence.interval_s if has_said else None,
        "configuration": station.charge_point.get("configuration", []),
    }
