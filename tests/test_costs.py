"""Costs, capacity and effort: against arithmetic by hand."""

import numpy as np
import pandas as pd
import pytest
from conftest import deterministic, single_queue

from gridsim.cli import main
from gridsim.measures import measure_windows
from gridsim.measures.load import SATURATED, load
from gridsim.model.city import City
from gridsim.model.counts import COUNTS, OF_FIRMS
from gridsim.model.world import World
from gridsim.scenario.costs import roster_size, rostered_hours, running_cost
from gridsim.scenario.hours import year_of_hours
from gridsim.scenario.parameters import UNIT_COSTS
from gridsim.scenario.policies import Cost, Option, Per, Phase, Policy, builtin_policies, parse_options, read_policies
from gridsim.scenario.scenario import ScenarioError, load_scenario
from gridsim.studies.comparison import compare
from gridsim.studies.groups import mean_load, overloaded, saturated
from gridsim.studies.outlay import _case_days, saved_by_firms
from gridsim.views import words

BASE = load_scenario("neighbourhood")


def file(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_everything_that_can_be_charged_for_is_counted():
    assert {*COUNTS, *OF_FIRMS} == set(Per.__args__)


def test_counts_by_hand():
    city = City(BASE)
    policy = BASE.replace(
        {
            "staff.full_time": 70,
            "staff.part_time": 40,
            "staff.devices": 0.5,
            "experts.per_full_time": 0.1,
            "departments.added_teams": 2,
            "dedicated.kept_share": 0.25,
            "video.coverage": 1.0,
        }
    )
    n = city.counts(policy, BASE)
    assert (n["full_time"], n["added_full_time"], n["added_part_time"]) == (70, 9, -6)
    assert (n["expert"], n["expert_hour"]) == (7, 7 * 6 * 52)
    assert n["added_team"] == 8 * 2 and n["department"] == 8
    assert n["device"] == 58 and n["added_firm_staff"] == -15 and n["dedicated_grid_dissolved"] == 15
    assert (n["street"], n["community"], n["district"], n["city"]) == (1, 8, 1, 1)
    assert n["camera"] == (city.place.camera >= BASE.video.coverage).sum() > 60  # all the others, all urban
    idle = city.counts(BASE)
    assert all(idle[k] == 0 for k in ("added_full_time", "added_team", "expert", "expert_hour", "device", "camera"))
    assert city.counts(BASE, policy)["camera"] == 0 and city.counts(BASE, policy)["added_full_time"] == -9


def test_what_firms_save_is_not_the_citys():
    known = builtin_policies()
    option = Option("consolidate-dedicated-grids", (known["consolidate-dedicated-grids"],))
    city = City(BASE)
    n = city.counts(option.phases(BASE)[-1].scenario, BASE)
    spent = option.outlay(n, BASE.costs)
    assert n["added_firm_staff"] == -17  # one grid of three is left of twenty of one
    assert saved_by_firms(option, n, BASE) == spent["saved_yearly"] == 17 * 12_000
    own = Policy(
        name="x",
        cost=(Cost(item="posts", per="full_time", yuan=-5.0), Cost(item="f", per="added_firm_staff", yuan=1.0)),
    )
    assert saved_by_firms(Option("x", (own,)), {"full_time": 10, "added_firm_staff": -3}, BASE) == 3
    assert saved_by_firms(Option("x", (own,)), {"full_time": 10, "added_firm_staff": 3}, BASE) == 0


def test_running_cost_by_hand():
    s = BASE.replace({"experts.per_full_time": 0.2, "experts.kind": "retired"})
    assert roster_size(s) == 12 and rostered_hours(s) == pytest.approx(12 * 6.3 * 52)  # 6 · 1.5 · .7 given
    expected = 61 * 60_000 + 46 * 4_800 + 20 * 12_000 + 12 * 6.3 * 52 * 50 + 8 * 320_000
    assert running_cost(s, 61, 46, 20, 8) == pytest.approx(expected)
    assert roster_size(s.replace({"rules.experts": False})) == 0
    free = {"time__warmup_days": 0, "time__days": 60, "time__follow_up_days": 0}
    m = measure_windows(World(load_scenario("neighbourhood", **free)).run())[0, 60]
    assert m["running_cost"] == pytest.approx((61 * 60_000 + 46 * 4_800 + 20 * 12_000 + 8 * 320_000) / 1e6)


def test_people_and_hours_follow_the_day_a_policy_starts():
    s = load_scenario(
        "neighbourhood", time__warmup_days=0, time__days=100, time__follow_up_days=0, rules__careers=False
    )
    more = s.replace({"staff.full_time": 81})
    world = World(s).under([Phase(0, s), Phase(75, more)]).run()
    before, after = world.strengths[-2], world.strengths[-1]
    assert (before.day, after.day, after.full_time - before.full_time) == (0, 75, 20)
    m = measure_windows(world)[0, 100]
    fte = 0.75 * before.fte.sum() + 0.25 * after.fte.sum()
    assert m["fte_at_work"] == pytest.approx(fte) and after.fte.sum() > before.fte.sum()
    h = year_of_hours(s)
    assert m["hours_patrol"] == pytest.approx(fte * h.patrol)
    assert m["hours_administration"] == pytest.approx(fte * h.administration)
    assert m["hours_events"] == pytest.approx(world.days.event_hours.sum() * 365 / 100)
    assert m["running_cost"] == pytest.approx((66 * 60_000 + 46 * 4_800 + 20 * 12_000 + 8 * 320_000) / 1e6)


def test_hours_that_are_not_simulated_are_not_measured():
    m = measure_windows(World(single_queue(1.0)).run())[0, 365]
    assert np.isnan(m["hours_training"]) and np.isnan(m["hours_patrol"]) and m["people_at_work"] == 1


PRICED = """
[a]
[[a.cost]]
item = "Officers"
per = "department"
unit = "duty_officer"
amount = 2.0
[[a.cost]]
item = "Fewer part-timers"
per = "added_part_time"
unit = "part_timer"
[a.set]
"staff.part_time" = 36
"""


def test_a_cost_may_name_a_unit_cost_which_the_scenario_prices(tmp_path):
    (option,) = parse_options("a", read_policies(file(tmp_path, PRICED)), BASE)
    counts = City(BASE).counts(option.phases(BASE)[-1].scenario, BASE)
    spent = option.outlay(counts, BASE.costs)
    assert spent == {"yearly": 8 * 2 * 30_000.0, "once": 0, "saved_yearly": 10 * 4_800.0, "saved_once": 0}
    dear = BASE.replace({"costs.duty_officer.yuan": 50_000.0})
    assert option.outlay(counts, dear.costs)["yearly"] == 8 * 2 * 50_000.0


@pytest.mark.parametrize("price", ["", 'unit = "device"\nyuan = 3.0'])
def test_a_cost_has_exactly_one_price(price, tmp_path):
    text = f'[a]\n[[a.cost]]\nitem = "x"\nper = "city"\n{price}\n'
    with pytest.raises(ScenarioError, match=r"mine\.toml: a\.cost\.0: needs exactly one of unit") as caught:
        read_policies(file(tmp_path, text))
    assert len(caught.value.errors) == 1


def test_a_misspelt_unit_cost_names_the_nearest(tmp_path):
    known = read_policies(file(tmp_path, PRICED.replace("duty_officer", "duty_oficer")))
    with pytest.raises(
        ScenarioError, match="policy a: cost 'Officers': unit: no unit cost 'duty_oficer'; did you mean"
    ):
        parse_options("a", known, BASE)


def test_a_scenario_replaces_prices_and_says_that_it_did(tmp_path):
    path = file(tmp_path, 'based_on = "neighbourhood"\n[costs.full_timer]\nyuan = 50000\n')
    s = load_scenario(path)
    assert s.costs["full_timer"].yuan == 50_000 and s.costs["team"].yuan == UNIT_COSTS["team"]["yuan"]
    assert (s.costs["full_timer"].grade, s.costs["full_timer"].source) == ("X", "stated in the scenario")
    assert s.costs["part_timer"].grade == "C"
    own = file(
        tmp_path, 'based_on = "neighbourhood"\n[costs.full_timer]\nyuan = 50000\nsource = "payroll"\ngrade = "A"\n'
    )
    assert (load_scenario(own).costs["full_timer"].source, load_scenario(own).costs["full_timer"].grade) == (
        "payroll",
        "A",
    )
    again = tmp_path / "again.toml"
    again.write_text(s.to_toml(), encoding="utf-8")
    assert load_scenario(again) == s


def test_a_misspelt_price_is_refused_and_a_new_one_taken(tmp_path):
    path = file(tmp_path, 'based_on = "neighbourhood"\n[costs.full_timr]\nyuan = 50000\n')
    with pytest.raises(ScenarioError, match=r"costs\.full_timr: no such unit cost; did you mean full_timer\?"):
        load_scenario(path)
    path = file(tmp_path, 'based_on = "neighbourhood"\n[costs.bus]\nyuan = 9.0\nunit = "ride"\n')
    assert load_scenario(path).costs["bus"].yuan == 9.0
    path = file(tmp_path, 'based_on = "neighbourhood"\n[costs.team]\ngrade = "good"\n')
    with pytest.raises(ScenarioError, match=r"costs\.team\.grade: must be one of S, D, A, B, C, X \(got 'good'\)"):
        load_scenario(path)


def test_cost_of_a_case_day_by_hand():
    row = pd.Series({"verdict": "better", "difference": -2.0, "ci_low": -4.0, "ci_high": -1.0})
    better = pd.Series({"verdict": "better"})
    got = _case_days(row, better, 7300.0)
    assert got["case_days_saved"] == 730 and got["case_day_cost"] == 10
    assert (got["case_day_cost_low"], got["case_day_cost_high"]) == (5, 20)
    assert _case_days(row, better, 0.0)["why_empty"] == "no outlay"
    worse = _case_days(
        pd.Series({"verdict": "worse", "difference": 2.0, "ci_low": 1.0, "ci_high": 3.0}), better, 7300.0
    )
    assert np.isnan(worse["case_day_cost"]) and worse["why_empty"] == "backlog: worse"
    paper = _case_days(row, pd.Series({"verdict": "worse"}), 7300.0)  # fewer open files, but cases wait longer
    assert np.isnan(paper["case_day_cost"]) and paper["why_empty"] == "time to resolution: worse"


def department(per_day: float, seed: int) -> World:
    s = single_queue(per_day, need=1.0, departments__duration=deterministic(1.0), rules__grid_handling=False)
    return World(s, seed=seed).run()


def runs_of(worlds: list[World]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"policy": "baseline", "replicate": r, "window": "days 0-365", **measure_windows(w)[0, 365]}
            for r, w in enumerate(worlds)
        ]
    )


