"""The context of handshakes follows who is a member, whatever comes meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest

from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.peers.admission import Admission
from moonraker_netqueue.peers.handshakes import Handshakes
from moonraker_netqueue.peers.identity import load_or_create

_T = TypeVar("_T")


class _Members:
    def __init__(self, *certificates: bytes) -> None:
        self.now = list(certificates)

    def certificates(self) -> Iterator[bytes]:
        return iter(self.now)


class _SlowWorker:
    """Its first work is done last."""

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self._runs = 0

    async def run(self, function: Callable[..., _T], *args: Any) -> _T:
        self._runs += 1
        done = function(*args)
        if self._runs == 1:
            await self.first.wait()
        return done


@pytest.mark.asyncio
async def test_who_is_forgotten_while_a_context_is_made_is_not_in_it(
    tmp_path: Path,
) -> None:
    """Of two hosts that are forgotten at once the second one must not come back."""
    disk, worker = MachineDisk(), _SlowWorker()
    own, one = (load_or_create(tmp_path / name, disk) for name in ("own", "one"))
    members = _Members(one.certificate)
    handshakes = Handshakes(own, cast("Admission", members), worker)
    slow = asyncio.create_task(handshakes.renew(None))
    await asyncio.sleep(0)
    members.now.clear()
    await handshakes.renew(None)
    worker.first.set()
    await slow
    assert handshakes.context.get_ca_certs() == []
    assert handshakes.context.cert_store_stats()["x509"] == 0
