"""Series: as many values as slots, and slots that follow each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from mockserver.domain.series import Series


def test_slots_are_half_open_and_follow_each_other() -> None:
    series = Series("Wh", range(0, 3600, 900), [1, 2, 3, 4])
    slots = list(series)
    assert slots[0] == (datetime(1970, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, 0, 15, tzinfo=UTC), 1)
    assert [slot.value for slot in slots] == [1, 2, 3, 4]
    assert all(before.end == after.start for before, after in pairwise(slots))
    assert (len(series), series.slot_s) == (4, 900)


def test_the_last_slot_is_whole_where_the_window_is_not() -> None:
    assert [slot.end - slot.start for slot in Series("W", range(0, 1000, 900), [5, 6])] == [timedelta(minutes=15)] * 2


def test_no_slots_are_a_series_too() -> None:
    assert list(Series("Wh", range(0, 0, 900), [])) == []


def test_values_and_slots_are_as_many() -> None:
    with pytest.raises(ValueError, match="3 values for 4 slots"):
        Series("Wh", range(0, 3600, 900), [1, 2, 3])
