"""What is not known is drawn: keyed draws, alike under every policy, and words that say what an interval holds."""

import json
import zlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gridsim.cli import main
from gridsim.scenario.parameters import PARAMETERS, REGISTRY
from gridsim.scenario.policies import BASELINE, Option, Policy
from gridsim.scenario.ranges import at_level, level
from gridsim.scenario.scenario import Scenario, ScenarioError, load_scenario
from gridsim.studies.comparison import compare
from gridsim.studies.vary import Draws, drawn_values, effect_ranges, uniform_of, varied_keys
from gridsim.views import words

TIME = {"warmup_days": 20, "days": 40, "window_days": 40, "follow_up_days": 5}
SMALL = load_scenario("neighbourhood", **{f"time__{k}": v for k, v in TIME.items()})
TODAY = Option(BASELINE, ())
ALL = varied_keys()


def test_every_open_parameter_is_drawn_and_nothing_else():
    for p in PARAMETERS:
        ranged = p.low is not None and not p.choices and not isinstance(p.default, bool)
        held = p.section in ("matters", "time", "cost") or p.key == "arrivals.headroom"
        count = p.section == "city" and isinstance(p.default, int)
        assert (p.key in ALL) == (p.grade in ("X", "C") and ranged and not held and not count), p.key
    assert {"linkage.drop", "handling.service", "handling.max_attempts", "city.place_effect_sd"} <= set(ALL)
    assert not {"intake.valid_patrol", "city.grids_per_community", "departments.hold_team"} & set(ALL)


def test_only_names_sections_or_keys():
    assert set(varied_keys("linkage,departments.duration")) == {
        *(k for k in ALL if k.startswith("linkage.")),
        "departments.duration",  # grade B: drawn only when it is named
    }
    assert varied_keys(["linkage.drop"]) == ["linkage.drop"] == varied_keys("linkage.drop,linkage.drop")


def test_only_refuses_what_cannot_be_drawn_all_at_once():
    with pytest.raises(ScenarioError) as caught:
        varied_keys("linkag,time.days,intake.valid_patrol,departments.hold_team,matters,linkage")
    told = "\n".join(caught.value.errors)
    assert len(caught.value.errors) == 5
    for part in (
        "did you mean linkage?",
        "time.days is not drawn",
        "grade S",
        "hold_team is not drawn: it is a choice",
    ):
        assert part in told
    assert "section matters has no open parameter" in told


def test_a_draw_hangs_on_its_own_name_only():
    """A parameter added later, or left out, changes nobody else's draw."""
    few = drawn_values(["linkage.drop", "linkage.rate"], seed=3, replicate=7)
    everything = drawn_values(ALL, seed=3, replicate=7)
    assert few == {k: everything[k] for k in few}
    assert drawn_values(ALL[::-1], 3, 7) == everything
    u = uniform_of("linkage.drop", 3, 7)
    for other in (("linkage.drop", 4, 7), ("linkage.drop", 3, 8), ("linkage.rate", 3, 7), ("linkage.drop", 3, 7, 1)):
        assert uniform_of(*other) != u
    assert len({zlib.crc32(k.encode()) for k in REGISTRY}) == len(REGISTRY)


def test_draws_are_uniform_on_the_range_and_independent():
    n = 2000
    x = np.array([list(drawn_values(["linkage.drop", "linkage.rate"], 1, r).values()) for r in range(n)])
    for column, key in zip(x.T, ("linkage.drop", "linkage.rate"), strict=True):
        p = REGISTRY[key]
        assert stats.kstest(column, "uniform", (p.low, p.high - p.low)).pvalue > 1e-3
    assert abs(stats.spearmanr(*x.T).statistic) < 4 / n**0.5
    assert abs(stats.spearmanr(x[1:, 0], x[:-1, 0]).statistic) < 4 / n**0.5


def test_whole_numbers_are_equally_likely():
    p = REGISTRY["handling.max_attempts"]
    values = [drawn_values([p.key], 1, r)[p.key] for r in range(1600)]
    numbers, counts = np.unique(values, return_counts=True)
    assert list(numbers) == list(range(int(p.low), int(p.high) + 1))
    assert stats.chisquare(counts).pvalue > 1e-3


