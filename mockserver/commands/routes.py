"""`gridmock routes`: every operation that is served, with its method, path, scopes and id."""

from __future__ import annotations

import click

from mockserver.commands.options import api_option, exit_on_bad_spec
from mockserver.http.api import Api
from specs.operation import Operation, Spec


@click.command()
@api_option
def routes(api: tuple[str, ...]) -> None:
    """List every operation: method, path, operation id, scopes."""
    with exit_on_bad_spec():
        from mockserver.app import load_specs, selected

        declared = selected(api)
        specs = load_specs(declared)
    for declaration in declared:
        _print(declaration, specs[declaration.name])


def _print(api: Api, spec: Spec) -> None:
    click.secho(f"{spec.title}  {api.base_path}", bold=True)
    for operation in spec.operations:
        path = f"{api.base_path}{operation.path}"
        click.echo(f"  {operation.method:<7} {path:<58} {operation.operation_id:<28} {_needs(operation)}".rstrip())


def _needs(operation: Operation) -> str:
    if not operation.security or {} in operation.security:
        return "public"
    needed = (" ".join(scopes) or scheme for each in operation.security for scheme, scopes in each.items())
    return " or ".join(dict.fromkeys(needed))
