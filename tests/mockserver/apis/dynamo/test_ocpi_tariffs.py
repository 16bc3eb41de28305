"""OCPI's tariffs: an organization's prices in elements, with what they have no words for in the text."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from mockserver.apis.dynamo.seed import HARBOUR
from tests.mockserver.apis.dynamo.roaming import Network, partner
from tests.mockserver.apis.dynamo.steps import Office, Wire, said, send

WEEKDAYS = ["mon", "tue", "wed", "thu", "fri"]
POINT = "utrecht-street-001"


def make(office: Office, components: list[Wire], **others: Any) -> str:
    body = {"name": "Made", "currency": "EUR", "components": components, **others}
    return str(said(send(office.polder_key, "POST", "/billing/tariffs", body), 201)["tariff_id"])


def schedule(office: Office, tariff_id: str, components: list[Wire], start: str, end: str, days: list[str]) -> None:
    body = {"days": days, "start_time": start, "end_time": end, "components": components}
    said(send(office.polder_key, "POST", f"/billing/tariffs/{tariff_id}/schedules", body), 201)


def shown(network: Network, tariff_id: str) -> Wire:
    return next(each for each in network.all("tariffs") if each["id"] == tariff_id)


def price(kind: str, amount: float, step_size: int, vat: float = 21) -> Wire:
    return {"type": kind, "price": amount, "vat": vat, "step_size": step_size}


def test_minutes_are_hours_and_time_after_a_while_is_an_element_of_its_own(office: Office) -> None:
    with partner(office, HARBOUR) as network:
        (tariff,) = network.get("tariffs")
    assert tariff["elements"] == [
        {"price_components": [price("TIME", 0.3, 60, 20)], "restrictions": {"min_duration": 3600}},
        {
            "price_components": [
                price("FLAT", 0.5, 1, 20),
                price("ENERGY", 0.45, 100, 20),
                price("PARKING_TIME", 0.9, 60, 20),
            ]
        },
    ]
    (text,) = tariff["tariff_alt_text"]
    assert text == {
        "language": "en",
        "text": "0.5 GBP per session; 0.45 GBP per kWh; 0.005 GBP per minute connected beyond the first 60; "
        "0.015 GBP per minute after charging beyond the first 30. 20% tax on top.",
    }
    assert (tariff["currency"], tariff["type"], tariff["last_updated"]) == ("GBP", "REGULAR", "2024-01-08T09:30:00Z")


def test_a_schedule_comes_before_and_charges_nothing_that_it_does_not_name(office: Office) -> None:
    graced = {"type": "time", "price": 0.1, "min_duration_minutes": 15}
    tariff_id = make(office, [{"type": "energy", "price": 0.4}, {"type": "time", "price": 0.02}], tax_rate_percent=21)
    schedule(office, tariff_id, [{"type": "energy", "price": 0.6}, graced], "17:00", "00:00", WEEKDAYS)
    schedule(office, tariff_id, [{"type": "flat", "price": 1}], "00:00", "00:00", ["sun"])
    with partner(office) as network:
        evening, rest_of_evening, sunday, otherwise = shown(network, tariff_id)["elements"]
    hours: Wire = {"start_time": "17:00", "end_time": "00:00"}
    days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"]
    assert evening == {
        "price_components": [price("TIME", 6, 60)],
        "restrictions": {**hours, "day_of_week": days, "min_duration": 900},
    }
    assert rest_of_evening == {
        "price_components": [price("ENERGY", 0.6, 1000), price("TIME", 0, 60)],
        "restrictions": {**hours, "day_of_week": days},
    }
    assert sunday["restrictions"] == {"day_of_week": ["SUNDAY"]}
    assert {each["type"]: each["price"] for each in sunday["price_components"]} == {"FLAT": 1, "ENERGY": 0, "TIME": 0}
    assert otherwise == {"price_components": [price("ENERGY", 0.4, 1000), price("TIME", 1.2, 60)]}


def test_a_tariff_of_time_after_a_while_only_has_one_element(office: Office) -> None:
    tariff_id = make(office, [{"type": "time", "price": 0.1, "min_duration_minutes": 15}])
    with partner(office) as network:
        (element,) = shown(network, tariff_id)["elements"]
    assert element["restrictions"] == {"min_duration": 900}


def test_a_change_of_prices_is_found_by_its_time(office: Office) -> None:
    tariff_id = make(office, [{"type": "energy", "price": 0.4}])
    with partner(office) as network:
        (seeded,) = (each for each in network.all("tariffs") if each["id"] != tariff_id)
        assert network.all("tariffs", date_from="2026-03-18T12:00:00Z") == [shown(network, tariff_id)]
        assert network.all("tariffs", date_to="2026-03-18T12:00:00Z") == [seeded]
        office.advance(timedelta(hours=1, milliseconds=600))
        schedule(office, seeded["id"], [{"type": "energy", "price": 0.1}], "01:00", "05:00", WEEKDAYS)
        (changed,) = network.all("tariffs", date_from="2026-03-18T13:00:00Z")
        assert (changed["id"], changed["last_updated"]) == (seeded["id"], "2026-03-18T13:00:00Z")
        assert shown(network, tariff_id)["last_updated"] == "2026-03-18T12:00:00Z"


def test_a_record_has_the_tariff_as_it_was_when_the_session_began(office: Office) -> None:
    office.advance(timedelta(hours=6))
    with partner(office) as network:
        sessions = network.all("sessions", date_from="2026-03-18T18:00:00Z")
        running = next(each for each in sessions if each["status"] == "ACTIVE")
        (before,) = network.get("tariffs")
        body = {"name": "Polder", "currency": "EUR", "components": [{"type": "flat", "price": 99}]}
        said(send(office.polder_key, "PUT", f"/billing/tariffs/{before['id']}", body))
        charge_point_id, _, number = running["evse_uid"].rpartition("-")
        path = f"/_mock/dynamo/charge-points/{charge_point_id}/connectors/{number}/transaction"
        assert office.anonymous.delete(path).status == 200
        (record,) = (each for each in network.all("cdrs") if each["id"] == running["id"])
    assert record["tariffs"] == [before]
    assert record["total_fixed_cost"] == {"excl_vat": 0.35}
