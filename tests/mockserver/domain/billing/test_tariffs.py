"""Tariffs: the shape of flat rates is short for components, and what makes no sense is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mockserver.domain.billing.amounts import InvalidBilling
from mockserver.domain.billing.breakdown import breakdown
from mockserver.domain.billing.tariffs import ComponentType, Tariff, TariffComponent, flat_rate_components
from tests.mockserver.domain.billing.cases import WORKED_SESSION, session_of


def test_flat_rates_are_short_for_components() -> None:
    components = flat_rate_components(
        energy_rate_per_kwh=Decimal("0.40"),
        session_fee=Decimal(1),
        idle_fee_per_minute=Decimal("0.20"),
        idle_grace_period_minutes=Decimal(5),
    )
    assert components == (
        TariffComponent(type=ComponentType.ENERGY, price=Decimal("0.40")),
        TariffComponent(type=ComponentType.FLAT, price=Decimal(1)),
        TariffComponent(type=ComponentType.PARKING, price=Decimal("0.20"), min_duration_minutes=Decimal(5)),
    )
    tariff = Tariff(id="tar_01", name="Flat", currency="GBP", components=components)
    assert breakdown(session_of(WORKED_SESSION), tariff).total_cost == Decimal("7.00")  # 12 kWh, a session, 6 minutes


def test_a_rate_that_is_not_given_is_no_component() -> None:
    (only,) = flat_rate_components(idle_fee_per_minute=Decimal("0.1"))
    assert (only.type, only.min_duration_minutes) == (ComponentType.PARKING, 0)


def test_a_grace_period_needs_a_fee() -> None:
    with pytest.raises(InvalidBilling, match="idle_grace_period_minutes is given without idle_fee_per_minute"):
        flat_rate_components(session_fee=Decimal(1), idle_grace_period_minutes=Decimal(5))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"price": Decimal("-0.01")}, "price is -0.01; it must be a number at least 0"),
        ({"price": Decimal("NaN")}, "price is NaN"),
        ({"price": Decimal("1e300")}, "at most 1000000000"),
        ({"step_size_kwh": Decimal(0)}, "step_size_kwh is 0; it must be a number greater than 0"),
        ({"type": ComponentType.TIME, "min_duration_minutes": Decimal(-1)}, "min_duration_minutes is -1"),
        ({"min_duration_minutes": Decimal(5)}, "min_duration_minutes is 5 of a component of type energy; only time"),
    ],
)
def test_a_wrong_component_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidBilling, match=message):
        TariffComponent(**{"type": ComponentType.ENERGY, "price": Decimal(1), **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"components": ()}, "components is empty; a tariff needs at least one"),
        ({"currency": "Euro"}, "currency is 'Euro'; it must be three capital letters"),
        ({"tax_rate_percent": Decimal(-1)}, "tax_rate_percent is -1"),
    ],
)
def test_a_wrong_tariff_is_refused(changes: dict[str, Any], message: str) -> None:
    components = flat_rate_components(session_fee=Decimal(1))
    with pytest.raises(InvalidBilling, match=message):
        Tariff(**{"id": "tariff_01", "name": "T", "currency": "EUR", "components": components, **changes})
