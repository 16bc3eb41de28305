"""Two at once, in a store where everything takes its time: exactly one wins, in 200 rounds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from mockserver.apis.dynamo.seed import HARBOUR, ORGANIZATIONS, user_id
from mockserver.testing.asgi import Response, call
from tests.mockserver.apis.dynamo.steps import BASE, Office, Wire

ROUNDS = 200

Send = Callable[..., Coroutine[Any, Any, Response]]


@pytest.fixture
def send(office: Office, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Sends as whoever holds a token; others get their turn whenever the store is asked for something."""
    store = office.mock.runtime.store
    for verb in ("get", "list", "put"):
        monkeypatch.setattr(store, verb, _slow(getattr(store, verb)))
    monkeypatch.setattr(store, "_lock", asyncio.Lock())  # one that was waited for belongs to the loop of that test
    key = office.token(HARBOUR, "API key")

    async def send(method: str, path: str, body: Any = None, token: str | None = key) -> Response:
        content = b"" if body is None else orjson.dumps(body)
        headers = [(b"host", b"localhost:8080"), (b"content-type", b"application/json")]
        headers += [(b"authorization", f"Bearer {token}".encode())] if token else []
        prefix = "" if path.startswith("/_mock") else BASE
        return await call(office.mock.app, method, (prefix + path).encode(), headers, (content,))

    return send


def _slow(verb: Callable[..., Coroutine[Any, Any, Any]]) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def slow(*arguments: Any, **options: Any) -> Any:
        await asyncio.sleep(0)
        return await verb(*arguments, **options)

    return slow


@asynccontextmanager
async def two_admins(send: Send, office: Office, number: int) -> AsyncIterator[tuple[str, list[str]]]:
    """An organization that a key made, hence without an owner, and the ids of the two admins who joined it."""
    body = {"name": "x", "country": "GB", "contact_email": "x@x.example"}
    org_id = (await send("POST", "/organizations", body)).json()["id"]
    emails = [f"{name}-{number}@people.example" for name in "ab"]
    for email in emails:
        invited = await send("POST", f"/organizations/{org_id}/invitations", {"email": email, "role": "admin"})
        assert invited.status == 201, invited.body
        joined = await accept(send, await token(send, email))
        assert joined.status == 200, joined.body
    yield org_id, [user_id(office.seed, email) for email in emails]
    left = (await send("GET", f"/organizations/{org_id}/members")).json()["data"]
    assert [each["role"] for each in left].count("admin") == 1


async def token(send: Send, email: str) -> str:
    mail: list[Wire] = (await send("GET", f"/_mock/mailbox?limit=1&to={email}", token=None)).json()
    return str(mail[0]["token"])


async def accept(send: Send, text: str) -> Response:
    return await send("POST", "/organizations/invitations/accept", {"token": text}, token=None)


def codes(answers: Iterable[Response]) -> list[str]:
    """The codes of what was refused."""
    return [answer.json()["error"]["code"] for answer in answers if answer.status >= 400]


