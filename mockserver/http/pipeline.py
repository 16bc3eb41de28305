"""The path of a request, in one list. Each stage says what is already guaranteed when it runs.

A stage reads and writes the `Exchange`; raising an `ApiError` ends the walk, and the refusal is worded in the
provider's own dialect. Journal entry and delivery happen to every exchange, whatever came of it.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson

from mockserver.http import errors
from mockserver.http.body import read_body
from mockserver.http.compiled import CompiledOperation, ResponseRule
from mockserver.http.errors import ApiError, ContractBroken, FieldError, Forbidden, InvalidRequest, MalformedRequest
from mockserver.http.exchange import Context, Exchange, Reply
from mockserver.http.expand import Expansion
from mockserver.http.faults import Disconnect
from mockserver.http.negotiation import accepts
from mockserver.http.parameters import MISSING, PERCENT_ENCODED, Field, percent_decoded

logger = logging.getLogger("gridmock")

Stage = Callable[[Exchange], Awaitable[None] | None]
"""A stage that has nothing to wait for is a plain function."""

MAX_HEADER_BYTES = 65_536
_SINGLE_HEADERS = (b"host", b"authorization", b"content-type", b"content-length")


def read_head(exchange: Exchange) -> None:
    """First: nothing is known but the API that the path belongs to. Refuses headers that cannot be taken seriously."""
    header_list = exchange.header_list
    if len(exchange.headers) != len(header_list):
        names = [name for name, _ in header_list]
        for name in _SINGLE_HEADERS:
            if names.count(name) > 1:
                raise MalformedRequest(f"The header {name.decode()} is given more than once.")
    if sum(len(name) + len(value) for name, value in header_list) > MAX_HEADER_BYTES:
        error = MalformedRequest(f"The request headers are larger than {MAX_HEADER_BYTES} bytes.")
        error.status = 431
        raise error
    if not exchange.headers.get(b"host") and exchange.scope["http_version"] == "1.1":
        raise MalformedRequest("The Host header is missing.")
    exchange.origin  # noqa: B018  # raises for a Host header that is none


def find_route(exchange: Exchange) -> None:
    """The head is sound. Finds the operation: 404 for an unknown path, 405 for an unknown method."""
    found = exchange.api.router.find(exchange.path)
    if found is None:
        raise errors.UnknownRoute(f"{exchange.api.api.name} has no operation at {exchange.path[:200]}.")
    route, values = found
    exchange.path_texts = list(zip(route.names, values, strict=True))
    exchange.operation = route.endpoints.get(exchange.method)
    if exchange.operation is None:
        allowed = set(route.endpoints)
        raise errors.MethodNotAllowed(exchange.method, allowed | {"HEAD"} if "GET" in allowed else allowed)


async def inject_fault(exchange: Exchange) -> None:
    """The operation is known, so a fault can name it. Delays, fails or disconnects as the control plane ordered."""
    runtime = exchange.runtime
    if not runtime.faults or not exchange.api.api.journalled:
        return
    fault = runtime.faults.due(
        runtime.seed,
        exchange.number,
        exchange.api.api.name,
        exchange.compiled.operation.operation_id,
        exchange.scope["method"],
        exchange.api.base_path + exchange.path,
    )
    if fault is not None:
        await fault.happen()


async def identify_caller(exchange: Exchange) -> None:
    """The operation says which credentials count, and a bad one is remembered; if it is public, any good one does."""
    identify = exchange.api.api.identify
    for scheme in exchange.compiled.schemes or identify:
        try:
            principal = await identify[scheme](exchange)
        except (errors.Unauthenticated, Forbidden) as error:
            exchange.credential_error = error if exchange.compiled.schemes else None
        else:
            if principal is not None:
                exchange.principals[scheme] = principal


def count_request(exchange: Exchange) -> None:
    """The caller is known as far as the credential goes, hence the bucket. Counts always, refuses when told to."""
    quota = exchange.api.api.quota
    if quota is None:
        return
    runtime = exchange.runtime
    bucket, limit = quota(exchange)
    enforce = runtime.settings.enforce_rate_limits
    now_s = runtime.clock.now().timestamp()  # later than exchange.at, if a fault delayed the request
    exchange.quota = runtime.limiter.take(
        bucket, limit, now_s, enforce=enforce, window_s=exchange.api.api.quota_window_s
    )
    if exchange.quota.retry_after_s:
        raise errors.RateLimited(exchange.quota.retry_after_s)


def authorise(exchange: Exchange) -> None:
    """The quota allows the request. Lets it in if one of the contract's alternatives is met: else 401 or 403."""
    principals = exchange.principals
    missing: frozenset[str] | None = None
    for alternative in exchange.compiled.alternatives:
        for scheme, scopes in alternative:
            principal = principals.get(scheme)
            if principal is None:
                break
            if not scopes <= principal.scopes:
                missing = missing or scopes - principal.scopes
                break
        else:
            if not alternative and exchange.credential_error is not None and exchange.compiled.response_rule(401):
                raise exchange.credential_error  # where a 401 is declared, one that may be left out must be good
            return
    if exchange.credential_error is not None:
        raise exchange.credential_error
    if missing is not None:
        raise errors.InsufficientScope(missing)
    raise errors.Unauthenticated.unsent(exchange.api.api.challenge)


