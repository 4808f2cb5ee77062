"""Commands about hosts, printers, prints and the past."""

from __future__ import annotations

import getpass
from typing import Any

import click

from . import farm_pages, hours, lookup
from .session import Session
from .verb import Verb, pass_session

_ACTIONS = ("cancel", "retry", "mark_done", "release")


def me() -> str:
    """Who says so, for the records."""
    try:
        return f"{getpass.getuser()} at a terminal"
    except (KeyError, OSError):  # a user without an entry in passwd
        return "a person at a terminal"


@click.command(cls=Verb)
@pass_session
def status(session: Session) -> None:
    """The host, its printer and its queues."""
    session.show(session.call("GET", "status"), farm_pages.status_page)


@click.command(cls=Verb)
@pass_session
def pause(session: Session) -> None:
    """No printer of the queue gets another copy."""
    session.show(session.call("POST", "pause"), farm_pages.paused_page)


@click.command(cls=Verb)
@pass_session
def resume(session: Session) -> None:
    """They do again."""
    session.show(session.call("POST", "resume"), farm_pages.paused_page)


@click.command(cls=Verb)
@click.option("--printer", help="Its name or id; else the host's own.")
@click.option("--by", help="Who has looked.")
@pass_session
def clear(session: Session, printer: str | None, by: str | None) -> None:
    """Say that a printer's bed is clear, having looked."""
    identifier = lookup.printer_id(session, printer)
    answer = session.call("POST", "bed_clear", printer_id=identifier, by=by or me())
    session.show(answer, farm_pages.cleared_page)


@click.command(cls=Verb)
@pass_session
def printers(session: Session) -> None:
    """Every printer: what it does, and why nothing."""
    session.show(session.call("GET", "printers"), farm_pages.printers_page)


@click.command(cls=Verb)
@click.argument("name", required=False)
@click.option("--accept/--no-accept", default=None, help="Whether it takes copies.")
@click.option("--material", "materials", multiple=True, help="It can be given.")
@click.option("--loaded", "materials_ready", multiple=True, help="It has in now.")
@click.option("--tag", "tags", multiple=True, help="'none' clears a list.")
@click.option("--grams-left", type=float, help="On the spool that is in now.")
@click.option("--spool-grams", type=float, help="On a new spool.")
@click.option("--effort", "manual_effort_cost", type=int, help="Minutes of a person.")
@click.option(
    "--hours",
    metavar="HOURS",
    multiple=True,
    callback=hours.read_hours,
    help=f"When a person is at it, such as {hours.EXAMPLE}; 'none': as the queue says.",
)
@pass_session
def printer(session: Session, /, name: str | None, **entry: Any) -> None:
    """Change a printer's own entry; without NAME, the host's own."""
    changes = {
        word: ([] if value == ("none",) else list(value))
        if isinstance(value, tuple)
        else value
        for word, value in entry.items()
        if value is not None and value != ()
    }
    identifier = lookup.printer_id(session, name)
    answer = session.call("POST", "printer", printer_id=identifier, **changes)
    session.show(answer, farm_pages.printer_page)


@click.command(cls=Verb)
@pass_session
def members(session: Session) -> None:
    """The hosts of the queue: roles, addresses, last heard."""
    session.show(session.call("GET", "members"), farm_pages.members_page)


@click.command(cls=Verb)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@pass_session
def history(session: Session, limit: int) -> None:
    """The prints that ended last."""
    session.show(session.call("GET", "history", limit=limit), farm_pages.history_page)


@click.command(cls=Verb)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--before", type=int, help="An index: what came before it.")
@pass_session
def events(session: Session, limit: int, before: int | None) -> None:
    """Who did what, newest first."""
    answer = session.call("GET", "events", limit=limit, before=before)
    session.show(answer, farm_pages.events_page)


@click.command("print", cls=Verb)
@click.argument("name", metavar="PRINT")
@click.argument("action", type=click.Choice(_ACTIONS), required=False)
@click.option("--by", help="Who decides.")
@pass_session
def print_(session: Session, name: str, action: str | None, by: str | None) -> None:
    """One print: look at it, cancel or release it, or decide about a lost one.

    PRINT is the beginning of its id, or the name of the printer that has it. A lost
    print is printed again by `retry`; `mark_done` says that it is good.
    """
    identifier = lookup.print_id(session, name)
    if action is None:
        answer = session.call("GET", "print", print_id=identifier)
    else:
        answer = session.call(
            "POST", "print", print_id=identifier, action=action, by=by or me()
        )
    session.show(answer, farm_pages.print_page)


COMMANDS: tuple[click.Command, ...] = (
    status,
    pause,
    resume,
    clear,
    printers,
    printer,
    print_,
    members,
    history,
    events,
)
