"""Operations that others than ourselves call, and ids that a target has shown."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.contract_tests.conftest import Check
from tests.contract_tests.serving import served

OURS, RIDERS = "0perator-7b2f", "r1der-88c1d0"


def _operation(tag: str, answer: Any, **more: Any) -> dict[str, Any]:
    responses = {"200": {"description": "Fine", "content": {"application/json": {"schema": answer}}}}
    refused = {status: {"description": "Refused"} for status in ("400", "401", "403", "404")}
    return {"tags": [tag], "responses": responses | refused, **more}


_TEXT = {"type": "string", "minLength": 1}
_THING = {"type": "object", "required": ["car_id"], "properties": {"car_id": _TEXT}}
_THINGS = {"type": "object", "required": ["cars"], "properties": {"cars": {"type": "array", "items": _THING}}}
_CAR_ID = {"name": "car_id", "in": "path", "required": True, "schema": _TEXT}
_BODY = {"required": True, "content": {"application/json": {"schema": _THING, "example": {"car_id": "of-the-page"}}}}
CONTRACT = {
    "openapi": "3.1.0",
    "info": {"title": "Cars", "version": "1"},
    "security": [{"bearer": []}],
    "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    "paths": {
        "/cars": {"get": _operation("Fleet", _THINGS)},
        "/cars/{car_id}": {"parameters": [_CAR_ID], "get": _operation("Fleet", _THING)},
        "/washes": {"post": _operation("Fleet", _THING, requestBody=_BODY)},
        "/rides": {"get": _operation("Rides", _THINGS)},
    },
}
DECLARED = "callers: {rider: [Rides]}\nlists: {GET /rides: {order: [car_id]}}\n"


class Cars:
    """Two cars, which may be washed by their operator, and the rides of a rider, whom nobody else may ask about."""

    def __init__(self, *, opens_rides: bool = False) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self._opens_rides = opens_rides

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive()).get("more_body"):
            body += message["body"]
        status, answer = self._answer(scope, body + message.get("body", b""))
        self.answers[scope["path"].split("/")[1], status] += 1
        headers = [
            (b"content-type", b"application/json"),
            (b"www-authenticate", b"Bearer"),
            (b"allow", _method(scope).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": orjson.dumps(answer)})

    def _answer(self, scope: Any, body: bytes) -> tuple[int, Any]:
        token = dict(scope["headers"]).get(b"authorization", b"").decode().removeprefix("Bearer ")
        rides = scope["path"] == "/rides"
        if scope["method"] != _method(scope):
            return 405, {}
        if token not in (OURS, RIDERS) and not (rides and self._opens_rides):
            return 401, {}
        if token == (OURS if rides else RIDERS):
            return 403, {}
        if scope["path"] == "/cars":
            return 200, {"cars": [{"car_id": "c-1"}, {"car_id": "c-2"}]}
        if rides:
            return 200, {"cars": [{"car_id": "c-1"}, {"car_id": "c-2"}]}
        return self._of_a_car(scope["path"].partition("/cars/")[2], body)

    @staticmethod
    def _of_a_car(key: str, body: bytes) -> tuple[int, Any]:
        if not key:
            try:
                key = orjson.loads(body)["car_id"]
            except (ValueError, KeyError, TypeError):
                return 400, {}
        return (200, {"car_id": key}) if key in ("c-1", "c-2") else (404, {})


def _method(scope: Any) -> str:
    return "POST" if scope["path"] == "/washes" else "GET"


@pytest.fixture
def spec(folder: Path) -> Path:
    """The contract in a file, with the declaration that riders call what is tagged so."""
    path = folder / "cars.yaml"
    path.write_text(json.dumps(CONTRACT), "utf-8")
    path.with_name("cars.laws.yaml").write_text(DECLARED, "utf-8")
    return path


def check_cars(run_check: Check, spec: Path, cars: Cars, *words: str) -> Any:
    with served(cars) as url:
        return run_check("--spec", str(spec), "--url", url, "--token", OURS, "--examples", "5", "--settle", "0", *words)


@pytest.mark.parametrize("phases", ["laws", "examples,coverage,fuzzing"])
def test_each_operation_is_called_by_whom_it_is_for(run_check: Check, spec: Path, phases: str) -> None:
    cars = Cars()
    result = check_cars(run_check, spec, cars, "--value", f"rider_token={RIDERS}", "--phases", phases)
    assert result.exit_code == 0, result.output
    assert RIDERS not in result.output
    assert cars.answers["rides", 200] > 0 == cars.answers["rides", 403]
    assert cars.answers["rides", 401] > 0
    assert cars.answers["cars", 200] > 0 == cars.answers["cars", 403]


@pytest.mark.parametrize("phases", ["laws", "examples,coverage,fuzzing"])
def test_what_is_open_to_all_is_found_there_too(run_check: Check, spec: Path, phases: str) -> None:
    cars = Cars(opens_rides=True)
    result = check_cars(run_check, spec, cars, "--value", f"rider_token={RIDERS}", "--phases", phases)
    assert result.exit_code == 1
    assert "GET /rides" in result.output


def test_without_the_credential_the_run_says_what_it_needs(run_check: Check, spec: Path) -> None:
    cars = Cars()
    result = check_cars(run_check, spec, cars, "--phases", "laws,examples")
    assert "calls of the rider" in result.output
    assert "needs --value rider_token=..." in result.output
    assert not [status for place, status in cars.answers if place == "rides"]


@pytest.mark.parametrize("words", [("--mode", "read-only"), ("--exclude", "POST /washes"), ()])
def test_known_callers_open_nothing_else(run_check: Check, spec: Path, words: tuple[str, ...]) -> None:
    washer = "" if words else "callers: {rider: [Rides], washer: [POST /washes]}\n"
    if washer:
        spec.with_name("cars.laws.yaml").write_text(washer, "utf-8")
    cars = Cars()
    check_cars(run_check, spec, cars, "--value", f"rider_token={RIDERS}", "--phases", "examples,coverage", *words)
    assert cars.answers["rides", 200] > 0
    assert not {status for place, status in cars.answers if place == "washes"} & {200, 400, 404}


def test_bodies_name_things_that_lists_have_shown(run_check: Check, spec: Path) -> None:
    cars = Cars()
    check_cars(run_check, spec, cars, "--phases", "examples,coverage")
    assert cars.answers["washes", 200] > 0


@pytest.mark.parametrize(
    ("callers", "message"),
    [
        ("{rider: [GET /rows]}", "no operation 'GET /rows'"),
        ("{rider: [Rows]}", "no operation 'Rows'"),
        ("{rider: []}", "#/callers/rider"),
        ("{the rider: [Rides]}", "#/callers"),
    ],
)
def test_a_wrong_declaration_of_callers_is_refused(run_check: Check, spec: Path, callers: str, message: str) -> None:
    spec.with_name("cars.laws.yaml").write_text(f"callers: {callers}\n", "utf-8")
    result = run_check("--spec", str(spec), "--url", "http://127.0.0.1:9")
    assert result.exit_code == 2
    assert message in result.output
