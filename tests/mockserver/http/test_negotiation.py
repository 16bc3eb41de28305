"""Content negotiation, by RFC 9110 section 12.5.1."""

from __future__ import annotations

import pytest

from mockserver.http.negotiation import accepts, media_type

JSON = ("application/json",)
HTML = ("text/html; charset=utf-8",)

CASES: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "exactly": ("application/json", JSON, True),
    "in capitals": ("Application/JSON", JSON, True),
    "anything": ("*/*", JSON, True),
    "anything of the type": ("application/*", JSON, True),
    "nothing said": ("", JSON, True),
    "blank": ("   ", JSON, True),
    "another subtype": ("application/xml", JSON, False),
    "another type": ("text/html", JSON, False),
    "anything of another type": ("text/*", JSON, False),
    "a prefix is not enough": ("application/js", JSON, False),
    "a longer name": ("application/json-seq", JSON, False),
    "a suffix is another type": ("application/problem+json", JSON, False),
    "a browser": ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON, True),
    "one of several": ("text/html, application/json", JSON, True),
    "one of several offered": ("text/csv", ("application/json", "text/csv"), True),
    "none of several offered": ("text/html", ("application/json", "text/csv"), False),
    "low quality is quality": ("application/json;q=0.001", JSON, True),
    "quality 0": ("application/json;q=0", JSON, False),
    "quality 0.000": ("application/json;q=0.000", JSON, False),
    "quality in a capital": ("application/json;Q=0", JSON, False),
    "quality with spaces": ("application/json ; q=0", JSON, False),
    "anything, but not this": ("*/*, application/json;q=0", JSON, False),
    "not this, but anything": ("application/json;q=0, */*", JSON, False),
    "anything of the type, but not this": ("application/*;q=0.5, application/json;q=0", JSON, False),
    "not the type, but anything": ("*/*, application/*;q=0", JSON, False),
    "not the type, but this": ("application/*;q=0, application/json", JSON, True),
    "nothing at all, but this": ("*/*;q=0, application/json;q=0.1", JSON, True),
    "nothing at all": ("*/*;q=0", JSON, False),
    "not this, but another that is offered": ("application/json;q=0, */*", ("application/json", "text/csv"), True),
    "other parameters": ("application/json;version=1", JSON, True),
    "other parameters and quality": ("application/json;version=1;q=0", JSON, False),
    "parameters of what is offered": ("text/html", HTML, True),
    "parameters on both sides": ("text/html;charset=utf-8", HTML, True),
    "garbage": ("garbage", JSON, False),
    "garbage beside something good": ("garbage, application/json", JSON, True),
    "empty entries": (",, application/json ,", JSON, True),
    "quality is garbage": ("application/json;q=high", JSON, False),
    "quality is not a number": ("application/json;q=nan", JSON, False),
    "negative quality": ("application/json;q=-1", JSON, False),
    "not a header at all": ('"\\\x00;;==,', JSON, False),
}


@pytest.mark.parametrize(("accept", "offered", "expected"), CASES.values(), ids=CASES)
def test_an_accept_header_lets_through_what_it_names(accept: str, offered: tuple[str, ...], expected: bool) -> None:
    assert accepts(accept, offered) is expected


CONTENT_TYPES: dict[str, tuple[str, str, dict[str, str]]] = {
    "plain": ("application/json", "application/json", {}),
    "capitals": ("Application/JSON", "application/json", {}),
    "charset": ("application/json; charset=UTF-8", "application/json", {"charset": "utf-8"}),
    "quoted charset": ('application/json;charset="utf-8"', "application/json", {"charset": "utf-8"}),
    "spaces": ("  text/csv ;  Header = Present ", "text/csv", {"header": "present"}),
    "several": ("a/b; c=d; e=f", "a/b", {"c": "d", "e": "f"}),
    "empty": ("", "", {}),
    "garbage": (";;;", "", {"": ""}),
}


@pytest.mark.parametrize(("text", "name", "parameters"), CONTENT_TYPES.values(), ids=CONTENT_TYPES)
def test_a_media_type_is_read_without_regard_to_case_and_spaces(
    text: str, name: str, parameters: dict[str, str]
) -> None:
    assert media_type(text) == (name, parameters)
