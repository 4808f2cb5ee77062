"""What each strategy chooses, and that adding one takes one file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from moonraker_netqueue.scheduler import strategies as package
from moonraker_netqueue.scheduler.errors import ProblemError
from moonraker_netqueue.scheduler.hours import OperatorPeriod
from moonraker_netqueue.scheduler.planner import plan
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem
from moonraker_netqueue.scheduler.solvers.solver import Solver
from moonraker_netqueue.scheduler.strategies import known_strategies, strategy_named

_A = Printer("a", loaded=("PLA",), materials=("PETG",), self_clearing=True)
_B = Printer("b", loaded=("PETG",), materials=("PLA",), self_clearing=True)
_OLD_PETG = JobClass("old", added=0, materials=("PETG",))
_NEW_PLA = JobClass("new", added=60, materials=("PLA",))
_TWO_BY_TWO = Problem(now=120, printers=(_A, _B), jobs=(_OLD_PETG, _NEW_PLA))


def _plan(strategy: str, problem: Problem = _TWO_BY_TWO) -> dict[str, str | None]:
    return dict(plan(replace(problem, strategy=strategy)).assignment)


def test_every_module_of_the_package_is_a_strategy_of_its_name() -> None:
    """So one new file is all that a new strategy needs."""
    files = {path.stem for path in Path(package.__path__[0]).glob("*.py")}
    assert set(known_strategies()) == files - {"__init__", "strategy"}
    assert all(
        name == found.name and found.text for name, found in known_strategies().items()
    )


def test_unknown_strategies_are_refused() -> None:
    """The message lists those there are."""
    with pytest.raises(ProblemError, match=r"'fastest'.*assignment, fifo, greedy"):
        strategy_named("fastest")


def test_fifo_gives_the_oldest_job_to_the_first_printer_whatever_it_costs() -> None:
    """Two changes of material, where the others need none."""
    assert _plan("fifo") == {"a": "old", "b": "new"}
    for strategy in ("greedy", "assignment"):
        assert _plan(strategy) == {"a": "new", "b": "old"}


def test_fifo_puts_priority_before_age() -> None:
    """Of one level, age decides."""
    urgent = replace(_NEW_PLA, priority=1)
    found = _plan("fifo", replace(_TWO_BY_TWO, jobs=(_OLD_PETG, urgent)))
    assert found == {"a": "new", "b": "old"}


def test_fifo_and_greedy_give_no_copy_twice_and_mind_the_mask() -> None:
    """One copy for two printers, of which one lacks the material."""
    one = replace(_TWO_BY_TWO, jobs=(_NEW_PLA,))
    bare = replace(one, printers=(replace(_A, loaded=(), materials=()), _B))
    for strategy in ("fifo", "greedy"):
        assert _plan(strategy, one) == {"a": "new", "b": None}
        assert _plan(strategy, bare) == {"a": None, "b": "new"}


def test_greedy_takes_the_cheapest_for_the_first_and_pays_with_the_second() -> None:
    """The assignment looks at both printers at once."""
    slow = JobClass("slow", durations=(("", 100),))  # cheaper on none
    fast = JobClass("fast", durations=(("", 10),), nozzle=0.4)
    printers = (replace(_A, nozzle=0.4), _B)  # only a can print `fast`... and `slow`
    problem = Problem(now=0, printers=printers, jobs=(slow, fast))
    assert _plan("greedy", problem) == {"a": "fast", "b": "slow"}
    dear = replace(
        problem, jobs=(replace(slow, nozzle=0.4), replace(fast, nozzle=None))
    )
    assert _plan("greedy", dear) == {"a": "fast", "b": None}
    assert _plan("assignment", dear) == {"a": "slow", "b": "fast"}


def test_greedy_and_fifo_explain_without_prices() -> None:
    """Who waits and what for; no figure that nobody computed."""
    problem = replace(_TWO_BY_TWO, printers=(_A,))
    found = plan(replace(problem, strategy="greedy"))
    assert found.why_waiting["old"].text == "waits: a takes new first"


_DAY = 24 * 60 * 60


@pytest.mark.parametrize("strategy", sorted(known_strategies()))
def test_nobody_starves_whatever_the_strategy(strategy: str) -> None:
    """Past the maximum wait the dearest job goes first; just before, it need not."""
    dear = JobClass("dear", copies=3, materials=("PETG",), durations=(("", 600),))
    cheap = replace(_NEW_PLA, added=2 * _DAY, copies=50, durations=(("", 30),))
    problem = Problem(4 * _DAY, (_A,), (dear, cheap))
    assert _plan(strategy, problem) == {"a": "dear"}
    if strategy != "fifo":  # which knows priority and age alone
        young = Problem(2 * _DAY, (_A,), (dear, replace(cheap, added=60)))
        assert _plan(strategy, young) == {"a": "new"}


@pytest.mark.parametrize("strategy", sorted(known_strategies()))
def test_priority_goes_first_whatever_the_strategy(strategy: str) -> None:
    """Two levels outweigh a change of material."""
    plain = replace(_NEW_PLA, copies=3)
    urgent = replace(_OLD_PETG, added=90, priority=2)
    problem = Problem(120, (_A,), (plain, urgent))
    assert _plan(strategy, problem) == {"a": "old"}
    relaxed = replace(problem, jobs=(plain, replace(urgent, priority=0)))
    assert _plan(strategy, relaxed) == {"a": "new"}


@pytest.mark.parametrize("strategy", ["assignment", "lookahead"])
def test_what_is_due_goes_to_the_printer_that_ends_it_in_time(strategy: str) -> None:
    """Each minute late counts; who looks at one printer at a time cannot see it."""
    fast = replace(_A, name="b", model="fast")
    slow = replace(_A, name="a", model="slow")
    durations = (("fast", 600), ("slow", 640))
    due = JobClass("due", durations=durations, due=600 * 60, added=1)
    other = JobClass("other", durations=durations)
    problem = Problem(1, (slow, fast), (other, due))
    assert _plan(strategy, problem) == {"a": "other", "b": "due"}


_EVENTS = OperatorPeriod(tuple(range(7)), 0, 1440, max_manual_events=2, events_used=1)
_SWAPS = Problem(
    now=120,
    printers=tuple(Printer(name, materials=("PLA", "PETG")) for name in "abc"),
    jobs=(replace(_OLD_PETG, copies=2), replace(_NEW_PLA, copies=2)),
    operator=(_EVENTS,),
)


@pytest.mark.parametrize("strategy", sorted(known_strategies()))
def test_no_strategy_asks_more_of_the_operator_than_the_period_allows(
    strategy: str,
) -> None:
    """One event is left: one printer gets its material, the others wait."""
    taken = list(_plan(strategy, _SWAPS).values())
    assert taken.count(None) == 2
    free = replace(_SWAPS, operator=(replace(_EVENTS, max_manual_events=None),))
    assert None not in _plan(strategy, free).values()
    own = replace(_SWAPS.printers[2], operator=(replace(_EVENTS, events_used=0),))
    mixed = replace(_SWAPS, printers=(*_SWAPS.printers[:2], own))
    assert list(_plan(strategy, mixed).values()).count(None) == 1
    assert _plan(strategy, mixed)["c"] is not None


@pytest.mark.parametrize("solver", Solver)
def test_a_limit_of_the_operator_is_told_as_the_reason(solver: Solver) -> None:
    """Of the printer that stays idle, and of the job that waits for it."""
    found = plan(_SWAPS, solver)
    enough = (
        "needs a change, and the operator does as much by hand as the period allows"
    )
    assert found.assignment == {"a": "old", "b": None, "c": None}
    assert found.why_idle["b"].text == f"old {enough}"
    assert found.why_waiting["new"].text == f"waits: b {enough}"


def test_printers_that_become_ready_in_different_periods_have_both_limits() -> None:
    """One allows none before noon, the next one change from then on."""
    morning = replace(_EVENTS, start=0, duration=720)
    noon = replace(_EVENTS, start=720, duration=60, max_manual_events=1)
    busy = tuple(
        replace(printer, state="printing", busy_minutes=20)
        for printer in _SWAPS.printers[1:]
    )
    problem = replace(
        _SWAPS,
        now=710 * 60,
        printers=(_SWAPS.printers[0], *busy),
        operator=(replace(morning, max_manual_events=1), noon),
    )
    taken = _plan("assignment", problem)
    assert taken["a"] is None
    assert sorted(map(str, (taken["b"], taken["c"]))) == ["None", "old"]
