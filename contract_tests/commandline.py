"""What the commands of the contract toolkit share."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from contract_tests.contract import Contract


class CannotCheck(click.ClickException):
    """A run that cannot start: exit code 2, as for a wrong option."""

    exit_code = 2


def writable(_: click.Context, __: click.Parameter, file: Path | None) -> Path | None:
    """Refuse a file that could not be written before the run, not after it."""
    if file is None:
        return None
    existed = file.exists()
    try:
        file.open("ab").close()
    except OSError as error:
        raise click.BadParameter(f"{file} cannot be written: {error.strerror}") from error
    if not existed:
        file.unlink()
    return file


def contract_of(api: str, spec: Path | None) -> Contract:
    """The contract that is meant by a name or a file; raises ContractError and SpecError."""
    from contract_tests import contract

    if bool(api) == bool(spec):
        raise click.UsageError("say what to check against: either an API or --spec FILE")
    return contract.from_file(spec) if spec else contract.named(api)


def again(context: click.Context, command: str, always: tuple[str, ...], secrets: tuple[str, ...]) -> str:
    """The command line that repeats a run, with the parameters in `always` even if they were not given.

    Parameters in `secrets` appear as shell variables: `$GRIDMOCK_TOKEN` for `--token`, and for `--value code=...` as
    `$GRIDMOCK_CODE`.
    """
    words = [command]
    for parameter in context.command.params:
        name = parameter.name or ""
        value: Any = context.params.get(name)
        given = context.get_parameter_source(name) is not ParameterSource.DEFAULT
        if name not in always and (value is None or value in ((), {}) or not given):
            continue
        option = parameter.opts[0]
        if name in secrets:
            if isinstance(value, dict):
                words += [f'{option} {key}="${variable(key)}"' for key in value]
            else:
                words.append(f'{option} "${variable(name)}"')
        elif isinstance(parameter, click.Argument):
            words.append(shlex.quote(value))
        else:
            values = value if parameter.multiple else [",".join(value) if isinstance(value, tuple) else value]
            words += [option if one is True else f"{option} {shlex.quote(str(one))}" for one in values]
    return " ".join(words)


def variable(name: str) -> str:
    """The shell variable that stands for the secret of a name."""
    return f"GRIDMOCK_{name.upper()}"
