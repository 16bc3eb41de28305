"""What a test asks of the journal: which calls came, and how they differ from those that should have come."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

import orjson

from mockserver.http.api import MountedApi
from mockserver.http.journal import MASK, masked
from mockserver.testing.control import Control

ANYTHING: Any = ...
"""As a wanted body: whatever it is."""
_SHOWN_CALLS, _SHOWN_DIFFERENCES = 3, 5
_SHOWN_CHARACTERS = 200


class UnknownName(ValueError):
    """An API, an application or an operation that the mock does not have; the message names those spelled alike."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(known) or 'none'}"
        super().__init__(f"the mock has no {kind} {name!r}; {hint}")


@dataclass(frozen=True)
class Call:
    """One request that arrived, and the answer; `status` is None where a fault cut the connection.

    Header names are lower-case, secrets read `***`, and bodies are cut at 64 KiB.
    """

    request_id: str
    at: datetime
    api: str | None
    operation_id: str | None
    client_id: str | None
    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: str
    status: int | None
    response_headers: Mapping[str, str]
    response_body: str
    url: str
    """Path and query as sent."""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Call:
        """The call of an entry of the journal, as the control plane shows it."""
        request, response = entry["request"], entry["response"] or {}
        return cls(
            request_id=entry["request_id"],
            at=datetime.fromisoformat(entry["at"]),
            api=entry["api"],
            operation_id=entry["operation_id"],
            client_id=entry["client_id"],
            method=entry["method"],
            path=entry["path"],
            query=parse_qs(entry["query"], keep_blank_values=True),
            headers=request["headers"],
            body=request["body"] or "",
            status=response.get("status"),
            response_headers=response.get("headers", {}),
            response_body=response.get("body") or "",
            url=f"{entry['path']}?{entry['query']}" if entry["query"] else entry["path"],
        )

    @property
    def json(self) -> Any:
        """The body as JSON values; ValueError when it is none, or was cut."""
        return orjson.loads(self.body)

    @property
    def response_json(self) -> Any:
        """The answer's body as JSON values; ValueError when it is none, or was cut."""
        return orjson.loads(self.response_body)

    def __str__(self) -> str:
        return f"{self.request_id} {self.method} {self.url} -> {self.status or 'connection cut'}"


@dataclass(frozen=True)
class Wanted:
    """A call as it should be: whatever is None may be anything.

    `query` and `headers` name what has to be there, beside anything else; `json` is the whole body.
    """

    operation_id: str | None
    api: str | None = None
    status: int | None = None
    query: Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None
    json: Any = ANYTHING

    def __str__(self) -> str:
        parts = [
            f"{name} {_shown(value)}"
            for name, value in (("query", self.query), ("headers", self.headers), ("status", self.status))
            if value is not None
        ]
        parts += [] if self.json is ANYTHING else [f"json {_shown(self.json)}"]
        return f"{self.operation_id or 'any operation'}{f' of {self.api}' if self.api else ''}{_with(parts)}"

    def is_about(self, call: Call) -> bool:
        """Whether a call is one to the operation."""
        return self.operation_id in (None, call.operation_id) and self.api in (None, call.api)

    def differences(self, call: Call) -> Iterator[str]:
        """In what a call to the operation is not as it should be."""
        if self.status not in (None, call.status):
            yield f"status: came {call.status}, wanted {self.status}"
        for name, value in (self.query or {}).items():
            came = call.query.get(name)
            yield from _differences(value if came is None else _texts(value), came, f"query {name}")
        for name, value in (self.headers or {}).items():
            yield from _differences(value, call.headers.get(name.lower()), f"header {name}")
        if self.json is not ANYTHING and not call.body:
            sent = "transfer-encoding" in call.headers or call.headers.get("content-length", "0") != "0"
            came = "was not read before the call was refused" if sent else "is missing"
            yield f"body: {came}, wanted {_shown(self.json)}"
        elif self.json is not ANYTHING:
            try:
                came = call.json
            except ValueError:
                yield f"body: came {_shown(call.body)}, which is no JSON or was cut at 64 KiB"
            else:
                yield from _differences(self.json, came, "body")


