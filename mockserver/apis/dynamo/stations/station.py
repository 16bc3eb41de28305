"""One station of an organization: read from the world and the store, called, and written back.

    station = await Station.of(ctx, org_id, "london-hub-001")
    answer = await station.call("UnlockConnector", {"connectorId": 1})
    answer.heard().status

A call is at once what the station does and what the CSMS does about it: a transaction that starts gets its number and
uses the reservation that was made for it. All of it belongs to the transaction of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, Self

from fixtures.chargers import firmware_version
from fixtures.days import unix_s, utc
from fixtures.evses import OcppVersion
from fixtures.ocpp.dialect import Station as Described
from fixtures.ocpp.v16 import Ocpp16
from fixtures.sessions import ChargingSession, session_at
from mockserver.apis.dynamo import seed_reservations
from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINT, CHARGE_POINTS, IN_SERVICE, owner_of
from mockserver.apis.dynamo.charges import need_wh
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.sessions import holder
from mockserver.apis.dynamo.stations import ocpp16, ocpp201
from mockserver.apis.dynamo.stations.answer import Answer, mismatch
from mockserver.apis.dynamo.stations.chargers import charger_of, chargers, configuration
from mockserver.apis.dynamo.stations.connectors import FREE, Connector, Hold, station_tag
from mockserver.apis.dynamo.stations.draws import draws, redraw, running
from mockserver.apis.dynamo.stations.firmware import version
from mockserver.apis.dynamo.stations.news import tell
from mockserver.apis.dynamo.stations.presence import Presence
from mockserver.apis.dynamo.stations.registry import RESERVATION, RESERVATIONS, TRANSACTIONS
from mockserver.apis.dynamo.stations.schedules import Outlet
from mockserver.apis.dynamo.stations.state import CallError, Released, Started, State
from mockserver.domain.sessions import session_id
from mockserver.http.errors import Conflict, NotFound
from mockserver.http.exchange import Context
from mockserver.http.ocpp import Call, Payload
from mockserver.store import Document, Value
from mockserver.store.counter import next_number

_STATIONS = "dynamo.stations"
_KEPT = ("configuration", "list_version", "profiles", "update")
"""What the store keeps of the state, beside the connectors."""


class Station:
    """A charger as its operator's back office reaches it."""

    def __init__(self, ctx: Context, org_id: str, charge_point: Value, document: Document | None) -> None:
        self.ctx = ctx
        self.org_id = org_id
        self.charge_point = charge_point
        self.id: str = charge_point["charge_point_id"]
        self.charger = charger = charger_of(ctx.world, org_id, charge_point)
        self.version: OcppVersion = charger.traits.protocol
        self.at_s = unix_s(ctx.at)
        self.has_visitors = self.id in chargers(ctx.world, org_id)
        """Whether vehicles of the world come here."""
        stored: Mapping[str, Any] = document.value if document else {}
        self._document = document
        self.saved_s: int = stored.get("saved_s", 0)
        """When somebody did something here last, Unix seconds."""
        self._load_changed = False
        kept = stored.get("connectors", {})
        self.connectors = {
            evse.number: Connector(
                evse.number,
                session_at(ctx.world.seed, evse.traits, self.at_s) if self.has_visitors else None,
                **kept.get(str(evse.number), {}),
            )
            for evse in charger.evses
        }
        for connector in self.connectors.values():
            connector.settle(self.at_s)
        self._hold_as_seeded(is_new=document is None)
        self.state = State(
            at_s=self.at_s,
            connectors=self.connectors,
            plugs={evse.number: evse.connectors[0] for evse in charger.evses},
            outlets={evse.number: Outlet(evse.traits.power_w, evse.traits.phases) for evse in charger.evses},
            transactions=self.transaction_at,
            base_configuration=configuration(charger),
            **{name: stored[name] for name in _KEPT if name in stored},
        )
        self._interval = self.state.configured("HeartbeatInterval")
        self.presence = Presence.of(ctx.world.seed, self.at_s, self._put_up_s, charger.traits, self._interval, stored)

    @classmethod
    async def of(cls, ctx: Context, org_id: str, charge_point_id: str) -> Self:
        """The station of that id; NotFound when the organization has none."""
        charge_point = await CHARGE_POINTS.of(org_id).get(ctx, charge_point_id)
        return cls(ctx, org_id, charge_point, await ctx.store.get(_STATIONS, charge_point_id))

    @classmethod
    async def of_anybody(cls, ctx: Context, charge_point_id: str) -> Self:
        """The station of that id, whoever operates it; NotFound when there is none."""
        return await cls.of(ctx, await owner_of(ctx, charge_point_id) or "", charge_point_id)

    @classmethod
    async def all(cls, ctx: Context, org_id: str, **equal: Any) -> list[Self]:
        """The stations of an organization whose charge points are as given, in the order of their registration."""
        stored = {document.key: document for document in await ctx.store.list(_STATIONS)}
        charge_points = await CHARGE_POINTS.of(org_id).list(ctx, **equal)
        return [cls(ctx, org_id, each, stored.get(each["charge_point_id"])) for each in charge_points]

    @classmethod
    async def touched(cls, ctx: Context, org_id: str) -> list[Self]:
        """Those of them that may be otherwise than the world has them: people did something there, or reserved it."""
        stored = {document.key: document for document in await ctx.store.list(_STATIONS)}
        seeded = seed_reservations.hold(ctx.world, org_id, ctx.at)
        keys = stored.keys() | ({seeded.charge_point_id} if seeded else set())
        charge_points = [await CHARGE_POINTS.of(org_id).find(ctx, key) for key in sorted(keys)]
        return [cls(ctx, org_id, each, stored.get(each["charge_point_id"])) for each in charge_points if each]

    @property
    def is_online(self) -> bool:
        """Whether there is a connection."""
        return self.presence.is_online

    @property
    def standing(self) -> str:
        """How far its installation has come; once it was heard of in service, whether it still is."""
        status, heard_s = str(self.charge_point["status"]), self.presence.heard_s
        if status != IN_SERVICE or heard_s is None or heard_s <= _seconds(self.charge_point["commissioned_at"]):
            return status
        return "online" if self.presence.is_heard else "offline"

    @property
    def firmware(self) -> str:
        """The version that runs."""
        usual = firmware_version(self.ctx.world.seed, self.id, self.charger.model, self.at_s)
        return version(self.state.update, self.at_s) or usual

    def there(self, number: int) -> Connector:
        """The connector of a number; NotFound when there is none."""
        if number not in self.connectors:
            there = ", ".join(map(str, self.connectors))
            raise NotFound(f"{self.id} has no connector {number}; there are {there}.")
        return self.connectors[number]

    def status(self, connector: Connector) -> str:
        """What a connector shows, in the words of the station's OCPP version."""
        status = connector.status(self.at_s)
        return status if self.version == "1.6" else ocpp201.status(status)

    def transaction_at(self, connector: Connector) -> int | None:
        """The number in OCPP of the transaction that runs at a connector; None without one."""
        if connector.running is not None:
            return connector.running["transaction_id"]
        session = connector.charging(self.at_s)
        return None if session is None else self.number_of(session)

    async def call(self, action: str, payload: Payload) -> Answer:
        """Send a call of OCPP 1.6, and do what follows from the answer; Conflict for one that 2.0.1 is not given."""
        if self.version != "1.6" and action not in ocpp201.WORDED:
            raise mismatch(self.id, self.version)
        if not self.is_online:
            return Answer.offline(self.id)
        message_id = self.ctx.runtime.ocpp.next_id()
        before = self._statuses()
        order = self.ctx.runtime.ocpp.take_order(self.id, action)
        response: Payload | None
        if order is not None:  # what was ordered to be said is all that happens
            response, is_error = order.answer, order.is_error
        else:
            try:
                response, is_error = ocpp16.answer(self.state, action, payload), False
            except CallError as error:
                response, is_error = {"errorCode": error.code, "errorDescription": error.description}, True
        self._record("csms", action, payload, response, is_error=is_error)
        if order is None and not is_error:
            await self._follow(before)
        if self.version != "1.6":
            *_, response = ocpp201.exchange(action, payload, response)
        return Answer.to(self.ctx.world.seed, self.id, message_id, response, is_error=is_error)

    async def start(self, connector: Connector, id_tag: str) -> Value:
        """A driver holds a tag to the station, of any length; the transaction, or Conflict when none starts."""
        id_tag, before = station_tag(self.ctx.world.seed, id_tag), self._statuses()
        if not ocpp16.start(self.state, connector, id_tag):
            why = "is not authorised: the connector is reserved for another" if connector.hold else "starts nothing"
            raise Conflict(f"Connector {connector.number} of {self.id} is {self.status(connector)}; this tag {why}.")
        await self._follow(before)
        assert connector.running is not None, "it has just started"  # noqa: S101  # a defect, not an input
        return await self.transaction(connector.running["transaction_id"])

    async def stop(self, connector: Connector) -> Value:
        """The driver ends what runs at a connector; the transaction, or Conflict when none runs."""
        before, transaction_id = self._statuses(), self.transaction_at(connector)
        if transaction_id is None:
            raise Conflict(f"No transaction runs at connector {connector.number} of {self.id}.")
        ocpp16.stop(self.state, connector, "Local")
        await self._follow(before)
        return await self.transaction(transaction_id)

    async def show(self, connector: Connector, status: str | None) -> None:
        """Have a connector show a status: see `Connector.show`."""
        before = self._statuses()
        if status == FREE:
            ocpp16.stop(self.state, connector, "Other")
            ocpp16.release(self.state, connector)
            await self._carry_out()
        connector.show(status, self.at_s)
        await self._tell(before)

    async def connect(self, online: bool | None) -> None:
        """Have it connected or not; None for what follows from the seed."""
        self.presence.order(online)
        await self._save()

    async def _follow(self, before: Mapping[int, str]) -> None:
        """Do what a change means to the CSMS: transactions, statuses, and what is kept."""
        await self._carry_out()
        if self.state.profiles != (self._document.value["profiles"] if self._document else []):
            await redraw(self)
        await self._tell(before)

    async def _carry_out(self) -> None:
        for event in self.state.events:
            if isinstance(event, Started):
                await self._begin(event.connector, event.id_tag)
                self._load_changed = True
            elif isinstance(event, Released):
                await self._conclude(event.reservation_id, "cancel")
            else:
                await self._end(event.connector, event.reason)
                self._load_changed = True
        self.state.events.clear()

    async def _begin(self, connector: Connector, id_tag: str) -> None:
        """StartTransaction: the transaction gets its number, and a reservation for the tag is used."""
        ctx, hold = self.ctx, connector.hold
        number = await next_number(ctx.store, "dynamo.ocpp_transactions")
        driver = holder(ctx.world, self.org_id, id_tag, ctx.at)
        transaction = await TRANSACTIONS.of(self.org_id).create(
            ctx,
            body={},
            charge_point_id=self.id,
            connector_id=connector.number,
            id_tag=id_tag,
            ocpp_transaction_id=number,
            is_of_world=False,
            site_id=self.charge_point["site_id"],
            user_id=None if driver is None else driver.id,
            started_at=to_the_second(ctx.at),
            stopped_at=None,
            stop_reason=None,
            need_wh=need_wh(ctx.world.seed, number),
            draws=draws(self, connector.number),
        )
        reserved = {} if hold is None else {"reservationId": hold["reservation_id"]}
        if hold is not None:
            await self._conclude(hold["reservation_id"], "use", transaction_id=transaction["id"])
        connector.send_away(self.at_s)  # a vehicle that waited is the one that charges now
        connector.hold, connector.shown = None, None
        connector.running = running(transaction)
        connector.note(self.at_s)
        self._record(
            "station",
            "StartTransaction",
            {"connectorId": connector.number, "idTag": id_tag, "timestamp": to_the_second(ctx.at), **reserved},
            {"transactionId": number, "idTagInfo": {"status": "Accepted"}},
        )

    async def _conclude(self, reservation_id: int, how: str, **others: Any) -> None:
        """What becomes of the reservation of that number, if it is an active one of the organization."""
        ctx, reservations = self.ctx, RESERVATIONS.of(self.org_id)
        for each in await reservations.list(ctx, charge_point_id=self.id, ocpp_reservation_id=reservation_id):
            if RESERVATION.now(each, ctx.at)["status"] == RESERVATION.states[0]:
                # As a whole, since those of the seed world are known for a while only.
                await reservations.set(ctx, each, **each | RESERVATION.move(each, how, ctx.at) | others)

    async def _end(self, connector: Connector, reason: str) -> None:
        """StopTransaction. What is known of a session of the world says when it was cut short."""
        ctx, number = self.ctx, self.transaction_at(connector)
        assert number is not None, "it was running when it was stopped"  # noqa: S101  # a defect, not an input
        transactions, stopped = (
            TRANSACTIONS.of(self.org_id),
            {"stopped_at": to_the_second(ctx.at), "stop_reason": reason},
        )
        session = connector.charging(self.at_s)
        if connector.running is not None:
            transaction = await self.transaction(number)
            # Not before it began, when the clock was set back.
            stopped["stopped_at"] = max(stopped["stopped_at"], transaction["started_at"])
            await transactions.set(ctx, transaction, **stopped)
        elif session is not None:
            await transactions.create(
                ctx,
                key=f"txn_{self.world_id_of(session)}",
                body={},
                charge_point_id=self.id,
                connector_id=connector.number,
                id_tag=session.id_token,
                ocpp_transaction_id=number,
                is_of_world=True,
                started_at=to_the_second(utc(session.started_s or 0)),
                **stopped,
            )
        connector.stop(self.at_s)
        self.state.forget_transaction(connector)
        payload = {"transactionId": number, "timestamp": to_the_second(ctx.at), "reason": reason}
        self._record("station", "StopTransaction", payload, {"idTagInfo": {"status": "Accepted"}})

    async def _tell(self, before: Mapping[int, str]) -> None:
        """StatusNotification for each connector that shows something else now; and keep everything.

        When transactions have begun or ended, the power of the site is shared anew.
        """
        from mockserver.apis.dynamo.power_shares import reshare  # here because it looks at all stations of a site

        for number, status in self._statuses().items():
            if status != before[number]:
                at = to_the_second(self.ctx.at)
                code = self.connectors[number].error_code(self.at_s)
                payload = {"connectorId": number, "errorCode": code, "status": status, "timestamp": at}
                self._record("station", "StatusNotification", payload, {})
        await self._save()
        if self._load_changed:
            self._load_changed = False
            await reshare(self.ctx, self.org_id, self.charge_point["site_id"], self)

    async def _save(self) -> None:
        if self.state.configured("HeartbeatInterval") != self._interval:
            self.presence.note()
        value = {
            **self.presence.as_json(),
            "connectors": {str(number): connector.as_json() for number, connector in self.connectors.items()},
            **{name: getattr(self.state, name) for name in _KEPT},
            "saved_s": self.at_s,
        }
        known = self._document
        written = await self.ctx.store.put(_STATIONS, self.id, value, expected=known.version if known else 0)
        await tell(type(self)(self.ctx, self.org_id, self.charge_point, known), self)
        self._document = Document(self.id, written, value)

    async def transaction(self, number: int) -> Value:
        """The transaction of that number here, which a client began or ended."""
        (transaction,) = await TRANSACTIONS.of(self.org_id).list(
            self.ctx, charge_point_id=self.id, ocpp_transaction_id=number
        )
        return transaction

    def _record(
        self,
        sender: Literal["csms", "station"],
        action: str,
        payload: Payload,
        answer: Payload | None,
        is_error: bool = False,
    ) -> None:
        traffic = self.ctx.runtime.ocpp
        if self.version != "1.6":
            action, payload, answer = ocpp201.exchange(action, payload, answer)
        place = (self.ctx.at, self.id, self.version, sender)
        traffic.record(Call(traffic.next_id(), *place, action, payload, answer, is_error))

    def _statuses(self) -> dict[int, str]:
        return {number: connector.status(self.at_s) for number, connector in self.connectors.items()}

    def _hold_as_seeded(self, *, is_new: bool) -> None:
        """Hold what the seed world has reserved today, unless somebody has interfered."""
        seeded = seed_reservations.hold(self.ctx.world, self.org_id, self.ctx.at)
        if seeded is None or seeded.charge_point_id != self.id:
            return
        connector = self.connectors[seeded.connector_id]
        if connector.planned != seeded.reservation_id and (is_new or connector.status(self.at_s) == FREE):
            connector.planned, connector.visit = seeded.reservation_id, None
            connector.hold = Hold(reservation_id=seeded.reservation_id, id_tag=seeded.id_tag, until_s=seeded.until_s)
            connector.note(0 if is_new else seeded.from_s)  # it was held yesterday, too

    def number_of(self, session: ChargingSession) -> int:
        """The number in OCPP of the transaction of a session of the world here."""
        described = Described(self.ctx.world.seed, self.charger.traits, self.presence.link)
        return Ocpp16(described).transaction_id(session)

    def world_id_of(self, session: ChargingSession) -> str:
        """The id that the world gives to a session here."""
        return session_id(self.ctx.world.seed, session.name, session.plugged_in_s)

    @property
    def _put_up_s(self) -> int | None:
        """When it was connected first, if it was by now: for its commissioning."""
        registered_s = _seconds(self.charge_point["registered_at"])
        is_put_up = self.charge_point["status"] != CHARGE_POINT.states[0] and registered_s <= self.at_s
        return registered_s if is_put_up else None


def _seconds(text: str) -> int:
    return unix_s(datetime.fromisoformat(text))
