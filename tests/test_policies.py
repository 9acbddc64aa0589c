"""Policies: patches of levers that stack, dated and costed."""

import pytest

from gridsim.model.city import City
from gridsim.scenario.parameters import REGISTRY
from gridsim.scenario.policies import LEVERS, builtin_policies, parse_options, read_policies
from gridsim.scenario.scenario import ScenarioError, load_scenario

BASE = load_scenario("neighbourhood")

MINE = """
[early]
[early.set]
"linkage.rate" = 0.8
"linkage.hops" = 2
[late]
starts = 100
[late.set]
"linkage.rate" = 0.95
[[late.cost]]
item = "Officers"
per = "department"
yuan = 1000.0
[[late.cost]]
item = "Rooms given back"
per = "city"
yuan = -300.0
"""


def write(tmp_path, text):
    path = tmp_path / "policies.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_users_file_stacks_by_date(tmp_path):
    known = read_policies(write(tmp_path, MINE.replace('"linkage.hops" = 2\n', "")))
    (option,) = parse_options("early+late", known, BASE)
    phases = option.phases(BASE)
    assert [(p.day, p.scenario.linkage.rate) for p in phases] == [(0, 0.8), (100, 0.95)]
    (reverse,) = parse_options("late+early", known, BASE)
    assert reverse.phases(BASE)[-1].scenario.linkage.rate == 0.8  # the one written later holds


def test_outlay_by_hand(tmp_path):
    known = read_policies(write(tmp_path, MINE.replace('"linkage.hops" = 2\n', "")))
    (option,) = parse_options("late", known, BASE)
    assert option.outlay(City(BASE).counts(BASE), BASE.costs) == {
        "yearly": 8 * 1000.0,
        "once": 0,
        "saved_yearly": 300.0,
        "saved_once": 0,
    }


def test_only_levers_can_be_set(tmp_path):
    with pytest.raises(ScenarioError) as caught:
        read_policies(write(tmp_path, MINE + '"x" = 1\n[odd.set]\n"linkage.raet" = 1.0\n'))
    lines = caught.value.errors
    assert any("linkage.hops: is not a lever" in line for line in lines)
    assert any("linkage.raet: unknown lever; did you mean linkage.rate?" in line for line in lines)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("[a]\nstart = 5", "a.start: unknown key; did you mean a.starts?"),
        ("[a]\nstarts = -1", "a.starts: must be at least 0"),
        ('["a+b"]\n', "may not be"),
        ('[[a.cost]]\nitem = "x"\nper = "grid"\nyuan = 1.0', "must be one of city, district"),
        ("a = 1", "must be a table"),
    ],
)
def test_bad_policy_files(text, expected, tmp_path):
    with pytest.raises(ScenarioError, match="policies.toml") as caught:
        read_policies(write(tmp_path, text))
    assert any(expected in line for line in caught.value.errors), caught.value.errors


def test_bad_value_is_found_before_any_run(tmp_path):
    with pytest.raises(ScenarioError, match=r"policies\.toml: a\.set\.linkage\.rate: must be at most 1"):
        read_policies(write(tmp_path, '[a.set]\n"linkage.rate" = 1.7\n'))
    known = read_policies(write(tmp_path, '[a.set]\n"staff.admin_share" = 0.4\n"staff.training_hours" = 900.0\n'))
    with pytest.raises(ScenarioError, match=r"policy a: staff\.admin_share: administration, training and patrol"):
        parse_options("a", known, BASE)  # each value is possible, together they leave no hours


def test_a_policy_named_twice_or_starting_too_late_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match="names the same policy twice"):
        parse_options("raise-linkage + raise-linkage", builtin_policies(), BASE)
    known = read_policies(write(tmp_path, '[late]\nstarts = 5000\n[late.set]\n"linkage.rate" = 0.9\n'))
    with pytest.raises(ScenarioError, match="late starts on day 5,000, but the last day measured is 729"):
        parse_options("late", known, BASE)


def test_unknown_option_names_the_nearest():
    with pytest.raises(ScenarioError, match="did you mean raise-linkage"):
        parse_options("raise-linkag", builtin_policies(), BASE)


def test_default_is_each_alone_and_all_together():
    """The paper's three remedies; single levers are compared only when they are named."""
    names = [o.name for o in parse_options(None, builtin_policies(), BASE)]
    assert names == ["raise-linkage", "consolidate-dedicated-grids", "add-experts", "+".join(names[:3])]


def test_levers_are_in_the_registry_and_builtins_set_only_levers():
    assert all(REGISTRY[k].lever for k in LEVERS)
    for policy in builtin_policies().values():
        assert bool(policy.set) != bool(policy.components)
        assert set(policy.set) <= set(LEVERS) and policy.source and policy.chinese


def test_consolidation_keeps_87_of_1585():
    from gridsim.model.staffing import kept_grids

    kept = builtin_policies()["consolidate-dedicated-grids"].set["dedicated.kept_share"]
    assert kept_grids(load_scenario("daqing-2021", dedicated__kept_share=kept), 1585) == 87
