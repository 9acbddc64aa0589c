"""The decision brief: its numbers are the tables', it needs nothing from outside, and it says what it does not know."""

import dataclasses
import math
import re
import shutil
import subprocess
import warnings
import zipfile
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from fontTools.ttLib import TTFont
from markupsafe import Markup

from gridsim.cli import main
from gridsim.measures import MEASURES
from gridsim.scenario.parameters import PARAMETERS, UNIT_COSTS
from gridsim.scenario.policies import Policy, builtin_policies
from gridsim.scenario.scenario import load_scenario
from gridsim.studies.baselines import baseline_table
from gridsim.studies.comparison import compare
from gridsim.studies.judge import VERDICTS
from gridsim.studies.saved import TABLES, load_comparison, read_csv
from gridsim.studies.trace import telling_case
from gridsim.views import report
from gridsim.views.brief import BLOCKS, SECTIONS, answer_sentence, between_sentence, cautions, worse_elsewhere
from gridsim.views.brief_doubts import influences
from gridsim.views.brief_terms import glossary_entries, letters
from gridsim.views.figures import FONTS
from gridsim.views.labels import catalogue, interval, number, say, terms
from gridsim.views.output import write_comparison, write_csv, write_tables

SMALL = load_scenario("neighbourhood", time__warmup_days=60, time__days=120, time__follow_up_days=90)
POLICIES = "raise-linkage,consolidate-dedicated-grids,raise-linkage+consolidate-dedicated-grids"
CHROMIUM = ["chromium", "chromium-browser", "google-chrome", "chrome"]
VOID = {"meta", "br", "img", "link", "hr", "input", "path", "use"}


@pytest.fixture(scope="module")
def result():
    return compare(SMALL, POLICIES, replications=6)


@pytest.fixture(scope="module")
def folder(result, tmp_path_factory):
    where = tmp_path_factory.mktemp("brief")
    write_comparison(result, where, "both", command="gridsim compare neighbourhood", story=telling_case(result))
    return where


@pytest.fixture(scope="module")
def saved(folder):
    return load_comparison(folder)


