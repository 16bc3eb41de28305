"""Defects of who may do what: credentials, scopes, tenants, and what refusals reveal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mockserver.defects.altering import failure
from mockserver.defects.defect import Answer, Defect, Memory, Request, anywhere, every

_TRACE = (
    "Traceback (most recent call last):\n"
    '  File "/srv/app/handlers.py", line 214, in handle\n'
    "    return view(self.store.load(request))\n"
    '  File "/srv/app/store.py", line 87, in load\n'
    '    raise LookupError("no row")\n'
    "LookupError: no row"
)

protected = every(lambda at: at.is_protected)
scoped = every(lambda at: at.is_protected and any(scopes for each in at.operation.security for scopes in each.values()))
one_thing = every(lambda at: at.is_protected and "{" in at.operation.path)


def _as_the_first(asked: Request, memory: Memory) -> Request:
    if "first" in memory:
        return asked.signed_as(memory["first"])
    return asked


def _see_first(asked: Request, answer: Answer, memory: Memory) -> None:
    if answer.is_success and asked.credential:
        memory.setdefault("first", asked)


def _see_last(asked: Request, answer: Answer, memory: Memory) -> None:
    if answer.is_success and asked.credential:
        memory["last"] = asked


def _sign_in(asked: Request, answer: Answer, memory: Memory) -> Request | None:
    return asked.signed_as(memory["last"]) if answer.status == 401 and "last" in memory else None


def _with_more_rights(asked: Request, answer: Answer, memory: Memory) -> Request | None:
    allowed = memory.get(asked.at.id) if asked.at else None
    return asked.signed_as(allowed) if answer.status == 403 and allowed is not None else None


def _see_rights(asked: Request, answer: Answer, memory: Memory) -> None:
    if answer.is_success and asked.credential and asked.at is not None:
        memory[asked.at.id] = asked


def _see_owner(asked: Request, answer: Answer, memory: Memory) -> None:
    if answer.is_success and asked.credential:
        memory.setdefault(asked.path, asked.credential)


def _reveal(asked: Request, answer: Answer, memory: Memory) -> Answer:
    is_anothers = memory.get(asked.path, asked.credential) != asked.credential
    return asked.refusal(403, "This belongs to somebody else.") if is_anothers and answer.status == 404 else answer


def _with_text(answer: Answer, text: str) -> Answer:
    """An error that says more: behind its detail, or as another member."""
    body = answer.json
    if not isinstance(body, dict):
        return replace(answer, body=answer.body + text.encode())
    name = next((each for each in ("detail", "error", "message", "title") if isinstance(body.get(each), str)), "detail")
    return answer.with_json({**body, name: f"{body.get(name, '')} {text}"})


def _echo(asked: Request, answer: Answer) -> Answer:
    return _with_text(answer, f"(sent was {asked.credential})") if asked.credential else answer


def _answered_alike(status: int, come: int) -> Any:
    return lambda asked, answer, _: asked.refusal(status, "This is not for you.") if answer.status == come else answer


DEFECTS = (
    Defect(
        "authentication-ignored",
        "Nobody has to authenticate: strangers act for whoever came last.",
        protected,
        again=_sign_in,
        watch=_see_last,
    ),
    Defect(
        "tenants-mixed",
        "Everybody is taken for whoever came first, with a credential or without.",
        protected,
        request=_as_the_first,
        watch=_see_first,
    ),
    Defect(
        "scope-ignored",
        "A token may do what any other token was allowed to do.",
        scoped,
        again=_with_more_rights,
        watch=_see_rights,
    ),
    Defect(
        "absent-before-authentication",
        "Strangers are told what is not there (404) before they are told to authenticate (401).",
        one_thing,
        again=_sign_in,
        if_again=lambda second: second.status == 404,
        watch=_see_last,
    ),
    Defect(
        "existence-revealed",
        "What belongs to somebody else is refused with 403 instead of 404, which says that it is there.",
        one_thing,
        answer=_reveal,
        watch=_see_owner,
    ),
    Defect(
        "challenge-missing",
        "A 401 does not say how to authenticate: WWW-Authenticate is missing.",
        protected,
        answer=lambda _, answer, __: answer.without("www-authenticate") if answer.status == 401 else answer,
    ),
    Defect(
        "forbidden-for-unknown", "Bad credentials get 403 instead of 401.", protected, answer=_answered_alike(403, 401)
    ),
    Defect(
        "unknown-for-forbidden", "A missing scope gets 401 instead of 403.", scoped, answer=_answered_alike(401, 403)
    ),
    Defect("secret-echoed", "Errors repeat the credential that was sent.", anywhere, answer=failure(_echo)),
    Defect(
        "stack-trace-shown",
        "Errors show a stack trace.",
        anywhere,
        answer=failure(lambda _, answer: _with_text(answer, _TRACE)),
    ),
)
