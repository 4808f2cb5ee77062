"""A plan read out for one queue, by the ids that its people and programs know. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..model.job import Job
from ..model.queue_state import QueueState
from ..scheduler.phrases import Phrase
from ..scheduler.planner import Plan
from .board import Board, ClassKey

_PAUSED = "queue_paused"


@dataclass(frozen=True)
class IdleWhy:
    """Why a printer has no work, and what would give it which jobs; see PrinterWhy."""

    code: str
    text: str
    remedy: str = ""
    job_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Of one queue: why its jobs wait, by job id, and printers idle, by host id.

    `assignment` says which item each printer is to take next: host id -> (job id,
    item). `objective` is that of the whole plan, over all queues of this host, in
    hundredths of a minute; `solver` is what computed it.
    """

    jobs: Mapping[str, str]
    idle: Mapping[str, IdleWhy]
    assignment: Mapping[str, tuple[str, int]]
    objective: int
    solver: str

    @property
    def printers(self) -> dict[str, str]:
        """Why printers idle, in one line each."""
        return {host: why.text for host, why in self.idle.items()}


def explanation(
    queue: str,
    state: QueueState,
    board: Board,
    plan: Plan,
    declined: Mapping[ClassKey, str],
) -> Explanation:
    """Of `queue`, whose state it is; `declined`: what is tried again soon, and why."""
    waiting: dict[str, str] = {}
    for name, key in board.classes.items():
        job = state.jobs.get(key.job_id)
        if key.queue == queue and job is not None and key.job_id not in waiting:
            why = _why(state, plan, name, key, job, declined)
            waiting[key.job_id] = Phrase("waiting", what=why)
    taken = {
        board.printers[printer]: board.classes[name]
        for printer, name in plan.assignment.items()
        if name is not None
    }
    return Explanation(
        jobs=waiting,
        idle=_idle(queue, state, board, plan),
        assignment={
            host: (key.job_id, key.item)
            for host, key in taken.items()
            if key.queue == queue
        },
        objective=plan.objective,
        solver=plan.solver.value,
    )


def _idle(
    queue: str, state: QueueState, board: Board, plan: Plan
) -> dict[str, IdleWhy]:
    found: dict[str, IdleWhy] = {}
    for name, why in plan.why_idle.items():
        host = board.printers[name]
        if host not in state.printers:
            continue
        if state.paused:
            found[host] = IdleWhy(
                _PAUSED, Phrase("queue_paused"), Phrase("resume_queue")
            )
            continue
        keys = (board.classes[job] for job in why.jobs)
        jobs = dict.fromkeys(key.job_id for key in keys if key.queue == queue)
        found[host] = IdleWhy(why.code, why.text, why.remedy, tuple(jobs))
    return found


def _why(
    state: QueueState,
    plan: Plan,
    name: str,
    key: ClassKey,
    job: Job,
    declined: Mapping[ClassKey, str],
) -> str:
    if job.quarantined(key.item) and not (job.wishes.hold or state.paused):
        failed = job.items[key.item].failed
        return Phrase("failed_times", n=failed)
    waiting = plan.why_waiting.get(name)
    if waiting is None and key in declined:
        return Phrase("again_soon", reason=declined[key])
    if waiting is None:
        takers = [p for p, job_class in plan.assignment.items() if job_class == name]
        return Phrase("about_to_take", printers=", ".join(takers))
    return waiting.why
