"""Loaded by Python at its start where bench/loop_hold.py asks for it.

In a Moonraker process it measures the thread CPU time of every callback of the loop
and writes the longest of them, and whose they are, to a file at exit.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

_FOLDER = os.environ.get("NETQUEUE_LOOP_PROBE", "")
_LONG = 0.010  # seconds
_KEPT = 200
_OURS = ("/netqueue/", "/moonraker_netqueue/")


def _awaited(task: Any) -> list[str]:
    """Files and functions of a task's chain of awaits, outermost first."""
    chain, coroutine = [], task.get_coro()
    while coroutine is not None and hasattr(coroutine, "cr_code"):
        code = coroutine.cr_code
        chain.append(f"{code.co_filename}:{code.co_name}")
        coroutine = coroutine.cr_await
    return chain


def _name(callback: Any) -> list[str]:
    owner = getattr(callback, "__self__", None)
    if isinstance(owner, asyncio.Task):
        return _awaited(owner)
    code = getattr(callback, "__code__", None)
    if code is not None:
        return [f"{code.co_filename}:{code.co_name}"]
    return [f"{type(owner).__module__}:{callback!r}"[:200]]


class _Probe:
    def __init__(self) -> None:
        self.count = self.ours = self.wakes = 0
        self.long: list[tuple[float, bool, list[str]]] = []
        self.longest_of_ours: tuple[float, list[str]] = (0.0, [])

    def install(self) -> None:
        handle_class: Any = asyncio.Handle
        run = handle_class._run

        def measured(handle: Any) -> None:
            before = _name(handle._callback) if handle._callback else []
            start = time.thread_time()
            run(handle)
            self._note(time.thread_time() - start, before)

        handle_class._run = measured
        atexit.register(self._write)

    def _note(self, seconds: float, names: list[str]) -> None:
        ours = any(part in name for name in names for part in _OURS)
        self.count += 1
        self.ours += ours
        if ours and seconds > self.longest_of_ours[0]:
            self.longest_of_ours = (seconds, names)
        if seconds > _LONG and len(self.long) < _KEPT:
            self.long.append((seconds, ours, names))

    def _write(self) -> None:
        report = {
            "callbacks": self.count,
            "ours": self.ours,
            "longest_of_ours": self.longest_of_ours,
            "long": sorted(self.long, reverse=True),
        }
        path = Path(_FOLDER) / f"{os.getpid()}.json"
        path.write_text(json.dumps(report))


if _FOLDER and "moonraker" in sys.orig_argv:
    _Probe().install()
