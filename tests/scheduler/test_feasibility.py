"""The mask: every reason, and which one comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.scheduler.feasibility import Reason, needs_change, refusal
from moonraker_netqueue.scheduler.hours import OperatorPeriod
from moonraker_netqueue.scheduler.problem import (
    FormFactor,
    JobClass,
    Printer,
    Problem,
    Volume,
)

_NEVER = (OperatorPeriod(days=(), start=0, duration=1),)
_PRINTER = Printer(
    "p",
    model="mk3",
    materials=("PLA:black",),
    volume=Volume(200, 100, 50),
    nozzle=0.4,
    grams_left=100,
    spool_grams=1000,
    state="offline",
    bed_clear=False,
    quarantined=True,
    switched_off=True,
)
_JOB = JobClass(
    "j",
    materials=("PETG:black", "PLA:white"),
    durations=(("ender", 10),),
    nozzle=0.6,
    bbox=(300, 10, 10),
    grams=2000,
    queue="lab",
    tags=("enclosed",),
    held=True,
    failed_on=("p",),
    unreachable_from=("p",),
    together_on="q",
    spread=True,
    held_on=("p",),
)
# Each step mends the reason that the steps before have left as the first one.
_MENDED_PRINTER: dict[Reason, dict[str, Any]] = {
    Reason.STATE: {"state": "idle"},
    Reason.MATERIAL: {"materials": ("PLA:black", "PETG:black")},
    Reason.TAGS: {"tags": ("enclosed",)},
    Reason.BED: {"bed_clear": True},
    Reason.QUARANTINE: {"quarantined": False},
    Reason.COLOUR: {"materials": ("PLA:white", "PETG:black")},
    Reason.SWITCHED_OFF: {"switched_off": False},
}
_MENDED_JOB: dict[Reason, dict[str, Any]] = {
    Reason.QUEUE: {"queue": "default"},
    Reason.PROFILE: {"durations": (("mk3", 10),)},
    Reason.NOZZLE: {"nozzle": 0.4},
    Reason.VOLUME: {"bbox": (200, 10, 10)},
    Reason.FILAMENT: {"grams": 1000},
    Reason.HELD: {"held": False},
    Reason.ATTEMPTS: {"failed_on": ()},
    Reason.CONTENT: {"unreachable_from": ()},
    Reason.TOGETHER: {"together_on": "p"},
    Reason.SPREAD: {"held_on": ("q",)},
}


def test_reasons_come_in_the_documented_order() -> None:
    """State wins, the nine follow, then the component's own; mending all: feasible."""
    problem, printer, job = Problem(now=0, operator=_NEVER), _PRINTER, _JOB
    for reason in Reason:
        assert refusal(problem, printer, job) is reason
        if reason is Reason.OPERATOR:
            problem = Problem(now=0)
        printer = replace(printer, **_MENDED_PRINTER.get(reason, {}))
        job = replace(job, **_MENDED_JOB.get(reason, {}))
    assert refusal(problem, printer, job) is None


def test_reasons_are_listed_in_the_documented_order() -> None:
    """Notes on scheduling name the first ten, in this order."""
    assert [reason.value for reason in Reason][:10] == [
        "state",
        "queue",
        "profile",
        "material",
        "nozzle",
        "volume",
        "tags",
        "filament",
        "operator",
        "bed",
    ]


def test_every_reason_has_words() -> None:
    """A reason without words is of no use to anybody."""
    assert all(reason.text for reason in Reason)


def test_a_job_that_demands_nothing_fits_a_printer_that_declares_nothing() -> None:
    """Everything left out is neutral, also without any operator period."""
    assert refusal(Problem(now=0), Printer("p"), JobClass("j")) is None


@pytest.mark.parametrize(
    ("demand", "reason"),
    [
        (JobClass("j", materials=("PLA",)), Reason.MATERIAL),
        (JobClass("j", nozzle=0.4), Reason.NOZZLE),
        (JobClass("j", bbox=(1, 1, 1)), Reason.VOLUME),
        (JobClass("j", durations=(("mk3", 5),)), Reason.PROFILE),
        (JobClass("j", tags=("enclosed",)), Reason.TAGS),
    ],
)
def test_what_a_job_demands_must_be_declared(demand: JobClass, reason: Reason) -> None:
    """An undeclared property does not meet a demand for it."""
    assert refusal(Problem(now=0), Printer("p"), demand) is reason


@pytest.mark.parametrize(
    ("bbox", "form_factor", "fits"),
    [
        ((200, 100, 50), FormFactor.RECTANGULAR, True),
        ((100, 200, 50), FormFactor.RECTANGULAR, True),  # turned
        ((201, 100, 50), FormFactor.RECTANGULAR, False),
        ((10, 10, 51), FormFactor.RECTANGULAR, False),
        ((120, 160, 50), FormFactor.CIRCULAR, True),  # exactly its diagonal
        ((121, 160, 50), FormFactor.CIRCULAR, False),
    ],
)
def test_volume(
    bbox: tuple[float, float, float], form_factor: FormFactor, fits: bool
) -> None:
    """Rectangular beds allow a turn, circular ones hold the diagonal."""
    printer = Printer("p", volume=Volume(200, 100, 50, form_factor))
    expected = None if fits else Reason.VOLUME
    assert refusal(Problem(now=0), printer, JobClass("j", bbox=bbox)) is expected


