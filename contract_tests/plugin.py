"""The pytest plugin: the fixture `contract`. pytest imports this module in every run, so it imports little itself."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from contract_tests.traffic.judge import Judge
    from contract_tests.watching import Watch

Watched = Callable[..., "Watch"]
JudgeOf = Callable[[str, "Path | None", str], "Judge"]

_WATCHES = pytest.StashKey["list[Watch]"]()


@pytest.fixture
def contract(request: pytest.FixtureRequest, contract_judges: JudgeOf) -> Watched:
    """Makes watches that hold every exchange of an HTTP client against a contract.

    `contract("stekker", base_url).requests()` is a session whose exchanges are judged, `.httpx()` and `.httpx_async()`
    are clients; each takes one of your own, too. `spec=` is any OpenAPI file, `late=True` waits until the test is over.
    """

    def watched(
        api: str = "", base_url: str | None = None, *, spec: str | Path | None = None, late: bool = False
    ) -> Watch:
        from contract_tests.traffic.routes import checked_base_url
        from contract_tests.watching import Watch

        if bool(api) == bool(spec) or base_url is None:
            raise ValueError(
                'say what to watch: contract("stekker", base_url) or contract(spec=FILE, base_url=base_url)'
            )
        url = checked_base_url(base_url)
        watch = Watch(contract_judges(api, Path(spec) if spec else None, url), url, late=late)
        request.node.stash.setdefault(_WATCHES, []).append(watch)
        return watch

    return watched


@pytest.fixture(scope="session")
def contract_judges() -> JudgeOf:
    """The judge of a contract, by name or file, below a base URL; made once a session, since that takes a while."""
    judges: dict[tuple[str, Path | None, str], Judge] = {}

    def judge_of(api: str, spec: Path | None, base_url: str) -> Judge:
        from contract_tests.contract import from_file, named
        from contract_tests.traffic.judge import Judge

        key = (api, spec.resolve() if spec else None, base_url)
        if key not in judges:
            judges[key] = Judge(from_file(spec) if spec else named(api), base_url)
        return judges[key]

    return judge_of


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """See pytest: a violation fails the test also if the client swallowed it, or if it was to be told late."""
    __tracebackhide__ = True
    try:
        yield
    except BaseException as error:
        for watch in item.stash.get(_WATCHES, []):
            if untold := [text for text in watch.violations if text not in str(error)]:
                item.add_report_section("call", "contract", "\n\n".join(untold))
        raise
    for watch in item.stash.get(_WATCHES, []):
        watch.conclude()
