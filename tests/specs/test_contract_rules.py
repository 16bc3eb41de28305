"""Each mistake between the objects of a contract is refused, with its line, its pointer, and what to do about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from specs.loader import load
from tests.specs.contracts import assert_refused, edited, write

GET = "/paths/~1things~1{id}/get"
MEDIA = f"{GET}/responses/200/content/application~1json"
ID = "      - {name: id, in: path, required: true, schema: {type: string}}\n"
SCHEMA = "schema: {$ref: '#/components/schemas/Thing'}\n"

# Name: (changes to the sound contract, one line of the result marked, pointer, phrase of the message).
REFUSED = {
    "version 3.0": (("openapi: '3.1.0'", "openapi: '3.0.3'  # here"), "/openapi", "'3.0.3' is not supported"),
    "version 3.10": (("openapi: '3.1.0'", "openapi: '3.10.0'  # here"), "/openapi", "is not supported"),
    "version as a number": (("openapi: '3.1.0'", "openapi: 3.1  # here"), "/openapi", "a string, not 3.1: quote it"),
    "API version as a number": (
        ("info: {title: Things, version: '1.0'}", "info: {title: Things, version: 1.10}  # here"),
        "/info/version",
        "must be a string, not 1.1: quote it",
    ),
    "no title": (("info: {title: Things, version: '1.0'}", "info: {version: '1'}  # here"), "/info", "needs 'title'"),
    "no paths": (
        ("openapi: '3.1.0'\n", "openapi: '3.1.0'  # here\n"),
        ("paths:\n", "webhooks:\n"),
        "",
        "needs 'paths'",
    ),
    "unknown keyword of an operation": (
        ("      tags: [things]\n", "      tags: [things]\n      x-handler: f  # here\n"),
        f"{GET}/x-handler",
        "extensions are not supported",
    ),
    "unknown method": (
        ("    get:\n", "    fetch:  # here\n"),
        "/paths/~1things~1{id}/fetch",
        "unknown keyword 'fetch'",
    ),
    "no operationId": (
        ("    get:\n      operationId: get_thing\n", "    get:  # here\n"),
        GET,
        "needs 'operationId'",
    ),
    "operationId with a space": (
        ("operationId: get_thing", "operationId: get thing  # here"),
        f"{GET}/operationId",
        "must match ^[A-Za-z]",
    ),
    "repeated operationId": (
        (
            "components:\n  sec",
            """\
    delete:
      operationId: get_thing  # here
      tags: [things]
      responses: {'204': {description: gone}}
components:
  sec""",
        ),
        "/paths/~1things~1{id}/delete/operationId",
        "operationId 'get_thing' is taken by GET /things/{id}",
    ),
    "no tag": (("    get:\n", "    get:  # here\n"), ("      tags: [things]\n", ""), GET, "needs at least one tag"),
    "undeclared tag": (
        ("      tags: [things]", "      tags: [thing]  # here"),
        f"{GET}/tags/0",
        "tag 'thing' is not declared",
    ),
    "tag declared twice": (
        ("tags: [{name: things}]", "tags:\n  - {name: things}\n  - {name: things}  # here"),
        "/tags/1",
        "tag 'things' is declared already",
    ),
    "path without a slash": (
        ("  /things/{id}:\n", "  things/{id}:  # here\n"),
        "/paths/things~1{id}",
        "must start with /",
    ),
    "paths that differ by a name": (
        (
            "components:\n  sec",
            """\
  /things/{name}:  # here
    parameters:
      - {name: name, in: path, required: true, schema: {type: string}}
