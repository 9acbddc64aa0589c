"""Fit the three open parameters of a city scenario to its baseline patterns, blind to every policy.

    python experiments/fit_baseline.py daqing-2021

patrol.detection → gross patrol reports, residents.report_rate → valid resident reports (patrol share .62 of raw
reports, .80 valid, .92 distinct), linkage.drop → closure rate of patrol reports. One city-year a replication, no policy
involved.
Targets are for the whole of Daqing and scale with its population.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gridsim.measures import measure_windows
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.scenario import load_scenario

PATROL, RESIDENT, CLOSURE, PEOPLE = 86_312, 38_935, 0.9334, 2_781_562


def observe(scenario, replications: int) -> tuple[float, float, float]:
    city = City(scenario)

    def one(r: int) -> tuple[float, float, float]:
        w = World(scenario, city, seed=2021, replicate=r).run()
        m = next(iter(measure_windows(w).values()))
        d = w.days[(w.days.day >= 0) & (w.days.day < 365)]
        return m["patrol_reports"], float(d.valid_residents.sum()), m["closure_rate"]

    with ThreadPoolExecutor(2) as pool:
        a, b, c = np.mean(list(pool.map(one, range(replications))), axis=0)
    return float(a), float(b), float(c)


def main(name: str, replications: int = 4, rounds: int = 5) -> None:
    s = load_scenario(name, time__days=365)
    scale = s.population / PEOPLE
    x = {k: s.get(k) for k in ("patrol.detection", "residents.report_rate", "linkage.drop")}
    for _ in range(rounds):
        s = s.replace(x)
        patrol, resident, closure = observe(s, replications)
        print(
            {k: round(v, 5) for k, v in x.items()},
            f"patrol {patrol:,.0f} resident {resident:,.0f} closure {closure:.4f}",
        )
        x["patrol.detection"] *= (
            PATROL * scale / patrol
        ) ** 1.3  # detection competes, so reports grow less than the hazard
        x["residents.report_rate"] *= (RESIDENT * scale / resident) ** 1.2
        x["linkage.drop"] += 7.0 * (closure - CLOSURE)
    print("next", {k: round(v, 5) for k, v in x.items()})


if __name__ == "__main__":
    main(sys.argv[1])
