"""Two real printers of a workshop, as a stranger in their network sees them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from moonraker_netqueue.machine import MachineClock, MachineDisk
from moonraker_netqueue.model.schema import SCHEMA
from moonraker_netqueue.peers import exchange, tls
from moonraker_netqueue.peers.admission_request import (
    LARGEST_BODY,
    Answer,
    pack_request,
    unpack_answer,
)
from moonraker_netqueue.peers.identity import Identity, load_or_create
from moonraker_netqueue.peers.pairing import NONCE_BYTES, commitment
from moonraker_netqueue.virtual_printer.printers import VirtualPrinter, free_ports
from tests.component.slicer import GCODE
from tests.component.test_component import ROOT, serves, wait
from tests.component.test_component import exchange as call
from tests.conftest import start_farm
from tests.peers.liar import Liar

QUEUE, SECRET = "walk", "walk-secret"
MARKUP = '<img src=x onerror="x()">'  # what a stranger may call itself
_T = TypeVar("_T")
_SECTION = """\
[netqueue]
name: {name}
queues: walk, walk-secret
bind: 127.0.0.1
port: {port}
peers: 127.0.0.1:{peer}
discovery: False
clear_bed: macro

[netqueue walk-secret]
admission: token
"""


@dataclass(frozen=True)
class Host:
    """One printer, and where other hosts reach it."""

    name: str
    printer: VirtualPrinter
    port: int

    @property
    def identity(self) -> Identity:
        folder = self.printer.data_path / "netqueue"
        return load_or_create(folder, MachineDisk())

    def get(self, endpoint: str, queue: str = QUEUE) -> Any:
        return self.printer.client.get(f"{ROOT}/{endpoint}", queue=queue)

    def post(self, endpoint: str, body: dict[str, Any]) -> Any:
        return self.printer.client.post(f"{ROOT}/{endpoint}", {"queue": QUEUE, **body})

    def delete(self, endpoint: str, body: dict[str, Any]) -> Any:
        path, given = f"{ROOT}/{endpoint}", {"queue": QUEUE, **body}
        status, answer = call(self.printer, "DELETE", path, given)
        assert status == 200, answer
        return answer["result"]

    def status(self) -> dict[str, Any]:
        queues = self.printer.client.get(f"{ROOT}/status")["queues"]
        return dict(queues[QUEUE])

    def members(self, queue: str = QUEUE) -> dict[str, str]:
        """Roles by host id; who leads may change by itself."""
        rows = self.get("members", queue)["members"]
        votes = ("leader", "follower")
        return {
            row["host_id"]: "voter" if row["role"] in votes else row["role"]
            for row in rows
        }

    def requests(self) -> list[dict[str, Any]]:
        """Who asks to be let in."""
        rows = self.get("members")["requests"]
        return [row for row in rows if row["asks"]]

    def job_names(self, queue: str = QUEUE) -> list[str]:
        return [job["name"] for job in self.get("jobs", queue)["jobs"]]

    def forget(self, host_id: str, queue: str = QUEUE) -> None:
        self.delete("member", {"queue": queue, "host_id": host_id})

    def warnings(self) -> list[str]:
        return list(self.printer.server_info()["warnings"])

    def log(self) -> str:
        return (self.printer.data_path / "logs/moonraker.log").read_text()

    def memory(self) -> int:
        """KiB that Moonraker takes."""
        pid = self.printer.pid("moonraker")
        status = Path(f"/proc/{pid}/status").read_text()
        (line,) = [one for one in status.splitlines() if one.startswith("VmRSS")]
        return int(line.split()[1])


@dataclass(frozen=True)
class Shop:
    """Two members of a queue that asks a person; one has a secret queue beside."""

    first: Host
    second: Host

    @property
    def hosts(self) -> tuple[Host, Host]:
        return self.first, self.second

    def state(self) -> list[Any]:
        """What a stranger could have changed, as each host knows it."""
        found: list[Any] = []
        for host in self.hosts:
            status = host.status()
            found += [host.members(), host.job_names(), host.requests()]
            found += [host.members(SECRET), host.job_names(SECRET)]
            found += [status[key] for key in ("group", "paused", "quorum")]
        return found

    def goes_on(self) -> None:
        """A job that is added at one host is seen, and removed, at the other one."""
        job = {"filename": "part.gcode", "name": "goes on"}
        job_id = self.first.post("job", job)["job_id"]
        wait(lambda: "goes on" in self.second.job_names())
        self.second.delete("job", {"job_id": job_id})
        wait(lambda: "goes on" not in self.first.job_names())


@contextmanager
def shop_of(folder: Path) -> Iterator[Shop]:
    """Both are in, and the queue is paused; a person let the second one in."""
    with free_ports(2) as ports:
        one, two = ports
    with ExitStack() as closing:
        hosts = []
        for name, port, peer in (("north", one, two), ("south", two, one)):
            section = _SECTION.format(name=name, port=port, peer=peer)
            farm = closing.enter_context(start_farm(folder, 1, section))
            hosts.append(Host(name, farm.printers[0], port))
        shop = Shop(*hosts)
        for host in hosts:
            wait(partial(serves, host.printer))
        let_in(shop.first, shop.second.identity.host_id)
        wait(lambda: shop.first.status()["group"] == shop.second.status()["group"])
        wait(lambda: list(shop.first.members().values()) == ["voter"] * 2)
        wait(lambda: shop.first.members() == shop.second.members())
        wait(lambda: not any(host.requests() for host in hosts))
        shop.first.post("pause", {})
        shop.first.post("rules", {})
        shop.first.printer.client.upload("part.gcode", GCODE)
        shop.first.post("job", {"filename": "part.gcode", "name": "part"})
        wait(lambda: all(host.job_names() == ["part"] for host in hosts))
        wait(lambda: all(host.status()["rules"] == SCHEMA for host in hosts))
        yield shop
        for host in hosts:
            assert "Traceback" not in host.log()


def let_in(host: Host, host_id: str) -> None:
    """A person says yes."""

    def is_asked() -> bool:
        return any(row["host_id"] == host_id for row in host.requests())

    wait(is_asked)
    host.post("member", {"host_id": host_id, "action": "approve"})


class Laptop(Liar):
    """The stranger's: it speaks our protocol, and says in it what it likes."""

    def play(self, work: Coroutine[Any, Any, _T]) -> _T:
        """What comes of it; the connections end with it."""

        async def whole() -> _T:
            try:
                return await work
            finally:
                self.close()

        return asyncio.run(whole())

    def request(self, host: Host, *queues: str, **more: Any) -> bytes:
        """Asks to be let in; `more` as of `pack_request`."""
        server = host.identity.host_id
        return pack_request(self.identity, MARKUP, queues, server, **more)

    async def asks(self, host: Host, *queues: str, **more: Any) -> Answer:
        """Asks to be let in; raises ExchangeFailed."""
        return unpack_answer(
            await self.post(host.port, self.request(host, *queues, **more))
        )

    async def shows_itself(
        self, host: Host, nonce: bytes = b"n" * NONCE_BYTES
    ) -> bytes:
        """Asks a person there, as a newcomer does; what it is challenged with."""
        said = commitment(self.host_id, host.identity.host_id, nonce)
        answer = await self.asks(host, QUEUE, commitment=said)
        if answer.challenge:
            await self.asks(host, QUEUE, commitment=said, nonce=nonce)
        return answer.challenge

    async def status_of(self, host: Host, head: str, body: bytes = b"") -> int:
        """What a request without a certificate is answered."""
        stream = await self.connect(host.port, tls.stranger_context())
        try:
            headers = await exchange.ask(stream, MachineClock(), head, body, 200)
            await exchange.read_body(stream, MachineClock(), headers, LARGEST_BODY)
        except exchange.WrongStatus as error:
            return error.status
        finally:
            stream.close()
        return 200
