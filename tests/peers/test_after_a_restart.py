"""What a restart ends, and what it must not lose (R22, R24)."""

from __future__ import annotations

import pytest

from moonraker_netqueue.admission_mode import AdmissionMode
from moonraker_netqueue.peers.dialler import NothingInCommon
from moonraker_netqueue.peers.pairing import parse_token
from tests.peers.hosts import LOOPBACK, Host
from tests.peers.test_letting_in import (  # noqa: F401 - a fixture that runs by itself
    _quick,
    two_members,
    waiting,
)

pytestmark = pytest.mark.asyncio
APPROVE, TOKEN = AdmissionMode.APPROVE, AdmissionMode.TOKEN


async def test_tokens_end(hosts: list[Host]) -> None:
    """Their time is that of the run that made them: of no other one."""
    a, b, _ = hosts
    await a.start("demo", mode=TOKEN)
    await b.start("demo", mode=TOKEN)
    token = a.network.desk.new_token("demo", 3600)
    await a.restart(mode=TOKEN)
    b.network.desk.hold_token("demo", parse_token(token))
    with pytest.raises(NothingInCommon, match="refuses"):
        await b.network.ask_admission((LOOPBACK, a.network.port))
    assert not a.admission.is_member("demo", b.host_id)


async def test_requests_and_refusals_end_and_a_new_code_is_shown(
    hosts: list[Host],
) -> None:
    """Nobody says yes to a code of before; who was refused is asked about again."""
    a, b, _ = hosts
    await a.start("demo", mode=APPROVE)
    await b.start("demo", mode=APPROVE)
    b.hear(a)
    code = (await waiting(a, b)).code
    a.network.desk.refuse("demo", b.host_id)
    await a.restart(mode=APPROVE)
    assert a.network.desk.waiting("demo") == []
    b.hear(a)
    assert (await waiting(a, b)).code != code
    assert not a.admission.is_member("demo", b.host_id)


async def test_a_new_host_trusts_nobody_unasked(hosts: list[Host]) -> None:
    """Its first quarter of an hour is over, though its queue is as empty as before."""
    a, b, _ = hosts
    await a.start("demo", mode=APPROVE)
    await b.start("demo", mode=APPROVE, is_new=True)
    assert b.admission.takes_first("demo")
    await b.restart(mode=APPROVE)
    assert not b.admission.takes_first("demo")


async def test_who_is_in_and_who_is_out_stays(hosts: list[Host]) -> None:
    """Both are on disk before anybody is told."""
    a, b, c = hosts
    await two_members(a, b)
    await a.admission.approve("demo", c.identity.certificate, "c")
    await a.network.desk.forget("demo", c.host_id)
    await a.restart(mode=APPROVE)
    assert a.admission.is_member("demo", b.host_id)
    assert list(a.network.desk.forgotten("demo")) == [c.host_id]
    await c.start("demo", mode=APPROVE)
    with pytest.raises(NothingInCommon):
        await c.network.ask_admission((LOOPBACK, a.network.port))
