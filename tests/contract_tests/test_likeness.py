"""What a server may make of a value that was sent, and what it may not."""

from __future__ import annotations

from typing import Any

import pytest

from contract_tests.laws.general.likeness import lacking, same


@pytest.mark.parametrize(
    ("sent", "came"),
    [
        (1, 1.0),
        (149.5, "149.50"),
        (0.1 + 0.2, 0.3),
        (True, "true"),
        (" Hall 4 ", "Hall 4"),
        ("abc", "ABC"),
        ("https://example.com/", "https://example.com"),
        ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00.000+01:00"),
        ("2026-03-01T12:00:00.123456Z", "2026-03-01T12:00:00Z"),
        ("2026-03-01", "2026-03-01T00:00:00Z"),
        ("12:00", "12:00:00"),
        ("PT15M", "PT900S"),
        ("secret-of-mine", "********mine"),
        (["b", "a"], ["a", "b"]),
        ([{"sku": "A", "quantity": 2}], [{"sku": "A", "quantity": 2, "unit_cents": 100}]),
        (17, {"id": 17, "name": "in whole"}),
        (None, ""),
        ([], None),
    ],
)
def test_the_same_value_written_in_another_way(sent: Any, came: Any) -> None:
    assert same(sent, came)


@pytest.mark.parametrize(
    ("sent", "came"),
    [
        (149.5, 149),
        (1, None),
        (1, "one"),
        (True, False),
        (True, 1),
        ("Under the roof", "Under the"),
        ("Café", "Caf?"),
        ("Hall 4", ""),
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00+01:00"),
        ("12:00", "13:00"),
        ("a", ["a"]),
        (["a", "a"], ["a"]),
        (["a"], ["a", "b"]),
        ([{"sku": "A", "quantity": 2}], [{"sku": "A", "quantity": 1}]),
        ({"city": "Gent"}, {"town": "Gent"}),
        (17, {"id": 18}),
        (None, "still there"),
    ],
)
def test_another_value(sent: Any, came: Any) -> None:
    assert not same(sent, came)


def test_what_is_lacking_is_told_by_member() -> None:
    sent = {"name": "A", "level": 1, "comment": "x", "seen_at": "2026-03-01"}
    came = {"name": "a", "level": 2, "seen_at": "2026-04-01", "more": True}
    assert lacking(sent, came, {"seen_at"}) == {"level": 1, "comment": "x"}