def negotiate(exchange: Exchange) -> None:
    """The caller may call. 406 when `Accept` excludes what the operation produces."""
    accept = exchange.headers.get(b"accept")
    produces = exchange.compiled.produces
    if accept is None or accept == b"*/*" or not produces:
        return
    if not accepts(accept.decode("latin-1"), produces):
        raise errors.NotAcceptable(produces)


def read_parameters(exchange: Exchange) -> None:
    """Path, query and headers become typed values; a bad path value is 404, everything else bad is told together."""
    operation = exchange.compiled
    field_errors: list[FieldError] = []
    parameters = exchange.parameters
    for name, text in exchange.path_texts:
        field = operation.path_fields[name]
        value = field.parse([text], field_errors)
        if field_errors:
            raise errors.NotFound(f"There is no {field.name} {text[:80]!r}.")
        parameters[field.argument] = value
    _read_query(exchange, operation, field_errors)
    for raw_name, field in operation.header_fields:
        raw = exchange.headers.get(raw_name)
        if raw is None:
            _keep(exchange, field, field.absent(field_errors))
        elif sum(1 for other, _ in exchange.header_list if other == raw_name) > 1:
            field_errors.append(FieldError("header", field.name, "is given more than once"))
        else:
            _keep(exchange, field, field.parse([raw.decode("latin-1").strip()], field_errors))
    if field_errors:
        raise InvalidRequest(field_errors)


def _read_query(exchange: Exchange, operation: CompiledOperation, field_errors: list[FieldError]) -> None:
    sent: dict[str, list[str]] = {}
    if exchange.query:
        try:
            pairs = percent_decoded(exchange.query)
        except ValueError:
            raise MalformedRequest(f"The query string is not {PERCENT_ENCODED}.") from None
        exchange.query_pairs = pairs
        for name, text in pairs:
            sent.setdefault(name, []).append(text)
        if not exchange.api.api.ignores_unknown_query:
            unknown = [name[:80] for name in sent if name not in operation.query_fields]
            field_errors.extend(FieldError("query", name, "is not a parameter of this operation") for name in unknown)
    for name, field in operation.query_fields.items():
        texts = sent.get(name)
        value = field.absent(field_errors) if texts is None else field.parse(texts, field_errors)
        if name in operation.page_fields:
            exchange.page_asked[name] = value
        elif field is operation.expand_field:
            if value is not MISSING:
                exchange.expand_asked = value
        else:
            _keep(exchange, field, value)


def _keep(exchange: Exchange, field: Field, value: Any) -> None:
    """Put a value where it goes: to the handler (None when absent), or aside as a parameter of the whole API."""
    if field.name in exchange.api.api.context_parameters:
        if value is not MISSING:
            exchange.context_values[field.name] = value
    else:
        exchange.parameters[field.argument] = None if value is MISSING else value


