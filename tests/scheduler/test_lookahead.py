"""Strategy lookahead: prices, rollouts, and never worse than the assignment."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pulp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moonraker_netqueue.scheduler.batch.batch import batch_of
from moonraker_netqueue.scheduler.batch.search import shortest
from moonraker_netqueue.scheduler.forecast import forecast
from moonraker_netqueue.scheduler.hours import OperatorPeriod
from moonraker_netqueue.scheduler.lookahead import candidates
from moonraker_netqueue.scheduler.lookahead.candidates import best_candidate
from moonraker_netqueue.scheduler.lookahead.daytime import exact_start
from moonraker_netqueue.scheduler.lookahead.prices import (
    ONE,
    _kind_prices,
    extra_minutes,
)
from moonraker_netqueue.scheduler.lookahead.rollout import Costs, Outcome, Queue, play
from moonraker_netqueue.scheduler.lookahead.shop import Shop, shop_of
from moonraker_netqueue.scheduler.lookahead.weighting import SCORE
from moonraker_netqueue.scheduler.planner import plan
from moonraker_netqueue.scheduler.problem import (
    CLEARING,
    JobClass,
    Printer,
    Problem,
    Volume,
    Weights,
)
from moonraker_netqueue.scheduler.scored import score
from moonraker_netqueue.scheduler.solvers.linear_programme import names_of_pulp_3
from moonraker_netqueue.scheduler.solvers.solver import Solver
from moonraker_netqueue.scheduler.strategies import strategy_named

_DAYTIME = OperatorPeriod(days=(0, 1, 2, 3, 4, 5, 6), start=8 * 60, duration=600)
_NINE = 9 * 60
_MATERIALS = ("PLA", "PETG")


@st.composite
def _problems(draw: st.DrawFn, *, nights: bool = True) -> Problem:
    printers = tuple(
        Printer(
            name,
            model=draw(st.sampled_from("mn")),
            loaded=(draw(st.sampled_from(_MATERIALS)),),
            materials=_MATERIALS,
            self_clearing=draw(st.booleans()),
            grams_left=draw(st.sampled_from([None, 500])) if nights else None,
            spool_grams=1000,
        )
        for name in draw(st.sampled_from(["a", "ab", "abc"]))
    )
    jobs = tuple(
        JobClass(
            f"j{number}",
            added=draw(st.integers(0, _NINE * 60)) if nights else 0,
            copies=draw(st.integers(1, 3)),
            materials=(draw(st.sampled_from(_MATERIALS)),),
            durations=draw(
                st.sampled_from(
                    [(("m", 30), ("n", 45)), (("m", 400), ("n", 500)), (("", 70),)]
                )
            ),
            grams=300,
            due=draw(st.sampled_from([None, 20 * 3600])) if nights else None,
            keep_together=draw(st.booleans()),
        )
        for number in range(draw(st.integers(1, 4)))
    )
    hours = (_DAYTIME,) if nights else ()
    # Without a horizon greedy, too, looks at idle printers alone.
    weights = Weights(horizon=0)
    return Problem(_NINE * 60, printers, jobs, weights=weights, operator=hours)


def _starts(problem: Problem, vector: tuple[int, ...]) -> list[tuple[int, int]]:
    return [(p, job) for p, job in enumerate(vector) if job < len(problem.jobs)]


def _outcome(problem: Problem, vector: tuple[int, ...]) -> Outcome:
    """What the score alone makes of the queue after these starts."""
    queue = Queue(problem, shop_of(problem))
    extra = extra_minutes(queue.shop, queue.left, queue.busy())
    return play(queue, Costs(queue, extra, SCORE), _starts(problem, vector))


@settings(max_examples=150, deadline=None)
@given(_problems())
def test_a_rollout_by_the_score_is_the_forecast_of_greedy(problem: Problem) -> None:
    """The fast rules are the real ones: nights, changes, spools, clearing."""
    found = forecast(replace(problem, strategy="greedy"))
    copies = {job.name: job.copies for job in problem.jobs}
    outcome = _outcome(problem, (len(problem.jobs),) * len(problem.printers))
    end = max((each.end for each in found.prints), default=_NINE)
    assert outcome.makespan == end - _NINE
    added = {job.name: min(_NINE, job.added // 60) for job in problem.jobs}
    flows = (each.end - added[each.job] for each in found.prints)
    assert outcome.longest == max(flows, default=0)
    assert outcome.left == sum(left for _, left in found.left)
    due = {job.name: job.due for job in problem.jobs}
    flow = 0
    for each in found.prints:
        limit = due[each.job]
        late = 0 if limit is None else max(0, each.end - limit // 60)
        flow += each.copies * (each.end - _NINE + late)
    assert outcome.flow == flow
    assert sum(each.change for each in found.prints) * 45 == outcome.handling
    assert outcome.copies == sum(copies.values())


@settings(max_examples=60, deadline=None)
@given(_problems())
def test_the_answer_is_never_worse_than_the_assignment(problem: Problem) -> None:
    """By the measure of the rollouts; and it is feasible."""
    scored = score(problem)
    best = best_candidate(scored)
    assignment = strategy_named("assignment").choose(scored, Solver.PURE).vector
    scored.tableau.objective(best.vector)
    if best.outcome is None:
        return  # all candidates start the same, or an exact plan is shorter than any
    other = _outcome(problem, assignment)
    if exact_start(scored, Queue(problem, shop_of(problem))) is not None:
        # Where the least makespan is known it comes before all else.
        assert best.outcome.makespan <= other.makespan
    else:
        assert best.outcome.value <= other.value


@settings(max_examples=30, deadline=None)
@given(_problems(nights=False))
def test_a_queue_that_is_done_before_night_takes_the_least_time(
    problem: Problem,
) -> None:
    """Decision after decision, as the component asks for them."""
    least = shortest(batch_of(problem, blocks=True)).makespan
    assert _played(replace(problem, strategy="lookahead")) == least
    assert _played(replace(problem, strategy="fifo")) >= least


def _played(problem: Problem) -> int:
    """The makespan of a queue, with somebody always there."""
    minute, end = problem.now // 60, 0
    until = dict.fromkeys((p.name for p in problem.printers), 0)
    while any(job.copies for job in problem.jobs):
        printers = tuple(
            replace(
                p,
                busy_minutes=max(0, until[p.name] - minute),
                bed_clear=p.self_clearing
                or until[p.name] == 0
                or not until[p.name] <= minute < until[p.name] + CLEARING,
            )
            for p in problem.printers
        )
        problem = replace(problem, now=minute * 60, printers=printers)
        jobs = {job.name: job for job in problem.jobs}
        for name, chosen in plan(problem).assignment.items():
            printer = next(p for p in printers if p.name == name)
            if chosen is None or printer.busy_minutes or not printer.bed_clear:
                continue
            job = jobs[chosen]
            change = job.materials != printer.loaded
            until[name] = minute + (job.duration(printer.model) or 0) + 15 * change
            end = max(end, until[name])
            left = 0 if job.keep_together else job.copies - 1
            jobs[chosen] = replace(job, copies=left)
            loaded = replace(printer, loaded=job.materials)
            printers = tuple(loaded if p.name == name else p for p in printers)
        waiting = tuple(job for job in jobs.values() if job.copies)
        problem = replace(problem, printers=printers, jobs=waiting)
        moments = [at + late for at in until.values() for late in (0, CLEARING)]
        minute = min((at for at in moments if at > minute), default=minute + 1)
    return end - _NINE


def _fluid_optimum(shop: Shop, units: list[int]) -> float:
    """The linear programme of prices.py, by PuLP."""
    model = pulp.LpProblem("fluid", pulp.LpMinimize)
    with names_of_pulp_3():
        span = pulp.LpVariable("T", 0)
        made = [
            {
                kind.number: pulp.LpVariable(f"y_{job}_{kind.number}", 0)
                for kind in shop.kinds
                if kind.effective[job] is not None
            }
            for job in range(len(units))
        ]
    model += span
    for job, count in enumerate(units):
        model += pulp.lpSum(made[job].values()) == count
    for kind in shop.kinds:
        work = [
            (kind.effective[job] or 0) * row[kind.number]
            for job, row in enumerate(made)
            if kind.number in row
        ]
        model += pulp.lpSum(work) <= shop.size[kind.number] * span
    path = pulp.PULP_CBC_CMD.pulp_cbc_path
    model.solve(pulp.COIN_CMD(path=path, msg=False))
    return float(span.value())


@st.composite
def _shops(draw: st.DrawFn) -> tuple[Shop, list[int]]:
    large = Volume(300, 300, 300)
    small = Volume(200, 200, 200)
    printers = tuple(
        Printer(
            f"p{number}",
            model=draw(st.sampled_from("mn")),
            volume=draw(st.sampled_from([large, small])) if number else large,
            self_clearing=draw(st.booleans()),
        )
        for number in range(draw(st.integers(1, 5)))
    )
    jobs = tuple(
        JobClass(
            f"j{number}",
            durations=(
                ("m", draw(st.integers(30, 700))),
                ("n", draw(st.integers(30, 700))),
            ),
            bbox=(draw(st.sampled_from([100, 250])), 100, 100),
        )
        for number in range(draw(st.integers(1, 6)))
    )
    units = draw(st.tuples(*[st.integers(1, 60)] * len(jobs)))
    return shop_of(Problem(0, printers, jobs)), list(units)


@settings(max_examples=40, deadline=None)
@given(_shops())
def test_prices_are_near_the_duals_of_the_fluid_programme(
    case: tuple[Shop, list[int]],
) -> None:
    """Weak duality holds, and little is lost to rounds and rounding."""
    shop, units = case
    price = _kind_prices(shop, tuple(units), (0,) * len(shop.kinds))
    worth = sum(p * size for p, size in zip(price, shop.size, strict=True))
    least = [
        min(
            price[kind.number] * minutes
            for kind in shop.kinds
            if (minutes := kind.effective[job]) is not None
        )
        for job in range(len(units))
    ]
    bound = sum(n * cost for n, cost in zip(units, least, strict=True)) / worth
    optimum = _fluid_optimum(shop, units)
    assert 0.75 * optimum <= bound <= optimum * 1.000001


def test_only_large_parts_make_the_large_printer_dear() -> None:
    """A small part on it then costs the queue the minutes it takes there."""
    small = Printer("s", self_clearing=True, volume=Volume(200, 200, 200))
    large = Printer("l", self_clearing=True, volume=Volume(300, 300, 300))
    part = JobClass("part", copies=2, durations=(("", 100),), bbox=(100, 100, 100))
    big = JobClass("big", copies=40, durations=(("", 100),), bbox=(250, 250, 100))
    shop = shop_of(Problem(0, (small, large), (big, part)))
    extra = extra_minutes(shop, (40, 2), (0, 0))
    on_small, on_large = extra[shop.kind_of[1] or 0], extra[shop.kind_of[0] or 0]
    assert (on_small[0], on_small[1], on_large[0]) == (None, 0, 0)
    assert (on_large[1] or 0) > 100
    balanced = extra_minutes(shop, (0, 40), (0, 0))
    assert {row[1] for row in balanced} == {0}
    assert ONE == 1 << 16


def test_the_only_large_printer_is_kept_for_large_parts() -> None:
    """The assignment takes the cheapest pair, and the farm waits for the printer."""
    small = Printer("s", self_clearing=True, volume=Volume(200, 200, 200))
    large = Printer("l", self_clearing=True, volume=Volume(300, 300, 300))
    short = JobClass("short", copies=6, durations=(("", 30),), bbox=(9, 9, 9))
    big = JobClass("big", added=1, copies=3, durations=(("", 60),), bbox=(250, 9, 9))
    problem = Problem(60, (small, large), (short, big))
    assert plan(problem).assignment == {"l": "short", "s": "short"}
    ahead = replace(problem, strategy="lookahead")
    assert plan(ahead).assignment == {"l": "big", "s": "short"}


def test_a_long_print_is_kept_for_the_night() -> None:
    """At 17:00 two prints fit before eight in the morning only one way round."""
    printer = Printer("a")
    long = JobClass("long", copies=1, durations=(("", 840),))
    short = JobClass("short", copies=1, durations=(("", 50),))
    at_five = Problem(17 * 3600, (printer,), (long, short), operator=(_DAYTIME,))
    assert plan(replace(at_five, strategy="lookahead")).assignment == {"a": "short"}
    found = forecast(replace(at_five, strategy="lookahead"))
    assert [each.job for each in found.prints] == ["short", "long"]


@pytest.mark.parametrize(("copies", "played"), [(30, 10), (2_000, 2)])
def test_a_longer_queue_is_played_forward_less_often(
    monkeypatch: pytest.MonkeyPatch, copies: int, played: int
) -> None:
    """All candidates of a short one, of a long one the best and the assignment's."""
    calls: list[object] = []

    def counted(*arguments: Any) -> Outcome:
        calls.append(arguments)
        return play(*arguments)

    monkeypatch.setattr(candidates, "play", counted)
    # By the score alone the one that has waited comes first, by other weightings not.
    long = JobClass("long", copies=copies, durations=(("", 120),))
    short = JobClass("short", added=12_000, copies=copies, durations=(("", 60),))
    problem = Problem(12_000, (Printer("a"),), (long, short))
    assert best_candidate(score(problem)).outcome is not None
    assert len(calls) == played


