"""One request and its answer, and how both are shown: as a curl line to paste, and in a few words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from contract_tests.credentials import Credentials

# What the HTTP client adds by itself, as curl does, and what only names the test case.
_IMPLIED = frozenset(
    {"accept-encoding", "connection", "content-length", "host", "transfer-encoding", "user-agent"}
    | {"x-schemathesis-testcaseid"}
)
_SNIPPET = 240
_MUCH = 20_000


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request as it was sent for an operation, and the answer; `status` 0 means that none came."""

    operation: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    status: int
    answer_headers: Mapping[str, str]
    answer: bytes
    seconds: float = 0.0
    """From the request to the head of the answer, or 0 where nobody measured."""

    @property
    def path(self) -> str:
        """The path of the URL as sent, percent-encoding included."""
        return urlsplit(self.url).path

    @property
    def query(self) -> str:
        """The query string of the URL as sent."""
        return urlsplit(self.url).query

    @property
    def succeeded(self) -> bool:
        """Whether the operation did what it is for: its own method, and an answer below 400."""
        return 0 < self.status < 400 and self.operation.startswith(f"{self.method} ")

    def json(self) -> Any:
        """The answer's body as JSON, or None if it is none."""
        try:
            return json.loads(self.answer)
        except ValueError:
            return None

    def outcome(self, credentials: Credentials) -> str:
        """The answer in one line: status, media type, the first characters of the body."""
        if not self.status:
            return "no answer"
        media_type = self.answer_headers.get("content-type", "no content type") if self.answer else "no body"
        text = self.answer[:_MUCH].decode("utf-8", "replace")
        return shown(f"{self.status} {media_type}: {text}".removesuffix(": "), credentials)

    def curl(self, credentials: Credentials) -> str:
        """The shortest curl command that sends this request, with secrets as shell variables."""
        words = ["curl", "-I" if self.method == "HEAD" else "-i"]
        if self.method not in ("HEAD", "GET" if self.body is None else "POST"):
            words += ["-X", self.method]
        # curl would resolve dot segments and expand brackets, which these requests are about.
        if re.search(r"/\.{1,2}(?:/|$)", self.path):
            words.append("--path-as-is")
        if re.search(r"[\[\]{}]", self.url):
            words.append("-g")
        for name, value in self.headers.items():
            if name.lower() not in _IMPLIED and (name.lower(), value) != ("accept", "*/*"):
                words += ["-H", credentials.shell_header(name, value)]
        if self.body is not None:
            if "content-type" not in {name.lower() for name in self.headers}:
                words += ["-H", "Content-Type:"]  # curl would say that it is a form
            # Bytes that are no UTF-8 survive in surrogates.
            words += ["--data-raw", credentials.shell_word(self.body.decode("utf-8", "surrogateescape"))]
        words.append(credentials.shell_word(self.url))
        return " ".join(words)


def shown(text: str, credentials: Credentials) -> str:
    """The beginning of a text on one line, without secrets and without characters that could do a terminal harm."""
    # Masked before it is cut: half a secret would be recognised by nobody but the one who should not see it.
    text = re.sub(r"\s+", " ", credentials.mask(text)).strip()
    text = "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)
    return text if len(text) <= _SNIPPET else f"{text[:_SNIPPET]}…"
