"""A contract split over files loads as one that knows where all came from; what does not hang together is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from specs.errors import SpecError
from specs.loader import load
from specs.operation import Location, Operation
from tests.specs.contracts import assert_refused, edited, problems, write

ROOT = """\
openapi: '3.1.0'
info: {title: Things, version: '1.0'}
tags: [{name: things}]
security: [{key: []}]
paths:
  /things:
    $ref: 'parts/things.yaml#/paths/~1things'
  /things/{id}:
    $ref: 'parts/things.yaml#/paths/~1things~1%7Bid%7D'
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Key}
  schemas:
    Later: {$ref: 'common.yaml#/components/schemas/Later'}
    Renamed: {$ref: 'common.yaml#/components/schemas/Original'}
"""
THINGS = """\
paths:
  /things:
    parameters:
      - $ref: '../common.yaml#/components/parameters/Limit'
      - {name: X-Trace, in: header, schema: {type: string}}
    get:
      operationId: list_things
      tags: [things]
      summary: All things
      security: []
      parameters:
        - {name: limit, in: query, schema: {type: integer}, explode: false, examples: {few: {value: 3}}}
        - {name: tag, in: query, style: pipeDelimited, description: Any of, schema: {type: array}, example: [a]}
        - {name: seen, in: cookie, schema: {type: string}}
        - {name: seen, in: query, required: true, schema: {type: string}}
      responses:
        '200':
          description: All
          headers:
            X-Total: {$ref: '../common.yaml#/components/headers/Total'}
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Thing'}
              examples:
                one: {$ref: '../common.yaml#/components/examples/One'}
        4XX: {description: Refused}
        default: {description: Anything}
  /things/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
    put:
      operationId: put_thing
      tags: [things]
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Thing'}
            example: {id: a}
          text/csv: {}
      responses:
        '201': {description: Made}
        '200': {description: Replaced}
components:
  schemas:
    Thing: {type: object, properties: {id: {type: string}}}
"""
COMMON = """\
components:
  parameters:
    Limit: {name: limit, in: query, schema: {type: integer, default: 10}}
  headers:
    Total: {required: true, schema: {type: integer}}
  examples:
    One:
      value: {id: one}
  schemas:
    Later: {type: string}
    Original: {type: string}
