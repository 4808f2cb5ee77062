"""Which hosts are members of which queue of this host, kept on disk (rule R13)."""

from __future__ import annotations

import asyncio
import base64
import enum
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..durable_file import replace_durably
from ..names import clean_name, is_queue_name
from ..ports import Disk, Worker
from .errors import AdmissionDamaged, AdmissionModeUnavailable, AdmissionRefused
from .identity import fingerprint, is_host_certificate

_FILE_NAME = "admission.json"
_MOST_MEMBERS = 128  # per queue: `open` must not let a stranger fill the disk
_LARGEST_CERTIFICATE = 2048  # bytes; ours have about 300


class AdmissionMode(enum.Enum):
    """How a newcomer becomes a member of a queue."""

    APPROVE = "approve"
    TOKEN = "token"  # noqa: S105 - the name of a mode
    OPEN = "open"


@dataclass(frozen=True)
class Member:
    """A host admitted to a queue."""

    host_id: str
    name: str
    certificate: bytes


def require_available(queue: str, mode: AdmissionMode) -> None:
    """Raise AdmissionModeUnavailable for a mode that this version lacks."""
    if mode is not AdmissionMode.OPEN:
        raise AdmissionModeUnavailable(
            f"queue {queue}: admission '{mode.value}' comes with the admission issue; "
            "this version has only 'open': use it where everybody on the network is "
            "trusted"
        )


class Admission:
    """The members of every queue. Read on the loop; changes are durable first."""

    def __init__(self, directory: Path, disk: Disk, worker: Worker) -> None:
        self._path = directory / _FILE_NAME
        self._disk = disk
        self._worker = worker
        self._members: dict[str, dict[str, Member]] = {}
        self._modes: dict[str, AdmissionMode] = {}
        self._writing = asyncio.Lock()
        self.on_admitted: Callable[[Member], None] | None = None

    async def load(self) -> None:
        """Read the record; raises AdmissionDamaged."""
        self._members = await self._worker.run(_read, self._path, self._disk)

    def set_mode(self, queue: str, mode: AdmissionMode) -> None:
        """Say how `queue` admits newcomers; raises AdmissionModeUnavailable."""
        require_available(queue, mode)
        self._modes[queue] = mode

    def is_open(self, queue: str) -> bool:
        """Whether whoever asks is admitted to `queue`."""
        return self._modes.get(queue) is AdmissionMode.OPEN

    def is_member(self, queue: str, host_id: str) -> bool:
        """Whether `host_id` is admitted to `queue`."""
        return host_id in self._members.get(queue, ())

    def find(self, host_id: str) -> Member | None:
        """The member with that host id, of whichever queue."""
        for members in self._members.values():
            if host_id in members:
                return members[host_id]
        return None

    def certificates(self) -> Iterator[bytes]:
        """The certificate of every member of any queue, each once."""
        yield from {
            member.host_id: member.certificate
            for members in self._members.values()
            for member in members.values()
        }.values()

    async def admit(self, queue: str, certificate: bytes, name: str) -> None:
        """Make the owner of `certificate` a member of `queue`, on disk before all.

        The caller has seen proof of the key. Raises AdmissionRefused.
        """
        member = Member(fingerprint(certificate), clean_name(name), certificate)
        async with self._writing:
            known = self._members.get(queue, {})
            if known.get(member.host_id) == member:
                return
            self._check_room(queue, known, member)
            changed = {**self._members, queue: {**known, member.host_id: member}}
            await self._store(changed)
            self._members = changed
        if self.on_admitted is not None:
            self.on_admitted(member)

    def _check_room(
        self, queue: str, known: Mapping[str, Member], member: Member
    ) -> None:
        is_small = len(member.certificate) <= _LARGEST_CERTIFICATE
        if not is_small or not is_host_certificate(member.certificate):
            raise AdmissionRefused("the certificate is not one that netqueue makes")
        if member.host_id not in known and len(known) >= _MOST_MEMBERS:
            raise AdmissionRefused(
                f"queue {queue} has {_MOST_MEMBERS} members, the most it may have"
            )

    async def _store(self, members: Mapping[str, Mapping[str, Member]]) -> None:
        try:
            await self._worker.run(_write, self._path, self._disk, members)
        except OSError as error:
            raise AdmissionRefused(
                f"the record of members {self._path} cannot be written: "
                f"{error.strerror}; free space or fix the permissions"
            ) from error


def _checksum(queues: Any) -> str:
    text = json.dumps(queues, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _write(path: Path, disk: Disk, members: Mapping[str, Mapping[str, Member]]) -> None:
    queues = {
        queue: {
            member.host_id: {
                "name": member.name,
                "certificate": base64.b64encode(member.certificate).decode("ascii"),
            }
            for member in of_queue.values()
        }
        for queue, of_queue in members.items()
    }
    text = json.dumps({"checksum": _checksum(queues), "queues": queues}, indent=1)
    disk.make_directory(path.parent)
    replace_durably(path, text.encode(), disk, private=True)


def _read(path: Path, disk: Disk) -> dict[str, dict[str, Member]]:
    try:
        if not disk.exists(path):
            return {}
        with disk.open(path, "rb") as file:
            text = file.read()
    except OSError as error:
        raise AdmissionDamaged(
            f"the record of members {path} cannot be read: {error.strerror}; let the "
            "user that Moonraker runs as own it"
        ) from error
    try:
        return _parse(text)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AdmissionDamaged(
            f"the record of members {path} is damaged ({error}); restore it from a "
            "backup, or move it away: the other hosts must then be admitted again"
        ) from error


def _parse(text: bytes) -> dict[str, dict[str, Member]]:
    record = json.loads(text)
    if _checksum(record["queues"]) != record["checksum"]:
        raise ValueError("its checksum does not fit")
    parsed: dict[str, dict[str, Member]] = {}
    for queue, members in record["queues"].items():
        if not is_queue_name(queue):
            raise ValueError(f"{queue!r} is no queue name")
        parsed[queue] = {}
        for host_id, fields in members.items():
            certificate = base64.b64decode(fields["certificate"], validate=True)
            if fingerprint(certificate) != host_id:
                raise ValueError(f"the certificate of {host_id} is another host's")
            parsed[queue][host_id] = Member(host_id, fields["name"], certificate)
    return parsed
