"""The configuration as a fold, and which change of seats is due."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.replica.entry import Kind, Seat, pack, seat_of
from moonraker_netqueue.replica.errors import WireInvalid
from moonraker_netqueue.replica.greeting import LinkedJournal
from moonraker_netqueue.replica.membership import (
    VOTERS_MAX,
    Census,
    Change,
    gives_up_seat,
    next_change,
    seats_after,
    seats_for,
)
from moonraker_netqueue.replica.participants import Participants
from moonraker_netqueue.replica.phase import TRANSITIONS, Phase

_HOSTS = st.sets(st.sampled_from("abcdefghij"))


def _census(
    voters: str, linked: str = "", observers: str = "", silent: str = ""
) -> Census:
    """Voters by letter, the first one leading; all linked but the silent ones."""
    return Census(
        here=voters[0],
        seats=dict.fromkeys(voters, "1"),
        linked=frozenset(linked or set(voters) - set(silent)),
        caught_up=dict.fromkeys(observers, "1"),
        silent=frozenset(silent),
    )


def _settle(census: Census, limit: int = 20) -> tuple[Census, list[str]]:
    """Make all changes that are due; a changed seat moves a host between the sets."""
    made: list[str] = []
    while (change := next_change(census)) is not None:
        kind, seat = change
        seats, caught_up = dict(census.seats), dict(census.caught_up)
        linked = census.linked
        if kind is Kind.ADD:
            assert seat.host in caught_up, "only who has everything gets a seat"
            seats[seat.host] = caught_up.pop(seat.host)
            linked |= {seat.host}
            made.append(f"+{seat.host}")
        else:
            del seats[seat.host]
            if seat.host in linked and seat.host not in census.leaving:
                caught_up[seat.host] = "1"
            linked -= {seat.host}
            made.append(f"-{seat.host}")
        census = replace(census, seats=seats, caught_up=caught_up, linked=linked)
        present = linked - census.ending
        assert 2 * len(present) > len(seats), f"{made}: no quorum to commit the change"
        assert len(made) < limit, f"no end: {made}"
    return census, made


def _changes(census: Census) -> list[str]:
    return _settle(census)[1]


def test_the_configuration_is_the_fold_of_all_changes() -> None:
    """Adds and removes in the order of the log; the last add of a host counts."""
    changes = [
        Change(2, 1, Kind.ADD, Seat("a", "1")),
        Change(5, 1, Kind.ADD, Seat("b", "1")),
        Change(6, 1, Kind.ADD, Seat("b", "2")),
        Change(9, 1, Kind.REMOVE, Seat("a", "")),
        Change(11, 1, Kind.REMOVE, Seat("x", "")),
    ]
    assert seats_after(changes) == {"b": "2"}
    assert seats_after(changes[:2]) == {"a": "1", "b": "1"}
    assert seats_after([]) == {}


def test_a_seat_names_the_journal_that_holds_it() -> None:
    """An add entry of version 0.1.0 names the host alone; anything else is refused."""
    assert seat_of(Seat("host-1", "f00d").payload()) == Seat("host-1", "f00d")
    assert seat_of("host-1") == Seat("host-1", "")
    for payload in ("", " 1", "a ", "a b c", "a/b 1", "a b/c"):
        with pytest.raises(WireInvalid):
            pack(Kind.ADD, payload)
    with pytest.raises(WireInvalid):
        pack(Kind.REMOVE, "a 1")


def test_seats_by_number_of_members() -> None:
    """Odd above two, at most five."""
    seats = [seats_for(members) for members in range(1, 9)]
    assert seats == [1, 2, 3, 3, 5, 5, 5, 5]


@pytest.mark.parametrize(
    ("census", "changes"),
    [
        (_census("a", observers="b"), ["+b"]),
        (_census("ab", observers="c"), ["+c"]),
        (_census("abc", observers="d"), []),
        (_census("abc", observers="de"), ["+d", "+e"]),
        (_census("abcde", observers="fgh"), []),
        # A silent voter: never below three, never to an even count, an observer first.
        (_census("ab", linked="ab", silent=""), []),
        (_census("abc", silent="c"), []),
        (_census("abc", silent="c", observers="d"), ["+d", "-c"]),
        (_census("abcde", silent="e"), []),
        (_census("abcde", silent="de"), ["-d", "-e"]),
        (_census("abcde", silent="e", observers="f"), ["+f", "-e"]),
        (_census("abcde", silent="de", observers="f"), ["+f", "-d"]),
        (_census("abcde", silent="de", observers="fg"), ["+f", "-d", "+g", "-e"]),
        (_census("ab", linked="ab", observers="c"), ["+c"]),
        # An even count that was left over.
        (_census("abcd", silent="d"), ["-d"]),
        (_census("abcd"), ["-d"]),
        (_census("abcd", linked="abc"), []),
        (_census("abcd", observers="e"), ["+e"]),
        (_census("abcdef"), ["-f"]),
        (_census("abcdefg"), ["-g", "-f"]),
    ],
)
def test_which_seats_change(census: Census, changes: list[str]) -> None:
    """R15, case by case."""
    assert _changes(census) == changes


def test_nobody_is_demoted_while_links_change() -> None:
    """Passing four voters on the way to five is no reason to go back."""
    assert _changes(replace(_census("abcd"), steady=False)) == []
    late = replace(_census("abcd", silent="d"), steady=False)
    assert _changes(late) == ["-d"]


def test_a_void_seat_goes_at_once() -> None:
    """A host that is back without its journal is counted no longer, and joins anew."""
    pair = replace(_census("ab", linked="a"), void=frozenset("b"))
    assert _changes(pair) == ["-b"]
    three = replace(_census("abc", linked="ab"), void=frozenset("c"))
    assert _changes(three) == ["-c"]
    assert _changes(replace(_census("a"), void=frozenset("a"))) == []


@pytest.mark.parametrize(
    ("voters", "linked", "leaving", "changes"),
    [
        ("ab", "ab", "b", ["-b"]),  # two printers, one switched off: the other goes on
        ("abc", "abc", "c", []),  # the rest has a majority all the same
        ("abc", "ab", "b", ["-c", "-b"]),
        ("abc", "abc", "bc", ["-b", "-c"]),
        ("abcde", "abc", "c", ["-d", "-c"]),
        ("abcde", "abc", "bc", ["-d", "-e", "-b", "-c"]),
        ("abcde", "abcde", "de", []),
    ],
)
def test_a_leaver_gives_up_its_seat_only_if_the_rest_needs_it(
    voters: str, linked: str, leaving: str, changes: list[str]
) -> None:
    """Absent voters lose theirs first, so that each removal finds its quorum."""
    census = replace(_census(voters, linked), leaving=frozenset(leaving))
    after, made = _settle(census)
    assert made == changes
    rest = after.linked - after.leaving
    assert 2 * len(rest & after.seats.keys()) > len(after.seats)
    assert not any(gives_up_seat(after, host) for host in leaving)


@pytest.mark.parametrize(
    ("voters", "linked", "leaving", "ending", "changes"),
    [
        ("ab", "ab", "b", "b", ["-b"]),  # the rest commits that alone
        ("abc", "ab", "b", "b", []),  # without c only b could, which may be gone
        ("abcd", "abc", "bc", "b", ["-b", "-d", "-c"]),
        ("abcde", "abcd", "cd", "c", ["-c", "-d"]),
    ],
)
def test_nobody_counts_on_a_leaver_that_waits_for_no_answer(
    voters: str, linked: str, leaving: str, ending: str, changes: list[str]
) -> None:
    """It closes its log, linked or not: nothing may need its acknowledgement."""
    census = replace(
        _census(voters, linked), leaving=frozenset(leaving), ending=frozenset(ending)
    )
    assert _changes(census) == changes


def test_the_last_voter_keeps_its_seat() -> None:
    """All leave: nobody gives up anything."""
    census = replace(_census("abc"), leaving=frozenset("abc"))
    assert not any(gives_up_seat(census, host) for host in "abc")
    assert _changes(census) == []


@given(
    st.sets(st.sampled_from("abcdefgh"), min_size=1, max_size=7), _HOSTS, _HOSTS, _HOSTS
)
def test_changes_end_and_always_find_a_quorum(
    voters: set[str], observers: set[str], unlinked: set[str], silent: set[str]
) -> None:
    """From any state with a quorum: no even count above two is left for good, none
    falls below three by silence, and the last word does not depend on luck."""
    here = min(voters)
    unlinked = (unlinked & voters) - {here}
    census = Census(
        here=here,
        seats=dict.fromkeys(sorted(voters), "1"),
        linked=frozenset(voters - unlinked),
        caught_up=dict.fromkeys(sorted(observers - voters), "1"),
        silent=frozenset(unlinked & silent),
    )
    if 2 * len(census.linked) <= len(voters):
        return  # such a host does not lead
    after, _ = _settle(census)
    count = len(after.seats)
    assert here in after.seats
    assert count >= min(len(voters), 3)
    everyone_heard = not unlinked - silent
    if everyone_heard:
        assert count <= 2 or count % 2 == 1
        assert count <= VOTERS_MAX
    if not unlinked:
        assert count == seats_for(len(voters | observers))


def test_an_end_is_final() -> None:
    """No way leads back from a closed replica, from a failed one only to the start;
    every phase can end."""
    assert TRANSITIONS[Phase.CLOSED] == frozenset()
    assert TRANSITIONS[Phase.FAILED] == {Phase.CLOSED, Phase.STARTING}
    for phase in set(Phase) - {Phase.FAILED, Phase.CLOSED}:
        assert {Phase.FAILED, Phase.CLOSED} <= TRANSITIONS[phase]
    assert set(TRANSITIONS) == set(Phase)


def test_a_host_that_does_not_know_the_rules_gets_no_seat_and_loses_its_own() -> None:
    """Caught up or not: its word for the log is of no use to the queue (R23)."""
    free = replace(_census("ab", observers="c"), void=frozenset("c"))
    assert next_change(replace(free, void=frozenset())) == (Kind.ADD, Seat("c", "1"))
    assert next_change(free) is None
    assert next_change(replace(_census("abc"), void=frozenset("b"))) == (
        Kind.REMOVE,
        Seat("b", ""),
    )


def test_who_is_outdated_counts_as_such_with_and_without_a_seat() -> None:
    journal = SimpleNamespace(
        meta=lambda _name: None,
        seats=lambda: {"a": "1", "b": "1"},
        voters=lambda: frozenset("ab"),
    )
    participants = Participants("a", journal)  # type: ignore[arg-type]
    for host, outdated in (("b", True), ("c", True), ("d", False)):
        life = LinkedJournal("1", empty=False, configuration="", outdated=outdated)
        participants.link(host, life)
    participants.admit()
    assert participants.void == frozenset("bc")
    assert participants.takes_part(
        "c"
    )  # it follows, until it meets what it cannot read
