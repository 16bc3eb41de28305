"""What a charge point measured, as OCPP's MeterValues tell it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from fixtures.days import unix_us
from mockserver.apis.stekker.moments import moment
from mockserver.http.errors import Unprocessable

BEYOND = 1e20
"""No meter shows as much, and products of what is less are numbers still."""
_FACTORS = {"Wh": 1.0, "kWh": 1000.0, "W": 1.0, "kW": 1000.0}


class Sample(NamedTuple):
    """What one meterValue of an event says, as far as it says it."""

    at_us: int
    register_wh: float | None
    power_w: float | None
    soc_percent: float | None


def samples(meter_values: Any, field: str) -> Iterator[Sample]:
    """What OCPP's meterValue list says of all phases together; what is signed or of another kind is left out."""
    for index, meter_value in enumerate(meter_values):
        at = moment(meter_value["timestamp"], f"{field}.{index}.timestamp")
        register_wh = power_w = soc_percent = None
        phase_powers_w = []
        for number, sampled in enumerate(meter_value["sampledValue"]):
            if sampled.get("format") == "SignedData":
                continue
            measurand = sampled.get("measurand", "Energy.Active.Import.Register")
            value = float(sampled["value"])
            if not abs(value) < BEYOND:
                where = f"{field}.{index}.sampledValue.{number}.value"
                raise Unprocessable(f"{sampled['value'][:60]} is more than a meter shows", where)
            factor = _FACTORS.get(sampled["unit"]) if "unit" in sampled else 1.0
            if measurand == "SoC":
                soc_percent = min(max(value, 0.0), 100.0)
            elif measurand == "Energy.Active.Import.Register" and "phase" not in sampled and factor is not None:
                register_wh = round(value * factor, 3)
            elif measurand == "Power.Active.Import" and factor is not None:
                if "phase" in sampled:
                    phase_powers_w.append(value * factor)
                else:
                    power_w = value * factor
        if power_w is None and phase_powers_w:
            power_w = sum(phase_powers_w)
        yield Sample(unix_us(at), register_wh, power_w, soc_percent)
