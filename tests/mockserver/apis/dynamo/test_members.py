"""Members: listed, given other roles, and removed; the owner and the last admin stay."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.apis.dynamo.seed import HARBOUR
from tests.mockserver.apis.dynamo.steps import NOBODY, Office, Wire, refused, said, send


def members(office: Office, path: str = "") -> list[Wire]:
    return list(said(send(office.key, "GET", path or f"/organizations/{office.harbour}/members"))["data"])


def member(office: Office, role: str) -> str:
    """The path of the member of Harbour Volt who has that role from the start."""
    return f"/organizations/{office.harbour}/members/{office.user_id(role)}"


def give(office: Office, to: str, role: str, by: Any) -> Any:
    return send(by, "PUT", f"{member(office, to)}/role", {"role": role})


def test_there_is_one_of_every_role_in_the_order_in_which_they_joined(office: Office) -> None:
    found = members(office)
    assert [each["role"] for each in found] == [*HARBOUR.roles]
    assert [each["joined_at"] for each in found] == sorted(each["joined_at"] for each in found)
    assert all(each["name"] and each["email"].endswith(HARBOUR.domain) for each in found)
    assert found == said(send(office.viewer, "GET", f"/organizations/{office.harbour}/members"))["data"]


@pytest.mark.parametrize("role", ["admin", "member", "viewer"])
def test_another_role_is_kept_and_the_rest_stays(office: Office, role: str) -> None:
    before = {each["user_id"]: each for each in members(office)}
    changed = said(give(office, "billing", role, office.admin))
    assert changed == {**before[office.user_id("billing")], "role": role}
    assert {each["user_id"]: each for each in members(office)} == {**before, changed["user_id"]: changed}


def test_a_role_acts_from_the_next_request_on(office: Office) -> None:
    path = f"/organizations/{office.harbour}/settings-that-are-not"
    assert send(office.viewer, "GET", path).status == 404
    refused(give(office, "member", "viewer", office.viewer), 403, "insufficient_role")
    said(give(office, "viewer", "admin", office.owner))
    said(give(office, "member", "viewer", office.viewer))
    said(give(office, "admin", "member", office.viewer))
    refused(give(office, "viewer", "member", office.admin), 403, "insufficient_role")


def test_ownership_is_handed_over_and_there_is_always_one_owner(office: Office) -> None:
    said(give(office, "member", "owner", office.owner))
    roles = {each["user_id"]: each["role"] for each in members(office)}
    assert (roles[office.user_id("member")], roles[office.user_id("owner")]) == ("owner", "admin")
    assert [*roles.values()].count("owner") == 1
    refused(give(office, "member", "admin", office.owner), 409, "owner_role_protected")
    refused(give(office, "viewer", "owner", office.owner), 403, "insufficient_role")


PROTECTED: dict[str, tuple[str, str, str, int, str]] = {
    "an admin does not hand over ownership": ("admin", "member", "owner", 403, "insufficient_role"),
    "nor does a key": ("key", "member", "owner", 403, "insufficient_role"),
    "the owner is not made an admin": ("admin", "owner", "admin", 409, "owner_role_protected"),
    "nor a viewer": ("key", "owner", "viewer", 409, "owner_role_protected"),
    "not even by the owner": ("owner", "owner", "admin", 409, "owner_role_protected"),
    "a member gives no roles": ("member", "viewer", "member", 403, "insufficient_role"),
    "not to themselves either": ("viewer", "viewer", "admin", 403, "insufficient_role"),
    "nobody is given the role billing": ("owner", "viewer", "billing", 422, "validation_error"),
}


@pytest.mark.parametrize(("by", "to", "role", "status", "code"), PROTECTED.values(), ids=PROTECTED)
def test_what_roles_do_not_allow_changes_nothing(
    office: Office, by: str, to: str, role: str, status: int, code: str
) -> None:
    before = members(office)
    refused(give(office, to, role, getattr(office, by)), status, code)
    assert members(office) == before


def test_the_same_role_is_fine_and_changes_nothing(office: Office) -> None:
    before = members(office)
    for role in ("owner", "admin"):
        said(give(office, role, role, office.admin))
    assert members(office) == before


def test_who_is_removed_is_gone_and_their_token_ends(office: Office) -> None:
    assert send(office.admin, "DELETE", member(office, "viewer")).status == 204
    assert office.user_id("viewer") not in [each["user_id"] for each in members(office)]
    refused(send(office.admin, "DELETE", member(office, "viewer")), 404, "member_not_found")
    refused(give(office, "viewer", "member", office.admin), 404, "member_not_found")
    refused(send(office.viewer, "GET", f"/organizations/{office.harbour}"), 401, "unauthorized")


@pytest.mark.parametrize("role", ["admin", "member", "viewer", "billing"])
def test_everybody_but_the_owner_may_go(office: Office, role: str) -> None:
    assert send(getattr(office, role), "DELETE", member(office, role)).status == 204


@pytest.mark.parametrize("by", ["owner", "admin", "key"])
def test_the_owner_stays(office: Office, by: str) -> None:
    refused(send(getattr(office, by), "DELETE", member(office, "owner")), 409, "owner_role_protected")


def test_a_member_removes_nobody_else(office: Office) -> None:
    refused(send(office.member, "DELETE", member(office, "viewer")), 403, "insufficient_role")


def test_nobody_is_no_member(office: Office) -> None:
    path = f"/organizations/{office.harbour}/members/usr_{NOBODY}"
    refused(send(office.owner, "DELETE", path), 404, "member_not_found")
    refused(send(office.owner, "PUT", f"{path}/role", {"role": "admin"}), 404, "member_not_found")
