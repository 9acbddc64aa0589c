"""The ladder in real small cities: sums, nothing from nothing, the same ends, and the command from end to end."""

import contextlib
import io
import json
import re

import numpy as np
import pandas as pd
import pytest

from gridsim.cli import main
from gridsim.commands.ladder import _as_json
from gridsim.commands.shared import print_json
from gridsim.scenario.policies import Policy, builtin_policies, parse_options
from gridsim.scenario.scenario import ScenarioError, load_scenario
from gridsim.studies.comparison import compare
from gridsim.studies.ladder import ladder
from gridsim.studies.ladder_plan import distinct_options, plan_ladder
from gridsim.studies.ladder_table import KINDS, MEASURED, ladder_table
from gridsim.studies.paired import paired
from gridsim.studies.shapley import everyone

SMALL = load_scenario("neighbourhood", time__warmup_days=30, time__days=60, time__follow_up_days=90)
KNOWN = builtin_policies()


def mine(**policies):
    """Policies and configurations by name: a table of levers, or of components where values are texts."""
    found = {}
    for name, values in policies.items():
        kind = "components" if all(isinstance(v, str) and "." not in k for k, v in values.items()) else "set"
        found[name] = Policy(name=name, **{kind: values})
    return KNOWN | found


FOUR = mine(
    slow={"linkage.rate": 0.5},
    soon={"linkage.rate": 0.9},
    idle={"triage.automatic_accuracy": 0.8},  # while nothing is dispatched automatically
    other={"triage.automatic_accuracy": 0.95},
    teams={"departments.added_teams": 1},
    low={"linkage": "slow", "dispatch": "idle"},
    high={"linkage": "soon", "dispatch": "other", "teams": "teams"},
    same={"linkage": "slow", "dispatch": "idle"},
)


@pytest.fixture(scope="module")
def found():
    return ladder(SMALL, "low", "high", known=FOUR, replications=3, steps=2)


def pick(table, kind, measure, window=None):
    rows = table[(table.kind == kind) & (table.measure == measure)]
    return rows if window is None else rows[rows.window == window]


def test_shares_sum_to_the_whole(found):
    for window in set(found.table.window):
        for key in MEASURED:
            whole = pick(found.table, "whole", key, window).difference.item()
            shares = pick(found.table, "shapley", key, window).difference.to_numpy()
            alone = pick(found.table, "alone", key, window).difference.to_numpy()
            interaction = pick(found.table, "interaction", key, window).difference.item()
            assert np.isnan(whole) == np.isnan(shares).any()
            if not np.isnan(whole):
                assert shares.sum() == pytest.approx(whole, abs=1e-9)
                assert alone.sum() + interaction == pytest.approx(whole, abs=1e-9)


def test_a_component_that_changes_nothing_contributes_exactly_zero(found):
    """Its lever moves, so its runs are really run; no outcome hangs on it, so every one is the same to the last bit."""
    distinct, _ = distinct_options(found.plan, 0)
    assert len(distinct) == 1 + 8 + 1  # today, all coalitions, the middle of the continuum: its ends are coalitions
    rows = found.table[found.table.component == "dispatch"].dropna(subset="difference")
    assert set(rows.kind) == {"alone", "left_out", "shapley"} and len(rows) > 20
    assert (rows[["difference", "ci_low", "ci_high"]] == 0.0).all(axis=None)
    assert set(rows.verdict) == {"no clear difference"}
    assert (found.table[found.table.component == "linkage"].difference.dropna() != 0).any()


def test_differences_are_those_of_a_comparison(found):
    """The ends are what ``compare`` runs: the same cases, the same paired differences and verdicts on primary outcomes."""
    c = compare(SMALL, "low,high", known=FOUR, replications=3)
    for key in MEASURED:
        for option, kind in (("low", "first_today"), ("high", "second_today")):
            one, other = c.row(option, key), found.row(kind, key)
            pd.testing.assert_series_equal(
                one[["difference", "ci_low", "ci_high"]], other[["difference", "ci_low", "ci_high"]], check_names=False
            )
            if key in ("time_to_resolution", "backlog"):
                assert one.verdict == other.verdict
    wide = c.runs[c.runs.window == found.headline].set_index(["policy", "replicate"]).backlog
    whole = found.row("whole", "backlog")
    assert (whole.difference, whole.ci_low) == paired((wide["high"] - wide["low"]).to_numpy())[:2]
    assert whole.start == wide["low"].mean()


