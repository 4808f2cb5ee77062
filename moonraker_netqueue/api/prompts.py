"""Dialogs on printer screens and dashboards (`action:prompt`), closed when answered.

They are lines of G-code output: Mainsail, Fluidd and KlipperScreen show them. An answer
given anywhere else closes them, and one that a person closed is not shown again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from ..names import without_markup
from ..ports import Clock
from ..printer.klipper_module import KlipperModule
from ..tasks import stop
from .questions import Question

_LOOK_SECONDS = 1.0
_PREFIX = "// action:"
# These have a meaning there.
_PLAIN = str.maketrans({"|": "/", "\n": " ", "\r": " ", "<": "(", ">": ")"})


class Prompts:
    """Shows the question of now, if Klipper has the commands that answer it."""

    def __init__(
        self,
        find: Callable[[], Awaitable[Question | None]],
        module: KlipperModule,
        clock: Clock,
        send: Callable[[str], object],
    ) -> None:
        """`send(line)` puts a line into the G-code output of all clients."""
        self._find = find
        self._module = module
        self._clock = clock
        self._send = send
        self._asked: tuple[int, Question] | None = None
        self._open = False  # and it is ours
        self._sent: Counter[str] = Counter()  # lines that are yet to come back
        self._task = asyncio.create_task(self._watch())

    def on_line(self, line: str) -> None:
        """A line of G-code output: another dialog replaces or closes ours."""
        if self._sent[line]:
            self._sent -= Counter([line])
        elif line.startswith(f"{_PREFIX}prompt_"):
            self._open = False

    async def close(self) -> None:
        """Ask no more, and leave no dialog behind."""
        await stop(self._task)
        self._end()

    async def _watch(self) -> None:
        while True:
            await self._look()
            await self._clock.sleep(_LOOK_SECONDS)

    async def _look(self) -> None:
        session = self._module.session
        usable = await self._module.usable()
        question = await self._find() if usable else None
        asked = None if question is None else (session, question)
        if asked == self._asked:
            return
        self._end()
        self._asked = asked
        if question is not None:
            self._begin(question)

    def _begin(self, question: Question) -> None:
        self._act("prompt_begin", question.title)
        for line in question.lines:
            self._act("prompt_text", line)
        for button in question.buttons:
            words = (without_markup(button.label), button.gcode, button.style)
            text = "|".join(word.translate(_PLAIN) for word in words)
            self._act("prompt_footer_button", text, plain=True)
        self._act("prompt_show")
        self._open = True

    def _end(self) -> None:
        if self._open:
            self._act("prompt_end")
            self._open = False

    def _act(self, name: str, text: str = "", plain: bool = False) -> None:
        text = text if plain else without_markup(text.translate(_PLAIN))
        line = f"{_PREFIX}{name} {text}".rstrip()
        self._sent[line] += 1
        self._send(line)
