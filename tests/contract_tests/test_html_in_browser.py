"""The HTML page in headless Chromium, on a telephone and on a screen; skipped where there is no browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from contract_tests.report import html
from tests.contract_tests.reporting import HOSTILE, full_report

SIZES = {"telephone": (360, 740), "screen": (1280, 800)}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
        found = shutil.which("chromium") or shutil.which("google-chrome") or (own if Path(own).exists() else None)
        if found is None:
            pytest.skip("there is no Chromium: apt-get install chromium, or playwright install chromium")
        # A sandbox needs rights that containers do not give.
        with playwright.chromium.launch(executable_path=found, args=["--no-sandbox"]) as browser:
            yield browser


@dataclass(frozen=True)
class Seen:
    """A page that was opened, and whatever it asked the network for or complained about since then."""

    page: Page
    requests: list[str]
    complaints: list[str]

    def says(self, script: str) -> Any:
        return self.page.evaluate(script)


@pytest.fixture(params=SIZES)
def seen(request: pytest.FixtureRequest, browser: Browser, folder: Path) -> Iterator[Seen]:
    file = folder / "report.html"
    file.write_text(html.render(full_report(40)), "utf-8")
    width, height = SIZES[request.param]
    with browser.new_context(viewport={"width": width, "height": height}, color_scheme="light") as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        seen = Seen(page, [], [])
        page.on("request", lambda sent: seen.requests.append(sent.url))
        page.on("console", lambda message: seen.complaints.append(message.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        page.goto(file.as_uri())
        yield seen


def test_the_page_fits_and_needs_nothing_beside_itself(seen: Seen) -> None:
    overflow = "document.documentElement.scrollWidth - innerWidth"
    assert seen.says(overflow) <= 0
    seen.says("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    assert seen.says(overflow) <= 0
    # Nothing is cut off on its right either: what is too long is wrapped.
    wide = "[...document.querySelectorAll('*')].filter(one => one.getBoundingClientRect().right > innerWidth + 1)"
    assert seen.says(f"{wide}.map(one => one.outerHTML.slice(0, 80))") == []
    assert seen.requests == [seen.page.url]
    assert seen.complaints == []
    assert seen.page.title() == f"41 findings: Desk {HOSTILE}"


def test_a_button_copies_the_command_and_says_so(seen: Seen) -> None:
    button = seen.page.locator("#findings button").first
    command = seen.page.locator("#findings pre").first.text_content()
    button.click()
    seen.page.get_by_text("Copied").wait_for()
    assert seen.says("navigator.clipboard.readText()") == command
    assert seen.complaints == []


def test_it_is_dark_where_people_want_it_dark_and_plain_on_paper(seen: Seen) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = seen.says(ground)
    seen.page.emulate_media(color_scheme="dark")
    dark = seen.says(ground)
    seen.page.emulate_media(media="print")
    assert (light, seen.says(ground)) == ("rgb(255, 255, 255)", "rgb(255, 255, 255)")
    assert dark not in (light, "rgba(0, 0, 0, 0)")
    assert not seen.page.locator("button").first.is_visible()
    seen.says("dispatchEvent(new Event('beforeprint'))")
    assert seen.says("document.querySelectorAll('details:not([open])').length") == 0


def test_a_script_that_got_into_the_page_is_not_run(browser: Browser, folder: Path) -> None:
    page = html.render(full_report(1)).replace("</main>", "<script>document.title = 'taken'</script></main>")
    file = folder / "taken.html"
    file.write_text(page, "utf-8")
    with browser.new_page() as opened:
        complaints: list[str] = []
        opened.on("console", lambda message: complaints.append(message.text))
        opened.goto(file.as_uri())
        assert opened.title() != "taken"
        assert any("Content Security Policy" in complaint for complaint in complaints)
