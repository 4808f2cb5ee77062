"""Commands about who takes part in a queue."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from . import lookup
from .errors import CliError
from .farm import me
from .farm_pages import requests_page
from .page import Line, Page
from .session import Session
from .text import clean
from .verb import Verb, pass_session

_ROLES = ("printer", "viewer")
_DECISIONS = ("retry", "mark_done", "keep")


@click.command(cls=Verb)
@click.argument("host", required=False)
@click.argument("code", required=False)
@pass_session
def admit(session: Session, host: str | None, code: str | None) -> None:
    """Let a host into the queue that waits, or was forgotten.

    Without HOST, its name or the beginning of its id, show who waits. With the CODE
    that HOST shows: only if the same one is shown here.
    """
    if host is None:
        session.show(session.call("GET", "members"), requests_page)
        return
    _answer(session, host, "approve", code)


@click.command(cls=Verb)
@click.argument("host")
@pass_session
def refuse(session: Session, host: str) -> None:
    """Do not let a host in that waits."""
    _answer(session, host, "reject", None)


@click.command(cls=Verb)
@click.argument("host")
@click.option(
    "--prints", type=click.Choice(_DECISIONS), help="What becomes of its own."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--anyway", is_flag=True, help="Also if it alone has something.")
@pass_session
def forget(
    session: Session, host: str, prints: str | None, yes: bool, anyway: bool
) -> None:
    """End a host's membership: it reads and changes nothing any more.

    Of the copies that its printer holds, --prints says whether they are printed again
    elsewhere, count as done, or are decided later. What nobody else has is named first,
    and so is who is a member by the word of HOST alone.
    """
    host_id = lookup.member_id(session, host)
    if not (yes or session.as_json):
        member = lookup.member(session, host_id)
        losses = member.get("losses")
        for loss in losses or ():
            click.echo(clean(f"lost with {host}: {loss}"), err=True)
        for one in member.get("let_in", ()):  # an older host does not tell
            line = f"{one['name']} ({one['host_id'][:8]}) was let in by {host} alone"
            click.echo(
                clean(f"{line}, and stays: forget it, too, if you do not know it"),
                err=True,
            )
        click.confirm(f"Forget {host} ({host_id[:8]})?", abort=True)
        anyway = anyway or bool(losses)
    answer = session.call(
        "DELETE",
        "member",
        host_id=host_id,
        prints=prints,
        by=me(),
        anyway=anyway or None,
    )
    session.show(answer, partial(_forgotten_page, host))


@click.command(cls=Verb)
@click.argument("host")
@click.argument("role", type=click.Choice(_ROLES))
@pass_session
def role(session: Session, host: str, role: str) -> None:
    """Make a member a viewer, which sees the queue only, or a printer again.

    A host does not set its own role.
    """
    host_id = lookup.member_id(session, host)
    answer = session.call("POST", "member", host_id=host_id, action="role", role=role)
    session.show(answer, lambda _: [Line(f"{host} is a {role} of the queue")])


@click.command(cls=Verb)
@click.option("--minutes", type=click.IntRange(1, 10_080), default=60)
@pass_session
def token(session: Session, minutes: int) -> None:
    """Make a token that lets one host in, without a question.

    It ends with the first use, after --minutes, and when this host restarts.
    """
    answer = session.call("POST", "token", seconds=60 * minutes)
    session.show(answer, _token_page)


def _forgotten_page(host: str, answer: Any) -> Page:
    left = answer.get("message")  # an older host says none
    more = [Line(left, "yellow")] if left else []
    return [Line(f"{host} is no member any more"), *more]


def _token_page(answer: Any) -> Page:
    return [
        Line(str(answer["token"]), "bold"),
        Line(
            f"good for one host and {answer['seconds'] // 60} minutes; there:"
            f" ./install.sh --token {answer['token']}"
        ),
    ]


def _answer(session: Session, host: str, action: str, code: str | None) -> None:
    known = session.call("GET", "members")
    rows = [*known["requests"], *(known["forgotten"] if action == "approve" else ())]
    if not rows:
        raise CliError("nobody waits to be let in")
    host_id = lookup.waiting_id(rows, host)
    answer = session.call("POST", "member", host_id=host_id, action=action, code=code)
    said = "is let in" if action == "approve" else "is refused for ten minutes"
    session.show(answer, lambda _: [Line(f"{host} {said}")])


COMMANDS: tuple[click.Command, ...] = (admit, refuse, forget, role, token)
