"""docs/limits.md says what the code does."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from moonraker_netqueue.peers import limits

_PAGE = (Path(__file__).parents[1] / "docs" / "limits.md").read_text("utf-8")
_ROWS = re.findall(r"^\| .* \| (.*) \| `([\w.]+)\.(\w+)` \|$", _PAGE, re.MULTILINE)
_UNITS = {"": 1, " s": 1, " KiB": 1 << 10, " MiB": 1 << 20, " TiB": 1 << 40}
_NUMBER = re.compile(r"(\d+)( s| KiB| MiB| TiB|)")
_RATE = re.compile(r"(\d+) at once, then one in ([\d.]+) s")


def _read(text: str) -> object:
    """A number, or how often: (at once, a second)."""
    if rate := _RATE.fullmatch(text):
        return int(rate[1]), pytest.approx(1 / float(rate[2]))
    number = _NUMBER.fullmatch(text)
    assert number is not None, text
    return int(number[1]) * _UNITS[number[2]]


@pytest.mark.parametrize(("text", "module", "name"), _ROWS)
def test_each_limit_is_as_the_page_says(text: str, module: str, name: str) -> None:
    """Changed in one place only, the other would mislead."""
    code = importlib.import_module(f"moonraker_netqueue.{module}")
    assert getattr(code, name) == _read(text)


def test_the_page_has_every_limit_of_the_links() -> None:
    """A new one that is not told is none that people can rely on."""
    told = {name for _, module, name in _ROWS if module == "peers.limits"}
    there = {name for name in vars(limits) if name.isupper()}
    assert told == there
    rows = [
        line for line in _PAGE.splitlines() if line.startswith("| ") and "`" in line
    ]
    assert len(rows) == len(_ROWS)
