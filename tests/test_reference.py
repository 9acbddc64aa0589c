"""The second mind agrees with the engine, and would not if a single rule, tie or key were another."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from conftest import deterministic, single_queue

from gridsim.model.world import World
from gridsim.verification.check import Size, findings
from gridsim.verification.cities import small_city
from gridsim.verification.reference import Mind, disagreements, draws
from gridsim.verification.reference.clock import Clock
from gridsim.verification.reference.draws import Luck
from gridsim.verification.reference.residents import BREACHED
from gridsim.verification.reference.town import Queue, single
from gridsim.verification.second_mind import plan

DAYS = 45


@cache
def engine(k: int) -> World:
    """The engine's run of a city of the check, or of the busy one."""
    scenario, phases = city(k)
    return World(scenario).under(phases).advance(DAYS)


@cache
def city(k: int) -> tuple[Any, Any]:
    return (busy(), ()) if k < 0 else plan(k)


def busy() -> Any:
    """Two thousand residents with everything at work, so that every key and every tie comes into play."""
    return small_city(
        arrivals__per_100_residents=200.0,
        staff__full_time=4,
        staff__part_time=0,
        handling__selectivity=0.8,
        experts__per_full_time=1.0,
        experts__substitution_factor=2.0,
        escalation__rate=0.03,
        follow_up__share=0.5,
        intake__wrong_rejection=0.2,
        triage__automatic=0.3,
        video__detection=0.1,
        closure__formal=0.6,
        linkage__rate=0.5,
        linkage__false_whistles=0.4,
        linkage__stalled={"distribution": "exponential", "mean": 9.0},
        departments__extra=1.0,
        dedicated__incident_share=0.4,
        dedicated__boundary_friction=2.0,
        handling__ability=1.0,
        handling__on_the_spot_share=0.5,
        closure__reopen_delay={"distribution": "exponential", "mean": 2.0},
        residents__report_rate=0.05,
        feedback__share=0.5,
        trust__exit=0.8,
        trust__gain=0.5,
        trust__loss=0.5,
        grievance__growth=1.0,
        grievance__disputes=2.0,
        participation__initial=0.4,
        participation__contagion=0.6,
        self_resolution__failure=0.5,
        self_resolution__rate=1.0,
        organisations__coverage=0.5,
        outreach__hours=2.0,
        warning__sensitivity=1.0,
        warning__rate=0.3,
        security__alert=True,
        security__tips=0.5,
        careers__turnover=3.0,
        careers__vacancy_days=30.0,
    )


def found(mind: type[Mind] = Mind, cities: tuple[int, ...] = (-1,)) -> list[str]:
    """Disagreements of the first city that has any."""
    for k in cities:
        scenario, phases = city(k)
        world = engine(k)
        if wrong := disagreements(world, mind(scenario, phases=phases, city=world.city).advance(DAYS)):
            return wrong
    return []


def test_the_check_holds() -> None:
    wrong = [f for f in findings("second-mind", Size()) if not f.holds]
    assert wrong == []


def test_it_agrees_on_a_single_queue_and_on_a_busy_city() -> None:
    scenario = single_queue(4.0, handling__service=deterministic(3.0))
    world = World(scenario, seed=3).advance(30)
    assert len(world.cases) > 50
    assert disagreements(world, Mind(scenario, 3, city=world.city).advance(30)) == []
    assert disagreements(world, Mind(scenario, 4, city=world.city).advance(30)) != []
    assert found() == []


@contextmanager
def other_words(stream: int) -> Iterator[None]:
    """Every draw of a stream reads its four words in another order."""
    right: Callable[..., draws.Uniforms] = Luck.uniforms

    def uniforms(self: Luck, key: int, place: int, ordinal: int, attempt: int) -> draws.Uniforms:
        a, b, c, d = right(self, key, place, ordinal, attempt)
        return (b, c, d, a) if key == stream else (a, b, c, d)

    Luck.uniforms = uniforms  # type: ignore[method-assign]
    try:
        yield
    finally:
        Luck.uniforms = right  # type: ignore[method-assign]


@pytest.mark.parametrize("stream", [*range(1, 19), *range(64, 76)])
def test_another_word_of_any_stream_is_noticed(stream: int) -> None:
    with other_words(stream):
        assert found() != []


