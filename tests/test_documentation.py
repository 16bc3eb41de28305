"""The documents say what is there, and nothing that is not."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import click
import pytest

from mockserver.cli import COMMANDS, gridmock
from mockserver.domain.worlds import world_names

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(
    path.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "benchmarks/*.md", "contract_tests/*.md", "specs/**/*.md")
    for path in ROOT.glob(pattern)
)
ROW = re.compile(r"^\|(?P<first>[^|]*)\|(?P<second>[^|]*)\|$", re.MULTILINE)
OPTION = re.compile(r"--[a-z][a-z-]*")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?P<target>[^)\s]+)(?: \"[^\"]*\")?\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND_LINE = re.compile(r"^\$ gridmock (?P<rest>.+)$", re.MULTILINE)


def command(name: str) -> click.Command:
    found = gridmock.get_command(click.Context(gridmock), name)
    assert found is not None
    return found


def options(*names: str) -> set[str]:
    """The long options of a sub-command, or of one of its own."""
    found = command(names[0])
    for name in names[1:]:
        assert isinstance(found, click.Group)
        inner = found.get_command(click.Context(found), name)
        assert inner is not None, name
        found = inner
    return {
        option
        for parameter in found.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    }


def table(heading: str) -> list[str]:
    """The first cells of the table under a header row that starts with `heading`."""
    start = README.index(f"| {heading}")
    rows = README[start:].split("\n\n", 1)[0]
    return [match["first"] for match in ROW.finditer(rows)][2:]


def in_table() -> set[str]:
    return {option for cell in table("option of `gridmock serve`") for option in OPTION.findall(cell)}


def test_every_option_of_serve_stands_in_the_table() -> None:
    assert options("serve") - in_table() == set()


def test_every_option_in_the_table_is_one_of_serve() -> None:
    assert in_table() - options("serve") == set()


def subjects_in_table() -> dict[str, set[str]]:
    start = README.index("| subject | a row is")
    rows = [row.split("|")[1:4] for row in README[start:].split("\n\n", 1)[0].splitlines()[2:]]
    return {subject.strip(" `"): set(OPTION.findall(own)) for subject, _, own in rows}


def test_the_tables_name_every_subject_of_generate_with_all_its_options() -> None:
    group = command("generate")
    assert isinstance(group, click.Group)
    common = {option for cell in table("option of `gridmock generate`") for option in OPTION.findall(cell)}
    found = {name: options("generate", name) for name in group.list_commands(click.Context(group))}
    assert {name: own | common for name, own in subjects_in_table().items()} == found


def test_the_table_names_every_option_of_simulate() -> None:
    listed = {option for cell in table("option of `gridmock simulate ocpp`") for option in OPTION.findall(cell)}
    assert listed == options("simulate", "ocpp")


def test_the_table_names_every_world() -> None:
    listed = [cell.strip(" `").partition(":")[0] for cell in table("world |")]
    assert sorted(listed) == sorted(name.partition(":")[0] for name in world_names())


def test_no_option_stands_in_the_table_twice() -> None:
    listed = [option for cell in table("option of `gridmock serve`") for option in set(OPTION.findall(cell))]
    assert sorted(listed) == sorted(set(listed))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_sub_command_is_named_in_the_readme(name: str) -> None:
    assert re.search(rf"`?gridmock {name}\b", README)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_sub_command_can_be_loaded_and_says_what_its_summary_says(name: str) -> None:
    loaded = command(name)
    assert loaded.name == name
    assert (loaded.help or "").partition("\n")[0].rstrip(".")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_command_lines_of_a_page_use_what_exists(page: Path) -> None:
    for match in COMMAND_LINE.finditer((ROOT / page).read_text(encoding="utf-8")):
        name, *rest = match["rest"].split()
        if name.startswith("-"):
            continue
        assert name in COMMANDS, match[0]
        inner = rest[:1] if isinstance(command(name), click.Group) else []
        assert set(OPTION.findall(match["rest"])) <= options(name, *inner) | {"--help"}, match[0]


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_the_python_of_a_page_runs(page: Path) -> None:
    for match in PYTHON.finditer((ROOT / page).read_text(encoding="utf-8")):
        exec(compile(match["code"], str(page), "exec"), {})


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    silent = [
        parameter.opts[-1]
        for parameter in command(name).params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert silent == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_inside_the_repository_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    dead = []
    for match in LINK.finditer(text):
        target, _, fragment = match["target"].partition("#")
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        file = (ROOT / page).parent / unquote(target) if target else ROOT / page
        if not file.exists() or (fragment and file.suffix == ".md" and fragment not in anchors(file)):
            dead.append(match["target"])
    assert dead == []


def anchors(file: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#{1,6} +(.+?)\s*$", FENCE.sub("", file.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_pages_to_look_at() -> None:
    assert Path("README.md") in PAGES
