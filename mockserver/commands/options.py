"""What several sub-commands share: options, and how their errors end the process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from mockserver.domain.worlds import DEFAULT_WORLD, NamedWorld, world_names
from specs.errors import SpecError

api_option = click.option(
    "--api", multiple=True, metavar="NAME", help="Only this API (repeat for more). Without it: all."
)


def named_world(text: str) -> NamedWorld:
    """The type of `--world`."""
    try:
        return NamedWorld.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


WORLD: dict[str, Any] = {
    "type": named_world,
    "default": DEFAULT_WORLD,
    "show_default": True,
    "metavar": "NAME[:SIZE]",
    "help": f"Which sites there are: {', '.join(world_names())}.",
}
"""What `--world` is, wherever it is an option."""


def fail(message: str) -> NoReturn:
    """Say what is wrong and exit with 2: wrong usage, or something needed cannot be reached."""
    click.secho(f"gridmock: {message}", err=True, fg="red")
    sys.exit(2)


class UnusableSpec(Exception):
    """A contract, a handler or the name of an API with which nothing can be served; the message has every problem."""


@contextmanager
def unusable_spec() -> Iterator[None]:
    """Turn whatever loading and compiling contracts can raise into `UnusableSpec`."""
    from mockserver.app import UnknownApi
    from mockserver.http.compiled import HandlerMismatch

    try:
        yield
    except SpecError as error:
        raise UnusableSpec(f"the contract cannot be used\n{error}") from error
    except (UnknownApi, HandlerMismatch, LookupError, OSError, UnicodeDecodeError) as error:
        raise UnusableSpec(str(error)) from error


@contextmanager
def exit_on_bad_spec() -> Iterator[None]:
    """End with 2 and every problem found when nothing can be served."""
    try:
        with unusable_spec():
            yield
    except UnusableSpec as error:
        fail(str(error))
