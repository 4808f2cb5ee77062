"""What a person reads of a plan: what holds a job or a printer, and what frees it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from moonraker_netqueue.scheduler.explain import Obstacle, Use, obstacles
from moonraker_netqueue.scheduler.feasibility import Reason, mask, refusal
from moonraker_netqueue.scheduler.hours import DAY, OperatorPeriod
from moonraker_netqueue.scheduler.idle import PrinterWhy
from moonraker_netqueue.scheduler.planner import Plan, chosen_from, plan
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem, Volume
from moonraker_netqueue.scheduler.remedies import EFFORT, LOADING, hold
from tests.scheduler.problems import problems

_NINE = 9 * 60  # Unix minutes; 1970-01-01, a Thursday
_DAYTIME = OperatorPeriod(days=(0, 1, 2, 3, 4, 5, 6), start=8 * 60, duration=600)
_VORON = Printer("Voron", model="v", loaded=("PLA:red",), nozzle=0.4)
_JOB = JobClass("gear", materials=("PETG:black",), durations=(("v", 60),))
_PLA = replace(_JOB, name="pla", materials=("PLA:red",))


def _problem(
    printers: tuple[Printer, ...], jobs: tuple[JobClass, ...] = (_JOB,)
) -> Problem:
    return Problem(_NINE * 60, printers, jobs, operator=(_DAYTIME,))


def _why(problem: Problem, name: str = "gear") -> tuple[str, tuple[Obstacle, ...]]:
    found = plan(problem)
    return found.why_waiting[name].text, obstacles(chosen_from(problem, found), name)


def _idle(problem: Problem) -> PrinterWhy:
    (why,) = plan(problem).why_idle.values()
    return why


@pytest.mark.parametrize(
    ("printer", "job", "code", "line"),
    [
        (_VORON, _JOB, "material", "load PETG black on Voron"),
        (
            replace(_VORON, materials=("PETG:red",)),
            _JOB,
            "colour",
            "load PETG black on Voron",
        ),
        (replace(_VORON, bed_clear=False), _PLA, "bed", "clear the bed of Voron"),
        (
            replace(_VORON, switched_off=True),
            _PLA,
            "switched_off",
            "resume taking work on Voron",
        ),
        (
            replace(_VORON, quarantined=True),
            _PLA,
            "quarantine",
            "look after Voron, then say that its bed is clear",
        ),
        (
            replace(_VORON, spool_grams=100, grams_left=10),
            replace(_PLA, grams=120),
            "filament",
            "put a spool of PLA red with 120 g or more on Voron",
        ),
        (
            replace(_VORON, bed_clear=False),
            _JOB,
            "material",
            "clear the bed of Voron and load PETG black on Voron",
        ),
    ],
)
def test_a_remedy_on_an_idle_printer_is_the_line(
    printer: Printer, job: JobClass, code: str, line: str
) -> None:
    """What a person walks to the printer for."""
    text, (found,) = _why(_problem((printer,), (job,)), job.name)
    assert text == f"waits: {line}"
    assert (found.code, found.use, found.remedy) == (code, Use.REMEDY, line)


@pytest.mark.parametrize(
    ("printer", "job", "code", "text", "line"),
    [
        (
            _VORON,
            replace(_PLA, nozzle=0.6),
            "nozzle",
            "needs a 0.6 mm nozzle; Voron has 0.4",
            "needs a 0.6 mm nozzle (Voron)",
        ),
        (
            _VORON,
            replace(_PLA, durations=(("x", 60),)),
            "profile",
            "no file is sliced for model v of Voron",
            "no file sliced for model v: add one (Voron)",
        ),
        (
            _VORON,
            replace(_PLA, durations=(("\0", 60),)),
            "profile",
            "no file is sliced for model v of Voron",
            "no file sliced for a model that the job asks for: add one (Voron)",
        ),
        (
            replace(_VORON, volume=Volume(100, 100, 100)),
            replace(_PLA, bbox=(120, 50, 20)),
            "volume",
            "too large for Voron: 120 x 50 x 20 mm, it has 100 x 100 x 100 mm",
            "too large at 120 x 50 x 20 mm (Voron)",
        ),
        (
            replace(_VORON, tags=("enclosed",)),
            replace(_PLA, tags=("enclosed", "food")),
            "tags",
            "Voron lacks the tag food",
            "needs the tag food (Voron)",
        ),
        (
            replace(_VORON, queues=("q", "r")),
            _PLA,
            "queue",
            "Voron does not serve queue default",
            "serves another queue (Voron)",
        ),
        (
            _VORON,
            replace(_PLA, keep_together=True, together_on="Berta"),
            "together",
            "its copies belong together, and others of it are on Berta",
            "other copies of the job are on another printer (Voron)",
        ),
    ],
)
def test_what_no_touch_frees_is_listed(
    printer: Printer, job: JobClass, code: str, text: str, line: str
) -> None:
    """Each with what the job needs, and in detail with what the printer has."""
    told, (found,) = _why(_problem((printer,), (job,)), job.name)
    assert told == f"waits, no printer fits: {line}"
    assert (found.code, found.use, found.text) == (code, Use.HARD, text)


def test_of_several_reasons_the_hardest_is_the_code() -> None:
    """Clearing the bed helps nobody who needs another nozzle."""
    printer = replace(_VORON, bed_clear=False, switched_off=True)
    _, (found,) = _why(_problem((printer,), (replace(_PLA, nozzle=0.6),)), "pla")
    assert (found.code, found.also) == ("nozzle", ("bed", "switched_off"))
    assert found.remedy == "fit a 0.6 mm nozzle to Voron"
    assert found.values == {"needs": 0.6, "has": 0.4}


def test_at_night_a_change_waits_for_somebody() -> None:
    """The detail tells from when; no clock time is in a text."""
    at_night = replace(
        _problem((replace(_VORON, materials=("PETG:black",)),)), now=20 * 3600
    )
    text, (found,) = _why(at_night)
    assert text == "waits: somebody must be there to load PETG black on Voron"
    assert (found.code, found.use) == ("operator", Use.PASSES)
    assert found.at == (DAY + 8 * 60) * 60
    assert found.remedy == "load PETG black on Voron"


def test_a_busy_printer_that_fits_says_when_it_is_free() -> None:
    """Beside an idle one that something can be done about, which comes first."""
    busy = replace(_VORON, name="Berta", state="printing", busy_minutes=99)
    busy = replace(busy, loaded=("PETG:black",))
    text, (found,) = _why(_problem((busy,)))
    assert text == "waits: Berta is printing, 99 min left"
    assert (found.code, found.at) == ("busy", (_NINE + 99) * 60)
    text, (first, second) = _why(_problem((busy, _VORON)))
    assert text == (
        "waits: load PETG black on Voron; else Berta is printing, 99 min left"
    )
    assert (first.printer, second.printer) == ("Voron", "Berta")


def test_who_takes_something_else_first_has_a_price() -> None:
    """By how much the plan would be worse."""
    old, young = replace(_PLA, name="old"), replace(_PLA, name="young", added=600 * 60)
    problem = replace(_problem((_VORON,), (old, young)), now=720 * 60)
    text, (found,) = _why(problem, "young")
    assert text == (
        "waits: Voron takes old first; this one instead would cost at least 30 min more"
    )
    assert (found.code, found.price) == ("outbid", 3000)
    assert found.values == {"takes": "old"}
    greedy = replace(problem, strategy="greedy")
    text, (found,) = _why(greedy, "young")
    assert (text, found.price) == ("waits: Voron takes old first", None)


def test_a_remedy_on_a_printer_with_other_work_says_so() -> None:
    """It would take the job only afterwards."""
    text, (found,) = _why(_problem((_VORON,), (_JOB, _PLA)))
    assert text == "waits: load PETG black on Voron (it takes pla first)"
    assert found.use is Use.LATER


@pytest.mark.parametrize(
    ("job", "line"),
    [
        (replace(_PLA, held=True), "it is on hold; release it"),
        (replace(_PLA, paused=True), "the queue is paused; resume it"),
        (
            replace(_PLA, quarantined=True),
            "it failed too often; look at why, then retry it",
        ),
    ],
)
def test_what_the_job_itself_lacks_comes_before_all_printers(
    job: JobClass, line: str
) -> None:
    """Whatever else holds it there."""
    text, _ = _why(_problem((replace(_VORON, bed_clear=False),), (job,)), "pla")
    assert text == f"waits: {line}"


def test_an_idle_printer_says_what_would_give_it_work() -> None:
    """The material that most jobs wait for, and which jobs they are."""
    jobs = tuple(replace(_JOB, name=name) for name in ("i", "j", "k"))
    abs_ = replace(_JOB, name="abs", materials=("ABS",))
    why = _idle(_problem((_VORON,), (*jobs, abs_)))
    assert why == PrinterWhy(
        "material",
        "load PETG black, 3 jobs wait for it",
        "load PETG black on Voron",
        ("i", "j", "k"),
    )


@pytest.mark.parametrize(
    ("printer", "why"),
    [
        (
            replace(_VORON, bed_clear=False),
            PrinterWhy(
                "bed",
                "bed not known to be clear: clear it, 1 job waits for it",
                "clear the bed of Voron",
                ("pla",),
            ),
        ),
        (
            replace(_VORON, switched_off=True, nozzle=0.2),
            PrinterWhy(
                "switched_off",
                "paused by a person: resume it, 1 job waits for it",
                "resume taking work on Voron",
                ("pla",),
            ),
        ),
        (
            replace(_VORON, state="offline", model="x"),
            PrinterWhy("state", "offline", "get Voron going"),
        ),
        (
            replace(_VORON, state="printing", busy_minutes=99),
            PrinterWhy("busy", "printing, 99 min left"),
        ),
    ],
)
def test_a_printer_that_takes_nothing_says_what_it_would_take(
    printer: Printer, why: PrinterWhy
) -> None:
    """Only jobs that it could print then."""
    assert _idle(_problem((printer,), (_PLA, _JOB))) == why


def test_every_reason_has_a_text_and_a_place() -> None:
    """Whatever a pair lacks, somebody can read it."""
    assert set(EFFORT) == set(Reason)
    bare, full = Printer("p"), replace(_JOB, nozzle=0.6, bbox=(1, 2, 3), tags=("t",))
    problem = _problem((bare,), (full,))
    for reason in Reason:
        assert hold(problem, bare, full, reason).text


def _doing(problem: Problem, name: str, found: Obstacle) -> Problem:
    """The problem once the remedy of an obstacle is done, for those that are clicks."""
    fields: dict[str, dict[str, object]] = {
        "bed": {"bed_clear": True},
        "switched_off": {"switched_off": False},
        "quarantine": {"quarantined": False, "bed_clear": True},
    }
    codes = (found.code, *found.also)
    changes = {k: v for code in codes for k, v in fields.get(code, {}).items()}
    needs = next(job.materials for job in problem.jobs if job.name == name)
    if {"material", "colour", "operator"} & set(codes):
        changes |= {"loaded": needs, "grams_left": None}  # a new spool
    printers = (
        replace(p, **changes) if p.name == found.printer else p  # type: ignore[arg-type]
        for p in problem.printers
    )
    return replace(problem, printers=tuple(printers))


@settings(max_examples=200, deadline=None)
@given(problems())
def test_codes_are_those_of_the_mask_and_remedies_free_the_pair(
    problem: Problem,
) -> None:
    """A printer that the mask allows has a price; each remedy does what it says."""
    found: Plan = plan(problem)
    allowed = mask(problem)
    for name, waiting in found.why_waiting.items():
        job = next(job for job in problem.jobs if job.name == name)
        told = obstacles(chosen_from(problem, found), name)
        assert {one.printer for one in told} == {p.name for p in problem.printers}
        assert [one.use for one in told] == sorted(one.use for one in told)
        assert sum(waiting.reasons.values()) == sum(
            row[problem.jobs.index(job)] is not None for row in allowed
        )
        for one in told:
            row = [p.name for p in problem.printers].index(one.printer)
            reason = allowed[row][problem.jobs.index(job)]
            codes = (one.code, *one.also)
            if reason is None:
                assert one.code in ("takes", "outbid", "dearer")
            elif not (reason is Reason.STATE and "busy" in codes):
                loading = {one.value for one in LOADING}
                assert reason.value in codes or (
                    reason in LOADING and loading.intersection(codes)
                )
            if one.use is Use.REMEDY and "held" not in codes and not job.quarantined:
                then = _doing(problem, name, one)
                left = refusal(then, then.printers[row], job)
                assert left is None or left.value == "filament"
