"""Laws of Stekker's battery API: what is registered, what is measured, what is planned."""

from __future__ import annotations

from contract_tests.laws.stekker_bess import documentation, measurements, resources, schedules, solar

LAWS = (*resources.LAWS, *measurements.LAWS, *schedules.LAWS, *solar.LAWS, *documentation.LAWS)
