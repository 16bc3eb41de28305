"""Defects of what stands in a body: members, types, times, units, sums."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from mockserver.defects.altering import answer_body, objects
from mockserver.defects.contract import Property, Traits
from mockserver.defects.defect import Answer, Defect, Memory, Request, Where, every

_UNIT = re.compile(r"_(k?wh?|mwh?|gwh|a|v|wh_per_\w+)$|_per_[mk]wh$", re.IGNORECASE)
_SUM = re.compile(r"^(total|expected|sum|net)_|_(total|sum|cost|amount|revenue)(_\w+)?$|^total$", re.IGNORECASE)
_ZONE = re.compile(r"(?<=\d)(Z|[+-]\d\d:\d\d)$")
_PAIRS = (("start", "end"), ("begin", "end"), ("from", "to"), ("from", "until"), ("created", "updated"))

Holds = Callable[[Property], bool]


def _has(holds: Holds) -> Where:
    """Where an object of the answer has such a member."""
    return every(lambda at: any(holds(each) for each in at.members))


def _is_number(each: Property) -> bool:
    return bool(each.types & {"number", "integer"})


def _is_boolean(each: Property) -> bool:
    return "boolean" in each.types


def _is_time(each: Property) -> bool:
    return each.schema.get("format") == "date-time"


def _is_enum(each: Property) -> bool:
    return "enum" in each.schema and "string" in each.types


def _is_bound_to_be(each: Property) -> bool:
    return each.required and bool(each.types) and "null" not in each.types


def _is_quantity(each: Property) -> bool:
    return _is_number(each) and _UNIT.search(each.name) is not None


def _is_compound(each: Property) -> bool:
    return each.required and "_" in each.name


def _members(holds: Holds, change: Callable[[Any], Any]) -> Any:
    """Change the values (but null) of such members, of every object of the answer."""

    def alter(each: dict[str, Any], asked: Request) -> None:
        for member in asked.at.members if asked.at else ():
            if holds(member) and each.get(member.name) is not None:
                each[member.name] = change(each[member.name])

    return objects(alter)


def _last(holds: Holds, alter: Callable[[dict[str, Any], str], object]) -> Any:
    """Alter the last such member of every object of the answer."""

    def change(each: dict[str, Any], asked: Request) -> None:
        names = (
            [member.name for member in asked.at.members if holds(member) and member.name in each] if asked.at else []
        )
        if names:
            alter(each, names[-1])

    return objects(change)


def _rename(each: dict[str, Any], name: str) -> None:
    first, *rest = name.split("_")
    each[first + "".join(word.title() for word in rest)] = each.pop(name)


def _scaled(value: Any) -> Any:
    return round(value * 1000, 6)


def _pairs(at: Traits) -> Iterator[tuple[str, str]]:
    """Names of members that say when something begins and when it ends."""
    names = [each.name for each in at.members if _is_time(each)]
    for first in names:
        for begin, end in _PAIRS:
            other = re.sub(rf"(?<![a-z]){begin}", end, first)
            if other != first and other in names:
                yield first, other


def _swap(each: dict[str, Any], asked: Request) -> None:
    for first, second in _pairs(asked.at) if asked.at else ():
        if first in each and second in each:
            each[first], each[second] = each[second], each[first]


def _sums(body: Any, by: float) -> Any:
    """The same JSON values with `by` added to whatever is called a sum, at any depth."""
    if isinstance(body, dict):
        return {
            name: round(value + by, 6) if _is_sum(name, value) else _below(name, value, by)
            for name, value in body.items()
        }
    return [_sums(value, by) for value in body] if isinstance(body, list) else body


def _below(name: str, value: Any, by: float) -> Any:
    """What stands below a member that is called a sum is its parts: net, VAT and so on."""
    if isinstance(value, dict) and _SUM.search(name):
        numbers = {key: round(part + by, 6) for key, part in value.items() if _is_amount(part)}
        return {**value, **numbers}
    return _sums(value, by)


def _is_sum(name: str, value: Any) -> bool:
    return _SUM.search(name) is not None and isinstance(value, float)


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_sum(at: Traits) -> bool:
    members = (*at.members, *at.envelope)
    return any(_SUM.search(each.name) and ("number" in each.types or "object" in each.types) for each in members)


def _off_by_a_cent(asked: Request, answer: Answer, memory: Memory) -> Answer:
    return answer_body(lambda body, _: _sums(body, 0.01))(asked, answer, memory)


DEFECTS = (
    Defect(
        "member-missing",
        "A member that must be there is missing.",
        _has(_is_bound_to_be),
        answer=_last(_is_bound_to_be, lambda each, name: each.pop(name)),
    ),
    Defect(
        "member-null",
        "A member that must have a value is null.",
        _has(_is_bound_to_be),
        answer=_last(_is_bound_to_be, lambda each, name: each.update({name: None})),
    ),
    Defect(
        "member-in-camel-case",
        "A member is written likeThis, not like_this.",
        _has(_is_compound),
        answer=_last(_is_compound, _rename),
    ),
    Defect("number-as-text", "Numbers are sent as text.", _has(_is_number), answer=_members(_is_number, str)),
    Defect("numbers-rounded", "Numbers are whole numbers.", _has(_is_number), answer=_members(_is_number, round)),
    Defect(
        "boolean-as-text",
        "True and false are sent as yes and no.",
        _has(_is_boolean),
        answer=_members(_is_boolean, lambda value: "yes" if value else "no"),
    ),
    Defect(
        "value-not-in-enum",
        "A member has a value that is none of those that it may have.",
        _has(_is_enum),
        answer=_members(_is_enum, lambda _: "NONE_OF_THESE"),
    ),
    Defect(
        "time-without-zone",
        "Times lack their zone.",
        _has(_is_time),
        answer=_members(_is_time, lambda value: _ZONE.sub("", value)),
    ),
    Defect(
        "time-in-words", "Times are words.", _has(_is_time), answer=_members(_is_time, lambda _: "yesterday at noon")
    ),
    Defect(
        "times-swapped",
        "When something begins is said to be when it ends, and the other way round.",
        every(lambda at: any(_pairs(at))),
        answer=objects(_swap),
    ),
    Defect(
        "units-wrong",
        "Energies, powers and prices per energy are a thousand times too large.",
        _has(_is_quantity),
        answer=_members(_is_quantity, _scaled),
    ),
    Defect(
        "sum-off-by-a-cent", "Totals are larger by 0.01 than what they add up.", every(_has_sum), answer=_off_by_a_cent
    ),
)