components:
  sec""",
        ),
        "/paths/~1things~1{name}",
        "matches the same requests as '/things/{id}'",
    ),
    "undeclared path parameter": (
        ("    parameters:\n" + ID, ""),
        ("    get:\n", "    get:  # here\n"),
        GET,
        "path parameter 'id' of '/things/{id}' is not declared",
    ),
    "declared path parameter that is not in the path": (
        (ID, ID + ID.replace("name: id", "name: other").replace("\n", "  # here\n")),
        "/paths/~1things~1{id}/parameters/1",
        "path parameter 'other' does not occur",
    ),
    "declared for two operations": (
        (ID, ID + ID.replace("name: id", "name: other").replace("\n", "  # here\n")),
        (
            "components:\n  sec",
            "    delete:\n      operationId: delete_thing\n      tags: [things]\n"
            "      responses: {'204': {description: gone}}\ncomponents:\n  sec",
        ),
        "/paths/~1things~1{id}/parameters/1",
        "path parameter 'other' does not occur",
    ),
    "path parameter twice in the path": (
        ("  /things/{id}:\n", "  /things/{id}/{id}:  # here\n"),
        "/paths/~1things~1{id}~1{id}",
        "stands twice",
    ),
    "optional path parameter": (
        (ID, ID.replace("required: true, ", "").replace("\n", "  # here\n")),
        "/paths/~1things~1{id}/parameters/0",
        "needs required: true",
    ),
    "parameter twice": (
        (ID, ID + ID.replace("\n", "  # here\n")),
        "/paths/~1things~1{id}/parameters/1",
        "path parameter 'id' stands here twice",
    ),
    "parameter with a wrong place": (
        (ID, ID + "      - {name: q, in: body, schema: true}  # here\n"),
        "/paths/~1things~1{id}/parameters/1/in",
        "must be one of path, query, header, cookie",
    ),
    "parameter without schema": (
        (ID, ID + "      - {name: q, in: query}  # here\n"),
        "/paths/~1things~1{id}/parameters/1",
        "needs 'schema'",
    ),
    "style of another place": (
        (ID, ID + "      - {name: q, in: query, style: simple, schema: true}  # here\n"),
        "/paths/~1things~1{id}/parameters/1/style",
        "a query parameter is written in style form or",
    ),
    "no responses keyword": (
        ("    get:\n", "    get:  # here\n"),
        ("      responses:\n        '200':\n          description: The thing\n", "      callbacks:\n        done:\n"),
        (
            "          content:\n            application/json:\n              " + SCHEMA,
            "          /x: {summary: none}\n",
        ),
        GET,
        "needs 'responses'",
    ),
    "no response": (
        ("      responses:\n        '200':\n          description: The thing\n", "      responses: {}  # here\n"),
        (
            "          content:\n            application/json:\n              " + SCHEMA,
            "      requestBody:\n        content: {text/csv: {" + SCHEMA.strip() + "}}\n",
        ),
        f"{GET}/responses",
        "needs at least one response",
    ),
    "status as a number": (("        '200':\n", "        200:  # here\n"), f"{GET}/responses/200", 'quote it, "200"'),
    "status out of range": (
        ("        '200':\n", "        '600':  # here\n"),
        f"{GET}/responses/600",
        "must be like '200'",
    ),
    "status in small letters": (("        '200':\n", "        '2xx':  # here\n"), f"{GET}/responses/2xx", "'4XX'"),
    "response without description": (
        ("        '200':\n          description: The thing\n", "        '200':  # here\n"),
        f"{GET}/responses/200",
        "needs 'description'",
    ),
    "undeclared security scheme": (
        ("      tags: [things]\n", "      tags: [things]\n      security: [{key: []}]  # here\n"),
        f"{GET}/security/0/key",
        "security scheme 'key' is not declared",
    ),
    "undeclared scope": (
        ("security: [{login: [read]}]", "security: [{login: [read, write]}]  # here"),
        "/security/0/login/1",
        "no flow of 'login' declares the scope 'write'",
    ),
    "scopes as text": (
        ("security: [{login: [read]}]", "security: [{login: read}]  # here"),
        "/security/0/login",
        "must be a list of different strings",
    ),
    "security scheme of no kind": (
        ("      type: oauth2\n", "      type: basic  # here\n"),
        ("      flows: {clientCredentials: {tokenUrl: /token, scopes: {read: Read things}}}\n", ""),
        "/components/securitySchemes/login/type",
        "must be one of apiKey, http, oauth2, openIdConnect",
    ),
    "flow without token URL": (
        ("tokenUrl: /token, scopes: {read: Read things}}}", "scopes: {read: Read}}}  # here"),
        "/components/securitySchemes/login/flows/clientCredentials",
        "needs 'tokenUrl'",
    ),
    "unused component": (
        ("    Thing: {", "    Other: {type: string}  # here\n    Thing: {"),
        "/components/schemas/Other",
        "nothing uses this component",
    ),
    "component used by an unused one": (
        (
            "    Thing: {",
            "    A: {type: string}  # here\n    B: {items: {$ref: '#/components/schemas/A'}}  # here\n    Thing: {",
        ),
        "/components/schemas/A",
        "nothing uses this component",
        "/components/schemas/B",
        "nothing uses this component",
    ),
    "component that only uses itself": (
        ("    Thing: {", "    A: {items: {$ref: '#/components/schemas/A'}}  # here\n    Thing: {"),
        "/components/schemas/A",
        "nothing uses this component",
    ),
    "unused security scheme": (
        ("    login:\n", "    key: {type: http, scheme: basic}  # here\n    login:\n"),
        "/components/securitySchemes/key",
        "nothing uses this component",
    ),
    "component name with a space": (
        ("    Thing: {", "    A Thing: {type: string}  # here\n    Thing: {"),
        (SCHEMA, "schema: {$ref: '#/components/schemas/A Thing'}\n              example: a\n"),
        ("    Thing: {type: object, properties: {id: {type: string}}}\n", ""),
        "/components/schemas/A Thing",
        "a component name holds only",
    ),
    "dangling reference": (
        (SCHEMA, "schema: {$ref: '#/components/schemas/Think'}  # here\n"),
        f"{MEDIA}/schema/$ref",
        "reference '#/components/schemas/Think' points at nothing",
    ),
    "reference to another kind": (
        (ID, ID + "      - $ref: '#/components/schemas/Thing'  # here\n"),
        "/paths/~1things~1{id}/parameters/1/$ref",
        "must point at a Parameter component",
    ),
    "reference into a component": (
        (SCHEMA, "schema: {$ref: '#/components/schemas/Thing/properties/id'}  # here\n"),
        f"{MEDIA}/schema/$ref",
        "must point at a component",
    ),
    "reference to a path": (
        (SCHEMA, "schema: {$ref: '#/paths/~1things~1{id}'}  # here\n"),
        f"{MEDIA}/schema/$ref",
        "must point at a component",
    ),
    "reference with company": (
        (ID, ID + "      - $ref: '#/components/parameters/Q'\n        description: more  # here\n"),
        ("  schemas:\n", "  parameters:\n    Q: {name: q, in: query, schema: true}\n  schemas:\n"),
        "/paths/~1things~1{id}/parameters/1/description",
        "stands beside a $ref",
    ),
    "reference where none can stand": (
        ("version: '1.0'}", "version: '1.0', $ref: '#/components/schemas/Thing'}  # here"),
        "/info/$ref",
        "a reference cannot stand here",
    ),
    "path item that another path has": (
        ("components:\n  sec", "  /same:\n    $ref: '#/paths/~1things~1{id}'  # here\ncomponents:\n  sec"),
        "/paths/~1same/$ref",
        "may stand only in the paths or webhooks of the root document, and name a part file",
    ),
    "references in a circle": (
        (
            "  schemas:\n",
            """\
  parameters:
    A: {$ref: '#/components/parameters/B'}  # here
    B: {$ref: '#/components/parameters/A'}
  schemas:
