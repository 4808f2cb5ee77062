"""Export of a queue with its files, and its import into another one."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import click

from .archive import Reader, Writer, opened
from .client import STORE
from .errors import CliError, CommandPending, HostRefused
from .manifest import Manifest, of_jobs
from .page import Column, Line, Page, Table
from .session import Session, understood
from .text import clean, size
from .uploads import progress
from .verb import Verb, pass_session

_NOT_FOUND = 404
_FETCH_TRIES = 360  # of 10 s each at the most: an hour for one content


@click.command(cls=Verb)
@click.argument("path", metavar="FILE.tar", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@pass_session
def export(session: Session, path: Path, force: bool) -> None:
    """Write the queue into a file: its jobs, as far as not done, and their g-code."""
    if path.exists() and not force:
        raise CliError(f"{clean(path)} is there already: --force replaces it")
    answer = session.call("GET", "jobs")
    manifest = understood(answer, _manifest)
    names = _file_names(manifest)
    total = sum(manifest.contents.values())
    with (
        Writer(path, manifest).writing() as add,
        progress("exporting", total) as advance,
    ):
        for sha256 in manifest.contents:
            _require_here(session, sha256, names[sha256])

            def fill(write: Callable[[bytes], object], of: str = sha256) -> None:
                def both(piece: bytes) -> None:
                    write(piece)
                    advance(len(piece))

                session.client.download(f"{STORE}/{of}", both)

            add(sha256, fill)
    exported = {
        "queue": manifest.queue,
        "export_id": manifest.export_id,
        "file": str(path),
        "jobs": [job["job_id"] for job in manifest.jobs],
        "contents": dict(manifest.contents),
    }
    session.show(exported, _exported_page)


def _manifest(jobs: Any) -> Manifest:
    now = round(time.time())
    return of_jobs(str(uuid.uuid4()), jobs["queue"], now, jobs["jobs"])


def _file_names(manifest: Manifest) -> dict[str, str]:
    return {
        file["sha256"]: f"{file['name']} of job {job['name']}"
        for job in manifest.jobs
        for item in job["items"]
        for file in item["files"]
    }


def _exported_page(exported: Any) -> Page:
    jobs, contents = len(exported["jobs"]), exported["contents"]
    return [
        Line(
            f"{exported['file']}: {jobs} jobs of queue {exported['queue']},"
            f" {len(contents)} files of {size(sum(contents.values()))}"
        )
    ]


def _require_here(session: Session, sha256: str, name: str) -> None:
    """Have the host fetch a content that others hold; raises CliError if none can."""
    if session.client.size_of(f"{STORE}/{sha256}") is not None:
        return
    try:
        for _ in range(_FETCH_TRIES):
            if session.call("POST", "fetch", sha256=sha256)["here"]:
                return
    except HostRefused as error:
        raise CliError(f"{clean(name)}: {error}", error.status) from error
    raise CliError(f"{clean(name)}: the host could not fetch it within an hour")


@click.command("import", cls=Verb)
@click.argument("path", metavar="FILE.tar", type=click.Path(path_type=Path))
@pass_session
def import_(session: Session, path: Path) -> None:
    """Add the jobs of an export. What was added from it before is not added twice."""
    with _checked(path) as archive:
        manifest = archive.manifest
        rows = _add_jobs(session, archive)
    answer = {"export_id": manifest.export_id, "queue": manifest.queue, "jobs": rows}
    session.show(answer, _imported_page)
    if rows and rows[-1]["result"] == "pending":
        missing = len(manifest.jobs) - len(rows)
        raise CommandPending(
            "the majority of the queue's hosts is away: the host keeps the job that it"
            f" took last, and {missing} were not given to it. Import the file again"
            " when they are back"
        )


@contextlib.contextmanager
def _checked(path: Path) -> Iterator[Reader]:
    total = path.stat().st_size if path.is_file() else 0
    with contextlib.ExitStack() as stack:
        with progress("checking", total) as advance:
            archive = stack.enter_context(opened(path, advance))
        yield archive


def _add_jobs(session: Session, archive: Reader) -> list[dict[str, Any]]:
    """What became of each job; the last may be one that the host keeps."""
    jobs = archive.manifest.jobs
    known = {job["job_id"] for job in session.call("GET", "jobs")["jobs"]}
    left = [job for job in jobs if job["job_id"] not in known]
    rows = [_row(job, job["job_id"], "there") for job in jobs if job not in left]
    with progress("importing", _size(archive.manifest, left)) as advance:
        files = _HostsFiles(session, archive, advance)
        for job in left:
            rows.append(_add(session, archive.manifest, files, job, known))
            if rows[-1]["result"] == "pending":
                break
    return rows


def _size(manifest: Manifest, jobs: list[dict[str, Any]]) -> int:
    needed = {f["sha256"] for job in jobs for i in job["items"] for f in i["files"]}
    return sum(manifest.contents[sha256] for sha256 in needed)


def _row(job: dict[str, Any], job_id: str, result: str) -> dict[str, Any]:
    return {"job_id": job_id, "name": job["name"], "result": result}


def _add(
    session: Session,
    manifest: Manifest,
    files: _HostsFiles,
    job: dict[str, Any],
    known: set[str],
) -> dict[str, Any]:
    """Add one job; what became of it."""
    body = {
        name: value
        for name, value in job.items()
        if name not in ("job_id", "items") and value not in ("", None)
    }
    body["items"] = [_item(files, item) for item in job["items"]]
    body["command_id"] = manifest.command_id(job)
    try:
        answer = session.call("POST", "job", **body)
    except HostRefused as error:
        if error.status == _NOT_FOUND and "has no job" in str(error):
            return _row(job, "", "removed")  # after an earlier import, by a person
        raise CliError(f"job {clean(job['name'])}: {error}", error.status) from error
    job_id = str(answer["job_id"])
    if answer["pending"]:
        return _row(job, job_id, "pending")
    if job_id in known:
        return _row(job, job_id, "there")
    _require_contents(session, answer, job)
    return _row(job, job_id, "added")


def _item(files: _HostsFiles, item: dict[str, Any]) -> dict[str, Any]:
    row = {
        name: value
        for name, value in item.items()
        if name not in ("name", "files") and value is not None
    }
    first, *others = item["files"]
    folder = PurePosixPath(item["name"]).parent
    named = [item["name"], *(str(folder / other["name"]) for other in others)]
    row["files"] = [
        {"filename": files.place(file["sha256"], path), "models": file["models"]}
        for file, path in zip([first, *others], named, strict=True)
    ]
    return row


def _require_contents(session: Session, answer: Any, job: dict[str, Any]) -> None:
    """Take a job back that got other bytes than the archive's."""
    added = answer["job"]
    kept = [f["sha256"] for item in added["items"] for f in item["files"]]
    if kept == [f["sha256"] for item in job["items"] for f in item["files"]]:
        return
    session.call("DELETE", "job", job_id=added["job_id"], if_version=added["version"])
    raise CliError(
        f"job {clean(job['name'])}: the host took in other bytes than were sent, as"
        " somebody changed that file in the same moment. Import again"
    )


