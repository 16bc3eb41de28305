"""Laws of Stekker's smart charging API, in the order of the life of a session."""

from __future__ import annotations

from contract_tests.laws.stekker import cdrs, energy, events, pairing, prices, profiles

LAWS = (*pairing.LAWS, *events.LAWS, *profiles.LAWS, *prices.LAWS, *cdrs.LAWS, *energy.LAWS)