def test_arrivals_beyond_capacity_are_an_overload_and_the_department_is_named():
    """One team, one day a case: of 1.5 a day .5 stay, so 182 wait after a year; of .5 a day hardly any."""
    full, calm = [department(1.5, k) for k in range(4)], [department(0.5, k) for k in range(4)]
    runs = runs_of(full)
    assert runs.backlog_slope.mean() == pytest.approx(0.5, rel=0.2)
    growth, low, high = overloaded(runs, "baseline", "days 0-365", 0.1)
    assert low < growth < high and growth == pytest.approx(2.0, rel=0.1)  # a straight rise from 0: slope ÷ mean = 2
    assert overloaded(runs_of(calm), "baseline", "days 0-365", 0.1) is None
    frames = [load(w).assign(policy="baseline", replicate=r) for r, w in enumerate(full)]
    table = mean_load(pd.concat(frames))
    (unit,) = saturated(table, "baseline", "days 0-365", SATURATED).itertuples()
    assert unit.unit == "d.field0" and unit.utilisation == pytest.approx(1.0, abs=0.02) and unit.queue_start == 0
    assert unit.queue_end == pytest.approx(0.5 * 365, rel=0.2)
    quiet = mean_load(pd.concat([load(w).assign(policy="baseline", replicate=r) for r, w in enumerate(calm)]))
    assert saturated(quiet, "baseline", "days 0-365", SATURATED).empty
    assert quiet[quiet.kind == "department"].utilisation.item() == pytest.approx(0.5, rel=0.15)


