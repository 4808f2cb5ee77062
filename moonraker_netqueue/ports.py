"""What the code needs from the machine it runs on, as Protocols.

Nothing below a composition root reads a clock, draws a random number, leaves the
loop or opens a file but through these. `machine.py` has the real ones.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, TypeVar

from .errors import NetqueueError

_T = TypeVar("_T")

FileMode = Literal["rb", "wb", "ab", "r+b"]


class Timer(Protocol):
    """A scheduled callback."""

    def cancel(self) -> None:
        """Take the callback back; nothing happens if it has run."""


class Clock(Protocol):
    """Time, and the scheduling of callbacks on the event loop."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never jumps."""

    def wall(self) -> float:
        """Unix seconds, for display and ageing only: it may jump."""

    async def sleep(self, seconds: float) -> None:
        """Pause the calling task."""

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Timer:
        """Run `callback(*args)` on the loop after `seconds`."""

    def call_soon(self, callback: Callable[..., object], *args: Any) -> Timer:
        """Run `callback(*args)` on the loop's next turn."""

    async def wait_for(self, awaitable: Awaitable[_T], seconds: float) -> _T:
        """Await with a limit; raises `TimeoutError` and cancels on expiry."""


class Random(Protocol):
    """Randomness."""

    def random(self) -> float:
        """A float in [0, 1)."""

    def token(self, size: int) -> bytes:
        """`size` unpredictable bytes."""


class Worker(Protocol):
    """Runs blocking calls off the loop."""

    async def run(self, function: Callable[..., _T], *args: Any) -> _T:
        """Call `function(*args)` in a worker thread and await its result."""


class Disk(Protocol):
    """The file system. Every call blocks: use it inside `Worker.run`."""

    def open(self, path: Path, mode: FileMode) -> BinaryIO:
        """Open a file."""

    def open_private(self, path: Path) -> BinaryIO:
        """Create or empty a file that only its owner may read; write only."""

    def connect(self, path: Path) -> sqlite3.Connection:
        """Open an SQLite file in autocommit mode, usable from any one thread."""

    def sync(self, file: BinaryIO) -> None:
        """Flush and fsync an open file."""

    def sync_directory(self, path: Path) -> None:
        """Make renames and creations inside `path` durable."""

    def replace(self, source: Path, target: Path) -> None:
        """Rename atomically over `target`."""

    def copy(self, source: Path, target: Path) -> None:
        """Copy bytes (a reflink where the file system can; never a hard link)."""

    def make_directory(self, path: Path) -> None:
        """Create `path` and its parents; no error if it is there."""

    def exists(self, path: Path) -> bool:
        """Whether `path` is there."""

    def size(self, path: Path) -> int:
        """Bytes of a file."""

    def stamp(self, path: Path) -> tuple[int, int, int]:
        """What differs after a file was written or replaced; to compare only."""

    def is_being_written(self, path: Path) -> bool:
        """Whether any program has the file open for writing, as far as one can see."""

    def remove(self, path: Path) -> None:
        """Delete a file; no error if it is gone."""

    def list(self, path: Path) -> Iterable[Path]:
        """Children of a directory in order of name; empty if it is not there."""

    def free_bytes(self, path: Path) -> int:
        """Bytes an ordinary user may still write where `path` lies."""


@dataclass(frozen=True)
class Machine:
    """The machine that a host runs on, for parts that need three of these or more."""

    clock: Clock
    random: Random
    worker: Worker
    disk: Disk


class ProgramFailed(NetqueueError):
    """A program did not start, did not end in time, or ended with an error."""


class Programs(Protocol):
    """Other programs of this machine."""

    async def run(
        self,
        command: Sequence[str],
        stdin: bytes,
        environment: Mapping[str, str],
        timeout: float,
    ) -> bytes:
        """Run to the end, at most `timeout` s, and return what it printed.

        `environment` is added to this process's own. Raises ProgramFailed.
        """


Message = Mapping[str, Any]
"""What links carry: a map of msgpack types; lists arrive as lists."""


class LinkListener(Protocol):
    """Who hears what arrives for one queue. Called on the loop, must not block."""

    def on_peer_connected(self, peer: str) -> None:
        """A link to host id `peer`, authorised for the queue, is up."""

    def on_peer_disconnected(self, peer: str) -> None:
        """That link is gone."""

    def on_message(self, peer: str, message: Message) -> None:
        """A one-way message; messages of one link arrive in order, at most once."""

    async def on_request(self, peer: str, method: str, params: Message) -> Message:
        """Answer a request; a NetqueueError raised here is its error reply."""


class Signer(Protocol):
    """This host's key, and the check of what others signed with theirs (R12)."""

    def sign(self, data: bytes) -> str:
        """An ASCII text that shows who signed `data`."""

    def is_signed(self, host_id: str, data: bytes, signature: str) -> bool:
        """Whether the host with that id signed `data`: on every machine the same."""


class Links(Protocol):
    """All authenticated links of this host; one link per peer serves all queues."""

    @property
    def signer(self) -> Signer:
        """The key that stands for this host on its links."""

    @property
    def host_id(self) -> str:
        """This host's id: SHA-256 of its certificate, 64 hex digits."""

    def subscribe(self, queue: str, listener: LinkListener) -> None:
        """Serve `queue`. Links already up are announced to `listener` at once."""

    def unsubscribe(self, queue: str) -> None:
        """Serve it no more."""

    def connected(self, queue: str) -> tuple[str, ...]:
        """Host ids with a live link authorised for `queue`, sorted."""

    def send(self, queue: str, peer: str, message: Message) -> bool:
        """Send one way; False if there is no link. Never blocks."""

    async def request(
        self, queue: str, peer: str, method: str, params: Message, timeout: float
    ) -> Message:
        """Ask and await the answer; raises LinkError (gone, refused, timed out)."""

    async def fetch(
        self, queue: str, peer: str, sha256: str, start: int, stop: int
    ) -> bytes:
        """Bytes [start, stop) of a content from `peer`; raises LinkError."""


class ContentSource(Protocol):
    """Where the link server finds the contents that it serves to peers."""

    def content_path(self, queue: str, sha256: str) -> Path | None:
        """The verified file of a content `queue` refers to; None: not here."""
