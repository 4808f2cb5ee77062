"""YAML files: original words, defaults, and one-line errors for bad ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.scheduler.hours import OperatorPeriod
from moonraker_netqueue.scheduler.instance import read_instance
from moonraker_netqueue.scheduler.planner import plan
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Weights

_TESTDATA = Path(__file__).parents[2] / "testdata"
_JOB = "jobs: {j: {materials: [PLA], created_at: '2026-03-22T10:00:00Z'%s}}"
_NOON = 1774180800  # 2026-03-22T12:00:00Z


def test_the_original_shape_needs_no_more_than_materials_and_a_time() -> None:
    """schedule1.yaml has no now, copies, durations or weights."""
    text = (_TESTDATA / "schedule1.yaml").read_text(encoding="utf-8")
    problem = read_instance(text, "schedule1.yaml").problem
    assert problem.now == max(job.added for job in problem.jobs)
    assert problem.weights == Weights()
    assert plan(problem).assignment == {
        "anton": "bracket",
        "berta": "gear",
        "carla": "vase",
    }


def test_what_is_left_out_is_neutral() -> None:
    """The reader's defaults are those of the problem itself."""
    read = read_instance("printers: {p: {}}\n" + _JOB % "", "f").problem
    assert read.printers == (Printer("p"),)
    assert read.jobs == (JobClass("j", added=_NOON - 7200, materials=("PLA",)),)


@pytest.mark.parametrize("text", ["{}", "jobs:\nprinters:\n", "printers: {p: {}}"])
def test_files_without_jobs_or_printers_are_problems_too(text: str) -> None:
    """An empty queue is no error."""
    assert plan(read_instance(text, "f").problem).why_waiting == {}


