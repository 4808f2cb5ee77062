"""Which Python packages are there, missing, or no longer needed.

Runs with Moonraker's own Python: needs pip, and nothing else.
"""

from __future__ import annotations

import importlib.metadata
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement

HASHES = sys.maxsize > 2**32
"""Whether the files have known hashes. What 32-bit boards get is built elsewhere."""


def canonical(name: str) -> str:
    """One spelling for all spellings of a package's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, str]:
    """Versions by name."""
    return {
        canonical(found.metadata["Name"]): found.version
        for found in reversed(list(importlib.metadata.distributions()))
        if found.metadata["Name"]
    }


def missing(requirements: Iterable[str]) -> list[str]:
    """Those that are not installed, or in a version that does not do."""
    versions = installed()
    return [
        line
        for line in requirements
        if (version := versions.get(canonical(Requirement(line).name))) is None
        or not Requirement(line).specifier.contains(version, prereleases=True)
    ]


def wanted(
    requirements: list[str], pins: Iterable[str], ours: Iterable[str]
) -> list[str]:
    """Of the pins, each with its hashes, those to install: what is missing, what that
    needs and is not there, and what we added in another version.
    """
    versions = installed()
    added = {canonical(name) for name in ours}
    direct = {canonical(Requirement(line).name) for line in requirements}
    lacking = {canonical(Requirement(line).name) for line in missing(requirements)}
    found = []
    for pin in pins:
        requirement = Requirement(pin.split(" --hash=")[0])
        name = canonical(requirement.name)
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        version = versions.get(name)
        other = version is None or not requirement.specifier.contains(version)
        if name in lacking or (
            other and (name in added or (name not in direct and version is None))
        ):
            found.append(pin if HASHES else str(requirement))
    return found


def kept(ours: Iterable[str]) -> list[str]:
    """What pip has to leave as it is: all that we did not add, as its constraints."""
    added = {canonical(name) for name in ours}
    return [
        f"{name}=={version}"
        for name, version in sorted(installed().items())
        if name not in added
    ]


def unneeded(added: Iterable[str]) -> list[str]:
    """Of packages that we added: those that nothing else here requires."""
    ours = {canonical(name) for name in added} & installed().keys()
    needs = {
        canonical(found.metadata["Name"]): {
            canonical(requirement.name)
            for requirement in map(Requirement, found.requires or ())
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        }
        for found in importlib.metadata.distributions()
        if found.metadata["Name"]
    }
    kept: set[str] = set()
    while True:
        needed = {
            need
            for name, wanted in needs.items()
            if name not in ours or name in kept
            for need in wanted & ours
        }
        if needed == kept:
            return sorted(ours - kept)
        kept = needed


def lines(path: str) -> list[str]:
    """The lines of a file that name something; one that goes on is one."""
    text = re.sub(r"\s*\\\n\s*", " ", Path(path).read_text())
    texts = (line.split("#")[0].strip() for line in text.splitlines())
    return [text for text in texts if text and not text.startswith("-")]


def main() -> int:
    """Run; returns the exit status."""
    command, *paths = sys.argv[1:]
    files = [lines(path) if Path(path).exists() else [] for path in paths]
    if command == "list":
        found = kept(())
    elif command == "kept":
        found = kept(files[0])
    elif command == "missing":
        found = missing(files[0])
    elif command == "wanted":
        found = wanted(files[0], files[1], files[2])
    else:
        found = unneeded(files[0])
    print(*found, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
