"""Each way in which a YAML file may be read two ways is refused, with its line, its pointer and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from specs.errors import SpecError
from specs.source import Source, copied, read

REFUSED = {
    "syntax": ("a: 1\nb: [1, 2\n", 3, "/b/1", "YAML syntax"),
    "colon in plain text": ("a: one: two\n", 1, "/a", "mapping values are not allowed"),
    "control character": ("a: 1\nb: \x01\n", 2, "", "character that YAML does not allow"),
    "tab": ("a: 1\nb:  x\t# y\n", 2, "/b", "tab: write spaces"),
    "tab as indentation": ("a:\n\tb: 1\n", 2, "/a/b", "tab: write spaces"),
    "duplicate key": ("a:\n  b: 1\n  c: 2\n  b: 3\n", 4, "/a/b", "duplicate key, first on line 2"),
    "number as key": ("a:\n  200: ok\n", 2, "/a/200", 'quote it, "200"'),
    "decimal as key": ("1.5: ok\n", 1, "/1.5", 'quote it, "1.5"'),
    "boolean as key": ("a:\n  on: 1\n", 2, "/a/on", 'quote it, "on"'),
    "null as key": ("null: 1\n", 1, "/null", 'quote it, "null"'),
    "date as key": ("2024-01-01: 1\n", 1, "/2024-01-01", 'quote it, "2024-01-01"'),
    "list as key": ("a: 1\n? [b]\n: 2\n", 2, "", "a key must be text"),
    "key with a tag": ("a: 1\n!!str b: 2\n", 2, "/b", "no tag"),
    "anchor": ("a: &x 1\n", 1, "/a", "anchor &x"),
    "alias": ("a: &x 1\nb: *x\n", 2, "/b", "alias *x"),
    "merge key": ("a:\n  <<: {}\n", 2, "/a/<<", "merge keys"),
    "tag": ("a:\n  - !!str 1\n", 2, "/a/0", "tag"),
    "local tag": ("a: !env HOME\n", 1, "/a", "tag !env"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, "", "more than one YAML document"),
    "empty file": ("", 1, "", "is empty"),
    "comments only": ("# nothing\n", 1, "", "is empty"),
    "list at the top": ("\n- a\n", 2, "", "must hold a mapping"),
    "stray comma": ("a: {description: energy, rounded}\n", 1, "/a/rounded", "quote the text"),
    "key without value": ("a:\nb: 1\n", 1, "/a", "has no value"),
    "empty list entry": ("a:\n  - 1\n  -\n", 3, "/a/1", "has no value"),
    **{
        f"plain {text}": (f"a: 1\nb: [{text}]\n", 2, "/b/0", phrase)
        for phrase, texts in {
            "is a boolean to some": ("yes", "No", "NO", "on", "OFF", "True", "FALSE"),
            "is null to some": ("~", "Null", "NULL"),
            "is a date": ("2024-01-01", "2024-1-1", "2024-01-01T00:00:00Z", "2024-01-01 00:00:00"),
            "base 60": ("17:00", "1:30:00", "-1:30", "08:30", "190:20:30.15"),
            "octal": ("010", "-07", "00", "09"),
            "in decimal": ("0x1F", "0o17", "0b11"),
            "no JSON form": (".inf", "-.INF", ".nan"),
            "write a plain number": ("1_000", "+1", ".5", "5.", "1e3", "1.5e+3"),
            "quote it": ("=",),
        }.items()
        for text in texts
    },
}


@pytest.mark.parametrize(("text", "line", "pointer", "phrase"), REFUSED.values(), ids=REFUSED)
def test_refuses(tmp_path: Path, text: str, line: int, pointer: str, phrase: str) -> None:
    file = tmp_path / "part.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        read(file)
    last = caught.value.problems[-1]
    assert (last.location.file, last.location.line, last.location.pointer) == (file, line, pointer)
    assert phrase in last.message
    assert str(last).startswith(f"{file}:{line}: #{pointer}: ")


def test_refuses_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "part.yaml"
    file.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(SpecError, match=r"part.yaml:2: #: is not UTF-8"):
        read(file)


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"part.yaml:1: #: cannot be read: No such file"):
        read(tmp_path / "part.yaml")


def test_reads_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "part.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert read(file).value == {"a": 1}


def test_reports_all_problems_in_file_order(tmp_path: Path) -> None:
    file = tmp_path / "part.yaml"
    file.write_text("a: yes\nb:\n\tc: 010\nd: {e: 1, e: 2}\n")
    with pytest.raises(SpecError) as caught:
        read(file)
    assert [problem.location.line for problem in caught.value.problems] == [1, 3, 3, 4]


def test_reads_values_with_their_lines(tmp_path: Path) -> None:
    flow = "a: {'no': [1, -2.50, true, null, '010', 1.2.3, 2024-01-01 x]}\n"
    text = flow + "'b/~c':\n  d: |\n    text\n  e: >-\n    more\n    text\n"
    file = tmp_path / "part.yaml"
    file.write_text(text)
    source = read(file)
    assert source == Source(
        file,
        {"a": {"no": [1, -2.5, True, None, "010", "1.2.3", "2024-01-01 x"]}, "b/~c": {"d": "text\n", "e": "more text"}},
        {
            "": 1,
            "/a": 1,
            "/a/no": 1,
            **{f"/a/no/{index}": 1 for index in range(7)},
            "/b~1~0c": 2,
            "/b~1~0c/d": 3,
            "/b~1~0c/e": 5,
        },
    )
    assert source.locate("/b~1~0c/d/x").line == 3


def test_a_copy_shares_nothing() -> None:
    value = {"a": [{"b": 1}]}
    copy = copied(value)
    copy["a"][0]["b"] = 2
    assert value == {"a": [{"b": 1}]}