def test_alone_and_left_out_by_hand(found):
    runs = found.runs[found.runs.window == found.headline].set_index("run").groupby("run").backlog.mean()
    names = [c.name for c in found.plan.components]
    assert names == ["linkage", "dispatch", "teams"] and found.plan.name(0b011) == "110"
    assert found.row("alone", "backlog", "linkage").difference == pytest.approx(runs["100"] - runs["000"])
    assert found.row("left_out", "backlog", "linkage").difference == pytest.approx(runs["111"] - runs["011"])
    of = lambda *pairs: sum(weight * (runs[a] - runs[b]) for weight, a, b in pairs)  # noqa: E731
    share = of((1 / 3, "100", "000"), (1 / 6, "110", "010"), (1 / 6, "101", "001"), (1 / 3, "111", "011"))
    assert found.row("shapley", "backlog", "linkage").difference == pytest.approx(share)


def test_the_continuum_ends_in_the_two(found):
    here = found.runs.set_index("run").drop(columns=["replicate"])
    for step, coalition in (("g=0", "000"), ("g=1", "111")):
        pd.testing.assert_frame_equal(here.loc[step].reset_index(drop=True), here.loc[coalition].reset_index(drop=True))
    last = found.continuum[(found.continuum.window == found.headline) & (found.continuum.g == 1)].set_index("measure")
    assert last.difference["backlog"] == found.row("whole", "backlog").difference
    assert set(found.continuum.g) == {0, 0.5, 1}


def test_two_equal_configurations_show_nothing():
    """Placebo."""
    f = ladder(SMALL, "low", "same", known=FOUR, replications=2)
    told = f.table[~f.table.kind.isin(["first_today", "second_today"])].dropna(subset="difference")
    assert (told[["difference", "ci_low", "ci_high"]] == 0).all(axis=None) and len(told) > 50
    assert set(told.verdict) == {"no clear difference"}


def test_jobs_and_order_change_nothing(found):
    one = ladder(SMALL, "low", "high", known=FOUR, replications=3, steps=2, jobs=1)
    pd.testing.assert_frame_equal(one.runs, found.runs, check_exact=True)
    pd.testing.assert_frame_equal(one.table, found.table, check_exact=True)


def test_from_the_baseline_and_of_stacks():
    plan = plan_ladder(SMALL, "baseline", "raise-linkage+add-experts", KNOWN)
    assert [c.name for c in plan.components] == ["raise-linkage", "add-experts"]
    assert [c.origins for c in plan.components] == [("paper",), ("paper",)]
    assert plan.phases(plan.option(0))[-1].scenario == SMALL
    whole = parse_options("raise-linkage+add-experts", KNOWN, SMALL)[0]
    assert plan.phases(plan.option(3)) == whole.phases(SMALL)


def test_built_in_ends_are_the_configurations_themselves():
    plan = plan_ladder(SMALL, "management", "good-governance", KNOWN)
    assert plan.phases(plan.option(0)) == plan.first.phases(SMALL)
    assert plan.phases(plan.option(everyone(plan.size))) == plan.second.phases(SMALL)
    labels = {c.name: c.origins for c in plan.components}
    assert labels["appraisal"] == ("ours",) and labels["linkage"] == ("ours", "paper")


