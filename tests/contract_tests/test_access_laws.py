"""What laws on access send instead of what they know: false credentials, and ids that nothing has."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from contract_tests.credentials import Credentials
from contract_tests.laws.client import Client
from contract_tests.laws.general.access import false_credentials
from contract_tests.laws.general.attempts import unknown_ids
from contract_tests.laws.stage import Run, Stage
from tests.contract_tests.habits.catalogue import HABITS
from tests.contract_tests.habits.planting import Trap, replies
from tests.contract_tests.habits.playing import played, surface_of
from tests.contract_tests.habits.shop import NORTH, Shop, basic

HOUSES = Path(__file__).with_name("habits")


def stage(spec: str, **headers: str) -> Stage:
    surface = surface_of(HOUSES / spec)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    credentials = Credentials(named, {})
    return Stage(Run(surface, Client("http://h", credentials), credentials, {}, 1), "law")


def test_false_credentials_have_the_form_of_ours_and_tell_nothing_of_them() -> None:
    secret = "sk-Live-0123456789abcDEF"
    others = "zz-Zzzz-9999999999zzzZZZ"
    false, same = (
        false_credentials(stage("depot.yaml", Authorization=f"Bearer {one}", X_Version="2026-01-01"))
        for one in (secret, others)
    )
    assert false == same
    assert false is not None
    assert [*false] == ["Authorization"]
    assert str(false["Authorization"])[:10] not in (f"Bearer {secret}"[:10], f"Bearer {others}"[:10])
    assert len(str(false["Authorization"])) == len(f"Bearer {secret}")


def test_a_false_password_goes_with_the_right_user() -> None:
    false = false_credentials(stage("shop.yaml", Authorization=basic(NORTH)))
    assert false is not None
    user, _, password = b64decode(str(false["Authorization"]).partition(" ")[2]).decode().partition(":")
    assert user == NORTH.partition(":")[0]
    assert password not in ("", NORTH.partition(":")[2])


def test_who_has_no_credentials_cannot_have_false_ones() -> None:
    assert false_credentials(stage("depot.yaml")) is None


@pytest.mark.parametrize(
    ("spec", "label", "parameter", "known"),
    [
        ("depot.yaml", "GET /bays/{bay_id}", "bay_id", "bay-0007"),
        ("shop.yaml", "GET /customers/{customerId}", "customerId", "17"),
        ("shop.yaml", "GET /customers/{customerId}", "customerId", "999999999"),
        ("shop.yaml", "GET /products/{sku}", "sku", "X"),
        ("metering.yaml", "GET /meters/{meter_id}", "meter_id", "5f1d7c0a-93be-4246-8c0d-e7a15f1d7c0a"),
    ],
)
def test_unknown_ids_have_the_shape_of_a_known_one(spec: str, label: str, parameter: str, known: str) -> None:
    on = stage(spec)
    schema: Any = on.run.contract.below(on.run.contract.parameters(label)["path", parameter], "schema")
    ids = [*unknown_ids(on, label, parameter, known)]
    assert ids
    assert known not in ids
    for one in ids:
        value: Any = int(one) if known.isdecimal() else one
        assert not on.run.contract.violations(schema, value, "request")
        assert known.isdecimal() or [char.isdecimal() for char in one] == [char.isdecimal() for char in known]


def test_hexadecimal_ids_stay_hexadecimal() -> None:
    known = "5f1d7c0a-93be-4246-8c0d-e7a15f1d7c0a"
    for one in unknown_ids(stage("metering.yaml"), "GET /meters/{meter_id}", "meter_id", known):
        assert {*one} <= {*"0123456789abcdef-"}


def test_what_a_wrong_location_leads_to_is_left_alone() -> None:
    shop = next(habit for habit in HABITS if habit.name == "shop")
    first = replies("POST /customers", lambda reply: reply.headers.update(Location="/customers/1"))
    kept: list[Shop] = []
    tally = played(shop, Trap("first", first, lambda _: True), Trap("kept", kept.append, lambda _: True))
    assert "location_leads_to_what_was_created" in {check for _, check, _ in tally.causes}
    honest, (seen,) = Shop(), kept
    assert {number: seen.customers[number] for number in honest.customers} == honest.customers
    assert not seen.removed & {*honest.customers, *honest.orders}
