"""A station while it takes a call: what it knows, and what it has to tell the CSMS afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mockserver.apis.dynamo.stations.connectors import Connector
from mockserver.apis.dynamo.stations.firmware import Update
from mockserver.apis.dynamo.stations.schedules import TRANSACTION, Outlet

Answer = dict[str, Any]


class CallError(Exception):
    """A call that is answered with an error (OCPP-J 1.6, 4.2.3): its code, and a description for people."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


class Started(NamedTuple):
    """A driver starts: the CSMS is to give the transaction a number."""

    connector: Connector
    id_tag: str


class Stopped(NamedTuple):
    """A transaction ends, for a reason of OCPP's."""

    connector: Connector
    reason: str


class Released(NamedTuple):
    """What was held under a number is given up."""

    reservation_id: int


@dataclass
class State:
    """A station at an instant, Unix seconds; numbers of transactions and kinds of plug by connector."""

    at_s: int
    connectors: dict[int, Connector]
    plugs: Mapping[int, str]
    outlets: Mapping[int, Outlet]
    transactions: Callable[[Connector], int | None]
    """The number of the transaction that runs at a connector."""
    base_configuration: Mapping[str, str]
    configuration: dict[str, str] = field(default_factory=dict)
    """What was changed of it."""
    list_version: int = 0
    profiles: list[dict[str, Any]] = field(default_factory=list)
    """`connectorId` and `csChargingProfiles` of each that was set."""
    update: Update | None = None
    """The last one of the firmware."""
    events: list[Started | Stopped | Released] = field(default_factory=list)

    def configured(self, key: str) -> str:
        """The value of a key that the station knows."""
        return self.configuration.get(key, self.base_configuration[key])

    def forget_transaction(self, connector: Connector) -> None:
        """Drop the profiles that were for the transaction of a connector (3.13.1)."""
        self.profiles = [
            each
            for each in self.profiles
            if (each["connectorId"], each["csChargingProfiles"]["chargingProfilePurpose"])
            != (connector.number, TRANSACTION)
        ]

    def status(self, connector: Connector) -> str:
        """A ChargePointStatus."""
        return connector.status(self.at_s)


def said(status: str) -> Answer:
    """The answer that consists of a status."""
    return {"status": status}


def addressed(state: State, number: int) -> list[Connector]:
    """The connector of a number, all for 0, none for a number that there is not."""
    if number == 0:
        return [*state.connectors.values()]
    return [state.connectors[number]] if number in state.connectors else []
