"""`gridmock check`: is a server what its contract says?

Only what the options need is imported here: schemathesis costs a third of a second, and `gridmock --help` shows this
command too.
"""

from __future__ import annotations

import difflib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from contract_tests import targets
from contract_tests.commandline import CannotCheck, again, contract_of
from contract_tests.plan import LAWS, PHASES, LawPlan, Plan
from contract_tests.report.options import Telling, report_options
from contract_tests.targets import Target, TargetError

if TYPE_CHECKING:
    from contract_tests.contract import Contract
    from contract_tests.laws.law import Law
    from contract_tests.receiver import Receiver
    from contract_tests.surface.surface import Surface


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
@click.option("--url", help="Base URL of the server, with the path that the contract's paths are appended to.")
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
    "--phases",
    callback=_phases,
    default=",".join(PHASES),
    show_default=True,
    metavar="A,B",
    help="What is played: laws, then requests from examples, from each parameter's limits, at random, as walks.",
)
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
    "--max-examples",
    type=click.IntRange(1),
    default=30,
    show_default=True,
    help="Random requests per operation.",
)
@click.option("--time", "time_s", type=click.IntRange(1), metavar="SECONDS", help="Stop after so many seconds at most.")
@report_options
@click.pass_context
def check(
    context: click.Context,
    /,
    api: str | None,
    spec: Path | None,
    url: str | None,
    target: str | None,
    targets_file: Path,
    token: str | None,
    allow_host: tuple[str, ...],
    phases: tuple[str, ...],
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
    **reports: Any,
) -> None:
    """Check the server at --url, or a target of the targets file, against the contract of API.

    Credentials come from the targets file, or from GRIDMOCK_TOKEN, or from GRIDMOCK_CLIENT_ID, GRIDMOCK_CLIENT_SECRET
    and GRIDMOCK_TOKEN_URL.

    Exit code 0: no findings. 1: findings. 2: wrong usage, target not reachable, or a run that proves nothing.
    """
    try:
        import schemathesis  # noqa: F401
    except ImportError as error:
        raise CannotCheck(f"this needs schemathesis ({error}): pip install 'gridmock[check]'") from error
    from contract_tests import probe
    from contract_tests.contract import ContractError
    from specs.errors import SpecError

    telling = Telling.chosen(reports)
    try:
        if "?" in law:
            _list_laws(contract_of(api or "", spec))
            return
        goal = targets.with_values(_target(url, target, targets_file, token), value)
        _refuse_stranger(goal.url, target, targets_file, allow_host)
        contract = contract_of(api or ("" if spec else goal.api), spec)
        operations = _operations(contract, include, exclude)
        surface = _surface(contract)
        laws = _laws(surface, law)
        phases = _playable(phases, laws, contract)
        credentials = probe.sign_in(goal)
        probe.knock(contract, operations, goal.url, credentials)
        with _receiver(port) as receiver:
            law_plan = LawPlan(laws, surface, goal.values, counted(basis, goal.url), receiver, wait_s)
            plan = Plan(contract, goal.url, credentials, operations, phases, seed, max_examples, time_s, laws=law_plan)
            exit_code = _run(plan, telling, again(context, "gridmock check", ("seed",)))
    except (TargetError, ContractError, SpecError, probe.Unreachable) as error:
        raise CannotCheck(str(error)) from error
    except KeyboardInterrupt as error:
        raise CannotCheck("interrupted before the run began") from error
    context.exit(exit_code)


def _target(url: str | None, name: str | None, file: Path, token: str | None) -> Target:
    if bool(url) == bool(name):
        raise click.UsageError("say where: either --url URL or --target NAME")
    if url:
        return targets.from_environment(url, os.environ, token or "")
    if token:
        raise click.UsageError("--token goes with --url; a target has its token in the targets file")
    return targets.from_file(file, str(name), os.environ)


def _refuse_stranger(url: str, target: str | None, file: Path, allowed: tuple[str, ...]) -> None:
    """A mistyped URL must not send thousands of requests, deletions among them, to somebody else's server."""
    host = targets.host_of(url)
    if target or targets.is_loopback(host) or host in {name.lower() for name in allowed} | targets.hosts(file):
        return
    raise CannotCheck(
        f"{host} is neither this machine nor a target in {file}. A run creates, changes and deletes what the contract "
        f"allows. If that is what you want there, add --allow-host {host}"
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


def _surface(contract: Contract) -> Surface:
    from contract_tests.declaration import beside
    from contract_tests.surface.surface import Surface

    return Surface(contract, beside(contract))


def _laws(surface: Surface, wanted: tuple[str, ...]) -> tuple[Law, ...]:
    from contract_tests.laws import laws_of

    laws = laws_of(surface)
    names = [law.name for law in laws]
    for name in wanted:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or ["? for a list"]
            raise click.UsageError(f"no law {name!r} for {surface.contract.path}; did you mean {' or '.join(near)}?")
    return tuple(law for law in laws if law.name in wanted or not wanted)


def _list_laws(contract: Contract) -> None:
    from contract_tests.laws import laws_of

    for law in laws_of(_surface(contract)):
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


@contextmanager
def _interrupts() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, beside raising KeyboardInterrupt, which schemathesis swallows between two phases."""
    pressed = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def remember(number: int, frame: FrameType | None) -> None:
        pressed.set()
        if callable(before):
            before(number, frame)

    if not callable(before) or threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    signal.signal(signal.SIGINT, remember)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _run(plan: Plan, telling: Telling, repeat: str) -> int:
    from contract_tests.findings import Tally
    from contract_tests.report import terminal
    from contract_tests.report.report import Report
    from contract_tests.runner import run

    tally = Tally()
    progress = terminal.Progress(click.echo, live=sys.stdout.isatty())
    with _interrupts() as pressed, closing(run(plan)) as stream, suppress(KeyboardInterrupt):
        for event in stream:
            tally.add(event)
            progress.see(event)
            if pressed.is_set():
                break
    now = datetime.now(UTC).astimezone()
    return telling.tell(Report(tally, repeat, now, plan.laws.laws if plan.laws else ()))
