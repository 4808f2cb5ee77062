"""How quickly people and printers are answered.

`python3 -m bench.interface [SUBMITS] [COPIES]` at the root of the checkout. Two virtual
printers that share a queue, real Moonrakers and Klippers on one machine:

- a job is added at one host, and seen in a notification of the other one's websocket;
- the time from Klipper's word that a print ended until the next one is decided upon and
  until it is started, by the times that are recorded in the queue. Nothing is left
  on these printers' beds. A start waits for 2 s of motion that Klipper may have queued.

Then, in this process, what the calls of a farm of 100 printers, 1000 jobs and 20000
files take, and for how long at once they hold Moonraker's loop.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

from tornado.websocket import WebSocketClientConnection, websocket_connect

from moonraker_netqueue.admission_mode import AdmissionMode
from moonraker_netqueue.api.endpoints import Endpoints
from moonraker_netqueue.api.host import Host
from moonraker_netqueue.api.host_files import HostFiles
from moonraker_netqueue.machine import MachineClock
from moonraker_netqueue.model.command import (
    Body,
    Command,
    CommandId,
    ContentHeld,
    JobAdd,
    PrinterUpdate,
    PrintReserve,
)
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.printer import PrinterState, Profile
from moonraker_netqueue.model.queue_state import QueueState
from moonraker_netqueue.printer.explanation import Explanation
from moonraker_netqueue.replica.phase import Phase
from moonraker_netqueue.replica.status import Member, ReplicaStatus, Role
from moonraker_netqueue.virtual_printer.printers import (
    VirtualFarm,
    VirtualPrinter,
    free_ports,
)
from moonraker_netqueue.virtual_printer.shared_queue import sections, unshared_reason

_ROOT = "/server/netqueue"
_SECTIONS = sections("bench").replace("clear_bed: macro", "clear_bed: never")
_FILE = b"G28\n" + b"G4 P1000\n" * 14  # the agent looks ahead every 10 s
_CALLS, _PAGE = 50, 100


class Farm(NamedTuple):
    """How much the farm in memory has."""

    printers: int = 100
    jobs: int = 1000
    files: int = 20_000


def _row(what: str, values: Sequence[float]) -> None:
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    print(
        f"| {what} | {len(values)} | {statistics.median(values):.1f} | {p99:.1f}"
        f" | {ordered[-1]:.1f} |"
    )


# Two real hosts.


async def _hear_job(connection: WebSocketClientConnection, name: str) -> None:
    while (text := await connection.read_message()) is not None:
        message = json.loads(text)
        if message.get("method") == "notify_netqueue_changed" and any(
            change["topic"] == "job" and (change["value"] or {}).get("name") == name
            for change in message["params"][0]["changes"]
        ):
            return


async def _submits(
    first: VirtualPrinter, second: VirtualPrinter, count: int
) -> list[float]:
    """Milliseconds from the request at `first` to the notification at `second`."""
    url = f"ws://127.0.0.1:{second.client.port}/websocket"
    connection = await websocket_connect(url)
    took: list[float] = []
    for number in range(count):
        name = f"submit {number}"
        job = {"filename": "part.gcode", "name": name, "hold": True}
        heard = asyncio.create_task(_hear_job(connection, name))
        begun = time.perf_counter()
        post = asyncio.to_thread(first.client.post, f"{_ROOT}/job", job)
        await asyncio.gather(post, heard)
        took.append((time.perf_counter() - begun) * 1000)
    connection.close()
    return took


def _gaps(printer: VirtualPrinter, copies: int) -> tuple[list[float], list[float]]:
    """Milliseconds from the end of each print at its printer until the next one is
    reserved, not below 0, and until it starts."""
    job = {"filename": "part.gcode", "count": copies, "name": "prints"}
    printer.client.post(f"{_ROOT}/job", job)
    while True:
        ended = printer.client.get(f"{_ROOT}/history", limit=1000)["prints"]
        if sum(entry["state"] == "done" for entry in ended) >= copies:
            break
        time.sleep(0.5)
    decided, started = [], []
    for printer_id in {entry["printer_id"] for entry in ended}:
        mine = [entry for entry in ended if entry["printer_id"] == printer_id]
        mine.sort(key=lambda entry: entry["started"])
        for earlier, later in itertools.pairwise(mine):
            decided.append(max(0.0, later["reserved"] - earlier["ended"]) * 1000)
            started.append((later["started"] - earlier["ended"]) * 1000)
    return decided, started


def _measure_hosts(submits: int, copies: int) -> None:
    with tempfile.TemporaryDirectory(prefix="netqueue-bench-") as folder:
        with free_ports(2) as ports:
            farm = VirtualFarm(Path(folder), ports, _SECTIONS)
        with farm:
            farm.start()
            farm.wait_ready()
            while unshared_reason(farm) is not None:
                time.sleep(0.2)
            first, second = farm.printers
            first.client.upload("part.gcode", _FILE)
            took = asyncio.run(_submits(first, second, submits))
            _row("added at one host, seen at the other", took)
            decided, started = _gaps(first, copies)
            _row("end of a print until the next is decided", decided)
            _row("end of a print until the next starts", started)


# A farm of 100 printers in memory.


class _Links:
    """All hosts are there."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self.host_id = hosts[0]
        self._hosts = tuple(hosts)

    def connected(self, _queue: str) -> tuple[str, ...]:
        return self._hosts

    def find_link(self, _host_id: str) -> None:
        return None


