"""How charge points are to be configured: templates of keys of OCPP 1.6 part 1, chapter 9. The values are made up.

To add one, add a row. The first that is for a kind of charge point is what its models are checked with, unless somebody
chooses another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fixtures.chargers import ChargerModel
from mockserver.http.errors import NotFound

Kind = Literal["one phase", "three phases", "direct current"]


@dataclass(frozen=True)
class Template:
    """Keys with the values that they are to have."""

    id: str
    kind: Kind
    keys: Mapping[str, str]


_USUAL = {"HeartbeatInterval": "300", "ConnectionTimeOut": "60", "MeterValueSampleInterval": "60"}
TEMPLATES = (
    Template("tpl_public_7kw", "one phase", _USUAL),
    Template("tpl_public_22kw", "three phases", {**_USUAL, "ClockAlignedDataInterval": "900"}),
    Template("tpl_hub_dc", "direct current", {**_USUAL, "ClockAlignedDataInterval": "900"}),
    Template(
        "tpl_uk_public_22kw",
        "three phases",
        {**_USUAL, "ClockAlignedDataInterval": "1800", "ConnectionTimeOut": "120", "WebSocketPingInterval": "30"},
    ),
    Template("tpl_depot_22kw", "three phases", {**_USUAL, "AuthorizeRemoteTxRequests": "true"}),
    Template("tpl_hub_dc_metered", "direct current", {**_USUAL, "MeterValueSampleInterval": "10"}),
)


def template(template_id: str) -> Template:
    """The template of that id; NotFound, with those that there are."""
    for each in TEMPLATES:
        if each.id == template_id:
            return each
    raise NotFound(f"There is no template {template_id}; there are {', '.join(each.id for each in TEMPLATES)}.")


def template_of(model: ChargerModel) -> Template:
    """The template of a model."""
    kind = "direct current" if model.is_direct_current else "one phase" if model.phases == 1 else "three phases"
    return next(each for each in TEMPLATES if each.kind == kind)
