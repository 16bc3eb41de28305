"""Installers and site owners: accounts, logins, and the steps that charge points and owners go through."""

from __future__ import annotations

from contract_tests.exchange import Exchange
from contract_tests.laws.dynamo.things import REGISTER, fresh, registered, registration
from contract_tests.laws.law import law
from contract_tests.laws.stage import Stage

SIGN_UP, CONFIRMED = "POST /installer/signup", "POST /installer/signup-with-confirmation"
LOG_IN, LOG_OUT = "POST /installer/login", "POST /installer/logout"
PROJECTS = "GET /installer/projects"
STATUS, COMPLETE = "GET /site-owner/onboarding/status", "POST /site-owner/onboarding/complete"
START = "POST /installer/commissioning/{charge_point_id}/start"
RUN = "GET /installer/commissioning/{charge_point_id}/status"
_PASSWORD = "Groepenkast-32A"  # noqa: S105  # of accounts that a law makes for itself
_STEPS = ["connectivity", "heartbeat", "configuration", "test_transaction"]


@law("inferred", "major", SIGN_UP)
def address_signs_up_once(stage: Stage) -> None:
    """An address that has an account cannot have another, however its letters are written: 409."""
    email = _signed_up(stage)
    for again in (email, email.upper()):
        exchange = stage.call(SIGN_UP, _who(again))
        stage.refuses(exchange, (409,), "409: there is an account with this address", "Installer.email")


@law("published", "major", SIGN_UP, LOG_IN)
def installer_logs_in_at_once(stage: Stage) -> None:
    """Who has signed up can log in at once, with a bearer token for an hour."""
    exchange = _logged_in(stage, _signed_up(stage))
    stage.require(exchange.succeeded, exchange, "a new account is active at once", f"{exchange.status}", "Installer")
    token = stage.fitting(exchange)
    came = f"{token['token_type']} for {token['expires_in']} s"
    stage.require(came == "Bearer for 3600 s", exchange, "Bearer for 3600 s", came, "InstallerToken")


@law("inferred", "critical", LOG_IN)
def wrong_password_is_refused(stage: Stage) -> None:
    """A wrong password is refused with 401, and an address without an account in the same words."""
    email = _signed_up(stage)
    wrong = _logged_in(stage, email, _PASSWORD[::-1])
    stage.require(wrong.status == 401, wrong, "401: the password is wrong", f"{wrong.status}", "InstallerLogin")
    unknown = _logged_in(stage, f"nobody-{email}")
    stage.require(unknown.status == 401, unknown, "401: nobody has the address", f"{unknown.status}", "InstallerLogin")
    told = [_message(exchange) for exchange in (wrong, unknown)]
    stage.require(told[0] == told[1], unknown, "nothing tells which addresses have accounts", " and ".join(told))


@law("published", "critical", CONFIRMED, LOG_IN)
def unconfirmed_address_cannot_log_in(stage: Stage) -> None:
    """Where an address has to be confirmed, its account cannot log in before."""
    exchange = _logged_in(stage, _signed_up(stage, CONFIRMED))
    says = "403: the link of the e-mail was not used yet"
    stage.require(exchange.status in (401, 403), exchange, says, f"{exchange.status}", "Installer.status")


@law("published", "critical", LOG_OUT)
def logout_ends_the_token(stage: Stage) -> None:
    """A token is refused from its logout on."""
    token = str(stage.fitting(_logged_in(stage, _signed_up(stage)))["access_token"])
    stage.run.credentials.learn(token, "GRIDMOCK_NEW_TOKEN")
    headers = {**stage.as_nobody(), "Authorization": f"Bearer {token}"}
    stage.succeeds(stage.call(PROJECTS, headers=headers), "the token is good", "InstallerToken")
    stage.succeeds(stage.call(LOG_OUT, headers=headers), "who is logged in can log out", "InstallerToken")
    exchange = stage.call(PROJECTS, headers=headers)
    stage.require(exchange.status == 401, exchange, "401: it was logged out", f"{exchange.status}", "InstallerToken")


