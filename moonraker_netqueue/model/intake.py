"""Taking in what another group of the queue knows.

Every job, live print and holder names the command that made it, its dot. A state
knows exactly which commands of each author it heard (`outcome.py`). So what the other
group has and this one has not is new if its dot was not heard, and was taken away here
if it was: nothing need be kept of what is gone. Removing beats changing. What both
have is joined (`joins.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, replace

from .content import Content
from .event import Event, Topic
from .founding import latest_foundings
from .gaps import Gap, within
from .identity import CommandId, Said, Stamp
from .job import Job
from .joins import join_jobs, join_printers, join_prints, settled, text_of
from .member import joined
from .outcome import Outcome
from .part import Part, Stretch
from .print import ENDED, Decision, Print, PrintState
from .queue_data import ANCESTORS_MAX, PAUSED, QueueData, latest
from .settings import QueueSettings
from .totals import Totals


def take_in(queue: QueueData, part: Part) -> tuple[Event, ...]:
    """Join a part of another state into this one; returns what changed.

    OVERRULED events name jobs that one group removed while the other changed them.
    """
    intake = _Intake(queue)
    intake.jobs(part.jobs)
    intake.contents(part.contents)
    intake.printers(part)
    intake.prints(part.prints)
    intake.forget(part.stretches)
    intake.memory(part)
    intake.own_parts(part)
    intake.tidy()
    return tuple(intake.events)


def note_ancestors(queue: QueueData, ancestors: Mapping[str, int]) -> None:
    """This group goes on from others; of too many the latest are kept."""
    known = dict(queue.ancestors)
    for group, generation in ancestors.items():
        known[group] = max(generation, known.get(group, 0))
    kept = sorted(known, key=lambda group: (known[group], group))[-ANCESTORS_MAX:]
    queue.ancestors = {group: known[group] for group in kept}


class _Intake:
    """One part on its way into a state."""

    def __init__(self, queue: QueueData) -> None:
        self._queue = queue
        self.events: dict[Event, None] = {}  # in order, each once

    def jobs(self, jobs: Iterable[Job]) -> None:
        queue = self._queue
        for job in jobs:
            mine = queue.jobs.get(job.job_id)
            same = mine is not None and mine.dot == job.dot
            if not same and queue.outcomes.knows(job.dot):
                self._overrule(job, queue.outcomes.knows)
                continue  # it was removed here
            joined = job if mine is None else join_jobs(mine, job)
            self._hear(job.dot, job.job_id)
            if joined != mine:
                queue.jobs[job.job_id] = joined
                self._note(Topic.JOB, job.job_id)

    def contents(self, contents: Iterable[Content]) -> None:
        queue = self._queue
        unneeded = queue.unreferenced({content.sha256 for content in contents})
        for content in contents:
            mine = queue.contents.get(content.sha256)
            said = {} if mine is None else mine.sayings()
            for host, at in content.sayings().items():
                dot = _dot(host, at)
                if host in said:
                    said[host] = max(said[host], at)
                elif not queue.outcomes.knows(dot):
                    said[host] = at
                self._hear(dot)
            named = content if mine is None else max(mine, content, key=_naming)
            joined = named.held(said)
            if joined != mine and (said or mine or content.sha256 not in unneeded):
                queue.contents[content.sha256] = joined
                self._note(Topic.CONTENT, content.sha256)

    def printers(self, part: Part) -> None:
        printers = self._queue.printers
        for printer in part.printers:
            mine = printers.get(printer.host)
            joined = printer if mine is None else join_printers(mine, printer)
            if joined != mine:
                printers[printer.host] = joined
                self._note(Topic.PRINTER, printer.host)

    def prints(self, prints: Iterable[Print]) -> None:
        queue = self._queue
        ended = {print_.print_id: print_ for print_ in queue.finished}
        for print_ in prints:
            print_id = print_.print_id
            mine = queue.prints.get(print_id) or ended.get(print_id)
            known = queue.outcomes.knows(print_.dot)
            if mine is None and print_.state not in ENDED and known:
                continue  # its end is long forgotten here
            joined = print_ if mine is None else join_prints(mine, print_)
            self._hear(print_.dot, print_id)
            if joined == mine:
                continue
            queue.prints.pop(print_id, None)
            held = ended if joined.state in ENDED else queue.prints
            held[print_id] = joined
            self._note(Topic.PRINT, print_id)
            self._note(Topic.JOB, joined.job_id)
        queue.finished = latest(list(ended.values()))

    def forget(self, stretches: tuple[Stretch, ...]) -> None:
        """Take away what the other group had, and has no more.

        All at once: what is here is gone over once, however many stretches there are.
        """
        queue, told = self._queue, _Told(stretches)
        for job in [job for job in queue.jobs.values() if told.is_gone(job.dot)]:
            del queue.jobs[job.job_id]
            self._note(Topic.JOB, job.job_id)
            self._overrule(job, told.heard)
        for print_ in [p for p in queue.prints.values() if told.is_gone(p.dot)]:
            self._drop(print_)
        for content in tuple(queue.contents.values()) if stretches else ():
            gone = [
                host
                for host in content.holders
                if host in told.authors
                and told.is_gone(_dot(host, content.said.get(host, Said())))
            ]
            if gone:
                said = content.sayings()
                left = {host: said[host] for host in said if host not in gone}
                queue.contents[content.sha256] = content.held(left)
                self._note(Topic.CONTENT, content.sha256)
        for stretch in stretches:
            log = queue.outcomes.log(stretch.author, stretch.incarnation)
            log = log.with_known(Gap(stretch.first, stretch.last), stretch.missing)
            queue.outcomes = queue.outcomes.with_log(stretch.author, log)

    def memory(self, part: Part) -> None:
        """What became of commands."""
        queue = self._queue
        for author, lives in part.authors.items():
            for life in lives:
                log = queue.outcomes.log(author, life.incarnation).joined(life)
                queue.outcomes = queue.outcomes.with_log(author, log)
        if part.clients:
            queue.outcomes = queue.outcomes.with_clients(part.clients)

    def own_parts(self, part: Part) -> None:
        """What the queue itself has: counters, how it began, settings by their stamps.

        Each setting is one of QueueSettings' fields, and has a stamp of that name.
        """
        queue = self._queue
        for author, totals in part.counted.items():
            queue.counted[author] = queue.counted.get(author, Totals()).joined(totals)
        queue.foundings = latest_foundings((*queue.foundings, *part.foundings))
        roles = joined(queue.roles, part.roles)
        if roles != queue.roles:
            queue.roles = roles
            self._note(Topic.QUEUE, "roles")
        if part.paused is not None and self._is_later(
            part.stamps, PAUSED, queue.paused, part.paused
        ):
            queue.paused = part.paused
            self._note(Topic.QUEUE, PAUSED)
        if part.settings is None:
            return
        for field in fields(QueueSettings):
            mine = getattr(queue.settings, field.name)
            theirs = getattr(part.settings, field.name)
            if self._is_later(part.stamps, field.name, mine, theirs):
                queue.settings = replace(queue.settings, **{field.name: theirs})
                self._note(Topic.QUEUE, "settings")

    def _is_later(
        self, stamps: Mapping[str, Stamp], name: str, mine: object, theirs: object
    ) -> bool:
        """Whether the other group's value counts; its stamp does then."""
        known, new = self._queue.stamps.get(name, Stamp()), stamps.get(name, Stamp())
        if (new, text_of(theirs)) <= (known, text_of(mine)):
            return False
        if new != Stamp():
            self._queue.stamps[name] = new
        return True

    def tidy(self) -> None:
        """Let go of what has nothing to hold on to any more."""
        queue = self._queue
        ended = {print_.print_id: print_ for print_ in queue.finished}
        for job in [job for job in queue.jobs.values() if _declares(job)]:
            corrected = _corrected(job, ended)
            if corrected != job:
                queue.jobs[job.job_id] = corrected
                self._note(Topic.JOB, job.job_id)
        for print_ in tuple(queue.prints.values()):
            if not _fits(queue, print_):
                self._drop(print_)
        unheld = {c.sha256 for c in queue.contents.values() if not c.holders}
        for sha256 in sorted(queue.unreferenced(unheld)):
            del queue.contents[sha256]
            self._note(Topic.CONTENT, sha256)

    def _drop(self, print_: Print) -> None:
        """Nobody asks for its copy any more; its printer may still tell its end."""
        del self._queue.prints[print_.print_id]
        self._note(Topic.PRINT, print_.print_id)
        self._note(Topic.JOB, print_.job_id)

    def _hear(self, dot: CommandId, ref: str = "") -> None:
        """What a command made is here: it was heard."""
        outcomes = self._queue.outcomes
        if dot.sequence and not outcomes.knows(dot):
            log = outcomes.log(dot.author, dot.incarnation)
            log = log.with_outcome(dot.sequence, Outcome(ref=ref))
            self._queue.outcomes = outcomes.with_log(dot.author, log)

    def _overrule(self, job: Job, knew: Callable[[CommandId], bool]) -> None:
        """Say so where a job is gone that was changed by who did not know it."""
        changes = [_writer(stamp) for stamp in job.stamps.values()]
        if not all(knew(change) for change in changes):
            self._note(Topic.OVERRULED, job.wishes.name)

    def _note(self, topic: Topic, key: str) -> None:
        self.events[Event(topic, key)] = None