class Accuracy(Mind):
    """A silo that lowers the accuracy of referral a little less."""

    def returns(self, case: Any, accuracy: float, course: int) -> float:
        return super().returns(case, accuracy * 1.01, course)


class LastIdle(Mind):
    """Ties between workers go to the higher number."""

    def idle_worker(self, g: Any, now: float, anybody: bool = False) -> Any:
        g.workers.reverse()
        first = super().idle_worker(g, now, anybody)
        g.workers.reverse()
        idle = [self.town.workers[k] for k in g.workers if self.town.workers[k].case is None]
        return next((w for w in reversed(idle) if first is not None and w.fte > 0 and w.bank == first.bank), first)


class RowsInTurn(Mind):
    """A sub-task takes the row that has been free longest."""

    def free_task(self, task: Any) -> None:
        super().free_task(task)
        self.free_rows.insert(0, self.free_rows.pop())


class AttemptsForgotten(Mind):
    """A reopened case begins its attempts anew."""

    def reopen(self, case: Any, now: float) -> None:
        super().reopen(case, now)
        case.attempts = 0


class OldDeadline(Mind):
    """The deadline does not foresee the steps of severity to come."""

    def deadline_of(self, case: Any, now: float) -> float:
        left = self.kind_of(case).deadline
        return float(now + left * self.s.escalation.deadline_factor ** (self.severity(case, now) - 1))


class NotSettled(Mind):
    """Accounts are not settled when hours change."""

    def settle_accounts(self, day: int) -> None:
        pass


class OneExample(Mind):
    """One example is enough, whatever one's threshold: simple contagion."""

    def inclination(self, i: int, p: Any, example: list[bool]) -> float:
        r = self.town.residents[i]
        was, r.threshold = r.threshold, min(r.threshold, 1)
        hazard = super().inclination(i, p, example)
        r.threshold = was
        return hazard


class AlertForAll(Mind):
    """An alert concerns whatever happens in the community."""

    def alarm(self, place: Any, c: Any, now: float) -> float:
        s, community = self.s.security, self.town.communities[place.community]
        return community.alert_factor if s.alert and community.alert_until > now else 1.0


class BreachesForgotten(Mind):
    """A deadline that passes while work goes on is nobody's experience."""

    def experience(self, case: Any, now: float, outcome: int) -> None:
        if outcome != BREACHED:
            super().experience(case, now, outcome)


def without_fading(s: Any, known: dict[int, tuple[Any, Any]] = {}) -> Any:  # noqa: B006 (a memory, on purpose)
    """The same scenario with trust that never fades, made once."""
    if id(s) not in known:
        known[id(s)] = (s, s.replace({"trust.memory_days": 1e6}))
    return known[id(s)][1]


class FadesLast(Mind):
    """Hearsay and publicity come before fading."""

    def hear(self, r: Any, p: Any) -> None:
        stated = self.s
        self.s = without_fading(stated)
        super().hear(r, p)
        self.s = stated
        fades = 1 - math.exp(-28 / stated.trust.memory_days)
        r.trust = [single(x + fades * (b - x)) for x, b in zip(r.trust, self.baseline(), strict=True)]


class NothingLearnt(Mind):
    """New people are as good as the old."""

    def skill(self, w: Any, now: float) -> float:
        return 1.0


class SameSeverity(Mind):
    """A self-resolution that failed leaves the incident as severe as it was."""

    def severity(self, case: Any, now: float) -> int:
        was, case.worsened = case.worsened, 0
        found = super().severity(case, now)
        case.worsened = was
        return found


@pytest.mark.parametrize(
    "wrong",
    [
        *(Accuracy, LastIdle, RowsInTurn, AttemptsForgotten, OldDeadline, NotSettled),
        *(OneExample, AlertForAll, BreachesForgotten, FadesLast, NothingLearnt, SameSeverity),
    ],
)
def test_a_changed_rule_is_noticed(wrong: type[Mind]) -> None:
    assert found(wrong, (-1, 1, 4, 8, 13, 18)) != []


def test_another_discipline_and_another_calendar_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as m:
        m.setattr(Queue, "take", lambda self, sigma: (self.urgent or self.others).pop(0))
        assert found() != []
    with monkeypatch.context() as m:
        m.setattr(Clock, "is_workday", lambda self, day: not self.office or day % 7 < 6)
        assert found() != []
