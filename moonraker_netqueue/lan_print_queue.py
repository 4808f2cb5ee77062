"""A print queue in terminals.

`python3 -m moonraker_netqueue.lan_print_queue NAMESPACE HOST:PORT`

The real queue without printers: real links, real Raft, real files. A typed line adds a
job, whose file is made up, so that every terminal shows it.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import ipaddress
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .admission_mode import AdmissionMode, AdmissionSettings
from .cli.terminal import (
    check_namespace,
    complain,
    quiet_logs,
    read_lines,
    say,
    say_warning,
    stop_on_signal,
)
from .errors import NetqueueError
from .headless import (
    HeadlessHost,
    Place,
    describe,
    headless_host,
    own_folder,
    parse_address,
    resolve,
)
from .model.command import ContentHeld, JobAdd
from .model.content import FileRef
from .model.job import ItemSpec, Wishes
from .replica.replica import Replica
from .replica.submission import SubmitState
from .tasks import stop

_LOOK_SECONDS = 0.3  # between looks at the status
_NAME_MAX = 100


class _Terminal:
    """Shows one replica of a queue and adds jobs to it."""

    def __init__(self, replica: Replica, host: HeadlessHost) -> None:
        self._replica = replica
        self._host = host
        self._jobs: dict[str, str] = {}  # job id -> its line
        self._where = ""
        self._notices: tuple[str, ...] = ()
        self._adding: set[asyncio.Task[None]] = set()

    async def watch(self) -> None:
        """Show what changes, for ever."""
        while True:
            self.show()
            await self._host.clock.sleep(_LOOK_SECONDS)

    def show(self) -> None:
        """Show what is new since the last time."""
        status = self._replica.status()
        where = describe(status)
        if where != self._where:
            say(where)
            self._where = where
        notices = (*status.notices, *([status.error] if status.error else []))
        for notice in notices:
            if notice not in self._notices:
                say(f"! {notice}")
        self._notices = notices
        names = {member.id: member.name for member in status.members}
        jobs = {
            job.job_id: f"{job.wishes.name} (from {names.get(job.added_by, '?')})"
            for job in self._replica.state.ordered_jobs()
        }
        for number, (job_id, text) in enumerate(jobs.items(), start=1):
            if job_id not in self._jobs:
                say(f"+ {number}. {text}")
        for job_id in self._jobs.keys() - jobs.keys():
            say(f"- {self._jobs[job_id]}")
        self._jobs = jobs

    def on_line(self, line: str) -> None:
        """Add a job of that name."""
        name = " ".join(line.split())[:_NAME_MAX]
        if name:
            task = asyncio.create_task(self._add(name))
            self._adding.add(task)
            task.add_done_callback(self._adding.discard)

    async def _add(self, name: str) -> None:
        digest = hashlib.sha256(name.encode()).hexdigest()
        file = FileRef(digest[:32], digest, len(name), "made-up.gcode")
        job_id = self._host.random.token(8).hex()
        items = (ItemSpec("part", 1, (file,)),)
        try:
            await self._replica.submit(ContentHeld(file))
            answer = await self._replica.submit(JobAdd(job_id, Wishes(name), items))
        except NetqueueError as error:
            say(f"! {name} is not added: {error}")
            return
        if answer.state is SubmitState.REJECTED:
            say(f"! {name} is not added: {answer.reason}")
        elif answer.state is SubmitState.PENDING:
            say(f"? {name} is kept here, and added as soon as a majority is back")


async def _run(queue: str, place: Place) -> None:
    stopped = stop_on_signal()
    async with headless_host([queue], place, say_warning) as host:
        replica = host.replicas[queue]
        terminal = _Terminal(replica, host)
        replica.add_listener(lambda _events: terminal.show())
        say(f"{host.name} serves queue {queue}: type a job's name. Ctrl-C leaves.")
        read_lines(terminal.on_line, stopped)
        watching = asyncio.create_task(terminal.watch())
        await stopped.wait()
        say("leaving...")
        await stop(watching)
    say(f"{host.name} left")


def _place(text: str, data: Path) -> Place:
    """Where HOST[:PORT] says; raises AddressInvalid."""
    name, port = parse_address(text)
    address = resolve(name)
    bind = "" if ipaddress.ip_address(address).is_unspecified else address
    everybody = AdmissionSettings(AdmissionMode.OPEN)
    return Place(name, data, bind, port, shows_port=True, admission=everybody)


@contextmanager
def _folder(chosen: Path | None) -> Iterator[Path]:
    """The data folder, locked; a temporary one goes afterwards."""
    if chosen is None:
        with tempfile.TemporaryDirectory(prefix="lan_print_queue-") as name:
            yield Path(name)
        return
    with own_folder(chosen, say_warning) as folder:
        yield folder


def main(arguments: Sequence[str] | None = None) -> int:
    """Take part until Ctrl-C; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python3 -m moonraker_netqueue.lan_print_queue",
        description="Share a print queue between terminals; a typed line adds a job.",
    )
    parser.add_argument("namespace", help="name of the queue, such as ns1")
    parser.add_argument(
        "address",
        metavar="HOST[:PORT]",
        help="where to listen: localhost:6700 for this machine only, 0.0.0.0:6700 for"
        " the whole network; without a port the first free one from 6700 on",
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep the state there, for next time"
    )
    options = parser.parse_args(arguments)
    check_namespace(parser, options.namespace)
    quiet_logs()
    try:
        with _folder(options.data) as data:
            asyncio.run(_run(options.namespace, _place(options.address, data)))
    except NetqueueError as error:
        complain(str(error))
        return 1
    except OSError as error:
        complain(f"{error.filename or options.address}: {error.strerror}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
