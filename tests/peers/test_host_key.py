"""What a host signs shows who signed it, on every machine the same way (R12)."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.peers.host_key import HostKey
from moonraker_netqueue.peers.identity import Identity, fingerprint, load_or_create

SAID = b"remove job 7"


@pytest.fixture
def anna(tmp_path: Path) -> Identity:
    return load_or_create(tmp_path / "anna", MachineDisk())


@pytest.fixture
def bert(tmp_path: Path) -> Identity:
    return load_or_create(tmp_path / "bert", MachineDisk())


def test_others_know_who_signed_by_the_host_id_alone(
    anna: Identity, bert: Identity
) -> None:
    """No list of keys is needed; another host, or other words, are not taken."""
    signature = HostKey(anna).sign(SAID)
    assert signature.isascii()
    assert len(signature) < 1000  # it goes with every command
    assert HostKey(bert).is_signed(anna.host_id, SAID, signature)
    assert not HostKey(bert).is_signed(bert.host_id, SAID, signature)
    assert not HostKey(bert).is_signed(anna.host_id, SAID + b" ", signature)


def test_a_certificate_of_another_host_lends_no_name(
    anna: Identity, bert: Identity
) -> None:
    """Signed by Bert's key, with Anna's certificate; and the other way round."""
    raw = base64.b64decode(HostKey(bert).sign(SAID))
    for numbers, shown in ((raw[:64], anna), (raw[:64], bert)):
        text = base64.b64encode(numbers + shown.certificate).decode()
        assert not HostKey(bert).is_signed(anna.host_id, SAID, text)


def test_what_is_not_quite_a_signature_is_none(anna: Identity) -> None:
    """Other spellings of the same bytes too: programs differ in which they take."""
    key = HostKey(anna)
    good = key.sign(SAID)
    raw = base64.b64decode(good)
    zero = base64.b64encode(bytes(64) + anna.certificate).decode()
    for bad in (
        "",
        "A",
        "é",
        good + "\n",
        good[:40] + " " + good[40:],
        good.rstrip("=") + "A" * 4,
        "A" * 1_000_000,
        zero,
        base64.b64encode(raw[:64]).decode(),
        base64.b64encode(raw + b"\0").decode(),
        base64.b64encode(raw[32:64] + raw[:32] + anna.certificate).decode(),
    ):
        assert not key.is_signed(anna.host_id, SAID, bad)
    assert key.is_signed(anna.host_id, SAID, good)


def test_a_certificate_must_hold_one_key_on_the_curve(anna: Identity) -> None:
    """Whose id is the hash of other bytes is no host, whatever they begin with."""
    key, raw = HostKey(anna), base64.b64decode(HostKey(anna).sign(SAID))
    prefix = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")
    assert anna.certificate.count(prefix) == 1
    for certificate in (
        anna.certificate * 2,  # two keys
        prefix + b"\4" + bytes(64),  # not on the curve
        prefix + b"\4",  # cut short
        prefix + b"\2" + bytes(64),  # of another form
        b"",
    ):
        text = base64.b64encode(raw[:64] + certificate).decode()
        assert not key.is_signed(fingerprint(certificate), SAID, text)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(at=st.integers(0, 1 << 16), letter=st.integers(0, 127), cut=st.booleans())
def test_a_mutated_signature_is_never_taken(
    anna: Identity, at: int, letter: int, cut: bool
) -> None:
    """One letter other or missing: and nothing but an answer comes of it."""
    key = HostKey(anna)
    good = key.sign(SAID)
    at %= len(good)
    bad = good[:at] + ("" if cut else chr(letter)) + good[at + 1 :]
    assert key.is_signed(anna.host_id, SAID, bad) == (bad == good)


@given(st.text(max_size=2000))
def test_any_text_gets_an_answer(text: str) -> None:
    """A peer may send what it likes."""
    assert not HostKey.is_signed(HostKey.__new__(HostKey), "0" * 64, SAID, text)
