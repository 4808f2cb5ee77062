"""Who is a member, from what members said of each other (R19)."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.peers import roll as module
from moonraker_netqueue.peers.errors import AdmissionRefused, FrameInvalid
from moonraker_netqueue.peers.identity import Identity, load_or_create
from moonraker_netqueue.peers.record import (
    MOST_ROUNDS,
    Word,
    unpack_record,
    write_record,
)
from moonraker_netqueue.peers.roll import Member, Roll

QUEUE = "demo"


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> list[Identity]:
    """Keys of five hosts."""
    folder = tmp_path_factory.mktemp("keys")
    return [load_or_create(folder / str(n), MachineDisk()) for n in range(5)]


def empty(host: Identity) -> Roll:
    return Roll(QUEUE, Member(host.host_id, "", host.certificate))


def admits(roll: Roll, by: Identity, *others: Identity) -> Roll:
    for other in others:
        roll = roll.admit(by, other.certificate, other.host_id[:4])
    return roll


def ids(*hosts: Identity) -> set[str]:
    return {host.host_id for host in hosts}


def test_a_members_word_counts_and_no_strangers(hosts: list[Identity]) -> None:
    """R19: an absent member learns of the newcomer; a stranger admits nobody."""
    a, b, c, stranger, friend = hosts
    of_b = admits(empty(b), b, a)
    of_a = admits(empty(a), a, b, c)
    assert of_b.take(of_a.records()).members.keys() == ids(a, c)
    false = admits(empty(stranger), stranger, friend)
    assert of_b.take(false.records()) == of_b


def test_a_chain_is_followed_in_any_order(hosts: list[Identity]) -> None:
    """Each word may come before the one that makes its issuer a member."""
    a, b, c, d, _ = hosts
    chain = [
        *admits(empty(a), a, b).records(),
        *admits(empty(b), b, c).records(),
        *admits(empty(c), c, d).records(),
    ]
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        taken = empty(a).take([chain[n] for n in order])
        assert taken.members.keys() == ids(b, c, d)


def test_a_false_signature_changes_nothing(hosts: list[Identity]) -> None:
    """Nor does one for another queue, or one that speaks in another's name."""
    a, b, c, *_ = hosts
    roll = admits(empty(a), a, b)
    right = write_record(b, QUEUE, Word.ADMIT, 1, c.certificate, "c")
    assert roll.take([right]).members.keys() == ids(b, c)
    for false in (
        replace(right, signature=right.signature[:-1] + b"\0"),
        replace(right, name="d"),
        replace(right, round=2),
        replace(right, word=Word.FORGET),
        replace(
            write_record(c, QUEUE, Word.ADMIT, 1, c.certificate, "c"), issuer=b.host_id
        ),
        write_record(b, "other", Word.ADMIT, 1, c.certificate, "c"),
    ):
        assert roll.take([false]) == roll


def test_forgetting_wins_over_every_merge(hosts: list[Identity]) -> None:
    """Whatever order words arrive in, who was forgotten is no member; once more let
    in, it is one again."""
    a, b, c, *_ = hosts
    of_a = admits(empty(a), a, b, c)
    late = of_a.records()
    of_a = of_a.forget(a, c.host_id)
    assert of_a.members.keys() == ids(b)
    assert of_a.take(late).members.keys() == ids(b)
    of_b = admits(empty(b), b, a, c)  # it admitted c by itself
    assert of_b.take(of_a.records()).members.keys() == ids(a)
    assert of_a.take(of_b.records()).members.keys() == ids(b)
    again = admits(of_a, a, c)
    assert again.members.keys() == ids(b, c)
    assert again.take(of_b.records()).members.keys() == ids(b, c)
    assert of_b.take(again.records()).members.keys() == ids(a, c)


def test_a_forgotten_host_says_nothing_any_more(hosts: list[Identity]) -> None:
    """Whom it let in while it was a member stays one; whom it lets in later not."""
    a, b, c, d, e = hosts
    of_b = admits(empty(b), b, a, d)
    of_a = admits(empty(a), a, b, c).take(of_b.records())
    assert of_a.members.keys() == ids(b, c, d)
    of_a = of_a.forget(a, b.host_id)
    assert of_a.members.keys() == ids(c, d)
    later = admits(of_b, b, e)
    assert of_a.take(later.records()).members.keys() == ids(c, d)
    # A newcomer that only hears of it all afterwards sees the same.
    of_c = admits(empty(c), c, a)
    assert of_c.take([*of_a.records(), *later.records()]).members.keys() == ids(a, d)


def test_what_a_forgotten_host_forgot_stays_forgotten(hosts: list[Identity]) -> None:
    """For newcomers too: the one that forgot it says the same from then on."""
    a, b, c, d, _ = hosts
    of_a = admits(empty(a), a, b, c, d)
    old = of_a.records()
    of_b = admits(empty(b), b, a).take(old).forget(b, d.host_id)
    of_a = of_a.take(of_b.records()).forget(a, b.host_id)
    of_c = admits(empty(c), c, a).take(of_a.records())
    assert of_c.take(old).members.keys() == ids(a)


