"""Calls about this host's printer that members pass on."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from moonraker_netqueue.api.arguments import Arguments
from moonraker_netqueue.api.endpoints import Endpoints
from moonraker_netqueue.api.errors import ApiError
from moonraker_netqueue.api.host import Host
from moonraker_netqueue.api.queue import ServedQueue
from moonraker_netqueue.api.queues import Serving
from moonraker_netqueue.model.queue_state import QueueState

pytestmark = pytest.mark.asyncio


class Agent:
    """A printer agent that does what it is told."""

    def __init__(self) -> None:
        self.cleared: list[str] = []

    async def bed_clear(self, by: str) -> None:
        self.cleared.append(by)

    def view(self) -> dict[str, Any]:
        return {"bed": "clear"}


class Links:
    """Links whose peer answers what the test says."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    async def request(self, *_: Any) -> Any:
        return self._answer


def _queue(name: str) -> ServedQueue:
    queue = SimpleNamespace(name=name, state=QueueState(), host_name=lambda h: h)
    return cast(ServedQueue, queue)


def _host(agent: Agent, answer: Any = None) -> Host:
    queues = {name: _queue(name) for name in ("ours", "theirs")}

    async def caught_up() -> None:
        return

    def queue(arguments: Arguments) -> ServedQueue:
        return queues[arguments.text("queue")]

    host = SimpleNamespace(
        host_id="here",
        agent=agent,
        queues=queues,
        caught_up=caught_up,
        queue=queue,
        files=SimpleNamespace(item=None),
    )
    host.links = Links(answer)
    return cast(Host, host)


async def _passed_on(agent: Agent, **arguments: Any) -> dict[str, Any]:
    """What a member of the queue `ours` is answered."""
    endpoints = Endpoints(_host(agent), cast(Serving, None))
    params = {"endpoint": "bed_clear", "arguments": arguments}
    return await endpoints.answer_peer("ours", "peer", params)


async def test_a_call_passed_on_is_about_the_queue_of_the_link() -> None:
    """R13: who is in one queue cannot act on another one of the same printer."""
    agent = Agent()
    assert "result" in await _passed_on(agent, by="anna")
    assert "result" in await _passed_on(agent, by="bert", queue="ours")
    for other in ("theirs", "", None, 7, ["ours"]):
        refused = await _passed_on(agent, by="liar", queue=other)
        assert refused["status"] == 403
    assert agent.cleared == ["anna", "bert"]


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"result": None},
        {"result": [1]},
        {"result": {"x": float("nan")}},
        {"result": {"x": b"bytes"}},
        {"status": "500", "error": "x"},
        {"status": 200, "error": "x"},
        {"status": float("nan"), "error": "x"},
        {"status": True},
    ],
)
async def test_an_owner_that_answers_nonsense_is_named(answer: Any) -> None:
    """It is no error of this host's, and its client gets JSON."""
    host = _host(Agent(), answer)
    with pytest.raises(ApiError, match="mk4") as refused:
        await Host.ask_owner(host, _queue("ours"), "mk4", "print", Arguments({}))
    assert refused.value.status == 502


async def test_an_owner_may_refuse() -> None:
    """In its own words, but not endless ones."""
    host = _host(Agent(), {"status": 409, "error": "x" * 9999})
    with pytest.raises(ApiError, match="x") as refused:
        await Host.ask_owner(host, _queue("ours"), "mk4", "print", Arguments({}))
    assert (refused.value.status, len(str(refused.value))) == (409, 1000)
