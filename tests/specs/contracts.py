"""A small sound contract that tests break in one place."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from specs.errors import SpecError, SpecProblem
from specs.loader import load

SOUND = """\
openapi: '3.1.0'
info: {title: Things, version: '1.0'}
tags: [{name: things}]
security: [{login: [read]}]
paths:
  /things/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
    get:
      operationId: get_thing
      tags: [things]
      responses:
        '200':
          description: The thing
          content:
            application/json:
              schema: {$ref: '#/components/schemas/Thing'}
components:
  securitySchemes:
    login:
      type: oauth2
      flows: {clientCredentials: {tokenUrl: /token, scopes: {read: Read things}}}
  schemas:
    Thing: {type: object, properties: {id: {type: string}}}
"""


def edited(*changes: tuple[str, str]) -> str:
    """The sound contract with some of its text replaced."""
    text = SOUND
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def with_schema(schema: str) -> str:
    """The sound contract with `Thing` written anew."""
    start = SOUND.index("    Thing:")
    return SOUND[:start] + "    Thing:\n" + textwrap.indent(textwrap.dedent(schema).strip("\n"), " " * 6) + "\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    """Writes files and gives the path of the root, which is the first of them."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder / next(iter(files))


def problems(root: Path) -> tuple[SpecProblem, ...]:
    """What the loader finds wrong."""
    with pytest.raises(SpecError) as caught:
        load(root)
    return caught.value.problems


def assert_refused(folder: Path, files: dict[str, str], *expected: tuple[str, str]) -> None:
    """The loader finds one problem per line marked `# here`, in file order, with (pointer, phrase) as expected."""
    root = write(folder, files)
    marked = [
        (folder / name, number)
        for name, text in files.items()
        for number, line in enumerate(text.splitlines(), 1)
        if "# here" in line
    ]
    found = problems(root)
    assert [(problem.location.file, problem.location.line) for problem in found] == marked, found
    for problem, (pointer, phrase) in zip(found, expected, strict=True):
        assert problem.location.pointer == pointer
        assert phrase in problem.message