def test_gridworkers_beyond_capacity_saturate_their_community():
    """Twelve hours a case on an unbroken clock: two a day, and three come."""
    table = load(World(single_queue(3.0, handling__service=deterministic(12.0)), seed=1).run())
    row = table[table.kind == "community"].iloc[0]
    assert row.utilisation > SATURATED and row.queue_end > 200 and row.queue_start == 0


@pytest.mark.parametrize("part_timers", [False, True])
def test_hours_of_those_who_take_no_cases_hide_no_saturation(part_timers: bool):
    """Six times the incidents: every community works its whole budget, firms' staff and idle part-timers left aside."""
    changes = {"rules__careers": False, "roles__part_time_handling": part_timers}
    full = World(load_scenario("neighbourhood", arrivals__per_100_residents=300.0, **changes), seed=1).run()
    table = load(full)
    last = table[(table.kind == "community") & (table.window == table.window.iloc[-1])]
    assert len(last) == 8 and (last.queue_end > last.queue_start).all()
    assert last.utilisation.between(SATURATED, 1.05).all()  # 1 but for what was begun in the window before
    assert full.tables.worker.event_hours[full.tables.worker.role == 1].sum() > 0  # part-timers settle on the spot


def test_the_alarm_is_printed_for_today_and_for_a_policy():
    s = single_queue(
        1.5, need=1.0, departments__duration=deterministic(1.0), rules__grid_handling=False, time__days=200
    )
    known = {"team": Policy(name="team", set={"departments.added_teams": 1}), "nothing": Policy(name="nothing")}
    c = compare(s, "nothing,team", replications=3, known=known)
    assert words.alarm(c, "baseline", "en")[0].startswith("ALARM, today: open cases grow by +")
    assert "Saturated: d.field0." in words.alarm(c, "nothing", "en")[0]
    assert words.alarm(c, "team", "en") == []  # two teams are enough
    assert "过载警报" in words.alarm(c, "baseline", "zh")[0] and words.report(c, "en").count("ALARM") == 2


