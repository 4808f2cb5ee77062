"""Words of hosts that left a group, and whether they end it (R8)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import pytest

from moonraker_netqueue.model.command import PrinterUpdate, PrintReserve
from moonraker_netqueue.model.printer import Profile
from moonraker_netqueue.replica.errors import HandInFailed, WireInvalid
from moonraker_netqueue.replica.gone_over import GoneOver, ended, parse_words
from moonraker_netqueue.replica.greeting import Hello, parse_hello
from moonraker_netqueue.replica.group import Group
from moonraker_netqueue.replica.journal import Journal
from moonraker_netqueue.replica.submission import SubmitState
from tests.replica.simulation import FILE, Cluster, SimHost, simulate
from tests.replica.test_generations import A, accepted, recover, reserve
from tests.replica.test_going_over import going, knows_going, stay_and_go
from tests.replica.test_meeting import cut, heal

B, C, D, E = (letter * 8 for letter in "bcde")
SEATS = ((B, "b1"), (C, "c1"), (D, "d1"))


def left(
    host: str,
    life: str = "",
    into: str = "x",
    seats: tuple[tuple[str, str], ...] = SEATS,
    configuration: str = "g-4-2",
) -> tuple[str, GoneOver]:
    life = life or dict(seats)[host]
    return host, GoneOver("g", life, configuration, seats, into)


def over(*words: tuple[str, GoneOver], into: Iterable[str] = ("x",)) -> bool:
    return ended(words, "g", frozenset(into))


def test_most_voters_end_their_group() -> None:
    assert over(left(B), left(C))
    assert over(left(B), left(C), left(D))


def test_one_of_three_and_one_of_two_do_not() -> None:
    two = SEATS[:2]
    assert not over(left(B), left(B))
    assert not over(left(B, seats=two))
    assert over(left(B, seats=two), left(C, seats=two))


def test_words_for_two_groups_do_not_add_up() -> None:
    assert not over(left(B), left(C, into="y"))


def test_words_for_a_group_that_went_into_the_other_one_do() -> None:
    assert over(left(B), left(C, into="y"), into=("x", "y"))


def test_a_word_of_another_journal_than_that_of_the_seat_does_not_count() -> None:
    """Who came back as new has a new one."""
    assert not over(left(B), left(C, "c0"))


def test_words_of_different_seats_do_not_add_up() -> None:
    """Whoever knows a later change of seats may have agreed to it."""
    later = (*SEATS[:2], (E, "e1"))
    changed = left(C, seats=later, configuration="g-9-3")
    assert not over(left(B), changed)
    assert over(left(B), changed, left(B, seats=later, configuration="g-9-3"))


def test_another_group_and_an_unknown_configuration_prove_nothing() -> None:
    words = left(B), left(C)
    assert not ended(words, "h", {"x"})
    assert not over(left(B, configuration=""), left(C, configuration=""))


def test_a_word_survives_the_link() -> None:
    _, word = left(B)
    hello = Hello("g", incarnation="b1", sees="x", gone=(word,))
    assert hello.going
    assert parse_hello(hello.form()) == hello


def test_who_came_back_as_new_goes_no_more() -> None:
    _, word = left(B)
    assert not Hello("g", incarnation="b2", gone=(word,)).going


def test_version_0_1_0_says_nothing_of_it() -> None:
    form = Hello("g").form()
    del form["gone"], form["sees"]
    assert parse_hello(form).gone is None


GOOD = left(B)[1].form()


@pytest.mark.parametrize(
    "value",
    [
        "x",
        ["x"],
        [GOOD] * 9,
        [GOOD | {"g": "../x"}],
        [GOOD | {"into": None}],
        [GOOD | {"inc": 7}],
        [GOOD | {"seats": [["b"]]}],
        [GOOD | {"seats": [["a/b", "c"]]}],
        [GOOD | {"seats": [[B, "b1"]] * 17}],
        [GOOD | {"seats": {}}],
        [GOOD | {"end": None}],
        [GOOD | {"end": [1]}],
        [GOOD | {"end": [1, "2"]}],
    ],
)
def test_bad_words_are_refused(value: object) -> None:
    with pytest.raises(WireInvalid):
        parse_words(value)


async def left_behind(cluster: Cluster) -> tuple[SimHost, SimHost, list[SimHost]]:
    """Who stays; one that left without the last thing that its group accepted, a
    reservation; and the others, which left, too, and brought nothing yet."""
    stay, go, leads = await stay_and_go(cluster)
    for host in (stay, *go):
        await host.give(PrinterUpdate(Profile(f"printer {host.id[0]}")))
    await cluster.until(lambda: cluster.agreed(B, C, D))
    late, other = (host for host in go if host is not leads)

    def passes(source: str, target: str, message: dict[str, object]) -> bool:
        lost = source == leads.id and target == late.id and message["t"] == "raft"
        return not lost

    async def fails(*_: object) -> None:
        raise HandInFailed("the link is slow")

    cluster.net.filter = passes
    await reserve(leads, "print-of-old", f"job-{B}")
    with pytest.MonkeyPatch.context() as patch:
        for host in (leads, other):
            succession = host.replica._lifecycle.succession
            patch.setattr(succession._hand_over, "bring", fails)
        heal(cluster)
        await cluster.until(lambda: going(leads) and going(other))
        await cluster.until(lambda: knows_going(late, leads))
        await cluster.until(lambda: going(late) and knows_going(late, other))
        cut(cluster, (A,), (leads.id, other.id))
        await cluster.run_for(20)
    return stay, late, [leads, other]


@pytest.mark.parametrize("seed", range(3))
def test_who_knows_less_than_was_decided_does_not_go_first(seed: int) -> None:
    """The other group would give away what one of the old has reserved."""

    async def scenario(cluster: Cluster) -> None:
        stay, late, others = await left_behind(cluster)
        assert f"job-{B}" not in stay.jobs
        (notice,) = late.status.notices
        assert all(host.id in notice for host in others)
        heal(cluster)
        await cluster.until(lambda: cluster.agreed(A, B, C, D))
        assert "print-of-old" in stay.replica.state.prints
        again = await stay.give(PrintReserve("print-new", f"job-{B}", 0, FILE.sha256))
        assert again.state is SubmitState.REJECTED

    simulate(scenario, seed)


def test_without_those_that_know_more_a_person_lets_the_queue_go_on() -> None:
    async def scenario(cluster: Cluster) -> None:
        stay, late, others = await left_behind(cluster)
        for host in others:
            host.kill()
        await cluster.run_for(10)
        shown = late.replica.outlook()
        assert shown.majority_missing
        assert set(shown.missing) >= {host.id for host in others}
        await recover(late)
        await accepted(late, "job-late", 20)
        await cluster.until(lambda: cluster.agreed(A, late.id))
        assert {f"job-{B}", "job-late", "job-of-two"} < set(stay.jobs)

    simulate(scenario)


def test_who_left_is_told_whom_it_waits_for() -> None:
    """Of two one went, and the other one cannot, although it sees the group, too."""

    async def scenario(cluster: Cluster) -> None:
        _, go, leads = await stay_and_go(cluster, 2)
        (first,) = (host for host in go if host is not leads)

        succession = leads.replica._lifecycle.succession
        prepare = succession._prepare
        tries = itertools.count()

        async def fails(group: Group, journal: Journal, into: str) -> None:
            if next(tries):  # it said that it would go, and finds that it cannot
                raise HandInFailed("a file in set-aside/ is gone")
            await prepare(group, journal, into)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(succession, "_prepare", fails)
            heal(cluster)
            await cluster.until(lambda: going(first))
            await cluster.run_for(10)
            (notice,) = first.status.notices
            assert leads.id in notice
        await cluster.until(lambda: cluster.agreed(A, B, C))

    simulate(scenario)
