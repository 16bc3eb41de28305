"""`gridmock simulate`: its options, and what they make of a run."""

from __future__ import annotations

import asyncio
import math
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import orjson

from fixtures.days import DAY_S
from mockserver.clock import MAX_SPEED, Clock
from mockserver.commands.generate.output import NewFile
from mockserver.commands.generate.progress import is_terminal
from mockserver.commands.generate.subjects.fleet import fleet_options
from mockserver.commands.generate.subjects.ocpp import Ocpp
from mockserver.commands.generate.window import Edge, Window, moment, moment_or_span
from mockserver.commands.options import fail
from mockserver.commands.simulate.codes import read_codes
from mockserver.commands.simulate.delivery import CannotPlay, Patience
from mockserver.commands.simulate.endpoint import Endpoint
from mockserver.commands.simulate.events import Traffic
from mockserver.commands.simulate.mock_clock import MockClock
from mockserver.commands.simulate.run import LONGEST_TRANSACTION_S, Outcome, Plan
from mockserver.commands.simulate.run import simulate as play
from mockserver.domain.sites import Charger, Site
from mockserver.http.auth import is_loopback
from mockserver.http.protocol import loop_factory
from mockserver.settings import DEFAULT_SEED, MAX_SEED

_SHELL_COUNTS_FROM = 128  # the exit code of a process that a signal ends


def base_url(text: str) -> str:
    """The type of `--url`; BadParameter says what would do."""
    try:
        parts = urlsplit(text)
        is_plain = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_plain = False
    if not is_plain or parts.query or parts.fragment:
        raise click.BadParameter(f"{text!r} is no URL like http://127.0.0.1:8080/stekker/api/v1")
    if "@" in parts.netloc:
        raise click.BadParameter("no credentials in the URL, please, where logs show them; use GRIDMOCK_TOKEN")
    return text.rstrip("/").removesuffix("/events")


def speed(text: str) -> float:
    """The type of `--speed`: virtual seconds in a real one, 0 without limit."""
    if text.strip().lower() == "max":
        return 0.0
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 <= number <= MAX_SPEED:
        raise click.BadParameter(f"{text!r} is neither a number from 0 to {MAX_SPEED:,.0f} nor max")
    return number


def _with_world(command: click.Command) -> click.Command:
    """Add the options of `gridmock generate` that choose chargers, behind `--url` and `--token`."""
    command.params[2:2] = fleet_options()
    return command


@click.group()
def simulate() -> None:
    """Play the chargers of the world against a server.

    The same seed, world and window give the same events.
    """


@_with_world
@simulate.command(short_help="Play charger traffic as Stekker events.")
@click.option(
    "--url",
    required=True,
    type=base_url,
    metavar="URL",
    help="Base URL of the server, without /events, e.g. http://127.0.0.1:8080/stekker/api/v1.",
)
@click.option(
    "--token",
    envvar=["GRIDMOCK_SIMULATE_OCPP_TOKEN", "GRIDMOCK_TOKEN"],
    help="Token with the scope events; better in GRIDMOCK_TOKEN, where no process list shows it.",
)
@click.option("--chargers", type=click.IntRange(1), help="Only the first so many. Default: all.")
@click.option(
    "--seed",
    type=click.IntRange(0, MAX_SEED),
    default=DEFAULT_SEED,
    show_default=True,
    help="The world, as in `gridmock serve`.",
)
@click.option(
    "--from",
    "start",
    type=moment,
    metavar="TIME",
    help="Where virtual time begins: a date, which is its local midnight, or an RFC 3339 time. "
    "Default: now, or with --drive-clock what the server's clock shows.",
)
@click.option(
    "--to",
    "--duration",
    "end",
    type=moment_or_span,
    metavar="TIME",
    help="Where it ends: as --from, or virtual time like 24h, 90m. Default: one day.",
)
@click.option(
    "--speed",
    type=speed,
    default="1",
    show_default=True,
    metavar="NUMBER",
    help="Virtual seconds in a real second; 0 or max: as fast as the server answers.",
)
@click.option("--rate", type=click.FloatRange(0, min_open=True), help="At most so many requests a second.")
@click.option(
    "--connections",
    type=click.IntRange(1, 1024),
    default=32,
    show_default=True,
    help="At most so many requests at a time.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, 3600, min_open=True),
    default=10.0,
    show_default=True,
    help="Seconds to wait for an answer.",
)
@click.option(
    "--retries",
    type=click.IntRange(0, 100),
    default=Patience().retries,
    show_default=True,
    help="How often an event is sent again without an answer, or after 429, 502, 503, 504.",
)
@click.option("--pair/--no-pair", default=True, show_default=True, help="Whether the chargers are paired first.")
@click.option(
    "--pairing-codes",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Codes from the Stekker app, one a line for the chargers in their order, or IDENTITY,CODE.",
)
@click.option("--unpair", is_flag=True, help="Unpair the chargers when all is played.")
@click.option(
    "--continue",
    "continues",
    is_flag=True,
    help="Go on with sessions that an earlier run began before --from. Default: leave them out.",
)
@click.option(
    "--drive-clock",
    is_flag=True,
    help="The server is gridmock: set its clock to where the events are, and keep it there.",
)
@click.option("--control-token", help="For --drive-clock, where the control plane needs one.")
@click.option(
    "--auth-scheme",
    type=click.Choice(["Bearer", "Token"]),
    default="Bearer",
    show_default=True,
    help="The word before the token in the Authorization header.",
)
@click.option("--allow-host", multiple=True, metavar="HOST", help="Allow a host that is not this machine.")
@click.option(
    "--json",
    "report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the summary here, too, for programs to read.",
)
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
def ocpp(
    *,
    url: str,
    token: str | None,
    auth_scheme: str,
    timeout: float,
    allow_host: tuple[str, ...],
    report: Path | None,
    quiet: bool,
    start: Edge | None,
    end: Edge | None,
    drive_clock: bool,
    control_token: str | None,
    **options: Any,
) -> None:
    """Play charger traffic of the world as Stekker events.

    Every charger is paired, then its OCPP 1.6 calls go to URL/events, each after the answer to the one before:
    StatusNotification, StartTransaction, MeterValues, StopTransaction. Chargers play side by side and stay within five
    virtual minutes of each other.

    Exit code 0: every event was taken. 1: some were refused or lost. 2: wrong usage, or the server cannot be reached or
    refuses the token. 130: stopped by Ctrl-C; the summary says what was done.

    \b
      gridmock simulate ocpp --url http://127.0.0.1:8080/stekker/api/v1 --world fleet:1000 --speed 60 --drive-clock
      gridmock simulate ocpp --url https://staging.example/api/v1 --allow-host staging.example --world home --to 1h
    """
    endpoint = Endpoint(url, token, auth_scheme, timeout)
    _refuse_stranger(endpoint, allow_host)
    source = Ocpp(seed=options["seed"], world=options["world"], charger=options["charger"])
    if not source.chargers:
        raise click.BadParameter(f"the world {options['world']} has no chargers", param_hint="'--world'")
    cast = _cast(source, options["chargers"])
    try:
        if start is None:
            start = _now(endpoint, control_token) if drive_clock else Clock().now()
            start = start.replace(microsecond=0) + timedelta(seconds=start.microsecond > 0)
        window = Window.between(start, end, source.zone)
        plan = _plan(endpoint, source, cast, window, options)
        plan = replace(plan, drive_clock=drive_clock, control_token=control_token)
        with ExitStack() as stack:
            written = stack.enter_context(NewFile(report, "--json")) if report else None
            with asyncio.Runner(loop_factory=loop_factory()) as runner:
                outcome = runner.run(play(plan, sys.stderr if not quiet and is_terminal(sys.stderr) else None))
            if written is not None:
                written.write(orjson.dumps(outcome.summary.document(), option=orjson.OPT_INDENT_2) + b"\n")
    except CannotPlay as error:
        fail(f"{url}: {error}")
    for line in outcome.summary.lines():
        click.echo(line)
    sys.exit(_exit_code(outcome))


