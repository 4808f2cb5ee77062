"""Members that lie: each is refused and named once, and stops nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Awaitable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgpack
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tornado.iostream import StreamClosedError

from moonraker_netqueue.admission_mode import AdmissionMode
from moonraker_netqueue.machine import MachineClock
from moonraker_netqueue.peers import content, exchange, frames, limits, server, tls
from moonraker_netqueue.peers.admission_request import Verdict, pack_request
from moonraker_netqueue.peers.errors import ExchangeFailed, FrameInvalid, LinkGone
from moonraker_netqueue.peers.record import Word, write_record
from tests.peers.hosts import Host, until
from tests.peers.liar import Liar, endless_frame, framed, hello

pytestmark = pytest.mark.asyncio
DEMO = {"demo": True}
SHA = "a" * 64


async def _status(work: Awaitable[object]) -> int:
    """The HTTP status that refuses it."""
    with pytest.raises(exchange.WrongStatus) as refused:
        await work
    return refused.value.status


async def _works(work: Awaitable[object]) -> bool:
    """Whether the other side lets it."""
    try:
        await work
    except (ExchangeFailed, StreamClosedError):
        return False
    return True


class Scene:
    """Two honest hosts with a link, and a member that lies to the first of them."""

    def __init__(
        self, honest: Host, other: Host, liar: Liar, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.honest, self.other, self.liar = honest, other, liar
        self._caplog = caplog
        self._link = honest.network.find_link(other.host_id)

    @property
    def port(self) -> int:
        return self.honest.network.port

    @property
    def certificate(self) -> bytes:
        return self.honest.identity.certificate

    async def link(self) -> Any:
        """The liar's link to the honest host."""
        return await self.liar.link(self.port, self.certificate, DEMO)

    async def get(self, path: str, more: str = "") -> Any:
        """A request of the liar."""
        return await self.liar.get(self.port, self.certificate, path, more)

    async def goes_on(self) -> None:
        """The others have noticed nothing."""
        network = self.other.network
        answer = await network.request("demo", self.honest.host_id, "echo", {}, 20)
        assert answer == {}
        assert self.honest.network.find_link(self.other.host_id) is self._link

    def named(self) -> list[str]:
        """What the log says of the liar, and nothing else may be wrong."""
        ours = [r for r in self._caplog.records if r.name.startswith("moonraker")]
        texts = [r.getMessage() for r in ours if r.levelno >= logging.WARNING]
        assert all(self.liar.host_id[:8] in text for text in texts), texts
        return texts


@pytest_asyncio.fixture
async def scene(
    hosts: list[Host], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Scene]:
    honest, other, _ = hosts
    caplog.set_level("INFO")
    for host in (honest, other):
        await host.start("demo")
    honest.hear(other)
    other.hear(honest)
    await until(lambda: honest.network.connected("demo"))
    await until(lambda: other.network.connected("demo"))
    liar = Liar(tmp_path / "liar")
    answer = await liar.ask_admission(honest.network.port, honest.host_id, "demo")
    assert answer.verdicts == {"demo": Verdict.ADMITTED}
    yield Scene(honest, other, liar, caplog)
    liar.close()


def _packed(**fields: Any) -> bytes:
    return framed(msgpack.packb(fields))


