"""What no answer may give away: how the server works inside, and what only we and it should know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from contract_tests.contract import Contract
from contract_tests.credentials import Credentials
from contract_tests.exchange import Exchange
from contract_tests.laws.law import Breach
from contract_tests.laws.observed.observer import Observer, observed

_MUCH = 200_000
# Each is something that only a machine writes.
_INTERNALS = {
    "a Python traceback": r"Traceback \(most recent call last\)",
    "a Java stack trace": r"\bat [\w.$/<>]+\((?:\w+\.(?:java|kt|scala|groovy):\d+|Native Method|Unknown Source)\)",
    "a Java exception": r"\b(?:java|javax|jakarta|kotlin|org\.springframework|org\.hibernate)\.[\w.$]*[A-Z]\w*"
    r"(?:Exception|Error)\b",
    "a .NET stack trace": r"\bat [\w.`<>\[\],]+\([^()]*\) in \S+\.(?:cs|fs|vb):line \d+",
    "a .NET exception": r"\bSystem\.(?:\w+\.)*\w+Exception\b",
    "a JavaScript stack trace": r"\bat (?:[\w.<>\[\] ]+ )?\(?(?:file://|/|[A-Z]:\\|node:)[^\s()]+:\d+:\d+\)?",
    "a Ruby stack trace": r"[\w./-]+\.rb:\d+:in [`'\"]",
    "a Go stack trace": r"\bgoroutine \d+ \[[a-z ,0-9]+\]:",
    "a Rust panic": r"thread '[^']+' (?:\(\d+\) )?panicked at ",
    "a PHP error": r"(?:Fatal error|Parse error|Warning|Notice|Deprecated)(?:</b>)?: .{1,300}? in (?:<b>)?\S+\.php"
    r"(?:</b>)? on line (?:<b>)?\d+",
    "a PHP stack trace": r"#\d+ \S+\.php\(\d+\): ",
    "an SQL error": r"\bSQLSTATE\[|\bORA-\d{5}: |You have an error in your SQL syntax"
    r"|\b(?:psycopg2?|asyncpg|sqlite3|sqlalchemy|pymysql)\.(?:\w+\.)*\w*Error\b|\bPG::\w+|\bSQLITE_(?:ERROR|CONSTRAINT)\b",
}
_INTERNAL = re.compile("|".join(f"(?P<i{n}>{pattern})" for n, pattern in enumerate(_INTERNALS.values())))
# Members and headers whose business it is to tell a secret.
_TELLS = re.compile(r"token|key|secret|password|credential|cookie", re.IGNORECASE)


class NoInternalsAreShown(Observer):
    """An error shows nothing of the inside of the server."""

    def see(self, exchange: Exchange) -> Iterator[Breach]:
        """An error that shows it, or what was to be JSON or a page and became something else.

        A success may be about stack traces: a log, for instance.
        """
        media_type = exchange.answer_headers.get("content-type", "").lower()
        spoilt = ("json" in media_type and exchange.json() is None) or "html" in media_type
        if not exchange.answer or not (exchange.status >= 400 or spoilt):
            return
        text = exchange.answer[:_MUCH].decode("utf-8", "replace")
        if (found := _INTERNAL.search(text)) and found[0].encode() not in (exchange.body or b""):
            what = [*_INTERNALS][int(str(found.lastgroup)[1:])]
            yield Breach(exchange, "tells a client what he did wrong, and nothing of the server", f"{what}: {found[0]}")


class NoSecretIsEchoed(Observer):
    """No answer repeats the credentials of its caller."""

    def __init__(self, contract: Contract, credentials: Credentials) -> None:
        super().__init__(contract, credentials)
        secrets = "|".join(map(re.escape, sorted(credentials.recognisable, key=len, reverse=True)))
        self._secret = re.compile(secrets) if secrets else None

    def see(self, exchange: Exchange) -> Iterator[Breach]:
        """An answer with a secret in it, unless the request was about it or the member is there to tell it."""
        if self._secret is None or not exchange.status:
            return
        asked = exchange.url + (exchange.body or b"").decode("utf-8", "replace")
        for name, text in self._told(exchange):
            found = self._secret.search(text)
            if found and found[0] not in asked:
                says = "no answer repeats a token, a key or a password that came with the request"
                yield Breach(exchange, says, f"{name} has it")
                return

    def _told(self, exchange: Exchange) -> Iterator[tuple[str, str]]:
        """Places in an answer, and their texts, but those of a success that tells a secret on purpose."""
        for name, text in exchange.answer_headers.items():
            if not _TELLS.search(name):
                yield f"the header {name}", text
        text = exchange.answer.decode("utf-8", "replace")
        if self._secret and not self._secret.search(text):
            return
        value = exchange.json()
        if exchange.status >= 400 or not isinstance(value, dict | list):
            yield "the body", text
        else:
            yield from _texts(value, "")


def _texts(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield f"#{pointer}", value
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{pointer}/{index}")
    elif isinstance(value, dict):
        for name, inner in value.items():
            if not _TELLS.search(name):
                yield from _texts(inner, f"{pointer}/{name}")


LAWS = (
    observed("protocol", "major", NoInternalsAreShown),
    observed("protocol", "critical", NoSecretIsEchoed),
)
