"""Rows of a dashboard's list: which go when copies are taken out or begin to print."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.api.job_queue_rows import Row, TakenOut


def rows(numbers: Sequence[int], job_id: str = "a") -> list[Row]:
    return [Row(str(number), "a.gcode", job_id, 0, number, 0.0) for number in numbers]


@given(count=st.integers(1, 40), data=st.data())
def test_the_very_copies_go_that_were_taken_out(
    count: int, data: st.DataObject
) -> None:
    """One call after the other, while copies begin to print at the front."""
    out = TakenOut()
    wanted = list(range(count))
    begun = 0
    while len(wanted) > begun and data.draw(st.booleans()):
        begun = data.draw(st.integers(begun, len(wanted)))
        shown = wanted[begun:]
        taken = data.draw(st.sets(st.sampled_from(shown))) if shown else set()
        out.add(rows(sorted(taken, reverse=True)))
        wanted = [number for number in wanted if number not in taken]
        assert list(out.numbers("a", 0, 0, begun)) == wanted[:begun]
        assert list(out.numbers("a", 0, begun, len(wanted))) == wanted[begun:]
    assert list(out.numbers("b", 0, 1, 3)) == [1, 2], "of another job"
