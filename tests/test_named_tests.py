"""Pages that say which test holds what: these tests must be there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_TESTS = Path(__file__).parent
_DOCS = _TESTS.parent / "docs"
_TEST = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)


def _existing() -> set[str]:
    files = list(_TESTS.rglob("test_*.py"))
    names = {name for file in files for name in _TEST.findall(file.read_text("utf-8"))}
    return names | {file.stem for file in files}


@pytest.mark.parametrize(
    "page", ["consistency.md", "hazards.md", "lessons.md", "security.md"]
)
def test_each_test_that_a_page_names_is_there(page: str) -> None:
    """Renamed or removed, it would hold nothing."""
    text = (_DOCS / page).read_text("utf-8")
    named = set(re.findall(r"\b(test_\w+)", text))
    assert named
    assert named - _existing() == set()


def test_each_lesson_has_a_test() -> None:
    """Numbered without a gap, each row with a test."""
    rows = re.findall(
        r"^\| (\d+) \|.*\| (`test_.*) \|$",
        (_DOCS / "lessons.md").read_text("utf-8"),
        re.MULTILINE,
    )
    assert [int(number) for number, _ in rows] == list(range(1, 25))
