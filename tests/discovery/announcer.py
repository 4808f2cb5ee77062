"""A process that announces itself on loopback and prints what it hears.

Arguments: host id, port, queues. A line on standard input with queues announces
those instead; end of input closes.
"""

from __future__ import annotations

import asyncio
import json
import sys

from moonraker_netqueue.discovery.discovery import Discovery
from moonraker_netqueue.discovery.record import Found
from moonraker_netqueue.machine import MachineClock, ThreadWorker


def say(event: str, *fields: object) -> None:
    sys.stdout.write(json.dumps([event, *fields]) + "\n")
    sys.stdout.flush()


def say_found(found: Found) -> None:
    say("found", found.host_id, found.port, found.queues)


async def main(host_id: str, port: str, queues: str) -> None:
    worker = ThreadWorker()
    discovery = Discovery(
        host_id,
        f"name of {host_id[:4]}",
        int(port),
        interface="127.0.0.1",
        on_found=say_found,
        on_lost=lambda lost: say("lost", lost),
        on_warning=lambda text: say("warning", text),
        clock=MachineClock(),
        worker=worker,
    )
    discovery.start(queues.split(","))
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        await discovery.announce(line.strip().split(","))
    await discovery.close()
    worker.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
