"""The page: Mesa's ``SolaraViz`` with the pair of worlds, our charts, and a column of levers for each side.

``serve`` puts the setup and the language of the page here before the server imports it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from html import escape
from types import SimpleNamespace
from typing import Any

import reacton.core
import solara
from mesa.visualization import SolaraViz, solara_viz
from mesa.visualization.utils import force_update, update_counter

from gridsim.app.case import case_html
from gridsim.app.charts import Backlog, Chart, Map, Unresolved
from gridsim.app.levers import Lever
from gridsim.app.pair import FACTS, Pair, Setup
from gridsim.app.words import in_language, style_sheet
from gridsim.scenario.policies import BASELINE, Option
from gridsim.scenario.scenario import ScenarioError
from gridsim.studies.trace import Trace
from gridsim.views.brief_terms import parameter_label
from gridsim.views.labels import number, say, term

TOLD = SimpleNamespace(setup=None, lang="en", rng=1)  # by ``serve``
SEEDS = 100  # that the slider offers
PLAY_INTERVAL = 10  # ms that playing rests between two days


@solara.component
def Page() -> None:
    """The whole page, a pair of worlds for each visitor."""
    lang = TOLD.lang
    setup = solara.use_memo(lambda: (TOLD.setup or Setup()).own(), [])
    setup.rest = _until_drawn(reacton.core.get_render_context())
    pair: Any = solara.use_reactive(solara.use_memo(lambda: Pair(setup, TOLD.rng), []))
    scenario = setup.scenario
    title = (scenario.chinese if lang == "zh" else scenario.title) or scenario.name
    solara.Title(say("app_title", lang, title=title))
    solara.Style(style_sheet(lang, setup.names))
    in_language(solara_viz, lang)
    SolaraViz(
        pair,
        components=solara.use_memo(lambda: [(part, 0) for part in parts(lang)], []),
        model_params={"setup": setup, "rng": _seed(lang)},
        name=say("app_title", lang, title=title),
        play_interval=PLAY_INTERVAL,
    )
    Sides(pair.value, lang)


@solara.component
def Sides(pair: Pair, lang: str) -> None:
    """The levers of both sides, under Mesa's own controls."""
    with solara.Sidebar(), solara.Column(classes=["gridsim-sides"], gap="12px"):
        for which in (0, 1):
            Levers(pair, which, lang)


def _until_drawn(context: Any) -> Callable[[], None]:
    """Wait for a render that is going on in another thread: Mesa plays on without, and it would never end."""

    def wait() -> None:
        with context.thread_lock:
            pass

    return wait


def _seed(lang: str) -> dict[str, Any]:
    most = max(SEEDS, TOLD.rng)
    return {"type": "SliderInt", "label": say("app_seed", lang), "value": TOLD.rng, "min": 0, "max": most, "step": 1}


def parts(lang: str) -> list[Any]:
    """What Mesa lays out: components of the pair, which keep what one has chosen in them over a reset."""

    def part(component: Any, *more: Any) -> Any:
        def shown(pair: Pair) -> Any:
            return component(pair, lang, *more)

        return solara.component(shown)

    return [
        part(Facts),
        *(part(Drawn, Map, which) for which in (0, 1)),
        part(Drawn, Backlog),
        part(Drawn, Unresolved),
        part(Case),
    ]


def side_title(pair: Pair, which: int, lang: str) -> str:
    """``left: Departments that link up + by hand``."""
    policy = policy_title(pair.setup.option_of(which), lang)
    return say("app_side_title", lang, side=say(f"app_side_{which}", lang), policy=policy)


def policy_title(option: Option, lang: str) -> str:
    """Title of an option, or today."""
    return say("baseline", lang) if option.name == BASELINE else option.chinese if lang == "zh" else option.title


@solara.component
def Facts(pair: Pair, lang: str) -> None:
    """The day, a table of both sides, and what one pair of histories cannot tell."""
    update_counter.get()
    with pair.lock:
        facts = [pair.facts(k) for k in (0, 1)]
        day, last = pair.day, pair.worlds[0].horizon
    head = [say("app_since", lang), *(side_title(pair, k, lang) for k in (0, 1)), say("app_gap", lang)]
    rows = [[say(f"app_fact_{name}", lang), *_cells(name, facts, lang)] for name in FACTS]
    text = f'<h2 data-day="{day}">{say("app_day", lang, day=day, last=last, seed=pair.seed_used)}</h2><table><tr>'
    text += "".join(f"<th>{escape(x)}</th>" for x in head) + "</tr>"
    text += "".join("<tr>" + "".join(f"<td>{x}</td>" for x in row) + "</tr>" for row in rows) + "</table>"
    text += f'<p class="gridsim-luck">{escape(say("app_luck", lang, scenario=pair.setup.scenario.name))}</p>'
    solara.HTML(unsafe_innerHTML=text, classes=["gridsim-card", "gridsim-wide", "gridsim-facts"])


def _cells(name: str, facts: list[dict[str, float]], lang: str) -> list[str]:
    unit = {"unresolved": "share", "mean_open": "cases"}.get(name)
    left, right = (f[name] for f in facts)
    if unit is None:  # whole cases
        return [f"{left:,.0f}", f"{right:,.0f}", f"{right - left:+,.0f}".replace("-", "−")]
    return [number(left, unit), number(right, unit), number(right - left, unit, True, lang)]


