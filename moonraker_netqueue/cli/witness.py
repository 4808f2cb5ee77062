"""`netqueue witness`: a vote without a printer, on a machine that is always on."""

from __future__ import annotations

import asyncio
import getpass
import os
import shlex
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ..admission_mode import DEFAULT_ADMISSION, AdmissionMode, AdmissionSettings
from ..api.admission_notices import admission_notices
from ..headless import (
    HeadlessHost,
    Place,
    describe,
    headless_host,
    own_folder,
    parse_address,
    resolve,
)
from ..names import is_queue_name, queue_name_remedy
from ..tasks import stop
from .errors import CliError, WrongUsage
from .terminal import quiet_logs, say, say_warning, stop_on_signal
from .verb import Verb

_LOOK_SECONDS = 0.5  # between looks at the queues
_STATE = "netqueue-witness"
_PORT = 6700  # where hosts listen that say nothing else
_UNIT = """\
# Made by: {command} --unit
[Unit]
Description=A vote in the shared print queue of {queues}
Wants=network-online.target
After=network-online.target

[Service]
User={user}
WorkingDirectory={package}
StateDirectory={state}{writable}
ExecStart={command}
Restart=on-failure
RestartSec=5
TimeoutStopSec=30
NoNewPrivileges=yes
ProtectSystem=strict
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
"""


@click.command(cls=Verb)
@click.argument("queues", nargs=-1, required=True, metavar="QUEUE...")
@click.option("--name", help="How people know it. Default: this machine's name.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Where it keeps the queues. Default: ~/.local/share/netqueue-witness.",
)
@click.option("--listen", metavar="HOST[:PORT]", help="Default: all, from 6700 on.")
@click.option(
    "--peer",
    "peers",
    multiple=True,
    metavar="HOST[:PORT]",
    help="A host that multicast does not find.",
)
@click.option(
    "--admission",
    type=click.Choice([mode.value for mode in AdmissionMode]),
    default=DEFAULT_ADMISSION.value,
    show_default=True,
    help="As the hosts of the queue have it in moonraker.conf.",
)
@click.option("--token", default="", help="That `netqueue token` made, to be let in.")
@click.option("--unit", is_flag=True, help="Print a systemd unit that runs this.")
def witness(
    queues: tuple[str, ...],
    name: str | None,
    data: Path | None,
    listen: str | None,
    peers: tuple[str, ...],
    admission: str,
    token: str,
    unit: bool,
) -> None:
    """Vote in queues, on a machine without a printer.

    So two printers become three voters: when the power of one fails, the other goes
    on. It holds the list of jobs, no files, and needs next to nothing. Ctrl-C leaves.
    """
    for queue in queues:
        if not is_queue_name(queue):
            raise WrongUsage(queue_name_remedy(queue))
    place = Place(
        name=name or socket.gethostname(),
        data=data or _default_folder(),
        bind=_bind(listen),
        port=None if listen is None else parse_address(listen)[1],
        peers=tuple(_peer(text) for text in peers),
        admission=AdmissionSettings(AdmissionMode(admission), token),
    )
    if unit:
        click.echo(_unit(queues, data), nl=False)
        return
    quiet_logs()
    try:
        with own_folder(place.data, say_warning):
            asyncio.run(_vote(tuple(dict.fromkeys(queues)), place))
    except OSError as error:
        raise CliError(f"{error.filename or place.data}: {error.strerror}") from error


async def _vote(queues: Sequence[str], place: Place) -> None:
    stopped = stop_on_signal()
    async with headless_host(queues, place, say_warning) as host:
        say(f"{host.name} votes in {', '.join(queues)}. Ctrl-C leaves.")
        watching = asyncio.create_task(_watch(host))
        await stopped.wait()
        say("leaving...")
        await stop(watching)
    say(f"{place.name} left")


async def _watch(host: HeadlessHost) -> None:
    """Show what changes, for ever."""
    shown: dict[str, tuple[str, ...]] = {}
    while True:
        for queue, replica in host.replicas.items():
            status = replica.status()
            trouble = (
                *status.notices,
                *([status.error] if status.error else []),
                *admission_notices(host.desk, queue, can_answer=False),
            )
            lines = (describe(status), *(f"! {text}" for text in trouble))
            for line in lines:
                if line not in shown.get(queue, ()):
                    say(f"{queue}: {line}")
            shown[queue] = lines
        await host.clock.sleep(_LOOK_SECONDS)


def _default_folder() -> Path:
    """Where systemd says, else where a user's programs keep their data."""
    given = os.environ.get("STATE_DIRECTORY")
    return Path(given) if given else Path.home() / ".local" / "share" / _STATE


def _bind(listen: str | None) -> str:
    if listen is None:
        return ""
    address = resolve(parse_address(listen)[0])
    return "" if address == "0.0.0.0" else address  # noqa: S104 - means all


def _peer(text: str) -> tuple[str, int]:
    host, port = parse_address(text)
    return host, _PORT if port is None else port


def _unit(queues: tuple[str, ...], data: Path | None) -> str:
    """The unit of this very call: same Python, same options."""
    given = [word for word in sys.argv[1:] if word != "--unit"]
    command = shlex.join([sys.executable, "-m", __package__, *given])
    return _UNIT.format(
        command=_literal(command),
        queues=", ".join(queues),
        user=getpass.getuser(),
        package=_literal(str(Path(__file__).resolve().parents[2])),
        state=_STATE,
        writable=f"\nReadWritePaths={_literal(str(data.resolve()))}" if data else "",
    )


def _literal(text: str) -> str:
    """As systemd reads it back: there % and $ begin what is replaced."""
    return text.replace("%", "%%").replace("$", "$$")


COMMANDS: tuple[click.Command, ...] = (witness,)
