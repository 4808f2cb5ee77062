"""`netqueue plan` and `netqueue why`: who prints what when, why not, and what if."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from . import job_pages, lookup, plan_pages
from .errors import CliError
from .session import Session, understood
from .verb import Verb, pass_session


@click.command(cls=Verb)
@click.option(
    "--with",
    "wishes",
    multiple=True,
    metavar="NAME: WHAT",
    help="What if: such as 'voron: PETG black', 'ender: bed clear', 'lid: priority 2'.",
)
@click.option(
    "--svg",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw it into this file.",
)
@click.option("--width", type=click.IntRange(320, 4000), help="Pixels of the picture.")
@pass_session
def plan(
    session: Session, wishes: tuple[str, ...], svg: Path | None, width: int | None
) -> None:
    """Who prints what, next and later, and why the rest waits.

    With --with, what would be if that were true, and what is gained.
    """
    answer = session.call(
        "GET",
        "plan",
        **{"with": json.dumps(wishes) if wishes else None},
        svg=None if svg is None else "true",
        utc_offset=None if svg is None else _utc_offset(),
        width=width,
    )
    if svg is not None:
        _write(svg, understood(answer, lambda found: str(found["svg"])))
    session.show(answer, plan_pages.plan_page)


@click.command(cls=Verb)
@click.argument("job", required=False)
@pass_session
def why(session: Session, job: str | None) -> None:
    """Why a job waits, on each printer; without JOB, why each waits or idles."""
    if job is None:
        session.show(session.call("GET", "plan"), plan_pages.all_why_page)
        return
    identifier = lookup.job_id(session, job)
    answer = session.call("GET", "job", job_id=identifier, forecast="true")
    session.show(answer, job_pages.why_page)


def _utc_offset() -> int:
    """Minutes by which this machine's clock is ahead of UTC."""
    return round((time.localtime().tm_gmtoff or 0) / 60)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CliError(
            f"{file}: cannot be written ({error.strerror}); give another path"
        ) from error


COMMANDS: tuple[click.Command, ...] = (plan, why)
