"""Schemathesis from outside: its own command, all checks, all phases, three seeds, no finding.

This is another road than `gridmock check`, which uses the Python interface and filters findings: here an independent
tool reads the contract from the running server as any client can.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mockserver.apis.dynamo.accounts import ready_accounts
from mockserver.apis.dynamo.ocpi.partners import REGISTERED
from mockserver.apis.dynamo.ocpi.partners import ready_accounts as partners
from mockserver.apis.dynamo.seed import HARBOUR, POLDER, SeedOrganization
from mockserver.http.accounts import ReadyAccounts
from specs.catalogue import path_of
from specs.loader import load
from tests.mockserver.commands.server import ROOT, Server

SEED = 1
"""Of the world under test."""
SEEDS = (1, 20_260_318, 987_654_321)
EXAMPLES = {
    "/ev-energy/v2": 15,
    "/ev-energy/o": 15,
    "/stekker/api/v1": 10,
    "/stekker/api/bess/v1": 12,
    "/dynamo/api/v1": 2,
    "/dynamo/ocpi": 4,
    "/_mock": 6,
    "/_mock/dynamo": 4,
    "/_mock/stekker": 6,
}
"""Generated requests per operation in the fuzzing phase: all runs take a minute and a half on two idle cores."""
TIMEOUT_S = 120
ALL_PHASES = "examples,coverage,fuzzing,stateful"
AT_RANDOM = "fuzzing,stateful"
"""Examples, and values at limits, are the same for every seed."""

# After any of these, what a run created is gone, or cannot be told from what another request did: in the stateful
# phase `use_after_free` would blame the server for `POST /reset`. They are tested like all others, but not walked
# over: see `test_operations_that_end_the_world`.
ENDS_THE_WORLD = ("reset_world", "put_seed", "import_state", "clear_journal", "clear_faults")

ENDS_THE_VISIT = ("delete-credentials", "log-out-installer")
"""Who did that is a stranger, who learns nothing."""

CONFIGURATION = """
[phases.examples]
# Operations without examples get one made up, instead of being skipped without a word.
fill-missing = true

[phases.coverage]
# Sends each method that an operation does not have; TRACE and QUERY are as rightly 501 (RFC 9110 section 15.6.2).
unexpected-methods = ["get", "put", "post", "delete", "options", "patch"]

[generation]
# NUL in a header is refused by HTTP stacks before an API sees it; in bodies and queries it is sent by test_malformed.
allow-x00 = false
database = "none"

[checks.negative_data_rejection]
# Any refusal will do. 5xx is no refusal here, though it is for the tool.
expected-statuses = ["4xx"]
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server("--at", "2026-03-18T12:00:00Z", "--speed", "0") as running:
        yield running


def _known_ids(server: Server) -> dict[str, list[str]]:
    def listed(path: str, name: str) -> list[str]:
        headers = {"authorization": f"Bearer {server.tokens[0]}"}
        status, _, body = server.call("GET", path, headers=headers)
        assert status == 200, body
        return [item[name] for item in json.loads(body)]

    application = json.loads(server.call("GET", "/_mock/applications/ev-energy-full")[2])
    return {
        "tari": listed("/ev-energy/v2/tariffs?page_size=20", "id"),
        "supl": listed("/ev-energy/v2/suppliers?page_size=5", "id"),
        "user": listed("/_mock/users", "user_id")[:5],
        "client_id": [application["client_id"]],
        "client_secret": [application["client_secret"]],
        "chargePointId": [_paired(server)],
    }


def _token(server: Server, base_path: str) -> str:
    """That of the application that sees most of an API."""
    return server.token_of["stekker-north" if base_path.startswith("/stekker") else "ev-energy-full"]


def _callers(base_path: str) -> dict[str, str]:
    """What Authorization to send on paths that begin like this: nobody may do all of Dynamo, and others need one."""

    def told(ready: Callable[..., ReadyAccounts], organization: SeedOrganization, label: str) -> str:
        wanted = (organization.id(SEED), label)
        tokens = ready(SEED, ()).tokens or {}
        return next(text for text, grant in tokens.items() if (grant["client_id"], grant["label"]) == wanted)

    if base_path == "/dynamo/ocpi":
        return {"": f"Token {told(partners, POLDER, REGISTERED)}"}
    if base_path != "/dynamo/api/v1":
        return {}
    people = (
        ("", POLDER, "owner"),
        ("/portal/", POLDER, "driver 1"),
        ("/installer/", POLDER, "installer"),
        ("/site-owner/", HARBOUR, "site owner, completed"),
    )
    return {begin: f"Bearer {told(ready_accounts, *who)}" for begin, *who in people}


def _paired(server: Server) -> str:
    """A charge point that can report events."""
    body = {"event": "ChargePointDetailsNotification", "chargePointId": "5f1d7c0a93be24684c0de7a1"}
    headers = {"authorization": f"Token {_token(server, '/stekker')}"}
    assert server.call("PUT", "/stekker/api/v1/events", body, headers)[0] == 200
    return body["chargePointId"]


