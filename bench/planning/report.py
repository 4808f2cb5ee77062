"""The results written into the documentation, between its markers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


class MarkerMissing(Exception):
    """A page has no place for a table."""


def fill(page: Path, parts: Mapping[str, str]) -> None:
    """Replace what stands between `<!-- begin NAME -->` and `<!-- end NAME -->`.

    Raises MarkerMissing.
    """
    text = page.read_text(encoding="utf-8")
    for name, part in parts.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise MarkerMissing(f"{page}: needs {begin} and after it {end}")
        text = f"{before}{begin}\n{part}\n{end}{after}"
    page.write_text(text, encoding="utf-8")
