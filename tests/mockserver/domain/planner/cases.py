"""Random planning problems that together cover what can make planning hard; a pure function of the seed."""

from __future__ import annotations

import random

from mockserver.domain.planner import ChargingNeed, Infeasible, Market, Plan, Premises, Storage, plan_cash, plan_solar
from tests.mockserver.domain.planner.oracle import Case, Site


def storage_case(seed: int) -> Case:
    """A storage of 10 kWh or so, alone or in a household."""
    chance = random.Random(seed)
    slot_s = chance.choice([900, 1800, 3600])
    count = chance.choice([4, 6, 8, 12, 16, 96])
    buy, sell = _prices(chance, count)
    if count > 16 and (min(buy) < 0.0 or sell):  # may need binaries, whose number is what takes HiGHS time
        count = chance.choice([20, 24, 24, 24])
        buy, sell = buy[:count], sell and sell[:count]
    capacity = chance.choice([5_000.0, 10_000.0, chance.uniform(2_000.0, 20_000.0)])
    low = capacity * chance.choice([0.0, 0.1, chance.uniform(0.0, 0.4)])
    high = capacity * chance.choice([1.0, 0.9, chance.uniform(0.5, 1.0)])
    charge = capacity * chance.choice([0.5, 1.0, chance.uniform(0.1, 2.0)])
    discharge = chance.choice([charge, capacity * chance.uniform(0.1, 2.0)])
    storage = Storage(
        capacity_wh=capacity,
        min_energy_wh=low,
        max_energy_wh=high,
        charge_limit_w=charge,
        discharge_limit_w=discharge,
        charge_efficiency=chance.choice([1.0, 0.95, chance.uniform(0.7, 1.0)]),
        discharge_efficiency=chance.choice([1.0, 0.95, chance.uniform(0.7, 1.0)]),
        wear_per_kwh=chance.choice([0.0, 0.0, 0.02, chance.uniform(0.0, 0.2)]),
    )
    outside = chance.random() < 0.3
    initial = chance.uniform(0.0, capacity) if outside else chance.choice([low, high, chance.uniform(low, high)])
    final = chance.choice([0.0, 0.0, initial, chance.uniform(low, high)])
    return Case(
        storage=storage,
        market=Market(buy_per_kwh=buy, sell_per_kwh=sell),
        premises=_premises(chance, count, storage) if chance.random() < 0.7 else Premises(),
        slot_s=slot_s,
        initial_wh=initial,
        final_wh=final,
        max_cycles=chance.choice([0.25, 0.5, 1.0, chance.uniform(0.1, 3.0)]) if chance.random() < 0.2 else None,
    )


def charging_case(seed: int) -> tuple[ChargingNeed, Market, Premises, float]:
    """An EV on a single or three-phase charger, alone or behind a household's fuse."""
    chance = random.Random(f"charging {seed}")
    slot_s = chance.choice([900, 1800, 3600])
    count = chance.choice([4, 6, 8, 12, 16, 24, 32, 48])
    buy, sell = _prices(chance, count)
    least, most = chance.choice([(1_380.0, 3_680.0), (1_380.0, 7_360.0), (4_140.0, 11_040.0), (3_600.0, 3_600.0)])
    least = chance.choice([0.0, least, least])
    limits: float | list[float] = most
    if chance.random() < 0.3:
        limits = [chance.choice([most, 0.0, chance.uniform(0.0, most)]) for _ in range(count)]
    start = chance.randrange(count) if chance.random() < 0.5 else 0
    end = chance.randint(start, count) if chance.random() < 0.5 else count
    efficiency = chance.choice([1.0, 0.9, chance.uniform(0.7, 1.0)])
    amount = most * slot_s / 3600.0 * efficiency * chance.uniform(0.0, 1.2 * (end - start))
    need = ChargingNeed(
        energy_wh=chance.choice([amount, amount, min(amount, 300.0), 0.0]) if chance.random() < 0.3 else amount,
        deadline=end,
        available_from=start,
        max_power_w=limits,
        min_power_w=least,
        efficiency=efficiency,
    )
    if chance.random() < 0.2:
        need = ChargingNeed(
            **{name: getattr(need, name) for name in need.__slots__ if name != "direct_wh"},
            direct_wh=need.energy_wh * chance.random(),
        )
    premises = Premises()
    if chance.random() < 0.5:
        load = [chance.uniform(0.0, 3_000.0) for _ in range(count)]
        pv = [max(0.0, chance.uniform(-3_000.0, 6_000.0)) for _ in range(count)]
        premises = Premises(
            load_w=load,
            pv_w=pv,
            import_limit_w=chance.choice([None, 5_750.0, [chance.uniform(2_000.0, 12_000.0) for _ in range(count)]]),
            curtailable=chance.random() < 0.3,
        )
    return need, Market(buy_per_kwh=buy, sell_per_kwh=sell), premises, slot_s


