"""Figures and words: no missing glyph, no claim beyond the verdict, numbers as in the table."""

import warnings

import pytest

from gridsim.scenario.policies import Policy
from gridsim.scenario.scenario import load_scenario
from gridsim.studies.comparison import compare
from gridsim.views import words
from gridsim.views.figures import backlog_figure, paired_figure, save, style
from gridsim.views.labels import aligned, group_label, number, place_label, width

SMALL = load_scenario("neighbourhood", time__warmup_days=60, time__days=120, time__follow_up_days=90)


@pytest.fixture(scope="module")
def result():
    known = {
        "nothing": Policy(name="nothing", title="Nothing", chinese="不变"),
        "more": Policy(name="more", title="More patrol", chinese="增加巡查", set={"patrol.coverage": 0.6}),
    }
    return compare(SMALL, "nothing,more", replications=6, known=known)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_figures_have_every_glyph(result, lang, tmp_path, caplog):
    with warnings.catch_warnings(), style():
        warnings.simplefilter("error")  # a missing glyph is a warning
        for name, make in (("backlog", backlog_figure), ("paired", paired_figure)):
            figure = make(result, lang)
            save(figure, tmp_path / f"{name}.png")
            texts = [t.get_text() for t in figure.findobj(match=lambda a: hasattr(a, "get_text"))]
            assert any(str(len(result.finished)) in t and "95" in t for t in texts)  # says what its band is
            inside = figure.bbox.padded(1.0)
            axes = figure.axes[0]
            shown = [axes.title, axes.xaxis.label, axes.yaxis.label, *figure.texts, *figure.legends[0].get_texts()]
            for text in (t for t in shown if t.get_text()):  # nothing is cut off at the edge
                box = text.get_window_extent()
                assert inside.contains(box.x0, box.y0) and inside.contains(box.x1, box.y1), text.get_text()
    assert "findfont" not in caplog.text


def test_a_missing_glyph_would_be_noticed(tmp_path):
    from matplotlib.figure import Figure

    with pytest.raises(UserWarning, match="Glyph"), warnings.catch_warnings(), style():
        warnings.simplefilter("error")
        figure = Figure()
        figure.text(0, 0, "\U00020000")  # a character outside the subset
        figure.savefig(tmp_path / "x.png")


def test_style_leaves_the_users_settings_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    with style():
        assert matplotlib.rcParams["font.family"] != before["font.family"]
    assert dict(matplotlib.rcParams) == before


def test_nothing_moves_under_nothing(result):
    text = "\n".join(words.what_moved(result, "nothing", "en"))
    assert "Neither primary outcome" in text
    verdicts = result.table[result.table.policy == "nothing"].set_index("measure").verdict
    empty = {"expert_utilisation", "matthew_success"}  # no experts, and no window before the first
    assert set(verdicts[verdicts == "not measured"].index) - {"resolution_p90"} == empty
    assert set(verdicts.drop([*empty, "resolution_p90"])) == {"no clear difference"}
    assert not any(w in words.table(result, "nothing", "en") for w in ("better", "worse"))
    assert "identical" in words.table(result, "nothing", "en")


def test_more_detection_is_told_apart_from_failure(result):
    lines = words.what_moved(result, "more", "en")
    assert result.row("more", "detection_rate").verdict == "better"
    assert result.row("more", "backlog").difference > 0
    assert any("are no failure" in x for x in lines)


def test_numbers_as_people_read_them():
    assert number(0.1234, "share") == "12.34 %"
    assert number(-0.005, "share", sign=True) == "−0.50 pp"
    assert number(12841.3, "cases") == "12,841"
    assert number(float("nan"), "d") == "–"


def test_chinese_takes_two_columns():
    assert width("案件 a") == 6
    first, second = aligned([["案件", "1"], ["case", "2"]]).splitlines()
    assert width(first) == width(second)


def test_words_on_groups_and_costs_say_what_the_tables_say(result):
    lines = words.who_waits(result, "more", "en")
    g = result.groups[(result.groups.policy == "more") & (result.groups.family == "all")].iloc[-1]
    assert f"{100 * g.sooner:.2f} %" in lines[-1] and f"{100 * g.later:.2f} %" in lines[-1]
    assert words.who_waits(result, "nothing", "en") == []  # nobody waits longer or less
    clear = result.groups[(result.groups.policy == "more") & result.groups.verdict.isin(["better", "worse"])]
    assert len(lines) == 1 + clear[clear.family != "all"].verdict.nunique()
    assert words.what_it_costs(result, "more", "zh") == [
        "成本（毛支出）：每年 0 元，一次性 0 元；单价多为假设值（见 gridsim costs）。"
    ]
    assert words.alarm(result, "baseline", "en") == []


def test_all_prints_every_measure_and_the_short_table_does_not(result):
    short, whole = (words.table(result, "more", "zh", everything) for everything in (False, True))
    assert len(whole.splitlines()) == 1 + len(result.table.measure.unique()) and "基尼系数" in whole
    assert len(short.splitlines()) == 1 + len(words.SHOWN) and "基尼系数" not in short


def test_every_group_and_unit_has_a_name_in_both_languages(result):
    for lang in ("en", "zh"):
        named = {
            group_label(result.scenario, r.family, r.group, lang)
            for r in result.groups.itertuples()
            if r.family != "all"
        }
        assert len(named) == len(result.groups[result.groups.family != "all"].group.unique())
        assert place_label(result.scenario, "community", "community-3", lang).endswith(" 3")
    assert place_label(result.scenario, "department", "neighbourhood.justice", "zh") == "示例片区·司法行政"
    assert place_label(result.scenario, "department", "city.justice", "zh") == "市级·司法行政"
