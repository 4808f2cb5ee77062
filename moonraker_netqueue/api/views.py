"""The JSON shapes of jobs, prints and printers, as dashboards read them."""

from __future__ import annotations

from typing import Any

from ..model.codec import to_plain
from ..model.content import FileRef
from ..model.job import Item, Job
from ..model.print import Print, PrintState
from ..model.printer import Printer
from ..model.queue_state import QueueState

_MAKING = (PrintState.FETCHING, PrintState.PRINTING)


def job_view(state: QueueState, job: Job, why: str = "") -> dict[str, Any]:
    """A job with progress per item and, where copies wait, why."""
    wishes, requires = job.wishes, job.requires
    return {
        "job_id": job.job_id,
        "name": wishes.name,
        "rank": job.rank,
        "version": job.version,
        "added": job.added,
        "added_by": job.added_by,
        "note": wishes.note,
        "priority": wishes.priority,
        "due": wishes.due,
        "owner": wishes.owner,
        "hold": wishes.hold,
        "max_attempts": wishes.max_attempts,
        "keep_together": requires.keep_together,
        "requires": {"tags": list(requires.tags), "models": list(requires.models)},
        "state": _job_state(state, job),
        "completed": job.completed,
        "items": [_item_view(state, job, i) for i in range(len(job.items))],
        "why": why,
    }


def print_view(state: QueueState, print_: Print) -> dict[str, Any]:
    """A print, with the names a person knows its job, file and printer by."""
    view: dict[str, Any] = to_plain(print_)
    job = state.jobs.get(print_.job_id)
    printer = state.printers.get(print_.host)
    view["printer_id"] = view.pop("host")
    view["printer"] = printer.profile.name if printer else ""
    view["job"] = job.wishes.name if job else ""
    view["file"] = _file_name(job, print_)
    return view


def printer_view(
    state: QueueState, printer: Printer, connected: bool, why: str = ""
) -> dict[str, Any]:
    """A printer's entry; one that is out of reach reads as offline."""
    view: dict[str, Any] = to_plain(printer.profile)
    view["printer_id"] = printer.host
    view["connected"] = connected
    view["updated"] = printer.updated
    view["failures"] = printer.failures
    view["quarantined"] = printer.quarantined
    if not connected:
        view["state"] = "offline"
        view["reason"] = "its host is out of reach"
    view["prints"] = [print_view(state, p) for p in state.prints_of_host(printer.host)]
    view["why"] = why
    return view


def counts_view(state: QueueState) -> dict[str, Any]:
    """How much of a queue waits, prints and is done."""
    jobs = [job for job in state.jobs.values() if job.completed is None]
    return {
        "paused": state.paused,
        "jobs": len(jobs),
        "waiting": sum(
            state.waiting(job, index) for job in jobs for index in range(len(job.items))
        ),
        "printing": sum(p.state is not PrintState.LOST for p in state.prints.values()),
        "lost": len(state.lost_prints()),
        "done": state.totals.prints_done,
        "failed": state.totals.prints_failed,
    }


def _item_view(state: QueueState, job: Job, index: int) -> dict[str, Any]:
    item: Item = job.items[index]
    prints = [p for p in state.prints_of_job(job.job_id) if p.item == index]
    return {
        "name": item.spec.name,
        "count": item.spec.count,
        "done": item.done,
        "failed": item.failed,
        "extra": item.extra,
        "waiting": state.waiting(job, index),
        "reserved": sum(p.state is PrintState.RESERVED for p in prints),
        "printing": sum(p.state in _MAKING for p in prints),
        "lost": sum(p.state is PrintState.LOST for p in prints),
        "files": [_file_view(state, file) for file in item.spec.files],
        "materials": list(item.spec.materials),
        "nozzle": item.spec.nozzle,
        "estimate_s": item.spec.estimate_s,
    }


def _file_view(state: QueueState, file: FileRef) -> dict[str, Any]:
    view: dict[str, Any] = to_plain(file)
    content = state.contents.get(file.sha256)
    view["holders"] = list(content.holders) if content else []
    return view


def _job_state(state: QueueState, job: Job) -> str:
    if job.completed is not None:
        return "done"
    if any(state.prints_of_job(job.job_id)):
        return "printing"
    return "held" if job.wishes.hold else "waiting"


def _file_name(job: Job | None, print_: Print) -> str:
    if job is None or print_.item >= len(job.items):
        return ""
    for file in job.items[print_.item].spec.files:
        if file.sha256 == print_.sha256:
            return file.name
    return ""
