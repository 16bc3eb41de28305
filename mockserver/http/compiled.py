"""An operation made ready at start-up, so that a request only walks it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from mockserver.http.api import Api
from mockserver.http.paging import Paging, dialect_for
from mockserver.http.parameters import Field, argument_name, keywords, resolved
from specs.operation import Operation, Response, Schema
from specs.validation import Validator, Validators

Handler = Callable[..., Awaitable[Any]]
View = Callable[..., Any]

EXPAND = "expand"


class HandlerMismatch(Exception):
    """A handler that does not fit its operation; the message names both and says what to change."""


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """A declared response header: its lower-case name, and how its text is read and judged."""

    name: str
    required: bool
    read: Callable[[str], Any]
    validator: Validator


@dataclass(frozen=True, slots=True)
class ResponseRule:
    """What the contract says of one status: validators by media type (None: any body), and headers."""

    content: Mapping[str, Validator | None]
    headers: tuple[HeaderRule, ...]


class CompiledOperation:
    """An `Operation` with its handler, fields, validators, view and response rules."""

    __slots__ = (
        "alternatives", "body_required", "body_validators", "expand_field", "handler", "header_fields", "is_safe",
        "items_schema", "operation", "page_fields", "paging", "path_fields", "produces", "query_fields",
        "response_rules", "schemes", "success_media_type", "success_status", "takes_body", "view", "view_is_list",
    )  # fmt: skip

    def __init__(
        self, operation: Operation, handler: Handler, api: Api, document: Mapping[str, Any], validators: Validators
    ) -> None:
        """Compile; HandlerMismatch when handler and operation do not take the same parameters."""
        self.operation = operation
        self.handler = handler
        self.is_safe = operation.method in ("GET", "HEAD", "OPTIONS")
        self._compile_parameters(api, document, validators)
        self._compile_security(api)
        body = operation.request_body
        self.takes_body = body is not None
        self.body_required = body is not None and body.required
        self.body_validators = {
            name: validators.request(media.schema) if media.schema else None
            for name, media in (body.content if body else {}).items()
        }
        success = operation.success
        self.success_status = int(success.status) if success and success.status.isdigit() else 200
        self.produces = tuple(success.content) if success else ()
        self.success_media_type = next(iter(self.produces), None)
        self.response_rules = {
            status: _response_rule(response, document, validators) for status, response in operation.responses.items()
        }
        self.view, self.view_is_list = _view(success, api, document, self.items_schema)

    def response_rule(self, status: int) -> ResponseRule | None:
        """The rule for a status: exact, else its range, else the default, else None."""
        rules = self.response_rules
        text = str(status)
        return rules.get(text) or rules.get(f"{text[0]}XX") or rules.get("default")

    def _compile_parameters(self, api: Api, document: Mapping[str, Any], validators: Validators) -> None:
        try:
            fields = [Field(parameter, document, validators) for parameter in self.operation.parameters]
        except TypeError as error:
            raise self._mismatch(str(error)) from None
        arguments = [field.argument for field in fields]
        if len(set(arguments)) != len(arguments):
            raise self._mismatch("two parameters have the same name in Python")
        query = {field.name: field for field in fields if field.source == "query"}
        success = self.operation.success
        items_in, schema = _listed(success, document)
        headers = frozenset(name.lower() for name in success.headers) if success else frozenset[str]()
        self.paging: Paging | None = dialect_for(frozenset(query), items_in, headers)
        self.items_schema = schema if self.paging else None
        paged = self.paging.parameters if self.paging else frozenset()
        without_default = [name for name in paged if not query[name].has_default]
        if without_default:
            raise self._mismatch(f"paging needs a default for {', '.join(without_default)}")
        self.page_fields = paged
        self.expand_field = query.get(EXPAND)
        self.query_fields = query
        self.header_fields = tuple((field.name.lower().encode(), field) for field in fields if field.source == "header")
        self.path_fields = {field.name: field for field in fields if field.source == "path"}
        taken = {
            field.argument
            for field in fields
            if field.name not in paged and field.name != EXPAND and field.name not in api.context_parameters
        }
        accepted = list(inspect.signature(self.handler).parameters.values())
        if not accepted or accepted[0].kind not in (accepted[0].POSITIONAL_ONLY, accepted[0].POSITIONAL_OR_KEYWORD):
            raise self._mismatch("its handler has to take the context first")
        named = {argument.name for argument in accepted[1:] if argument.kind is argument.KEYWORD_ONLY}
        takes_rest = any(argument.kind is argument.VAR_KEYWORD for argument in accepted[1:])
        positional = [argument.name for argument in accepted[1:] if argument.name not in named][
            : -1 if takes_rest else None
        ]
        if positional:
            raise self._mismatch(f"behind the context, parameters have to be keyword-only: {', '.join(positional)}")
        if not named <= taken or (taken - named and not takes_rest):
            raise self._mismatch(
                f"its handler takes {sorted(named) or 'no parameters'}, the contract gives {sorted(taken) or 'none'}"
            )

    def _mismatch(self, what: str) -> HandlerMismatch:
        where = f"{self.handler.__module__}.{self.handler.__qualname__}"
        return HandlerMismatch(f"{self.operation.operation_id} and {where} do not fit: {what}")

    def _compile_security(self, api: Api) -> None:
        alternatives = self.operation.security or ({},)
        self.alternatives = tuple(
            tuple((scheme, frozenset(scopes)) for scheme, scopes in alternative.items()) for alternative in alternatives
        )
        self.schemes = tuple(dict.fromkeys(scheme for alternative in self.alternatives for scheme, _ in alternative))
        unread = [scheme for scheme in self.schemes if scheme not in api.identify]
        if unread:
            raise self._mismatch(f"the API does not say how to identify by {', '.join(unread)}")


def handler_for(operation: Operation, package: str) -> Handler:
    """The function named after the operation, in the module named after its tag; HandlerMismatch when there is none."""
    module_name = f"{package}.{argument_name(operation.tag)}"
    name = argument_name(operation.operation_id)
    try:
        handler = getattr(import_module(module_name), name, None)
    except ModuleNotFoundError as missing:
        if missing.name != module_name:
            raise
        handler = None
    if not inspect.iscoroutinefunction(handler):
        raise HandlerMismatch(f"{operation.operation_id} needs `async def {name}(ctx, ...)` in {module_name}")
    return handler


def _view(
    success: Response | None, api: Api, document: Mapping[str, Any], items: Schema | None
) -> tuple[View | None, bool]:
    """The view named after the success schema (`TariffDetail` is `tariff_detail`), and whether it is of each item.

    Of a page in an envelope the items have the view.
    """
    media = next(iter(success.content.values()), None) if success else None
    if media is None or media.schema is None or api.views is None:
        return None, False
    schema = items or media.schema
    reference = keywords(schema).get("$ref")
    array = keywords(resolved(schema, document))
    is_list = array.get("type") == "array"
    if is_list and isinstance(array.get("items"), Mapping):
        reference = array["items"].get("$ref")
    view = getattr(api.views, view_name(reference.rpartition("/")[2]), None) if reference else None
    return view, is_list


def _listed(success: Response | None, document: Mapping[str, Any]) -> tuple[str, Schema] | tuple[None, None]:
    """The member of a body that is the first to hold an array, and its schema; Nones where none does."""
    media = next(iter(success.content.values()), None) if success else None
    waiting = [media.schema] if media and media.schema else []
    for schema in waiting:  # grows by the parts of which a schema consists
        whole = resolved(schema, document)
        parts = keywords(whole).get("allOf", ())
        waiting += [Schema(f"{whole.pointer}/allOf/{number}", part) for number, part in enumerate(parts)]
        for name, value in keywords(whole).get("properties", {}).items():
            member = Schema(f"{whole.pointer}/properties/{name}", value)
            if keywords(resolved(member, document)).get("type") == "array":
                return name, member
    return None, None


def view_name(schema_name: str) -> str:
    """The view of a component schema: `TariffDetail` is `tariff_detail`, `EVSEModel` is `evse_model`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", schema_name).lower()


_HEADER_READERS: Mapping[str, Callable[[str], Any]] = {"integer": int, "number": float}


def _response_rule(response: Response, document: Mapping[str, Any], validators: Validators) -> ResponseRule:
    headers = []
    for header in response.headers.values():
        kind = keywords(resolved(header.schema, document)).get("type", "string")
        read = _HEADER_READERS.get(kind if isinstance(kind, str) else "string", str)
        headers.append(HeaderRule(header.name.lower(), header.required, read, validators.response(header.schema)))
    content = {name: _validator(media.schema, validators) for name, media in response.content.items()}
    return ResponseRule(content, tuple(headers))


def _validator(schema: Schema | None, validators: Validators) -> Validator | None:
    return None if schema is None else validators.response(schema)
