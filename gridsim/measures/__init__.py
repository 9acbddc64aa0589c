"""What came out of a run: reads tables only."""

from gridsim.measures.registry import BY_KEY, MEASURES, Measure
from gridsim.measures.run import measure_run, measure_windows
from gridsim.scenario.windows import window_name, windows

__all__ = ["BY_KEY", "MEASURES", "Measure", "measure_run", "measure_windows", "window_name", "windows"]
