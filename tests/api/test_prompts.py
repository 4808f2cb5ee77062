"""Dialogs on screens: asked once, and always closed when answered elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from moonraker_netqueue.api.prompts import Prompts
from moonraker_netqueue.api.questions import Button, Question
from tests.api.test_klipper_status import ManualClock

BED = Question(
    "Is the bed clear?",
    ("part|gcode\nis on it",),
    (Button("I cleared it", "NETQUEUE_BED_CLEAR", "primary"),),
)
SHOWN = [
    "// action:prompt_begin Is the bed clear?",
    "// action:prompt_text part/gcode is on it",
    "// action:prompt_footer_button I cleared it|NETQUEUE_BED_CLEAR|primary",
    "// action:prompt_show",
]
END = "// action:prompt_end"


class Screen:
    """A printer with its question, and the lines its screen gets."""

    def __init__(self) -> None:
        self.session = 1
        self.has_module = True
        self.question: Question | None = None
        self.lines: list[str] = []
        self.clock = ManualClock()
        module: Any = self
        self.prompts = Prompts(self.find, module, self.clock, self.send)

    async def usable(self) -> bool:
        return self.has_module

    async def find(self) -> Question | None:
        return self.question

    def send(self, line: str) -> None:
        """Moonraker gives every line to all who listen, later."""
        self.lines.append(line)
        asyncio.get_running_loop().call_soon(self.prompts.on_line, line)

    async def second(self) -> list[str]:
        """What is shown in a second."""
        self.lines.clear()
        await self.clock.second()
        return list(self.lines)


@asynccontextmanager
async def screen() -> AsyncIterator[Screen]:
    found = Screen()
    await asyncio.sleep(0)
    try:
        yield found
    finally:
        await found.prompts.close()


@pytest.mark.asyncio
async def test_a_question_is_shown_once_and_ends_when_answered_elsewhere() -> None:
    async with screen() as at:
        assert await at.second() == []
        at.question = BED
        assert await at.second() == SHOWN
        assert await at.second() == []
        at.question = None
        assert await at.second() == [END]
        assert await at.second() == []


@pytest.mark.asyncio
async def test_another_question_takes_the_place_of_one() -> None:
    async with screen() as at:
        at.question = BED
        await at.second()
        at.question = replace(BED, title="Load PLA?")
        lines = await at.second()
        assert lines[:2] == [END, "// action:prompt_begin Load PLA?"]


@pytest.mark.asyncio
async def test_a_dialog_holds_no_markup() -> None:
    """Every line of it is one of the consoles, too, which are HTML."""
    tag = '<img src=x onerror="x()">'
    button = Button(tag, f'NETQUEUE_MATERIAL READY="{tag}"', "primary")
    async with screen() as at:
        at.question = Question(f"Let {tag} in?", (tag,), (button,))
        lines = await at.second()
    assert len(lines) == 4
    assert not [line for line in lines if "<" in line or ">" in line]
    assert "(img src=x onerror='x()')" in lines[0]
    assert 'READY="(img' in lines[2]  # else the command were another one


@pytest.mark.asyncio
async def test_a_dialog_of_somebody_else_is_not_closed() -> None:
    """A macro showed its own, or a person closed ours: none of ours is left."""
    async with screen() as at:
        at.question = BED
        await at.second()
        at.prompts.on_line("// action:prompt_begin Change the spool")
        at.question = None
        assert await at.second() == []


@pytest.mark.asyncio
async def test_nothing_is_asked_that_klipper_cannot_answer() -> None:
    async with screen() as at:
        at.has_module, at.question = False, BED
        assert await at.second() == []
        at.has_module = True
        assert await at.second() == SHOWN
        at.has_module = False
        assert await at.second() == [END]


@pytest.mark.asyncio
async def test_a_klipper_that_came_anew_is_asked_again() -> None:
    async with screen() as at:
        at.question = BED
        await at.second()
        at.session = 2
        assert await at.second() == [END, *SHOWN]


@pytest.mark.asyncio
async def test_a_stop_leaves_no_dialog() -> None:
    async with screen() as at:
        at.question = BED
        await at.second()
        at.lines.clear()
    assert at.lines == [END]
