"""The run that the options of `gridmock check` ask for: target, contract, operations, laws and what they need."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from contract_tests import targets
from contract_tests.commandline import CannotCheck, contract_of
from contract_tests.plan import LAWS, Conduct, LawPlan, Mode, Plan
from contract_tests.targets import Target, TargetError

if TYPE_CHECKING:
    from contract_tests.contract import Contract
    from contract_tests.laws.law import Law
    from contract_tests.laws.observed.observer import ObservedLaw
    from contract_tests.receiver import Receiver
    from contract_tests.surface.surface import Surface

_DEEDS: dict[Mode, str] = {
    "read-only": "sends many requests, though none that changes anything (--mode read-only)",
    "safe": "creates, changes and deletes things of its own (--mode safe)",
    "full": "creates, changes and deletes what the contract allows (--mode full)",
}


@contextmanager
def planned(context: click.Context) -> Iterator[Plan]:
    """The run that the parameters of `check` ask for, while all that it needs is there.

    Raises UsageError and CannotCheck, also in the place of errors of the run itself that say what is wrong.
    """
    if context.params["laws_only"] and context.get_parameter_source("phases") is not ParameterSource.DEFAULT:
        raise click.UsageError("--laws-only and --phases both say what is played: one of them")
    with refusals(), _planned(**context.params) as plan:
        yield plan


@contextmanager
def refusals() -> Iterator[None]:
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
        laws, observed = _laws(surface, law)
        phases = _playable((LAWS,) if laws_only else phases, laws, contract)
        credentials = replace(probe.sign_in(goal), callers=surface.callers)
        answer_s = probe.knock(contract, operations, goal.url, credentials)
        law_plan = LawPlan(laws, surface, goal.values, counted(basis, goal.url), receiver, wait_s, observed)
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


def _laws(surface: Surface, wanted: tuple[str, ...]) -> tuple[tuple[Law, ...], tuple[ObservedLaw, ...]]:
    """The laws to play and those to observe: all of them, or the wanted ones."""
    from contract_tests.laws import laws_of
    from contract_tests.laws.observed import LAWS as OBSERVED

    laws = laws_of(surface)
    names = {*(law.name for law in laws), *(law.name for law in OBSERVED)}
    for name in wanted:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or ["? for a list"]
            raise click.UsageError(f"no law {name!r} for {surface.contract.path}; did you mean {' or '.join(near)}?")
    if not wanted:
        return laws, OBSERVED
    return tuple(law for law in laws if law.name in wanted), tuple(law for law in OBSERVED if law.name in wanted)


def told_laws(api: str, spec: Path | None, declarations: Path | None) -> Iterator[str]:
    """Every law for a contract with what it rests on, and the operations it judges; observed ones judge all."""
    from contract_tests.laws import laws_of
    from contract_tests.laws.observed import LAWS as OBSERVED

    with refusals():
        laws = laws_of(_surface(contract_of(api, spec), declarations))
    operations: dict[str, dict[str, None]] = {}
    for law in laws:
        operations.setdefault(law.name, {}).update(dict.fromkeys(law.operations))
    for law in {one.name: one for one in laws}.values():
        yield f"{law.name}  ({law.basis}, {law.severity})\n    {law.sentence}."
        yield f"    {', '.join(operations[law.name])}"
    for observed in OBSERVED:
        yield f"{observed.name}  ({observed.basis}, {observed.severity})\n    {observed.sentence}."
        yield "    every answer"


def _playable(phases: tuple[str, ...], laws: tuple[Law, ...], contract: Contract) -> tuple[str, ...]:
    """The phases without that of the laws, where the contract has none."""
    playable = tuple(phase for phase in phases if phase != LAWS or laws)
    if not playable:
        raise click.UsageError(f"{contract.path} has no such laws to play; choose other --phases")
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
