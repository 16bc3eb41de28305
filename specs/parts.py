"""The files of one contract: the root document and every file that a reference of it, or of such a file, names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from specs import source
from specs.errors import SpecError, SpecProblem
from specs.grammar import Findings, Reference, walk
from specs.source import Source


@dataclass(frozen=True, slots=True)
class Part:
    """One file, read and checked against the grammar; `targets` tells per reference the file it points into."""

    source: Source
    findings: Findings
    targets: dict[str, Path]

    @property
    def file(self) -> Path:
        """The path of the file, as the root's path leads to it."""
        return self.source.file

    def problem(self, pointer: str, message: str) -> SpecProblem:
        """A problem at a pointer of this file."""
        return SpecProblem(self.source.locate(pointer), message)


def read_parts(root: Path) -> dict[Path, Part]:
    """The parts of the contract by file, the root first; raises SpecError with all problems of all files."""
    parts: dict[Path, Part] = {}
    problems: list[SpecProblem] = []
    queue = [root]
    for file in queue:
        try:
            text = source.read(file)
        except SpecError as error:
            problems += error.problems
            continue
        part = Part(text, walk(text.value, "Document" if file == root else "Part"), {})
        parts[file] = part
        problems += [part.problem(pointer, message) for pointer, message in part.findings.problems]
        for reference in part.findings.references:
            refusal, target = _target(root, file, reference)
            if refusal:
                problems.append(part.problem(reference.pointer, f"reference {reference.target!r} {refusal}"))
            part.targets[reference.pointer] = target
            if target not in queue:
                queue.append(target)
    if problems:
        raise SpecError(in_order(problems, queue))
    return parts


def in_order(problems: Iterable[SpecProblem], files: Iterable[Path]) -> list[SpecProblem]:
    """Problems as a reader of the files meets them, each once."""
    order = {file: index for index, file in enumerate(files)}
    return sorted(dict.fromkeys(problems), key=lambda problem: (order[problem.location.file], problem.location.line))


def _target(root: Path, file: Path, reference: Reference) -> tuple[str, Path]:
    """Why a reference is refused, or nothing, and the file it points into (its own where it is refused)."""
    name, hash_sign, _ = reference.target.partition("#")
    if "://" in name or name.startswith("//"):
        return "is remote: copy what it points at into the folder of this contract", file
    if not hash_sign:
        return "needs a pointer such as '#/components/schemas/Name'", file
    if not name:
        return "", file
    folder = root.resolve().parent
    resolved = (file.parent / unquote(name)).resolve()
    if not resolved.is_relative_to(folder):
        return f"leaves the folder of this contract, {folder}", file
    if not resolved.is_file():
        return "names a file that does not exist", file
    return "", root.parent / resolved.relative_to(folder)
