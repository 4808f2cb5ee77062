"""What Moonraker's environment gets is what the package says that it needs."""

from __future__ import annotations

import configparser
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
MOONRAKERS_OWN = {"tornado", "zeroconf", "ifaddr"}  # ifaddr: zeroconf needs it


def _requirements(lines: list[str]) -> set[str]:
    texts = (line.split("#")[0].strip() for line in lines)
    return {text for text in texts if text}


def test_both_lists_agree() -> None:
    """Those that are Moonraker's own may not be in: `pip install -U` takes the list."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    declared = _requirements(setup["options"]["install_requires"].splitlines())
    listed = (ROOT / "installer" / "requirements.txt").read_text().splitlines()
    assert _requirements(listed) == {
        text for text in declared if Requirement(text).name not in MOONRAKERS_OWN
    }
