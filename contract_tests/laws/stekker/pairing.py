"""How charge points come and go, and what power they are taken to have."""

from __future__ import annotations

from datetime import timedelta

from contract_tests.laws.law import NotPlayed, law
from contract_tests.laws.stage import Stage
from contract_tests.laws.stekker.session import (
    AVAILABLE,
    CDR,
    ELEVEN_KW,
    ELEVEN_KW_W,
    POST,
    PUT,
    ChargePoint,
    Session,
    only_pairing,
    paired,
    running,
    taken,
    unknown,
)

SEVEN_KW_W = 7_360
"""230 V times 32 A in one phase."""
DEFAULT_W = 3_680


@law("inferred", "critical", PUT)
def max_power_is_volts_times_amperes_times_phases(stage: Stage) -> None:
    """A charge point's power is voltage times current times phases, whatever power is given beside them."""
    charge_point = paired(stage, **ELEVEN_KW)
    says = f"230 V × 16 A × 3 phases = {ELEVEN_KW_W} W, and maxPower is disregarded"
    for given in (22_000, 5_000):
        _expect_power(stage, charge_point, ELEVEN_KW_W, says, **ELEVEN_KW, maxPower=given)
    says = "two phases of 230 V and 16 A are 7360 W"
    _expect_power(stage, charge_point, 7_360, says, **ELEVEN_KW | {"powerType": "AC_2_PHASE"})


@law("inferred", "critical", PUT)
def missing_power_type_is_one_phase(stage: Stage) -> None:
    """Without powerType a charge point has one phase."""
    says = f"no powerType: 230 V × 32 A × 1 phase = {SEVEN_KW_W} W"
    charge_point = paired(stage, **ELEVEN_KW)
    _expect_power(stage, charge_point, SEVEN_KW_W, says, maxVoltage=230, maxAmperage=32)


@law("inferred", "major", PUT)
def max_power_is_as_given_or_a_default(stage: Stage) -> None:
    """Without voltage and current the power is the one given, and without that 16 A in one phase."""
    charge_point = paired(stage, **ELEVEN_KW)
    _expect_power(stage, charge_point, 5_000, "maxPower counts where V and A are not both given", maxPower=5_000)
    _expect_power(stage, charge_point, DEFAULT_W, "without any details the power is 3680 W")


def _expect_power(stage: Stage, charge_point: ChargePoint, power_w: int, says: str, **details: object) -> None:
    exchange = charge_point.pair(**details)
    stage.succeeds(exchange, "pairing again is fine, and brings the details up to date")
    came = stage.fitting(exchange).get("max_power_w")
    stage.require(came == power_w, exchange, says, f"max_power_w is {came}", "EventReceipt.max_power_w")


@law("published", "major", PUT, POST)
def pairing_lets_a_charge_point_speak(stage: Stage) -> None:
    """Once a charge point is paired, its id alone is enough for its events."""
    charge_point = paired(stage)
    exchange = stage.call(POST, charge_point.ocpp("StatusNotification", AVAILABLE, {}))
    stage.succeeds(exchange, "after pairing, later messages need only the charge point's id")


@law("inferred", "major", POST)
def stranger_charge_point_is_404(stage: Stage) -> None:
    """Events of a charge point that was never paired are refused with 404."""
    exchange = stage.call(POST, unknown(stage).ocpp("StatusNotification", AVAILABLE, {}))
    stage.refuses(exchange, (404,), "404: this charge point was never paired")


@law("inferred", "minor", PUT)
def unpairing_a_stranger_is_404(stage: Stage) -> None:
    """Unpairing a charge point that is not paired is refused with 404."""
    stage.refuses(unknown(stage).unpair(), (404,), "404: this charge point was never paired")


@law("inferred", "major", PUT)
def unknown_pairing_code_is_refused(stage: Stage) -> None:
    """A pairing code that was never shown pairs nothing."""
    only_pairing(stage)
    charge_point = ChargePoint(stage, stage.name())
    stage.later(charge_point.unpair)
    exchange = charge_point.pair(pairingCode="GM0000ZZ")
    stage.refuses(exchange, (404, 422), "422: nobody was shown this code", "ChargePointDetailsNotification.pairingCode")


