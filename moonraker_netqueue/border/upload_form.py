# A form that is uploaded: read as it comes, its file straight to the disk
#
# Copyright (C) 2026 the moonraker_netqueue developers
#
# This file may be distributed under the terms of the GNU GPLv3 license.

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from streaming_form_data import ParseFailedException, StreamingFormDataParser
from streaming_form_data.targets import BaseTarget

from ..api.errors import ApiError

if TYPE_CHECKING:
    from ..files.incoming import IncomingFile

_FIELD_MAX = 64 << 10  # bytes of one field: they are kept in memory
_QUOTED = re.compile(r"%22|%0D|%0A", re.IGNORECASE)
_CHARACTERS = {"%22": '"', "%0d": "\r", "%0a": "\n"}


class _Field(BaseTarget):  # type: ignore[misc]  # the library has no types
    """A short text."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._value = bytearray()
        self.is_there = False

    def on_start(self) -> None:
        self.is_there = True
        self._value.clear()

    def on_data_received(self, chunk: bytes) -> None:
        if len(self._value) + len(chunk) > _FIELD_MAX:
            raise ApiError(
                400, f"field '{self._name}' has more than {_FIELD_MAX} bytes"
            )
        self._value += chunk

    def text(self) -> str:
        """What was sent; raises UnicodeDecodeError."""
        return self._value.decode()


class _File(BaseTarget):  # type: ignore[misc]  # the library has no types
    """The file, of which there must be one."""

    def __init__(self, file: IncomingFile, check: Callable[[str], object]) -> None:
        super().__init__()
        self._file = file
        self._check = check

    def on_start(self) -> None:
        if self._file.begun:
            raise ApiError(400, "send one file at a time")
        self._check(self.name)  # before a byte of it is written
        self._file.open()

    def on_data_received(self, chunk: bytes) -> None:
        self._file.write(chunk)

    def on_finish(self) -> None:
        self._file.close()
        self.is_complete = True

    is_complete = False

    @property
    def name(self) -> str:
        """What the client calls it."""
        name = self.multipart_filename or ""
        # Browsers, curl and Qt write these three characters so (WHATWG, multipart).
        return _QUOTED.sub(lambda match: _CHARACTERS[match[0].lower()], name)


class UploadForm:
    """multipart/form-data with a part `file` and fields of which some are known."""

    def __init__(
        self,
        headers: Mapping[str, str],
        file: IncomingFile,
        fields: Iterable[str],
        check_name: Callable[[str], object],
    ) -> None:
        """`check_name(name)` raises ApiError for a file that is not wanted.

        Raises ApiError where the headers announce no such form.
        """
        self.file = file
        self._fields = {name: _Field(name) for name in fields}
        self._target = _File(file, check_name)
        try:
            self._parser: Any = StreamingFormDataParser(headers)
        except ParseFailedException as error:
            raise ApiError(400, f"not an upload of a file: {error}") from error
        self._parser.register("file", self._target)
        for name, field in self._fields.items():
            self._parser.register(name, field)

    def feed(self, chunk: bytes) -> None:
        """The next bytes of the body. Blocks; raises OSError or ApiError."""
        try:
            self._parser.data_received(chunk)
        except ParseFailedException as error:
            raise ApiError(400, f"the upload is garbled: {error}") from error
        except UnicodeDecodeError as error:
            raise ApiError(400, "the file's name is not UTF-8: rename it") from error

    def filename(self) -> str:
        """What the client calls its file; answers 400 where there is none."""
        if not self.file.begun:
            raise ApiError(400, "no file was sent: the field 'file' is missing")
        if not self._target.is_complete:
            raise ApiError(400, "the upload is not complete: send the file again")
        return self._target.name

    def values(self) -> dict[str, str]:
        """The fields that were sent; answers 400 for what is no text."""
        values = {}
        for name, field in self._fields.items():
            if field.is_there:
                try:
                    values[name] = field.text()
                except UnicodeDecodeError as error:
                    raise ApiError(400, f"field '{name}' is not UTF-8") from error
        return values
