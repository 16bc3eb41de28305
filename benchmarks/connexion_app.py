"""Stock connexion with its own validation both ways: what gridmock is built on, without what gridmock adds."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import uvicorn
from connexion import AsyncApp
from connexion.resolver import Resolver

from benchmarks import contract
from specs.openapi30 import view

Answer = tuple[Any, int, dict[str, str]]
_JSON = {"content-type": "application/json"}  # connexion asks for it where a contract declares problems too

chargers = {charger["id"]: charger for charger in contract.chargers()}


async def list_chargers(page: int = 1, page_size: int = 25) -> Answer:
    """A page of the list."""
    return list(islice(chargers.values(), (page - 1) * page_size, page * page_size)), 200, _JSON


async def get_charger(charger_id: str) -> Answer:
    """One charging station."""
    if charger_id in chargers:
        return chargers[charger_id], 200, _JSON
    return {"status": 404, "title": "Not Found"}, 404, {"content-type": "application/problem+json"}


async def create_charger(body: Mapping[str, Any]) -> Answer:
    """Registers what was sent."""
    charger = contract.registered(body, f"chrg{len(chargers):026}", datetime.now(UTC).isoformat())
    chargers[charger["id"]] = charger
    return charger, 201, _JSON


def token_owner(token: str) -> dict[str, Any] | None:
    """Who holds the token, as connexion asks it."""
    return {"sub": "bench"} if token == contract.TOKEN else None


def _app() -> AsyncApp:
    document = view(contract.document())
    document["components"]["securitySchemes"]["bearer"]["x-bearerInfoFunc"] = f"{__name__}.token_owner"
    app = AsyncApp(__name__)
    handlers = {handler.__name__: handler for handler in (list_chargers, get_charger, create_charger)}
    app.add_api(document, resolver=Resolver(handlers.__getitem__), validate_responses=True)
    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    logging.getLogger("connexion").setLevel(logging.CRITICAL)  # it writes a line for each refusal
    uvicorn.run(_app(), port=port, loop="uvloop", http="httptools", log_level="warning", access_log=False)
