"""Targets from a file and from the environment: what is understood, and what is refused with which words."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import contract_tests
from contract_tests import targets
from contract_tests.targets import ClientCredentials, TargetError
from specs import catalogue

EXAMPLE = Path(contract_tests.__file__).parent / "targets.example.toml"


def write(folder: Path, text: str) -> Path:
    file = folder / "targets.toml"
    file.write_text(text, "utf-8")
    return file


def test_a_target_with_a_token_from_the_environment(folder: Path) -> None:
    file = write(folder, '[local]\napi = "ev-energy"\nurl = "http://127.0.0.1:8000/v2/"\ntoken = "${DESK_TOKEN}"\n')
    target = targets.from_file(file, "local", {"DESK_TOKEN": "s3cret-token"})
    assert (target.url, target.api, target.token) == ("http://127.0.0.1:8000/v2", "ev-energy", "s3cret-token")
    assert target.secrets == {"s3cret-token": "DESK_TOKEN"}
    assert "s3cret-token" not in repr(target)


def test_a_target_with_client_credentials_keeps_the_slash_of_the_token_url(folder: Path) -> None:
    file = write(
        folder,
        '[staging]\nurl = "https://s.example/v2"\nclient_id = "me"\nclient_secret = "${S}"\n'
        'token_url = "https://s.example/o/token/"\nscope = "tariff:read"\n',
    )
    target = targets.from_file(file, "staging", {"S": "whisper"})
    assert target.client == ClientCredentials("me", "whisper", "https://s.example/o/token/", "tariff:read")
    assert target.secrets == {"whisper": "S"}
    assert "whisper" not in repr(target)


def test_headers_are_secret_whether_written_out_or_not(folder: Path) -> None:
    text = '[t]\nurl = "http://h"\nheaders = { "X-Api-Key" = "written-out", "X-Other" = "key ${OTHER}" }\n'
    target = targets.from_file(write(folder, text), "t", {"OTHER": "from-outside"})
    assert target.headers == {"X-Api-Key": "written-out", "X-Other": "key from-outside"}
    assert target.secrets == {"written-out": "X_API_KEY", "from-outside": "OTHER"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[t]\nurl = "http://h"\ntoken = "${NOT_SET}"', r"targets.toml: \[t\] token: .*NOT_SET is not set"),
        ('[t]\nurl = "http://h"\ntokn = "x"', r"targets.toml: \[t\] unknown key 'tokn'"),
        ('[t]\ntoken = "x"', r"targets.toml: \[t\] url is missing"),
        ('[t]\nurl = "http://h"\nclient_id = "x"', r"targets.toml: \[t\] client_secret is missing"),
        ('[t]\nurl = "http://h"\ntoken = 5', r"targets.toml: \[t\] token: text is wanted, not 5"),
        ('[t]\nurl = "http://h"\nheaders = { "X" = 1 }', r"targets.toml: \[t\] headers: write"),
        ('[t]\nurl = "ftp://h"', r"targets.toml: \[t\] url: 'ftp://h' is no URL like"),
        ('[t]\nurl = "http://me:pw@h"', r"no credentials in the URL"),
        (
            '[t]\nurl = "http://h"\ntoken = "x"\nclient_id = "y"\nclient_secret = "z"\ntoken_url = "http://h/o"',
            r"\[t\] has a token and a client_id",
        ),
        ('url = "http://h"', r"url stands outside of a table"),
        ("[other]", r"targets.toml has no target 't'; it has other"),
        ("[t", r"targets.toml is no TOML"),
    ],
)
def test_a_target_that_cannot_be_used_says_why_and_where(folder: Path, text: str, message: str) -> None:
    with pytest.raises(TargetError, match=message) as caught:
        targets.from_file(write(folder, text), "t", {})
    assert "pw" not in str(caught.value)


def test_a_missing_targets_file_is_named(folder: Path) -> None:
    with pytest.raises(TargetError, match=r"targets.toml cannot be read: No such file"):
        targets.from_file(folder / "targets.toml", "t", {})
    assert targets.hosts(folder / "targets.toml") == frozenset()


def test_credentials_from_the_environment_in_their_order() -> None:
    client = {"GRIDMOCK_CLIENT_ID": "i", "GRIDMOCK_CLIENT_SECRET": "s", "GRIDMOCK_TOKEN_URL": "http://h/o/token/"}
    anonymous = targets.from_environment("http://h/", {})
    assert (anonymous.url, anonymous.token, anonymous.client) == ("http://h", "", None)
    assert targets.from_environment("http://h", client).client == ClientCredentials("i", "s", "http://h/o/token/")
    assert targets.from_environment("http://h", client | {"GRIDMOCK_TOKEN": "t"}).token == "t"
    assert targets.from_environment("http://h", {"GRIDMOCK_TOKEN": "t"}, "given").token == "given"


def test_half_of_a_client_credentials_grant_is_refused() -> None:
    with pytest.raises(TargetError, match="set GRIDMOCK_CLIENT_SECRET"):
        targets.from_environment("http://h", {"GRIDMOCK_CLIENT_ID": "i"})


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8000", "http://", "http://h?x=1", "http://h#x", "http://h:99999", "http://["]
)
def test_an_odd_url_is_refused(url: str) -> None:
    with pytest.raises(TargetError, match=r"--url: .* is no URL like http://127"):
        targets.from_environment(url, {})


@pytest.mark.parametrize(
    ("host", "local"),
    [
        *((host, True) for host in ("localhost", "127.0.0.2", "::1", "mock.localhost")),
        *((host, False) for host in ("0.0.0.0", "localhost.example.com", "10.0.0.1", "")),
    ],
)
def test_only_this_machine_is_loopback(host: str, local: bool) -> None:
    assert targets.is_loopback(host) is local


def test_the_example_file_shows_every_key_and_works() -> None:
    text = EXAMPLE.read_text("utf-8")
    environment = dict.fromkeys(re.findall(r"\$\{(\w+)\}", text), "http-safe-value")
    tables = tomllib.loads(text)
    assert {key for table in tables.values() for key in table} == set(targets.KEYS)
    for name in tables:
        assert targets.from_file(EXAMPLE, name, environment).api in {"", *catalogue.names()}
    assert targets.hosts(EXAMPLE) == {"127.0.0.1", "staging.example.com", "depot.example.com"}


def test_other_callers_are_described_by_their_headers(folder: Path) -> None:
    file = folder / "targets.toml"
    file.write_text(
        '[a]\nurl = "http://127.0.0.1"\nother = { "X-Key" = "${OTHER}" }\nreader = { "X-Key" = "r3ader" }\n'
    )
    target = targets.from_file(file, "a", {"OTHER": "0ther"})
    assert target.roles == {"other": {"X-Key": "0ther"}, "reader": {"X-Key": "r3ader"}}
    assert target.secrets == {"0ther": "OTHER", "r3ader": "READER_X_KEY"}


def test_callers_of_a_declaration_are_described_by_their_headers(folder: Path) -> None:
    file = folder / "targets.toml"
    file.write_text('[a]\nurl = "http://127.0.0.1"\ncallers = { driver = { "X-Key" = "${DRIVER}" } }\n')
    target = targets.from_file(file, "a", {"DRIVER": "dr1ver"})
    assert target.roles == {"driver": {"X-Key": "dr1ver"}}
    assert target.secrets == {"dr1ver": "DRIVER"}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ('"a driver"', r"\[a\] callers: write \{ driver = "),
        ('{ driver = "x" }', r"\[a\] callers: write \{ driver = "),
        ('{ driver = { "X-Key" = 1 } }', r"\[a\] driver: write \{ \"Authorization\""),
        ('{ other = { "X-Key" = "x" } }', "other has a key of its own"),
    ],
)
def test_callers_that_are_no_headers_are_refused(folder: Path, told: str, message: str) -> None:
    file = folder / "targets.toml"
    file.write_text(f'[a]\nurl = "http://127.0.0.1"\ncallers = {told}\n')
    with pytest.raises(TargetError, match=message):
        targets.from_file(file, "a", {})


def test_values_of_laws_and_which_of_them_are_secret(tmp_path: Path) -> None:
    file = tmp_path / "targets.toml"
    values = 'values = { charge_point_id = "5f1d7c0a", pairing_code = "7QK2M", place = "${PLACE}" }'
    file.write_text(f'[one]\nurl = "http://127.0.0.1"\n{values}\n', "utf-8")
    target = targets.from_file(file, "one", {"PLACE": "a secret place"})
    assert target.values == {"charge_point_id": "5f1d7c0a", "pairing_code": "7QK2M", "place": "a secret place"}
    assert target.secrets == {"7QK2M": "GRIDMOCK_PAIRING_CODE", "a secret place": "PLACE"}
    more = targets.with_values(target, {"charge_point_id": "other", "other_token": "t0k3n-of-others"})
    assert more.values == {**target.values, "charge_point_id": "other", "other_token": "t0k3n-of-others"}
    assert more.secrets == {**target.secrets, "t0k3n-of-others": "GRIDMOCK_OTHER_TOKEN"}


def test_values_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "targets.toml"
    file.write_text('[one]\nurl = "http://127.0.0.1"\nvalues = { charge_point_id = 7 }\n', "utf-8")
    with pytest.raises(TargetError, match=r"\[one\] values: write \{ pairing_code = "):
        targets.from_file(file, "one", {})
