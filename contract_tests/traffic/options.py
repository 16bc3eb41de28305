"""What the commands that judge traffic have in common."""

from __future__ import annotations

import click

from contract_tests.commandline import CannotCheck


def _base_url(_: click.Context, __: click.Parameter, text: str | None) -> str | None:
    from contract_tests.traffic.routes import checked_base_url

    if text is None:
        return None
    try:
        return checked_base_url(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


base_url_option = click.option(
    "--base-url",
    metavar="URL",
    callback=_base_url,
    help="What the contract's paths are appended to; /v2 is that of any host. Guessed without.",
)


def require_openapi_core() -> None:
    """Say what to install where the judge's library is missing."""
    try:
        import openapi_core  # noqa: F401
    except ImportError as error:
        raise CannotCheck(f"this needs openapi-core ({error}): pip install 'gridmock[check]'") from error
