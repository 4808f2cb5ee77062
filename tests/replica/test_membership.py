"""The configuration as a fold, and who gets the next seat."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.replica.entry import Kind
from moonraker_netqueue.replica.membership import next_seat, seats_for, voters_after
from moonraker_netqueue.replica.phase import TRANSITIONS, Phase

_HOSTS = st.sampled_from("abcdefgh")


def test_the_configuration_is_the_fold_of_all_changes() -> None:
    """Adds and removes in the order of the log; a repeated one changes nothing."""
    changes = [
        (2, Kind.ADD, "a"),
        (5, Kind.ADD, "b"),
        (6, Kind.ADD, "b"),
        (9, Kind.REMOVE, "a"),
        (11, Kind.REMOVE, "x"),
    ]
    assert voters_after(changes) == {"b"}
    assert voters_after(changes[:3]) == {"a", "b"}
    assert voters_after([]) == frozenset()


def test_seats_by_number_of_members() -> None:
    """Odd above two, at most five."""
    seats = [seats_for(members) for members in range(1, 9)]
    assert seats == [1, 2, 3, 3, 5, 5, 5, 5]


@given(
    st.sets(st.sampled_from("abcdefgh")),
    st.sets(st.sampled_from("abcdefgh"), min_size=1),
)
def test_giving_seats_never_rests_on_an_even_count_above_two(
    observers: set[str], founders: set[str]
) -> None:
    """One by one to all who are caught up, whatever came before."""
    voters = frozenset(sorted(founders)[:1])
    members = observers | founders
    while (host := next_seat(voters, members)) is not None:
        assert host in members
        assert host not in voters
        voters |= {host}
    assert len(voters) == seats_for(len(members))


def test_an_end_is_final() -> None:
    """No way leads back from a failed or closed replica; every phase can end."""
    assert TRANSITIONS[Phase.CLOSED] == frozenset()
    assert TRANSITIONS[Phase.FAILED] == {Phase.CLOSED}
    for phase in set(Phase) - {Phase.FAILED, Phase.CLOSED}:
        assert {Phase.FAILED, Phase.CLOSED} <= TRANSITIONS[phase]
    assert set(TRANSITIONS) == set(Phase)
