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

LAWS = {
    "created_not_readable": "created_not_readable",
    "created_read_differs": "created_read_differs",
    "created_not_listed": "created_not_listed",
    "listed_twice": "listed_twice",
    "deleted_still_readable": "deleted_still_readable",
    "deleted_still_listed": "deleted_still_listed",
    "deleted_twice_succeeds": "deleted_twice_succeeds",
    "update_lost": "update_lost",
    "update_changes_others": "update_changes_others",
    "replace_keeps_old": "replace_keeps_old",
    "put_not_idempotent": "put_not_idempotent",
    "paging_loses": "paging_loses",
    "paging_repeats": "paging_repeats",
    "page_too_long": "page_too_long",
    "total_wrong": "total_wrong",
    "limit_ignored": "limit_ignored",
    "cursor_loops": "cursor_loops",
    "cursor_dies": "cursor_dies",
    "link_loops": "link_loops",
    "filter_ignored": "filter_ignored",
    "filter_too_much": "filter_too_much",
    "sort_ignored": "sort_ignored",
    "sort_direction": "sort_direction",
    "range_ignored": "range_ignored",
    "range_bounds": "range_bounds",
    "intervals_gap": "intervals_gap",
    "intervals_overlap": "intervals_overlap",
    "sum_wrong": "sum_wrong",
    "unit_wrong": "unit_wrong",
    "order_of_times": "order_of_times",
    "ids_unstable": "ids_unstable",
    "ids_not_unique": "ids_not_unique",
    "idempotency_key_ignored": "idempotency_key_ignored",
    "idempotency_key_reused_with_other_body_accepted": "idempotency_key_reused_with_other_body_accepted",
    "etag_unchanged_after_change": "etag_unchanged_after_change",
    "if_match_ignored": "if_match_ignored",
    "if_none_match_ignored": "if_none_match_ignored",
    "unique_ignored": "unique_ignored",
    "double_transition": "double_transition",
    "illegal_transition": "illegal_transition",
    "transition_without_effect": "transition_without_effect",
    "other_tenant_reads": "other_tenant_reads",
    "other_tenant_lists": "other_tenant_lists",
    "other_tenant_changes": "other_tenant_changes",
    "not_found_before_401": "not_found_before_401",
    "auth_ignored": "auth_ignored",
    "scope_ignored": "scope_ignored",
    "wrong_media_type_accepted": "wrong_media_type_accepted",
    "accept_ignored": "accept_ignored",
    "method_not_405": "unsupported_method",
    "allow_missing": "unsupported_method",
    "error_format": "error_format",
    "head_differs": "head_differs",
    "options_missing": "options_missing",
    "secret_echoed": "secret_echoed",
    "stack_trace": "stack_trace",
    "slow_operation": "slow_operation",
    "location_wrong": "location_wrong",
    "retry_after_missing": "retry_after_missing",
    "rate_limit_headers_wrong": "rate_limit_headers_wrong",
    "invalid_body_accepted": "invalid_body_accepted",
    "unknown_id_not_404": "unknown_id_not_404",
}
"""The law or check that has to find a defect, by the class of laws that the defect breaks."""


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
