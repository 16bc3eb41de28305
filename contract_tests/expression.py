"""The language of declared invariants: `total_eur == net_eur + vat_eur` in the words of a schema's members.

It is parsed with Python's own grammar, and what it comes to is worked out here: nothing is ever run as Python.
`docs/declarations.md` explains it to its users.
"""

from __future__ import annotations

import ast
import difflib
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext
from typing import Any

from contract_tests import terms
from contract_tests.contract import Contract, Place
from contract_tests.surface.schemas import parts
from contract_tests.terms import FUNCTIONS, ExpressionError, NotThereError, Path, Term, Thing

_WORDS: Mapping[str, Any] = {"null": None, "true": True, "false": False}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
}
_PRECISION = Context(prec=60)
_DEEP = 12
_SHORT = 40


@dataclass(frozen=True)
class Expression:
    """One invariant, compiled for a schema; `paths` are the members that it speaks of."""

    text: str
    paths: frozenset[Path]
    _tree: ast.expr = field(repr=False)
    _terms: Mapping[ast.AST, Term] = field(repr=False)

    def broken_by(self, thing: Thing) -> str:
        """The values with which it does not hold, for people; an empty text where it holds or does not apply."""
        if self._comes_to(self._tree, thing) is not False:
            return ""
        return self._shown(self._culprit(self._tree, thing), thing)

    def _comes_to(self, node: ast.AST, thing: Thing) -> Any:
        """The value of a part, or None where there is nothing to judge."""
        try:
            with localcontext(_PRECISION):
                return self._terms[node].of(thing)
        except (NotThereError, ArithmeticError, TypeError, ValueError):
            # Dividing by zero, or a value of another type than declared, is not for an invariant to judge.
            return None

    def _culprit(self, node: ast.expr, thing: Thing) -> ast.expr:
        """The first part of a conjunction that is false."""
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            return next(self._culprit(one, thing) for one in node.values if self._comes_to(one, thing) is False)
        return node

    def _shown(self, node: ast.expr, thing: Thing) -> str:
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return " against ".join(self._worked_out(side, thing) for side in (node.left, *node.comparators))
        return self._inserted(node, thing)

    def _worked_out(self, node: ast.expr, thing: Thing) -> str:
        """A side of a comparison with its values, and what it comes to."""
        inserted = self._inserted(node, thing)
        term = self._terms[node]
        if isinstance(node, ast.Constant | ast.List | ast.Tuple) or term.path or term.kind == "null":
            return inserted
        return f"{inserted} = {terms.shown(self._comes_to(node, thing))}"

    def _inserted(self, node: ast.expr, thing: Thing) -> str:
        return ast.unparse(_Values(self._terms, thing).visited(node))


class _Values:
    """Puts the values of an object in the places of its members."""

    def __init__(self, known: Mapping[ast.AST, Term], thing: Thing) -> None:
        self._known = known
        self._thing = thing

    def visited(self, node: Any) -> Any:
        """A copy of the node with values."""
        if isinstance(node, list):
            return [self.visited(one) for one in node]
        if not isinstance(node, ast.AST):
            return node
        term = self._known.get(node)
        if term and term.path:
            # A name is written as it is, whatever is in it.
            return ast.Name(terms.shown(terms.raw(self._thing, term.path)))
        return type(node)(**{name: self.visited(value) for name, value in ast.iter_fields(node)})