@law("published", "major", PUT)
def unpair_takes_an_id_as_a_number(stage: Stage) -> None:
    """Unpairing takes the id as a JSON number, as in the published sample, and means the charge point of that text."""
    charge_point = paired(stage, str(stage.run.number()))
    exchange = ChargePoint(stage, int(charge_point.id)).unpair()
    stage.succeeds(exchange, "an id that is a number is the same as its text", "ChargePointUnPairNotification")
    exchange = stage.call(POST, charge_point.ocpp("StatusNotification", AVAILABLE, {}))
    stage.require(not taken(exchange), exchange, "unpaired by its id as a number, nothing of it is taken any more")


@law("inferred", "major", PUT, POST)
def ids_as_numbers_and_as_text_are_the_same(stage: Stage) -> None:
    """A charge point that was paired by a number is the one that speaks by the text of it, and the other way round."""
    number = stage.run.number()
    paired(stage, stage.name())
    charge_point = ChargePoint(stage, number)
    stage.later(ChargePoint(stage, str(number)).unpair)
    says = "an id may be a number"
    stage.succeeds(charge_point.pair(), says, "ChargePointDetailsNotification.chargePointId")
    for spelled in (number, str(number)):
        exchange = stage.call(POST, ChargePoint(stage, spelled).ocpp("StatusNotification", AVAILABLE, {}))
        stage.succeeds(exchange, f"{number} and {str(number)!r} are one charge point", "OcppEvent.chargePointId")
        came = stage.fitting(exchange).get("charge_point_id")
        same = came in (None, str(number))
        stage.require(same, exchange, f"charge_point_id is {str(number)!r}", f"it is {came!r}", "EventReceipt")


@law("published", "critical", PUT, POST)
def unpair_ends_running_sessions(stage: Stage) -> None:
    """Unpairing a charge point stops its running sessions: nothing of them is taken any more."""
    only_pairing(stage)
    session = running(stage)
    exchange = session.charge_point.unpair()
    stage.succeeds(exchange, "a paired charge point can be unpaired")
    exchange = stage.call(POST, session.meter_event(5, 500))
    stage.require(not taken(exchange), exchange, "unpaired: the session is over, and nothing more is communicated")


@law("inferred", "critical", PUT, POST)
def pairing_again_does_not_revive_a_session(stage: Stage) -> None:
    """A session that ended by unpairing stays ended when its charge point is paired again."""
    only_pairing(stage)
    session = running(stage)
    stage.succeeds(session.charge_point.unpair(), "a paired charge point can be unpaired")
    stage.succeeds(session.charge_point.pair(), "and can be paired again")
    exchange = session.cdr()
    stage.require(exchange.status != 200, exchange, "a session that was stopped by unpairing has no CDR")
    second = stage.now + timedelta(minutes=1)
    exchange = stage.call(POST, session.stop_event((second - session.started_at).total_seconds() / 60, 1_000))
    completed = session.cdr().status == 200
    stage.require(not completed, exchange, "StopTransaction does not complete a session that unpairing has ended")


@law("inferred", "critical", POST, PUT)
def another_organization_sees_nothing(stage: Stage) -> None:
    """Another organization's charge points, sessions and prices of sessions are 404, not 403."""
    stranger = stage.as_other()
    session = Session(paired(stage))
    cdr = {"cpo_transaction_id": str(session.transaction_id)}
    if stage.aside(CDR, headers=stranger, **cdr).status != 404:
        raise NotPlayed("the other organization has a transaction of this number too; try another --seed")
    session.start()
    says = "404: this belongs to another organization"
    for operation, body, path in (
        (POST, session.meter_event(1, 100), {}),
        (POST, session.stop_event(2, 200), {}),
        (PUT, {"event": "ChargePointUnPairNotification", "chargePointId": session.charge_point.id}, {}),
        (CDR, None, cdr),
    ):
        exchange = stage.call(operation, body, query=None, headers=stranger, **path)
        stage.refuses(exchange, (404,), says)
    exchange = stage.call(POST, session.meter_event(3, 300))
    stage.succeeds(exchange, "what another organization tried has had no effect")


LAWS = (
    pairing_lets_a_charge_point_speak,
    max_power_is_volts_times_amperes_times_phases,
    missing_power_type_is_one_phase,
    max_power_is_as_given_or_a_default,
    stranger_charge_point_is_404,
    unpairing_a_stranger_is_404,
    unknown_pairing_code_is_refused,
    unpair_takes_an_id_as_a_number,
    ids_as_numbers_and_as_text_are_the_same,
    unpair_ends_running_sessions,
    pairing_again_does_not_revive_a_session,
    another_organization_sees_nothing,
)
