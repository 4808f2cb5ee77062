"""Words of hosts that left a group, and whether they end it (R8)."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from moonraker_netqueue.replica.errors import WireInvalid
from moonraker_netqueue.replica.gone_over import GoneOver, ended, parse_words
from moonraker_netqueue.replica.greeting import Hello, parse_hello

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
    ],
)
def test_bad_words_are_refused(value: object) -> None:
    with pytest.raises(WireInvalid):
        parse_words(value)
