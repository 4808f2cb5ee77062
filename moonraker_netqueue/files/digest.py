"""One pass over a file: what it is, and whether it is g-code."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ..ports import Disk

_BLOCK = 256 << 10  # bytes; a search of more would hold the interpreter too long
_LONGEST_START = 256  # bytes of a line that tell whether it is a command
# G1 X2, M104, T0, N1 G1, or an upper-case macro such as PRINT_START BED=60.
_COMMAND = re.compile(
    rb"^[ \t]*(?:[GMTNgmtn]\d"
    rb"|[A-Z_][A-Z0-9_]+(?=[ \t]*(?:[;\r\n]|$)|[ \t]+\w+=))",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Digest:
    """What one reading of a file found."""

    sha256: str
    md5: str
    size: int
    has_command: bool
    has_nul: bool


def read_digest(path: Path, disk: Disk) -> Digest:
    """Read a file once. Blocks; raises OSError."""
    # An alias of names, as in the design that we implement; SHA-256 is the identity.
    md5 = hashlib.md5(usedforsecurity=False)
    sha256 = hashlib.sha256()
    size = 0
    has_command = has_nul = False
    tail = b""
    with disk.open(path, "rb") as file:
        while block := file.read(_BLOCK):
            sha256.update(block)
            md5.update(block)
            size += len(block)
            has_nul = has_nul or b"\0" in block
            if not has_command:  # a line may begin in one block and end in the next
                has_command = _COMMAND.search(tail + block) is not None
                tail = block[block.rfind(b"\n") + 1 :][:_LONGEST_START]
    return Digest(sha256.hexdigest(), md5.hexdigest(), size, has_command, has_nul)
