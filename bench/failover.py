"""How long a queue takes no jobs after its leader is lost.

`python3 -m bench.failover [ROUNDS]` at the root of the checkout. Each host is a process
with real links and files. The leader is killed (kill -9: its connections are reset) or
stopped (SIGSTOP: it falls silent and nothing is reset, as a host without power). A
follower submits at once; what counts is the time until that is accepted. Then the host
is started again and the next round begins.
"""

from __future__ import annotations

import asyncio
import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any, cast

from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.model.command import QueuePause

from .live_host import LiveHost

_ROUNDS = 20
_LIMIT = 30.0  # seconds


async def _serve(folder: Path) -> None:
    """The host's process: a question a line, an answer a line."""
    host = await LiveHost.start(folder, MachineDisk())
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    print(host.network.port, flush=True)
    number = 0
    while line := (await reader.readline()).split():
        if line[0] == b"meet":
            host.meet(int(line[1]))
            print("{}", flush=True)
        elif line[0] == b"status":
            status = host.replica.status()
            answer = {
                "leads": status.leader == host.replica.host_id,
                "voters": len(status.voters),
                "connected": sum(member.connected for member in status.members),
                "last": status.last_index,
                "applied": status.applied_index,
            }
            print(json.dumps(answer), flush=True)
        else:
            number += 1
            outcome = await host.replica.submit(
                QueuePause(number % 2 == 0), timeout=_LIMIT
            )
            print(json.dumps({"state": outcome.state.value}), flush=True)


class _Process:
    """The parent's end of one host."""

    def __init__(self, folder: Path) -> None:
        self._command = [sys.executable, "-m", "bench.failover", "--host", str(folder)]
        self.port = 0

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._stdin = cast(IO[str], self._process.stdin)
        self._stdout = cast(IO[str], self._process.stdout)
        self.port = int(self._stdout.readline())

    def ask(self, question: str) -> dict[str, Any]:
        self._stdin.write(question + "\n")
        self._stdin.flush()
        answer: dict[str, Any] = json.loads(self._stdout.readline())
        return answer

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def reap(self) -> None:
        self._process.kill()
        self._process.wait()
        self._stdin.close()
        self._stdout.close()


def _settled(hosts: list[_Process]) -> _Process:
    """Wait until all vote, are linked and agree; the leader."""
    while True:
        statuses = [host.ask("status") for host in hosts]
        leaders = [h for h, s in zip(hosts, statuses, strict=True) if s["leads"]]
        last = max(status["last"] for status in statuses)
        if len(leaders) == 1 and all(
            status["voters"] == status["connected"] == len(hosts)
            and status["applied"] == last
            for status in statuses
        ):
            return leaders[0]
        time.sleep(0.1)


def _join(hosts: list[_Process], newcomer: _Process) -> None:
    newcomer.start()
    for other in hosts:
        if other is not newcomer:
            newcomer.ask(f"meet {other.port}")
            other.ask(f"meet {newcomer.port}")


def _measure(count: int, how: signal.Signals, rounds: int) -> list[float]:
    times: list[float] = []
    with tempfile.TemporaryDirectory() as name:
        hosts = [_Process(Path(name) / f"host{number}") for number in range(count)]
        hosts[0].start()
        _settled(hosts[:1])
        for number in range(1, count):
            _join(hosts[:number], hosts[number])
        for _ in range(rounds):
            leader = _settled(hosts)
            follower = next(host for host in hosts if host is not leader)
            leader.signal(how)
            began = time.perf_counter()
            answer = follower.ask("submit")
            took = time.perf_counter() - began
            times.append(took if answer["state"] == "accepted" else float("inf"))
            leader.reap()
            _join(hosts, leader)
        for host in hosts:
            host.reap()
    return times


def main(rounds: int) -> None:
    """Print seconds until writable again: median, 99th percentile, worst."""
    print(f"{rounds} rounds each; seconds until a follower's submit is accepted")
    for count in (3, 5):
        for how, words in (
            (signal.SIGKILL, "killed"),
            (signal.SIGSTOP, "silent"),
        ):
            times = _measure(count, how, rounds)
            median = statistics.median(times)
            high = statistics.quantiles(times, n=100, method="inclusive")[98]
            print(
                f"{count} voters, leader {words}: median {median:.2f},"
                f" p99 {high:.2f}, worst {max(times):.2f}",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--host"]:
        asyncio.run(_serve(Path(sys.argv[2])))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else _ROUNDS)
