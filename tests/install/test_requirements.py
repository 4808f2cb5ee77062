"""What Moonraker's environment gets: what the package needs, pinned with hashes."""

from __future__ import annotations

import configparser
import importlib.metadata
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from installer import packages

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "installer" / "requirements.txt"
PINS = ROOT / "installer" / "pins"
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
MOONRAKERS_OWN = {"tornado", "zeroconf", "ifaddr"}  # ifaddr: zeroconf needs it


def _requirements(lines: list[str]) -> set[str]:
    texts = (line.split("#")[0].strip() for line in lines)
    return {text for text in texts if text and not text.startswith("--")}


def test_both_lists_agree() -> None:
    """Those that are Moonraker's own may not be in: `pip install -U` takes the list."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    declared = _requirements(setup["options"]["install_requires"].splitlines())
    listed = REQUIREMENTS.read_text().splitlines()
    assert _requirements(listed) == {
        text for text in declared if Requirement(text).name not in MOONRAKERS_OWN
    }


def _pinned(python: str) -> dict[str, str]:
    """Versions by name, for a version of Python."""
    found = {}
    for line in packages.lines(str(PINS / "packages.txt")):
        pin = Requirement(line.split(" --hash=")[0])
        if pin.marker is None or pin.marker.evaluate(_environment(python)):
            assert pin.name not in found
            found[pin.name] = str(pin.specifier).removeprefix("==")
    return found


def _environment(python: str) -> dict[str, str]:
    return {"python_version": python, "python_full_version": f"{python}.1", "extra": ""}


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_all_that_is_needed_is_pinned_and_nothing_else(python: str) -> None:
    """Else pip would look for the rest by itself, without hashes."""
    pinned = _pinned(python)
    wanted = [Requirement(line) for line in packages.lines(str(REQUIREMENTS))]
    seen = set()
    while wanted:
        requirement = wanted.pop()
        name = packages.canonical(requirement.name)
        assert requirement.specifier.contains(pinned[name]), requirement
        if name not in seen:
            seen.add(name)
            # As the tests' own environment has it: it is made of the pins.
            assert name in {"typing-extensions", "pycparser"} or (
                importlib.metadata.version(name) == pinned[name]
            )
            wanted += [
                need
                for need in map(Requirement, importlib.metadata.requires(name) or ())
                if need.marker is None or need.marker.evaluate(_environment(python))
            ]
    assert seen == pinned.keys()


@pytest.mark.parametrize("name", ["packages.txt", "build.txt"])
def test_each_pin_has_hashes_and_no_registry_is_named(name: str) -> None:
    for line in packages.lines(str(PINS / name)):
        pin, *hashes = re.split(r" (?=--hash=)", line)
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+( ; .+)?", pin)
        assert hashes
        assert all(map(HASH.fullmatch, hashes))


def test_the_versions_are_those_of_the_hashes() -> None:
    pins = packages.lines(str(PINS / "packages.txt"))
    assert packages.lines(str(PINS / "versions.txt")) == [
        line.split(" --hash=")[0] for line in pins
    ]
    assert "--constraint pins/versions.txt" in REQUIREMENTS.read_text().splitlines()


def test_only_what_is_missing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moonraker's own PyYAML stays; where no hash is known the version counts."""
    there = {"pyyaml": "6.0", "pulp": "2.9"}  # PuLP is too old
    monkeypatch.setattr(packages, "installed", lambda: there)
    requirements = packages.lines(str(REQUIREMENTS))
    pins = packages.lines(str(PINS / "packages.txt"))
    found = packages.wanted(requirements, pins, ())
    assert all(" --hash=sha256:" in line for line in found)
    names = {re.split(r"==| ;", line)[0] for line in found}
    assert names - {"typing-extensions"} == {
        "cffi", "cryptography", "msgpack", "pulp", "pycparser", "pysyncobj",
    }  # fmt: skip
    monkeypatch.setattr(packages, "HASHES", False)
    plain = packages.wanted(requirements, pins, ())
    bare = [Requirement(line.split(" --hash=")[0]) for line in found]
    assert bare == [Requirement(line) for line in plain]
    there["cffi"] = "1.0"
    assert not any("cffi" in line for line in packages.wanted(requirements, pins, ()))
    # A package that we added ourselves is brought to its pin, with the others.
    assert any("cffi" in line for line in packages.wanted(requirements, pins, ["CFFI"]))
    assert packages.kept(["CFFI"]) == ["pulp==2.9", "pyyaml==6.0"]
