"""A seeded generator of requests that no client should send, for APIs of each way to word a refusal."""

from __future__ import annotations

import base64
import json
import random
import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from specs.build import follow
from specs.operation import Parameter, Spec

SEED = 20260318
MAX_BODY = 65_536
"""`--max-body` of the server under test, so that bodies over the limit are cheap to send."""

V2, OAUTH, CONTROL = "/ev-energy/v2", "/ev-energy/o", "/_mock"
DYNAMO, OCPI = "/dynamo/api/v1", "/dynamo/ocpi"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

PROBLEM = "problem"
"""`application/problem+json` with status, title and detail: ev.energy, the control plane, and what is not HTTP."""
OAUTH_ERROR = "oauth"
"""RFC 6749 section 5.2."""
DYNAMO_ERROR, OCPI_ERROR = "dynamo", "ocpi"
"""`{"error": {...}}`, and the envelope of OCPI 2.2.1 without data."""


@dataclass(frozen=True)
class Case:
    """One malformed request, sent in one part after the other, and what may come back."""

    name: str
    parts: tuple[bytes, ...]
    style: str = PROBLEM
    statuses: frozenset[int] = frozenset({400})


@dataclass(frozen=True)
class Target:
    """An operation that is called well but for the one thing under test."""

    method: str
    path: str
    style: str
    headers: Mapping[str, str]
    body: bytes = b""
    refusal: frozenset[int] = frozenset({400})
    """Statuses of values that it does not take."""

    def bytes(
        self,
        *,
        method: str | None = None,
        path: str | None = None,
        version: str = "HTTP/1.1",
        headers: Mapping[str, str | bytes | None] | None = None,
        extra: bytes = b"",
        body: bytes | None = None,
        length: bool = True,
    ) -> bytes:
        """The request with parts of it replaced; a header of None is left out, `extra` is added as it is."""
        body = self.body if body is None else body
        merged: dict[str, str | bytes | None] = {"host": "127.0.0.1", **self.headers}
        if length and (body or self.method != "GET"):
            merged["content-length"] = str(len(body))
        merged |= headers or {}
        lines = [f"{method or self.method} {path or self.path} {version}".encode("latin-1")]
        for name, value in merged.items():
            if value is not None:
                lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode("latin-1")))
        return b"\r\n".join(lines) + b"\r\n" + extra + b"\r\n" + body


