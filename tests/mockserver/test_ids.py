"""Identifiers: ULIDs as github.com/ulid/spec lays them out, UUIDs as RFC 9562 does, and secrets."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from uuid import RFC_4122, UUID

import pytest

from fixtures.rng import Stream
from mockserver import ids
from mockserver.ids import instant, secret, ulid, uuid

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NOON = datetime(2026, 3, 18, 12, tzinfo=UTC)
INSTANTS = {
    "epoch": datetime(1970, 1, 1, tzinfo=UTC),
    "first millisecond": datetime(1970, 1, 1, microsecond=1000, tzinfo=UTC),
    "noon": NOON,
    "odd millisecond": NOON + timedelta(milliseconds=577),
    "end of the clock": datetime(2200, 1, 1, tzinfo=UTC),
}


def decoded(text: str) -> tuple[int, int]:
    """Milliseconds and entropy, by the layout of the specification: 10 characters and 16, most significant first."""
    number = 0
    for character in text:
        number = number * 32 + CROCKFORD.index(character)
    return number >> 80, number & (2**80 - 1)


@pytest.mark.parametrize("at", INSTANTS.values(), ids=INSTANTS)
def test_a_ulid_is_26_characters_of_crockfords_base_32_below_2_to_the_128(at: datetime) -> None:
    assert re.fullmatch(f"[0-7][{CROCKFORD}]{{25}}", ulid(at, 1, "thing"))


@pytest.mark.parametrize("at", INSTANTS.values(), ids=INSTANTS)
def test_the_first_48_bits_are_the_unix_milliseconds(at: datetime) -> None:
    assert decoded(ulid(at, 1, "thing"))[0] == (at - INSTANTS["epoch"]) // timedelta(milliseconds=1)


def test_the_timestamp_characters_are_those_of_a_published_ulid() -> None:
    # github.com/ulid/javascript: ulid(1469918176385) is 01ARYZ6S41...
    at = datetime.fromtimestamp(1469918176, tz=UTC).replace(microsecond=385_000)
    assert ulid(at, 1, "thing")[:10] == "01ARYZ6S41"


def test_ulids_sort_by_time() -> None:
    draws = Stream(7, "instants")
    instants = sorted(NOON + timedelta(microseconds=draws.integer(0, 10**10)) for _ in range(500))
    instants = [at for at, after in pairwise(instants) if after - at >= timedelta(milliseconds=1)]
    texts = [ulid(at, 1, "thing", number) for number, at in enumerate(instants)]
    assert texts == sorted(texts)


def test_a_ulid_is_of_the_millisecond_in_which_the_thing_came_into_being() -> None:
    # Rounding up would date it into the future.
    for microsecond in (0, 1, 499, 500, 501, 999, 999_500, 999_999):
        at = NOON + timedelta(microseconds=microsecond)
        assert decoded(ulid(at, 1, "thing"))[0] == (at - INSTANTS["epoch"]) // timedelta(milliseconds=1)


def test_the_same_arguments_give_the_same_ulid_in_any_zone() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    assert ulid(NOON, 1, "thing", 4) == ulid(tokyo, 1, "thing", 4)


def test_the_entropy_of_10_000_names_never_repeats() -> None:
    assert len({decoded(ulid(NOON, 1, "thing", number))[1] for number in range(10_000)}) == 10_000


def test_every_bit_of_the_entropy_is_used() -> None:
    ones = zeros = 0
    for number in range(200):
        entropy = decoded(ulid(NOON, 1, "thing", number))[1]
        ones |= entropy
        zeros |= ~entropy & (2**80 - 1)
    assert ones == zeros == 2**80 - 1


@pytest.mark.parametrize(
    ("seed", "names"),
    [(2, ("thing",)), (1, ("thong",)), (1, ("thing", 0)), (1, ("th", "ing")), (1, ()), (-1, ("thing",))],
)
def test_another_seed_or_another_name_gives_another_id(seed: int, names: tuple[str | int, ...]) -> None:
    assert ulid(NOON, seed, *names) != ulid(NOON, 1, "thing")
    assert secret(seed, *names) != secret(1, "thing")
    assert uuid(seed, *names) != uuid(1, "thing")


@pytest.mark.parametrize("size", [1, 15, 16, 17, 24, 64])
def test_a_secret_is_url_safe_text_of_the_asked_number_of_bytes(size: int) -> None:
    text = secret(1, "thing", size=size)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert len(text) == -(-size * 8 // 6)


@pytest.mark.parametrize("at", INSTANTS.values(), ids=INSTANTS)
def test_a_ulid_says_when_its_thing_came_into_being(at: datetime) -> None:
    found = instant(ulid(at, 1, "thing"))
    assert found is not None
    assert found == at - timedelta(microseconds=at.microsecond % 1000)


@pytest.mark.parametrize("text", ["", "0" * 25, "0" * 27, "Z" * 26, "u" * 26, "é" * 26, "tari" + "0" * 22])
def test_what_is_no_ulid_has_no_instant(text: str) -> None:
    assert instant(text) is None


def test_the_same_arguments_give_the_same_secret() -> None:
    assert secret(1, "thing", 4) == secret(1, "thing", 4)


def test_a_uuid_is_of_version_8_in_the_usual_form() -> None:
    for number in range(200):
        text = uuid(1, "thing", number)
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", text)
        assert (UUID(text).version, UUID(text).variant) == (8, RFC_4122)


def test_every_bit_of_a_uuid_that_is_not_its_version_or_variant_is_used() -> None:
    ones = zeros = 0
    for number in range(200):
        bits = UUID(uuid(1, "thing", number)).int
        ones |= bits
        zeros |= ~bits & (2**128 - 1)
    fixed = 0xF << 76 | 0x3 << 62
    assert ones & ~fixed == zeros & ~fixed == (2**128 - 1) & ~fixed


def test_the_uuids_of_10_000_names_never_repeat() -> None:
    assert len({uuid(1, "thing", number) for number in range(10_000)}) == 10_000


def test_the_same_arguments_give_the_same_uuid() -> None:
    assert uuid(1, "thing", 4) == uuid(1, "thing", 4)


def test_ids_are_pinned_so_that_a_change_of_python_or_code_shows() -> None:
    assert ulid(NOON, 1, "tariff", 7) == "01KM0D29G0BW9G6NP5GG9601BM"
    assert uuid(1, "battery", 7) == "176425de-0663-8f1b-924d-da49acc1b8af"
    assert secret(1, "client_secret", 7) == "6WUtp0r-dTkeFXW8J30LH92-JF2ghYIL"


def test_a_sealed_token_tells_its_names_and_no_other_text_does() -> None:
    token = ids.sealed(1, "org_1", "inv_2")
    assert ids.unsealed(1, token) == ("org_1", "inv_2")
    for other in (token[:-1], token.replace("inv_2", "inv_3"), token.replace("org_1.", ""), "", "x", "é.é", "."):
        assert ids.unsealed(1, other) is None
    assert ids.unsealed(2, token) is None


@pytest.mark.parametrize("size", [5, 10, 15])
def test_a_prefixed_id_is_its_prefix_and_base_32(size: int) -> None:
    found = {ids.prefixed("org_", 1, number, size=size) for number in range(100)}
    assert len(found) == 100
    assert all(re.fullmatch(rf"org_[0-9A-HJKMNP-TV-Z]{{{size * 8 // 5}}}", each) for each in found)
    tails = [ids.prefixed(prefix, seed, "x", size=size)[4:] for prefix in ("org_", "usr_") for seed in (1, 2)]
    assert len({*tails}) == 4