def test_a_printer_busy_beyond_the_horizon_is_not_planned() -> None:
    """Up to the horizon (30 minutes) a printing printer is."""
    printer = Printer("p", state="printing", busy_minutes=30)
    problem = Problem(now=0)
    assert refusal(problem, printer, JobClass("j")) is None
    later = replace(printer, busy_minutes=31)
    assert refusal(problem, later, JobClass("j")) is Reason.STATE


def test_any_colour_will_do_for_a_job_that_names_none() -> None:
    """`PLA` is met by a loaded `PLA:black`, without a change."""
    printer = Printer("p", loaded=("PLA:black",))
    assert refusal(Problem(now=0), printer, JobClass("j", materials=("PLA",))) is None
    assert not needs_change(printer, JobClass("j", materials=("PLA",)))
    assert needs_change(printer, JobClass("j", materials=("PLA:white",)))


def test_copies_kept_together_come_from_one_spool() -> None:
    """What is left must do for all of them, and so must a new one."""
    printer = Printer("p", loaded=("PLA",), grams_left=100, spool_grams=200)
    job = JobClass("j", materials=("PLA",), grams=50, copies=3)
    together = replace(job, keep_together=True)
    assert not needs_change(printer, job)
    assert needs_change(printer, together)
    assert refusal(Problem(now=0), printer, together) is None
    more = replace(together, copies=5)
    assert refusal(Problem(now=0), printer, more) is Reason.FILAMENT


def test_hours_of_a_printers_own_count_instead_of_the_queues() -> None:
    """Nobody comes for the queue; somebody does for this printer."""
    job = JobClass("j", materials=("PLA",))
    printer = Printer("p", materials=("PLA",))
    nobody = Problem(now=0, operator=_NEVER)
    assert refusal(nobody, printer, job) is Reason.OPERATOR
    always = OperatorPeriod(days=tuple(range(7)), start=0, duration=1440)
    own = replace(printer, operator=(always,))
    assert refusal(nobody, own, job) is None
    spent = replace(always, max_manual_events=2, events_used=2)
    tired = replace(printer, operator=(spent,))
    assert refusal(nobody, tired, job) is Reason.OPERATOR
    somebody = Problem(now=0, operator=(spent,))
    assert refusal(somebody, printer, job) is Reason.OPERATOR
    assert refusal(somebody, own, job) is None


def test_spread_copies_leave_a_printer_alone_that_has_one() -> None:
    """Until it is done with it; other jobs do not care."""
    job = JobClass("j", spread=True, held_on=("p",), made_on=("q",))
    assert refusal(Problem(now=0), Printer("p"), job) is Reason.SPREAD
    assert refusal(Problem(now=0), Printer("q"), job) is None
    assert refusal(Problem(now=0), Printer("p"), replace(job, spread=False)) is None


def test_copies_cannot_be_kept_together_and_spread() -> None:
    """One of the two is a mistake."""
    with pytest.raises(ProblemError, match="job j: its copies cannot be kept togeth"):
        Problem(now=0, jobs=(JobClass("j", keep_together=True, spread=True),))


def test_a_spool_with_too_little_left_is_a_change() -> None:
    """The loaded material does not help if it runs out."""
    printer = Printer("p", loaded=("PLA",), grams_left=30)
    assert not needs_change(printer, JobClass("j", materials=("PLA",), grams=30))
    assert needs_change(printer, JobClass("j", materials=("PLA",), grams=31))


@pytest.mark.parametrize(
    ("demand", "reason", "other"),
    [
        ({"nozzle": 0.4}, Reason.NOZZLE, {"nozzle": 0.6}),
        ({"materials": ("PLA",)}, Reason.MATERIAL, {"loaded": ("PETG",)}),
        ({"bbox": (0, 0, 300)}, Reason.VOLUME, {"volume": Volume(200, 200, 200)}),
    ],
)
def test_what_only_the_file_says_binds_printers_that_say_what_they_have(
    demand: dict[str, Any], reason: Reason, other: dict[str, Any]
) -> None:
    """A printer that nobody described takes what is sliced for anything."""
    silent, told = Printer("silent"), Printer("told", **other)
    asked = JobClass("asked", **demand)
    read = JobClass("read", **demand, from_file=tuple(demand))
    problem = Problem(0, (silent, told), (asked, read))
    assert refusal(problem, silent, asked) is reason
    assert refusal(problem, silent, read) is None
    assert refusal(problem, told, asked) is refusal(problem, told, read) is reason
    assert not needs_change(silent, read)
