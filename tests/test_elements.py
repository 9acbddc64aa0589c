"""The ten elements of good governance: the card says what the table says, and its index never stands alone."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from gridsim.cli import main
from gridsim.measures import BY_KEY
from gridsim.measures.elements import ELEMENTS, symmetric_change
from gridsim.scenario.policies import Option, Policy, builtin_policies, parse_options
from gridsim.scenario.scenario import load_scenario
from gridsim.studies.comparison import compare
from gridsim.studies.elements import BESIDE, INDEX, PROXY, REST, card, index_of, inputs
from gridsim.studies.saved import load_comparison, read_csv
from gridsim.views.elements import report
from gridsim.views.labels import interval, number, say
from gridsim.views.output import write_comparison

SMALL = load_scenario("neighbourhood", time__warmup_days=60, time__days=120, time__follow_up_days=90)
KNOWN = {
    "told": Policy(name="told", title="Told", chinese="反馈", set={"feedback.share": 0.9}),
    "nothing": Policy(name="nothing", title="Nothing", chinese="不变"),
}


@pytest.fixture(scope="module")
def result():
    return compare(SMALL, "told,nothing", replications=4, known=KNOWN)


def test_ten_elements_each_with_one_judged_proxy_of_its_own():
    assert len(ELEMENTS) == len({e.key for e in ELEMENTS}) == len({e.measure for e in ELEMENTS}) == 10
    for e in ELEMENTS:
        assert BY_KEY[e.measure].better in ("higher", "lower") and not e.measure.startswith("closure_rate")
        assert e.sign == (1 if BY_KEY[e.measure].better == "higher" else -1)
    chinese = "合法性 透明性 责任性 法治 回应性 有效性 公民参与 稳定 廉洁 公正"
    assert " ".join(e.chinese for e in ELEMENTS) == chinese


def test_the_card_is_the_table_and_the_index_comes_last(result):
    table = card(result)
    for name in ("told", "nothing"):
        mine = table[table.policy == name]
        assert list(mine.kind) == [k for e in ELEMENTS for k in (PROXY, *[BESIDE] * len(e.beside))] + [INDEX] + [
            REST
        ] * (name == "told")
        for r in mine[~mine.kind.isin((INDEX, REST))].itertuples():
            row = result.row(name, r.measure)
            assert (r.baseline, r.difference, r.ci_low, r.ci_high) == (
                row.baseline,
                row.difference,
                row.ci_low,
                row.ci_high,
            )
            assert r.verdict == row.verdict
        last = mine[mine.kind == INDEX].iloc[0]
        assert last.verdict == "" and np.isnan(last.baseline) and np.isnan(last.value)
    assert result.row("told", "told_share").verdict == "better"  # the lever that is meant to move it does
    nothing = table[(table.policy == "nothing") & (table.kind == INDEX)].iloc[0]
    assert nothing.difference == nothing.ci_low == nothing.ci_high == 0.0


def test_the_index_by_hand(result):
    """Every proxy 2 today; 3 where more is better, 1 where less: ten changes of 2 · 1 ÷ 5 and 2 · 1 ÷ 3, averaged."""
    runs = result.runs.copy()
    lower = [e for e in ELEMENTS if e.sign < 0]
    for e in ELEMENTS:
        runs[e.measure] = np.where(runs.policy == "told", 1.0 if e in lower else 3.0, 2.0)
    c = dataclasses.replace(result, runs=runs)
    expected = ((10 - len(lower)) * 2 / 5 + len(lower) * 2 / 3) / 10
    assert index_of(c, "told") == pytest.approx(np.full(4, expected)) and index_of(c, "nothing").tolist() == [0.0] * 4
    runs.loc[runs.policy == "told", "told_share"] = np.nan
    assert np.isnan(index_of(dataclasses.replace(c, runs=runs), "told")).all()


def test_what_a_lever_sets_is_marked_and_left_out_of_the_second_index(result):
    """Of ten only transparency doubles: the index is 2 · 1 ÷ 3 ÷ 10, carried by it alone; without it, 0."""
    runs = result.runs.copy()
    for e in ELEMENTS:
        runs[e.measure] = np.where((runs.policy == "told") & (e.key == "transparency"), 2.0, 1.0)
    table = card(dataclasses.replace(result, runs=runs)).set_index(["policy", "element"])
    assert table.loc[("told", INDEX)].difference == pytest.approx(2 / 3 / 10)
    assert table.loc[("told", REST)].difference == 0.0 and ("nothing", REST) not in table.index
    assert table[table.set_by != ""].set_by.to_dict() == {("told", "transparency"): "feedback.share"}
    for lang in ("en", "zh"):
        first, second = report(result, lang).split("\n\n")[:2]
        marked = [line for line in first.splitlines() if "※" in line]  # its row, the second index, the levers
        assert len(marked) == 3 and ("透明性" in marked[0]) and "feedback.share" in marked[2] and "※" not in second


def test_levers_that_set_a_proxy():
    """Good governance sets feedback, publicity and organisations; a value as today's sets nothing."""
    known = builtin_policies() | {"same": Policy(name="same", set={"feedback.share": SMALL.get("feedback.share")})}

    def marked(name):
        (o,) = parse_options(name, known, SMALL)
        return {e.key for e in ELEMENTS if inputs(e, o, SMALL)}

    assert marked("good-governance") == {"legality", "transparency", "participation"}
    assert marked("management") == marked("no-feedback") == {"transparency"}
    assert marked("same") == marked("raise-linkage") == set()
    own = Policy(name="own", set={"organisations.coverage": 0.5})
    assert inputs(ELEMENTS[6], Option("own", (own,)), SMALL) == ["organisations.coverage"]


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_change_is_bounded_and_cancels(before, after):
    there, back = symmetric_change(np.array([before, after]), np.array([after, before]))
    assert -2 <= there <= 2 and there == pytest.approx(-back)
    assert np.sign(there) == np.sign(after - before) or abs(after - before) < 1e-300


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_ten_are_printed_and_the_index_is_said_to_be_our_choice(result, lang):
    text = report(result, lang)
    for e in ELEMENTS:
        assert (e.chinese if lang == "zh" else e.english) in text
    r = result.row("told", "told_share")
    assert f"{number(r.difference, 'share', True, lang)} {interval(r)}" in text
    assert say("elements_note", lang) in text and say("elements_index_note", lang) in text
    assert ("由本模型设定" if lang == "zh" else "our choice, not the paper's") in text
    lines = text.splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith(("Equal-weight", "十要素等权")))
    before = "\n".join(lines[:at])
    assert all((e.chinese if lang == "zh" else e.english) in before for e in ELEMENTS)  # never alone


