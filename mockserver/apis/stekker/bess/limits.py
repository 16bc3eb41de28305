"""What a grid connection can carry, in kW."""

from __future__ import annotations

from mockserver.store import Value

PHASE_VOLTAGE_V = 230


def max_power_kw(connection: Value) -> float:
    """What the fuse carries: fact sheet of the Stekker API, 8.2."""
    power_kw: float = connection["fuse_limit_amperes"] * PHASE_VOLTAGE_V * connection["number_of_phases"] / 1000
    return power_kw


def import_limit_kw(connection: Value) -> float:
    """The most that may be taken, by fuse and contract."""
    return _contracted(connection, "contracted_import_kw")


def export_limit_kw(connection: Value) -> float:
    """The most that may be fed in, by fuse and contract."""
    return _contracted(connection, "contracted_export_kw")


def _contracted(connection: Value, name: str) -> float:
    fuse_kw, contracted_kw = max_power_kw(connection), connection[name]
    return fuse_kw if contracted_kw is None else min(fuse_kw, contracted_kw)
