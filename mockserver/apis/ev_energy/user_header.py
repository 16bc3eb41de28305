"""`EvEnergy-User`: an application acting in the context of one user."""

from __future__ import annotations

from typing import Any

from mockserver.http.errors import MalformedRequest
from mockserver.http.exchange import Context


def act_for_user(context: Context, value: Any) -> None:
    """Take the user of the header, a bare id or the user's URL, into the context.

    With a user token the header is ignored. MalformedRequest for a user who does not exist.
    """
    if context.user_id is not None:
        return
    user_id = str(value).rstrip("/").rpartition("/")[2]
    if context.world.driver(user_id) is None:
        raise MalformedRequest(f"There is no user {user_id[:40]}.", title="Invalid user header")
    context.user_id = user_id
