"""Stored values to wire, one function per schema of the contract."""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.apis.dynamo.bills import Disputed
from mockserver.apis.dynamo.prices import full_components
from mockserver.apis.dynamo.registry import to_the_second
from mockserver.apis.dynamo.site_owners import all_steps
from mockserver.apis.dynamo.stations.transactions import Active
from mockserver.apis.dynamo.views_charge_points import charge_point as charge_point
from mockserver.apis.dynamo.views_charge_points import registered_charge_point as registered_charge_point
from mockserver.apis.dynamo.views_fleet import fault as fault
from mockserver.apis.dynamo.views_fleet import fleet_summary as fleet_summary
from mockserver.apis.dynamo.views_fleet import fleet_uptime as fleet_uptime
from mockserver.apis.dynamo.views_fleet import fleet_utilisation as fleet_utilisation
from mockserver.apis.dynamo.views_fleet import maintenance as maintenance
from mockserver.apis.dynamo.views_installers import commissioning_diagnostics as commissioning_diagnostics
from mockserver.apis.dynamo.views_installers import commissioning_issue as commissioning_issue
from mockserver.apis.dynamo.views_installers import commissioning_run as commissioning_run
from mockserver.apis.dynamo.views_installers import installer as installer
from mockserver.apis.dynamo.views_installers import installer_project as installer_project
from mockserver.apis.dynamo.views_reports import energy_by_charge_point as energy_by_charge_point
from mockserver.apis.dynamo.views_reports import energy_by_project as energy_by_project
from mockserver.apis.dynamo.views_reports import energy_trend as energy_trend
from mockserver.apis.dynamo.views_reports import fleet_health as fleet_health
from mockserver.apis.dynamo.views_reports import invoice as invoice
from mockserver.apis.dynamo.views_reports import issue_report as issue_report
from mockserver.apis.dynamo.views_reports import revenue_by_charge_point as revenue_by_charge_point
from mockserver.apis.dynamo.views_reports import revenue_by_project as revenue_by_project
from mockserver.apis.dynamo.views_sites import energy_asset as energy_asset
from mockserver.apis.dynamo.views_sites import energy_asset_list as energy_asset_list
from mockserver.apis.dynamo.views_sites import rebalance as rebalance
from mockserver.apis.dynamo.views_sites import site as site
from mockserver.apis.dynamo.views_sites import site_summary as site_summary
from mockserver.apis.dynamo.views_sites import smart_charging_allocation as smart_charging_allocation
from mockserver.apis.dynamo.views_sites import smart_charging_config as smart_charging_config
from mockserver.apis.dynamo.views_webhooks import delivery as delivery
from mockserver.apis.dynamo.views_webhooks import webhook_endpoint as webhook_endpoint
from mockserver.apis.dynamo.views_webhooks import webhook_endpoint_list as webhook_endpoint_list
from mockserver.apis.dynamo.wire import Wire
from mockserver.apis.dynamo.wire import picked as _picked
from mockserver.domain.billing.breakdown import CostBreakdown
from mockserver.http.exchange import Context
from mockserver.http.expand import Expansion
from mockserver.store import Value

_API_KEY = ("id", "name", "scopes", "created_at", "last_used_at", "expires_at")


