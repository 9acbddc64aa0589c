"""Mutation: named rule lines are broken one at a time, and the quick tests must notice.

    python experiments/mutation.py [--jobs 2] [--only WORD,WORD] [--csv FILE]

Each mutant is a copy of the package in a temporary folder with one text replaced; the tree itself is never touched. The
rules run as plain Python (``NUMBA_DISABLE_JIT=1``), so that nothing is compiled. Two columns tell who noticed: checks
that know nothing of stored numbers (``QUICK``), and the regression on some of its tiny cities (``STORED``), which sees
that something moved but never that it was right before. What only the regression notices lacks a test.

Exit code 1 if the unbroken copy fails, if a text is not found exactly once, or if more than one mutant goes unnoticed
by the checks of ``QUICK``.
"""

from __future__ import annotations

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("gridsim", "scenarios", "tests", "pyproject.toml", "README.md", "CHANGELOG.md", "CITATION.cff")
LIMIT = 300  # s; a mutant that runs for longer does not end
ALLOWED = 1  # mutants that may go unnoticed
QUICK = (  # tests or files of tests, quick also as plain Python; a line more and it is part of this
    "tests/test_reference.py::test_it_agrees_on_a_single_queue_and_on_a_busy_city",
    "tests/test_rules_by_hand.py",
    "tests/test_theory.py::test_one_worker_by_hand_over_a_weekend",
    "tests/test_theory.py::test_two_workers_by_hand_round_the_clock",
    "tests/test_theory.py::test_daily_event_hours_by_hand",
    "tests/test_theory.py::test_account_of_hours_by_hand",
    "tests/test_theory.py::test_one_team_by_hand",
    "tests/test_theory.py::test_failed_attempts_go_to_the_end_of_the_queue_by_hand",
    "tests/test_theory.py::test_dedicated_and_diluted_patrol_hazards_by_hand",
    "tests/test_experts.py::test_one_expert_by_hand",
    "tests/test_experts.py::test_sessions_of_a_week",
    "tests/test_levers.py::test_fatigue_formula_at_known_loads",
    "tests/test_rulebook.py::test_the_key_table_is_what_the_code_draws",
    "tests/test_agenda.py::test_work_end_by_hand",
    "tests/test_agenda.py::test_next_open_by_hand",
    "tests/test_agenda.py::test_worked_by_by_hand",
    "tests/test_agenda.py::test_workdays_are_monday_to_friday",
    "tests/test_agenda.py::test_events_come_out_by_time_kind_id",
    "tests/test_theory.py::test_work_that_ends_at_closing_time_ends_that_day",
    "tests/test_queues.py::test_selectivity_by_hand",
    "tests/test_queues.py::test_a_line_is_the_plain_list_of_its_rule",
    "tests/test_residents.py::test_whoever_takes_a_case_up_first_tells_its_reporter_and_nobody_else",
    "tests/test_careers.py::test_nominal_people_and_those_of_firms_neither_leave_nor_tire",
    "tests/test_verify.py::test_every_finding_holds[verdicts]",  # the slow ones last
    "tests/test_verify.py::test_every_finding_holds[recount]",
)
STORED = ("all rules", "levers pulled and given back", "round the clock")  # cities of the regression
PYTEST = ("-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", "--hypothesis-seed=0", "-o", "addopts=")


@dataclass(frozen=True)
class Mutant:
    """A rule line broken: what is wrong now, in which rule, and the text that makes it so."""

    name: str
    rule: str
    file: str
    old: str
    new: str


def m(rule: str, name: str, file: str, old: str, new: str) -> Mutant:
    return Mutant(name, rule, f"gridsim/{file if '/' in file else 'model/' + file}.py", old, new)


