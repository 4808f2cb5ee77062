"""An Ethernet switch between namespaces that loses, delays, reorders and cuts.

`python3 -m tests.failures.switch WIRE...`: file descriptors of TAP devices. Each line
on standard input is a JSON object {"from": index, "to": index, FAULT: value...}, with
the faults of `Faults`; each is answered by a line once it holds.
"""

from __future__ import annotations

import heapq
import itertools
import json
import os
import random
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import IO

_FRAME_MAX = 2048
_QUEUE_MAX = 1.0  # seconds of frames that wait for a slow wire; more are lost


@dataclass(frozen=True)
class Faults:
    """What is wrong with the way from one wire to another."""

    cut: bool = False
    loss: float = 0.0  # share of frames
    delay: float = 0.0  # seconds
    jitter: float = 0.0  # seconds: up to so much more, so that frames overtake
    rate: float = 0.0  # bytes a second; 0: as fast as it goes


class Switch:
    """The switch as a process of its own; a context."""

    def __init__(self, wires: Sequence[int]) -> None:
        self._count = len(wires)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, *map(str, wires)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=wires,
            text=True,
        )

    def __enter__(self) -> Switch:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def set(self, start: int, end: int, faults: Faults) -> None:
        """From now on frames from one wire to another meet these faults."""
        command = {"from": start, "to": end, **vars(faults)}
        self._input.write(json.dumps(command) + "\n")
        self._input.flush()
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "done\n"

    def part(self, *groups: Sequence[int]) -> None:
        """Cut all ways between groups, and heal those inside them."""
        side = {wire: number for number, group in enumerate(groups) for wire in group}
        for start, end in itertools.permutations(range(self._count), 2):
            self.set(start, end, Faults(cut=side[start] != side[end]))

    def heal(self) -> None:
        """All ways are good."""
        self.part(range(self._count))

    def everywhere(self, faults: Faults) -> None:
        """All ways are equally bad."""
        for start, end in itertools.permutations(range(self._count), 2):
            self.set(start, end, faults)

    @property
    def _input(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin


class _Forwarding:
    def __init__(self, wires: Sequence[int]) -> None:
        self._wires = wires
        self._place: dict[bytes, int] = {}  # wire index by hardware address
        self._faults: dict[tuple[int, int], Faults] = {}
        self._free_at: dict[tuple[int, int], float] = {}  # of a slow wire
        self._late: list[tuple[float, int, int, bytes]] = []
        self._number = itertools.count()
        self._draw = random.Random(1).random  # noqa: S311 - which frames are lost

    def run(self) -> None:
        while True:
            wait = None
            if self._late:
                wait = max(0.0, self._late[0][0] - time.monotonic())
            ready, _, _ = select.select([0, *self._wires], [], [], wait)
            for descriptor in ready:
                if descriptor == 0:
                    line = sys.stdin.readline()
                    if not line:
                        return
                    self._obey(json.loads(line))
                else:
                    self._take(self._wires.index(descriptor))
            self._send_late()

    def _obey(self, command: dict[str, float]) -> None:
        way = (int(command.pop("from")), int(command.pop("to")))
        self._faults[way] = Faults(**command)  # type: ignore[arg-type]
        sys.stdout.write("done\n")
        sys.stdout.flush()

    def _take(self, start: int) -> None:
        try:
            frame = os.read(self._wires[start], _FRAME_MAX)
        except BlockingIOError:
            return
        target, source = frame[:6], frame[6:12]
        self._place[source] = start
        known = self._place.get(target)
        ends = range(len(self._wires)) if known is None else (known,)
        for end in ends:
            if end != start:
                self._pass_on(start, end, frame)

    def _pass_on(self, start: int, end: int, frame: bytes) -> None:
        faults = self._faults.get((start, end), Faults())
        if faults.cut or self._draw() < faults.loss:
            return
        now = time.monotonic()
        at = now + faults.delay + self._draw() * faults.jitter
        if faults.rate:
            free = max(now, self._free_at.get((start, end), now))
            if free - now > _QUEUE_MAX:
                return
            self._free_at[(start, end)] = free + len(frame) / faults.rate
            at += free - now
        if at <= now:
            self._send(end, frame)
        else:
            heapq.heappush(self._late, (at, next(self._number), end, frame))

    def _send_late(self) -> None:
        while self._late and self._late[0][0] <= time.monotonic():
            _, _, end, frame = heapq.heappop(self._late)
            self._send(end, frame)

    def _send(self, end: int, frame: bytes) -> None:
        try:
            os.write(self._wires[end], frame)
        except OSError:
            return  # the port is down or full: as on any wire, the frame is lost


if __name__ == "__main__":
    _Forwarding([int(text) for text in sys.argv[1:]]).run()