def test_a_duration_keeps_its_shape():
    service = SMALL.handling.service
    moved = at_level(service, 5.0)
    assert (moved.median, moved.sigma, moved.distribution) == (5.0, service.sigma, "lognormal")
    assert level(moved) == 5.0 and at_level(3, 4.4) == 4 and isinstance(at_level(3, 4.4), int)


def draws(only: str | None = None, *options: Option) -> Draws:
    return Draws(SMALL, varied_keys(only), 1, [TODAY, *options])


def test_infeasible_draws_are_drawn_again_by_their_attempt():
    d = draws("staff")
    for r in range(12):
        d.setting(r)
    again = [x for x in d.made.values() if x.attempts]
    assert again, "choose a seed in which some draw is infeasible"
    for x in again:
        for attempt in range(x.attempts):
            values = drawn_values(d.keys, 1, x.replicate, attempt)
            with pytest.raises(ScenarioError):
                SMALL.replace({k: at_level(SMALL.get(k), v) for k, v in values.items()})
        assert x.values == pytest.approx(drawn_values(d.keys, 1, x.replicate, x.attempts))
    assert list(d.frame(dict.fromkeys(range(12))).redrawn) == [d.made[r].attempts for r in range(12)]


def test_a_draw_that_no_option_could_take_is_drawn_again():
    """A policy that cannot be had with much administration: every draw kept leaves it hours for events."""
    greedy = Policy(name="greedy", set={"staff.patrol_hours": 3.4})
    d, free = draws("staff.admin_share", Option("greedy", (greedy,))), draws("staff.admin_share")
    kept = [d.setting(r)[0].staff.admin_share for r in range(12)]
    other = [free.setting(r)[0].staff.admin_share for r in range(12)]
    assert max(kept) < max(other)
    assert [a for a, x in zip(kept, d.made.values(), strict=True) if not x.attempts] == [
        b for b, x in zip(other, d.made.values(), strict=True) if not x.attempts
    ]


def test_never_feasible_is_one_clear_error():
    impossible = SMALL.replace({"staff.patrol_hours": 3.9, "staff.admin_share": 0.3})
    d = Draws(impossible, ["staff.admin_share"], 1, [TODAY])
    d.base = impossible
    policy = Policy(name="p", set={"staff.training_hours": 1500.0})
    d.options = [TODAY, Option("p", (policy,))]
    with pytest.raises(ScenarioError, match="100 draws of replication 0 were all infeasible"):
        d.setting(0)


def test_a_replication_has_its_own_city_and_a_policy_overrides_the_draw():
    link = Option("link", (Policy(name="link", set={"linkage.rate": 0.9}),))
    d = draws("linkage.rate,dedicated.incident_share,city.place_effect_sd", link)
    s, city, phases = d.setting(4)
    assert s.linkage.rate != 0.9 and phases[BASELINE][0].scenario.linkage.rate == s.linkage.rate
    assert phases["link"][0].scenario.linkage.rate == 0.9
    at_sites = city.place.rate[city.place.site >= 0].sum() / city.place.rate.sum()
    assert at_sites == pytest.approx(s.dedicated.incident_share)
    assert s.dedicated.incident_share == pytest.approx(drawn_values(d.keys, 1, 4)["dedicated.incident_share"])


NOTHING = {"nothing": Policy(name="nothing"), "same": Policy(name="same", set={"linkage.rate": 0.9})}


@pytest.fixture(scope="module")
def varied():
    wide = {"measure": "backlog", "target": 0.0, "tolerance": 1e9, "role": "emergent"}
    s = Scenario.from_dict({**SMALL.to_dict(), "patterns": {"wide": wide}})
    return compare(s, "nothing,same", replications=4, known=NOTHING, vary="linkage,departments")


def test_the_same_draw_under_every_policy(varied):
    runs = varied.runs.set_index(["policy", "replicate"]).drop(columns=["window", "seed"])
    assert runs.loc["nothing"].equals(runs.loc[BASELINE])  # to the bit
    assert not runs.loc["same"].equals(runs.loc[BASELINE])


