"""Whole batches: search and PuLP against enumeration and the instance files."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.batch.batch import Batch, Counts, batch_of
from moonraker_netqueue.scheduler.batch.planned import (
    as_batch_document,
    as_batch_text,
    plan_batch,
)
from moonraker_netqueue.scheduler.batch.programme import shortest_by_pulp
from moonraker_netqueue.scheduler.batch.search import canonical_plan, shortest
from moonraker_netqueue.scheduler.instance import read_instance
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem

_FOLDER = Path(__file__).parents[2] / "testdata" / "instances"
_FILES = sorted(_FOLDER.glob("*makespan*.yaml"))
_NEEDS = ((), ("PLA",), ("PLA:red",), ("PETG",), ("PETG", "PLA:red"))


def _splits(units: int, able: tuple[int, ...], printers: int) -> Iterator[list[int]]:
    """Every way to share `units` among the printers that are able."""
    for cut in itertools.product(range(units + 1), repeat=len(able)):
        if sum(cut) == units:
            row = [0] * printers
            for printer, count in zip(able, cut, strict=True):
                row[printer] = count
            yield row


def _plans(batch: Batch) -> Iterator[Counts]:
    """Every plan, the canonical order reversed."""
    printers = len(batch.minutes)
    ways = [
        list(_splits(units if able else 0, able, printers))
        for units, able in zip(batch.units, batch.eligible, strict=True)
    ]
    for rows in itertools.product(*ways):
        yield tuple(map(tuple, rows))


def _read(path: Path) -> tuple[Problem, dict[str, Any]]:
    text = path.read_text(encoding="utf-8")
    problem = read_instance(text, path.name).problem
    return problem, yaml.safe_load(text)["expected"]


def _by_order(batch: Batch, printer: int, jobs: tuple[int, ...]) -> int:
    """The fewest changes over all orders of jobs, by trying them."""
    fewest = len(jobs)
    for order in itertools.permutations(jobs):
        served, changes = batch.loaded[printer], 0
        for job in order:
            if batch.family[job] not in served:
                served, changes = batch.covered[batch.family[job]], changes + 1
        fewest = min(fewest, changes)
    return fewest


@st.composite
def _batches(draw: st.DrawFn) -> Problem:
    printers = tuple(
        Printer(
            name,
            model=draw(st.sampled_from("mn")),
            loaded=draw(st.sampled_from(_NEEDS)),
            materials=("PLA", "PLA:red", "PETG"),
            self_clearing=draw(st.booleans()),
            busy_minutes=draw(st.sampled_from([0, 0, 50])),
        )
        for name in draw(st.sampled_from(["a", "ab", "abc"]))
    )
    jobs = tuple(
        JobClass(
            f"j{number}",
            copies=draw(st.integers(1, 3)),
            materials=draw(st.sampled_from(_NEEDS)),
            durations=draw(
                st.sampled_from([(("m", 30),), (("m", 30), ("n", 45)), (("n", 70),)])
            ),
            keep_together=draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 4)))
    )
    return Problem(0, printers, jobs)


def test_both_makespan_files_are_tested() -> None:
    """A file lost from testdata must not shrink the contract unnoticed."""
    assert len(_FILES) == 2


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_instance_has_the_optimum_of_enumeration(path: Path) -> None:
    """The same by search and by PuLP; as many optimal plans as the file says."""
    problem, expected = _read(path)
    batch, plan = plan_batch(problem, lambda: False)
    assert (plan.makespan, plan.proven) == (expected["makespanMinutes"], True)
    assert shortest_by_pulp(batch).makespan == expected["makespanMinutes"]
    optimal = sum(batch.makespan(each) == plan.makespan for each in _plans(batch))
    assert optimal == expected["optimalPlans"]
    shown = as_batch_document(problem, plan)["plan"]
    for job in problem.jobs:
        assert sum(shown[job.name].values()) == job.copies


@settings(max_examples=150, deadline=None)
@given(_batches())
def test_search_finds_the_optimum_and_the_canonical_plan(problem: Problem) -> None:
    """Of all optimal plans: the most on the first printers, jobs in order."""
    batch = batch_of(problem)
    plan = shortest(batch)
    least = min(map(batch.makespan, _plans(batch)))
    assert (plan.makespan, batch.makespan(plan.counts), plan.proven) == (
        least,
        least,
        True,
    )
    optimal = (each for each in _plans(batch) if batch.makespan(each) == least)
    assert canonical_plan(batch, least) == max(optimal)


@settings(max_examples=25, deadline=None)
@given(_batches())
def test_pulp_finds_the_same_makespan(problem: Problem) -> None:
    """Its plan may be another one; what is shown is the canonical one."""
    batch = batch_of(problem)
    found = shortest_by_pulp(batch)
    assert found.makespan == shortest(batch).makespan
    searched = plan_batch(problem, lambda: False)
    assert plan_batch(problem, lambda: True, steps=10**6) == searched


@settings(max_examples=150)
@given(_batches())
def test_changes_are_the_fewest_of_any_order(problem: Problem) -> None:
    """With loads that serve several jobs, equal ones and wider ones."""
    batch = batch_of(problem)
    jobs = tuple(range(len(batch.units)))
    families = frozenset(batch.family)
    for printer in range(len(batch.minutes)):
        assert batch.changes(printer, families) == _by_order(batch, printer, jobs)


def test_a_search_that_gives_up_says_so_and_pulp_takes_over() -> None:
    """The best plan found is still a plan."""
    problem, expected = _read(_FILES[0])
    batch, plan = plan_batch(problem, lambda: False, steps=3)
    assert not plan.proven
    assert plan.makespan >= expected["makespanMinutes"]
    assert "not proven to be the least" in as_batch_text(problem, batch, plan)
    _, by_pulp = plan_batch(problem, lambda: True, steps=3)
    assert (by_pulp.makespan, by_pulp.proven) == (expected["makespanMinutes"], True)


def test_a_batch_too_deep_to_search_is_still_planned() -> None:
    """Each copy goes to the printer that ends it first; nobody claims more."""
    printers = (Printer("a", self_clearing=True), Printer("b", self_clearing=True))
    job = JobClass("many", copies=2000, durations=(("", 10),))
    _, plan = plan_batch(Problem(0, printers, (job,)), lambda: False)
    assert (plan.makespan, plan.proven) == (10_000, False)


def test_what_fits_no_printer_is_named_and_the_rest_planned() -> None:
    """With the reason."""
    job = JobClass("petg", materials=("PETG",))
    problem = Problem(0, (Printer("a", loaded=("PLA",)),), (job, JobClass("any")))
    batch, plan = plan_batch(problem, lambda: False)
    assert as_batch_document(problem, plan)["plan"] == {"petg": {}, "any": {"a": 1}}
    text = as_batch_text(problem, batch, plan)
    assert "petg fits no printer: no such material" in text


def test_kept_together_is_cleared_between_copies_unless_it_is_a_block() -> None:
    """A batch counts each clearing; the forecast prints them in one go."""
    job = JobClass("set", copies=3, durations=(("", 10),), keep_together=True)
    problem = Problem(0, (Printer("a"),), (job,))
    assert batch_of(problem).minutes == ((40,),)
    assert batch_of(problem, blocks=True).minutes == ((30,),)
    busy = replace(problem, printers=(Printer("a", busy_minutes=7),))
    assert batch_of(busy).ready == (12,)
    assert batch_of(busy, {"a": 100}).ready == (100,)
