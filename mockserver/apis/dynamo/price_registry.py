"""What an organization charges by, as its clients see it: tariffs with schedules, rules, codes and types of users."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mockserver.apis.dynamo import prices, seed_prices
from mockserver.apis.dynamo.registry import check_currency, resource
from mockserver.domain.billing.actions import action
from mockserver.domain.billing.amounts import InvalidBilling
from mockserver.domain.billing.conditions import DAYS, condition
from mockserver.http.errors import Conflict, Unprocessable
from mockserver.http.exchange import Context
from mockserver.http.resources import REQUIRED, prefixed
from mockserver.store import Value


@contextmanager
def judged(field: str) -> Iterator[None]:
    """Unprocessable, with that part of the body, for what no bill can have."""
    try:
        yield
    except InvalidBilling as error:
        raise Unprocessable(str(error), field) from None


def _check_components(value: Value) -> None:
    for number, each in enumerate(value["components"]):
        with judged(f"components.{number}"):
            prices.component(each)


async def _check_tariff(ctx: Context, value: Value) -> None:
    await check_currency(ctx, value)
    _check_components(value)
    with judged("body"):
        prices.tariff(value)


TARIFFS = resource(
    name="tariff",
    plural="tariffs",
    collection="dynamo.tariffs",
    members={"name": REQUIRED, "currency": REQUIRED, "components": REQUIRED, "tax_rate_percent": 0},
    id_member="tariff_id",
    id_form=prefixed("tariff_"),
    stamps={"created_at": True},
    check=_check_tariff,
    base=seed_prices.tariffs,
    unknown_slug="not_found",
)


async def _check_schedule(ctx: Context, value: Value) -> None:
    _check_components(value)
    hours = prices.schedule(value).hours
    for other in await SCHEDULES.list(ctx, tariff_id=value["tariff_id"]):
        day = prices.schedule(other).hours.shared_day(hours)
        if day is not None:
            span = f"from {other['start_time']} to {other['end_time']}"
            text = f"{other['schedule_id']} holds on {DAYS[day]} {span} already."
            raise Conflict(text, slug="schedule_overlaps")


SCHEDULES = resource(
    name="schedule",
    plural="schedules",
    collection="dynamo.tariff_schedules",
    members={"days": [*DAYS], "start_time": REQUIRED, "end_time": REQUIRED, "components": REQUIRED},
    id_member="schedule_id",
    id_form=prefixed("sch_"),
    stamps={"created_at": True},
    check=_check_schedule,
)
"""`tariff_id` is that of the path."""


async def _check_rule(ctx: Context, value: Value) -> None:
    for number, each in enumerate(value["conditions"]):
        with judged(f"conditions.{number}"):
            condition(each["type"], each.get("value"))
    for number, each in enumerate(value["actions"]):
        with judged(f"actions.{number}"):
            action(each["type"], each.get("value"))


RULES = resource(
    name="billing rule",
    plural="billing rules",
    collection="dynamo.billing_rules",
    members={
        "name": REQUIRED,
        "priority": REQUIRED,
        "tariff_id": None,
        "conditions": REQUIRED,
        "actions": REQUIRED,
        "active": True,
    },
    references={"tariff_id": TARIFFS},
    id_member="rule_id",
    id_form=prefixed("rule_"),
    stamps={"created_at": True},
    check=_check_rule,
    base=seed_prices.rules,
    unknown_slug="not_found",
)


async def _check_code(ctx: Context, value: Value) -> None:
    await check_currency(ctx, value)
    with judged("body"):
        prices.promotion(value)


CODES = resource(
    name="promotional code",
    plural="promotional codes",
    collection="dynamo.promotional_codes",
    members={
        "code": REQUIRED,
        "discount_type": REQUIRED,
        "discount_value": REQUIRED,
        "currency": None,
        "max_uses": None,
        "max_uses_per_user": None,
        "expires_at": None,
        "description": None,
    },
    unique=frozenset({"code"}),
    taken_slug="promotional_code_exists",
    id_member="code_id",
    id_form=prefixed("promo_"),
    stamps={"created_at": True},
    check=_check_code,
    base=seed_prices.codes,
)

REDEMPTIONS = resource(
    name="redemption",
    plural="redemptions",
    collection="dynamo.redemptions",
    members={},
    id_member="session_id",
    id_form=prefixed("sess_"),
    stamps={"entered_at": True},
)
"""The code that a driver entered for a session: `promotion`, and the `user` for whom it counts, or else their card."""

USER_TYPES = resource(
    name="user type",
    plural="user types",
    collection="dynamo.user_types",
    members={"name": REQUIRED, "description": None, "user_ids": []},
    unique=frozenset({"name"}),
    taken_slug="user_type_exists",
    id_member="user_type_id",
    id_form=prefixed("uty_"),
    stamps={"created_at": True},
)
