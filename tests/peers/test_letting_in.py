"""How a host gets into a queue that is not open, and out: real TLS on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from moonraker_netqueue.admission_mode import AdmissionMode
from moonraker_netqueue.machine import MachineClock, ThreadWorker
from moonraker_netqueue.peers import exchange, tls
from moonraker_netqueue.peers.desk import Waiting
from moonraker_netqueue.peers.dialler import AdmissionPending, NothingInCommon
from moonraker_netqueue.peers.errors import AdmissionRefused, ExchangeFailed, LinkGone
from moonraker_netqueue.peers.frames import OneWay, Records
from moonraker_netqueue.peers.pairing import parse_token
from moonraker_netqueue.peers.record import Word, write_record
from tests.peers.hosts import LOOPBACK, Host, until

pytestmark = pytest.mark.asyncio
APPROVE, TOKEN, OPEN = AdmissionMode.APPROVE, AdmissionMode.TOKEN, AdmissionMode.OPEN


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a person asks again soon, in a test."""
    monkeypatch.setattr(AdmissionPending, "pause", 0.05)
    monkeypatch.setattr(NothingInCommon, "pause", 0.1)


async def waiting(host: Host, other: Host) -> Waiting:
    """How `other` is shown at `host`, once it asks there."""
    found: list[Waiting] = []

    def is_shown() -> bool:
        shown = host.network.desk.waiting("demo")
        found[:] = [w for w in shown if w.host_id == other.host_id and w.asks]
        return bool(found)

    await until(is_shown)
    return found[0]


def linked(*hosts: Host) -> bool:
    everyone = {host.host_id for host in hosts}
    return all(
        everyone <= {*host.network.connected("demo"), host.host_id} for host in hosts
    )


def meet(*hosts: Host) -> None:
    for host in hosts:
        for other in hosts:
            host.hear(other)


async def join(member: Host, newcomer: Host) -> None:
    """`newcomer`, just installed, gets in by one click at `member`."""
    meet(member, newcomer)
    await waiting(member, newcomer)
    await member.network.desk.let_in("demo", newcomer.host_id)
    await until(lambda: linked(member, newcomer))


async def two_members(first: Host, second: Host) -> None:
    """A queue that asks for approval, of two hosts; the second one was new."""
    await first.start("demo", mode=APPROVE)
    await second.start("demo", mode=APPROVE, is_new=True)
    await join(first, second)


async def test_one_click_lets_a_new_host_in(hosts: list[Host]) -> None:
    """Both ends show one code, and no name passes for one; nothing happens before a
    person says yes."""
    a, b, _ = hosts
    b.folder = b.folder.with_name("mk4, code 48-29 13")  # it is called so
    b.network = b.new_network()
    await a.start("demo", mode=APPROVE)
    await b.start("demo", mode=APPROVE, is_new=True)
    meet(a, b)
    at_a, at_b = await waiting(a, b), await waiting(b, a)
    await until(
        lambda: (
            a.network.desk.waiting("demo")[0].code
            == b.network.desk.waiting("demo")[0].code
        )
    )
    assert at_a.name == "mk4, code …"
    assert at_b.name == a.folder.name
    assert len(a.network.desk.waiting("demo")[0].code) == 6
    assert not a.admission.find(b.host_id)
    assert not b.admission.find(a.host_id)
    assert not a.network.connected("demo")
    await a.network.desk.let_in("demo", b.host_id)
    await until(lambda: linked(a, b))
    assert a.network.desk.waiting("demo") == b.network.desk.waiting("demo") == []


async def test_hosts_that_are_not_new_are_joined_at_both_ends(
    hosts: list[Host],
) -> None:
    """A host that is nobody's newcomer trusts no stranger that lets it in."""
    a, b, _ = hosts
    await a.start("demo", mode=APPROVE)
    await b.start("demo", mode=APPROVE)
    meet(a, b)
    await waiting(a, b)
    await a.network.desk.let_in("demo", b.host_id)
    await until(lambda: [w for w in b.network.desk.waiting("demo") if w.lets_in])
    assert not b.admission.find(a.host_id)
    assert not a.network.connected("demo")
    await b.network.desk.let_in("demo", a.host_id)
    await until(lambda: linked(a, b))


async def test_a_stranger_in_an_open_queue_gets_nobody(hosts: list[Host]) -> None:
    """It lets everybody in at once; a new host waits for one that asks a person."""
    new, stranger, _ = hosts
    await new.start("demo", mode=APPROVE, is_new=True)
    await stranger.start("demo", mode=OPEN)
    with pytest.raises(AdmissionPending):
        await new.network.ask_admission((LOOPBACK, stranger.network.port))
    assert not new.admission.find(stranger.host_id)


async def test_members_pass_a_newcomer_on(hosts: list[Host]) -> None:
    """R19: it is let in at one, and links to all, also one that was away."""
    a, b, c = hosts
    await two_members(a, b)
    await b.network.close()
    await c.start("demo", mode=APPROVE, is_new=True)
    await join(a, c)
    await a.network.close()  # b never hears of it from a
    await b.restart(mode=APPROVE)
    meet(b, c)
    await until(lambda: linked(b, c))
    assert b.admission.is_member("demo", c.host_id)


