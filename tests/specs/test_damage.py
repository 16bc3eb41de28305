"""Whatever is done to a contract, the loader answers with problems or with a document that others accept too."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

from specs.errors import SpecError
from specs.grammar import GRAMMAR
from specs.loader import load
from specs.source import copied
from tests.specs.contracts import write
from tests.specs.test_loader import FILES

KEYS = sorted(
    {key.rstrip("!") for shape in GRAMMAR.values() for key in shape} | {"200", "x-a", "nullable", "a/b", "{id}"}
)
VALUES: list[Any] = [
    *(None, True, 0, -1, 1.5, "", "a", "[", r"\d", "object", [], {}, [1], ["a"], {"a": 1}, ["object", "null"]),
    *("#/components/schemas/Thing", "../common.yaml#/components/parameters/Limit", "x.yaml#/x", {"type": "string"}),
    *({"$ref": "#/components/schemas/Thing"}, {"allOf": [{"$ref": "#/components/schemas/Thing"}]}, {"get": {}}),
]


@pytest.mark.parametrize("seed", range(300))
def test_damage_is_reported(tmp_path: Path, seed: int) -> None:
    files = {name: yaml.safe_load(text) for name, text in FILES.items()}
    random = Random(seed)
    for _ in range(random.choice([1, 1, 2, 3])):
        damage(random, files[random.choice(list(files))])
    # JSON is YAML with every string in quotes.
    root = write(tmp_path, {name: json.dumps(document, indent=1) for name, document in files.items()})
    with contextlib.suppress(SpecError):
        OpenAPIV31SpecValidator(dict(load(root).document)).validate()


def damage(random: Random, document: Any) -> None:
    """Replaces, drops, renames or adds something anywhere in a document."""
    if not (found := list(places(document))):
        return
    holder, key = random.choice(found)
    match random.choice(["replace", "drop", "rename", "add"]):
        case "replace":
            holder[key] = copied(random.choice(VALUES))
        case "drop":
            del holder[key]
        case "rename" if isinstance(holder, dict):
            holder[random.choice(KEYS)] = holder.pop(key)
        case "add" if isinstance(holder, dict):
            holder[random.choice(KEYS)] = copied(random.choice(VALUES))


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) of a document."""
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield value, key
        yield from places(child)
