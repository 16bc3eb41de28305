"""What the control planes have in common: the mock's own, and what stands beside a provider's API."""

from __future__ import annotations

from functools import partial

from mockserver.http.api import Api
from mockserver.http.auth import local_or_token
from mockserver.http.errors import ProblemStyle

control_plane = partial(
    Api,
    errors=ProblemStyle("https://gridmock.dev/problems/"),
    identify={"controlToken": local_or_token},
    journalled=False,
)
"""Makes the declaration of one; its calls are no part of the journal."""
