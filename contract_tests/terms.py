"""The parts of an invariant: values of an object's members, and the functions of them.

Numbers are decimal; members of format `date-time` and `date` are points in time.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Thing = Mapping[str, Any]
"""An object of an answer, its numbers as Decimal."""
Path = tuple[str, ...]

ORDERED = frozenset({"number", "text", "time", "date", "any"})
_ANY = ORDERED | {"boolean", "object"}
_NUMBERS = frozenset({"number", "any"})
_TIMES = frozenset({"time", "date", "any"})
_KINDS: Mapping[str, str] = {"number": "number", "integer": "number", "string": "text", "boolean": "boolean"}
_FEW = 6
_DECIMALS = 12


class ExpressionError(Exception):
    """An expression that means nothing for the schema it is declared for; says why."""


class NotThereError(Exception):
    """A member is missing, null or not what its schema says: there is nothing to judge."""


@dataclass(frozen=True)
class Term:
    """A part of an expression: what it comes to for an object, and of which kind that is.

    A kind is number, text, boolean, time, date, object, null, or any where the schema leaves it open. `array` is the
    path of the array that a list of values comes from, and None where it is one value.
    """

    kind: str
    of: Callable[[Thing], Any]
    array: Path | None = None
    path: Path = ()

    @property
    def named(self) -> str:
        """What it is, for people."""
        return f"a list of {self.kind}s" if self.array is not None else f"a{'n' * (self.kind[0] in 'ao')} {self.kind}"

    def is_there(self, thing: Thing) -> bool:
        """Whether there is a value that is not null."""
        try:
            return self.of(thing) is not None
        except NotThereError:
            return False


def kind_of(kinds: frozenset[str], formats: frozenset[str]) -> str:
    """The kind of values of these JSON types and formats."""
    found = {_KINDS.get(kind, "object") for kind in kinds - {"null"}}
    if len(found) != 1:
        return "any"
    kind = found.pop()
    if kind == "text" and len(formats) == 1:
        return {"date-time": "time", "date": "date"}.get(next(iter(formats)), kind)
    return kind


def member(path: Path, kind: str, array: Path | None) -> Term:
    """The value at a path, or all values there where it leads through an array."""

    def single(thing: Thing) -> Any:
        return _read(raw(thing, path), kind)

    def several(thing: Thing) -> list[Any]:
        found = raw(thing, path)
        if not isinstance(found, list):
            raise NotThereError
        return [None if one is None else _read(one, kind) for one in found]

    return Term(kind, single if array is None else several, array, path)


def constant(value: Any) -> Term:
    """A number, text, boolean or null that is written in the expression."""
    if value is None:
        return Term("null", lambda _: None)
    kind = "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"
    return Term(kind, lambda _: value)


def point(text: str, kind: str) -> datetime | date:
    """The time or date in a text; raises ValueError for what is none."""
    if kind == "date":
        return date.fromisoformat(text)
    time = datetime.fromisoformat(text.strip().upper())
    if time.tzinfo is None:
        raise ValueError("has no zone")
    return time.astimezone(UTC)


def raw(thing: Any, path: Path) -> Any:
    """What an object has at a path as it stands there, or None; a list, where the path leads through arrays."""
    if isinstance(thing, list):
        found = []
        for one in thing:
            inner = raw(one, path)
            found += inner if isinstance(inner, list) else [inner]
        return found
    if not path:
        return thing
    return raw(thing.get(path[0]), path[1:]) if isinstance(thing, Mapping) else None


def compared(compare: Callable[[Any, Any], bool], one: Any, other: Any, within: Decimal) -> bool:
    """Whether a comparison holds; a difference up to `within` (of times: seconds) is in its favour.

    Raises TypeError for values of different kinds.
    """
    if type(one) is not type(other):
        raise TypeError("of different kinds")
    if within and isinstance(one, Decimal | date):
        difference = one - other if isinstance(one, Decimal) else _seconds(one, other)
        if abs(difference) <= within:
            return compare is not operator.ne
    return compare(one, other)


def each(compute: Callable[..., Any], *values: Any) -> Any:
    """What is computed of values, or of each element where one of them is a list."""
    length = next((len(value) for value in values if isinstance(value, list)), None)
    if length is None:
        return compute(*values)
    columns = [value if isinstance(value, list) else [value] * length for value in values]
    return [compute(*row) for row in zip(*columns, strict=True)]


def shown(value: Any) -> str:
    """A value for people: texts in quotes, numbers without an exponent, the beginning of a long list."""
    if isinstance(value, list):
        more = [f"... {len(value) - _FEW} more"] if len(value) > _FEW else []
        return f"[{', '.join([*map(shown, value[:_FEW]), *more])}]"
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{...}"
    return json.dumps(value, ensure_ascii=False)


def _number(value: Decimal) -> str:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not -_DECIMALS <= exponent <= _DECIMALS:
        return f"{value:.{_DECIMALS}g}"
    return f"{value:f}"


def _read(value: Any, kind: str) -> Any:
    if value is None:
        raise NotThereError
    if kind in ("time", "date"):
        if not isinstance(value, str):
            raise NotThereError
        try:
            return point(value, kind)
        except ValueError as error:  # for instance a leap second
            raise NotThereError from error
    return value


def _complete(values: Any) -> list[Any]:
    """A list without gaps."""
    if not isinstance(values, list) or None in values:
        raise NotThereError
    return values


def _some(values: list[Any]) -> list[Any]:
    if not values:
        raise NotThereError
    return values


Make = Callable[[Sequence[Term]], Term]


def _of_list(kinds: frozenset[str], gives: str, compute: Callable[[list[Any]], Any]) -> Make:
    """A function of one list; `gives` is the kind of its result, empty for that of the elements."""

    def make(terms: Sequence[Term]) -> Term:
        if len(terms) != 1 or (terms[0].array is None and terms[0].kind != "any"):
            raise ExpressionError("takes one list, such as a member of all lines: lines.amount")
        (term,) = terms
        if term.kind not in kinds:
            raise ExpressionError(f"does not take {term.named}")
        return Term(gives or term.kind, lambda thing: compute(_complete(term.of(thing))))

    return make


def _extreme(pick: Callable[[list[Any]], Any]) -> Make:
    of_list = _of_list(ORDERED, "", lambda values: pick(_some(values)))

    def make(terms: Sequence[Term]) -> Term:
        if len(terms) == 1:
            return of_list(terms)
        kinds = {term.kind for term in terms} - {"any"}
        if not terms or len(kinds) > 1 or not kinds <= ORDERED or any(term.array is not None for term in terms):
            raise ExpressionError("takes one list, or several values that can be compared")
        return Term(kinds.pop() if kinds else "any", lambda thing: pick([term.of(thing) for term in terms]))

    return make


def _count(terms: Sequence[Term]) -> Term:
    if len(terms) != 1 or (terms[0].array is None and terms[0].kind != "any"):
        raise ExpressionError("takes one list, such as lines")
    (term,) = terms

    def count(thing: Thing) -> Decimal:
        values = term.of(thing)
        if not isinstance(values, list):
            raise NotThereError
        return Decimal(sum(value is not None for value in values))

    return Term("number", count)


def _of_values(kinds: frozenset[str], gives: str, compute: Callable[..., Any], least: int, most: int) -> Make:
    """A function of single values."""

    def make(terms: Sequence[Term]) -> Term:
        if not least <= len(terms) <= most:
            raise ExpressionError(f"takes {most} value{'s' * (most > 1)}")
        for term in terms:
            if term.kind not in kinds or term.array is not None:
                raise ExpressionError(f"does not take {term.named}")
        if len({term.kind for term in terms} - {"any"}) > 1:
            raise ExpressionError("takes values of one kind")
        return Term(gives, lambda thing: compute(*(term.of(thing) for term in terms)))

    return make


def _rounded(value: Decimal, decimals: Decimal = Decimal(0)) -> Decimal:
    """Halves away from zero, as commerce does it."""
    return value.quantize(Decimal(1).scaleb(-int(decimals)), ROUND_HALF_UP)


def _seconds(start: Any, end: Any) -> Decimal:
    return Decimal(str((end - start).total_seconds())).normalize()


def _has(terms: Sequence[Term]) -> Term:
    if len(terms) != 1 or not terms[0].path:
        raise ExpressionError("takes one member")
    return Term("boolean", terms[0].is_there)


FUNCTIONS: Mapping[str, Make] = {
    "sum": _of_list(_NUMBERS, "number", lambda values: sum(values, Decimal(0))),
    "min": _extreme(min),
    "max": _extreme(max),
    "count": _count,
    "sorted": _of_list(ORDERED, "boolean", lambda values: sorted(values) == values),
    "unique": _of_list(_ANY, "boolean", lambda values: all(one not in values[:n] for n, one in enumerate(values))),
    "abs": _of_values(_NUMBERS, "number", abs, 1, 1),
    "round": _of_values(_NUMBERS, "number", _rounded, 1, 2),
    "seconds": _of_values(_TIMES, "number", _seconds, 2, 2),
    "has": _has,
}
"""What can be said of values, by name; each raises ExpressionError for terms that it does not take."""