class Cells(HTMLParser):
    """Texts of marked cells, by language, row, policy and class; and every attribute that stands in the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: dict[tuple[str, str, str, str], str] = {}
        self.attributes: list[tuple[str, str, str]] = []
        self.tags: list[str] = []
        self._lang = self._row = self._policy = self._class = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        a = {k: v or "" for k, v in attrs}
        self.attributes += [(tag, k, v) for k, v in a.items()]
        if tag == "article":
            self._lang = a["id"]
        if tag == "tr":
            self._row = a.get("data-measure") or a.get("data-cost") or ""
        if tag == "td":
            self._policy, self._class = a.get("data-policy", a.get("class", "")), "cell"
        if tag in ("span", "small", "b") and self._row:
            self._class = a.get("class") or ("verdict" if tag == "b" else self._class)

    def handle_data(self, data):
        if self._row and self._policy and data.strip():
            key = (self._lang, self._row, self._policy, self._class)
            self.cells[key] = self.cells.get(key, "") + data


def test_numbers_of_the_page_are_those_of_the_table(folder):
    table = read_csv(folder / "comparison.csv")
    table = table[table.window == table.window.iloc[-1]]
    cells = Cells((folder / "report.html").read_text(encoding="utf-8")).cells
    seen = 0
    for lang in ("en", "zh"):
        for r in table.itertuples():
            if (lang, r.measure, r.policy, "value") not in cells:
                continue
            seen += 1
            assert cells[lang, r.measure, r.policy, "value"] == number(r.value, r.unit)
            assert cells[lang, r.measure, r.policy, "verdict"] == say(r.verdict, lang)
            if not r.difference == r.ci_low == r.ci_high == 0:
                assert cells[lang, r.measure, r.policy, "change"] == number(r.difference, r.unit, True, lang)
                assert cells[lang, r.measure, r.policy, "interval"] == interval(r)
    assert seen == 2 * 3 * sum(map(len, BLOCKS.values()))
    for r in read_csv(folder / "costs.csv").itertuples():
        assert cells["zh", "yearly", r.policy, "cell"] == f"{r.yearly:,.0f}"
        assert cells["en", "once", r.policy, "cell"] == f"{r.once:,.0f}"


def test_numbers_of_the_workbook_are_those_of_the_table(folder):
    table = read_csv(folder / "comparison.csv")
    book = openpyxl.load_workbook(folder / "report.xlsx")
    sheet = book.worksheets[0]
    found = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert len(found) == len(table)
    named = {say_both(m.key): m.key for m in MEASURES}
    titles = {f"{o.title} / {o.chinese}": o.name for o in load_comparison(folder).comparison.options}
    for row in found:
        window = re.findall(r"\d+", row[3])
        r = table[
            (table.policy == titles[row[0]])
            & (table.measure == named[row[1]])
            & (table.window == f"days {window[0]}-{window[1]}")
        ].iloc[0]
        expected = [r.baseline, r.value, r.difference, r.ci_low, r.ci_high]
        for got, want in zip(row[4:9], expected, strict=True):
            assert (got is None and math.isnan(want)) or got == pytest.approx(want, rel=1e-14)
        assert row[9] == f"{say(r.verdict, 'en')} / {say(r.verdict, 'zh')}"
    for each in book.worksheets:
        assert each.freeze_panes and each["A1"].font.bold, each.title
    explained = {row[1].value for row in book.worksheets[-1].iter_rows(min_row=2)}
    headings = {cell.value for each in book.worksheets[:-1] for cell in each[1] if cell.value}
    assert headings <= explained  # the last sheet explains every column
    with zipfile.ZipFile(folder / "report.xlsx") as archive:
        charts = [archive.read(n).decode() for n in archive.namelist() if n.startswith("xl/charts/chart")]
    assert (
        len(charts) == 3 and sum("errBars" in c for c in charts) == 1 and sum("scatterChart" in c for c in charts) == 2
    )


def say_both(key: str) -> str:
    m = next(m for m in MEASURES if m.key == key)
    return f"{m.english} / {m.chinese}"


def outside(text: str) -> list[str]:
    """What a browser would fetch for a page."""
    parsed = Cells(text)
    fetching = {"src", "href", "xlink:href", "srcset", "data", "poster", "action", "background", "formaction"}
    found = [v for tag, k, v in parsed.attributes if k in fetching and not v.startswith(("#", "data:"))]
    urls = re.findall(r"url\(\s*[\"']?([^\"')]+)", text) + re.findall(r"@import\s+(\S+)", text)
    found += [u for u in urls if not u.startswith(("#", "data:"))]
    return found + [tag for tag in parsed.tags if tag in ("script", "iframe", "object", "embed", "link", "base")]


def test_the_page_fetches_nothing(folder):
    assert outside((folder / "report.html").read_text(encoding="utf-8")) == []
    assert outside('<img src="http://a.b/c.png">') == ["http://a.b/c.png"]  # and it would be noticed
    assert outside("<style>@import url(//a.b/c.css);</style>")


def test_the_page_is_small_and_no_id_stands_twice(folder):
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 3e6
    parsed = Cells(text)
    assert len(parsed.tags) < 60_000  # elements: what makes a browser slow
    ids = [v for _, k, v in parsed.attributes if k == "id"]
    assert len(ids) == len(set(ids))
    used = {v[1:] for _, k, v in parsed.attributes if k in ("href", "xlink:href") and v.startswith("#")}
    assert used <= set(ids)  # every letter that a figure uses is there
    drawn = {*report.FIGURES, "story"} - {"equal_cost"}  # which nobody asked for here
    assert text.count("<figure>") == text.count("<svg") == 2 * len(drawn) == 20
    assert "equal_cost" not in text


def test_a_browser_without_network_shows_it_without_complaint(folder, tmp_path):
    browser = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if browser is None:
        warnings.warn("no Chromium on this machine: only what stands in the page was checked", stacklevel=1)
        return
    bad = tmp_path / "bad.html"
    bad.write_text('<img src="http://example.org/x.png"><script>console.error("oops")</script>', encoding="utf-8")
    assert "oops" in console(browser, bad, tmp_path)  # a complaint would be seen
    assert console(browser, folder / "report.html", tmp_path) == ""


def console(browser: str, path: Path, tmp_path: Path) -> str:
    """What a page writes to the browser's console."""
    quiet = ["gpu", "quic", "background-networking", "component-update", "sync"]
    command = [browser, "--headless", "--no-sandbox", "--no-first-run", *(f"--disable-{q}" for q in quiet)]
    command += [f"--user-data-dir={tmp_path / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command += ["--enable-logging=stderr", "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "</html>" in done.stdout
    return "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)


def test_every_character_is_in_the_font(folder):
    glyphs = set(TTFont(next(FONTS.glob("*.otf"))).getBestCmap())
    texts = [t for entry in (*catalogue().values(), *glossary_entries().values()) for t in entry.values()]
    texts += [t for kind in terms().values() for pair in kind.items() for t in pair]
    texts += [t for p in PARAMETERS for t in (p.chinese, p.text, p.source, p.unit)]
    texts += [t for p in builtin_policies().values() for t in (p.title, p.chinese, p.text, p.chinese_text, p.source)]
    texts += [t for p in builtin_policies().values() for c in p.cost for t in (c.item, c.chinese)]
    texts += [t for m in MEASURES for t in (m.english, m.chinese, m.text, m.chinese_text)]
    texts.append((folder / "report.html").read_text(encoding="utf-8"))
    missing = {c for t in texts for c in t if ord(c) > 0x20 and ord(c) not in glyphs}
    assert missing == set()
    assert ord("\U00020000") not in glyphs  # a character outside it would be noticed


def test_the_page_carries_the_letters_it_needs(folder):
    text = (folder / "report.html").read_text(encoding="utf-8")
    assert 'font-family: gridsim; src: url("data:font/woff;base64,' in text
    chinese = set(re.findall(r"[\u4e00-\u9fff]", text))
    assert len(chinese) > 300


def test_terms_are_known_in_both_languages():
    known = terms()
    assert {p.unit for p in PARAMETERS} | {m.unit for m in MEASURES} <= set(known["units"])
    assert {u["unit"] for u in UNIT_COSTS.values()} <= set(known["units"])
    assert {c for p in PARAMETERS for c in p.choices} <= set(known["choices"])
    sources = {p.source for p in PARAMETERS} | {p.source for p in builtin_policies().values()}
    sources |= {u.get("source", "assumption") for u in UNIT_COSTS.values()}
    assert {s for s in sources if not re.search(r"^[\d\W]*\d{4}[\d\W]*$", s)} - {
        "seventh national census 2020, 2,781,562 persons"
    } <= set(known["sources"])
    policies = builtin_policies().values()
    assert {c.per for p in policies for c in p.cost} <= set(known["per"])
    chinese = re.compile(r"[\u4e00-\u9fff]")
    assert all(chinese.search(p.chinese) and chinese.search(p.chinese_text) for p in policies)
    assert all(chinese.search(c.chinese) for p in policies for c in p.cost)
    assert all(chinese.search(m.chinese_text) for m in MEASURES)
    for entry in glossary_entries().values():
        assert set(entry) == {"term", "english", "en", "zh"}
    wanted = "网格员 专职网格员 部门联动率 吹哨报到 办结率 解决率 形式办结 积压 分拨 退单 督办 12345 综治中心"
    text = "".join(t for e in glossary_entries().values() for t in e.values())
    assert all(word in text for word in wanted.split())


def test_no_english_is_left_in_the_chinese_page(folder):
    text = (folder / "report.html").read_text(encoding="utf-8").split('<article id="zh"')[1].split(">", 1)[1]
    hidden = ["svg", "code", "dt", "footer"]
    text = re.sub("|".join(f"<{tag}\\b.*?</{tag}>" for tag in hidden) + "|<[^>]+>", " ", text, flags=re.S)
    allowed = {"gridsim", "costs", "vary", "report", "xlsx", "manifest", "json", "policy", "file", "logit", "Holm"}
    words = set(re.findall(r"[A-Za-z]{2,}", text)) - allowed
    assert words <= {"DeciUrban", "Shumsky", "Pinker"}  # names
    assert len(text) > 3000


def test_report_makes_the_same_bytes_again(folder, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    made = [
        p for p in copy.iterdir() if p.name not in {*TABLES.values(), "scenario.toml", "manifest.json", "trace.json"}
    ]
    for path in made:
        path.unlink()
    assert main(["report", str(copy), "--lang", "both"]) == 0
    assert "report.html" in capsys.readouterr().out
    for path in folder.iterdir():
        assert (copy / path.name).read_bytes() == path.read_bytes(), path.name


def test_what_is_read_back_is_what_was_compared(result, saved):
    c = saved.comparison
    assert c.scenario.hash == result.scenario.hash and c.headline == result.headline
    assert [o.title for o in c.options] == [o.title for o in result.options] and c.finished == result.finished
    for attribute in TABLES:
        pd.testing.assert_frame_equal(getattr(c, attribute), getattr(result, attribute), check_dtype=False)


def test_a_folder_that_is_none_is_refused_in_one_line(folder, tmp_path, capsys):
    assert main(["report", str(tmp_path)]) == 2
    assert "no folder of results" in capsys.readouterr().err
    part = tmp_path / "part"
    shutil.copytree(folder, part)
    (part / "curves.csv").unlink()
    assert main(["report", str(part)]) == 2
    assert "curves.csv missing" in capsys.readouterr().err


def test_better_only_where_the_verdict_says_it(saved):
    c = saved.comparison
    for verdict in VERDICTS:
        table = c.table.assign(verdict=verdict)
        text = answer_sentence(dataclasses.replace(c, table=table), "en")
        assert ("better in time and backlog" in text) == (verdict == "better")
        assert ("worse" in text) == (verdict == "worse")
    mixed = c.table.copy()
    mixed["verdict"] = np.where(mixed.measure == "backlog", "worse", "better")
    text = answer_sentence(dataclasses.replace(c, table=mixed), "zh")
    assert "一项改善、一项恶化" in text and "均改善" not in text


def test_two_options_are_held_against_each_other_too():
    """The mean of the paired differences, by hand; with three options, or one replication, nothing is said."""
    c = compare(SMALL, "raise-linkage,add-experts", replications=3)
    here = c.runs[c.runs.window == c.headline].pivot(index="replicate", columns="policy", values="backlog")
    mean = float((here["add-experts"] - here["raise-linkage"]).mean())
    text = between_sentence(c, "en")
    assert text.startswith("Between the two: B against A, time ")
    assert f"backlog {number(mean, 'cases', True)} [" in text
    assert between_sentence(c, "zh").startswith("两个方案相比：B 与 A 相比")
    alone = dataclasses.replace(c, options=c.options[:1])
    assert between_sentence(alone, "en") == between_sentence(dataclasses.replace(c, finished=(0,)), "en") == ""


def test_what_gets_worse_is_said_beside_what_gets_better(saved):
    c = saved.comparison
    table = c.table.assign(verdict="no clear difference")
    assert worse_elsewhere(dataclasses.replace(c, table=table), "raise-linkage", "en") == []
    table.loc[table.measure == "on_time_share", "verdict"] = "worse"
    assert worse_elsewhere(dataclasses.replace(c, table=table), "raise-linkage", "en") == []  # nothing gets better
    table.loc[table.measure == "backlog", "verdict"] = "better"
    (line,) = worse_elsewhere(dataclasses.replace(c, table=table), "raise-linkage", "en")
    assert "but worse in: resolved on time (" in line
    assert line in cautions(dataclasses.replace(c, table=table), "en")


def test_shares_of_hours_are_those_of_the_runs(saved):
    runs = saved.comparison.runs
    here = runs[(runs.policy == "baseline") & (runs.window == runs.window.iloc[-1])]
    keys = ["hours_events", "hours_patrol", "hours_training", "hours_administration"]
    share = here.hours_events.mean() / sum(here[k].mean() for k in keys)
    assert f"{100 * share:.2f} % go to events" in dict(SECTIONS)["effort"](saved, "en")["text"]


def test_a_stack_is_named_by_the_letters_of_its_parts(saved):
    assert list(letters(saved.comparison).values()) == ["A", "B", "A+B"]


def test_interrupted_or_single_runs_say_so(saved, tmp_path):
    cut = dataclasses.replace(saved.comparison, asked=20)
    assert any("6 of 20 replications" in line for line in cautions(cut, "en"))
    one = compare(SMALL, "raise-linkage", replications=1, days=30)
    names = write_comparison(one, tmp_path, "zh")
    assert {"report.html", "report.xlsx"} <= set(names)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "仅运行一次重复" in text and "仅一次重复，无区间" in say("fig_map_shares", "zh")
    assert answer_sentence(one, "en") == say("answer_single", "en")


@pytest.fixture
def words_only(monkeypatch):
    """Pages without their figures, which take most of the time."""
    monkeypatch.setattr(report, "_figure", lambda c, name, lang: Markup(""))


def test_texts_of_a_user_are_escaped(tmp_path, words_only):
    odd = Policy(name="odd", chinese="<script>alert(1)</script> $x$ <b>&", set={"linkage.rate": 0.8})
    c = compare(SMALL, "odd", replications=2, days=30, known={"odd": odd})
    write_tables(c, tmp_path)
    text = report.page(load_comparison(tmp_path), "zh")
    assert "<script" not in text and "&lt;script&gt;alert(1)" in text and "&lt;b&gt;&amp;" in text


def test_several_baselines_have_a_page_of_their_own(tmp_path, words_only):
    kept = []
    for name, drop in (("a", 0.3), ("b", 0.5)):
        data = SMALL.replace({"linkage.drop": drop}).to_dict() | {"name": name}
        kept.append(compare(SMALL.from_dict(data), "raise-linkage", replications=2, days=30))
        write_tables(kept[-1], tmp_path / name)
    table = baseline_table(kept)
    for where in (tmp_path, tmp_path / "a", tmp_path / "b"):
        write_csv(table, where / "baselines.csv")
    assert main(["report", str(tmp_path)]) == 0
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert outside(text) == ["a/report.html", "b/report.html"]  # links to the briefs beside it, not fetched
    for r in table.itertuples():
        assert f"{number(r.difference, r.unit, True)} {interval(r)}" in text
    for name in "ab":
        assert "Not computed here: one baseline" not in (tmp_path / name / "report.html").read_text(encoding="utf-8")


def test_what_could_turn_the_answer_is_found_among_draws(result):
    """A parameter that drives the effect is found, one that does not is not; with few draws none is named."""
    n = 40
    u = np.linspace(0.4, 0.9, n)
    noise = np.random.default_rng(5).normal(size=(2, n)) * 0.01
    rows = [
        {"policy": "baseline", "replicate": r, "window": "w", "time_to_resolution": 10.0, "backlog": 5.0}
        for r in range(n)
    ]
    rows += [
        {
            "policy": "raise-linkage",
            "replicate": r,
            "window": "w",
            "time_to_resolution": 10 + u[r] - 0.6 + noise[0, r],
            "backlog": 5 + noise[1, r],
        }
        for r in range(n)
    ]
    draws = pd.DataFrame(
        {
            "replicate": range(n),
            "redrawn": 0,
            "meets_patterns": True,
            "linkage.silo": u,
            "linkage.fatigue": np.random.default_rng(6).permutation(u),
        }
    )
    table = result.table[result.table.policy == "raise-linkage"].assign(window="w")
    c = dataclasses.replace(
        result, runs=pd.DataFrame(rows), draws=draws, table=table, options=result.options[:1], finished=tuple(range(n))
    )
    found = influences(c)
    assert list(found.parameter) == ["linkage.silo"] and list(found.measure) == ["time_to_resolution"]
    assert found.low[0] < 0 < found.high[0]  # it turns the answer
    assert influences(dataclasses.replace(c, finished=tuple(range(10)))).empty


def test_drawn_parameters_are_told_in_the_page(tmp_path, words_only):
    c = compare(SMALL, "raise-linkage", replications=3, days=30, vary="linkage")
    write_tables(c, tmp_path)
    text = unescape(report.page(load_comparison(tmp_path), "en"))
    assert say("turn_few_draws", "en", n=3) in text and "Not computed here: all parameters" not in text


def test_every_section_has_a_heading_and_a_template(folder):
    text = unescape((folder / "report.html").read_text(encoding="utf-8"))
    for lang in ("en", "zh"):
        for name in (name for name, _ in SECTIONS if name != "equal_cost"):  # which is compared on its own
            assert f'id="{lang}-{name}"' in text and say(f"brief_{name}", lang) in text