class MockJournal:
    """The calls that arrived since the mock was reset, oldest first; those to the control plane are not among them."""

    def __init__(self, control: Control, apis: Sequence[MountedApi]) -> None:
        self._control = control
        self._apis = [mounted for mounted in apis if mounted.api.journalled]

    def calls(
        self, operation_id: str | None = None, *, api: str | None = None, status: int | None = None
    ) -> list[Call]:
        """The calls that fit; UnknownName for an operation or an API that there is not."""
        self.check(operation_id, api)
        entries = self._control.pages("/journal", "request_id", operation_id=operation_id, api=api, status=status)
        return [Call.of(entry) for entry in entries]

    def check(self, operation_id: str | None, api: str | None) -> None:
        """Raise UnknownName for a name that no call could have: an assertion about it would say nothing."""
        if api is not None and api not in (names := [mounted.api.name for mounted in self._apis]):
            raise UnknownName("API", api, names)
        operations = [
            operation.operation_id
            for mounted in self._apis
            if api in (None, mounted.api.name)
            for operation in mounted.spec.operations
        ]
        if operation_id is not None and operation_id not in operations:
            raise UnknownName(f"operation{f' of {api}' if api else ''}", operation_id, operations)

    def clear(self) -> None:
        """Forget the calls so far."""
        self._control("DELETE", "/journal")

    def matching(self, wanted: Wanted) -> list[Call]:
        """The calls that are as wanted; UnknownName as in `calls`."""
        return [
            call
            for call in self.calls(wanted.operation_id, api=wanted.api)
            if next(wanted.differences(call), None) is None
        ]

    def nearest(self, wanted: Wanted) -> Iterator[str]:
        """The lines that show the calls most like the one wanted, and in what they differ."""
        calls = self.calls()
        if not calls:
            yield "Nothing has called the mock since it was reset."
            return
        about = [call for call in calls if wanted.is_about(call)]
        ranked = sorted(about, key=lambda call: sum(1 for _ in wanted.differences(call))) or calls[::-1]
        yield (
            f"Of {_times(len(calls), 'call')}, the nearest:" if about else f"Of {_times(len(calls), 'call')}, the last:"
        )
        for call in ranked[:_SHOWN_CALLS]:
            yield f"  {call}"
            if not about:
                continue
            differences = [*wanted.differences(call)]
            yield from (f"      {line}" for line in differences[:_SHOWN_DIFFERENCES])
            if len(differences) > _SHOWN_DIFFERENCES:
                yield f"      and {len(differences) - _SHOWN_DIFFERENCES} more differences"


def assert_called(journal: MockJournal, wanted: Wanted, times: int | None) -> list[Call]:
    """The calls as wanted, oldest first; AssertionError unless there are any, or as many as `times`."""
    __tracebackhide__ = True
    found = journal.matching(wanted)
    if len(found) == times or (times is None and found):
        return found
    count = f"was called {_times(len(found), 'time')}" if found else "was not called"
    often = "" if times in (None, 1) and not found else f", wanted {_times(times or 0, 'time')}"
    lines = [f"{wanted} {count}{often}."]
    lines += [f"  {call}" for call in found[:_SHOWN_CALLS]] if found else journal.nearest(wanted)
    raise AssertionError("\n".join(lines))


def assert_not_called(journal: MockJournal, wanted: Wanted) -> None:
    """AssertionError if there is a call as described, with the calls."""
    __tracebackhide__ = True
    if found := journal.matching(wanted):
        more = [f"  and {len(found) - _SHOWN_CALLS} more"] if len(found) > _SHOWN_CALLS else []
        shown = [f"  {call}" for call in found[:_SHOWN_CALLS]]
        raise AssertionError(
            "\n".join([f"{wanted} was called {_times(len(found), 'time')}, wanted none:", *shown, *more])
        )


def _differences(wanted: Any, came: Any, where: str) -> Iterator[str]:
    """Lines that say where two JSON values differ; a masked secret differs from nothing."""
    if isinstance(wanted, Mapping) and isinstance(came, Mapping):
        for name in [*wanted, *(name for name in came if name not in wanted)]:
            here = f"{where}/{name}"
            if name not in came:
                yield f"{here}: is missing, wanted {_shown(wanted[name])}"
            elif name not in wanted:
                yield f"{here}: came {_shown(came[name])}, wanted no such member"
            else:
                yield from _differences(wanted[name], came[name], here)
    elif _is_list(wanted) and _is_list(came) and len(wanted) == len(came):
        for index, (one, other) in enumerate(zip(wanted, came, strict=True)):
            yield from _differences(one, other, f"{where}/{index}" if len(wanted) > 1 else where)
    elif came != MASK and not (
        wanted == came and (isinstance(wanted, bool) == isinstance(came, bool) or _is_any(wanted))
    ):
        yield f"{where}: {'is missing' if came is None else f'came {_shown(came)}'}, wanted {_shown(wanted)}"


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _is_any(value: Any) -> bool:
    """Whether it is a matcher of some other library, `unittest.mock.ANY` say, and no JSON value."""
    return not isinstance(value, str | int | float | None)


def _texts(value: Any) -> Any:
    """A value of a query as the texts that it is sent as."""
    if _is_list(value):
        return [_text(one) for one in value]
    return [_text(value)]


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _shown(value: Any) -> str:
    text = repr(masked(value))
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."


def _times(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _with(parts: Sequence[str]) -> str:
    return f" with {' and '.join(parts)}" if parts else ""