@pytest.mark.parametrize(
    ("when", "seconds"),
    [
        ("'2026-03-22T12:00:00Z'", 0),
        ("2026-03-22T12:00:00Z", 0),
        ("'2026-03-22T14:00:00+02:00'", 0),
        ("'2026-03-22T12:00:00'", 0),
        ("2026-03-22 12:00:00", 0),
        ("2026-03-22", -12 * 3600),
    ],
)
def test_times_may_be_quoted_or_not_and_are_utc_by_default(
    when: str, seconds: int
) -> None:
    """YAML makes dates of unquoted ones."""
    assert read_instance(f"now: {when}", "f").problem.now == _NOON + seconds


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("start: 08:00, duration: 600", OperatorPeriod((0, 6), 480, 600)),
        ("start: 10:30, duration: 1", OperatorPeriod((0, 6), 630, 1)),
        (
            "start: '08:00', duration: 60, tz: Europe/Berlin, max_manual_events: 3",
            OperatorPeriod((0, 6), 480, 60, 60, 3),
        ),
    ],
)
def test_operator_periods(period: str, expected: OperatorPeriod) -> None:
    """YAML reads an unquoted 10:30 in base 60; a time zone counts at `now`."""
    text = f"now: 2026-03-22\noperator: [{{daysofweek: [0, 6], {period}}}]"
    assert read_instance(text, "f").problem.operator == (expected,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml, line 1: is missing; write a mapping"),
        ("[1]", "f.yaml, line 1: is a list; write a mapping"),
        ("jobs: {a: [}", "f.yaml, line 1: is not YAML ("),
        ("now: 2026-13-45", "f.yaml, line 1: now: '2026-13-45' is not possible"),
        ("job: {}", "f.yaml, line 1: unknown key 'job'; did you mean 'jobs'?"),
        ("jobs: [a]", "f.yaml, line 1: jobs: is a list; give a mapping of names"),
        ("jobs: {j: }", "f.yaml, line 1: jobs.j: is missing; write a mapping"),
        (
            "jobs: {j: {created_at: 2026-03-22}}",
            "f.yaml, line 1: jobs.j.materials: is missing; list what it needs",
        ),
        (
            "jobs: {j: {materials: []}}",
            "f.yaml, line 1: jobs.j.created_at: is missing; give a time",
        ),
        (
            "jobs: {j: {materials: [], created_at: soon}}",
            "f.yaml, line 1: jobs.j.created_at: is 'soon'; give a time",
        ),
        (
            "jobs: {j: {material: [PLA]}}",
            "f.yaml, line 1: jobs.j: unknown key 'material'; did you mean 'materials'?",
        ),
        (
            "jobs: {j: {materials: PLA, created_at: 2026-03-22}}",
            "f.yaml, line 1: jobs.j.materials: is 'PLA'; give a list",
        ),
        (_JOB % ", copies: 0", "jobs.j.copies: 0 is too small; give a whole number"),
        (_JOB % ", copies: -3", "jobs.j.copies: -3 is too small; give a whole number"),
        (_JOB % ", copies: 1.5", "jobs.j.copies: is 1.5; give a whole number"),
        (_JOB % ", copies: yes", "jobs.j.copies: is True; give a whole number"),
        (_JOB % ", grams: .nan", "jobs.j.grams: nan is not possible; give 0 or more"),
        (_JOB % ", grams: a", "jobs.j.grams: is 'a'; give a number"),
        (_JOB % ", bbox: [1, 2]", "jobs.j.bbox: is a list; give a list of 3 numbers"),
        (_JOB % ", durations: {mk3: 0}", "jobs.j.durations.mk3: 0 is too small"),
        (_JOB % ", durations: {mk3: }", "jobs.j.durations.mk3: is missing"),
        (_JOB % ", durations: 7", "jobs.j.durations: is 7; give a mapping"),
        (_JOB % ", queue: [a]", "jobs.j.queue: is a list; give a word"),
        (_JOB % ", tags: ['']", "jobs.j.tags: has an empty word in it; leave it out"),
        (
            "printers: {p: {materialsReady: ['PLA:']}}",
            "printers.p.materialsReady: 'PLA:' is no material; write PLA or PLA:black",
        ),
        (
            "printers: {p: {materialsAvailable: [':red']}}",
            "printers.p.materialsAvailable: ':red' is no material; write PLA",
        ),
        (_JOB % ", tags: [[a]]", "jobs.j.tags: is a list; give a list of words"),
        (_JOB % ", keepTogether: 1", "jobs.j.keepTogether: is 1; give true or false"),
        (
            "printers: {p: {volume: {width: 1}}}",
            "f.yaml, line 1: printers.p.volume.depth: is missing; give millimetres",
        ),
        (
            "printers: {p: {volume: {width: 1, depth: 1, height: 1, formFactor: x}}}",
            "printers.p.volume.formFactor: is 'x'; one of rectangular, circular",
        ),
        ("weights: {prio: -1}", "f.yaml, line 1: weights.prio: -1 is too small"),
        (
            "operator: []\njobs: 7",
            "f.yaml, line 2: jobs: is 7; give a mapping of names",
        ),
        ("operator: 7", "f.yaml, line 1: operator: is 7; give a list"),
        ("operator: [{}]", "f.yaml, line 1: operator[0].daysofweek: is missing"),
        (
            "operator: [{daysofweek: [7], start: 08:00, duration: 1}]",
            "f.yaml, line 1: operator[0].daysofweek: is ['7']; give 0 (Monday) to 6",
        ),
        (
            "operator: [{daysofweek: [0], start: 24:00, duration: 1}]",
            "f.yaml, line 1: operator[0].start: is '1440'; give a time before 24:00",
        ),
        (
            "operator: [{daysofweek: [0], start: eight, duration: 1}]",
            "f.yaml, line 1: operator[0].start: is 'eight'; give HH:MM",
        ),
        (
            "operator: [{daysofweek: [0], start: 08:00, duration: 99999}]",
            "f.yaml, line 1: operator[0].duration: 99999 is too large; give a whole",
        ),
        (
            "operator: [{daysofweek: [0], start: 08:00, duration: 1, tz: Moon}]",
            "f.yaml, line 1: operator[0].tz: 'Moon' is no time zone",
        ),
    ],
)
def test_bad_files_are_told_in_one_line(text: str, message: str) -> None:
    """File, line, key, remedy."""
    with pytest.raises(ProblemError) as caught:
        read_instance(text, "f.yaml")
    assert message in str(caught.value)
    assert str(caught.value).startswith("f.yaml, line ")
    assert "\n" not in str(caught.value)
