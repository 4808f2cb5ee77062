"""Every language of the page has words for what a plan says."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from moonraker_netqueue.panel.assets import FOLDER
from moonraker_netqueue.scheduler.phrases import ENGLISH

_LANGUAGES = sorted(
    path for path in (FOLDER / "strings").glob("*.js") if path.stem != "en"
)


def _values(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)", text))


def _phrases(path: Path) -> dict[str, str]:
    read = f"import({json.dumps(path.as_uri())}).then((file) => console.log("
    command = ["node", "-e", f"{read}JSON.stringify(file.phrases)))"]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(found.stdout))


@pytest.mark.parametrize("path", _LANGUAGES, ids=lambda path: path.stem)
def test_a_language_has_every_phrase_with_its_values(path: Path) -> None:
    """None is missing, none is left over, and each names what English names."""
    told = _phrases(path)
    assert set(told) == set(ENGLISH)
    for code, english in ENGLISH.items():
        assert _values(told[code]) == _values(english), code
