"""What gridsim measures: every outcome with its unit, direction and definition (MODEL §5, MECHANISMS §1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Measure:
    """One defined outcome.

    Attributes
    ----------
    better : "lower", "higher" or None
        None for what explains but is not judged (a closure rate can rise by paper closures).
    matters : "days", "share", "relative" or "growth"
        Which smallest difference that matters of the scenario applies (``matters.*``).
    primary : bool
        Primary outcomes are judged as they are, all others after Holm's correction.
    certain : bool
        Follows from the scenario without chance: nothing to test, so it is not counted in Holm's correction.

    """

    key: str
    english: str
    chinese: str
    unit: str
    better: Literal["lower", "higher"] | None
    matters: Literal["days", "share", "relative", "growth"]
    text: str
    primary: bool = False
    certain: bool = False


RESTRICTED_TO = 90.0  # days to which times are restricted (MECHANISMS 1.7)


def _m(key: str, english: str, chinese: str, unit: str, better: Any, matters: Any, text: str, **more: bool) -> Measure:
    return Measure(key, english, chinese, unit, better, matters, text, **more)


# A table, laid out as one: two lines an entry.
# fmt: off
MEASURES: tuple[Measure, ...] = (
    # --- time ------------------------------------------------------------------------------------------------
    _m("time_to_resolution", "time to resolution", "实际解决时长", "d", "lower", "days",
       "Report to true resolution, restricted mean over 90 days; open and paper-closed cases count 90.", primary=True),
    _m("resolution_median", "median time to resolution", "实际解决时长中位数", "d", "lower", "days",
       "Report to true resolution, Kaplan–Meier median; open and paper-closed cases are censored, not dropped."),
    _m("resolution_p90", "90 % resolved within", "90% 案件实际解决时长", "d", "lower", "days",
       "90 % quantile of the same; empty when it lies beyond what was followed up."),
    _m("onset_to_resolution", "onset to resolution", "发生至实际解决时长", "d", "lower", "days",
       "Onset to true resolution of all reported cases, restricted mean over 90 days: detection included."),
    _m("unresolved_days", "unresolved days, all incidents", "全部事件未解决天数", "d", "lower", "days",
       "Days unresolved within 90 d of onset, mean over all incidents, seen or not; vanishing ends the harm."),
    _m("unresolved_days_lasting", "unresolved days, harm lasting", "全部事件未解决天数（消失后仍计损害）",
       "d", "lower", "days",
       "The same if the harm of a vanished incident lasts to the end of the 90 days."),
    _m("true_resolution_rate", "true resolution rate", "实际解决率", "share", "higher", "share",
       "Cases truly resolved within 90 d of their report."),
    _m("on_time_share", "resolved on time", "按时实际解决率", "share", "higher", "share",
       "Cases truly resolved by their deadline."),
    _m("closure_rate", "closure rate, patrol reports", "办结率（巡查上报）", "share", None, "share",
       "Valid patrol reports of the window whose file is closed, truly or on paper, at the window's end."),
    _m("closure_rate_all", "closure rate, all reports", "办结率（全部上报）", "share", None, "share",
       "The same over all channels."),
    _m("formal_share", "closed on paper", "形式办结占比", "share", "lower", "share",
       "Cases whose file was closed without resolution."),
    _m("closure_median", "median time to closure", "办结时间中位数", "d", "lower", "days",
       "Report to closure of the file, open cases counted as longer."),
    _m("closure_p90", "90 % closed within", "90% 案件办结时长", "d", "lower", "days",
       "90 % quantile of the same; empty when it lies beyond what was followed up."),
    _m("log_sd", "spread of closure times", "办结时间对数标准差", "log sd", None, "relative",
       "Standard deviation of log closure times of cases closed by 90 d after the window, floored at 0.02 d."),
    # --- backlog ---------------------------------------------------------------------------------------------
    _m("backlog", "open cases (backlog)", "未结案件（积压）", "cases", "lower", "relative",
       "Open cases, mean over the window, stalled ones included.", primary=True),
    _m("backlog_peak", "highest backlog", "积压峰值", "cases", "lower", "relative",
       "Open cases at day's end, the most in the window."),
    _m("backlog_end", "backlog at the end", "期末积压", "cases", "lower", "relative",
       "Open cases at the end of the window's last day."),
    _m("backlog_slope", "slope of the backlog", "积压增速", "cases/day", None, "relative",
       "Least-squares slope of the open cases at day's end over the window."),
    _m("overload", "growth of the backlog a year", "积压年增幅（过载指标）", "share/year", "lower", "growth",
       "That slope times 365 ÷ mean backlog; clearly above matters.growth, arrivals exceed capacity."),
    _m("backlog_age", "age of open cases", "未结案件平均已历天数", "d", None, "days",
       "Days since report, mean over the cases open at the window's end; clearing new ones first makes it rise."),
    _m("stalled", "stalled cases", "搁置案件（无部门受理）", "cases", "lower", "relative",
       "Open cases no department has taken up, mean."),
    # --- detection -------------------------------------------------------------------------------------------
    _m("detection_rate", "detection rate", "发现率", "share", "higher", "share",
       "Incidents reported within 90 d of their onset."),
    _m("detection_delay", "detection delay", "发现时滞", "d", None, "days",
       "Onset to report, mean over the incidents reported within 90 d."),
    _m("latent", "latent incidents", "尚未发现的事件", "incidents", "lower", "relative",
       "Unseen incidents, mean at day's end."),
    _m("valid_cases", "valid cases", "有效立案数", "cases/year", None, "relative",
       "Valid reports of all channels."),
    _m("patrol_reports", "patrol reports, gross", "巡查上报数", "reports/year", None, "relative",
       "Patrol reports, invalid ones included (86,312 in Daqing 2021)."),
    _m("valid_residents", "valid resident reports", "居民有效上报数", "reports/year", None, "relative",
       "Residents' reports that pass the audit and repeat no known incident."),
    _m("registered_share", "registered residents", "居民信息采集率", "share", None, "share",
       "Residents whose details are on the platform.", certain=True),
    _m("valid_share", "valid patrol reports", "巡查上报有效率", "share", None, "share",
       "Patrol reports that pass the audit."),
    # --- handling --------------------------------------------------------------------------------------------
    _m("linked_share", "linked share of all cases", "联动处置占比", "share", None, "share",
       "Cases whose departments answered the whistle ÷ all valid cases (m·ρ)."),
    _m("linkage_rate", "linkage rate ρ", "部门联动率", "share", None, "share",
       "Cases whose departments answered ÷ cases that whistled; what an expert settles instead does not."),
    _m("returns", "returns a case", "退单次数", "returns/case", "lower", "relative",
       "Misrouted dispatches per case."),
    _m("hops", "hops a case", "流转层级次数", "hops/case", "lower", "relative", "Tiers climbed or descended per case."),
    _m("escalations", "escalations", "事态升级次数", "steps/1,000 residents/year", "lower", "relative",
       "Steps of severity that incidents took before they were over."),
    _m("worker_utilisation", "event hours used", "网格员事件处置工时占用率", "share", None, "share",
       "Event hours begun ÷ hours for events that the budget of the day in force gave."),
    _m("expert_utilisation", "expert hours used", "专业网格员工时占用率", "share", None, "share",
       "Expert hours begun ÷ hours that experts gave; empty where there are none."),
    _m("department_utilisation", "department utilisation", "部门处置力量占用率", "share", None, "share",
       "Team-days of active effort ÷ team-days available."),
    # --- equity ----------------------------------------------------------------------------------------------
    _m("theil", "inequality between grids, Theil", "网格间解决时长泰尔指数", "index", "lower", "relative",
       "Theil index of the restricted mean time by comprehensive home grid, weighted by cases (26 a year)."),
    _m("theil_by_chance", "Theil that chance alone gives", "随机波动所致泰尔指数", "index", None, "relative",
       "What it would be if cases fell to grids at random; the same cases under every policy, so much the same part."),
    _m("gini", "inequality between grids, Gini", "网格间解决时长基尼系数", "index", "lower", "relative",
       "Gini coefficient of the same grid means; chance has a part in it likewise."),
    _m("centre_edge_gap", "edge minus centre", "边缘与中心差距", "d", None, "days",
       "Restricted mean time in the outer half of each district's home grids, by distance, minus the inner half."),
    _m("easy_hard_gap", "hard minus easy", "难易案件差距", "d", None, "days",
       "Restricted mean time of cases above minus those below the median complexity."),
    _m("site_home_gap", "dedicated sites minus homes", "专属地点与居住地差距", "d", None, "days",
       "Restricted mean time at dedicated sites minus home places, whoever manages them."),
    _m("resident_patrol_gap", "resident-reported minus patrol-found", "居民上报与巡查发现差距", "d", None, "days",
       "Restricted mean time of cases that residents reported minus those that patrol found."),
    # --- people, hours, money --------------------------------------------------------------------------------
    _m("hours_patrol", "patrol hours", "巡查工时", "h/year", None, "relative",
       "Hours of the gridworkers present that go to patrol.", certain=True),
    _m("hours_events", "event hours", "事件处置工时", "h/year", None, "relative",
       "Hours of event handling begun."),
    _m("hours_training", "training hours", "培训工时", "h/year", None, "relative",
       "Hours of the gridworkers present that go to training.", certain=True),
    _m("hours_administration", "administration hours", "行政录入工时", "h/year", None, "relative",
       "Hours of the gridworkers present that go to registration, entry and policy tasks.", certain=True),
    _m("people_at_work", "gridworkers at work", "在岗网格员", "persons", None, "relative",
       "Gridworkers and firm staff who work hours, nominal ones (挂名) not counted.", certain=True),
    _m("fte_at_work", "full-time equivalents at work", "在岗网格员（折合专职）", "FTE", None, "relative",
       "The same in full-time equivalents.", certain=True),
    _m("running_cost", "running cost", "年度运行成本", "million yuan/year", None, "relative",
       "Everybody on the roster, expert hours, department teams, at unit costs; a policy's own lines are apart.",
       certain=True),
)
# fmt: on
BY_KEY: dict[str, Measure] = {m.key: m for m in MEASURES}
