"""The options of a run that say what is told of it, and the telling when it is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from contract_tests.commandline import CannotCheck, writable

if TYPE_CHECKING:
    from contract_tests.report.report import Report
    from contract_tests.waivers import Waiver

FORMATS = {
    "junit": ("contract_tests.report.junit", "Write a JUnit report here."),
    "json": ("contract_tests.report.document", "Write everything here, for programs and to compare with."),
    "html": ("contract_tests.report.html", "Write a page for people here; it needs nothing beside itself."),
    "sarif": ("contract_tests.report.sarif", "Write SARIF 2.1.0 here, for code scanning."),
}
"""The module with `render`, which makes the text of a report, and the help, by the name of the option for a file."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


def report_options(command: _Function) -> _Function:
    """Give a command these options; it passes what it gets for them to `Telling.chosen`."""
    file = click.Path(path_type=Path)
    options = [
        *(click.option(f"--{name}", type=file, callback=writable, help=text) for name, (_, text) in FORMATS.items()),
        click.option("--github", is_flag=True, help="Print annotations for GitHub's workflows, too."),
        click.option("--waivers", type=file, help="Known findings that do not count until a day: a TOML file."),
        click.option("--compare", type=file, help="Say what is new since the run that --json wrote to this file."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True)
class Telling:
    """What is to be told of a run: in which files by format, with which waivers, compared with which earlier run.

    `github` adds annotations to what is printed.
    """

    files: Mapping[str, Path]
    github: bool = False
    waivers: tuple[Waiver, ...] = ()
    before: Mapping[str, Any] | None = None

    @classmethod
    def chosen(cls, options: Mapping[str, Any]) -> Telling:
        """What the options say; raises CannotCheck before the run for a file that could not be used after it."""
        from contract_tests import waivers
        from contract_tests.report import document

        try:
            return cls(
                {name: options[name] for name in FORMATS if options[name]},
                options["github"],
                waivers.from_file(options["waivers"]) if options["waivers"] else (),
                document.read(options["compare"]) if options["compare"] else None,
            )
        except (waivers.WaiverError, document.DocumentError) as error:
            raise CannotCheck(str(error)) from error

    def tell(self, report: Report) -> int:
        """Waive, compare, print, write; returns the exit code, and raises CannotCheck if a file cannot be written."""
        from contract_tests import waivers
        from contract_tests.comparison import compare
        from contract_tests.report import document, github, terminal

        waivers.apply(self.waivers, report.tally, report.at.date())
        if self.before:
            report = replace(report, comparison=compare(self.before, document.document(report)))
        for line in terminal.summary(report):
            click.echo(line)
        if self.github:
            click.echo(github.render(report), nl=False)
        problems = []
        for name, file in self.files.items():
            text: str = import_module(FORMATS[name][0]).render(report)
            try:
                file.write_text(text, "utf-8")
            except OSError as error:
                problems.append(f"{file} cannot be written: {error.strerror}")
        if problems:
            raise CannotCheck("\n".join(problems))
        return report.tally.exit_code
