"""A sub-command for a subject: the options that all have, and its help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mockserver.commands.generate.columns import Column
from mockserver.commands.generate.plots import IMAGES
from mockserver.commands.generate.run import Request, ended_by_signals, run
from mockserver.commands.generate.subject import Subject
from mockserver.commands.generate.window import Window, moment, moment_or_span
from mockserver.commands.generate.writers import SUFFIXES, WRITERS
from mockserver.settings import DEFAULT_SEED, MAX_SEED

_STANDARD_OUTPUT = Path("-")


def _first_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--from", "from"],
            required=True,
            type=moment,
            metavar="TIME",
            help="Start of the window: a date, which is its local midnight, or an RFC 3339 time.",
        ),
        click.Option(
            ["--to", "to"],
            type=moment_or_span,
            metavar="TIME",
            help="End of the window, not in it: as --from, or a duration like 7d, 24h, 90m. Default: one day.",
        ),
        click.Option(
            ["--seed"],
            type=click.IntRange(0, MAX_SEED),
            default=DEFAULT_SEED,
            show_default=True,
            help="The world, as in `gridmock serve`.",
        ),
    ]


def _last_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--format", "format"],
            type=click.Choice([*WRITERS]),
            help="Default: by the suffix of --output, else jsonl.",
        ),
        click.Option(
            ["--output"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Write to a file, which is there whole or not at all. Default: standard output.",
        ),
        click.Option(
            ["--plot"],
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Draw a picture, .svg or .png. Without --output and --format it is all that is written.",
        ),
        click.Option(["--quiet"], is_flag=True, help="Neither progress nor remarks on standard error."),
    ]


class SubjectCommand(click.Command):
    """The sub-command of a subject; its help ends with the columns and an example."""

    def __init__(self, subject: Subject) -> None:
        super().__init__(
            subject.name,
            params=[*_first_options(), *subject.options, *_last_options()],
            callback=self._run,
            help=f"{subject.summary}\n\n{subject.explanation}",
            short_help=subject.summary,
        )
        self.subject = subject

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See `click.Command.format_epilog`."""
        with formatter.section("Columns"):
            formatter.write_dl([(column.name, _described(column)) for column in self.subject.columns])
        with formatter.section("Example"):
            formatter.write_text(f"gridmock generate {self.subject.name} {self.subject.example}")

    def _run(self, **options: Any) -> None:
        own = {name: options.pop(name) for name in ("from", "to", "format", "output", "plot", "quiet")}
        output, plot = own["output"], own["plot"]
        wants_rows = not plot or output is not None or own["format"] is not None
        to_file = output is not None and output != _STANDARD_OUTPUT
        file_format = own["format"] or (_format_of(output) if to_file else "jsonl")
        image = _image_format_of(plot) if plot else None
        if plot and to_file and plot.resolve() == output.resolve():
            raise click.BadParameter(f"{plot} is what --output names, too", param_hint="'--plot'")
        files = [file for file in (output if to_file else None, plot) if file]
        with ended_by_signals(files) as heed:
            source = self.subject.source(**options)
            run(
                Request(
                    source=source,
                    columns=self.subject.columns_with(options),
                    window=Window.between(own["from"], own["to"], source.zone),
                    seed=options["seed"],
                    format=file_format if wants_rows else None,
                    output=output if to_file else None,
                    plot=plot,
                    image=image,
                    quiet=own["quiet"],
                    heed=heed,
                )
            )


def _described(column: Column) -> str:
    only = f" Only with --{column.only_with.replace('_', '-')}." if column.only_with else ""
    return f"{column.description}{only}"


def _format_of(output: Path) -> str:
    suffix = output.suffix.lower()
    if suffix and suffix not in SUFFIXES:
        said = f"cannot tell the format of {output} from {suffix!r}: add --format, one of {', '.join(WRITERS)}"
        raise click.BadParameter(said, param_hint="'--output'")
    return SUFFIXES.get(suffix, "jsonl")


def _image_format_of(plot: Path) -> str:
    suffix = plot.suffix.lower().removeprefix(".")
    if suffix not in IMAGES:
        endings = " or ".join(f".{image}" for image in IMAGES)
        raise click.BadParameter(f"{plot} has to end in {endings}", param_hint="'--plot'")
    return suffix