def solved(case: Case, goal: str = "cash") -> Plan | None:
    """The case's plan, None when there is none."""
    plan = plan_cash if goal == "cash" else plan_solar
    try:
        return plan(
            case.storage,
            case.market,
            case.premises,
            slot_s=case.slot_s,
            initial_wh=case.initial_wh,
            final_wh=case.final_wh,
            max_cycles=case.max_cycles,
        )
    except Infeasible:
        return None


def needs_binaries(case: Case) -> bool:
    """False where the linear relaxation is exact: 0 <= sell <= buy in every slot, and no limit forces to charge.

    The sheet has the first condition only. The second: a full storage that must take surplus PV could burn it.
    """
    site = Site.of(case.market, case.premises)
    slots = zip(site.buy, site.sell, site.load, site.pv, site.spare, site.most_out, strict=True)
    return any(not 0.0 <= sell <= buy or pv - load - spare > most_out for buy, sell, load, pv, spare, most_out in slots)


def features(case: Case) -> set[str]:
    """What makes the case worth having; the random test asserts that there are enough of each."""
    site, battery = Site.of(case.market, case.premises), case.storage
    net = [load - pv for load, pv in zip(site.load, site.pv, strict=True)]
    found = {
        "negative prices": min(site.buy) < 0.0,
        "equal prices": len({*site.buy}) < len(site.buy),
        "all zero": not any(site.buy) and not any(site.sell),
        "buy above sell": any(b > s for b, s in zip(site.buy, site.sell, strict=True)),
        "buy below sell": any(b < s for b, s in zip(site.buy, site.sell, strict=True)),
        f"slots of {case.slot_s:.0f} s": True,
        "fuse forces discharge": any(n > most for n, most in zip(net, site.most_in, strict=True)),
        "limit forces charge": any(-n > most + s for n, most, s in zip(net, site.most_out, site.spare, strict=True)),
        "losses": battery.charge_efficiency * battery.discharge_efficiency < 1.0,
        "no losses": battery.charge_efficiency == battery.discharge_efficiency == 1.0,
        "wear": battery.wear_per_kwh > 0.0,
        "curtailment": any(site.spare),
        "final energy": case.final_wh > battery.min_energy_wh,
        "outside the band": not battery.min_energy_wh <= case.initial_wh <= battery.max_energy_wh,
        "cycle limit": case.max_cycles is not None,
        "binaries": needs_binaries(case),
        "cycle limit, binaries": case.max_cycles is not None and needs_binaries(case),
    }
    return {name for name, holds in found.items() if holds}


def _prices(chance: random.Random, count: int) -> tuple[list[float], list[float] | None]:
    kind = chance.choice(["random", "steps", "negative", "negative", "run", "zero", "flat", "wave"])
    if kind == "random":
        buy = [chance.uniform(0.0, 0.4) for _ in range(count)]
    elif kind == "steps":
        buy = [chance.choice([0.05, 0.1, 0.2, 0.3]) for _ in range(count)]
    elif kind == "negative":
        buy = [chance.uniform(-0.3, 0.4) for _ in range(count)]
    elif kind == "run":  # a sunny afternoon: a run of negative prices, lowest in the middle
        middle, width = chance.uniform(0, count), chance.uniform(1, count)
        depth = chance.uniform(0.05, 0.5)
        buy = [
            round(0.12 - depth * max(0.0, 1 - abs(t - middle) / width) + chance.gauss(0, 0.02), 3) for t in range(count)
        ]
    elif kind == "zero":
        buy = [0.0] * count if chance.random() < 0.6 else [chance.choice([0.0, 0.0, 0.1]) for _ in range(count)]
    elif kind == "flat":
        buy = [chance.choice([0.1, 0.25, -0.05])] * count
    else:
        buy = [0.2 + 0.1 * ((t * 7) % 5 - 2) / 2 for t in range(count)]
    market = chance.choice(["same", "same", "retail", "fee", "sell dearer", "feed-in"])
    if market == "same":
        return buy, None
    if market == "retail":
        return [round(p * 1.21 + 0.12, 6) for p in buy], buy
    if market == "fee":
        return [p + 0.02 for p in buy], buy
    if market == "feed-in":
        return buy, [0.08] * count
    return buy, [p + chance.uniform(0.0, 0.1) for p in buy]


def _premises(chance: random.Random, count: int, storage: Storage) -> Premises:
    load = [round(chance.uniform(0.0, 4_000.0)) for _ in range(count)] if chance.random() < 0.8 else 500.0
    pv = [max(0.0, chance.uniform(-2_000.0, 5_000.0)) for _ in range(count)] if chance.random() < 0.7 else 0.0
    curtailable = chance.random() < 0.4
    peak = max(load) if isinstance(load, list) else load
    imports: float | list[float] | None = chance.choice([None, peak, peak + 500.0, peak * 0.9 + 100.0])
    if chance.random() < 0.2:
        imports = [peak * chance.uniform(0.9, 2.0) for _ in range(count)]
    exports = chance.choice([None, None, 5_750.0, 3_000.0, max(1_000.0, 5_000.0 - storage.charge_limit_w * 0.5)])
    return Premises(load_w=load, pv_w=pv, import_limit_w=imports, export_limit_w=exports, curtailable=curtailable)