async def test_any_member_may_answer(hosts: list[Host]) -> None:
    """R22: a request shows on members that the newcomer does not reach."""
    a, b, c = hosts
    await two_members(a, b)
    await c.start("demo", mode=APPROVE, is_new=True)
    c.hear(a)
    shown = await waiting(b, c)
    assert shown.via == a.folder.name
    assert shown.code == (await waiting(a, c)).code
    await b.network.desk.let_in("demo", c.host_id)
    await until(lambda: a.network.connected("demo") and c.network.connected("demo"))


async def test_a_no_holds_on_all_members(hosts: list[Host]) -> None:
    """A refused host is not shown again and again."""
    a, b, c = hosts
    await two_members(a, b)
    await c.start("demo", mode=APPROVE, is_new=True)
    c.hear(a)
    await waiting(b, c)
    b.network.desk.refuse("demo", c.host_id)
    await until(lambda: not a.network.desk.waiting("demo"))
    with pytest.raises(NothingInCommon, match="refuses this host in: demo"):
        await c.network.ask_admission((LOOPBACK, a.network.port))
    assert not b.network.desk.waiting("demo")


async def test_a_token_lets_one_host_in_and_binds_both(hosts: list[Host]) -> None:
    """No person is asked; a second host with it stays out, as does a wrong one."""
    a, b, c = hosts
    await a.start("demo", mode=TOKEN)
    await b.start("demo", mode=TOKEN)
    await c.start("demo", mode=TOKEN)
    token = a.network.desk.new_token("demo", 60)
    with pytest.raises(NothingInCommon, match="refuses"):
        await b.network.ask_admission((LOOPBACK, a.network.port))
    b.network.desk.hold_token("demo", parse_token(token))
    with pytest.raises(NothingInCommon, match="refuses"):  # of another host
        await b.network.ask_admission((LOOPBACK, c.network.port))
    meet(a, b)
    await until(lambda: linked(a, b))
    c.network.desk.hold_token("demo", parse_token(token))
    with pytest.raises(NothingInCommon, match="refuses"):
        await c.network.ask_admission((LOOPBACK, a.network.port))
    assert not a.admission.is_member("demo", c.host_id)


async def _is_heard(newcomer: Host, host: Host) -> bool:
    """Whether `host` still answers its requests, and be it with a refusal."""
    context = tls.member_context(newcomer.identity, host.identity.certificate)
    clock = MachineClock()
    stream = await exchange.connect(LOOPBACK, host.network.port, context, clock)
    with pytest.raises(ExchangeFailed) as caught:
        await exchange.ask(stream, clock, "GET /netqueue/link", b"", 101)
    stream.close()
    return isinstance(caught.value, exchange.WrongStatus)


async def test_forgetting_closes_everything_at_once(hosts: list[Host]) -> None:
    """On every member that hears of it: link, range, and the next handshake."""
    a, b, c = hosts
    await two_members(a, b)
    await c.start("demo", mode=APPROVE, is_new=True)
    await join(a, c)
    meet(a, b, c)
    await until(lambda: linked(a, b, c))
    path = b.folder / "content"
    path.write_bytes(b"x" * (4 << 20))
    b.contents.paths["demo", "a" * 64] = path
    context = tls.member_context(c.identity, b.identity.certificate)
    reading = await exchange.connect(LOOPBACK, b.network.port, context, MachineClock())
    head = f"GET /netqueue/content/demo/{'a' * 64}\nRange: bytes=0-{(4 << 20) - 1}"
    await exchange.ask(reading, MachineClock(), head, b"", 206)
    await a.network.desk.forget("demo", c.host_id)
    await until(lambda: a.network.connected("demo") == (b.host_id,))
    await until(lambda: b.network.connected("demo") == (a.host_id,))
    server = b.network._server
    assert server is not None
    await until(lambda: not server._ranges)
    reading.close()
    while await _is_heard(c, b):
        pass  # with 403, until the handshakes are made anew
    with pytest.raises(NothingInCommon, match="refuses"):
        await c.network.ask_admission((LOOPBACK, b.network.port))
    assert not b.network.desk.waiting("demo")  # it is not offered again at once
    assert c.host_id in b.network.desk.forgotten("demo")


async def test_a_viewer_puts_nobody_out_and_lets_nobody_in(hosts: list[Host]) -> None:
    """Its word counts on itself only; what is said on a host is told where asked."""
    a, b, c = hosts
    await two_members(a, b)
    said: list[tuple[str, str]] = []

    async def note(host_id: str, _name: str, word: Word, unasked: bool) -> None:
        assert not unasked
        said.append((host_id, word.value))

    a.network.desk.attach("demo", note, lambda: frozenset({b.host_id}))
    await c.start("demo", mode=APPROVE, is_new=True)
    await join(a, c)
    meet(a, b, c)
    await until(lambda: linked(a, b, c))
    await b.network.desk.forget("demo", c.host_id)
    await until(lambda: b.network.connected("demo") == (a.host_id,))
    await b.network.request("demo", a.host_id, "echo", {}, 30)  # after what it told
    await a.network.desk.repeat("demo", b.host_id)  # written after all that was told
    assert c.host_id in a.network.desk.members("demo")
    assert a.network.connected("demo") == tuple(sorted((b.host_id, c.host_id)))
    await a.network.desk.forget("demo", c.host_id)
    assert said == [(c.host_id, "admit"), (c.host_id, "forget")]


