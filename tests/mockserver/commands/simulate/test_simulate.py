"""`gridmock simulate ocpp` against a server that records what it is told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from fixtures.days import HOUR_S, unix_s
from mockserver.clock import Clock
from mockserver.commands.simulate.events import Traffic, pairing, stekker_events
from mockserver.domain.sites import Charger, Site
from mockserver.domain.world import World
from mockserver.domain.worlds import NamedWorld
from tests.contract_tests.serving import served
from tests.mockserver.commands.server import MAIN, environment
from tests.mockserver.commands.simulate.conftest import Simulate
from tests.mockserver.commands.simulate.stand_ins import TOKEN, Recorder
from tests.mockserver.commands.simulate.test_events import START, START_S

HUB = ("--world", "dst_day", "--charger", "london-hub-*", "--from", "2026-03-18T12:00:00Z", "--to", "3h")
YARD = ("--world", "grid_congestion", "--from", "2026-03-18T12:00:00Z", "--speed", "max")


def cast(world: str = "grid_congestion") -> list[tuple[Charger, Site]]:
    sites = World(1, Clock(START, 0.0), NamedWorld.parse(world)).sites
    return [(charger, site) for site in sites for charger in site.chargers]


def chargers() -> list[Charger]:
    return [charger for charger, _ in cast()]


def test_the_events_of_a_world_arrive_whole_and_in_order(simulate: Simulate) -> None:
    recorder = Recorder()
    with served(recorder) as url:
        done = simulate("--url", f"{url}/api/v1", *HUB, "--speed", "max", "--json", "out.json")
    assert done.code == 0, done.out
    everyone = [charger for charger, _ in cast("dst_day")]
    hub = [charger for charger in everyone if charger.identity.startswith("london-hub-")]
    expected: dict[str, list[bytes]] = {}
    for event in Traffic(1, everyone).merged(START_S, START_S + 3 * HOUR_S, only=hub):
        expected.setdefault(event.charger, []).append(orjson.dumps(event.body))
    assert recorder.raw == expected
    assert recorder.overlaps == []
    assert recorder.most_at_once > 1

    summary = json.loads(Path("out.json").read_text("utf-8"))
    methods = Counter(body["event"]["method"] for charger in hub for body in recorder.of(charger.identity))
    assert summary["events_by_method"] == {"ChargePointDetailsNotification": len(hub), **methods}
    assert summary["sessions_started"] == methods["StartTransaction"] > 0
    assert summary["sessions_ended"] > 0
    assert summary["sessions_open"] == methods["StartTransaction"] - methods["StopTransaction"]
    assert summary["energy_kwh"] > 0
    assert f"{summary['events']:,} events taken" in done.out


def test_every_charger_is_paired_before_it_says_anything(simulate: Simulate) -> None:
    recorder = Recorder()
    with served(recorder) as url:
        assert simulate("--url", f"{url}/api/v1", *YARD, "--to", "1h").code == 0
    first = recorder.requests[: len(chargers())]
    assert {verb for verb, _ in first} == {"PUT"}
    assert sorted((body for _, body in first), key=orjson.dumps) == sorted(
        (pairing(charger, site) for charger, site in cast()), key=orjson.dumps
    )
    assert {verb for verb, _ in recorder.requests[len(first) :]} == {"POST"}


def test_chargers_are_unpaired_in_the_end_when_asked_for(simulate: Simulate) -> None:
    recorder = Recorder()
    with served(recorder) as url:
        assert simulate("--url", f"{url}/api/v1", *YARD, "--to", "1h", "--chargers", "3", "--unpair").code == 0
    last = [body for _, body in recorder.requests[-3:]]
    assert {body["event"] for body in last} == {"ChargePointUnPairNotification"}
    assert {body["ocppIdentity"] for body in last} == {charger.identity for charger in chargers()[:3]}


def test_without_pairing_only_events_are_sent(simulate: Simulate) -> None:
    recorder = Recorder()
    with served(recorder) as url:
        assert simulate("--url", f"{url}/api/v1/events", *YARD, "--to", "1h", "--no-pair").code == 0
    assert {verb for verb, _ in recorder.requests} == {"POST"}


def test_pairing_codes_go_to_their_chargers(simulate: Simulate) -> None:
    names = [charger.identity for charger in chargers()]
    Path("codes.txt").write_text(f"7KQ2M # the first\n\n{names[2]}, ABCD1\n9XYZ9\n", "utf-8")
    recorder = Recorder()
    with served(recorder) as url:
        done = simulate("--url", f"{url}/api/v1", *YARD, "--to", "1h", "--pairing-codes", "codes.txt")
    assert done.code == 0, done.err
    codes = {body["ocppIdentity"]: body.get("pairingCode") for verb, body in recorder.requests if verb == "PUT"}
    assert {name: code for name, code in codes.items() if code} == {
        names[0]: "7KQ2M",
        names[1]: "9XYZ9",
        names[2]: "ABCD1",
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("7KQ2M\nlower\n", "codes.txt, line 2: 'lower' is no pairing code"),
        ("nobody,7KQ2M\n", "codes.txt, line 1: no charger that plays is called 'nobody'"),
        ("7KQ2M\n7KQ2N\n", "codes.txt, line 2: there are more codes than chargers"),
        ("7KQ2M\nrotterdam-yard-001,7KQ2N", "codes.txt, line 2: rotterdam-yard-001 has a code already"),
        (b"\xff", "codes.txt cannot be read"),
    ],
)
def test_a_file_of_codes_that_cannot_be_used_is_named_with_its_line(
    simulate: Simulate, content: str | bytes, said: str
) -> None:
    Path("codes.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = simulate("--url", "http://127.0.0.1:1", *YARD, "--chargers", "1", "--pairing-codes", "codes.txt")
    assert done.code == 2
    assert said in " ".join(done.err.split())


def test_a_charger_that_is_not_taken_is_left_out(simulate: Simulate) -> None:
    refused = chargers()[0].identity

    def reply(_: int, body: Any) -> Any:
        return (409, {"error": "that code is used"}, {}) if body["ocppIdentity"] == refused else None

    recorder = Recorder(reply)
    with served(recorder) as url:
        done = simulate("--url", f"{url}/api/v1", *YARD, "--to", "3h")
    assert done.code == 1
    assert recorder.of(refused) == []
    assert f"{len(chargers()) - 1} chargers, 1 more left out" in done.out
    assert f"1 x ChargePointDetailsNotification: 409 that code is used, first from {refused}" in done.out


def test_what_is_refused_is_listed_and_the_rest_arrives(simulate: Simulate) -> None:
    def reply(_: int, body: Any) -> Any:
        is_status = isinstance(body["event"], dict) and body["event"]["method"] == "StatusNotification"
        return (422, {"error": "no such connector"}, {}) if is_status else None

    recorder = Recorder(reply)
    with served(recorder) as url:
        done = simulate("--url", f"{url}/api/v1", *HUB, "--speed", "max", "--json", "out.json")
    assert done.code == 1
    summary = json.loads(Path("out.json").read_text("utf-8"))
    (kind,) = summary["errors_by_kind"]
    assert (kind["method"], kind["status"], kind["message"]) == ("StatusNotification", 422, "no such connector")
    assert kind["count"] == summary["errors"] > 1
    assert kind["sample"]["body"]["event"]["method"] == "StatusNotification"
    assert summary["events_by_method"]["StartTransaction"] > 0


def test_a_server_that_is_busy_now_and_then_gets_everything(simulate: Simulate) -> None:
    def reply(number: int, _: Any) -> Any:
        return (429 if number % 2 else 503, {"error": "busy"}, {"retry-after": "0"}) if number % 7 == 3 else None

    recorder = Recorder(reply)
    with served(recorder) as url:
        done = simulate("--url", f"{url}/api/v1", *YARD, "--to", "3h", "--json", "out.json")
    assert done.code == 0, done.out
    events = [*stekker_events(1, chargers(), START_S, START_S + 3 * HOUR_S)]
    assert sum(map(len, recorder.raw.values())) == len(events)
    assert json.loads(Path("out.json").read_text("utf-8"))["retries"] > 0


def test_a_server_that_is_not_there_ends_it(simulate: Simulate) -> None:
    done = simulate("--url", "http://127.0.0.1:1/api/v1", *YARD, "--retries", "0", "--json", "out.json")
    assert done.code == 2
    assert "http://127.0.0.1:1/api/v1: there is no answer" in done.err
    assert not Path("out.json").exists()


def test_a_token_that_is_refused_ends_it(simulate: Simulate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDMOCK_TOKEN", "wrong")
    with served(Recorder()) as url:
        done = simulate("--url", f"{url}/api/v1", *YARD)
    assert done.code == 2
    assert "the credentials are refused (401" in done.err


def test_a_token_that_the_server_repeats_is_not_shown(simulate: Simulate) -> None:
    recorder = Recorder(lambda _, __: (422, {"error": f"not with {TOKEN}"}, {}))
    with served(recorder) as url:
        done = simulate("--url", f"{url}/api/v1", *YARD, "--json", "out.json")
    assert done.code == 1
    assert "not with ***" in done.out
    assert TOKEN not in Path("out.json").read_text("utf-8")


def test_the_token_may_go_by_the_other_word(simulate: Simulate) -> None:
    with served(Recorder()) as url:
        assert simulate("--url", f"{url}/api/v1", *YARD, "--to", "10m", "--auth-scheme", "Token").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", "https://staging.example/api/v1"], "add --allow-host staging.example"),
        (["--url", "ftp://127.0.0.1/"], "is no URL like http://127.0.0.1:8080/stekker/api/v1"),
        (["--url", "http://me:secret@127.0.0.1/"], "no credentials in the URL"),
        (["--url", "http://127.0.0.1:1", "--world", "empty"], "the world empty has no chargers"),
        (["--url", "http://127.0.0.1:1", "--world", "home", "--chargers", "2"], "--world fleet:2 has as many as"),
        (["--url", "http://127.0.0.1:1", "--speed", "fast"], "neither a number from 0 to 1,000,000 nor max"),
        (["--url", "http://127.0.0.1:1", "--speed", "nan"], "neither a number"),
        (["--url", "http://127.0.0.1:1", "--from", "2026-03-18", "--to", "2026-03-18"], "is not after --from"),
        (["--url", "http://127.0.0.1:1", "--world", "fleet:9000", "--to", "999d"], "have transaction ids for 331 days"),
        (["--url", "http://127.0.0.1:1", "--json", "nowhere/out.json"], "there is no folder"),
    ],
)
def test_wrong_usage_says_what_would_do(simulate: Simulate, arguments: list[str], said: str) -> None:
    done = simulate(*arguments)
    assert done.code == 2
    assert said in " ".join(done.err.split())


def test_a_stranger_may_be_allowed_by_name(simulate: Simulate) -> None:
    done = simulate("--url", "http://gridmock.invalid/", "--allow-host", "GRIDMOCK.invalid", "--retries", "0", *YARD)
    assert done.code == 2
    assert "there is no answer" in done.err


def test_the_clock_of_a_mock_goes_along(simulate: Simulate) -> None:
    recorder = Recorder()
    with served(recorder) as url:
        assert simulate("--url", f"{url}/api/v1", *YARD, "--to", "1h", "--drive-clock").code == 0
    first, *moves, last = recorder.clock_calls
    assert (first, last) == ({"now": "2026-03-18T12:00:00Z", "speed": 0.0}, {"speed": 1.0})
    times = [move["now"] for move in moves]
    assert times == sorted(times)
    assert "2026-03-18T12:45:00Z" <= times[-1] < "2026-03-18T13:00:00Z"


def test_the_clock_of_a_mock_runs_at_the_speed_of_the_events(simulate: Simulate) -> None:
    recorder = Recorder()
    arguments = ("--world", "grid_congestion", "--chargers", "2", "--to", "30m", "--speed", "7200", "--drive-clock")
    with served(recorder) as url:
        done = simulate("--url", f"{url}/api/v1", *arguments)
    assert done.code == 0, done.err
    # It begins where the mock's clock stood, because nothing else was asked for.
    assert recorder.clock_calls[0] == {"now": "2026-03-18T09:30:00Z", "speed": 7200.0}
    assert recorder.clock_calls[-1] == {"speed": 1.0}


def test_a_server_without_a_clock_cannot_be_driven(simulate: Simulate) -> None:
    async def plain(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    with served(plain) as url:
        done = simulate("--url", f"{url}/api/v1", *YARD, "--drive-clock", "--no-pair")
    assert done.code == 2
    assert "/_mock/clock answers 404" in done.err


def test_a_thousand_chargers_play_in_one_process(simulate: Simulate) -> None:
    recorder = Recorder()
    arguments = ("--world", "fleet:1000", "--from", "2026-03-18T16:00:00Z", "--to", "2m", "--speed", "max")
    with served(recorder) as url:
        done = simulate("--url", f"{url}/api/v1", *arguments, "--connections", "64")
    assert done.code == 0, done.out
    assert recorder.overlaps == []
    assert len({body["chargePointId"] for verb, body in recorder.requests if verb == "PUT"}) == 1000
    events = stekker_events(1, [charger for charger, _ in cast("fleet:1000")], START_S + 4 * HOUR_S, START_S + 14520)
    assert Counter(event.method for event in events) == Counter(
        body["event"]["method"] for verb, body in recorder.requests if verb == "POST"
    )
    assert unix_s(START) == START_S


@pytest.mark.usefixtures("folder")
def test_ctrl_c_ends_it_with_the_summary_of_what_was_done() -> None:
    is_playing = threading.Event()

    def reply(number: int, _: Any) -> None:
        if number >= len(chargers()):  # all are paired
            is_playing.set()

    recorder = Recorder(reply)
    arguments = ("--world", "grid_congestion", "--from", "2026-03-18T12:00:00Z", "--speed", "60", "--json", "out.json")
    with served(recorder) as url:
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, "simulate", "ocpp", "--url", f"{url}/api/v1", *arguments],
            env=environment(GRIDMOCK_TOKEN=TOKEN),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert is_playing.wait(timeout=30)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 130, err
    assert out.startswith("stopped after 20 chargers")
    summary = json.loads(Path("out.json").read_text("utf-8"))
    assert summary["interrupted"] is True
    assert summary["events"] == len(recorder.requests)
