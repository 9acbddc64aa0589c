"""The page: two worlds on the same keys, their charts, and the page itself in a browser that reaches nothing outside."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec

import numpy as np
import pytest

from gridsim import load_scenario
from gridsim.app import levers as lv
from gridsim.app import serve
from gridsim.app.case import case_html
from gridsim.app.charts import Backlog, Map, Unresolved
from gridsim.app.pair import AFTER, FACTS, Pair, Setup
from gridsim.cli import main
from gridsim.model.world import World
from gridsim.scenario.parameters import REGISTRY
from gridsim.scenario.policies import builtin_policies, parse_options
from gridsim.scenario.scenario import ScenarioError

SHORT = {"time__warmup_days": 60, "time__days": 90, "time__follow_up_days": 30}
CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "chrome"]


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("neighbourhood", **SHORT)


@pytest.fixture
def pair(scenario):
    return Pair(Setup(scenario), rng=3)


def after(pair, days):
    for _ in range(days):
        pair.step()
    return pair


def state(world):
    return world.cases.tobytes(), world.days.tobytes()


# --- two worlds -----------------------------------------------------------------------------------------------------


def test_each_side_is_the_world_that_a_comparison_would_run(scenario, pair):
    after(pair, 40)
    assert pair.day == 40 and pair.running
    option = parse_options(["raise-linkage"], builtin_policies(), scenario)[0]
    for world, phases in zip(pair.worlds, ([], option.phases(scenario)), strict=True):
        assert state(world) == state(World(scenario, seed=3).warm_up().under(phases).advance(40))
    assert state(pair.worlds[0]) != state(pair.worlds[1])
    after(pair, 200)  # beyond the horizon nothing moves
    assert pair.day == 120 and not pair.running


def test_the_past_is_common_and_the_same_policy_gives_the_same_world(pair):
    assert state(pair.worlds[0]) == state(pair.worlds[1])
    pair.setup.choose(1, "baseline")
    pair.rebuild(1)
    after(pair, 20)
    assert state(pair.worlds[0]) == state(pair.worlds[1])


def test_a_lever_rebuilds_its_side_only_from_the_first_day_on(scenario, pair):
    after(pair, 30)
    left, right = (state(w) for w in pair.worlds)
    pair.setup.move(1, "linkage.rate", 0.4)
    assert pair.setup.number(1, "linkage.rate") == 0.4 and pair.setup.number(0, "linkage.rate") == 0.7
    pair.rebuild(1)
    assert state(pair.worlds[0]) == left and state(pair.worlds[1]) != right and pair.day == 30
    policy = builtin_policies()["raise-linkage"].set | {"linkage.rate": 0.4}
    straight = World(scenario, seed=3).warm_up()
    straight.under([type(pair.worlds[1].phases[0])(0, scenario.replace(policy))])
    assert state(straight.advance(30)) == state(pair.worlds[1])
    pair.setup.choose(1, "raise-linkage")  # what was moved by hand returns to the policy's
    pair.rebuild(1)
    assert state(pair.worlds[1]) == right


def test_another_seed_is_another_history_and_a_reset_the_same(scenario):
    setup = Setup(scenario)
    a, b, c = (after(Pair(setup, rng=rng), 10) for rng in (3, 4, 3))
    assert state(a.worlds[1]) == state(c.worlds[1]) != state(b.worlds[1])


def test_a_visitor_moves_his_own_levers(scenario):
    setup = Setup(scenario)
    one, other = setup.own(), setup.own()
    one.move(0, "outreach.hours", 3.0)
    assert other.number(0, "outreach.hours") == 0.0 and one.city is other.city


def test_two_policies_and_wrong_ones(scenario):
    setup = Setup(scenario, "add-experts,raise-linkage+devices")
    assert [s.option.name for s in setup.sides] == ["add-experts", "raise-linkage+devices"]
    assert setup.number(0, "experts.per_full_time") == 0.2
    for wrong in ("a,b,c", "raise-linkge"):
        with pytest.raises(ScenarioError):
            Setup(scenario, wrong)


# --- levers ---------------------------------------------------------------------------------------------------------


def test_levers_have_the_registrys_ranges():
    levers = lv.page_levers(builtin_policies().values())
    assert list(levers) == list(lv.KEYS)
    for key, lever in levers.items():
        p = REGISTRY[key]
        assert p.lever and lever.low < lever.high
        if p.low is not None:
            assert (lever.low, lever.high) == (p.low, p.high)
        else:
            assert lever.low == p.minimum and lever.high <= p.maximum
        stops = (lever.high - lever.low) / lever.step
        assert 20 <= stops <= lv.MOST_STOPS and stops == pytest.approx(round(stops))
    assert levers["experts.per_full_time"].high == builtin_policies()["add-experts"].scale.most


def test_a_duration_is_moved_by_its_mean_and_no_lever_beyond_its_range(scenario):
    setup = Setup(scenario)
    setup.move(0, "linkage.report_in", 0.5)
    setup.move(0, "outreach.hours", 99.0)
    held = lv.in_force(setup.option_of(0), scenario)
    assert held.linkage.report_in.distribution == "exponential" and held.linkage.report_in.mean == 0.5
    assert held.outreach.hours == 6.0
    assert setup.option_of(0).title == "by hand" and setup.option_of(1).title == "Departments that link up"


# --- what is shown --------------------------------------------------------------------------------------------------


def test_open_cases_by_grid_add_up_to_the_daily_record(pair):
    for days in (0, 1, 25):
        after(pair, days)
        for k in (0, 1):
            by_grid = pair.open_by_grid(k)
            assert len(by_grid) == 80 and by_grid.sum() == pair.worlds[k].days.open[-1] > 0


def test_facts_are_counted_from_the_cases(pair):
    first = pair.facts(0)
    assert set(first) == set(FACTS) and first["reported"] == 0 and np.isnan(first["mean_open"])
    after(pair, 100)
    for k, world in enumerate(pair.worlds):
        f, cases = pair.facts(k), world.case_frame()
        reported = cases[cases.reported >= 0]
        assert f["reported"] == len(reported)
        assert f["resolved"] == ((cases.resolved >= 0) & (cases.state == "resolved")).sum()
        long_ago = reported[reported.reported <= 100 - AFTER]
        share = 1 - (long_ago.resolved - long_ago.reported <= AFTER).mean()
        assert f["unresolved"] == pytest.approx(share, abs=0.03)  # Kaplan–Meier knows a little more
        assert f["mean_open"] == pytest.approx(world.day_frame().loc[0:].case_days.mean())


def test_the_curve_ends_with_what_was_followed(pair):
    assert len(pair.unresolved(0)[0]) == 0
    after(pair, 20)
    days, share = pair.unresolved(0)
    assert 15 < days[-1] <= 20 and len(days) == len(share)
    assert (np.diff(share) <= 0).all() and 0 < share[-1] < share[0] <= 1


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_chart_shows_the_state_and_not_the_way_to_it(pair, lang):
    kinds = [
        lambda: Map(pair, lang, 0),
        lambda: Map(pair, lang, 1),
        lambda: Backlog(pair, lang),
        lambda: Unresolved(pair, lang),
    ]
    kept = [make() for make in kinds]
    seen = []
    for _ in range(4):
        seen.append([chart.png(pair) for chart in kept])
        after(pair, 12)
    assert all(len(set(pictures)) == 4 for pictures in zip(*seen, strict=True))
    assert [chart.png(pair) for chart in kept] == [make().png(pair) for make in kinds]
    again = Pair(pair.setup, rng=3)
    assert [chart.png(again) for chart in kept] == seen[0]
    assert kept[0].png(again) == kept[1].png(again)  # the common past


def test_the_case_is_told_up_to_today(pair):
    found = pair.trace()
    for k, telling in enumerate(found.tellings):  # the history that is shown
        case = World(pair.setup.scenario, seed=3).warm_up().under(pair.worlds[k].phases).run().cases
        same = (case.place == found.case["place"]) & (case.ordinal == found.case["ordinal"])
        assert case.resolved[same] == pytest.approx(telling.end, abs=1e-12) and telling.ended == "solved"
    assert found.seed == 3 and found.chosen == "sooner" and 0 <= found.case["onset"] < 60
    before, last = int(found.case["onset"]), max(t.end for t in found.tellings)
    assert "It arises on day" in case_html(found, before, "en") and "gridsim-bar" not in case_html(found, before, "en")
    lengths = []
    for day in range(before + 1, int(last) + 2):
        known = found.until(day)
        for whole, part in zip(found.tellings, known.tellings, strict=True):
            assert (part.steps.time <= day).all() and part.end == min(whole.end, day)
            assert sum(part.phases.values()) == pytest.approx(part.end - found.case["onset"])
            assert part.ended == (whole.ended if whole.end <= day else "not yet")
        lengths.append(sum(len(t.steps) for t in known.tellings))
    assert lengths == sorted(lengths) and lengths[-1] == sum(len(t.steps) for t in found.tellings)
    assert "not over yet" in case_html(found, before + 1, "en")
    end = case_html(found, int(last) + 1, "zh")
    assert (
        "尚未了结" not in end
        and end.count("gridsim-bar") == 2
        and re.search("[一-鿿]", end)
        and "左" in end
        and "右" in end
    )


# --- the command ----------------------------------------------------------------------------------------------------


def test_without_the_extra_one_sentence_says_so(monkeypatch, capsys):
    def version(name):
        if name == "solara-assets":
            raise PackageNotFoundError(name)
        return "3.0.0" if name == "ipyvuetify" else "1.2" if name != "starlette" else "0.9"

    monkeypatch.setattr(serve, "version", version)
    assert main(["app", "--no-open"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and 'pip install "gridsim[app]"' in err
    assert "solara-assets, ipyvuetify 1 not installed" in err


def test_a_port_in_use_and_wrong_names_are_told(capsys):
    with socket.socket() as taken:
        taken.bind((serve.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ScenarioError, match=f"--port: {port} cannot be used"):
            serve.bound(port)
    if not serve.lacking():
        assert main(["app", "--policies", "raise-linkge", "--no-open"]) == 2
        assert "raise-linkage" in capsys.readouterr().err


# --- in a browser ---------------------------------------------------------------------------------------------------


def missing():
    lacks = [] if find_spec("playwright") else ["playwright"]
    return [*serve.lacking(), *lacks, *([] if any(map(shutil.which, CHROMIUM)) else ["a Chromium"])]


class Sink:
    """A proxy that answers nobody and counts who asks: what the server would fetch from outside."""

    def __init__(self):
        self.asked = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                one, _ = self.socket.accept()
            except OSError:
                return
            self.asked.append(one.recv(200))
            one.close()


class Served:
    """A page in a browser, with what it complained of and what it wanted from outside."""

    def __init__(self, browser, lang, width, height):
        self.sink = Sink()
        proxies = {f"{scheme}_proxy": self.sink.url for scheme in ("http", "https", "all")}
        command = [sys.executable, "-m", "gridsim", "app", "--port", "0", "--no-open", "--json", "--lang", lang]
        self.server = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | proxies
        )
        try:
            self._open(browser, width, height)
        except BaseException:
            self.server.kill()
            raise

    def _open(self, browser, width, height):
        self.url = json.loads(self.server.stdout.readline())["url"]
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(120_000)  # ms: the machine may be busy
        self.outside, self.complaints = [], []
        self.page.on("request", self._asks)
        self.page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("response", lambda r: self.complaints.append(r.url) if r.status >= 400 else None)
        self.page.goto(self.url)
        self.page.wait_for_selector("img[data-chart=unresolved]")

    def _asks(self, request):
        if request.url.startswith(("http", "ws")) and "//127.0.0.1:" not in request.url:
            self.outside.append(request.url)

    def close(self):
        self.page.close()
        self.server.terminate()
        self.server.communicate(timeout=20)
        self.sink.socket.close()

    @property
    def day(self):
        return int(self.page.locator("[data-day]").get_attribute("data-day"))

    def pictures(self, day):
        """The charts of a day, once they show it."""
        self.page.wait_for_selector(f'[data-day="{day}"]')
        self.page.wait_for_timeout(500)  # the charts come after the table
        return self.page.eval_on_selector_all("img[data-chart]", "all => all.map(x => [x.dataset.chart, x.src])")

    def press(self, name):
        self.page.get_by_role("button", name=name, exact=True).click()

    def steps(self, day, word="Step"):
        for k in range(self.day + 1, day + 1):
            self.press(word)
            self.page.wait_for_selector(f'[data-day="{k}"]')


@pytest.fixture(scope="module")
def browser():
    if lacks := missing():
        assert not os.environ.get("GRIDSIM_BROWSER"), lacks  # where it is to run, it must
        pytest.skip(f"no {', '.join(lacks)}")
    from playwright.sync_api import sync_playwright

    chromium = next(found for name in CHROMIUM if (found := shutil.which(name)))
    rules = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=rules)


@pytest.fixture(scope="module")
def served(browser):
    page = Served(browser, "en", 1440, 900)
    yield page
    page.close()


def test_it_loads_with_charts_and_the_caution(served):
    pictures = served.pictures(0)
    assert [name for name, _ in pictures] == ["map0", "map1", "backlog", "unresolved"]
    sizes = served.page.eval_on_selector_all("img[data-chart]", "all => all.map(x => x.naturalWidth)")
    assert min(sizes) > 300
    assert "One run is luck" in served.page.inner_text(".gridsim-luck")
    served.page.wait_for_selector(".gridsim-case >> text=It arises on day")


def test_a_step_is_a_day_and_a_reset_gives_the_same_pictures(served):
    first = served.pictures(0)
    served.steps(6)
    sixth = served.pictures(6)
    assert sixth != first
    served.press("Reset")
    assert served.pictures(0) == first
    served.steps(6)
    assert served.pictures(6) == sixth


def test_a_slider_changes_the_outcome_of_its_side(served):
    served.press("Reset")
    served.pictures(0)
    served.steps(6)
    before = dict(served.pictures(6))
    table = served.page.inner_text(".gridsim-facts table")
    thumb = served.page.locator('.gridsim-side >> nth=1 >> [role=slider][data-lever="linkage.rate"]')
    thumb.focus()
    thumb.press("Home")
    served.page.wait_for_selector("text=Departments that link up + by hand >> nth=0")
    assert float(thumb.get_attribute("aria-valuenow")) == 0.4
    moved = dict(served.pictures(6))
    assert served.page.inner_text(".gridsim-facts table") != table
    assert moved["map0"] == before["map0"] and moved["backlog"] != before["backlog"]


def test_play_advances_days_until_it_is_paused(served):
    start = served.day
    served.press("▶")
    served.page.wait_for_function(f"Number(document.querySelector('[data-day]').dataset.day) >= {start + 15}")
    served.press("❚❚")
    served.page.wait_for_selector("button:has-text('▶')")
    served.page.wait_for_timeout(500)
    there = served.day
    served.page.wait_for_timeout(500)
    assert served.day == there >= start + 15


def test_nothing_was_asked_of_the_outside_and_nothing_complained(served):
    assert served.complaints == [] and served.outside == [] and served.sink.asked == []
    served.page.evaluate("fetch('http://example.org/a.js').catch(() => console.error('gone'))")  # it would be noticed
    served.page.wait_for_timeout(300)
    assert served.outside == ["http://example.org/a.js"] and "gone" in served.complaints
    with socket.create_connection(served.sink.socket.getsockname()) as one:
        one.sendall(b"GET http://example.org/ HTTP/1.1\r\n\r\n")
        assert one.recv(1) == b""
    assert len(served.sink.asked) == 1


def test_in_chinese_on_a_narrow_screen(browser):
    page = Served(browser, "zh", 390, 844)
    try:
        text = page.page.inner_text("body")
        for words in ("重置", "单步", "部门联动率", "现状", "部门联动提效", "单次模拟带有偶然性", "报到时滞"):
            assert words in text, words
        assert "Reset" not in text and "Controls" not in text
        page.steps(2, "单步")
        assert page.page.evaluate("document.fonts.check('16px gridsim', '滞')")
        wide = page.page.evaluate(
            "Math.max(...[...document.querySelectorAll('.gridsim-card')].map(x => x.getBoundingClientRect().right))"
        )
        assert wide <= 390  # nothing is cut off at the side
        assert page.complaints == [] and page.outside == [] and page.sink.asked == []
    finally:
        page.close()
