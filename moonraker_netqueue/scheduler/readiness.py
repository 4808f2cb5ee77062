"""When a printer is ready for its next print."""

from __future__ import annotations

from .feasibility import PLANNED_STATES
from .problem import CLEARING, Printer, Problem


def works(printer: Printer) -> bool:
    """Whether it will take work without a person who repairs or resumes it."""
    stopped = printer.quarantined or printer.switched_off
    return printer.state in PLANNED_STATES and not stopped


def ready_at(problem: Problem, printer: Printer) -> int:
    """The Unix minute at which it is done with what it prints now, and cleared."""
    end = problem.now // 60 + printer.busy_minutes
    if printer.busy_minutes and printer.self_clearing:
        return end
    if not printer.busy_minutes and printer.bed_clear:
        return end
    return end + problem.help_wait(printer, end) + CLEARING