def test_without_trust_it_says_what_is_not_measured_and_forms_no_index():
    off = SMALL.replace({"rules.trust": False})
    c = compare(off, "nothing", replications=2, days=30, known=KNOWN)
    table = card(c).set_index("element")
    assert table.loc["legality"].verdict == table.loc["transparency"].verdict == "not measured"
    assert np.isnan(table.loc[INDEX].difference)
    assert say("elements_index_none", "en") in report(c, "en")


def test_files_hold_the_card(result, tmp_path):
    files = write_comparison(result, tmp_path, "both")
    assert "elements.csv" in files
    written = read_csv(tmp_path / "elements.csv")
    expected = card(load_comparison(tmp_path).comparison)
    pd.testing.assert_frame_equal(
        written.fillna({"measure": "", "verdict": "", "set_by": ""}), expected, check_dtype=False
    )
    book = load_workbook(tmp_path / "report.xlsx")
    sheet = book["Ten elements | 善治十要素"]
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 1 + len(expected)
    at = next(row for row in rows if row[2] and str(row[2]).startswith("trust /"))
    assert at[7] == pytest.approx(result.row("told", "trust").difference)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for lang in ("en", "zh"):
        assert f'id="{lang}-elements"' in page and say("elements_index_note", lang)[:20] in page


def test_the_command_prints_it_when_asked(tmp_path, capsys):
    argv = ["compare", "neighbourhood", "--policies", "raise-linkage", "--replications", "2", "--days", "30"]
    assert main([*argv, "--out", str(tmp_path / "a")]) == 0
    plain = capsys.readouterr().out
    assert main([*argv, "--out", str(tmp_path / "b"), "--elements"]) == 0
    asked = capsys.readouterr().out
    assert "善治十要素" in asked and "善治十要素" not in plain
    assert (tmp_path / "a" / "elements.csv").read_bytes() == (tmp_path / "b" / "elements.csv").read_bytes()
