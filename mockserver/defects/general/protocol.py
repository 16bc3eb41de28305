"""Defects of HTTP: methods, media types, headers, statuses, time."""

from __future__ import annotations

import re
from dataclasses import replace

from mockserver.defects.altering import counted, failure, success
from mockserver.defects.contract import PAGE_SIZE, Traits
from mockserver.defects.defect import Answer, Defect, Memory, Request, anywhere, every

_FAILED = Answer(500, {"content-type": "text/plain"}, b"Internal Server Error")
_FAILS_EACH = 7
_FIRST_MEMBER = re.compile(rb'^(\s*\[?\s*\{)("(?:[^"\\]|\\.)*":\s*(?:null|true|false|-?[\d.eE+-]+|"(?:[^"\\]|\\.)*"))')

reading = every(lambda at: at.operation.method == "GET")
with_body = every(lambda at: bool(at.sent))
with_json = every(lambda at: bool(at.answered))
with_odd_ids = every(lambda at: any(_rules(at)))


def _rules(at: Traits) -> list[tuple[str, re.Pattern[str]]]:
    """The path parameters that have a pattern, or the form of a UUID."""
    found = []
    for parameter in at.operation.parameters:
        if parameter.location == "path":
            schema = at.contract.followed(parameter.schema.value)
            uuid = "^[0-9a-fA-F-]{36}$" if schema.get("format") == "uuid" else None
            pattern = schema.get("pattern", uuid)
            if pattern:
                found.append((parameter.name, re.compile(pattern)))
    return found


def _is_odd(asked: Request) -> bool:
    """Whether the last segment is no id of the form that the contract gives."""
    if asked.at is None or not asked.at.is_of_one_thing:
        return False
    name = asked.at.operation.path.rstrip("/").rpartition("/")[2].strip("{}")
    return any(name == each and not pattern.search(asked.last_segment) for each, pattern in _rules(asked.at))


def _crash_on_odd_ids(asked: Request, answer: Answer, _: Memory) -> Answer:
    return _FAILED if answer.status in (400, 404, 422) and _is_odd(asked) else answer


def _take_another(asked: Request, memory: Memory) -> Request:
    known = memory.get(asked.at.id) if asked.at else None
    return replace(asked, path=known) if known and _is_odd(asked) else asked


def _see_path(asked: Request, answer: Answer, memory: Memory) -> None:
    """Remember a path of each operation that leads to something: as asked for, or as a list names it."""
    if answer.is_success and asked.at is not None and not _is_odd(asked):
        memory.setdefault(asked.at.id, asked.path)
    if answer.is_success and asked.at is not None and asked.at.lists_things:
        body = answer.json
        first = (body if isinstance(body, list) else body[asked.at.items_in])[0]
        for each in asked.at.contract.operations:
            if each.operation.path == asked.at.item_path:
                memory.setdefault(each.id, f"{asked.path.rstrip('/')}/{first['id']}")


def _fail_each_seventh(asked: Request, answer: Answer, memory: Memory) -> Answer:
    return _FAILED if counted(memory) % _FAILS_EACH == 0 else answer


def _fail_for_small_pages(asked: Request, answer: Answer, _: Memory) -> Answer:
    return _FAILED if answer.is_success and any(asked.parameter(name) == "1" for name in PAGE_SIZE) else answer


def _declared_type(asked: Request, _: Memory) -> Request:
    body = asked.at.operation.request_body if asked.at else None
    given = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    known = [*body.content] if body else []
    return asked.with_headers({"content-type": known[0]}) if known and given not in known else asked


def _as_get(asked: Request, _: Memory) -> Request:
    is_known = asked.contract is not None and asked.method in asked.contract.find(asked.path)
    return asked if is_known or asked.method in ("HEAD", "OPTIONS") else replace(asked, method="GET")


def _undeclared(at: Traits) -> int:
    """A status of success that an operation does not declare."""
    return next(status for status in (203, 202, 206, 200) if not at.operation.responses.get(str(status)))


def _with_undeclared_status(asked: Request, answer: Answer, _: Memory) -> Answer:
    return replace(answer, status=_undeclared(asked.at)) if answer.is_success and asked.at else answer


def _header_names(at: Traits) -> list[str]:
    """Lower-case names of the headers that an answer of success must have."""
    declared = at.operation.success.headers if at.operation.success else {}
    return sorted(name.lower() for name, header in declared.items() if header.required)


def _without_header(asked: Request, answer: Answer, _: Memory) -> Answer:
    return answer.without(_header_names(asked.at)[0]) if answer.is_success and asked.at else answer


def _numeric_headers(at: Traits) -> list[str]:
    declared = at.operation.success.headers if at.operation.success else {}
    followed = {name.lower(): at.contract.followed(header.schema.value) for name, header in declared.items()}
    return [name for name, schema in followed.items() if schema.get("type") in ("integer", "number")]


