"""Codes, tokens and requests in virtual time: few, rare, and not for long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moonraker_netqueue.admission_mode import AdmissionMode
from moonraker_netqueue.machine import MachineRandom, ThreadWorker
from moonraker_netqueue.peers import newcomers as module
from moonraker_netqueue.peers.admission import FIRST_SECONDS
from moonraker_netqueue.peers.admission_request import AdmissionRequest, Verdict
from moonraker_netqueue.peers.errors import AdmissionRefused, TokenInvalid
from moonraker_netqueue.peers.identity import fingerprint
from moonraker_netqueue.peers.newcomers import MOST_SHOWN, Newcomers
from moonraker_netqueue.peers.own_requests import OwnRequests
from moonraker_netqueue.peers.pairing import Token, code, commitment, parse_token
from moonraker_netqueue.peers.tokens import Tokens
from tests.peers.hosts import Host
from tests.peers.manual_clock import ManualClock

HERE = "0" * 64
NONCE = b"n" * 32


def request(who: int, nonce: bytes = NONCE, opened: bool = True) -> AdmissionRequest:
    """What host number `who` asks; its certificate is only a number here."""
    certificate = b"%d" % who
    said = commitment(fingerprint(certificate), HERE, nonce)
    return AdmissionRequest(
        certificate, f"host{who}", ("demo",), said, nonce if opened else b""
    )


class Bench:
    """Newcomers of a host, and its clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.newcomers = Newcomers(HERE, self.clock, MachineRandom())

    def ask(self, request: AdmissionRequest, address: str = "10.0.0.1") -> bytes | None:
        asker = fingerprint(request.certificate)
        return self.newcomers.ask(asker, request, ("demo",), address)

    def shown(self) -> list[str]:
        return [newcomer.name for newcomer in self.newcomers.shown("demo")]


def test_both_ends_compute_one_code() -> None:
    """From both certificates and both nonces; shown only once the nonce is known."""
    bench = Bench()
    own = OwnRequests(fingerprint(b"1"), bench.clock, MachineRandom())
    asked = own.begin(HERE, b"")
    closed = AdmissionRequest(b"1", "host1", ("demo",), asked.commitment)
    challenge = bench.ask(closed)
    assert challenge
    assert bench.shown() == []
    assert own.is_challenged(asked, challenge)
    opened = AdmissionRequest(b"1", "host1", ("demo",), asked.commitment, asked.nonce)
    assert bench.ask(opened) == challenge
    assert bench.newcomers.shown("demo")[0].code == asked.code
    assert not own.is_challenged(asked, challenge)


def test_another_nonce_than_the_one_committed_to_is_not_shown() -> None:
    """Who could choose it afterwards could search for a code."""
    bench = Bench()
    wrong = AdmissionRequest(b"1", "host1", ("demo",), request(1).commitment, b"m" * 32)
    bench.ask(request(1, opened=False))
    bench.ask(wrong)
    assert bench.shown() == []


def test_a_host_cannot_try_challenges_until_the_code_fits() -> None:
    """Another challenge begins another request, with another nonce, once a minute."""
    bench = Bench()
    own = OwnRequests(HERE, bench.clock, MachineRandom())
    asked = own.begin("1" * 64, b"")
    assert own.is_challenged(asked, b"a" * 32)
    first = asked.code
    for _ in range(100):
        assert not own.is_challenged(own.begin("1" * 64, b""), b"b" * 32)
    assert own.begin("1" * 64, b"").code == first
    bench.clock.jump(61)
    assert not own.is_challenged(asked, b"b" * 32)
    assert own.begin("1" * 64, b"").commitment != asked.commitment


def test_made_up_hosts_do_not_try_codes_without_end() -> None:
    """Each has a code of its own, which would fit one of another host's at last."""
    bench = Bench()
    own = OwnRequests(HERE, bench.clock, MachineRandom())
    real = own.begin("f" * 64, b"")
    assert own.is_challenged(real, NONCE)
    codes = set()
    for number in range(10 * 200):
        asked = own.begin(f"{number % 200:064x}", b"")
        own.is_challenged(asked, NONCE)
        codes.add(asked.code)
        bench.clock.jump(0.03)
    assert len(codes) < 50
    assert own.begin("f" * 64, b"") is real  # its code is still the one that is shown


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_codes_are_six_digits_and_depend_on_all(one: bytes, other: bytes) -> None:
    """Ends swapped, it is another code: each side has its part."""
    found = code("1" * 64, "2" * 64, one, other)
    assert len(found) == 6
    assert found.isdecimal()
    assert commitment("1" * 64, "2" * 64, one) != commitment("2" * 64, "1" * 64, one)


def test_five_wait_and_no_more() -> None:
    """R22; one that gives up makes room."""
    bench = Bench()
    for who in range(MOST_SHOWN + 3):
        bench.ask(request(who), f"10.0.0.{who}")
    assert bench.shown() == [f"host{who}" for who in range(MOST_SHOWN)]
    assert bench.ask(request(99), "10.0.0.99") is None
    bench.clock.jump(20)
    for who in range(1, MOST_SHOWN):
        bench.ask(request(who), f"10.0.0.{who}")
    bench.clock.jump(20)
    assert "host0" not in bench.shown()
    assert bench.ask(request(99), "10.0.0.99")