def compiled(text: str, contract: Contract, schema: Place, within: float = 0) -> Expression:
    """The expression for objects of a schema, with a tolerance; raises ExpressionError where it means nothing there."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        compiler = _Compiler(contract, schema, Decimal(repr(within)))
        whole = compiler.term(tree)
    except SyntaxError as error:
        rest = text.strip()[max((error.offset or 1) - 1, 0) :][:_SHORT]
        raise ExpressionError(f"cannot be read{f' at {rest!r}' if rest else ''}: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"cannot be read: {error}") from error
    if whole.kind not in ("boolean", "any") or whole.array is not None:
        raise ExpressionError("says nothing that holds or not: compare it with something")
    paths = frozenset(term.path for term in compiler.terms.values() if term.path)
    if not paths:
        raise ExpressionError("names no member")
    return Expression(text.strip(), paths, tree, compiler.terms)


class _Compiler:
    """Makes a term of each node of a parsed expression, and keeps them all."""

    def __init__(self, contract: Contract, schema: Place, within: Decimal) -> None:
        self._contract = contract
        self._schema = schema
        self._within = within
        self.terms: dict[ast.AST, Term] = {}

    def term(self, node: ast.expr) -> Term:
        """The term of a node; raises ExpressionError."""
        self.terms[node] = term = self._made(node)
        return term

    def _made(self, node: ast.expr) -> Term:
        match node:
            case ast.Constant(value=str() | bool() | None):
                return terms.constant(node.value)
            case ast.Constant(value=int() | float() as value) if math.isfinite(value):
                return terms.constant(Decimal(repr(value)))
            case ast.Name(id=name) if name in _WORDS:
                return terms.constant(_WORDS[name])
            case ast.Name() | ast.Attribute() | ast.Subscript():
                return self._member(_path(node))
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                return self._list(elements)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                denied = self._single(operand, "boolean").of
                return Term("boolean", lambda thing: not denied(thing))
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._arithmetic(operator.neg, operand)
            case ast.BoolOp(op=joined, values=values):
                return self._joined(isinstance(joined, ast.And), values)
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _ARITHMETIC:
                return self._arithmetic(_ARITHMETIC[type(sign)], left, right)
            case ast.Compare():
                return self._comparison(node)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments)
        raise ExpressionError(f"{ast.unparse(node)} is no part of the language")

    def _member(self, path: Path) -> Term:
        """The values at a path of members, through arrays."""
        places, array = [*_choices(self._contract, self._schema)], None
        for depth, name in enumerate(path):
            if depth and (kind := _kind(places)) not in ("object", "any"):
                raise ExpressionError(f"{'.'.join(path[:depth])} is a {kind}, which has no members")
            known = {one for place in places for one in place.value.get("properties", ())}
            inner = [place for one in places for place in _inside(self._contract, one, name)]
            if known and not inner and not any(place.value.get("additionalProperties") is True for place in places):
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"there is {', '.join(sorted(known))}"
                raise ExpressionError(f"there is no member {'.'.join(path[: depth + 1])!r}: {hint}")
            places = inner
            while arrays := [place for place in places if "items" in place.value]:
                array = path[: depth + 1]
                places = [one for place in arrays for one in _below(self._contract, place, "items")]
        return terms.member(path, _kind(places), array)

    def _list(self, elements: Sequence[ast.expr]) -> Term:
        found = [self._single(one, "any") for one in elements]
        kinds = {one.kind for one in found}
        return Term(
            kinds.pop() if len(kinds) == 1 else "any", lambda thing: [one.of(thing) for one in found], ("a list",)
        )

    def _single(self, node: ast.expr, kind: str) -> Term:
        """A term that is one value of a kind."""
        term = self.term(node)
        if term.array is not None:
            raise ExpressionError(f"{ast.unparse(node)} is a list: say sum, min, max, count, sorted or unique of it")
        if "any" not in (kind, term.kind) and term.kind != kind:
            raise ExpressionError(f"{ast.unparse(node)} is {term.named}, and has to be a {kind}")
        return term

    def _joined(self, is_and: bool, values: Sequence[ast.expr]) -> Term:
        found = [self._single(value, "boolean") for value in values]
        judge = all if is_and else any
        return Term("boolean", lambda thing: judge(one.of(thing) for one in found))

    def _arithmetic(self, compute: Callable[..., Any], *nodes: ast.expr) -> Term:
        """What is computed of numbers, element by element where there are lists."""
        found = [self.term(node) for node in nodes]
        for term, node in zip(found, nodes, strict=True):
            if term.kind not in ("number", "any"):
                hint = "; seconds(a, b) is the time from a to b" if term.kind in ("time", "date") else ""
                raise ExpressionError(f"{ast.unparse(node)} is {term.named}, and has to be a number{hint}")
        arrays = {term.array for term in found if term.array is not None}
        if len(arrays) > 1:
            raise ExpressionError(f"{' and '.join(map(ast.unparse, nodes))} are of different lists")
        array = arrays.pop() if arrays else None
        return Term("number", lambda thing: terms.each(compute, *(term.of(thing) for term in found)), array)

    def _comparison(self, node: ast.Compare) -> Term:
        sides = [node.left, *node.comparators]
        steps = [self._step(*one) for one in zip(sides, node.ops, sides[1:], strict=False)]
        return Term("boolean", lambda thing: all(step(thing) for step in steps))

    def _step(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Callable[[Thing], bool]:
        if isinstance(sign, ast.In | ast.NotIn):
            one, listed = self._single(left, "any"), self.term(right)
            if listed.array is None and listed.kind != "any":
                raise ExpressionError(f"{ast.unparse(right)} is no list")
            self._require_alike(left, one, right, listed)
            wanted = isinstance(sign, ast.In)
            return lambda thing: (one.of(thing) in listed.of(thing)) is wanted
        if type(sign) not in _COMPARISONS:
            raise ExpressionError(f"write == or != for {ast.unparse(ast.Compare(left, [sign], [right]))}")
        is_equality = isinstance(sign, ast.Eq | ast.NotEq)
        one, other = self._single(left, "any"), self._single(right, "any")
        if is_equality and "null" in (one.kind, other.kind):
            term, wanted = (one if other.kind == "null" else other), isinstance(sign, ast.NotEq)
            return lambda thing: term.is_there(thing) is wanted
        first, second = self._timed(left, one, other.kind), self._timed(right, other, one.kind)
        self._require_alike(left, first, right, second)
        if not is_equality and not {first.kind, second.kind} <= terms.ORDERED:
            raise ExpressionError(f"{ast.unparse(left)} is {first.named}, which has no order")
        compare, within = _COMPARISONS[type(sign)], self._within
        return lambda thing: terms.compared(compare, first.of(thing), second.of(thing), within)

    def _require_alike(self, left: ast.expr, one: Term, right: ast.expr, other: Term) -> None:
        if "any" not in (one.kind, other.kind) and one.kind != other.kind:
            sides = f"{ast.unparse(left)} is {one.named}, {ast.unparse(right)} is {other.named}"
            raise ExpressionError(f"{sides}: they cannot be compared")

    def _timed(self, node: ast.expr, term: Term, kind: str) -> Term:
        """A text in the expression as a time, where it is compared with one."""
        if not isinstance(node, ast.Constant) or term.kind != "text" or kind not in ("time", "date"):
            return term
        try:
            value = terms.point(str(node.value), kind)
        except ValueError as error:
            raise ExpressionError(f"{ast.unparse(node)} is no {kind}: {error}") from error
        return Term(kind, lambda _: value)

    def _call(self, name: str, arguments: Sequence[ast.expr]) -> Term:
        if name not in FUNCTIONS:
            near = difflib.get_close_matches(name, FUNCTIONS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there is {', '.join(FUNCTIONS)}"
            raise ExpressionError(f"there is no function {name!r}: {hint}")
        found = [self.term(one) for one in arguments]
        try:
            return FUNCTIONS[name](found)
        except ExpressionError as error:
            raise ExpressionError(f"{name} {error}") from error


def _path(node: ast.expr) -> Path:
    """The members that `a.b`, or `this["a"]["b"]` for names that are no words, lead through."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=inner, attr=name):
            return (*_path(inner), name)
        case ast.Subscript(value=ast.Name(id="this"), slice=ast.Constant(value=str() as name)):
            return (name,)
        case ast.Subscript(value=inner, slice=ast.Constant(value=str() as name)):
            return (*_path(inner), name)
    raise ExpressionError(f"{ast.unparse(node)} is no member")


