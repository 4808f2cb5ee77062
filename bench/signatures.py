"""What signed commands cost: sign, verify, and how much larger they are.

    python -m bench.signatures

prints microseconds of CPU of one thread, the median of many.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.model.command import (
    Command,
    CommandId,
    QueuePause,
    decode,
    encode,
)
from moonraker_netqueue.model.schema import SIGNED
from moonraker_netqueue.peers.host_key import HostKey
from moonraker_netqueue.peers.identity import load_or_create
from moonraker_netqueue.replica.signatures import Signatures

_ROUNDS = 2000
_QUEUE, _GROUP = "bench", "0" * 32


def _measure(folder: Path) -> None:
    identity = load_or_create(folder, MachineDisk())
    signatures = Signatures(_QUEUE, identity.host_id, HostKey(identity))
    plain = Command(CommandId(identity.host_id, 1, 1), 1.0, QueuePause(True))
    text = encode(plain)
    signed_text = encode(signatures.signed(plain, _GROUP))
    signed = decode(signed_text)
    _show("sign", lambda: signatures.signed(plain, _GROUP))
    _show("verify", lambda: signatures.refusal(signed, _GROUP, SIGNED))
    _show("read, unsigned", lambda: decode(text))
    _show("read, signed", lambda: decode(signed_text))
    print(f"bytes of a short command: {len(text)}, signed {len(signed_text)}")


def _show(what: str, work: Callable[[], object]) -> None:
    taken = []
    for _ in range(_ROUNDS):
        began = time.thread_time_ns()
        work()
        taken.append(time.thread_time_ns() - began)
    print(f"{what}: {statistics.median(taken) / 1000:.0f} µs")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        _measure(Path(name))
