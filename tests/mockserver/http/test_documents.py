"""What is served beside the operations: the contract as a document, and the pages that show it."""

from __future__ import annotations

import pytest

from tests.mock import V2, Mock


@pytest.mark.parametrize(("path", "version"), [("/openapi.json", "3.1."), ("/docs/openapi.json", "3.0.")])
def test_the_document_is_served_at_our_address_with_our_token_server(mock: Mock, path: str, version: str) -> None:
    document = mock.anonymous.get(V2 + path).json()
    assert document["openapi"].startswith(version)
    assert document["servers"] == [{"url": V2}]
    flows = document["components"]["securitySchemes"]["oauth2"]["flows"]
    urls = [url for flow in flows.values() for name, url in flow.items() if name.endswith("Url")]
    assert urls
    assert all(url.startswith("/ev-energy/o/") for url in urls)


def test_the_consent_page_names_every_person_with_city_and_country(mock: Mock) -> None:
    query = {"response_type": "code", "client_id": "ev-energy-full", "redirect_uri": "https://example.com/callback"}
    page = mock.anonymous.get("/ev-energy/o/authorize/", query=query).body.decode()
    for driver in mock.runtime.world.drivers:
        assert f"({driver.city}, {driver.country_code})" in page.replace("&#39;", "'")
