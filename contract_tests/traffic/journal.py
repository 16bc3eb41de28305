"""Entries of gridmock's journal (`GET /_mock/journal`, schema JournalEntry of the control plane's contract)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract_tests.credentials import MASK
from contract_tests.traffic.recorded import Part, Recorded

_LOST = "\ufffd"


def exchange(entry: Mapping[str, Any]) -> Recorded:
    """An entry as an exchange; raises KeyError for what is missing, TypeError and ValueError for what is wrong."""
    request, response = entry["request"], entry.get("response")
    unread: dict[Part, str] = {}
    sent = _body(request, "request body", unread)
    answered = _body(response, "response body", unread) if response else None
    headers = _headers(request)
    query = entry.get("query") or ""
    return Recorded(
        method=str(entry["method"]),
        # The journal does not say how it was reached.
        url=f"http://{headers.get('host', 'localhost')}{entry['path']}" + (f"?{query}" if query else ""),
        request_headers=headers,
        request_body=sent,
        status=int(response["status"] or 0) if response else 0,
        response_headers=_headers(response) if response else {},
        response_body=answered,
        unread=unread,
        censored=True,
    )


def _headers(message: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(value) for name, value in message["headers"].items()}


def _body(message: Mapping[str, Any], part: Part, unread: dict[Part, str]) -> bytes | None:
    body = message["body"]
    if body is None:
        if message.get("body_bytes"):
            unread[part] = "it was not kept"
        return None
    if message.get("body_truncated"):
        unread[part] = "it was cut"
    elif body == MASK:
        unread[part] = "it was masked"
    elif _LOST in body:
        unread[part] = "it holds bytes that are no UTF-8"
    return str(body).encode("utf-8", "surrogatepass")
