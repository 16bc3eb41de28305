"""The sessions of a partner's drivers: those that were begun with a card that it issued, at a site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mockserver.apis.dynamo.bills import sessions_of
from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINTS
from mockserver.apis.dynamo.ocpi.evses import Outlet
from mockserver.apis.dynamo.ocpi.offers import Offer
from mockserver.apis.dynamo.ocpi.operator import operator_of
from mockserver.apis.dynamo.ocpi.partners import PARTNERS, cards_of, partner_id
from mockserver.apis.dynamo.roles import Caller
from mockserver.apis.dynamo.sessions import BilledSession
from mockserver.apis.dynamo.site_registry import SITES
from mockserver.http.exchange import Context
from mockserver.store import Value


@dataclass(frozen=True)
class RoamingSession:
    """A session, where it is, and the party that issued its card."""

    session: BilledSession
    site: Value
    outlet: Outlet
    issuer: Value

    @property
    def id(self) -> str:
        """Its id, and that of its record."""
        return self.session.id

    @property
    def last_updated(self) -> datetime:
        """Its end; while it runs it changes all the time."""
        return self.session.until.replace(microsecond=0)

    @property
    def offers(self) -> Sequence[Offer]:
        """The tariff that it is billed by, as it was when it began."""
        session = self.session
        offered = [session.bill.tariff_id] if session.bill.tariff_id else []
        return [Offer(self.outlet.operator, session.book, each, session.started_at) for each in offered]


async def roaming_sessions(ctx: Context) -> Sequence[RoamingSession]:
    """Those of the calling partner's drivers, newest first."""
    org_id, caller = Caller.of(ctx).org_id, partner_id(ctx)
    operator, issuer = await operator_of(ctx), (await PARTNERS.get(ctx, caller))["issuer"]
    is_theirs = cards_of(ctx.world.seed, org_id, caller)
    sites = {each["site_id"]: each for each in await SITES.list(ctx)}
    outlets = {
        (outlet.charge_point_id, outlet.number): outlet
        for each in await CHARGE_POINTS.list(ctx)
        for outlet in Outlet.all_of(ctx.world, org_id, operator, each)
    }
    return [
        RoamingSession(each, sites[each.site_id], outlets[each.charge_point_id, each.connector_id], issuer)
        for each in await sessions_of(ctx)
        if each.site_id in sites and each.user_id is None and is_theirs(each.id_tag)
    ]
