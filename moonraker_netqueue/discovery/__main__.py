"""Discovery in a terminal: `python3 -m moonraker_netqueue.discovery NAMESPACE NAME`."""

from __future__ import annotations

import argparse
import asyncio
import socket
import sys
from collections.abc import Sequence

from ..cli.terminal import (
    check_namespace,
    complain,
    quiet_logs,
    say,
    say_warning,
    stop_on_signal,
)
from ..machine import MachineClock, MachineRandom, ThreadWorker
from ..names import clean_name
from ..tasks import stop
from .discovery import Discovery
from .record import Found

_LOOK_SECONDS = 2.0  # between looks whether the others are still there
_ANSWER_SECONDS = 1.0


class _Terminal:
    """Shows who is in the namespace.

    Who is killed says no goodbye, and its announcement lives on for an hour: so each
    is asked at its port whether it is there.
    """

    def __init__(self, clock: MachineClock) -> None:
        self._clock = clock
        self._found: dict[str, Found] = {}
        self._silent: set[str] = set()

    def on_found(self, found: Found) -> None:
        if found.host_id not in self._found:
            say(f"+ {_text(found)}")
        elif self._found[found.host_id].name != found.name:
            say(f"  {_text(self._found[found.host_id])} is now {_text(found)}")
        self._found[found.host_id] = found

    def on_lost(self, host_id: str) -> None:
        found = self._found.pop(host_id)
        if host_id not in self._silent:
            say(f"- {_text(found)}")
        self._silent.discard(host_id)

    async def look_after(self) -> None:
        """Show who does not answer any more, for ever."""
        while True:
            await self._clock.sleep(_LOOK_SECONDS)
            for found in tuple(self._found.values()):
                answers = await self._answers(found)
                if found.host_id not in self._found:
                    continue  # it said goodbye meanwhile
                if not answers and found.host_id not in self._silent:
                    self._silent.add(found.host_id)
                    say(f"- {_text(found)}: it does not answer")
                elif answers and found.host_id in self._silent:
                    self._silent.discard(found.host_id)
                    say(f"+ {_text(found)}: it answers again")

    async def _answers(self, found: Found) -> bool:
        for address in found.addresses:
            try:
                _, writer = await self._clock.wait_for(
                    asyncio.open_connection(address, found.port), _ANSWER_SECONDS
                )
            except (OSError, TimeoutError):
                continue
            writer.close()
            return True
        return False


def _text(found: Found) -> str:
    return f"{found.name} ({', '.join(found.addresses)} port {found.port})"


async def _run(namespace: str, name: str, interface: str | None) -> None:
    clock, worker = MachineClock(), ThreadWorker()
    stopped, terminal = stop_on_signal(), _Terminal(clock)
    # A service has a port; nothing is said there but that it is alive.
    service = await asyncio.start_server(
        lambda _reader, writer: writer.close(),
        interface or "",
        0,
        family=socket.AF_INET,
    )
    port = service.sockets[0].getsockname()[1]
    discovery = Discovery(
        MachineRandom().token(32).hex(),
        name,
        port,
        interface=interface,
        on_found=terminal.on_found,
        on_lost=terminal.on_lost,
        on_warning=say_warning,
        clock=clock,
        worker=worker,
    )
    discovery.start([namespace])
    say(f"{name} is in {namespace}, at port {port}. Ctrl-C leaves.")
    looking = asyncio.create_task(terminal.look_after())
    await stopped.wait()
    await stop(looking)
    await discovery.close()
    service.close()
    worker.close()
    say(f"{name} left")


def main(arguments: Sequence[str] | None = None) -> int:
    """Announce and listen until Ctrl-C; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m moonraker_netqueue.discovery",
        description="Show who comes to a namespace and who goes, in this terminal.",
    )
    parser.add_argument("namespace", help="such as ns1; only its services are shown")
    parser.add_argument("name", help="of this service, as the others show it")
    parser.add_argument(
        "--interface",
        metavar="ADDRESS",
        help="IPv4 address to use alone; 127.0.0.1: this machine only",
    )
    options = parser.parse_args(arguments)
    check_namespace(parser, options.namespace)
    name = clean_name(options.name)
    if not name:
        parser.error("the name has nothing to show")
    quiet_logs()
    try:
        asyncio.run(_run(options.namespace, name, options.interface))
    except OSError as error:
        complain(f"{options.interface}: {error.strerror}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