def _header_as_word(asked: Request, answer: Answer, _: Memory) -> Answer:
    names = _numeric_headers(asked.at) if asked.at else []
    if not answer.is_success or names[0] not in answer.headers:
        return answer
    return answer.with_header(names[0], "many")


def _head_differs(asked: Request, answer: Answer, _: Memory) -> Answer:
    if asked.method != "HEAD" or not answer.is_success:
        return answer
    return replace(answer, headers={"content-type": "text/plain", "content-length": "0"})


def _twice(answer: Answer) -> Answer:
    return replace(answer, body=_FIRST_MEMBER.sub(rb"\1\2,\2", answer.body, count=1))


def _mangled(answer: Answer) -> Answer:
    return replace(answer, body=answer.body.decode("latin-1").encode())


def _plain(_: Request, answer: Answer) -> Answer:
    return replace(answer, body=b"Error", headers={**answer.headers, "content-type": "text/plain"})


DEFECTS = (
    Defect(
        "media-type-ignored",
        "A body of the wrong media type is taken as if it had the right one.",
        with_body,
        request=_declared_type,
    ),
    Defect(
        "accept-ignored",
        "Clients that do not accept the media type of the answer get it all the same.",
        with_json,
        request=lambda asked, _: asked.with_headers({"accept": "*/*"}),
    ),
    Defect(
        "allow-missing",
        "A 405 does not say which methods there are: Allow is missing.",
        anywhere,
        answer=lambda _, answer, __: answer.without("allow") if answer.status == 405 else answer,
    ),
    Defect("any-method", "Methods that a path does not have are taken for GET.", reading, request=_as_get),
    Defect(
        "error-format-other", "Errors are plain text, not what the API says they are.", anywhere, answer=failure(_plain)
    ),
    Defect(
        "errors-with-200",
        "Errors come with status 200.",
        anywhere,
        answer=failure(lambda _, answer: replace(answer, status=200)),
    ),
    Defect(
        "absent-crashes",
        "What is not there is answered with 500 instead of 404.",
        every(lambda at: "{" in at.operation.path),
        answer=lambda _, answer, __: _FAILED if answer.status == 404 else answer,
    ),
    Defect(
        "odd-id-crashes",
        "An id of another form than the contract gives is answered with 500.",
        with_odd_ids,
        answer=_crash_on_odd_ids,
    ),
    Defect(
        "odd-id-taken",
        "An id of another form than the contract gives is taken for one that is there.",
        with_odd_ids,
        request=_take_another,
        watch=_see_path,
    ),
    Defect(
        "crashes-now-and-then",
        f"Each {_FAILS_EACH}th request is answered with 500.",
        anywhere,
        answer=_fail_each_seventh,
    ),
    Defect(
        "small-page-crashes",
        "A page of one item is answered with 500.",
        every(lambda at: at.is_paged),
        answer=_fail_for_small_pages,
    ),
    Defect(
        "retry-after-missing",
        "A 429 does not say when to try again: Retry-After is missing.",
        every(lambda at: at.has("429")),
        answer=lambda _, answer, __: answer.without("retry-after") if answer.status == 429 else answer,
    ),
    Defect("head-differs", "HEAD answers with other headers than GET.", reading, answer=_head_differs),
    Defect("slow-reads", "Reading takes a second longer.", reading, pause_s=1.0),
    Defect(
        "slow-writes",
        "Writing takes a second longer.",
        every(lambda at: at.operation.method not in ("GET", "HEAD", "OPTIONS")),
        pause_s=1.0,
    ),
    Defect(
        "status-undeclared",
        "Success comes with a status that the contract does not have.",
        every(lambda at: at.operation.success is not None),
        answer=_with_undeclared_status,
    ),
    Defect(
        "content-type-html",
        "JSON is sent as text/html.",
        with_json,
        answer=success(lambda answer: answer.with_header("content-type", "text/html")),
    ),
    Defect(
        "json-truncated",
        "The last character of JSON is missing.",
        with_json,
        answer=success(lambda answer: replace(answer, body=answer.body[:-1])),
    ),
    Defect("json-keys-twice", "The first member of an object is there twice.", with_json, answer=success(_twice)),
    Defect("letters-mangled", "Letters outside ASCII are encoded twice.", with_json, answer=success(_mangled)),
    Defect(
        "header-missing",
        "A header that the contract demands is missing.",
        every(lambda at: bool(_header_names(at))),
        answer=_without_header,
    ),
    Defect(
        "header-as-word",
        "A header that holds a number holds a word.",
        every(lambda at: bool(_numeric_headers(at))),
        answer=_header_as_word,
    ),
)