def _writer(stamp: Stamp) -> CommandId:
    return CommandId(stamp.author, stamp.incarnation, stamp.sequence)


def _dot(host: str, said: Said) -> CommandId:
    return CommandId(host, said.incarnation, said.sequence)


class _Told:
    """What stretches tell: few of one life, see soundness.py."""

    def __init__(self, stretches: Iterable[Stretch]) -> None:
        self.authors = {stretch.author for stretch in stretches}
        self._lives: dict[tuple[str, int], list[tuple[Stretch, frozenset[int]]]] = {}
        for stretch in stretches:
            life = self._lives.setdefault((stretch.author, stretch.incarnation), [])
            life.append((stretch, frozenset(stretch.alive)))

    def heard(self, dot: CommandId) -> bool:
        """Whether a command is in a stretch, and was heard."""
        return any(True for _ in self._of(dot))

    def is_gone(self, dot: CommandId) -> bool:
        """Whether it was heard, and what it made is there no more."""
        return any(dot.sequence not in alive for alive in self._of(dot))

    def _of(self, dot: CommandId) -> Iterator[frozenset[int]]:
        for stretch, alive in self._lives.get((dot.author, dot.incarnation), ()):
            inside = stretch.first <= dot.sequence <= stretch.last
            if inside and not within(dot.sequence, stretch.missing):
                yield alive


def _naming(content: Content) -> str:
    return text_of(replace(content, holders=(), said={}))


def _declares(job: Job) -> bool:
    return any(True in item.declared.values() for item in job.items)


def _corrected(job: Job, ended: Mapping[str, Print]) -> Job:
    """What a person declared done counts no more if its printer made it, which is
    one copy, or if another person had it printed again."""

    def counts(print_id: str, declared: bool) -> bool:
        print_ = ended.get(print_id)
        if print_ is None or not declared:
            return declared
        retried = print_.decision is Decision.RETRY
        return not (retried or print_.word is PrintState.DONE)

    items = tuple(
        replace(item, declared={p: counts(p, is_) for p, is_ in item.declared.items()})
        for item in job.items
    )
    return settled(replace(job, items=items))


def _fits(queue: QueueData, print_: Print) -> bool:
    """Whether a live print makes what its job asks for."""
    job = queue.jobs.get(print_.job_id)
    if job is None or not 0 <= print_.item < len(job.items):
        return False
    files = job.items[print_.item].spec.files
    return any(file.sha256 == print_.sha256 for file in files)
