"""PySyncObj as it comes, in virtual time, its messages delivered by hand."""

from __future__ import annotations

import importlib.util
import sys
from collections import deque
from typing import Any

import pysyncobj.syncobj
from pysyncobj.config import SyncObjConf
from pysyncobj.journal import MemoryJournal
from pysyncobj.node import Node
from pysyncobj.transport import Transport

Message = dict[str, Any]
NOOP = b"\1"  # what applies without unpickling


class _Time:
    """The clock of all stock nodes."""

    now = 1000.0


def _load() -> Any:
    """A copy of the library's module that reads our clock, and nothing else."""
    spec = importlib.util.spec_from_file_location(
        "pysyncobj.syncobj_stock", pysyncobj.syncobj.__file__
    )
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.monotonicTime = lambda: _Time.now
    module.PIPE_NOTIFIER_ENABLED = False
    return module


library: Any = _load()


class _Wire(Transport):  # type: ignore[misc]  # the library is untyped
    def __init__(self) -> None:
        super().__init__(None, None, [])
        self.sent: deque[tuple[str, Message]] = deque()

    def send(self, node: Node, message: Message) -> bool:
        self.sent.append((node.id, message))
        return True


class StockNode(library.SyncObj):  # type: ignore[misc]  # the library is untyped
    """One node; what it sends waits in `sent`. Nothing of it is replaced."""

    def __init__(self, name: str, others: str, **options: Any) -> None:
        self.wire = _Wire()
        self.name = name
        self.nodes = {other: Node(other) for other in others}
        options = {"autoTick": False, "appendEntriesUseBatch": False} | options
        super().__init__(
            Node(name),
            list(self.nodes.values()),
            SyncObjConf(**options),
            transport=self.wire,
        )
        for other in others:
            self._SyncObj__onNodeConnected(self.nodes[other])

    # What it is.

    @property
    def term(self) -> int:
        return int(self._SyncObj__raftCurrentTerm)

    @property
    def leads(self) -> bool:
        return bool(self._isLeader())

    @property
    def log(self) -> MemoryJournal:
        return self._SyncObj__raftLog

    @property
    def last(self) -> int:
        return int(self.log[-1][1])

    @property
    def commit_index(self) -> int:
        return int(self._SyncObj__raftCommitIndex)

    def next_index(self, other: str) -> int:
        return int(self._SyncObj__raftNextIndex[self.nodes[other]])

    def match_index(self, other: str) -> int:
        return int(self._SyncObj__raftMatchIndex[self.nodes[other]])

    # What happens to it.

    def receive(self, other: str, message: Message) -> None:
        self._SyncObj__onMessageReceived(self.nodes[other], message)

    def tick(self, seconds: float = 0.0) -> None:
        """Let time pass, then tick once."""
        _Time.now += seconds
        self.doTick(0)

    def elect(self) -> None:
        """Become leader, with the votes of all others."""
        self.tick(10.0)
        for other in self.nodes:
            self.receive(other, {"type": "response_vote", "term": self.term})
        assert self.leads
        self.wire.sent.clear()

    def append(self, term: int, size: int = 1) -> None:
        """Put an entry into the log, as a leader of that term did."""
        self.log.add(NOOP + b"x" * size, self.last + 1, term)

    def cut_link(self, other: str) -> None:
        self._SyncObj__onNodeDisconnected(self.nodes[other])

    def restore_link(self, other: str) -> None:
        self._SyncObj__onNodeConnected(self.nodes[other])


def appended(
    term: int, previous: tuple[int, int], *entries: tuple[bytes, int, int]
) -> Message:
    """A leader's message that these entries follow the one at (index, term)."""
    return {
        "type": "append_entries",
        "term": term,
        "commit_index": 1,
        "entries": list(entries),
        "prevLogIdx": previous[0],
        "prevLogTerm": previous[1],
    }


def exchange(one: StockNode, other: StockNode, rounds: int) -> None:
    """Let two linked nodes talk: each round 100 ms, then all messages in order."""
    for _ in range(rounds):
        one.tick(0.1)
        while one.wire.sent or other.wire.sent:
            for sender, receiver in ((one, other), (other, one)):
                waiting = len(sender.wire.sent)
                for _ in range(waiting):
                    target, message = sender.wire.sent.popleft()
                    if target == receiver.name:
                        receiver.receive(sender.name, message)
