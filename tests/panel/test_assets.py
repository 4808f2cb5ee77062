"""What the page is made of: other people's files unchanged, small, and no surprises."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.panel.assets import FOLDER, TYPES, Assets, read_assets

_ROOT = Path(__file__).resolve().parents[2]
_VENDOR = FOLDER / "vendor"
_WIRE_MAX = 150_000  # bytes, of the page and all that it may load


@pytest.fixture(scope="module")
def assets() -> Assets:
    return read_assets(MachineDisk())


def test_libraries_are_as_published() -> None:
    """Each file that is not ours is named with its hash, and its licence is there."""
    table = (_VENDOR / "README.md").read_text()
    named = dict(re.findall(r"(?m)^\| (\S+\.js) .*\| ([0-9a-f]{64}) \|$", table))
    files = {path.name: path for path in _VENDOR.glob("*.js")}
    assert set(named) == set(files)
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == named[name], name
    assert {path.stem for path in _VENDOR.glob("*.LICENSE")} == {
        "htm",
        "preact",
        "sortable",
    }


def test_the_page_is_small(assets: Assets) -> None:
    wire = len(assets.page.packed) + sum(
        len(asset.packed)
        for name, asset in assets.files.items()
        if not name.endswith(".LICENSE")
    )
    assert wire < _WIRE_MAX


def test_every_file_is_served_and_packed_as_it_is(assets: Assets) -> None:
    for name, asset in assets.files.items():
        assert asset.data == (FOLDER / name).read_bytes()
        assert gzip.decompress(asset.packed) == asset.data
        assert asset.content_type == TYPES[Path(name).suffix]
    assert {"main.js", "strings/de.js", "style/base.css"} <= set(assets.files)
    assert not any(name.endswith((".ts", ".md", ".py")) for name in assets.files)


def test_what_the_page_names_is_there(assets: Assets) -> None:
    """Its own files, under the digest of all of them, and nothing of other hosts."""
    page = assets.page.data.decode()
    links = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert links
    for link in links:
        assert link.removeprefix(f"ui/{assets.digest}/") in assets.files
    assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=", page)
    for name, asset in assets.files.items():
        if name.endswith((".js", ".css")) and not name.startswith("vendor/"):
            assert not re.search(rb"https?://(?!www\.w3\.org|\$)", asset.data), name


def test_imports_stay_inside(assets: Assets) -> None:
    """Every module names modules that are served."""
    for name, asset in assets.files.items():
        if not name.endswith(".js") or name.startswith("vendor/"):
            continue
        text = asset.data.decode()
        for target in re.findall(r"(?m)^(?:import|}).* from '([^'\n]+)';$", text):
            path = (FOLDER / name).parent / target
            assert path.resolve().relative_to(FOLDER).as_posix() in assets.files


def test_tools_come_from_no_named_registry() -> None:
    """The lock file works wherever npm is told to look."""
    lock = json.loads((_ROOT / "package-lock.json").read_text())
    assert lock["packages"]
    assert not [name for name, entry in lock["packages"].items() if "resolved" in entry]
