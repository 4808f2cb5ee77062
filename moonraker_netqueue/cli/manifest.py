"""What an archive says of itself: jobs and the contents they need, as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..names import is_sha256
from .errors import ArchiveBad

FORMAT = "moonraker_netqueue export"
VERSION = 1
SIZE_MAX = 64 << 20  # bytes of JSON; the longest queue has a tenth of it
_EXPORT_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_WISHES = ("name", "note", "priority", "due", "owner", "hold", "max_attempts")
_ITEM = ("materials", "nozzle", "estimate_s", "grams", "bbox")

_Thing = dict[str, Any]


@dataclass(frozen=True)
class Manifest:
    """One export: its id, the queue it is of, its jobs, sizes by SHA-256."""

    export_id: str
    queue: str
    exported: float
    jobs: tuple[_Thing, ...]
    contents: Mapping[str, int]

    def to_json(self) -> bytes:
        document = {
            "format": FORMAT,
            "version": VERSION,
            "export_id": self.export_id,
            "queue": self.queue,
            "exported": self.exported,
            "jobs": list(self.jobs),
            "contents": dict(self.contents),
        }
        return json.dumps(document, indent=1).encode()

    def command_id(self, job: _Thing) -> str:
        """The same for each import of this job: a host adds it once."""
        text = f"{self.export_id} {job['job_id']}"
        return "import-" + hashlib.sha256(text.encode()).hexdigest()[:40]


def of_jobs(
    export_id: str, queue: str, exported: float, jobs: Sequence[_Thing]
) -> Manifest:
    """What is still to be made of the host's jobs. Raises nothing."""
    kept = [job for job in map(_left_of, jobs) if job["items"]]
    contents = {
        file["sha256"]: file["size"]
        for job in kept
        for item in job["items"]
        for file in item["files"]
    }
    return Manifest(export_id, queue, exported, tuple(kept), contents)


def _left_of(job: _Thing) -> _Thing:
    """A job without its past: copies that are done are not made again."""
    return {
        "job_id": job["job_id"],
        **{name: job[name] for name in _WISHES},
        "keep_together": job["keep_together"],
        **({"spread": True} if job.get("spread") else {}),
        "tags": job["requires"]["tags"],
        "models": job["requires"]["models"],
        "items": [
            {
                "name": _safe(item["name"], item["files"][0]["name"]),
                "count": item["count"] - item["done"],
                "files": [
                    {name: file[name] for name in ("sha256", "size", "models")}
                    | {"name": _safe(file["name"], f"{file['sha256'][:8]}.gcode")}
                    for file in item["files"]
                ],
                # What was read from the file is read from it again.
                **{n: item[n] for n in _ITEM if n not in item.get("from_file", ())},
            }
            for item in job["items"]
            if item["count"] > item["done"]
        ],
    }


def from_json(data: bytes) -> Manifest:
    """Read a manifest that anybody may have written; raises ArchiveBad."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ArchiveBad(f"its manifest is no JSON: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ArchiveBad("it is no export of a queue")
    if document.get("version") != VERSION:
        raise ArchiveBad(
            f"it has version {document.get('version')!r}, this netqueue reads"
            f" {VERSION}: update it"
        )
    try:
        manifest = _read(document)
        _check(manifest)
    except (
        LookupError,
        TypeError,
        AttributeError,
        ArithmeticError,
        ValueError,
    ) as error:
        raise ArchiveBad(f"its manifest lacks something: {error!r}") from error
    return manifest


def _read(document: _Thing) -> Manifest:
    jobs = []
    for job in document["jobs"]:
        row = {name: job[name] for name in ("job_id", *_WISHES)}
        row |= {name: job[name] for name in ("keep_together", "tags", "models")}
        row |= {"spread": True} if job.get("spread") else {}
        row["items"] = [
            {
                **{name: item[name] for name in ("name", "count")},
                **{name: item[name] for name in _ITEM if name in item},
                "files": [
                    {name: file[name] for name in ("sha256", "size", "name", "models")}
                    for file in item["files"]
                ],
            }
            for item in job["items"]
        ]
        jobs.append(row)
    return Manifest(
        str(document["export_id"]),
        str(document["queue"]),
        float(document["exported"]),
        tuple(jobs),
        dict(document["contents"]),
    )


def _check(manifest: Manifest) -> None:
    if not _EXPORT_ID.fullmatch(manifest.export_id):
        raise ArchiveBad("its export_id is none")
    for sha256, size in manifest.contents.items():
        if not is_sha256(sha256) or type(size) is not int or size < 1:
            raise ArchiveBad(f"content {sha256[:64]!r} of {size!r} bytes is none")
    for job in manifest.jobs:
        for item in job["items"]:
            _check_item(manifest, job, item)


def _check_item(manifest: Manifest, job: _Thing, item: _Thing) -> None:
    where = f"job {job['name']!r}"
    if not item["files"] or not is_safe(item["name"]):
        raise ArchiveBad(f"{where}: {item['name']!r} cannot be the path of a file")
    for file in item["files"]:
        if not is_safe(file["name"]) or "/" in file["name"]:
            raise ArchiveBad(f"{where}: {file['name']!r} cannot name a file")
        if manifest.contents.get(file["sha256"]) != file["size"]:
            raise ArchiveBad(f"{where}: the content of {file['name']!r} is not listed")


def _safe(name: str, other: str) -> str:
    """A name that an import takes: some host may have let a strange one in."""
    if is_safe(name):
        return name
    return other if is_safe(other) else "export.gcode"


def is_safe(path: object) -> bool:
    """Whether a path stays inside gcodes, and out of folders that are hidden."""
    if not isinstance(path, str) or not path.isprintable() or len(path) > 255:
        return False
    return "\\" not in path and all(
        part and not part.startswith(".") for part in path.split("/")
    )