BROKEN = {
    "no chunk": b"\x00\x00\x00\x00",
    "a chunk of 1 GB": b"\x40\x00\x00\x00" + b"x" * 100,
    "no msgpack": framed(b"\xc1" * 50),
    "no map": framed(b"\x93\x01\x02\x03"),
    "deep nesting": framed(b"\x91" * 100_000),
    "deep maps": framed(b"\x81\xa1a" * 20_000),
    "absurd count": framed(b"\xdd\xff\xff\xff\xff"),
    "absurd counts, nested": framed(b"\xdd\x00\x01\xff\xff" * 400),
    "absurd text": framed(b"\xdb\xff\xff\xff\xff"),
    "a million lists": framed(b"\x81\xa1a\xdd\x00\x0f\x42\x40" + b"\x90" * 1_000_000),
    "many lists of many": framed(
        b"\x81\xa1a\xdc\x00\x40" + 64 * (b"\xdc\x27\x10" + b"\xc0" * 10_000)
    ),
    "a key that is none": framed(b"\x81\x01\x02"),
    "an object": framed(msgpack.packb({"t": "msg", "q": msgpack.ExtType(1, b"x")})),
    "path as a queue": _packed(t="msg", q="../../etc", m={}),
    "NUL in a queue": _packed(t="msg", q="demo\0", m={}),
    "number as a queue": _packed(t="msg", q=7, m={}),
    "a message that is none": _packed(t="msg", q="demo", m=[]),
    "not a number": _packed(t="req", q="demo", n=float("nan"), f="echo", p={}),
    "infinite number": _packed(t="ok", n=float("inf"), r={}),
    "negative number": _packed(t="req", q="demo", n=-1, f="echo", p={}),
    "endless method": _packed(t="req", q="demo", n=1, f="x" * 10_000, p={}),
    "port": framed(msgpack.packb(hello(DEMO, port=70_000))),
    "version": framed(msgpack.packb(hello(DEMO, v=float("nan")))),
    "a thousand queues": framed(
        msgpack.packb(hello({f"queue{n}": True for n in range(1000)}))
    ),
    "queue names": framed(msgpack.packb(hello({"../x": True}))),
    "records that are none": _packed(t="records", q="demo", r=[b"x" * 5000]),
    "ten thousand records": _packed(t="records", q="demo", r=[b""] * 10_000),
    "a hundred askers": _packed(t="asking", q="demo", a=[[b"x", "n", "123456"]] * 100),
    "asker without a code": _packed(
        t="asking", q="demo", a=[[b"x", "n", "<b>"]], no=[]
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_frame_that_is_none_ends_the_link(scene: Scene, name: str) -> None:
    """Said once; its sender gets no link for a while, however often it tries."""
    link = await scene.link()
    await link.send_bytes(BROKEN[name])
    await link.wait_closed()
    for _ in range(5):
        assert not await _works(scene.link())
    assert scene.honest.network.connected("demo") == (scene.other.host_id,)
    nowhere = ("127.0.0.1", 1)
    with pytest.raises(LinkGone, match="broke a rule"):
        await scene.honest.network.open_link(scene.liar.host_id, nowhere)
    await scene.goes_on()
    assert len(scene.named()) == 1


async def test_a_message_of_a_gigabyte_is_not_kept(scene: Scene) -> None:
    """It is cut off at the largest frame; before the hello at much less."""
    for dial, most in (
        (scene.link, limits.LARGEST_FRAME),
        (None, limits.LARGEST_HELLO),
    ):
        scene.honest.network._manners._shunned.clear()
        link = await (
            dial() if dial else scene.liar.dial(scene.port, scene.certificate)
        )
        taken = 0
        for chunk in endless_frame():
            taken += len(chunk)
            if link.stream.closed() or taken > 1 << 30:
                break
            await link.send_bytes(chunk)
        assert taken < most + (16 << 20)  # with what the kernel keeps
    await scene.goes_on()
    assert len(scene.named()) == 1


@pytest.mark.parametrize("name", ["a million lists", "many lists of many"])
async def test_a_small_frame_does_not_grow_in_memory(name: str) -> None:
    """8 MiB of empty lists would become half a gigabyte."""
    data = _joined(BROKEN[name])
    gc.collect()
    tracemalloc.start()
    try:
        with pytest.raises(FrameInvalid):
            frames.decode(data)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def _joined(chunks: bytes) -> bytes:
    """A frame of its chunks."""
    data, at = b"", 0
    while at < len(chunks):
        length, _ = frames.parse_header(chunks[at : at + frames.HEADER.size])
        at += frames.HEADER.size
        data += chunks[at : at + length]
        at += length
    return data


async def test_hellos_one_after_the_other_end_the_link(scene: Scene) -> None:
    """Each makes the queues of the host look at the link anew."""
    link = await scene.link()
    for n in range(2 * limits.HELLOS[0]):
        await link.send(hello({"demo": bool(n % 2)}))
    await link.wait_closed()
    events = scene.honest.listeners["demo"].events
    assert events.count(("connected", scene.liar.host_id)) <= limits.HELLOS[0]
    await scene.goes_on()
    assert len(scene.named()) == 1


async def test_links_one_after_the_other_are_refused(scene: Scene) -> None:
    """Each would be two lines in the log, and a hello of every queue."""
    made = [await _works(scene.link()) for _ in range(2 * limits.LINKS[0])]
    assert made[: limits.LINKS[0] // 2] == [True] * (limits.LINKS[0] // 2)
    assert not all(made)
    await scene.goes_on()
    assert len(scene.named()) == 1


async def test_links_without_a_hello_leave_room_for_others(
    scene: Scene, hosts: list[Host]
) -> None:
    """A newcomer still gets in while a member holds all that it can."""
    for _ in range(3 * limits.MOST_GREETING_OF_ONE):
        await _works(scene.liar.dial(scene.port, scene.certificate))
    assert len(scene.honest.network._greeting) <= limits.MOST_GREETING_OF_ONE
    newcomer = hosts[2]
    await newcomer.start("demo")
    newcomer.hear(scene.honest)
    await until(lambda: newcomer.network.connected("demo"))
    await scene.goes_on()


async def test_records_without_end_end_the_link(scene: Scene) -> None:
    """They are checked one after the other, and only so many wait."""
    link = await scene.link()
    mine = scene.liar.identity
    record = write_record(mine, "demo", Word.ADMIT, 1, mine.certificate, "x").pack()
    for _ in range(4):
        await link.send({"t": "records", "q": "demo", "r": [record] * 2000})
    for _ in range(2 * limits.INTRODUCTIONS[0]):
        await link.send({"t": "records", "q": "demo", "r": []})
    await link.wait_closed()
    await scene.goes_on()
    assert len(scene.named()) == 1


async def test_what_nobody_asked_for_is_dropped(scene: Scene) -> None:
    """Answers, unknown frames, frames about another queue: thousands, one warning a
    kind, and the link stays."""
    link = await scene.link()
    for n in range(2000):
        await link.send({"t": "ok", "n": n, "r": {}})
        await link.send({"t": "no", "n": n, "e": "\x1b[31mred\n"})
        await link.send({"t": f"new{n}"})
        await link.send({"t": "msg", "q": "secret", "m": {}})
        await link.send({"t": "records", "q": "secret", "r": []})
        await link.send({"t": "asking", "q": "secret", "a": [], "no": []})
    await link.send({"t": "req", "q": "demo", "n": 1, "f": "echo", "p": {"x": 1}})
    assert (await link.wait_for("ok"))["r"] == {"x": 1}
    await scene.goes_on()
    assert len(scene.named()) == 2


async def test_replayed_answers_answer_nothing(scene: Scene) -> None:
    """One request, one answer: the second one, and one of another number, is lost."""
    link = await scene.link()
    network, liar = scene.honest.network, scene.liar.host_id
    await until(lambda: liar in network.connected("demo"))
    asking = asyncio.create_task(network.request("demo", liar, "what", {}, 20))
    number = (await link.wait_for("req"))["n"]
    for n, text in ((number + 1, "wrong"), (number, "first"), (number, "second")):
        await link.send({"t": "ok", "n": n, "r": {"text": text}})
    assert await asking == {"text": "first"}
    again = asyncio.create_task(network.request("demo", liar, "what", {}, 20))
    assert (await link.wait_for("req"))["n"] != number
    await link.send({"t": "ok", "n": number, "r": {"text": "replayed"}})
    await link.send({"t": "no", "n": number + 1, "e": "no\x1b[2J\n" + "!" * 9999})
    with pytest.raises(Exception, match="no") as refused:
        await again
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) <= 1000


async def test_strangers_do_not_fill_the_log(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever else comes to the port, thousands of times: a few lines."""
    for _ in range(40):
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await reader.read()
        writer.close()
        context = tls.stranger_context()
        stream = await scene.liar.connect(scene.port, context)
        await stream.write(b"\x00\x01 no HTTP\r\n\r\n")
        with pytest.raises(StreamClosedError):
            await stream.read_bytes(1 << 20)
    lines = [r for r in caplog.records if r.name.startswith("tornado")]
    assert 0 < len(lines) <= 2 * limits.STRANGERS_LINES[0]
    await scene.goes_on()


async def test_a_flood_of_messages_leaves_the_loop_to_others(scene: Scene) -> None:
    """It is read no faster than half of the loop's time allows."""
    link = await scene.link()
    message = framed(msgpack.packb({"t": "msg", "q": "demo", "m": {"n": [1] * 50}}))
    flooding = asyncio.create_task(_flood(link, message * 50))
    heard = scene.honest.listeners["demo"].messages
    await until(lambda: len(heard) > 500)
    for _ in range(20):
        await scene.goes_on()
    flooding.cancel()
    await asyncio.wait([flooding])
    assert scene.named() == []


async def _flood(link: Any, data: bytes) -> None:
    while not link.stream.closed():
        await link.send_bytes(data)
        await asyncio.sleep(0)


async def test_a_bug_that_a_member_finds_is_logged_once(scene: Scene) -> None:
    """However often it makes it happen; each request is answered."""
    link = await scene.link()
    for n in range(20):
        await link.send({"t": "req", "q": "demo", "n": n, "f": "bug", "p": {}})
        assert "internal error" in (await link.wait_for("no"))["e"]
    assert len(scene.named()) == 1


# Contents.


async def _hold(scene: Scene, data: bytes) -> str:
    """A content of the honest host; the path that it is at."""
    path = scene.honest.folder / "content"
    path.write_bytes(data)
    scene.honest.contents.paths["demo", SHA] = path
    return f"/netqueue/content/demo/{SHA}"


async def test_ranges_that_are_never_read_are_cut(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in memory so long; and another member gets its own meanwhile."""
    monkeypatch.setattr(content, "STALLED_SECONDS", 8.0)
    path = await _hold(scene, b"x" * limits.LARGEST_RANGE)
    whole = f"Range: bytes=0-{limits.LARGEST_RANGE - 1}"
    most = limits.RANGES_OF_ONE // limits.LARGEST_RANGE
    served = [await _works(scene.get(path, whole)) for _ in range(2 * most)]
    assert served == [True] * most + [False] * most
    found = await scene.other.network.fetch("demo", scene.honest.host_id, SHA, 0, 9)
    assert found == b"x" * 9
    server_ = scene.honest.network._server
    assert server_ is not None
    await until(lambda: not server_._ranges)
    await scene.get(path, "Range: bytes=0-9")
    await scene.goes_on()


@pytest.mark.parametrize(
    "path",
    [
        "/netqueue/content/demo/../../../identity.pem",
        "/netqueue/content/demo/..%2f..%2fidentity.pem",
        "/netqueue/content/demo/%2e%2e",
        "/netqueue/content/demo//etc/passwd",
        f"/netqueue/content/demo/{SHA}%00",
        f"/netqueue/content/demo/{SHA}/../{SHA}",
        f"/netqueue/content/demo/{SHA.upper()}",
        "/netqueue/content/demo/identity.pem",
        f"/netqueue/content/%2e%2e/{SHA}",
        f"/netqueue/content/secret/{SHA}",
        f"/netqueue/content/demo%00/{SHA}",
        "/netqueue/",
        "/",
    ],
)
async def test_only_contents_of_the_queue_are_served(scene: Scene, path: str) -> None:
    """No path leads out of it: a hash is a name in the queue, not in a folder."""
    await _hold(scene, b"x" * 100)
    scene.honest.contents.paths["secret", SHA] = Path("/etc/passwd")
    with pytest.raises(exchange.WrongStatus) as refused:
        await scene.get(path, "Range: bytes=0-9")
    assert refused.value.status in (400, 403, 404)


# Connections.


@pytest.mark.parametrize(
    "head",
    [
        b"GET /netqueue/link HTTP/1.1\r\nHost: netqueue\r\n",
        b"POST /netqueue/admission HTTP/1.1\r\nContent-Length: 60000\r\n\r\nx",
        b"POST /netqueue/admission HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n",
        b"POST /netqueue/admission HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"40000000\r\n" + b"x" * 70_000,
        b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 20_000,
    ],
)
async def test_requests_that_do_not_end_are_cut(
    scene: Scene, head: bytes, monkeypatch: pytest.MonkeyPatch, hosts: list[Host]
) -> None:
    """A head, a body, or more of either than there may be."""
    monkeypatch.setattr(server, "IDLE_SECONDS", 3.0)
    third = hosts[2]
    await third.start("demo")
    stream = await scene.liar.connect(third.network.port, tls.stranger_context())
    await stream.write(head)
    with pytest.raises(StreamClosedError):
        await stream.read_bytes(1 << 20)
    assert third.network._server is not None
    await until(lambda: not third.network._server._server._connections)  # type: ignore[union-attr]


async def test_thousands_of_admission_requests_are_refused(
    scene: Scene, hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one address, while a host at another one is let in."""
    monkeypatch.setattr(server, "ADMISSION_REQUESTS", (20, 0.01))
    third = hosts[2]
    await third.start("demo")
    port = third.network.port
    answers = [await _status(scene.liar.post(port, b"")) for _ in range(40)]
    assert answers == [400] * 20 + [429] * 20
    scene.other.hear(third)
    await until(lambda: third.host_id in scene.other.network.connected("demo"))
    await scene.goes_on()


async def test_many_newcomers_are_bounded(hosts: list[Host], tmp_path: Path) -> None:
    """Hundreds of keys from one address: few wait, none of them is on a disk."""
    a = hosts[0]
    await a.start("demo", mode=AdmissionMode.APPROVE)
    before = (a.folder / "admission.json").exists()
    for n in range(40):
        liar = Liar(tmp_path / f"liar{n}")
        body = _request(liar, a.host_id)
        await liar.post(a.network.port, body)
        liar.close()
    assert len(a.network._gate.newcomers._sessions) <= 6
    assert a.network.desk.waiting("demo") == []
    assert (a.folder / "admission.json").exists() == before


def _request(liar: Liar, host_id: str) -> bytes:
    return pack_request(liar.identity, "x", ("demo",), host_id, commitment=b"c" * 32)


# Who it is.


async def test_a_members_key_makes_no_other_host(scene: Scene, tmp_path: Path) -> None:
    """TLS would accept what a member's key has signed: the fingerprint decides."""
    context = tls.member_context(scene.liar.identity, scene.certificate)
    context.load_cert_chain(_signed_by(scene.liar, tmp_path))
    try:
        stream = await scene.liar.connect(scene.port, context)
        head = "GET /netqueue/link\nConnection: Upgrade\nUpgrade: netqueue/1"
        await exchange.ask(stream, MachineClock(), head, b"", 101)
    except (ExchangeFailed, ssl.SSLError, StreamClosedError):
        refused = True  # in the handshake or after it, as this version of TLS has it
    else:
        refused = False
    assert refused
    assert not scene.honest.network._greeting


def _signed_by(liar: Liar, folder: Path) -> Path:
    """A certificate of another key, signed by the liar's."""
    text = liar.identity.path.read_bytes()
    signer = serialization.load_pem_private_key(text, None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    issuer = x509.load_der_x509_certificate(liar.identity.certificate).subject
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "another")])
    certificate = (
        x509.CertificateBuilder(issuer, name, key.public_key(), 7)
        .not_valid_before(datetime(2000, 1, 1))
        .not_valid_after(datetime(2099, 1, 1))
        .sign(signer, hashes.SHA256())
    )
    path = folder / "another.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
        + x509.load_der_x509_certificate(liar.identity.certificate).public_bytes(
            serialization.Encoding.PEM
        )
    )
    return path
