"""A user class for Locust (`pip install 'gridmock[load]'`) that plays one charger each, with Locust's own statistics.

    locust -f locustfile.py --host http://127.0.0.1:8080/stekker/api/v1 --users 500 --gridmock-world fleet:500

where locustfile.py says

    from mockserver.commands.simulate.locust_user import OcppCharger

The events are those of `gridmock simulate ocpp`. The token comes from GRIDMOCK_TOKEN, on each worker. A user takes the
next charger that nobody plays; workers play different ones. Importing this patches the standard library with gevent, as
Locust does: it is for Locust's processes only.
"""

from __future__ import annotations

import logging
import os
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakKeyDictionary

import click
import locust
import orjson
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import MasterRunner

from mockserver.clock import Clock
from mockserver.commands.generate.subjects.ocpp import Ocpp
from mockserver.commands.generate.window import Window, moment, moment_or_span
from mockserver.commands.options import named_world
from mockserver.commands.simulate.casting import Casting, Line, Part
from mockserver.commands.simulate.command import speed
from mockserver.commands.simulate.delivery import TRY_AGAIN, Patience
from mockserver.commands.simulate.events import Traffic, pairing
from mockserver.commands.simulate.timing import Pace, RealTime
from mockserver.domain.sites import Charger, Site
from mockserver.settings import DEFAULT_SEED

_LOG = logging.getLogger("gridmock.locust")
_WORKERS = "gridmock_workers"


class Stage:
    """What the users of one process share in one test: the chargers that are free, and the virtual time."""

    def __init__(self, environment: Environment) -> None:
        """ValueError or BadParameter when the options do not go together."""
        chosen: Any = environment.parsed_options
        runner: Any = environment.runner
        source = Ocpp(seed=int(chosen.gridmock_seed), world=named_world(chosen.gridmock_world), charger=())
        start = moment(chosen.gridmock_from) if chosen.gridmock_from else Clock().now().replace(microsecond=0)
        window = Window.between(start, moment_or_span(chosen.gridmock_to), source.zone)
        traffic = Traffic(source.seed, source.chargers)

        def lines(charger: Charger, site: Site) -> Iterator[Line]:
            yield Line(window.start_s, "PUT", "ChargePointDetailsNotification", pairing(charger, site))
            for event in traffic.of(charger, window.start_s, window.end_s):
                yield Line(event.at_s, "POST", event.method, event.body)

        cast = [(charger, site) for site in source.sites for charger in site.chargers]
        self.casting = Casting(cast, lines, runner.worker_index, getattr(chosen, _WORKERS, 1))
        self.pace = Pace(window.start_s, speed(chosen.gridmock_speed), RealTime())
        self.patience = Patience()


_stages: WeakKeyDictionary[Environment, Stage] = WeakKeyDictionary()


class OcppCharger(locust.FastHttpUser):
    """Plays one charger: pairs it, then sends its events in their order, each when its virtual time has come.

    An event without an answer, or with 429, 502, 503 or 504, is sent again; each attempt counts in the statistics.
    """

    part: Part | None = None
    attempt = 0
    """How often the present event has failed."""
    told_s: float | None = None
    """What the last refusal said about waiting."""

    def wait_time(self) -> float:
        """Locust asks after each event: the real seconds until the next one is due, or may be sent again."""
        stage, line = _stages[self.environment], self.part.line() if self.part else None
        if line is None:
            return 0.0
        if self.attempt:
            return stage.patience.wait_s(self.attempt - 1, self.told_s)
        return max(0.0, stage.pace.wait_s(line.at_s))

    def on_start(self) -> None:
        """Take a charger; without one there is nothing to do."""
        stage = _stages.get(self.environment)
        self.part = stage.casting.take() if stage else None
        if self.part is None:
            _LOG.warning("a user has no charger to play: give a larger world, or fewer users")
            raise StopUser

    def on_stop(self) -> None:
        """Leave the charger to the next user."""
        stage = _stages.get(self.environment)
        if stage is not None and self.part is not None:
            stage.casting.give_back(self.part)
        self.part = None

    @locust.task
    def send_next(self) -> None:
        """The next event; the user ends when there are no more."""
        stage, part = _stages[self.environment], self.part
        line = part.line() if part else None
        if part is None or line is None:
            self.part = None  # it has ended for good
            raise StopUser
        if stage.pace.wait_s(line.at_s) > 0.0:
            return  # it was taken over from somebody else, and is not due
        body = orjson.dumps(line.body).decode()
        response = self.client.request(line.verb, "/events", name=line.label, data=body, headers=_headers())
        is_to_be_repeated = not response.status_code or response.status_code in TRY_AGAIN
        if is_to_be_repeated and self.attempt < stage.patience.retries:
            headers: Any = response.headers or {}
            told = str(headers.get("retry-after", ""))
            self.told_s = float(told) if told.isdecimal() else None
            self.attempt += 1
            return
        self.attempt = 0
        part.spoken()


def _headers() -> dict[str, str]:
    token = os.environ.get("GRIDMOCK_TOKEN")
    return {
        "content-type": "application/json",
        "accept": "application/json",
        **({"authorization": f"Bearer {token}"} if token else {}),
    }


def _checked(kind: Callable[[str], Any]) -> Callable[[str], str]:
    """The type of an option that stays text, as which it goes to the workers."""

    def check(text: str) -> str:
        try:
            kind(text)
        except click.BadParameter as error:
            raise ArgumentTypeError(error.message) from None
        return text

    return check


def _add_options(parser: Any, **_: Any) -> None:
    group = parser.add_argument_group("gridmock", "Which chargers play, and when.")
    for name, kind, default, text in (
        ("world", named_world, "fleet", "World whose chargers play; one user plays one charger."),
        ("seed", int, str(DEFAULT_SEED), "Seed of the world."),
        ("from", moment, "", "Where virtual time begins: a date or an RFC 3339 time. Default: now."),
        ("to", moment_or_span, "24h", "Where it ends: as --gridmock-from, or virtual time like 24h."),
        ("speed", speed, "1", "Virtual seconds in a real one; 0 or max: as fast as the server answers."),
    ):
        group.add_argument(
            f"--gridmock-{name}",
            type=_checked(kind),
            default=default,
            metavar="TEXT",
            env_var=f"GRIDMOCK_SIMULATE_OCPP_{name.upper()}",
            help=text,
        )


def _begin(environment: Environment, **_: Any) -> None:
    """The master tells how many share the chargers, with the options that it sends; the others take theirs."""
    if isinstance(environment.runner, MasterRunner):
        setattr(environment.parsed_options, _WORKERS, max(1, environment.runner.worker_index_max))
        return
    try:
        _stages[environment] = Stage(environment)
    except (ValueError, click.BadParameter) as error:
        _stages.pop(environment, None)
        _LOG.error("nothing can be played: %s", error.message if isinstance(error, click.BadParameter) else error)


_events: Any = locust.events  # its hooks have no types
_events.init_command_line_parser.add_listener(_add_options)
_events.test_start.add_listener(_begin)