@solara.component
def Drawn(pair: Pair, lang: str, kind: Callable[..., Chart], which: int | None = None) -> None:
    """A chart under its title."""
    update_counter.get()
    own = () if which is None else (which,)
    chart = solara.use_memo(lambda: kind(pair, lang, *own), [id(pair.setup), lang])
    name = kind.__name__.lower()
    title = say(f"app_{name}", lang, **({} if which is None else {"side": side_title(pair, which, lang)}))
    about = {"alt": title, "data-chart": name if which is None else f"{name}{which}"}
    with pair.lock:
        source = "data:image/png;base64," + base64.b64encode(chart.png(pair)).decode("ascii")
    with solara.Div(classes=["gridsim-card"]):
        solara.HTML(tag="h2", unsafe_innerHTML=escape(title))
        solara.v.Html(tag="img", attributes={"src": source, **about})


@solara.component
def Levers(pair: Pair, which: int, lang: str) -> None:
    """Policy and sliders of a side; a change lets that side live through its days again."""
    setup = pair.setup
    wrong, complain = solara.use_state("")
    _, count = solara.use_state(0)

    def change(what: Callable[..., None], *values: Any) -> None:
        before = setup.sides[which]
        try:
            what(which, *values)
            pair.rebuild(which)
            complain("")
        except ScenarioError as error:
            setup.sides[which] = before
            complain("; ".join(error.errors))
        count(lambda n: n + 1)  # so that this component is shown anew
        force_update()

    with solara.Card(say(f"app_side_{which}", lang), classes=["gridsim-side"]):
        named = setup.sides[which].option
        titles = {BASELINE: say("baseline", lang), named.name: policy_title(named, lang)}
        titles |= {name: (p.chinese if lang == "zh" else p.title) or name for name, p in setup.known.items()}
        items = [{"text": text, "value": name} for name, text in titles.items()]
        solara.v.Select(
            label=say("app_policy", lang),
            items=items,
            v_model=named.name,
            on_v_model=partial(change, setup.choose),
            dense=True,
        )
        for key, lever in setup.levers.items():
            Slider(lever, setup.number(which, key), partial(change, setup.move, key), lang)
        if wrong:
            solara.Error(wrong)


@solara.component
def Slider(lever: Lever, value: float, on_change: Callable[[float], None], lang: str) -> None:
    """A slider that follows the hand at once and is heeded when the hand lets go."""
    shown, show = solara.use_state(value)
    solara.use_effect(lambda: show(value), [value])
    label = say(
        "app_lever",
        lang,
        name=parameter_label(lever.key, lang),
        unit=term("units", lever.parameter.unit, lang),
        value=f"{shown:g}",
    )
    about = {"title": lever.parameter.text} if lang == "en" else {}
    solara.HTML(tag="div", unsafe_innerHTML=escape(label), classes=["gridsim-lever"], attributes=about)
    slider = solara.v.Slider(
        v_model=shown,
        on_v_model=show,
        min=lever.low,
        max=lever.high,
        step=lever.step,
        dense=True,
        hide_details=True,
        attributes={"data-lever": lever.key, "aria-label": label},
    )
    solara.v.use_event(slider, "change", lambda _w, _e, v: on_change(round(float(v), 9)))


@solara.component
def Case(pair: Pair, lang: str) -> None:
    """One case, told up to today in both worlds."""
    update_counter.get()
    way, choose = solara.use_state("sooner")
    case, name = solara.use_state(0)
    sides = tuple((s.option.name, tuple(sorted(s.moved.items()))) for s in pair.setup.sides)
    wanted = (pair.seed_used, sides, way, case)
    now = solara.use_ref(wanted)
    now.current = wanted

    def search() -> Trace | ScenarioError | None:
        with pair.setup.searching:  # one at a time; what is no longer wanted is not begun
            if now.current != wanted:
                return None
            try:
                return pair.trace(case if way == "id" else None, "sooner" if way == "id" else way)
            except ScenarioError as error:
                return error

    found: Any = solara.lab.use_task(search, dependencies=[wanted], prefer_threaded=True)
    with solara.Div(classes=["gridsim-card", "gridsim-wide"]):
        solara.HTML(tag="h2", unsafe_innerHTML=escape(say("app_case", lang)))
        with solara.Row(classes=["gridsim-choice"]):
            items = [{"text": say(f"app_case_{w}", lang), "value": w} for w in ("sooner", "later", "id")]
            solara.v.Select(label=say("app_case_which", lang), items=items, v_model=way, on_v_model=choose, dense=True)
            if way == "id":
                solara.InputInt(say("app_case_number", lang), value=case, on_value=name)
        if not found.finished or found.value is None:
            text = escape(say("app_case_search", lang))
        elif isinstance(found.value, ScenarioError):
            text = escape(say("app_case_none", lang))
        else:
            text = case_html(found.value, pair.day, lang)
        solara.HTML(unsafe_innerHTML=text, classes=["gridsim-case"])
