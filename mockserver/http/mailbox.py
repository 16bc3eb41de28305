"""E-mails that the mock would send: caught, so that a test or a person can read the tokens that stand in them alone.

They are documents of the store, so an e-mail is sent with what caused it or not at all, and travels with the state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypedDict

from mockserver import ids
from mockserver.clock import timestamp
from mockserver.store import Store
from mockserver.store.counter import next_number


class Mail(TypedDict):
    """An e-mail to be sent; `token` is the secret that stands in its text, `link` where a person would follow it."""

    to: str
    subject: str
    text: str
    token: str
    link: str


class Message(Mail):
    """An e-mail that was sent, at an instant as it goes over the wire."""

    message_id: str
    sent_at: str


class Mailbox:
    """All e-mails, whoever they are to."""

    def __init__(
        self, store: Store, seed: Callable[[], int], ready: Callable[[], Iterable[tuple[datetime, Mail]]]
    ) -> None:
        """`ready` gives what was sent before anybody called, as of now."""
        self._store = store
        self._seed = seed
        self._ready = ready

    async def send(self, at: datetime, mail: Mail) -> None:
        """Send at an aware instant; inside a transaction it happens with the rest of it, or not at all."""
        number = await next_number(self._store, "mailbox")
        await self._store.put("mailbox", f"{number:012d}", dict(self._sent(at, mail, number)))

    async def messages(self) -> list[Message]:
        """What was sent, newest first."""
        sent: list[Message] = [self._sent(at, mail, mail["to"]) for at, mail in self._ready()]
        sent += [Message(**document.value) for document in await self._store.list("mailbox")]  # type: ignore[typeddict-item]
        return sorted(sent, key=lambda message: datetime.fromisoformat(message["sent_at"]))[::-1]

    def _sent(self, at: datetime, mail: Mail, name: int | str) -> Message:
        message_id = ids.prefixed("mail_", self._seed(), timestamp(at), name)
        return Message(message_id=message_id, sent_at=timestamp(at), **mail)
