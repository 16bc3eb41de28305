"""`gridmock serve --break` as a user sees it."""

from __future__ import annotations

import json

import pytest

from mockserver.defects import catalogue
from tests.mockserver.commands.server import Server, gridmock


def test_a_broken_server_says_so_and_is_broken() -> None:
    with Server("--break", "listed-twice@get-suppliers", "--at", "2026-03-18", GRIDMOCK_SERVE_SPEED="0") as server:
        says = catalogue()["listed-twice"].says
        assert f"Broken on purpose:\n  listed-twice@get-suppliers: {says}\n" in server.banner
        headers = {"authorization": f"Bearer {server.tokens[0]}"}
        status, _, body = server.call("GET", "/ev-energy/v2/suppliers?page_size=2", headers=headers)
        assert (status, len(json.loads(body))) == (200, 3)
        head = server.call("HEAD", "/ev-energy/v2/suppliers?page_size=2", headers=headers)
        assert (head[0], head[2]) == (200, b"")
        assert len(json.loads(server.tariffs()[2])) == 1
        assert server.call("GET", "/_mock/health")[0] == 200


def test_defects_may_come_from_the_environment() -> None:
    done = gridmock("serve", "--port", "0", GRIDMOCK_SERVE_BREAK="listed-twice no-such-thing")
    assert done.returncode == 2
    assert "there is no defect 'no-such-thing'" in done.stderr


@pytest.mark.parametrize("api", ["", "ev-energy"])
def test_all_defects_are_listed(api: str) -> None:
    done = gridmock("serve", "--break", "?", *(["--api", api] if api else []))
    assert (done.returncode, done.stderr) == (0, "")
    for name, defect in catalogue().items():
        assert f"\n{name}  (" in f"\n{done.stdout}"
        assert f"\n    {defect.says}\n" in done.stdout
    assert ("stekker-bess" in done.stdout) is (api == "")


def test_what_can_show_nowhere_is_refused() -> None:
    done = gridmock("serve", "--port", "0", "--api", "ev-energy", "--break", "pushes-lost")
    assert done.returncode == 2
    assert "gridmock: --break: pushes-lost can show at no operation that is served (ev-energy" in done.stderr
    assert "Traceback" not in done.stderr
