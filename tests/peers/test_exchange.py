"""The asking side of the connection between hosts."""

from __future__ import annotations

import socket

import pytest

from moonraker_netqueue.machine import MachineClock
from moonraker_netqueue.peers import exchange, tls
from moonraker_netqueue.peers.errors import ExchangeFailed


@pytest.mark.asyncio
async def test_a_host_that_says_nothing_is_given_up_and_nobody_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As one behind a cut wire, or without power: Tornado's stream, closed after its
    connecting was cancelled, cancelled whoever dialled, and the host was dialled no
    more.
    """
    monkeypatch.setattr(exchange, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        connecting = exchange.connect(
            host, port, tls.stranger_context(), MachineClock()
        )
        with pytest.raises(ExchangeFailed, match="no answer within"):
            await connecting
