"""OCPP messages of a fleet."""

from __future__ import annotations

from collections.abc import Iterator

from fixtures.days import utc
from fixtures.ocpp import fleet
from mockserver.commands.generate.columns import Column, Kind, Row
from mockserver.commands.generate.plots.messages import MessagesPicture
from mockserver.commands.generate.subject import Subject
from mockserver.commands.generate.subjects.fleet import FleetSource, fleet_options
from mockserver.commands.generate.window import Window


class Ocpp(FleetSource):
    """What each charger and its central system send to each other in the window."""

    def rows(self, window: Window) -> Iterator[Row]:
        """See `Source.rows`."""
        protocols = {charger.identity: charger.traits.protocol for charger in self.chargers}
        chargers = (charger.traits for charger in self.chargers)
        for message in fleet(self.seed, chargers, window.start_s, window.end_s):
            sent = utc(message.sent_s)
            frame = message.frame()
            yield (sent, message.charger, protocols[message.charger], message.sender.value, message.action, frame)

    def picture(self, window: Window) -> MessagesPicture:
        """See `Source.picture`."""
        return MessagesPicture(window, f"OCPP calls, {self.name}", [charger.identity for charger in self.chargers])


OCPP = Subject(
    name="ocpp",
    summary="OCPP messages between chargers and their central system.",
    explanation=(
        "One row for each message sent in the window, calls and their results, by that time. Local midnight is that "
        "of the first charger."
    ),
    columns=(
        Column("sent", Kind.TIME, "When it went over the wire."),
        Column("charger", Kind.TEXT, "OCPP identity."),
        Column("protocol", Kind.TEXT, "1.6 or 2.0.1."),
        Column("sender", Kind.TEXT, "station or csms."),
        Column("action", Kind.TEXT, "Of the call, or of the call that a result answers."),
        Column("frame", Kind.NESTED, "The JSON array of OCPP-J: [2, id, action, payload] or [3, id, payload]."),
    ),
    options=fleet_options(),
    source=Ocpp,
    example="--world home --from 2026-03-29 --to 1h",
)
