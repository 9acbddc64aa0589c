"""Scenario files: everything wrong is said at once, each in a line with file and key."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridsim.scenario.parameters import PARAMETERS, REGISTRY
from gridsim.scenario.scenario import Scenario, ScenarioError, builtin_scenarios, load_scenario


def errors_of(text: str, tmp_path) -> list[str]:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path)
    return caught.value.errors


BAD = {
    "misspelt key": ("[linkage]\nraet = 0.9", "mine.toml: linkage.raet: unknown key; did you mean linkage.rate?"),
    "misspelt section": ("[linkgae]\nrate = 0.9", "mine.toml: linkgae: unknown key; did you mean linkage?"),
    "share above one": ("[linkage]\nrate = 1.4", "mine.toml: linkage.rate: must be at most 1 (got 1.4)"),
    "negative rate": (
        "[arrivals]\nper_100_residents = -3",
        "mine.toml: arrivals.per_100_residents: must be at least 0 (got -3",
    ),
    "text for a number": (
        '[staff]\nfull_time = "many"',
        "mine.toml: staff.full_time: must be a whole number (got 'many')",
    ),
    "fraction for a count": (
        "[staff]\nfull_time = 61.5",
        "mine.toml: staff.full_time: must be a whole number (got 61.5)",
    ),
    "not a number": ("[linkage]\nrate = nan", "mine.toml: linkage.rate: must be a finite number"),
    "bad choice": (
        '[time]\ncalendar = "offcie"',
        "must be one of office, continuous (got 'offcie'); did you mean office?",
    ),
    "unknown distribution": (
        '[handling]\nservice = { distribution = "weibull", mean = 1.0 }',
        "mine.toml: handling.service: must be a distribution",
    ),
    "missing mean": (
        '[handling]\nservice = { distribution = "exponential" }',
        "mine.toml: handling.service.mean: is missing",
    ),
    "day that never opens": ("[time]\nopens = 18.0", "mine.toml: time.opens: must be earlier than time.closes"),
    "no hours for events": (
        "[staff]\nadmin_share = 0.75",
        "mine.toml: staff.admin_share: administration, training and patrol take",
    ),
    "shares not one": ("[categories.dispute]\nshare = 0.9", "mine.toml: categories: shares must add up to 1"),
    "no such field": (
        '[categories.dispute]\nfield = "justise"',
        "no department field 'justise'; did you mean justice?",
    ),
    "department without a team": ("[teams.neighbourhood]\njustice = 0", "teams.neighbourhood.justice: is missing or 0"),
    "nobody handles": ("[rules]\ngrid_handling = false\ndepartments = false", "nobody could ever handle a case"),
    "not TOML": ("[linkage\nrate = 0.9", "is not valid TOML"),
}


@pytest.mark.parametrize("text, expected", BAD.values(), ids=BAD.keys())
def test_each_mistake_gives_one_clear_line(text, expected, tmp_path):
    found = errors_of('based_on = "neighbourhood"\n' + text, tmp_path)
    assert any(expected in line for line in found), found
    assert len(found) == 1


def test_all_errors_at_once(tmp_path):
    found = errors_of(
        'based_on = "neighbourhood"\n[linkage]\nrate = 2.0\nraet = 1\n[staff]\nadmin_share = 0.9\n'
        '[patrol]\ndetection = "x"\n',
        tmp_path,
    )
    assert len(found) == 4
    assert all(line.startswith("mine.toml: ") for line in found)


def test_unknown_scenario_names_the_nearest():
    with pytest.raises(ScenarioError, match="did you mean neighbourhood"):
        load_scenario("neigbourhood")


def test_based_on_chain_and_circle(tmp_path):
    (tmp_path / "a.toml").write_text('based_on = "neighbourhood"\n[linkage]\nrate = 0.5\n', encoding="utf-8")
    (tmp_path / "b.toml").write_text('based_on = "a.toml"\n[linkage]\nhops = 3\n', encoding="utf-8")
    b = load_scenario(tmp_path / "b.toml")
    assert (b.linkage.rate, b.linkage.hops) == (0.5, 3)
    (tmp_path / "c.toml").write_text('based_on = "c.toml"\n', encoding="utf-8")
    with pytest.raises(ScenarioError, match="circle"):
        load_scenario(tmp_path / "c.toml")


def test_distribution_is_replaced_whole_not_mixed(tmp_path):
    (tmp_path / "a.toml").write_text(
        'based_on = "neighbourhood"\n[handling]\nservice = { distribution = "gamma", mean = 2.0, shape = 3.0 }\n',
        encoding="utf-8",
    )
    assert load_scenario(tmp_path / "a.toml").handling.service.coded == (2, 2.0 / 3.0, 3.0)


@pytest.mark.parametrize("name", builtin_scenarios())
def test_round_trip_through_toml(name, tmp_path):
    s = load_scenario(name)
    path = tmp_path / "copy.toml"
    path.write_text(s.to_toml(), encoding="utf-8")
    again = load_scenario(path)
    assert again == s and again.hash == s.hash
    assert pickle.loads(pickle.dumps(s)).hash == s.hash
    assert s.diff(again) == {}


def test_frozen_diff_and_hash():
    s = load_scenario("neighbourhood")
    with pytest.raises(AttributeError, match="frozen"):
        s.name = "other"
    with pytest.raises(Exception, match="frozen"):
        s.linkage.rate = 0.1
    t = s.replace({"linkage.rate": 0.9})
    assert s.diff(t) == {"linkage.rate": (0.7, 0.9)} and s.hash != t.hash
    assert load_scenario("neighbourhood", linkage__rate=0.9) == t
    renamed = Scenario.from_dict({**s.to_dict(), "title": "another title"})
    assert renamed.hash == s.hash  # texts are not content


def test_byte_order_mark_and_missing_file(tmp_path):
    path = tmp_path / "bom.toml"
    path.write_bytes(b"\xef\xbb\xbf" + b'based_on = "neighbourhood"\n')
    assert load_scenario(path).hash == load_scenario("neighbourhood").hash
    with pytest.raises(ScenarioError, match=r"none\.toml: no such file"):
        load_scenario(tmp_path / "none.toml")


def test_every_parameter_is_complete():
    for p in PARAMETERS:
        assert p.unit and p.chinese and p.text and p.source and p.grade in "SDABCX", p.key
        value = getattr(p.default, "average", p.default)
        if p.minimum is not None:
            assert value >= p.minimum, p.key
        if p.maximum is not None:
            assert value <= p.maximum, p.key
    assert len(REGISTRY) == len(PARAMETERS)


def test_the_paper_gets_only_what_it_says():
    """Grade S may stand only on what the paper prints: counts, registration, valid reports, the named districts, that
    there are no professional gridworkers, and that video command ends at the county."""
    allowed = {"city.registered_share", "intake.valid_patrol", "experts.per_full_time", "video.command_depth"}
    assert {p.key for p in PARAMETERS if p.grade == "S"} == allowed
    assert REGISTRY["intake.valid_patrol"].default == pytest.approx(84_201 / 86_312, abs=5e-5)


numbers = [p.key for p in PARAMETERS if isinstance(p.default, float) and p.minimum is not None]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(numbers), st.floats(allow_nan=True, allow_infinity=True, width=32))
def test_any_number_is_taken_or_refused_in_one_line(key, value):
    p = REGISTRY[key]
    inside = p.minimum <= value <= (p.maximum if p.maximum is not None else float("inf")) and abs(value) != float("inf")
    try:
        s = load_scenario("neighbourhood").replace({key: value})
    except ScenarioError as error:
        assert all("\n" not in line and key.split(".")[0] in line for line in error.errors)
    else:
        assert inside and s.get(key) == value
