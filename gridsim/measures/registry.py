"""What gridsim measures: every outcome with its unit, direction and definition."""

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
    chinese_text: str = ""
    primary: bool = False
    certain: bool = False


RESTRICTED_TO = 90.0  # days to which times are restricted


def _m(
    key: str,
    english: str,
    chinese: str,
    unit: str,
    better: Any,
    matters: Any,
    text: str,
    chinese_text: str,
    **more: bool,
) -> Measure:
    return Measure(key, english, chinese, unit, better, matters, text, chinese_text, **more)


# A table, laid out as one: three lines an entry.
# fmt: off
MEASURES: tuple[Measure, ...] = (
    # --- time ------------------------------------------------------------------------------------------------
    _m("time_to_resolution", "time to resolution", "实际解决时长", "d", "lower", "days",
       "Report to true resolution, restricted mean over 90 days; open and paper-closed cases count 90.",
       "从上报到问题实际解决的天数，以 90 天为限的均值；未结案件和仅形式办结的案件均按 90 天计。", primary=True),
    _m("resolution_median", "median time to resolution", "实际解决时长中位数", "d", "lower", "days",
       "Report to true resolution, Kaplan–Meier median; open and paper-closed cases are censored, not dropped.",
       "从上报到实际解决天数的中位数（Kaplan–Meier 法）；未结和形式办结的案件按删失处理，不予剔除。"),
    _m("resolution_p90", "90 % resolved within", "90% 案件实际解决时长", "d", "lower", "days",
       "90 % quantile of the same; empty when it lies beyond what was followed up.",
       "同上的 90% 分位数；超出跟踪期时留空。"),
    _m("onset_to_resolution", "onset to resolution", "发生至实际解决时长", "d", "lower", "days",
       "Onset to true resolution of all reported cases, restricted mean over 90 days: detection included.",
       "全部已上报案件从发生到实际解决的天数，以 90 天为限的均值，含发现所需时间。"),
    _m("unresolved_days", "unresolved days, all incidents", "全部事件未解决天数", "d", "lower", "days",
       "Days unresolved within 90 d of onset, mean over all incidents, seen or not; vanishing ends the harm.",
       "全部事件（无论是否被发现）发生后 90 天内未解决的平均天数；自然消失即视为损害终止。"),
    _m("unresolved_days_lasting", "unresolved days, harm lasting", "全部事件未解决天数（自然消失的也计满 90 天）",
       "d", "lower", "days",
       "The same if the harm of a vanished incident lasts to the end of the 90 days.",
       "同上，但自然消失的事件其损害计至 90 天期满。"),
    _m("true_resolution_rate", "true resolution rate", "实际解决率", "share", "higher", "share",
       "Cases truly resolved within 90 d of their report.",
       "上报后 90 天内实际解决的案件占比。"),
    _m("on_time_share", "resolved on time", "按时实际解决率", "share", "higher", "share",
       "Cases truly resolved by their deadline.",
       "在办理时限内实际解决的案件占比。"),
    _m("closure_rate", "closure rate, patrol reports", "办结率（巡查上报）", "share", None, "share",
       "Valid patrol reports of the window whose file is closed, truly or on paper, at the window's end.",
       "统计窗口内有效巡查上报中，至窗口末已办结（含形式办结）的占比。"),
    _m("closure_rate_all", "closure rate, all reports", "办结率（全部上报）", "share", None, "share",
       "The same over all channels.",
       "同上，包括全部上报渠道。"),
    _m("formal_share", "closed on paper", "形式办结占比", "share", "lower", "share",
       "Cases whose file was closed without resolution.",
       "问题未解决而案卷已办结的案件占比。"),
    _m("closure_median", "median time to closure", "办结时间中位数", "d", "lower", "days",
       "Report to closure of the file, open cases counted as longer.",
       "从上报到案卷办结的天数中位数，未结案件计为更长。"),
    _m("closure_p90", "90 % closed within", "90% 案件办结时长", "d", "lower", "days",
       "90 % quantile of the same; empty when it lies beyond what was followed up.",
       "同上的 90% 分位数；超出跟踪期时留空。"),
    _m("log_sd", "spread of closure times", "办结时间对数标准差", "log sd", None, "relative",
       "Standard deviation of log closure times of cases closed by 90 d after the window, floored at 0.02 d.",
       "窗口结束后 90 天内办结的案件，其办结时间（不低于 0.02 天）对数的标准差。"),
    # --- backlog ---------------------------------------------------------------------------------------------
    _m("backlog", "open cases (backlog)", "未结案件（积压）", "cases", "lower", "relative",
       "Open cases, mean over the window, stalled ones included.",
       "统计窗口内未结案件数的日均值，含搁置案件。", primary=True),
    _m("backlog_peak", "highest backlog", "积压峰值", "cases", "lower", "relative",
       "Open cases at day's end, the most in the window.",
       "统计窗口内每日终了未结案件数的最大值。"),
    _m("backlog_end", "backlog at the end", "期末积压", "cases", "lower", "relative",
       "Open cases at the end of the window's last day.",
       "统计窗口最后一日终了的未结案件数。"),
    _m("backlog_slope", "slope of the backlog", "积压增速", "cases/day", None, "relative",
       "Least-squares slope of the open cases at day's end over the window.",
       "统计窗口内每日终了未结案件数的最小二乘斜率。"),
    _m("overload", "growth of the backlog a year", "积压年增幅（过载指标）", "share/year", "lower", "growth",
       "That slope times 365 ÷ mean backlog; clearly above matters.growth, arrivals exceed capacity.",
       "上述斜率 × 365 ÷ 平均积压；明显高于过载判定增幅（matters.growth）时，表明新增超过办理能力。"),
    _m("backlog_age", "age of open cases", "未结案件平均已历天数", "d", None, "days",
       "Days since report, mean over the cases open at the window's end; clearing new ones first makes it rise.",
       "窗口末未结案件自上报以来的平均天数；优先办理新案会使其上升。"),
    _m("stalled", "stalled cases", "搁置案件（无部门受理）", "cases", "lower", "relative",
       "Open cases no department has taken up, mean.",
       "尚无部门受理的未结案件，日均值。"),
    # --- detection -------------------------------------------------------------------------------------------
    _m("detection_rate", "detection rate", "发现率", "share", "higher", "share",
       "Incidents reported within 90 d of their onset.",
       "发生后 90 天内被上报的事件占比。"),
    _m("detection_delay", "detection delay", "发现时滞", "d", None, "days",
       "Onset to report, mean over the incidents reported within 90 d.",
       "发生后 90 天内被上报的事件，从发生到上报的平均天数。"),
    _m("latent", "latent incidents", "尚未发现的事件", "incidents", "lower", "relative",
       "Unseen incidents, mean at day's end.",
       "尚未被发现的事件，每日终了的均值。"),
    _m("valid_cases", "valid cases", "有效立案数", "cases/year", None, "relative",
       "Valid reports of all channels.",
       "各渠道有效上报数。"),
    _m("patrol_reports", "patrol reports, gross", "巡查上报数", "reports/year", None, "relative",
       "Patrol reports, invalid ones included (86,312 in Daqing 2021).",
       "巡查上报总数，含无效上报（大庆 2021 年为 86,312 件）。"),
    _m("valid_residents", "valid resident reports", "居民有效上报数", "reports/year", None, "relative",
       "Residents' reports that pass the audit and repeat no known incident.",
       "通过审核且不与已知事件重复的居民上报数。"),
    _m("registered_share", "registered residents", "居民信息采集率", "share", None, "share",
       "Residents whose details are on the platform.",
       "信息已录入平台的居民占比。", certain=True),
    _m("valid_share", "valid patrol reports", "巡查上报有效率", "share", None, "share",
       "Patrol reports that pass the audit.",
       "通过审核的巡查上报占比。"),
    # --- handling --------------------------------------------------------------------------------------------
    _m("linked_share", "linked share of all cases", "联动处置占比", "share", None, "share",
       "Cases whose departments answered the whistle ÷ all valid cases (m·ρ).",
       "部门应哨报到的案件 ÷ 全部有效案件（m·ρ）。"),
    _m("linkage_rate", "linkage rate ρ", "部门联动率", "share", None, "share",
       "Cases whose departments answered ÷ cases that whistled; what an expert settles instead does not.",
       "部门应哨报到的案件 ÷ 吹哨案件；由专业网格员代为办结的不计入吹哨。"),
    _m("returns", "returns a case", "退单次数", "returns/case", "lower", "relative",
       "Misrouted dispatches per case.",
       "每件案件的错误分拨（退单）次数。"),
    _m("hops", "hops a case", "流转层级次数", "hops/case", "lower", "relative", "Tiers climbed or descended per case.",
       "每件案件上下流转的层级数。"),
    _m("escalations", "escalations", "事态升级次数", "steps/1,000 residents/year", "lower", "relative",
       "Steps of severity that incidents took before they were over.",
       "事件结束前严重程度升级的次数。"),
    _m("worker_utilisation", "event hours used", "网格员事件处置工时占用率", "share", None, "share",
       "Event hours begun ÷ hours for events that the budget of the day in force gave.",
       "已投入的事件处置工时 ÷ 当日可用于事件处置的工时。"),
    _m("expert_utilisation", "expert hours used", "专业网格员工时占用率", "share", None, "share",
       "Expert hours begun ÷ hours that experts gave; empty where there are none.",
       "已投入的专家工时 ÷ 专家提供的工时；没有专家时留空。"),
    _m("department_utilisation", "department utilisation", "部门处置力量占用率", "share", None, "share",
       "Team-days of active effort ÷ team-days available.",
       "实际投入的队伍·日 ÷ 可用的队伍·日。"),
    # --- equity ----------------------------------------------------------------------------------------------
    _m("theil", "inequality between grids, Theil", "网格间解决时长泰尔指数", "index", "lower", "relative",
       "Theil index of the restricted mean time by comprehensive home grid, weighted by cases (26 a year).",
       "各综合网格平均解决时长（以 90 天为限）的泰尔指数，按案件数加权（每格每年约 26 件）。"),
    _m("theil_by_chance", "Theil that chance alone gives", "随机波动所致泰尔指数", "index", None, "relative",
       "What it would be if cases fell to grids at random, with times as unlike as they are.",
       "假如案件随机落在各网格，而时长差异如旧，该指数会是多少。"),
    _m("theil_ratio", "inequality between grids, times chance", "网格间不平等（随机的倍数）", "index", "lower", "relative",
       "Theil index ÷ the Theil that chance alone gives: 1 means that grids differ no more than chance makes them.",
       "泰尔指数 ÷ 随机波动所致泰尔指数：1 表示网格间的差异不超过随机所致。"),
    _m("gini", "inequality between grids, Gini", "网格间解决时长基尼系数", "index", "lower", "relative",
       "Gini coefficient of the same grid means; chance has a part in it likewise.",
       "同一组网格均值的基尼系数，同样含有随机成分。"),
    _m("centre_edge_gap", "edge minus centre", "边缘与中心差距", "d", None, "days",
       "Restricted mean time in the outer half of each district's home grids, by distance, minus the inner half.",
       "各区县外围一半网格的平均解决时长减去靠近中心一半网格的平均解决时长。"),
    _m("easy_hard_gap", "hard minus easy", "难易案件差距", "d", None, "days",
       "Restricted mean time of cases above minus those below the median complexity.",
       "复杂度高于中位数的案件与低于中位数的案件平均解决时长之差。"),
    _m("site_home_gap", "dedicated sites minus homes", "专属地点与居住地差距", "d", None, "days",
       "Restricted mean time at dedicated sites minus home places, whoever manages them.",
       "专属地点与居住地平均解决时长之差，不论由谁管理。"),
    _m("resident_patrol_gap", "resident-reported minus patrol-found", "居民上报与巡查发现差距", "d", None, "days",
       "Restricted mean time of cases that residents reported minus those that patrol found.",
       "居民上报案件与巡查发现案件平均解决时长之差。"),
    # --- residents -------------------------------------------------------------------------------------------
    _m("participation", "residents who take part", "居民参与率", "share", "higher", "share",
       "Residents who take part in the affairs of their grid, mean.", "参与网格事务的居民占比，日均值。"),
    _m("self_resolved_share", "settled by residents", "居民自治解决占比", "share", "higher", "share",
       "Incidents that residents settled themselves within 90 d of onset.", "发生后 90 天内由居民自行解决的事件占比。"),
    _m("self_resolution_failures", "self-resolutions that failed", "自治失败占比", "share", "lower", "share",
       "Attempts of residents that were wrong or abandoned.", "居民自行处置中不当或半途而废的占比。"),
    _m("trust", "trust", "信任度", "index", "higher", "relative", "Mean trust of residents in grid and departments.",
       "居民对网格和部门信任度的均值。"),
    _m("trust_grid", "trust in the grid", "网格信任度", "index", "higher", "relative", "Mean trust of residents in the grid.",
       "居民对网格的平均信任度。"),
    _m("trust_department", "trust in departments", "部门信任度", "index", "higher", "relative",
       "Mean trust of residents in departments.", "居民对部门的平均信任度。"),
    _m("trust_drift", "drift of trust", "信任漂移", "per year", None, "share",
       "Change of mean trust during the window, a year; that of the baseline is no policy's.",
       "窗口内平均信任度的年变化；现状下的漂移与政策无关。"),
    _m("expectation", "expectation", "期望度", "index", None, "relative",
       "Share of cases resolved in time that residents expect, mean.", "居民期望的按时解决率，均值。"),
    _m("silent_share", "residents who gave up reporting", "放弃上报的居民", "share", "lower", "share",
       "Residents who no longer report, mean.", "不再上报的居民占比，均值。"),
    _m("grievance", "grievance", "民怨", "index", "lower", "relative", "Grievance of the places where residents live, mean.",
       "居民所在地点民怨程度的均值。"),
    _m("told_share", "reporters told of the outcome", "反馈率", "share", "higher", "share",
       "Reporters who are told what became of their case, among those whose case was resolved or closed on paper.",
       "案件已解决或形式办结的上报居民中，获知办理结果者占比。"),
    _m("first_contact", "time to first contact", "首次接触时长", "d", "lower", "days",
       "Report to the first time that a worker, an expert or a team takes it up, restricted mean over 90 days.",
       "从上报到网格员、专家或部门队伍首次着手处置的天数，以 90 天为限的均值。"),
    _m("disputes_settled", "disputes settled", "纠纷化解率", "share", "higher", "share",
       "Mediated cases truly resolved within 90 d of their report.", "经调解类案件上报后 90 天内实际解决的占比。"),
    _m("hazard_signs", "early warnings", "民情预警件数", "cases/year", None, "relative",
       "Cases found by watching public opinion.", "通过民情监测发现的案件数。"),
    _m("alerts", "alerts", "警情广播次数", "alerts/year", None, "relative", "Alerts that mobilised a community.",
       "动员社区居民的警情广播次数。"),
    _m("matthew_success", "growth of success against its level", "成功率增长对水平的斜率", "per unit", None, "share",
       "On-time share of home grids: growth since the window before per unit of level then, free of falling back by chance; not measured where half of a grid's cases hardly tell of the other half (first-stage F below 10).",
       "各综合网格按时解决率较上一窗口的增长对其当时水平的斜率，已排除偶然回落；大于 0 即强者愈强。两半案件几乎不相关（第一阶段 F 低于 10）时不予测量。"),
    _m("matthew_participation", "growth of participation against its level", "参与率增长对水平的斜率", "per unit", None, "share",
       "The same of residents who take part, during the window.", "窗口内居民参与率增长对期初水平的斜率。"),
    _m("participation_gini", "inequality of participation, Gini", "参与率基尼系数", "index", "lower", "relative",
       "Gini of the share of residents who take part, over home grids, at the window's end.",
       "窗口末各综合网格居民参与率的基尼系数。"),
    _m("success_gini", "inequality of success, Gini", "按时解决率基尼系数", "index", "lower", "relative",
       "Gini of the on-time share over home grids; chance has a part in it.", "各综合网格按时解决率的基尼系数，含随机成分。"),
    # --- people, hours, money --------------------------------------------------------------------------------
    _m("hours_patrol", "patrol hours", "巡查工时", "h/year", None, "relative",
       "Hours of the gridworkers present that go to patrol.",
       "在岗网格员用于巡查的工时。"),
    _m("hours_events", "event hours", "事件处置工时", "h/year", None, "relative",
       "Hours of event handling begun.",
       "已投入的事件处置工时。"),
    _m("hours_training", "training hours", "培训工时", "h/year", None, "relative",
       "Hours of the gridworkers present that go to training.",
       "在岗网格员用于培训的工时。"),
    _m("hours_administration", "administration hours", "行政录入工时", "h/year", None, "relative",
       "Hours of the gridworkers present that go to registration, entry and policy tasks.",
       "在岗网格员用于信息登记、录入和其他行政任务的工时。"),
    _m("hours_public", "hours for the public", "政策宣传与舆情工时", "h/year", None, "relative",
       "Hours of the gridworkers present for policy publicity and for watching public opinion.",
       "在岗网格员用于政策宣传和民情监测的工时。"),
    _m("people_at_work", "gridworkers at work", "在岗网格员", "persons", None, "relative",
       "Gridworkers and firm staff who work hours, nominal ones (挂名) not counted.",
       "实际投入工时的网格员和单位人员，挂名者不计。"),
    _m("fte_at_work", "full-time equivalents at work", "在岗网格员（折合专职）", "FTE", None, "relative",
       "The same in full-time equivalents.",
       "同上，按专职折算。"),
    _m("vacancy_share", "vacant posts", "空岗率", "share", "lower", "share",
       "Posts of gridworkers who work hours that stand vacant, mean.",
       "网格员岗位（挂名除外）中空缺的占比，日均值。"),
    _m("quits", "gridworkers who leave", "离职人数", "persons/year", "lower", "relative",
       "Full- and part-timers who give up their post.",
       "离开岗位的专职和兼职网格员人数。"),
    _m("strain", "strain of gridworkers", "网格员负荷", "share", None, "share",
       "Running mean of the share of their event hours that is in use, mean over those at work.",
       "在岗网格员事件处置工时占用率的滑动平均。"),
    _m("burnout", "burnout of gridworkers", "网格员倦怠程度", "index", "lower", "relative",
       "Burnout from 0 to 1, mean over those at work; .5 is usual.",
       "在岗网格员的倦怠程度（0 至 1），0.5 为通常水平。"),
    _m("skill", "skill of gridworkers", "网格员熟练程度", "share", "higher", "share",
       "Success of an attempt relative to a fully trained gridworker's, mean over those at work.",
       "在岗网格员单次处置成功率相对于熟手的比例，均值。"),
    _m("running_cost", "running cost", "年度运行成本", "million yuan/year", None, "relative",
       "All posts on the roster, expert hours, department teams, at unit costs; a policy's own lines are apart.",
       "在册岗位、专家工时和部门队伍按单价计算的年度成本；政策自身的支出另列。",
       certain=True),
)
# fmt: on
BY_KEY: dict[str, Measure] = {m.key: m for m in MEASURES}