"""
FILES = {"openapi.yaml": ROOT, "parts/things.yaml": THINGS, "common.yaml": COMMON}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


def operation(root: Path, name: str) -> Operation:
    return next(operation for operation in load(root).operations if operation.operation_id == name)


def changed(name: str, *changes: tuple[str, str]) -> dict[str, str]:
    """The files, with some text of one of them replaced."""
    text = FILES[name]
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return FILES | {name: text}


def test_joins_files_into_one_document(root: Path) -> None:
    spec = load(root)
    assert spec.files == (root, root.parent / "parts/things.yaml", root.parent / "common.yaml")
    assert list(spec.document["paths"]) == ["/things", "/things/{id}"]
    assert spec.document["paths"]["/things"]["parameters"][0] == {"$ref": "#/components/parameters/Limit"}
    assert spec.document["components"]["schemas"] == {
        "Later": {"type": "string"},
        "Renamed": {"$ref": "#/components/schemas/Original"},
        "Thing": {"type": "object", "properties": {"id": {"type": "string"}}},
        "Original": {"type": "string"},
    }
    assert spec.title == "Things"
    assert [scheme.type for scheme in spec.security_schemes.values()] == ["apiKey"]


@pytest.mark.parametrize(
    ("pointer", "file", "line", "own"),
    [
        ("", "openapi.yaml", 1, ""),
        ("/info/title", "openapi.yaml", 2, "/info/title"),
        ("/paths/~1things", "parts/things.yaml", 2, "/paths/~1things"),
        ("/paths/~1things/get/responses/200", "parts/things.yaml", 17, "/paths/~1things/get/responses/200"),
        ("/components/schemas/Later", "common.yaml", 10, "/components/schemas/Later"),
        ("/components/schemas/Renamed/$ref", "openapi.yaml", 15, "/components/schemas/Renamed/$ref"),
        (
            "/components/parameters/Limit/schema/default",
            "common.yaml",
            3,
            "/components/parameters/Limit/schema/default",
        ),
        ("/components/parameters", "openapi.yaml", 10, "/components"),
        ("/paths/~1things/get/nothing", "parts/things.yaml", 6, "/paths/~1things/get"),
    ],
)
def test_knows_where_everything_stands(root: Path, pointer: str, file: str, line: int, own: str) -> None:
    assert load(root).locate(pointer) == Location(root.parent / file, line, own)


def test_every_place_of_the_document_has_a_position(root: Path) -> None:
    spec = load(root)
    missing = [
        pointer
        for operation in spec.operations
        for response in operation.responses.values()
        for pointer in [f"{operation.pointer}/responses/{response.status}"]
        if pointer not in spec.positions
    ]
    assert not missing


def test_operation_holds_all_its_parameters_with_their_defaults(root: Path) -> None:
    found = {
        (parameter.location, parameter.name): (
            parameter.style,
            parameter.explode,
            parameter.required,
            parameter.examples,
        )
        for parameter in operation(root, "list_things").parameters
    }
    assert found == {
        ("query", "limit"): ("form", False, False, (3,)),
        ("header", "X-Trace"): ("simple", False, False, ()),
        ("query", "tag"): ("pipeDelimited", False, False, (["a"],)),
        ("cookie", "seen"): ("form", True, False, ()),
        ("query", "seen"): ("form", True, True, ()),
    }
    limit, trace, *_ = operation(root, "list_things").parameters
    assert limit.schema.pointer == "/paths/~1things/get/parameters/0/schema"
    assert trace.schema.pointer == "/paths/~1things/parameters/1/schema"


def test_operation_follows_references_between_openapi_objects(root: Path) -> None:
    response = operation(root, "list_things").responses["200"]
    assert response.headers["X-Total"].schema.pointer == "/components/headers/Total/schema"
    assert response.headers["X-Total"].required
    media_type = response.content["application/json"]
    assert media_type.examples == {"one": {"id": "one"}}
    assert media_type.schema is not None
    assert media_type.schema.value == {"$ref": "#/components/schemas/Thing"}


def test_operation_has_its_own_security_or_that_of_the_document(root: Path) -> None:
    assert operation(root, "list_things").security == ()
    assert operation(root, "put_thing").security == ({"key": ()},)


def test_operation_knows_its_body_and_responses(root: Path) -> None:
    put = operation(root, "put_thing")
    assert put.request_body is not None
    assert put.request_body.required
    assert put.request_body.content["application/json"].examples == {"example": {"id": "a"}}
    assert put.request_body.content["text/csv"].schema is None
    assert put.success is put.responses["200"]
    assert (put.method, put.path, put.tag, put.summary) == ("PUT", "/things/{id}", "things", "")
    listing = operation(root, "list_things")
    assert [listing.response_for(status) for status in (200, 404, 503)] == list(listing.responses.values())


REFUSED = {
    "missing file": (
        changed("openapi.yaml", ("parts/things.yaml#/paths/~1things'", "parts/thing.yaml#/paths/~1things'  # here")),
        ("/paths/~1things/$ref", "names a file that does not exist"),
    ),
    "remote reference": (
        changed(
            "parts/things.yaml",
            ("'../common.yaml#/components/examples/One'}", "'https://example.com/a.yaml#/b'}  # here"),
        ),
        ("/paths/~1things/get/responses/200/content/application~1json/examples/one/$ref", "is remote"),
    ),
    "remote reference without a scheme": (
        changed(
            "parts/things.yaml", ("'../common.yaml#/components/examples/One'}", "'//example.com/a.yaml#/b'}  # here")
        ),
        ("/paths/~1things/get/responses/200/content/application~1json/examples/one/$ref", "is remote"),
    ),
    "reference out of the folder": (
        changed(
            "common.yaml", ("Later: {type: string}", "Later: {$ref: '../common.yaml#/components/schemas/A'}  # here")
        ),
        ("/components/schemas/Later/$ref", "leaves the folder of this contract"),
    ),
    "reference to a whole file": (
        changed("openapi.yaml", ("'common.yaml#/components/schemas/Later'}", "'common.yaml'}  # here")),
        ("/components/schemas/Later/$ref", "needs a pointer"),
    ),
    "dangling reference to another file": (
        changed("parts/things.yaml", ("headers/Total'}", "headers/Count'}  # here")),
        (
            "/paths/~1things/get/responses/200/headers/X-Total/$ref",
            "'../common.yaml#/components/headers/Count' points at nothing",
        ),
    ),
    "reference to a path that is not there": (
        changed("openapi.yaml", ("#/paths/~1things'", "#/paths/~1thing'  # here")),
        ("/paths/~1things/$ref", "points at nothing"),
    ),
    "path item that is a component": (
        changed("openapi.yaml", ("#/paths/~1things'", "#/components/schemas/Thing'  # here")),
        ("/paths/~1things/$ref", "must point at a path item"),
    ),
    "operation in place of a path item": (
        changed("openapi.yaml", ("#/paths/~1things'", "#/paths/~1things/get'  # here")),
        ("/paths/~1things/$ref", "must point at a path item"),
    ),
    "path item of a callback in a part": (
        changed(
            "openapi.yaml",
            (
                "components:\n",
                """\
  /more:
    post:
      operationId: post_more
      tags: [things]
      callbacks: {done: {'{$url}': {$ref: 'parts/things.yaml#/paths/~1things'}}}  # here
      responses: {default: {description: any}}
