"""Steps that the ev.energy tests share: calling with a token, following links, moving the clock, registering."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from mockserver.domain.drivers import Driver
from mockserver.domain.tariffs import Tariff, TariffType
from tests.asgi import Response
from tests.mock import CONTROL, OAUTH, V2, Mock

ORIGIN = "http://localhost:8080"
PROBLEMS = "https://api.ev.energy/v2/problems/"
REDIRECT_URI = "https://client.example.com/callback"

_LINK = re.compile(r'<([^<>]*)>; rel="previous", <([^<>]*)>; rel="next"')


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def get_as(mock: Mock, token: str, path: str, **options: Any) -> Response:
    """GET below `/ev-energy/v2` with a token."""
    return mock.anonymous.get(V2 + path, headers={**bearer(token), **options.pop("headers", {})}, **options)


def register(mock: Mock, **fields: Any) -> dict[str, Any]:
    """A new application, as the control plane shows it."""
    body = {"name": "Tested", "redirect_uris": [REDIRECT_URI], **fields}
    response = mock.anonymous.post(f"{CONTROL}/applications", json=body)
    assert response.status == 201, response.body
    return response.json()


def token_for(mock: Mock, client_id: str, **fields: Any) -> str:
    """An access token straight from the control plane."""
    response = mock.anonymous.post(f"{CONTROL}/applications/{client_id}/tokens", json=fields)
    assert response.status == 201, response.body
    return response.json()["access_token"]


def fetch_token(mock: Mock, form: Mapping[str, str], **options: Any) -> Response:
    return mock.anonymous.post(f"{OAUTH}/token/", form=form, **options)


def neighbours(response: Response) -> tuple[str | None, str | None]:
    """URLs of the previous and the next page; the header has to have exactly the two entries, in this order."""
    match = _LINK.fullmatch(response.headers["link"])
    assert match, response.headers["link"]
    previous, following = (None if url == "about:blank" else url for url in match.groups())
    return previous, following


def path_of(url: str) -> str:
    """Path and query of an absolute URL of the mock."""
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}" == ORIGIN, url
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def pages(mock: Mock, path: str, **query: Any) -> Iterator[Response]:
    """The pages of a list from the first to the last, by its `next` links."""
    response = mock.get(path, query=query)
    while True:
        assert response.status == 200, response.body
        yield response
        _, following = neighbours(response)
        if following is None:
            return
        response = mock.full.get(path_of(following))


def items(mock: Mock, path: str, **query: Any) -> list[dict[str, Any]]:
    """All items of a list."""
    return [item for page in pages(mock, path, page_size=100, **query) for item in page.json()]


def set_clock(mock: Mock, at: datetime) -> None:
    mock.runtime.clock.set(at)


def tariff_named(mock: Mock, name: str) -> Tariff:
    return next(tariff for tariff in mock.runtime.world.tariffs if tariff.name == name)


def tariff_of(mock: Mock, kind: TariffType) -> Tariff:
    """The first tariff of a type that was offered before the frozen time of the tests."""
    return next(
        tariff for tariff in mock.runtime.world.tariffs if tariff.type is kind and tariff.valid_from.year < 2025
    )


def driver_in(mock: Mock, city: str) -> Driver:
    return next(driver for driver in mock.runtime.world.drivers if driver.city == city)


def timestamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """An aware time; the text has to be in UTC with `Z`, as every time of the API is."""
    assert text.endswith("Z"), text
    return datetime.fromisoformat(text)
