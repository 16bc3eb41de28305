"""`expand`: a tree of names."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.http.expand import NOTHING, Expansion

URL = "http://mock/things/1"


def shown(expansion: Expansion, depth: int = 3) -> Any:
    """A resource with two references that look the same all the way down."""
    if depth == 0:
        return {}
    return {name: expansion.reference(name, URL, lambda below: shown(below, depth - 1)) for name in ("model", "make")}


CASES: dict[str, tuple[list[str], Any]] = {
    "nothing": ([], {"model": URL, "make": URL}),
    "one": (["model"], {"model": {"model": URL, "make": URL}, "make": URL}),
    "a path implies its parents": (
        ["model.make"],
        {"model": {"model": URL, "make": {"model": URL, "make": URL}}, "make": URL},
    ),
    "a name is expanded only where it was asked for": (
        ["model", "make.make"],
        {"model": {"model": URL, "make": URL}, "make": {"model": URL, "make": {"model": URL, "make": URL}}},
    ),
    "unknown names are nobody's": (["colour", "colour.model"], {"model": URL, "make": URL}),
}


@pytest.mark.parametrize(("paths", "expected"), CASES.values(), ids=CASES)
def test_references_are_objects_exactly_where_they_are_asked_for(paths: list[str], expected: Any) -> None:
    assert shown(Expansion(paths)) == expected


@pytest.mark.parametrize(
    "paths",
    [
        ["model", "model.make"],
        ["model.make", "model"],
        ["model.make", "model.make"],
        ["model", "model", "model.make"],
    ],
)
def test_order_and_repeats_make_no_difference(paths: list[str]) -> None:
    assert shown(Expansion(paths)) == shown(Expansion(["model.make"]))


def test_paths_with_the_same_parent_add_up() -> None:
    both = Expansion(["model.make", "model.model"])
    assert shown(both)["model"] == {
        "model": {"model": URL, "make": URL},
        "make": {"model": URL, "make": URL},
    }


def test_a_name_is_in_an_expansion_at_its_own_level_only() -> None:
    expansion = Expansion(["model.make"])
    assert "model" in expansion
    assert "make" not in expansion
    assert "model.make" not in expansion
    assert "model" not in NOTHING


def test_what_is_not_expanded_is_not_even_looked_up() -> None:
    def lookup(below: Expansion) -> Any:
        raise AssertionError("looked up")

    assert NOTHING.reference("model", URL, lookup) == URL
