"""The phases that schemathesis plays: requests from examples, from each parameter's limits, at random, as walks.

This module and `steering`, `false_alarms`, `translation`, `breaches` and `wire` are all that knows schemathesis; they
are imported when a run starts. They use its Python API and hooks; the names they import beyond those are the events,
the recorder and the failure classes that its own reports are made of.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

import requests
import schemathesis
from hypothesis.configuration import set_hypothesis_home_dir
from schemathesis.core.errors import NoLinksFound
from schemathesis.engine import Status, StopReason, events, from_schema
from schemathesis.engine.core import EventStream
from schemathesis.schemas import BaseSchema

from contract_tests.contract import ContractError
from contract_tests.exchange import shown
from contract_tests.false_alarms import FalseAlarms
from contract_tests.findings import Event, Judged, PhaseEnded, PhaseStarted, Stop, Trouble
from contract_tests.laws.client import Client
from contract_tests.laws.observed.observer import Watch
from contract_tests.pace import Pace
from contract_tests.plan import Plan
from contract_tests.steering import Steering
from contract_tests.targets import host_of, is_loopback
from contract_tests.translation import Translation
from specs.cache import folder

_STOPS: Mapping[StopReason, Stop] = {
    StopReason.INTERRUPTED: "interrupted",
    StopReason.MAX_TIME: "out of time",
    StopReason.SERVER_UNAVAILABLE: "server gone",
}
_METHODS = ["get", "put", "post", "delete", "options", "patch"]
# Reported as a finding already, with the request that got no answer.
_SILENCES = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class Generation:
    """The phases that schemathesis plays."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        declaration = plan.surface.declaration
        self._alarms = FalseAlarms(plan.contract, plan.credentials, plan.conduct.retries, declaration)
        self._config = schemathesis.Config.from_dict(configuration(plan))
        self._steering = Steering(plan, Pace(plan.conduct.rate_per_s))
        self._known_first = [*self._read(plan.lists)]
        self._schema = _schema(plan, self._config, self._alarms, self._steering)

    def events(self, deadline: float | None, watch: Watch) -> Generator[Event, None, Stop]:
        """Their events until a time of `time.monotonic`; returns why they ended."""
        plan = self._plan
        stop: Stop = "broken"
        unlinked = ""
        translation = Translation(plan.contract, plan.credentials, plan.points, self._alarms, watch)
        if deadline is not None:
            self._config.max_time = max(1, math.ceil(deadline - time.monotonic()))
        yield from self._known_first
        with _hypothesis_caches_elsewhere(), _stopped_at_the_end(from_schema(self._schema).execute()) as stream:
            for event in stream:
                match event:
                    case events.PhaseStarted(phase=phase) if phase.name.value in plan.phases:
                        yield PhaseStarted(phase.name.value)
                    case events.ScenarioFinished(phase=name):
                        yield from translation.judged(name.value, event.recorder)
                    case events.NonFatalError() if isinstance(event.value, NoLinksFound):
                        unlinked = "no operation leads to another one"
                    case events.NonFatalError() if not isinstance(event.value, _SILENCES):
                        label = event.label if event.related_to_operation else ""
                        yield Trouble(label, event.info.title, _shown_lines(event.info.message, plan))
                    case events.FatalError(exception=error):
                        yield Trouble("", type(error).__name__, _shown_lines(str(error), plan))
                    case events.PhaseFinished(phase=phase, status=status) if phase.name.value in plan.phases:
                        skipped = phase.skip_reason.display if phase.skip_reason else unlinked
                        yield PhaseEnded(phase.name.value, skipped)
                        ended = status not in (Status.INTERRUPTED, Status.ERROR) or bool(unlinked)
                        over = phase.name.value == plan.phases[-1] and ended
                        if deadline is not None and over:
                            # With a time limit schemathesis repeats the last phases until the time is spent.
                            # Ours is a limit, not a wish.
                            stop = "out of time" if time.monotonic() >= deadline else "completed"
                            stream.stop()
                    case events.EngineFinished(stop_reason=reason) if stop == "broken":
                        stop = _STOPS.get(reason, "completed")
        return stop

    def _read(self, lists: Iterable[str]) -> Iterator[Judged]:
        plan = self._plan
        with closing(Client(plan.url, plan.credentials, plan.conduct)) as client:
            for exchange in self._steering.read(lists, client):
                answers, points = {exchange.status: 1}, plan.points.exercised(exchange)
                label = exchange.operation
                yield Judged(plan.phases[0], label, answers, int(exchange.succeeded), frozenset(), (), points=points)


