"""gridmock with the benchmark's contract instead of its own."""

from __future__ import annotations

import argparse
import asyncio

from benchmarks import contract
from benchmarks.registry import API
from benchmarks.registry.chargers import COLLECTION
from mockserver.app import create_app, create_runtime
from mockserver.commands.serve import listen, run
from mockserver.http.runtime import Runtime
from mockserver.settings import Settings
from specs.loader import load


async def _fill(runtime: Runtime) -> None:
    for charger in contract.chargers():
        del charger["url"]
        await runtime.store.put(COLLECTION, charger["id"], charger)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    settings = Settings(port=parser.parse_args().port)
    specs = {API.name: load(contract.SPEC)}
    runtime = create_runtime(settings, [API], specs)
    asyncio.run(_fill(runtime))
    run(create_app(runtime, [API], specs), listen(settings.host, settings.port))