def _choices(contract: Contract, schema: Place, depth: int = 0) -> Iterator[Place]:
    """A schema, what `allOf` joins to it, and all that it may be by `oneOf` and `anyOf`."""
    for part in parts(contract, schema) if depth < _DEEP else ():
        yield part
        for name in ("oneOf", "anyOf"):
            for index in range(len(part.value.get(name, ()))):
                yield from _choices(contract, contract.below(part, name, str(index)), depth + 1)


def _below(contract: Contract, place: Place, *tokens: str) -> Iterator[Place]:
    return _choices(contract, contract.below(place, *tokens))


def _inside(contract: Contract, place: Place, name: str) -> Iterator[Place]:
    """The schemas of a member of an object."""
    if name in place.value.get("properties", ()):
        yield from _below(contract, place, "properties", name)
    elif isinstance(place.value.get("additionalProperties"), Mapping):
        yield from _below(contract, place, "additionalProperties")


def _kind(places: Sequence[Place]) -> str:
    kinds: set[str] = set()
    for place in places:
        named = place.value.get("type", ())
        kinds |= {named} if isinstance(named, str) else set(named)
        kinds |= {_TYPES.get(type(value), "object") for value in place.value.get("enum", ())}
    formats = {place.value["format"] for place in places if "format" in place.value}
    return terms.kind_of(frozenset(kinds), frozenset(formats))


_TYPES: Mapping[type, str] = {str: "string", bool: "boolean", int: "number", float: "number", type(None): "null"}
