"""One case in two worlds: the story agrees with the tables, its phases add up, and following changes nothing."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from conftest import deterministic, hand_placed

from gridsim.cli import main
from gridsim.model import story
from gridsim.model.cases import RESOLVED, SELF_RESOLVED
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.policies import builtin_policies, parse_options
from gridsim.scenario.scenario import ScenarioError, load_scenario
from gridsim.studies.trace import BEGINS, PHASES, Trace, _telling, trace
from gridsim.verification.promises import used_tables
from gridsim.views.labels import catalogue
from gridsim.views.story import told

# Everything that can happen to a case, in a city small enough to follow many of them.
BUSY = {
    "time.warmup_days": 30,
    "time.days": 120,
    "time.follow_up_days": 60,
    "experts.per_full_time": 0.2,
    "video.coverage": 0.6,
    "linkage.drop": 0.4,
    "linkage.stalled": deterministic(9.0),
    "closure.formal": 0.5,
    "intake.wrong_rejection": 0.1,
}


@pytest.fixture(scope="module")
def busy():
    s = load_scenario("neighbourhood").replace(BUSY)
    return s, City(s)


@pytest.fixture(scope="module")
def found() -> Trace:
    return trace("neighbourhood", "raise-linkage")


def test_names_of_steps_are_those_of_their_codes():
    codes = {v: k.lower() for k, v in vars(story).items() if k.isupper() and isinstance(v, int) and k != "MOST_STEPS"}
    del codes[story.NOBODY]
    assert [codes[k] for k in range(len(story.STEPS))] == list(story.STEPS)
    assert set(BEGINS) <= set(story.STEPS) and set(BEGINS.values()) | {"unnoticed"} == set(PHASES)
    assert {f"step_{s}" for s in story.STEPS} | {f"phase_{p}" for p in PHASES} <= set(catalogue())


def test_following_a_case_changes_nothing(busy):
    s, city = busy
    plain = World(s, city, seed=3).run()
    followed = World(s, city, seed=3).follow(40).run()
    a, b = used_tables(plain), used_tables(followed)
    assert len(followed.story) > 2
    assert [k for k in a if a[k] != b[k]] == ["tally", "story"]  # what is followed, and what was written down
    same = [k for k in plain.tables.tally.dtype.names if k not in ("followed", "steps")]
    assert all(plain.tables.tally[k] == followed.tables.tally[k] for k in same)


def test_the_story_agrees_with_the_row_of_the_case(busy):
    """Counts and moments of the steps are those of the case table, for cases of every fate."""
    s, city = busy
    option = parse_options(["raise-linkage"], builtin_policies(), s)[0]
    cases = World(s, city, seed=5).run().cases
    rng = np.random.default_rng(1)
    interesting = np.flatnonzero(
        (cases.needs > 1) | (cases.expert_tries > 0) | (cases.reopened == 1) | (cases.rejections > 0)
    )
    seen: set[str] = set()
    for n in [*rng.choice(interesting, 60, replace=False), *rng.choice(len(cases), 25, replace=False)]:
        world = World(s, city, seed=5).follow(int(n)).run()
        row, t = world.cases[n], _telling(world, option, int(n))
        steps = t.steps
        count = steps.step.value_counts()
        at = steps.groupby("step").time.last()
        seen |= set(steps.step)
        if row.state == RESOLVED:
            assert at["solved"] == row.resolved == t.end and t.ended == "solved"
        if row.state == SELF_RESOLVED:
            assert at["settled_by_residents"] == row.resolved == t.end and t.ended == "settled"
        assert count.get("settled_in_vain", 0) == row.worsened
        if row.reported == row.reported:
            assert at["opened"] == row.reported
        assert count.get("rejected", 0) == row.rejections
        assert (
            count.get("attempt_failed", 0)
            + count.get("attempt_worked", 0)
            + count.get("expert_failed", 0)
            + count.get("expert_worked", 0)
            == row.attempts
        )
        if row.formal_at == row.formal_at:
            assert at["closed_on_paper"] == row.formal_at
        else:  # nothing was abandoned, so every note stands
            assert count.get("lies_stalled", 0) == row.drops
            assert steps[steps.step == "sent_back"].amount.sum() == row.returns
            assert steps[steps.step == "climbs"].amount.sum() == row.hops
        if row.reopened:
            assert at["comes_back"] == row.reopened_at
        assert steps.time.is_monotonic_increasing
        spells = t.spells(float(row.onset))
        assert all(b >= a for a, b, _ in spells) and all(x[1] == y[0] for x, y in pairwise(spells))
        assert sum(t.phases.values()) == pytest.approx(t.end - row.onset, abs=1e-9)
    assert len(seen) >= 25, sorted(set(story.STEPS) - seen)


def test_a_story_by_hand():
    """Round the clock, two departments side by side: report-in 0.5 d, effort 1 d, no waits: 1.5 d; one by one 2 × 1 d.

    Linked: both are awaited from 0.25 on, arrive at 0.75 and are done at 1.75. Not linked: 0.25 → 1.25 → 2.25.
    """
    usual = {
        "rules__grid_handling": False,
        "fields": 2,
        "teams": 5,
        "departments__extra": 3.0,
        "departments__duration": deterministic(1.0),
        "linkage__report_in": deterministic(0.5),
    }
    tellings = []
    for rate in (0.0, 1.0):
        world = hand_placed([0.25], linkage__rate=rate, linkage__drop=0.0, **usual).follow(0).advance(10)
        assert world.cases.needs[0] == 2
        option = parse_options(["raise-linkage"], builtin_policies(), load_scenario("neighbourhood"))[0]
        tellings.append(_telling(world, option, 0))
    alone, linked = tellings
    assert {k: v for k, v in alone.phases.items() if v} == pytest.approx({"department_work": 2.0})
    assert alone.end == pytest.approx(2.25)
    assert {k: v for k, v in linked.phases.items() if v} == pytest.approx({"report_in": 0.5, "department_work": 1.0})
    assert linked.end == pytest.approx(1.75)
    assert list(linked.steps.step) == [
        "reported_by",
        "opened",
        "linked_up",
        "reports_in",
        "reports_in",
        "queues_at_department",
        "team_begins",
        "queues_at_department",
        "team_begins",
        "team_is_done",
        "team_is_done",
        "part_is_done",
        "part_is_done",
        "solved",
    ]
    assert set(linked.steps[~linked.steps.decides].part) <= {1, 2} and (~linked.steps.decides).sum() == 5


def test_the_most_changed_case_is_the_most_changed(found):
    s = found.scenario
    option = parse_options(["raise-linkage"], builtin_policies(), s)[0]
    warm = World(s, seed=1).warm_up()
    a, b = (warm.copy().under(p).run().cases for p in ([], option.phases(s)))
    keep = ["place", "ordinal", "state", "onset", "resolved"]
    one, other = (pd.DataFrame({k: x[k] for k in keep}).reset_index(names="id") for x in (a, b))
    pairs = one.merge(other, on=["place", "ordinal"], suffixes=("", "_other"))
    both = (pairs.state == RESOLVED) & (pairs.state_other == RESOLVED) & pairs.onset.between(0, s.time.days)
    saved = (pairs.resolved - pairs.resolved_other)[both]
    assert found.case["case_id"] == pairs.id[saved.idxmax()] and found.gained == pytest.approx(saved.max())
    at = pairs.loc[saved.idxmax()]
    assert (at.place, at.ordinal) == (found.case["place"], found.case["ordinal"])
    later = trace(s, "raise-linkage", most_changed="later")
    assert later.case["case_id"] == pairs.id[saved.idxmin()] and later.gained == pytest.approx(saved.min())


def test_an_incident_keeps_its_story_where_its_number_differs():
    """Another number in the second world: both stories begin with the same incident, and a case only one has is refused."""
    s = load_scenario("neighbourhood")
    option = parse_options(["raise-linkage"], builtin_policies(), s)[0]
    warm = World(s, seed=1).warm_up()
    a, b = (warm.copy().under(p).run().cases for p in ([], option.phases(s)))
    one, other = (pd.DataFrame({k: x[k] for k in ("place", "ordinal", "onset", "resolved")}) for x in (a, b))
    pairs = one.reset_index(names="id").merge(other.reset_index(names="id_other"), on=["place", "ordinal"], how="left")
    renamed = pairs[(pairs.id != pairs.id_other) & pairs.resolved_y.notna() & pairs.resolved_x.notna()].iloc[0]
    t = trace(s, "raise-linkage", case=int(renamed.id))
    assert [x.end for x in t.tellings] == [renamed.resolved_x, renamed.resolved_y]
    alone = pairs[pairs.id_other.isna()]
    assert len(alone) > 0
    with pytest.raises(ScenarioError, match="does not arise in the second world"):
        trace(s, "raise-linkage", case=int(alone.id.iloc[0]))


@pytest.mark.parametrize("scenario", ["neighbourhood", "daqing-2021"])
def test_the_decisive_step_is_in_the_tables(scenario):
    """A reader can check it by hand: the days in each phase are differences of moments that stand in the steps."""
    t = trace(scenario, "raise-linkage", days=200)
    assert sum(t.shares.values()) == pytest.approx(t.gained, abs=1e-9)
    assert t.gained > 0 and t.solved
    assert t.shares[t.decisive[0]] == max(t.shares.values())
    assert sum(t.shares[p] for p in t.decisive) >= 0.8 * t.gained > sum(t.shares[p] for p in t.decisive[:-1])
    for x in t.tellings:
        steps = x.steps[x.steps.decides & x.steps.step.isin(BEGINS)]
        ends = steps.time.shift(-1, fill_value=x.end)
        stalled = (ends - steps.time)[steps.step == "lies_stalled"].sum()
        assert stalled == pytest.approx(x.phases["stalled"], abs=1e-9)
    text = told(t, "en")
    assert f"{abs(t.gained):.1f} days sooner" in text and told(t, "zh") != text


def test_two_policies_are_held_against_each_other():
    t = trace("neighbourhood", "add-experts,raise-linkage", days=200)
    assert [x.name for x in t.tellings] == ["add-experts", "raise-linkage"]
    back = trace("neighbourhood", "raise-linkage,add-experts", days=200, case=t.case["case_id"])
    assert back.gained == pytest.approx(-t.gained) and back.chosen == "id"


def test_it_can_be_written_down_and_read_back(found):
    again = Trace.from_dict(found.scenario, json.loads(json.dumps(found.to_dict())))
    for lang in ("en", "zh"):
        assert told(again, lang) == told(found, lang)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--case", "99999999"], "no case 99999999; the last one"),
        (["--policies", "a,b,c"], "name one policy"),
        (["--policies", "raise-linkage,raise-linkage"], "name one policy"),
        (["--policies", "raise-linkag"], "did you mean raise-linkage"),
        (["--policies", "baseline"], "name one policy"),
        (["--case", "3", "--most-changed"], "not allowed with"),
        (["--case", "-1"], "must be a whole number"),
    ],
)
def test_wrong_input_is_one_clear_line(arguments, complaint, capsys):
    try:
        code = main(["trace", "neighbourhood", "--days", "60", *arguments])
    except SystemExit as stop:
        code = stop.code
    said = capsys.readouterr().err.strip()
    assert code == 2 and complaint in said and "\n" not in said, said


def test_a_policy_without_effect_has_no_most_changed_case(tmp_path):
    (tmp_path / "p.toml").write_text('[nothing]\ntitle = "Nothing"\n', encoding="utf-8")
    from gridsim.scenario.policies import read_policies

    with pytest.raises(ScenarioError, match="no case is resolved sooner"):
        trace("neighbourhood", "nothing", days=60, known=read_policies(tmp_path / "p.toml"))
    t = trace("neighbourhood", "nothing", days=60, case=5000, known=read_policies(tmp_path / "p.toml"))
    assert t.decisive == [] and t.gained == 0 and t.parting is None


def test_command_writes_what_it_prints(tmp_path, capsys):
    assert main(["trace", "neighbourhood", "--days", "120", "--out", str(tmp_path / "t"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    written = json.loads((tmp_path / "t" / "trace.json").read_text(encoding="utf-8"))
    assert printed["tellings"] == written["tellings"]
    table = pd.read_csv(tmp_path / "t" / "trace.csv")
    assert list(table.policy.unique()) == ["baseline", "raise-linkage"]
    assert {"trace.png", "scenario.toml", "manifest.json"} <= {p.name for p in (tmp_path / "t").iterdir()}


def test_days_of_a_case_that_is_not_solved_are_not_compared():
    """A lapse is no resolution, and a case open at the horizon has no end (--case may name either)."""
    s = load_scenario("neighbourhood", time__days=120, time__follow_up_days=0)
    cases = World(s, seed=1).run().cases
    for n, end in (
        (int(np.flatnonzero(cases.state == 1)[-1]), "gone by itself"),
        (int(np.flatnonzero(cases.state == 2)[-1]), "still open"),
    ):
        t = trace(s, "raise-linkage", case=n)
        assert t.tellings[0].ended != "solved" and t.decisive == []
        assert "so no days are compared" in told(t, "en") and end in told(t, "en")
        assert all((x.steps.time <= x.end).all() for x in t.tellings)
