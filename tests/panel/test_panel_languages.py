"""Every language of the page has words for what plans and hosts say."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from moonraker_netqueue.panel.assets import FOLDER
from moonraker_netqueue.scheduler.phrases import ENGLISH
from tests.panel.sayings import english

_LANGUAGES = sorted(
    path for path in (FOLDER / "strings").glob("*.js") if path.stem != "en"
)


def _values(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)", text))


def _exported(path: Path, name: str) -> dict[str, str]:
    read = f"import({json.dumps(path.as_uri())}).then((file) => console.log("
    command = ["node", "-e", f"{read}JSON.stringify(file.{name})))"]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(found.stdout))


@pytest.mark.parametrize("path", _LANGUAGES, ids=lambda path: path.stem)
def test_a_language_has_every_phrase_with_its_values(path: Path) -> None:
    """None is missing, none is left over, and each names what English names."""
    told = _exported(path, "phrases")
    assert set(told) == set(ENGLISH)
    for code, text in ENGLISH.items():
        assert _values(told[code]) == _values(text), code


@pytest.mark.parametrize("path", _LANGUAGES, ids=lambda path: path.stem)
def test_a_language_has_all_that_hosts_say(path: Path) -> None:
    """Refusals, states of printers, lines of the log: none missing, none left over."""
    told = _exported(path, "sayings")
    said = english()
    assert not said - set(told)
    assert not set(told) - said
    for frame, text in told.items():
        assert _values(text) <= _values(frame), frame


def test_what_hosts_say_is_found_in_the_source() -> None:
    """Of each kind one; and not what tells a program of its arguments."""
    said = english()
    assert "a host does not set its own role: do it on another one" in said
    assert "nobody has looked at the bed yet: look, {0}" in said
    assert "started a print of {0}" in said
    assert "queue {0} has no job {1}" in said
    assert not any(text.startswith("argument ") for text in said)
