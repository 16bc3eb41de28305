"""The control plane at `/_mock`: clock, world, accounts, journal and faults of the running mock."""

from __future__ import annotations

from mockserver.http.control_plane import control_plane

API = control_plane(
    name="control",
    base_path="/_mock",
    handlers=__name__,
)
