"""`gridmock check`: is a server what its contract says?

Only what the options need is imported here: schemathesis costs a third of a second, and `gridmock --help` shows this
command too.
"""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from contract_tests import targets
from contract_tests.commandline import CannotCheck, again, contract_of
from contract_tests.plan import LAWS, MODES, PHASES, Conduct, LawPlan, Mode, Plan
from contract_tests.report.options import Telling, report_options
from contract_tests.targets import Target, TargetError

if TYPE_CHECKING:
    from contract_tests.contract import Contract
    from contract_tests.findings import Tally
    from contract_tests.laws.law import Law
    from contract_tests.receiver import Receiver
    from contract_tests.surface.surface import Surface


_DEEDS: dict[Mode, str] = {
    "read-only": "sends many requests, though none that changes anything (--mode read-only)",
    "safe": "creates, changes and deletes things of its own (--mode safe)",
    "full": "creates, changes and deletes what the contract allows (--mode full)",
}


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
        with _refusals():
            _list_laws(_surface(contract_of(options["api"] or "", options["spec"]), options["declarations"]))
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


@contextmanager
def planned(context: click.Context) -> Iterator[Plan]:
    """The run that the parameters of `check` ask for, while all that it needs is there.

    Raises UsageError and CannotCheck, also in the place of errors of the run itself that say what is wrong.
    """
    if context.params["laws_only"] and context.get_parameter_source("phases") is not ParameterSource.DEFAULT:
        raise click.UsageError("--laws-only and --phases both say what is played: one of them")
    with _refusals(), _planned(**context.params) as plan:
        yield plan


@contextmanager
def _refusals() -> Iterator[None]:
    """Has everything that keeps a run from beginning end the command."""
    try:
        import schemathesis  # noqa: F401
    except ImportError as error:
        raise CannotCheck(f"this needs schemathesis ({error}): pip install 'gridmock[check]'") from error
    from contract_tests.applications import ApplicationError
    from contract_tests.contract import ContractError
    from contract_tests.probe import Unreachable
    from specs.errors import SpecError

    try:
        yield
    except (ApplicationError, TargetError, ContractError, SpecError, Unreachable) as error:
        raise CannotCheck(str(error)) from error


@contextmanager
def _planned(
    *,
    api: str | None,
    spec: Path | None,
    declarations: Path | None,
    url: str | None,
    app: str | None,
    target: str | None,
    targets_file: Path,
    token: str | None,
    allow_host: tuple[str, ...],
    mode: Mode | None,
    rate_per_s: float,
    retries: int,
    settle_s: float,
    phases: tuple[str, ...],
    laws_only: bool,
    law: tuple[str, ...],
    basis: str | None,
    value: dict[str, str],
    port: int | None,
    wait_s: float,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    seed: int,
    max_examples: int,
    time_s: int | None,
    lanes: int | None,
    **_: Any,
) -> Iterator[Plan]:
    from contract_tests import probe
    from contract_tests.lanes import lanes_for

    with _served(app, url) as base_url, _receiver(port) as receiver:
        goal = targets.with_values(_target(base_url, target, targets_file, token), value)
        conduct = Conduct(_mode(mode, goal.url), rate_per_s, retries, settle_s)
        _refuse_stranger(goal.url, target, targets_file, allow_host, conduct.mode)
        contract = contract_of(api or ("" if spec else goal.api), spec)
        operations = _operations(contract, include, exclude)
        surface = _surface(contract, declarations)
        laws = _laws(surface, law)
        phases = _playable((LAWS,) if laws_only else phases, laws, contract)
        credentials = probe.sign_in(goal)
        answer_s = probe.knock(contract, operations, goal.url, credentials)
        law_plan = LawPlan(laws, surface, goal.values, counted(basis, goal.url), receiver, wait_s)
        yield Plan(
            contract,
            goal.url,
            credentials,
            operations,
            phases,
            seed,
            max_examples,
            time_s,
            law_plan,
            conduct,
            lanes or lanes_for(answer_s, rate_per_s),
        )


