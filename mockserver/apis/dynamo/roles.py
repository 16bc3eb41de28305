"""Who may do what: one table from operation to the roles that may, judged before the body of a request is read.

A credential is an organization's API key, which acts as the owner, or the token of somebody whose id says by its
prefix what they are (`KINDS`). The role of a user is looked up in the organization of the path, or else in that of the
token, at each request. Other kinds have themselves as their role.

The order of refusals: 401 for a user who is no longer a member; 403 `forbidden` for a kind that the operation is not
for; 404 for an organization out of reach; 403 `insufficient_role`.

To add an operation, add its line to `ALLOWED`; a test fails on one that is missing. Operations with no `org_id` in
their path act in the organization of the token, `ctx.principal.client_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mockserver.apis.dynamo.registry import MEMBERS, ORGANIZATIONS
from mockserver.domain.world import World
from mockserver.http.accounts import Principal
from mockserver.http.errors import Forbidden, Unauthenticated
from mockserver.http.exchange import Context, Exchange

KEY, USER, DRIVER, SITE_OWNER, INSTALLER, PARTNER = "key", "user", "driver", "site_owner", "installer", "partner"
KINDS: Mapping[str, str] = {"usr": USER, "drv": DRIVER, "so": SITE_OWNER, "ins": INSTALLER, "pty": PARTNER}
"""What the prefix of a user id says."""

OWNER = frozenset({"owner"})
ADMINS = OWNER | {"admin"}
STAFF = ADMINS | {"member"}
MEMBER_ROLES = STAFF | {"viewer", "billing"}
BILLING_READERS = ADMINS | {"viewer", "billing"}
"""A member has nothing to do with bills."""
DRIVERS, SITE_OWNERS, INSTALLERS = frozenset({DRIVER}), frozenset({SITE_OWNER}), frozenset({INSTALLER})
NO_MEMBER = "The user of this token is no member, or no longer one."
ANYBODY: frozenset[str] = frozenset()
"""Whoever the contract lets in, also without a credential."""

ALLOWED: Mapping[str, frozenset[str]] = {
    "create-organization": MEMBER_ROLES,
    "get-organization": MEMBER_ROLES,
    "update-organization": ADMINS,
    "list-members": MEMBER_ROLES,
    "update-member-role": ADMINS,
    "remove-member": ADMINS,
    "create-invitation": ADMINS,
    "cancel-invitation": ADMINS,
    "accept-invitation": ANYBODY,
    "get-organization-settings": MEMBER_ROLES,
    "update-organization-settings": ADMINS,
    "list-api-keys": OWNER,
    "create-api-key": OWNER,
    "revoke-api-key": OWNER,
    "accept-site-owner-invitation": ANYBODY,
    "get-onboarding-status": SITE_OWNERS,
    "complete-onboarding": SITE_OWNERS,
    "get-site-owner-profile": SITE_OWNERS,
    "list-site-owner-projects": SITE_OWNERS,
    "list-portal-sessions": DRIVERS,
    "get-session-cost-breakdown": DRIVERS,
    "download-session-receipt": DRIVERS,
    "submit-session-dispute": DRIVERS,
    "create-reservation": STAFF,
    "list-reservations": MEMBER_ROLES,
    "cancel-reservation": STAFF,
    "send-ocpp16-command": STAFF,
    "ocpp16-cancel-reservation": STAFF,
    "ocpp16-change-availability": STAFF,
    "ocpp16-change-configuration": STAFF,
    "ocpp16-clear-cache": STAFF,
    "ocpp16-clear-charging-profile": STAFF,
    "ocpp16-data-transfer": STAFF,
    "ocpp16-get-composite-schedule": STAFF,
    "ocpp16-get-configuration": STAFF,
    "ocpp16-get-diagnostics": STAFF,
    "ocpp16-get-local-list-version": STAFF,
    "ocpp16-remote-start-transaction": STAFF,
    "ocpp16-remote-stop-transaction": STAFF,
    "ocpp16-reserve-now": STAFF,
    "ocpp16-reset": STAFF,
    "ocpp16-send-local-list": STAFF,
    "ocpp16-set-charging-profile": STAFF,
    "ocpp16-trigger-message": STAFF,
    "ocpp16-unlock-connector": STAFF,
    "ocpp16-update-firmware": STAFF,
    "list-active-transactions": MEMBER_ROLES,
    "send-cpo-command": STAFF,
    "send-bulk-cpo-command": STAFF,
    "list-cpo-command-history": MEMBER_ROLES,
    "list-charge-points": MEMBER_ROLES,
    "get-charge-point": MEMBER_ROLES,
    "update-charge-point": ADMINS,
    "register-charge-point": INSTALLERS,
    "commission-charge-point": INSTALLERS,
    "list-tariffs": BILLING_READERS,
    "create-tariff": ADMINS,
    "update-tariff": ADMINS,
    "assign-tariff": ADMINS,
    "create-tariff-schedule": ADMINS,
    "list-billing-rules": BILLING_READERS,
    "create-billing-rule": ADMINS,
    "update-billing-rule": ADMINS,
    "delete-billing-rule": ADMINS,
    "create-promotional-code": ADMINS,
    "list-user-types": BILLING_READERS,
    "create-user-type": ADMINS,
    "list-billing-sessions": BILLING_READERS,
    "get-billing-session": BILLING_READERS,
    "get-billing-session-cost-breakdown": BILLING_READERS,
    "download-billing-session-receipt": BILLING_READERS,
    "get-billing-session-live-cost": BILLING_READERS,
    "list-invoices": BILLING_READERS,
    "get-fleet-summary": MEMBER_ROLES,
    "get-fleet-uptime": MEMBER_ROLES,
    "get-fleet-utilisation": MEMBER_ROLES,
    "list-fleet-faults": MEMBER_ROLES,
    "list-maintenance": MEMBER_ROLES,
    "get-energy-by-charge-point": MEMBER_ROLES,
    "get-energy-by-project": MEMBER_ROLES,
    "get-energy-trend": MEMBER_ROLES,
    "get-revenue-by-charge-point": BILLING_READERS,
    "get-revenue-by-project": BILLING_READERS,
    "get-issues": MEMBER_ROLES,
    "get-fleet-health": MEMBER_ROLES,
    "sign-up-installer": ANYBODY,
    "sign-up-installer-with-confirmation": ANYBODY,
    "log-in-installer": ANYBODY,
    "log-out-installer": INSTALLERS,
    "request-installer-password-reset": ANYBODY,
    "reset-installer-password": ANYBODY,
    "list-installer-projects": INSTALLERS,
    "create-installer-project": INSTALLERS,
    "get-installer-project": INSTALLERS,
    "hand-over-installer-project": INSTALLERS,
    "start-commissioning": INSTALLERS,
    "get-commissioning-status": INSTALLERS,
    "apply-commissioning-template": INSTALLERS,
    "list-commissioning-logs": INSTALLERS,
    "get-commissioning-diagnostics": INSTALLERS,
    "report-commissioning-issue": INSTALLERS,
    "list-webhook-endpoints": ADMINS,
    "create-webhook-endpoint": ADMINS,
    "get-webhook-endpoint": ADMINS,
    "update-webhook-endpoint": ADMINS,
    "delete-webhook-endpoint": ADMINS,
    "list-webhook-deliveries": ADMINS,
    "list-sites": MEMBER_ROLES,
    "create-site": ADMINS,
    "get-site": MEMBER_ROLES,
    "update-site": ADMINS,
    "delete-site": ADMINS,
    "link-charger": ADMINS,
    "unlink-charger": ADMINS,
    "get-site-summary": MEMBER_ROLES,
    "list-energy-assets": MEMBER_ROLES,
    "create-energy-asset": ADMINS,
    "delete-energy-asset": ADMINS,
    "get-smart-charging-config": MEMBER_ROLES,
    "set-smart-charging-config": ADMINS,
    "get-smart-charging-allocation": MEMBER_ROLES,
    "rebalance-smart-charging": STAFF,
}
"""The roles that may do an operation: fact sheet, 1.9."""

_THEMSELVES = frozenset({"remove-member"})
"""Operations that every member may do to themselves."""


@dataclass(frozen=True)
class Caller:
    """Who is calling, as Dynamo sees it."""

    principal: Principal

    @classmethod
    def of(cls, ctx: Context) -> Caller:
        """The caller of a request that needed a credential."""
        assert ctx.principal is not None, "asked for in a public operation"  # noqa: S101  # a defect, not an input
        return cls(ctx.principal)

    @property
    def kind(self) -> str:
        """`KEY`, or one of `KINDS`."""
        user_id = self.principal.user_id
        return KEY if user_id is None else KINDS[user_id.partition("_")[0]]

    @property
    def org_id(self) -> str:
        """The organization of the credential."""
        return self.principal.client_id

    async def role_in(self, ctx: Context, org_id: str) -> str | None:
        """The role in an organization, of a key or a user; None when it is out of reach, or not there.

        A key reaches its own organization, and those that it made.
        """
        organization = await ORGANIZATIONS.find(ctx, org_id)
        if organization is None:
            return None
        if self.kind == KEY:
            return "owner" if self.principal.client_id in (org_id, organization["created_by"]) else None
        member = await MEMBERS.of(org_id).find(ctx, self.principal.user_id or "")
        return None if member is None else str(member["role"])


def knows_user(world: World, user_id: str) -> bool:
    """See `Api.knows_user`: by the prefix, since a user is made by the invitation that is accepted."""
    return user_id.partition("_")[0] in KINDS


async def permit(exchange: Exchange) -> None:
    """See `Api.permit`; Forbidden, NotFound for an organization out of reach, Unauthenticated for who was removed."""
    allowed = ALLOWED[exchange.compiled.operation.operation_id]
    if allowed is ANYBODY:
        return
    ctx = Context(exchange)
    caller = Caller.of(ctx)
    principal = caller.principal
    is_of_people = caller.kind not in (KEY, USER)
    if is_of_people or not allowed & MEMBER_ROLES:
        if caller.kind not in allowed:
            wanted = "a member or an API key" if allowed & MEMBER_ROLES else f"the kind: {', '.join(sorted(allowed))}"
            text = f"The credential that was sent is of the kind: {caller.kind}; this operation needs one of {wanted}."
            raise Forbidden(text.replace("_", " "))
        return
    org_id = exchange.parameters.get("org_id", principal.client_id)
    role = await caller.role_in(ctx, org_id)
    if role is None and org_id == principal.client_id:
        raise Unauthenticated(NO_MEMBER, exchange.api.api.challenge)
    if role is None:
        raise ORGANIZATIONS.unknown(org_id)
    if role not in allowed:
        own = exchange.parameters.get("user_id") == principal.user_id
        if not own or exchange.compiled.operation.operation_id not in _THEMSELVES:
            who = "the owner" if allowed == OWNER else f"the {' or '.join(sorted(allowed))}"
            raise Forbidden(f"The role {role} is not enough for this; ask {who}.", slug="insufficient_role")
