"""The bill: the sheet's worked example, and every rule of its arithmetic at its edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mockserver.domain.billing.amounts import InvalidBilling
from mockserver.domain.billing.breakdown import CostBreakdown, breakdown
from mockserver.domain.billing.promotions import DiscountType, Promotion
from mockserver.domain.billing.session_facts import SessionFacts
from mockserver.domain.billing.tariffs import ComponentType, Tariff, TariffComponent, Unit
from tests.mockserver.domain.billing.cases import (
    WORKED_SESSION,
    WORKED_TARIFF,
    rule,
    session_of,
    tariff_of,
    worked_bill,
)

START = datetime(2026, 3, 3, 17, tzinfo=UTC)
SESSION = session_of(WORKED_SESSION)


def session(*, minutes: float = 60, idle_minutes: float = 0, energy_wh: int = 0) -> SessionFacts:
    until = START + timedelta(minutes=minutes)
    stopped_at = until - timedelta(minutes=idle_minutes)
    return replace(SESSION, started_at=START, charging_stopped_at=stopped_at, until=until, energy_wh=energy_wh)


def component(kind: ComponentType, price: str, *, step: str = "1", grace: str = "0") -> TariffComponent:
    return TariffComponent(
        type=kind, price=Decimal(price), step_size_kwh=Decimal(step), min_duration_minutes=Decimal(grace)
    )


def tariff(*components: TariffComponent, tax: str = "0") -> Tariff:
    return Tariff(id="tariff_01", name="T", currency="EUR", components=components, tax_rate_percent=Decimal(tax))


def flat(price: str, tax: str = "0") -> Tariff:
    return tariff(component(ComponentType.FLAT, price), tax=tax)


def line(made: CostBreakdown) -> tuple[Decimal, Decimal]:
    (only,) = made.components
    return only.quantity, only.amount


def test_the_worked_example_of_the_sheet() -> None:
    made = worked_bill()
    assert [(each.type, each.quantity, each.unit, each.amount) for each in made.components] == [
        (ComponentType.FLAT, 1, Unit.SESSION, Decimal("1.00")),
        (ComponentType.ENERGY, Decimal("12.3"), Unit.KWH, Decimal("4.92")),
        (ComponentType.PARKING, 6, Unit.MINUTE, Decimal("1.20")),
    ]
    assert made.subtotal == Decimal("7.12")
    (discount,) = made.discounts
    assert (discount.type, discount.reference, discount.amount) == ("promotional_code", "SPRING10", Decimal("0.71"))
    assert (made.tax_amount, made.total_cost) == (Decimal("1.28"), Decimal("7.69"))
    assert (made.energy_kwh, made.duration_minutes, made.is_final) == (Decimal("12.34"), Decimal("100.67"), True)


@pytest.mark.parametrize(
    ("energy_wh", "step", "kwh"),
    [
        (12_340, "0.1", "12.3"),
        (12_350, "0.1", "12.4"),
        (12_349, "0.1", "12.3"),
        (499, "1", "0"),
        (500, "1", "1"),
        (1_500, "1", "2"),
        (2_500, "1", "3"),
        (3_499, "7", "0"),
        (3_500, "7", "7"),
        (450, "0.3", "0.6"),
        (449, "0.3", "0.3"),
        (12_345, "0.001", "12.345"),
        (0, "0.5", "0"),
    ],
)
def test_energy_is_the_nearest_multiple_of_the_step(energy_wh: int, step: str, kwh: str) -> None:
    made = breakdown(session(energy_wh=energy_wh), tariff(component(ComponentType.ENERGY, "1", step=step)))
    assert line(made)[0] == Decimal(kwh)


@pytest.mark.parametrize(
    ("minutes", "grace", "billed"),
    [
        (0, "0", "0"),
        (1 / 60, "0", "1"),
        (30, "0", "30"),
        (30 + 1 / 60, "0", "31"),
        (30, "30", "0"),
        (29, "30", "0"),
        (30 + 1 / 60, "30", "1"),
        (11, "2.5", "8.5"),
    ],
)
def test_minutes_are_those_begun_beyond_the_grace(minutes: float, grace: str, billed: str) -> None:
    by_time = tariff(component(ComponentType.TIME, "0.10", grace=grace))
    by_parking = tariff(component(ComponentType.PARKING, "0.10", grace=grace))
    assert line(breakdown(session(minutes=minutes), by_time))[0] == Decimal(billed)
    parked = session(minutes=minutes + 45, idle_minutes=minutes)
    assert line(breakdown(parked, by_parking))[0] == Decimal(billed)


def test_nobody_parks_who_charges_until_the_end() -> None:
    charging = replace(session(minutes=60), charging_stopped_at=None)
    assert line(breakdown(charging, tariff(component(ComponentType.PARKING, "5")))) == (0, 0)


def test_parts_of_a_second_count_as_little_as_on_the_wire() -> None:
    late = replace(SESSION, charging_stopped_at=None, until=SESSION.started_at + timedelta(minutes=5, milliseconds=900))
    assert line(breakdown(late, tariff(component(ComponentType.TIME, "1"))))[0] == 5


def test_the_minutes_shown_have_the_ceiling_that_is_billed() -> None:
    for seconds in range(241):
        made = breakdown(session(minutes=seconds / 60), tariff(component(ComponentType.TIME, "1")))
        assert line(made)[0] == made.duration_minutes.to_integral_value("ROUND_CEILING"), seconds


@pytest.mark.parametrize(
    ("price", "amount"), [("1.005", "1.01"), ("1.0049999", "1.00"), ("2.675", "2.68"), ("0.005", "0.01"), ("0", "0.00")]
)
def test_money_rounds_half_up(price: str, amount: str) -> None:
    made = breakdown(SESSION, flat(price))
    assert line(made) == (1, Decimal(amount))
    assert str(made.subtotal) == amount


def test_a_product_of_long_numbers_rounds_once() -> None:
    # 0.00499...9 of 30 digits: rounded to the 28 of ordinary decimals first, it would become 0.005 and then a cent.
    made = breakdown(SESSION, flat("0.00" + "4" + "9" * 40))
    assert made.total_cost == 0
    tiny = tariff(component(ComponentType.ENERGY, "1e-300", step="1e-300"))
    assert breakdown(session(energy_wh=1), tiny).total_cost == 0


def test_tax_is_on_top_of_what_discounts_leave() -> None:
    made = breakdown(SESSION, flat("10", tax="7.7"), [rule(("apply_discount", 15))])
    assert (made.discount_total, made.tax_amount, made.total_cost) == (Decimal("1.5"), Decimal("0.65"), Decimal("9.15"))


def test_a_discount_of_a_rule_is_of_the_subtotal_and_a_codes_of_what_remains() -> None:
    rules = [rule(("apply_discount", 50)), rule(("apply_discount", 25), priority=2)]
    code = Promotion(code="HALF", discount_type=DiscountType.PERCENT, discount_value=Decimal(50))
    made = breakdown(SESSION, flat("10"), rules, code)
    assert [each.amount for each in made.discounts] == [5, Decimal("2.5"), Decimal("1.25")]


def test_discounts_never_exceed_what_is_left() -> None:
    rules = [rule(("apply_discount", 60), ("apply_discount", 60), ("apply_discount", 60))]
    code = Promotion(code="TAKE5", discount_type=DiscountType.FIXED, discount_value=Decimal(5), currency="EUR")
    made = breakdown(SESSION, flat("10", tax="20"), rules, code)
    assert [each.amount for each in made.discounts] == [6, 4]
    assert (made.tax_amount, made.total_cost) == (0, 0)


def test_a_free_session_takes_off_what_is_left_where_its_turn_comes() -> None:
    rules = [rule(("free_session", None), rule_id="rule_free", priority=2), rule(("apply_discount", 10))]
    made = breakdown(SESSION, flat("10", tax="20"), rules)
    assert [(each.reference, each.amount) for each in made.discounts] == [("rule_01", 1), ("rule_free", 9)]
    assert (made.subtotal, made.tax_amount, made.total_cost) == (10, 0, 0)


def test_fees_of_later_rules_are_in_the_subtotal_of_earlier_discounts() -> None:
    rules = [rule(("apply_discount", 10)), rule(("add_flat_fee", 5), priority=9, name="Late fee")]
    made = breakdown(SESSION, flat("10"), rules)
    assert [(each.type, each.description) for each in made.components][1:] == [(ComponentType.FLAT, "Late fee")]
    assert (made.subtotal, made.discount_total) == (15, Decimal("1.5"))


def test_override_price_changes_energy_only() -> None:
    made = breakdown(SESSION, tariff_of(WORKED_TARIFF), [rule(("override_price", 0.1))])
    assert [each.amount for each in made.components] == [1, Decimal("1.23"), Decimal("1.2")]


def test_of_two_overrides_the_later_one_stays() -> None:
    rules = [rule(("override_price", 0.5), priority=3), rule(("override_price", 0.1), priority=2)]
    energy = tariff(component(ComponentType.ENERGY, "9"))
    assert breakdown(session(energy_wh=10_000), energy, rules).subtotal == 5


@pytest.mark.parametrize(("removal", "fees"), [(1, [Decimal("2.5")]), (3, [])])
def test_removal_is_of_what_is_on_the_bill_when_its_turn_comes(removal: int, fees: list[Decimal]) -> None:
    rules = [rule(("add_flat_fee", 2.5), priority=2), rule(("remove_component", "flat"), priority=removal)]
    made = breakdown(SESSION, tariff_of(WORKED_TARIFF), rules)
    assert [each.amount for each in made.components if each.type is ComponentType.FLAT] == fees
    assert {ComponentType.ENERGY, ComponentType.PARKING} <= {each.type for each in made.components}


def test_a_bill_may_have_no_lines() -> None:
    made = breakdown(SESSION, flat("10", tax="20"), [rule(("remove_component", "flat"), ("apply_discount", 10))])
    assert (made.components, made.discounts, str(made.total_cost)) == ((), (), "0.00")


def test_equal_priorities_act_as_they_come() -> None:
    rules = [rule(("apply_discount", 80), rule_id="rule_a"), rule(("apply_discount", 80), rule_id="rule_b")]
    made = breakdown(SESSION, flat("10"), rules)
    assert [(each.reference, each.amount) for each in made.discounts] == [("rule_a", 8), ("rule_b", 2)]


def test_an_active_session_has_a_running_cost_without_rules() -> None:
    active = replace(SESSION, is_finished=False)
    rules = [rule(("free_session", None), ("add_flat_fee", 5))]
    made, closed = breakdown(active, flat("10"), rules), breakdown(SESSION, flat("10"), rules)
    assert (made.is_final, made.total_cost) == (False, 10)
    assert (closed.is_final, closed.total_cost) == (True, 0)


def test_a_fixed_code_of_another_currency_is_refused() -> None:
    code = Promotion(code="TAKE5", discount_type=DiscountType.FIXED, discount_value=Decimal(5), currency="GBP")
    with pytest.raises(InvalidBilling, match="code TAKE5 is worth GBP, and the tariff is in EUR"):
        breakdown(SESSION, flat("10"), promotion=code)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"energy_wh": -1}, "energy_wh is -1; it must be a number at least 0"),
        ({"until": START - timedelta(hours=1)}, "are not in that order"),
        ({"charging_stopped_at": START - timedelta(seconds=1)}, "are not in that order"),
        ({"charging_stopped_at": START + timedelta(days=1)}, "are not in that order"),
        ({"until": datetime(2026, 3, 4)}, "until is 2026-03-04T00:00:00; it must have a time zone"),  # noqa: DTZ001
    ],
)
def test_a_session_that_contradicts_itself_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidBilling, match=message):
        replace(SESSION, **changes)
