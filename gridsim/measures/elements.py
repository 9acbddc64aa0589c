"""The ten elements of good governance 善治十要素, each with one measured proxy.

The ten are the paper's (杨庆玲, 孙雪冰 2022); it measures none of them. Which measure stands for which element is our
choice, and so is anything made of all ten.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridsim.measures.registry import BY_KEY


@dataclass(frozen=True)
class Element:
    """One element and the measure that stands for it.

    Attributes
    ----------
    key, english, chinese : str
    measure : str
        Key of the proxy; its direction is the measure's (``better``).
    beside : tuple of str
        Measures shown beside it, in no index.
    levers : tuple of str
        Parameters, or the groups of them (with a point at the end), that move the proxy directly: under an option that
        sets one of them the proxy is an input, not an outcome.

    """

    key: str
    english: str
    chinese: str
    measure: str
    beside: tuple[str, ...] = ()
    levers: tuple[str, ...] = ()

    @property
    def sign(self) -> float:
        """1 where more of the proxy is better, −1 where less is."""
        return 1.0 if BY_KEY[self.measure].better == "higher" else -1.0


ELEMENTS: tuple[Element, ...] = (  # in the paper's order
    Element("legality", "legitimacy", "合法性", "trust", levers=("outreach.",)),
    Element("transparency", "transparency", "透明性", "told_share", levers=("feedback.share",)),
    Element("accountability", "accountability", "责任性", "on_time_share"),
    Element("law", "rule of law", "法治", "disputes_settled"),
    Element("responsiveness", "responsiveness", "回应性", "first_contact"),
    Element("effectiveness", "effectiveness", "有效性", "true_resolution_rate"),
    Element(
        "participation",
        "citizens' participation",
        "公民参与",
        "participation",
        ("self_resolved_share",),
        ("organisations.",),
    ),
    Element("stability", "stability", "稳定", "escalations"),
    Element("integrity", "integrity", "廉洁", "formal_share"),
    Element("fairness", "fairness", "公正", "theil_ratio"),
)


def symmetric_change(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Change as a share of the mean of both values: 2 (after − before) ÷ (after + before), 0 where both are 0.

    For values that are not negative it lies between −2 and 2, so that one element, however small at first, moves a mean
    of ten by 0.2 at most; where the others hardly move it still carries it. A change and its reversal cancel.
    """
    total = after + before
    with np.errstate(invalid="ignore", divide="ignore"):
        change = 2.0 * (after - before) / total
    return np.where(total == 0.0, 0.0, change)