def _run(
    server: Server, base_path: str, seed: int, folder: Path, *options: str, phases: str = ALL_PHASES
) -> subprocess.CompletedProcess[str]:
    server.call("PUT", "/_mock/seed", {"seed": SEED})
    server.call("PUT", "/_mock/clock", {"now": "2026-03-18T12:00:00Z", "speed": 0})
    known = _known_ids(server)
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    callers = _callers(base_path)
    is_guarded = base_path == "/ev-energy/v2" or base_path.startswith("/stekker")
    authorization = f"Bearer {_token(server, base_path)}" if is_guarded else callers.get("")
    guarded = ["--header", f"Authorization: {authorization}"] if authorization else []
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{server.origin}{base_path}/openapi.json"),
            *("--url", server.origin + base_path, "--seed", str(seed)),
            *("--checks", "all", "--phases", phases, "--continue-on-failure"),
            *("--max-examples", str(EXAMPLES[base_path]), "--no-color", "--warnings", "off"),
            *guarded,
            *options,
        ],
        cwd=folder,  # for its caches and the configuration
        env=os.environ
        | {"SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks", "PYTHONPATH": str(ROOT)}
        | {"KNOWN_IDS": json.dumps(known), "CALLERS": json.dumps(callers)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def _phases(seed: int) -> str:
    return ALL_PHASES if seed == SEEDS[0] else AT_RANDOM


def _assert_no_finding(server: Server, done: subprocess.CompletedProcess[str]) -> None:
    findings = done.stdout[done.stdout.find("= FAILURES =") :] if "= FAILURES =" in done.stdout else done.stdout
    if done.returncode:
        pytest.fail(f"{findings[:8000]}\n{done.stderr[-1000:]}", pytrace=False)
    assert "Traceback" not in server.errors
    assert server.call("GET", "/_mock/health")[0] == 200


@pytest.mark.parametrize("seed", SEEDS)
def test_ev_energy(server: Server, tmp_path: Path, seed: int) -> None:
    done = _run(server, "/ev-energy/v2", seed, tmp_path, phases=_phases(seed))

    _assert_no_finding(server, done)
    assert "API Links:    0 covered" not in done.stdout, "no link was followed: the run has seen nothing"


@pytest.mark.parametrize("seed", SEEDS)
def test_oauth(server: Server, tmp_path: Path, seed: int) -> None:
    _assert_no_finding(server, _run(server, "/ev-energy/o", seed, tmp_path, phases=_phases(seed)))


# One seed, and no values at limits where there are many: `gridmock check` sends those, with the same tool, and plays
# these contracts on three seeds, with laws besides.
@pytest.mark.parametrize("base_path", ["/stekker/api/v1", "/stekker/api/bess/v1", "/_mock/stekker"])
def test_stekker(server: Server, tmp_path: Path, base_path: str) -> None:
    phases = ALL_PHASES if base_path == "/_mock/stekker" else f"examples,{AT_RANDOM}"
    done = _run(server, base_path, SEEDS[0], tmp_path, phases=phases)

    _assert_no_finding(server, done)
    # Those of events lead through a transaction, which takes two events that fit: the laws of the contract play it.
    if base_path != "/stekker/api/v1":
        assert "API Links:    0 covered" not in done.stdout, "no link was followed: the run has seen nothing"


@pytest.mark.parametrize("base_path", ["/dynamo/api/v1", "/dynamo/ocpi", "/_mock/dynamo"])
def test_dynamo(server: Server, tmp_path: Path, base_path: str) -> None:
    excluded = [part for name in ENDS_THE_VISIT for part in ("--exclude-operation-id", name)]

    phases = "examples,fuzzing,stateful" if base_path == "/dynamo/api/v1" else ALL_PHASES
    _assert_no_finding(server, _run(server, base_path, SEEDS[0], tmp_path, *excluded, phases=phases))


# The coverage phase sends sixty requests per operation: every twelfth of 122 is as much as there is time for.
def test_a_part_of_dynamo_case_by_case(server: Server, tmp_path: Path) -> None:
    operations = [each.operation_id for each in load(path_of("dynamo"), examples=False).operations]
    included = [
        part for name in operations[::12] if name not in ENDS_THE_VISIT for part in ("--include-operation-id", name)
    ]

    _assert_no_finding(server, _run(server, "/dynamo/api/v1", SEEDS[0], tmp_path, *included, phases="coverage"))


@pytest.mark.parametrize("seed", SEEDS)
def test_control_plane(server: Server, tmp_path: Path, seed: int) -> None:
    excluded = [part for name in ENDS_THE_WORLD for part in ("--exclude-operation-id", name)]

    _assert_no_finding(server, _run(server, "/_mock", seed, tmp_path, *excluded, phases=_phases(seed)))


@pytest.mark.parametrize("seed", SEEDS)
def test_operations_that_end_the_world(server: Server, tmp_path: Path, seed: int) -> None:
    included = [part for name in ENDS_THE_WORLD for part in ("--include-operation-id", name)]

    phases = "examples,coverage,fuzzing" if seed == SEEDS[0] else "fuzzing"
    _assert_no_finding(server, _run(server, "/_mock", seed, tmp_path, *included, phases=phases))
