"""Where better linkage clears open cases and where it adds some: by how busy departments are without it.

    python experiments/linkage_by_load.py FOLDER    # what gridsim study experiments/sobol.toml wrote

One row per band of the departments' utilisation today; each point of the sample is one city, with the policy and
without it on the same cases.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

BANDS = (0, 0.5, 0.7, 0.8, 0.9, 0.95, float("inf"))  # of utilisation; in the last next to nothing is free
MEASURED = ["backlog", "time_to_resolution", "valid_cases"]


def by_load(runs: pd.DataFrame) -> pd.DataFrame:
    """Cities of each band, shares of them with fewer open cases and less time under the policy, median differences."""
    of = {name: rows.set_index("point") for name, rows in runs.groupby("option")}
    today = of.pop("baseline")
    (policy,) = of.values()
    change = policy[MEASURED] - today[MEASURED]
    band = pd.cut(today.department_utilisation, list(BANDS), right=False)
    groups = change.groupby(band, observed=True)
    fewer = (change < 0).groupby(band, observed=True).mean()
    return pd.DataFrame(
        {
            "cities": groups.size(),
            "fewer open cases": fewer.backlog,
            "median, open cases": groups.backlog.median(),
            "less time": fewer.time_to_resolution,
            "median, d": groups.time_to_resolution.median(),
            "median, cases found": groups.valid_cases.median(),
        }
    )


if __name__ == "__main__":
    print(by_load(pd.read_csv(Path(sys.argv[1]) / "runs.csv")).round(3).to_string())
