"""A posted list of files, merged with what others did meanwhile."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.api.job_queue_reorder import (
    Move,
    Wanted,
    merge,
    moves_of,
    runs_of,
)
from moonraker_netqueue.api.job_queue_rows import Row


def row(job_id: str, filename: str, copy: int = 0) -> Row:
    return Row(f"{job_id}/{copy}", filename, job_id, 0, copy, 0.0)


def moved(order: list[str], moves: list[Move]) -> list[str]:
    """The order after some moves, as the queue would do them."""
    for move in moves:
        order.remove(move.job_id)
        at = order.index(move.anchor) + (0 if move.before else 1)
        order.insert(at, move.job_id)
    return order


A, B, C = row("a", "a.gcode"), row("b", "b.gcode"), row("c", "c.gcode")


def test_a_list_in_another_order_moves_jobs() -> None:
    """Nothing is added or taken away: ids stay."""
    merged = merge([A, B, C], [A, B, C], ["c.gcode", "a.gcode", "b.gcode"])
    assert merged.removed == ()
    assert merged.order == (Wanted("c"), Wanted("a"), Wanted("b"))


def test_what_another_client_added_meanwhile_stays() -> None:
    """It is not in the posted list, since that client had not seen it."""
    merged = merge([A, B], [A, B, C], ["b.gcode", "a.gcode"])
    assert merged.removed == ()
    moves = moves_of(["a", "b", "c"], ["b", "a"])
    assert moved(["a", "b", "c"], moves) == ["b", "a", "c"]


def test_what_another_client_removed_meanwhile_does_not_come_back() -> None:
    """The list still names it."""
    merged = merge([A, B, C], [A, C], ["c.gcode", "b.gcode", "a.gcode"])
    assert merged.order == (Wanted("c"), Wanted("a"))


def test_what_the_list_names_no_more_is_taken_away() -> None:
    """If it is still there."""
    assert merge([A, B, C], [A, B], ["a.gcode"]).removed == (B,)


def test_a_file_that_was_not_seen_is_new_at_its_place() -> None:
    """Repeated in a row it is one job of several copies."""
    merged = merge([A, B], [A, B], ["a.gcode", "n.gcode", "n.gcode", "b.gcode"])
    assert merged.order == (Wanted("a"), Wanted("", "n.gcode", 2), Wanted("b"))


def test_of_one_name_the_first_stay() -> None:
    """Two jobs of one file are told apart by their order."""
    first, second = row("x", "s.gcode"), row("y", "s.gcode")
    merged = merge([first, B, second], [first, B, second], ["b.gcode", "s.gcode"])
    assert merged.removed == (second,)
    assert merged.order == (Wanted("b"), Wanted("x"))


def test_a_job_whose_copies_are_torn_apart_goes_to_the_first() -> None:
    """It has one place in the queue."""
    one, two = row("x", "s.gcode", 0), row("x", "s.gcode", 1)
    names = ["s.gcode", "b.gcode", "s.gcode"]
    assert merge([one, two, B], [one, two, B], names).order == (
        Wanted("x"),
        Wanted("b"),
    )


def test_runs_are_counted() -> None:
    """As Mainsail adds copies."""
    assert runs_of(["a", "a", "b", "a"]) == [
        Wanted("", "a", 2),
        Wanted("", "b", 1),
        Wanted("", "a", 1),
    ]
    assert runs_of([]) == []


orders = st.permutations([f"j{n}" for n in range(7)])


@given(orders, st.lists(st.sampled_from([f"j{n}" for n in range(7)]), unique=True))
def test_moves_bring_about_the_order_and_disturb_nobody(
    now: list[str], wanted: list[str]
) -> None:
    """Jobs that are not named keep their order among themselves."""
    after = moved(list(now), moves_of(now, wanted))
    assert [job for job in after if job in wanted] == wanted
    assert [job for job in after if job not in wanted] == [
        job for job in now if job not in wanted
    ]


@given(orders)
def test_one_dragged_row_is_one_move(now: list[str]) -> None:
    """Each command is a round trip to the leader."""
    dragged = [*now[1:4], now[0], *now[4:]]
    assert len(moves_of(now, dragged)) == 1
    assert moves_of(now, now) == []


names = st.lists(st.sampled_from("abc"), max_size=8)


@given(names, names)
def test_a_client_alone_gets_what_it_posted(seen: list[str], wanted: list[str]) -> None:
    """As many copies of each file as it named."""
    rows = [row(f"job{n}", name) for n, name in enumerate(seen)]
    merged = merge(rows, rows, wanted)
    copies = Counter(r.filename for r in rows if r not in merged.removed)
    for part in merged.order:
        copies.update({part.filename: part.count} if part.filename else {})
    assert copies == Counter(wanted)