def test_a_no_makes_room_at_once() -> None:
    """Else who was refused would keep an honest host waiting."""
    bench = Bench()
    for who in range(MOST_SHOWN):
        bench.ask(request(who), f"10.0.0.{who}")
    assert bench.ask(request(99), "10.0.0.99") is None
    bench.newcomers.refuse("demo", fingerprint(b"0"))
    assert bench.ask(request(99), "10.0.0.99")
    assert bench.shown() == [*(f"host{who}" for who in range(1, MOST_SHOWN)), "host99"]


def test_one_address_gets_few_codes_a_minute() -> None:
    """And so do all together: nobody tries a million."""
    bench = Bench()
    tries = [bench.ask(request(0, bytes([n]) * 32)) for n in range(50)]
    assert sum(answer is not None for answer in tries) == module._MOST_A_MINUTE
    others = [bench.ask(request(n, opened=False), f"10.0.1.{n}") for n in range(1, 100)]
    began = sum(answer is not None for answer in others)
    assert began == module._MOST_OF_ALL - module._MOST_A_MINUTE
    assert len(bench.newcomers._sessions) <= module._MOST_UNPROVEN + MOST_SHOWN
    bench.clock.jump(61)
    assert bench.ask(request(0, b"z" * 32)) is not None


def test_a_code_lasts_a_quarter_of_an_hour() -> None:
    """Then the host asks anew, and shows another."""
    bench = Bench()
    bench.ask(request(1))
    before = bench.newcomers.shown("demo")[0].code
    for _ in range(100):
        bench.clock.jump(10)
        bench.ask(request(1))
    assert bench.newcomers.shown("demo")[0].code != before


def test_a_no_holds_for_ten_minutes() -> None:
    """And a yes ends it."""
    bench = Bench()
    bench.ask(request(1))
    host_id = fingerprint(b"1")
    bench.newcomers.refuse("demo", host_id)
    assert bench.shown() == []
    bench.newcomers.forgive("demo", host_id)
    assert bench.shown() == ["host1"]
    bench.newcomers.refuse("demo", host_id)
    bench.clock.jump(601)
    assert not bench.newcomers.is_refused("demo", host_id)


def test_a_token_expires_by_the_issuers_own_clock() -> None:
    """R24; it is good once, for one queue, from one host to one other."""
    clock = ManualClock()
    tokens = Tokens(HERE, clock, MachineRandom())
    asker = "1" * 64

    def proof(token: Token, queue: str = "demo", server: str = HERE) -> bytes:
        return token.proof(queue, asker, server)

    token = parse_token(str(tokens.make("demo", 60)))
    assert token.is_of(HERE)
    assert not token.is_of(asker)
    assert not tokens.use("other", asker, proof(token, "other"))
    assert not tokens.use("demo", "2" * 64, proof(token))
    assert not tokens.use("demo", asker, proof(token, server="2" * 64))
    assert tokens.use("demo", asker, proof(token))
    assert not tokens.use("demo", asker, proof(token))
    late = tokens.make("demo", 60)
    clock.jump(61)
    assert not tokens.use("demo", asker, proof(late))


def test_tokens_are_few() -> None:
    """A program that makes them in a loop is told."""
    tokens = Tokens(HERE, ManualClock(), MachineRandom())
    for _ in range(32):
        tokens.make("demo", 60)
    with pytest.raises(AdmissionRefused, match="32 tokens"):
        tokens.make("demo", 60)


@given(st.text(max_size=60))
def test_what_is_no_token_is_told(text: str) -> None:
    """Typed wrongly, or half copied."""
    with pytest.raises(TokenInvalid):
        parse_token(text)


@pytest.mark.asyncio
async def test_a_new_host_takes_the_first_one_for_a_quarter_of_an_hour(
    tmp_path_factory: pytest.TempPathFactory, worker: ThreadWorker
) -> None:
    """Not longer, not one that served the queue before, and not a second one."""
    folder, clock = tmp_path_factory.mktemp("hosts"), ManualClock()
    host, other = (Host(folder / name, worker, clock) for name in ("a", "b"))
    serve = host.admission.serve
    await serve("old", AdmissionMode.APPROVE, is_new=False)
    await serve("strict", AdmissionMode.TOKEN, is_new=True)
    for queue in ("one", "two"):
        await serve(queue, AdmissionMode.APPROVE, is_new=True)
    takes = host.admission.takes_first
    assert [takes(q) for q in ("old", "strict", "one", "two")] == [
        False,
        False,
        True,
        True,
    ]
    await host.admission.approve("one", other.identity.certificate, "b")
    assert not takes("one")
    assert takes("two")
    host.admission.end_first("two")
    assert not takes("two")
    await serve("two", AdmissionMode.APPROVE, is_new=True)
    assert takes("two")
    clock.jump(FIRST_SECONDS)
    assert not takes("two")


def test_verdicts_that_old_versions_know_are_the_same() -> None:
    """They read these three; others they take for an error, and ask again."""
    assert {"admitted", "not served", "refused"} < {v.value for v in Verdict}
