"""Questions asked of many runs."""

from gridsim.studies.baselines import Baselines, compare_baselines
from gridsim.studies.comparison import Comparison, compare

__all__ = ["Baselines", "Comparison", "compare", "compare_baselines"]
