"""What `every_get` needs to know of Dynamo: who may ask, what there is to ask for, and something of each kind written.

No credential of Dynamo may do everything, so each GET is sent by somebody whom it is for. They are of Polderstroom,
whose one site gives the same answers as the eleven of Harbour Volt in a tenth of the time; only Harbour Volt has a site
owner.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mockserver.apis.dynamo.ocpi.partners import REGISTERED
from mockserver.apis.dynamo.roles import ALLOWED, DRIVERS, INSTALLERS, SITE_OWNERS
from mockserver.apis.dynamo.seed import POLDER
from tests.asgi import Client, Response
from tests.mock import CONTROL, Mock
from tests.mockserver.apis.dynamo.roaming import ROOT as OCPI
from tests.mockserver.apis.dynamo.steps import BASE, OPERATIONS, Office, body_of, said, send

BACKSTAGE = "/_mock/dynamo"
NEW_POINT = "CP-NEW-01"
"""A charge point that is registered, beside those of the world."""


class Dynamo:
    """Who calls: of staff the owner, who may do whatever any of them may."""

    def __init__(self, mock: Mock) -> None:
        self.office = Office(mock)
        self.owner, self.installer, self.driver = (
            self.office.client(POLDER, label) for label in ("owner", "installer", "driver 1")
        )
        self.partner = Client(mock.app, {"authorization": f"Token {self.office.token(POLDER, REGISTERED)}"})
        self.points = [
            each
            for each in said(send(self.owner, "GET", "/cpo/charge-points"))["charge_points"]
            if each["ocpp_version"] == "1.6" and each["charge_point_id"] != NEW_POINT
        ]

    def close(self) -> None:
        """Free what the clients hold."""
        for client in (self.office, self.owner, self.installer, self.driver, self.partner):
            client.close()

    def caller(self, base_path: str, operation_id: str) -> Client | None:
        """Who asks for an operation; None when it is not Dynamo's, or needs nobody."""
        if base_path == OCPI:
            return self.partner
        if base_path != BASE:
            return None
        people = {DRIVERS: self.driver, SITE_OWNERS: self.office.site_owner, INSTALLERS: self.installer}
        return people.get(ALLOWED[operation_id], self.owner)

    def samples(self) -> Mapping[str, Mapping[str, list[str]]]:
        """Values of parameters by base path and name: what the seed has, and what was written."""
        point, site_id = (self.points[0][name] for name in ("charge_point_id", "site_id"))
        organization = {"org_id": [self.office.polder]}
        newest = self.office.anonymous.get(f"{CONTROL}/mailbox?limit=1").json()
        return {
            BASE: {
                **organization,
                "session_id": [
                    *_ids(self.owner, "/billing/sessions?status=active&limit=1", "sessions", "session_id"),
                    *_ids(self.driver, "/portal/sessions?limit=1", "data", "session_id"),
                ],
                "charge_point_id": [point, NEW_POINT],
                "site_id": [site_id],
                "project_id": _ids(self.installer, "/installer/projects?limit=2", "projects", "id"),
                "endpoint_id": _ids(self.owner, "/webhooks/endpoints", "endpoints", "id"),
            },
            OCPI: {
                "version": ["2.2.1"],
                "location_id": [site_id],
                "evse_uid": [f"{point}-1", f"{point}-2"],
                "connector_id": ["1"],
            },
            BACKSTAGE: {**organization, "charge_point_id": [point, NEW_POINT], "token": [newest[0]["token"]]},
        }

    def write(self) -> Iterator[tuple[str, Response]]:
        """Write something of each kind, as the contract shows it; tells what was called and what was answered."""
        point, site = self.points[0]["charge_point_id"], f"/sites/{self.points[0]['site_id']}"
        free = next(
            {"charge_point_id": each["charge_point_id"], "connector_id": connector["connector_id"]}
            for each in self.points
            for connector in each["connectors"]
            if connector["status"] == "Available"
        )
        yield _call(self.owner, "create-webhook-endpoint", url="https://127.0.0.1:1/hook", events=["*"])
        yield _call(self.owner, "create-api-key")
        yield _call(self.owner, "create-invitation", f"/organizations/{self.office.polder}/invitations")
        yield _call(self.owner, "create-site")
        yield _call(self.owner, "create-energy-asset", f"{site}/energy-assets")
        yield _call(self.owner, "set-smart-charging-config", f"/smart-charging{site}/config")
        yield _call(self.owner, "create-tariff")
        yield _call(self.owner, "create-promotional-code")
        yield _call(self.owner, "create-user-type")
        yield _call(self.owner, "create-billing-rule", conditions=[])
        yield _call(self.owner, "create-reservation", **free)
        yield _call(self.owner, "ocpp16-get-configuration", charge_point_id=point)
        yield _call(self.owner, "send-cpo-command", f"/cpo/commands/{point}")
        session_id = _ids(self.driver, "/portal/sessions?limit=1", "data", "session_id")[0]
        yield _call(self.driver, "submit-session-dispute", f"/portal/sessions/{session_id}/dispute")
        yield (made := _call(self.installer, "create-installer-project"))
        project_id = made[1].json()["id"]
        yield _call(self.installer, "register-charge-point", charge_point_id=NEW_POINT, project_id=project_id)
        yield _call(self.installer, "start-commissioning", f"/installer/commissioning/{NEW_POINT}/start")
        yield _call(self.office.anonymous, "sign-up-installer-with-confirmation")


def _call(client: Client, operation_id: str, path: str = "", **changes: Any) -> tuple[str, Response]:
    operation = OPERATIONS[operation_id]
    path = path or operation.path
    shown = body_of(operation)
    return BASE + path, send(client, operation.method, path, {**shown, **changes} if shown else None)


def _ids(client: Client, path: str, member: str, name: str) -> list[str]:
    return [each[name] for each in said(send(client, "GET", path))[member]]
