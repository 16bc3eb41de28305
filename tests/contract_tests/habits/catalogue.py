"""All three servers with what is to be told a checker of each, their defects and their traps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.contract_tests.habits import depot_defects, metering_defects, shop_defects, traps
from tests.contract_tests.habits.depot import READ_TOKEN, TOKEN, Depot
from tests.contract_tests.habits.metering import KEY, READ_KEY, Metering
from tests.contract_tests.habits.planting import Client, Defect, Trap
from tests.contract_tests.habits.shop import NORTH, SOUTH, Shop, basic

LAWS: Mapping[str, str] = {
    # lifecycle
    "created_not_readable": "created_is_read_back",
    "created_read_differs": "created_is_read_back",
    "created_not_listed": "created_is_listed_once",
    "listed_twice": "created_is_listed_once",
    "deleted_still_readable": "deleted_is_gone",
    "deleted_still_listed": "deleted_is_gone",
    "deleted_twice_succeeds": "deleted_once_only",
    "update_lost": "change_is_read_back",
    "update_changes_others": "change_leaves_the_rest",
    "replace_keeps_old": "replacement_drops_the_rest",
    "put_not_idempotent": "replacement_can_be_repeated",
    # concurrency
    "idempotency_key_ignored": "idempotency_key_creates_once",
    "idempotency_key_reused_with_other_body_accepted": "idempotency_key_is_for_one_body",
    "etag_unchanged_after_change": "etag_changes_with_the_thing",
    "if_match_ignored": "old_version_is_not_changed",
    "if_none_match_ignored": "known_version_is_304",
    # lists
    "paging_loses": "pages_hold_everything_once",
    "paging_repeats": "pages_hold_everything_once",
    "page_too_long": "pages_are_no_longer_than_asked",
    "total_wrong": "total_is_what_there_is",
    "limit_ignored": "pages_are_no_longer_than_asked",
    "cursor_loops": "pages_hold_everything_once",
    "cursor_dies": "pages_hold_everything_once",
    "link_loops": "pages_hold_everything_once",
    "filter_ignored": "filters_select",
    "filter_too_much": "filters_select",
    "sort_ignored": "lists_are_in_order",
    "sort_direction": "lists_are_in_order",
    "range_ignored": "ranges_cut",
    "range_bounds": "ranges_cut",
    "intervals_gap": "intervals_tile",
    "intervals_overlap": "intervals_tile",
    "ids_unstable": "ids_stay_the_same",
    "ids_not_unique": "ids_are_unique",
    # declared
    "sum_wrong": "declared_invariants_hold",
    "unit_wrong": "declared_invariants_hold",
    "order_of_times": "declared_invariants_hold",
    "unique_ignored": "declared_unique_members_are_unique",
    "double_transition": "transitions_happen_once",
    "illegal_transition": "transitions_need_their_state",
    "transition_without_effect": "transitions_lead_where_declared",
    # access
    "other_tenant_reads": "other_tenants_see_nothing",
    "other_tenant_lists": "other_tenants_see_nothing",
    "other_tenant_changes": "other_tenants_change_nothing",
    "not_found_before_401": "strangers_learn_nothing_of_ids",
    "auth_ignored": "strangers_are_refused",
    "scope_ignored": "readers_change_nothing",
    # protocol
    "wrong_media_type_accepted": "other_media_types_are_refused",
    "accept_ignored": "accept_is_heeded",
    "error_format": "errors_have_their_format",
    "head_differs": "head_is_get_without_a_body",
    "options_missing": "options_says_what_can_be_done",
    "secret_echoed": "no_secret_is_echoed",
    "stack_trace": "no_internals_are_shown",
    "slow_operation": "no_operation_is_much_slower",
    "location_wrong": "location_leads_to_what_was_created",
    "retry_after_missing": "who_is_turned_away_is_told_when_to_come",
    "rate_limit_headers_wrong": "remaining_requests_are_counted",
    "unknown_id_not_404": "unknown_ids_are_not_found",
    "incomplete_body_accepted": "bodies_are_checked",
    # found by generated requests
    "method_not_405": "undeclared_methods_are_refused",
    "allow_missing": "refused_methods_come_with_allow",
    "invalid_body_accepted": "",
}
"""The general law that has to find a defect, by the class of laws that the defect breaks; empty where none does."""


@dataclass(frozen=True)
class Habit:
    """One server; headers are those of its usual caller, of one who may only read, and of another tenant."""

    name: str
    server: Any
    headers: Mapping[str, str]
    defects: tuple[Defect, ...]
    traps: tuple[Trap, ...]
    readers: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)

    def client(self, *planted: Defect | Trap) -> Client:
        """Somebody who asks a new server in this process."""
        headers = dict(self.headers)
        for one in planted:
            headers |= getattr(one, "headers", {})
        return Client(self.server(*planted), **headers)


HABITS = (
    Habit(
        "depot",
        Depot,
        {"Authorization": f"Bearer {TOKEN}"},
        depot_defects.DEFECTS,
        traps.OF_DEPOT,
        readers={"Authorization": f"Bearer {READ_TOKEN}"},
    ),
    Habit(
        "metering",
        Metering,
        {"X-Api-Key": KEY},
        metering_defects.DEFECTS,
        traps.OF_METERING,
        readers={"X-Api-Key": READ_KEY},
    ),
    Habit(
        "shop",
        Shop,
        {"Authorization": basic(NORTH)},
        shop_defects.DEFECTS,
        traps.OF_SHOP,
        others={"Authorization": basic(SOUTH)},
    ),
)