def test_of_two_admins_who_go_at_once_one_stays(office: Office, send: Send) -> None:
    async def race() -> None:
        for number in range(ROUNDS // 2):
            async with two_admins(send, office, number) as (org_id, users):
                paths = [f"/organizations/{org_id}/members/{each}" for each in users]
                answers = await asyncio.gather(*(send("DELETE", path) for path in paths))
                assert codes(answers) == ["last_admin"]
            async with two_admins(send, office, ROUNDS + number) as (org_id, users):
                paths = [f"/organizations/{org_id}/members/{each}/role" for each in users]
                answers = await asyncio.gather(*(send("PUT", path, {"role": "viewer"}) for path in paths))
                assert codes(answers) == ["last_admin"]

    asyncio.run(race())


def test_of_two_admins_who_put_each_other_down_at_once_one_is_too_late(office: Office, send: Send) -> None:
    tokens = [office.token(HARBOUR, role) for role in ("admin", "member")]
    paths = [f"/organizations/{office.harbour}/members/{office.user_id(role)}" for role in ("member", "admin")]

    async def race() -> None:
        for _ in range(ROUNDS):
            for path in paths:
                assert (await send("PUT", f"{path}/role", {"role": "admin"})).status == 200
            attempts = zip(paths, tokens, strict=True)
            answers = await asyncio.gather(*(send("PUT", f"{at}/role", {"role": "viewer"}, by) for at, by in attempts))
            assert codes(answers) == ["insufficient_role"]
        for path in paths:
            assert (await send("PUT", f"{path}/role", {"role": "admin"})).status == 200
        answers = await asyncio.gather(*(send("DELETE", at, None, by) for at, by in zip(paths, tokens, strict=True)))
        assert codes(answers) == ["unauthorized"]

    asyncio.run(race())


def test_who_loses_their_role_while_they_send_the_body_changes_nothing(office: Office, send: Send) -> None:
    async def put_down_meanwhile(scope: Any, receive: Any, answer: Any) -> None:
        async def late() -> Any:
            path = f"/organizations/{office.harbour}/members/{office.user_id('admin')}/role"
            assert (await send("PUT", path, {"role": "viewer"})).status == 200
            return await receive()

        await office.mock.app(scope, late, answer)

    async def race() -> None:
        before = (await send("GET", "/billing/user-types")).json()
        headers = [(b"host", b"localhost:8080"), (b"content-type", b"application/json")]
        headers += [(b"authorization", f"Bearer {office.token(HARBOUR, 'admin')}".encode())]
        target = f"{BASE}/billing/user-types".encode()
        answer = await call(put_down_meanwhile, "POST", target, headers, (b'{"name": "Taxis"}',))
        assert codes([answer]) == ["insufficient_role"]
        assert (await send("GET", "/billing/user-types")).json() == before

    asyncio.run(race())


def test_an_invitation_that_two_accept_at_once_is_accepted_once(office: Office, send: Send) -> None:
    async def race() -> None:
        path = f"/organizations/{office.harbour}/invitations"
        for number in range(ROUNDS):
            email = f"{number}@people.example"
            assert (await send("POST", path, {"email": email, "role": "viewer"})).status == 201
            text = await token(send, email)
            answers = await asyncio.gather(accept(send, text), accept(send, text))
            assert codes(answers) == ["invitation_already_accepted"]
        found = (await send("GET", f"/organizations/{office.harbour}/members")).json()["data"]
        assert len({each["user_id"] for each in found}) == len(found) == ROUNDS + len(HARBOUR.roles)

    asyncio.run(race())


def test_of_two_invitations_of_one_address_at_once_one_is_sent(office: Office, send: Send) -> None:
    async def race() -> None:
        path = f"/organizations/{office.harbour}/invitations"
        for number in range(20):
            body = {"email": f"{number}@people.example", "role": "viewer"}
            answers = await asyncio.gather(send("POST", path, body), send("POST", path, body))
            assert codes(answers) == ["invitation_pending"]

    asyncio.run(race())


def test_of_two_who_reserve_a_connector_at_once_one_has_it_and_gives_it_up_once(office: Office, send: Send) -> None:
    async def race() -> None:
        for number in range(ROUNDS):
            wanted = {"charge_point_id": "london-hub-001", "connector_id": 1, "expires_at": "2026-03-18T13:00:00Z"}
            bodies = [{**wanted, "id_tag": f"{name}{number}"} for name in "AB"]
            answers = await asyncio.gather(*(send("POST", "/reservations", body) for body in bodies))
            assert codes(answers) == ["connector_reserved"]
            (made,) = (answer.json() for answer in answers if answer.status == 201)
            held = (await send("GET", "/_mock/dynamo/charge-points/london-hub-001", token=None)).json()["connectors"][0]
            assert held["reservation"]["id_tag"] == made["id_tag"]
            path = f"/reservations/{made['id']}"
            answers = await asyncio.gather(send("DELETE", path), send("DELETE", path))
            assert codes(answers) == ["reservation_not_active"]

    asyncio.run(race())


def test_what_two_installers_do_at_once_happens_once(office: Office, send: Send) -> None:
    names = {"first_name": "A", "last_name": "B", "company": "C"}

    async def race() -> None:
        for number in range(ROUNDS // 10):
            email = f"{number}@people.example"
            account = {"email": email, "password": "Groepenkast-32A", **names}
            path = "/installer/signup-with-confirmation"
            assert codes(await twice(send("POST", path, account), send("POST", path, account))) == ["email_taken"]
            path = f"/_mock/dynamo/installer-confirmations/{await token(send, email)}"
            assert sorted(each.status for each in await twice(send("GET", path), send("GET", path))) == [200, 409]
            assert (await send("POST", "/installer/forgot-password", {"email": email})).status == 200
            new = {"token": await token(send, email), "new_password": "Schakelkast-16A"}
            path = "/installer/reset-password"
            assert codes(await twice(send("POST", path, new), send("POST", path, new))) == ["reset_token_used"]

    asyncio.run(race())


async def twice(*calls: Coroutine[Any, Any, Response]) -> list[Response]:
    return [*await asyncio.gather(*calls)]


def test_of_two_charge_points_of_one_id_at_once_one_is_registered(office: Office, send: Send) -> None:
    installers = [office.token(each, "installer") for each in ORGANIZATIONS]
    project = {"name": "Quay", "address": "1 Quay", "site_owner_email": "quay@example.com"}

    async def race() -> None:
        made = [await send("POST", "/installer/projects", project, by) for by in installers]
        projects = [answer.json()["id"] for answer in made]
        for number in range(ROUNDS // 4):
            body = {"charge_point_id": f"CP-{number}", "model": "HYC400", "vendor": "alpitronic", "serial_number": "1"}
            bodies = [body | {"project_id": project_id} for project_id in projects]
            answers = await asyncio.gather(
                *(send("POST", "/installer/charge-points", *each) for each in zip(bodies, installers, strict=True))
            )
            assert codes(answers) == ["charge_point_exists"]
            path = f"/_mock/dynamo/charge-points/CP-{number}"
            owner = (await send("GET", path, token=None)).json()["org_id"]
            (won,) = [each.json()["project_id"] for each in answers if each.status == 201]
            assert owner == ORGANIZATIONS[projects.index(won)].id(office.seed)

    asyncio.run(race())
