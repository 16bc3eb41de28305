"""An exchange as openapi-core wants to see it: two small objects, and readers for the media types of a contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from email.message import Message
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from jsonschema_path import SchemaPath
from openapi_core.datatypes import RequestParameters
from openapi_core.templating.datatypes import TemplateResult
from openapi_core.templating.paths.datatypes import PathOperationServer
from openapi_core.templating.paths.exceptions import PathNotFound
from werkzeug.datastructures import Headers, ImmutableMultiDict

from contract_tests.contract import Contract
from contract_tests.traffic.recorded import Recorded
from contract_tests.traffic.routes import Route
from contract_tests.webhooks import parsed

_FORM = "application/x-www-form-urlencoded"
_PLACEHOLDER = b"?"


class RequestView:
    """`openapi_core.protocols.Request` for an exchange whose route is known."""

    host_url = ""

    def __init__(self, exchange: Recorded, method: str, route: Route, *, unread: bool) -> None:
        self.method = method.lower()
        self.path = self.path_pattern = route.template
        self.content_type = content_type(exchange.request_headers)
        self.body = _PLACEHOLDER if unread else exchange.request_body
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)),
            header=Headers([*exchange.request_headers.items()]),
            cookie=ImmutableMultiDict(_cookies(exchange.request_headers)),
            path=dict(route.values),
        )


class ResponseView:
    """`openapi_core.protocols.Response` for an exchange."""

    def __init__(self, exchange: Recorded, *, unread: bool) -> None:
        self.status_code = exchange.status
        self.headers = Headers([*exchange.response_headers.items()])
        self.content_type = content_type(exchange.response_headers)
        self.data = _PLACEHOLDER if unread else exchange.response_body


class KnownPath:
    """A path finder that is told the path: openapi-core's own takes `/x/tariffs` for `/tariffs`."""

    def __init__(self, spec: SchemaPath, base_url: str | None = None) -> None:
        self._spec = spec
        self._found: dict[tuple[str, str], PathOperationServer] = {}

    def find(self, method: str, name: str) -> PathOperationServer:
        """The operation of a method on a path template; raises PathNotFound."""
        if (method, name) not in self._found:
            path = self._spec / "paths" / name
            if method not in path:
                raise PathNotFound(name)
            result = TemplateResult(name, {})
            self._found[method, name] = PathOperationServer(path, path / method, None, result, TemplateResult("", {}))
        return self._found[method, name]


class OpenDoors:
    """Stands for every security scheme: recorded traffic has its secrets taken out, so nobody asks for them."""

    def create(self, scheme: SchemaPath) -> Any:
        """See `openapi_core.security.factories.SecurityProviderFactory`."""
        return lambda parameters: ""


def media_type(headers: Mapping[str, str]) -> str:
    """The media type of a body, without parameters, in lower case; empty if the headers name none."""
    return header(headers, "content-type").partition(";")[0].strip().lower()


def content_type(headers: Mapping[str, str]) -> str:
    """The media type with its parameters, each as `name=value`: openapi-core stumbles over any other form."""
    message = Message()
    message["content-type"] = header(headers, "content-type")
    named = [(name, value) for name, value in message.get_params([])[1:] if name and value and "=" not in value]
    return ";".join([media_type(headers), *(f"{name}={value}" for name, value in named)])


def header(headers: Mapping[str, str], name: str) -> str:
    """The value of a header by its name in lower case, or an empty text."""
    return next((value for key, value in headers.items() if key.lower() == name), "")


def is_json(name: str) -> bool:
    """Whether a media type is JSON: `application/json` and everything `+json` (RFC 6839)."""
    return name.endswith(("/json", "+json"))


def is_readable(name: str) -> bool:
    """Whether bodies of a media type can be judged by a schema.

    Forms in parts cannot: openapi-core leaves a number in them a text, and finds fault with it.
    """
    return not name or is_json(name) or name == _FORM or name.startswith("text/")


def readers(contract: Contract) -> dict[str, Any]:
    """A reader for each media type of a contract whose own in openapi-core is missing, or takes NaN for a number."""
    names = {"application/json", *_media_types(contract.document)}
    return {name: _read_json if is_json(name) else _read_any for name in names if is_json(name) or "*" in name} | {
        name: _read_text for name in names if name.startswith("text/") and "*" not in name
    }


def _media_types(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        content = value.get("content")
        if isinstance(content, Mapping):
            yield from (name for name in content if isinstance(name, str) and "/" in name)
        for inner in value.values():
            yield from _media_types(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _media_types(inner)


def _read_json(body: bytes, **parameters: str) -> Any:
    return parsed(body)


def _read_text(body: bytes, **parameters: str) -> str:
    try:
        return body.decode(parameters.get("charset", "utf-8"), "replace")
    except LookupError:
        return body.decode("utf-8", "replace")


def _read_any(body: bytes, **parameters: str) -> Any:
    """A body under a range such as `*/*`, where openapi-core does not say which media type it was."""
    try:
        return parsed(body)
    except (ValueError, RecursionError):
        return _read_text(body, **parameters)


def _cookies(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    try:
        return [(name, morsel.value) for name, morsel in SimpleCookie(header(headers, "cookie")).items()]
    except CookieError:
        return []
