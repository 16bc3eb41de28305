"""What the commands of the contract toolkit share."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from contract_tests.targets import is_secret, variable

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


def again(context: click.Context, command: str, always: tuple[str, ...]) -> str:
    """The command line that repeats a run, with the parameters in `always` even if they were not given.

    What holds a secret by its name appears as a shell variable: `$GRIDMOCK_TOKEN`.
    """
    words = [command]
    for parameter in context.command.params:
        name = parameter.name or ""
        value: Any = context.params.get(name)
        given = context.get_parameter_source(name) is not ParameterSource.DEFAULT
        if name not in always and (value is None or value in ((), {}) or not given):
            continue
        option = parameter.opts[0]
        if isinstance(parameter, click.Argument):
            words.append(shlex.quote(value))
        elif value is True:
            words.append(option)
        elif isinstance(value, dict):
            words += [f"{option} {key}={_word(key, text)}" for key, text in value.items()]
        else:
            values = value if parameter.multiple else [",".join(value) if isinstance(value, tuple) else value]
            words += [f"{option} {_word(name, str(one))}" for one in values]
    return " ".join(words)


def _word(name: str, text: str) -> str:
    return f'"${variable(name)}"' if is_secret(name) else shlex.quote(text)
