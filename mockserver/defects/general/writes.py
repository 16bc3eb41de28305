"""Defects of what is written: things that are created, changed and deleted, and what is read of them afterwards."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from mockserver.defects.altering import items_of, request_body
from mockserver.defects.contract import Traits
from mockserver.defects.defect import Answer, Defect, Memory, Request, every

_SHORTENED_TO = 16

creating = every(lambda at: at.creates and at.item_path is not None)
writing = every(lambda at: at.operation.method in ("POST", "PUT", "PATCH") and bool(at.sent))
updating = every(lambda at: at.is_update)
deleting = every(lambda at: at.operation.method == "DELETE" and at.is_of_one_thing)
reading = every(
    lambda at: at.operation.method == "GET" and at.is_of_one_thing and _has_sibling(at, "DELETE", "PATCH", "PUT")
)


def _has_sibling(at: Traits, *methods: str) -> bool:
    """Whether the path of an operation has another one, by one of the methods."""
    operations = at.contract.spec.operations
    return any(each.path == at.operation.path and each.method in methods for each in operations)


reading_created = every(
    lambda at: (
        at.operation.method == "GET"
        and any(each.creates and each.item_path == at.operation.path for each in at.contract.operations)
    )
)
listing_created = every(
    lambda at: at.lists_things and any(_creates_beside(each, at) for each in at.contract.operations)
)
listing_deleted = every(
    lambda at: (
        at.lists_things
        and any(
            each.operation.method == "DELETE" and each.operation.path == at.item_path for each in at.contract.operations
        )
    )
)
reading_deleted = every(lambda at: at.operation.method == "GET" and at.is_of_one_thing and _has_sibling(at, "DELETE"))


def _creates_beside(other: Traits, at: Traits) -> bool:
    return other.creates and other.operation.path == at.operation.path


def _collection(asked: Request) -> str:
    """The path above that of one thing."""
    return asked.path.rstrip("/").rpartition("/")[0]


def _see_creations(asked: Request, answer: Answer, memory: Memory) -> None:
    """Remember under `created` the things of each collection."""
    if asked.method == "POST" and answer.status == 201 and asked.at is not None and asked.at.creates:
        memory.setdefault("created", {}).setdefault(asked.path.rstrip("/"), {})[str(answer.json["id"])] = answer.json


def _created(memory: Memory, collection: str) -> dict[str, Any]:
    found: dict[str, Any] = memory.get("created", {}).get(collection.rstrip("/"), {})
    return found


def _not_listed(asked: Request, answer: Answer, memory: Memory) -> Answer:
    body = answer.json
    found, hidden = items_of(asked, body), _created(memory, asked.path)
    found[:] = [each for each in found if str(each["id"]) not in hidden]
    return answer.with_json(body) if answer.is_success and hidden else answer


def _not_readable(asked: Request, answer: Answer, memory: Memory) -> Answer:
    is_hidden = answer.is_success and asked.last_segment in _created(memory, _collection(asked))
    return asked.refusal(404, "There is nothing of this id.") if is_hidden else answer


def _see_deletions(asked: Request, answer: Answer, memory: Memory) -> None:
    """Remember under `known` each thing as it was read last, and under `deleted` the paths of those that are gone."""
    path = asked.path.rstrip("/")
    if asked.method == "GET" and answer.status == 200 and asked.at is not None:
        if asked.at.lists_things:
            for each in items_of(asked, answer.json):
                memory[f"{path}/{each['id']}"] = each
        else:
            memory[path] = answer.json
    if asked.method == "POST" and answer.status == 201:
        memory[f"{path}/{answer.json['id']}"] = answer.json
    if asked.method == "DELETE" and answer.is_success:
        memory.setdefault("deleted", []).append(path)


def _deleted_listed(asked: Request, answer: Answer, memory: Memory) -> Answer:
    body = answer.json
    gone = [path for path in memory.get("deleted", ()) if path.rpartition("/")[0] == asked.path.rstrip("/")]
    if not answer.is_success or not gone:
        return answer
    items_of(asked, body).extend(memory[path] for path in gone if path in memory)
    return answer.with_json(body)


def _deleted_readable(asked: Request, answer: Answer, memory: Memory) -> Answer:
    path = asked.path.rstrip("/")
    is_known = answer.status in (404, 410) and path in memory.get("deleted", ()) and path in memory
    return Answer(200, {"content-type": "application/json"}, b"").with_json(memory[path]) if is_known else answer


def _delete_again(asked: Request, answer: Answer, _: Memory) -> Answer:
    return Answer(204, {}, b"") if asked.method == "DELETE" and answer.status in (404, 410) else answer


def _look_instead(asked: Request, _: Memory) -> Request:
    return replace(asked, method="GET") if asked.method == "DELETE" else asked


def _seems_deleted(asked: Request, answer: Answer, _: Memory) -> Answer:
    return Answer(204, {}, b"") if asked.method == "DELETE" and answer.status == 200 else answer


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_rounded(inner) for inner in value]
    return float(round(value)) if isinstance(value, float) else value


def _shortened(body: Any, asked: Request) -> None:
    for each in asked.at.sent if asked.at else ():
        if each.is_free_text and isinstance(body.get(each.name), str):
            body[each.name] = body[each.name][:_SHORTENED_TO]


def _trimmed_to_ascii(body: Any, asked: Request) -> None:
    for each in asked.at.sent if asked.at else ():
        if each.is_free_text and isinstance(body.get(each.name), str):
            body[each.name] = body[each.name].encode("ascii", "replace").decode()


def _loses_a_member(body: Any, asked: Request) -> None:
    optional = [each.name for each in asked.at.sent if not each.required and each.name in body] if asked.at else []
    if optional:
        del body[optional[0]]


def _loses_each_optional(body: Any, asked: Request) -> None:
    for each in asked.at.sent if asked.at else ():
        if not each.required:
            body.pop(each.name, None)


def _another_member_too(body: Any, asked: Request) -> None:
    other = (
        next((each.name for each in asked.at.sent if each.is_free_text and each.name not in body), None)
        if asked.at
        else None
    )
    if other is not None:
        body[other] = "changed"


def _read_for_update(asked: Request, _: Memory) -> Request:
    if asked.method not in ("PATCH", "PUT"):
        return asked
    return replace(asked, method="GET", body=b"", headers={**asked.headers, "content-length": "0"})


def _as_if_updated(asked: Request, answer: Answer, _: Memory) -> Answer:
    if asked.method not in ("PATCH", "PUT") or answer.status != 200:
        return answer
    return answer.with_json({**answer.json, **asked.json})


def _see_first(asked: Request, answer: Answer, memory: Memory) -> None:
    path = asked.path.rstrip("/")
    if asked.method == "POST" and answer.status == 201:
        memory.setdefault(f"{path}/{answer.json['id']}", answer.json)
    elif asked.method == "GET" and answer.status == 200:
        memory.setdefault(path, answer.json)


def _as_at_first(asked: Request, answer: Answer, memory: Memory) -> Answer:
    known = memory.get(asked.path.rstrip("/"))
    return answer.with_json(known) if asked.method == "GET" and answer.status == 200 and known is not None else answer


def _see_success(asked: Request, answer: Answer, memory: Memory) -> None:
    """Remember how writing to each path template was answered last."""
    if answer.is_success and asked.at is not None:
        memory[asked.at.id] = answer


def _taken_anyway(asked: Request, answer: Answer, memory: Memory) -> Answer:
    if answer.status not in (400, 422) or asked.at is None or asked.method != asked.at.operation.method:
        return answer
    return memory.get(asked.at.id, answer)  # type: ignore[no-any-return]  # an answer of this operation


def _moved(answer: Answer) -> Answer:
    return answer.with_header("location", re.sub(r"[^/]+$", "nothing-here", answer.headers["location"]))


located = every(lambda at: at.creates and at.declares_header("location"))

DEFECTS = (
    Defect(
        "created-not-listed",
        "What clients create is on no list.",
        listing_created,
        answer=_not_listed,
        watch=_see_creations,
    ),
    Defect(
        "created-not-readable",
        "What clients create cannot be read by its id.",
        reading_created,
        answer=_not_readable,
        watch=_see_creations,
    ),
    Defect(
        "deleted-still-listed",
        "What was deleted is listed all the same.",
        listing_deleted,
        answer=_deleted_listed,
        watch=_see_deletions,
    ),
    Defect(
        "deleted-still-readable",
        "What was deleted can be read all the same.",
        reading_deleted,
        answer=_deleted_readable,
        watch=_see_deletions,
    ),
    Defect("delete-twice-succeeds", "What is gone can be deleted again.", deleting, answer=_delete_again),
    Defect(
        "delete-does-nothing",
        "Deleting is answered with success, and nothing is deleted.",
        deleting,
        request=_look_instead,
        answer=_seems_deleted,
    ),
    Defect(
        "write-rounds-numbers",
        "Numbers are rounded to whole ones before they are stored.",
        writing,
        request=request_body(lambda body, _: _rounded(body)),
    ),
    Defect(
        "write-truncates-text",
        f"Texts are cut off after {_SHORTENED_TO} characters before they are stored.",
        every(lambda at: writing(at) and any(each.is_free_text for each in at.sent)),
        request=request_body(_shortened),
    ),
    Defect(
        "write-loses-letters",
        "Letters outside ASCII become question marks before they are stored.",
        every(lambda at: writing(at) and any(each.is_free_text for each in at.sent)),
        request=request_body(_trimmed_to_ascii),
    ),
    Defect(
        "write-loses-a-member",
        "An optional member of what is sent is not stored.",
        every(lambda at: writing(at) and any(not each.required for each in at.sent)),
        request=request_body(_loses_a_member),
    ),
    Defect(
        "options-ignored",
        "Whatever is optional in what is sent is ignored.",
        every(lambda at: writing(at) and any(not each.required for each in at.sent)),
        request=request_body(_loses_each_optional),
    ),
    Defect(
        "update-lost",
        "A change is answered as if it were made, and is not.",
        every(lambda at: at.is_update and _has_sibling(at, "GET")),
        request=_read_for_update,
        answer=_as_if_updated,
    ),
    Defect(
        "update-changes-another-member",
        "A change alters a text that it does not name, too.",
        every(lambda at: at.is_update and any(each.is_free_text for each in at.sent)),
        request=request_body(_another_member_too),
    ),
    Defect(
        "reads-are-stale",
        "A thing is read as it was first, whatever was changed since.",
        reading,
        answer=_as_at_first,
        watch=_see_first,
    ),
    Defect(
        "validation-ignored",
        "What breaks the rules is answered as if it were taken.",
        writing,
        answer=_taken_anyway,
        watch=_see_success,
    ),
    Defect(
        "idempotency-key-ignored",
        "A repeated request with the same idempotency key takes effect again.",
        every(lambda at: "idempotency-key" in at.request_headers),
        request=lambda asked, _: asked.without_header("idempotency-key"),
    ),
    Defect(
        "precondition-ignored",
        "If-Match is ignored, so that changes of others get lost.",
        every(lambda at: "if-match" in at.request_headers),
        request=lambda asked, _: asked.without_header("if-match"),
    ),
    Defect(
        "location-wrong",
        "Location leads to nothing after something was created.",
        located,
        answer=lambda _, answer, __: _moved(answer) if answer.status == 201 else answer,
    ),
    Defect(
        "location-missing",
        "There is no Location after something was created.",
        located,
        answer=lambda _, answer, __: answer.without("location") if answer.status == 201 else answer,
    ),
    Defect(
        "ok-for-created",
        "Creating is answered with 200 instead of 201.",
        every(lambda at: at.operation.method in ("POST", "PUT") and at.has("201")),
        answer=lambda _, answer, __: replace(answer, status=200) if answer.status == 201 else answer,
    ),
)
