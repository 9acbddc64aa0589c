"""Questions asked of many runs."""

from gridsim.studies.baselines import Baselines, compare_baselines
from gridsim.studies.comparison import Comparison, compare
from gridsim.studies.ledger import Ledger
from gridsim.studies.plan import Plan
from gridsim.studies.runner import run_study

__all__ = ["Baselines", "Comparison", "Ledger", "Plan", "compare", "compare_baselines", "run_study"]
