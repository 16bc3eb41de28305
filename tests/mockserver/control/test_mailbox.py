"""The mailbox of the control plane: newest first, by address, as a page, and gone with what caused an e-mail."""

from __future__ import annotations

from datetime import timedelta

from mockserver.http.mailbox import Mail, Mailbox
from mockserver.settings import Settings
from mockserver.store.memory import MemoryStore
from tests.asgi import Client
from tests.mock import CONTROL, NOON, Mock
from tests.mockserver.loop import in_loop


def mail(to: str, subject: str = "s") -> Mail:
    return Mail(to=to, subject=subject, text="Take t.", token="t", link="https://x.example/t")


@in_loop
async def test_mail_is_newest_first_whether_it_was_there_or_came() -> None:
    ready = [(NOON - timedelta(days=2), mail("old@x.example")), (NOON + timedelta(hours=1), mail("late@x.example"))]
    box = Mailbox(MemoryStore(), lambda: 1, lambda: ready)
    await box.send(NOON, mail("first@x.example"))
    await box.send(NOON, mail("second@x.example"))
    messages = await box.messages()
    assert [each["to"].partition("@")[0] for each in messages] == ["late", "second", "first", "old"]
    assert len({each["message_id"] for each in messages}) == 4


@in_loop
async def test_mail_is_sent_with_what_caused_it_or_not_at_all() -> None:
    store = MemoryStore()
    box = Mailbox(store, lambda: 1, list)
    try:
        async with store.transaction():
            await box.send(NOON, mail("a@x.example"))
            raise RuntimeError
    except RuntimeError:
        pass
    assert await box.messages() == []


def send(mock: Mock, *messages: Mail) -> None:
    async def all_of_them() -> None:
        for message in messages:
            await mock.runtime.mailbox.send(NOON, message)

    in_loop(all_of_them)()


def test_mail_is_listed_by_address_and_up_to_a_limit(mock: Mock, control: Client) -> None:
    from_the_start = control.get(f"{CONTROL}/mailbox").json()
    send(mock, mail("a@x.example", "1"), mail("b@x.example", "2"), mail("A@x.example", "3"))

    def subjects(**query: object) -> list[str]:
        return [each["subject"] for each in control.get(f"{CONTROL}/mailbox", query=query).json()]

    assert subjects() == ["3", "2", "1", *(each["subject"] for each in from_the_start)]
    assert subjects(to="a@X.example") == ["3", "1"]
    assert subjects(limit=1) == ["3"]
    assert control.get(f"{CONTROL}/mailbox", query={"limit": 0}).status == 400
    mock.reset()
    assert control.get(f"{CONTROL}/mailbox").json() == from_the_start


def test_the_page_of_a_mock_that_nobody_wrote_to_says_so() -> None:
    mock = Mock(Settings(at=NOON, speed=0.0, apis=("ev-energy",)))
    assert "Nothing was sent yet" in mock.anonymous.get(f"{CONTROL}/mailbox/page").body.decode()
    mock.close()


def test_the_page_shows_what_was_sent_and_runs_nothing(mock: Mock, control: Client) -> None:
    send(mock, mail("a@x.example", "<script>alert(1)</script>"))
    page = control.get(f"{CONTROL}/mailbox/page", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in page.body.decode()
    assert "&lt;script&gt;alert(1)" in page.body.decode()
