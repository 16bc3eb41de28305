"""Content negotiation: `Accept` and `Content-Type` against what a contract declares (RFC 9110 section 12.5.1)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache


def media_type(content_type: str) -> tuple[str, dict[str, str]]:
    """The lower-case media type and its parameters: `application/json; charset=UTF-8` gives `{"charset": "utf-8"}`."""
    name, *rest = content_type.split(";")
    parameters = {}
    for part in rest:
        key, _, value = part.partition("=")
        parameters[key.strip().lower()] = value.strip().strip('"').lower()
    return name.strip().lower(), parameters


@lru_cache(maxsize=256)
def accepts(accept: str, offered: tuple[str, ...]) -> bool:
    """Whether an `Accept` header lets through one of the offered media types; the most specific range decides."""
    ranges = dict(_ranges(accept))
    return not accept.strip() or any(_quality(ranges, name.partition(";")[0].lower()) > 0 for name in offered)


def _ranges(accept: str) -> Iterable[tuple[str, float]]:
    for part in accept.split(","):
        name, parameters = media_type(part)
        try:
            quality = float(parameters.get("q", "1"))
        except ValueError:
            quality = 0.0
        if "/" in name:
            yield name, quality


def _quality(ranges: dict[str, float], name: str) -> float:
    for candidate in (name, f"{name.partition('/')[0]}/*", "*/*"):
        if candidate in ranges:
            return ranges[candidate]
    return 0.0
