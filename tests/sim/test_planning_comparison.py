"""What bench/planning compares with, and what it says about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.planning import runs, tables
from bench.planning.cases import (
    BATCH_20,
    BATCH_100,
    ORDERS_20,
    SIZES,
    SMALL,
    SMALL_TUNING_SEEDS,
    STREAM_20,
    TUNING_SEEDS,
)
from bench.planning.exact import shortest_makespan
from bench.planning.report import MarkerMissing, fill
from bench.planning.rivals import original_tableau, rivals
from bench.planning.runs import Result
from bench.planning.targets import targets
from bench.solvers import Timing
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem
from moonraker_netqueue.scheduler.scored import score
from moonraker_netqueue.scheduler.solvers.solver import Solver
from moonraker_netqueue.sim.bound import least_makespan
from moonraker_netqueue.sim.farm import play
from moonraker_netqueue.sim.measures import Measures, measure
from moonraker_netqueue.sim.workload import batch, small_batch

_MEASURES = Measures(1200, 100.0, 300, 1000, 5, 50, 3, 10, 0.5)


@pytest.mark.parametrize("name", sorted(rivals()))
def test_every_rival_prints_everything(name: str) -> None:
    """Also those that are there for comparison only."""
    workload, rival = batch(31, 4, 40), rivals()[name]
    prints = play(workload, rival.strategy, whole=rival.whole)
    made = Counter(each.lot for each in prints if not each.failed)
    assert made == {lot.name: lot.copies for lot in workload.lots}


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), copies=st.integers(3, 8))
def test_the_exact_makespan_is_between_the_bound_and_every_rival(
    seed: int, copies: int
) -> None:
    """Below no bound, above no schedule."""
    workload = small_batch(seed, 3, copies)
    optimum = shortest_makespan(workload)
    assert least_makespan(workload) <= optimum
    for rival in rivals().values():
        prints = play(workload, rival.strategy, whole=rival.whole)
        assert measure(workload, prints).makespan >= optimum


def test_the_exact_makespan_by_hand() -> None:
    """Each printer makes one of both; the one cleared by hand ends last."""
    one = Printer("a", model="m", materials=("X", "Y"), loaded=("X",))
    two = replace(one, name="b", self_clearing=True)
    jobs = (
        JobClass("x", copies=2, materials=("X",), durations=(("m", 100),)),
        JobClass("y", copies=2, materials=("Y",), durations=(("m", 30),)),
    )
    workload = replace(small_batch(1), printers=(one, two), lots=jobs)
    assert shortest_makespan(workload) == 100 + 5 + 15 + 30


def test_the_original_formulation_and_spt() -> None:
    """Busy + 30 where a person must come + how much later than the oldest."""
    printer = Printer("a", model="m", materials=("X", "Y"), loaded=("X",))
    clears = replace(printer, name="b", self_clearing=True, busy_minutes=7)
    old = JobClass("old", 60, materials=("Y",), durations=(("m", 90),))
    new = JobClass("new", 660, materials=("X",), durations=(("m", 30),))
    scored = score(Problem(now=660, printers=(printer, clears), jobs=(old, new)))
    idle = (2, 10_000_000)
    assert original_tableau(scored).costs == (
        ((0, 3000), (1, 4000), idle),
        ((0, 3700), (1, 1700), idle),
    )
    assert rivals()["original"].strategy.choose(scored, Solver.PURE).vector == (0, 1)
    assert rivals()["spt"].strategy.choose(scored, Solver.PURE).vector == (1, 0)


def test_nothing_is_reported_on_seeds_that_were_tuned_on() -> None:
    """Large and small ones."""
    for size in SIZES:
        tuned = SMALL_TUNING_SEEDS if size is SMALL else TUNING_SEEDS
        assert not set(size.seeds) & set(tuned)


def _results(better: float) -> list[Result]:
    """A baseline, and a strategy of which all is `better` times as much."""
    ours = replace(
        _MEASURES,
        makespan=round(1200 * better),
        mean_flow=100 * better,
        longest_wait=round(1000 * better),
    )
    return [
        Result(size.name, seed, name, measures, 1000, 50.0, 1.0)
        for size in (SMALL, BATCH_20, BATCH_100, STREAM_20, ORDERS_20)
        for seed in size.seeds
        for name, measures in (("fifo", _MEASURES), ("greedy", ours))
    ]


def _timings(milliseconds: float) -> list[Timing]:
    return [
        Timing(printers, 200, 10_000, 1, 1.0, milliseconds, 0.0, 0.0, 1.0, None)
        for printers in (100, 1_000)
    ]


@pytest.mark.parametrize(
    ("better", "milliseconds", "met"), [(0.7, 40, True), (1.1, 2000, False)]
)
def test_targets_are_computed(better: float, milliseconds: float, *, met: bool) -> None:
    """From ratios, changes and times: nobody types a verdict."""
    found = list(targets(_results(better), _timings(milliseconds), "greedy"))
    assert len(found) == 12
    assert {target.met for target in found} == {met}


def test_tables_show_the_baseline_and_the_change() -> None:
    """The mean and the spread over the seeds."""
    table = tables.farm_tables(_results(0.7))
    assert "### 20 x 1,000 batch, 5 seeds" in table
    assert "| `fifo` | 1,200 | 100 | 300 | 1,000 | 5 | 50 | 3/10 | 0.50 |" in table
    assert "| `greedy` | -30 ± 0 % | -30 ± 0 % | +0 ± 0 % |" in table
    assert "| `greedy` | 0.840 | 0.84 | 0/60 | 0 |" in tables.small_table(_results(0.7))


def test_results_of_some_seeds_are_shown_as_such() -> None:
    """Who stops the command gets a page, with what there is."""
    ours = [r for r in _results(0.7) if r.rival == "greedy" and r.seed == 1]
    results = [r for r in _results(0.7) if r.rival == "fifo"] + ours
    table = tables.farm_tables(results)
    assert "| `greedy` (1 of 5 seeds) | -30 % | -30 % |" in table
    wanted = [each.wanted for each in targets(results, _timings(1.0), "greedy")]
    assert "20 x 1,000 batch, `greedy` (1 of 5 seeds): makespan" in wanted[2]


def test_results_are_kept_and_replaced(tmp_path: Path) -> None:
    """Case by case."""
    file = tmp_path / "farms.json"
    assert runs.load(file) == []
    runs.save(_results(0.7), file)
    assert sorted(runs.load(file), key=repr) == sorted(_results(0.7), key=repr)
    again = [replace(runs.load(file)[0], seconds=9.0)]
    merged = runs.replaced(runs.load(file), again)
    assert len(merged) == len(_results(0.7))
    assert [result.seconds for result in merged].count(9.0) == 1


def test_tables_go_between_their_markers(tmp_path: Path) -> None:
    """What stands there is replaced, what stands around it stays."""
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n")
    fill(page, {"x": "new"})
    assert page.read_text() == "a\n<!-- begin x -->\nnew\n<!-- end x -->\nb\n"
    with pytest.raises(MarkerMissing, match="begin y"):
        fill(page, {"y": "new"})
