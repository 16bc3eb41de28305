"""A server of an integrator that takes the webhooks of Dynamo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from contract_tests.receiver import Delivery, Receiver
from tests.asgi import Client
from tests.mock import CONTROL
from tests.mockserver.apis.dynamo.steps import Office, Wire, said, send

ENDPOINTS = "/webhooks/endpoints"


class Inbox:
    """Answers with the statuses that it is told, then with 200."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.receiver = Receiver(0, lambda _: self.answers.pop(0) if self.answers else 200)

    @property
    def url(self) -> str:
        """As the contract wants it, in https."""
        return f"https://127.0.0.1:{self.receiver.port}/hook"

    @property
    def got(self) -> Sequence[Delivery]:
        """All requests in the order of their arrival."""
        return self.receiver.deliveries

    @property
    def events(self) -> list[Wire]:
        """Their bodies."""
        return [json.loads(each.body) for each in self.got]

    def news(self) -> list[tuple[str, Wire]]:
        """The types and data of what has arrived since this was asked last."""
        found = [(each["event"], each["data"]) for each in self.events]
        self.receiver.deliveries.clear()
        return found


def subscribe(client: Client, url: str, *events: str, **others: Any) -> Wire:
    """An endpoint for events of some types."""
    made: Wire = said(send(client, "POST", ENDPOINTS, {"url": url, "events": events, **others}), 201)
    return made


def wait(office: Office, duration_s: float) -> None:
    """Let time pass, and what is due then happen."""
    said(office.anonymous.post(f"{CONTROL}/clock/advance", json={"duration_s": duration_s}))
