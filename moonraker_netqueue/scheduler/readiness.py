"""When a printer is ready for its next print: beds are cleared while somebody is there."""

from __future__ import annotations

from .feasibility import PLANNED_STATES
from .hours import operator_wait
from .problem import CLEARING, Printer, Problem


def works(printer: Printer) -> bool:
    """Whether it will take work without a person who repairs or resumes it."""
    stopped = printer.quarantined or printer.switched_off
    return printer.state in PLANNED_STATES and not stopped


def first_ready(problem: Problem, printer: Printer) -> int:
    """The Unix minute at which it is done with what it prints now, and cleared."""
    now = problem.now // 60
    if printer.busy_minutes:
        return ready_after(problem, printer, now + printer.busy_minutes)
    if printer.bed_clear:
        return now
    return now + operator_wait(problem.operator, now) + CLEARING


def ready_after(problem: Problem, printer: Printer, end: int) -> int:
    """The Unix minute at which it is cleared after a print that ends at `end`."""
    if printer.self_clearing:
        return end
    return end + operator_wait(problem.operator, end) + CLEARING
