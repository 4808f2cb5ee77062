"""The endpoint `recover`: going on without hosts that are missing, shown first (R7)."""

from __future__ import annotations

from typing import Any

from ..replica.errors import RecoverRefused
from ..replica.recovery import Outlook
from .arguments import Arguments
from .asking import origin
from .host import Host
from .queue import ServedQueue
from .undecided import choices
from .views import print_view

_SHOWN_MAX = 200  # jobs whose copies may be made twice, by name


class RecoverEndpoints:
    """What `recover` does."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def show(self, arguments: Arguments) -> dict[str, Any]:
        """Who is missing, and what going on without them risks; changes nothing."""
        queue = self._host.queue(arguments)
        arguments.finish()
        try:
            outlook = queue.replica.outlook()
        except RecoverRefused as error:
            return {"queue": queue.name, "needed": False, "reason": str(error)}
        return {
            "queue": queue.name,
            "needed": True,
            "reason": "",
            "group": outlook.group,
            "generation": outlook.generation,
            "following": _hosts(queue, outlook.following),
            "missing": _hosts(queue, outlook.missing),
            "majority_missing": outlook.majority_missing,
            "unseen": _unseen(outlook),
            "twice": _twice(queue),
            "twice_if": _twice_if(queue, outlook),
            "held": self._held(queue),
        }

    async def act(self, arguments: Arguments) -> dict[str, Any]:
        """Go on without them: a new generation that ends no reservation."""
        queue = self._host.queue(arguments)
        group = arguments.text("group")
        by = arguments.who()
        arguments.finish()
        recovered = await queue.replica.recover(by, group, origin())
        return {
            "queue": queue.name,
            "group": recovered.group,
            "generation": queue.replica.status().generation,
            "overruled": list(recovered.overruled),
            "held": self._held(queue),
        }

    def _held(self, queue: ServedQueue) -> list[dict[str, Any]]:
        """Prints of printers that are out of reach: a person may decide each."""
        state = queue.state
        prints = sorted(state.prints.values(), key=lambda p: (p.host, p.print_id))
        return [
            print_view(state, print_) | {"choices": choices(print_)}
            for print_ in prints
            if not self._host.reaches(queue, print_.host)
        ]


def _hosts(queue: ServedQueue, hosts: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"host_id": host, "name": queue.host_name(host)} for host in hosts]


def _unseen(outlook: Outlook) -> str:
    """Which accepted commands may be missing in what the reachable hosts know."""
    if not outlook.majority_missing:
        return ""
    return (
        "the missing hosts may be a majority: what they accepted since they were last"
        " connected is not here, and comes when they return"
    )


def _twice_if(queue: ServedQueue, outlook: Outlook) -> str:
    """When each copy that waits may be made on both sides."""
    missing = ", ".join(map(queue.host_name, outlook.missing))
    if outlook.majority_missing:
        how = f"if {missing} are on and see each other, they go on, too"
    else:
        how = (
            f"if {missing} is on, only cut off from here, and somebody lets the queue"
            " go on there, too"
        )
    return f"{how}: then each copy that waits may be made on both sides"


def _twice(queue: ServedQueue) -> list[dict[str, Any]]:
    """Copies that nobody has reserved yet, so that both sides may make them."""
    state = queue.state
    rows = []
    for job in state.ordered_jobs()[:_SHOWN_MAX]:
        copies = sum(state.waiting(job, index) for index in range(len(job.items)))
        if copies:
            row = {"job_id": job.job_id, "job": job.wishes.name, "copies": copies}
            rows.append(row)
    return rows