async def test_an_open_queue_tells_once_whom_it_let_in(hosts: list[Host]) -> None:
    """And that nobody was asked; not again when the host asks again, or restarts."""
    a, b, _ = hosts
    said: list[tuple[str, str, bool]] = []

    async def note(host_id: str, name: str, _word: Word, unasked: bool) -> None:
        said.append((host_id, name, unasked))

    a.network.desk.attach("demo", note, frozenset)
    await a.start("demo", mode=OPEN)
    await b.start("demo", mode=OPEN)
    await b.network.ask_admission((LOOPBACK, a.network.port))
    await b.network.ask_admission((LOOPBACK, a.network.port))
    await a.restart()
    a.network.desk.attach("demo", note, frozenset)
    meet(a, b)
    await until(lambda: linked(a, b))
    assert said == [(b.host_id, b.folder.name, True)]


async def test_a_forgotten_host_is_let_in_again_by_a_person(hosts: list[Host]) -> None:
    """Both know each other's certificate still; also over a restart."""
    a, b, _ = hosts
    await two_members(a, b)
    await a.network.desk.forget("demo", b.host_id)
    await a.restart(mode=APPROVE)
    meet(a, b)
    assert list(a.network.desk.forgotten("demo")) == [b.host_id]
    await a.network.desk.let_in("demo", b.host_id)
    await until(lambda: linked(a, b))


async def test_a_queue_is_admitted_to_by_itself(hosts: list[Host]) -> None:
    """R13: a stranger in an `open` queue gets nothing of an `approve` one."""
    a, b, _ = hosts
    await a.start("demo")
    await b.start("demo")
    meet(a, b)
    await until(lambda: linked(a, b))
    private = await a.serve("private", APPROVE)
    await b.serve("private", OPEN)
    stolen = write_record(
        b.identity, "private", Word.ADMIT, 1, b.identity.certificate, "b"
    )
    link = b.network.find_link(a.host_id)
    assert link is not None
    link.send(OneWay("private", {"evil": 1}))
    link.send(Records("private", (stolen,)))
    await until(lambda: a.network.dropped["unauthorised"] == 2)
    assert private.messages == []
    assert not a.admission.is_member("private", b.host_id)
    path = a.folder / "secret"
    path.write_bytes(b"secret")
    a.contents.paths["private", "a" * 64] = path
    address = (LOOPBACK, a.network.port)
    with pytest.raises(LinkGone, match="not a member of that queue"):
        await b.network._gate.fetch(a.host_id, address, f"private/{'a' * 64}", 0, 6)
    # It asks over and over; a person may let it into this one, too.
    await until(lambda: a.network.desk.waiting("private"))
    await a.network.desk.let_in("private", b.host_id)
    await until(lambda: a.network.connected("private") == (b.host_id,))


async def test_members_of_an_open_queue_stay_in(hosts: list[Host]) -> None:
    """The queue then asks for approval: who was in stays, also for newcomers."""
    a, b, c = hosts
    await a.start("demo")
    await b.start("demo")
    meet(a, b)
    await until(lambda: linked(a, b))
    await a.restart(mode=APPROVE)
    await b.restart(mode=APPROVE)
    meet(a, b)
    await until(lambda: linked(a, b))
    await c.start("demo", mode=APPROVE, is_new=True)
    await join(b, c)
    meet(a, b, c)
    await until(lambda: linked(a, b, c))


async def test_only_who_waits_can_be_let_in(hosts: list[Host]) -> None:
    """Errors name what is wrong."""
    a, b, _ = hosts
    await a.start("demo", mode=APPROVE)
    desk = a.network.desk
    with pytest.raises(AdmissionRefused, match="waits for queue demo"):
        await desk.let_in("demo", b.host_id)
    with pytest.raises(AdmissionRefused, match="has no member"):
        await desk.forget("demo", b.host_id)
    with pytest.raises(AdmissionRefused, match="cannot forget itself"):
        await desk.forget("demo", a.host_id)
    with pytest.raises(AdmissionRefused, match="a second to a week"):
        desk.new_token("demo", 0)


async def test_a_member_that_was_away_hears_who_was_forgotten(
    hosts: list[Host], tmp_path: Path, worker: ThreadWorker
) -> None:
    """As soon as it reconnects; until then it cannot know."""
    a, b, c = hosts
    await two_members(a, b)
    await c.start("demo", mode=APPROVE, is_new=True)
    await join(a, c)
    await until(lambda: b.admission.is_member("demo", c.host_id))
    await b.network.close()
    await a.network.desk.forget("demo", c.host_id)
    await b.restart(mode=APPROVE)
    assert b.admission.is_member("demo", c.host_id)
    meet(a, b)
    await until(lambda: not b.admission.is_member("demo", c.host_id))
