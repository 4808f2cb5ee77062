"""Random problems in which every reason of the mask comes up."""

from __future__ import annotations

from hypothesis import strategies as st

from moonraker_netqueue.scheduler.hours import DAY, WEEK, OperatorPeriod
from moonraker_netqueue.scheduler.problem import JobClass, Printer, Problem, Weights
from moonraker_netqueue.scheduler.strategies import known_strategies

MATERIALS = ("PLA:black", "PLA:red", "PETG:black")
PERIODS = st.lists(
    st.builds(
        OperatorPeriod,
        days=st.lists(st.integers(0, 6), max_size=3).map(tuple),
        start=st.integers(0, DAY - 1),
        duration=st.integers(1, WEEK + 5),
        utc_offset=st.integers(-720, 840),
        max_manual_events=st.sampled_from([None, None, 1, 2]),
        events_used=st.integers(0, 2),
    ),
    max_size=3,
).map(tuple)
_some = st.sampled_from
_OWN_HOURS = (OperatorPeriod(days=(0, 1, 2, 3, 4, 5, 6), start=600, duration=120),)


def printers(name: str, *, ready: bool) -> st.SearchStrategy[Printer]:
    """A printer of that name; if `ready`, its bed is clear and it prints nothing."""
    return st.builds(
        Printer,
        name=st.just(name),
        model=_some(["m", "n"]),
        materials=st.lists(_some(MATERIALS), max_size=2).map(tuple),
        loaded=_some(MATERIALS).map(lambda word: (word,)),
        self_clearing=st.booleans(),
        nozzle=_some([None, 0.4, 0.6]),
        grams_left=_some([None, 40.0]),
        spool_grams=_some([None, 60.0, 1000.0]),
        state=st.just("idle") if ready else _some(["idle", "idle", "offline"]),
        busy_minutes=st.just(0) if ready else _some([0, 0, 20, 99]),
        bed_clear=st.just(True) if ready else st.booleans(),
        quarantined=st.booleans(),
        switched_off=st.booleans(),
        operator=_some([(), (), _OWN_HOURS]),
    )


def jobs(name: str) -> st.SearchStrategy[JobClass]:
    """A job of that name."""
    return st.builds(
        JobClass,
        name=st.just(name),
        added=st.integers(0, 10 * DAY * 60),
        copies=st.integers(1, 3),
        materials=st.lists(_some([*MATERIALS, "PLA"]), max_size=1).map(tuple),
        durations=_some(
            [(("m", 60),), (("", 300),), (("m", 90), ("n", 45)), (("n", 700),)]
        ),
        nozzle=_some([None, 0.4]),
        grams=_some([0.0, 50.0]),
        due=st.none() | st.integers(0, 20 * DAY * 60),
        spread=st.booleans(),
        made_on=_some([(), ("a",), ("a", "b")]),
        held_on=_some([(), ("b",)]),
        held=st.booleans(),
        failed_on=_some([(), ("a",)]),
    )


def problems(*, ready: bool = False) -> st.SearchStrategy[Problem]:
    """Three printers and four jobs, on any weekday, by any strategy."""
    return st.builds(
        Problem,
        now=st.integers(8 * DAY, 12 * DAY).map(lambda minute: minute * 60 + 17),
        printers=st.tuples(*(printers(name, ready=ready) for name in "abc")),
        jobs=st.tuples(*(jobs(name) for name in "ijkl")),
        weights=st.builds(Weights, dead=st.integers(0, 50), max_wait=st.just(9 * DAY)),
        operator=PERIODS,
        strategy=_some(sorted(known_strategies())),
    )
