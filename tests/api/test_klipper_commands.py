"""What comes of G-code commands, said in their words and in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from moonraker_netqueue.api.errors import ApiError
from moonraker_netqueue.api.klipper_commands import KlipperCommands


class Bench:
    """Commands, what they called, and what was said."""

    def __init__(self, *answers: dict[str, Any] | ApiError) -> None:
        self.answers = list(answers)
        self.called: list[tuple[str, str, Mapping[str, Any]]] = []
        self.said: list[tuple[str, bool]] = []
        self.go = asyncio.Event()
        self.go.set()
        self.methods = KlipperCommands(self._call, self._say).methods

    async def _call(
        self, endpoint: str, request_type: str, values: Mapping[str, Any]
    ) -> dict[str, Any]:
        self.called.append((endpoint, request_type, values))
        await self.go.wait()
        answer = self.answers.pop(0)
        if isinstance(answer, ApiError):
            raise answer
        return answer

    async def _say(self, text: str, error: bool) -> None:
        self.said.append((text, error))


def _job(**item: Any) -> dict[str, Any]:
    return {"job": {"name": "brackets", "items": [item]}, "pending": False}


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("method", "values", "call", "answer", "text"),
    [
        (
            "bed_clear",
            {},
            ("bed_clear", "POST", {"by": "G-code"}),
            {"printer": {"bed": {"by": "G-code"}}},
            "the bed is clear, says G-code",
        ),
        (
            "pause",
            {"queue": "lab"},
            ("pause", "POST", {"queue": "lab"}),
            {"queue": "lab", "paused": True, "pending": False},
            "queue lab is paused",
        ),
        (
            "resume",
            {},
            ("resume", "POST", {}),
            {"queue": "lab", "paused": False, "pending": True},
            "queue lab goes on as soon as its hosts answer",
        ),
        (
            "material",
            {"materials_ready": ""},
            ("printer", "POST", {"materials_ready": ""}),
            {"printer": {"materials_ready": []}},
            "loaded: nothing",
        ),
        (
            "add",
            {"filename": "a.gcode"},
            ("job", "POST", {"filename": "a.gcode"}),
            _job(count=1),
            "added brackets: 1 copy",
        ),
        (
            "add",
            {"filename": "a.gcode"},
            ("job", "POST", {"filename": "a.gcode"}),
            {"job": None, "pending": True, "message": "kept on this host's disk"},
            "the job is kept on this host's disk",
        ),
    ],
)
async def test_each_command_is_a_call_and_a_line(
    method: str,
    values: dict[str, Any],
    call: tuple[str, str, dict[str, Any]],
    answer: dict[str, Any],
    text: str,
) -> None:
    """The same calls as over HTTP."""
    bench = Bench(answer)
    await bench.methods[f"netqueue_{method}"](**values)
    assert bench.called == [call]
    assert bench.said == [(text, False)]


@pytest.mark.asyncio
async def test_a_refusal_is_said_in_words_of_gcode() -> None:
    """A person has typed FILE, not filename."""
    refusal = ApiError(400, "argument 'filename': '/x' is not inside gcodes")
    bench = Bench(refusal)
    await bench.methods["netqueue_add"](filename="/x")
    assert bench.said == [("FILE: '/x' is not inside gcodes", True)]


@pytest.mark.asyncio
async def test_commands_are_carried_out_in_their_order() -> None:
    """However long one takes; more than can be meant are dropped."""
    paused = {"queue": "lab", "paused": True, "pending": False}
    going = {**paused, "paused": False}
    bench = Bench(*[paused, going] * 25)
    bench.go.clear()
    methods = [bench.methods[f"netqueue_{name}"] for name in ("pause", "resume")]
    tasks = [asyncio.ensure_future(methods[i % 2]()) for i in range(51)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [endpoint for endpoint, _, _ in bench.called] == ["pause"]
    assert bench.said == [("too many commands at once: this one is dropped", True)]
    bench.go.set()
    await asyncio.gather(*tasks)
    assert [endpoint for endpoint, _, _ in bench.called] == ["pause", "resume"] * 25
    assert len(bench.said) == 51
