"""Commands about jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from . import job_pages, lookup
from .due import NONE, read_due
from .errors import CliError, WrongUsage
from .session import Session
from .uploads import LocalFile, Wanted, local_files, parse_wanted, send
from .verb import Verb, pass_session

_Wishes = dict[str, Any]
_Decorator = Callable[[Any], Any]


def _wishes(editing: bool) -> _Decorator:
    """The options that `add` and `edit` share, named as the API's arguments."""
    clear = " 'none' clears it." if editing else ""
    options: list[_Decorator] = [
        click.option("--name", help="The job's name."),
        click.option("--note", help="For people."),
        click.option("--owner", help="Whose job it is."),
        click.option("--priority", type=click.IntRange(-9, 9), help="-9 to 9."),
        click.option(
            "--due",
            metavar="WHEN",
            callback=read_due,
            help=f"Such as 2026-05-01 or +3d.{clear}",
        ),
        click.option("--hold/--no-hold", default=None, help="Not to be printed yet."),
        click.option(
            "--material", "materials", multiple=True, help=f"Such as PLA:black.{clear}"
        ),
        click.option("--nozzle", type=float, help="In mm."),
        click.option("--tag", "tags", multiple=True, help=f"Of a printer.{clear}"),
        click.option("--model", "models", multiple=True, help=f"Of a printer.{clear}"),
        click.option(
            "--keep-together/--no-keep-together",
            default=None,
            help="All copies on one printer.",
        ),
        click.option(
            "--spread/--no-spread",
            default=None,
            help="At most one copy at a time on each printer.",
        ),
        click.option("--max-attempts", type=int, help="Failures before a person."),
    ]

    def decorate(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


_OF_AN_ITEM = ("materials", "nozzle")


def _given(wishes: _Wishes) -> _Wishes:
    """The arguments of the API: what was typed, 'none' as nothing."""
    given: _Wishes = {}
    for name, value in wishes.items():
        if isinstance(value, tuple):
            if value:
                given[name] = [] if value == (NONE,) else list(value)
        elif value is not None:
            given[name] = value
    return given


@click.command(cls=Verb)
@pass_session
def ls(session: Session) -> None:
    """The jobs that wait and print, in order."""
    session.show(session.call("GET", "jobs"), job_pages.jobs_page)


@click.command(cls=Verb)
@click.argument("job")
@pass_session
def show(session: Session, job: str) -> None:
    """One job. JOB: the beginning of its id, or its name."""
    answer = session.call("GET", "job", job_id=lookup.job_id(session, job))
    session.show(answer, job_pages.job_page)


@click.command(cls=Verb)
@click.argument("files", metavar="FILE[:COUNT]...", nargs=-1, required=True)
@click.option("--count", type=click.IntRange(1), help="Copies of each file.")
@_wishes(editing=False)
@click.option("--front", is_flag=True, help="Before all others.")
@click.option("--on-host", is_flag=True, help="FILE is in the host's gcodes.")
@click.option("--command-id", help="The same one twice adds one job.")
@pass_session
def add(
    session: Session,
    /,
    files: tuple[str, ...],
    count: int | None,
    front: bool,
    on_host: bool,
    command_id: str | None,
    **wishes: Any,
) -> None:
    """Add a job: a file, which is uploaded first, or a kit of several.

    \b
    netqueue add bracket.gcode --count 12 --material PLA:black
    netqueue add box.gcode:2 lid.gcode:4 --name box --due +3d
    """
    wanted = [parse_wanted(file, lambda name: Path(name).is_file()) for file in files]
    sent = [] if on_host else local_files([one.name for one in wanted])
    targets = [file.target for file in sent] or [one.name for one in wanted]
    given = _given(wishes)
    if given.get("due") == NONE:
        del given["due"]
    body = given | _items(wanted, targets, count, given)
    if front:
        body["front"] = True
    send(session.client, sent)
    answer = session.call("POST", "job", command_id=command_id, **body)
    require_sent(session, answer, sent)
    session.show(answer, job_pages.changed_page("added"))


def _items(
    wanted: list[Wanted], targets: list[str], count: int | None, given: _Wishes
) -> _Wishes:
    """The files as the API's arguments: one, or the items of a kit."""
    rows: list[_Wishes] = [
        {"filename": target, "count": one.count or count or 1}
        for one, target in zip(wanted, targets, strict=True)
    ]
    if any(one.count == 0 for one in wanted):
        raise WrongUsage("0 copies are no job: FILE:COUNT counts from 1")
    if len(rows) == 1:
        return rows[0]
    shared = {name: given.pop(name) for name in _OF_AN_ITEM if name in given}
    return {"items": [row | shared for row in rows]}


def require_sent(session: Session, answer: Any, sent: list[LocalFile]) -> None:
    """Take a job back whose bytes are not those that were sent.

    Moonraker can mix up two uploads of one name that come at the same time.
    """
    job = answer["job"]
    if job is None or not sent:
        return
    kept = [file["sha256"] for item in job["items"] for file in item["files"]]
    if kept == [file.sha256 for file in sent]:
        return
    session.call("DELETE", "job", job_id=answer["job_id"], if_version=job["version"])
    raise CliError(
        "the host took in other bytes than were sent: somebody uploaded a file of that"
        " name in the same moment. The job was taken back: add it again"
    )


@click.command(cls=Verb)
@click.argument("job")
@click.option(
    "--count",
    "counts",
    multiple=True,
    metavar="[ITEM:]COUNT",
    help="Copies; in a kit, of the item of that number.",
)
@_wishes(editing=True)
@click.option("--retry", is_flag=True, help="Forget its failures, try again.")
@click.option("--if-version", type=int, help="Only if nobody changed it since.")
@pass_session
def edit(
    session: Session,
    /,
    job: str,
    counts: tuple[str, ...],
    retry: bool,
    if_version: int | None,
    **wishes: Any,
) -> None:
    """Change a job; what is left out stays."""
    given = _given(wishes)
    if given.get("due") == NONE:
        given["due"] = None
    identifier = lookup.job_id(session, job)
    if counts or any(name in given for name in _OF_AN_ITEM):
        known = session.call("GET", "job", job_id=identifier)["job"]
        given["items"] = _edited(len(known["items"]), counts, given)
        if_version = known["version"] if if_version is None else if_version
    if retry:
        given["retry"] = True
    if not given:
        raise WrongUsage("nothing to change: 'netqueue edit --help' lists the options")
    body = given | {"job_id": identifier}
    if if_version is not None:
        body["if_version"] = if_version
    answer = session.post("job", body)
    session.show(answer, job_pages.changed_page("changed"))


def _edited(items: int, counts: tuple[str, ...], given: _Wishes) -> list[_Wishes]:
    """What changes of each item of a job."""
    shared = {name: given.pop(name) for name in _OF_AN_ITEM if name in given}
    rows: list[_Wishes] = [dict(shared) for _ in range(items)]
    for text in counts:
        number, _, count = text.rpartition(":")
        if not number and items > 1:
            raise WrongUsage(
                f"--count {text}: the job has {items} items; write ITEM:COUNT, with"
                " the item's number from 'netqueue show'"
            )
        number = number or "1"
        if not (number.isdecimal() and count.isdecimal()):
            raise WrongUsage(f"--count {text}: write COUNT or ITEM:COUNT")
        if not 1 <= int(number) <= items:
            raise WrongUsage(f"--count {text}: the job has items 1 to {items}")
        rows[int(number) - 1]["count"] = int(count)
    return rows


@click.command(cls=Verb)
@click.argument("job")
@click.argument("place", type=click.Choice(["front", "back", "before", "after"]))
@click.argument("other", required=False)
@pass_session
def mv(session: Session, job: str, place: str, other: str | None) -> None:
    """Move a job: front, back, before OTHER or after OTHER."""
    if (other is None) != (place in ("front", "back")):
        raise WrongUsage(
            f"write 'netqueue mv JOB {place}"
            + ("'" if place in ("front", "back") else " OTHER'")
        )
    identifier = lookup.job_id(session, job)
    where = {"to": place}
    if other is not None:
        where = {place: lookup.job_id(session, other)}
    answer = session.call("POST", "move", job_id=identifier, **where)
    session.show(answer, job_pages.changed_page("moved"))


@click.command(cls=Verb)
@click.argument("job")
@click.option("--if-version", type=int, help="Only if nobody changed it since.")
@pass_session
def rm(session: Session, job: str, if_version: int | None) -> None:
    """Remove a job, if none of its copies is assigned."""
    identifier = lookup.job_id(session, job)
    answer = session.call("DELETE", "job", job_id=identifier, if_version=if_version)
    session.show(answer, job_pages.removed_page)


COMMANDS: tuple[click.Command, ...] = (ls, show, add, edit, mv, rm)
