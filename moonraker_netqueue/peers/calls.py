"""Requests and their answers over one link, both ways."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from ..errors import NetqueueError
from ..ports import Clock, Message
from .errors import FrameTooLarge, LinkGone, RequestRefused, RequestTimedOut
from .frames import Refusal, Reply, Request
from .link import Link, Phase

_LOGGER = logging.getLogger(__name__)
_MOST_ANSWERING = 64  # requests of one peer handled at once


class Calls:
    """The open requests of one link."""

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._number = 0
        self._said_bug = False
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._answering: set[asyncio.Task[Message]] = set()

    async def request(
        self, queue: str, method: str, params: Message, timeout: float
    ) -> Message:
        """Ask and await the answer; raises LinkError."""
        if self._link.phase is not Phase.UP:
            raise LinkGone(self._link.reason)
        self._number += 1
        number = self._number
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._link.send(Request(queue, number, method, params))
            return await self._clock.wait_for(answer, timeout)
        except TimeoutError as error:
            raise RequestTimedOut(f"no answer to {method} in {timeout:g} s") from error
        finally:
            self._waiting.pop(number, None)

    def on_answer(self, frame: Reply | Refusal) -> None:
        """Hand an answer to who waits for it; a late or false one is dropped."""
        answer = self._waiting.get(frame.number)
        if answer is None or answer.done():
            return
        if isinstance(frame, Reply):
            answer.set_result(frame.result)
        else:
            answer.set_exception(RequestRefused(frame.reason))

    def answer(self, number: int, result: Coroutine[Any, Any, Message]) -> None:
        """Send what `result` yields, or its NetqueueError, as the answer."""
        task = asyncio.create_task(result)
        self._answering.add(task)
        task.add_done_callback(lambda done: self._on_answered(number, done))

    def is_full(self) -> bool:
        """Whether the peer has as many requests open as it may."""
        return len(self._answering) >= _MOST_ANSWERING

    def close(self) -> tuple[asyncio.Task[Message], ...]:
        """The link is over: fail who waits, cancel what is being answered."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(LinkGone(self._link.reason))
        for task in self._answering:
            task.cancel()
        return tuple(self._answering)

    def _on_answered(self, number: int, task: asyncio.Task[Message]) -> None:
        self._answering.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self._send_reply(number, task.result())
        elif isinstance(error, NetqueueError):
            self._link.send(Refusal(number, str(error)[:1000]))
        else:
            if not self._said_bug:  # the peer may know how to make it happen again
                self._said_bug = True
                _LOGGER.error("a request of %s failed", self._link.peer, exc_info=error)
            self._link.send(Refusal(number, "internal error of the other host"))

    def _send_reply(self, number: int, result: Message) -> None:
        try:
            self._link.send(Reply(number, result))
        except FrameTooLarge as error:
            self._link.send(Refusal(number, str(error)))