def test_who_was_let_in_by_one_host_alone_is_known(hosts: list[Identity]) -> None:
    """If it was taken over, those are to be looked at: they may be made up."""
    a, b, c, d, e = hosts
    roll = admits(empty(a), a, b, e)
    roll = roll.take(admits(empty(b), b, c, e).records())
    roll = roll.take(admits(empty(c), c, d).records())
    roll = roll.take(admits(empty(d), d, c).records())  # they vouch for each other
    let_in = {host: {m.host_id for m in found} for host, found in roll.let_in.items()}
    assert let_in == {b.host_id: ids(c, d), c.host_id: ids(d), d.host_id: set()}
    gone = roll.forget(a, b.host_id)
    assert gone.members.keys() == ids(c, d, e)
    assert b.host_id not in gone.let_in  # of c this host says so from now on


def test_who_is_forgotten_for_good_costs_nobody_else_anything(
    hosts: list[Identity],
) -> None:
    """A record of a round that nobody reads would break every link of who wrote it."""
    a, b, c, *_ = hosts
    roll = admits(empty(a), a, b, c)
    last = write_record(b, QUEUE, Word.FORGET, MOST_ROUNDS, c.certificate, "c")
    roll = roll.take([last])
    with pytest.raises(AdmissionRefused, match="new key"):
        roll.admit(a, c.certificate, "c")
    for after in (roll, roll.repeat(a, b.host_id), roll.forget(a, b.host_id)):
        assert c.host_id not in after.members
        for record in after.records():
            assert unpack_record(record.pack()) == record


def test_what_a_viewer_said_before_is_said_again(hosts: list[Identity]) -> None:
    """So its own word need not count: who it let in is in, who it put out is out."""
    a, b, c, d, away = hosts
    of_a = admits(empty(a), a, b, away)
    of_b = admits(empty(b).take(of_a.records()), b, a, c, d).forget(b, d.host_id)
    of_a = of_a.take(of_b.records()).repeat(a, b.host_id)
    heard = [record for record in of_a.records() if record.issuer != b.host_id]
    of_away = admits(empty(away), away, a).take(heard)
    assert of_away.members.keys() == ids(a, b, c)
    assert of_away.forgotten.keys() == ids(d)
    assert of_a.repeat(a, b.host_id).members == of_a.members


def test_an_open_queue_does_not_take_back_who_was_forgotten(
    hosts: list[Identity],
) -> None:
    """By itself; a person may."""
    a, b, *_ = hosts
    roll = empty(a).trust(b.certificate, "b")
    assert roll.members.keys() == ids(b)
    roll = roll.forget(a, b.host_id)
    with pytest.raises(AdmissionRefused, match="forgot that host"):
        roll.trust(b.certificate, "b")
    assert admits(roll, a, b).members.keys() == ids(b)


def test_members_of_a_queue_that_was_open_get_records(hosts: list[Identity]) -> None:
    """So that newcomers learn of them; each is signed once."""
    a, b, c, *_ = hosts
    roll = empty(a).trust(b.certificate, "b").trust(c.certificate, "c")
    signed = roll.sign_trusted(a)
    assert admits(empty(c), c, a).take(signed.records()).members.keys() == ids(a, b)
    assert signed.sign_trusted(a) is signed


def test_a_member_cannot_fill_the_disk(
    hosts: list[Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many it says it admits or forgets."""
    monkeypatch.setattr(module, "MOST_SUBJECTS", 3)
    a, b, *others = hosts
    roll = admits(empty(a), a, b)
    said = [
        write_record(b, QUEUE, word, 1, other.certificate, "")
        for word in Word
        for other in others
    ]
    full = roll.take(said)
    assert len(full.records()) == 3
    with pytest.raises(AdmissionRefused, match="another name"):
        admits(full, a, others[-1])
    gone = full.forget(a, b.host_id)
    assert admits(gone, a, b).members.keys() >= ids(b)  # it has its place


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), at=st.integers(0, 2000), flip=st.integers(1, 255))
def test_a_mutated_record_is_never_believed(
    hosts: list[Identity], data: bytes, at: int, flip: int
) -> None:
    """It is refused as a form, or its signature does not fit."""
    a, b, c, *_ = hosts
    roll = admits(empty(a), a, b)
    packed = write_record(b, QUEUE, Word.ADMIT, 1, c.certificate, "c").pack()
    at %= len(packed)
    mutated = packed[:at] + bytes([packed[at] ^ flip]) + packed[at + 1 :]
    for garbage in (data, mutated, packed[:at], packed + data):
        if garbage == packed:
            continue
        try:
            record = unpack_record(garbage)
        except FrameInvalid:
            continue
        assert roll.take([record]) == roll


def test_all_hosts_agree_whatever_the_order(hosts: list[Identity]) -> None:
    """Words of a few days, told in a hundred orders, end in the same members."""
    a, b, c, d, e = hosts
    of_a = admits(empty(a), a, b, c)
    of_b = admits(empty(b), b, a).take(of_a.records())
    of_b = admits(of_b, b, d)
    of_a = of_a.take(of_b.records()).forget(a, c.host_id)
    of_b = admits(of_b.take(of_a.records()), b, c, e)
    every = [*of_a.records(), *of_b.records()]
    source = random.Random(1)  # noqa: S311 - no secret
    for _ in range(100):
        source.shuffle(every)
        roll = empty(a)
        for record in (*every, *every):  # a word that came too early comes again
            roll = roll.take([record])
        assert roll.members.keys() == ids(b, c, d, e)
