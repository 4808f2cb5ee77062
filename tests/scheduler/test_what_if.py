"""What if: a problem changed in words, and what that gains."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.scheduler.explain import Use, obstacles
from moonraker_netqueue.scheduler.feasibility import refusal
from moonraker_netqueue.scheduler.forecast import forecast
from moonraker_netqueue.scheduler.planner import chosen_from, plan
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem
from moonraker_netqueue.scheduler.what_if import (
    Difference,
    Shift,
    Summary,
    changed,
    compare,
    told,
)
from tests.scheduler.problems import problems

_VORON = Printer(
    "Voron", loaded=("PLA",), materials=("PETG:black",), spool_grams=900, grams_left=5
)
_ENDER = Printer("Ender", loaded=("PLA",))
_GEAR = JobClass("gear", materials=("PETG:black",))
_KIT = JobClass("kit: lid", added=1, copies=2, materials=("PLA",))
_PROBLEM = Problem(now=0, printers=(_VORON, _ENDER), jobs=(_GEAR, _KIT))


def _with(problem: Problem, *wishes: str) -> Problem:
    (found,) = changed((problem,), wishes)
    return found


def _printer(wish: str, problem: Problem = _PROBLEM) -> Printer:
    after = _with(problem, wish)
    return next(p for p in after.printers if p.name == wish.partition(":")[0])


@pytest.mark.parametrize("material", ["PETG black", "PETG:black", "  petg   BLACK "])
def test_what_is_loaded_may_be_written_as_people_say_it(material: str) -> None:
    """It comes with a new spool, and in place of what was in."""
    found = _printer(f"Voron: {material}")
    assert (found.loaded, found.grams_left) == (("PETG:black",), 900)


def test_several_materials_are_loaded_with_commas_between() -> None:
    """For a printer with several extruders."""
    assert _printer("Voron: PLA, PETG black").loaded == ("PLA", "PETG:black")


@pytest.mark.parametrize(
    ("before", "what", "after"),
    [
        ({"bed_clear": False, "quarantined": True}, "bed clear", {}),
        ({"switched_off": True}, "Resume", {}),
        ({}, "pause", {"switched_off": True}),
        ({"state": "offline"}, "on", {}),
        ({"state": "printing", "busy_minutes": 9}, "on", None),
        ({}, "off", {"state": "off"}),
        ({"state": "printing", "busy_minutes": 9, "bed_clear": False}, "idle", {}),
        ({}, "nozzle 0.6", {"nozzle": 0.6}),
    ],
)
def test_each_word_for_a_printer(
    before: dict[str, object], what: str, after: dict[str, object] | None
) -> None:
    """An empty change makes it ready; None leaves it."""
    start = replace(_ENDER, **before)  # type: ignore[arg-type]
    problem = replace(_PROBLEM, printers=(start, _VORON))
    expected = start if after is None else replace(_ENDER, **after)  # type: ignore[arg-type]
    assert _printer(f"Ender: {what}", problem) == expected


@pytest.mark.parametrize(
    ("before", "what", "after"),
    [
        ({"held": True}, "release", {}),
        ({}, "hold", {"held": True}),
        ({}, "priority -2", {"priority": -2}),
        ({"quarantined": True, "failed_on": ("Voron",)}, "retry", {}),
    ],
)
def test_each_word_for_a_job(
    before: dict[str, object], what: str, after: dict[str, object]
) -> None:
    """A name may have a colon of its own."""
    start = replace(_KIT, **before)  # type: ignore[arg-type]
    found = _with(replace(_PROBLEM, jobs=(start,)), f"kit: lid: {what}")
    assert found.jobs == (replace(_KIT, **after),)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (
            "Vorn: PETG black",
            r"called 'Vorn'.*such as Ender, Voron, gear, kit: lid, default",
        ),
        ("bed clear", r"called 'bed clear'; write NAME: WHAT"),
        (
            "Voron: PETG blue",
            r"Voron: 'PETG blue' is not understood; possible are bed clear,.* PLA$",
        ),
        ("Voron: ", r"Voron: '' is not understood"),
        ("Voron: nozzle big", r"'nozzle big' is no nozzle; give it in mm"),
        ("Voron: nozzle nan", r"is no nozzle"),
        (
            "gear: go",
            r"gear: 'go' is not understood; .* release, hold, retry, priority 2",
        ),
        ("gear: priority 99", r"-9 to 9"),
    ],
)
def test_what_is_not_understood_is_named_with_what_is_possible(
    wish: str, message: str
) -> None:
    """In one line."""
    with pytest.raises(ProblemError, match=message):
        _with(_PROBLEM, wish)


def test_a_queue_is_paused_and_resumed() -> None:
    """All its jobs with it."""
    paused = _with(_PROBLEM, "default: pause")
    assert [job.paused for job in paused.jobs] == [True, True]
    assert _with(paused, "default: resume") == _PROBLEM
    with pytest.raises(ProblemError, match="possible for a queue are resume, pause"):
        _with(_PROBLEM, "default: stop")


def test_a_name_that_two_have_is_told_apart_by_its_kind() -> None:
    """Without one it is the printer's, then the job's."""
    same = replace(_PROBLEM, jobs=(replace(_GEAR, name="Voron", queue="Voron"),))
    (job,) = _with(same, "queue Voron: pause").jobs
    assert job.paused
    (job,) = _with(same, "job Voron: hold").jobs
    assert job.held
    assert _with(same, "Voron: pause").printers[1].switched_off
    assert _with(same, "printer voron: pause").printers[1].switched_off


def test_queues_that_are_planned_apart_share_their_printers() -> None:
    """A printer changes in each problem, a job in its own."""
    other = replace(_PROBLEM, jobs=(replace(_KIT, name="other"),))
    wishes = ["Voron: pause", "other: hold", "Ender: PETG black"]
    for problem in changed((_PROBLEM, other), wishes):
        assert [p.switched_off for p in problem.printers] == [False, True]
        assert problem.printers[0].loaded == ("PETG:black",)
        assert all(job.held == (job.name == "other") for job in problem.jobs)


def test_loading_what_jobs_wait_for_gains_time_and_a_change() -> None:
    """Both forecasts in figures, and the jobs that move."""
    far = replace(_VORON, materials=())  # it has no PETG
    before = replace(_PROBLEM, printers=(far,))
    after = _with(before, "Voron: PETG black")
    assert compare(forecast(before), forecast(after)) == Difference(
        Summary(125, 2, 0, 1),
        Summary(205, 3, 1, 0),
        (Shift("gear", None, 0, None, 60), Shift("kit: lid", 0, 65, 125, 205)),
    )


def test_the_difference_is_told_in_lines() -> None:
    """Only what differs; nothing of a time of day."""
    same = forecast(_PROBLEM)
    assert told(compare(same, same)) == ["nothing changes"]
    lines = told(
        Difference(
            Summary(100, 5, 3, 2),
            Summary(40, 5, 1, 0),
            (
                Shift("new", None, 0, None, 60),
                Shift("soon", 50, 5, 70, 25),
                Shift("end", 50, 50, 70, 95),
                Shift("gone", 50, None, 70, None),
            ),
        )
    )
    assert lines == [
        "new will start",
        "soon starts 45 min earlier",
        "end ends 25 min later",
        "gone does not start any more",
        "all is done 60 min earlier",
        "0 copies never print, not 2",
        "1 changes of material, not 3",
    ]


@settings(max_examples=100, deadline=None)
@given(problems(), st.data())
def test_the_remedies_that_are_told_can_be_tried(
    problem: Problem, data: st.DataObject
) -> None:
    """What frees a pair in words does so as a what-if too."""
    found = plan(problem)
    waiting = [
        job
        for job in problem.jobs
        if job.name in found.why_waiting and not job.held and not job.quarantined
    ]
    if not waiting:
        return
    job = data.draw(st.sampled_from(waiting))
    for one in obstacles(chosen_from(problem, found), job.name):
        if one.use is not Use.REMEDY:
            continue
        words = {
            "bed": "bed clear",
            "quarantine": "bed clear",
            "switched_off": "resume",
        }
        codes = (one.code, *one.also)
        wishes = [f"{one.printer}: {words[code]}" for code in codes if code in words]
        if not set(codes) <= set(words):
            wishes.append(f"{one.printer}: {', '.join(job.materials) or 'PLA red'}")
        after = _with(problem, *wishes)
        printer = next(p for p in after.printers if p.name == one.printer)
        left = refusal(after, printer, job)
        assert left is None or left.value == "filament"
