"""The answer of a study in a folder: tidy tables, a figure, and a short page that says in words what came out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from gridsim.measures import BY_KEY
from gridsim.scenario.errors import ScenarioError
from gridsim.scenario.policies import BASELINE
from gridsim.studies.designs import Tables, design_of
from gridsim.studies.ledger import Ledger
from gridsim.studies.study import Study
from gridsim.views.figures import style
from gridsim.views.labels import interval, languages, measure_label, number, say, unit_label
from gridsim.views.output import manifest, write_csv, write_json
from gridsim.views.sensitivity_page import sensitivity_limits, sensitivity_table, sensitivity_words
from gridsim.views.study_figures import FIGURES, MORE_FIGURES, SENSITIVITY

LEDGER, RUNS, PAGE, FIGURE = "study.ledger", "runs.csv", "page.md", "figure.png"
FEW = 10  # replications below which a page says that they are few


def write_study(study: Study, book: Ledger, folder: Path, lang: str = "en") -> list[str]:
    """Write runs, tables, figure, page and manifest beside the ledger; returns the file names.

    Parameters
    ----------
    lang : "en", "zh" or "both"
        Two languages are two pages and two figures, the second with ``-zh`` in its name.

    """
    tables = design_of(study).tables(study, book)
    kind = design_of(study).kind
    names = [export_csv(book, folder / RUNS).name]
    for name, table in tables.items():
        write_csv(table, folder / f"{name}.csv")
        names.append(f"{name}.csv")
    for tongue in languages(lang):
        figure, page = (_in(tongue, lang, name) for name in (FIGURE, PAGE))
        with style():
            save_tight(FIGURES[kind], study, tables, tongue, folder / figure)
            more = [
                f
                for f, draw in MORE_FIGURES.get(kind, {}).items()
                if _more(draw, study, tables, lang, tongue, folder / f)
            ]
        (folder / page).write_text(
            page_of(study, book, tables, tongue, [figure, *(_in(tongue, lang, f) for f in more)]), encoding="utf-8"
        )
        names += [figure, *(_in(tongue, lang, f) for f in more), page]
    counts = book.counts()
    asked = {k: v for k, v in study.to_dict().items() if k != "folder"}  # which is this machine's
    facts = {"study": asked, "plan": book.plan.hash, "results": book.engine, "digest": book.digest()}
    facts["software"] = book.software
    write_json(manifest(book.plan.scenarios[0], seed=study.told.seed, runs=counts, **facts), folder / "manifest.json")
    return [*names, "manifest.json"]


def save_tight(draw: Callable[..., object], study: Study, tables: Tables, lang: str, path: Path) -> None:
    """Draw and save a figure with the small print below it inside the picture."""
    figure = draw(study, tables, lang)
    figure.savefig(path, dpi=150, bbox_inches="tight")  # type: ignore[attr-defined]


def _more(draw: Callable[..., Any], study: Study, tables: Tables, lang: str, tongue: str, path: Path) -> bool:
    """Draw a further figure, if there is one."""
    figure = draw(study, tables, tongue)
    if figure is not None:
        figure.savefig(path.with_name(_in(tongue, lang, path.name)), dpi=150, bbox_inches="tight")
    return figure is not None


def export_csv(book: Ledger, path: Path, windows: str = "all") -> Path:
    """All runs as CSV, a row a run and window, part by part; whole or not at all."""
    part = path.with_name(path.name + ".part")
    for k, frame in enumerate(book.frames(windows)):
        frame.to_csv(part, mode="a" if k else "w", header=not k, index=False, encoding="utf-8" if k else "utf-8-sig")
    part.replace(path)
    return path


def export_parquet(book: Ledger, path: Path, windows: str = "all") -> Path:
    """All runs as Parquet, part by part; whole or not at all.

    Raises
    ------
    ScenarioError
        If pyarrow is not installed.

    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ScenarioError(['--parquet: pyarrow is not installed; pip install "gridsim[parquet]"']) from None
    part, writer = path.with_name(path.name + ".part"), None
    for frame in book.frames(windows):
        table = pa.Table.from_pandas(frame, preserve_index=False)
        writer = writer or pq.ParquetWriter(part, table.schema)
        writer.write_table(table.cast(writer.schema))
    if writer is not None:
        writer.close()
        part.replace(path)
    return path