def _shown_lines(text: str, plan: Plan) -> str:
    return "\n".join(shown(line, plan.credentials) for line in text.splitlines() if line)


def _schema(plan: Plan, config: schemathesis.Config, alarms: FalseAlarms, steering: Steering) -> BaseSchema:
    # Not part of the dictionary, where schemathesis would expand `${...}` in them.
    config.projects.override.update(base_url=plan.url, headers=_headers(plan, plan.credentials.headers))
    for entry, (told, _) in zip(config.projects.default.operations.operations, _callers(plan), strict=True):
        entry.headers = _headers(plan, told)
    try:
        schema = schemathesis.openapi.from_dict(_document(plan, steering), config=config)
    except Exception as error:
        raise ContractError(f"schemathesis cannot use {plan.contract.path}: {error}") from error
    if plan.contract.spec is None:
        schema.location = plan.contract.path.absolute().as_uri()  # for references to other files
    schema.hook("filter_failure")(lambda _, failure, case, __: alarms.is_breach(failure, case))
    steering.steer(schema)
    # Not `include`, beside which the operations of the configuration are included, too. Methods that the contract has
    # not are no operations, and are for `unsupported_method` to send.
    left_out = plan.contract.operations.keys() - plan.generated
    return schema.exclude(lambda context: context.operation.label in left_out)


def _headers(plan: Plan, told: Mapping[str, str]) -> dict[str, str]:
    """Headers of every request, spelled as the contract does: schemathesis knows credentials by their exact names."""
    contract = plan.contract
    schemes = contract.document.get("components", {}).get("securitySchemes", {})
    named = (contract.place("components", "securitySchemes", name).value.get("name") for name in schemes)
    spelled = {str(name).lower(): str(name) for name in ("Authorization", *named)}
    headers = {"User-Agent": "gridmock-check", **told}
    return {spelled.get(name.lower(), name): value for name, value in headers.items()}


def _callers(plan: Plan) -> list[tuple[Mapping[str, str], list[str]]]:
    """Headers of those who call some operations in our stead, with the labels of these."""
    credentials = plan.credentials
    known = {role: told for role, told in credentials.roles.items() if role in credentials.callers.values()}
    return [
        (told, [label for label in credentials.callers if credentials.callers[label] == role])
        for role, told in known.items()
    ]


def _document(plan: Plan, steering: Steering) -> dict[str, Any]:
    """The document as schemathesis is to see it.

    OAuth 2 and OpenID Connect become what they are on the wire, bearer tokens (RFC 6750): schemathesis can leave out or
    falsify `http` and `apiKey` credentials only, and would skip `ignored_auth` for the others without a word. An API
    key in `Authorization` becomes one too: what stands before it (`Token`) no document can say.
    Examples of ids are left out where a list shows real ones, see `steering`. What is known to be there already, and
    values that the user knows, are examples.
    """
    contract = plan.contract
    document = deepcopy(dict(contract.document))
    copy = replace(contract, document=document)
    for name in document.get("components", {}).get("securitySchemes", {}):
        scheme = copy.place("components", "securitySchemes", name).value
        if scheme.get("type") in ("oauth2", "openIdConnect") or _is_a_token(scheme):
            document["components"]["securitySchemes"][name] = {"type": "http", "scheme": "bearer"}
    for _, resource in plan.surface.addressed.values():
        for label in copy.operations:
            parameter = copy.parameters(label).get(("path", resource.parameter))
            if parameter and resource.is_at_or_below(label.partition(" ")[2]):
                for described in (parameter.value, copy.below(parameter, "schema").value):
                    if isinstance(described, dict):
                        described.pop("example", None)
                        described.pop("examples", None)
    for label in copy.operations:
        items = steering.items_for(label)
        for (where, name), parameter in copy.parameters(label).items():
            shown_ids = [item[name] for item in items] if where == "path" else []
            if known := [*dict.fromkeys([*plan.known_values(label, name), *shown_ids])]:
                parameter.value.pop("example", None)
                parameter.value["examples"] = {f"known-{n}": {"value": value} for n, value in enumerate(known, 1)}
    return document


