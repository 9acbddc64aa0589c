"""Configurations: named stacks of labelled components, and what lies between two of them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridsim.cli import main
from gridsim.model.city import City
from gridsim.scenario.continuum import between
from gridsim.scenario.distributions import Deterministic, Exponential, Gamma, Lognormal
from gridsim.scenario.policies import builtin_policies, configuration_errors, parse_options, read_policies
from gridsim.scenario.scenario import ScenarioError, load_scenario
from gridsim.studies.comparison import compare
from gridsim.studies.saved import load_comparison
from gridsim.views.output import write_comparison

BASE = load_scenario("neighbourhood")
KNOWN = builtin_policies()
ENDS = ("management", "good-governance")


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def option(text, known=KNOWN):
    (found,) = parse_options([text], known, BASE)
    return found


def test_a_configuration_expands_into_its_components():
    good = option("good-governance")
    assert [p.name for p in good.policies] == list(KNOWN["good-governance"].components.values())
    assert (good.title, good.chinese) == ("Good governance", "善治")
    stacked = option("+".join(KNOWN["good-governance"].components.values()))
    assert good.phases(BASE) == stacked.phases(BASE)
    counts = City(BASE).counts(good.phases(BASE)[-1].scenario, BASE)
    outlays = [option(p.name).outlay(counts, BASE.costs) for p in good.policies]
    for key, value in good.outlay(counts, BASE.costs).items():
        assert value == pytest.approx(sum(o[key] for o in outlays), rel=1e-12)


def test_a_configuration_stacks_with_policies_as_written():
    rates = {name: option(name).phases(BASE)[-1].scenario.linkage.rate for name in (*ENDS, "raise-linkage")}
    assert option("raise-linkage+management").phases(BASE)[-1].scenario.linkage.rate == rates["management"]
    assert option("management+raise-linkage").phases(BASE)[-1].scenario.linkage.rate == rates["raise-linkage"]
    again = option("good-governance+raise-linkage")  # a component named again is charged once
    assert [p.name for p in again.policies].count("raise-linkage") == 1 and again.policies[-1].name == "raise-linkage"


def test_built_in_configurations_are_neither_today_nor_too_many():
    for name in ENDS:
        assert not KNOWN[name].default and len(KNOWN[name].components) <= 8
        assert configuration_errors(KNOWN[name], KNOWN) == []
        assert option(name).phases(BASE)[-1].scenario != BASE


def test_what_the_paper_names_is_labelled_so():
    """Appraisal by closure and literal referral one after another are our constructs, not the paper's."""
    for p in KNOWN.values():
        if not p.components:
            assert (p.origin == "paper") == p.source.startswith("杨庆玲"), p.name
    assert {KNOWN[n].origin for n in ("appraise-by-closure", "appraise-by-residents", "sequential-referral")} == {
        "ours"
    }


BAD = """
[one]
[one.components]
linkage = "raise-linkag"
other = "two"
[two]
[two.components]
a = "raise-linkage"
b = "sequential-referral"
[three]
[three.set]
"linkage.rate" = 0.5
[three.components]
a = "raise-linkage"
[four]
origin = "mine"
[four.components]
a = 3
"""


def test_everything_that_is_wrong_is_said_at_once(tmp_path, capsys):
    with pytest.raises(ScenarioError) as caught:
        read_policies(write(tmp_path, BAD))
    lines = "\n".join(caught.value.errors)
    assert "mine.toml: three: has both components and set" in lines
    assert "four.origin: must be one of paper, ours (got 'mine')" in lines
    assert "four.components.a: must be a text in quotes (got 3)" in lines
    text = BAD.split("[three]")[0]
    argv = ["compare", "neighbourhood", "--policy-file", str(write(tmp_path, text)), "--policies", "one,two"]
    assert main(argv) == 2
    said = capsys.readouterr().err
    assert "one: components.linkage: no policy 'raise-linkag'; did you mean raise-linkage?" in said
    assert "one: components.other: two is itself a configuration" in said
    assert "two: components.b: sequential-referral sets linkage.rate, as a does" in said
    with pytest.raises(ScenarioError, match="is itself a configuration"):  # from Python too
        parse_options("one", KNOWN | read_policies(write(tmp_path, text)), BASE)


@pytest.mark.parametrize("name", ["a~b", "management~", "management~good-governance@2", "~@", "a~b~c@.5"])
def test_a_point_between_is_written_in_one_way(name):
    with pytest.raises(ScenarioError, match="is written FROM~TO@SHARE with a share from 0 to 1"):
        option(name)


def test_a_point_between_unknown_ends_names_the_nearest():
    with pytest.raises(ScenarioError) as caught:
        option("managemen~good-governanc@0.5")
    assert len(caught.value.errors) == 2
    assert "did you mean management?" in caught.value.errors[0]
    assert "did you mean good-governance?" in caught.value.errors[1]


def test_names_keep_their_signs(tmp_path):
    for sign in "+,~@":
        with pytest.raises(ScenarioError, match="may not be"):
            read_policies(write(tmp_path, f'["a{sign}b".set]\n"linkage.rate" = 0.9\n'))


