"""What finished prints teach about the next ones."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.model.command import (
    Decision,
    PrintDecide,
    PrintEnded,
    PrintReserve,
    PrintStarted,
)
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.printer.durations import Durations, learn, median
from tests.printer.test_board import NOW, PART, READY, A, B, Talk
from tests.printer.workshop import file_ref

HOUR = 3600
OTHER = file_ref("other.gcode")
MK3 = replace(READY, model="mk3")


class History(Talk):
    """Prints that are over; `a` is an mk3, `b` a mini."""

    def __init__(self) -> None:
        super().__init__()
        self.printers(a=MK3, b=replace(READY, model="mini"))

    def printed(
        self,
        job_id: str,
        seconds: float,
        host: str = A,
        file: FileRef = PART,
        outcome: PrintState = PrintState.DONE,
    ) -> None:
        self._count += 1
        print_id = f"print-{self._count:04}"
        self.say(host, PrintReserve(print_id, job_id, 0, file.sha256))
        self.say(host, PrintStarted(print_id), NOW)
        end = PrintEnded(print_id, outcome, job_id, 0, file.sha256)
        self.say(host, end, NOW + seconds)

    def learned(self) -> Durations:
        return learn([self.state])


def _minutes(talk: History, name: str) -> dict[str, int]:
    (job,) = [job for job in talk.problem().jobs if job.name == name]
    return dict(job.durations)


def test_slow_printers_are_known_after_a_few_prints() -> None:
    """Of their model only; the estimate of any file is put right."""
    talk = History()
    job_id = talk.job("part", 9, estimate_s=HOUR)
    talk.job("other", 1, files=(OTHER,), estimate_s=2 * HOUR)
    talk.printed(job_id, 1.5 * HOUR)
    assert talk.learned().ratios == {}
    assert _minutes(talk, "other") == {"": 120}
    talk.printed(job_id, 1.5 * HOUR)
    assert talk.learned().ratios == {"mk3": 1250}
    talk.printed(job_id, 1.5 * HOUR)
    assert talk.learned().ratios == {"mk3": 1500}
    assert _minutes(talk, "other") == {"mk3": 180, "": 120}
    assert _minutes(talk, "part") == {"mk3": 90, "": 60}


def test_one_print_over_night_teaches_nothing() -> None:
    """Somebody paused it, or its end was found in the morning."""
    talk = History()
    job_id = talk.job("part", 9, estimate_s=HOUR)
    for seconds in (HOUR, 20 * HOUR, HOUR, HOUR):
        talk.printed(job_id, seconds)
    assert talk.learned().ratios == {}


def test_what_failed_or_nobody_saw_does_not_count() -> None:
    """Only a good print that its printer ended took as long as it takes."""
    talk = History()
    job_id = talk.job("part", 9, estimate_s=HOUR)
    for outcome in (PrintState.FAILED, PrintState.LOST) * 2:
        talk.printed(job_id, HOUR / 60, outcome=outcome)
        for lost in talk.state.lost_prints():
            talk.say(A, PrintDecide(lost.print_id, Decision.MARK_DONE, "eva"), NOW)
    assert [p.state for p in talk.state.finished].count(PrintState.DONE) == 2
    assert talk.learned() == Durations({}, {})


def test_a_file_that_was_printed_needs_no_estimate() -> None:
    """Its own time counts, once it was printed three times even against the slicer."""
    talk = History()
    unknown = talk.job("other", 9, files=(OTHER,))
    assert _minutes(talk, "other") == {"": 60}
    talk.printed(unknown, 600, file=OTHER)
    assert _minutes(talk, "other") == {"mk3": 10, "": 60}
    wrong = talk.job("part", 9, estimate_s=HOUR)
    for seconds in (700, 100, 720):
        talk.printed(wrong, seconds, B)
    assert _minutes(talk, "part")["mini"] == 12


def test_a_ratio_has_bounds() -> None:
    """A slicer profile without acceleration says a tenth."""
    talk = History()
    job_id = talk.job("part", 9, estimate_s=60)
    talk.job("other", 1, files=(OTHER,), estimate_s=600)
    for _ in range(4):
        talk.printed(job_id, HOUR)
    assert talk.learned().ratios == {"mk3": 3000}
    assert _minutes(talk, "other") == {"mk3": 30, "": 10}


def test_printers_without_a_model_are_one_of_their_own() -> None:
    """What they teach is theirs, and goes to no other."""
    talk = History()
    talk.printers(c=READY)
    job_id = talk.job("part", 9, estimate_s=HOUR)
    talk.job("other", 1, files=(OTHER,), estimate_s=HOUR)
    host = next(p.host for p in talk.state.printers.values() if p.profile.name == "c")
    for _ in range(3):
        talk.printed(job_id, 2 * HOUR, host)
    assert _minutes(talk, "other") == {"mk3": 60, "mini": 60, "": 120}


def test_a_print_that_runs_takes_as_long_as_others_did() -> None:
    """The plan counts with it for printers that are busy."""
    talk = History()
    job_id = talk.job("part", 9, estimate_s=HOUR)
    for _ in range(3):
        talk.printed(job_id, 2 * HOUR)
    talk.say(A, PrintReserve("print-9999", job_id, 0, PART.sha256))
    busy = {p.name: p.busy_minutes for p in talk.problem().printers}
    assert busy == {"a": 120, "b": 0}


@given(st.lists(st.integers(0, 9), min_size=1))
def test_the_middle_has_as_many_above_as_below(numbers: list[int]) -> None:
    """Whatever their order; odd ones far out do not move it."""
    middle = median(numbers)
    assert sum(n < middle for n in numbers) <= len(numbers) / 2
    assert sum(n > middle for n in numbers) <= len(numbers) / 2
    assert median([*numbers, 10**9, -(10**9)]) == middle