def page_of(study: Study, book: Ledger, tables: Tables, lang: str, figures: list[str]) -> str:
    """The page in Markdown."""
    zh, told, counts, kind = lang == "zh", study.told, book.counts(), design_of(study).kind
    lines = [f"# {(zh and told.chinese) or told.title}", "", (zh and told.chinese_question) or told.question, ""]
    lines += [say("sens_run" if kind == SENSITIVITY else "study_run", lang, **_facts(study, book)), ""]
    if lost := sum(counts[s] for s in ("failed", "lost", "missing")):
        lines += [say("study_not_done", lang, n=lost, **counts), ""]
    for figure in figures:
        lines += [f"![{told.title}]({figure})", ""]
    lines += [f"## {say('study_came_out', lang)}", ""]
    lines += [line if line.startswith(" ") else f"- {line}" for line in WORDS[kind](study, tables, lang)]
    table = sensitivity_table(tables, lang) if kind == SENSITIVITY else _table(tables["effects"], lang)
    lines += ["", f"## {say('study_table', lang)}", "", *table]
    lines += ["", f"## {say('study_limits', lang)}", ""]
    limits = sensitivity_limits if kind == SENSITIVITY else _limits
    lines += [f"- {line}" for line in limits(study, book, tables, lang)]
    return "\n".join(lines) + "\n"


def _facts(study: Study, book: Ledger) -> dict[str, object]:
    plan = book.plan
    return {
        "scenarios": ", ".join(s.name for s in plan.scenarios),
        "options": len(plan.options),
        "points": len(plan.points),
        "factors": len(plan.factors),
        "replications": plan.replications,
        "seed": plan.seed,
        "days": plan.scenarios[0].time.days,
        "runs": len(plan),
        "version": book.version,
        "engine": book.engine,
        "window": plan.columns[-1][0].removeprefix("days "),
    }


def _in(tongue: str, lang: str, name: str) -> str:
    return name if tongue == languages(lang)[0] else name.replace(".", "-zh.")


def _line(row: pd.Series, name: str, lang: str, several: bool) -> str:
    """One difference with its interval and verdict, in words."""
    return say(
        "study_line",
        lang,
        where=say("study_where", lang, scenario=row.scenario) if several else "",
        policy=name,
        measure=measure_label(row.measure, lang),
        difference=number(row.difference, row.unit, True, lang),
        unit="" if row.unit.startswith("share") else " " + unit_label(row.unit, lang),
        interval=interval(row),
        verdict=say(row.verdict, lang),
    )


def _primary(study: Study) -> list[str]:
    """The primary outcomes among the study's measures; if it has none, its first."""
    return [m for m in study.told.measures if BY_KEY[m].primary] or study.told.measures[:1]


def compare_words(study: Study, tables: Tables, lang: str) -> list[str]:
    """Each policy against today, and against the other one where the study names it."""
    lines = []
    for key in ("effects", "against"):
        table = tables.get(key, pd.DataFrame())
        if table.empty:
            continue
        if key == "against":
            lines.append(say("study_against", lang, policy=study.told.design["against"]))
        several = table.scenario.nunique() > 1
        picked = table[table.measure.isin(_primary(study))]
        lines += [_line(row, row.policy, lang, several) for _, row in picked.iterrows()]
    return lines


