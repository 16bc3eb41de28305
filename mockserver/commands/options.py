"""What several sub-commands share: options, and how their errors end the process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from mockserver.domain.worlds import DEFAULT_WORLD, NamedWorld, world_names
from specs.errors import SpecError

api_option = click.option(
    "--api", multiple=True, metavar="NAME", help="Only this API (repeat for more). Without it: all."
)


def _named_world(ctx: click.Context, parameter: click.Parameter, text: str) -> NamedWorld:
    try:
        return NamedWorld.parse(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


world_option = click.option(
    "--world",
    default=DEFAULT_WORLD,
    show_default=True,
    callback=_named_world,
    metavar="NAME[:SIZE]",
    help=f"Which sites there are: {', '.join(world_names())}.",
)


def fail(message: str) -> None:
    """Say what is wrong and exit with 2: wrong usage, or something needed cannot be reached."""
    click.secho(f"gridmock: {message}", err=True, fg="red")
    sys.exit(2)


@contextmanager
def exit_on_bad_spec() -> Iterator[None]:
    """End with 2 and every problem found when a contract, a handler or the name of an API is bad."""
    from mockserver.app import UnknownApi
    from mockserver.http.compiled import HandlerMismatch

    try:
        yield
    except SpecError as error:
        fail(f"the contract cannot be used\n{error}")
    except (UnknownApi, HandlerMismatch, LookupError, OSError, UnicodeDecodeError) as error:
        fail(str(error))
