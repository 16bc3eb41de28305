"""What drivers want, by id tag; the same card always gives the same wishes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from mockserver.apis.stekker.charging.organizations import Organization
from mockserver.domain.smart_charging import Wishes


async def wishes_of(organization: Organization, id_tag: str) -> Wishes:
    """The wishes that were saved for an id tag, else those of everybody."""
    row = await organization.id_tags.get(id_tag)
    return Wishes() if row is None else wishes(row)


def wishes(row: Mapping[str, Any]) -> Wishes:
    """The wishes of a row, whose members are all optional."""
    values = {name: row[name] for name in Wishes.__slots__ if name in row}
    if "departure_time" in row:
        values["departure"] = time.fromisoformat(row["departure_time"])
    return Wishes(**values)
