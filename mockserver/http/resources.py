"""Things that clients register, keep and remove: listed, made, changed and deleted by a declaration.

A `Resource` says which members a client may set and what they are when left out; the rest follows: an organization sees
its own alone, ids are UUIDs that follow from the seed, whatever is not declared in a body is ignored. What the world
has from the start is `base`; the store then holds what clients changed of it, member by member.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mockserver import ids
from mockserver.clock import timestamp
from mockserver.http.errors import Conflict, FieldError, InvalidRequest, NotFound, Unprocessable
from mockserver.http.exchange import Context
from mockserver.store import Document, Value
from mockserver.store.counter import next_number
from mockserver.store.overlay import DELETED

REQUIRED: Final = object()
"""Stands for the value of a member that the contract requires: there is none when it is left out."""
NUMBER: Final = "number"
"""The member by which things are in the order of their making. It is no part of the wire form."""

Check = Callable[[Context, Value], Awaitable[None]]
Base = Callable[[Context], Mapping[str, Value]]


async def _any(ctx: Context, value: Value) -> None:
    """Nothing to judge."""


def _nothing(ctx: Context) -> Mapping[str, Value]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One kind of thing. Values are JSON objects with `id`, `created_at`, `updated_at` and `NUMBER` beside the members.

    The body of a request must have been validated; it decides what is in `ctx.body`.
    """

    name: str
    """As people read it, such as `grid connection`."""
    plural: str
    collection: str
    """Where the documents of an organization are, below this."""
    members: Mapping[str, Any]
    """What a client may set, with its value when left out, `REQUIRED` or, for an object, the same of its members."""
    immutable: frozenset[str] = frozenset()
    """Members that keep their first value: 400 for another one."""
    unique: frozenset[str] = frozenset()
    """Members that no two things of an organization share, null apart: 409."""
    references: Mapping[str, Resource] = field(default_factory=dict)
    """Members that hold the id of another thing, which has to exist: 422."""
    check: Check = _any
    """What else a new or changed value has to fulfil; raises an ApiError."""
    base: Base = _nothing
    """What there is from the start for the calling organization, by id."""

    def place(self, ctx: Context) -> str:
        """The collection of the calling organization."""
        return f"{self.collection}/{ctx.principal.client_id if ctx.principal else ''}"

    async def list(self, ctx: Context, **equal: Any) -> Sequence[Value]:
        """Everything in the order of its making, of which the members are as given; None leaves a member open."""
        values = dict(self.base(ctx))
        for document in await ctx.store.list(self.place(ctx)):
            values[document.key] = {**values.get(document.key, {}), **document.value}
        wanted = [(name, self._canonical(name, value)) for name, value in equal.items() if value is not None]
        return sorted(
            (value for value in values.values() if not _is_deleted(value) and all(value[n] == v for n, v in wanted)),
            key=lambda value: int(value[NUMBER]),
        )

    async def find(self, ctx: Context, key: str) -> Value | None:
        """The thing of that id, or None when the organization has none."""
        return _merged(self.base(ctx).get(key.lower()), await ctx.store.get(self.place(ctx), key.lower()))

    async def get(self, ctx: Context, key: str) -> Value:
        """The thing of that id; NotFound when the organization has none."""
        value = await self.find(ctx, key)
        if value is None:
            raise NotFound(f"There is no {self.name} {key}.")
        return value

    async def create(self, ctx: Context) -> Value:
        """Make one of the body of the request."""
        place = self.place(ctx)
        number = await next_number(ctx.store, place)
        key = ids.uuid(ctx.world.seed, place, number)
        now = timestamp(ctx.at)
        members = self._canonical_all(_completed(self.members, ctx.body))
        value = {"id": key, NUMBER: number, **members, "created_at": now, "updated_at": now}
        await self._judge(ctx, value, self.references.keys())
        await ctx.store.put(place, key, value, expected=0)
        return value

    async def update(self, ctx: Context, key: str) -> Value:
        """Change what the body of the request says; an object member by member."""
        value = await self.get(ctx, key)
        changes = self._canonical_all(_taken(self.members, ctx.body, value))
        for name in self.immutable & changes.keys():
            if changes[name] != value[name]:
                raise InvalidRequest([FieldError("body", name, f"is {value[name]} and cannot be changed")])
        await self._judge(ctx, value | changes, self.references.keys() & changes.keys())
        return await self.set(ctx, value, **changes, updated_at=timestamp(ctx.at))

    async def set(self, ctx: Context, value: Value, **changes: Any) -> Value:
        """Note something of a thing, members of a client's or others; nothing is judged."""
        place, key = self.place(ctx), value["id"]
        document = await ctx.store.get(place, key)
        stored = document.value if document else {}
        await ctx.store.put(place, key, {**stored, **changes}, expected=document.version if document else 0)
        return value | changes

    async def delete(self, ctx: Context, key: str, *, unless: Sequence[Resource] = ()) -> Value:
        """Remove and return; Conflict while things of other kinds refer to it."""
        value = await self.get(ctx, key)
        key = value["id"]
        held = []
        for other in unless:
            names = [name for name, resource in other.references.items() if resource is self]
            count = sum(any(each[name] == key for name in names) for each in await other.list(ctx))
            if count:
                held.append(f"{count} {other.name if count == 1 else other.plural}")
        if held:
            raise Conflict(f"{self.name.capitalize()} {key} still has {' and '.join(held)}; delete them first.")
        if key in self.base(ctx):
            await ctx.store.put(self.place(ctx), key, DELETED)
        else:
            await ctx.store.delete(self.place(ctx), key)
        return value

    async def _judge(self, ctx: Context, value: Value, new_references: Iterable[str]) -> None:
        for name in new_references:
            if value[name] is not None and await self.references[name].find(ctx, value[name]) is None:
                raise Unprocessable(f"is no {self.references[name].name} of yours: {value[name]}", name)
        for name in self.unique:
            if value[name] is None:
                continue
            for other in await self.list(ctx, **{name: value[name]}):
                if other["id"] != value["id"]:
                    raise Conflict(f"{value[name]!r} belongs to {self.name} {other['id']} already", field=name)
        await self.check(ctx, value)

    def _canonical_all(self, members: Value) -> Value:
        return {name: self._canonical(name, value) for name, value in members.items()}

    def _canonical(self, name: str, value: Any) -> Any:
        """Ids are written in small letters, whatever a client sends."""
        return value.lower() if name in self.references and isinstance(value, str) else value


def _is_deleted(value: Value) -> bool:
    return DELETED.keys() <= value.keys()


def _merged(base: Value | None, document: Document | None) -> Value | None:
    if document is None:
        return base
    return None if _is_deleted(document.value) else {**(base or {}), **document.value}


def _completed(members: Mapping[str, Any], body: Mapping[str, Any]) -> Value:
    """The declared members as the body has them, or as they are when left out."""
    value: Value = {}
    for name, default in members.items():
        if isinstance(default, Mapping):
            value[name] = _completed(default, body.get(name, {}))
        elif name in body or default is not REQUIRED:
            value[name] = body.get(name, default)
    return value


def _taken(members: Mapping[str, Any], body: Mapping[str, Any], value: Value) -> Value:
    """The declared members that the body has; of an object those that it has not are as in the value."""
    return {
        name: {**value[name], **_taken(default, body[name], value[name])}
        if isinstance(default, Mapping)
        else body[name]
        for name, default in members.items()
        if name in body
    }
