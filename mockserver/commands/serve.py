"""`gridmock serve`: the mock on one port, with all that is needed to call it printed."""

from __future__ import annotations

import asyncio
import gc
import logging
import re
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from functools import partial
from ipaddress import ip_address
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mockserver.clock import MAX_SPEED, Clock, ClockError
from mockserver.commands.options import WORLD, UnusableSpec, api_option, exit_on_bad_spec, fail, unusable_spec
from mockserver.settings import DEFAULT_PORT, DEFAULT_SEED, MAX_SEED, Settings

if TYPE_CHECKING:
    from mockserver.defects import Broken
    from mockserver.http.api import Api
    from mockserver.http.runtime import Runtime


def start_time(text: str) -> datetime:
    """A time of `--at`; without a zone it is UTC, a bare date is its midnight. BadParameter says what would do."""
    try:
        at = datetime.fromisoformat(text.upper())
    except ValueError:
        raise click.BadParameter(f"{text!r} is not a time: write it as 2026-03-29T00:30:00Z") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    try:
        Clock(at)
    except ClockError as error:
        raise click.BadParameter(str(error)) from None
    return at


def host_name(text: str) -> str:
    """A host of `--callback-host`; BadParameter for anything that is not a bare name or address."""
    try:
        ip_address(text)
    except ValueError:
        if not re.fullmatch(r"[A-Za-z0-9._-]+", text):
            raise click.BadParameter(f"{text!r} is not a bare host: leave out scheme, port and brackets") from None
    return text


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0: a free one.")
@click.option(
    "--seed", type=click.IntRange(0, MAX_SEED), default=DEFAULT_SEED, show_default=True, help="Of all chance."
)
@click.option("--world", **WORLD)
@click.option(
    "--at",
    type=start_time,
    help="Start the clock here, e.g. 2026-03-29T00:30:00Z. Default: when the world says, or now.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0, MAX_SPEED),
    default=1.0,
    show_default=True,
    help="Virtual seconds in a real second; 0 freezes the clock.",
)
@api_option
@click.option(
    "--rate-limits",
    type=click.Choice(["observe", "enforce"]),
    default="observe",
    show_default=True,
    help="Count requests only, or also refuse with 429.",
)
@click.option(
    "--break",
    "breaks",
    multiple=True,
    envvar="GRIDMOCK_SERVE_BREAK",
    metavar="NAME[@OPERATION]",
    help="Plant a defect, at one operation only if it says so (repeat for more); ? lists them all.",
)
@click.option("--control-token", help="Open /_mock to other machines, for callers with this token.")
@click.option(
    "--callback-host",
    "callback_hosts",
    multiple=True,
    type=host_name,
    metavar="HOST",
    help="Let webhooks go to this host, too (repeat for more). Without it: this machine only.",
)
@click.option("--max-body", type=click.IntRange(1), default=1_048_576, show_default=True, help="Largest body, bytes.")
@click.option("--journal-size", type=click.IntRange(0), default=1000, show_default=True, help="Requests remembered.")
@click.option("--reload", is_flag=True, help="Take up a saved contract at once.")
@click.option("--workers", type=click.IntRange(1), default=1, help="Only 1 for now: state lives in one process.")
@click.option(
    "--log",
    type=click.Choice(["quiet", "errors", "requests"]),
    default="errors",
    show_default=True,
    help="What is written to standard error.",
)
def serve(
    api: tuple[str, ...],
    rate_limits: str,
    breaks: tuple[str, ...],
    max_body: int,
    reload: bool,
    workers: int,
    speed: float,
    **options: Any,
) -> None:
    """Run the mock server."""
    gc.disable()  # until it is up: what is made meanwhile stays
    for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn hands a signal on when it has shut down
        signal.signal(number, lambda *_: sys.exit(0))
    if workers != 1:
        fail("--workers needs state that processes share, which this version does not have; leave it out")
    if isnan(speed):
        fail("--speed has to be a number")
    if "?" in breaks:
        from mockserver.commands.breaking import list_defects

        list_defects(api)
        return
    settings = Settings(
        apis=api, enforce_rate_limits=rate_limits == "enforce", max_body_bytes=max_body, speed=speed, **options
    )
    logging.basicConfig(format="%(message)s", level=logging.CRITICAL if settings.log == "quiet" else logging.ERROR)
    if settings.log == "requests":
        logging.getLogger("gridmock.requests").setLevel(logging.INFO)
    listening = listen(settings.host, settings.port)
    with exit_on_bad_spec():
        from mockserver.app import create_app, create_runtime, load_specs, selected

        declared = selected(settings.apis)
        specs = load_specs(declared, examples=reload)  # for those who edit them
        runtime = create_runtime(settings, declared, specs)
        application = Swappable(create_app(runtime, declared, specs))
    broken = _broken(application, breaks, runtime) if breaks else None
    _print_banner(runtime, listening, broken)
    files = [file for spec in specs.values() for file in spec.files]
    run(
        broken or application,
        listening,
        runtime.scheduler.run,
        *([partial(_reload, application, broken, runtime, declared, files)] if reload else []),
    )


