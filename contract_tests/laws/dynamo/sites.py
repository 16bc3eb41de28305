"""Sites and fleets: what is linked to a site, how its power is shared, and what is counted."""

from __future__ import annotations

from typing import Any

from contract_tests.laws.dynamo.things import CHARGE_POINTS, SITE, charge_points, registered, site
from contract_tests.laws.law import NotPlayed, law
from contract_tests.laws.stage import Stage

LIST, DELETE = "GET /sites", "DELETE /sites/{site_id}"
LINK, UNLINK = "POST /sites/{site_id}/chargers", "DELETE /sites/{site_id}/chargers/{charge_point_id}"
CONFIG, CONFIGURE = "GET /smart-charging/sites/{site_id}/config", "PUT /smart-charging/sites/{site_id}/config"
ALLOCATION = "GET /smart-charging/sites/{site_id}/allocation"
SUMMARY = "GET /cpo/fleet/summary"
_ROUNDING_KW = 0.05
"""Of each share, and of the budget."""
_LOOKED_AT = 20
"""Sites that are looked at until one has what a law needs."""


@law("inferred", "major", DELETE, LINK, UNLINK)
def site_with_chargers_stays(stage: Stage) -> None:
    """A site with a charge point cannot be deleted, 409, until that is unlinked; it counts what is linked to it."""
    made, charge_point_id = site(stage), registered(stage)["charge_point_id"]
    site_id = made.id
    stage.later(lambda: stage.aside(UNLINK, site_id=site_id, charge_point_id=charge_point_id))
    linked = stage.call(LINK, {"charge_point_id": charge_point_id}, site_id=site_id)
    stage.succeeds(linked, "a charge point without a site can be linked", "Site")
    _counts(stage, site_id, 1)
    stage.refuses(made.delete(), (409,), "409: a charge point is linked to it", "Site")
    stage.succeeds(stage.call(SITE, site_id=site_id), "what could not be deleted is still there", "Site")
    unlinked = stage.call(UNLINK, site_id=site_id, charge_point_id=charge_point_id)
    stage.succeeds(unlinked, "what is linked can be unlinked", "Site")
    _counts(stage, site_id, 0)
    stage.succeeds(made.delete(), "a site without charge points can be deleted", "Site")


def _counts(stage: Stage, site_id: str, count: int) -> None:
    def judge() -> None:
        exchange = stage.done(SITE, site_id=site_id)
        came = stage.fitting(exchange)["charger_count"]
        stage.require(came == count, exchange, f"charger_count is {count}", f"it is {came}", "Site.charger_count")

    stage.settled(judge)


@law("inferred", "minor", CONFIG, ALLOCATION)
def smart_charging_is_set_before_it_is_read(stage: Stage) -> None:
    """Smart charging of a site is not found, 404, until it has been set."""
    site_id = site(stage).id
    for operation in (CONFIG, ALLOCATION):
        exchange = stage.call(operation, site_id=site_id)
        stage.refuses(exchange, (404,), "404: it was never set", "SmartChargingConfig")


@law("inferred", "major", CONFIGURE)
def smart_charging_keeps_to_the_site(stage: Stage) -> None:
    """Smart charging cannot give out more power than the site has: 422."""
    for each in stage.got(LIST, query={"limit": _LOOKED_AT})["sites"]:
        if each["charger_count"]:
            body = {"max_power_kw": each["max_power_kw"] * 2, "strategy": "equal"}
            before = _configuration(stage, each["site_id"])
            if before:
                stage.later(lambda: stage.aside(CONFIGURE, before, site_id=each["site_id"]))  # noqa: B023
            exchange = stage.call(CONFIGURE, body, site_id=each["site_id"])
            says = f"422: the site has {each['max_power_kw']} kW"
            stage.refuses(exchange, (400, 409, 422), says, "SmartChargingConfig.max_power_kw")
            return
    raise NotPlayed("no site has charge points")


@law("published", "critical", ALLOCATION)
def allocation_keeps_to_its_budget(stage: Stage) -> None:
    """What is allocated on a site is its budget at most, unless the minimums alone are more."""
    site_id, settings = _shared(stage)
    exchange = stage.done(ALLOCATION, site_id=site_id)
    answer = stage.fitting(exchange)
    budget_kw = answer["budget_kw"]
    if settings["strategy"] != "scheduled":
        expected = settings["max_power_kw"] - (settings.get("reserve_kw") or 0)
        same = abs(budget_kw - expected) <= _ROUNDING_KW
        says = f"budget_kw is max_power_kw less reserve_kw: {expected}"
        stage.require(same, exchange, says, f"it is {budget_kw}", "SmartChargingAllocation.budget_kw")
    shares = [each["allocated_kw"] for each in answer["allocations"]]
    least_kw = max(settings.get(name) or 0 for name in ("min_power_per_charger_kw", "min_charge_rate_kw"))
    most_kw = max(budget_kw, least_kw * len(shares)) + _ROUNDING_KW * (len(shares) + 1)
    says = f"no more than {budget_kw} kW, or {least_kw} kW each"
    stage.require(sum(shares) <= most_kw, exchange, says, f"{sum(shares)} kW", "SmartChargingAllocation.allocations")


@law("inferred", "minor", SUMMARY, LIST)
def fleet_counts_every_charge_point(stage: Stage) -> None:
    """The summary of the fleet counts the charge points that are listed, and each site those that stand there."""
    listed = stage.got(CHARGE_POINTS, query={"limit": 1})["total"]
    exchange = stage.done(SUMMARY)
    came = stage.fitting(exchange)["total_chargers"]
    stage.require(came == listed, exchange, f"total_chargers is {listed}", f"it is {came}", "FleetSummary")
    exchange = stage.done(LIST, query={"limit": 3})
    for each in stage.fitting(exchange)["sites"]:
        there = stage.got(CHARGE_POINTS, query={"limit": 1, "site_id": each["site_id"]})["total"]
        says = f"charger_count of {each['site_id']} is {there}"
        stage.require(each["charger_count"] == there, exchange, says, f"it is {each['charger_count']}", "Site")


def _shared(stage: Stage) -> tuple[str, Any]:
    """A site where cars share power, with the settings; set where none is, which stays, since nothing deletes it."""
    charging = (each["site_id"] for each in charge_points(stage, status="online") if _charges(each))
    site_ids = [*dict.fromkeys(site_id for site_id in charging if site_id)]
    for site_id in site_ids:
        if settings := _configuration(stage, site_id):
            return site_id, settings
    if not site_ids:
        raise NotPlayed("no car charges on a site")
    power_kw = stage.got(SITE, site_id=site_ids[0])["max_power_kw"]
    return site_ids[0], stage.got(CONFIGURE, {"max_power_kw": power_kw, "strategy": "equal"}, site_id=site_ids[0])


def _charges(charge_point: Any) -> bool:
    return any(each["status"] == "Charging" for each in charge_point.get("connectors") or ())


def _configuration(stage: Stage, site_id: str) -> Any:
    exchange = stage.call(CONFIG, site_id=site_id)
    return stage.fitting(exchange) if exchange.succeeded else None


LAWS = (
    site_with_chargers_stays,
    smart_charging_is_set_before_it_is_read,
    smart_charging_keeps_to_the_site,
    allocation_keeps_to_its_budget,
    fleet_counts_every_charge_point,
)