@pytest.mark.parametrize(
    ("first", "second", "steps", "line"),
    [
        ("managemen", "good-governanc", None, "did you mean management?"),
        ("managemen", "good-governanc", None, "did you mean good-governance?"),
        ("management", "raise-linkage", None, "ladder: linkage.rate is set by linkage and by raise-linkage"),
        ("baseline", "raise-linkage+add-experts", 4, "--steps: lie between two policies or configurations"),
    ],
)
def test_what_cannot_be_a_ladder_is_told(first, second, steps, line):
    with pytest.raises(ScenarioError) as caught:
        plan_ladder(SMALL, first, second, KNOWN, steps=steps)
    assert any(line in e for e in caught.value.errors), caught.value.errors


def test_interrupt_keeps_whole_replications():
    def stop(done: int, total: int) -> None:
        assert total == 5 * 5
        if done == 12:
            raise KeyboardInterrupt

    f = ladder(
        SMALL,
        "low",
        "soon2",
        known=FOUR | mine(soon2={"linkage": "soon", "dispatch": "other"}),
        replications=5,
        jobs=1,
        progress=stop,
    )
    assert f.interrupted and f.finished == (0, 1) and set(f.table.n) == {2}
    with pytest.raises(KeyboardInterrupt):
        ladder(
            SMALL,
            "low",
            "high",
            known=FOUR,
            replications=2,
            jobs=1,
            progress=lambda *_: (_ for _ in ()).throw(KeyboardInterrupt),
        )


# --- more than eight components: from made-up runs, whose shares are known ------------------------------------------------


def nine():
    """Nine policies of one lever each, and what a made-up city says to them."""
    levers = ["linkage.rate", "staff.devices", "follow_up.share", "video.coverage", "handling.selectivity"]
    levers += ["dedicated.interoperation", "platform.data_integration", "triage.accuracy", "experts.incentive"]
    known = mine(**{f"p{i}": {key: 0.9} for i, key in enumerate(levers)})
    return plan_ladder(SMALL, "baseline", "+".join(f"p{i}" for i in range(9)), known, seed=3)


def test_drawn_orders_state_their_error():
    plan = nine()
    assert not plan.is_exact and plan.size == 9
    luck = np.random.default_rng(0)
    rows = []
    for r in range(30):
        noise = luck.normal(0, 0.1, size=10)
        for c in plan.coalitions(r):
            inside = np.array([c >> i & 1 for i in range(9)])
            value = noise[9] + inside @ (np.arange(9) - 4 + noise[:9]) + 2 * inside[0] * inside[1] * inside[2]
            rows.append({"replicate": r, "run": plan.name(c), "window": "days 0-60"} | dict.fromkeys(MEASURED, value))
        rows.append({"replicate": r, "run": "baseline", "window": "days 0-60"} | dict.fromkeys(MEASURED, noise[9]))
    table = ladder_table(plan, pd.DataFrame(rows))
    shares = pick(table, "shapley", "backlog").set_index("component")
    truth = np.arange(9) - 4.0 + np.array([2 / 3] * 3 + [0] * 6)
    assert shares.difference.sum() == pytest.approx(pick(table, "whole", "backlog").difference.item(), abs=1e-9)
    assert ((shares.ci_low <= truth) & (truth <= shares.ci_high)).sum() >= 8
    assert (shares.sampling_se[:3] > 0).all() and shares.sampling_se[:3].max() < 0.1
    assert shares.sampling_se[3:].max() < 1e-12  # what adds the same in every order


# --- the command ---------------------------------------------------------------------------------------------------------


