"""Declaration files: what the page about them shows can be loaded, and what is wrong in one is said with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract_tests import declaration
from contract_tests.contract import Contract, from_file
from contract_tests.terms import FUNCTIONS
from specs.errors import SpecError
from tests.contract_tests.habits.depot import Depot
from tests.contract_tests.habits.metering import Metering

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/declarations.md").read_text("utf-8")
EXAMPLES = re.findall(r"```yaml\n# (\w+)\.laws\.yaml\n(.*?)```", PAGE, re.DOTALL)
FORM = yaml.safe_load((ROOT / "contract_tests/declaration.schema.yaml").read_text("utf-8"))


@cache
def contract(name: str) -> Contract:
    return from_file({"depot": Depot, "metering": Metering}[name].contract)


def loaded(text: str, directory: Path, name: str = "depot") -> declaration.Declaration:
    path = directory / f"{name}.laws.yaml"
    path.write_text(text, "utf-8")
    return declaration.load(path, contract(name))


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_the_page_shows_what_can_be_loaded(name: str, example: str, tmp_path: Path) -> None:
    assert loaded(example, tmp_path, name).value


def test_every_block_of_the_page_is_loaded() -> None:
    assert len(EXAMPLES) == PAGE.count("```yaml") >= 8


def test_the_page_explains_every_key_and_function() -> None:
    missing = [name for name in (*_keys(FORM), *FUNCTIONS) if not re.search(rf"\b{name}\b", PAGE)]
    assert not missing


def _keys(form: Any) -> Iterator[str]:
    if isinstance(form, dict):
        yield from form.get("properties", ())
        for inner in form.values():
            yield from _keys(inner)
    elif isinstance(form, list):
        for inner in form:
            yield from _keys(inner)


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("invariant: {}\n", ":1: #", "invariant"),
        (
            "invariants:\n  Booking:\n    - starts_at < ended_at\n",
            ":3: #/invariants/Booking/0",
            "did you mean 'ends_at'?",
        ),
        ("invariants:\n  Booking:\n    - {holds: 'a b', within: 1}\n", ":3: #", "cannot be read"),
        ("invariants:\n  Booking:\n    - {holds: starts_at < ends_at, within: -1}\n", ":3: #", "-1"),
        ("invariants:\n  Bookings: []\n", ":2: #/invariants/Bookings", "no schema 'Bookings'"),
        ("resources:\n  bayz: {}\n", ":2: #/resources/bayz", "no resource 'bayz'; did you mean 'bays'?"),
        ("resources:\n  bays:\n    unique: [id, nam]\n", ":3: #/resources/bays/unique/1", "did you mean 'name'?"),
        ("resources:\n  bays:\n    item: /bay/{bay_id}\n", ":3: #/resources/bays/item", "no path '/bay/{bay_id}'"),
        ("lists:\n  GET /bays: {order: [nam]}\n", ":2: #/lists/GET ~1bays/order/0", "there is no member 'nam'"),
        ("lists:\n  GET /bays: {filters: {kin: kind}}\n", ":2: #", "there is no query parameter 'kin'"),
        ("lists:\n  'GET /bays/{bay_id}': {order: [id]}\n", ":2: #", "say where with `items`"),
        ("refusals:\n  POST /bays: {'500': no}\n", ":2: #", "500"),
        ("refusals:\n  PUT /bays: {'409': taken}\n", ":2: #", "has no operation 'PUT /bays'"),
        ("values: {kinds: [ac]}\n", ":1: #/values/kinds", "did you mean 'kind'?"),
        ("values: {kind: []}\n", ":1: #/values/kind", "[]"),
        ("values: {GET /bay kind: [ac]}\n", ":1: #", "no operation 'GET /bay'; did you mean 'GET /bays'?"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, where: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError) as refused:
        loaded(text, tmp_path)
    (said,) = [line for line in str(refused.value).splitlines() if "laws.yaml" in line]
    assert where in said
    assert message in said


STATES = """resources:
  bookings:
    states:
      member: status
      initial: pending
      transitions:
        confirm: {{operation: "{operation}", from: [{start}], to: {end}}}
"""
CONFIRM = "POST /bookings/{booking_id}/confirm"


@pytest.mark.parametrize(
    ("operation", "start", "end", "message"),
    [
        (CONFIRM, "pending", "confirmd", "there is no state 'confirmd'; did you mean 'confirmed'?"),
        (CONFIRM, "completed", "confirmed", "no transition leads to 'completed'"),
        ("DELETE /bays/{bay_id}", "pending", "confirmed", "takes bay_id, which the path of bookings has not"),
        ("POST /confirm", "pending", "confirmed", "no operation 'POST /confirm'"),
    ],
)
def test_states_have_to_fit_the_contract(operation: str, start: str, end: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=re.escape(message)):
        loaded(STATES.format(operation=operation, start=start, end=end), tmp_path)
