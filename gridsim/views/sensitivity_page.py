"""A sensitivity analysis in words: what matters, what is not above the dummy, whether to go on."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gridsim.measures import BY_KEY
from gridsim.studies.ledger import Ledger
from gridsim.studies.point import DUMMY
from gridsim.studies.sensitivity.factors import CHOICE, IDLE, IMPOSSIBLE
from gridsim.studies.sensitivity.indices import MAIN
from gridsim.studies.sensitivity.noise import NOISE
from gridsim.studies.sensitivity.spec import MORRIS, REGIONAL, SOBOL
from gridsim.studies.study import Study
from gridsim.views.labels import aligned, number, say, unit_label
from gridsim.views.sensitivity_figures import factor_label, index_label, output_label

KEEP_LUCK = (
    MORRIS,
    SOBOL,
)  # methods in which a factor moves alone, the luck staying: there the dummy is what luck does
NOISES = ("within", "between", "replications_needed")
DROWNED = 0.5  # share of luck beyond which no sample is called enough
TOLD, NAMED = 6, 12  # factors told one by one; factors named in a list
Tables = dict[str, pd.DataFrame]
MOVES = {
    MORRIS: "sens_moves_morris",
    SOBOL: "sens_moves_sobol",
    "rbd-fast": "sens_moves_first",
    "pawn": "sens_moves_other",
    "delta": "sens_moves_other",
    REGIONAL: "sens_moves_other",
}


def amount(x: float, index: str, unit: str, lang: str) -> str:
    """An index as people read it: an effect in its unit, a share of variance in per cent, else a number."""
    if index in ("mu_star", "mu", "sigma"):
        if unit.startswith("share"):
            return f"{100 * x:.2f} {'个百分点' if lang == 'zh' else 'pp'}".replace("-", "−")
        return f"{number(x, unit)} {unit_label(unit, lang)}"
    if index in ("S1", "ST", "S2"):
        return f"{round(100 * x, 0 if abs(x) >= 0.01 else 1) + 0.0:g} %".replace("-", "−")
    return f"{round(x, 2) + 0.0:.2f}".replace("-", "−")


def sensitivity_words(study: Study, tables: Tables, lang: str) -> list[str]:
    """Output by output: what moves it, what does not stand above the dummy, whether the sample is large enough."""
    indices = tables["indices"]
    primary = [m for m in study.told.measures if BY_KEY[m].primary] or study.told.measures[:1]
    lines = []
    for (scenario, measure, effect_of), here in indices[indices.measure.isin(primary)].groupby(
        ["scenario", "measure", "effect_of"], sort=False
    ):
        at = (str(scenario), str(measure), str(effect_of))
        where = say("study_where", lang, scenario=scenario) if indices.scenario.nunique() > 1 else ""
        lines.append(f"**{where}{output_label(at[1], at[2], lang)}**")
        lines += [f"  - {line}" for line in _output(here, tables, at, lang)]
    factors = tables["factors"]
    for why, key in ((IDLE, "sens_idle"), (IMPOSSIBLE, "sens_impossible")):
        if len(left := factors[factors.left_out == why].factor):
            lines.append(say(key, lang, n=len(left), factors=_named(list(left), lang)))
    for r in tables["refused"].itertuples(index=False):
        output = output_label(str(r.measure), str(r.effect_of), lang)
        lines.append(say("sens_refused", lang, output=output, lacking=r.lacking, points=r.points))
    return lines


def _output(here: pd.DataFrame, tables: Tables, at: tuple[str, str, str], lang: str) -> list[str]:
    """The lines of one output."""
    method, unit = str(here.method.iloc[0]), str(here.unit.iloc[0])
    index = MAIN[method]
    main = here[(here["index"] == index) & (here.other == "")].sort_values("value", ascending=False)
    if not (main.value > 0).any():
        return [say("sens_constant", lang)]
    dummy = main[main.factor == DUMMY].iloc[0]
    above, below = main[main.above_floor], main[~main.above_floor & (main.factor != DUMMY)]
    lines = [] if len(above) else [say("sens_none", lang)]
    for row in above.head(TOLD).itertuples(index=False):
        told = {k: amount(float(str(getattr(row, k))), index, unit, lang) for k in ("value", "ci_low", "ci_high")}
        label = factor_label(str(row.factor), lang)
        lines.append(say(MOVES[method], lang, factor=label, range=_range(tables, str(row.factor), lang), **told))
        lines[-1] += _more_of(here, tables["factors"], str(row.factor), method, unit, lang)
    if len(above) > TOLD:
        lines.append(say("sens_also", lang, factors=_named(list(above.factor[TOLD:]), lang)))
    told = {k: amount(float(dummy[k]), index, unit, lang) for k in ("value", "ci_high")}
    lines.append(say("sens_floor" if method in KEEP_LUCK else "sens_floor_sample", lang, **told))
    undecided = below.value > dummy.ci_high
    for key, which in (("sens_undecided", below[undecided]), ("sens_below", below[~undecided])):
        if len(which):
            lines.append(say(key, lang, n=len(which), factors=_named(list(which.factor), lang)))
    pairs = here[(here["index"] == "S2") & (here.ci_low > 0)].sort_values("value", ascending=False)
    for row in pairs.head(3).itertuples(index=False):
        a, b = factor_label(str(row.factor), lang), factor_label(str(row.other), lang)
        lines.append(say("sens_pair", lang, one=a, other=b, value=amount(float(str(row.value)), "S2", unit, lang)))
    return lines + _enough(tables, at, method, lang) + _luck(tables, at, lang)


def _more_of(here: pd.DataFrame, factors: pd.DataFrame, factor: str, method: str, unit: str, lang: str) -> str:
    """Direction of a Morris effect where it is clear and the factor has one; what a factor does alone; which tail."""
    own = here[(here.factor == factor) & (here.other == "")].set_index("index")
    chosen = (factors[factors.factor == factor].kind == CHOICE).any()
    if method == MORRIS and "mu" in own.index and not chosen:
        mu = own.loc["mu"]
        return (
            say("sens_up" if mu.ci_low > 0 else "sens_down", lang)
            if mu.ci_low > 0 or mu.ci_high < 0
            else say("full_stop", lang)
        )
    if method == SOBOL:
        alone = own.loc["S1"].to_dict()
        told = {k: amount(float(alone[k]), "S1", unit, lang) for k in ("value", "ci_low", "ci_high")}
        return say("sens_alone", lang, **told)
    if method == REGIONAL:
        low, high = own.value["cvm_lowest"], own.value["cvm_highest"]
        return say("sens_tail_low" if low > high else "sens_tail_high", lang)
    return say("full_stop", lang)


def _range(tables: Tables, factor: str, lang: str) -> str:
    rows = tables["factors"][tables["factors"].factor == factor]
    if rows.empty or rows.iloc[0].kind == "choice":
        return ""
    row = rows.iloc[0]
    return say(
        "sens_range", lang, low=f"{float(row.low):g}", high=f"{float(row.high):g}", unit=unit_label(row.unit, lang)
    )


def _named(keys: list[str], lang: str) -> str:
    more = say("sens_and_more", lang, n=len(keys) - NAMED) if len(keys) > NAMED else ""
    return say("list_comma", lang).join(factor_label(k, lang) for k in keys[:NAMED]) + more


def _pick(table: pd.DataFrame, at: tuple[str, str, str]) -> pd.DataFrame:
    if table.empty:
        return table
    scenario, measure, effect_of = at
    return table[(table.scenario == scenario) & (table.measure == measure) & (table.effect_of == effect_of)]


def _enough(tables: Tables, at: tuple[str, str, str], method: str, lang: str) -> list[str]:
    rows = _pick(tables["convergence"], at)
    if rows.empty:
        return []
    last = rows.iloc[-1]
    if _pick(tables["noise"], at).noise_share.iloc[0] > DROWNED:
        return [say("sens_drowned", lang)]
    key = "sens_enough" if last.enough else "sens_more"
    told = {"n": int(last.n), "what": say(f"sens_what_{method.replace('-', '_')}", lang)}
    told |= {"half": f"{100 * last.half_width:.0f} %", "more": int(last.more), "total": int(last.n + last.more)}
    return [say(key, lang, how=say("sens_goes_on" if method == SOBOL else "sens_anew", lang), **told)]


def _luck(tables: Tables, at: tuple[str, str, str], lang: str) -> list[str]:
    row = _pick(tables["noise"], at).iloc[0]
    if row.noise_share != row.noise_share:
        return [say("sens_luck_unknown", lang)]
    told = {"share": f"{100 * row.noise_share:.1f} %", "n": int(row.replications), "most": f"{100 * NOISE:.0f} %"}
    if row.noise_share <= NOISE:
        return [say("sens_luck", lang, **told)]
    needed = row.replications_needed
    wanted = f"{int(needed):,}" if needed == needed and needed is not None else "–"
    return [say("sens_luck", lang, **told) + say("sens_luck_more", lang, needed=wanted, most=told["most"])]


def sensitivity_table(tables: Tables, lang: str) -> list[str]:
    """Every factor that stands above the dummy in some output, as a Markdown table: the main index by output."""
    indices = tables["indices"]
    index = MAIN[str(indices.method.iloc[0])]
    main = indices[(indices["index"] == index) & (indices.other == "")]
    outputs = list(dict.fromkeys(zip(main.scenario, main.measure, main.effect_of, strict=True)))
    shown = [f for f in dict.fromkeys(main.factor) if f == DUMMY or main[main.factor == f].above_floor.any()]
    several = main.scenario.nunique() > 1
    heads = [say("sens_factor", lang)]
    heads += [(f"{s}: " if several else "") + output_label(m, e, lang) for s, m, e in outputs]
    out = [
        index_label(index, "", lang).removesuffix(" ()"),
        "",
        "| " + " | ".join(heads) + " |",
        "|" + " --- |" * len(heads),
    ]
    keys = zip(main.factor, main.scenario, main.measure, main.effect_of, strict=True)
    cells = dict(zip(keys, main.itertuples(index=False), strict=True))
    for f in shown:
        row = [factor_label(f, lang)]
        for at in outputs:
            r: Any = cells[(f, *at)]
            low, high = (amount(x, index, r.unit, lang).split(" ")[0] for x in (r.ci_low, r.ci_high))
            mark = "**" if r.above_floor else ""
            row.append(f"{mark}{amount(float(r.value), index, r.unit, lang)}{mark} [{low}, {high}]")
        out.append("| " + " | ".join(row) + " |")
    return out


def sensitivity_limits(study: Study, book: Ledger, tables: Tables, lang: str) -> list[str]:
    """What such an analysis cannot say."""
    luck = "sens_limit_luck" if study.told.design["method"] in KEEP_LUCK else "sens_limit_luck_sample"
    lines = [say("sens_limit_range", lang), say(luck, lang)]
    if study.told.design["method"] == MORRIS:
        lines.append(say("sens_limit_morris", lang))
    if study.told.design["method"] == "pawn":
        lines.append(say("sens_limit_pawn", lang))
    return [*lines, say("study_limit_size", lang)]


def pilot_lines(noise: pd.DataFrame, points: int, lang: str) -> list[str]:
    """What a pilot tells, output by output: the share of luck, and the replications that it takes."""
    head = [say(f"pilot_{k}", lang) for k in ("output", "within", "between", "share", "needed")]
    rows = [head]
    for r in noise.to_dict(orient="records"):
        within, between, takes = (float("nan") if r[k] is None else float(r[k]) for k in NOISES)
        share = within / (within + between) if within + between > 0 else float("nan")
        needed = f"{takes:g}" if takes == takes else "–"
        name = output_label(r["measure"], r["effect_of"], lang)
        rows.append([name, f"{within:.3g}", f"{between:.3g}", f"{100 * share:.1f} %", needed])
    told = say("pilot_run", lang, points=points, n=int(noise.replications.iloc[0]), most=f"{100 * NOISE:.0f} %")
    return [told, "", aligned(rows, right=(1, 2, 3, 4))]
