"""The registry: every number a scenario can state, with its unit, range, source and evidence grade.

The scenario schema, its error messages, ``gridsim parameters`` and the documents are all made from this
one list. A parameter is named ``section.key``, exactly as it stands in a scenario file.

Evidence grades
---------------
S  the source paper (杨庆玲, 孙雪冰 2022, 《大庆社会科学》 2022(2))
D  arithmetic on S or on other cited figures
A  peer-reviewed paper, statute, or official statistics
B  press or party-state media
C  unsourced or commercial page: used only to widen a range
X  our assumption

The grade is that of the source. Where a number was found elsewhere than in Daqing its source says so (transferred, analogue).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from gridsim.scenario.distributions import Deterministic, Distribution, Exponential, Lognormal

Grade = Literal["S", "D", "A", "B", "C", "X"]
MOST = 1e9  # of what has no natural limit: a number beyond is a slip of the keyboard
PAPER = "杨庆玲, 孙雪冰 2022"


@dataclass(frozen=True)
class Parameter:
    """One entry of the registry.

    Attributes
    ----------
    key : str
        ``section.key`` as written in a scenario file.
    chinese : str
        The field's Chinese term.
    unit : str
        Unit of the value; ``share`` means 0 to 1.
    default : object
        Value used where a scenario is silent.
    low, high : float or None
        Plausible range, for uncertainty and sensitivity analysis; of a duration, that of its mean or median.
    minimum, maximum : float or None
        What the model accepts at all.
    source, grade : str
        Where the default comes from and how good that evidence is (see module docstring).
    text : str
        One sentence on what it means.
    lever : bool
        True when a planner can set it, so that a policy may change it.

    """

    key: str
    chinese: str
    unit: str
    default: Any
    text: str
    source: str = "assumption"
    grade: Grade = "X"
    low: float | None = None
    high: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    lever: bool = False

    @property
    def section(self) -> str:
        """Name of the table of the scenario file that holds it."""
        return self.key.split(".", 1)[0]

    @property
    def name(self) -> str:
        """Key inside its section."""
        return self.key.split(".", 1)[1]

    @property
    def type(self) -> Any:
        """Python type of the value: a distribution, a choice, or the type of the default."""
        if isinstance(self.default, (Exponential, Lognormal, Deterministic)):
            return Distribution
        if self.choices:
            return Literal[self.choices]
        return type(self.default)


def _share(key: str, chinese: str, default: float, text: str, **more: Any) -> Parameter:
    return Parameter(key, chinese, "share", default, text, **{"minimum": 0.0, "maximum": 1.0, **more})


def _switch(key: str, chinese: str, text: str) -> Parameter:
    return Parameter(f"rules.{key}", chinese, "on/off", True, text, source="model design")


def _positive(key: str, chinese: str, unit: str, default: float, text: str, **more: Any) -> Parameter:
    return Parameter(key, chinese, unit, default, text, **{"minimum": 0.0, "maximum": MOST, **more})


def _delay(key: str, chinese: str, default: Any, text: str, unit: str = "d", **more: Any) -> Parameter:
    return Parameter(key, chinese, unit, default, text, **more)


CENSUS = "seventh national census 2020, 2,781,562 persons"
EXPERT_FIELDS = {  # the paper's six, and psychology, which it lists among the people to recruit
    "education": "教育",
    "medicine": "医疗",
    "law": "法律",
    "industry_commerce": "工商",
    "agriculture": "农业",
    "transport": "交通",
    "psychology": "心理",
}
PROBE = "discrete-event sketch of a 30 % slice of the city: a fit, not an identified value"

# A table, laid out as one: two or three lines an entry.
# fmt: off
PARAMETERS: tuple[Parameter, ...] = (
    # --- time ---------------------------------------------------------------------------------------------
    Parameter("time.calendar", "工作日历", "choice", "office", "Office hours on weekdays, or one unbroken clock.",
              choices=("office", "continuous"), source="model design"),
    _positive("time.opens", "上班时间", "h of day", 9.0, "When the working day opens.", maximum=24.0),
    _positive("time.closes", "下班时间", "h of day", 17.0, "When the working day closes (breaks are not modelled).",
              maximum=24.0),
    _positive("time.warmup_days", "预热期", "d", 365, "Simulated before day 0 and then shared by all policies.",
              maximum=36_500),
    Parameter("time.days", "模拟期", "d", 730, "Days measured; policies start at day 0.", minimum=1, maximum=36_500, source="model design"),
    _positive("time.follow_up_days", "跟踪期", "d", 90,
              "Days run on after the measured ones, so that late cases are not censored.", source="model design",
              maximum=3_650),
    Parameter("time.window_days", "统计窗口", "d", 365, "Length of one reporting window (a year).", minimum=1,
              source="model design", maximum=36_500),
    # --- rules: every one can be switched off, down to a single queue ---------------------------------------
    _switch("patrol", "巡查", "R3. With patrol and residents both off, an incident is reported the moment it arises."),
    _switch("residents", "居民上报", "R4. Residents report latent incidents."),
    _switch("escalation", "事态升级", "R2. Untreated incidents grow more severe with age; emergencies begin severe."),
    _switch("video", "视频发现", "R5. Cameras connected to the platform notice latent incidents."),
    _switch("lapse", "自然消失", "Latent incidents can vanish unseen."),
    _switch("intake", "受理审核", "R7. Validity audit, duplicates, unregistered reporters."),
    _switch("triage", "分派", "R8. Misrouted cases come back before they reach the right owner."),
    _switch("boundary", "边界争议", "R8. Ownership disputes at the edge of dedicated grids."),
    _switch("grid_handling", "网格处置", "R9. Off: every case goes straight to the departments."),
    _switch("cover", "代管", "R9. Thinly staffed grids are served from their community."),
    _switch("experts", "专业网格员", "R10. Off: no expert is called, however many there are."),
    _switch("departments", "部门", "R11 and R12. Off: no case needs a department."),
    _switch("deadlines", "时限与形式办结", "R13. Formal closure at the first breached deadline, and reopening."),
    _switch("hours", "工时预算", "R17. Off: gridworkers have unlimited hours for events."),
    _switch("careers", "队伍动态", "R17. Load, burnout, quitting, vacancies and learning of gridworkers. Off: the same people for ever."),
    _switch("roles", "角色分工", "R9, R8. Part-timers leave long cases to full-timers; in dedicated grids roles differ."),
    _switch("stalled_stock", "停滞存量", "Start from the stationary stock of stalled cases instead of none."),
    _switch("self_resolution", "居民自治解决", "R6. Residents who take part settle latent incidents themselves."),
    _switch("trust", "信任", "R14 and R15. Reporters hear what became of their case, trust moves, and reporting with it."),
    _switch("participation", "参与扩散", "R16. Residents begin and cease to take part; off: whoever takes part at first does for good."),
    _switch("grievance", "民怨", "R15. Disappointment piles up in a neighbourhood and breeds disputes."),
    _switch("outreach", "政策普及", "R18. Policy publicity costs hours and buys trust."),
    _switch("warning", "民情预警", "R5. Public opinion is watched: signs of trouble are noticed before anybody reports it."),
    _switch("security", "犯罪空间治理", "R19. Incidents of public safety come in hotspots; tips and alerts help against them."),
    # --- city -----------------------------------------------------------------------------------------------
    Parameter("city.seed", "城市种子", "#", 2021, "Key of the synthetic city: the same city in every replication.",
              minimum=0, maximum=2**32 - 1, source="model design"),
    Parameter("city.persons_per_agent", "每主体人数", "persons", 1, "Persons that one resident agent stands for.",
              minimum=1, maximum=10_000, source="model design"),
    Parameter("city.comprehensive_grids", "综合网格", "#", 60, "Comprehensive grids.", minimum=1, maximum=1_000_000,
              source="a neighbourhood's part of the paper's 4,740 (which daqing-2021 has)", grade="D"),
    Parameter("city.dedicated_grids", "专属网格", "#", 20, "Dedicated grids (enterprises, parks, schools, hospitals).",
              minimum=0, maximum=1_000_000,
              source="a neighbourhood's part of the paper's 1,585 (which daqing-2021 has)", grade="D"),
    Parameter("city.grids_per_community", "每社区网格数", "#", 8, "Comprehensive grids in a community.", minimum=1,
              low=4, high=16, maximum=1_000_000),
    Parameter("city.communities_per_street", "每街道社区数", "#", 8, "Communities in a street or town.", minimum=1,
              low=4, high=16, maximum=1_000_000),
    Parameter("city.cells_per_grid", "每网格地点数", "#", 2, "Neighbourhood cells (places) in a comprehensive grid.",
              minimum=1, maximum=16),
    _positive("city.grid_size_cv", "网格人口变异", "ratio", 0.5, "Coefficient of variation of residents per grid.",
              low=0.2, high=0.8, maximum=3.0),
    _positive("city.place_effect_sd", "地点效应", "log sd", 0.5, "Spread of incident rates between places (lognormal).",
              low=0.0, high=1.0, maximum=3.0),
    _share("city.registered_share", "信息采集率", 0.613, "Records on the platform ÷ census population: a ratio, taken as the chance that a reporter is registered.",
           low=0.6, high=1.0, source=PAPER + ": 170.49万, 61.3 %", grade="S"),
    # --- staff ----------------------------------------------------------------------------------------------
    Parameter("staff.full_time", "专职网格员", "persons", 61, "Full-time gridworkers, nominal ones included.", minimum=0,
              maximum=10_000_000,
              source="a neighbourhood's part of the paper's 4,807 (which daqing-2021 has)", grade="D", lever=True),
    _share("staff.added_share", "专职扩编", 0.0, "Full-time posts added, relative to those there are; where there are fewest.",
           maximum=5.0, source="status quo", lever=True),
    Parameter("staff.part_time", "兼职网格员", "persons", 46, "Part-time gridworkers, nominal ones included.", minimum=0,
              maximum=10_000_000,
              source="a neighbourhood's part of the paper's 3,671 (which daqing-2021 has)", grade="D", lever=True),
    _share("staff.part_time_fte", "兼职折算", 0.20, "Hours of a part-timer relative to a full-timer.", low=0.05, high=0.5),
    _share("staff.nominal_share", "挂名率", 0.15, "Gridworkers counted who work zero hours.", low=0.0, high=0.4,
           source="assumption; the paper says 挂名 exists, not how much", lever=True),
    _share("staff.understaffed_gap", "缺员率", 0.20, "Vacancies in units marked understaffed, relative to the others.",
           low=0.0, high=0.4, source="assumption; the paper names the four units, not the gap"),
    Parameter("staff.hours_per_year", "年工时", "h/year", 1875.0, "Working hours of a full-timer.", low=1600, high=2400,
              minimum=1.0, maximum=8_784.0),
    _share("staff.admin_share", "行政录入占时", 0.55,
           "Share of hours for administration: registration, duplicate entry, policy tasks.", low=0.3, high=0.7, lever=True),
    _share("staff.entry_share", "录入占行政工时", 0.30, "Part of the administration hours that is data entry.",
           low=0.1, high=0.6),
    _share("staff.duplicate_entry", "重复录入占录入", 0.35, "Part of the data entry that enters the same thing again.",
           low=0.1, high=0.6, source="range of unsourced pages (8 systems, 60 % collected twice)", grade="C"),
    _share("staff.devices", "录入设备配备率", 0.0, "Gridworkers with a device made for entry and reporting.",
           source="status quo; the paper asks for them", lever=True),
    _share("staff.device_saving", "设备节省", 0.2, "Part of the data entry that such a device saves.", low=0.0, high=0.4),
    Parameter("staff.freed_hours", "释放工时去向", "choice", "patrol", "Where hours freed from entry and training go.",
              choices=("patrol", "events"), source="model design", lever=True),
    _positive("staff.training_hours", "培训", "h/year", 40.0, "Training of a full-timer.", low=10, high=120, lever=True, maximum=8_784.0),
    _positive("staff.patrol_hours", "巡查工时", "h/workday", 2.0, "Patrol of a full-timer.", low=0.5, high=4.0,
              lever=True, maximum=24.0),
    Parameter("staff.standard_patrol_hours", "标准巡查工时", "h/workday", 2.0,
              "Patrol hours at which coverage and detection are stated.", minimum=0.01, source="model design", maximum=24.0),
    Parameter("staff.event_hours", "事件工时上限", "h/workday", 4.0, "Most hours a day that go to events.", minimum=0.1,
              low=2.0, high=7.5, maximum=24.0),
    _share("staff.cover_below_fte", "代管阈值", 0.5, "A grid with fewer full-time equivalents is covered by its community.",
           low=0.2, high=0.8),
    _positive("staff.help_above_load", "协助阈值", "live cases / FTE", 0.5,
              "A grid with more live cases than this passes new ones to the least loaded of its community, itself included.",
              low=0.0, high=2.0),
    _positive("staff.travel_penalty", "代管路程", "share of handling time", 0.15, "Extra time for a covered grid.",
              low=0.0, high=0.5, maximum=100.0),
    _positive("staff.periphery_penalty", "边缘路程", "share of handling time", 0.2,
              "Extra time in the grid furthest from its district's centre; in proportion on the way there.",
              low=0.0, high=0.6, source="assumption; the paper says the periphery is served worse, not how much", maximum=100.0),
    # --- R17 careers, roles ------------------------------------------------------------------------------------
    _positive("careers.turnover", "离职率", "share/year", 0.20,
              "Hazard that a gridworker leaves, at usual burnout and without an incentive.", low=0.05, high=0.37,
              maximum=50.0, source="analogue: over 20 % of Shenzhen's social workers left in 2018; the paper says 队伍不稳定, not how much", grade="A"),
    _positive("careers.vacancy_days", "空岗时间", "d", 60.0, "Mean time until a vacant post is filled, in steps of four weeks.",
              minimum=28.0, low=28.0, high=180.0, maximum=3_650.0),
    _share("careers.incentive", "激励", 0.0, "How far gridworkers get the full incentive to stay (pay, promotion, recognition).",
           source="status quo; our lever: the paper's incentives are for experts", lever=True),
    _share("careers.incentive_effect", "激励效果", 0.3, "Part of the hazard of leaving that the full incentive takes away.",
           low=0.0, high=0.6),
    _share("careers.burnout_base", "初始倦怠", 0.5, "Burnout of new people, and that at which the hazard of leaving is as stated.",
           low=0.3, high=0.7),
    _positive("careers.burnout_slope", "倦怠与离职", "per unit of burnout", 2.0, "Hazard of leaving · exp(slope · (burnout − base)).",
              low=0.0, high=4.0, maximum=20.0),
    _share("careers.wear", "倦怠累积", 0.1, "Burnout gained in four weeks, for each unit of demands beyond resources.",
           low=0.0, high=0.3, source="form: Demerouti et al. 2001, job demands and resources; number assumed"),
    _share("careers.resources", "工作资源", 0.66, "Demands that resources (support, meaning, autonomy) make up for.", low=0.5, high=0.8,
           source="assumption: what the demands of Daqing 2021 come to, so that people leave at the rate stated"),
    _share("careers.recovery", "倦怠恢复", 0.1, "Part of the burnout beyond its base that is recovered in four weeks.", low=0.0, high=0.3),
    _positive("careers.strain_days", "负荷记忆", "d", 84.0, "Memory of strain, the running mean of load.", minimum=1.0, low=28.0,
              high=168.0, maximum=3_650.0),
    _positive("careers.speed_up", "负荷提速", "per unit of load", 0.5, "Speed gained for each unit of load above careers.brisk_from.",
              low=0.0, high=1.5, maximum=5.0, source="form: KC & Terwiesch 2009; number assumed"),
    _share("careers.brisk_from", "提速阈值", 0.8, "Share of the event hours in use above which people work faster.", low=0.6, high=0.9),
    _positive("careers.overwork", "过劳减速", "per unit of strain", 1.5, "Speed lost for each unit of strain above careers.tired_from.",
              low=0.0, high=3.0, maximum=5.0, source="form: KC & Terwiesch 2009, Delasay et al. 2016; number assumed"),
    _share("careers.tired_from", "过劳阈值", 0.9, "Strain above which people work more slowly.", low=0.7, high=1.0),
    _share("careers.unskilled", "新手差距", 0.4, "Part of the success of an attempt that new people lack at first.", low=0.1, high=0.6),
    _positive("careers.learning_days", "熟练时间", "d", 90.0, "Time in which all but 37 % of that is learnt.", minimum=1.0, low=30.0,
              high=365.0, maximum=3_650.0),
    Parameter("roles.part_time_handling", "兼职办案", "on/off", False,
              "Part-timers (stairwell heads, party members) take cases of the queue too; off, they patrol, report and settle "
              "on the spot.", lever=True),
    _share("roles.guide_bridge", "指导员联络", 0.3,
           "Ownership disputes at the edge of a site that its guide averts, beyond dedicated.interoperation.", low=0.0, high=0.6),
    # --- dedicated grids --------------------------------------------------------------------------------------
    _share("dedicated.incident_share", "专属地点事件占比", 0.10, "Incidents that arise at dedicated sites.", low=0.02, high=0.25),
    Parameter("dedicated.site_size_shape", "单位规模分布", "Pareto shape", 2.0, "Spread of site sizes.", minimum=1.05,
              low=1.2, high=4.0),
    _positive("dedicated.staff_per_grid", "专属网格人员", "persons", 1,
              "People working in a dedicated grid, in the order chief 网格长, guide 指导员, information officer 信息员; "
              "the recommended team is 3 (1+2).", low=0, high=3, maximum=10, lever=True,
              source="assumption; today's staffing is unknown, 1+2 is the paper's recommendation"),
    _share("dedicated.staff_fte", "专属人员折算", 0.20, "Hours of one such person relative to a full-timer.",
           low=0.05, high=0.5),
    Parameter("dedicated.local_bonus", "专属精准增益", "factor", 1.25,
              "Detection and success in a fully staffed dedicated grid relative to a comprehensive one.", minimum=1.0,
              low=1.0, high=1.6, maximum=1_000.0),
    _positive("dedicated.boundary_friction", "边界摩擦", "coefficient", 0.5,
              "Edge share of a site of average size is 1 − exp(−friction).", low=0.0, high=1.5),
    _share("dedicated.interoperation", "互通", 0.3, "Edge cases of a dedicated grid that raise no ownership dispute.",
           low=0.0, high=1.0, lever=True),
    _delay("dedicated.dispute_delay", "争议耗时", Exponential(mean=1.5), "Length of an ownership dispute.", low=0.5, high=4.0),
    _share("dedicated.kept_share", "专属网格保留比例", 1.0,
           "Dedicated grids kept; the smallest are dissolved first into their comprehensive grid.", low=0.0, high=1.0,
           source="status quo", lever=True),
    Parameter("dedicated.rule", "整合方式", "choice", "dissolve",
              "What becomes of the smallest: dissolved into their comprehensive grid, or merged into the nearest one kept.",
              choices=("dissolve", "merge"), source="model design", lever=True),
    Parameter("dedicated.redeployment", "人员转岗", "choice", "none",
              "Firm staff of a dissolved grid leave; or join the dedicated grids kept; or their comprehensive grid.",
              choices=("none", "dedicated", "comprehensive"), source="model design", lever=True),
    # --- R1 arise ---------------------------------------------------------------------------------------------
    _positive("arrivals.per_100_residents", "事件发生率", "incidents / 100 residents / year", 12.0,
              "Incidents that arise, seen or not; 5 to 30 all fit the city.", low=5.0, high=30.0, maximum=10_000.0,
              source="bracket 3.1 to 22 reported cases in comparable cities", grade="D"),
    Parameter("arrivals.headroom", "发生率上界", "factor", 3.0,
              "Highest multiple of its base rate that a place may reach; candidates are thinned from it.", minimum=1.0,
              maximum=20.0, source="model design"),
    # --- R2 escalation ------------------------------------------------------------------------------------------
    _positive("escalation.rate", "升级率", "1/d", 0.004, "Hazard that a fresh incident grows one step more severe (1 to 4).",
              low=0.001, high=0.02, maximum=10.0),
    Parameter("escalation.report_odds", "升级与上报", "factor", 1.5, "Readiness to report, for each step of severity.",
              minimum=1.0, low=1.0, high=2.5, maximum=10.0),
    _positive("escalation.success_decay", "升级与调解", "1/step", 0.2,
              "Success of mediated categories = success · exp(−decay · (severity − 1)).", low=0.0, high=0.5, maximum=10.0,
              source="form: mediation success falls with severity; number assumed"),
    Parameter("escalation.deadline_factor", "升级与时限", "factor", 0.5,
              "What a step of severity leaves of the time to the deadline.", minimum=0.01, maximum=1.0, low=0.25, high=1.0),
    Parameter("escalation.urgent_from", "紧急等级", "severity", 3, "Cases this severe are served before all others (5: never).",
              minimum=2, maximum=5, source="model design"),
    # --- R3 patrol, R4 residents, lapse ------------------------------------------------------------------------
    _share("patrol.coverage", "日巡查覆盖", 0.25, "Part of a grid walked on a working day at standard hours.",
           low=0.05, high=0.8, lever=True),
    _share("patrol.detection", "巡查发现率", 0.117, "Chance that a pass notices a latent incident.", low=0.05, high=0.6,
           source="fitted to 86,312 gross patrol reports a year", grade="D"),
    Parameter("patrol.strategy", "巡查策略", "choice", "own",
              "Where the hours go: each grid its own ground evenly; pooled evenly over the community (cooperative) or the "
              "city (random); pooled and sent first where cases were recorded, in the community or the district; or half "
              "evenly and half to the community's hotspots.",
              choices=("own", "random", "cooperative", "community-first", "district-first", "hotspots"),
              source="names of four: DeciUrban, a model of inspection in Shanghai; definitions ours", lever=True),
    _share("patrol.focus", "聚焦程度", 0.8, "Part of the hours that the two -first strategies send where cases were recorded.",
           low=0.5, high=0.95),
    Parameter("patrol.memory_days", "热点记忆", "d", 90, "How long a recorded case counts for a hotspot (mean, exponential).",
              minimum=28, maximum=3_650, low=28, high=365),
    _positive("residents.report_rate", "居民上报率", "1/d", 0.00683, "Hazard that residents report a latent incident.",
              low=0.002, high=0.05, source="fitted to a patrol share of 62 % of reports (宜黄, press)", grade="D"),
    Parameter("residents.disparity", "上报差异", "ratio p90/p10", 3.0, "Difference in reporting between people.",
              minimum=1.0, low=1.0, high=6.0, source="Liu, Bhandaram & Garg 2023, arXiv 2204.08620", grade="A", maximum=1e6),
    _share("residents.place_share", "地区上报差异占比", 0.5,
           "Part of that difference (variance of the logarithm) that lies between communities, not between people of one.",
           low=0.0, high=1.0, source="that places differ: Liu, Bhandaram & Garg 2023; the part is assumed"),
    Parameter("residents.experience", "成功经历效应", "factor", 1.57,
              "Reporting by a resident whose first report was truly fixed, in time and with feedback, relative to before.",
              minimum=1.0, maximum=10.0, low=1.0, high=2.0, source="Sjoberg, Mellon & Peixoto 2017: +57 % second reports, n = 399,364",
              grade="A"),
    _positive("residents.trust_slope", "信任与上报", "1/unit of trust", 3.4,
              "Reporting is proportional to exp(slope · (trust − baseline)).", low=0.0, high=6.0, maximum=20.0,
              source="Beijing's requests tripled while satisfaction rose from .65 to .97, 2019–2023 (press): an upper reading"),
    _share("residents.wechat_reach", "微信群覆盖", 0.40, "Residents in a WeChat group of their grid.", low=0.3, high=0.9,
           source="assumption for 2021; .73 of those aged 18–65 in July 2022 (press)"),
    # --- R14 feedback, R15 trust ---------------------------------------------------------------------------------
    _share("feedback.share", "反馈率", 0.2, "Reporters who are told what becomes of their case.", low=0.0, high=1.0, lever=True,
           source="status quo assumed; the paper asks for somebody who follows up and answers"),
    _positive("feedback.hours", "反馈工时", "h", 0.25, "Time to tell a reporter, of the gridworker, expert or department team that takes the case up first.",
              low=0.0, high=1.0, maximum=100.0),
    _share("feedback.untold", "未反馈时的增信", 0.5, "What is left of a gain of trust when nobody tells the reporter.", low=0.0, high=1.0),
    _share("feedback.cushion", "反馈缓冲", 0.3, "Part of a loss of trust that an explanation prevents.", low=0.0, high=0.7),
    _share("trust.grid", "网格信任", 0.63, "Trust in the grid to which people return.", low=0.4, high=0.8, minimum=0.01, maximum=0.99,
           source="HEPS 2012, trust in village committees: 63 %, rural; transferred", grade="A"),
    _share("trust.department", "部门信任", 0.50, "Trust in departments to which people return.", low=0.4, high=0.8, minimum=0.01, maximum=0.99,
           source="HEPS 2012, trust in county leaders: 50 %, rural; transferred", grade="A"),
    _share("trust.gain", "增信系数", 0.135, "A full success moves trust by gain · (1 − trust): .05 at .63.", low=0.03, high=0.4),
    _share("trust.loss", "失信系数", 0.127, "A full failure moves trust by −loss · trust: −.08 at .63, more than a success gains.", low=0.02, high=0.3),
    Parameter("trust.false_closure", "失实办结加重", "factor", 2.0,
              "How much more than a delay a case counts that was closed without being solved.", minimum=1.0, maximum=10.0, low=1.0, high=4.0),
    _share("trust.expectation", "初始期望", 0.42, "What people expect at first: performance that neither pleases nor disappoints.",
           low=0.3, high=0.8, minimum=0.01, maximum=0.99),
    _share("trust.rise", "期望上升", 0.10, "Part of the way that expectation follows success upwards in 28 days.", low=0.0, high=0.4),
    _share("trust.fall", "期望下降", 0.03, "Part of the way that it follows downwards: expectations rise faster than they fall.",
           low=0.0, high=0.2),
    _share("trust.hearsay", "口碑", 0.02, "Trust moves in 28 days by this much of what success exceeds (or misses) expectation by.",
           low=0.0, high=0.1),
    _share("trust.recent", "近案权重", 0.10, "Weight of the latest outcome in a neighbourhood's success: some ten cases are remembered.",
           low=0.02, high=0.3, minimum=0.001),
    Parameter("trust.memory_days", "信任恢复期", "d", 730.0, "Time in which trust returns to its baseline (mean, exponential).",
              minimum=1.0, maximum=1e6, low=180.0, high=3650.0),
    _share("trust.exit", "退出率", 0.10, "Chance that a reporter whose case is let down gives up reporting, times his mistrust.",
           low=0.0, high=0.4, source="form: Hirschman 1970, exit and voice; number assumed"),
    Parameter("trust.exit_days", "退出期", "d", 365.0, "How long he stays silent (mean).", minimum=1.0, maximum=1e6, low=90.0, high=1460.0),
    _share("grievance.growth", "民怨积累", 0.10, "Grievance grows in 28 days by this much of the disappointment.", low=0.0, high=0.4),
    Parameter("grievance.memory_days", "民怨消退期", "d", 180.0, "Time in which it fades (mean, exponential).", minimum=1.0,
              maximum=1e6, low=60.0, high=730.0),
    _share("grievance.disputes", "民怨生纠纷", 0.5, "Rise of mediated incidents (disputes) where grievance is complete.", low=0.0, high=1.5,
           maximum=3.0),
    # --- R16 participation -----------------------------------------------------------------------------------------
    _share("participation.initial", "初始参与率", 0.10, "Residents who take part at first.", low=0.03, high=0.30,
           source="30 % volunteers of those aged 18–69 in 2021 (press) is the upper end"),
    Parameter("participation.threshold", "参与阈值", "share of ties", 0.25,
              "Mean share of one's ties that must take part before contagion acts; above 1 it never does.", minimum=0.0, maximum=2.0,
              low=0.1, high=0.5, source="complex contagion: Centola & Macy 2007; number assumed"),
    Parameter("participation.threshold_concentration", "阈值集中度", "Beta concentration", 8.0, "Spread of thresholds between people.",
              minimum=0.1, maximum=1000.0, low=3.0, high=30.0),
    _share("participation.spontaneous", "自发参与", 0.002, "Hazard of beginning to take part without example, in 28 days.", low=0.0, high=0.01),
    _share("participation.contagion", "示范效应", 0.0213, "Hazard added where the threshold is reached, in 28 days.", low=0.0, high=0.05,
           source="fitted so that participation stands still where it begins", grade="D"),
    _positive("participation.trust_slope", "信任与参与", "1/unit of trust", 2.0,
              "Beginning is proportional to exp(slope · (trust − baseline)).", low=0.0, high=6.0, maximum=20.0),
    _positive("participation.matthew", "马太增益", "coefficient", 0.6,
              "Reinforcement: beginning is proportional to 1 + gain · (success − expectation at first), never below 0.",
              low=0.0, high=1.5, maximum=10.0),
    _share("participation.leaving", "退出参与", 0.08, "Hazard of ceasing to take part in 28 days, times what success lacks.", low=0.0, high=0.2),
    _positive("participation.reporting", "参与者上报", "factor", 1.5, "Reporting by one who takes part, relative to others.",
              low=1.0, high=3.0, maximum=20.0),
    Parameter("ties.near", "近邻关系数", "ties", 6, "Ties to the next residents of the same place, half on either side (even).", minimum=0,
              maximum=12, low=4, high=8, source="form: Newman & Watts 1999"),
    Parameter("ties.far", "远程关系数", "ties", 2, "Ties across the district of those who are in a WeChat group.", minimum=0, maximum=4, low=0, high=4),
    Parameter("ties.structure", "关系结构", "choice", "clustered",
              "Clustered: near ties are neighbours; long: as many ties, all across the district.", choices=("clustered", "long"),
              source="the two structures of Centola & Macy 2007"),
    _share("organisations.coverage", "社会组织覆盖", 0.0, "Communities in which a social organisation takes residents in.",
           source="none assumed; the paper counts them among those who govern", lever=True),
    _share("organisations.recruiting", "社会组织吸纳", 0.01, "Hazard added of beginning to take part there, in 28 days.", low=0.0, high=0.04),
    _share("organisations.skill", "社会组织助力", 0.5, "Part of the failures of self-resolution that they prevent.", low=0.0, high=0.9),
    # --- R6 self-resolution ----------------------------------------------------------------------------------------
    _share("self_resolution.allowed", "自治授权", 0.5, "How far residents may settle what they can.", lever=True,
           source="status quo assumed; the paper asks to empower"),
    _positive("self_resolution.rate", "自治解决率", "1/d", 0.10, "Hazard of settling a simple incident if everybody took part.",
              low=0.0, high=0.4, maximum=10.0, source="some 15 % of simple incidents per full participation: assumption"),
    _share("self_resolution.failure", "自治失败率", 0.2, "Self-resolutions that were wrong or abandoned: the incident returns, worse.",
           low=0.05, high=0.5),
    _delay("self_resolution.returns", "失败复现", Exponential(mean=10.0), "Until such an incident is there again.", low=3.0, high=30.0),
    # --- R18 outreach ------------------------------------------------------------------------------------------------
    _positive("outreach.hours", "政策宣传工时", "h/week", 0.0, "A full-timer's hours for policy publicity (force and frequency).", low=0.0,
              high=6.0, maximum=20.0, lever=True, source="status quo: part of administration; the paper asks for more, not how much"),
    Parameter("outreach.taken_from", "宣传工时来源", "choice", "patrol", "What publicity and watching public opinion take their hours from.",
              choices=("patrol", "events"), source="model design", lever=True),
    _share("outreach.content", "内容贴近度", 0.5, "How far the content concerns people.", low=0.2, high=0.9, lever=True),
    Parameter("outreach.form", "宣传形式", "choice", "notices", "Notices, or animation and short videos, which reach further.",
              choices=("notices", "videos"), source="the paper names animation and short videos", lever=True),
    Parameter("outreach.video_factor", "短视频系数", "factor", 1.5, "Effect of videos relative to notices.", minimum=1.0, maximum=10.0,
              low=1.0, high=2.5),
    _share("outreach.gain", "宣传增信", 0.02, "Trust gained in 28 days by one who is reached, at full content and endless hours.",
           low=0.0, high=0.06),
    Parameter("outreach.half_hours", "宣传半效工时", "h/week", 2.0, "Hours a week that bring half of it.", minimum=0.01, maximum=100.0,
              low=0.5, high=8.0),
    _share("outreach.door_to_door", "入户覆盖", 0.3, "Part of that for a registered resident outside the WeChat groups.", low=0.0, high=0.8),
    # --- R5 early warning, R19 security ---------------------------------------------------------------------------------
    _share("warning.sensitivity", "预警灵敏度", 0.0, "How far signs in public opinion are watched for.", lever=True,
           source="status quo; the paper asks for monitoring and early warning"),
    _positive("warning.rate", "预警发现率", "1/d", 0.03, "Hazard that a sign is noticed, of incidents that plainly show and at full sensitivity and reach.",
              low=0.0, high=0.1, maximum=10.0),
    _positive("warning.hours", "舆情工时", "h/week", 1.0, "A full-timer's hours for watching, at full sensitivity.", low=0.0, high=4.0, maximum=20.0),
    _positive("warning.false", "虚警比", "per genuine", 0.5, "False signs audited beside each genuine one.", low=0.0, high=3.0, maximum=100.0),
    _share("patrol.all_subject", "全科覆盖", 0.0, "How far patrol looks for every category alike instead of what is plain to see.",
           source="status quo; the paper's all-subject net", lever=True),
    _positive("security.repeat", "近重复系数", "factor per case", 0.3,
              "Rise of safety incidents at a place for each that arose there lately, seen or not (at most two count).", low=0.0, high=1.0, maximum=1.0,
              source="events breed events nearby in Shanghai's grid data (Wang et al.); here at the same place, number assumed"),
    Parameter("security.memory_days", "近重复期", "d", 28.0, "How long one counts (mean, exponential).", minimum=1.0, maximum=3650.0, low=14.0, high=90.0),
    _share("security.tips", "线索征集", 0.0, "How far tips of those who take part are asked for.", lever=True,
           source="status quo; the paper's crime-space net"),
    _positive("security.tip_factor", "线索系数", "factor", 5.0, "Rise of reports of safety incidents if everybody took part and tips were asked for.",
              low=0.0, high=15.0, maximum=100.0),
    Parameter("security.alert", "警情广播", "on/off", False, "A severe safety case mobilises the residents of its community (an AMBER-like alert).",
              source="status quo; the paper names the system", lever=True),
    Parameter("security.alert_factor", "警情动员", "factor", 3.0, "Reports of safety incidents there while it lasts.", minimum=1.0, maximum=100.0,
              low=1.0, high=6.0),
    Parameter("security.alert_days", "警情时长", "d", 7.0, "How long it lasts.", minimum=0.01, maximum=365.0, low=2.0, high=14.0),
    _share("security.alert_wear", "警情疲劳", 0.8, "What every earlier alert in memory leaves of the rise.", low=0.5, high=1.0),
    Parameter("latent.lapse_days", "自然消失时间", "d", 22.4, "Mean time until a latent incident vanishes.", minimum=0.01,
              low=5.0, high=60.0, source=PROBE, maximum=1e6),
    # --- R5 video ------------------------------------------------------------------------------------------------
    _share("video.coverage", "视频接入率", 0.35, "Urban places whose cameras are connected to the platform.", low=0.0, high=1.0,
           source="assumption; the paper says that not all centres are connected", lever=True),
    _positive("video.detection", "视频发现率", "1/d", 0.004, "Hazard that a camera notices what is plain to see.",
              low=0.0, high=0.02, maximum=10.0),
    Parameter("video.command_depth", "视频指挥深度", "tier", 2,
              "Tier down to which video command reaches: 1 city, 2 district, 3 street, 4 community; what a camera found "
              "climbs down the tiers below by ordinary dispatch.", minimum=1, maximum=4, low=2, high=4,
              source=PAPER + ": reaches the county tier only", grade="S", lever=True),
    # --- R7 intake, R8 triage ----------------------------------------------------------------------------------
    _share("intake.valid_patrol", "巡查上报有效率", 0.9755, "Patrol reports that pass the audit.", low=0.90, high=0.99,
           source=PAPER + ": 84,201 of 86,312", grade="S", minimum=0.01),
    _share("intake.valid_residents", "居民上报有效率", 0.80, "Raw resident reports that pass the audit.", low=0.3, high=0.95, minimum=0.01),
    _share("intake.duplicates", "重复件", 0.08, "Valid resident reports that repeat a known incident.", low=0.0, high=0.25,
           maximum=0.5),
    _share("intake.wrong_rejection", "误判无效", 0.01, "Genuine reports the audit rejects; the incident stays latent.",
           low=0.0, high=0.05),
    _positive("intake.unregistered_hours", "补录工时", "h", 0.25,
              "Extra handling time when the reporter's details must first be entered.", low=0.0, high=1.0, maximum=1_000.0),
    _share("triage.accuracy", "分派准确率", 0.80, "Chance that a dispatch reaches the right owner.", low=0.6, high=0.97,
           source="0.75 on a commercial page; assumption", lever=True),
    Parameter("triage.hops", "受理层级数", "#", 1, "Tiers a report climbs to be registered and dispatched to its grid.",
              minimum=0, maximum=5, low=0, high=2),
    _share("triage.automatic", "自动派单比例", 0.0, "Cases classified and dispatched by the platform itself, at once.",
           source="status quo; the paper asks for it", lever=True),
    _share("triage.automatic_accuracy", "自动派单准确率", 0.90, "Chance that an automatic dispatch reaches the right owner.",
           low=0.75, high=0.98, lever=True),
    Parameter("intake.green_channel", "群众诉求绿色通道", "on/off", False,
              "Residents' reports are dispatched at once and served before others.", source="status quo; the paper asks for it",
              lever=True),
    _share("follow_up.share", "专人跟进比例", 0.0, "Cases that a follow-up officer watches.",
           source="status quo; the paper asks for one", lever=True),
    Parameter("follow_up.delay_factor", "跟进提速", "factor", 0.5, "What is left of returns and stalled time in a watched case.",
              minimum=0.0, maximum=1.0, low=0.25, high=1.0),
    _share("follow_up.prevents_formal", "跟进防形式办结", 0.5, "Paper closures that a follow-up officer prevents.", low=0.0, high=0.9),
    _share("platform.data_integration", "数据整合", 0.0,
           "How far databases are joined: lowers the information barrier and duplicate entry in proportion.",
           source="status quo; the paper asks for it", lever=True),
    _delay("triage.return_delay", "退单耗时", Exponential(mean=1.5), "Time lost by one returned dispatch.", low=0.5, high=4.0),
    # --- R9 grid handling ----------------------------------------------------------------------------------------
    _delay("handling.service", "网格处置工时", Lognormal(median=3.0, sigma=0.8), "Work on one attempt.", unit="h", lever=True, low=1.0, high=8.0),
    Parameter("handling.ability", "能力截距", "logit", 2.4, "Success of an attempt = logistic(ability − slope · complexity).",
              source="form: Shumsky & Pinker 2003; numbers assumed", low=1.4, high=3.4, minimum=-100.0,
              maximum=100.0),
    Parameter("handling.complexity_slope", "复杂度斜率", "logit", 4.0, "See handling.ability.",
              source="form: Shumsky & Pinker 2003; numbers assumed", low=2.0, high=6.0, minimum=0.0,
              maximum=50.0),
    Parameter("handling.complexity_concentration", "复杂度集中度", "Beta concentration", 6.0,
              "Spread of complexity inside a category.", minimum=0.1, maximum=1000.0, low=3.0, high=12.0),
    Parameter("handling.max_attempts", "最多尝试", "#", 5, "Failed attempts before a department is called.", minimum=1,
              maximum=20, low=1, high=8),
    _share("handling.on_the_spot_share", "当场处置", 0.15, "Patrol finds that need no department and are settled at once.",
           low=0.0, high=0.5),
    _delay("handling.on_the_spot", "当场处置工时", Lognormal(median=1.0, sigma=0.3), "Work on the spot.", unit="h", low=0.5, high=2.0),
    _share("handling.selectivity", "选择性", 0.3,
           "σ: rank in a queue = (1 − σ) · first come + σ · easiest first; 0 is first come, first served.", low=0.0, high=1.0,
           source="assumption; the paper names selective governance as an ailment, not measured in Daqing", lever=True),
    # --- R10 experts -------------------------------------------------------------------------------------------------
    _positive("experts.per_full_time", "专业/专职比", "experts / full-timer", 0.0, "Professional gridworkers on the roster.",
              maximum=20.0, source=PAPER + ": 阙如 (none); Ranghulu had .49 in 2022", grade="S", lever=True),
    Parameter("experts.kind", "专家来源", "choice", "outside",
              "Outside professionals; staff seconded from departments, whom these then lack; or retired people.",
              choices=("outside", "seconded", "retired"), source="model design", lever=True),
    Parameter("experts.pool", "服务范围", "choice", "street", "Area that shares its experts and their queue.",
              choices=("community", "street", "district"), source="model design", lever=True),
    _positive("experts.hours_per_week", "专家可用工时", "h/week", 6.0, "Hours an expert is rostered for.", maximum=40.0,
              low=2.0, high=20.0, lever=True),
    _positive("experts.retired_hours", "退休工时系数", "factor", 1.5, "Hours of a retired expert relative to the roster.",
              low=1.0, high=3.0, maximum=5.0),
    _share("experts.participation", "到岗率", 0.7, "Part of the rostered hours that is given without an incentive.", low=0.3, high=1.0),
    _share("experts.incentive", "激励", 0.0, "How far incentives of the home unit close what is missing of it.",
           source="status quo; the paper asks for incentives", lever=True),
    Parameter("experts.ability", "专家能力截距", "logit", 3.4, "Success in the own field = logistic(ability − slope · complexity).",
              low=2.4, high=4.4, minimum=-100.0, maximum=100.0),
    Parameter("experts.complexity_slope", "专家复杂度斜率", "logit", 2.2, "See experts.ability.", low=1.0, high=4.0,
              minimum=0.0, maximum=50.0),
    Parameter("experts.speed", "专家速度比", "factor", 1.6, "Speed of an attempt relative to a gridworker.", minimum=0.05,
              low=1.0, high=2.5, maximum=20.0),
    _delay("experts.handover", "移交", Exponential(mean=1.0), "From referral to an expert's queue.", low=0.2, high=4.0),
    _positive("experts.handover_hours", "移交工时", "h", 0.5, "An expert's extra hours to take a case over.", low=0.0, high=2.0,
              maximum=40.0),
    _positive("experts.waiting_limit", "排队上限", "cases / expert", 2.0,
              "No case is handed over while this many wait for each expert of the line.", low=1.0, high=10.0),
    Parameter("experts.attempts", "专家尝试", "#", 2, "Failed attempts of experts before departments are called.", minimum=1,
              maximum=20, low=1, high=4),
    Parameter("experts.substitution_factor", "替代系数", "factor", 1.0,
              "Scales the category table's share of department cases that an expert can settle instead.", minimum=0.0,
              maximum=2.0, low=0.0, high=2.0),
    _share("experts.training_relief", "培训减负", 0.3, "Part of the full-timers' training that experts take over.", low=0.0, high=0.6),
    Parameter("experts.class_size", "每班人数", "persons", 10, "Gridworkers whom an expert trains at a time, in rostered hours.",
              minimum=1, maximum=1000, low=5, high=30),
    Parameter("experts.relief_from", "减负所需比例", "experts / full-timer", 0.2,
              "Roster at which that relief is complete; in proportion below.", minimum=0.01, maximum=5.0, low=0.1, high=0.5),
    *(_positive(f"experts.weight_{key}", chinese, "weight", 1.0, "Weight of this field in the roster.", maximum=100.0,
                source="equal shares; the paper lists the fields, not their numbers", lever=True)
      for key, chinese in EXPERT_FIELDS.items()),
    # --- R11 linkage or referral -----------------------------------------------------------------------------------
    _share("linkage.rate", "部门联动率", 0.70,
           "ρ: chance that the departments a case needs answer the whistle. Not the linked share, which is m·ρ.",
           low=0.40, high=0.95, source=PAPER + ": m·ρ < 30 % since the end of 2021; ρ itself assumed", lever=True),
    _delay("linkage.report_in", "报到时滞", Exponential(mean=2.0), "From whistle to a department's report-in.",
           source="≤ 1 d is good practice (佳木斯, press)", grade="B", lever=True, low=0.2, high=7.0),
    Parameter("linkage.parallel", "并联处置", "on/off", True, "Linked departments work side by side, not one after another.",
              source="model design", lever=True),
    _share("linkage.silo", "信息壁垒", 0.6, "Information barrier: lowers the accuracy of referral between departments.",
           low=0.0, high=1.0, source="assumption; the paper says it qualitatively"),
    _share("linkage.silo_weight", "壁垒权重", 0.5, "Referral accuracy = triage accuracy · (1 − weight · silo).",
           low=0.0, high=1.0),
    _positive("linkage.coordination", "协调成本", "share of effort", 0.10, "Extra department effort on a linked sub-task.",
              low=0.0, high=0.5, maximum=1_000.0),
    _share("linkage.false_whistles", "误吹哨率", 0.05, "False whistles that come with each genuine one.", low=0.0, high=0.2),
    _positive("linkage.false_slope", "误吹哨增幅", "per unit of ρ", 0.1, "Rise of that share for a linkage rate above .8.",
              low=0.0, high=0.5, maximum=10.0),
    _delay("linkage.false_effort", "误吹哨耗时", Exponential(mean=0.25), "Team time to find that a whistle was false.",
           unit="working d", low=0.1, high=1.0),
    _positive("linkage.fatigue", "吹哨疲劳", "elasticity", 0.3,
              "θ: answered share = ρ · min(1, capacity ÷ load of the last five working days)^θ.", low=0.0, high=1.0, maximum=10.0,
              source="over-whistling exhausts departments (press, qualitative)"),
    _delay("linkage.hop", "层级流转", Exponential(mean=0.5), "One hop up the tiers.", lever=True, low=0.1, high=2.0),
    Parameter("linkage.hops", "流转层级数", "#", 2, "Tiers between a grid and the district's departments.", minimum=0,
              maximum=5, low=1, high=3),
    _share("linkage.drop", "无人受理", 0.407, "Chance that an unlinked department leaves the case lying (at most .95).", low=0.1, high=0.7,
           maximum=0.95,
           source=PROBE + "; sets the closure rate"),
    _delay("linkage.stalled", "停滞时间", Exponential(mean=300.0), "How long a dropped case lies before it is taken up.",
           source=PROBE, low=100.0, high=600.0),
    # --- R12 departments ----------------------------------------------------------------------------------------------
    _positive("departments.need_factor", "部门需求系数", "factor", 0.95,
              "Scales the category table's chance of needing a department, as exhausted cases come on top.",
              maximum=1.4, low=0.5, high=1.3, source="exhausted attempts add about .017 to m"),
    _positive("departments.extra", "附加部门数", "departments", 0.5, "Departments needed = 1 + Poisson(extra), at most 4.",
              low=0.0, high=1.5, maximum=3.0),
    _share("departments.city_level_share", "市级部门占比", 0.0, "Sub-tasks that belong to a city-level department.",
           low=0.0, high=0.36, source="11.1 % 伊春, 35.5 % 盘锦: analogues", grade="A"),
    _delay("departments.duration", "部门处置时长", Lognormal(median=3.0, sigma=1.2),
           "From a team taking the sub-task to its end.", unit="working d",
           source="spread from US 311 data; median assumed", grade="B", low=1.5, high=6.0),
    _share("departments.active_share", "实际工作占比", 1 / 6, "Part of that time that holds a team.", low=0.05, high=1.0,
           source="median active effort .5 of 3 working days"),
    Parameter("departments.hold_team", "占用方式", "choice", "active", "Whether a team is held for the active part or throughout.",
              choices=("active", "throughout"), source="model design"),
    Parameter("departments.added_teams", "增加队伍", "teams", 0, "Teams added to every department that has any.", minimum=0,
              maximum=1000, source="status quo", lever=True),
    Parameter("departments.people_per_team", "每队人数", "persons", 4, "People in a team; what a seconded expert takes from it.",
              minimum=1, maximum=100, low=2, high=8),
    # --- R13 closure -------------------------------------------------------------------------------------------------
    _share("closure.formal", "形式办结率", 0.12, "Overdue cases that nobody has taken up, closed on paper at the first breached deadline.",
           low=0.0, high=0.4, source="15 % in one community on an unsourced page", grade="C"),
    _share("closure.reopen", "重新打开率", 0.30, "Formally closed cases that come back.", low=0.0, high=0.8),
    _delay("closure.reopen_delay", "重新打开时滞", Exponential(mean=10.0), "From formal closure to reopening.", low=5.0, high=30.0),
    Parameter("closure.appraisal", "考核方式", "choice", "neither",
              "By closure: files are closed on paper more often; by residents: what was closed on paper comes back more often.",
              choices=("neither", "closure", "residents"), source="our construct, not the paper's", lever=True),
    Parameter("closure.appraisal_factor", "考核影响", "factor", 2.0, "How much more often.", minimum=1.0, maximum=10.0,
              low=1.0, high=3.0),
    # --- smallest differences that matter -----------------------------------------------------------------------------------
    _positive("matters.days", "最小有意义差异：时间", "d", 0.25, "Differences in days below this are called too small to matter.", maximum=36_500.0),
    _share("matters.share", "最小有意义差异：比例", 0.005, "The same for shares (half a percentage point)."),
    _share("matters.relative", "最小有意义差异：数量", 0.02, "The same for counts and hours, relative to the baseline."),
    _share("matters.growth", "过载判定增幅", 0.10,
           "Growth of the backlog in a year, relative to its mean, above which arrivals are said to exceed capacity."),
    # --- how money is reckoned ------------------------------------------------------------------------------------------------
    _positive("cost.life_years", "一次性投入摊销年限", "years", 5.0,
              "Years over which one-off outlay is spread, in equal parts and without interest.", minimum=0.1, maximum=100.0,
              low=3.0, high=10.0),
)

# fmt: on
REGISTRY: dict[str, Parameter] = {p.key: p for p in PARAMETERS}


@dataclass(frozen=True)
class Column:
    """A column of the category, district or department table of a scenario: like a parameter, once per row."""

    name: str
    chinese: str
    unit: str
    text: str
    source: str = "assumption"
    grade: Grade = "X"
    minimum: float | None = 0.0
    maximum: float | None = None
    type: Any = float
    default: Any = ...


# fmt: off
CATEGORY_COLUMNS: tuple[Column, ...] = (
    Column("chinese", "类别", "text", "Chinese name.", type=str, default=""),
    Column("share", "发生占比", "share of incidents",
           "Reported share divided by the category's detection probability, normalised.", grade="D", maximum=1.0,
           source="reported mix blended from 12345 hotlines of Ranghulu, Taizhou, Beijing (B), inverted"),
    Column("needs_department", "需部门占比", "share", "Chance of needing a department.", maximum=1.0),
    Column("complexity", "复杂度", "0–1", "Mean complexity (Beta).", minimum=0.001, maximum=0.999),
    Column("deadline_days", "办理时限", "d", "Days from report to the deadline.", minimum=0.01,
           source="handbooks of Chinese cities, blended", grade="B"),
    Column("visibility", "可见度", "factor", "How easily a patrol notices it (mean 1 over incidents).", default=1.0),
    Column("reporting", "上报倾向", "factor", "How readily residents report it.", default=1.0),
    Column("lapse", "消失速度", "factor", "How fast it vanishes by itself.", default=1.0),
    Column("field", "主办部门", "department field", "Lead department.", type=str),
    Column("emergency", "紧急占比", "share", "Incidents that begin at severity 3 instead of 1.", maximum=1.0, default=0.0),
    Column("escalation", "升级速度", "α", "Escalation hazard = rate · (1 + α · age ÷ deadline).", maximum=100.0, default=0.0,
           source="O'Brien & Sampson 2015: private conflict escalates, disorder hardly; numbers assumed"),
    Column("self_resolvable", "可自治", "factor", "How readily residents who take part settle it themselves.", default=0.0, maximum=100.0),
    Column("signs", "舆情显露", "factor", "How plainly public opinion shows it before it is reported.", default=0.0, maximum=100.0),
    Column("security", "平安类", "yes/no", "Public safety: comes in hotspots; tips and alerts concern it.", type=bool, default=False),
    Column("mediated", "经调解", "yes/no", "Settled by mediation, which severity makes harder.", type=bool, default=False),
    Column("video", "视频可见度", "factor", "How plainly a camera sees it.", default=0.0),
    Column("expert", "专家领域", "expert field", "Field of professional gridworker who can help; empty if none.", type=str,
           default="", source=PAPER + ": fields; which category each serves is assumed"),
    Column("expert_second", "第二专家领域", "expert field", "Field of the other half of such cases.", type=str, default=""),
    Column("expert_share", "属专家领域", "share", "Cases of this category that lie in an expert's field.", maximum=1.0,
           default=0.0),
    Column("substitutable", "专家可替代部门", "share", "Department cases of an expert's field that the expert can settle instead.",
           maximum=1.0, default=0.0),
)

COST_COLUMNS: tuple[Column, ...] = (
    Column("chinese", "名称", "text", "Chinese name.", type=str, default=""),
    Column("yuan", "单价", "yuan", "Price of one.", minimum=None, maximum=1e12),
    Column("unit", "单位", "text", "What one is.", type=str, default=""),
    Column("source", "来源", "text", "Where the price comes from.", type=str, default="assumption"),
    Column("grade", "证据等级", "grade", "Evidence grade.", type=str, default="X"),
)

DISTRICT_COLUMNS: tuple[Column, ...] = (
    Column("chinese", "名称", "text", "Chinese name.", type=str, default=""),
    Column("population", "人口", "persons", "Residents.", minimum=1, maximum=100_000_000, type=int, source=CENSUS, grade="A"),
    Column("urban", "城区", "yes/no", "Urban district.", type=bool, default=True),
    Column("understaffed", "未配齐", "yes/no", "Named as understaffed.", type=bool, default=False, source=PAPER, grade="S"),
)

# What things cost; a scenario may replace any of it in [costs.<name>].
UNIT_COSTS: dict[str, dict[str, Any]] = {
    "full_timer": {"chinese": "专职网格员", "yuan": 60_000.0, "unit": "person-year",
                   "source": "3,300–4,300 yuan a month on a commercial page, plus the employer's share", "grade": "C"},
    "part_timer": {"chinese": "兼职网格员", "yuan": 4_800.0, "unit": "person-year",
                   "source": "200–400 yuan a month of allowance on a commercial page", "grade": "C"},
    "firm_staff": {"chinese": "单位专属网格人员", "yuan": 12_000.0, "unit": "person-year",
                   "source": "assumption: a fifth of a post; the firm pays"},
    "expert_hour_outside": {"chinese": "社会专家工时", "yuan": 150.0, "unit": "rostered hour"},
    "expert_hour_seconded": {"chinese": "下沉干部工时", "yuan": 0.0, "unit": "rostered hour",
                             "source": "assumption: paid by the department, whose strength they take away"},
    "expert_hour_retired": {"chinese": "退休专家工时", "yuan": 50.0, "unit": "rostered hour"},
    "staff_incentive": {"chinese": "网格员激励", "yuan": 6_000.0, "unit": "person-year at full incentive",
                        "source": "assumption: a tenth of a full-timer's cost"},
    "team": {"chinese": "部门处置队伍", "yuan": 320_000.0, "unit": "team-year of four people"},
    "expert_incentive": {"chinese": "专家激励", "yuan": 3_000.0, "unit": "expert-year at full incentive"},
    "duty_officer": {"chinese": "报到值班人员（半个岗位）", "yuan": 30_000.0, "unit": "half a post, a year"},
    "follow_up_officer": {"chinese": "跟进专员", "yuan": 60_000.0, "unit": "person-year"},
    "data_link": {"chinese": "部门数据库接入综治平台", "yuan": 200_000.0, "unit": "department, once"},
    "automatic_dispatch": {"chinese": "自动分类派单系统", "yuan": 2_000_000.0, "unit": "system, once"},
    "device": {"chinese": "录入上报设备", "yuan": 2_500.0, "unit": "device, once"},
    "camera_link": {"chinese": "视频接入", "yuan": 20_000.0, "unit": "place, once"},
    "social_organisation": {"chinese": "社会组织扶持", "yuan": 30_000.0, "unit": "organisation, a year"},
    "publicity": {"chinese": "动画与短视频制作", "yuan": 200_000.0, "unit": "district, a year"},
    "opinion_monitoring": {"chinese": "民情监测", "yuan": 500_000.0, "unit": "system, a year"},
    "alert_system": {"chinese": "警情广播系统", "yuan": 1_000_000.0, "unit": "system, once"},
    "redraw_grid": {"chinese": "撤并网格的重划与信息重录", "yuan": 2_000.0, "unit": "grid, once"},
}
# fmt: on
