"""How fast a target is asked: a rate that the user sets, and what the target says of its limits."""

from __future__ import annotations

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

BUSY = (502, 503, 504)
"""Statuses of a server, or of something before it, that may well answer the next time."""
PAUSE_S = 0.1
"""How long to wait before a request is sent again the first time, if the answer does not say; doubled each time."""
PATIENCE_S = 10
"""Longer than this is a quota rather than a request to slow down: waiting would be no test but a night's sleep."""
_REMAINING = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")
_RESET = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")


class Pace:
    """Keeps requests at least 1 / `rate_per_s` seconds apart (0: no limit), and waits where a limit is used up."""

    def __init__(self, rate_per_s: float) -> None:
        self._interval_s = 1 / rate_per_s if rate_per_s else 0.0
        self._next = 0.0

    def wait(self) -> None:
        """Wait until the next request may be sent."""
        now = time.monotonic()
        if self._next > now:
            time.sleep(self._next - now)
        self._next = max(self._next, now) + self._interval_s

    def see(self, headers: Mapping[str, str]) -> None:
        """Take the headers of an answer into account: no request is left, and the limit is soon set back."""
        lower = {name.lower(): value for name, value in headers.items()}
        remaining = next((lower[name] for name in _REMAINING if name in lower), "")
        reset = next((lower[name] for name in _RESET if name in lower), "")
        if remaining.strip() == "0" and reset.isdecimal():
            # Some servers say a length in seconds, some a time in seconds since 1970.
            seconds = int(reset) if int(reset) < 1_000_000_000 else int(reset) - time.time()
            if 0 < seconds <= PATIENCE_S:
                self._next = max(self._next, time.monotonic() + seconds)


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """The seconds of `Retry-After` (RFC 9110, 10.2.3), as a number or a time; None without it, or if it is too long."""
    text = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if text.isdecimal():
        seconds = float(text)
    else:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except ValueError:
            return None
    return max(seconds, 0.0) if seconds <= PATIENCE_S else None
