"""What all rules of the second mind share: the state of a run, and the rules that stand in another file."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from gridsim.scenario.scenario import Scenario
from gridsim.verification.reference.clock import Agenda, Clock
from gridsim.verification.reference.draws import Luck
from gridsim.verification.reference.terms import Terms
from gridsim.verification.reference.town import Town

if TYPE_CHECKING:
    from gridsim.verification.reference.departments import Task
    from gridsim.verification.reference.incidents import Case
    from gridsim.verification.reference.latent import Latent


class Base:
    """State of a run; every stock is kept by the rule that changes it."""

    def __init__(self, scenario: Scenario, town: Town, seed: int, replicate: int) -> None:
        self.town, self.luck, self.agenda = town, Luck(seed, replicate), Agenda()
        self.cases: list[Case] = []
        self.latent: list[Latent] = []
        self.tasks: list[Task | None] = []
        self.free_rows: list[int] = []
        self.arisen = self.lapsed = self.open = self.stalled = self.resolved = self.formal = self.self_resolved = 0
        self.society: dict[str, float] = {}
        self.staff: dict[str, float] = {}
        self.today: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()  # how often what the days do not record has happened
        self.days: list[dict[str, float]] = []
        self.start = self.day = -int(scenario.time.warmup_days)
        self.open_since = float(self.start)
        self.heed(scenario)

    def heed(self, scenario: Scenario) -> None:
        """From now on the numbers of this scenario hold."""
        self.s: Any = scenario
        self.terms = Terms(scenario)
        self.clock = Clock(self.terms.office, self.terms.opens, self.terms.closes)

    if TYPE_CHECKING:  # what one noun passes on to another; a Mind has all of them

        def become_latent(self, case: Case, since: float) -> None:
            """R3–R6. See ``Detection``."""

        def hand_over(self, case: Case, now: float) -> bool:
            """R10. See ``Experts``."""
            return False

        def go_to_departments(self, case: Case, now: float) -> None:
            """R11. See ``Platform``."""

        def part_done(self, case: Case, now: float) -> None:
            """R12. See ``Platform``."""

    @staticmethod
    def day_of(now: float) -> int:
        """The day of a moment."""
        return math.floor(now)

    def count(self, what: str, amount: float = 1) -> None:
        """Add to a flow of the day."""
        self.today[what] += amount  # type: ignore[assignment]

    def count_open(self, now: float, change: int) -> None:
        """Open cases, and their integral over time."""
        self.count("case_days", self.open * (now - self.open_since))
        self.open_since = now
        self.open += change

    def duration(self, stream: int, case: Case, attempt: int) -> float:
        """Keyed duration of a case."""
        return self.luck.sample(self.terms.laws[stream], stream, case.place, case.ordinal, attempt)
