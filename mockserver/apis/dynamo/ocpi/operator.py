"""Who the operator is to its partners, and what all that it shows them has in common."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from mockserver.apis.dynamo.registry import ORGANIZATIONS
from mockserver.apis.dynamo.roles import Caller
from mockserver.domain.sites import OPERATOR
from mockserver.http.exchange import Context


class Operator(NamedTuple):
    """An organization as a party of OCPI: country (ISO 3166-1 alpha-2) and id within it."""

    country_code: str
    party_id: str
    name: str
    website: str | None
    """That of its e-mail address; None where that is at no name."""
    changed_at: str | None
    """When it was changed last; None: never."""


class Shown(Protocol):
    """What partners are shown, and ask for by when it was changed last."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def last_updated(self) -> datetime:
        """When it was changed last: an aware instant in whole seconds."""


_HOST = re.compile("[A-Za-z0-9.-]{1,200}")
T = TypeVar("T", bound=Shown)


async def operator_of(ctx: Context) -> Operator:
    """The organization that the calling partner roams with."""
    organization = await ORGANIZATIONS.get(ctx, Caller.of(ctx).org_id)
    host = organization["contact_email"].rpartition("@")[2]
    website = f"https://{host}" if _HOST.fullmatch(host) else None
    return Operator(organization["country"], OPERATOR, organization["name"], website, organization["updated_at"])


def updated(things: Iterable[T], date_from: datetime | None, date_to: datetime | None) -> list[T]:
    """Those that were changed last from one time on and before another, in the order of their changes."""
    found = (
        each
        for each in things
        if (date_from is None or date_from <= each.last_updated) and (date_to is None or each.last_updated < date_to)
    )
    return sorted(found, key=lambda each: (each.last_updated, each.id))
