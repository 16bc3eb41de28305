"""The contracts that come with the package: sound, true to the fact sheets, and all of them served by code.

Each check of code against contract is a function of both, so that tests can hand it a planted mistake too.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from mockserver.app import APIS
from mockserver.http.api import Api
from mockserver.http.compiled import CompiledOperation, handler_for, view_name
from mockserver.http.parameters import argument_name
from specs.build import follow
from specs.catalogue import names, path_of
from specs.loader import load
from specs.operation import Operation, Spec
from specs.validation import Validators

SHIPPED = names()


@cache
def shipped(name: str) -> Spec:
    return load(path_of(name))


def declaration(name: str) -> Api:
    module, attribute = APIS[name]
    return getattr(import_module(module), attribute)


def ev_energy(operation_id: str) -> Operation:
    return next(found for found in shipped("ev-energy").operations if found.operation_id == operation_id)


# Contracts


def test_every_contract_is_served_and_every_api_has_a_contract() -> None:
    assert {*SHIPPED} == {*APIS}


@pytest.mark.parametrize("name", SHIPPED)
def test_it_loads_and_has_operations(name: str) -> None:
    assert shipped(name).operations


@pytest.mark.parametrize("name", SHIPPED)
def test_openapi_spec_validator_accepts_it(name: str) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(shipped(name).document).iter_errors()] == []


@pytest.mark.parametrize("name", SHIPPED)
def test_operation_ids_are_unique_and_say_tag_and_summary(name: str) -> None:
    operations = shipped(name).operations
    assert Counter(operation.operation_id for operation in operations).most_common(1)[0][1] == 1
    assert [operation.operation_id for operation in operations if not (operation.tag and operation.summary)] == []


def examples(document: Mapping[str, Any], value: Any = None, pointer: str = "") -> Iterator[tuple[str, str, Any]]:
    """Where an example stands, pointer of its schema, and the example: of media types, parameters, headers, schemas."""
    value = document if value is None else value
    if isinstance(value, Mapping):
        if "schema" in value:
            for name, example in value.get("examples", {}).items():
                yield f"{pointer}/examples/{name}", f"{pointer}/schema", follow(document, "", example)[1]["value"]
        elif isinstance(value.get("examples"), list):
            yield from ((f"{pointer}/examples/{number}", pointer, one) for number, one in enumerate(value["examples"]))
        if "default" in value and "type" in value:
            yield f"{pointer}/default", pointer, value["default"]
        for name, below in value.items():
            if name not in ("examples", "default", "enum", "const"):
                yield from examples(
                    document, below or {}, f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
                )
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from examples(document, below or {}, f"{pointer}/{number}")


def wrong_examples(document: Mapping[str, Any]) -> list[str]:
    """The examples that the reference implementation of JSON Schema refuses."""
    registry = Registry().with_resource("urn:contract", DRAFT202012.create_resource(document))
    wrong = []
    for pointer, schema, example in examples(document):
        reference = {"$ref": f"urn:contract#{schema.replace('{', '%7B').replace('}', '%7D')}"}
        validator = Draft202012Validator(reference, registry=registry, format_checker=FormatChecker())
        wrong += [f"{pointer}: {error.message}" for error in validator.iter_errors(example)]
    return wrong


@pytest.mark.parametrize("name", SHIPPED)
def test_every_example_validates(name: str) -> None:
    assert len([*examples(shipped(name).document)]) > 10
    assert wrong_examples(shipped(name).document) == []


@pytest.mark.parametrize("value", ["25", 0, 101, 2.5, None])
def test_a_wrong_example_would_be_found(value: object) -> None:
    media_type = {
        "schema": {"type": "integer", "minimum": 1, "maximum": 100},
        "examples": {"planted": {"value": value}},
    }
    assert len(wrong_examples({"paths": {"/x/{y}": {"get": media_type}}})) == 1


@pytest.mark.parametrize("name", SHIPPED)
def test_every_operation_has_an_example_of_its_success(name: str) -> None:
    without = [
        operation.operation_id
        for operation in shipped(name).operations
        for media in (operation.success.content.values() if operation.success else ())
        if not media.examples
    ]
    assert without == []


# Handlers


def handler_mismatches(
    operations: Iterable[tuple[str, str]], modules: Mapping[str, ModuleType], exempt: Sequence[object] = ()
) -> list[str]:
    """What does not fit between operations (tag, id) and the modules of a handler package by their short names.

    A handler is a public coroutine that a module named after a tag defines; `exempt` are those that an API declares.
    """
    wanted = Counter((argument_name(tag), argument_name(name)) for tag, name in operations)
    defined = {
        (short, name): function
        for short, module in modules.items()
        if short in {tag for tag, _ in wanted}
        for name, function in vars(module).items()
        if inspect.iscoroutinefunction(function) and not name.startswith("_") and function not in exempt
    }
    own = {place for place, function in defined.items() if function.__module__ == modules[place[0]].__name__}
    return sorted(
        [f"missing: {module}.{name}" for module, name in wanted if (module, name) not in own]
        + [f"unused: {module}.{name}" for module, name in own if (module, name) not in wanted]
        + [f"duplicate: {module}.{name}" for (module, name), times in wanted.items() if times > 1]
        + [
            f"duplicate: {name} is in several modules"
            for name, times in Counter(n for _, n in own).items()
            if times > 1
        ]
    )


def package_modules(package: str) -> dict[str, ModuleType]:
    folder = import_module(package).__path__
    return {found.name: import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(folder)}


PACKAGES = sorted({declaration(name).handlers for name in APIS})


@pytest.mark.parametrize("package", PACKAGES)
def test_operations_and_handlers_are_one_to_one(package: str) -> None:
    sharing = [name for name in APIS if declaration(name).handlers == package]
    operations = [(operation.tag, operation.operation_id) for name in sharing for operation in shipped(name).operations]
    named = [function for name in sharing for function in declaration(name).identify.values()]
    named += [declaration(name).permit for name in sharing]
    assert handler_mismatches(operations, package_modules(package), named) == []


async def get_things() -> None:
    """A planted handler."""


async def get_thing() -> None:
    """A planted handler."""


def planted(*functions: Any, name: str = "planted") -> ModuleType:
    """A module that defines the functions."""
    module = ModuleType(name)
    for function in functions:
        copy = type(function)(function.__code__, {}, function.__name__)
        copy.__module__ = name
        setattr(module, function.__name__, copy)
    return module


BOTH = [("Things", "get-things"), ("Things", "get-thing")]


@pytest.mark.parametrize(
    ("operations", "modules", "found"),
    [
        (BOTH, {"things": planted(get_things, get_thing)}, []),
        (BOTH, {"things": planted(get_things)}, ["missing: things.get_thing"]),
        (BOTH, {}, ["missing: things.get_thing", "missing: things.get_things"]),
        (BOTH[:1], {"things": planted(get_things, get_thing)}, ["unused: things.get_thing"]),
        (BOTH[:1], {"things": planted(get_things), "bills": planted(get_thing, name="bills")}, []),
        ([*BOTH, ("Things", "get_thing")], {"things": planted(get_things, get_thing)}, ["duplicate: things.get_thing"]),
        (
            [*BOTH, ("Others", "get-thing")],
            {"things": planted(get_things, get_thing), "others": planted(get_thing, name="others")},
            ["duplicate: get_thing is in several modules"],
        ),
    ],
    ids=["sound", "missing", "missing module", "unused", "no tag's module", "duplicate id", "duplicate name"],
)
def test_a_mismatch_of_handlers_would_be_found(
    operations: list[tuple[str, str]], modules: dict[str, ModuleType], found: list[str]
) -> None:
    assert handler_mismatches(operations, modules) == found


def test_a_handler_that_is_only_imported_counts_as_missing() -> None:
    other = planted(get_things, name="elsewhere")
    module = planted(get_thing)
    module.get_things = other.get_things  # type: ignore[attr-defined]
    assert handler_mismatches(BOTH, {"things": module}) == ["missing: things.get_things"]


# Views


def unused_views(views: ModuleType, schemas: Iterable[str]) -> list[str]:
    """Public functions of a module of views that no success schema is named after."""
    wanted = {view_name(schema) for schema in schemas}
    return sorted(
        name
        for name, function in vars(views).items()
        if inspect.isfunction(function)
        and function.__module__ == views.__name__
        and not name.startswith("_")
        and name not in wanted
    )


def success_schemas(spec: Spec) -> set[str]:
    """Names of the component schemas of successful answers, and of what lists and pages hold."""
    found: set[str] = set()
    waiting = [
        media.schema.value
        for operation in spec.operations
        for media in (operation.success.content.values() if operation.success else ())
        if media.schema
    ]
    for schema in waiting:  # grows by what is in lists
        if not isinstance(schema, Mapping):
            continue
        name = str(schema.get("$ref", "")).rpartition("/")[2]
        if name in found:
            continue
        found |= {name} - {""}
        whole = spec.document["components"]["schemas"][name] if name else schema
        members = whole.get("properties", {}).values()
        arrays = [whole, *(follow(spec.document, "", member)[1] for member in members if isinstance(member, Mapping))]
        waiting += [array.get("items") for array in arrays if array.get("type") == "array"]
        waiting += whole.get("allOf", ())
    return found


WITH_VIEWS = [name for name in APIS if declaration(name).views is not None]


@pytest.mark.parametrize("name", WITH_VIEWS)
def test_every_view_is_used_by_a_schema(name: str) -> None:
    views = declaration(name).views
    assert views is not None
    assert unused_views(views, success_schemas(shipped(name))) == []


def test_an_unused_view_would_be_found() -> None:
    def price() -> None: ...
    def tariff_detail() -> None: ...

    views = planted(price, tariff_detail)
    assert unused_views(views, ["TariffDetail"]) == ["price"]
    assert unused_views(views, ["TariffDetail", "Price"]) == []


@pytest.mark.parametrize(
    ("operation_id", "view", "is_list"),
    [
        ("get-suppliers", "supplier", True),
        ("get-suppliers-supplier_id", "supplier", False),
        ("get-tariffs", "tariff", True),
        ("get-tariffs-tariff_id", "tariff_detail", False),
        ("get-tariff-prices", "price", True),
    ],
)
def test_an_operation_gets_the_view_of_its_schema(operation_id: str, view: str, is_list: bool) -> None:
    api, spec, operation = declaration("ev-energy"), shipped("ev-energy"), ev_energy(operation_id)
    handler = handler_for(operation, api.handlers)
    compiled = CompiledOperation(operation, handler, api, spec.document, Validators(spec))
    assert compiled.view is getattr(api.views, view)
    assert compiled.view_is_list is is_list


# Refusals that a contract declares


def possible_refusals(operation: Operation, *, limited: bool) -> set[int]:
    """The error statuses that the stages of the pipeline can come to for an operation that is routed to."""
    possible = {400}  # unknown parameters, bad headers
    if operation.security:
        possible |= {401, 403}
    if any(parameter.location == "path" for parameter in operation.parameters):
        possible.add(404)
    if operation.success and operation.success.content:
        possible.add(406)
    if limited:
        possible.add(429)
    return possible


@pytest.mark.parametrize("name", ["ev-energy", "control"])
def test_what_the_pipeline_can_answer_is_declared(name: str) -> None:
    undeclared = {}
    for operation in shipped(name).operations:
        possible = possible_refusals(operation, limited=declaration(name).quota is not None)
        if missing := {status for status in possible if operation.response_for(status) is None}:
            undeclared[operation.operation_id] = missing
    assert undeclared == {}


@pytest.mark.parametrize("operation", shipped("control").operations, ids=lambda operation: operation.operation_id)
def test_the_control_plane_declares_what_a_body_can_lead_to(operation: Operation) -> None:
    statuses = {int(status) for status in operation.responses}
    assert ({413, 415} <= statuses) == (operation.request_body is not None)


# The fact sheets: part A section 1, part B sections 3 and 7


@dataclass(frozen=True)
class Fact:
    path: str
    scopes: frozenset[str] | None
    parameters: frozenset[tuple[str, str]]
    errors: frozenset[int]


def fact(path: str, scopes: str, parameters: str, errors: str) -> Fact:
    """`parameters` are names with a sign for their place: none is query, `/` path, `:` header."""
    places = {"/": "path", ":": "header"}
    return Fact(
        path=path,
        scopes=frozenset(scopes.split()) if scopes else None,
        parameters=frozenset((text.lstrip("/:"), places.get(text[0], "query")) for text in parameters.split()),
        errors=frozenset(map(int, errors.split())),
    )


VER, LIST = ":EvEnergy-Version", ":EvEnergy-Version page page_size"
FACTS = {
    "get-root": fact("/", "", VER, "400 406 429"),
    "get-suppliers": fact("/suppliers", "tariff:read", f"{LIST} available_for_user_id", "400 401 403 404 406 429"),
    "get-suppliers-supplier_id": fact(
        "/suppliers/{supplier_id}", "tariff:read", f"{VER} /supplier_id", "400 401 403 404 406 429"
    ),
    "get-tariffs": fact(
        "/tariffs",
        "tariff:read",
        f"{LIST} :EvEnergy-User expand supplier_id valid gsp_group available_for_user_id include_optional",
        "400 401 403 404 406 429",
    ),
    "get-tariffs-tariff_id": fact(
        "/tariffs/{tariff_id}",
        "tariff:read",
        f"{VER} /tariff_id expand available_for_user_id",
        "400 401 403 404 406 429",
    ),
    "get-tariff-prices": fact(
        "/tariffs/{tariff_id}/prices",
        "tariff:read tariff:prices:read",
        f"{LIST} /tariff_id started_at__gte started_at__lte",
        "400 401 403 404 406 429",
    ),
}


def test_root_and_tariffs_are_described_whole() -> None:
    tags = {"Root", "Tariffs"}
    assert {found.operation_id for found in shipped("ev-energy").operations if found.tag in tags} == FACTS.keys()


@pytest.mark.parametrize("name", FACTS)
def test_an_operation_is_where_the_sheet_says(name: str) -> None:
    assert (ev_energy(name).method, ev_energy(name).path) == ("GET", FACTS[name].path)


@pytest.mark.parametrize("name", FACTS)
def test_an_operation_needs_the_scopes_of_the_sheet(name: str) -> None:
    wanted = FACTS[name].scopes
    security = [{scheme: {*scopes} for scheme, scopes in found.items()} for found in ev_energy(name).security]
    assert security == ([] if wanted is None else [{"oauth2": wanted}])


@pytest.mark.parametrize("name", FACTS)
def test_an_operation_takes_the_parameters_of_the_sheet(name: str) -> None:
    declared = {(parameter.name, parameter.location) for parameter in ev_energy(name).parameters}
    assert declared == FACTS[name].parameters


@pytest.mark.parametrize("name", FACTS)
def test_an_operation_declares_the_errors_of_the_sheet(name: str) -> None:
    assert {int(status) for status in ev_energy(name).responses} - {200} == FACTS[name].errors


@pytest.mark.parametrize("name", FACTS)
def test_every_answer_declares_version_and_rate_headers(name: str) -> None:
    common = {"EvEnergy-Version", "X-RateLimit-Limit", "X-RateLimit-Remaining"}
    for response in ev_energy(name).responses.values():
        assert common <= response.headers.keys(), response.status
        assert ("Retry-After" in response.headers) == (response.status == "429")
    is_list = ("page", "query") in FACTS[name].parameters
    assert ("Link" in ev_energy(name).responses["200"].headers) == is_list


@pytest.mark.parametrize("name", FACTS)
def test_every_error_is_a_problem(name: str) -> None:
    for status, response in ev_energy(name).responses.items():
        media_types = {*response.content}
        assert media_types == ({"application/json"} if status == "200" else {"application/problem+json"}), status


SCOPES = [
    "boundary_meter:read",
    "carbon:read",
    "charging_session:read",
    "charging_session:write",
    "debug:read",
    "dispatch_coordinator:read",
    "dispatch_event:write",
    "evse:read",
    "evse:write",
    "grid:read",
    "home_battery:read",
    "home_energy:read",
    "inverter:read",
    "inverter:write",
    "notification_preferences:read",
    "notification_preferences:write",
    "payout_method:read",
    "payout_method:write",
    "region:read",
    "region:write",
    "route_planner_preferences:read",
    "route_planner_preferences:write",
    "saved_routes:read",
    "saved_routes:write",
    "solar:read",
    "solar:write",
    "solar_forecast:read",
    "subscription:read",
    "tariff:read",
    "tariff:prices:read",
    "user:read",
    "user:write",
    "vehicle:read",
    "vehicle:write",
    "vehicle_catalogue:write",
    "programs:write",
    "site:read",
    "support:read",
    "support:write",
    "utility_account:write",
]


@pytest.mark.parametrize("flow", ["clientCredentials", "authorizationCode"])
def test_both_flows_offer_every_scope(flow: str) -> None:
    flows = shipped("ev-energy").security_schemes["oauth2"].definition["flows"]
    assert flows.keys() == {"clientCredentials", "authorizationCode"}
    assert sorted(flows[flow]["scopes"]) == sorted(SCOPES)
    assert flows[flow]["tokenUrl"] == flows[flow]["refreshUrl"] == "https://api.ev.energy/o/token/"


SCHEMAS = {
    "Supplier": ("id url name icon", "highlighted"),
    "TariffBase": (
        "id url supplier name currency",
        "highlighted type daily_prices timezone_name price_chart_url gsp_group valid_from valid_until",
    ),
    "DailyPrices": ("peak", "mid_peak off_peak"),
    "PriceSummary": ("", "price times"),
    "Times": ("", "start end"),
    "Price": ("started_at interval_seconds price_minor_units", ""),
    "SchedulerTariff": ("id url supplier name currency", ""),
    "ProblemDetail": ("title detail", "type status instance field_errors notification"),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_has_the_fields_of_the_sheet(name: str) -> None:
    required, optional = (fields.split() for fields in SCHEMAS[name])
    schema = shipped("ev-energy").document["components"]["schemas"][name]
    assert sorted(schema.get("required", [])) == sorted(required)
    assert sorted(schema["properties"]) == sorted([*required, *optional])


@pytest.mark.parametrize("name", ["Supplier", "TariffBase", "Tariff", "TariffDetail", "Price", "ProblemDetail", "Root"])
def test_objects_that_may_gain_fields_are_left_open(name: str) -> None:
    schema = shipped("ev-energy").document["components"]["schemas"][name]
    assert schema.get("additionalProperties", True) is True
    assert "unevaluatedProperties" not in schema
