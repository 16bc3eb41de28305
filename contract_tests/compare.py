"""`gridmock compare`: what is new since an earlier run, what is fixed?"""

from __future__ import annotations

from pathlib import Path

import click

from contract_tests.commandline import CannotCheck


@click.command(short_help="Compare two runs.")
@click.argument("before", type=click.Path(path_type=Path), metavar="OLD.json")
@click.argument("after", type=click.Path(path_type=Path), metavar="NEW.json")
@click.pass_context
def compare(context: click.Context, before: Path, after: Path) -> None:
    """Compare two runs by what `gridmock check --json` has written of them.

    Exit code 0: nothing is new. 1: something is. 2: wrong usage or an unreadable file.
    """
    from contract_tests import comparison
    from contract_tests.report import compared, document

    try:
        runs = comparison.compare(document.read(before), document.read(after))
    except document.DocumentError as error:
        raise CannotCheck(str(error)) from error
    for line in compared.lines(runs):
        click.echo(line)
    context.exit(1 if runs.new else 0)
