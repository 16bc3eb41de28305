"""The files of one contract, joined into one document with local references only.

A root document names path items of part files (`$ref: 'tariffs.yaml#/paths/~1tariffs'`); any file may refer to the
components of any other. Joining moves whole entries (a path, a webhook, a component) into one document, so that nothing
downstream knows that there were several files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from specs.errors import SpecError, SpecProblem
from specs.grammar import SECTIONS
from specs.operation import Location
from specs.parts import Part, in_order, read_parts
from specs.source import escape, tokens
from specs.walk import Reference

_AREAS = ("paths", "webhooks", "components")
_COMPONENT = re.compile(r"/components/[A-Za-z]+/[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Joined:
    """One document made of several files.

    `exports` are the components that the root keeps on purpose, `unnamed` the paths of part files that the root leaves
    out.
    """

    files: tuple[Path, ...]
    document: dict[str, Any]
    positions: dict[str, Location]
    exports: frozenset[str]
    unnamed: tuple[SpecProblem, ...]

    def problem(self, pointer: str, message: str) -> SpecProblem:
        """A problem at a pointer of the joined document, said in terms of the file that people edit."""
        known = pointer
        while known not in self.positions:
            known = known.rpartition("/")[0]
        at = self.positions[known]
        return SpecProblem(Location(at.file, at.line, at.pointer + pointer[len(known) :]), message)

    def in_order(self, problems: Iterable[SpecProblem]) -> list[SpecProblem]:
        """Problems as a reader of the files meets them, each once."""
        return in_order(problems, self.files)


def join(root: Path) -> Joined:
    """The contract whose root document is `root`; raises SpecError with all that keeps its files from being joined."""
    parts = read_parts(root)
    if problems := [*_badly_named(parts), *_dangling(parts, root)]:
        raise SpecError(in_order(problems, parts))
    moved, exports = _named_by_root(parts[root])
    # The references in whose place something moves; they are put into the document first, to keep the root's order.
    stand_ins = set(moved.values())
    for part in parts.values():
        for reference in part.findings.references:
            reference.holder[reference.key] = f"#{_pointer(reference)}"

    document = {key: {} if key in _AREAS else value for key, value in parts[root].source.value.items()}
    positions: dict[str, Location] = {}
    unnamed, clashes = [], []
    for part in parts.values():
        places = {}
        for entry, value in _entries(part.source.value):
            place = moved.get((part.file, entry), entry)
            if part.file == root and entry in stand_ins:
                _put(document, entry, value)
            elif part.file != root and (part.file, entry) not in moved and not entry.startswith("/components/"):
                unnamed.append(part.problem(entry, f"the root document {root.name} does not name this path"))
            elif place in positions:
                clashes.append(part.problem(entry, f"component exists already, at {positions[place]}: rename one"))
            else:
                places[entry] = place
                positions[place] = part.source.locate(entry)
                _put(document, place, value)
        for pointer, line in part.source.lines.items():
            entry, rest = _split(pointer)
            if entry in places:
                positions[places[entry] + rest] = Location(part.file, line, pointer)
            elif part.file == root and entry not in stand_ins:
                positions[pointer] = Location(part.file, line, pointer)
    if clashes:
        raise SpecError(in_order(clashes, parts))
    return Joined(tuple(parts), document, positions, exports, tuple(unnamed))


def _badly_named(parts: Mapping[Path, Part]) -> Iterator[SpecProblem]:
    """The components whose names cannot stand in a reference as they are."""
    for part in parts.values():
        for entry, _ in _entries(part.source.value):
            if entry.startswith("/components/") and not _COMPONENT.fullmatch(entry):
                yield part.problem(entry, "a component name holds only A-Z a-z 0-9 . _ -")


def _dangling(parts: Mapping[Path, Part], root: Path) -> Iterator[SpecProblem]:
    """The references that point at nothing, or at something that may not stand there."""
    taken: set[tuple[Path, str]] = set()
    for part in parts.values():
        for reference in part.findings.references:
            file, pointer = part.targets[reference.pointer], _pointer(reference)
            depth, area = pointer.count("/"), pointer.split("/")[1:2]
            refusal = ""
            if reference.kind == "PathItem":
                if part.file != root or file == root or reference.pointer.count("/") != 3:
                    refusal = "may stand only in the paths or webhooks of the root document, and name a part file"
                elif depth != 2 or area not in (["paths"], ["webhooks"]):
                    refusal = "must point at a path item such as 'part.yaml#/paths/~1things'"
                elif (file, pointer) in taken:
                    refusal = "is named by the root document already"
                taken.add((file, pointer))
            elif depth != 3 or area != ["components"]:
                refusal = "must point at a component: '#/components/<section>/<name>'"
            elif SECTIONS.get(pointer.split("/")[2]) != reference.kind:
                refusal = f"must point at a {reference.kind} component"
            if not refusal and not _exists(parts[file].source.value, pointer):
                refusal = "points at nothing"
            if refusal:
                yield part.problem(reference.pointer, f"reference {reference.target!r} {refusal}")


def _named_by_root(root: Part) -> tuple[dict[tuple[Path, str], str], frozenset[str]]:
    """What the root takes from part files as its own, (file, entry) -> place, and the components it exports."""
    moved, exports = {}, set()
    for reference in root.findings.references:
        place = reference.pointer.removesuffix("/$ref")
        file, entry = root.targets[reference.pointer], _pointer(reference)
        exported = _split(place) == (place, "") and file != root.file and len(reference.holder) == 1
        if exported and reference.kind != "PathItem":
            exports.add(place)
        if exported and (reference.kind == "PathItem" or place == entry):
            moved[file, entry] = place
    return moved, frozenset(exports)


def _entries(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The movable entries of a file: paths, webhooks and components, with their pointers."""
    for area in ("paths", "webhooks"):
        for name, entry in value.get(area, {}).items():
            yield f"/{area}/{escape(name)}", entry
    for section, entries in value.get("components", {}).items():
        for name, entry in entries.items():
            yield f"/components/{section}/{escape(name)}", entry


def _split(pointer: str) -> tuple[str, str]:
    """The entry that a pointer stands in, and the rest; a pointer outside entries is all entry."""
    tokens = pointer.split("/", 4)
    length = {"paths": 3, "webhooks": 3, "components": 4}.get(tokens[1], len(tokens)) if pointer else 1
    entry = "/".join(tokens[:length])
    return entry, pointer[len(entry) :]


def _put(document: dict[str, Any], pointer: str, value: Any) -> None:
    *parents, last = tokens(pointer)
    for parent in parents:
        document = document.setdefault(parent, {})
    document[last] = value


def _pointer(reference: Reference) -> str:
    """The pointer part of a reference."""
    return unquote(reference.target.partition("#")[2])


def _exists(value: Any, pointer: str) -> bool:
    for token in tokens(pointer):
        if not isinstance(value, dict) or token not in value:
            return False
        value = value[token]
    return True
