"""The control plane at `/_mock`: clock, world, accounts, journal and faults of the running mock."""

from __future__ import annotations

from mockserver.http.api import Api
from mockserver.http.auth import local_or_token
from mockserver.http.errors import ProblemStyle

API = Api(
    name="control",
    base_path="/_mock",
    handlers=__name__,
    errors=ProblemStyle("https://gridmock.dev/problems/"),
    identify={"controlToken": local_or_token},
    journalled=False,
)
