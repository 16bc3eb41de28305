"""The pytest plugin: the fixture `contract`, and the option that `contract_tests.test_contract` takes its tests from.

pytest imports this module in every run, so it imports little itself.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from contract_tests.piecewise import Order, Pieces
    from contract_tests.traffic.judge import Judge
    from contract_tests.watching import Watch

Watched = Callable[..., "Watch"]
JudgeOf = Callable[[str, "Path | None", str], "Judge"]

ORDER: pytest.StashKey[Order] = pytest.StashKey()
"""What `--gridmock-check` asks for, from the start of the session on."""
PIECES: pytest.StashKey[Pieces] = pytest.StashKey()
"""The run of it, from its first test on."""
_WATCHES: pytest.StashKey[list[Watch]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """See pytest."""
    parser.getgroup("gridmock").addoption(
        "--gridmock-check",
        metavar="WORDS",
        help='with --pyargs contract_tests.test_contract: the words of gridmock check, as in ="--target staging"',
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """See pytest: a target that is not described well or does not answer is told once, before there are tests."""
    config = session.config
    words = config.getoption("gridmock_check")
    if words is None or hasattr(config, "workerinput"):
        return
    if config.getoption("dist", "no") != "no":
        raise pytest.UsageError("--gridmock-check plays one run after the other: leave -n out, or write -n 0")
    from click import ClickException

    from contract_tests.piecewise import ordered

    meanwhile = ExitStack()
    config.add_cleanup(meanwhile.close)
    try:
        config.stash[ORDER] = meanwhile.enter_context(ordered(words))
    except ClickException as error:
        raise pytest.UsageError(f"--gridmock-check: {error.format_message()}") from error


def pytest_report_header(config: pytest.Config) -> list[str]:
    """See pytest."""
    if ORDER not in config.stash:
        return []
    plan = config.stash[ORDER].plan
    return [f"gridmock check: {plan.contract.title} at {plan.url}, mode {plan.conduct.mode}, seed {plan.seed}"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """See pytest: what was exercised, since a test that passes does not say how much it tried."""
    if PIECES in config.stash:
        terminalreporter.section("gridmock check")
        for line in config.stash[PIECES].summary():
            terminalreporter.write_line(line)


@pytest.fixture
def contract(request: pytest.FixtureRequest, contract_judges: JudgeOf) -> Iterator[Watched]:
    """Makes watches that hold every exchange of an HTTP client against a contract.

    `contract("stekker", base_url).requests()` is a session whose exchanges are judged, `.httpx()` and `.httpx_async()`
    are clients; each takes one of your own, too. `spec=` is any OpenAPI file, `late=True` waits until the test is over.
    """
    watches: list[Watch] = request.node.stash.setdefault(_WATCHES, [])

    def watched(
        api: str = "", base_url: str | None = None, *, spec: str | Path | None = None, late: bool = False
    ) -> Watch:
        __tracebackhide__ = True
        from contract_tests.traffic.routes import checked_base_url

        if bool(api) == bool(spec) or base_url is None:
            raise ValueError(
                'say what to watch: contract("stekker", base_url) or contract(spec=FILE, base_url=base_url)'
            )
        url = checked_base_url(base_url)
        judge = contract_judges(api, Path(spec) if spec else None, url)
        from contract_tests.watching import Watch

        watches.append(Watch(judge, url, late=late))
        return watches[-1]

    yield watched
    # Clients may outlive the test, and what they do when fixtures are torn down is judged as well.
    for watch in reversed(watches):
        watch.release()
    _fail_for([text for watch in watches for text in watch.untold()])


@pytest.fixture(scope="session")
def contract_judges() -> JudgeOf:
    """The judge of a contract, by name or file, below a base URL; made once a session, since that takes a while."""
    judges: dict[tuple[str, Path | None, str], Judge] = {}

    def judge_of(api: str, spec: Path | None, base_url: str) -> Judge:
        __tracebackhide__ = True
        from contract_tests.contract import ContractError, from_file, named
        from specs.errors import SpecError

        try:
            from contract_tests.traffic.judge import Judge
        except ImportError as error:
            pytest.fail(f"contract needs openapi-core ({error}): pip install 'gridmock[check]'", pytrace=False)
        key = (api, spec.resolve() if spec else None, base_url)
        if key not in judges:
            try:
                judges[key] = Judge(from_file(spec) if spec else named(api), base_url)
            except (ContractError, SpecError) as error:
                pytest.fail(f"contract: {error}", pytrace=False)
        return judges[key]

    return judge_of


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None]:
    """See pytest: clients are at work in fixtures, too."""
    yield from _told(item, "setup")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """See pytest: a violation fails the test also if the client swallowed it, or if it was to be told late."""
    __tracebackhide__ = True
    yield from _told(item, "call")
    found = []
    for watch in item.stash.get(_WATCHES, []):
        found += watch.untold() + watch.in_vain()
    _fail_for(found)


def _told(item: pytest.Item, when: str) -> Generator[None]:
    """Have a failure say what was wrong besides, which is not told again then."""
    __tracebackhide__ = True
    try:
        yield
    except BaseException as error:
        watches = item.stash.get(_WATCHES, [])
        if rest := [text for watch in watches for text in watch.untold() if text not in str(error)]:
            item.add_report_section(when, "contract", "\n\n".join(rest))
        if watches:
            from contract_tests.watching import ContractViolation

            if isinstance(error, ContractViolation):
                error.end_at_the_call()
        raise


def _fail_for(found: list[str]) -> None:
    if found:
        pytest.fail("\n\n".join(found), pytrace=False)