class _HostsFiles:
    """Puts contents into the host's gcodes, over nobody's file."""

    def __init__(
        self, session: Session, archive: Reader, advance: Callable[[int], None]
    ) -> None:
        self._client = session.client
        self._archive = archive
        self._advance = advance
        self._placed: dict[str, str] = {}

    def place(self, sha256: str, path: str) -> str:
        """Where below gcodes the content now is."""
        if sha256 not in self._placed:
            self._placed[sha256] = self._put(sha256, path)
        return self._placed[sha256]

    def _put(self, sha256: str, path: str) -> str:
        size_here = self._archive.manifest.contents[sha256]
        size_there = self._client.size_of(path)
        if size_there is not None and not self._is_same(path, sha256, size_there):
            wanted = PurePosixPath(path)
            path = str(wanted.with_name(f"{wanted.stem}~{sha256[:8]}{wanted.suffix}"))
            size_there = self._client.size_of(path)
        if size_there is None or not self._is_same(path, sha256, size_there):
            content = self._archive.content(sha256)
            self._client.upload(path, content, size_here, sha256, self._advance)
        return path

    def _is_same(self, path: str, sha256: str, size_there: int) -> bool:
        if size_there != self._archive.manifest.contents[sha256]:
            return False
        return self._client.hash_of(path) == sha256


def _imported_page(answer: Any) -> Page:
    words = {
        "added": "added",
        "there": "was there",
        "removed": "was imported and removed",
        "pending": "kept",
    }
    columns = (
        Column("id", lead=True, whole=True),
        Column("job", lead=True),
        Column("result"),
    )
    rows = [
        (row["job_id"][:8], row["name"], words[row["result"]]) for row in answer["jobs"]
    ]
    return [Table.of(columns, rows, "the export has no job")]


COMMANDS: tuple[click.Command, ...] = (export, import_)