def factorial_words(study: Study, tables: Tables, lang: str) -> list[str]:
    """All together, the sum of the parts, what is left over, and the interactions that are clear."""
    table, effects = tables["factorial"], tables["effects"]
    together = "+".join(study.told.design["policies"])
    lines = []
    for (scenario, measure), here in table[table.measure.isin(_primary(study))].groupby(
        ["scenario", "measure"], sort=False
    ):
        row = effects[(effects.scenario == scenario) & (effects.policy == together) & (effects.measure == measure)]
        lines.append(_line(row.iloc[0], say("study_together", lang), lang, table.scenario.nunique() > 1))
        left = here[here.kind == "left over"].iloc[0]
        alone = here[here.kind == "sum"].iloc[0]
        lines.append(
            say(
                f"study_left_{'over' if left.clear else 'none'}",
                lang,
                measure=measure_label(str(measure), lang),
                sum=number(alone.effect, left.unit, True, lang),
                left=number(left.effect, left.unit, True, lang),
                interval=interval(left),
            )
        )
        tested = here[here.kind.isin(("main effect", "interaction"))]
        clear = tested[tested.clear & (tested.p_adjusted < 0.05)]
        for term, one in zip(clear.term, clear.itertuples(), strict=True):
            key = "study_main" if one.kind == "main effect" else "study_interaction"
            told = {"term": term, "measure": measure_label(str(measure), lang), "interval": interval(one)}
            lines.append(say(key, lang, effect=number(float(str(one.effect)), left.unit, True, lang), **told))
    return lines


def levels_words(study: Study, tables: Tables, lang: str) -> list[str]:
    """The best and the worst level of each primary outcome, and whether the levers depend on each other."""
    table, lines = tables["effects"], []
    for measure in _primary(study):
        for scenario, here in table[table.measure == measure].groupby("scenario", sort=False):
            several = table.scenario.nunique() > 1
            clear = here[here.verdict.isin(("better", "worse", "higher", "lower"))]
            label = measure_label(measure, lang)
            if clear.empty:
                lines.append(say("study_no_level", lang, measure=label, n=len(here)))
                continue
            lines.append(say("study_levels", lang, measure=label, clear=len(clear), n=len(here)))
            order = clear.sort_values("difference")
            for _, row in (order.iloc[[0, -1]] if len(order) > 1 else order).iterrows():
                lines.append(_line(row, row.policy, lang, several))
            if several:
                lines[-1] += say("study_where", lang, scenario=scenario)
    corners = tables.get("interaction", pd.DataFrame(columns=["measure", "what"]))
    for _, row in corners[corners.measure.isin(_primary(study)) & (corners.what == "difference")].iterrows():
        clear = row.ci_low > 0 or row.ci_high < 0
        lines.append(
            say(
                f"study_corner_{'clear' if clear else 'none'}",
                lang,
                lever=row.lever,
                other=row.other,
                measure=measure_label(row.measure, lang),
                difference=number(row.effect, row.unit, True, lang),
                interval=interval(row),
            )
        )
    return lines


WORDS: dict[str, Callable[[Study, Tables, str], list[str]]] = {
    "compare": compare_words,
    "factorial": factorial_words,
    "levels": levels_words,
    SENSITIVITY: sensitivity_words,
}


def _table(effects: pd.DataFrame, lang: str) -> list[str]:
    """The effects as a Markdown table."""
    heads = ("scenario", "policy", "measure", "baseline", "difference", "verdict")
    out = ["| " + " | ".join(say(f"col_{h}", lang) for h in heads) + " |", "|" + " --- |" * len(heads)]
    for _, row in effects.iterrows():
        unit = "" if row.unit.startswith("share") else " " + unit_label(row.unit, lang)
        cells = [
            row.scenario,
            row.policy,
            measure_label(row.measure, lang),
            number(row.baseline, row.unit, lang=lang) + unit,
            f"{number(row.difference, row.unit, True, lang)} {interval(row)}",
            say(row.verdict, lang),
        ]
        out.append("| " + " | ".join(cells) + " |")
    return out


def _limits(study: Study, book: Ledger, tables: Tables, lang: str) -> list[str]:
    """What the study cannot say."""
    n = int(tables["effects"].replications.max())
    options = sum(o.name != BASELINE for o in book.plan.options)
    lines = [say("study_limit_chance", lang), say("study_limit_size", lang)]
    if n < FEW:
        lines.insert(0, say("study_limit_few", lang, n=n))
    if options > 4:
        lines.append(say("study_limit_many", lang, n=options))
    if "patterns" in tables and not (held := tables["patterns"]).met.all():
        off = held[~held.met].groupby("scenario", sort=False).pattern.agg(", ".join)
        told = "; ".join(f"{s} ({p})" for s, p in off.items())
        lines.append(say("study_limit_patterns", lang, scenarios=told))
    return lines
