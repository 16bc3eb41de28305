"""Whether what came back is what was sent, for servers that write the same value in another way."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, time
from typing import Any

_PRECISION_S = 1.0


def same(sent: Any, came: Any) -> bool:
    """Whether a value is the one that was sent.

    Numbers are compared as numbers and times as instants, to the second; texts without regard to case and spaces, lists
    without regard to order. An object may have more members than were sent; null, nothing and emptiness are one.
    """
    if is_nothing(sent):
        return is_nothing(came)
    if isinstance(came, Mapping):
        # What was sent may also be the id of what is now shown in whole.
        return not lacking(sent, came) if isinstance(sent, Mapping) else any(same(sent, one) for one in came.values())
    if isinstance(sent, bool) or isinstance(came, bool):
        return str(sent).lower() == str(came).lower()
    if isinstance(sent, int | float) or isinstance(came, int | float):
        one, two = _number(sent), _number(came)
        return one is not None and two is not None and math.isclose(one, two, rel_tol=1e-9)
    if isinstance(sent, str) and isinstance(came, str):
        return _same_text(sent, came)
    if isinstance(sent, list) and isinstance(came, list):
        return _same_list(sent, came)
    return False


def is_nothing(value: Any) -> bool:
    """Whether a value is null or empty."""
    return value is None or value in ("", [], {})


def lacking(sent: Mapping[str, Any], came: Mapping[str, Any], but: Collection[str] = ()) -> dict[str, Any]:
    """The members of what was sent that came back as something else or not at all, but for some."""
    return {name: value for name, value in sent.items() if name not in but and not same(value, came.get(name))}


def words(value: Any) -> str:
    """A value as people read it."""
    return json.dumps(value, ensure_ascii=False)


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _same_text(sent: str, came: str) -> bool:
    if _plain(sent) == _plain(came) or ("*" in came and "*" not in sent):  # asterisks hide what is secret
        return True
    one, two = _seconds(sent), _seconds(came)
    if one is not None and two is not None:
        return abs(one - two) < _PRECISION_S
    # PT15M and PT900S are the same time.
    return all(re.match(r"P(T?[0-9]|T)", text) for text in (sent, came))


def _plain(text: str) -> str:
    """A text without what may be lost from it: case, spaces, the slash at the end of a URL."""
    return "".join(text.split()).casefold().rstrip("/")


def _seconds(text: str) -> float | None:
    """The instant in a text in seconds, by UTC where no zone is said, or a time of day."""
    try:
        moment = datetime.fromisoformat(text.upper())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        pass
    try:
        moment_of_day = time.fromisoformat(text.upper())
        return moment_of_day.hour * 3600 + moment_of_day.minute * 60 + moment_of_day.second
    except ValueError:
        return None


def _same_list(sent: list[Any], came: list[Any]) -> bool:
    left = list(came)
    for value in sent:
        found = next((index for index, one in enumerate(left) if same(value, one)), None)
        if found is None:
            return False
        del left[found]
    return not left
