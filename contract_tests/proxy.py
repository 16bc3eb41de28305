"""`gridmock proxy`: stands before a server, passes everything on, and says where it breaks the contract."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from contract_tests import targets
from contract_tests.commandline import CannotCheck, contract_of, writable
from contract_tests.traffic.options import base_url_option, require_openapi_core

if TYPE_CHECKING:
    from contract_tests.traffic.tally import Cause, Tally

HOST = "127.0.0.1"
_PATIENCE_S = 1


@click.command(short_help="Pass traffic on, and check it against a contract.")
@click.argument("api", required=False)
@click.option("--spec", type=click.Path(path_type=Path), help="Any OpenAPI file, instead of one of our APIs.")
@click.option("--to", "upstream", required=True, metavar="URL", help="Where everything goes.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8081, show_default=True, help="0: a free one.")
@base_url_option
@click.option("--har", type=click.Path(path_type=Path), callback=writable, help="Write what passes here, as HAR.")
@click.option("--strict", is_flag=True, help="What breaks the contract does not pass: 400 or 502 instead.")
@click.option("--keep-host", is_flag=True, help="Tell the server the proxy's name, so that its links lead back here.")
@click.pass_context
def proxy(
    context: click.Context,
    api: str | None,
    spec: Path | None,
    upstream: str,
    port: int,
    base_url: str | None,
    har: Path | None,
    strict: bool,
    keep_host: bool,
) -> None:
    """Pass requests of this machine on to --to until Ctrl-C, and check each exchange against the contract of API.

    Traffic passes unchanged. Each kind of violation is shown once, when it is first seen; the summary has the counts.
    In the HAR file, secrets are masked.

    Exit code 0: no violations. 1: violations. 2: wrong usage, or the port is taken.
    """
    require_openapi_core()
    from contract_tests.contract import ContractError
    from contract_tests.traffic.desk import Desk
    from contract_tests.traffic.forward import Forwarder
    from contract_tests.traffic.har import Archive
    from contract_tests.traffic.judge import Judge
    from specs.errors import SpecError

    upstream = _checked(upstream)
    base_url = base_url or (upstream if urlsplit(upstream).path else None)
    try:
        judge = Judge(contract_of(api or "", spec), base_url or "")
    except (ContractError, SpecError) as error:
        raise CannotCheck(str(error)) from error
    with _listening(port) as listening:
        archive = Archive(har, "gridmock proxy", version("gridmock")) if har else None
        with archive or nullcontext():
            desk = Desk(judge, archive, _tell, guess=base_url is None)
            port = listening.getsockname()[1]
            click.echo(f"Passing http://{HOST}:{port} on to {upstream}, by {judge.contract.title}. Ctrl-C ends it.")
            _serve(Forwarder(upstream, desk, strict=strict, keep_host=keep_host), listening)
    context.exit(_end(desk.tally))


def _checked(upstream: str) -> str:
    try:
        return targets.base_url(upstream, "--to")
    except targets.TargetError as error:
        raise click.BadParameter(str(error), param_hint="--to") from error


def _tell(cause: Cause) -> None:
    from contract_tests.traffic import words

    first, *rest = words.block(cause, times=False)
    click.echo("\n".join([click.style(first, fg="red"), *rest, ""]))


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    try:
        listening = socket.create_server((HOST, port))
    except OSError as error:
        raise CannotCheck(
            f"cannot listen on {HOST}:{port}: {os.strerror(error.errno or 0)}; choose another --port"
        ) from error
    with listening:
        yield listening


def _serve(app: Any, listening: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan="on",
        ws="none",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_PATIENCE_S,
    )
    # uvicorn hands a signal on when it has shut down; the summary is still to come then.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(tally: Tally) -> int:
    from contract_tests.traffic import words

    click.echo("\n".join(["", *words.summary(tally)]))
    return 1 if tally.causes else 0
