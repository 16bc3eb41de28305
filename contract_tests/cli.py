"""`gridmock check`: is a server what its contract says?

Only what the options need is imported here: schemathesis costs a third of a second, and `gridmock --help` shows this
command too.
"""

from __future__ import annotations

import sys
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from contract_tests.commandline import CannotCheck, again
from contract_tests.plan import MODES, PHASES, Plan
from contract_tests.planning import planned, told_laws
from contract_tests.report.options import Telling, report_options

if TYPE_CHECKING:
    from contract_tests.findings import Tally


def _phases(_: click.Context, __: click.Parameter, text: str) -> tuple[str, ...]:
    wanted = [word.strip() for word in text.split(",")]
    unknown = [word for word in wanted if word not in PHASES]
    if unknown:
        raise click.BadParameter(f"no phase {unknown[0]!r}; there are {', '.join(PHASES)}")
    return tuple(phase for phase in PHASES if phase in wanted)


def _values(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    values = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise click.BadParameter("write NAME=VALUE")  # and do not repeat what may hold a secret
        values[name] = value
    return values


@click.command(short_help="Check a server against its contract.")
@click.argument("api", required=False)
@click.option("--spec", type=click.Path(path_type=Path), help="Any OpenAPI file, instead of one of our APIs.")
@click.option(
    "--declarations",
    type=click.Path(path_type=Path),
    help="What the contract cannot say; by default openapi.laws.yaml beside openapi.yaml.",
)
@click.option("--url", help="Base URL of the server, with the path that the contract's paths are appended to.")
@click.option(
    "--app", metavar="MODULE:NAME", help="An ASGI or WSGI application to serve and check; --url is then a path, if any."
)
@click.option("--target", help="Name of a target in the targets file: URL, API and credentials.")
@click.option(
    "--targets",
    "targets_file",
    type=click.Path(path_type=Path),
    default=Path("targets.toml"),
    show_default=True,
    help="The targets file.",
)
@click.option("--token", help="Bearer token; better in GRIDMOCK_TOKEN, where no process list shows it.")
@click.option("--allow-host", multiple=True, metavar="HOST", help="Allow a host that is neither local nor a target.")
@click.option(
    "--mode",
    type=click.Choice(MODES),
    help="read-only: change nothing; safe: laws delete what they create; full: everything (default on this machine).",
)
@click.option(
    "--rate", "rate_per_s", type=click.FloatRange(0), default=0.0, metavar="N", help="At most N requests a second."
)
@click.option(
    "--retries",
    type=click.IntRange(0),
    default=2,
    show_default=True,
    help="How often to send again what the network lost or a 503 turned away.",
)
@click.option(
    "--settle",
    "settle_s",
    type=click.FloatRange(0),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a change may take to show.",
)
@click.option(
    "--phases",
    callback=_phases,
    default=",".join(PHASES),
    show_default=True,
    metavar="A,B",
    help="What is played: laws, then requests from examples, from each parameter's limits, at random, as walks.",
)
@click.option("--laws-only", is_flag=True, help="Play the laws and nothing else: the same as --phases laws.")
@click.option("--law", multiple=True, metavar="NAME", help="Only this law; may be repeated; ? lists them.")
@click.option(
    "--basis",
    type=click.Choice(["published", "inferred"]),
    help="Count breaches of what is published only, or also of what is inferred (the default on this machine).",
)
@click.option(
    "--value",
    multiple=True,
    callback=_values,
    metavar="NAME=VALUE",
    help="Something that laws need, such as other_token; may be repeated.",
)
@click.option("--listen", "port", type=click.IntRange(0, 65_535), metavar="PORT", help="Receive pushes on 127.0.0.1.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a push.",
)
@click.option("--include", multiple=True, metavar="ID", help="Only this operation; may be repeated.")
@click.option("--exclude", multiple=True, metavar="ID", help="Not this operation; may be repeated.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Same seed: same requests.")
@click.option(
    "--examples",
    "--max-examples",
    "max_examples",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    help="Random requests per operation.",
)
@click.option("--time", "time_s", type=click.IntRange(1), metavar="SECONDS", help="Stop after so many seconds at most.")
@click.option(
    "--lanes",
    type=click.IntRange(1),
    metavar="N",
    help="Send generated requests from N processes; by default more than one where the target is slow to answer.",
)
@click.option(
    "--min-coverage",
    type=click.FloatRange(0, 100),
    default=0.0,
    metavar="PERCENT",
    help="Fail where less of what the contract declares was exercised.",
)
@report_options
@click.pass_context
def check(context: click.Context, /, law: tuple[str, ...], min_coverage: float, **options: Any) -> None:
    """Check the server at --url, an --app, or a target of the targets file, against the contract of API.

    Credentials come from the targets file, or from GRIDMOCK_TOKEN, or from GRIDMOCK_CLIENT_ID, GRIDMOCK_CLIENT_SECRET
    and GRIDMOCK_TOKEN_URL.

    Exit code 0: no findings. 1: findings. 2: wrong usage, target not reachable, or a run that proves nothing.
    """
    if "?" in law:
        for line in told_laws(options["api"] or "", options["spec"], options["declarations"]):
            click.echo(line)
        return
    telling = Telling.chosen(options)
    try:
        with planned(context) as plan:
            from contract_tests.findings import Tally

            tally = Tally(min_coverage=min_coverage)
            exit_code = _run(plan, tally, telling, again(context, "gridmock check", ("seed",)))
    except KeyboardInterrupt as error:
        raise CannotCheck("interrupted before the run began") from error
    context.exit(exit_code)


def _run(plan: Plan, tally: Tally, telling: Telling, repeat: str) -> int:
    from contract_tests.interrupts import Interrupts
    from contract_tests.report import terminal
    from contract_tests.report.report import Report
    from contract_tests.runner import run

    progress = terminal.Progress(click.echo, live=sys.stdout.isatty())
    interrupts = Interrupts()
    with interrupts.caught(), closing(run(plan, interrupts)) as stream, suppress(KeyboardInterrupt):
        for event in stream:
            tally.add(event)
            progress.see(event)
            # schemathesis swallows KeyboardInterrupt between two phases.
            if interrupts.is_due:
                break
    now = datetime.now(UTC).astimezone()
    return telling.tell(Report(tally, repeat, now, plan.laws.laws if plan.laws else ()))