def organization(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """Organization."""
    return _picked(value, "id", "name", "country", "contact_email", "created_at", "updated_at")


def invitation(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """Invitation."""
    return _picked(
        value, "id", "org_id", "email", "role", "status", "invited_by", "created_at", "expires_at", "accepted_at"
    )


def member(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """Member."""
    return _picked(value, "user_id", "email", "name", "role", "joined_at")


def member_list(values: Sequence[Value], ctx: Context, expansion: Expansion) -> Wire:
    """MemberList."""
    return {"data": [member(value, ctx, expansion) for value in values]}


def api_key_list(values: Sequence[Value], ctx: Context, expansion: Expansion) -> Wire:
    """ApiKeyList."""
    return {"keys": [_picked(value, *_API_KEY) for value in values], "total": len(values)}


def new_api_key(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """NewApiKey."""
    return {**_picked(value, *_API_KEY), "key": value["secret"]}


def organization_settings(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """OrganizationSettings."""
    return _picked(value, "currency", "timezone", "billing_email", "notification_preferences", "updated_at")


def site_owner_acceptance(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """SiteOwnerAcceptance."""
    return _picked(
        value, "site_owner_id", "org_id", "email", "status", "onboarding_stage", "accepted_at", "access_token"
    )


def onboarding_status(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """OnboardingStatus."""
    return {
        "stage": value["onboarding_stage"],
        "is_complete": value["onboarding_stage"] == "completed",
        "steps": [
            {"name": name, "status": "completed" if done_at else "pending", "completed_at": done_at}
            for name, done_at in all_steps(value).items()
        ],
        "started_at": value["accepted_at"],
        "completed_at": value["completed_at"],
    }


def site_owner_profile(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """SiteOwnerProfile."""
    return _picked(
        value, "site_owner_id", "org_id", "company_name", "contact_name", "email", "phone", "address", "payout",
        "onboarding_stage", "created_at",
    )  # fmt: skip


def site_owner_project_list(values: Sequence[Value], ctx: Context, expansion: Expansion) -> Wire:
    """SiteOwnerProjectList."""
    names = ("id", "name", "address", "charge_point_count", "created_at")
    return {
        "data": [
            {**_picked(value, *names), "status": "active" if value["status"] == "handed_over" else "in_progress"}
            for value in values
        ]
    }


def portal_session(value: Disputed, ctx: Context, expansion: Expansion) -> Wire:
    """PortalSession."""
    session, disputes = value
    bill, facts, ended_at = session.bill, session.facts, session.ended_at
    return {
        "session_id": session.id,
        "transaction_id": session.transaction_id,
        "charge_point_id": facts.charger_id,
        "connector_id": session.connector_id,
        "site_id": facts.site_id,
        "started_at": to_the_second(session.started_at),
        "ended_at": None if ended_at is None else to_the_second(ended_at),
        "duration_minutes": float(bill.duration_minutes),
        "energy_kwh": float(bill.energy_kwh),
        "total_cost": float(bill.total_cost),
        "currency": bill.currency,
        "status": session.status,
        "dispute_status": disputes.get(session.id),
    }


def billing_session(value: Disputed, ctx: Context, expansion: Expansion) -> Wire:
    """BillingSession."""
    return {**portal_session(value, ctx, expansion), "user_id": value[0].user_id}


def billing_session_detail(value: Disputed, ctx: Context, expansion: Expansion) -> Wire:
    """BillingSessionDetail."""
    shown, session = billing_session(value, ctx, expansion), value[0]
    return {
        **shown,
        "tariff_id": session.bill.tariff_id,
        "id_tag": session.id_tag,
        "promotional_code": session.code,
        "finalised_at": shown["ended_at"],
    }


def live_cost(bill: CostBreakdown, ctx: Context, expansion: Expansion) -> Wire:
    """LiveCost."""
    return {
        "session_id": bill.session_id,
        "tariff_id": bill.tariff_id,
        "duration_minutes": float(bill.duration_minutes),
        "energy_kwh": float(bill.energy_kwh),
        "estimated_cost": float(bill.total_cost),
        "currency": bill.currency,
        "updated_at": to_the_second(ctx.at),
    }


def cost_breakdown(bill: CostBreakdown, ctx: Context, expansion: Expansion) -> Wire:
    """CostBreakdown."""
    return {
        "session_id": bill.session_id,
        "currency": bill.currency,
        "tariff_id": bill.tariff_id,
        "energy_kwh": float(bill.energy_kwh),
        "duration_minutes": float(bill.duration_minutes),
        "components": [
            {
                "type": line.type,
                "description": line.description,
                "quantity": float(line.quantity),
                "unit": line.unit,
                "unit_price": float(line.unit_price),
                "amount": float(line.amount),
            }
            for line in bill.components
        ],
        "subtotal": float(bill.subtotal),
        "discounts": [
            {
                "type": each.type,
                "reference": each.reference,
                "description": each.description,
                "amount": float(each.amount),
            }
            for each in bill.discounts
        ],
        "discount_total": float(bill.discount_total),
        "tax_rate_percent": float(bill.tax_rate_percent),
        "tax_amount": float(bill.tax_amount),
        "total_cost": float(bill.total_cost),
        "is_final": bill.is_final,
    }


def dispute(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """Dispute."""
    return _picked(
        value, "id", "session_id", "status", "reason", "expected_cost", "charged_cost", "currency", "created_at",
        "resolved_at", "resolution",
    )  # fmt: skip


def reservation(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """Reservation."""
    return _picked(
        value, "id", "charge_point_id", "connector_id", "id_tag", "expires_at", "status", "ocpp_reservation_id",
        "created_at", "used_at", "cancelled_at", "transaction_id",
    )  # fmt: skip


def reservation_list(values: Sequence[Value], ctx: Context, expansion: Expansion) -> Wire:
    """ReservationList."""
    return {"data": [reservation(value, ctx, expansion) for value in values]}


def tariff(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """Tariff."""
    names = ("tariff_id", "name", "currency", "tax_rate_percent", "created_at")
    components = full_components(value)
    return {**_picked(value, *names), "id": value["tariff_id"], "components": components}


def tariff_list(values: Sequence[Value], ctx: Context, expansion: Expansion) -> Wire:
    """TariffList."""
    return {"tariffs": [tariff(value, ctx, expansion) for value in values], "total": len(values)}


def tariff_schedule(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """TariffSchedule."""
    return _picked(value, "schedule_id", "tariff_id", "days", "start_time", "end_time", "components", "created_at")


def billing_rule(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """BillingRule."""
    return _picked(
        value, "rule_id", "name", "priority", "tariff_id", "conditions", "actions", "active", "created_at"
    )  # fmt: skip


def billing_rule_list(values: Sequence[Value], ctx: Context, expansion: Expansion) -> Wire:
    """BillingRuleList."""
    return {"rules": [billing_rule(value, ctx, expansion) for value in values], "total": len(values)}


def promotional_code(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """PromotionalCode."""
    return _picked(
        value, "code_id", "code", "discount_type", "discount_value", "currency", "max_uses", "max_uses_per_user",
        "uses_count", "expires_at", "description", "created_at",
    )  # fmt: skip


def user_type(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """UserType."""
    return _picked(value, "user_type_id", "name", "description", "user_ids", "created_at")


def user_type_list(values: Sequence[Value], ctx: Context, expansion: Expansion) -> Wire:
    """UserTypeList."""
    return {"user_types": [user_type(value, ctx, expansion) for value in values], "total": len(values)}


def cpo_command_result(value: Value, ctx: Context, expansion: Expansion) -> Wire:
    """CpoCommandResult."""
    return _picked(
        value, "command_id", "charge_point_id", "command", "status", "response", "response_time_ms", "sent_at",
        "message",
    )  # fmt: skip


def cpo_bulk_command_result(values: Sequence[Value], ctx: Context, expansion: Expansion) -> Wire:
    """CpoBulkCommandResult."""
    succeeded = sum(value["status"] == "Accepted" for value in values)
    results = [cpo_command_result(value, ctx, expansion) for value in values]
    return {"results": results, "total": len(values), "succeeded": succeeded, "failed": len(values) - succeeded}


def active_transaction_list(values: Sequence[Active], ctx: Context, expansion: Expansion) -> Wire:
    """ActiveTransactionList."""
    return {"transactions": [_active_transaction(each) for each in values], "total": len(values)}


def _active_transaction(each: Active) -> Wire:
    wire = {
        "transaction_id": each.number,
        "charge_point_id": each.charge_point_id,
        "connector_id": each.connector_id,
        "id_tag": each.id_tag,
        "session_id": each.session_id,
        "started_at": to_the_second(each.started_at),
        "meter_start_wh": each.meter_start_wh,
        "energy_kwh": each.energy_wh / 1000,
    }
    return {name: value for name, value in wire.items() if value is not None}
