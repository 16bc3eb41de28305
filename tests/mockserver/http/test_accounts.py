"""OAuth 2 without HTTP: every grant, lifetimes on the virtual clock, single use, revocation."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mockserver.clock import Clock
from mockserver.http.accounts import (
    ACCESS_TOKEN_LIFETIME_S,
    CODE_LIFETIME_S,
    Accounts,
    Application,
    OAuthError,
    ReadyAccounts,
)
from mockserver.store.memory import MemoryStore
from tests.mockserver.loop import in_loop

NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)
SCOPES = ("read", "write", "admin")
URI = "https://example.com/callback"
USER = "user1"
READY = Application("ready", "ready-secret", "Ready", SCOPES, (URI,), True, 1000, "2024-01-01T00:00:00Z")
OTHER = Application("other", "other-secret", "Other", SCOPES, (URI,), True, 1000, "2024-01-01T00:00:00Z")

# RFC 7636 appendix B.
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


class Desk:
    """Accounts over a memory store, on a frozen clock."""

    def __init__(self, seed: int = 1) -> None:
        self.seed = seed
        self.clock = Clock(NOON, 0.0)
        self.store = MemoryStore()
        grant = {"client_id": "ready", "user_id": None, "scopes": [*SCOPES]}
        ready = ReadyAccounts([READY, OTHER], {"ready-token": grant})
        self.accounts = Accounts(self.store, lambda: self.seed, self.clock.now, lambda: ready)

    def later(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    async def works(self, token: str) -> bool:
        return await self.accounts.identify(token) is not None

    async def code(self, scopes: Sequence[str] = SCOPES, *, uri: str | None = URI, challenge: str | None = None) -> str:
        return await self.accounts.issue_code(READY, USER, scopes, uri, challenge)

    async def tokens(self, scopes: Sequence[str] = SCOPES) -> dict[str, Any]:
        return await self.accounts.redeem_code(READY, await self.code(scopes), URI, None, proven=True)


async def refused(code: str, call: Awaitable[Any]) -> OAuthError:
    with pytest.raises(OAuthError) as raised:
        await call
    assert raised.value.code == code, raised.value
    assert raised.value.description
    return raised.value


# ---- applications


@in_loop
async def test_ready_applications_are_there_from_the_start_and_cost_no_document() -> None:
    desk = Desk()
    assert await desk.accounts.application("ready") == READY
    assert [each.client_id for each in await desk.accounts.applications()] == ["other", "ready"]
    assert await desk.store.dump() == {}


@in_loop
async def test_a_registered_application_can_be_read_back_and_authenticated() -> None:
    desk = Desk()
    made = await desk.accounts.register("Mine", ["read"], [URI], contract_fields=False, rate_limit_per_hour=7)
    assert await desk.accounts.application(made.client_id) == made
    assert await desk.accounts.authenticate(made.client_id, made.client_secret) == made
    assert made in await desk.accounts.applications()
    assert (made.scopes, made.redirect_uris, made.rate_limit_per_hour) == (("read",), (URI,), 7)
    assert made.created_at == "2026-03-18T12:00:00Z"


@in_loop
async def test_every_application_has_an_id_and_a_secret_of_its_own_even_after_removals() -> None:
    desk = Desk()
    made = []
    for number in range(10):
        made.append(await desk.accounts.register("Same", [], [], contract_fields=True, rate_limit_per_hour=1))
        if number % 2:
            await desk.accounts.remove(made[-1].client_id)
    assert len({each.client_id for each in made} | {each.client_secret for each in made}) == 20


@pytest.mark.parametrize(
    ("client_id", "client_secret"),
    [
        ("ready", "wrong"),
        ("ready", ""),
        ("ready", "ready-secret "),
        ("ready", "other-secret"),
        ("ready", "sécret"),
        ("nobody", "ready-secret"),
        ("", ""),
    ],
)
@in_loop
async def test_a_wrong_client_or_secret_is_invalid_client(client_id: str, client_secret: str) -> None:
    await refused("invalid_client", Desk().accounts.authenticate(client_id, client_secret))


@in_loop
async def test_removing_an_application_ends_its_tokens() -> None:
    desk = Desk()
    token = (await desk.accounts.issue_tokens(READY, None, SCOPES))["access_token"]
    assert await desk.accounts.remove("ready") is True
    assert await desk.accounts.remove("ready") is False
    assert await desk.accounts.application("ready") is None
    assert not await desk.works(token)
    assert not await desk.works("ready-token")
    await refused("invalid_client", desk.accounts.authenticate("ready", "ready-secret"))


# ---- scopes


GRANTED: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "none asked": (None, SCOPES),
    "empty": ("", SCOPES),
    "blank": ("  ", SCOPES),
    "some": ("read write", ("read", "write")),
    "another order": ("write read", ("write", "read")),
    "spaces": ("  read   write ", ("read", "write")),
    "twice": ("read read", ("read",)),
}


@pytest.mark.parametrize(("asked", "granted"), GRANTED.values(), ids=GRANTED)
def test_the_scopes_asked_for_are_granted_or_all_of_them(asked: str | None, granted: tuple[str, ...]) -> None:
    assert Desk().accounts.granted_scopes(READY, asked) == granted


@pytest.mark.parametrize("asked", ["delete", "read delete", "READ", "read,write", "x" * 10_000])
def test_a_scope_that_the_application_does_not_have_is_invalid_scope(asked: str) -> None:
    with pytest.raises(OAuthError) as raised:
        Desk().accounts.granted_scopes(READY, asked)
    assert raised.value.code == "invalid_scope"
    assert len(raised.value.description) < 300


# ---- tokens


@in_loop
async def test_a_ready_token_never_expires() -> None:
    desk = Desk()
    desk.later(100 * 365 * 86_400)
    assert await desk.works("ready-token")


@in_loop
async def test_client_credentials_give_an_access_token_without_a_refresh_token() -> None:
    desk = Desk()
    answer = await desk.accounts.issue_tokens(READY, None, ("read", "write"))
    principal = await desk.accounts.identify(answer["access_token"])
    assert principal is not None
    assert (principal.client_id, principal.user_id, principal.scopes) == ("ready", None, frozenset({"read", "write"}))
    assert (answer["token_type"], answer["scope"]) == ("Bearer", "read write")
    assert answer["expires_in"] == ACCESS_TOKEN_LIFETIME_S == 36_000
    assert "refresh_token" not in answer


@pytest.mark.parametrize("lifetime_s", [1, 60, 36_000])
@in_loop
async def test_an_access_token_lives_as_long_as_it_says_on_the_virtual_clock(lifetime_s: int) -> None:
    desk = Desk()
    answer = await desk.accounts.issue_tokens(READY, None, SCOPES, lifetime_s=lifetime_s)
    assert answer["expires_in"] == lifetime_s
    desk.later(lifetime_s - 1e-6)
    assert await desk.works(answer["access_token"])
    desk.later(1e-6)
    assert not await desk.works(answer["access_token"])
    desk.later(-1)
    assert await desk.works(answer["access_token"])


@pytest.mark.parametrize("token", ["", "nonsense", "READY-TOKEN", "ready-token ", "\0", "é", "x" * 100_000])
@in_loop
async def test_a_token_nobody_issued_identifies_nobody(token: str) -> None:
    assert await Desk().accounts.identify(token) is None


@in_loop
async def test_codes_and_refresh_tokens_are_no_access_tokens() -> None:
    desk = Desk()
    assert not await desk.works(await desk.code())
    assert not await desk.works((await desk.tokens())["refresh_token"])


@in_loop
async def test_the_same_seed_issues_the_same_tokens_and_another_seed_others() -> None:
    async def issued(seed: int) -> list[str]:
        desk = Desk(seed)
        made = await desk.accounts.register("Mine", [], [], contract_fields=True, rate_limit_per_hour=1)
        answer = await desk.tokens()
        return [made.client_id, made.client_secret, answer["access_token"], answer["refresh_token"], await desk.code()]

    assert await issued(1) == await issued(1)
    assert not set(await issued(1)) & set(await issued(2))


@in_loop
async def test_no_two_grants_are_alike() -> None:
    desk = Desk()
    issued: list[str] = []
    for _ in range(50):
        issued.append(await desk.code())
        issued += [(await desk.tokens())[name] for name in ("access_token", "refresh_token")]
    assert len(set(issued)) == len(issued)


# ---- authorization code


@in_loop
async def test_a_code_gives_the_tokens_that_the_user_consented_to() -> None:
    desk = Desk()
    answer = await desk.tokens(("read",))
    principal = await desk.accounts.identify(answer["access_token"])
    assert principal is not None
    assert (principal.client_id, principal.user_id, principal.scopes) == ("ready", USER, frozenset({"read"}))
    assert answer["scope"] == "read"
    assert answer["refresh_token"]


@in_loop
async def test_a_code_lives_60_seconds() -> None:
    desk = Desk()
    assert CODE_LIFETIME_S == 60
    early, late = await desk.code(), await desk.code()
    desk.later(60 - 1e-6)
    assert await desk.accounts.redeem_code(READY, early, URI, None, proven=True)
    desk.later(1e-6)
    error = await refused("invalid_grant", desk.accounts.redeem_code(READY, late, URI, None, proven=True))
    assert "expired" in error.description


@in_loop
async def test_a_code_used_twice_ends_the_tokens_it_gave() -> None:
    desk = Desk()
    code = await desk.code()
    answer = await desk.accounts.redeem_code(READY, code, URI, None, proven=True)
    other = await desk.tokens()
    await refused("invalid_grant", desk.accounts.redeem_code(READY, code, URI, None, proven=True))
    assert not await desk.works(answer["access_token"])
    await refused("invalid_grant", desk.accounts.refresh(READY, answer["refresh_token"], None, proven=True))
    assert await desk.works(other["access_token"])
    assert await desk.accounts.refresh(READY, other["refresh_token"], None, proven=True)
    await refused("invalid_grant", desk.accounts.redeem_code(READY, code, URI, None, proven=True))


@in_loop
async def test_a_code_used_twice_ends_what_its_refresh_tokens_gave_as_well() -> None:
    desk = Desk()
    code = await desk.code()
    answer = await desk.accounts.redeem_code(READY, code, URI, None, proven=True)
    refreshed = await desk.accounts.refresh(READY, answer["refresh_token"], None, proven=True)
    await refused("invalid_grant", desk.accounts.redeem_code(READY, code, URI, None, proven=True))
    assert not await desk.works(refreshed["access_token"])


@pytest.mark.parametrize(
    ("issued_for", "sent"), [(URI, "https://example.com/other"), (URI, None), (URI, URI + "/"), (None, URI)]
)
@in_loop
async def test_a_code_needs_the_redirect_uri_it_was_issued_for(issued_for: str | None, sent: str | None) -> None:
    desk = Desk()
    code = await desk.code(uri=issued_for)
    await refused("invalid_grant", desk.accounts.redeem_code(READY, code, sent, None, proven=True))
    assert await desk.accounts.redeem_code(READY, code, issued_for, None, proven=True)


@in_loop
async def test_a_code_of_another_client_is_unknown_and_stays_good_for_its_own() -> None:
    desk = Desk()
    code = await desk.code()
    await refused("invalid_grant", desk.accounts.redeem_code(OTHER, code, URI, None, proven=True))
    assert await desk.accounts.redeem_code(READY, code, URI, None, proven=True)


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@in_loop
async def test_a_token_is_no_code(kind: str) -> None:
    desk = Desk()
    token = (await desk.tokens())[kind]
    await refused("invalid_grant", desk.accounts.redeem_code(READY, token, URI, None, proven=True))


# ---- PKCE


def test_the_vector_of_rfc_7636_is_what_s256_means() -> None:
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == CHALLENGE


@pytest.mark.parametrize("proven", [True, False])
@in_loop
async def test_the_verifier_of_the_challenge_proves_the_client(proven: bool) -> None:
    desk = Desk()
    code = await desk.code(challenge=CHALLENGE)
    answer = await desk.accounts.redeem_code(READY, code, URI, VERIFIER, proven=proven)
    assert await desk.works(answer["access_token"])


@pytest.mark.parametrize(
    "verifier", [None, "", CHALLENGE, VERIFIER[:-1], VERIFIER + "=", VERIFIER.lower(), "é", "x" * 10_000]
)
@pytest.mark.parametrize("proven", [True, False])
@in_loop
async def test_any_other_verifier_is_invalid_grant_even_with_the_secret(verifier: str | None, proven: bool) -> None:
    desk = Desk()
    code = await desk.code(challenge=CHALLENGE)
    await refused("invalid_grant", desk.accounts.redeem_code(READY, code, URI, verifier, proven=proven))


@pytest.mark.parametrize("challenge", ["", "é", "plain", CHALLENGE + "="])
@in_loop
async def test_a_challenge_that_no_verifier_has_is_invalid_grant(challenge: str) -> None:
    desk = Desk()
    code = await desk.code(challenge=challenge)
    await refused("invalid_grant", desk.accounts.redeem_code(READY, code, URI, VERIFIER, proven=True))


@in_loop
async def test_a_client_that_shows_neither_secret_nor_verifier_is_invalid_client() -> None:
    desk = Desk()
    code = await desk.code()
    await refused("invalid_client", desk.accounts.redeem_code(READY, code, URI, None, proven=False))
    await refused("invalid_client", desk.accounts.redeem_code(READY, code, URI, VERIFIER, proven=False))


# ---- refresh


@in_loop
async def test_a_refresh_gives_new_tokens_for_the_same_user_and_scopes() -> None:
    desk = Desk()
    first = await desk.tokens(("read", "write"))
    desk.later(ACCESS_TOKEN_LIFETIME_S)
    assert not await desk.works(first["access_token"])
    second = await desk.accounts.refresh(READY, first["refresh_token"], None, proven=True)
    principal = await desk.accounts.identify(second["access_token"])
    assert principal is not None
    assert (principal.user_id, principal.scopes) == (USER, frozenset({"read", "write"}))
    assert second["refresh_token"] != first["refresh_token"]


@in_loop
async def test_a_refresh_token_used_twice_ends_every_token_of_its_authorisation() -> None:
    desk = Desk()
    first = await desk.tokens()
    second = await desk.accounts.refresh(READY, first["refresh_token"], None, proven=True)
    other = await desk.tokens()
    await refused("invalid_grant", desk.accounts.refresh(READY, first["refresh_token"], None, proven=True))
    for answer in (first, second):
        assert not await desk.works(answer["access_token"])
    await refused("invalid_grant", desk.accounts.refresh(READY, second["refresh_token"], None, proven=True))
    assert await desk.works(other["access_token"])


@in_loop
async def test_a_refresh_may_narrow_the_scopes_of_the_access_token() -> None:
    desk = Desk()
    first = await desk.tokens(("read", "write"))
    second = await desk.accounts.refresh(READY, first["refresh_token"], "read", proven=True)
    principal = await desk.accounts.identify(second["access_token"])
    assert principal is not None
    assert principal.scopes == {"read"}
    assert second["scope"] == "read"


@in_loop
async def test_a_narrowed_refresh_does_not_narrow_the_next_one() -> None:
    # RFC 6749 section 6: the scope of a new refresh token MUST be identical to that of the one sent.
    desk = Desk()
    first = await desk.tokens(("read", "write"))
    second = await desk.accounts.refresh(READY, first["refresh_token"], "read", proven=True)
    third = await desk.accounts.refresh(READY, second["refresh_token"], None, proven=True)
    assert third["scope"] == "read write"


@pytest.mark.parametrize("scope", ["read write admin", "admin", "READ", "nonsense"])
@in_loop
async def test_a_refresh_cannot_widen_and_the_refused_token_stays_good(scope: str) -> None:
    desk = Desk()
    first = await desk.tokens(("read", "write"))
    await refused("invalid_scope", desk.accounts.refresh(READY, first["refresh_token"], scope, proven=True))
    assert await desk.works(first["access_token"])
    assert await desk.accounts.refresh(READY, first["refresh_token"], None, proven=True)


@pytest.mark.parametrize("scope", [None, "", " "])
@in_loop
async def test_a_refresh_without_scopes_asks_for_all(scope: str | None) -> None:
    desk = Desk()
    first = await desk.tokens(("read", "write"))
    assert (await desk.accounts.refresh(READY, first["refresh_token"], scope, proven=True))["scope"] == "read write"


@in_loop
async def test_a_scope_named_twice_is_granted_once_on_refresh() -> None:
    desk = Desk()
    first = await desk.tokens(("read", "write"))
    assert (await desk.accounts.refresh(READY, first["refresh_token"], "read read", proven=True))["scope"] == "read"


@in_loop
async def test_a_refresh_token_of_another_client_is_unknown_and_stays_good_for_its_own() -> None:
    desk = Desk()
    first = await desk.tokens()
    await refused("invalid_grant", desk.accounts.refresh(OTHER, first["refresh_token"], None, proven=True))
    assert await desk.accounts.refresh(READY, first["refresh_token"], None, proven=True)


@pytest.mark.parametrize("what", ["access", "code", "nonsense"])
@in_loop
async def test_nothing_else_is_a_refresh_token(what: str) -> None:
    desk = Desk()
    sent = {"access": (await desk.tokens())["access_token"], "code": await desk.code(), "nonsense": "nonsense"}[what]
    await refused("invalid_grant", desk.accounts.refresh(READY, sent, None, proven=True))


@in_loop
async def test_a_client_that_showed_its_secret_for_a_refresh_token_has_to_show_it_again() -> None:
    # RFC 6749 section 6.
    desk = Desk()
    first = await desk.tokens()
    await refused("invalid_client", desk.accounts.refresh(READY, first["refresh_token"], None, proven=False))
    second = await desk.accounts.refresh(READY, first["refresh_token"], None, proven=True)
    await refused("invalid_client", desk.accounts.refresh(READY, second["refresh_token"], None, proven=False))


@in_loop
async def test_a_client_without_a_secret_refreshes_without_one_again_and_again() -> None:
    desk = Desk()
    code = await desk.code(challenge=CHALLENGE)
    answer = await desk.accounts.redeem_code(READY, code, URI, VERIFIER, proven=False)
    for _ in range(3):
        answer = await desk.accounts.refresh(READY, answer["refresh_token"], None, proven=False)
    assert await desk.works(answer["access_token"])


# ---- revocation


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@in_loop
async def test_revoking_either_token_ends_both_and_no_others(kind: str) -> None:
    desk = Desk()
    first, other = await desk.tokens(), await desk.tokens()
    await desk.accounts.revoke(READY, first[kind])
    assert not await desk.works(first["access_token"])
    await refused("invalid_grant", desk.accounts.refresh(READY, first["refresh_token"], None, proven=True))
    assert await desk.works(other["access_token"])
    assert await desk.works("ready-token")


@in_loop
async def test_revoking_a_ready_token_ends_it_for_good() -> None:
    desk = Desk()
    await desk.accounts.revoke(READY, "ready-token")
    assert not await desk.works("ready-token")
    dump = await desk.store.dump()
    await desk.store.replace(dump)
    assert not await desk.works("ready-token")


@pytest.mark.parametrize("token", ["nonsense", "", "ready-token"])
@in_loop
async def test_revoking_what_is_unknown_or_anothers_does_nothing(token: str) -> None:
    desk = Desk()
    first = await desk.tokens()
    for sent in (token, first["access_token"], first["refresh_token"]):
        await desk.accounts.revoke(OTHER, sent)
    assert await desk.works(first["access_token"])
    assert await desk.works("ready-token")


@in_loop
async def test_revoking_twice_does_nothing_more() -> None:
    desk = Desk()
    first = await desk.tokens()
    for _ in range(2):
        await desk.accounts.revoke(READY, first["access_token"])
    assert not await desk.works(first["access_token"])


# ---- state


@in_loop
async def test_accounts_survive_a_dump_and_replace_into_another_store() -> None:
    desk, restored = Desk(), Desk()
    made = await desk.accounts.register("Mine", ["read"], [URI], contract_fields=False, rate_limit_per_hour=7)
    used, fresh, code = await desk.tokens(), await desk.tokens(), await desk.code(challenge=CHALLENGE)
    await desk.accounts.refresh(READY, used["refresh_token"], None, proven=True)
    await desk.accounts.remove("other")
    await restored.store.replace(await desk.store.dump())

    assert await restored.accounts.application(made.client_id) == made
    assert await restored.accounts.application("other") is None
    assert await restored.works(fresh["access_token"])
    assert await restored.accounts.redeem_code(READY, code, URI, VERIFIER, proven=False)
    await refused("invalid_grant", restored.accounts.refresh(READY, used["refresh_token"], None, proven=True))
    assert not await restored.works(used["access_token"])


@in_loop
async def test_after_a_restore_no_token_is_issued_again() -> None:
    desk, restored = Desk(), Desk()
    before = [await desk.tokens() for _ in range(3)]
    await restored.store.replace(await desk.store.dump())
    after = await restored.tokens()
    assert not set(after.values()) & {answer["access_token"] for answer in before}
    assert all([await restored.works(answer["access_token"]) for answer in before])
