"""What came out of a run: reads tables only."""

from gridsim.measures.patterns import check_patterns, held_against, whole_first_window
from gridsim.measures.registry import BY_KEY, MEASURES, Measure
from gridsim.measures.run import measure_run, measure_windows
from gridsim.scenario.windows import window_name, windows

__all__ = [
    "BY_KEY",
    "MEASURES",
    "Measure",
    "check_patterns",
    "held_against",
    "measure_run",
    "measure_windows",
    "whole_first_window",
    "window_name",
    "windows",
]
