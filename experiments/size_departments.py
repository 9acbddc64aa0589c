"""Propose the integer teams of a scenario's departments for a wished utilisation, as TOML to store in the file.

    python experiments/size_departments.py daqing-2021 0.85

It was run once for each built-in scenario; the result is stored there and never derived again.
"""

from __future__ import annotations

import sys

from gridsim.scenario.scenario import load_scenario
from gridsim.studies.sizing import UTILISATION, size_teams


def main(name: str, utilisation: float) -> None:
    sizing = size_teams(load_scenario(name), utilisation)
    for district, teams in sizing.teams.items():
        print(f"[teams.{district}]\n" + "\n".join(f"{f} = {n}" for f, n in teams.items()))
        busy = ", ".join(f"{u:.2f}" for u in sizing.utilisation[district].values())
        print(f"# expected utilisation {busy}\n")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else UTILISATION)
