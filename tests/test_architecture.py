"""The shape of the code, as `ARCHITECTURE.md` draws it: who imports whom, and where chance and time come from."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
PACKAGES = ("specs", "fixtures", "mockserver", "contract_tests")
MAX_LINES = 400

SOURCES = sorted(
    path.relative_to(ROOT)
    for folder in (*PACKAGES, "benchmarks")
    for path in (ROOT / folder).rglob("*.py")
    if not {"__pycache__", "node_modules", ".work"} & {*path.parts}
)
PRODUCT = [path for path in SOURCES if path.parts[0] in PACKAGES]

# Layer by module prefix, the longest that fits; a module imports its own layer, those that stand beside its name, and
# the version in `mockserver/__init__.py`.
LAYERS: dict[str, set[str]] = {
    "specs": set(),
    "fixtures": set(),
    "mockserver.clock": set(),
    "mockserver.settings": {"mockserver.domain"},
    "mockserver.ids": {"fixtures"},
    "mockserver.domain": {"fixtures", "mockserver.clock", "mockserver.ids"},
    "mockserver.receipts": {"mockserver.domain"},
    "mockserver.store": {"mockserver.domain", "mockserver.clock", "mockserver.ids", "fixtures"},
    "mockserver.http": {
        "mockserver.store",
        "mockserver.domain",
        "mockserver.clock",
        "mockserver.ids",
        "mockserver.settings",
        "fixtures",
        "specs",
    },
}
LAYERS["mockserver.apis"] = {"mockserver.http", "mockserver.receipts", *LAYERS["mockserver.http"]}
LAYERS["mockserver.control"] = LAYERS["mockserver.apis"]
LAYERS["mockserver.defects"] = {"mockserver.http", *LAYERS["mockserver.http"]}
LAYERS["mockserver.app"] = {"mockserver.apis", "mockserver.control", *LAYERS["mockserver.apis"]}
LAYERS["mockserver.commands"] = {"mockserver.app", "mockserver.defects", *LAYERS["mockserver.app"]}
LAYERS["mockserver.testing"] = {"mockserver.commands", *LAYERS["mockserver.commands"]}
LAYERS["mockserver.cli"] = {"mockserver.commands"}
LAYERS["contract_tests"] = {"specs"}

DOMAIN_MAY_USE = {*sys.stdlib_module_names, "fixtures", "mockserver"}
DOMAIN_MAY_NOT_USE = {"http", "socket", "socketserver", "ssl", "sqlite3", "urllib", "wsgiref", "xmlrpc", "asyncio"}

# The modules that may ask the machine for the time or for chance, and what counts as asking.
SOURCES_OF_CHANCE = {"mockserver/clock.py", "mockserver/ids.py", "fixtures/rng.py"}
CHANCE_MODULES = {"random", "secrets", "uuid", "time"}
CHANCE_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "os.urandom"}


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), str(path))


def module_of(path: Path) -> str:
    parts = [*path.with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and absolute name of every import, wherever it stands, type-checking blocks included."""
    package = module_of(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *([node.module] if node.module else [])])
            for name in node.names:
                place = ROOT / f"{origin}.{name.name}".replace(".", "/")
                is_module = place.with_suffix(".py").exists() or place.is_dir()
                yield node.lineno, f"{origin}.{name.name}" if is_module else origin


def layer_of(module: str) -> str | None:
    if module == "mockserver":
        return "the version"
    parts = module.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((prefix for prefix in prefixes if prefix in LAYERS), None)


Judge = Callable[[Path], None]


def of_each(paths: list[Path]) -> Callable[[Judge], Callable[[], None]]:
    """One test that judges every file and names all that are wrong: a test for each would be a fifth of the suite."""

    def decorated(judge: Judge) -> Callable[[], None]:
        def test() -> None:
            assert paths
            wrong = []
            for path in paths:
                try:
                    judge(path)
                except AssertionError as error:
                    wrong.append(f"{path}: {error}")
            assert not wrong, "\n".join(wrong)

        return test

    return decorated


def test_the_walk_finds_the_code() -> None:
    assert {path.parts[0] for path in SOURCES} == {*PACKAGES, "benchmarks"}
    assert Path("mockserver/http/pipeline.py") in SOURCES


@of_each([path for path in PRODUCT if module_of(path) != "mockserver"])
def test_imports_run_one_way(path: Path) -> None:
    own = layer_of(module_of(path))
    assert own is not None, f"{path} belongs to no layer: add one"
    for line, module in imported(path):
        target = layer_of(module)
        if module.partition(".")[0] in (*PACKAGES, "benchmarks", "tests"):
            assert target == own or target in {"the version", *LAYERS[own]}, (
                f"{path}:{line}: {own} may not import {module}"
            )


@of_each([path for path in PRODUCT if path.parts[0] == "contract_tests"])
def test_the_contract_tests_never_import_what_they_test(path: Path) -> None:
    for line, module in imported(path):
        assert module.partition(".")[0] not in ("mockserver", "fixtures"), f"{path}:{line}"


@of_each([path for path in PRODUCT if path.parts[:2] == ("mockserver", "apis") and len(path.parts) > 3])
def test_no_api_imports_another(path: Path) -> None:
    own = ".".join(path.parts[:3])
    for line, module in imported(path):
        assert not module.startswith("mockserver.apis.") or f"{module}.".startswith(f"{own}."), (
            f"{path}:{line}: {module}"
        )