def test_windows_do_not_depend_on_how_days_are_stepped():
    s = load_scenario("neighbourhood", time__warmup_days=20, time__days=40, time__follow_up_days=10)
    whole, stepped = World(s).run(), World(s)
    while stepped.day < stepped.horizon:
        stepped.advance(stepped.day + 1)
    pd.testing.assert_frame_equal(load(whole), load(stepped))
    warm = World(s).warm_up()
    branch = warm.copy().under([Phase(0, s)]).run()  # what a branch counts is not counted in the world it came from
    assert len(warm.strengths) == 1 and len(branch.strengths) == 2 and list(warm.censuses) == [0]
    pd.testing.assert_frame_equal(load(branch), load(whole))


def test_price_list(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file(tmp_path, 'based_on = "neighbourhood"\n[costs.full_timer]\nyuan = 51234\n')
    assert main(["costs", "mine.toml"]) == 0
    out = capsys.readouterr().out
    assert "51,234" in out and "stated in the scenario" in out and "commercial page" in out  # the part-timer's source
    assert main(["costs", "--lang", "zh"]) == 0 and "单价（元）" in capsys.readouterr().out


def test_price_of_a_line():
    line = Cost(item="x", per="city", unit="device", amount=3.0)
    assert line.price(BASE.costs) == 7500.0 and Cost(item="x", per="city", yuan=-5.0).price({}) == -5.0
    assert Option("o", (Policy(name="p", cost=(line,)),)).outlay({"city": 1.0}, BASE.costs)["yearly"] == 7500.0
