"""A charging back office that leaves the planning to Stekker, from pairing a charge point to the price of a session.

    $ gridmock serve --speed 0
    $ python docs/examples/stekker_csms.py --url http://127.0.0.1:8080 --token <token of stekker-south>

A car comes on the next day at 17:30 UTC, to which the mock's clock is moved. Its charge point obeys the profiles that
arrive and reports every quarter-hour; after a while it tells a state of charge that Stekker has not expected.
"""

import argparse
import json
import sys
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

API_KEY, CHARGE_POINT, ID_TAG = "not-a-real-key", "5f1d7c0a93be24684c0de7a1", "04C7A91B"
BATTERY_WH, SOC_ON_ARRIVAL = 60_000, 55.0
STEP, TELLS_SOC_AFTER = timedelta(minutes=15), timedelta(minutes=45)


class Receiver(BaseHTTPRequestHandler):
    """Takes what Stekker pushes: POST <our base URL>/<charge point>/set-charging-profile. The newest profile counts."""

    profiles, arrived = [], threading.Condition()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        is_from_stekker = self.headers["secret"] == self.headers["x-functions-key"] == API_KEY
        if is_from_stekker and self.path.endswith(f"/{CHARGE_POINT}/set-charging-profile"):
            with self.arrived:
                self.profiles.append(steps(body["csChargingProfiles"]["chargingSchedule"]))
                self.arrived.notify_all()
        self.send_response(200 if is_from_stekker else 403)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *words):
        """Not a line for every request."""


class Api:
    """Stekker's API, and below /_mock what only the mock has: the driver's app, our settings, the clock."""

    def __init__(self, url, token):
        self.http = httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=20)

    def call(self, method, path, body=None):
        answer = self.http.request(method, path, json=body)
        expect(answer.is_success, f"{method} {path} succeeds; it answered {answer.status_code}: {answer.text}")
        return answer.json()

    def notify(self, event, **details):
        """Pair or unpair the charge point."""
        return self.call("PUT", "/stekker/api/v1/events", {"event": event, "chargePointId": CHARGE_POINT, **details})

    def forward(self, method, params, response=None):
        """Tell of an OCPP call, together with the answer that the charge point got from us."""
        event = {"method": method, "params": params, "response": response or {}}
        body = {"notification": "OcppEvent", "protocol": "1.6", "chargePointId": CHARGE_POINT, "event": event}
        return self.call("POST", "/stekker/api/v1/events", body)

    def report(self, status):
        self.forward("StatusNotification", {"connectorId": 1, "status": status, "errorCode": "NoError"})


def expect(condition, what):
    if not condition:
        sys.exit(f"This should have happened, but did not: {what}")


def steps(schedule):
    """The (time, limit in W) pairs of a charging schedule."""
    start = datetime.fromisoformat(schedule["startSchedule"])
    return [(start + timedelta(seconds=s["startPeriod"]), s["limit"]) for s in schedule["chargingSchedulePeriod"]]


def energy_wh(profile, begin):
    """What a car that takes all it may charges in one STEP."""
    seconds = [begin + timedelta(seconds=number) for number in range(STEP.seconds)]
    return sum([limit for start, limit in profile if start <= at][-1] for at in seconds) / 3600


def next_profile(number, why):
    """Wait until so many profiles have come, and show the newest."""
    with Receiver.arrived:
        came = Receiver.arrived.wait_for(lambda: len(Receiver.profiles) >= number, timeout=20)
    expect(came, f"profile {number} is pushed")
    print(f"\n{why}\n  from (UTC)     limit")
    for start, limit in Receiver.profiles[-1]:
        print(f"  {start:%a %H:%M:%S}  {limit:6,.0f} W")


def main(url, token):
    api = Api(url, token)
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    callback = f"http://127.0.0.1:{receiver.server_port}/api/v1/chargers"
    settings = {"callback_url": callback, "callback_api_key": API_KEY}
    api.call("PATCH", "/_mock/stekker/organizations/stekker-south", settings)

    now = datetime.fromisoformat(api.call("GET", "/_mock/clock")["now"]) + timedelta(days=1)
    arrival = now = now.replace(hour=17, minute=30, second=0, microsecond=0)
    api.call("PUT", "/_mock/clock", {"now": now.isoformat(), "speed": 0})

    code = api.call("POST", "/_mock/stekker/pairing-codes")["pairing_code"]  # the driver reads it from the app
    electrical = {"powerType": "AC_3_PHASE", "maxVoltage": 230, "maxAmperage": 16}
    receipt = api.notify("ChargePointDetailsNotification", pairingCode=code, **electrical)
    print(f"Paired with code {code}: at most {receipt['max_power_w']:,} W.")

    api.report("Preparing")
    meter_start = meter = 1_048_231
    session = {"transactionId": int(now.timestamp()) // 60}  # any number that we have not used before
    start = {"connectorId": 1, "idTag": ID_TAG, "timestamp": now.isoformat(), "meterStart": meter}
    api.forward("StartTransaction", start, {**session, "idTagInfo": {"status": "Accepted"}})
    api.report("Charging")
    next_profile(1, "On arrival, for the battery that Stekker assumes:")

    while now < Receiver.profiles[-1][-1][0]:  # a plan ends with a limit of 0 W
        meter += energy_wh(Receiver.profiles[-1], now)
        now += STEP
        api.call("POST", "/_mock/clock/advance", {"duration_s": STEP.seconds})
        soc = SOC_ON_ARRIVAL + 100 * (meter - meter_start) / BATTERY_WH
        sampled = [{"value": f"{meter:.0f}"}]  # the register in Wh, because nothing else is said
        if now >= arrival + TELLS_SOC_AFTER:
            sampled.append({"value": f"{soc:.1f}", "measurand": "SoC", "unit": "Percent"})
        reading = {"timestamp": now.isoformat(), "sampledValue": sampled}
        api.forward("MeterValues", {"connectorId": 1, **session, "meterValue": [reading]})
        if now == arrival + TELLS_SOC_AFTER:
            next_profile(2, f"Revised, because the car says that it is at {soc:.0f} %:")

    stop = {**session, "meterStop": round(meter), "timestamp": now.isoformat(), "idTag": ID_TAG}
    api.forward("StopTransaction", {**stop, "reason": "EVDisconnected"})
    api.report("Available")
    cdr = api.call("GET", f"/stekker/api/v1/cdrs/{session['transactionId']}")
    cost, energy_kwh = cdr["total_cost"]["excl_vat"], (round(meter) - meter_start) / 1000
    print(f"\n{energy_kwh:.2f} kWh, battery at {soc:.0f} %: {cost:.2f} {cdr['currency']} without VAT.")

    api.notify("ChargePointUnPairNotification")
    print(f"Unpaired, after {len(Receiver.profiles)} profiles.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pair, charge by plan and pay, against gridmock.")
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--token", required=True, help="that of stekker-south, which gridmock serve prints")
    main(**vars(parser.parse_args()))
