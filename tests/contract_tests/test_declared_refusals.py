"""A refusal of a valid request that the user declares is no finding, and any other is one."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.defects import Answer, Memory, Request
from tests.contract_tests.conftest import Check
from tests.contract_tests.desk import Desk
from tests.contract_tests.planted import altered, in_front_of
from tests.contract_tests.test_false_alarms import refusal


def pages_are_small(asked: Request, answer: Answer, _: Memory) -> Answer:
    """Refuses pages that the contract allows, with a status that it does not declare."""
    asked_for_much = asked.path.endswith("/suppliers") and "page_size=" in asked.query
    return refusal(422) if asked_for_much and answer.status == 200 else answer


@pytest.mark.parametrize(("rule", "exit_code"), [('"422": pages are small here', 0), ('"409": taken', 1)])
def test_a_declared_refusal_is_no_finding(check_app: Check, tmp_path: Path, rule: str, exit_code: int) -> None:
    declarations = tmp_path / "desk.laws.yaml"
    declarations.write_text(f"refusals:\n  GET /suppliers: {{{rule}}}\n", "utf-8")
    words = ("--declarations", str(declarations), "--phases", "coverage", "--include", "get-suppliers")
    result = check_app(in_front_of(Desk(), altered(answer=pages_are_small)), *words)
    assert result.exit_code == exit_code, result.output
    for check in ("status_code_conformance", "positive_data_acceptance"):
        assert (check in result.output) is (exit_code == 1), result.output