class _Agent:
    """A printer whose plan is known."""

    def __init__(self, state: QueueState) -> None:
        self._why = dict.fromkeys(state.jobs, "waiting: all printers are busy")

    def view(self) -> dict[str, Any]:
        return {"state": "printing"}

    async def explain(self, _queue: str) -> Explanation:
        return Explanation(self._why, {}, {}, 0, "pulp")


def _full_state(hosts: Sequence[str], farm: Farm) -> QueueState:
    state = QueueState()
    numbers = dict.fromkeys(hosts, 0)

    def apply(host: str, body: Body) -> None:
        numbers[host] += 1
        command = Command(CommandId(host, 1, numbers[host]), 1000.0, body)
        state.apply(command, sum(numbers.values()))

    file = FileRef("0" * 32, "0" * 64, 1000, "part.gcode")
    apply(hosts[0], ContentHeld(file))
    for number in range(1, farm.files):
        name = f"part {number * 7919 % farm.files}.gcode"
        apply(hosts[0], ContentHeld(FileRef("0" * 32, f"{number:064x}", 1000, name)))
    for number, host in enumerate(hosts):
        name = f"printer {number}"
        apply(host, PrinterUpdate(Profile(name, PrinterState.READY)))
    for number in range(farm.jobs):
        item = ItemSpec("part.gcode", 10, (file,), estimate_s=3600)
        apply(hosts[0], JobAdd(f"job-{number:08}", Wishes(f"job {number}"), (item,)))
    for number, host in enumerate(hosts):
        reserve = PrintReserve(f"print-{number:08}", "job-00000000", 0, "0" * 64)
        apply(host, reserve if number < 10 else PrinterUpdate(Profile(f"p {number}")))
    return state


def _full_host(farm: Farm) -> Host:
    hosts = [f"{number:064x}" for number in range(farm.printers)]
    state = _full_state(hosts, farm)
    status = ReplicaStatus(
        phase=Phase.MEMBER,
        role=Role.LEADER,
        group="g",
        generation=1,
        leader=hosts[0],
        term=1,
        quorum=True,
        voters=tuple(hosts[:5]),
        missing_voters=(),
        members=tuple(Member(host, "p", False, True, "") for host in hosts),
        last_index=1,
        commit_index=1,
        applied_index=1,
        durable_index=1,
        pending=(),
        notices=(),
        error=None,
    )
    queue = SimpleNamespace(
        name="bench",
        state=state,
        revision=1,
        replica=SimpleNamespace(status=lambda: status, replaying=False),
        missing=list,
        pending_view=list,
        notices=(),
        gone=set,
        desk=SimpleNamespace(
            mode=lambda _: AdmissionMode.APPROVE,
            waiting=lambda _: (),
            members=lambda _: {},
            forgotten=lambda _: {},
            let_in_by=lambda _: {},
        ),
    )
    links: Any = _Links(hosts)
    files = HostFiles(
        host_id=links.host_id,
        store=cast(Any, SimpleNamespace(has=lambda _: True, entries=dict)),
        fetcher=cast(Any, None),
        eviction=cast(Any, None),
        gcodes=Path(),
        metadata=lambda _: {},
        clock=MachineClock(),
    )
    return Host(
        name="bench",
        notices={},
        queues=cast(Any, {"bench": queue}),
        links=links,
        files=files,
        agent=cast(Any, _Agent(state)),
        klipper=cast(Any, SimpleNamespace(view=dict)),
        cameras=tuple,
        random=cast(Any, None),
        clock=MachineClock(),
    )


async def _time(
    call: Callable[[], Awaitable[Any]],
) -> tuple[list[float], list[float]]:
    """Milliseconds of each call with its answer as JSON; of the longest part of each
    in which nothing else could run."""
    took, held = [], []
    for _ in range(_CALLS):
        begun = time.perf_counter()
        parts: list[float] = []
        watching = asyncio.create_task(_watch_loop(parts))
        await asyncio.sleep(0)
        json.dumps(await call())
        took.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(0)
        watching.cancel()
        held.append(max(parts) * 1000)
    return took, held


async def _watch_loop(parts: list[float]) -> None:
    while True:
        begun = time.perf_counter()
        await asyncio.sleep(0)
        parts.append(time.perf_counter() - begun)


async def measure_farm(farm: Farm) -> None:
    """Print how long its calls take."""
    endpoints = Endpoints(_full_host(farm), cast(Any, None))
    for name, values in (
        ("status", {}),
        ("printers", {}),
        ("members", {}),
        ("jobs", {}),
        ("jobs", {"limit": _PAGE}),
        ("files", {}),
        ("files", {"limit": _PAGE}),
    ):
        took, held = await _time(partial(endpoints.call, name, "GET", values, ""))
        what = " ".join((f"`{name}`", *(f"{k}={v}" for k, v in values.items())))
        _row(what, took)
        _row(f"{what}: the loop held at once", held)


def main() -> None:
    submits = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    copies = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    print("| milliseconds | times | median | p99 | worst |")
    print("|---|---|---|---|---|")
    asyncio.run(measure_farm(Farm()))
    _measure_hosts(submits, copies)


if __name__ == "__main__":
    main()