def test_a_queue_too_long_to_play_is_decided_by_prices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The work is counted: no rollout is started that cannot be paid."""
    played: list[object] = []
    monkeypatch.setattr(candidates, "play", lambda *_: played.append(_))
    job = JobClass("many", copies=candidates.WORK, durations=(("", 30),))
    problem = Problem(0, (Printer("a"),), (job,), strategy="lookahead")
    assert plan(problem).assignment == {"a": "many"}
    assert played == []


def test_nothing_to_print_or_nobody_to_print_it() -> None:
    """No jobs, no printers, and one that is broken."""
    job, printer = JobClass("j"), Printer("a")
    for problem in (
        Problem(0, (printer,), (), strategy="lookahead"),
        Problem(0, (), (job,), strategy="lookahead"),
        Problem(0, (replace(printer, state="error"),), (job,), strategy="lookahead"),
    ):
        assert set(plan(problem).assignment.values()) <= {None}


def test_limits_of_the_operator_are_kept() -> None:
    """One change in this period, and two printers that would need one."""
    hours = replace(_DAYTIME, max_manual_events=1)
    printers = (
        Printer("a", loaded=("PLA",), materials=_MATERIALS),
        Printer("b", loaded=("PLA",), materials=_MATERIALS),
    )
    job = JobClass("petg", copies=5, materials=("PETG",))
    problem = Problem(
        _NINE * 60, printers, (job,), operator=(hours,), strategy="lookahead"
    )
    assert list(plan(problem).assignment.values()).count("petg") == 1
