"""The made-up workloads: by seed, of the size asked for, printable."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.feasibility import refusal
from moonraker_netqueue.scheduler.problem import Problem
from moonraker_netqueue.sim.workload import (
    ORDER_MAX,
    START,
    batch,
    orders,
    small_batch,
    stream,
)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000), printers=st.integers(1, 30), copies=st.integers(9, 900)
)
def test_lots_are_as_many_as_asked_for_and_each_fits_a_printer(
    seed: int, printers: int, copies: int
) -> None:
    """Also in the smallest workshop."""
    workload = batch(seed, printers, copies)
    assert (len(workload.printers), workload.copies) == (printers, copies)
    for lot in workload.lots:
        now = Problem(START * 60)
        assert None in (refusal(now, printer, lot) for printer in workload.printers)


def test_the_seed_is_all_that_matters() -> None:
    """Batch and stream of a seed have the same printers."""
    assert batch(7, 5, 50) == batch(7, 5, 50)
    assert batch(7, 5, 50) != batch(8, 5, 50)
    spread = stream(7, 5, 50, span=1000)
    assert spread == stream(7, 5, 50, span=1000)
    assert spread.printers == batch(7, 5, 50).printers
    comes = [lot.added // 60 - START for lot in spread.lots]
    assert 0 <= min(comes) < max(comes) < 1000


def test_a_stream_has_the_lots_of_the_batch() -> None:
    """Only when they come, and so when they are due, is another."""
    for whole, lot in zip(
        batch(7, 20, 1000).lots, stream(7, 20, 1000, span=1000).lots, strict=True
    ):
        delay = lot.added - whole.added
        due = None if whole.due is None else whole.due + delay
        assert lot == replace(whole, added=whole.added + delay, due=due)


def test_orders_are_for_the_files_of_the_batch_in_small_lots() -> None:
    """As many copies of each as in the batch, never many at a time."""
    ordered: Counter[str] = Counter()
    for lot in orders(7, 20, 1000, span=1000).lots:
        assert 1 <= lot.copies <= ORDER_MAX
        assert lot.due is None or lot.due > lot.added
        ordered[lot.name.partition("-")[0]] += lot.copies
    assert ordered == {lot.name: lot.copies for lot in batch(7, 20, 1000).lots}


def test_failures_are_drawn_by_lot_and_attempt() -> None:
    """About 2 in 100, each at some point of the print."""
    workload = batch(7, 5, 50)
    drawn = [workload.failing_share("lot00", n) for n in range(5000)]
    failed = [share for share in drawn if share is not None]
    assert drawn == [workload.failing_share("lot00", n) for n in range(5000)]
    assert 60 <= len(failed) <= 140
    assert all(0 <= share < 1 for share in failed)


def test_small_batches_have_no_nights_and_no_failures() -> None:
    """What the exact optimum is known for."""
    workload = small_batch(3)
    assert (len(workload.printers), workload.copies) == (3, 9)
    assert workload.operator == ()
    assert workload.failing_share("lot00", 0) is None