SHORT = 'based_on = "neighbourhood"\n[time]\nwarmup_days = 20\ndays = 40\nfollow_up_days = 90\n'


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(SHORT, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder of the command, in both languages, and what it said."""
    folder, out, err = tmp_path_factory.mktemp("ladder"), io.StringIO(), io.StringIO()
    (folder / "small.toml").write_text(SHORT, encoding="utf-8")
    argv = ["ladder", "small.toml", "--replications", "2", "--steps", "2", "--lang", "both", "--out", "o"]
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert main(argv) == 0
    return folder / "o", out.getvalue(), err.getvalue()


def article(folder, lang):
    """The text of one language's part of the page."""
    page = (folder / "report.html").read_text(encoding="utf-8")
    return re.search(rf'<article[^>]*lang="{lang}[^>]*>(.*?)</article>', page, re.S)[1]


def test_ladder_from_end_to_end(written, capsys):
    folder, said, complained = written
    assert re.search(r"\d+ runs, about \d+ s on \d threads", complained)
    names = "ladder.csv coalitions.csv continuum.csv scenario.toml manifest.json report.html "
    names += "ladder.png ladder.zh.png continuum.png continuum.zh.png"
    assert sorted(p.name for p in folder.iterdir()) == sorted(names.split())
    table = pd.read_csv(folder / "ladder.csv", keep_default_na=False)
    assert set(table.kind) == set(KINDS) and set(table.origin) == {"", "paper", "ours", "ours+paper"}
    backlog = pick(table, "shapley", "backlog")
    assert len(backlog) == 8 and set(backlog.component) == set(KNOWN["good-governance"].components)
    page = (folder / "report.html").read_text(encoding="utf-8")
    for text in ("share (Shapley)", "贡献份额", "our construct", "本模型设定", "interaction", "交互作用"):
        assert text in page and text in said, text
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert facts["first"] == "management" and facts["replications"] == [0, 1] and facts["coalitions"] == "all"
    assert main(["report", str(folder)]) == 2
    assert "is a folder of gridsim ladder" in capsys.readouterr().err


def test_chinese_page_has_no_english_words(written):
    text = re.sub(r"<(svg|code|footer)\b.*?</\1>|<[^>]+>", " ", article(written[0], "zh"), flags=re.S)
    assert set(re.findall(r"[A-Za-z]{2,}", text)) <= {"gridsim", "compare", "fit", "small", "based", "on", "Holm"}


def test_the_page_says_what_the_table_says(written):
    table = pd.read_csv(written[0] / "ladder.csv", keep_default_na=False, na_values=[""]).query("measure == 'backlog'")
    part = article(written[0], "en").split('<table data-measure="backlog">')[1].split("</table>")[0]
    last = table[table.window == table.window.iloc[-1]]
    for name in KNOWN["good-governance"].components:
        cells = part.split(f'data-component="{name}"')[1].split("</tr>")[0].split("data-kind=")[1:]
        for cell in cells:
            kind = cell.split('"')[1]
            row = last[(last.kind == kind) & (last.component == name)].iloc[0]
            shown = re.search(r'class="change">([^<]+)<', cell).group(1)
            assert float(shown.replace("−", "-").replace(",", "")) == pytest.approx(row.difference, abs=0.06)
            assert (row.verdict in ("better", "worse")) == (f"<b>{row.verdict}</b>" in cell)


BAD = [
    (["ladder", "small.toml", "--from", "managment"], "did you mean management?"),
    (["ladder", "small.toml", "--to", "raise-linkage"], "a lever must belong to one component"),
    (["ladder", "small.toml", "--steps", "0"], "must be a whole number from 1"),
    (["ladder", "small.tml"], "no such scenario"),
    (["ladder", "small.toml", "--out", "small.toml/x"], "cannot write to"),
]


@pytest.mark.parametrize(("argv", "line"), BAD)
def test_bad_ladders_end_in_one_line(argv, line, small, capsys):
    try:
        code = main(argv)
    except SystemExit as stop:
        code = stop.code
    assert code == 2 and line in capsys.readouterr().err


def test_json_holds_the_table(found, tmp_path, capsys):
    print_json(_as_json(found, tmp_path))
    told = json.loads(capsys.readouterr().out, parse_constant=lambda c: pytest.fail(f"{c} is not JSON"))
    assert told["replications"] == 3 and len(told["ladder"]) == len(found.table)
    whole = pick(found.table, "whole", "backlog", found.table.window.iloc[-1]).difference.item()
    row = [r for r in told["ladder"] if (r["kind"], r["measure"]) == ("whole", "backlog")][-1]
    assert row["difference"] == pytest.approx(whole)