@pytest.mark.parametrize(
    ("a", "b", "g", "expected"),
    [
        (0.4, 0.9, 0.25, 0.525),
        (1, 2, 0.5, 2),  # whole numbers: half up
        (0, 3, 0.5, 2),
        (1, 6, 0.3, 3),
        (3, 1, 0.75, 2),
        (1, 2, 0.49, 1),
        (True, False, 0.49, True),
        (True, False, 0.5, False),
        ("closure", "residents", 0.5, "residents"),
        (Exponential(mean=2.0), Exponential(mean=1.0), 0.25, Exponential(mean=1.75)),
        (Lognormal(median=3.0, sigma=0.8), Lognormal(median=1.0, sigma=0.4), 0.5, Lognormal(median=2.0, sigma=0.6)),
        (Exponential(mean=2.0), Deterministic(value=1.0), 0.4, Exponential(mean=2.0)),
        (Exponential(mean=2.0), Gamma(mean=1.0, shape=2.0), 0.5, Gamma(mean=1.0, shape=2.0)),
    ],
)
def test_what_lies_between_by_hand(a, b, g, expected):
    found = between(a, b, g)
    assert type(found) is type(expected)
    if isinstance(expected, Lognormal):
        assert (found.median, found.sigma) == pytest.approx((expected.median, expected.sigma))
    else:
        assert found == pytest.approx(expected) if isinstance(expected, float) else found == expected


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1))
def test_numbers_between_stay_between_and_end_exactly(a, b, g):
    assert between(a, b, 0.0) == a and between(a, b, 1.0) == b
    slack = 1e-9 * max(abs(a), abs(b))
    assert min(a, b) - slack <= between(a, b, g) <= max(a, b) + slack
    whole = between(round(a), round(b), g)
    assert isinstance(whole, int) and min(round(a), round(b)) <= whole <= max(round(a), round(b))


@pytest.mark.parametrize(("g", "name"), [(0, "management"), (1, "good-governance")])
def test_the_continuum_ends_in_the_configurations(g, name):
    mixed, whole = option(f"management~good-governance@{g}"), option(name)
    assert mixed.phases(BASE) == whole.phases(BASE)
    assert [p.scenario.hash for p in mixed.phases(BASE)] == [p.scenario.hash for p in whole.phases(BASE)]
    counts = City(BASE).counts(whole.phases(BASE)[-1].scenario, BASE)
    assert mixed.outlay(counts, BASE.costs) == pytest.approx(whole.outlay(counts, BASE.costs), rel=1e-12)


def test_half_way_by_hand():
    """Only one side sets the dedicated grids: the other side is the scenario's own."""
    half = option("management~good-governance@0.5")
    (phase,) = half.phases(BASE)
    s = phase.scenario
    assert s.dedicated.kept_share == pytest.approx((BASE.dedicated.kept_share + 0.0549) / 2)
    assert s.linkage.rate == pytest.approx(0.65) and s.linkage.parallel is True
    assert s.linkage.report_in == Exponential(mean=(BASE.linkage.report_in.mean + 1.0) / 2)
    counts = City(BASE).counts(s, BASE)
    spent = half.outlay(counts, BASE.costs)
    # Half of what is paid for places, departments, districts and the city: duty officers, social organisations of half
    # the 8 communities, videos of one district, one system that watches; databases of 8 departments, alert system.
    yearly = (8 * 30_000 + 8 * 0.5 * 30_000 + 200_000 + 500_000) / 2
    once = (8 * 200_000 + 1_000_000) / 2
    # In full what is counted by levers that are half-way themselves: 6 experts of 12; 11 dedicated grids of two people
    # each, where there were 20 of one (9 dissolved, 2 people more); the cameras connected beyond today's.
    yearly += 6 * (6 * 52 * 150 + 0.5 * 3_000) + (11 * 2 - 20) * 12_000
    once += 9 * 2_000 + counts["camera"] * 20_000
    assert 0 < counts["camera"] < City(BASE).counts(option("good-governance").phases(BASE)[0].scenario, BASE)["camera"]
    assert spent["yearly"] == pytest.approx(yearly, rel=1e-12) and spent["once"] == pytest.approx(once, rel=1e-12)


def test_the_baseline_may_be_an_end():
    assert option("baseline~management@1").phases(BASE) == option("management").phases(BASE)
    assert option("baseline~management@0").phases(BASE)[-1].scenario == BASE


def test_days_of_start_must_agree(tmp_path):
    text = '[late]\nstarts = 90\n[late.set]\n"linkage.hops" = 1\n'.replace("linkage.hops", "linkage.parallel").replace(
        "= 1", "= true"
    )
    known = KNOWN | read_policies(write(tmp_path, text))
    with pytest.raises(ScenarioError, match="needs one day of start for all; they start late on day 90"):
        option("late~management@0.5", known)


def test_a_comparison_of_configurations_is_told_and_read_again(tmp_path):
    small = BASE.replace({"time.warmup_days": 20, "time.days": 40, "time.follow_up_days": 10})
    c = compare(small, "management,good-governance,management~good-governance@0.25", replications=2)
    write_comparison(c, tmp_path, "both")
    again = load_comparison(tmp_path).comparison
    assert again.options == c.options
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for text in ("Good governance", "善治", "our construct", "本模型设定", "Management → Good governance, 0.25"):
        assert text in page


def test_look_ups_show_the_label_of_every_component(capsys):
    assert main(["policies", "management", "sequential-referral"]) == 0
    out = capsys.readouterr().out
    assert "sequential-referral" in out and "(our construct)" in out and "(the paper's)" not in out
    assert "add-experts" not in out
    assert main(["policies", "good-governance"]) == 0
    assert "(the paper's)" in capsys.readouterr().out
    assert main(["policies", "good-governance", "--lang", "zh"]) == 0
    assert "本模型设定" in capsys.readouterr().out
    assert main(["policies", "good-governance", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["components"]["linkage"] == "raise-linkage"
    assert main(["policies", "good-governanc"]) == 2
    assert "did you mean good-governance?" in capsys.readouterr().err
