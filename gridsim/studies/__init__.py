"""Questions asked of many runs."""

from gridsim.studies.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
