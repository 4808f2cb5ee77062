"""Files that arrive: kept by content, put into gcodes, and added to a queue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ..files.errors import FilesError, NotGcode
from ..files.incoming import Incoming, IncomingFile
from ..files.store import PRINT_FOLDER, STORE_FOLDER, require_gcode_name
from ..model.checks import TEXT_MAX, has_control
from ..model.codec import to_plain
from ..model.content import FileRef
from ..model.job import ItemSpec
from .arguments import Arguments
from .errors import ApiError
from .host import Host
from .host_files import file_error
from .jobs import JobEndpoints
from .queue import ServedQueue
from .sliced import item_of

HOT_FOLDER = "netqueue-in"
_OWN_FOLDERS = (STORE_FOLDER, PRINT_FOLDER, HOT_FOLDER)
_PATH_MAX = 1024  # bytes; a quarter of what the kernel takes


class Gcodes(Protocol):
    """Moonraker's folder of files."""

    def require_free(self, filename: str) -> None:
        """Raise ApiError if that file must not be replaced now."""

    async def place(self, upload: Path, folder: str, name: str) -> None:
        """Move an upload there; raises ApiError."""


@dataclass(frozen=True)
class Target:
    """Where an upload goes: a folder below gcodes ("" is gcodes) and a name."""

    folder: str
    name: str

    @property
    def filename(self) -> str:
        """As dashboards know it."""
        return f"{self.folder}/{self.name}" if self.folder else self.name


@dataclass(frozen=True)
class Taken:
    """An upload that is there."""

    target: Target
    file: FileRef
    job: Mapping[str, Any] | None  # the answer to `POST job`; None: nothing was added

    def view(self, queue: str) -> dict[str, Any]:
        """The file as in a job, its place below gcodes, and the job's answer."""
        return {
            "queue": queue,
            "filename": self.target.filename,
            "file": to_plain(self.file),
            **(self.job or {}),
        }


class Uploads:
    """What happens to a file after its last byte."""

    def __init__(self, host: Host, incoming: Incoming, default: str) -> None:
        """`default` names the queue of a request that names none."""
        self._host = host
        self._incoming = incoming
        self._default = default

    def queue(self, name: str | None) -> ServedQueue:
        """The queue of that name, or the default one; answers 404."""
        return self._host.queue(Arguments({"queue": name or self._default}))

    async def begin(self, size: int) -> IncomingFile:
        """A file for an upload of `size` bytes (0: unknown); answers 507."""
        try:
            # Twice: as it comes in, and as the store keeps it.
            await self._host.files.store.require_room(2 * size)
        except FilesError as error:
            raise file_error(error) from error
        return self._incoming.new()

    def check_name(self, name: str) -> None:
        """Answer 400 for a file that cannot be printed by its name."""
        target_of(name, "")

    async def run(self, work: Callable[..., None], *args: object) -> None:
        """Do blocking work on an upload off the loop; answers 500 or 507."""
        try:
            await self._host.files.store.run(work, *args)
        except FilesError as error:
            raise file_error(error) from error

    async def finish(
        self,
        queue: ServedQueue,
        upload: IncomingFile,
        name: str,
        folder: str,
        gcodes: Gcodes,
        job: Mapping[str, Any] | None,
    ) -> Taken:
        """Keep the bytes, put them into gcodes and, with `job`, add a job.

        `job` has the arguments of `POST job` but for the file. The bytes are taken
        before anything has the upload's name: another upload of that name may come.
        """
        target = target_of(name, folder)
        gcodes.require_free(target.filename)
        file = await self._host.files.keep(upload.path, target.name)
        await gcodes.place(upload.path, target.folder, target.name)
        # Read in the same turn of the loop: of this upload, not of the next one.
        fits = len(target.filename) <= TEXT_MAX
        item = item_of(
            target.filename if fits else target.name,
            file,
            self._host.files.metadata(target.filename),
        )
        await self._host.files.hold(queue, file)
        if job is None:
            return Taken(target, file, None)

        async def uploaded(_filename: str) -> ItemSpec:
            return item

        words = {**job, "queue": queue.name, "filename": target.filename}
        answer = await JobEndpoints(self._host, uploaded).write_job(Arguments(words))
        return Taken(target, file, answer)

    async def add_again(
        self, queue: ServedQueue, filename: str, owner: str
    ) -> dict[str, Any]:
        """One copy of a file that is in gcodes."""
        words = {"queue": queue.name, "filename": filename, "owner": owner}
        return await JobEndpoints(self._host).write_job(Arguments(words))


def target_of(filename: str, folder: str) -> Target:
    """Where a client wants its file; answers 400 for what must not be there."""
    name = filename.strip()
    parts = [part for part in folder.replace("\\", "/").split("/") if part.strip()]
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        raise ApiError(400, f"{name[:80]!r} is no file name")
    if any(part in (".", "..") for part in parts):
        raise ApiError(400, f"folder {folder[:80]!r} is not inside gcodes")
    if any(has_control(part) for part in (name, *parts)):
        raise ApiError(400, "the name has control characters in it: rename the file")
    if parts and parts[0] in _OWN_FOLDERS:
        raise ApiError(400, f"folder {parts[0]!r} belongs to the queue: use another")
    lengths = [len(part.encode("utf-8", "replace")) for part in (name, *parts)]
    if max(lengths) > TEXT_MAX or sum(lengths) > _PATH_MAX:
        raise ApiError(400, f"the name is too long: at most {TEXT_MAX} bytes")
    if name.lower().endswith(".bgcode"):
        raise ApiError(
            400,
            f"{name} is binary g-code, which Klipper cannot print: switch it off in"
            " the slicer (printer settings, 'Supports binary G-code')",
        )
    try:
        require_gcode_name(name)
    except NotGcode as error:
        raise ApiError(400, str(error)) from error
    return Target("/".join(parts), name)