def _broken(application: Any, breaks: Sequence[str], runtime: Runtime) -> Broken:
    """The application with defects in front of it; ends the process with 2 for one that there is not."""
    from mockserver.defects import UnknownDefect, plant

    try:
        return plant(application, breaks, runtime)
    except UnknownDefect as error:
        fail(f"--break: {error}")


class Swappable:
    """An ASGI application that can be replaced while it serves."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve with the application of now."""
        await self.application(scope, receive, send)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; ends the process with 2 when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, UnicodeError) as error:
        fail(f"cannot listen on {host} port {port}: {error}. Try --port 0 for a free port.")
    listening.listen(2048)
    return listening


def run(application: Any, listening: socket.socket, *beside: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Serve until SIGINT or SIGTERM, finishing what has begun; `beside` runs as long."""
    import uvicorn

    from mockserver.http.protocol import loop_factory, server_config

    server = uvicorn.Server(server_config(application))
    gc.freeze()  # what stands now stays: the collector need not look at it again
    gc.enable()

    async def serve_and_watch() -> None:
        tasks = [asyncio.create_task(each()) for each in beside]
        await server.serve(sockets=[listening])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve_and_watch())


async def _reload(
    application: Swappable, broken: Broken | None, runtime: Runtime, declared: Sequence[Api], files: Sequence[Path]
) -> None:
    """Compile again whenever a contract is saved; a broken one is reported and the old one stays."""
    from watchfiles import awatch

    from mockserver.app import create_app, load_specs

    folders = {file.parent for file in files}
    async for changes in awatch(*folders):
        if not any(Path(name).suffix == ".yaml" for _, name in changes):
            continue
        try:
            with unusable_spec():
                application.application = create_app(runtime, declared, load_specs(declared))
                if broken is not None:
                    broken.follow(runtime)
        except UnusableSpec as error:
            click.secho(f"not reloaded, the old contract stays:\n{error}", err=True, fg="red")
        else:
            click.secho(f"reloaded {', '.join(sorted({Path(name).name for _, name in changes}))}", err=True, fg="green")


def _print_banner(runtime: Runtime, listening: socket.socket, broken: Broken | None) -> None:
    host, port = listening.getsockname()[:2]
    host = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  # shown, not bound
    origin = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    clock = runtime.clock
    pace = "frozen" if clock.frozen else f"speed {clock.speed:g}"
    click.secho(f"gridmock on {origin}", bold=True, nl=False)
    click.echo(f"  seed {runtime.seed}, world {runtime.world.named}, clock {clock.now():%Y-%m-%dT%H:%M:%SZ} ({pace})")
    for mounted in runtime.apis:
        click.echo(f"  {mounted.spec.title:<24} {origin}{mounted.base_path:<21} docs {origin}{mounted.base_path}/docs/")
    if broken is not None:
        click.secho("\nBroken on purpose:", fg="yellow")
        for each in broken.planted:
            click.echo(f"  {each}: {each.defect.says}")
    click.echo("\nReady-made credentials (they work on this mock only):")
    tokens = runtime.ready.tokens or {}
    for application in runtime.ready.applications:
        secret = f", secret {application.client_secret}" if application.redirect_uris else ""  # of OAuth clients only
        click.echo(f"  {application.name}: client_id {application.client_id}{secret}")
        for text, grant in tokens.items():
            if grant["client_id"] == application.client_id:
                click.echo(f"    token {text}  {grant.get('label', '')}".rstrip())
    examples = [
        (text, mounted.api.example)
        for mounted in runtime.apis
        if mounted.api.example
        for text in [next((text for text, grant in tokens.items() if {*grant["scopes"]} & {*mounted.spec.scopes}), "")]
        if text
    ]
    if examples:
        click.echo("\nTry it:")
        lines = [f"  curl -H 'Authorization: Bearer {text}' '{origin}{example}'" for text, example in examples]
        click.secho("\n".join(lines), fg="cyan")
    sys.stdout.flush()