def authorise_expansion(exchange: Exchange) -> None:
    """Parameters are valid. 403 for an expansion into what the caller has no scope for."""
    asked = exchange.expand_asked
    if not asked:
        return
    exchange.expansion = Expansion(asked)
    scopes = exchange.api.api.expand_scopes
    principal = exchange.principal
    if principal is None:
        return
    parts = {part for path in asked for part in path.split(".")}
    missing = {scopes[part] for part in parts if part in scopes} - principal.scopes
    if missing:
        raise errors.InsufficientScope(missing)


async def permit(exchange: Exchange) -> None:
    """Parameters are valid. Lets the API judge who may do this to the things that the path names.

    Of a request that writes once more when its transaction has begun, since only there nothing of it changes any more.
    """
    await exchange.api.api.permit(exchange)


async def read_request_body(exchange: Exchange) -> None:
    """Everything but the body is valid. Reads it within the limit, decodes it by media type, validates it."""
    exchange.body = await read_body(exchange)


def enter_context(exchange: Exchange) -> None:
    """The whole request is valid. Makes what the handler sees, and lets the API's own parameters act on it."""
    context = exchange.context = Context(exchange)
    for name, value in exchange.context_values.items():
        exchange.api.api.context_parameters[name](context, value)


async def handle(exchange: Exchange) -> None:
    """The handler gets the context and typed parameters, and returns domain objects or a `Reply`."""
    exchange.result = await exchange.compiled.handler(exchange.context, **exchange.parameters)


def present(exchange: Exchange) -> None:
    """The domain has answered. Cuts the page, turns objects into wire form, and makes the body."""
    operation = exchange.compiled
    result, page = exchange.result, None
    exchange.status = operation.success_status
    media_type = operation.success_media_type
    if isinstance(result, Reply):
        exchange.status = result.status
        exchange.response_headers.extend(result.headers)
        rule = operation.response_rule(result.status)
        media_type = next(iter(rule.content), None) if rule else None
        result = result.body
    elif operation.paging is not None:
        page = operation.paging.cut(result, exchange.page_asked)
        url = exchange.base_url + exchange.path.rstrip("/")
        exchange.response_headers.extend(exchange.api.api.page_headers(page, url, exchange.query_pairs))
        result = page.items
    view = operation.view
    if view is not None and exchange.status == operation.success_status:
        context, expansion = exchange.context, exchange.expansion
        if operation.view_is_list:
            result = [view(item, context, expansion) for item in result]
        else:
            result = view(result, context, expansion)
    if page is not None and operation.paging is not None:
        result = operation.paging.body(page, result)
    exchange.result = result
    if media_type is None:
        if result is not None:
            name = operation.operation.operation_id
            raise ContractBroken(f"{name} answered {exchange.status} with a body, but its contract declares none.")
        return
    exchange.result = result = exchange.api.api.envelope(result, exchange.at)
    chosen = next((value for name, value in exchange.response_headers if name == "content-type"), None)
    if chosen is None:
        exchange.response_headers.append(("content-type", media_type))
    if "json" in (chosen or media_type):
        exchange.response_body = orjson.dumps(result)
    else:
        exchange.response_body = result if isinstance(result, bytes) else str(result).encode()


def add_headers(exchange: Exchange) -> None:
    """The body stands. Adds what every response of the API carries; runs for refusals as well."""
    exchange.response_headers.extend(exchange.api.api.headers(exchange))


