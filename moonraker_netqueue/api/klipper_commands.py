"""What Klipper's commands NETQUEUE_... ask, through the same calls as over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from .errors import ApiError

_WAITING_MAX = 50  # commands; a macro in a loop must not fill the memory
_BY = "G-code"
_WORDS = {  # what the commands call arguments
    "filename": "FILE",
    "count": "COUNT",
    "name": "NAME",
    "queue": "QUEUE",
    "materials_ready": "READY",
    "by": "BY",
    "print_id": "PRINT",
    "action": "ACTION",
    "host_id": "HOST",
}


class Call(Protocol):
    """Answers one request as `Endpoints.call` does; raises ApiError."""

    async def __call__(
        self, endpoint: str, request_type: str, values: Mapping[str, Any]
    ) -> dict[str, Any]: ...


Say = Callable[[str, bool], Awaitable[None]]


class KlipperCommands:
    """Carries out commands in their order, and says on the console what came of it."""

    def __init__(self, call: Call, say: Say) -> None:
        """`say(text, error)` shows one line."""
        self._call = call
        self._say = say
        self._turn = asyncio.Lock()
        self._waiting = 0
        self.methods: dict[str, Callable[..., Awaitable[None]]] = {
            "netqueue_bed_clear": self._clear_bed,
            "netqueue_pause": self._pause,
            "netqueue_resume": self._resume,
            "netqueue_material": self._load,
            "netqueue_add": self._add,
            "netqueue_admit": self._admit,
            "netqueue_refuse": self._refuse,
            "netqueue_decide": self._decide,
        }

    async def _clear_bed(self, **values: Any) -> None:
        values.setdefault("by", _BY)
        await self._carry_out("bed_clear", values, _cleared)

    async def _pause(self, **values: Any) -> None:
        await self._carry_out("pause", values, _paused)

    async def _resume(self, **values: Any) -> None:
        await self._carry_out("resume", values, _paused)

    async def _load(self, **values: Any) -> None:
        await self._carry_out("printer", values, _loaded)

    async def _add(self, **values: Any) -> None:
        await self._carry_out("job", values, _added)

    async def _admit(self, **values: Any) -> None:
        await self._carry_out("member", {**values, "action": "approve"}, _answered)

    async def _refuse(self, **values: Any) -> None:
        await self._carry_out("member", {**values, "action": "reject"}, _answered)

    async def _decide(self, **values: Any) -> None:
        values.setdefault("by", _BY)
        await self._carry_out("print", values, _decided)

    async def _carry_out(
        self,
        endpoint: str,
        values: Mapping[str, Any],
        phrase: Callable[[dict[str, Any]], str],
    ) -> None:
        if self._waiting >= _WAITING_MAX:
            await self._say("too many commands at once: this one is dropped", True)
            return
        self._waiting += 1
        try:
            async with self._turn:
                answer = await self._call(endpoint, "POST", values)
        except ApiError as error:
            await self._say(_in_words_of_gcode(str(error)), True)
        else:
            await self._say(phrase(answer), False)
        finally:
            self._waiting -= 1


def _in_words_of_gcode(text: str) -> str:
    for argument, word in _WORDS.items():
        text = text.replace(f"argument '{argument}'", word)
    return text


def _cleared(answer: dict[str, Any]) -> str:
    evidence = answer["printer"]["bed"]
    return f"the bed is clear, says {evidence['by']}" if evidence else "noted"


def _paused(answer: dict[str, Any]) -> str:
    done = "is paused" if answer["paused"] else "goes on"
    soon = " as soon as its hosts answer" if answer["pending"] else ""
    return f"queue {answer['queue']} {done}{soon}"


def _loaded(answer: dict[str, Any]) -> str:
    materials = answer["printer"]["materials_ready"]
    return f"loaded: {', '.join(materials) or 'nothing'}"


def _answered(answer: dict[str, Any]) -> str:
    left = len(answer["requests"])
    return f"done; {left} {'host' if left == 1 else 'hosts'} of it wait to be let in"


def _decided(answer: dict[str, Any]) -> str:
    print_ = answer["print"]
    return f"{print_['file'] or print_['job']} is {print_['state']}, as you say"


def _added(answer: dict[str, Any]) -> str:
    job = answer["job"]
    if job is None:
        return f"the job is {answer['message']}"
    copies = sum(item["count"] for item in job["items"])
    return f"added {job['name']}: {copies} {'copy' if copies == 1 else 'copies'}"
