"""What was asked for, what the printers really made of it, and who took which risk.

Kept beside the printers, whatever their hosts believe.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..model.command import Decision
from ..model.job import Job
from ..model.print import UNSTARTED
from ..model.queue_state import QueueState


class Fate(enum.Enum):
    """What became of an attempt."""

    RUNNING = "running"
    MADE = "made"
    SPOILED = "spoiled"


@dataclass
class Attempt:
    """A print that really began."""

    host: str
    job: str
    fate: Fate = Fate.RUNNING


@dataclass
class Asked:
    """A job of one item. `count`: the highest that anybody ever asked for."""

    name: str
    job_id: str
    count: int
    accepted: bool = False
    removed: bool = False  # or perhaps
    made: int = 0
    running: int = 0
    spoiled: int = 0
    risked: int = 0  # copies that a person's decision may have made twice
    declared: int = 0  # copies that a person called good, and that were not
    forgone: int = 0  # good copies that a person had made again

    @property
    def open(self) -> int:
        """Copies that are not made."""
        return max(0, self.count - self.made)


class Account:
    """All jobs by name, and all attempts by the id of their print."""

    def __init__(self, broken: Callable[[str], object]) -> None:
        """`broken(text)` is called with each promise that is not kept."""
        self.jobs: dict[str, Asked] = {}
        self.attempts: dict[str, Attempt] = {}
        self._broken = broken
        self._current: dict[str, Attempt] = {}  # by host

    def begin(self, host: str, print_id: str, name: str, on_bed: str) -> None:
        """A print of a job begins."""
        job = self.jobs[name]
        if on_bed:
            self._broken(f"{host} starts {name} on top of {on_bed}")
        if print_id in self.attempts:
            self._broken(f"{host} starts print {print_id[:8]} of {name} again")
        attempt = self.attempts[print_id] = Attempt(host, name)
        self._current[host] = attempt
        job.running += 1
        if job.made + job.running > job.count + job.risked:
            self._broken(
                f"{host} prints {name} once too often: {job.made} made,"
                f" {job.running} being printed, {job.count} wanted,"
                f" {job.risked} risked by people"
            )

    def end(self, host: str, good: bool) -> Attempt:
        """What a printer printed ends."""
        attempt = self._current.pop(host)
        attempt.fate = Fate.MADE if good else Fate.SPOILED
        job = self.jobs[attempt.job]
        job.running -= 1
        if good:
            job.made += 1
        else:
            job.spoiled += 1
        return attempt

    # What people decide.

    def truth(self, print_id: str) -> Fate | None:
        """How a print went; None: it never began."""
        attempt = self.attempts.get(print_id)
        return None if attempt is None else attempt.fate

    def decide(
        self, name: str, print_id: str, decision: Decision, over: bool
    ) -> Callable[[], None]:
        """A person decides about a print; returns what takes that back.

        `over`: its printer will not start it any more.
        """
        job, fate = self.jobs[name], self.truth(print_id)
        harmless = fate is Fate.SPOILED or (fate is None and over)
        risked = int(decision is Decision.RETRY and not harmless)
        forgone = int(decision is Decision.RETRY and fate is not Fate.SPOILED)
        declared = int(decision is Decision.MARK_DONE and fate is not Fate.MADE)
        job.risked += risked
        job.forgone += forgone
        job.declared += declared

        def take_back() -> None:
            job.risked -= risked
            job.forgone -= forgone
            job.declared -= declared

        return take_back

    def open_copies(self) -> dict[str, int]:
        """Of every job."""
        return {name: job.open for name, job in self.jobs.items()}

    def risk(self, copies: dict[str, int]) -> None:
        """A person let two sides go on: these copies may be made by both."""
        for name, count in copies.items():
            self.jobs[name].risked += count

    # What a queue says of them.

    def check(self, state: QueueState) -> None:
        """Its counts add up, and it counts nothing that was not made."""
        for job in self.jobs.values():
            entry = state.jobs.get(job.job_id)
            if entry is None:
                continue
            done = entry.items[0].done
            # A merge counts a copy some parts before it ends the copy's print.
            # It brings reservations that both sides gave, or none did, too: those that
            # are beyond the count are refused at their start.
            merged = bool(state.ancestors)
            live = sum(
                self.truth(p.print_id) is not Fate.MADE
                for p in state.prints_of_job(job.job_id)
                if not (merged and p.state in UNSTARTED)
            )
            if done > job.made + job.declared:
                self._broken(
                    f"{job.name}: {done} count as done, {job.made} were made"
                    f" and {job.declared} more called good"
                )
            if done + live > job.count + job.risked + job.declared + job.forgone:
                self._broken(
                    f"{job.name}: {done} done and {live} reserved of {job.count}"
                )

    def wanted(self, state: QueueState) -> Iterator[Job]:
        """Jobs of a state that have copies which nobody made or called good."""
        for job in self.jobs.values():
            entry = state.jobs.get(job.job_id)
            wanted = job.open > job.declared and not job.removed
            if wanted and entry is not None and not entry.complete:
                yield entry

    def check_end(self, state: QueueState) -> None:
        """Every job that was accepted is there, and made."""
        for job in self._promised():
            entry = state.jobs.get(job.job_id)
            if entry is None:
                self._broken(f"{job.name} was accepted and is lost")
                continue
            item = entry.items[0]
            if not entry.complete:
                self._broken(f"{job.name}: {item.done} of {item.spec.count} are done")
            if job.made + job.declared < item.spec.count:
                self._broken(
                    f"{job.name}: only {job.made} of {item.spec.count} were made"
                )
            if item.done < job.made - job.forgone:
                self._broken(f"{job.name}: {item.done} count of {job.made} made")

    def _promised(self) -> Iterable[Asked]:
        return (job for job in self.jobs.values() if job.accepted and not job.removed)