def test_threads_and_number_of_replications_do_not_change_a_draw(varied):
    fewer = compare(SMALL, "nothing", replications=2, known=NOTHING, vary="linkage,departments", jobs=1)
    keys = [k for k in varied.draws.columns if k in REGISTRY]
    assert fewer.draws[keys].equals(varied.draws[keys][:2])
    a, b = (
        c.runs[(c.runs.policy == BASELINE) & (c.runs.replicate < 2)].reset_index(drop=True) for c in (fewer, varied)
    )
    assert a.equals(b)


def test_draws_differ_between_replications_and_from_the_scenario(varied):
    assert varied.draws["linkage.drop"].nunique() == 4
    plain = compare(SMALL, "nothing", replications=4, known=NOTHING)
    assert plain.draws is None
    same = plain.runs[plain.runs.policy == BASELINE].backlog.to_numpy()
    assert not np.any(same == varied.runs[varied.runs.policy == BASELINE].backlog.to_numpy())


def test_draws_that_meet_the_patterns_are_counted(varied):
    assert list(varied.draws.meets_patterns) == [True] * 4
    narrow = {"measure": "backlog", "target": 0.0, "tolerance": 1e-9, "role": "emergent"}
    s = Scenario.from_dict({**SMALL.to_dict(), "patterns": {"narrow": narrow}})
    none = compare(s, "nothing", replications=2, known=NOTHING, vary="linkage")
    assert list(none.draws.meets_patterns) == [False, False]
    assert "0 of 2 draws meet the bands" in words.report(none, "en")
    without = compare(SMALL, "nothing", replications=2, known=NOTHING, vary="linkage")
    assert without.draws.meets_patterns.isna().all() and "meet the bands" not in words.report(without, "en")


def test_ranges_of_the_effect_by_arithmetic():
    d = np.linspace(-9.0, 1.0, 11)  # nine below zero, one at it, one above
    rows = [
        {"policy": p, "replicate": r, "window": "w", "time_to_resolution": 50 + x * (p == "p"), "backlog": 7.0}
        for p in (BASELINE, "p")
        for r, x in enumerate(d)
    ]
    table = effect_ranges(pd.DataFrame(rows), ["p"], "w").set_index("measure")
    time = table.loc["time_to_resolution"]
    assert (time["low"], time["median"], time["high"]) == pytest.approx((-8.5, -4.0, 0.5))
    assert time.share_better == pytest.approx(9 / 11)
    assert table.loc["backlog"].share_better == 0.0  # no difference is not better


def test_words_say_which_uncertainty_the_interval_holds(varied):
    text = words.report(varied, "en")
    assert "The intervals hold parameters and chance" in text and "4 of 4 draws meet the bands" in text
    assert "Set by the policy itself, whatever was drawn: linkage.rate." in text
    assert text.count("5–95 % of 4 draws") == 4  # two policies, two primary outcomes
    plain = words.report(compare(SMALL, "nothing", replications=2, known=NOTHING), "en")
    assert "hold chance at one set of parameters" in plain and "parameters and chance" not in plain
    assert "5–95 %" not in plain
    assert "同时反映参数不确定性与随机性" in words.report(varied, "zh")


def test_command_writes_the_draws(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.toml").write_text(SMALL.to_toml(), encoding="utf-8")
    base = ["compare", "s.toml", "--policies", "raise-linkage", "--replications", "2", "--vary"]
    assert main([*base, "--only", "linkage", "--out", "o"]) == 0
    assert "draws.csv" in capsys.readouterr().out
    table = pd.read_csv("o/draws.csv")
    assert list(table.replicate) == [0, 1] and table["linkage.drop"].between(0.1, 0.7).all()
    manifest = json.loads((tmp_path / "o/manifest.json").read_text(encoding="utf-8"))
    assert manifest["varied"] == varied_keys("linkage")
    assert main([*base, "--json", "--out", "p"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert len(data["draws"]) == 2 and set(ALL) <= set(data["draws"][0])