class Generator:
    """Malformed requests, endlessly, the same for the same seed."""

    def __init__(self, token: str, secret: str, partner_token: str, specs: Mapping[str, Spec]) -> None:
        self.random = random.Random(SEED)
        self.specs = specs
        bearer = {"authorization": f"Bearer {token}"}
        form = {"content-type": FORM}
        in_json = {"content-type": JSON}
        client = f"client_id=ev-energy-full&client_secret={secret}".encode()
        self.reads = [
            Target("GET", f"{V2}/tariffs", PROBLEM, bearer),
            Target("GET", f"{V2}/", PROBLEM, {}),
            Target("GET", f"{CONTROL}/clock", PROBLEM, {}),
            Target("GET", f"{CONTROL}/journal/calls", PROBLEM, {}),
        ]
        self.forms = [
            Target("POST", f"{OAUTH}/token/", OAUTH_ERROR, form, client + b"&grant_type=client_credentials"),
            Target("POST", f"{OAUTH}/revoke_token/", OAUTH_ERROR, form, client + b"&token=x"),
        ]
        self.jsons = [
            Target("PUT", f"{CONTROL}/clock", PROBLEM, in_json, b'{"speed": 0}'),
            Target("PUT", f"{CONTROL}/seed", PROBLEM, in_json, b'{"seed": 1}'),
            Target("POST", f"{CONTROL}/faults", PROBLEM, in_json, b'{"match": {}, "action": {"delay_ms": 1}}'),
            Target("POST", f"{CONTROL}/applications", PROBLEM, in_json, b'{"redirect_uris": [], "name": "x"}'),
            Target("POST", f"{CONTROL}/clock/advance", PROBLEM, in_json, b'{"duration_s": 0}'),
            # These are refused as they are: no e-mail had the token, and no version is named.
            Target(
                "POST",
                f"{DYNAMO}/installer/reset-password",
                DYNAMO_ERROR,
                in_json,
                b'{"token": "x", "new_password": "Aardlek-30mA"}',
                frozenset({400, 422}),
            ),
            Target(
                "PUT",
                f"{OCPI}/cpo/2.2.1/credentials",
                OCPI_ERROR,
                in_json | {"authorization": f"Token {partner_token}"},
                b'{"token": "x", "roles": []}',
            ),
        ]

    def cases(self, count: int) -> Iterator[Case]:
        """`count` cases, of every family about as many."""
        families: Sequence[Callable[[], Case]] = (
            self.broken_json, self.ill_formed_json, self.wrong_json, self.odd_encoding, self.broken_form,
            self.wrong_form,
            self.wrong_media_type, self.too_large, self.bad_framing, self.bad_header, self.many_headers, self.bad_host,
            self.bad_target, self.bad_escape, self.not_http, self.unknown_method, self.wrong_method, self.bad_query,
            self.ill_typed_parameter, self.ill_typed_parameter, self.ill_typed_parameter, self.bad_credentials,
            self.not_acceptable, self.expecting, self.other_versions, self.unknown_path, self.docs,
        )  # fmt: skip
        for number in range(count):
            yield families[number % len(families)]()

    def pick(self, *groups: Sequence[Target]) -> Target:
        """Any operation of these groups."""
        return self.random.choice([target for group in groups for target in group])

    def text(self, size: int, letters: str = string.ascii_letters + string.digits) -> str:
        """Any text of that length."""
        return "".join(self.random.choices(letters, k=size))

    # --- bodies

    def broken_json(self) -> Case:
        """Cut off, or with a character too many."""
        target = self.pick(self.jsons)
        cut = target.body[: self.random.randrange(1, len(target.body))]
        body = self.random.choice(
            [cut, target.body + b"}", target.body + target.body, b"," + target.body, target.body.replace(b":", b"="),
             target.body.replace(b'"', b"'"), b"\xef\xbb\xbf" + target.body, target.body + b"\x00", b"\x00", b"{,}",
             b"// x\n" + target.body, target.body[:-1] + b",}"]
        )  # fmt: skip
        return Case("broken JSON", (target.bytes(body=body),), target.style)

    def ill_formed_json(self) -> Case:
        """What some parsers let pass: NaN, lone surrogates, depth, numbers beyond all bounds."""
        target = self.pick(self.jsons)
        depth = self.random.choice([200, 1_100, 10_000])
        value = self.random.choice(
            [b"NaN", b"Infinity", b"-Infinity", b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\u12"', b'"\\x41"', b"01",
             b"+1", b".5",
             b"1e400", b"-1e400", b"9" * 400, b"0x10", b"True", b"undefined", b'"a\nb"', b'"a\x00b"',
             b"[" * depth + b"]" * depth, b"[" * depth, b'{"a":' * depth + b"1" + b"}" * depth]
        )  # fmt: skip
        body = re.sub(rb"(?<=: )[^ ,{}]+(?=\}+$)", lambda _: value, target.body)
        return Case("ill-formed JSON", (target.bytes(body=body),), target.style, target.refusal)

    def wrong_json(self) -> Case:
        """Well-formed, but not what the contract asks for; of duplicate keys the wrong one wins."""
        target = self.pick(self.jsons)
        name = re.search(rb'"(\w+)"', target.body)[1]
        body = self.random.choice(
            [b"[]", b"{}", b"null", b"1", b'"x"', b"true", target.body[:-1] + b', "unknown": 1}',
             b'{"%b": null}' % name, b'{"%b": {"a": 1}}' % name, b'{"%b": [[]]}' % name,
             target.body[:-1] + b', "%b": [1]}' % name,
             b'{"' + self.text(self.random.choice([1, 300, 30_000])).encode() + b'": 1}',
             b'{"%b": %b}' % (name, json.dumps({self.text(5): self.text(5) for _ in range(500)}).encode())]
        )  # fmt: skip
        return Case("wrong JSON", (target.bytes(body=body),), target.style, target.refusal)

    def odd_encoding(self) -> Case:
        """Bytes that are not UTF-8, or that say they are something else."""
        target = self.pick(self.jsons, self.forms)
        junk = bytes(self.random.randrange(128, 192) for _ in range(20))
        text = target.body.decode()
        body = self.random.choice(
            [junk, target.body + b"\xff", b"\xc0\x80" + target.body, b"\xed\xa0\x80", text.encode("utf-16"),
             text.encode("utf-32"), text.encode("utf-16-le"), b"\xf4\x90\x80\x80" + target.body,
             b"\x1f\x8b\x08\x00" + junk]
        )  # fmt: skip
        return Case("odd encoding", (target.bytes(body=body),), target.style)

    def broken_form(self) -> Case:
        """Forms that are none, or too many fields, or fields twice."""
        target = self.pick(self.forms)
        body = self.random.choice(
            [target.body + b"&" + target.body, target.body + b"&client_id=x",
             b"&".join(b"f%d=" % i for i in range(1001)),
             b"token=%ff&grant_type=%ff", b"grant_type=client_credentials%", b"token=%zz&grant_type=%zz",
             b"\xc3\xa9=1&" + target.body, b"{}", b"=" * 100, b"&" * 100, b"%00=%00", b" ", b""]
        )  # fmt: skip
        return Case("broken form", (target.bytes(body=body),), target.style, frozenset({400, 401}))

    def wrong_form(self) -> Case:
        """Readable forms that ask for what cannot be."""
        token, revoke = self.forms
        target, body = self.random.choice(
            [(token, b"grant_type=password"), (token, b"grant_type="), (token, token.body + b"&scope=nope"),
             (token, b"grant_type=authorization_code&code=x&client_id=ev-energy-full"),
             (token, b"grant_type=refresh_token&refresh_token=" + self.text(30).encode()),
             (token, b"grant_type=client_credentials&client_id=ev-energy-full&client_secret=" + self.text(20).encode()),
             (token, b"grant_type=client_credentials&client_secret=x"), (revoke, b"token=x"),
             (token, token.body.replace(b"client_credentials", self.text(20_000).encode())),
             (revoke, b"client_id=ev-energy-full&client_secret=x&token=x"), (revoke, b"client_id=ev-energy-full"),
             (token, token.body + b"&scope=%00"), (token,
             b"client_id=%F0%9F%94%8C&client_secret=%F0%9F%94%8C&grant_type=x")]
        )  # fmt: skip
        return Case("wrong form", (target.bytes(body=body),), target.style, frozenset({400, 401}))

    def wrong_media_type(self) -> Case:
        """A body that says it is something else."""
        target = self.pick(self.jsons, self.forms)
        other = FORM if target.headers["content-type"] == JSON else JSON
        value = self.random.choice(
            [None, "", other, "text/plain", "application/xml", "multipart/form-data; boundary=x", "application/*",
             "*/*",
             "application", "application/json/x", ";", "application/jsonp",
             f"{target.headers['content-type']}; charset=utf-16",
             f"{target.headers['content-type']}; charset=latin-1", f"{target.headers['content-type']}; charset=nope",
             "a" * 5_000, b"application/\xff", b"\xe2\x80\x8bapplication/json", f"{target.headers['content-type']}x"]
        )  # fmt: skip
        return Case(
            "wrong media type", (target.bytes(headers={"content-type": value}),), target.style, frozenset({400, 415})
        )

    def too_large(self) -> Case:
        """Over the limit: announced and sent, announced only, in chunks, and where no body is taken."""
        target = self.pick(self.jsons, self.forms)
        size = MAX_BODY + self.random.choice([1, 10_000, 200_000])
        kind = self.random.randrange(5)
        statuses = frozenset({413})
        if kind == 0:
            return Case("too large", (target.bytes(body=b" " * size),), target.style, statuses)
        if kind == 1:
            announced = {"content-length": str(self.random.choice([MAX_BODY + 1, 10**9, 2**63, 2**64 - 1]))}
            return Case("too large, announced", (target.bytes(headers=announced, body=b""),), target.style, statuses)
        if kind == 2:
            read = self.pick(self.reads)
            announced = {"content-length": str(size)}
            return Case("too large for GET", (read.bytes(headers=announced) + b" " * size,), read.style, statuses)
        if kind == 3:
            parts = (target.bytes(headers={"content-length": str(size)}, body=b" " * 1000), b" " * (size - 1000))
            return Case("too large, in parts", parts, target.style, statuses)
        chunk = b"%x\r\n%b\r\n" % (8_000, b" " * 8_000)
        chunks = chunk * (size // 8_000 + 1) + b"0\r\n\r\n"
        head = target.bytes(headers={"transfer-encoding": "chunked"}, body=b"", length=False)
        return Case("too large, chunked", (head + chunks,), target.style, statuses)

    # --- framing and headers

    def bad_framing(self) -> Case:
        """Lengths that are none, or two, and chunks that are not chunks: nobody knows where the next request begins."""
        target = self.pick(self.jsons, self.forms)
        chunked = {"transfer-encoding": "chunked"}
        whole = partial(target.bytes, length=False)
        raw = self.random.choice(
            [whole(headers={"content-length": value}) for value in
             ("-1", "+5", "x", "1,2", "5, 6", "0x10", "1.5", "9" * 30, "5 5", "\x0b5", "1e3")]
            + [whole(headers=chunked | {"content-length": "5"}, body=b"0\r\n\r\n"),
               whole(headers={"content-length": "5"}, extra=b"content-length: 6\r\n"),
               whole(headers={"content-length": "5"}, extra=b"transfer-encoding: chunked\r\n", body=b"0\r\n\r\n"),
               whole(headers={"transfer-encoding": "gzip"}, body=b"x"),
               whole(headers={"transfer-encoding": "chunked, gzip"}, body=b"x"),
               whole(headers={"transfer-encoding": "xchunked"}, body=b"0\r\n\r\n")]
            + [whole(headers=chunked, body=body) for body in
               (b"zz\r\nab\r\n0\r\n\r\n", b"-1\r\n\r\n", b"2\r\nabcdef\r\n0\r\n\r\n", b"g\r\n", b"\r\n\r\n",
                b"fffffffffffffffff\r\n", b"2\rab\r\n0\r\n\r\n", b"2\nab\n0\n\n", b"0\r\nx y: z\r\n\r\n",
                b"1;\x00\r\na\r\n")]
        )  # fmt: skip
        return Case("bad framing", (raw,))

    def bad_header(self) -> Case:
        """Header lines that are none, and headers that may be given once only."""
        target = self.pick(self.reads)
        once = self.random.choice([b"host: 127.0.0.1", b"authorization: Bearer x"])
        lines = self.random.choice(
            [b"no colon\r\n", b": no name\r\n", b"a b: c\r\n", b"a : b\r\n", b"a\x00: b\r\n", b"a: b\x00c\r\n",
             b"a: \x01\r\n",
             b"a: b\r\n folded\r\n", b"a\xff: b\r\n", b"a(b): c\r\n", b"a: b\rc: d\r\n", b"a: \x7f\r\n", b"\r x: y\r\n",
             b"@: x\r\n", b'"a": x\r\n', b"a: b\n", b"[]: x\r\n"]
        )  # fmt: skip
        if self.random.random() < 0.2:
            # Sent beside the good one, it is told in the dialect of the API.
            return Case("header twice", (target.bytes(headers={"authorization": "Bearer y"}, extra=once + b"\r\n"),))
        return Case("bad header", (target.bytes(extra=lines),))

    def many_headers(self) -> Case:
        """More than 64 KiB of headers."""
        target = self.pick(self.reads, self.forms)
        extra = self.random.choice(
            [b"x-a: b\r\n" * 20_000, b"x-a: " + b"a" * 70_000 + b"\r\n", b"a" * 70_000 + b": x\r\n",
             b"cookie: " + b"a=b; " * 14_000 + b"\r\n", b"".join(b"x-%d: y\r\n" % i for i in range(14_000)),
             b"accept: " + b"text/html, " * 7_000 + b"\r\n"]
        )  # fmt: skip
        return Case("many headers", (target.bytes(extra=extra),), target.style, frozenset({400, 431}))

    def bad_host(self) -> Case:
        """A Host that is none, or no Host at all (RFC 9112 section 3.2: 400)."""
        target = self.pick(self.reads, self.jsons, self.forms)
        host = self.random.choice(
            [None, None, "", "a b", "a/b", "a@b", "a:b", "a:123456", "a:-1", "a,b", "a..b", ".", "..", "[", "[]", "[x]",
             "[::1", "[:::]", "[1.2]", "[.]", "[::g]", "::1", "a:1:2", b"\xff", b"\xc3\xa9.com", "http://a", "a?b",
             "a#b",
             "%61", "<a>", '"a"', "a\\b", "a" * 300 + " "]
        )  # fmt: skip
        statuses = {400, 403} if target.path.startswith(CONTROL) else {400}
        return Case(f"bad host {host!r}", (target.bytes(headers={"host": host}),), target.style, frozenset(statuses))

    # --- targets

    def bad_target(self) -> Case:
        """Request targets outside what HTTP allows, or longer than anybody needs."""
        target = self.pick(self.reads)
        size = self.random.choice([5_000, 40_000, 70_000, 300_000])
        path = self.random.choice(
            ["", "tariffs", "?", "http://", "http:///", "//", "*", "http://127.0.0.1", "http://[::1", "ftp:x",
             f"{target.path}/\x01", f"{target.path} x", f"{target.path}\x7f", f"{target.path}/\xe9",
             f"{target.path}?\xe9=\xff",
             f"{target.path}\t", f"{V2}/tariffs/{self.text(size)}", f"{target.path}?a={self.text(size)}",
             f"{V2}{'/a' * (size // 2)}", f"{target.path}?{'&' * size}x=1", f"{target.path}?x=<>\"`\x00"]
        )  # fmt: skip
        return Case(
            f"bad target {path[:30]!r}", (target.bytes(path=path or " "),), statuses=frozenset({400, 401, 404, 414})
        )

    def bad_escape(self) -> Case:
        """Percent signs that escape nothing, and escapes of what is not UTF-8 or not allowed."""
        escape = self.random.choice(["%", "%f", "%zz", "%%", "%ff", "%c3%28", "%ed%a0%80", "%u0041", "%C0%AF", "%0"])
        place = self.random.choice(
            [f"{V2}/tariffs/{{}}", f"{V2}/suppliers/a{{}}", f"{CONTROL}/applications/{{}}", f"{CONTROL}/journal/{{}}",
             f"{V2}/{{}}",
             f"{V2}/tariffs?supplier_id={{}}", f"{V2}/tariffs?{{}}=1", f"{CONTROL}/journal?api={{}}", f"{CONTROL}/{{}}",
             f"{CONTROL}/journal/calls?client_id=a{{}}&api=b", "/{}"]
        )  # fmt: skip
        target = self.reads[0] if place.startswith(V2) else self.reads[2]
        return Case(f"bad escape {place}", (target.bytes(path=place.format(escape)),), statuses=frozenset({400, 404}))

    def unknown_path(self) -> Case:
        """Paths that nobody serves, with tricks that file servers fall for."""
        target = self.pick(self.reads)
        below = self.random.choice(
            ["/nope", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/tariffs//", "//tariffs",
             "/tariffs/x/prices/y", "/.git",
             "/tariffs;a=b", "/TARIFFS", "/tariffs%2F", "/tariffs%00", "/tariffs/%20", "/" + self.text(50),
             "/openapi.yaml",
             "/docs.html", "/%F0%9F%94%8C", "/~", "/tariffs/*", "/token", "/{tariff_id}", "/clock/clock"]
        )  # fmt: skip
        base, style = self.random.choice(
            [(V2, PROBLEM), (OAUTH, OAUTH_ERROR), (DYNAMO, DYNAMO_ERROR), (OCPI, OCPI_ERROR), (CONTROL, PROBLEM),
             ("/x", PROBLEM)]
        )  # fmt: skip
        if base == OAUTH and below == "/token":
            below += "s"
        return Case(f"unknown path {base}{below}", (target.bytes(path=base + below),), style, frozenset({401, 404}))

    def docs(self) -> Case:
        """Below the documentation there are files, and the same tricks are tried there."""
        base = self.random.choice([V2, OAUTH, CONTROL])
        below = self.random.choice(
            [
                "nope.js",
                "%00",
                "..",
                "../..",
                "%2e%2e/%2e%2e/etc/passwd",
                "%ff",
                self.text(300),
                "a/b/c",
                "index.html/x",
            ]
        )
        style = OAUTH_ERROR if base == OAUTH else PROBLEM
        return Case(
            f"docs {below[:20]}", (self.reads[0].bytes(path=f"{base}/docs/{below}"),), style, frozenset({400, 404})
        )

    # --- not HTTP, other methods, other versions

    def not_http(self) -> Case:
        """Bytes of other protocols."""
        junk = bytes(self.random.randrange(256) for _ in range(200))
        raw = self.random.choice(
            [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + junk, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
             b"\x00" * 50 + junk,
             b"SSH-2.0-OpenSSH_9.6\r\n", b"HELO mail.example\r\n", b"*1\r\n$4\r\nPING\r\n", b"\x80" + junk,
             b"HTTP/1.1 200 OK\r\n\r\n",
             b"get / http/1.1\r\n\r\n", b"{}\r\n\r\n", b"GET\r\n\r\n", b" GET / HTTP/1.1\r\n\r\n",

             b"GET / HTTP/1.1 x\r\n\r\n", b"\xff\xfe" + "GET / HTTP/1.1\r\n\r\n".encode("utf-16-le"), b"\x7fELF" + junk]
        )  # fmt: skip
        return Case("not HTTP", (raw,))

    def unknown_method(self) -> Case:
        """Methods that HTTP does not know, or that are none."""
        target = self.pick(self.reads, self.forms)
        method = self.random.choice(
            ["FOO", "get", "Get", "GETT", "G", "G\x00T", "GET,POST", "GÉT", "X" * 5_000, "1", "BREW"]
        )
        return Case(f"unknown method {method[:8]}", (target.bytes(method=method),), PROBLEM, frozenset({400, 405, 501}))

    def wrong_method(self) -> Case:
        """Methods that exist, but not here: 405."""
        target = self.pick(self.reads, self.forms, self.jsons)
        there = {"DELETE"} if target.path.endswith("/faults") else set()
        methods = {
            "DELETE",
            "PATCH",
            "OPTIONS",
            "TRACE",
            "PROPFIND",
            "LOCK",
            "M-SEARCH",
            "PURGE",
            "LINK",
            "QUERY",
        } - there
        method = self.random.choice(sorted(methods))
        return Case(f"wrong method {method}", (target.bytes(method=method),), target.style, frozenset({405}))

    def other_versions(self) -> Case:
        """Versions that are not HTTP/1, and HTTP/1.0 without a Host, which is no reason for a 500."""
        target = self.pick(self.reads)
        if self.random.random() < 0.3:
            raw = target.bytes(version="HTTP/1.0", path=f"{target.path}?nope=1", headers={"host": None})
            return Case("HTTP/1.0 without Host", (raw,))
        version = self.random.choice(
            ["HTTP/9.9", "HTTP/3.0", "HTTP/1", "HTTP/x.y", "HTTPS/1.1", "http/1.1", "HTTP/1.1x", "1.1"]
        )
        return Case(f"version {version}", (target.bytes(version=version),), statuses=frozenset({400, 505}))

    def expecting(self) -> Case:
        """`Expect: 100-continue` before a body that will not do: the refusal comes at once or after the 100."""
        target = self.pick(self.jsons, self.forms)
        if self.random.random() < 0.5:
            head = target.bytes(headers={"expect": "100-continue", "content-length": str(MAX_BODY + 1)}, body=b"")
            return Case("expecting, too large", (head,), target.style, frozenset({413, 417}))
        head = target.bytes(headers={"expect": "100-continue", "content-length": "1"}, body=b"")
        return Case("expecting", (head, b"{"), target.style, frozenset({400, 401}))

    # --- parameters and credentials

    def bad_query(self) -> Case:
        """Thousands of parameters, unknown ones, repeated ones, names in brackets."""
        target = self.reads[0] if self.random.random() < 0.5 else Target("GET", f"{CONTROL}/journal", PROBLEM, {})
        own = "page_size" if target.path.startswith(V2) else "limit"
        query = self.random.choice(
            ["&".join(f"p{i}={i}" for i in range(10_000)), "&".join(f"{own}=1" for _ in range(5_000)),
             f"{own}=1&{own}=1", f"{own}=",
             f"{own}[]=1", f"{own}[0]=1", f"{own}[a][b]=1", f"{own}.x=1", "unknown=1", "=1", "[]=1", "[]",
             "__proto__=1",
             f"{own.upper()}=1", f"%00=1&{own}=1", f"{own}=1;{own}=2", "a" * 30_000, f"{own}=1%26x=1", "$where=1",
             "'=1",
             f"{own}={'1' * 5_000}", f"{own}=1&%F0%9F%94%8C=1"]
        )  # fmt: skip
        return Case(f"bad query {query[:30]}", (target.bytes(path=f"{target.path}?{query}"),))

    def ill_typed_parameter(self) -> Case:
        """A value that is not of the declared type, for any parameter of any operation that has one."""
        spec = self.random.choice([self.specs["ev-energy"], self.specs["control"]])
        base = V2 if spec is self.specs["ev-energy"] else CONTROL
        operation, parameter, value = self.random.choice(
            [(operation, parameter, value) for operation in spec.operations for parameter in operation.parameters
             for value in _ill_typed(parameter, spec.document)]
        )  # fmt: skip
        names = [other.name for other in operation.parameters if other.location == "path" and other is not parameter]
        path = base + operation.path
        for name in names:
            path = path.replace(f"{{{name}}}", "tari01FR9EZ700XT718RSYTF72P480")
        headers: dict[str, str | bytes | None] = dict(self.reads[0].headers) if base == V2 else {}
        statuses = {400} if not names else {400, 404}
        if parameter.location == "path":
            path = path.replace(f"{{{parameter.name}}}", _escaped(value))
            statuses = {404}
        elif parameter.location == "query":
            path += f"?{parameter.name}={_escaped(value)}"
        else:
            headers[parameter.name] = value.encode()
        if operation.request_body:
            headers |= {"content-type": JSON}
        target = Target(operation.method, path, PROBLEM, {}, b"{}" if operation.request_body else b"")
        name = f"ill-typed {operation.operation_id} {parameter.name}={value[:20]!r}"
        return Case(name, (target.bytes(headers=headers),), PROBLEM, frozenset(statuses))

    def bad_credentials(self) -> Case:
        """Credentials that cannot be read, or that nobody has: 401 with a challenge."""
        basic = partial(base64.b64encode)
        value = self.random.choice(
            [b"", b"Basic", b"Basic ", b"Basic =", b"Basic %%%", b"Basic " + basic(b"nocolon"),
             b"Basic " + basic(b"\xff\xfe:\xff"),
             b"Basic " + basic(b"ev-energy-full:wrong"), b"Basic " + basic(b":"), b"Basic " + basic(b"a:b") + b" x",
             b"Bearer", b"Bearer ", b"Bearer \xff\xfe", b"Bearer a b", b"Bearer " + b"a" * 10_000,
             b"Digest username=x", b"\xff",
             b"Basic " + basic(b"a" * 5_000 + b":"), b"Bearer bearer bearer", b"bearer,bearer",
             b"Basic " + basic("é:é".encode())]
        )  # fmt: skip
        if self.random.random() < 0.5:
            target = self.forms[self.random.randrange(2)]
            body = b"grant_type=client_credentials&token=x"
            raw = target.bytes(headers={"authorization": value}, body=body)
            return Case("bad client", (raw,), OAUTH_ERROR, frozenset({400, 401}))
        return Case("bad token", (self.reads[0].bytes(headers={"authorization": value}),), statuses=frozenset({401}))

    def not_acceptable(self) -> Case:
        """An Accept that excludes JSON, readable or not."""
        target = self.pick([self.reads[0], self.reads[2]], self.jsons)
        value = self.random.choice(
            [
                "text/html",
                "image/*",
                "application/json;q=0",
                "*/*;q=0",
                "application/xml, text/*",
                "application/jsonx",
                "text/json",
            ]
        )
        return Case(f"accept {value}", (target.bytes(headers={"accept": value}),), target.style, frozenset({406}))


def _escaped(value: str) -> str:
    return "".join(
        letter if letter.isascii() and letter.isalnum() else "".join(f"%{byte:02X}" for byte in letter.encode())
        for letter in value
    )


def _ill_typed(parameter: Parameter, document: Mapping[str, Any]) -> list[str]:
    """Values that do not fit the schema of a parameter, worked out from its keywords."""
    schema = follow(document, parameter.schema.pointer, parameter.schema.value)[1]
    if schema.get("type") == "array":
        schema = follow(document, "", schema["items"])[1]
    found: list[str] = []
    if schema.get("type") in ("integer", "number"):
        found += ["abc", "", "NaN", "1e999", "0x1", "1 ", "１", "--1", "true", "null", "1,2"]
        found += ["-1", "1.5"] if schema["type"] == "integer" or "enum" in schema else []
        found += ["9" * 40] if "maximum" in schema or "enum" in schema else []
        found += [str(schema["maximum"] + 1)] if "maximum" in schema else []
        found += [str(schema["minimum"] - 1)] if "minimum" in schema else []
    elif schema.get("type") == "boolean":
        found += ["yes", "", "1", "True", "null"]
    elif "enum" in schema:
        found += ["nope", "", str(schema["enum"][0]).upper() + "x", "\x00"]
    elif schema.get("format") == "date-time":
        found += [
            "",
            "now",
            "2026-03-18",
            "2026-02-30T00:00:00Z",
            "2026-03-18T12:00:00",
            "2026-03-18T25:00:00Z",
            "1",
            "2026-W12-3",
        ]
    elif "pattern" in schema:
        candidates = [
            "",
            "nope",
            "\x00",
            "\n",
            "-",
            "é",
            "x" * 3_000,
            "user/../x",
            "USER01HXKJD2EGNB1MNRM0F8Y6MPZZ\n",
            "/\n",
        ]
        found += [value for value in candidates if not re.search(_ecma(schema["pattern"]), value)]
    if schema.get("type") == "string" and parameter.location != "path":
        found += ["x" * (schema["maxLength"] + 1)] if "maxLength" in schema else []
        found += [""] if schema.get("minLength") else []
    if parameter.location == "path":
        found = [value for value in found if value]
    if parameter.location == "header":
        found = [value for value in found if value.isascii() and value.isprintable() and value == value.strip()]
    return found


def _ecma(pattern: str) -> str:
    """A pattern of a contract as Python reads it: `$` is the very end."""
    return pattern.replace("$", r"\Z").replace(r"\\Z", r"\$")
