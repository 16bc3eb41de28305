"""Root: a public list of the collections."""

from __future__ import annotations

import pytest

from tests.mock import V2, Mock
from tests.mockserver.apis.ev_energy.steps import ORIGIN, bearer

COLLECTIONS = (
    "users", "carbon_feeds", "evses", "evse_models", "evse_makes", "vehicles", "vehicle_trims", "vehicle_models",
    "vehicle_makes", "suppliers", "tariffs", "support_tickets", "dispatch_coordinators", "grid_feeds",
)  # fmt: skip


@pytest.mark.parametrize("name", COLLECTIONS)
def test_root_links_every_collection_with_a_slash_at_the_end(mock: Mock, name: str) -> None:
    assert mock.anonymous.get(f"{V2}/").json()[name] == f"{ORIGIN}{V2}/{name}/"


def test_root_lists_nothing_else(mock: Mock) -> None:
    assert set(mock.anonymous.get(f"{V2}/").json()) == {*COLLECTIONS}


@pytest.mark.parametrize("path", [f"{V2}/", V2])
@pytest.mark.parametrize("headers", [{}, bearer("nobody-has-this-token"), {"authorization": "Basic ZTpl"}])
def test_root_needs_no_token_and_minds_no_bad_one(mock: Mock, path: str, headers: dict[str, str]) -> None:
    # A bad token is refused only where 401 is declared.
    assert mock.anonymous.get(path, headers=headers).status == 200


@pytest.mark.parametrize("name", ["suppliers", "tariffs"])
def test_links_of_root_lead_to_the_collections(mock: Mock, name: str) -> None:
    url = mock.anonymous.get(f"{V2}/").json()[name]
    assert mock.full.get(url.removeprefix(ORIGIN)).status == 200
