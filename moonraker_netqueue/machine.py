"""The real ports: this machine's clock, randomness, threads and file system."""

from __future__ import annotations

import asyncio
import concurrent.futures
import fcntl
import os
import random
import secrets
import shutil
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from .ports import FileMode, Machine, ProgramFailed, Timer, Worker

_T = TypeVar("_T")

_WORKER_THREADS = 4  # fsync, hashing and copying may overlap; a Pi 3 has 4 cores
_FICLONE = 0x40049409  # ioctl: share extents (linux/fs.h)


class MachineClock:
    """Clock of the running asyncio (Tornado) loop."""

    def monotonic(self) -> float:
        return time.monotonic()

    def wall(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, callback, *args)

    def call_soon(self, callback: Callable[..., object], *args: Any) -> Timer:
        return asyncio.get_running_loop().call_soon(callback, *args)

    async def wait_for(self, awaitable: Awaitable[_T], seconds: float) -> _T:
        # asyncio.wait_for of Python 3.10 and 3.11 swallows a cancellation that comes
        # in the turn in which the awaited thing ends: its caller then runs for ever.
        work = asyncio.ensure_future(awaitable)
        try:
            await asyncio.wait([work], timeout=seconds)
            if not work.done():
                raise TimeoutError(f"no answer within {seconds:g} s")
            return work.result()
        finally:
            if work.cancel():
                await asyncio.wait([work])
            if not work.cancelled():
                work.exception()  # seen: nobody else asks if we were cancelled


class MachineRandom:
    """The operating system's randomness."""

    def random(self) -> float:
        return random.random()  # noqa: S311 - spreads timers, guards nothing

    def token(self, size: int) -> bytes:
        return secrets.token_bytes(size)


class ThreadWorker:
    """A small pool of threads of our own: Moonraker's pool stays free."""

    def __init__(self) -> None:
        self._pool = concurrent.futures.ThreadPoolExecutor(
            _WORKER_THREADS, thread_name_prefix="netqueue"
        )

    async def run(self, function: Callable[..., _T], *args: Any) -> _T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, function, *args)

    def close(self) -> None:
        """Wait for what runs, then end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class MachineDisk:
    """The real file system."""

    def open(self, path: Path, mode: FileMode) -> BinaryIO:
        return path.open(mode)

    def open_private(self, path: Path) -> BinaryIO:
        path.unlink(missing_ok=True)  # an old file would keep its old mode
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        return os.fdopen(os.open(path, flags, 0o600), "wb")

    def connect(self, path: Path) -> sqlite3.Connection:
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False)

    def sync(self, file: BinaryIO) -> None:
        file.flush()
        os.fsync(file.fileno())

    def sync_directory(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def replace(self, source: Path, target: Path) -> None:
        source.replace(target)

    def copy(self, source: Path, target: Path) -> None:
        with source.open("rb") as reader, target.open("wb") as writer:
            try:
                fcntl.ioctl(writer.fileno(), _FICLONE, reader.fileno())
            except OSError:  # another file system, or one that cannot share extents
                shutil.copyfileobj(reader, writer, 1 << 20)

    def make_directory(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)

    def exists(self, path: Path) -> bool:
        return path.exists()

    def size(self, path: Path) -> int:
        return path.stat().st_size

    def stamp(self, path: Path) -> tuple[int, int, int]:
        status = path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns

    def is_being_written(self, path: Path) -> bool:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            # The kernel grants a read lease only on a file that nobody writes to. Who
            # opens it in the meantime sends us a signal: one that does nothing.
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except BlockingIOError:
            return True
        except OSError:  # another user's file, or a file system without leases
            return False
        finally:
            os.close(descriptor)
        return False

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def list(self, path: Path) -> Iterable[Path]:
        return sorted(path.iterdir()) if path.is_dir() else ()

    def free_bytes(self, path: Path) -> int:
        return shutil.disk_usage(path).free


def this_machine(worker: Worker) -> Machine:
    """The machine that this process runs on; who made `worker` closes it."""
    return Machine(MachineClock(), MachineRandom(), worker, MachineDisk())


class MachinePrograms:
    """Child processes of this one."""

    async def run(
        self,
        command: Sequence[str],
        stdin: bytes,
        environment: Mapping[str, str],
        timeout: float,
    ) -> bytes:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **environment},
            )
        except OSError as error:
            raise ProgramFailed(f"{command[0]}: {error.strerror}") from error
        try:
            output, complaint = await asyncio.wait_for(
                process.communicate(stdin), timeout
            )
        except asyncio.TimeoutError as error:
            raise ProgramFailed(f"{command[0]}: took over {timeout:g} s") from error
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            last = complaint.decode("utf-8", "replace").strip()[-300:]
            raise ProgramFailed(f"{command[0]}: status {process.returncode}: {last}")
        return output