def _is_a_token(scheme: Any) -> bool:
    return (scheme.get("type"), scheme.get("in"), str(scheme.get("name")).lower()) == (
        "apiKey",
        "header",
        "authorization",
    )


def configuration(plan: Plan) -> dict[str, Any]:
    """The configuration of schemathesis, by its documented names; every deviation from its defaults has its reason."""
    local = is_loopback(host_of(plan.url))
    return {
        "seed": plan.seed,
        # Hypothesis and the order of requests are only repeatable with one worker, and two crash on Python 3.11.
        "workers": 1,
        # All that is wrong in one go, instead of one failure per operation.
        "continue-on-failure": True,
        "request-timeout": 10,
        # An accident on the way does not happen twice; a server that cannot cope with a request fails again.
        "request-retries": 1,
        # No state that makes a run depend on the one before.
        "cache": {"enabled": False},
        "generation": {
            "database": "none",
            "max-examples": plan.max_examples,
            # HTTP stacks refuse NUL before the API sees it, in ways that no contract describes.
            "allow-x00": False,
        },
        # Reports cut long texts themselves, after secrets are out of them.
        "output": {"truncation": {"enabled": False}},
        # Health checks judge the generator, not the server.
        "suppress-health-check": ["all"],
        # Never create accounts on a target, even if the contract has operations that look like signing up.
        "auth": {"auto-signup": False},
        "phases": {
            # By default operations without examples are skipped without a word.
            "examples": {"enabled": "examples" in plan.phases, "fill-missing": True},
            "coverage": {
                "enabled": "coverage" in plan.phases,
                # Undeclared methods go to real ids, and on somebody's server an undeclared DELETE may well work: only
                # OPTIONS is sent there. TRACE and QUERY never, because 501 (RFC 9110, 15.6.2) is as right as 405.
                "unexpected-methods": _METHODS if local and plan.conduct.mode == "full" else ["options"],
            },
            "fuzzing": {"enabled": "fuzzing" in plan.phases},
            "stateful": {"enabled": "stateful" in plan.phases, "max-steps": 8},
        },
        # All 14 checks are on. Where a request had to be refused, any 4xx refuses it (410, 413, 431, ... too), and
        # a 5xx is the business of not_a_server_error. What else keeps false alarms away is in `false_alarms`.
        "checks": {
            "negative_data_rejection": {"expected-statuses": ["4xx", "5xx"]},
            "missing_required_header": {"expected-statuses": ["4xx"]},
        },
        "operations": [{"include-name": labels, "headers": {}} for _, labels in _callers(plan)],
        **({"max-time": plan.time_s} if plan.time_s else {}),
    }


@contextmanager
def _stopped_at_the_end(stream: EventStream) -> Iterator[EventStream]:
    """Lets no request go out once nobody listens to the events any more, after Ctrl-C for instance."""
    try:
        yield stream
    finally:
        stream.stop()
        stream.generator.close()


@contextmanager
def _hypothesis_caches_elsewhere() -> Iterator[None]:
    """Keeps `.hypothesis` out of the working folder: its Unicode tables cost seconds to make, so they go to a cache."""
    set_hypothesis_home_dir(folder() / "hypothesis")
    try:
        yield
    finally:
        set_hypothesis_home_dir(None)
