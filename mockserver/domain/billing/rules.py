"""Billing rules: all that match a session act on its bill, the lowest priority number first.

Source: fact sheet of the Dynamo API, 0.8, 1.7 (rule 5) and 2.10.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mockserver.domain.billing.actions import Action
from mockserver.domain.billing.amounts import InvalidBilling
from mockserver.domain.billing.conditions import Condition
from mockserver.domain.billing.session_facts import SessionFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingRule:
    """What is done to the bills of the sessions that fulfil all conditions; InvalidBilling for a priority below 1."""

    id: str
    name: str
    priority: int
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]
    active: bool = True
    tariff_id: str | None = None  # None: whatever the tariff

    def __post_init__(self) -> None:
        if self.priority < 1:
            raise InvalidBilling(f"priority is {self.priority}; it must be at least 1, and lower ones come first")

    def matches(self, session: SessionFacts, tariff_id: str | None) -> bool:
        """Whether it acts on the bill of that session by that tariff."""
        return (
            self.active
            and self.tariff_id in (None, tariff_id)
            and all(condition.holds(session) for condition in self.conditions)
        )


def matching(rules: Iterable[BillingRule], session: SessionFacts, tariff_id: str | None) -> list[BillingRule]:
    """The rules that act, in the order in which they do: by priority, equal ones as they come."""
    return sorted((rule for rule in rules if rule.matches(session, tariff_id)), key=lambda rule: rule.priority)
