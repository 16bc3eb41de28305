"""`gridmock check` as tests of pytest: one for each law and its subject, one for each phase and operation.

pytest --pyargs contract_tests.test_contract --gridmock-check="ev-energy --url http://127.0.0.1:8080/ev-energy/v2"
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from contract_tests.plugin import ORDER, PIECES

if TYPE_CHECKING:
    from contract_tests.piecewise import Outcome, Pieces, Subject


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """See pytest: the order on the command line says which tests there are."""
    order = metafunc.config.stash.get(ORDER, None)
    if "subject" in metafunc.fixturenames:
        subjects = order.subjects if order else ()
        metafunc.parametrize("subject", subjects, ids=[f"{one.law}-{one.operations[0]}" for one in subjects])
    if "phase" in metafunc.fixturenames:
        exercises = order.exercises if order else ()
        metafunc.parametrize(("phase", "operation"), exercises, ids=["-".join(one) for one in exercises])


@pytest.fixture(scope="session")
def pieces(request: pytest.FixtureRequest) -> Iterator[Pieces]:
    """The run, as far as the tests that are selected need it."""
    from contract_tests.piecewise import Pieces, Subject

    if ORDER not in request.config.stash:
        sample = '--gridmock-check="ev-energy --url http://127.0.0.1:8080/ev-energy/v2"'
        pytest.fail(f"say what to check, in the words of gridmock check: {sample}", pytrace=False)
    config = request.config
    ours = [item for item in request.session.items if getattr(item, "function", None) in (test_law, test_operation)]
    chosen: list[Mapping[str, Any]] = [item.callspec.params for item in ours if isinstance(item, pytest.Function)]
    # Where there is nothing to play, pytest has one test, to be skipped, with values that are none.
    subjects = [params["subject"] for params in chosen if isinstance(params.get("subject"), Subject)]
    exercises = [(params["phase"], params["operation"]) for params in chosen if isinstance(params.get("phase"), str)]
    order = config.stash[ORDER]
    made = Pieces(order.only(subjects, exercises) if subjects or exercises else order)
    config.stash[PIECES] = made
    yield made
    made.close()


def test_law(pieces: Pieces, subject: Subject) -> None:
    """A law holds."""
    _conclude(pieces.law(subject))


def test_operation(pieces: Pieces, phase: str, operation: str) -> None:
    """What an operation answers to the requests of a phase is what the contract says."""
    _conclude(pieces.exercise(phase, operation))


def test_run(pieces: Pieces) -> None:
    """The run reached something, came to its end, and found nothing besides."""
    _conclude(pieces.rest())


def _conclude(outcome: Outcome) -> None:
    if outcome.wrong:
        pytest.fail("\n\n".join((*outcome.wrong, *outcome.excused)), pytrace=False)
    if outcome.excused:
        pytest.xfail("\n\n".join(outcome.excused))
    if outcome.untested:
        pytest.skip(outcome.untested)
