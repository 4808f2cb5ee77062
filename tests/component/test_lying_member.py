"""A member that lies to a real Moonraker: what it gets, and what it costs."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgpack
import pytest
from tornado.iostream import StreamClosedError

from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.peers import exchange
from moonraker_netqueue.peers.admission_request import Verdict
from moonraker_netqueue.peers.errors import ExchangeFailed
from moonraker_netqueue.peers.identity import Identity, load_or_create
from moonraker_netqueue.virtual_printer.printers import VirtualPrinter, free_ports
from tests.component.slicer import GCODE, Slicer
from tests.component.test_component import ROOT, serves, wait
from tests.conftest import start_farm
from tests.peers.liar import Liar, LyingLink, endless_frame, framed, hello

pytestmark = pytest.mark.timeout(600)
SECTION = """\
[netqueue]
queues: workshop, secret
bind: 127.0.0.1
port: {port}
discovery: False
admission: open

[netqueue secret]
admission: token
"""
BOTH = {"workshop": True, "secret": True}
HIDDEN = GCODE + b"; nobody else may have this\n"
SHA256 = hashlib.sha256(HIDDEN).hexdigest()
_T = TypeVar("_T")
_GROWTH_MAX = 120 << 10  # KiB: far below what is sent


class Host:
    """The printer, as other hosts see it."""

    def __init__(self, printer: VirtualPrinter, port: int) -> None:
        self.printer = printer
        self.port = port
        folder = printer.data_path / "netqueue"
        self.identity: Identity = load_or_create(folder, MachineDisk())

    async def link(self, liar: Liar) -> LyingLink:
        """A link of the liar's that is up."""
        return await liar.link(self.port, self.identity.certificate, BOTH)

    def memory(self) -> int:
        """KiB that Moonraker takes."""
        pid = self.printer.pid("moonraker")
        status = Path(f"/proc/{pid}/status").read_text()
        (line,) = [one for one in status.splitlines() if one.startswith("VmRSS")]
        return int(line.split()[1])

    def log(self) -> str:
        return (self.printer.data_path / "logs/moonraker.log").read_text()


@pytest.fixture(scope="module")
def host(printers_folder: Path) -> Iterator[Host]:
    """A printer with a queue that is open, and another one that is not."""
    with free_ports(1) as ports:
        (port,) = ports
    with start_farm(printers_folder, 1, SECTION.format(port=port)) as farm:
        (printer,) = farm.printers
        wait(partial(serves, printer), 90)
        for queue in BOTH:
            printer.client.post(f"{ROOT}/pause", {"queue": queue})
        Slicer(printer, f"{ROOT}/slicer/secret").send("hidden.gcode", HIDDEN)
        job = {"queue": "secret", "filename": "hidden.gcode", "name": "hidden"}
        printer.client.post(f"{ROOT}/job", job)
        yield Host(printer, port)
        assert "Traceback" not in (printer.data_path / "logs/moonraker.log").read_text()


@pytest.fixture
def liar(host: Host, tmp_path: Path) -> Liar:
    """A member of the open queue only."""
    liar = Liar(tmp_path)
    asked = liar.ask_admission(host.port, host.identity.host_id, *BOTH)
    verdicts = asyncio.run(asked).verdicts
    assert verdicts == {"workshop": Verdict.ADMITTED, "secret": Verdict.REFUSED}
    return liar


def play(liar: Liar, work: Coroutine[Any, Any, _T]) -> _T:
    """What comes of it; the liar's connections end with it."""

    async def whole() -> _T:
        try:
            return await work
        finally:
            liar.close()

    return asyncio.run(whole())


def test_a_member_gets_nothing_of_another_queue(host: Host, liar: Liar) -> None:
    """R13: no content, no request, no record, no message; whatever it says it is in."""

    async def try_all() -> list[str]:
        link = await host.link(liar)
        told: list[str] = []
        for queue in BOTH:
            path = f"/netqueue/content/{queue}/{SHA256}"
            with pytest.raises(exchange.WrongStatus) as refused:
                await liar.get(
                    host.port, host.identity.certificate, path, "Range: bytes=0-9"
                )
            assert refused.value.status == {"workshop": 404, "secret": 403}[queue]
        methods = ("join", "snapshot", "submit", "copy", "copy_part", "rules")
        anything = {"g": "x", "without": []}
        told += [await link.ask("secret", method, anything) for method in methods]
        for queue in BOTH:
            told.append(await link.ask(queue, "file_details", {"sha256": SHA256}))
            told.append(await link.ask(queue, "verify", {"sha256": SHA256}))
            for endpoint in ("print", "printer", "bed_clear"):
                arguments = {"queue": "secret", "print_id": "x", "action": "cancel"}
                params = {"endpoint": endpoint, "arguments": arguments}
                told.append(await link.ask(queue, "owner", params))
        await link.send({"t": "msg", "q": "secret", "m": {"t": "hello"}})
        await link.send({"t": "records", "q": "secret", "r": []})
        await link.send({"t": "asking", "q": "secret", "a": [], "no": []})
        told.append(
            await link.ask("workshop", "join", {})
        )  # it still is a member of that
        return told

    told = play(liar, try_all())
    assert not [text for text in told if "hidden" in text or "estimated" in text]
    assert len([text for text in told if "does not answer you about" in text]) == 11
    assert len([text for text in told if "'status': 403" in text]) == 3
    assert "group" in told[-1] or "'g'" in told[-1]
    members = host.printer.client.get(f"{ROOT}/members", queue="secret")
    assert liar.host_id not in str(members)


def test_a_member_cannot_make_the_host_large_or_its_log(host: Host, liar: Liar) -> None:
    """It sends hundreds of MiB in every way; the page is answered all the time."""

    async def flood() -> None:
        link = await host.link(liar)
        message = {"t": "msg", "q": "workshop", "m": {"t": "raft", "m": ["x"] * 1000}}
        for _ in range(200):
            await link.send_bytes(framed(msgpack.packb(message)) * 50)
        bad = {"t": "msg", "q": "workshop", "m": {"t": "hello", "g": 7}}
        await link.send_bytes(framed(msgpack.packb(bad)) * 5000)
        await link.send_bytes(framed(msgpack.packb(hello(BOTH))) * 1000)
        await link.wait_closed()
        for _ in range(50):  # it is not let in again so soon
            with pytest.raises((ExchangeFailed, StreamClosedError)):
                await host.link(liar)

    before, lines = host.memory(), host.log().count("\n")
    play(liar, flood())
    assert host.printer.client.get(f"{ROOT}/status")["queues"]["workshop"]["quorum"]
    assert host.memory() - before < _GROWTH_MAX
    about = [one for one in host.log().splitlines() if liar.host_id[:8] in one]
    assert len(about) < 15, about
    assert host.log().count("\n") - lines < 60


def test_a_message_of_a_gigabyte_is_cut_off(host: Host, tmp_path: Path) -> None:
    """In the first chunks beyond what a frame may have; nothing of it is kept."""
    liar = Liar(tmp_path / "other")

    async def send() -> int:
        await liar.ask_admission(host.port, host.identity.host_id, "workshop")
        link = await host.link(liar)
        sent = 0
        for chunk in endless_frame():
            await link.send_bytes(chunk)
            sent += len(chunk)
            if link.stream.closed() or sent > 1 << 30:
                break
        return sent

    before = host.memory()
    sent = play(liar, send())
    assert sent < 64 << 20
    assert host.memory() - before < _GROWTH_MAX
    assert host.printer.client.get(f"{ROOT}/status")["queues"]["workshop"]["quorum"]
