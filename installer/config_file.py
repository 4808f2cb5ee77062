"""The changes that installing makes to Moonraker's configuration.

Runs with Moonraker's own Python, on the standard library alone. A change is computed
from bytes to bytes first: what `--dry-run` shows is what is written.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import glob
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OWN_NAME = "netqueue.conf"
_LINE = b"[include netqueue.conf]"
_INCLUDE = re.compile(rb"^[ \t]*\[include[ \t]+(\./)?netqueue\.conf[ \t]*\]")
_OWN_SECTION = re.compile(rb"^[ \t]*\[netqueue[ \t]*\]")
_KLIPPER_INCLUDE = re.compile(rb"^[ \t]*\[include[ \t]+([^]]+?)[ \t]*\]")
_TOKEN = re.compile(rb"^[ \t]*token[ \t]*[:=]")
_TOKEN_FORM = re.compile(r"nq-[a-z2-7]{52}")
_UPDATES_SECTION = re.compile(rb"^[ \t]*\[update_manager[ \t]*\]", re.MULTILINE)
# `https://TOKEN@host/...`: Moonraker gives its configuration to all that may use it.
_HAS_SECRET = re.compile(r"https?://[^/]*@")
_BACKUP_MARK = ".netqueue-backup-"
_UPDATES = """
# The update button of Mainsail and Fluidd.
[update_manager netqueue]
type: git_repo
path: {path}
origin: {origin}
primary_branch: {branch}
virtualenv: {virtualenv}
requirements: installer/requirements.txt
managed_services: moonraker
is_system_service: False
"""


@dataclass(frozen=True)
class Change:
    """One file: its bytes now and then; None: there is no such file."""

    path: Path
    old: bytes | None
    new: bytes | None


def with_include(text: bytes) -> bytes:
    """The configuration with our include as its last line; as it is if it has us."""
    if includes_us(text) or any(map(_OWN_SECTION.match, text.splitlines())):
        return text
    ending = b"\r\n" if b"\r\n" in text else b"\n"
    gap = b"" if not text or text.endswith(b"\n") else ending
    return text + gap + _LINE + ending


def includes_us(text: bytes) -> bool:
    """Whether a line includes netqueue.conf."""
    return any(map(_INCLUDE.match, text.splitlines()))


def without_include(text: bytes, backups: list[bytes]) -> bytes:
    """The old bytes if nothing else changed since; else the text without our line."""
    if not includes_us(text):
        return text
    for backup in backups:
        if backup != text and with_include(backup) == text:
            return backup
    lines = text.splitlines(keepends=True)
    return b"".join(line for line in lines if not _INCLUDE.match(line))


def with_token(text: bytes, token: str) -> bytes:
    """Our own file with a token in its section, in place of an older one."""
    lines = [line for line in text.splitlines(keepends=True) if not _TOKEN.match(line)]
    at = next(n for n, line in enumerate(lines, 1) if _OWN_SECTION.match(line))
    ending = b"\r\n" if lines[at - 1].endswith(b"\r\n") else b"\n"
    head = lines[at - 1].rstrip(b"\r\n") + ending
    return b"".join([*lines[: at - 1], head, b"token: ", token.encode(), ending]) + (
        b"".join(lines[at:])
    )


def backups(config: Path) -> list[Path]:
    """Our backups of the configuration, newest first."""
    found = config.parent.glob(f"{config.name}{_BACKUP_MARK}*")
    return sorted(found, reverse=True)


class TokenUnplaced(Exception):
    """There is no place for a token; says what to do."""


def install_changes(
    config: Path, checkout: Path, origin: str, branch: str, token: str = ""
) -> Iterator[Change]:
    """Our own file, made only where there is none; then the line that includes it.

    A token goes into our own file. Raises TokenUnplaced.
    """
    text = config.read_bytes()
    new = with_include(text)
    own = config.parent / OWN_NAME
    if token and not _TOKEN_FORM.fullmatch(token):
        raise TokenUnplaced("that is no token: copy all of it, from nq- on")
    if token and not includes_us(new):
        raise TokenUnplaced(f"add the line 'token: ...' to [netqueue] in {config}")
    if includes_us(new) and not own.exists():
        content = (checkout / "installer" / OWN_NAME).read_text()
        if origin and not _HAS_SECRET.match(origin) and _has_updates(config):
            content += _UPDATES.format(
                path=checkout, origin=origin, branch=branch, virtualenv=sys.prefix
            )
        made = content.encode()
        yield Change(own, None, with_token(made, token) if token else made)
    elif token:
        kept = own.read_bytes()
        if not any(map(_OWN_SECTION.match, kept.splitlines())):
            raise TokenUnplaced(f"{own} has no section [netqueue]: add it")
        if with_token(kept, token) != kept:
            yield Change(own, kept, with_token(kept, token))
    if new != text:
        yield Change(config, text, new)


def _has_updates(config: Path) -> bool:
    """Whether this Moonraker has an update manager: we start none."""
    return any(
        _UPDATES_SECTION.search(path.read_bytes())
        for path in config.parent.glob("*.conf")
        if os.access(path, os.R_OK)
    )


def uninstall_changes(config: Path, *, purge: bool) -> Iterator[Change]:
    """The line goes; with `purge` our own file and the backups, too."""
    text, saved = config.read_bytes(), backups(config)
    new = without_include(text, [path.read_bytes() for path in saved])
    if new != text:
        yield Change(config, text, new)
    own = config.parent / OWN_NAME
    if purge:
        for path in [*([own] if own.exists() else []), *saved]:
            yield Change(path, path.read_bytes(), None)


def klipper_section(config: Path) -> Path | None:
    """The file of Klipper's configuration that has a section of ours, if one has."""
    files = [(config.parent / "printer.cfg").resolve()]
    for path in files:  # grows by what is included
        if not path.is_file() or not os.access(path, os.R_OK):
            continue
        for line in path.read_bytes().splitlines():
            if _OWN_SECTION.match(line):
                return path
            if found := _KLIPPER_INCLUDE.match(line):
                pattern = str(path.parent / os.fsdecode(found[1]))
                more = map(Path, glob.glob(pattern))  # noqa: PTH207  it is absolute
                files += [one for one in map(Path.resolve, more) if one not in files]
    return None


