"""What a host tells about itself and its queues."""

from __future__ import annotations

from typing import Any

from ..model.founding import Founding
from ..version import __version__
from .host import Host
from .queue import ServedQueue
from .views import counts_view


def status_view(host: Host) -> dict[str, Any]:
    """This host, its printer, and each queue: group, role, quorum, counts."""
    return {
        "host_id": host.host_id,
        "name": host.name,
        "version": __version__,
        "printer": host.agent.view(),
        "klipper": host.klipper.view(),
        "notices": [text for texts in host.notices.values() for text in texts],
        "queues": {name: _queue_view(queue) for name, queue in host.queues.items()},
    }


def _queue_view(queue: ServedQueue) -> dict[str, Any]:
    status = queue.replica.status()
    return {
        "title": queue.state.settings.title,
        "phase": status.phase.value,
        "group": status.group,
        "generation": status.generation,
        "role": status.role.value,
        "leader": status.leader,
        "term": status.term,
        "quorum": status.quorum,
        "rules": status.rules,
        "missing": queue.missing(),
        "founding": _founding_view(queue, status.founding),
        "members": [
            {
                "host_id": member.id,
                "name": member.name,
                "voter": member.voter,
                "connected": member.connected,
                "version": member.version,
            }
            for member in status.members
        ],
        "log": {
            "last": status.last_index,
            "committed": status.commit_index,
            "applied": status.applied_index,
            "durable": status.durable_index,
        },
        **counts_view(queue.state),
        "pending": len(status.pending),
        "admission": queue.desk.mode(queue.name).value,
        "requests": len(queue.desk.waiting(queue.name)),
        "notices": list(queue.notices),
        "error": status.error,
        "revision": queue.revision,
    }


def _founding_view(
    queue: ServedQueue, founding: Founding | None
) -> dict[str, Any] | None:
    """Who let the queue go on, when, and without whom."""
    if founding is None:
        return None
    return {
        "generation": founding.generation,
        "by": founding.by,
        "at": founding.at,
        "without": [queue.host_name(host) for host in founding.missing],
    }
