"""Makes generated requests reach the logic behind the parameters, by hooks of schemathesis.

Left alone, schemathesis sends most parameters at once, with ids and filters that the contract shows as examples and
that exist on no target: nearly all answers are then 400, 404 or empty, and show nothing. So:

    ids that there are          in paths and bodies, by the name of the parameter that takes them elsewhere
    plain requests first        each GET without optional parameters, for ids that lists have shown or the user knows
    no ids from the contract    examples of such ids are left out (in `runner`), for real ones to be taken instead
    one thing at a time         the coverage phase varies one parameter and leaves out the optional rest
    shares                      one of so many requests at limits, where other processes send the others
    patience                    the rate that the user allows, and what the target says of its limits
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from schemathesis import Case, HookContext, Response
from schemathesis.generation import GenerationMode
from schemathesis.generation.meta import CoveragePhaseData, TestPhase
from schemathesis.schemas import BaseSchema

from contract_tests.exchange import Exchange
from contract_tests.laws.client import Client
from contract_tests.pace import Pace, retry_after_s
from contract_tests.plan import Plan
from contract_tests.surface.resources import Resource
from contract_tests.wire import answered

_ITEMS_PER_LIST = 2
_CHOSEN = (TestPhase.EXAMPLES, TestPhase.COVERAGE)


class Steering:
    """Remembers which items a target has, and steers the generation of requests towards them."""

    def __init__(self, plan: Plan, pace: Pace) -> None:
        self._contract = plan.contract
        self._values = plan.known_values
        self._pace = pace
        self._share = plan.share
        # Requests at limits that were generated so far, by operation.
        self._dealt: Counter[str] = Counter()
        self._lists = plan.surface.addressed
        self._made = {resource.create: resource for resource in plan.surface.resources.values() if resource.item}
        # Path parameters of things that exist.
        self._known: defaultdict[Resource, list[dict[str, Any]]] = defaultdict(list)

    def steer(self, schema: BaseSchema) -> None:
        """Register the hooks on a schema."""
        schema.hook("after_call")(lambda _, case, response: self._take_in(case, response))
        schema.hook("before_add_examples")(lambda context, examples: self._add_plain_requests(context, examples))
        schema.hook("filter_case")(lambda _, case: self._is_ours(case))
        schema.hook("map_case")(lambda _, case: self._with_ids_that_there_are(self._one_thing_at_a_time(case)))

    def _take_in(self, case: Case[Any], response: Response) -> None:
        exchange = answered(case.operation.label, response)
        if exchange.status == HTTPStatus.TOO_MANY_REQUESTS and (wait_s := retry_after_s(exchange.answer_headers)):
            time.sleep(wait_s)
        self._pace.see(exchange.answer_headers)
        self._pace.wait()
        self._remember(exchange, case.path_parameters)

    def read(self, lists: Iterable[str], client: Client) -> Iterator[Exchange]:
        """Ask for lists by their labels, outer ones first, and remember what they show."""
        for label in sorted(lists, key=len):
            for item in self.items_for(label)[:1]:
                exchange = client.call(label, path=item, query={}, headers={}, body=None)
                self._remember(exchange, item)
                yield exchange

    def _remember(self, exchange: Exchange, path: Mapping[str, Any]) -> None:
        if not exchange.succeeded:
            return
        if exchange.operation in self._lists:
            listing, resource = self._lists[exchange.operation]
            keys = [*listing.ids_in(exchange.json())]
        elif exchange.operation in self._made:
            resource = self._made[exchange.operation]
            key = resource.thing_in(exchange.json()).get(resource.id_member)
            keys = [key] if isinstance(key, str) else []
        else:
            return
        known = self._known[resource]
        if len(known) < _ITEMS_PER_LIST:
            items = ({**path, resource.parameter: key} for key in keys)
            known += [item for item in items if item not in known][: _ITEMS_PER_LIST - len(known)]

    def _known_by(self, label: str, name: str) -> list[Any]:
        """Values for a parameter or member: what the user knows, else ids of what takes them by that name in its path.

        A name such as `id` says nothing of whose id it is.
        """
        if values := self._values(label, name):
            return values
        if "_" not in name and name.islower():
            return []
        return [item[name] for resource, known in self._known.items() if resource.parameter == name for item in known]

    def _add_plain_requests(self, context: HookContext, examples: list[Case[Any]]) -> None:
        operation = context.operation
        if operation is None or operation.method.upper() != "GET":
            return
        parameters = self._contract.parameters(operation.label)
        needed: dict[str, dict[str, Any]] = {"query": {}, "header": {}}
        for (where, name), place in parameters.items():
            if where != "path" and place.value.get("required"):
                if where not in needed or not (values := self._values(operation.label, name)):
                    return
                needed[where][name] = values[0]
        # The last one added is the first one sent.
        examples.extend(
            operation.Case(path_parameters=item, query=needed["query"], headers=needed["header"])
            for item in self.items_for(operation.label)
        )

    def items_for(self, label: str) -> list[dict[str, Any]]:
        """Path parameters for an operation: those of items that it is at or below, else values that the user knows."""
        names = {name for where, name in self._contract.parameters(label) if where == "path"}
        if not names:
            return [{}]
        path = label.partition(" ")[2]
        items = (item for resource, known in self._known.items() if resource.is_at_or_below(path) for item in known)
        found = [item for item in items if set(item) == names]
        values = {name: self._known_by(label, name) for name in names}
        return found or ([{name: known[0] for name, known in values.items()}] if all(values.values()) else [])

    def _is_ours(self, case: Case[Any]) -> bool:
        """Whether a request is in the share of this run."""
        turn, of = self._share
        if of == 1 or case.meta is None or not isinstance(case.meta.phase.data, CoveragePhaseData):
            return True
        self._dealt[case.operation.label] += 1
        return self._dealt[case.operation.label] % of == turn

    def _one_thing_at_a_time(self, case: Case[Any]) -> Case[Any]:
        generated = case.meta.phase.data if case.meta else None
        if not isinstance(generated, CoveragePhaseData) or not generated.parameter:
            return case
        parameters = self._contract.parameters(case.operation.label)
        for where, values in (("query", case.query), ("header", case.headers)):
            for name in list(values):
                place = parameters.get((where, name))
                if place and name != generated.parameter and not place.value.get("required"):
                    del values[name]
        return case

    def _with_ids_that_there_are(self, case: Case[Any]) -> Case[Any]:
        """The same with known ids in a request that has to be valid; what is drawn at random stays as it is.

        Not where things are deleted: they would be gone for all that follows.
        """
        meta = case.meta
        if meta is None or meta.phase.name not in _CHOSEN or meta.generation.mode is not GenerationMode.POSITIVE:
            return case
        label, varied = case.operation.label, getattr(meta.phase.data, "parameter", None)
        if case.method.upper() != "DELETE" and varied not in case.path_parameters:
            case.path_parameters.update(next(iter(self.items_for(label)), {}))
        body = case.body
        if isinstance(body, dict):
            for name, value in body.items():
                if isinstance(value, str) and (known := self._known_by(label, name)):
                    body[name] = known[0]
        return case
