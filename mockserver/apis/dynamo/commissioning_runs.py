"""Runs of the checks that a charge point has to pass before it is put into service, and issues that installers report.

What comes of a run is settled when it starts, by the charge point as it is then. Its steps take their time, so how far
it is follows from when it started; only its end has to be told to subscribers when it comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from mockserver.apis.dynamo.charge_point_registry import CHARGE_POINTS
from mockserver.apis.dynamo.commissioning_templates import Template
from mockserver.apis.dynamo.events import API_NAME, raise_event
from mockserver.apis.dynamo.registry import ORGANIZATIONS, resource, to_the_second
from mockserver.apis.dynamo.stations.connectors import FREE
from mockserver.apis.dynamo.stations.station import Station
from mockserver.http.errors import Conflict
from mockserver.http.exchange import Context
from mockserver.http.machines import Lapse, Machine, Refusal, Transition
from mockserver.http.parameters import instant
from mockserver.http.resources import REQUIRED, prefixed
from mockserver.http.runtime import Runtime
from mockserver.http.unasked import unasked
from mockserver.store import Value

STEPS: Mapping[str, int] = {"connectivity": 20, "heartbeat": 40, "configuration": 60, "test_transaction": 60}
"""Each with the seconds that it takes."""
_PASSED: Mapping[str, str] = {
    "connectivity": "The charge point is connected.",
    "heartbeat": "Its heartbeats come.",
    "configuration": "Its configuration is that of the template.",
    "test_transaction": "Each connector can charge.",
}

RUNS = resource(
    name="commissioning",
    plural="commissionings",
    collection="dynamo.commissioning_runs",
    members={"skip_test_transaction": REQUIRED},
    id_member="session_id",
    id_form=prefixed("comm_"),
    stamps={"started_at": True},
    unknown_slug="not_found",
)
"""`failed_step` and `findings`, which say why, are None and empty for one that passes."""

_RUNNING = Refusal(Conflict, "commissioning_running", "The run {session_id} has not ended.")
RUN = Machine(
    states=("running", "passed", "failed"),
    transitions={
        "start_another": Transition(
            sources=frozenset({"passed", "failed"}), target="running", refusals={"running": _RUNNING}
        ),
        "put_into_service": Transition(
            sources=frozenset({"passed"}),
            target="passed",
            refusals={
                "running": _RUNNING,
                "failed": Refusal(
                    Conflict,
                    "commissioning_not_passed",
                    "The run {session_id} has failed at the step {failed_step}.",
                ),
            },
        ),
    },
    lapses=(Lapse("running", "passed", "passes_at"), Lapse("running", "failed", "fails_at")),
    time_text=to_the_second,
)
"""What becomes of a run, and what the last one of a charge point permits."""

ISSUES = resource(
    name="issue",
    plural="issues",
    collection="dynamo.commissioning_issues",
    members={"category": REQUIRED, "description": REQUIRED},
    id_form=prefixed("iss_"),
    stamps={"created_at": True},
)


async def runs_of(ctx: Context, org_id: str, charge_point_id: str) -> list[Value]:
    """The runs of a charge point as they are by now, the last one last."""
    found = await RUNS.of(org_id).list(ctx, charge_point_id=charge_point_id)
    return [RUN.now(each, ctx.at) for each in found]


async def start(ctx: Context, station: Station, template: Template, *, skips: bool) -> Value:
    """Begin a run, whose end is settled; it may leave out the test transaction."""
    failed_step, findings = await _judge(station, template, skips=skips)
    ends_at = to_the_second(ctx.at + timedelta(seconds=sum(_seconds(skips=skips, until=failed_step))))
    run = await RUNS.of(station.org_id).create(
        ctx,
        body={"skip_test_transaction": skips},
        charge_point_id=station.id,
        template_id=template.id,
        status=RUN.states[0],
        failed_step=failed_step,
        findings=findings,
        passes_at=None if failed_step else ends_at,
        fails_at=ends_at if failed_step else None,
        is_told=False,
    )
    await _tell(ctx, station.org_id, run, "commissioning.started")
    ctx.after_commit(partial(_await_end, ctx.runtime, station.org_id, run))
    return run


async def _judge(station: Station, template: Template, *, skips: bool) -> tuple[str | None, list[str]]:
    """The step that a station fails, and why; None where it passes all."""
    if not station.is_online:
        return "connectivity", ["The charge point is not connected."]
    answer = await station.call("TriggerMessage", {"requestedMessage": "Heartbeat"})
    if answer.status != "Accepted":
        return "heartbeat", [f"TriggerMessage Heartbeat: {answer.status}"]
    listed = await read_configuration(station)
    if listed is None:
        return "configuration", ["GetConfiguration is not answered."]
    known = {each["key"]: each["value"] for each in listed}
    wrong = [
        f"{key} is {known[key]}, and not {value}." if key in known else f"{key} is not known."
        for key, value in template.keys.items()
        if known.get(key) != value
    ]
    if wrong:
        return "configuration", wrong
    taken = [
        f"Connector {each.number} is {station.status(each)}."
        for each in station.connectors.values()
        if station.status(each) != FREE
    ]
    return ("test_transaction", taken) if taken and not skips else (None, [])


def _seconds(*, skips: bool, until: str | None = None) -> Iterator[int]:
    """How long each step takes, up to one."""
    for name, seconds in STEPS.items():
        if name != "test_transaction" or not skips:
            yield seconds
        if name == until:
            return


def estimated_s(run: Value) -> int:
    """How long a run was expected to take, s."""
    return sum(_seconds(skips=run["skip_test_transaction"]))


def ended_at(run: Value) -> str | None:
    """When a run ended; None until then."""
    end: str | None = run["passes_at"] or run["fails_at"]
    return None if run["status"] == RUN.states[0] else end


def steps(run: Value, at: datetime) -> Iterator[tuple[str, str, datetime]]:
    """The steps of a run at an aware instant: what each is called, how far it is, and when it is over, if it is."""
    over_at, has_failed = instant(run["started_at"]), False
    for name, seconds in STEPS.items():
        begun_at = over_at
        if has_failed or (name == "test_transaction" and run["skip_test_transaction"]):
            yield name, "skipped", over_at
            continue
        over_at += timedelta(seconds=seconds)
        if over_at <= at:
            has_failed = name == run["failed_step"]
            yield name, "failed" if has_failed else "passed", over_at
        else:
            yield name, "running" if begun_at < at.replace(microsecond=0) else "pending", over_at


def log(run: Value, at: datetime) -> Iterator[dict[str, Any]]:
    """What has happened in a run by an aware instant, in that order."""
    entry = {"timestamp": run["started_at"], "session_id": run["session_id"], "level": "info", "step": None}
    yield {**entry, "message": f"Started with template {run['template_id']}."}
    for name, status, over_at in steps(run, at):
        entry = {**entry, "timestamp": to_the_second(over_at), "step": name}
        if status == "passed":
            yield {**entry, "message": _PASSED[name]}
        elif status == "failed":
            for finding in run["findings"]:
                yield {**entry, "level": "error", "message": finding}
        elif status == "skipped" and run["status"] != RUN.states[0]:
            yield {**entry, "level": "warning", "message": "Left out."}
    if ended_at(run):
        level = "error" if run["failed_step"] else "info"
        yield {**entry, "level": level, "step": None, "message": f"The charge point has {run['status']}."}


async def read_configuration(station: Station) -> list[dict[str, Any]] | None:
    """Ask a station for all of its configuration and keep what it says; None when it does not say."""
    answer = await station.call("GetConfiguration", {})
    listed = (answer.response or {}).get("configurationKey")
    if answer.failure or not isinstance(listed, list):  # somebody may have ordered it to say anything
        return None
    keys = [
        {"key": str(each["key"]), "value": each.get("value"), "readonly": bool(each.get("readonly"))}
        for each in listed
        if isinstance(each, dict) and "key" in each
    ]
    await CHARGE_POINTS.of(station.org_id).set(station.ctx, station.charge_point, configuration=keys)
    return keys


async def _tell(ctx: Context, org_id: str, run: Value, event: str) -> None:
    await raise_event(
        ctx,
        org_id,
        event,
        charge_point_id=run["charge_point_id"],
        session_id=run["session_id"],
        status=run["status"],
    )


def _await_end(runtime: Runtime, org_id: str, run: Value) -> None:
    ends_at = instant(run["passes_at"] or run["fails_at"])
    job = partial(_end, runtime, org_id, run["session_id"], ends_at)
    runtime.scheduler.at(ends_at, ("commissioning", run["session_id"]), job)


async def _end(runtime: Runtime, org_id: str, session_id: str, ends_at: datetime) -> None:
    """Tell subscribers how a run has ended, when it has."""
    async with unasked(runtime, API_NAME, ends_at) as ctx:
        run = RUN.now(await RUNS.of(org_id).get(ctx, session_id), ends_at)
        event = "commissioning.completed" if run["status"] == "passed" else "commissioning.failed"
        await _tell(ctx, org_id, run, event)
        await RUNS.of(org_id).set(ctx, run, is_told=True)


async def resume(runtime: Runtime) -> None:
    """Await the ends of the runs of a state that was imported."""
    async with unasked(runtime, API_NAME) as ctx:
        for organization in await ORGANIZATIONS.list(ctx):
            for run in await RUNS.of(organization["id"]).list(ctx, is_told=False):
                ctx.after_commit(partial(_await_end, runtime, organization["id"], run))
