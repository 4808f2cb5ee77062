"""What programs in a terminal show of others."""

from __future__ import annotations

import pytest

from moonraker_netqueue.cli.terminal import say


@pytest.mark.parametrize(
    "text", ["\x9b2J", "\x1b]0;x\x07", "a\nb", "\u202ecba", "\x85"]
)
def test_a_name_moves_no_cursor(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The rules of a queue let some of these through, which terminals act on."""
    say(f"+ 1. {text}")
    line = capsys.readouterr().out
    assert line.endswith("\n")
    assert line[:-1].isprintable()
