"""HTTP Archives: entries read, and written as they happen.

HAR 1.2 is described at http://www.softwareishard.com/blog/har-12-spec/.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

import harfile
from harfile import Record

from contract_tests.traffic.messages import header, media_type
from contract_tests.traffic.recorded import Part, Recorded

_NOT_KEPT = "the recorder kept none"
_UNKNOWN = "x-unknown"


def exchange(entry: Mapping[str, Any]) -> Recorded:
    """An entry as an exchange; raises KeyError for what is missing, TypeError and ValueError for what is wrong.

    Bodies stand in it without their Content-Encoding, whatever the headers say.
    """
    request, response = entry["request"], entry["response"]
    unread: dict[Part, str] = {}
    return Recorded(
        method=str(request["method"]),
        url=str(request["url"]).partition("#")[0],
        request_headers=_headers(request),
        request_body=_sent(request, unread),
        status=int(response["status"]),
        response_headers=_headers(response),
        response_body=_answered(response, unread),
        unread=unread,
        censored=True,
    )


def _headers(message: Mapping[str, Any]) -> dict[str, str]:
    """Headers by name, repeated ones joined; what HTTP/2 sends as `:path` and the like is none."""
    headers: dict[str, str] = {}
    names: dict[str, str] = {}
    for item in message.get("headers", []):
        name, value = str(item["name"]), str(item["value"])
        if not name.startswith(":"):
            known = names.setdefault(name.lower(), name)
            separator = "; " if name.lower() == "cookie" else ", "
            headers[known] = f"{headers[known]}{separator}{value}" if known in headers else value
    body = message.get("postData") or message.get("content") or {}
    if not headers and body.get("mimeType") not in (None, "", _UNKNOWN):
        headers["content-type"] = str(body["mimeType"])  # the recorder left all headers out
    return headers


def _sent(request: Mapping[str, Any], unread: dict[Part, str]) -> bytes | None:
    posted = request.get("postData")
    if not posted:
        if request.get("bodySize", 0) > 0:
            unread["request body"] = _NOT_KEPT
        return None
    text = posted.get("text")
    if text:
        body = _bytes(text, posted.get("encoding") or posted.get("_encoding"))
        if len(body) < request.get("bodySize", 0):
            unread["request body"] = "it was cut"
        return body
    params = posted.get("params") or []
    if params and str(posted.get("mimeType", "")).startswith("application/x-www-form-urlencoded"):
        return urlencode([(str(one["name"]), str(one.get("value", ""))) for one in params]).encode()
    if params or request.get("bodySize", 0) > 0:
        unread["request body"] = _NOT_KEPT
    return None


def _answered(response: Mapping[str, Any], unread: dict[Part, str]) -> bytes | None:
    content = response.get("content") or {}
    text, size = content.get("text"), content.get("size") or 0
    if text is None or (text == "" and size > 0):
        if size > 0 or response.get("bodySize", 0) > 0:
            unread["response body"] = _NOT_KEPT
        return None
    body = _bytes(text, content.get("encoding"))
    if "\ufffd" in text:
        unread["response body"] = "it holds bytes that are no text"
    elif len(body) < size:
        unread["response body"] = "it was cut"
    return body


def _bytes(text: str, encoding: str | None) -> bytes:
    if encoding == "base64":
        return base64.b64decode(text, validate=True)
    return text.encode("utf-8", "surrogatepass")


class Archive:
    """A HAR file in the making: each exchange is written when it is over, and `close` makes the file a whole."""

    def __init__(self, file: Path, creator: str, version: str) -> None:
        self._stream = file.open("w", encoding="utf-8")
        self._file = harfile.HarFile(self._stream, creator=harfile.Creator(name=creator, version=version))

    def add(self, exchange: Recorded, at: datetime, milliseconds: float, comment: str = "") -> None:
        """Write an exchange, which must be without secrets already."""
        self._file.add_entry(
            startedDateTime=at,
            time=milliseconds,
            request=harfile.Request(
                method=exchange.method,
                url=exchange.url,
                httpVersion="HTTP/1.1",
                headers=_records(exchange.request_headers.items()),
                queryString=_records(parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)),
                postData=self._posted(exchange),
                # Where a body was cut, it is longer than its text.
                bodySize=len(exchange.request_body or b"") + ("request body" in exchange.unread),
            ),
            response=harfile.Response(
                status=exchange.status,
                statusText="",
                httpVersion="HTTP/1.1",
                headers=_records(exchange.response_headers.items()),
                content=self._content(exchange),
                redirectURL=header(exchange.response_headers, "location"),
                bodySize=len(exchange.response_body or b""),
            ),
            timings=harfile.Timings(send=0, wait=milliseconds, receive=0),
            comment=comment or None,
        )
        self._file.flush()

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
        self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _posted(self, exchange: Recorded) -> harfile.PostData | None:
        if exchange.request_body is None:
            return None
        text, encoding = _written(exchange.request_body, exchange.unread.get("request body", ""))
        posted = _Base64 if encoding else harfile.PostData
        return posted(mimeType=header(exchange.request_headers, "content-type"), text=text)

    def _content(self, exchange: Recorded) -> harfile.Content:
        body, reason = exchange.response_body or b"", exchange.unread.get("response body", "")
        text, encoding = _written(body, reason)
        return harfile.Content(
            size=len(body) + bool(reason),
            mimeType=media_type(exchange.response_headers) or _UNKNOWN,
            text=text if body else None,
            encoding=encoding,
            comment=reason or None,
        )


class _Base64(harfile.PostData):
    """Posted data whose text is base64: HAR has a name for that in answers only, and an underscore marks our own."""

    def asdict(self) -> dict[str, Any]:
        """See `harfile.PostData`."""
        return {**super().asdict(), "_encoding": "base64"}


def _written(body: bytes, reason: str) -> tuple[str, str | None]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), "base64"
    # This character marks a loss to those who read, so that an honest one is written another way.
    return (base64.b64encode(body).decode(), "base64") if "\ufffd" in text and not reason else (text, None)


def _records(pairs: Iterable[tuple[str, str]]) -> list[Record]:
    return [Record(name=name, value=value) for name, value in pairs]
