"""What the simulated printers really made, and whether that keeps the promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..errors import NetqueueError
from ..model.queue_state import QueueState
from ..printer.printer_port import StatsState
from ..scheduler.feasibility import needs_change
from ..scheduler.problem import JobClass, Printer
from .host import file_name
from .scenario import WantedItem, WantedJob


class PromiseBroken(NetqueueError):
    """The queue did what it never may: a defect of the program, not of the scenario."""


@dataclass
class Copies:
    """What became of the copies of one item."""

    job: WantedJob
    item: WantedItem
    running: int = 0
    made: int = 0
    spoiled: int = 0
    counted: int = 0  # done, as the queue has said
    given_up: int = 0  # prints that a person gave up, not knowing how they ended
    starts: int = 0

    @property
    def done(self) -> bool:
        """Whether the queue knows that all are made."""
        return self.counted >= self.item.count

    @property
    def name(self) -> str:
        """As people know it."""
        only = len(self.job.items) == 1
        return self.job.name if only else f"{self.job.name}: {self.item.name}"


def can_print(loaded: tuple[str, ...], item: WantedItem) -> bool:
    """Whether an item can be printed in what is loaded."""
    wanted = JobClass(item.name, materials=item.materials)
    return not needs_change(Printer("", loaded=loaded), wanted)


class Ledger:
    """Watches the printers themselves, whatever their hosts believe."""

    def __init__(self, jobs: Iterable[WantedJob]) -> None:
        self._copies = {
            (job.queue, file_name(job, item)): Copies(job, item)
            for job in jobs
            for item in job.items
        }
        self.made_by: Counter[str] = Counter()  # printer -> good copies

    def all(self) -> list[Copies]:
        """Of every item, in the order of the scenario."""
        return list(self._copies.values())

    def copies(self, file: str) -> Copies:
        """Of the item that a file in gcodes is printed for."""
        path = PurePosixPath(file)
        return self._copies[path.parts[-2], path.name]

    def begin(
        self, printer: str, file: str, on_bed: str, loaded: tuple[str, ...]
    ) -> Copies:
        """A print begins; raises PromiseBroken."""
        copies = self.copies(file)
        if on_bed:
            raise PromiseBroken(f"{printer} started {file} on top of {on_bed}")
        if not can_print(loaded, copies.item):
            raise PromiseBroken(
                f"{printer} started {copies.name} in {', '.join(loaded) or 'nothing'}"
            )
        copies.starts += 1
        copies.running += 1
        allowed = copies.item.count + copies.given_up
        if copies.made + copies.running > allowed:
            raise PromiseBroken(
                f"{printer} prints {copies.name} once too often:"
                f" {copies.made} are made, {copies.running} are being printed,"
                f" {copies.item.count} are wanted"
            )
        return copies

    def end(self, printer: str, file: str, how: StatsState) -> Copies:
        """It ends."""
        copies = self.copies(file)
        copies.running -= 1
        if how is StatsState.COMPLETE:
            copies.made += 1
            self.made_by[printer] += 1
        else:
            copies.spoiled += 1
        return copies

    def check(self, queue: str, state: QueueState) -> None:
        """Note what a queue counts; raises PromiseBroken if that was not made."""
        for job in state.jobs.values():
            for item in job.items:
                copies = self._copies[queue, item.spec.files[0].name]
                copies.counted = max(copies.counted, item.done)
                if item.done > copies.made:
                    raise PromiseBroken(
                        f"queue {queue} counts {item.done} of {copies.name},"
                        f" {copies.made} were made"
                    )
