"""Which defects each law and each generated check has to find, and how defects are planted for a test."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from mockserver.defects import Broken, Contract, Defect, Planted, anywhere, chosen, plant
from mockserver.defects.defect import Where
from specs.loader import load
from tests.mock import Mock

Found = Mapping[str, tuple[str, ...]]
"""Defects, as `--break` names them, by the law or check that finds them."""

STEKKER: Found = {
    "pairing_lets_a_charge_point_speak": ("status-refused",),
    "max_power_is_volts_times_amperes_times_phases": ("max-power-believed",),
    "missing_power_type_is_one_phase": ("three-phases-by-default",),
    "max_power_is_as_given_or_a_default": ("default-power-other",),
    "stranger_charge_point_is_404": ("strangers-speak",),
    "unpairing_a_stranger_is_404": ("strangers-leave",),
    "unknown_pairing_code_is_refused": ("any-code-pairs",),
    "unpair_takes_an_id_as_a_number": ("unpair-wants-text", "unpair-pairs"),
    "ids_as_numbers_and_as_text_are_the_same": ("ids-want-text", "numbers-are-others"),
    "unpair_ends_running_sessions": ("unpair-pairs",),
    "pairing_again_does_not_revive_a_session": ("unpair-pairs",),
    "another_organization_sees_nothing": ("tenants-mixed", "strangers-learn-of-others"),
    "bearer_and_token_both_authenticate": ("bearer-only",),
    "event_is_an_object_or_text": ("event-always-an-object",),
    "response_is_read_where_documented": ("response-only-inside",),
    "response_is_read_in_either_place": ("response-only-beside",),
    "put_is_for_pairing_only": ("put-takes-all", "post-unpairs"),
    "error_code_is_any_text": ("ocpp-codes-only",),
    "connector_id_has_no_upper_bound": ("few-connectors",),
    "sampled_value_is_text": ("sampled-value-as-number", "sampled-value-whole"),
    "sensor_value_is_a_number": ("sensor-value-as-text",),
    "times_have_up_to_nine_decimals": ("microseconds-only",),
    "unit_fits_the_quantity": ("any-unit",),
    "repeated_event_has_no_second_effect": ("repeat-refused", "repeat-opens-another", "repeat-costs-again"),
    "unknown_transaction_is_refused": ("unknown-transactions-taken",),
    "transaction_id_is_needed_at_the_start": ("start-without-id",),
    "register_does_not_fall": ("register-may-fall-at-the-stop",),
    "refused_card_opens_no_session": ("blocked-cards-charge",),
    "other_ocpp_methods_are_ignored": ("heartbeat-refused", "heartbeat-accepted"),
    "a_connector_has_one_session": ("sessions-side-by-side",),
    "broken_json_is_refused": ("broken-json-crashes",),
    "region_is_nl_unless_said_otherwise": ("default-region-be",),
    "region_says_how_long_periods_are": ("filter-ignored@get-market-price-forecast",),
    "unknown_region_is_refused": ("filter-ignored@get-market-price-forecast",),
    "periods_follow_one_another": ("series-has-a-gap", "series-overlaps", "series-backwards"),
    "prices_cover_whole_market_days": ("series-begins-late", "series-ends-early"),
    "past_periods_have_no_forecast": ("past-has-forecasts",),
    "past_periods_have_a_price": ("past-unsettled",),
    "every_coming_period_has_a_price_or_a_forecast": ("forecast-missing", "all-settled"),
    "forecast_lies_within_its_bounds": ("forecast-bounds-crossed", "forecast-bound-missing"),
    "lowest_upcoming_price_is_the_lowest": ("lowest-price-wrong", "lowest-price-over"),
    "price_comes_only_after_the_stop": ("priced-while-running", "never-priced"),
    "running_session_is_409": ("running-is-absent",),
    "price_id_is_not_the_transaction_id": ("price-id-is-the-transaction",),
    "price_is_dated_by_its_session": ("updated-before-the-end", "ends-an-hour-late"),
    "price_is_the_same_by_post": ("post-costs-more",),
    "meter_readings_is_no_transaction_id": ("template-wins", "get-drops-its-body"),
    "readings_cost_energy_times_price": ("one-mean-price", "with-vat"),
    "a_single_period_costs_its_own_price": ("price-of-another-hour",),
    "readings_without_energy_cost_nothing": ("fixed-fee", "sum-off-by-a-cent@post-meter-readings"),
    "session_costs_what_its_readings_cost": ("session-with-vat", "sum-off-by-a-cent@get-cdr"),
    "readings_only_rise": ("readings-may-fall",),
    "readings_need_a_market_with_prices": ("any-market",),
    "energy_forecast_is_in_order": ("energy-below-its-bounds",),
    "energy_so_far_is_the_last_measurement": ("energy-so-far-forgotten",),
    "forecast_end_is_not_before_the_start": ("over-before-it-began",),
    "started_session_gets_a_profile": ("pushes-lost",),
    "profile_goes_to_the_charge_points_address": ("push-address-short", "push-for-another-charge-point"),
    "profile_carries_the_key_in_two_headers": ("push-with-one-key", "push-with-two-keys", "push-with-a-wrong-key"),
    "profile_comes_without_authorization": ("push-with-authorization",),
    "profile_fits_its_schema": ("push-purpose-outside-ocpp", "push-limit-is-text", "push-without-schedule"),
    "profile_names_its_transaction_inside": (
        "push-transaction-at-the-top",
        "push-for-another-transaction",
        "push-for-another-connector",
    ),
    "profile_is_in_watts": ("push-in-amperes", "push-for-good"),
    "profile_periods_rise_from_zero": ("push-begins-late", "push-backwards"),
    "profile_stays_within_max_power": ("push-above-max-power", "max-power-wins"),
    "profile_without_power_type_is_for_one_phase": ("three-phases-by-default",),
    "profile_ends_with_zero": ("push-goes-on-for-ever",),
    "profile_begins_when_the_session_does": ("push-begins-another-day", "push-with-an-offset"),
    "changed_plan_is_pushed_again": ("pushed-once", "push-has-a-new-id-each-time"),
    "repeated_start_pushes_nothing": ("repeat-is-another-start",),
    "nothing_is_pushed_after_the_stop": ("pushed-too-late",),
    "nothing_is_pushed_after_unpairing": ("pushed-too-late", "unpair-pairs"),
}

GENERAL: Found = {
    "created_is_read_back": ("write-rounds-numbers", "write-loses-a-member"),
    "created_is_listed_once": ("created-not-listed",),
    "change_is_read_back": ("reads-are-stale", "update-lost"),
    "change_leaves_the_rest": ("update-changes-another-member",),
    "deleted_is_gone": ("delete-does-nothing", "deleted-still-listed", "deleted-still-readable"),
    "pages_hold_everything_once": ("page-number-ignored", "pages-overlap", "pages-lose-an-item"),
    "pages_are_no_longer_than_asked": ("page-size-ignored",),
    "total_is_what_there_is": ("total-of-the-page",),
    "ids_are_unique": ("listed-twice",),
    "listed_things_read_as_listed": ("listed-otherwise",),
    "filters_select": ("filter-ignored",),
    "other_tenants_see_nothing": ("tenants-mixed",),
    "strangers_are_refused": ("authentication-ignored",),
    "strangers_learn_nothing_of_ids": ("absent-before-authentication",),
    "unknown_ids_are_not_found": ("absent-crashes",),
    "undeclared_methods_are_refused": ("any-method",),
    "other_media_types_are_refused": ("media-type-ignored",),
    "accept_is_heeded": ("accept-ignored",),
    "declared_unique_members_are_unique": ("external-id-twice",),
    "declared_invariants_hold": ("power-between-phases", "power-not-updated"),
}
"""What general laws find at batteries; that they find it anywhere, the servers in `habits` show."""

BESS: Found = {
    "grid_connection_in_use_stays": ("in-use-removed",),
    "grid_connection_has_to_exist": ("no-such-connection",),
    "grid_connection_is_for_good": ("move-ignored",),
    "battery_makes_sense": ("senseless-battery", "made-senseless"),
    "measurements_are_read_as_submitted": (
        "series-backwards@list-measurements",
        "receipt-in-order-of-arrival",
        "numbers-rounded@list-measurements",
    ),
    "measurement_for_the_same_time_replaces": ("counted-again", "first-write-wins"),
    "interval_has_mean_power_and_last_register": (
        "interval-has-another-power",
        "interval-has-another-register",
        "interval-ignored",
    ),
    "range_is_from_until": ("range-end-included",),
    "range_has_an_order_and_a_limit": ("any-range",),
    "future_is_not_measured": ("batch-cut",),
    "register_never_falls": ("register-falls",),
    "sensor_knows_when_it_measured_last": ("never-measured", "measured-at-birth"),
    "forecast_needs_history": ("guesswork",),
    "forecast_is_whole_and_within_its_bounds": ("series-has-a-gap", "series-ends-early", "bounds-crossed"),
    "there_is_no_sun_at_night": ("midnight-sun",),
    "schedule_is_whole": (
        "series-ends-early@request-cash-optimized-schedule",
        "horizon-ignored",
        "begins-elsewhere",
    ),
    "schedule_keeps_to_the_power_of_the_battery": ("too-much-power",),
    "schedule_keeps_to_the_limits_of_charge": ("emptied",),
    "charge_follows_from_power": ("no-losses", "final-charge-wrong"),
    "mode_is_the_sign_of_the_power": ("mode-wrong",),
    "revenue_is_the_sum_of_its_periods": ("revenue-per-kwh", "cost-for-revenue"),
    "cycle_pays_for_its_losses": ("bought-dearly",),
    "profit_is_taken": ("always-idle",),
    "battery_does_not_end_emptier": ("target-ignored", "sold-out"),
    "cycles_are_limited": ("cycles-ignored",),
    "unreachable_target_is_refused": ("any-target",),
    "schedules_are_kept_newest_first": ("oldest-first", "not-kept", "strategy-ignored"),
    "same_question_has_the_same_answer": ("dice",),
    "request_tells_the_state_of_charge": ("state-forgotten",),
    "sun_needs_a_sensor": ("sun-without-sensor",),
    "battery_charges_from_surplus_only": ("charges-from-the-grid",),
    "battery_never_exports": ("exports",),
    "sun_is_used_while_there_is_room": ("always-idle", "more-sun-than-there-is"),
    "document_lists_every_operation": ("path-missing",),
    "document_leads_nowhere_else": ("definition-missing",),
}

DYNAMO: Found = {
    "organization_is_replaced_as_a_whole": ("organization-merged",),
    "settings_keep_what_is_not_sent": ("settings-replaced",),
    "owner_is_protected": ("owner-demoted", "owner-removed"),
    "address_is_invited_once": ("invited-twice",),
    "nobody_is_invited_as_owner": ("invited-as-owner",),
    "invitation_is_cancelled_once": ("invitation-cancelled-again",),
    "invitation_token_is_only_mailed": ("invitation-token-told",),
    "key_is_shown_once": ("key-listed-with-its-secret",),
    "key_works_in_both_headers": ("key-in-one-header-only",),
    "key_is_nothing_in_the_url": ("key-taken-from-the-url",),
    "revoked_key_is_refused": ("revoked-key-works",),
    "webhook_secret_is_not_shown": ("webhook-secret-shown",),
    "address_signs_up_once": ("signed-up-twice",),
    "installer_logs_in_at_once": ("token-for-a-day",),
    "wrong_password_is_refused": ("any-password", "addresses-told"),
    "unconfirmed_address_cannot_log_in": ("unconfirmed-logs-in",),
    "logout_ends_the_token": ("logout-forgotten",),
    "onboarding_is_completed_once": ("onboarded-again",),
    "charge_point_id_is_registered_once": ("registered-twice",),
    "commissioning_goes_step_by_step": ("steps-backwards", "another-run"),
    "commissioning_runs_once_at_a_time": ("two-runs-at-once",),
    "connector_is_held_for_one": ("reserved-twice",),
    "cancelled_reservation_is_listed_as_such": ("cancelled-stays-active", "filter-ignored@list-reservations"),
    "reservation_is_cancelled_once": ("reservation-cancelled-again",),
    "reservation_ends_in_the_future": ("reserved-until-yesterday",),
    "history_has_what_was_sent": ("command-forgotten", "history-backwards"),
    "bulk_command_reaches_each": ("bulk-in-disorder",),
    "site_with_chargers_stays": ("site-in-use-deleted", "site-without-count"),
    "smart_charging_is_set_before_it_is_read": ("shared-by-default",),
    "smart_charging_keeps_to_the_site": ("shared-beyond-the-site",),
    "allocation_keeps_to_its_budget": ("overdrawn", "reserve-given-out"),
    "fleet_counts_every_charge_point": ("fleet-counts-a-ghost",),
    "bill_is_what_the_session_costs": ("bill-off-by-a-cent",),
    "driver_and_operator_see_the_same_bill": ("drivers-see-more",),
    "drivers_see_their_own_sessions_only": ("drivers-see-others",),
    "receipt_is_a_pdf": ("receipt-is-text",),
    "receipt_comes_when_the_session_is_over": ("receipt-too-early",),
    "live_cost_ends_with_the_session": ("live-for-ever",),
    "session_has_one_dispute_at_a_time": ("disputed-twice",),
    "promotional_code_is_unique": ("code-given-twice",),
    "reports_have_the_same_totals": ("trend-lacks-a-session",),
    "reports_add_up_what_sessions_cost": (
        "report-lacks-a-charge-point@get-energy-by-charge-point",
        "report-lacks-a-charge-point@get-revenue-by-charge-point",
    ),
}

DYNAMO_GENERAL: Found = {
    "other_tenants_see_nothing": ("sites-of-others-shown",),
    "lists_are_in_order": ("sites-oldest-first@list-sites",),
}
"""What general laws find by what is declared of Dynamo."""

DYNAMO_INVARIANTS: Found = {
    "CostComponent": ("unit-price-wrong",),
    "CostBreakdown": ("drivers-see-more",),
    "PortalSession": ("runs-after-its-end",),
    "Invitation": ("invitation-over-at-birth",),
    "Reservation": ("cancelled-at-no-time",),
    "OnboardingStatus": ("complete-and-not",),
    "ChargePoint": ("connector-twice",),
    "CommissioningRun": ("passed-and-not-over",),
    "FleetSummary": ("fleet-miscounted",),
    "FleetHealth": ("health-miscounted",),
    "SiteSummary": ("site-miscounted",),
    "Fault": ("fault-over-before-it-began",),
    "Maintenance": ("maintenance-over-before-it-began",),
    "CpoBulkCommandResult": ("bulk-miscounted",),
    "Invoice": ("invoice-off-by-a-cent",),
    "EnergyByChargePoint": ("report-lacks-a-row",),
    "EnergyByProject": ("report-lacks-a-row",),
    "EnergyTrend": ("report-lacks-a-row",),
    "RevenueByChargePoint": ("report-lacks-a-row",),
    "RevenueByProject": ("report-lacks-a-row",),
    "Delivery": ("delivered-in-vain",),
}
"""Defects by the schema whose declared invariants they break."""

GENERATED: Found = {
    "not_a_server_error": ("small-page-crashes@get-suppliers", "odd-id-crashes@get-suppliers-supplier_id"),
    "response_schema_conformance": (
        "member-missing@get-suppliers",
        "boolean-as-text@get-suppliers",
        "member-null@get-suppliers",
        "value-not-in-enum@get-tariffs",
        "time-in-words@get-tariff-prices",
        "json-truncated@get-suppliers",
    ),
    "status_code_conformance": ("status-undeclared@get-suppliers",),
    "content_type_conformance": ("content-type-html@get-suppliers",),
    "response_headers_conformance": ("header-missing@get-suppliers", "header-as-word@get-suppliers"),
    "ignored_auth": ("authentication-ignored@get-suppliers",),
    "negative_data_rejection": (
        "page-size-corrected@get-suppliers",
        "odd-id-taken@get-suppliers-supplier_id",
    ),
    "positive_data_acceptance": ("largest-page-refused@get-suppliers",),
    "unsupported_method": ("allow-missing@get-suppliers", "any-method@get-suppliers"),
    "listed_items_can_be_read": ("ids-change@get-suppliers",),
}
"""What generated requests find, on any server with the suppliers and tariffs of ev.energy."""

_OTHERS_NEEDED = {
    "time-in-words": ("get-tariffs",),
    "odd-id-taken": ("get-suppliers",),
    "ids-change": ("get-suppliers-supplier_id",),
}
"""Operations that have to be called, too, for a generated request to show a defect."""


def pairs(found: Found) -> list[tuple[str, str]]:
    """Each defect with what finds it."""
    return [(word, name) for name, words in found.items() for word in words]


def law_words(law: str) -> tuple[str, ...]:
    """Options of `gridmock check` that play one law, and no more."""
    return ("--phases", "laws", "--law", law)


def generated_words(word: str) -> tuple[str, ...]:
    """Options of `gridmock check` whose generated requests show a defect, and no more."""
    name, _, operation_id = word.partition("@")
    others = _OTHERS_NEEDED.get(name, ())
    phases = "examples,coverage,stateful" if others and name != "odd-id-taken" else "examples,coverage"
    only = (part for operation in (operation_id, *others) for part in ("--include", operation))
    return ("--phases", phases, "--max-examples", "10", *only)


def altered(where: Where = anywhere, **alters: Any) -> Planted:
    """A defect of a test's own."""
    return Planted(Defect("of-a-test", "", where, **alters))


def in_front_of(app: Any, *planted: Planted | str, contracts: tuple[Contract, ...] = ()) -> Broken:
    """An application with defects in front of it, of the catalogue or of a test's own."""
    return _planted(Broken(app, contracts), planted)


def in_front_of_mock(mock: Mock, *planted: Planted | str) -> Broken:
    """The mock with defects in front of it, of the catalogue or of a test's own."""
    return _planted(plant(mock.app, (), mock.runtime), planted)


def _planted(broken: Broken, planted: tuple[Planted | str, ...]) -> Broken:
    for each in planted:
        broken.plant(*([each] if isinstance(each, Planted) else chosen([each], broken.contracts)))
    return broken


@cache
def desk_contract() -> Contract:
    """The contract of the tariff desk of these tests."""
    return Contract("desk", "", load(Path(__file__).parent / "desk.yaml"))
