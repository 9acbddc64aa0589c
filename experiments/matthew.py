"""The Matthew effect 马太效应 on the district, under both structures of ties: growth against level, and inequality.

    python experiments/matthew.py [replications] > experiments/matthew.md

Each replication is one city history with other luck; the two structures share seed and incidents. The slopes are those
of ``gridsim.measures.matthew``: success by instrument, so that grids falling back from lucky years do not count.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gridsim.measures import BY_KEY, measure_windows
from gridsim.measures.matthew import KEYS
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.scenario import load_scenario
from gridsim.studies.fit import engine_hash
from gridsim.studies.paired import paired

SCENARIO, SEED = "district", 1
STRUCTURES = ("clustered", "long")
MORE = ("participation", "trust", "on_time_share")  # levels that the slopes are of
TEXT = """
# The Matthew effect, measured

Made by `python experiments/matthew.py {n}`: scenario `{scenario}`, seed {seed}, {n} replications, days {first}–{last}.
Scenario {hash}, engine {engine}. Intervals are 95 %, Student's t over replications; the difference is paired (same
seed, same people).

| measure | unit | clustered ties | long ties | long − clustered |
|---|---|---|---|---|
{rows}

A slope above 0 is a Matthew effect: home grids that did better gained more. −1 is its opposite, all differences gone
within a window. 0: differences stay as they are.

{found}

**Limits.** Every number of trust, ties and participation is an assumption (grade X); no city's data fix how success
makes people take part. A grid has some 26 cases a year, and the slope of success rests on half of them as level and
half as instrument: it is free of falling back by chance, but wide, and the wider the less grids differ in truth: where
the halves hardly agree (first-stage F below 10) a replication gives none, and then none is given over replications. The
Gini of success holds chance as well as real differences. The slope of participation holds the mere turnover of people
too: whoever ceases to take part pulls a grid towards the others, so that a Matthew effect must outweigh it to be seen.
People are tied to the next ones of their list and across the district; no map of real acquaintance stands behind it.
One district, two measured years: slow circles may not have closed.
""".strip()


def one(city: City, replicate: int) -> dict[str, float]:
    """Measures of the last window of one replication."""
    world = World(city.scenario, city, SEED, replicate).run()
    values = measure_windows(world)
    last = values[max(values)]
    return {k: last[k] for k in (*KEYS, *MORE)}


def interval(x: np.ndarray, unit: str) -> str:
    """Mean and 95 % interval."""
    mean, low, high, _ = paired(x)
    k = 100 if unit == "share" else 1
    return f"{k * mean:.3f} [{k * low:.3f}, {k * high:.3f}]"


def told(values: dict[str, dict[str, np.ndarray]]) -> str:
    """What the intervals say of the slopes and of the structures, and no more."""
    lines = []
    for key in KEYS[:2]:
        for name in STRUCTURES:
            mean, low, high, _ = paired(values[name][key])
            sign = (
                "a Matthew effect"
                if low > 0
                else "the opposite of a Matthew effect"
                if high < 0
                else "neither, clearly"
            )
            if np.isnan(mean):
                weak = int(np.isnan(values[name][key]).sum())
                lines.append(
                    f"{BY_KEY[key].english}, {name} ties: not measured, the instrument is weak in {weak} runs."
                )
                continue
            lines.append(f"{BY_KEY[key].english}, {name} ties: {mean:+.3f} [{low:+.3f}, {high:+.3f}], {sign}.")
    for key in (*KEYS, *MORE):
        _, low, high, _ = paired(values["long"][key] - values["clustered"][key])
        if low > 0 or high < 0:
            lines.append(f"{BY_KEY[key].english} is {'higher' if low > 0 else 'lower'} under long ties.")
    return "\n".join(f"- {line}" for line in lines)


def main(n: int) -> None:
    """Print the table."""
    values: dict[str, dict[str, np.ndarray]] = {}
    for name in STRUCTURES:
        scenario = load_scenario(SCENARIO).replace({"ties.structure": name})
        city = City(scenario)
        with ThreadPoolExecutor(2) as pool:
            runs = list(pool.map(lambda r, city=city: one(city, r), range(n)))
        values[name] = {k: np.array([run[k] for run in runs]) for k in runs[0]}
        print(name, "done", file=sys.stderr)
    rows = []
    for key in (*KEYS, *MORE):
        m = BY_KEY[key]
        a, b = (values[s][key] for s in STRUCTURES)
        unit = "%" if m.unit == "share" else m.unit
        rows.append(
            f"| {m.english} {m.chinese} | {unit} "
            f"| {interval(a, m.unit)} | {interval(b, m.unit)} | {interval(b - a, m.unit)} |"
        )
    t = scenario.time
    text = TEXT.format(
        n=n,
        scenario=SCENARIO,
        seed=SEED,
        first=t.days - t.window_days,
        last=t.days,
        hash=load_scenario(SCENARIO).hash[:10],
        engine=engine_hash()[:10],
        rows="\n".join(rows),
        found=told(values),
    )
    print(text)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
