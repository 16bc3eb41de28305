"""The floor: four routes written by hand on Starlette, without authentication, validation or a journal."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from itertools import islice

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks import contract

chargers = {charger["id"]: charger for charger in contract.chargers()}


async def list_chargers(request: Request) -> Response:
    """A page of the list."""
    page, size = int(request.query_params.get("page", 1)), int(request.query_params.get("page_size", 25))
    return JSONResponse(list(islice(chargers.values(), (page - 1) * size, page * size)))


async def get_charger(request: Request) -> Response:
    """One charging station."""
    charger = chargers.get(request.path_params["charger_id"])
    return JSONResponse(charger) if charger else _problem(404, "There is no such charging station.")


async def create_charger(request: Request) -> Response:
    """Registers what was sent; looks at the one field by which the benchmark's bad body can be told."""
    body = await request.json()
    if not isinstance(body.get("power_w"), int):
        return _problem(400, "power_w: must be an integer")
    charger = contract.registered(body, f"chrg{len(chargers):026}", datetime.now(UTC).isoformat())
    chargers[charger["id"]] = charger
    return JSONResponse(charger, 201)


def _problem(status: int, detail: str) -> Response:
    body = {"status": status, "title": "Refused", "detail": detail}
    return JSONResponse(body, status, media_type="application/problem+json")


app = Starlette(
    routes=[
        Route("/chargers", list_chargers),
        Route("/chargers", create_charger, methods=["POST"]),
        Route("/chargers/{charger_id}", get_charger),
    ]
)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", log_level="warning", access_log=False)
