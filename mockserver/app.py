"""The composition root: the one place that knows every API."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mockserver.http.accounts import ReadyAccounts
from mockserver.http.api import Api
from mockserver.http.runtime import Runtime
from mockserver.settings import Settings
from specs import openapi30
from specs.cache import load_sound
from specs.catalogue import path_of
from specs.loader import load
from specs.operation import Spec

if TYPE_CHECKING:
    from connexion import AsyncApp

APIS: dict[str, tuple[str, str]] = {
    "ev-energy": ("mockserver.apis.ev_energy", "API"),
    "ev-energy-oauth": ("mockserver.apis.ev_energy", "OAUTH"),
    "stekker": ("mockserver.apis.stekker", "API"),
    "stekker-bess": ("mockserver.apis.stekker", "BESS"),
    "stekker-app": ("mockserver.apis.stekker", "APP"),
    "dynamo": ("mockserver.apis.dynamo", "API"),
    "dynamo-ocpi": ("mockserver.apis.dynamo.ocpi", "OCPI"),
    "dynamo-backstage": ("mockserver.apis.dynamo", "BACKSTAGE"),
    "control": ("mockserver.control", "API"),
}
"""Every API: its name, and the module and attribute of its declaration. Imported only when served."""

COMPANIONS = {
    "ev-energy": ("ev-energy-oauth",),
    "stekker": ("stekker-app",),
    "dynamo": ("dynamo-ocpi", "dynamo-backstage"),
}
"""What is served together with an API, though it is a contract of its own."""


class UnknownApi(ValueError):
    """A name that no API has; the message lists those that exist."""


def selected(names: Sequence[str]) -> list[Api]:
    """The declarations of the named APIs with their companions and the control plane; all when none is named."""
    public = [name for name in APIS if name != "control" and not any(name in group for group in COMPANIONS.values())]
    unknown = [name for name in names if name not in public]
    if unknown:
        raise UnknownApi(f"There is no API {', '.join(unknown)}. There are: {', '.join(public)}.")
    wanted: list[str] = []
    for name in names or public:
        wanted += [name, *COMPANIONS.get(name, ())]
    return [
        getattr(import_module(module), attribute) for module, attribute in map(APIS.__getitem__, [*wanted, "control"])
    ]


def load_specs(apis: Sequence[Api], *, examples: bool = True) -> dict[str, Spec]:
    """The contracts of the APIs by name; SpecError for a bad one. `examples` says whether theirs are checked, too."""
    read = load if examples else load_sound
    return {api.name: read(path_of(api.name)) for api in apis}


def create_runtime(settings: Settings, apis: Sequence[Api], specs: Mapping[str, Spec]) -> Runtime:
    """The state that the APIs share, with the accounts that they have from the start."""

    def ready(seed: int) -> ReadyAccounts:
        parts = [api.accounts(seed, specs[api.name].scopes) for api in apis]
        # Contracts of one provider know the same applications.
        applications = {application.client_id: application for part in parts for application in part.applications}
        return ReadyAccounts(
            applications=[*applications.values()],
            tokens={text: grant for part in parts for text, grant in (part.tokens or {}).items()},
        )

    return Runtime(settings, ready)


def create_app(runtime: Runtime, apis: Sequence[Api], specs: Mapping[str, Spec]) -> AsyncApp:
    """The ASGI application; HandlerMismatch for a handler that does not fit its operation."""
    with warnings.catch_warnings():
        # What connexion imports is deprecated by its dependencies (jsonschema's resolver, starlette's test client);
        # the pipeline uses neither.
        warnings.simplefilter("ignore")
        from connexion import AsyncApp
        from connexion.middleware.swagger_ui import SwaggerUIMiddleware
        from connexion.options import SwaggerUIOptions

    from mockserver.http.middleware import DOCS_DOCUMENT_PATH, DOCS_PATH, HandlerResolver, PipelineMiddleware, mount

    runtime.apis = [mount(api, specs[api.name]) for api in apis]
    app: Any = AsyncApp("mockserver", middlewares=[partial(PipelineMiddleware, runtime=runtime), SwaggerUIMiddleware])
    # The contracts were checked by our own loader, more strictly than connexion would, so it gets their outline only;
    # the middleware serves the full document that the Swagger UI shows.
    options = SwaggerUIOptions(swagger_ui_path=DOCS_PATH, serve_spec=False, spec_path=DOCS_DOCUMENT_PATH)
    for mounted in runtime.apis:
        app.add_api(
            openapi30.outline(mounted.spec.document),
            base_path=mounted.base_path,
            name=mounted.api.name,
            resolver=HandlerResolver(mounted.api, mounted.spec.operations),
            swagger_ui_options=options,
            mounted=mounted,
        )
    return app
