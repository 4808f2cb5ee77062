"""Files with queues, members and items, and what a file may say of people and state."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.scheduler.hours import OperatorPeriod
from moonraker_netqueue.scheduler.instance import read_instance
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem

_NOON = 1774180800  # 2026-03-22T12:00:00Z
_FILE = """now: 2026-03-22T12:00:00Z
seed: 7
queues:
  - namespace: one
    members: [a, b]
    jobs:
      - name: gear
        items: [{name: g, count: 3, materials: [PLA], minutes: 5}]
      - name: box
        priority: 2
        user: anna
        tags: [big]
        spread: true
        items:
          - {name: lid}
          - {name: body, nozzle: 0.6, grams: 9, bbox: [1, 2, 3], durations: {m: 4}}
      - name: later
        at: 1
        items: [{name: l}]
  - namespace: two
    members: [b]
    jobs:
      - name: gear
        created_at: 2026-03-21T12:00:00Z
        deadline: 2026-03-23T12:00:00Z
        items: [{count: 2}]
printers:
  a: {}
  b: {queues: [default]}
  c: {}
person: {reaction: 5}
"""


def test_items_become_classes_in_the_order_of_the_queue() -> None:
    """Members serve the queue; whoever is in none serves the default one."""
    problem = read_instance(_FILE, "f").problem
    gear = JobClass(
        "gear",
        added=_NOON,
        copies=3,
        materials=("PLA",),
        durations=(("", 5),),
        queue="one",
    )
    lid = JobClass(
        "box: lid",
        added=_NOON + 1,
        queue="one",
        tags=("big",),
        priority=2,
        owner="anna",
        spread=True,
    )
    body = replace(
        lid,
        name="box: body",
        durations=(("m", 4),),
        nozzle=0.6,
        grams=9,
        bbox=(1, 2, 3),
    )
    other = JobClass(
        "gear (two)", added=_NOON - 86400, copies=2, queue="two", due=_NOON + 86400
    )
    assert problem == Problem(
        now=_NOON,
        printers=(
            Printer("a", queues=("one",)),
            Printer("b", queues=("default", "one", "two")),
            Printer("c"),
        ),
        jobs=(gear, lid, body, other),
    )


def test_jobs_and_queues_may_be_in_one_file() -> None:
    """The words of both original files."""
    job = "jobs: {old: {materials: [], created_at: 2026-03-20}}\n"
    problem = read_instance(job + _FILE, "f").problem
    assert [job.name for job in problem.jobs][:2] == ["old", "gear (two)"]


def test_a_file_without_any_time_is_on_a_monday_morning() -> None:
    """So that operator hours mean something, and every run gives the same plan."""
    problem = read_instance("queues: [{namespace: q}]", "f").problem
    assert problem.now == 1774252800  # 2026-03-23 08:00 UTC
    assert problem.now // 86400 % 7 == 4  # the epoch was a Thursday


def test_printers_may_have_hours_of_their_own() -> None:
    """With a limit and what is used up of it."""
    text = """printers:
  p:
    operator:
      - {daysofweek: [0], start: '08:00', duration: 60, max_manual_events: 5,
         events_used: 2}
"""
    (printer,) = read_instance(text, "f").problem.printers
    assert printer.operator == (OperatorPeriod((0,), 480, 60, 0, 5, 2),)


@pytest.mark.parametrize(
    ("text", "credit"),
    [
        ("userCredit: {b: -5, a: 7}", (("a", 7), ("b", -5))),
        ("shares: {b: 1}", (("b", 0), ("owner", 0))),
        ("usedMinutes: {b: 30}", (("b", -6000), ("owner", 6000))),
    ],
)
def test_credit_of_owners_is_given_or_follows_from_their_shares(
    text: str, credit: tuple[tuple[str, int], ...]
) -> None:
    """Every owner of a job has a share."""
    job = "\njobs: {j: {materials: [], created_at: 2026-03-20, user: owner}}"
    assert read_instance(text + job, "f").problem.owner_credit == credit


_PERIOD = "operator:\n- {daysofweek: [0], start: 0, duration: 1,\n   %s}"
_JOB = "jobs:\n  j:\n    materials: []\n    created_at: 2026-03-20\n    %s"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("queues: {q: 1}", "line 1: queues: is a mapping; give a list"),
        ("queues: [q]", "line 1: queues[0]: is 'q'; write a mapping"),
        ("queues: [{members: []}]", "line 1: queues[0].namespace: is missing; give"),
        (
            "queues:\n- namespace: q\n  members: [x]\nprinters: {p: {}}",
            "line 3: queues[0].members: 'x' is no printer; one of: p",
        ),
        (
            "queues:\n- namespace: q\n  members: [x]",
            "line 3: queues[0].members: 'x' is no printer; one of: none is described",
        ),
        (
            "queues:\n- namespace: q\n  jobs:\n  - items: [{count: 1}]",
            "line 4: queues[0].jobs[0].name: is missing; give the job a name",
        ),
        (
            "queues:\n- namespace: q\n  jobs:\n  - name: j",
            "line 4: queues[0].jobs[0].items: is missing; list at least one",
        ),
        (
            "queues:\n- namespace: q\n  jobs:\n  - name: j\n    items: [{count: 0}]",
            "line 5: queues[0].jobs[0].items[0].count: 0 is too small",
        ),
        (
            "queues:\n- namespace: q\n  jobs: [&j {name: j, items: [{}]}, *j,\n   *j]",
            "line 3: queues[0].jobs[2].name: 'j (q)' is there twice; rename one",
        ),
        (_JOB % "copies: 1000001", "line 5: jobs.j.copies: 1000001 is too large; give"),
        (_JOB % "priority: 1001", "line 5: jobs.j.priority: 1001 is too large"),
        (_JOB % "failedOn: [x]", "line 5: jobs.j.failedOn: 'x' is no printer; one of"),
        (_JOB % "togetherOn: x", "line 5: jobs.j.togetherOn: 'x' is no printer"),
        (
            _JOB % "spread: true\n    keepTogether: true",
            "line 5: jobs.j.spread: is the contrary of keepTogether; choose one",
        ),
        (
            "userCredit: {a: 1}\nshares: {a: 1}",
            "line 2: shares: says the same as userCredit; give one of them",
        ),
        ("shares: {a: 0}", "line 1: shares.a: 0 is too small; give a whole number fr"),
        (
            _PERIOD % "events_used: 1",
            "line 3: operator[0].events_used: has no max_manual_events; give both",
        ),
        (
            _PERIOD % "max_manual_events: -9",
            "line 3: operator[0].max_manual_events: -9 is too small",
        ),
    ],
)
def test_mistakes_are_told_with_line_key_and_remedy(text: str, message: str) -> None:
    """In one line."""
    with pytest.raises(ProblemError) as caught:
        read_instance(text, "f.yaml")
    assert str(caught.value).startswith(f"f.yaml, {message}")
    assert "\n" not in str(caught.value)
