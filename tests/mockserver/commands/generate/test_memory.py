"""A longer window costs no more memory."""

from __future__ import annotations

import pytest

from tests.mockserver.commands.generate.steps import elsewhere

MEASURED = """
import resource
import sys
from mockserver.cli import main
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""
ALLOWED_KIB = 6 * 1024
"""Less than the rows would take: they are ten thousands more, and each takes half a KiB or more."""


def peak_kib(*arguments: str) -> tuple[int, int]:
    """Most memory in KiB that the process had, and the size of its output."""
    done = elsewhere(*arguments, "--quiet", code=MEASURED)
    assert done.returncode == 0, done.stderr
    return int(done.stderr), len(done.stdout)


@pytest.mark.parametrize(
    ("arguments", "short", "long"),
    [
        (("meter-values", "--world", "fleet:10", "--cadence", "1m", "--format", "csv"), "2d", "14d"),
        (("ocpp", "--world", "fleet:3", "--format", "jsonl"), "1d", "6d"),
    ],
)
def test_a_longer_window_needs_no_more_memory(arguments: tuple[str, ...], short: str, long: str) -> None:
    before, few = peak_kib(*arguments, "--from", "2026-03-02", "--to", short)
    after, many = peak_kib(*arguments, "--from", "2026-03-02", "--to", long)

    assert many - few > 2 * 1024 * ALLOWED_KIB / 3
    assert after - before < ALLOWED_KIB
