"""Laws of Dynamo's API: organizations and who may enter, charge points and sites, and what sessions cost."""

from __future__ import annotations

from contract_tests.laws.dynamo import accounts, charging, installers, money, organizations, sites

LAWS = (*organizations.LAWS, *accounts.LAWS, *installers.LAWS, *charging.LAWS, *sites.LAWS, *money.LAWS)
