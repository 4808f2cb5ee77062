"""The strategies that are compared: ours, and what ours are held against."""

from __future__ import annotations

from dataclasses import dataclass

from moonraker_netqueue.scheduler.feasibility import needs_change
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem
from moonraker_netqueue.scheduler.scored import Scored
from moonraker_netqueue.scheduler.solvers.solver import Solver, solve
from moonraker_netqueue.scheduler.solvers.tableau import Tableau, tableau
from moonraker_netqueue.scheduler.strategies import known_strategies
from moonraker_netqueue.scheduler.strategies.strategy import Decision, Strategy

BASELINE = "fifo"
LOOKS_AHEAD = "lookahead"
HUMAN = 30  # minutes; what the original formulation adds where a person must come


@dataclass(frozen=True)
class Rival:
    """A strategy, and whether it wants to see the busy printers too."""

    strategy: Strategy
    whole: bool = False


def rivals() -> dict[str, Rival]:
    """By name, in the order of the tables."""
    ours = known_strategies()
    found = {
        "fifo": Rival(ours["fifo"]),
        "spt": Rival(_SPT),
        "original": Rival(_ORIGINAL),
        "greedy": Rival(ours["greedy"]),
        "assignment": Rival(ours["assignment"]),
    }
    if LOOKS_AHEAD in ours:
        found[LOOKS_AHEAD] = Rival(ours[LOOKS_AHEAD], whole=True)
    return found


def original_tableau(scored: Scored) -> Tableau:
    """busy + 30 where a person must come + greatest age - age, with our mask."""
    problem = scored.problem
    oldest = min((job.added for job in problem.jobs), default=0)
    costs = tuple(
        tuple(
            _original_cost(problem, printer, job, oldest) if reason is None else None
            for job, reason in zip(problem.jobs, row, strict=True)
        )
        for printer, row in zip(problem.printers, scored.mask, strict=True)
    )
    units = (job.units for job in problem.jobs)
    return tableau(costs, units, problem.weights.idle)


def _original_cost(
    problem: Problem, printer: Printer, job: JobClass, oldest: int
) -> int:
    human = needs_change(printer, job) or not printer.self_clearing
    # greatest age - age is how much later than the oldest it was added.
    later = (job.added - oldest) // 60
    return 100 * (printer.busy_minutes + HUMAN * human + later)


def _original(scored: Scored, solver: Solver) -> Decision:
    model = original_tableau(scored)
    optimum, used = solve(model, solver)
    return Decision(optimum.vector, model, optimum.prices, used)


def _spt(scored: Scored, _solver: Solver) -> Decision:
    """Printers in order of name take the job that is shortest on them."""
    problem, model = scored.problem, scored.tableau
    room = list(model.capacity)
    vector: list[int] = []
    for printer, row in zip(problem.printers, model.costs, strict=True):
        able = [column for column, _ in row[:-1] if room[column]]
        durations = ((problem.jobs[c].duration(printer.model) or 0, c) for c in able)
        _, column = min(durations, default=(0, model.idle))
        room[column] -= 1
        vector.append(column)
    return Decision(tuple(vector), model, None, Solver.PURE)


_SPT = Strategy("spt", "the shortest print first", _spt)
_ORIGINAL = Strategy("original", "the original formulation with our mask", _original)