""",
        ),
        (ID, ID + "      - $ref: '#/components/parameters/A'\n"),
        "/components/parameters/A",
        "refers to itself without end: A -> B -> A",
    ),
    "example of a response": (
        (SCHEMA, SCHEMA + "              example: {id: 1}  # here\n"),
        f"{MEDIA}/example",
        "does not fit its schema at /id: 1 is not of type",
    ),
    "named example of a response": (
        (SCHEMA, SCHEMA + "              examples:\n                one:\n                  value: {id: 1}  # here\n"),
        f"{MEDIA}/examples/one/value",
        "does not fit its schema at /id",
    ),
    "example and examples": (
        (SCHEMA, SCHEMA + "              example: {}  # here\n              examples: {one: {value: {}}}\n"),
        f"{MEDIA}/example",
        "keep one of the two",
    ),
    "example without value": (
        (SCHEMA, SCHEMA + "              examples: {one: {summary: a}}  # here\n"),
        f"{MEDIA}/examples/one",
        "needs 'value'",
    ),
    "example of a parameter": (
        (ID, ID + "      - {name: q, in: query, schema: {type: integer}, example: a}  # here\n"),
        "/paths/~1things~1{id}/parameters/1/example",
        "does not fit its schema",
    ),
    "link to nothing": (
        ("description: The thing\n", "description: The thing\n          links: {next: {operationId: go}}  # here\n"),
        f"{GET}/responses/200/links/next/operationId",
        "no operation is called 'go'",
    ),
    "read-only property in a request example": (
        (
            "      responses:\n",
            """\
      requestBody:
        content:
          application/json:
            schema: {type: object, properties: {id: {type: string, readOnly: true}}}
            example: {id: a}  # here
      responses:
