"""Reporting windows: the spans of days over which outcomes are measured."""

from __future__ import annotations

from gridsim.scenario.scenario import Scenario

Window = tuple[int, int]


def windows(scenario: Scenario) -> list[Window]:
    """Reporting windows [first, last): whole years (``time.window_days``); what is left over is in no window.

    Fewer days than one window are one window, in which no policy can have settled.
    """
    days, length = int(scenario.time.days), int(scenario.time.window_days)
    return [(a, a + length) for a in range(0, days - length + 1, length)] or [(0, days)]


def window_name(window: Window) -> str:
    """``days 0-365`` for [0, 365)."""
    return f"days {window[0]}-{window[1]}"