def show(change: Change) -> str:
    """The change as a diff."""
    old, new = (
        (data or b"").decode("utf-8", "replace").splitlines(keepends=True)
        for data in (change.old, change.new)
    )
    before, after = (
        str(change.path) if data is not None else "/dev/null"
        for data in (change.old, change.new)
    )
    lines = difflib.unified_diff(old, new, before, after)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        for line in lines
    )


def apply(change: Change, *, keep_backup: bool) -> Path | None:
    """Write it, all or nothing; returns the backup of the old bytes."""
    if change.new is None:
        change.path.unlink()
        return None
    backup = None
    if change.old is not None and keep_backup:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        backup = change.path.with_name(f"{change.path.name}{_BACKUP_MARK}{stamp}")
        while backup.exists():  # two changes in one second
            backup = backup.with_name(f"{backup.name}+")
        _write(backup, change.old, like=change.path)
    # A configuration may be a link to where it is kept: the link stays.
    _write(change.path.resolve(), change.new, like=change.path)
    return backup


def _write(path: Path, data: bytes, like: Path) -> None:
    """Replace a file at once, on disk before its name is; mode and owner as `like`."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if like.exists():
                shutil.copymode(like, name)
                with contextlib.suppress(PermissionError):  # it is ours already
                    os.chown(name, like.stat().st_uid, like.stat().st_gid)
            else:
                Path(name).chmod(0o644)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def main() -> int:
    """Run; returns the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "command", choices=("install", "uninstall", "included", "klipper")
    )
    parser.add_argument("config", type=Path)
    parser.add_argument("--checkout", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--origin", default="")
    parser.add_argument("--branch", default="")
    parser.add_argument("--token", default="")
    parser.add_argument("--purge", action="store_true")
    parser.add_argument("--show", action="store_true", help="a diff; change nothing")
    arguments = parser.parse_args()
    config: Path = arguments.config
    if arguments.command == "included":
        return 0 if config.is_file() and includes_us(config.read_bytes()) else 1
    if arguments.command == "klipper":
        print(klipper_section(config) or "")
        return 0
    if arguments.command == "install":
        changes = install_changes(
            config,
            arguments.checkout,
            arguments.origin,
            arguments.branch,
            arguments.token,
        )
    else:
        changes = uninstall_changes(config, purge=arguments.purge)
    try:
        for change in list(changes):
            if arguments.show:
                print(show(change), end="")
            elif backup := apply(change, keep_backup=not arguments.purge):
                print(f"{change.path} is changed; as it was: {backup.name}")
            else:
                print(f"{change.path} is {'made' if change.new else 'removed'}")
    except TokenUnplaced as error:
        print(f"error: --token: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
