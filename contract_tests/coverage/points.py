"""The points of operations: which ones a contract declares, and which ones an exchange shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, unquote

from contract_tests.contract import Contract, Place
from contract_tests.coverage.bodies import Body
from contract_tests.coverage.point import MOST, Point
from contract_tests.coverage.schemas import Schemas, named_values, wire
from contract_tests.exchange import Exchange
from contract_tests.surface.schemas import members, parts, types

_STATUS = re.compile(r"[1-5](?:\d\d|XX)|default", re.IGNORECASE)
# OpenAPI 3.1.0, 4.8.12.2: a description of these as parameters is to be ignored.
_NOT_PARAMETERS = frozenset({"accept", "content-type", "authorization"})
_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}
_DEEP = 8

Texts = Mapping[str, list[str]]


class Points:
    """The points of a contract; each operation is compiled when it is first asked for.

    Declared are the statuses of an operation, its parameters and the properties of its request body, the values that an
    enum or a boolean of these may have, and what is open in its request body and in the bodies of its successes.
    """

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._schemas = Schemas(contract)
        self._operations: dict[str, _Operation] = {}
        self._refused: dict[tuple[Point, int], Point] = {}

    def declared(self, labels: Iterable[str]) -> dict[str, tuple[Point, ...]]:
        """The points of operations by their labels, at most MOST each."""
        return {label: self._operation(label).points for label in labels}

    def exercised(self, exchange: Exchange) -> frozenset[Point]:
        """What an exchange shows; what was sent in vain carries the status of the refusal.

        An answer to another method than the operation's shows nothing, unless it says just that (405).
        """
        if not exchange.status or exchange.operation not in self._contract.operations:
            return frozenset()
        operation = self._operation(exchange.operation)
        own = exchange.operation.startswith(f"{exchange.method} ")
        seen = operation.answered(exchange) if own or exchange.status == 405 else set()
        if own:
            tried = operation.tried(exchange)
            seen |= {self._refusal(point, exchange.status) for point in tried} if exchange.status >= 400 else tried
        return frozenset(seen)

    def _operation(self, label: str) -> _Operation:
        if label not in self._operations:
            self._operations[label] = _Operation(self._schemas, label)
        return self._operations[label]

    def _refusal(self, point: Point, status: int) -> Point:
        """The point as refused, one object for all exchanges."""
        return self._refused.setdefault((point, status), replace(point, refused=status))


@dataclass(frozen=True, slots=True)
class _Parameter:
    """How to find a parameter and its values among what was sent; `prefix` stands before keys in brackets."""

    point: Point
    names: frozenset[str]
    prefix: str
    separator: str
    values: Mapping[str, Point]

    def see(self, sent: Texts, seen: set[Point]) -> None:
        """Add the points that the texts sent in the parameter's location show."""
        found = [name for name in self.names if name in sent]
        if not found and not (self.prefix and any(name.startswith(self.prefix) for name in sent)):
            return
        seen.add(self.point)
        for name in found if self.values else ():
            for whole in sent[name]:
                texts = whole.split(self.separator) if self.separator else [whole]
                seen.update(self.values[text] for text in texts if text in self.values)


