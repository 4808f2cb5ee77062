"""The JSON shapes of jobs, prints and printers, as dashboards read them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ..model.codec import to_plain
from ..model.content import FileRef
from ..model.job import Item, Job
from ..model.print import Print, PrintState
from ..model.printer import Printer
from ..model.queue_state import QueueState
from ..printer.explanation import IdleWhy
from ..printer.outlook import Held, Outlook
from ..scheduler.phrases import plain

_MAKING = (PrintState.FETCHING, PrintState.PRINTING)


def host_name(state: QueueState, host: str) -> str:
    """A host as a person knows it: by its printer's name, if it has one."""
    printer = state.printers.get(host)
    return host[:8] if printer is None else printer.profile.name


def gone_hosts(
    state: QueueState, forgotten: Iterable[str], voters: Collection[str]
) -> frozenset[str]:
    """Of the hosts that were forgotten, those with neither a seat nor a live print."""
    return frozenset(
        host
        for host in forgotten
        if host not in voters and not state.prints_of_host(host)
    )


def job_name(state: QueueState, job_id: str) -> str:
    """A job as a person knows it; nothing if it is gone."""
    job = state.jobs.get(job_id)
    return "" if job is None else job.wishes.name


def start_views(
    queue: str, state: QueueState, outlook: Outlook
) -> dict[str, dict[str, Any]]:
    """When and where the next copy of each job of a queue starts, if that is seen."""
    board = outlook.board
    found: dict[str, dict[str, Any]] = {}
    for one in outlook.forecast.prints:
        key = board.classes[one.job]
        if key.queue == queue and key.job_id not in found:
            host = board.printers[one.printer]
            found[key.job_id] = {
                "printer_id": host,
                "printer": host_name(state, host),
                "at": 60 * one.start,
            }
    return found


def held_view(state: QueueState, held: Held) -> dict[str, Any]:
    """What holds an item of a job on one printer."""
    found = held.obstacle
    return {
        "item": held.item,
        "printer_id": held.host_id,
        "printer": host_name(state, held.host_id),
        "code": found.code,
        "also": list(found.also),
        "use": found.use.name.lower(),
        "text": found.text,
        "remedy": found.remedy,
        "phrases": phrases(text=found.text, remedy=found.remedy),
        "at": found.at,
        "price_minutes": None if found.price is None else found.price / 100,
        "values": dict(found.values),
    }


def prints_by_job(state: QueueState) -> dict[str, list[Print]]:
    """Live prints by job id: gathered once where many jobs are viewed."""
    found: dict[str, list[Print]] = {}
    for print_ in state.prints.values():
        found.setdefault(print_.job_id, []).append(print_)
    return found


def job_view(
    state: QueueState, job: Job, prints: Sequence[Print], why: str = ""
) -> dict[str, Any]:
    """A job with progress per item and, where copies wait, why. `prints` are its own
    live ones."""
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
        "spread": requires.spread,
        "requires": {"tags": list(requires.tags), "models": list(requires.models)},
        "state": _job_state(job, prints),
        "completed": job.completed,
        "items": [
            _item_view(state, item, [p for p in prints if p.item == index])
            for index, item in enumerate(job.items)
        ],
        "why": why,
        "phrases": phrases(why=why),
    }


def print_view(state: QueueState, print_: Print) -> dict[str, Any]:
    """A print, with the names a person knows its job, file and printer by."""
    view: dict[str, Any] = to_plain(print_)
    for detail in ("sequence", "ending", "told"):
        del view[detail]
    if print_.decided is not None and print_.ended is None:
        view["ended"] = print_.decided
    job = state.jobs.get(print_.job_id)
    printer = state.printers.get(print_.host)
    view["printer_id"] = view.pop("host")
    view["printer"] = printer.profile.name if printer else ""
    view["job"] = job.wishes.name if job else ""
    view["file"] = _file_name(job, print_)
    return view


def printer_view(
    state: QueueState, printer: Printer, connected: bool, why: IdleWhy | None = None
) -> dict[str, Any]:
    """A printer's entry; one that is out of reach reads as offline.

    `why` has it no work, if it has none.
    """
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
    view["why"] = "" if why is None else why.text
    view["idle"] = None if why is None else idle_view(why)
    return view


def phrases(**texts: str) -> dict[str, Any]:
    """Texts of a view, by their names, as codes with values; those that have some."""
    forms = {name: plain(text) for name, text in texts.items()}
    return {name: form for name, form in forms.items() if form is not None}


def idle_view(why: IdleWhy) -> dict[str, Any]:
    """What would give an idle printer work, and which jobs."""
    return {
        "code": why.code,
        "remedy": why.remedy,
        "phrases": phrases(why=why.text, remedy=why.remedy),
        "job_ids": list(why.job_ids),
    }


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


def _item_view(
    state: QueueState, item: Item, prints: Sequence[Print]
) -> dict[str, Any]:
    return {
        "name": item.spec.name,
        "count": item.spec.count,
        "done": item.done,
        "failed": item.failed,
        "extra": item.extra,
        "waiting": max(0, item.spec.count - item.done - len(prints)),
        "reserved": sum(p.state is PrintState.RESERVED for p in prints),
        "printing": sum(p.state in _MAKING for p in prints),
        "lost": sum(p.state is PrintState.LOST for p in prints),
        "files": [_file_view(state, file) for file in item.spec.files],
        "materials": list(item.spec.materials),
        "nozzle": item.spec.nozzle,
        "estimate_s": item.spec.estimate_s,
        "grams": item.spec.grams,
        "bbox": None if item.spec.bbox is None else list(item.spec.bbox),
        "from_file": list(item.spec.from_file),
    }


def _file_view(state: QueueState, file: FileRef) -> dict[str, Any]:
    content = state.contents.get(file.sha256)
    return {
        "key": file.key,
        "sha256": file.sha256,
        "size": file.size,
        "name": file.name,
        "models": list(file.models),
        "estimate_s": file.estimate_s,
        "holders": list(content.holders) if content else [],
    }


def _job_state(job: Job, prints: Sequence[Print]) -> str:
    if job.completed is not None:
        return "done"
    if prints:
        return "printing"
    return "held" if job.wishes.hold else "waiting"


def _file_name(job: Job | None, print_: Print) -> str:
    if job is None or print_.item >= len(job.items):
        return ""
    for file in job.items[print_.item].spec.files:
        if file.sha256 == print_.sha256:
            return file.name
    return ""