@of_each([path for path in PRODUCT if path.parts[:2] == ("mockserver", "domain")])
def test_the_domain_knows_neither_web_nor_database(path: Path) -> None:
    for line, module in imported(path):
        package = module.partition(".")[0]
        assert package in DOMAIN_MAY_USE - DOMAIN_MAY_NOT_USE, f"{path}:{line}: {module}"


@of_each([path for path in PRODUCT if path.parts[:2] == ("mockserver", "http")])
def test_http_names_no_api(path: Path) -> None:
    folders = {folder.name for folder in (ROOT / "specs").iterdir() if folder.is_dir() and folder.name[0] not in "_."}
    names = {spelled for folder in folders for spelled in (folder, folder.replace("_", "-"), folder.replace("_", "."))}
    names -= {"lint", "changes", "control"}
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            text, line = node.value, node.lineno
        elif isinstance(node, ast.Name | ast.Attribute):
            text, line = (node.id if isinstance(node, ast.Name) else node.attr), node.lineno
        else:
            continue
        # Docstrings of attributes stand as bare strings; they may give an example of a path.
        named = [name for name in names if name in text.lower() and "such as" not in text]
        assert named == [], f"{path}:{line}: {text!r}"


@of_each([path for path in PRODUCT if path.parts[0] != "contract_tests"])
def test_time_and_chance_have_three_sources(path: Path) -> None:
    if path.as_posix() not in SOURCES_OF_CHANCE:
        assert list(chance(parsed(path), imported(path))) == []


def chance(tree: ast.Module, imports: Iterable[tuple[int, str]]) -> Iterator[str]:
    """Line and words of whatever asks the machine for the time, for chance, or for a hash that differs by process."""
    yield from (f"{line}: {module}" for line, module in imports if module.partition(".")[0] in CHANCE_MODULES)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            name = owner.attr if isinstance(owner, ast.Attribute) else owner.id if isinstance(owner, ast.Name) else ""
            if f"{name}.{node.attr}" in CHANCE_CALLS:
                yield f"{node.lineno}: {name}.{node.attr}"
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            yield from (f"{node.lineno}: {name.name}" for name in node.names if name.name == "urandom")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "hash":
            yield f"{node.lineno}: hash()"


def test_the_search_for_time_and_chance_finds_them() -> None:
    lines = ["import datetime as d", "datetime.now(UTC)", "datetime.datetime.utcnow()", "date.today()", "os.urandom(8)"]
    lines += ["from os import urandom", "hash('x')", "datetime.fromisoformat(x)", "clock.now()"]
    imports = [(1, "time"), (2, "random"), (3, "timeit"), (4, "datetime"), (5, "uuid.uuid4")]
    found = list(chance(ast.parse("\n".join(lines)), imports))
    assert sorted(each.partition(": ")[2] for each in found) == [
        "date.today",
        "datetime.now",
        "datetime.utcnow",
        "hash()",
        "os.urandom",
        "random",
        "time",
        "urandom",
        "uuid.uuid4",
    ]


@of_each(SOURCES)
def test_no_module_is_longer_than_400_lines(path: Path) -> None:
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= MAX_LINES


def public(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    """Public classes, functions and methods, not those inside functions."""
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and child.name[0] != "_":
            overloaded = any("overload" in ast.dump(decorator) for decorator in child.decorator_list)
            if not overloaded:
                yield f"{prefix}.{child.name}", child
            if isinstance(child, ast.ClassDef):
                yield from public(child, f"{prefix}.{child.name}")


@of_each(SOURCES)
def test_whatever_is_public_has_a_docstring(path: Path) -> None:
    tree = parsed(path)
    if not tree.body:
        return
    missing = [] if ast.get_docstring(tree) else [module_of(path)]
    missing += [
        name
        for name, node in public(tree, module_of(path))
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not ast.get_docstring(node)
    ]
    assert not missing


CONTRACTS = sorted(path.relative_to(ROOT) for path in (ROOT / "specs").glob("*/*.yaml"))
# Keys below these are names that the contract gives, not keywords.
NAMES = {
    "headers",
    "properties",
    "mapping",
    "schemas",
    "parameters",
    "responses",
    "examples",
    "securitySchemes",
    "scopes",
}
VALUES = {"example", "examples", "default", "const", "enum", "value"}


def extensions(value: Any, trail: tuple[str, ...] = ()) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if str(key).startswith("x-") and (not trail or trail[-1] not in NAMES):
                yield "/".join((*trail, str(key)))
            if key not in VALUES:
                yield from extensions(inner, (*trail, str(key)))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from extensions(inner, (*trail, str(number)))


@of_each(CONTRACTS)
def test_contracts_hold_no_hints_for_our_code(path: Path) -> None:
    assert list(extensions(yaml.load((ROOT / path).read_text(encoding="utf-8"), yaml.CSafeLoader))) == []


def test_the_search_for_hints_finds_them() -> None:
    document = {"paths": {"/x": {"get": {"x-handler": "f", "responses": {"200": {"headers": {"x-count": {}}}}}}}}
    assert list(extensions(document)) == ["paths//x/get/x-handler"]