class _Operation:
    """One operation, compiled."""

    def __init__(self, schemas: Schemas, label: str) -> None:
        contract = schemas.contract
        place = contract.operations[label]
        responses = contract.below(place, "responses") if "responses" in place.value else None
        statuses = [str(status) for status in responses.value if _STATUS.fullmatch(str(status))] if responses else []
        self._statuses = {status.upper(): Point("response", "responses", status) for status in statuses}
        self._parameters: dict[str, list[_Parameter]] = {}
        for location, parameter in _parameters(contract, label):
            self._parameters.setdefault(location, []).append(parameter)
        self._sent = {location: _SENT[location] for location in self._parameters if location != "path"}
        self._path = _Path(label.partition(" ")[2])
        self._body: Body | None = None
        self._body_point = Point("request", "parameters", "body")
        if "requestBody" in place.value:
            self._body = Body(schemas, "request", contract.below(place, "requestBody"), "body")
        self._answers = {
            status.upper(): Body(schemas, "response", contract.below(responses, status), f"{status} body")
            for status in statuses
            if responses and (status[0] in "23" or (status == "default" and not any(s[0] == "2" for s in statuses)))
        }
        self.points = tuple(self._points())[:MOST]
        self._counted = frozenset(self.points)

    def _points(self) -> dict[Point, None]:
        parameters = [parameter for group in self._parameters.values() for parameter in group]
        points = [*self._statuses.values(), *(parameter.point for parameter in parameters)]
        points += [self._body_point] if self._body else []
        for parameter in parameters:
            points += parameter.values.values()
        for body in (self._body, *self._answers.values()):
            points += body.points if body else ()
        return dict.fromkeys(points)

    def answered(self, exchange: Exchange) -> set[Point]:
        """The points that the answer shows."""
        status = exchange.status
        key = next((key for key in (str(status), f"{status // 100}XX", "DEFAULT") if key in self._statuses), "")
        if not key:
            return set()
        seen = {self._statuses[key]}
        body = self._answers.get(key)
        if body and body.points and status < 400 and exchange.answer:
            seen |= body.shown(exchange.answer_headers.get("content-type", ""), exchange.answer)
        return seen & self._counted

    def tried(self, exchange: Exchange) -> set[Point]:
        """The points that the request shows."""
        seen: set[Point] = set()
        for location, texts in self._sent.items():
            sent = texts(exchange)
            for parameter in self._parameters[location]:
                parameter.see(sent, seen)
        if "path" in self._parameters:
            sent = self._path.texts(exchange)
            for parameter in self._parameters["path"]:
                parameter.see(sent, seen)
        if self._body and exchange.body:
            seen.add(self._body_point)
            content_type = _headers(exchange).get("content-type", [""])[0]
            seen |= self._body.shown(content_type, exchange.body)
        return seen & self._counted


class _Path:
    """The template of a path, to read its parameters from the end of a URL's path."""

    def __init__(self, template: str) -> None:
        pieces = re.split(r"\{([^{}]+)\}", template)
        self._names = pieces[1::2]
        self._pattern = re.compile("([^/]+)".join(map(re.escape, pieces[::2])) + "/?$")

    def texts(self, exchange: Exchange) -> Texts:
        """The texts of the path's parameters, or nothing for a path that does not fit."""
        found = self._pattern.search(exchange.path)
        return {name: [unquote(text)] for name, text in zip(self._names, found.groups(), strict=True)} if found else {}


def _query(exchange: Exchange) -> Texts:
    return parse_qs(exchange.query, keep_blank_values=True)


def _headers(exchange: Exchange) -> Texts:
    return {name.lower(): [value] for name, value in exchange.headers.items()}


def _cookies(exchange: Exchange) -> Texts:
    try:
        jar = SimpleCookie(_headers(exchange).get("cookie", [""])[0])
    except CookieError:
        return {}
    return {name: [morsel.value] for name, morsel in jar.items()}


_SENT: Mapping[str, Callable[[Exchange], Texts]] = {"query": _query, "header": _headers, "cookie": _cookies}


def _parameters(contract: Contract, label: str) -> Iterator[tuple[str, _Parameter]]:
    for (location, name), place in contract.parameters(label).items():
        if location not in (*_SENT, "path") or (location == "header" and name.lower() in _NOT_PARAMETERS):
            continue
        schema = contract.below(place, "schema") if "schema" in place.value else None
        kinds = types(contract, schema)
        style = place.value.get("style", "form" if location in ("query", "cookie") else "simple")
        spread = place.value.get("explode", style == "form")
        names = {name.lower() if location == "header" else name}
        if location == "query":
            names.add(f"{name}[]")
            if "object" in kinds and style == "form" and spread:
                names |= members(contract, schema).keys()
        separator = "" if "array" not in kinds or (spread and style == "form") else _SEPARATORS.get(style, ",")
        subject = f"{location} {name}"
        values = {text: Point("request", "values", subject, text) for text in _texts(contract, schema)}
        point = Point("request", "parameters", subject)
        yield location, _Parameter(point, frozenset(names), f"{name}[" * (location == "query"), separator, values)


def _texts(contract: Contract, schema: Place | None, depth: int = 0) -> Iterator[str]:
    """The values that a parameter's schema names, as they are sent: its own, its alternatives' and its items'."""
    if depth > _DEEP:
        return
    for part in parts(contract, schema):
        yield from map(wire, named_values(part.value))
        for key in ("oneOf", "anyOf"):
            for index in range(len(_listed(part.value.get(key)))):
                yield from _texts(contract, contract.below(part, key, str(index)), depth + 1)
        if "items" in part.value:
            yield from _texts(contract, contract.below(part, "items"), depth + 1)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
