"""From what schemathesis sent and got to our own Exchange."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests
from schemathesis import Case, Response
from schemathesis.engine.recorder import Interaction, Request

from contract_tests.exchange import Exchange


def recorded(operation: str, interaction: Interaction) -> Exchange:
    """An exchange as schemathesis recorded it, with status 0 if no answer came."""
    if interaction.response is None:
        return _exchange(operation, interaction.request, None)
    return answered(operation, interaction.response)


def answered(operation: str, response: Response) -> Exchange:
    """An exchange by its answer, which knows its request."""
    return _exchange(operation, Request.from_prepared_request(response.request), response)


def unanswered(operation: str, case: Case[Any], headers: Mapping[str, str]) -> Exchange | None:
    """The exchange of a case for which schemathesis recorded none, because the connection broke during the answer.

    None for a case that no request can be made of: that one was never sent, and schemathesis reports it by itself.
    """
    try:
        request = requests.Request(**case.as_transport_kwargs(headers=dict(headers))).prepare()
    except Exception:
        # No serializer for the media type, a header that cannot be encoded, a path without a value, and so on.
        return None
    return _exchange(operation, Request.from_prepared_request(request), None)


def _exchange(operation: str, request: Request, response: Response | None) -> Exchange:
    return Exchange(
        operation=operation,
        method=request.method,
        url=request.uri,
        headers={name: values[0] for name, values in request.headers.items()},
        body=request.body,
        status=response.status_code if response else 0,
        answer_headers={name: ", ".join(values) for name, values in response.headers.items()} if response else {},
        answer=response.content if response else b"",
        seconds=response.elapsed if response else 0.0,
    )
