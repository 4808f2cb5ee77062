"""The score: each term by itself, in hundredths of a minute."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moonraker_netqueue.scheduler.cost import cost
from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.scheduler.hours import OperatorPeriod
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem

_MONDAY = 4 * 86400
_NOON = _MONDAY + 12 * 3600
_DAYTIME = (OperatorPeriod(days=(0, 1, 2, 3, 4, 5, 6), start=480, duration=600),)
_PROBLEM = Problem(now=_NOON, operator=_DAYTIME)
_PRINTER = Printer("p", self_clearing=True)
_JOB = JobClass("j", added=_NOON)
_PRINTING = 10 * 60  # what remains of the cost: an hour of printing


def _extra(problem: Problem, printer: Printer, job: JobClass) -> int:
    return cost(problem, printer, job) - _PRINTING


def test_hours_of_its_own_count_instead_of_the_queues() -> None:
    """For the wait of the finished print, and for those whose limit is used up."""
    manual = replace(_PRINTER, self_clearing=False)
    late = replace(_PROBLEM, now=_NOON + 6 * 3600)  # 18:00, ends at 19:00
    assert _extra(late, manual, replace(_JOB, added=late.now)) == 1000 + 50 * 13 * 60
    evening = OperatorPeriod(tuple(range(7)), 18 * 60, 180)
    own = replace(manual, operator=(evening,))
    assert _extra(late, own, replace(_JOB, added=late.now)) == 1000
    spent = replace(evening, max_manual_events=1, events_used=1)
    tomorrow = 50 * 23 * 60
    busy = replace(manual, operator=(spent,))
    assert _extra(late, busy, replace(_JOB, added=late.now)) == 1000 + tomorrow


def test_a_spread_job_prefers_printers_that_made_none() -> None:
    """Once, however many they made; other jobs do not care."""
    spread = replace(_JOB, spread=True, made_on=("p",))
    assert _extra(_PROBLEM, _PRINTER, spread) == 3000
    assert _extra(_PROBLEM, replace(_PRINTER, name="q"), spread) == 0
    assert _extra(_PROBLEM, _PRINTER, replace(spread, spread=False)) == 0


def test_an_hour_of_printing_is_all_that_a_plain_pair_costs() -> None:
    """Everything left out costs nothing."""
    assert _extra(_PROBLEM, _PRINTER, _JOB) == 0


@pytest.mark.parametrize(
    ("printer", "extra"),
    [
        (replace(_PRINTER, state="printing", busy_minutes=7), 700),
        (replace(_PRINTER, self_clearing=False), 1000),
    ],
)
def test_terms_of_the_printer(printer: Printer, extra: int) -> None:
    """Minutes until idle; the bed clearing it will cause."""
    assert _extra(_PROBLEM, printer, _JOB) == extra


@pytest.mark.parametrize(
    ("job", "extra"),
    [
        (replace(_JOB, materials=("PLA",)), 100 * (15 + 30)),
        (replace(_JOB, durations=(("", 60), ("mk3", 50))), 1000),
        (replace(_JOB, priority=2), -12000),
        (replace(_JOB, added=_NOON - 3600), -300),
        (replace(_JOB, added=_NOON - 4320 * 60), -5 * 4320),
        (replace(_JOB, added=_NOON - 4321 * 60), -5 * 4321 - 100_000 - 100),
        (replace(_JOB, added=_NOON + 3600), 0),
        (replace(_JOB, due=_NOON + 3600), 0),
        (replace(_JOB, due=_NOON + 3600 - 61), 10),
        (replace(_JOB, due=0), 10 * 1440),
        (replace(_JOB, owner="anna"), -6000),
        (replace(_JOB, owner="bert"), 2000),
    ],
)
def test_terms_of_the_job(job: JobClass, extra: int) -> None:
    """Change, slower model, priority, age, starvation, clock ahead, due, owner."""
    problem = replace(_PROBLEM, owner_credit=(("anna", 6000), ("bert", -2000)))
    assert _extra(problem, _PRINTER, job) == extra


def test_a_print_that_ends_in_the_night_blocks_its_printer() -> None:
    """Half of the minutes until somebody clears the bed, unless a macro does it."""
    evening = replace(_PROBLEM, now=_MONDAY + 17 * 3600)
    job = replace(_JOB, added=evening.now)
    manual = replace(_PRINTER, self_clearing=False)
    assert _extra(evening, manual, job) == 1000 + 50 * 14 * 60
    assert _extra(evening, _PRINTER, job) == 0


def test_a_change_delays_the_finish() -> None:
    """Fifteen minutes of change bring the due time nearer by as much."""
    job = replace(_JOB, materials=("PLA",), due=_NOON + 3600)
    assert _extra(_PROBLEM, _PRINTER, job) == 4500 + 10 * 15


def test_copies_kept_together_count_with_their_whole_duration() -> None:
    """Ten copies of an hour are ten hours on the one printer."""
    job = replace(_JOB, copies=10, keep_together=True)
    assert cost(_PROBLEM, _PRINTER, job) == 10 * _PRINTING
    assert job.units == 1
    assert replace(job, keep_together=False).units == 10


def test_a_pair_without_a_file_has_no_cost() -> None:
    """The mask comes first."""
    with pytest.raises(ProblemError, match="no file for model"):
        cost(_PROBLEM, _PRINTER, replace(_JOB, durations=(("mk3", 5),)))
