"""Departments (R12): teams, a queue, sub-tasks."""

from __future__ import annotations

from dataclasses import dataclass

from gridsim.verification.reference import draws
from gridsim.verification.reference.clock import Kind
from gridsim.verification.reference.experts import Experts
from gridsim.verification.reference.incidents import Case
from gridsim.verification.reference.town import Department


@dataclass(eq=False)
class Task:
    """A sub-task; its row number settles ties."""

    id: int
    case: Case
    department: Department
    part: int
    stamp: int
    complexity: float
    rest: float = 0.0


class Departments(Experts):
    """R12, and the rows of sub-tasks (R11)."""

    def new_task(self, case: Case, part: int) -> int:
        """R11, R12. A row: the one freed last, else a new one."""
        if self.free_rows:
            row = self.free_rows.pop()
        else:
            row = len(self.tasks)
            self.tasks.append(None)
        department = self.town.departments[case.departments[max(part, 0)]]
        self.tasks[row] = Task(row, case, department, part, case.version, case.complexity)
        return row

    def free_task(self, task: Task) -> None:
        """R12. Give its row back."""
        self.tasks[task.id] = None
        self.free_rows.append(task.id)

    def task(self, row: int) -> Task:
        """The sub-task in a row."""
        found = self.tasks[row]
        assert found is not None, "an event for a row that is free"
        return found

    def is_live(self, task: Task) -> bool:
        """R12. False once its case was closed on paper."""
        return task.part < 0 or task.stamp == task.case.version

    def at_department(self, task: Task, now: float) -> None:
        """R12. A sub-task arrives."""
        if self.is_live(task):
            self.join(task, now)
        else:
            self.free_task(task)

    def join(self, task: Task, now: float) -> None:
        """R12. It joins its department's queue."""
        d = task.department
        d.received += 1
        d.recent[self.clock.slot(self.day_of(now))] += 1
        d.queue.join(task, task.part >= 0 and self.is_urgent(task.case, now))
        self.serve(d, now)

    def answered(self, d: Department) -> float:
        """R11. Chance that a whistle is answered."""
        rate, theta = self.s.linkage.rate, self.s.linkage.fatigue
        if theta == 0:
            return float(rate)
        load = max(1e-9, sum(d.recent) * self.terms.usual_effort / self.terms.team_strength)
        return float(rate * min(1.0, 5 * d.teams / load) ** theta)

    def new_week_day(self, day: int) -> None:
        """R11. Forget the oldest day."""
        if self.clock.is_workday(day):
            for d in self.town.departments:
                d.recent[self.clock.slot(day + 1)] = 0

    def serve(self, d: Department, now: float) -> None:
        """R12. Free teams take the next sub-tasks."""
        while d.busy < d.teams and len(d.queue):
            task: Task = d.queue.take(self.s.handling.selectivity)
            if not self.is_live(task):
                self.free_task(task)
                continue
            case = task.case
            if task.part < 0:
                held = self.duration(draws.FALSE_EFFORT, case, case.reopened)
            else:
                total = self.duration(draws.DEPARTMENT, case, case.reopened * 8 + task.part)
                held = total if self.terms.throughout else total * self.s.departments.active_share
                task.rest = total - held
                if case.linked:
                    held *= 1 + self.s.linkage.coordination
                if self.tells(case):
                    held += self.s.feedback.hours / self.terms.hours_a_day
                    self.seen["a department tells"] += 1
                self.take_up(case, now)
            held /= self.terms.team_strength
            d.busy += 1
            d.team_days += held
            self.count("tasks_started")
            self.count("team_days", held)
            self.agenda.push(self.clock.work_end(now, held), Kind.TEAM_DONE, task.id)

    def team_done(self, task: Task, now: float) -> None:
        """R12. The active effort is over."""
        d = task.department
        d.busy -= 1
        d.done += 1
        if task.part < 0:
            self.free_task(task)
        else:
            task.case.in_hand -= 1
            self.agenda.push(self.clock.work_end(now, task.rest), Kind.TASK_DONE, task.id)
        self.serve(d, now)

    def task_done(self, task: Task, now: float) -> None:
        """R12. Its whole time has passed."""
        live = self.is_live(task)
        self.free_task(task)
        if live:
            self.part_done(task.case, now)

    def recall_teams(self, now: float) -> None:
        """R12. After a policy."""
        for d in self.town.departments:
            self.serve(d, now)
