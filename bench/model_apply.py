"""Commands that a queue's model applies per second, and what copies cost.

`python3 bench/model_apply.py`: trust the ratios, not the digits.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from moonraker_netqueue.model.command import (
    Body,
    Command,
    CommandId,
    ContentHeld,
    JobAdd,
    JobMove,
    Place,
    PrintEnded,
    PrinterUpdate,
    PrintReserve,
    PrintStarted,
    decode,
    encode,
)
from moonraker_netqueue.model.content import FileRef
from moonraker_netqueue.model.job import ItemSpec, Wishes
from moonraker_netqueue.model.print import PrintState
from moonraker_netqueue.model.printer import Profile
from moonraker_netqueue.model.queue_state import QueueState

_AUTHORS = [f"{number:064x}" for number in range(100)]
_JOBS = 500
_FILE = FileRef("1" * 32, "2" * 64, 1000, "part.gcode")
_ROUNDS = 10


class _Queue:
    """A queue with one printer an author, and the ids of its commands."""

    def __init__(self) -> None:
        self.state = QueueState()
        self._sequences = dict.fromkeys(_AUTHORS, 0)
        for author in _AUTHORS:
            self.say(author, PrinterUpdate(Profile(author[-4:])))
        self.say(_AUTHORS[0], ContentHeld(_FILE))

    def command(self, author: str, body: Body, client_id: str = "") -> Command:
        self._sequences[author] += 1
        command_id = CommandId(author, 1, self._sequences[author])
        return Command(command_id, 1.0, body, client_id)

    def say(self, author: str, body: Body, client_id: str = "") -> None:
        self.state.apply(self.command(author, body, client_id), 0)

    def add(self, number: int, count: int) -> None:
        items = (ItemSpec("part", count, (_FILE,)),)
        body = JobAdd(f"job-{number:04}", Wishes("job"), items)
        self.say(_AUTHORS[number % len(_AUTHORS)], body, f"click-{number:04}")

    def print_copies(self, job: Callable[[int], int]) -> int:
        """Print a copy on every printer, several times; returns how many commands."""
        for round_ in range(_ROUNDS):
            for place, author in enumerate(_AUTHORS):
                self._print_copy(author, f"print-{round_}-{place:03}", job(place))
        return 3 * _ROUNDS * len(_AUTHORS)

    def _print_copy(self, author: str, print_id: str, job: int) -> None:
        job_id = f"job-{job:04}"
        self.say(author, PrintReserve(print_id, job_id, 0, _FILE.sha256))
        self.say(author, PrintStarted(print_id))
        done = PrintEnded(print_id, PrintState.DONE, job_id, 0, _FILE.sha256)
        self.say(author, done)

    def move_to_front(self) -> int:
        for number in range(_JOBS):
            self.say(_AUTHORS[0], JobMove(f"job-{number:04}", Place.FRONT))
        return _JOBS

    def add_jobs(self) -> int:
        for number in range(_JOBS):
            self.add(number, 10_000)
        return _JOBS


def main() -> None:
    """Print rates of a full farm, then the cost of counts."""
    queue = _Queue()
    print(f"{len(_AUTHORS)} printers, {_JOBS} jobs: commands a second")
    _rate("add a job", queue.add_jobs)
    _rate("print a copy (3 commands)", lambda: queue.print_copies(lambda n: n * 5))
    _rate("move to the front", queue.move_to_front)
    move = queue.command(_AUTHORS[0], JobMove("job-0000", Place.FRONT))
    _rate("encode and decode", lambda: _recode(move))
    _snapshot(queue.state)
    print("\none job, its copies printed by all: count 1,000 against 100,000")
    few, many = _counted(1_000), _counted(100_000)
    print(f"  bytes of state {few[0]} and {many[0]}: ratio {many[0] / few[0]:.4f}")
    print(f"  time           ratio {many[1] / few[1]:.2f}")
    print("one job, nothing printed: count 1 against 10,000")
    one, ten_thousand = (_bytes(count) for count in (1, 10_000))
    print(f"  bytes of state {one} and {ten_thousand}: {ten_thousand / one:.4f}")


def _rate(what: str, run: Callable[[], int]) -> None:
    start = time.perf_counter()
    commands = run()
    print(f"  {what:28} {commands / (time.perf_counter() - start):9.0f}")


def _recode(command: Command) -> int:
    for _ in range(_JOBS):
        decode(encode(command))
    return _JOBS


def _snapshot(state: QueueState) -> None:
    start = time.perf_counter()
    text = json.dumps(state.to_json())
    written = time.perf_counter()
    QueueState.from_json(json.loads(text))
    read = time.perf_counter()
    print(
        f"  snapshot: {len(text)} bytes, written in {1000 * (written - start):.0f} ms"
    )
    print(f"  and read in {1000 * (read - written):.0f} ms")


def _counted(count: int) -> tuple[int, float]:
    queue = _Queue()
    queue.add(0, count)
    start = time.perf_counter()
    queue.print_copies(lambda _: 0)
    return len(queue.state.canonical()), time.perf_counter() - start


def _bytes(count: int) -> int:
    queue = _Queue()
    queue.add(0, count)
    return len(queue.state.canonical())


if __name__ == "__main__":
    main()