@contextmanager
def _served(app: str | None, url: str | None) -> Iterator[str | None]:
    """The URL, which is a path below the application if there is one, that is served meanwhile."""
    if not app:
        yield url
        return
    if url and not url.startswith("/"):
        raise click.UsageError(
            f"--app is served on this machine: --url {url} would have to be a path there, or be left out"
        )
    from contract_tests import applications

    with applications.named(app) as origin:
        yield origin + (url or "")


def _target(url: str | None, name: str | None, file: Path, token: str | None) -> Target:
    if bool(url) == bool(name):
        raise click.UsageError("say where: either --url URL or --target NAME, or --app MODULE:NAME")
    if url:
        return targets.from_environment(url, os.environ, token or "")
    if token:
        raise click.UsageError("--token goes with --url; a target has its token in the targets file")
    return targets.from_file(file, str(name), os.environ)


def _mode(mode: Mode | None, url: str) -> Mode:
    """What was said, else everything on this machine, and elsewhere only what is undone afterwards."""
    return mode or ("full" if targets.is_loopback(targets.host_of(url)) else "safe")


def _refuse_stranger(url: str, target: str | None, file: Path, allowed: tuple[str, ...], mode: Mode) -> None:
    """A mistyped URL must not send thousands of requests, deletions among them, to somebody else's server."""
    host = targets.host_of(url)
    if target or targets.is_loopback(host) or host in {name.lower() for name in allowed} | targets.hosts(file):
        return
    raise CannotCheck(
        f"{host} is neither this machine nor a target in {file}. A run {_DEEDS[mode]}. "
        f"If that is what you want there, add --allow-host {host}"
    )


def _operations(contract: Contract, include: tuple[str, ...], exclude: tuple[str, ...]) -> frozenset[str]:
    """Labels of the operations to test; each may be called by its operation id or its label."""
    labels = {str(place.value.get("operationId", label)): label for label, place in contract.operations.items()}
    labels |= {label: label for label in contract.operations}
    for name in (*include, *exclude):
        if name not in labels:
            near = difflib.get_close_matches(name, labels, n=3, cutoff=0.4)
            raise click.UsageError(f"no operation {name!r} in {contract.path}; did you mean {' or '.join(near)}?")
    wanted = {labels[name] for name in include} or set(contract.operations)
    if not (left := wanted - {labels[name] for name in exclude}):
        raise click.UsageError("no operation is left to test")
    return frozenset(left)


def _surface(contract: Contract, declarations: Path | None) -> Surface:
    from contract_tests.declaration import beside, load
    from contract_tests.surface.surface import Surface

    return Surface(contract, load(declarations, contract) if declarations else beside(contract))


def _laws(surface: Surface, wanted: tuple[str, ...]) -> tuple[Law, ...]:
    from contract_tests.laws import laws_of

    laws = laws_of(surface)
    names = [law.name for law in laws]
    for name in wanted:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or ["? for a list"]
            raise click.UsageError(f"no law {name!r} for {surface.contract.path}; did you mean {' or '.join(near)}?")
    return tuple(law for law in laws if law.name in wanted or not wanted)


def _list_laws(surface: Surface) -> None:
    from contract_tests.laws import laws_of

    for law in laws_of(surface):
        click.echo(f"{law.name}  ({law.basis}, {law.severity})\n    {law.sentence}.")


def _playable(phases: tuple[str, ...], laws: tuple[Law, ...], contract: Contract) -> tuple[str, ...]:
    """The phases without that of the laws, where the contract has none."""
    playable = tuple(phase for phase in phases if phase != LAWS or laws)
    if not playable:
        raise click.UsageError(f"{contract.path} has no laws yet; choose other --phases")
    return playable


def counted(basis: str | None, url: str) -> frozenset[str]:
    """The bases whose breaches are findings: on somebody's server nobody has promised what is only inferred."""
    basis = basis or ("inferred" if targets.is_loopback(targets.host_of(url)) else "published")
    return frozenset({"published", "protocol", basis})


@contextmanager
def _receiver(port: int | None) -> Iterator[Receiver | None]:
    from contract_tests.receiver import Receiver

    if port is None:
        yield None
        return
    receiver = Receiver(port)
    try:
        receiver.start()
    except OSError as error:
        raise CannotCheck(f"cannot listen on 127.0.0.1:{port}: {error.strerror}; choose another --listen") from error
    try:
        yield receiver
    finally:
        receiver.stop()


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
