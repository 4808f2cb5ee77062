"""The `netqueue` command: its parts put together, and its exit codes."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Sequence

import click

from ..errors import NetqueueError
from ..version import __version__
from . import (
    demo,
    farm,
    jobs,
    members,
    plan,
    recover,
    settings,
    transfer,
    watch,
    witness,
)
from .errors import REFUSED, STOPPED, USAGE, CliError
from .session import Session
from .text import clean
from .verb import Verbs


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="netqueue")
def netqueue() -> None:
    """The shared print queue, from a terminal.

    Exit codes: 0 done; 1 refused, with the reason; 2 typed wrongly; 3 no host
    answers; 4 kept by the host until the majority of its queue is back.
    """


for _command in (
    *jobs.COMMANDS,
    *plan.COMMANDS,
    *farm.COMMANDS,
    *members.COMMANDS,
    *recover.COMMANDS,
    *settings.COMMANDS,
    *watch.COMMANDS,
    *transfer.COMMANDS,
    *witness.COMMANDS,
    *demo.COMMANDS,
):
    netqueue.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run one command; its exit code. What is expected to fail shows no traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # names need no locale
    session = Session()
    session.as_json = "--json" in arguments  # so that errors are, from the first on
    try:
        code = netqueue.main(
            list(arguments), prog_name="netqueue", standalone_mode=False, obj=session
        )
    except click.Abort:
        return STOPPED
    except click.ClickException as error:
        if _is_help(error) and not session.as_json:
            click.echo(error.format_message(), err=True)
            return USAGE
        return _fail(session, _usage(error), None, USAGE)
    except CliError as error:
        return _fail(session, str(error), error.status, error.exit_code)
    except NetqueueError as error:
        return _fail(session, str(error), None, REFUSED)
    return code if isinstance(code, int) else 0


def _is_help(error: click.ClickException) -> bool:
    """Whether a group was called without a command; click 8.1 says so otherwise."""
    kind = getattr(click.exceptions, "NoArgsIsHelpError", None)
    return kind is not None and isinstance(error, kind)


def _usage(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    where = f" (see '{context.command_path} --help')" if context else ""
    return error.format_message() + where


def _fail(session: Session, message: str, status: int | None, code: int) -> int:
    with contextlib.suppress(BrokenPipeError):
        if session.as_json:
            problem = {"error": {"code": status, "message": message}}
            click.echo(json.dumps(problem), err=True)
        else:
            click.echo(f"error: {clean(message)}", err=True)
    return code
