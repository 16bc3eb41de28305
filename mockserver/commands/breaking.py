"""`gridmock serve --break ?`: which defects there are."""

from __future__ import annotations

from collections.abc import Sequence

import click

from mockserver.commands.options import exit_on_bad_spec
from mockserver.defects import apis_of, catalogue, contracts_of


def list_defects(names: Sequence[str]) -> None:
    """Print every defect: its name, at which of the named APIs (none: all) it can show, and what is wrong."""
    with exit_on_bad_spec():
        from mockserver.app import load_specs, selected

        declared = selected(names)
        specs = load_specs(declared, examples=False)
    contracts = contracts_of((api, specs[api.name]) for api in declared)
    for name, defect in catalogue().items():
        apis = ", ".join(apis_of(defect, contracts)) or "none of these APIs"
        click.echo(f"{click.style(name, bold=True)}  ({apis})\n    {defect.says}")