""",
        ),
        f"{GET}/requestBody/content/application~1json/example",
        "at /id: is read-only",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refuses(tmp_path: Path, case: tuple[tuple[str, str] | str, ...]) -> None:
    changes = [part for part in case if isinstance(part, tuple)]
    words = [part for part in case if isinstance(part, str)]
    expected = list(zip(words[::2], words[1::2], strict=True))
    assert_refused(tmp_path, {"openapi.yaml": edited(*changes)}, *expected)


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    text = edited(
        ("security: [{login: [read]}]", "security: [{login: [write]}]  # here"),
        ("      tags: [things]", "      tags: [thing]  # here"),
        ("    Thing: {type: object, properties: {id: {type: string}}}", "    Thing: {minimum: 2, maximum: 1}  # here"),
    )
    assert_refused(
        tmp_path,
        {"openapi.yaml": text},
        ("/security/0/login/0", "scope"),
        (f"{GET}/tags/0", "tag"),
        ("/components/schemas/Thing/minimum", "no value"),
    )


ACCEPTED = {
    "nothing changed": (),
    "optional security": (("security: [{login: [read]}]", "security: [{}, {login: []}]"),),
    "webhook without operationId": (
        (
            "components:\n  sec",
            """\
webhooks:
  ended:
    post:
      requestBody:
        content:
          application/json:
            schema: {properties: {id: {type: string, readOnly: true}}}
            example: {id: a}
      responses: {2XX: {description: ok}}
components:
  sec""",
        ),
    ),
    "example of a read-only property in the schema of a request": (
        (
            "      responses:\n",
            "      requestBody:\n        content:\n          application/json:\n"
            "            schema: {properties: {id: {type: string, readOnly: true, examples: [a]}}}\n      responses:\n",
        ),
    ),
    "callback": (
        (
            "      responses:\n",
            """\
      callbacks:
        ended:
          '{$request.body#/url}':
            post:
              responses: {default: {description: any}}
      responses:
""",
        ),
    ),
    "references to every kind of component": (
        (ID, ID + "      - $ref: '#/components/parameters/Q'\n"),
        (
            "      responses:\n",
            "      requestBody: {$ref: '#/components/requestBodies/B'}\n"
            "      responses:\n        '404': {$ref: '#/components/responses/R'}\n",
        ),
        (
            "  schemas:\n",
            """\
  parameters:
    Q: {name: q, in: query, schema: {type: string}, examples: {e: {$ref: '#/components/examples/E'}}}
  requestBodies:
    B: {content: {text/csv: {}}}
  responses:
    R: {description: none, headers: {X-A: {$ref: '#/components/headers/H'}}, links: {l: {$ref: '#/components/links/L'}}}
  headers:
    H: {schema: {type: integer}}
  links:
    L: {operationId: get_thing}
  examples:
    E: {value: a}
  schemas:
""",
        ),
    ),
}


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=ACCEPTED)
def test_accepts(tmp_path: Path, changes: tuple[tuple[str, str], ...]) -> None:
    spec = load(write(tmp_path, {"openapi.yaml": edited(*changes)}))
    assert [operation.operation_id for operation in spec.operations] == ["get_thing"]
