"""Pages by limit and offset, under whatever name the contract gives the list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.http.compiled import _listed
from mockserver.http.paging import LimitOffset, dialect_for
from specs.operation import MediaType, Response, Schema

PAGING = LimitOffset("sites")


def asked(limit: int, offset: int) -> dict[str, int]:
    return {"limit": limit, "offset": offset}


@pytest.mark.parametrize(
    ("total", "limit", "offset", "items"),
    [(5, 2, 0, [0, 1]), (5, 2, 4, [4]), (5, 2, 5, []), (0, 50, 0, []), (5, 200, 1, [1, 2, 3, 4]), (5, 2, 10**18, [])],
)
def test_an_answer_holds_its_items_and_says_where_they_stand(
    total: int, limit: int, offset: int, items: list[int]
) -> None:
    cut = PAGING.cut(range(total), asked(limit, offset))
    assert PAGING.body(cut, cut.items) == {"sites": items, "total": total, "limit": limit, "offset": offset}


@given(total=st.integers(0, 60), limit=st.integers(1, 25), offset=st.integers(0, 70))
def test_neighbours_lead_through_the_whole_list(total: int, limit: int, offset: int) -> None:
    seen: list[int] = []
    step: dict[str, int] | None = asked(limit, 0)
    while step is not None:
        cut = PAGING.cut(range(total), step)
        seen += cut.items
        step = dict(cut.next) if cut.next else None
    assert seen == [*range(total)]
    assert (PAGING.cut(range(total), asked(limit, offset)).previous is None) == (offset == 0)


def test_it_is_recognised_by_both_of_its_parameters() -> None:
    assert dialect_for(frozenset({"limit", "offset", "from"}), "sessions") == LimitOffset("sessions")
    assert dialect_for(frozenset({"limit"})) is None


PAGE = {"properties": {"total": {"type": "integer"}}}
SITES = {"sites": {"type": "array", "items": {"$ref": "#/components/schemas/Site"}}}
SHAPES = {
    "beside the counts": ({"properties": {**PAGE["properties"], **SITES}}, "/schema/properties/sites"),
    "beside a part": (
        {"allOf": [{"$ref": "#/components/schemas/Paging"}], "properties": SITES},
        "/schema/properties/sites",
    ),
    "in a part": (
        {"allOf": [{"$ref": "#/components/schemas/Paging"}, {"properties": SITES}]},
        "/schema/allOf/1/properties/sites",
    ),
    "none": ({"allOf": [{"$ref": "#/components/schemas/Paging"}]}, None),
    "the body itself": ({"type": "array", "items": {"properties": SITES}}, None),
}


@pytest.mark.parametrize(("schema", "pointer"), SHAPES.values(), ids=SHAPES)
def test_the_list_is_found_wherever_the_envelope_has_it(schema: dict[str, object], pointer: str | None) -> None:
    media = MediaType("application/json", Schema("/schema", schema), {})
    found = _listed(Response("200", "", {}, {"application/json": media}), {"components": {"schemas": {"Paging": PAGE}}})
    assert (found[0], found[1] and found[1].pointer) == (pointer and "sites", pointer)
