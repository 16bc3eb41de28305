"""What can be generated, one module for each."""

from __future__ import annotations

from mockserver.commands.generate.subject import Subject
from mockserver.commands.generate.subjects.carbon import CARBON
from mockserver.commands.generate.subjects.load import LOAD
from mockserver.commands.generate.subjects.meter_values import METER_VALUES
from mockserver.commands.generate.subjects.ocpp import OCPP
from mockserver.commands.generate.subjects.prices import PRICES
from mockserver.commands.generate.subjects.schedule import SCHEDULE
from mockserver.commands.generate.subjects.sessions import SESSIONS
from mockserver.commands.generate.subjects.solar import SOLAR
from mockserver.commands.generate.subjects.tariffs import TARIFFS

SUBJECTS: tuple[Subject, ...] = (PRICES, TARIFFS, SOLAR, CARBON, LOAD, SCHEDULE, SESSIONS, METER_VALUES, OCPP)
"""The subjects in the order of the help."""