def validate_response(exchange: Exchange) -> None:
    """Status, headers and body stand as they will be sent. A response that breaks the contract becomes a 500."""
    operation = exchange.compiled
    rule = operation.response_rule(exchange.status)
    name = operation.operation.operation_id
    if rule is None:
        raise ContractBroken(f"{name} answered {exchange.status}, which its contract does not declare.")
    _validate_headers(exchange, rule, name)
    if not rule.content:
        return
    sent = next(value for header, value in exchange.response_headers if header == "content-type")
    media_type = sent.partition(";")[0]
    if media_type not in rule.content:
        raise ContractBroken(f"{name} answered {exchange.status} as {media_type}, which its contract does not declare.")
    validator, result = rule.content[media_type], exchange.result
    if validator is not None and not isinstance(result, bytes) and not validator.is_valid(result):
        violations = validator.violations(result)[:10]
        lines = [f"{violation.pointer or '/'}: {violation.message}" for violation in violations]
        raise ContractBroken(f"{name} answered {exchange.status} against its contract: " + "; ".join(lines))


def _validate_headers(exchange: Exchange, rule: ResponseRule, name: str) -> None:
    sent = dict(exchange.response_headers)
    for header in rule.headers:
        text = sent.get(header.name)
        if text is None:
            if header.required:
                raise ContractBroken(f"{name} answered {exchange.status} without its required header {header.name}.")
            continue
        try:
            valid = header.validator.is_valid(header.read(text))
        except ValueError:
            valid = False
        if not valid:
            raise ContractBroken(f"{name} answered {exchange.status} with a header {header.name} of {text!r}.")


BEFORE_HANDLER: Sequence[Stage] = (
    read_head,
    find_route,
    inject_fault,
    identify_caller,
    count_request,
    authorise,
    negotiate,
    read_parameters,
    authorise_expansion,
    permit,
    read_request_body,
    enter_context,
)
IN_TRANSACTION: Sequence[Stage] = (handle, present, add_headers, validate_response)


async def walk(exchange: Exchange) -> None:
    """Take an exchange from its request to a response that can be sent; never raises but to disconnect or cancel."""
    try:
        await _through(BEFORE_HANDLER, exchange)
        if exchange.compiled.is_safe:
            await _through(IN_TRANSACTION, exchange)
        else:
            async with exchange.runtime.store.transaction():
                await _through((permit, *IN_TRANSACTION), exchange)
        if exchange.context is not None:
            try:
                await exchange.context.finish()
            except ApiError as error:  # too late to refuse: what was written stays
                raise RuntimeError(f"refused after the commit: {error.detail}") from error
    except ApiError as error:
        refuse(exchange, error)
    except Disconnect:
        raise
    except Exception as error:  # a defect in a handler must not take the server down, nor pass for an answer
        _log_failure(error)
        operation = exchange.compiled.operation.operation_id if exchange.operation else exchange.path
        refuse(exchange, ContractBroken(f"The mock failed in {operation}: {type(error).__name__}: {error}"))


async def _through(stages: Sequence[Stage], exchange: Exchange) -> None:
    for stage in stages:
        waiting = stage(exchange)
        if waiting is not None:
            await waiting


def refuse(exchange: Exchange, error: ApiError) -> None:
    """Word a refusal in the API's dialect, with the headers that every response of the API carries."""
    error.detail = error.detail.encode("utf-8", "replace").decode()  # half a character can be neither sent nor logged
    if isinstance(error, ContractBroken):
        logger.error("%s", error.detail)
    error.request_number, error.at = exchange.number, exchange.at
    style = exchange.api.api.errors
    try:
        url = exchange.base_url + exchange.path
    except MalformedRequest:
        url = exchange.api.base_path + exchange.path
    operation = exchange.operation.operation if exchange.operation else None
    exchange.status = style.status(error)
    exchange.response_body = orjson.dumps(style.render(error, operation, url))
    exchange.response_headers = [("content-type", style.content_type), *error.headers]
    try:
        add_headers(exchange)
    except Exception as failure:  # a defect in the API's declaration, which must not keep the answer back
        _log_failure(failure)
        if not isinstance(error, ContractBroken):
            refuse(exchange, ContractBroken(f"The mock failed: {type(failure).__name__}: {failure}"))


def _log_failure(error: Exception) -> None:
    text = "".join(traceback.format_exception(error)).rstrip()
    logger.error("%s", text.encode(errors="backslashreplace").decode())  # a log in UTF-8 takes no lone surrogates
