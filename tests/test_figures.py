"""Figures and what they are drawn from: every glyph, every statement, legible in grey, and honest about grids."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from gridsim.measures.curves import DAYS, unresolved_share
from gridsim.measures.survival import restricted_mean
from gridsim.measures.territory import by_grid, first_grid, joint_handling
from gridsim.model.cases import measured_columns
from gridsim.model.city import City
from gridsim.model.model import GovernanceModel
from gridsim.scenario.policies import Policy, builtin_policies, parse_options
from gridsim.scenario.scenario import load_scenario
from gridsim.scenario.windows import windows
from gridsim.studies.comparison import compare
from gridsim.studies.equal_cost import judged, plan
from gridsim.studies.territory import grid_effects
from gridsim.views.drawing import share_letters, svg
from gridsim.views.figures import HATCHES, line_of, style, wrapped
from gridsim.views.figures_city import GAIN_TO_LOSS, packed
from gridsim.views.report import FIGURES

SMALL = load_scenario("neighbourhood", time__warmup_days=60, time__days=120, time__follow_up_days=90)
KNOWN = {
    "teams": Policy(name="teams", title="More teams", chinese="部门增队", set={"departments.added_teams": 1}),
    "link": Policy(name="link", title="Link $up$", chinese="部门联动", set={"linkage.rate": 0.95}),
}


@pytest.fixture(scope="module")
def result():
    return compare(SMALL, "teams,link,teams+link", replications=4, known=KNOWN)


@pytest.fixture(scope="module")
def at_equal_cost():
    known = builtin_policies()
    options = parse_options("raise-linkage,add-experts", known, SMALL)
    made = plan(options, SMALL, City(SMALL), "dearest", known)
    return judged(compare(SMALL, made.options, replications=4), made)


@pytest.fixture(scope="module")
def world():
    return GovernanceModel(SMALL, rng=3).run().world


def texts_of(figure) -> list[str]:
    return [t.get_text() for t in figure.findobj(match=lambda a: hasattr(a, "get_text")) if t.get_text()]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_draws_in_both_languages(request, lang, name, caplog):
    result = request.getfixturevalue("at_equal_cost" if name == "equal_cost" else "result")
    with warnings.catch_warnings(), style():
        warnings.simplefilter("error")  # a missing glyph is a warning
        figure = FIGURES[name](result, lang)
        drawing = svg(figure, name)
        said = " ".join(texts_of(figure))
        inside = figure.bbox.padded(2.0)
        shown = [*figure.texts, *(t for axes in figure.axes for t in (axes.title, axes.xaxis.label, axes.yaxis.label))]
        for text in (t for t in shown if t.get_text() and t.get_visible()):  # nothing is cut off at the edge
            box = text.get_window_extent()
            assert inside.contains(box.x0, box.y0) and inside.contains(box.x1, box.y1), text.get_text()
    assert "findfont" not in caplog.text
    assert SMALL.hash[:10] in said  # says which scenario it rests on
    if name != "tree":  # no run is in it
        assert "4 replications" in said or "4 次重复" in said
        assert ("Seed 1" if lang == "en" else "种子 1") in said
    assert drawing.startswith("<svg") and len(drawing) > 5_000
    if lang == "zh":
        assert "NotoSans" in drawing


def test_there_is_nothing_to_draw_at_equal_cost_where_nobody_asked(result):
    assert FIGURES["equal_cost"](result, "en") is None


@pytest.mark.parametrize("name", ["backlog", "curves", "paired"])
def test_figures_say_what_their_band_is(result, name):
    with style():
        assert "95 % interval" in " ".join(texts_of(FIGURES[name](result, "en")))


def test_the_same_figure_is_the_same_bytes(result):
    with style():
        a, b = (svg(FIGURES["map"](result, "zh"), "map") for _ in range(2))
    assert a == b


def test_letters_are_drawn_once_a_page(result):
    with style():
        drawings = [svg(FIGURES[name](result, "en"), name) for name in ("tree", "linkage")]
    whole = share_letters("".join(drawings))
    assert len(whole) < len("".join(drawings))
    ids = [part.split('"')[0] for part in whole.split('<path id="')[1:]]
    assert len(ids) == len(set(ids))


def test_lines_and_bars_differ_without_colour():
    looks = [line_of(i, 100) for i in range(7)]
    assert len({(str(look["linestyle"]), look["marker"], look["markerfacecolor"] == "white") for look in looks}) == 7
    assert len({look["marker"] for look in looks}) == 7
    assert len(set(HATCHES)) == len(HATCHES)


def test_the_map_darkens_all_the_way_from_gain_to_loss():
    grey = [np.dot(to_rgb(GAIN_TO_LOSS(x)), (0.2126, 0.7152, 0.0722)) for x in np.linspace(0, 1, 60)]
    assert np.all(np.diff(grey) < 0) and grey[0] - grey[-1] > 0.85


def test_a_whole_city_fits_in_a_page(result):
    """6,325 grids in ten districts: a small drawing, and as many grids as there are."""
    n = 6_325
    rng = np.random.default_rng(1)
    register = pd.DataFrame(
        {
            "grid": [f"grid-{k}" for k in range(n)],
            "kind": np.where(np.arange(n) < 4_740, "comprehensive", "dedicated"),
            "district": [f"d{k % 10}" for k in range(n)],
            "street": 0,
            "community": 0,
            "x": rng.integers(0, 30, n).astype(float),
            "y": rng.integers(0, 25, n).astype(float),
        }
    )
    grids = pd.concat(
        pd.DataFrame(
            {"policy": p, "grid": register.grid, "cases": 10.0, "time": 9.0, "time_difference": 0.1, "backlog": 1.0}
            | {"backlog_difference": rng.normal(size=n), "backlog_ci_low": -1.0, "backlog_ci_high": 1.0}
        )
        for p in ("baseline", "teams", "link", "teams+link")
    )
    c = dataclasses.replace(result, register=register, grids=grids)
    with style():
        figure = FIGURES["map"](c, "en")
        assert len(svg(figure, "map")) < 400_000
    assert sum(len(s.get_paths()) for s in figure.axes[0].collections) == n
    assert "6,325 grids" in " ".join(texts_of(figure))


def test_schematic_is_said_unless_positions_were_given(result):
    with style():
        assert any("schematic map" in t for t in texts_of(FIGURES["map"](result, "en")))
        assert any("示意图" in t for t in texts_of(FIGURES["map"](result, "zh")))


def test_districts_moved_together_keep_their_shape(result):
    register = pd.DataFrame(
        {"district": ["a", "a", "b", "b"], "x": [0.0, 2.0, 90.0, 93.0], "y": [0.0, 1.0, 50.0, 54.0]}
    )
    place = packed(register)
    for district in "ab":
        before, after = (t[t.district == district][["x", "y"]].to_numpy() for t in (register, place))
        assert np.allclose(np.diff(before, axis=0), np.diff(after, axis=0))
    assert np.ptp(place.x) + np.ptp(place.y) < 25


def test_long_names_break_after_a_plus_sign():
    assert wrapped("one + two + three", 9) == "one + two +\nthree"
    assert wrapped("部门联动提效 + 专属网格精简", 12) == "部门联动提效 +\n专属网格精简"


def test_the_area_under_a_curve_is_the_time_to_resolution(result):
    fine = np.linspace(0, 90, 20_001)
    rng = np.random.default_rng(3)
    until, done = rng.exponential(20.0, 500), rng.random(500) < 0.8
    kept = np.where(done, until, 1e9)  # followed for ever: what is not done stays unresolved
    assert np.trapezoid(unresolved_share(kept, done, fine), fine) == pytest.approx(
        restricted_mean(kept, done, 90.0), rel=1e-3
    )
    censored = np.minimum(until, 40.0)  # some lost from sight before 90 days: Kaplan–Meier
    seen = done & (until <= 40)
    assert np.trapezoid(unresolved_share(censored, seen, fine[fine < 39]), fine[fine < 39]) == pytest.approx(
        restricted_mean(censored, seen, float(fine[fine < 39][-1])), rel=1e-3
    )
    assert np.isnan(unresolved_share(np.array([]), np.array([], bool))).all()
    mean = result.curves[result.curves.window == result.headline].groupby(["policy", "day"]).unresolved.mean()
    area = np.trapezoid(mean["link"], DAYS)
    assert area == pytest.approx(result.row("link", "time_to_resolution").value, rel=0.01)


def test_grids_sum_to_the_city(result, world):
    for policy in ("baseline", "link"):
        here = result.grids[result.grids.policy == policy]
        r = result.row("link", "backlog")
        assert here.backlog.sum() == pytest.approx(r.baseline if policy == "baseline" else r.value, rel=1e-9)
        t = result.row("link", "time_to_resolution")
        weighted = np.average(here.time.fillna(0), weights=here.cases)
        assert weighted == pytest.approx(t.baseline if policy == "baseline" else t.value, rel=0.02)
    assert np.array_equal(first_grid(world.city), world.city.place.grid)
    assert len(result.register) == 80 and list(result.grids.grid[:80]) == list(result.register.grid)


def test_a_grid_is_counted_by_hand(world):
    c = measured_columns(world.cases)
    window = windows(SMALL)[-1]
    found = by_grid(world, c, window)
    k = int(np.argmax(found[:, 0]))
    mine = np.flatnonzero(first_grid(world.city)[c["place"].astype(int)] == k)
    inside = [i for i in mine if window[0] <= c["reported"][i] < window[1]]
    assert found[k, 0] == len(inside)
    waited = [
        min(90.0, c["resolved"][i] - c["reported"][i]) if c["resolved"][i] == c["resolved"][i] else 90.0 for i in inside
    ]
    assert found[k, 1] == pytest.approx(sum(waited))
    assert np.isnan(by_grid(world, c, (0, SMALL.time.days + 30))[:, 1]).all()  # not followed for 90 days: not said


def test_effects_of_grids_are_paired_means():
    rng = np.random.default_rng(2)
    base = [np.column_stack([np.full(3, 4.0), np.full(3, 40.0), rng.random(3)]) for _ in range(5)]
    more = [a + np.array([0.0, 4.0, 0.5]) for a in base]
    t = grid_effects({"baseline": base, "p": more}, ["x", "y", "z"])
    p = t[t.policy == "p"]
    assert np.allclose(p.backlog_difference, 0.5) and np.allclose(p.backlog_ci_low, 0.5)
    assert np.allclose(p.time, 11.0) and np.allclose(p.time_difference, 1.0)
    assert (t[t.policy == "baseline"].backlog_difference == 0).all()
    one = grid_effects({"baseline": base[:1], "p": more[:1]}, ["x", "y", "z"])
    assert one.backlog_ci_low.isna().all()


def test_joint_handling_is_the_linkage_network():
    model = GovernanceModel(SMALL, rng=3).run()
    found = joint_handling(model.world, (-10_000, 10_000))
    expected: dict[tuple[str, str], int] = {}
    fields = list(SMALL.fields)
    for a, b, data in model.linkage_network.edges(data=True):
        pair = sorted((a.split(".")[1], b.split(".")[1]), key=fields.index)
        expected[pair[0], pair[1]] = expected.get((pair[0], pair[1]), 0) + data["weight"]
    assert sum(expected.values()) > 20
    assert {(r.one, r.other): r.cases for r in found.itertuples() if r.cases} == expected
