"""From the files of a contract to a `Spec`, or to the list of everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from specs import contract_rules, schema_rules
from specs.build import operations, security_schemes
from specs.contract_rules import Contract
from specs.errors import SpecError
from specs.examples import examples_fit
from specs.join import join
from specs.operation import Spec
from specs.walk import walk


def load(path: Path | str, *, examples: bool = True) -> Spec:
    """The contract whose root document is at `path`; raises SpecError with all problems found, in file order.

    What keeps the files from being read and joined is reported first; what is wrong with the whole, once there is one.
    Checking the examples takes long and changes nothing for a server: `examples=False` leaves it out.
    """
    joined = join(Path(path))
    contract = Contract(joined.document, walk(joined.document, "Document"), joined.exports)
    # Everything after this follows references, so they must end.
    problems = list(contract_rules.references_end(contract)) or list(_broken_rules(contract, examples=examples))
    found = [joined.problem(pointer, message) for pointer, message in problems]
    if found or joined.unnamed:
        raise SpecError(joined.in_order([*found, *joined.unnamed]))
    return Spec(
        path=Path(path),
        files=joined.files,
        document=joined.document,
        operations=tuple(operations(joined.document)),
        webhooks=tuple(operations(joined.document, "webhooks")),
        security_schemes=security_schemes(joined.document),
        positions=joined.positions,
    )


def _broken_rules(contract: Contract, *, examples: bool) -> Iterator[tuple[str, str]]:
    for rule in contract_rules.RULES:
        yield from rule(contract)
    broken = [
        problem
        for node in contract.findings.of("Schema")
        if isinstance(node.value, dict)
        for schema_rule in schema_rules.RULES
        for problem in schema_rule(node.pointer, node.value)
    ]
    yield from broken
    # A pattern that does not compile keeps every schema around it from being compiled.
    if examples and not any(pointer.endswith("/pattern") for pointer, _ in broken):
        yield from examples_fit(contract.document, contract.findings)
