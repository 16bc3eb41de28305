"""Things that clients register, keep and remove: listed, made, changed and deleted by a declaration.

A `Resource` says which members a client may set and what they are when left out; the rest follows: an organization sees
its own alone, ids follow from the seed, whatever is not declared in a body is ignored. What the world has from the
start is `base`; the store then holds what clients changed of it, member by member.

The things are those of the calling organization; `RESOURCE.of(owner_id)` has the same verbs for those of another
owner, such as the organization that the path names. Whether the caller may reach those is not judged here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final, Self

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
Base = Callable[[Context, str], Mapping[str, Value]]


async def _any(ctx: Context, value: Value) -> None:
    """Nothing to judge."""


def _nothing(ctx: Context, owner_id: str) -> Mapping[str, Value]:
    return {}


def _as_sent(text: str) -> str:
    return text


@dataclass(frozen=True)
class IdForm:
    """How ids look."""

    new: Callable[[int, str, int], str]
    """The id for a seed, a collection and the number of a thing in it."""
    canonical: Callable[[str], str] = _as_sent
    """The one way of writing an id."""


UUIDS = IdForm(ids.uuid, str.lower)


def prefixed(prefix: str) -> IdForm:
    """Ids such as `org_7KQ2M9ZD4T8WX3BN`."""
    return IdForm(partial(ids.prefixed, prefix))


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One kind of thing. Values are JSON objects with an id, the stamps and `NUMBER` beside the members.

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
    """What there is from the start for an owner (an id), by id."""
    id_member: str = "id"
    id_form: IdForm = UUIDS
    stamps: Mapping[str, bool] = field(default_factory=lambda: {"created_at": True, "updated_at": True})
    """Members with the time of making, or of the last change if called `updated_at`; False: null until it changes."""
    time_text: Callable[[datetime], str] = timestamp
    """How times are written."""
    unknown_slug: str | None = None
    """The slug of the refusal of an id that is unknown; None: made of the name."""
    taken_slug: str | None = None
    """The slug of the refusal of a second one."""
    owner_id: str | None = None
    """Whose things; None for the calling organization's."""

    def of(self, owner_id: str) -> Self:
        """The things of that owner."""
        return replace(self, owner_id=owner_id)

    def place(self, ctx: Context) -> str:
        """The collection of the owner."""
        return f"{self.collection}/{self._owner(ctx)}"

    async def list(self, ctx: Context, **equal: Any) -> Sequence[Value]:
        """Everything in the order of its making, of which the members are as given; None leaves a member open."""
        values = dict(self._base(ctx))
        for document in await ctx.store.list(self.place(ctx)):
            values[document.key] = {**values.get(document.key, {}), **document.value}
        wanted = [(name, self._canonical(name, value)) for name, value in equal.items() if value is not None]
        return sorted(
            (value for value in values.values() if not _is_deleted(value) and all(value[n] == v for n, v in wanted)),
            key=lambda value: int(value[NUMBER]),
        )

    async def find(self, ctx: Context, key: str) -> Value | None:
        """The thing of that id, or None when the owner has none."""
        key = self.id_form.canonical(key)
        return _merged(self._base(ctx).get(key), await ctx.store.get(self.place(ctx), key))

    async def get(self, ctx: Context, key: str) -> Value:
        """The thing of that id; NotFound when the owner has none."""
        value = await self.find(ctx, key)
        if value is None:
            raise self.unknown(key)
        return value

    def unknown(self, key: str) -> NotFound:
        """The refusal of an id that is nobody's, or another owner's."""
        slug = self.unknown_slug or f"{self.name.lower().replace(' ', '_')}_not_found"
        return NotFound(f"There is no {self.name} {key}.", slug=slug)

    async def create(
        self, ctx: Context, *, key: str | None = None, body: Mapping[str, Any] | None = None, **others: Any
    ) -> Value:
        """Make one of a body, the request's if none is given, and of `others`: members that no client sets here.

        With `key` it has that id. VersionConflict when there is one of that id.
        """
        place = self.place(ctx)
        number = await next_number(ctx.store, place)
        key = key or self.id_form.new(ctx.world.seed, place, number)
        now = self.time_text(ctx.at)
        members = self._canonical_all(_completed(self.members, ctx.body if body is None else body) | others)
        stamps = {name: now if from_the_start else None for name, from_the_start in self.stamps.items()}
        value = {self.id_member: key, NUMBER: number, **members, **stamps}
        await self._judge(ctx, value, self.references.keys())
        removed = await ctx.store.get(place, key)
        again = removed is not None and _is_deleted(removed.value)
        await ctx.store.put(place, key, value, expected=removed.version if removed and again else 0)
        return value

    async def update(self, ctx: Context, key: str, **others: Any) -> Value:
        """Change what the body of the request says, an object member by member, and what `others` say."""
        value = await self.get(ctx, key)
        return await self._change(ctx, value, _taken(self.members, ctx.body, value) | others)

    async def replace(self, ctx: Context, key: str, *, body: Mapping[str, Any] | None = None) -> Value:
        """Change all that a client may set to what a body, the request's if none is given, says or leaves out."""
        value = await self.get(ctx, key)
        return await self._change(ctx, value, _completed(self.members, ctx.body if body is None else body))

    async def _change(self, ctx: Context, value: Value, changes: Value) -> Value:
        changes = self._canonical_all(changes)
        for name in self.immutable & changes.keys():
            if changes[name] != value[name]:
                raise InvalidRequest([FieldError("body", name, f"is {value[name]} and cannot be changed")])
        await self._judge(ctx, value | changes, self.references.keys() & changes.keys())
        if "updated_at" in self.stamps:
            changes["updated_at"] = self.time_text(ctx.at)
        return await self.set(ctx, value, **changes)

    async def set(self, ctx: Context, value: Value, **changes: Any) -> Value:
        """Note something of a thing, members of a client's or others; nothing is judged."""
        place, key = self.place(ctx), value[self.id_member]
        document = await ctx.store.get(place, key)
        stored = document.value if document else {}
        await ctx.store.put(place, key, {**stored, **changes}, expected=document.version if document else 0)
        return value | changes

    async def delete(self, ctx: Context, key: str, *, unless: Sequence[Resource] = ()) -> Value:
        """Remove and return; Conflict while things of other kinds refer to it."""
        value = await self.get(ctx, key)
        key = value[self.id_member]
        held = []
        for other in unless:
            names = [name for name, resource in other.references.items() if resource.collection == self.collection]
            count = sum(any(each[name] == key for name in names) for each in await self._beside(other).list(ctx))
            if count:
                held.append(f"{count} {other.name if count == 1 else other.plural}")
        if held:
            raise Conflict(f"{self.name.capitalize()} {key} still has {' and '.join(held)}; delete them first.")
        if key in self._base(ctx):
            await ctx.store.put(self.place(ctx), key, DELETED)
        else:
            await ctx.store.delete(self.place(ctx), key)
        return value

    async def _judge(self, ctx: Context, value: Value, new_references: Iterable[str]) -> None:
        for name in new_references:
            if value[name] is not None and await self._beside(self.references[name]).find(ctx, value[name]) is None:
                raise Unprocessable(f"is no {self.references[name].name} of yours: {value[name]}", name)
        for name in self.unique:
            if value[name] is None:
                continue
            for other in await self.list(ctx, **{name: value[name]}):
                if other[self.id_member] != value[self.id_member]:
                    owner = other[self.id_member]
                    text = f"{value[name]!r} belongs to {self.name} {owner} already"
                    raise Conflict(text, slug=self.taken_slug, field=name)
        await self.check(ctx, value)

    def _owner(self, ctx: Context) -> str:
        if self.owner_id is not None:
            return self.owner_id
        return ctx.principal.client_id if ctx.principal else ""

    def _base(self, ctx: Context) -> Mapping[str, Value]:
        return self.base(ctx, self._owner(ctx))

    def _beside(self, other: Resource) -> Resource:
        """Another kind of thing of the same owner."""
        return other if self.owner_id is None else other.of(self.owner_id)

    def _canonical_all(self, members: Value) -> Value:
        return {name: self._canonical(name, value) for name, value in members.items()}

    def _canonical(self, name: str, value: Any) -> Any:
        """Ids are written in one way, whatever a client sends."""
        if name in self.references and isinstance(value, str):
            return self.references[name].id_form.canonical(value)
        return value


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
