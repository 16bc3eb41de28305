"""Is one exchange, a request with its answer, what the contract says?

openapi-core finds what is wrong; here it is told what to look at, and its errors become violations that name a place in
the contract. Nothing is said about security: recorders take secrets out.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from jsonschema_path import SchemaPath
from openapi_core import Config, OpenAPI
from openapi_core.casting.schemas.exceptions import CastError
from openapi_core.casting.schemas.factories import SchemaCastersFactory
from openapi_core.deserializing.exceptions import DeserializeError
from openapi_core.deserializing.styles.exceptions import EmptyQueryParameterValue
from openapi_core.exceptions import SpecError
from openapi_core.templating.media_types.exceptions import MediaTypeNotFound
from openapi_core.templating.responses.exceptions import ResponseNotFound
from openapi_core.validation.request.exceptions import ParameterValidationError
from openapi_core.validation.response.exceptions import HeaderValidationError

from contract_tests.contract import Contract, ContractError, Place
from contract_tests.traffic import messages
from contract_tests.traffic.recorded import Part, Recorded, Verdict, Violation
from contract_tests.traffic.routes import Route, Routes
from contract_tests.traffic.schemas import Breaches, CompiledSchemas, value_at
from contract_tests.webhooks import described
from specs.direction import Direction
from specs.source import tokens
from specs.validation import clipped

__all__ = ["Judge", "Recorded", "Verdict", "Violation"]

BAD_REQUEST, SERVER_ERROR, NOT_MODIFIED = 400, 500, 304
# What a server without HEAD answers (RFC 9110, 15.5.6 and 15.6.2).
_NO_SUCH_METHOD = (405, 501)
# Parameters of these names are for the protocol, not for the contract ("Parameter Object" of OpenAPI).
_IGNORED_HEADERS = ("accept", "content-type", "authorization")
_MASKED = re.compile(r"\*{3,}|\$GRIDMOCK_\w+|\b(?:redacted|filtered|masked|sanitized)\b", re.IGNORECASE)
_PLACES = 100_000
_UNREADABLE_STYLES = ("spaceDelimited", "matrix", "label")
_Found: TypeAlias = tuple[Violation, Any]
"""A violation, and the value that is wrong."""


class Judge:
    """Judges exchanges below a base URL against a contract; a base URL without a host, `/v2`, is that of any host."""

    def __init__(self, contract: Contract, base_url: str) -> None:
        """Raises ContractError for a document that openapi-core does not know: neither OpenAPI 3.0, 3.1 nor 3.2."""
        self.contract = contract
        self.routes = Routes(contract, base_url)
        # Without a cache, finding the way through the document is most of the work.
        document = SchemaPath.from_dict(dict(contract.document), resolved_cache_maxsize=_PLACES)
        app = OpenAPI(document, Config(spec_validator_cls=None))
        try:
            requests, responses = app.request_validator_cls, app.response_validator_cls
        except SpecError:
            requests = responses = None
        if requests is None or responses is None:
            version = contract.document.get("openapi") or contract.document.get("swagger")
            raise ContractError(f"{contract.path}: traffic is judged by OpenAPI 3, not by {version}")
        self._requests: Any = self._validator("request", app, requests)
        self._responses: Any = self._validator("response", app, responses)

    def _validator(self, direction: Direction, app: OpenAPI, made_by: Any) -> Any:
        schemas = CompiledSchemas(self.contract, direction, made_by.schema_validators_factory)
        options: dict[str, Any] = {"security_provider_factory": messages.OpenDoors()} if direction == "request" else {}
        return made_by(
            app.spec,
            schema_validators_factory=schemas,
            schema_casters_factory=SchemaCastersFactory(schemas, made_by.schema_casters_factory.types_caster),
            path_finder_cls=messages.KnownPath,
            extra_media_type_deserializers=messages.readers(self.contract),
            **options,
        )

    def judge(self, exchange: Recorded) -> Verdict:
        """Everything wrong with an exchange, by whichever side."""
        path = self.routes.below(exchange.url)
        if path is None:
            return Verdict("")
        method = exchange.method.upper()
        route = self.routes.find(method, path)
        if route is None and method == "HEAD" and exchange.status not in _NO_SUCH_METHOD:
            # HEAD is GET without a body, declared or not (RFC 9110, 9.3.2).
            method, route = "GET", self.routes.find("GET", path)
        if route is None:
            return Verdict("", unknown=f"{exchange.method} {path}")
        return _Case(self, exchange, method, route).verdict()


class _Case:
    """One exchange on its way to a verdict."""

    def __init__(self, judge: Judge, exchange: Recorded, method: str, route: Route) -> None:
        self._judge = judge
        self._contract = judge.contract
        self._exchange = exchange
        self._method = method
        self._route = route
        self._label = f"{method} {route.template}"
        self._operation = self._contract.operations[self._label]
        self._unjudged: dict[str, None] = {}

    def verdict(self) -> Verdict:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of what the contract calls deprecated
            wrong = tuple(self._violations("request"))
            answered = tuple(self._violations("response")) if self._exchange.status else ()
        if not self._exchange.status:
            self._unjudged["response: none came"] = None
        refused = BAD_REQUEST <= self._exchange.status < SERVER_ERROR
        return Verdict(
            self._label,
            answered if refused else wrong + answered,
            wrong if refused else (),
            tuple(self._unjudged),
        )

    def _violations(self, direction: Direction) -> Iterator[Violation]:
        try:
            errors = [*self._errors(direction)]
        except Exception as stumble:  # a document that is none of our own can hold what openapi-core does not expect
            self._unjudged[f"{direction}: openapi-core stumbled, {type(stumble).__name__}: {stumble}"] = None
            return
        for error in errors:
            for violation, value in self._translated(direction, error):
                if self._exchange.censored and _is_masked(value):
                    self._unjudged[f"{direction}: what the recorder masked"] = None
                else:
                    yield violation

    def _errors(self, direction: Direction) -> Iterator[Exception]:
        unread = self._unread(direction)
        sent = messages.RequestView(self._exchange, self._method, self._route, unread=direction == "request" and unread)
        if direction == "request":
            errors = self._judge._requests.iter_errors(sent)
        else:
            errors = self._judge._responses.iter_errors(sent, messages.ResponseView(self._exchange, unread=unread))
        for error in errors:
            about_body = not isinstance(error, ParameterValidationError | HeaderValidationError | ResponseNotFound)
            if unread and about_body and not isinstance(error.__cause__, MediaTypeNotFound):
                continue
            yield error

    def _unread(self, direction: Direction) -> bool:
        """Whether nothing can be said about a body, which is then noted where that is not in the nature of things."""
        part: Part = "request body" if direction == "request" else "response body"
        exchange = self._exchange
        if direction == "response" and (exchange.method.upper() == "HEAD" or exchange.status == NOT_MODIFIED):
            return True
        headers, body = (
            (exchange.request_headers, exchange.request_body)
            if direction == "request"
            else (exchange.response_headers, exchange.response_body)
        )
        reason = exchange.unread.get(part, "")
        if not reason and body and not messages.is_readable(messages.media_type(headers)):
            reason = f"{messages.media_type(headers)} is not read"
        if reason:
            self._unjudged[f"{part}: {reason}"] = None
        return bool(reason)

    def _translated(self, direction: Direction, error: Exception) -> Iterator[_Found]:
        match error:
            case ResponseNotFound():
                yield from self._status()
            case ParameterValidationError():
                yield from self._parameter(error)
            case HeaderValidationError():
                yield from self._header(error)
            case _:
                yield from self._body(direction, error)

    def _status(self) -> Iterator[_Found]:
        asked = {name.lower() for name in self._exchange.request_headers}
        if self._exchange.status == NOT_MODIFIED and asked & {"if-none-match", "if-modified-since"}:
            return  # by the protocol's own rules (RFC 9110, 13.2.2)
        place = self._contract.below(self._operation, "responses")
        declared = ", ".join(map(str, place.value))
        yield self._found("response", "status", f"{self._exchange.status} is not declared; there is {declared}", place)

    def _parameter(self, error: ParameterValidationError) -> Iterator[_Found]:
        name, location = error.name, error.location
        if location == "header" and name.lower() in _IGNORED_HEADERS:
            return
        if self._exchange.censored and location == "cookie":
            self._unjudged["request: cookies, which recorders leave out"] = None
            return
        place = self._contract.parameters(self._label)[location, name]
        if not _is_readable_style(place):
            self._unjudged[f"request: {location} parameter {name}, whose style is not read"] = None
            return
        cause = error.__cause__
        yield from self._value("request", f"{location} parameter {name}", place, cause)

    def _header(self, error: HeaderValidationError) -> Iterator[_Found]:
        if self._exchange.censored and error.name.lower() == "set-cookie":
            self._unjudged["response: cookies, which recorders leave out"] = None
            return
        response = self._contract.response(self._label, self._exchange.status)
        place = self._contract.below(response or self._operation, "headers", error.name)
        yield from self._value("response", f"header {error.name}", place, error.__cause__)

    def _value(self, direction: Direction, what: str, place: Place, cause: BaseException | None) -> Iterator[_Found]:
        """What is wrong with the value of a parameter or header."""
        match cause:
            case None:
                yield self._found(direction, "required", f"the {what} is missing", place)
            case Breaches():
                schema = self._contract.below(place, "schema")
                for violation in cause.violations:
                    value = value_at(cause.value, violation.pointer)
                    part = f" at {violation.pointer}" if violation.pointer else ""
                    yield self._found(direction, *_worded(violation, f"the {what}{part}: "), schema, value=value)
            case EmptyQueryParameterValue():
                # An empty text is one like any other, if the schema takes it.
                schema = Place(f"{place.pointer}/schema", None)
                for violation in self._contract.violations(schema, "", direction):
                    yield self._found(direction, *_worded(violation, f"the {what}: "), schema, value="")
            case CastError():
                message = f"the {what}: {clipped(cause.value)} is not of type {cause.type}"
                yield self._found(direction, "type", message, self._contract.below(place, "schema"), value=cause.value)
            case DeserializeError():
                yield self._found(direction, "style", f"the {what} is not written as its style says", place)
            case _:
                yield self._found(direction, "syntax", f"the {what} cannot be read: {cause}", place)

    def _body(self, direction: Direction, error: Exception) -> Iterator[_Found]:
        if direction == "request":
            owner, headers = self._contract.below(self._operation, "requestBody"), self._exchange.request_headers
        else:
            response = self._contract.response(self._label, self._exchange.status)
            owner, headers = response or self._operation, self._exchange.response_headers
        content = self._contract.below(owner, "content")
        match error.__cause__:
            case MediaTypeNotFound():
                named = messages.media_type(headers) or "no Content-Type"
                yield self._found(direction, "content-type", f"{named} instead of {', '.join(content.value)}", content)
            case Breaches() as cause:
                schema = self._contract.below(content, _entry(content.value, messages.media_type(headers)), "schema")
                for violation in cause.violations:
                    pointer = violation.pointer
                    place = described(self._contract, schema.pointer, tokens(pointer))
                    value = value_at(cause.value, pointer)
                    yield self._found(direction, *_worded(violation), place, pointer, value)
            case None:
                yield self._found(direction, "required", "the body is missing", owner)
            case cause:
                message = f"the body is no {messages.media_type(headers)}: {cause.__context__ or cause}"
                body = self._exchange.request_body if direction == "request" else self._exchange.response_body
                yield self._found(direction, "syntax", message, content, value=body)

    def _found(
        self, direction: Direction, rule: str, message: str, place: Place, pointer: str = "", value: Any = None
    ) -> _Found:
        return Violation(direction, rule, message, self._contract.where(place), pointer), value


def _worded(violation: Any, prefix: str = "") -> tuple[str, str]:
    return violation.keyword, prefix + violation.message


def _entry(content: Mapping[str, Any], name: str) -> str:
    """The key of a content map that stands for a media type: itself, its range, or any."""
    kind = name.partition("/")[0]
    return next((key for key in content if key.partition(";")[0].lower() in (name, f"{kind}/*", "*/*")), name)


def _is_masked(value: Any) -> bool:
    """Whether a value, or anything in it, shows that something was taken out of it."""
    if isinstance(value, str | bytes):
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        return _MASKED.search(text) is not None
    if isinstance(value, Mapping):
        return any(map(_is_masked, value.values()))
    return isinstance(value, list) and any(map(_is_masked, value))


def _is_readable_style(place: Place) -> bool:
    """Whether openapi-core reads a parameter as OpenAPI means it: it does not know where exploded objects end."""
    written: Mapping[str, Any] = place.value
    schema = written.get("schema", {})
    is_object = isinstance(schema, Mapping) and ("object" in str(schema.get("type")) or "properties" in schema)
    scattered = is_object and written.get("in") in ("query", "cookie") and written.get("style", "form") == "form"
    return written.get("style") not in _UNREADABLE_STYLES and not (scattered and written.get("explode", True))