MUTANTS = (
    m("R1", "every candidate is an incident", "cases", "accept * p.arrivals_headroom < pressure", "accept < pressure"),
    m("R1", "gaps forget the headroom", "cases", "now - math.log(gap) / (place.rate * p.arrivals_headroom)", "now - math.log(gap) / place.rate"),
    m("R2", "steps of severity do not add up", "cases", "used -= math.log(a if", "used = -math.log(a if"),
    m("R2", "severe is not severe enough to be urgent", "cases", ">= p.escalation_urgent_from", "> p.escalation_urgent_from"),
    m("R2", "mediation is harder from severity 1 on", "cases", "(severity(t, case, now) - 1))", "severity(t, case, now))"),
    m("R2", "deadlines do not foresee steps", "cases", "while worse < due:", "while worse < now:"),
    m("R3", "patrol walks at night", "gridworkers", "opens = max(start, day + p.opens)", "opens = start"),
    m("R3", "patrol on weekends", "gridworkers", "if work and window > 0.0", "if window > 0.0"),
    m("R3", "visibility does not matter to patrol", "gridworkers", "t.patrol_hazard[row.place] * row.visibility / length", "t.patrol_hazard[row.place] / length"),
    m("R3", "pools share hours by people, not by ground", "gridworkers", "density = 1.0 / ground[k]", "density = 1.0"),
    m("R4", "all residents report alike", "cases", "row.report_rate *= t.propensity[case.resident]", "row.report_rate *= 1.0"),
    m("R4", "severity does not raise reports later", "gridworkers", "row.report_rate *= p.escalation_report_odds", "row.report_rate *= 1.0"),
    m("R5", "cameras see unwatched places", "gridworkers", "row.video_rate * t.watched[row.place] if", "row.video_rate if"),
    m("lapse", "lapse forgets the days before", "gridworkers", "row.lapse -= row.lapse_rate * (end - start)", "row.lapse -= 0.0"),
    m("R7", "the wrongly rejected is looked for a day late", "platform", "become_latent(t, n, math.floor(now) + 1.0)", "become_latent(t, n, math.floor(now) + 2.0)"),
    m("R7", "half a false report is never one", "platform", "1 if false < ratio - int(ratio) else 0", "0"),
    m("R8", "returns are too rare", "platform", "within += accuracy * (1.0 - accuracy) ** k", "within += accuracy * (1.0 - accuracy) ** (k - 1)"),
    m("R8", "the last hop takes no time", "platform", "for k in range(hops):", "for k in range(hops - 1):"),
    m("R8", "interoperation makes disputes", "platform", "if agree >= agreement(t, case.grid):", "if agree < agreement(t, case.grid):"),
    m("R8", "one department too few", "cases", "while u > below and k < most:", "while u > below and k < most - 1:"),
    m("R9", "urgent cases stand at the end", "queues", "before = line.urgent_tail if urgent else line.tail", "before = line.tail"),
    m("R9", "selectivity counts places in full", "queues", "rank = (1.0 - sigma) * line", "rank = line"),
    m("R9", "selectivity takes the hardest", "queues", "place < 0 or rank < least or", "place < 0 or rank > least or"),
    m("R9", "one attempt more", "gridworkers", "if case.attempts >= p.handling_max_attempts and", "if case.attempts > p.handling_max_attempts and"),
    m("R9", "the same luck at every attempt", "gridworkers", "luck = chances(t, ATTEMPT, case, case.attempts)[0]", "luck = chances(t, ATTEMPT, case, 0)[0]"),
    m("R9", "a hopeless case is tried without end", "gridworkers", "math.floor(now) + 1.0 if vain else now", "now"),
    m("R9", "help ignores how many people there are", "gridworkers", "best, least = h, other.load / other.hands", "best, least = h, other.load"),
    m("R9", "help goes to the last of equals", "gridworkers", "other.load / other.hands < least", "other.load / other.hands <= least"),
    m("R9", "a case of another grid needs no travel", "gridworkers", "if case.grid != g:", "if case.grid == g:"),
    m("R9", "the tired worker is called", "gridworkers", "(mine == turn and left > most)", "(mine == turn and left < most)"),
    m("R17", "a month too much in the account", "gridworkers", "daily = yearly * (11.0 / 12.0) / p.workdays", "daily = yearly / p.workdays"),
    m("R17", "the account outlives the year", "gridworkers", "w.bank = yearly / 12.0\n", "w.bank += yearly / 12.0\n"),
    m("R17", "the day has no end", "gridworkers", "            w.used_today += hours\n", ""),
    m("R10", "every attempt begins with taking over", "experts", "if case.expert_tries == 0:", "if case.expert_tries >= 0:"),
    m("R10", "experts try once more", "experts", "return n, -1 if case.expert_tries >= p.experts_attempts else 0", "return n, -1 if case.expert_tries > p.experts_attempts else 0"),
    m("R10", "one more waits for an expert", "experts", "line.waiting < t.settings[0].experts_waiting_limit", "line.waiting <= t.settings[0].experts_waiting_limit"),
    m("R10", "experts are slow, not fast", "experts", "case.attempts) / p.experts_speed", "case.attempts) * p.experts_speed"),
    m("R11", "linked departments one by one", "platform", "at_once = case.needs if case.together == 1 else 1", "at_once = 1"),
    m("R11", "the first department done settles the case", "platform", "    if case.pending > 0:\n        return\n", ""),
    m("R11", "all departments report in alike", "platform", "case.reopened * 8 + k), AT_DEPARTMENT", "case.reopened * 8), AT_DEPARTMENT"),
    m("R11", "dropped once, dropped for ever", "platform", "* 256 + case.drops)[0]", "* 256)[0]"),
    m("R11", "the careful drop most", "platform", "if luck < p.linkage_drop:\n        case", "if luck >= p.linkage_drop:\n        case"),
    m("R11", "departments never tire", "departments", " ** p.linkage_fatigue", ""),
    m("R11", "every false whistle is taken in", "platform", "if false < p.false_share and taken_in < rho:", "if false < p.false_share:"),
    m("R11", "those closed for good stay in the stock", "platform", "if gone < formal_for_good:", "if gone < 0.0:"),
    m("R12", "the wait off-team is the whole effort", "departments", "task.rest = total - held", "task.rest = total"),
    m("R12", "coordination costs nothing", "departments", "held *= 1.0 + p.linkage_coordination", "held *= 1.0"),
    m("R12", "a team too many", "departments", "while d.busy < d.teams and", "while d.busy <= d.teams and"),
    m("R13", "work in hand is closed on paper", "cases", "if close >= p.formal_now or case.in_hand > 0:", "if close >= p.formal_now:"),
    m("R13", "the course given up goes on", "cases", "    case.version += 1\n    case.pending = 0\n", "    case.pending = 0\n"),
    m("R13", "everything closed comes back", "cases", "if back < p.reopen_now:", "if back < 1.0:"),
    m("R13", "what is reopened begins at the grid", "cases", "REFERRED if case.needs > 0 else AT_GRID", "AT_GRID"),
    m("R13", "nobody follows up", "cases", "if is_followed(t, case) and chances(t, FOLLOW_UP", "if False and chances(t, FOLLOW_UP"),
    m("R6", "every self-resolution holds", "cases", "64 * int(case.worsened))[2] < fails:", "64 * int(case.worsened))[2] < 0.0:"),
    m("R6", "what was settled in vain is as severe as before", "cases", "        case.worsened += 1\n", ""),
    m("R5", "all is watched for, whatever shows", "cases", "p.warning_sensitivity * category.signs", "p.warning_sensitivity"),
    m("R4", "those who gave up report on", "residents", "        if standing & SILENT:\n            return 0.0\n", ""),
    m("R14", "an expert tells nobody", "experts", "        if tells(t, case):\n            hours += p.feedback_hours\n", ""),
    m("R14", "whoever takes a case up tells", "cases", "mine and math.isnan(case.contacted) and is_told", "mine and is_told"),
    m("R15", "a breach is no disappointment", "residents", "    if counted and not in_time:", "    if not in_time:"),
    m("R15", "trust in departments moves alone", "residents", "range(2 if case.needs > 0 else 1)", "range(1, 2 if case.needs > 0 else 1)"),
    m("R15", "expectations fall as they rise", "society", "p.trust_fall", "p.trust_rise"),
    m("R16", "one example is enough", "society", "reached = examples > 0 and examples * STEPS_OF_THRESHOLD >= int(t.threshold[i]) * ties", "reached = examples > 0"),
    m("R16", "examples of this very meeting count", "society", "examples += int(t.before[j] & TAKES_PART)\n        reached", "examples += int(t.standing[j] & TAKES_PART)\n        reached"),
    m("R16", "nobody ceases to take part", "society", "                if u < ends:", "                if u < 0.0:"),
    m("R18", "publicity reaches everybody alike", "society", "        if not t.before[i] & IN_GROUP:", "        if False:"),
    m("R19", "alerts never wear off", "security", " * p.security_alert_wear**community.alerts", ""),
    m("R19", "safety cases are forgotten at once", "security", "        t.place[i].unsafe *= left", "        t.place[i].unsafe = 0.0"),
    m("R17", "leavers need four weeks' notice", "careers", "    worker.vacant = 1\n    t.day", "    worker.vacant = 0\n    t.day"),
    m("R17", "new people keep the burnout of the old", "careers", "        worker.burnout = p.careers_burnout_base\n        worker.load", "        worker.load"),
    m("draws", "two words of NATURE change places", "cases", "u, need, many, spot = chances", "need, u, many, spot = chances"),
    m("draws", "a wrong stream", "platform", "luck = chances(t, DROP, case", "luck = chances(t, TRIAGE, case"),
    m("draws", "nine rounds of Philox", "draws", "for _ in range(10):", "for _ in range(9):"),
    m("agenda", "ties by the higher kind", "agenda", "return a.kind < kind", "return a.kind > kind"),
    m("agenda", "ties by the higher id", "agenda", "return a.id < ident", "return a.id > ident"),
    m("agenda", "a full day ends next morning", "agenda", "if work <= left + TINY:", "if work < left - TINY:"),
    m("agenda", "work after closing time", "agenda", "if time < day + p.closes:", "if time <= day + p.closes:"),
    m("R17", "a workday more a week", "agenda", "day % 7 < 5", "day % 7 < 6"),
    m("measure", "time to resolution over 60 days", "measures/registry", "RESTRICTED_TO = 90.0", "RESTRICTED_TO = 60.0"),
    m("measure", "open cases are dropped", "measures/run", "    rows = cohort(c, window)\n", "    rows = cohort(c, window)\n    rows = rows[~np.isnan(c['closed'][rows])]\n"),
    m("measure", "closure rate over all channels", "measures/run", 'mean(closed[k["channel"] == BY_PATROL])', "mean(closed)"),
    m("measure", "a file reopened later is open already", "measures/run", '(k["closed"] <= last) | shut_on_paper', '(k["closed"] <= last)'),
    m("measure", "paper closure is forgotten on reopening", "measures/run", 'mean(~np.isnan(k["formal_at"]))', 'mean(~np.isnan(k["formal_at"]) & np.isnan(k["reopened_at"]))'),
    m("measure", "vanishing does not end the harm", "measures/run", "np.fmin(resolved, lapsed)", "resolved"),
    m("measure", "linkage rate over all cases", "measures/run", "ratio(linked, called.sum())", "ratio(linked, len(called))"),
    m("measure", "backlog of a day too many", "measures/run", "(world.days.day < last)]", "(world.days.day <= last)]"),
    m("measure", "Theil forgets how many cases a grid has", "measures/equity", "between = theil(means, weights)", "between = theil(means, np.ones(len(means)))"),
    m("verdict", "every difference is turned over", "studies/judge", "other[m.key].to_numpy() - base[m.key].to_numpy()", "base[m.key].to_numpy() - other[m.key].to_numpy()"),
    m("verdict", "primary outcomes are corrected too", "studies/judge", "table[~primary & ~certain", "table[~certain"),
    m("verdict", "the smallest difference that matters is off", "studies/paired", "if abs(difference) < least:", "if abs(difference) < 0.0:"),
    m("verdict", "a degree of freedom too many", "studies/paired", "/ 2, len(d) - 1)) * error", "/ 2, len(d))) * error"),
    m("verdict", "Holm corrects for one too many", "studies/paired", "(len(p) - np.arange(len(p)))", "(len(p) + 1 - np.arange(len(p)))"),
    m("verdict", "better and worse change places", "studies/paired", "(difference < 0) == (better", "(difference > 0) == (better"),
    m("verdict", "a case-day costs ten times as much", "studies/outlay", "annual / (-backlog.difference * 365)", "annual / (-backlog.difference * 36.5)"),
    m("verdict", "the limits of a cost change places", "studies/outlay", "few, many = -backlog", "many, few = -backlog"),
    m("verdict", "what firms save is not told", "studies/outlay", "-sum(min(0.0, c.total", "-sum(max(0.0, c.total"),
    m("staff", "the nominal work", "careers", "        if worker.nominal == 1 or worker.away == 1:", "        if worker.away == 1:"),
    m("staff", "half a dedicated grid is none", "staffing", "scenario.dedicated.kept_share * dedicated + 0.5", "scenario.dedicated.kept_share * dedicated"),
    m("staff", "one person is a team", "staffing", "np.minimum(1.0, at_work / TEAM)", "np.minimum(1.0, at_work)"),
    m("staff", "people of firms may be nominal", "staffing", "s.staff.nominal_share) & ~firm", "s.staff.nominal_share)"),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What became of a mutant: the first quick test that failed and the numbers of the regression that moved."""

    mutant: Mutant
    noticed: str
    regression: str
    seconds: float


def run(folder: Path, *command: str) -> tuple[int, str]:
    """A command in a copy, rules as plain Python; exit code (−1: did not end) and output."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_DISABLE_JIT": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return -1, ""
    return done.returncode, done.stdout + done.stderr


def snapshot(folder: Path) -> Path:
    """What tests need, as it stands at the start: the tree may be edited meanwhile."""
    for name in COPIED:
        here = ROOT / name
        if here.is_dir():
            shutil.copytree(here, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(here, folder)
    return folder


def broken_copy(source: Path, mutant: Mutant | None, folder: Path) -> None:
    """A copy with the mutant's text replaced."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    if mutant:
        path = folder / mutant.file
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")


def judge(source: Path, mutant: Mutant | None) -> tuple[str, str]:
    """Who notices: the first quick test that fails, and the regression; "" where nobody does."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        broken_copy(source, mutant, folder)
        outside = mutant is not None and "/model/" not in mutant.file  # what counts again sees it first
        both = [
            run(folder, *PYTEST, *(QUICK[::-1] if outside else QUICK)),
            run(folder, "-m", "gridsim.verification.regression", *STORED),
        ]
    (code, out), (stored_code, stored_out) = both
    failed = [line.split()[1] for line in out.splitlines() if line.startswith(("FAILED ", "ERROR "))]
    last = out.strip().splitlines()[-1] if out.strip() else ""
    noticed = "" if code == 0 else "does not end" if code < 0 else failed[0] if failed else last
    moved = sum(line.startswith("  ") for line in stored_out.splitlines())
    regression = f"{moved} moved" if moved else "" if stored_code == 0 else "does not end or fails"
    return noticed.removeprefix("tests/"), regression


def timed(source: Path, mutant: Mutant) -> Row:
    start = time.monotonic()
    row = Row(mutant, *judge(source, mutant), time.monotonic() - start)
    print(line(row), flush=True)
    return row


def line(row: Row) -> str:
    who = row.noticed or "NOBODY"
    return f"{row.mutant.rule:<6} {row.mutant.name:<44} {who:<88} {row.regression or '–':<14} {row.seconds:4.0f} s"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="mutants at a time")
    parser.add_argument("--only", default="", help="mutants of these rules, or with these words in their name")
    parser.add_argument("--csv", type=Path, help="write the table here too")
    a = parser.parse_args()
    words = a.only.split(",")
    chosen = [x for x in MUTANTS if any(word in (x.rule, "") or word in x.name for word in words)]
    with tempfile.TemporaryDirectory() as work:
        rows = run_all(snapshot(Path(work)), chosen, a.jobs)
    if a.csv:
        with a.csv.open("w", newline="", encoding="utf-8") as f:
            out = csv.writer(f)
            out.writerow(["rule", "mutant", "noticed_by", "regression", "seconds"])
            out.writerows([r.mutant.rule, r.mutant.name, r.noticed, r.regression, f"{r.seconds:.1f}"] for r in rows)
    return summary(rows) if rows else 1


def run_all(source: Path, chosen: list[Mutant], jobs: int) -> list[Row]:
    """All mutants, after a look for their texts and at the unbroken copy; nothing where that fails."""
    for mutant in MUTANTS:
        n = (source / mutant.file).read_text(encoding="utf-8").count(mutant.old)
        if n != 1:
            print(f"{mutant.file}: {mutant.old!r} is there {n} times, not once ({mutant.name})")
            return []
    noticed, regression = judge(source, None)
    if noticed or regression:
        print(f"The unbroken copy fails: {noticed} {regression}")
        return []
    print(f"The unbroken copy passes. {len(chosen)} mutants:", flush=True)
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda mutant: timed(source, mutant), chosen))


def summary(rows: list[Row]) -> int:
    """Who noticed how many; exit code."""
    quick, stored = sum(bool(r.noticed) for r in rows), sum(bool(r.regression) for r in rows)
    only = [r.mutant.name for r in rows if r.regression and not r.noticed]
    nobody = [r.mutant.name for r in rows if not r.regression and not r.noticed]
    print(f"Noticed by checks without stored numbers: {quick} of {len(rows)}; by the regression: {stored}.")
    print(f"Noticed by the regression only: {', '.join(only) or 'none'}. By nobody: {', '.join(nobody) or 'none'}.")
    return 0 if quick >= len(rows) - ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
