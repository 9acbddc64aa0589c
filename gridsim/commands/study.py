"""``gridsim study``, ``resume``, ``status`` and ``export``: a study file is run, goes on, is looked at, is read out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gridsim.commands.shared import (
    BOTH,
    FAILED,
    INTERRUPTED,
    OK,
    Adder,
    announce,
    print_json,
    results_folder,
    spoken,
    whole,
)

EXECUTORS = ("threads", "processes", "dask")


def define(add: Adder) -> None:
    """The commands and their options."""
    sub = add("study", "Run a study file: one question, many runs, an answer in words.", _study, BOTH)
    sub.add_argument("file", type=Path, metavar="STUDY.toml", help="such as experiments/three-policies.toml")
    sub.add_argument("--quick", action="store_true", help="a small version, to see that it runs")
    sub.add_argument(
        "--pilot",
        action="store_true",
        help="of a sensitivity study: 20 points × 20 replications, to tell how many replications it takes",
    )
    sub.add_argument("--out", type=Path, metavar="DIR", help="folder for the results; one that exists is gone on with")
    _run_options(sub)
    sub = add("resume", "Go on with a study that was stopped; what is finished is not run again.", _resume, BOTH)
    sub.add_argument("file", type=Path, metavar="LEDGER", help="study.ledger that gridsim study wrote, or its folder")
    _run_options(sub)
    sub = add("status", "Say how far a study is.", _status)
    sub.add_argument("file", type=Path, metavar="LEDGER", help="study.ledger, or its folder")
    sub = add("export", "Write a study's runs as a table, a row a run and window.", _export)
    sub.add_argument("file", type=Path, metavar="LEDGER", help="study.ledger, or its folder")
    kind = sub.add_mutually_exclusive_group()
    kind.add_argument("--csv", action="store_true", help="as CSV (default)")
    kind.add_argument("--parquet", action="store_true", help="as Parquet (needs gridsim[parquet])")
    sub.add_argument("--out", type=Path, metavar="FILE", help="file to write (default: beside the ledger)")


def _run_options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--jobs", type=whole("jobs", 1, 10_000), help="runs at a time (default: all cores)")
    sub.add_argument("--executor", choices=EXECUTORS, help="where runs are done (default: threads)")
    sub.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask scheduler, such as tcp://10.0.0.1:8786")
    sub.add_argument("--sitting", type=whole("sitting", 1), metavar="N", help="stop after about N batches")
    sub.add_argument("--retry-failed", action="store_true", help="run again what ended in an error")


def _study(a: argparse.Namespace) -> int:
    from gridsim.studies.designs import plan_of
    from gridsim.studies.study import Study
    from gridsim.views.study_page import LEDGER

    study = Study.read(a.file, a.quick)
    announce(spoken(a.lang)[0])  # a design may look for what acts
    plan = plan_of(study)
    if a.pilot:
        return _pilot(study, plan, a)
    folder = results_folder(a.out, study.name + ("-quick" if a.quick else ""))
    folder.mkdir(parents=True, exist_ok=True)
    return _run(plan, folder / LEDGER, a)


def _pilot(study: Any, plan: Any, a: argparse.Namespace) -> int:
    """A pilot: variance within and between points, and the replications that follow; nothing else is kept."""
    import pandas as pd

    from gridsim.scenario.errors import ScenarioError
    from gridsim.studies.ledger import Ledger
    from gridsim.studies.sensitivity.design import Sensitivity
    from gridsim.studies.sensitivity.noise import noises, pilot_of
    from gridsim.views.sensitivity_page import pilot_lines

    if study.told.design.get("kind") != Sensitivity.name:
        raise ScenarioError([f"--pilot: {study.name}.toml is no sensitivity study"])
    with Ledger.write(None, pilot_of(plan)) as book:
        _with_bar(book, a, spoken(a.lang)[0])
        if book.counts()["missing"]:
            return INTERRUPTED
        table = noises(book, study.told.measures)
        if a.json:
            print_json({"noise": table})
            return OK
        for lang in spoken(a.lang):
            print("\n".join(pilot_lines(pd.DataFrame(table), len(book.plan.points), lang)))
    return OK


def _resume(a: argparse.Namespace) -> int:
    return _run(None, _ledger(a.file), a)


def _run(plan: Any, path: Path, a: argparse.Namespace) -> int:
    """Run what is missing, then write the answer; after Ctrl-C say how to go on."""
    from gridsim.studies.ledger import Ledger, software
    from gridsim.studies.study import Study
    from gridsim.views.labels import say
    from gridsim.views.study_page import write_study

    lang = spoken(a.lang)[0]
    with Ledger.write(path, plan) as book:
        announce(lang)
        made = list(dict.fromkeys([*book.software, *([software()] if next(book.missing(), None) else [])]))
        if len(made) > 1:
            print(f"gridsim: {say('study_software_mixed', lang, each='; '.join(made))}", file=sys.stderr)
        _with_bar(book, a, lang)
        counts = book.counts()
        if counts["missing"]:
            told = {"done": len(book.plan) - counts["missing"], "all": len(book.plan), "file": path}
            print(f"gridsim: {say('study_stopped', lang, **told)}", file=sys.stderr)
            if a.json:
                print_json({"folder": str(path.parent), "runs": counts, "files": []})
            return OK if a.sitting else INTERRUPTED
        files = []
        if book.plan.question:
            study = Study.from_dict(book.plan.question)
            files = write_study(study, book, path.parent, a.lang)
        if a.json:
            print_json({"folder": str(path.parent), "runs": counts, "digest": book.digest(), "files": files})
        elif files:
            for name in (f for f in files if f.endswith(".md")):
                print((path.parent / name).read_text(encoding="utf-8"))
            print(say("written", lang, folder=path.parent, files=", ".join(files)))
        return FAILED if counts["failed"] or counts["lost"] else OK


def _with_bar(book: Any, a: argparse.Namespace, lang: str) -> None:
    from tqdm import tqdm

    from gridsim.scenario.errors import ScenarioError
    from gridsim.studies.executors import ExecutorError
    from gridsim.studies.runner import run_study
    from gridsim.views.labels import say

    with tqdm(
        total=len(book.plan), unit=f" {say('progress', lang)}", leave=False, disable=not sys.stderr.isatty()
    ) as bar:

        def progress(done: int, _: int) -> None:
            bar.update(done - bar.n)

        def estimated(e: Any) -> None:
            told = {"time": _time(e.seconds, lang), "n": e.runs, "each": e.seconds_each, "jobs": e.jobs}
            bar.write(say("study_estimate", lang, file=book.path, **told), file=sys.stderr)

        def stopping() -> None:
            print("\n" + say("stopping", lang), file=sys.stderr, flush=True)

        executor = a.executor or ("dask" if a.scheduler else None)
        options = {"scheduler": a.scheduler, "most": a.sitting, "retry_failed": a.retry_failed}
        try:
            run_study(None, executor, book, a.jobs, progress, estimated=estimated, stopping=stopping, **options)
        except ExecutorError as error:
            raise ScenarioError([f"--executor: {error}"]) from None


def _time(seconds: float, lang: str) -> str:
    """A time as people say it."""
    for size, en, zh in ((3600, "h", "小时"), (60, "min", "分钟")):
        if seconds >= size:
            return f"{seconds / size:.2g} {zh if lang == 'zh' else en}"
    return f"{seconds:.2g} {'秒' if lang == 'zh' else 's'}"


def _ledger(path: Path) -> Path:
    from gridsim.views.study_page import LEDGER

    return path / LEDGER if path.is_dir() else path


def _status(a: argparse.Namespace) -> int:
    from gridsim.studies.ledger import Ledger
    from gridsim.studies.trial import DONE
    from gridsim.studies.versions import results_hash
    from gridsim.views.labels import say

    path = _ledger(a.file)
    with Ledger.read(path) as book:
        counts, here = book.counts(), results_hash()
        facts = {"version": book.version, "engine": book.engine}
        if a.json:
            more = {"plan": book.plan.hash, "runs": counts, "resumable": book.engine == here, "writer": book.writer}
            print_json(facts | more | {"software": book.software})
            return OK
        name = book.plan.question.get("name", "") or repr(book.plan)
        each = say("study_each", a.lang, each=book.seconds()) if counts[DONE] else ""
        print(say("study_status", a.lang, file=path, name=name, runs=len(book.plan), each=each, **counts))
        same = book.engine == here
        print(
            say("study_engine_same", a.lang, **facts) if same else say("study_engine_other", a.lang, here=here, **facts)
        )
        print(say("study_writer", a.lang, writer=book.writer, software="; ".join(book.software)))
        for status, error in book.errors(5):
            print(say("study_error", a.lang, status=status, error=error.strip().splitlines()[-1]))
    return OK


def _export(a: argparse.Namespace) -> int:
    from gridsim.scenario.errors import ScenarioError
    from gridsim.studies.ledger import Ledger
    from gridsim.views.labels import say
    from gridsim.views.study_page import export_csv, export_parquet

    path = _ledger(a.file)
    wished: Path = a.out or path.with_suffix(".parquet" if a.parquet else ".csv")
    if wished.is_dir() or not wished.parent.is_dir():
        raise ScenarioError([f"--out: {wished}: must be a file in a folder that exists"])
    write: Callable[[Any, Path], Path] = export_parquet if a.parquet else export_csv
    with Ledger.read(path) as book:
        out = write(book, wished)
    if a.json:
        print_json({"file": str(out)})
    else:
        print(say("written", a.lang, folder=out.parent, files=out.name))
    return OK
