"""The files of one contract: the root document and every file that a reference of it, or of such a file, names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from specs import source
from specs.errors import SpecError, SpecProblem
from specs.source import Source
from specs.walk import Findings, walk


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
    # The queue grows while it is walked: a file is read once a reference has named it.
    queue = [root]
    named: dict[tuple[Path, str], tuple[Path, str]] = {}
    for file in queue:
        try:
            text = source.read(file)
        except SpecError as error:
            problems += error.problems
            continue
        part = parts[file] = Part(text, walk(text.value, "Document" if file == root else "Part"), {})
        problems += [part.problem(pointer, message) for pointer, message in part.findings.problems]
        for reference in part.findings.references:
            name, hash_sign, _ = reference.target.partition("#")
            if (file, name) not in named:
                named[file, name] = _file(root, file, name)
            target, refusal = named[file, name]
            if not hash_sign and not refusal:
                refusal = "needs a pointer such as '#/components/schemas/Name'"
            if refusal:
                problems.append(part.problem(reference.pointer, f"reference {reference.target!r} {refusal}"))
                continue
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


def _file(root: Path, file: Path, name: str) -> tuple[Path, str]:
    """The file that a reference in a file names, and why it is refused, if it is."""
    if not name:
        return file, ""
    if "://" in name or name.startswith("//"):
        return file, "is remote: copy what it points at into the folder of this contract"
    folder = root.parent.resolve()
    target = (file.parent / name).resolve()
    if not target.is_relative_to(folder):
        return file, f"leaves the folder of this contract, {folder}"
    if not target.is_file():
        return file, "names a file that does not exist"
    return root.parent / target.relative_to(folder), ""