components:
""",
            ),
        ),
        (
            "/paths/~1more/post/callbacks/done/{$url}/$ref",
            "may stand only in the paths or webhooks of the root",
        ),
    ),
    "path item taken twice": (
        changed("openapi.yaml", ("#/paths/~1things~1%7Bid%7D'", "#/paths/~1things'  # here")),
        ("/paths/~1things~1{id}/$ref", "is named by the root document already"),
    ),
    "path item reference in a part": (
        changed(
            "common.yaml",
            ("components:\n", "paths:\n  /x: {$ref: 'parts/things.yaml#/paths/~1things'}  # here\ncomponents:\n"),
        ),
        ("/paths/~1x/$ref", "may stand only in the paths or webhooks of the root"),
    ),
    "part with a title": (
        changed("common.yaml", ("components:\n", "info: {}  # here\ncomponents:\n")),
        ("/info", "unknown keyword 'info': a part file holds paths, webhooks and components only"),
    ),
    "component of two files": (
        changed("common.yaml", ("    Later: {type: string}\n", "    Later: {type: string}\n    Thing: true  # here\n")),
        ("/components/schemas/Thing", "parts/things.yaml:46: #/components/schemas/Thing: rename one"),
    ),
    "export with company, which is a component like others": (
        changed("openapi.yaml", ("schemas/Original'}", "schemas/Original', description: x}  # here"))
        | {"common.yaml": COMMON.replace("Original: {type: string}", "Original: {type: string}  # here")},
        ("/components/schemas/Renamed", "nothing uses this component"),
        ("/components/schemas/Original", "nothing uses this component"),
    ),
    "unused path of a part": (
        changed("openapi.yaml", ("  /things/{id}:\n    $ref: 'parts/things.yaml#/paths/~1things~1%7Bid%7D'\n", ""))
        | {"parts/things.yaml": THINGS.replace("  /things/{id}:\n", "  /things/{id}:  # here\n")},
        ("/paths/~1things~1{id}", "the root document openapi.yaml does not name this path"),
    ),
    "unused component of a part": (
        changed("openapi.yaml", ("    Later: {$ref: 'common.yaml#/components/schemas/Later'}\n", ""))
        | {"common.yaml": COMMON.replace("Later: {type: string}", "Later: {type: string}  # here")},
        ("/components/schemas/Later", "nothing uses this component"),
    ),
    "alias within the root, which exports nothing": (
        changed(
            "openapi.yaml", ("'common.yaml#/components/schemas/Original'}", "'#/components/schemas/Later'}  # here")
        )
        | {"common.yaml": COMMON.replace("Original: {type: string}", "Original: {type: string}  # here")},
        ("/components/schemas/Renamed", "nothing uses this component"),
        ("/components/schemas/Original", "nothing uses this component"),
    ),
    "problems of several files": (
        changed("openapi.yaml", ("title: Things", "title: 1"))
        | {
            "openapi.yaml": ROOT.replace("version: '1.0'}", "version: 1}  # here"),
            "parts/things.yaml": THINGS.replace("explode: false", "explode: no").replace(
                "value: 3}}}\n", "value: 3}}}  # here\n"
            ),
        },
        ("/info/version", "must be a string, not 1"),
        ("/paths/~1things/get/parameters/0/explode", "no is a boolean to some"),
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refuses(tmp_path: Path, case: tuple[dict[str, str], *tuple[tuple[str, str], ...]]) -> None:
    files, *expected = case
    assert_refused(tmp_path, files, *expected)


def test_refuses_a_root_that_is_not_there(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path / "openapi.yaml")
    assert str(problem) == f"{tmp_path}/openapi.yaml:1: #: cannot be read: No such file or directory"


def test_a_webhook_may_stand_in_a_part(tmp_path: Path) -> None:
    root = edited(
        ("components:\n  sec", "webhooks:\n  ended: {$ref: 'hooks.yaml#/webhooks/ended'}\ncomponents:\n  sec")
    )
    part = "webhooks:\n  ended:\n    post:\n      responses: {'200': {description: ok}}\n"
    spec = load(write(tmp_path, {"openapi.yaml": root, "hooks.yaml": part}))
    assert spec.document["webhooks"]["ended"] == {"post": {"responses": {"200": {"description": "ok"}}}}
    assert spec.locate("/webhooks/ended/post") == Location(tmp_path / "hooks.yaml", 3, "/webhooks/ended/post")


def test_a_relative_path_gives_relative_locations(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    assert str(load("openapi.yaml").locate("/paths/~1things/get")) == "parts/things.yaml:6: #/paths/~1things/get"


def test_examples_can_be_left_unchecked_and_nothing_else(tmp_path: Path) -> None:
    text = """
openapi: 3.1.0
info: {title: Things, version: '1'}
tags: [{name: Things}]
paths:
  /things:
    get:
      operationId: get-things
      tags: [Things]
      responses:
        '200':
          description: All.
          content:
            application/json:
              schema: {type: array, minItems: 2, maxItems: %s}
              examples: {wrong: {value: 7}}
"""
    (tmp_path / "openapi.yaml").write_text(text % 3)
    with pytest.raises(SpecError, match='7 is not of type "array"'):
        load(tmp_path / "openapi.yaml")
    assert load(tmp_path / "openapi.yaml", examples=False).title == "Things"
    (tmp_path / "openapi.yaml").write_text(text % 1)
    with pytest.raises(SpecError, match="leave no value"):
        load(tmp_path / "openapi.yaml", examples=False)