def _refuse_stranger(endpoint: Endpoint, allowed: tuple[str, ...]) -> None:
    """A mistyped URL must not pair thousands of invented chargers with somebody else's server."""
    if not is_loopback(endpoint.host) and endpoint.host not in {name.lower() for name in allowed}:
        fail(
            f"{endpoint.host} is not this machine. A run pairs chargers there and reports sessions that never were. "
            f"If that is what you want, add --allow-host {endpoint.host}"
        )


def _cast(source: Ocpp, count: int | None) -> list[tuple[Charger, Site]]:
    """The chargers that play, with their sites; BadParameter when there are not so many."""
    cast = [(charger, site) for site in source.sites for charger in site.chargers]
    if count is not None and count > len(cast):
        said = f"{source.name} has {len(cast)} chargers, not {count}: --world fleet:{count} has as many as you like"
        raise click.BadParameter(said, param_hint="'--chargers'")
    return cast[:count]


def _now(endpoint: Endpoint, control_token: str | None) -> datetime:
    """The time of the gridmock server on the other side."""

    async def read() -> datetime:
        clock = MockClock(endpoint.origin, control_token, endpoint.timeout_s)
        try:
            return await clock.read()
        finally:
            await clock.close()

    return asyncio.run(read())


def _plan(
    endpoint: Endpoint, source: Ocpp, cast: list[tuple[Charger, Site]], window: Window, options: dict[str, Any]
) -> Plan:
    # Transactions are numbered over the whole world, so that runs with other chargers of it agree.
    everyone = Ocpp(seed=source.seed, world=options["world"], charger=()) if options["charger"] else source
    traffic = Traffic(source.seed, everyone.chargers)
    if window.length_s > traffic.longest_s - LONGEST_TRANSACTION_S:
        said = f"{len(everyone.chargers):,} chargers have transaction ids for {traffic.longest_s // DAY_S:,} days only"
        raise click.BadParameter(f"{said}: ask for a shorter time or a smaller world", param_hint="'--to'")
    identities = [charger.identity for charger, _ in cast]
    return Plan(
        endpoint=endpoint,
        traffic=traffic,
        cast=cast,
        start_s=window.start_s,
        end_s=window.end_s,
        continues=options["continues"],
        speed=options["speed"],
        per_second=options["rate"],
        connections=min(options["connections"], len(cast)),
        patience=Patience(options["retries"]),
        pair=options["pair"],
        codes=read_codes(options["pairing_codes"], identities) if options["pairing_codes"] else {},
        unpair=options["unpair"],
    )


def _exit_code(outcome: Outcome) -> int:
    if outcome.stopped_by is not None:
        return _SHELL_COUNTS_FROM + outcome.stopped_by
    return 1 if outcome.summary.tally.errors else 0
