"""Look-up commands as tables and JSON, and scenarios whose parts do not fit together: one clear line each."""

import json

import pytest

from gridsim.cli import main
from gridsim.measures import MEASURES
from gridsim.scenario.scenario import Scenario, ScenarioError, load_scenario
from gridsim.views.labels import say
from gridsim.views.pattern_table import fit_line


def told(capsys, *argv: str) -> str:
    assert main(list(argv)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_measures_are_told_in_both_languages(lang, capsys):
    lines = told(capsys, "measures", "--lang", lang).splitlines()
    assert len(lines) == 2 * len(MEASURES)
    for head, text, m in zip(lines[::2], lines[1::2], MEASURES, strict=True):
        first, second = (m.chinese, m.english) if lang == "zh" else (m.english, m.chinese)
        assert head.startswith(f"{'* ' if m.primary else ''}{first} ({second}) [") and m.key in text


def test_json_of_look_ups_holds_what_the_scenario_holds(capsys):
    s = load_scenario("neighbourhood")
    assert [m["key"] for m in json.loads(told(capsys, "measures", "--json"))] == [m.key for m in MEASURES]
    assert json.loads(told(capsys, "scenarios", "neighbourhood", "--json"))["city"] == s.to_dict()["city"]
    listed = {row["name"]: row["hash"] for row in json.loads(told(capsys, "scenarios", "--json"))}
    assert listed["neighbourhood"] == s.hash and len(listed) >= 5
    prices = json.loads(told(capsys, "costs", "neighbourhood", "--json"))
    assert prices == {name: row.model_dump() for name, row in s.costs.items()}


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"city.comprehensive_grids": 1, "districts.other": "copy"},
            "city.comprehensive_grids: must be at least one a",
        ),
        ({"districts.neighbourhood.population": 9}, "city.comprehensive_grids: 9 residents are too few"),
        ({"districts.city": "copy"}, "districts.city: this name is kept"),
        (
            {"districts.neighbourhood.population": 90_000_000, "districts.other": "copy", "city.persons_per_agent": 1},
            "city.persons_per_agent: ",
        ),
        ({"rules.grid_handling": False, "rules.departments": False}, "rules: grid_handling and departments are both"),
        ({"staff.full_time": 0}, "staff.full_time: at least one gridworker"),
        ({"teams.neighborhood": {}}, "teams.neighborhood: no such district; did you mean neighbourhood?"),
        ({"rules.patrol": "yes"}, "rules.patrol: must be true or false"),
        ({"title": 7}, "title: must be a text in quotes"),
        ({"rules": 7}, "rules: must be a table"),
    ],
)
def test_parts_that_do_not_fit_together(change, line):
    data = load_scenario("neighbourhood").to_dict()
    for key, value in change.items():
        *path, last = key.split(".")
        here = data
        for name in path:
            here = here[name]
        here[last] = dict(data["districts"]["neighbourhood"]) if value == "copy" else value
    with pytest.raises(ScenarioError) as refused:
        Scenario.from_dict(data)
    assert any(line in e for e in str(refused.value).splitlines()), str(refused.value)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("status", "key"),
    [
        ({"holds": True, "same_engine": True, "changed": []}, "fit_holds"),
        ({"holds": True, "same_engine": False, "changed": []}, "fit_other_engine"),
        ({"holds": False, "same_engine": True, "changed": ["staff.full_time"]}, "fit_changed"),
        ({"holds": False, "same_engine": True, "changed": []}, "fit_stale"),
    ],
)
def test_whether_a_fit_still_holds_is_told(status, key, lang):
    line = fit_line(status | {"hash": "0123456789abcdef"}, lang)
    assert line == say(key, lang, hash="0123456789", changed="staff.full_time") and "0123456789" in line
