"""What the schemathesis command is told in `test_schemathesis.py`: ids that exist, and which findings are none.

Loaded by the command itself (SCHEMATHESIS_HOOKS). Everything here is as narrow as it can be, and says why.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import MutableMapping
from typing import Any
from zlib import crc32

import schemathesis
from schemathesis.openapi.checks import MissingHeaderNotRejected, RejectedPositiveData

KNOWN: dict[str, list[str]] = json.loads(os.environ["KNOWN_IDS"])
"""Ids of the world under test by prefix (`tari`, `supl`, `user`) or by the name of a parameter or member."""
CALLERS: dict[str, str] = json.loads(os.environ["CALLERS"])
"""The Authorization for paths that begin like this; for the others, that which the command was told to send."""

# The ids in the contract's examples, and those that its patterns generate, belong to no world. Without ids that exist
# a run sees 404 and nothing else, and no link is ever followed. Half of the well-formed ids are exchanged.
_ID = re.compile(r"\b(tari|supl|user)[A-Z0-9]{26}(?=/?$)")
_CLIENT = ("client_id", "client_secret")

# Rules that a schema cannot say. Each is a refusal with 400 of a request that fits the schema, and is documented in
# the description of the field. Everything else that is well-formed and refused is a finding.
_DOCUMENTED_REFUSALS = re.compile(
    rb"(?i:there is no user) \w+"  # EvEnergy-User names somebody who is not in this world
    rb"|outside 1970-01-01 to 2200-01-01"  # the clock
    rb"|is not a time that the calendar has|second must be in 0\.\.59"  # leap seconds: RFC 3339 has them, Python not
    rb"|no API has the scope|there is no such user"  # accounts
    rb'|"detail":"scopes: '  # a scope that the application does not have
    rb"|is not this machine; start the mock with --callback-host"  # where webhooks may go
    rb"|is not a market area with prices"  # regions
    rb"|has to be earlier than to|is more than \d+ (days|hours) after from"  # windows
    rb"|a sensor of kind battery needs one"  # of a sensor, whose kind is not in the request
    rb"|and cannot be changed"  # what a thing keeps from its creation on
    rb"|invalid_reset_token"  # of which no e-mail of Dynamo told
)
# OAuth: which parameters belong to which grant, which client has which secret, and whose code it was, is no matter of
# schemas at all (RFC 6749 section 5.2).
_OAUTH_REFUSALS = re.compile(rb'"error":"(invalid_\w+|unsupported_\w+|unauthorized_client)"|<!doctype html>')


def _exchanged(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if name == "chargePointId" and crc32(value.encode("utf-8", "replace")) % 4:
        return KNOWN[name][0]
    if name in _CLIENT and crc32(value.encode("utf-8", "replace")) % 2:
        return KNOWN[name][0]
    found = _ID.search(value)
    # A user header has to name somebody; of other ids half stay as they are, to see the 404 as well.
    if found and (name == "EvEnergy-User" or crc32(value.encode()) % 2):
        known = KNOWN[found[1]]
        return value[: found.start()] + known[crc32(value.encode()) % len(known)] + value[found.end() :]
    return value


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Exchange well-formed ids for ids that exist, and who calls for somebody whom the operation is for."""
    if case.headers.get("Authorization") == CALLERS.get("", 0):  # a check that sends another means it
        case.headers["Authorization"] = CALLERS[max(filter(case.operation.path.startswith, CALLERS), key=len)]
    for part in (case.path_parameters, case.query, case.headers, case.body):
        if isinstance(part, MutableMapping):
            # The client_id of a path is the control plane's, and comes from the answer to an earlier request.
            for name in set(part) - ({"client_id"} if part is case.path_parameters else set()):
                exchanged = _exchanged(name, part[name])
                if exchanged is not part[name]:
                    part[name] = exchanged


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:
    """False for a refusal that is documented, though no schema can say it."""
    url = str(response.request.url)
    if isinstance(failure, MissingHeaderNotRejected):
        # The tool puts the Authorization that it was told to send in the place of that of CALLERS, which it leaves out;
        # that nobody may go without one is `ignored_auth`.
        return not (CALLERS and failure.header_name == "Authorization")
    if not isinstance(failure, RejectedPositiveData):
        return True
    if failure.status_code == 422 and ("/stekker/api/" in url or "/dynamo/api/" in url):
        # Well-formed, but not acceptable as things are: the contract declares it with what it is for. A schema says all
        # that it can there. What it could have said is 400 at Stekker, and a finding; Dynamo has one status for both.
        return False
    if failure.status_code == 405 and url.endswith("/dynamo/ocpi/cpo/2.2.1/credentials"):
        return False  # who is registered changes that with PUT (OCPI 2.2.1, chapter 7)
    if failure.status_code != 400:
        return True
    if "/ev-energy/o" in url:
        return _OAUTH_REFUSALS.search(response.content) is None
    return _DOCUMENTED_REFUSALS.search(response.content) is None
