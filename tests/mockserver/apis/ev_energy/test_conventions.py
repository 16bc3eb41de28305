"""What holds for every call of the API: headers, version, acting user, credentials, refusals."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from mockserver.domain.tariffs import TariffType
from tests.asgi import Response
from tests.mock import V2, Mock
from tests.mockserver.apis.ev_energy.steps import (
    PROBLEMS,
    bearer,
    driver_in,
    get_as,
    path_of,
    register,
    tariff_of,
    token_for,
)

OPERATIONS = {
    "/suppliers": {"tariff:read"},
    "/suppliers/{supplier_id}": {"tariff:read"},
    "/tariffs": {"tariff:read"},
    "/tariffs/{tariff_id}": {"tariff:read"},
    "/tariffs/{tariff_id}/prices": {"tariff:read", "tariff:prices:read"},
}
"""The operations of the tag Tariffs, and the scopes that each needs."""

EVERYWHERE = ("/", *OPERATIONS)


def path(mock: Mock, template: str) -> str:
    tariff = tariff_of(mock, TariffType.DUAL_RATE)
    return template.format(supplier_id=tariff.supplier.id, tariff_id=tariff.id)


def assert_carries_the_common_headers(response: Response) -> None:
    assert response.headers["evenergy-version"] == "2"
    limit, remaining = (int(response.headers[f"x-ratelimit-{name}"]) for name in ("limit", "remaining"))
    assert 0 <= remaining <= limit == 1000


def assert_is_problem(response: Response, status: int, title: str, slug: str | None = None) -> None:
    """`type` is left out where the status says enough, hence without a slug."""
    problem = response.json()
    assert response.status == status, problem
    assert response.headers["content-type"] == "application/problem+json"
    assert (problem["status"], problem["title"]) == (status, title)
    assert problem.get("type") == (f"{PROBLEMS}{slug}/" if slug else None)
    assert isinstance(problem["detail"], str)
    assert problem["detail"]


# Headers of every response


@dataclass(frozen=True)
class Call:
    status: int
    path: str = "/tariffs"
    method: str = "GET"
    title: str = ""
    slug: str | None = None
    headers: dict[str, str] = field(default_factory=dict)


NO_TOKEN = {"authorization": ""}
REFUSALS = {
    "bad page": Call(400, "/tariffs?page=0", title="Invalid pagination parameter", slug="pagination-parameters"),
    "bad expand": Call(400, "/tariffs?expand=owner", title="Invalid expand parameter"),
    "bad version": Call(
        400, headers={"evenergy-version": "3"}, title="Unsupported version", slug="unsupported-version"
    ),
    "bad filter": Call(
        400, "/tariffs?valid=maybe", title="Request failed validation.", slug="validation-failed-get-tariffs"
    ),
    "bad price filter": Call(
        400,
        "/tariffs/{tariff_id}/prices?started_at__gte=yesterday",
        title="Request failed validation.",
        slug="validation-failed-get-tariff-prices",
    ),
    "unknown parameter": Call(
        400, "/tariffs?colour=red", title="Request failed validation.", slug="validation-failed-get-tariffs"
    ),
    "bad token": Call(401, headers=bearer("nobody-has-this-token"), title="Unauthorized"),
    "not a bearer": Call(401, headers={"authorization": "Basic YTpi"}, title="Unauthorized"),
    "unknown path": Call(404, "/teapots", title="Not found"),
    "unknown path below": Call(404, "/tariffs/{tariff_id}/colours", title="Not found"),
    "malformed id": Call(404, "/tariffs/42", title="Not found"),
    "unknown id": Call(404, "/tariffs/tari00000000000000000000000000", title="Not found"),
    "page past the end": Call(404, "/tariffs?page=999", title="Not found"),
    "wrong method": Call(405, method="DELETE", title="Method Not Allowed"),
    "wrong method on root": Call(405, "/", method="POST", title="Method Not Allowed"),
    "not acceptable": Call(406, headers={"accept": "application/xml"}, title="Not Acceptable"),
}


def answer(mock: Mock, call: Call) -> Response:
    return mock.full.request(call.method, V2 + path(mock, call.path), headers=call.headers)


@pytest.mark.parametrize("template", EVERYWHERE)
def test_every_success_carries_the_common_headers(mock: Mock, template: str) -> None:
    response = mock.get(path(mock, template))
    assert response.status == 200
    assert_carries_the_common_headers(response)


@pytest.mark.parametrize("call", REFUSALS.values(), ids=REFUSALS)
def test_every_refusal_carries_the_common_headers(mock: Mock, call: Call) -> None:
    assert_carries_the_common_headers(answer(mock, call))


@pytest.mark.parametrize("call", REFUSALS.values(), ids=REFUSALS)
def test_every_refusal_is_a_problem_of_its_kind(mock: Mock, call: Call) -> None:
    assert_is_problem(answer(mock, call), call.status, call.title, call.slug)


@pytest.mark.parametrize("call", REFUSALS.values(), ids=REFUSALS)
def test_the_unhyphenated_retry_after_is_never_sent(mock: Mock, call: Call) -> None:
    assert not {"retryafter", "retry-after"} & answer(mock, call).headers.keys()


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("/tariffs?valid=maybe", "valid"),
        ("/tariffs?include_optional=colour", "include_optional"),
        ("/tariffs?available_for_user_id=me@example.com", "available_for_user_id"),
        ("/tariffs/{tariff_id}/prices?started_at__gte=yesterday", "started_at__gte"),
        ("/tariffs/{tariff_id}/prices?started_at__lte=2026-02-30T00:00:00Z", "started_at__lte"),
        ("/tariffs/{tariff_id}/prices?started_at__lte=2026-03-01", "started_at__lte"),
    ],
)
def test_a_filter_that_does_not_parse_is_named_in_detail_and_field_errors(mock: Mock, where: str, name: str) -> None:
    response = mock.get(path(mock, where))
    problem = response.json()
    assert response.status == 400
    assert name in problem["detail"]
    assert problem["field_errors"].keys() == {name}
    assert all(isinstance(message, str) for message in problem["field_errors"][name])


# EvEnergy-Version


@pytest.mark.parametrize("template", EVERYWHERE)
@pytest.mark.parametrize("version", ["2", "2.0"])
def test_version_2_is_taken(mock: Mock, template: str, version: str) -> None:
    assert mock.get(path(mock, template), headers={"evenergy-version": version}).status == 200


@pytest.mark.parametrize("template", EVERYWHERE)
@pytest.mark.parametrize("version", ["3", "1", "2.1", "-2", "x", "v2", "2 2", "", "nan", "2,3"])
def test_any_other_version_is_refused(mock: Mock, template: str, version: str) -> None:
    response = mock.get(path(mock, template), headers={"evenergy-version": version})
    assert_is_problem(response, 400, "Unsupported version", "unsupported-version")


# EvEnergy-User


@pytest.mark.parametrize("form", ["{}", "https://api.ev.energy/v2/users/{}", "https://api.ev.energy/v2/users/{}/"])
def test_a_user_is_taken_as_id_and_as_url(mock: Mock, form: str) -> None:
    user = form.format(driver_in(mock, "London").id)
    assert mock.get("/tariffs", headers={"evenergy-user": user}).status == 200


@pytest.mark.parametrize(
    "user",
    [
        "user00000000000000000000000000",
        "https://api.ev.energy/v2/users/user00000000000000000000000000",
        "user42",
        "me@example.com",
        "https://api.ev.energy/v2/vehicles/user00000000000000000000000000",
    ],
)
def test_a_header_that_names_no_user_is_refused(mock: Mock, user: str) -> None:
    response = mock.get("/tariffs", headers={"evenergy-user": user})
    assert response.status == 400
    assert response.json()["title"] == "Invalid user header"


def test_an_unknown_user_is_no_field_error(mock: Mock) -> None:
    response = mock.get("/tariffs", headers={"evenergy-user": "user00000000000000000000000000"})
    assert "field_errors" not in response.json()


@pytest.mark.parametrize("user", ["user00000000000000000000000000", "of somebody else"])
def test_the_user_header_is_ignored_with_a_user_token(mock: Mock, user: str) -> None:
    token = token_for(mock, "ev-energy-full", user_id=driver_in(mock, "London").id)
    plain = get_as(mock, token, "/tariffs")
    named = driver_in(mock, "Leeds").id if user == "of somebody else" else user
    assert get_as(mock, token, "/tariffs", headers={"evenergy-user": named}).body == plain.body


# Credentials


@pytest.mark.parametrize("template", OPERATIONS)
@pytest.mark.parametrize(
    "headers",
    [{}, bearer("nobody-has-this-token"), {"authorization": "Bearer"}, {"authorization": "Basic YTpi"}],
    ids=["none", "unknown", "empty", "basic"],
)
def test_without_a_good_token_it_is_401(mock: Mock, template: str, headers: dict[str, str]) -> None:
    response = mock.anonymous.get(V2 + path(mock, template), headers=headers)
    assert_is_problem(response, 401, "Unauthorized")
    assert response.headers["www-authenticate"].split()[0] == "Bearer"
    assert_carries_the_common_headers(response)


@pytest.mark.parametrize("spelling", ["bearer", "BEARER"])
def test_the_scheme_of_the_token_is_not_case_sensitive(mock: Mock, spelling: str) -> None:
    token = token_for(mock, "ev-energy-full")
    assert mock.anonymous.get(f"{V2}/tariffs", headers={"authorization": f"{spelling} {token}"}).status == 200


SCOPES = [(template, scope) for template, scopes in OPERATIONS.items() for scope in sorted(scopes)]


@pytest.mark.parametrize(("template", "missing"), SCOPES)
def test_without_a_scope_it_is_403(mock: Mock, template: str, missing: str) -> None:
    application = mock.anonymous.get("/_mock/applications/ev-energy-full").json()
    token = token_for(mock, "ev-energy-full", scopes=[scope for scope in application["scopes"] if scope != missing])
    response = get_as(mock, token, path(mock, template))
    assert_is_problem(response, 403, "Forbidden")
    assert missing in response.json()["detail"]
    assert_carries_the_common_headers(response)


@pytest.mark.parametrize("template", OPERATIONS)
def test_the_scopes_of_an_operation_suffice(mock: Mock, template: str) -> None:
    token = token_for(mock, "ev-energy-full", scopes=sorted(OPERATIONS[template]))
    assert get_as(mock, token, path(mock, template)).status == 200


@pytest.mark.parametrize("where", ["/tariffs/42", "/tariffs/tari00000000000000000000000000", "/tariffs?page=0"])
def test_401_and_403_come_before_what_is_wrong_with_the_request(mock: Mock, where: str) -> None:
    scopeless = token_for(mock, "ev-energy-full", scopes=["carbon:read"])
    assert mock.anonymous.get(V2 + where).status == 401
    assert get_as(mock, scopeless, where).status == 403


# Paths and methods


@pytest.mark.parametrize("template", OPERATIONS)
def test_a_slash_at_the_end_makes_no_difference(mock: Mock, template: str) -> None:
    with_slash, without = mock.get(f"{path(mock, template)}/"), mock.get(path(mock, template))
    assert with_slash.status == 200
    assert with_slash.body == without.body


@pytest.mark.parametrize("template", ["/tariffs//", "//tariffs", "/tariffs/{tariff_id}//prices"])
def test_an_empty_segment_is_no_slash_at_the_end(mock: Mock, template: str) -> None:
    assert mock.get(path(mock, template)).status == 404


@pytest.mark.parametrize("template", EVERYWHERE)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_a_wrong_method_is_405_and_told_what_is_allowed(mock: Mock, template: str, method: str) -> None:
    response = mock.full.request(method, V2 + path(mock, template))
    assert response.status == 405
    assert {name.strip() for name in response.headers["allow"].split(",")} >= {"GET", "HEAD"}
    assert method not in response.headers["allow"]


@pytest.mark.parametrize("template", EVERYWHERE)
def test_head_is_get_without_a_body(mock: Mock, template: str) -> None:
    got, head = mock.get(path(mock, template)), mock.full.request("HEAD", V2 + path(mock, template))
    assert (head.status, head.body) == (200, b"")
    for name in ("content-type", "content-length"):
        assert head.headers[name] == got.headers[name]


@pytest.mark.parametrize("kind", ["supplier", "tariff", "prices"])
@pytest.mark.parametrize(
    "bad",
    [
        "{}{}00000000000000000000000000",  # too long a prefix
        "{}0000000000000000000000000",  # one character short
        "{}000000000000000000000000000",  # one too many
        "{}0000000000000000000000000a",  # lower case
        "user00000000000000000000000000",  # of another collection
        "{}00000000000000000000000000",  # well formed, but unknown
        "%00",
        "%FF",
        "{}00000000000000000000000000%0A",
    ],
)
def test_ids_that_name_nothing_are_404(mock: Mock, kind: str, bad: str) -> None:
    prefix, template = {
        "supplier": ("supl", "/suppliers/{}"),
        "tariff": ("tari", "/tariffs/{}"),
        "prices": ("tari", "/tariffs/{}/prices"),
    }[kind]
    assert_is_problem(mock.get(template.format(bad.format(prefix, prefix))), 404, "Not found")


# Accept


@pytest.mark.parametrize("template", EVERYWHERE)
@pytest.mark.parametrize("accept", ["text/html", "application/xml, text/*", "application/json;q=0", "*/*;q=0"])
def test_accept_without_json_is_406(mock: Mock, template: str, accept: str) -> None:
    response = mock.get(path(mock, template), headers={"accept": accept})
    assert_is_problem(response, 406, "Not Acceptable")


@pytest.mark.parametrize(
    "accept", ["application/json", "*/*", "application/*", "text/html, application/json;q=0.1", "text/html, */*;q=0.8"]
)
def test_accept_with_json_is_served_json(mock: Mock, accept: str) -> None:
    response = mock.get("/tariffs", headers={"accept": accept})
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"


# References


def test_references_lead_to_what_they_name(mock: Mock) -> None:
    for tariff in mock.get("/tariffs", query={"page_size": 100, "valid": "false"}).json():
        detail = mock.full.get(path_of(tariff["url"]))
        assert detail.json()["id"] == tariff["id"]
        assert mock.full.get(path_of(tariff["supplier"])).json()["url"] == tariff["supplier"]
        assert mock.full.get(path_of(detail.json()["prices"])).status == 200
        if tariff["scheduler_tariff"]:
            assert mock.full.get(path_of(tariff["scheduler_tariff"])).json()["url"] == tariff["scheduler_tariff"]


def test_references_are_written_without_a_slash_at_the_end(mock: Mock) -> None:
    tariff = mock.get(f"/tariffs/{tariff_of(mock, TariffType.FLAT_RATE).id}/").json()
    assert not [value for value in tariff.values() if isinstance(value, str) and value.endswith("/")]


def test_references_name_the_host_that_the_caller_used(mock: Mock) -> None:
    tariff = mock.get("/tariffs", headers={"host": "api.test"}).json()[0]
    assert tariff["url"] == f"http://api.test{V2}/tariffs/{tariff['id']}"
    assert tariff["supplier"].startswith(f"http://api.test{V2}/suppliers/supl")


def test_a_new_application_gets_every_scope_unless_told_otherwise(mock: Mock) -> None:
    token = token_for(mock, register(mock)["client_id"])
    assert all(get_as(mock, token, path(mock, template)).status == 200 for template in OPERATIONS)
