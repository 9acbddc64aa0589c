"""What gridsim measures: every outcome with its unit, direction and definition (MODEL §5, MECHANISMS §1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Measure:
    """One defined outcome.

    Attributes
    ----------
    better : "lower", "higher" or None
        None for what explains but is not judged (a closure rate can rise by paper closures).
    matters : "days", "share" or "relative"
        Which smallest difference that matters of the scenario applies (``matters.*``).
    primary : bool
        Primary outcomes are judged as they are, all others after Holm's correction.

    """

    key: str
    english: str
    chinese: str
    unit: str
    better: Literal["lower", "higher"] | None
    matters: Literal["days", "share", "relative"]
    text: str
    primary: bool = False


RESTRICTED_TO = 90.0  # days to which times are restricted (MECHANISMS 1.7)

MEASURES: tuple[Measure, ...] = (
    Measure(
        "time_to_resolution",
        "time to resolution",
        "实际解决时长",
        "d",
        "lower",
        "days",
        "Report to true resolution, restricted mean over 90 days; open and paper-closed cases count 90.",
        True,
    ),
    Measure(
        "backlog",
        "open cases (backlog)",
        "未结案件（积压）",
        "cases",
        "lower",
        "relative",
        "Open cases, mean over the window, stalled ones included.",
        True,
    ),
    Measure(
        "unresolved_days",
        "unresolved days, all incidents",
        "全部事件未解决天数",
        "d",
        "lower",
        "days",
        "Days unresolved within 90 d of onset, mean over all incidents, seen or not; vanishing ends the harm.",
    ),
    Measure(
        "unresolved_days_lasting",
        "unresolved days, harm lasting",
        "全部事件未解决天数（消失后仍计损害）",
        "d",
        "lower",
        "days",
        "The same if the harm of a vanished incident lasts to the end of the 90 days.",
    ),
    Measure(
        "true_resolution_rate",
        "true resolution rate",
        "实际解决率",
        "share",
        "higher",
        "share",
        "Cases truly resolved within 90 d of their report.",
    ),
    Measure(
        "on_time_share",
        "resolved on time",
        "按时实际解决率",
        "share",
        "higher",
        "share",
        "Cases truly resolved by their deadline.",
    ),
    Measure(
        "closure_rate",
        "closure rate, patrol reports",
        "办结率（巡查上报）",
        "share",
        None,
        "share",
        "Valid patrol reports of the window whose file is closed, truly or on paper, at the window's end.",
    ),
    Measure(
        "closure_rate_all",
        "closure rate, all reports",
        "办结率（全部上报）",
        "share",
        None,
        "share",
        "The same over both channels.",
    ),
    Measure(
        "formal_share",
        "closed on paper",
        "形式办结占比",
        "share",
        "lower",
        "share",
        "Cases whose file was closed without resolution.",
    ),
    Measure(
        "closure_median",
        "median time to closure",
        "办结时间中位数",
        "d",
        "lower",
        "days",
        "Report to closure of the file, open cases counted as longer.",
    ),
    Measure(
        "closure_p90",
        "90 % closed within",
        "90% 案件办结时长",
        "d",
        "lower",
        "days",
        "90 % quantile of the same; empty when it lies beyond what was followed up.",
    ),
    Measure(
        "log_sd",
        "spread of closure times",
        "办结时间对数标准差",
        "log sd",
        None,
        "relative",
        "Standard deviation of log report-to-closure times of closed cases, floored at 0.02 d.",
    ),
    Measure(
        "detection_rate",
        "detection rate",
        "发现率",
        "share",
        "higher",
        "share",
        "Incidents reported within 90 d of their onset.",
    ),
    Measure(
        "detection_delay",
        "detection delay",
        "发现时滞",
        "d",
        None,
        "days",
        "Onset to report, mean over the incidents reported within 90 d.",
    ),
    Measure(
        "latent",
        "latent incidents",
        "尚未发现的事件",
        "incidents",
        "lower",
        "relative",
        "Unseen incidents, mean at day's end.",
    ),
    Measure(
        "valid_cases", "valid cases", "有效立案数", "cases/year", None, "relative", "Valid reports of both channels."
    ),
    Measure(
        "patrol_reports",
        "patrol reports, gross",
        "巡查上报数",
        "reports/year",
        None,
        "relative",
        "Patrol reports, invalid ones included (86,312 in Daqing 2021).",
    ),
    Measure(
        "valid_residents",
        "valid resident reports",
        "居民有效上报数",
        "reports/year",
        None,
        "relative",
        "Residents' reports that pass the audit and repeat no known incident.",
    ),
    Measure(
        "registered_share",
        "registered residents",
        "居民信息采集率",
        "share",
        None,
        "share",
        "Residents whose details are on the platform.",
    ),
    Measure(
        "valid_share",
        "valid patrol reports",
        "巡查上报有效率",
        "share",
        None,
        "share",
        "Patrol reports that pass the audit.",
    ),
    Measure(
        "linked_share",
        "linked share of all cases",
        "联动处置占比",
        "share",
        None,
        "share",
        "Cases whose departments answered the whistle ÷ all valid cases (m·ρ).",
    ),
    Measure(
        "linkage_rate",
        "linkage rate ρ",
        "部门联动率",
        "share",
        None,
        "share",
        "Cases whose departments answered ÷ cases that needed a department.",
    ),
    Measure(
        "stalled",
        "stalled cases",
        "搁置案件（无部门受理）",
        "cases",
        "lower",
        "relative",
        "Open cases no department has taken up, mean.",
    ),
    Measure(
        "returns", "returns a case", "退单次数", "returns/case", "lower", "relative", "Misrouted dispatches per case."
    ),
    Measure(
        "worker_utilisation",
        "event hours used",
        "网格员事件处置工时占用率",
        "share",
        None,
        "share",
        "Event hours begun ÷ hours for events that the budget of the day in force gave.",
    ),
    Measure(
        "department_utilisation",
        "department utilisation",
        "部门处置力量占用率",
        "share",
        None,
        "share",
        "Team-days of active effort ÷ team-days available.",
    ),
)
BY_KEY: dict[str, Measure] = {m.key: m for m in MEASURES}