@law("inferred", "major", COMPLETE, STATUS)
def onboarding_is_completed_once(stage: Stage) -> None:
    """Onboarding that is complete cannot be completed again: 409, and it stays as it is."""
    before = stage.got(STATUS)
    if before["stage"] == "ready_to_complete":
        before = stage.got(COMPLETE)
    says = "409: it is complete" if before["is_complete"] else "409: a step is pending"
    stage.refuses(stage.call(COMPLETE), (409,), says, "OnboardingStatus")
    exchange = stage.done(STATUS)
    after = stage.fitting(exchange)
    for name in ("stage", "is_complete", "completed_at"):
        stage.require(after[name] == before[name], exchange, f"{name} is still {before[name]}", f"{after[name]}")


@law("inferred", "major", REGISTER)
def charge_point_id_is_registered_once(stage: Stage) -> None:
    """A charge point id that is registered cannot be registered again: 409."""
    first = registered(stage)
    exchange = stage.call(REGISTER, registration(first["charge_point_id"], first["project_id"]))
    stage.refuses(exchange, (409,), f"409: there is a charge point {first['charge_point_id']}", "RegisteredChargePoint")


@law("published", "major", START, RUN)
def commissioning_goes_step_by_step(stage: Stage) -> None:
    """Commissioning begins as a run with four pending steps in their order, and goes on in this order."""
    charge_point_id = registered(stage)["charge_point_id"]
    exchange = stage.call(START, {}, charge_point_id=charge_point_id)
    stage.succeeds(exchange, "a registered charge point can be commissioned", "CommissioningRun")
    begun = stage.fitting(exchange)
    names = [step["name"] for step in begun["steps"]]
    stage.require(names == _STEPS, exchange, ", ".join(_STEPS), ", ".join(names), "CommissioningRun.steps")
    stage.require(begun["status"] == "running", exchange, "it is running at first", begun["status"], "CommissioningRun")
    exchange = stage.done(RUN, charge_point_id=charge_point_id)
    run = stage.fitting(exchange)
    same = run["session_id"] == begun["session_id"]
    stage.require(same, exchange, f"the run is {begun['session_id']}", run["session_id"], "CommissioningRun.session_id")
    # What waits comes after all that does not.
    waits = [step["status"] == "pending" for step in run["steps"]]
    came = ", ".join(step["status"] for step in run["steps"])
    stage.require(waits == sorted(waits), exchange, "no step waits before one that is done", came, "CommissioningRun")


@law("inferred", "major", START)
def commissioning_runs_once_at_a_time(stage: Stage) -> None:
    """A charge point that is being checked cannot be checked a second time until that is over: 409."""
    charge_point_id = registered(stage)["charge_point_id"]
    stage.done(START, {}, charge_point_id=charge_point_id)
    exchange = stage.call(START, {}, charge_point_id=charge_point_id)
    stage.refuses(exchange, (409,), "409: a run is under way", "CommissioningRun")


def _who(email: str) -> dict[str, str]:
    names = {"first_name": "Sanne", "last_name": "de Boer", "company": "Noord Laadtechniek"}
    return {"email": email, "password": _PASSWORD, **names}


def _signed_up(stage: Stage, operation: str = SIGN_UP) -> str:
    """The address of a new account, which stays."""
    stage.run.credentials.learn(_PASSWORD, "GRIDMOCK_NEW_PASSWORD")
    made = fresh(stage, operation, lambda number: _who(f"{stage.run.marker}{number}@example.com"))
    return str(made["email"])


def _logged_in(stage: Stage, email: str, password: str = _PASSWORD) -> Exchange:
    return stage.call(LOG_IN, {"email": email, "password": password})


def _message(exchange: Exchange) -> str:
    body = exchange.json()
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("message") if isinstance(error, dict) else body)


LAWS = (
    address_signs_up_once,
    installer_logs_in_at_once,
    wrong_password_is_refused,
    unconfirmed_address_cannot_log_in,
    logout_ends_the_token,
    onboarding_is_completed_once,
    charge_point_id_is_registered_once,
    commissioning_goes_step_by_step,
    commissioning_runs_once_at_a_time,
)
