"""This printer's own entry in its queues: told when it changed, never progress."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..config import PrinterSettings
from ..errors import NetqueueError
from ..model.checks import TEXT_MAX
from ..model.codec import to_plain
from ..model.command import PrinterUpdate
from ..model.printer import PrinterState, Profile
from ..ports import Clock
from .errors import ChangeInvalid
from .printer_port import Observation
from .queues import Queues
from .record import Record

_LOGGER = logging.getLogger(__name__)
_REPEAT = 10.0  # seconds until an entry that a queue does not show is told again
STEADY = 0.2  # seconds that an entry must stay as it is before it is worth telling


class Entry:
    """Keeps the queues' entries of this printer in step with `wanted`."""

    def __init__(self, queues: Queues, clock: Clock) -> None:
        self._queues = queues
        self._clock = clock
        self._told: dict[str, tuple[Profile, float]] = {}
        self._wanted: tuple[Profile, float] | None = None

    @property
    def steady(self) -> bool:
        """Whether the last entry has stayed as it is for long enough."""
        if self._wanted is None:
            return True
        return self._clock.monotonic() - self._wanted[1] >= STEADY

    async def tell(self, wanted: Profile) -> None:
        """Submit the entry to every queue that shows another, once it is steady."""
        if self._wanted is None or self._wanted[0] != wanted:
            self._wanted = (wanted, self._clock.monotonic())
        if not self.steady:
            return
        for queue in self._queues.names:
            shown = self._queues.state(queue).printers.get(self._queues.host_id)
            in_step = shown is not None and shown.profile == wanted
            if in_step and self._queues.synced(queue):
                continue  # else it is told again, to hear from a leader (R9)
            told, at = self._told.get(queue, (None, 0.0))
            now = self._clock.monotonic()
            if told == wanted and now - at < _REPEAT:
                continue
            if not self._queues.ready(queue):
                continue  # told once there is a leader: only the latest entry counts
            self._told[queue] = (wanted, now)
            await self._submit(queue, PrinterUpdate(wanted))

    async def forgive(self, wanted: Profile) -> None:
        """End this printer's quarantine: a person has looked after it."""
        for queue in self._queues.names:
            shown = self._queues.state(queue).printers.get(self._queues.host_id)
            if shown is not None and shown.quarantined:
                await self._submit(queue, PrinterUpdate(wanted, forgive=True))

    async def _submit(self, queue: str, body: PrinterUpdate) -> None:
        try:
            answer = await self._queues.submit(queue, body)
        except NetqueueError as error:
            _LOGGER.warning("queue %s does not take our entry: %s", queue, error)
            return
        if not answer.accepted and not answer.pending:
            _LOGGER.warning("queue %s refused our entry: %s", queue, answer.reason)


def profile(
    name: str,
    settings: PrinterSettings,
    record: Record,
    state: PrinterState,
    reason: str,
    idle_at: float | None,
) -> Profile:
    """The entry: what is configured, what a person changed, and the state."""
    changes = record.changes
    return Profile(
        name=name,
        state=state,
        reason=reason[:TEXT_MAX],
        accept=record.accept,
        idle_at=idle_at,
        model=settings.model,
        nozzle=settings.nozzle,
        materials=_chosen(changes.materials, settings.materials),
        materials_ready=_chosen(changes.materials_ready, settings.materials_ready),
        volume=settings.volume,
        tags=_chosen(changes.tags, settings.tags),
        clear_bed=settings.clear_bed,
        manual_effort_cost=(
            settings.manual_effort_cost
            if changes.manual_effort_cost is None
            else changes.manual_effort_cost
        ),
        bed=record.bed.evidence,
        hours=changes.hours or (),
        grams_left=changes.grams_left,
        spool_grams=changes.spool_grams,
    )


def with_changes(
    record: Record, changes: Mapping[str, Any], loaded: tuple[str, ...]
) -> Record:
    """The record after a person's changes; raises ChangeInvalid for unknown ones.

    Who says that other material is `loaded` says that another spool is, too.
    """
    fields = dict(changes)
    accept = bool(fields.pop("accept", record.accept))
    wrong = sorted(set(fields) - set(vars(record.changes)))
    if wrong:
        raise ChangeInvalid(f"a printer's entry has no {wrong[0]!r} to change")
    merged = replace(record.changes, **fields)
    if fields.get("materials_ready", loaded) != loaded and "grams_left" not in fields:
        merged = replace(merged, grams_left=merged.spool_grams)
    return replace(record, accept=accept, changes=merged)


def view(
    host_id: str, entry: Profile, seen: Observation, record: Record
) -> dict[str, Any]:
    """The printer for people: its entry, and what its own host alone knows."""
    view: dict[str, Any] = to_plain(entry)
    view["printer_id"] = host_id
    view["klippy"] = seen.klippy.value
    view["bed_state"] = record.bed.state.value
    view["bed_reason"] = record.bed.reason
    view["print"] = None
    running = record.running
    if running is not None:
        view["print"] = {
            "print_id": running.print_id,
            "queue": running.queue,
            "job_id": running.job_id,
            "filename": running.filename,
            "progress": round(seen.progress, 3),
        }
    return view


def _chosen(
    changed: tuple[str, ...] | None, configured: tuple[str, ...]
) -> tuple[str, ...]:
    return configured if changed is None else changed


def departed(entry: Profile) -> Profile:
    """The entry that a printer leaves behind in a queue that it serves no more."""
    reason = "its host does not serve this queue any more"
    return replace(entry, state=PrinterState.OFFLINE, reason=reason, accept=False)
