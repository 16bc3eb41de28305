"""Defects of lists: their pages, filters, order, and the links between pages."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

from mockserver.defects.altering import counted, items, items_of
from mockserver.defects.contract import PAGE, PAGE_SIZE, SORT, TOTALS, Traits
from mockserver.defects.defect import Answer, Defect, Memory, Request, every

_NEXT = ("next", "next_cursor", "nextCursor", "next_page", "next_page_token")
_NEXT_LINK = re.compile(r'<[^>]*>(?=\s*;\s*rel="?next"?)')

paged = every(lambda at: at.is_paged)
listing = every(lambda at: at.lists_things)
filtered = every(lambda at: bool(at.filters))
sorted_ = every(lambda at: bool(at.query & SORT))
counting = every(lambda at: at.items_in is not None and any(each.name in TOTALS for each in at.envelope))
linked = every(lambda at: at.is_paged and (at.declares_header("link") or _names_next(at)))


def _names_next(at: Traits) -> bool:
    return any(each.name in _NEXT for each in at.envelope)


def _repeat_the_first(found: list[Any]) -> None:
    if len(found) > 1:
        found[-1] = found[0]


def _repeat_the_last(found: list[Any]) -> None:
    if found:
        found.append(found[-1])


def _lose_the_last(found: list[Any]) -> None:
    if len(found) > 1:
        found.pop()


def _one_more(asked: Request, _: Memory) -> Request:
    size = _size(asked)
    return asked.with_parameter(size[0], str(int(size[1]) + 1)) if size and size[1].isdecimal() else asked


def _size(asked: Request) -> tuple[str, str] | None:
    given = ((name, asked.parameter(name)) for name in PAGE_SIZE)
    return next(((name, value) for name, value in given if value), None)


def _limit(at: Traits, name: str) -> int | None:
    """The largest page of an operation."""
    for parameter in at.operation.parameters:
        if parameter.name == name:
            most = at.contract.followed(parameter.schema.value).get("maximum")
            return None if most is None else int(most)
    return None


def _cut_to_the_limit(asked: Request, _: Memory) -> Request:
    size, most = _size(asked), 100
    if size is None or asked.at is None or not re.fullmatch(r"-?\d{1,9}", size[1]):
        return asked
    most = _limit(asked.at, size[0]) or most
    fits = min(max(int(size[1]), 1), most)
    return asked if fits == int(size[1]) else asked.with_parameter(size[0], str(fits))


def _refuse_the_most(asked: Request, answer: Answer, _: Memory) -> Answer:
    size = _size(asked)
    is_most = size is not None and asked.at is not None and size[1] == str(_limit(asked.at, size[0]))
    return asked.refusal(400, "The page is too large.") if is_most else answer


def _count_the_page(asked: Request, answer: Answer, _: Memory) -> Answer:
    body = answer.json
    if not answer.is_success:
        return answer
    found = len(items_of(asked, body))
    for holder in (body, *(inner for inner in body.values() if isinstance(inner, dict))):
        holder.update(dict.fromkeys(TOTALS & {*holder}, found))
    return answer.with_json(body)


def _next_is(target: str | None) -> Any:
    """Let the link to the next page lead somewhere else; None is the page itself."""

    def answer(asked: Request, answer: Answer, memory: Memory) -> Answer:
        if not answer.is_success:
            return answer
        if "link" in answer.headers:
            here = f"{asked.path}?{asked.query}" if asked.query else asked.path
            link = _NEXT_LINK.sub(f"<{here if target is None else target}>", answer.headers["link"])
            return answer.with_header("link", link)
        body = answer.json
        for holder in (body, *(inner for inner in body.values() if isinstance(inner, dict))):
            for name in (name for name in _NEXT if holder.get(name) is not None):
                given = next((asked.parameter(each) for each in PAGE if asked.parameter(each)), None)
                holder[name] = target if target is not None else given or holder[name]
        return answer.with_json(body)

    return answer


def _no_next(asked: Request, answer: Answer, _: Memory) -> Answer:
    if not answer.is_success:
        return answer
    if "link" in answer.headers:
        return answer.with_header("link", _NEXT_LINK.sub("<about:blank>", answer.headers["link"]))
    body = answer.json
    for holder in (body, *(inner for inner in body.values() if isinstance(inner, dict))):
        holder.update({name: None for name in _NEXT if name in holder})
    return answer.with_json(body)


def _turn_each_second(asked: Request, answer: Answer, memory: Memory) -> Answer:
    is_second = counted(memory, f"count {asked.path}") % 2 == 0
    return items(lambda found: found.reverse())(asked, answer, memory) if is_second else answer


def _without(kind: frozenset[str]) -> Any:
    return lambda asked, _: asked.without_parameters(kind)


def _without_filters(asked: Request, _: Memory) -> Request:
    return asked.without_parameters(asked.at.filters) if asked.at else asked


def _less_when_filtered(asked: Request, answer: Answer, memory: Memory) -> Answer:
    given = asked.at is not None and any(asked.parameter(name) for name in asked.at.filters)
    return items(lambda found: found.pop(0))(asked, answer, memory) if given else answer


def _times_of(at: Traits) -> frozenset[str]:
    return frozenset(
        each.name
        for each in at.operation.parameters
        if each.name in at.filters and at.contract.followed(each.schema.value).get("format") == "date-time"
    )


def _another_id_each_time(asked: Request, answer: Answer, memory: Memory) -> Answer:
    count = counted(memory)

    def change(found: list[Any]) -> None:
        for each in found:
            each["id"] = _turned(each["id"], count)

    return items(change)(asked, answer, memory)


def _turned(value: Any, by: int) -> Any:
    """Another id of the same form: its last digit is turned on."""
    text = str(value)
    at = max((place for place, character in enumerate(text) if character.isdecimal()), default=None)
    if at is None:
        return f"{text}{by}"
    other = f"{text[:at]}{(int(text[at]) + by) % 10}{text[at + 1 :]}"
    return other if isinstance(value, str) else int(other)


def _one_id(found: list[Any]) -> None:
    for each in found:
        each["id"] = found[0]["id"]


def _otherwise(asked: Request, answer: Answer, memory: Memory) -> Answer:
    """Alter a text of each item."""
    text = (
        next((each.name for each in asked.at.members if each.is_free_text and each.name != "id"), "")
        if asked.at
        else ""
    )

    def change(found: list[Any]) -> None:
        for each in found:
            if isinstance(each.get(text), str):
                each[text] = f"{each[text][:8]}..."

    return items(change)(asked, answer, memory)


DEFECTS = (
    Defect("pages-lose-an-item", "The last item of each page is on no page.", paged, answer=items(_lose_the_last)),
    Defect("pages-overlap", "Each page ends with the item that it began with.", paged, answer=items(_repeat_the_first)),
    Defect("listed-twice", "The last item of each list is there twice.", listing, answer=items(_repeat_the_last)),
    Defect("page-too-long", "A page holds one item more than was asked for.", paged, request=_one_more),
    Defect(
        "page-size-ignored", "Pages have the usual size, whatever is asked for.", paged, request=_without(PAGE_SIZE)
    ),
    Defect(
        "page-number-ignored",
        "Every page is the first one.",
        every(lambda at: at.is_paged and bool(at.query & PAGE)),
        request=_without(PAGE),
    ),
    Defect(
        "page-size-corrected",
        "A page size outside the limits is taken for the nearest one within them, not refused.",
        every(lambda at: at.is_paged and any(_limit(at, name) for name in at.query & PAGE_SIZE)),
        request=_cut_to_the_limit,
    ),
    Defect(
        "largest-page-refused",
        "The largest page size that is allowed is refused.",
        every(lambda at: at.is_paged and any(_limit(at, name) for name in at.query & PAGE_SIZE)),
        answer=_refuse_the_most,
    ),
    Defect("total-of-the-page", "The total counts the items of the page only.", counting, answer=_count_the_page),
    Defect("next-page-loops", "The link to the next page leads to the page itself.", linked, answer=_next_is(None)),
    Defect(
        "next-page-dead",
        "The link to the next page leads nowhere.",
        linked,
        answer=_next_is("http://127.0.0.1:9/gone?" + urlencode({"page": 2})),
    ),
    Defect("next-page-missing", "Each page says that it is the last one.", linked, answer=_no_next),
    Defect("order-changes", "Every second time a list is in the opposite order.", listing, answer=_turn_each_second),
    Defect("filter-ignored", "Filters change nothing.", filtered, request=_without_filters),
    Defect("filter-finds-less", "A filter misses the first item that fits.", filtered, answer=_less_when_filtered),
    Defect("sort-ignored", "The order that is asked for is ignored.", sorted_, request=_without(SORT)),
    Defect(
        "time-range-ignored",
        "Times that limit what is wanted are ignored.",
        every(lambda at: at.items_in is not None and bool(_times_of(at))),
        request=lambda asked, _: asked.without_parameters(_times_of(asked.at)) if asked.at else asked,
    ),
    Defect("ids-change", "Things have another id each time they are listed.", listing, answer=_another_id_each_time),
    Defect("ids-not-unique", "All things in a list have the same id.", listing, answer=items(_one_id)),
    Defect("listed-otherwise", "A list shortens the texts of its items.", listing, answer=_otherwise),
)
