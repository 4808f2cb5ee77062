"""Two hosts that are both new, the first evening: each asks, one yes is enough."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import msgpack
import pytest

from moonraker_netqueue.admission_mode import AdmissionMode
from moonraker_netqueue.api.admission_notices import admission_notices
from moonraker_netqueue.api.questions import Question, Questions
from moonraker_netqueue.model.printer import PrinterState
from moonraker_netqueue.peers.admission_request import (
    Answer,
    pack_answer,
    pack_request,
    unpack_answer,
    unpack_request,
)
from moonraker_netqueue.peers.desk import Waiting
from moonraker_netqueue.peers.dialler import AdmissionPending, NothingInCommon
from moonraker_netqueue.peers.errors import FrameInvalid
from moonraker_netqueue.peers.gate import Gate
from tests import versions
from tests.peers.hosts import Host, until

pytestmark = pytest.mark.asyncio
APPROVE = AdmissionMode.APPROVE


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits for a person asks again soon, in a test."""
    monkeypatch.setattr(AdmissionPending, "pause", 0.05)
    monkeypatch.setattr(NothingInCommon, "pause", 0.1)


def waiting(host: Host) -> list[Waiting]:
    return host.network.desk.waiting("demo")


async def meet(*hosts: Host, new: Sequence[Host]) -> None:
    """Each asks each, and shows who asks it; the `new` ones never had the queue."""
    for host in hosts:
        await host.start("demo", mode=APPROVE, is_new=host in new)
    for host in hosts:
        for other in hosts:
            host.hear(other)

    def are_known(host: Host) -> bool:
        own = host.network._gate.own.waiting("demo")
        asking = [one for one in waiting(host) if one.asks]
        return len(own) == len(asking) == len(hosts) - 1

    await until(lambda: all(map(are_known, hosts)))


async def screen(host: Host) -> Question | None:
    """What the screen of its printer asks; it has nothing else to ask."""
    queue = SimpleNamespace(
        name="demo",
        desk=host.network.desk,
        state=SimpleNamespace(prints_of_host=lambda _host: ()),
    )
    agent = SimpleNamespace(view=lambda: {"state": PrinterState.PRINTING.value})
    asked = SimpleNamespace(queues={"demo": queue}, agent=agent, host_id=host.host_id)
    return await Questions(cast(Any, asked)).first()


def notices(host: Host) -> tuple[str, ...]:
    return admission_notices(host.network.desk, "demo")


def linked(one: Host, other: Host) -> bool:
    return all(
        host.network.connected("demo") == (peer.host_id,)
        for host, peer in ((one, other), (other, one))
    )


@pytest.mark.parametrize("answering", [0, 1])
async def test_both_screens_ask_and_any_one_yes_is_enough(
    hosts: list[Host], answering: int
) -> None:
    """With one code; the other screen asks no more, and nobody has to say yes there."""
    pair = hosts[:2]
    await meet(*pair, new=pair)
    assert waiting(pair[0])[0].code == waiting(pair[1])[0].code
    for host, other in (pair, reversed(pair)):
        (one,) = waiting(host)
        asked = await screen(host)
        assert asked is not None
        assert asked.title == f"Let {other.folder.name} into queue demo?"
        assert asked.lines == (
            f"It must show the same code: {one.code}",
            "It asks the same there: one yes is enough.",
        )
        (told,) = notices(host)
        assert told.startswith(f"{other.folder.name} is new here, too, code {one.code}")
        assert "let it in, here or there" in told
        (told,) = admission_notices(host.network.desk, "demo", can_answer=False)
        assert f"on the dashboard of {other.folder.name} (code {one.code})" in told
    host, other = pair[answering], pair[1 - answering]
    await host.network.desk.let_in("demo", other.host_id)
    await until(lambda: linked(host, other))
    for each in pair:
        assert await screen(each) is None
        assert notices(each) == ()


async def test_who_is_new_alone_points_at_the_others(hosts: list[Host]) -> None:
    """Its screen does not ask: its yes alone would join nobody. With three, too."""
    a, b, c = hosts
    await meet(a, b, c, new=[b, c])
    assert await screen(a) is not None
    assert all("asks to be let in" in told for told in notices(a))
    for new in (b, c):
        assert await screen(new) is None
        (told,) = notices(new)
        assert "waits for a yes on the dashboard of" in told


async def test_a_host_that_does_not_say_that_it_is_new_is_not_taken_for_it(
    hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As version 0.1.0 does not: the new host points at it, and one yes there joins."""
    a, b, _ = hosts
    says = Gate._new_in
    monkeypatch.setattr(
        Gate,
        "_new_in",
        lambda gate, queues: (
            says(gate, queues) if gate is b.network._gate else frozenset()
        ),
    )
    await meet(a, b, new=[a, b])
    assert await screen(a) is not None
    assert await screen(b) is None
    assert f"waits for a yes on the dashboard of {a.folder.name}" in notices(b)[0]
    await a.network.desk.let_in("demo", b.host_id)
    await until(lambda: linked(a, b))


async def test_a_new_host_does_not_take_a_yes_of_whom_a_person_refused(
    hosts: list[Host],
) -> None:
    """Nor of any other by itself: it asks its own person from then on."""
    a, b, c = hosts
    await meet(a, b, c, new=hosts)
    a.network.desk.refuse("demo", b.host_id)
    for other in (b, c):
        await other.network.desk.let_in("demo", a.host_id)
    await until(lambda: all(w.lets_in for w in waiting(a)) and len(waiting(a)) == 2)
    assert not a.admission.roll("demo").members
    assert any("let it in here, too" in told for told in notices(a))
    await a.network.desk.let_in("demo", c.host_id)
    await until(lambda: c.host_id in a.network.connected("demo"))


async def test_the_word_is_carried_both_ways_and_may_be_left_out(
    hosts: list[Host],
) -> None:
    """Version 0.1.0 reads ours, and does not say it; what is no list is refused."""
    a, b, _ = hosts
    old = versions.module(versions.FIRST, "peers.admission_request")
    body = pack_request(b.identity, "b", ("demo",), a.host_id, new_in={"demo"})
    assert unpack_request(body, a.host_id).new_in == {"demo"}
    answer = pack_answer(Answer("a", {}, new_in=frozenset({"demo"})))
    assert unpack_answer(answer).new_in == {"demo"}
    assert old.unpack_request(body, a.host_id).queues == ("demo",)
    assert old.unpack_answer(answer) == ("a", {})
    asked = old.pack_request(b.identity, "b", ("demo",), a.host_id)
    assert unpack_request(asked, a.host_id).new_in == frozenset()
    assert unpack_answer(old.pack_answer("a", {})).new_in == frozenset()
    for packed, read in (
        (body, lambda data: unpack_request(data, a.host_id)),
        (answer, unpack_answer),
    ):
        fields = msgpack.unpackb(packed)
        for bad in ("demo", ["../x"], [["demo"]], ["demo"] * 17, {"demo": True}):
            with pytest.raises(FrameInvalid, match="new"):
                read(msgpack.packb({**fields, "new": bad}))
