"""Ten cases by hand: a printable exercise, and its solution as the engine works it out.

``python notebooks/ten_cases.py [FOLDER]`` writes ``ten-cases.html`` and ``ten-cases-solution.html``, also in Chinese
(``-zh``): two A4 pages each, to be printed from any browser.

One gridworker, two departments of one team each, office hours. Every case takes a stated time, so that a pen reaches
the same answer as the engine. Luck is left in one place: whether a department that is *referred* to lets the case lie
for a day. It belongs to the incident, as everywhere in gridsim; the places are those whose incidents have the nature
that the sheet states.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jinja2 import Environment, FileSystemLoader

from gridsim import Scenario, World, load_scenario
from gridsim.model.city import City
from gridsim.model.story import STEPS

HERE = Path(__file__).parent
FIRST, SECOND, NOBODY = 0, 1, -1  # the departments: 市政 public works, 城管 urban management
HALF_HOURS = [day * 48 + k for day in range(3) for k in range(18, 34)]  # of the sheet: Monday to Wednesday, 9 to 17
MONDAY, TUESDAY = 17 / 24, 1 + 17 / 24  # the evenings on which open cases are counted
WORLDS = {  # what is changed in ten-cases.toml
    "today": {},
    "linked": {"linkage.rate": 1.0, "linkage.parallel": True},
    "linked, at a price": {"linkage.rate": 1.0, "linkage.parallel": True, "linkage.coordination": 1 / 3},
}


class Case(NamedTuple):
    """An incident of the sheet: when it is reported (day 0 is a Monday), whom it needs, where it would be let lie."""

    day: int
    hour: float
    english: str
    chinese: str
    needs: tuple[int, ...] = ()
    lies_before: int = NOBODY

    @property
    def time(self) -> float:
        """In days."""
        return self.day + self.hour / 24


CASES = (
    Case(0, 9.0, "bicycle blocks a stairway", "楼道堆放自行车"),
    Case(0, 9.5, "quarrel about noise", "邻里噪声纠纷"),
    Case(0, 10.0, "burst pipe under a market", "市场下方水管破裂", (FIRST, SECOND)),
    Case(0, 10.5, "lost old man", "老人走失"),
    Case(0, 11.5, "stalls on the pavement", "占道经营", (SECOND,)),
    Case(0, 13.0, "rubbish not collected", "垃圾未清运"),
    Case(0, 14.5, "illegal shed over a drain", "违建压占排水口", (FIRST, SECOND), SECOND),
    Case(0, 15.0, "help with a form", "代办表格"),
    Case(1, 10.0, "hole in the road", "路面塌陷", (FIRST,), FIRST),
    Case(1, 12.0, "dog without a leash", "遛狗不拴绳"),
)


@dataclass(frozen=True)
class Answer:
    """What the engine makes of the ten cases in one world: bars are (who, case, first, last) of work, in days."""

    done: np.ndarray
    bars: list[tuple[str, int, float, float]]

    @property
    def hours(self) -> np.ndarray:
        """From report to true resolution."""
        return (self.done - [c.time for c in CASES]) * 24

    def open_at(self, moment: float) -> list[int]:
        """Cases (from 1) that are known and unresolved."""
        return [k + 1 for k, c in enumerate(CASES) if c.time <= moment < self.done[k] - 1e-9]

    @property
    def mean_if_dropped(self) -> float:
        """The mistake: the mean over those resolved by Tuesday evening."""
        return float(self.hours[self.done <= TUESDAY + 1e-9].mean())


def scenario(world: str = "today") -> Scenario:
    """The little city, in one of the worlds."""
    return load_scenario(HERE / "ten-cases.toml").replace(WORLDS[world])


@cache
def answer(world: str) -> Answer:
    """Run the ten cases in a world."""
    seed, places = chosen()
    city, times = scenario(world), dict(zip(places, (c.time for c in CASES), strict=True))
    row = {int(place): n for n, place in enumerate(_placed(city, seed, times).advance(city.time.days).cases.place)}
    done, bars = np.empty(len(CASES)), []
    for k, place in enumerate(places):
        run = _placed(city, seed, times).follow(row[place]).advance(city.time.days)
        done[k] = run.cases.resolved[row[place]]
        bars += [(who, k + 1, first, last) for who, first, last in _work(run)]
    return Answer(done, bars)


@cache
def chosen() -> tuple[int, list[int]]:
    """The first seed whose city has such ten places, and the places in the order of the cases."""
    city = scenario()
    for seed in range(1, 10_000):
        everywhere = _placed(city, seed, dict.fromkeys(range(city.city.cells_per_grid), 0.5)).advance(city.time.days)
        natures = [_nature(city, seed, place) for place in range(len(everywhere.cases))]
        left, places = dict(enumerate(natures)), []
        for case in CASES:
            place = next((p for p, nature in left.items() if nature == (case.needs, case.lies_before)), None)
            if place is None:
                break
            places.append(place)
            del left[place]
        if len(places) == len(CASES):
            return seed, places
    raise LookupError("no seed has these ten cases")


def _placed(city: Scenario, seed: int, times: dict[int, float]) -> World:
    """A world in which one incident arises at each of these times (days) at its place, and no other."""
    world = World(city, City(city), seed)
    world.tables.next_arrival[:] = 1e9
    for place, time in times.items():
        world.tables.next_arrival[place] = time
    return world


def _nature(city: Scenario, seed: int, place: int) -> tuple[tuple[int, ...], int] | None:
    """Departments that the incident of a place needs, in order, and the one that lets it lie once; None if more do."""
    world = _placed(city, seed, {place: 0.5}).follow(0).advance(city.time.days)
    case, steps = world.cases[0], [STEPS[r.step] for r in world.story]
    needs = tuple(int(d) for d in case.department[: case.needs])
    if case.drops > 1 or case.needs > 2:
        return None
    before = steps[: steps.index("lies_stalled")].count("part_is_done") if case.drops else NOBODY
    return needs, needs[before] if case.drops else NOBODY


def _work(world: World) -> list[tuple[str, float, float]]:
    """Who worked on the case that is followed, from when to when."""
    ends = {"worker_begins": "attempt_worked", "team_begins": "team_is_done"}
    story, out = list(world.story), []
    for r in story:
        if STEPS[r.step] in ends:
            who = "worker" if STEPS[r.step] == "worker_begins" else f"field{r.which}"
            last = next(s for s in story if STEPS[s.step] == ends[STEPS[r.step]] and s.part == r.part)
            out.append((who, float(r.time), float(last.time)))
    return out


def clock(time: float, lang: str) -> str:
    """``Mon 14:30``."""
    day, minutes = divmod(round(time * 1440), 1440)
    return f"{('周一 周二 周三' if lang == 'zh' else 'Mon Tue Wed').split()[day]} {minutes // 60}:{minutes % 60:02d}"


def sheet(lang: str, solved: bool) -> str:
    """The exercise as a page, empty or with the solution."""
    answers = {name: answer(name) for name in WORLDS} if solved else {}
    rows = {
        name: {who: [_at(a, who, h) for h in HALF_HOURS] for who in ("worker", "field0", "field1")}
        for name, a in answers.items()
    }
    page = Environment(loader=FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return page.get_template("ten-cases.jinja.html").render(
        zh=lang == "zh",
        lang=lang,
        solved=solved,
        cases=CASES,
        answers=answers,
        rows=rows,
        clock=lambda t: clock(t, lang),
        evenings=(MONDAY, TUESDAY),
        median=np.median,
    )


def _at(a: Answer, who: str, half_hour: int) -> int | None:
    """The case in somebody's hands in the middle of a half-hour."""
    now = (half_hour + 0.5) / 48
    return next((case for name, case, first, last in a.bars if name == who and first <= now < last), None)


def main(folder: Path) -> list[Path]:
    """Write the four pages; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for lang, end in (("en", ""), ("zh", "-zh")):
        for solved, name in ((False, "ten-cases"), (True, "ten-cases-solution")):
            path = folder / f"{name}{end}.html"
            path.write_text(sheet(lang, solved), encoding="utf-8")
            written.append(path)
    return written


if __name__ == "__main__":
    for path in main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE):
        print(path)
