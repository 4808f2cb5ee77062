"""The file with the members of every queue of this host."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..durable_file import parse_json, replace_durably
from ..names import is_queue_name
from ..ports import Disk
from .errors import AdmissionDamaged, FrameInvalid
from .identity import fingerprint
from .record import Word, unpack_record
from .roll import Member, Roll


class AdmissionFile:
    """Replaced as a whole; every call blocks."""

    def __init__(self, directory: Path, own: Member, disk: Disk) -> None:
        self.path = directory / "admission.json"
        self._own = own
        self._disk = disk

    def write(self, rolls: Mapping[str, Roll]) -> None:
        """Make these the members, durably; raises OSError."""
        content = {
            "queues": {
                roll.queue: {
                    member.host_id: {
                        "name": member.name,
                        "certificate": _text(member.certificate),
                    }
                    for member in roll.trusted.values()
                }
                for roll in rolls.values()
            },
            "records": [
                _text(record.pack())
                for roll in rolls.values()
                for record in roll.records()
            ],
        }
        text = json.dumps({"checksum": checksum(content), **content}, indent=1)
        self._disk.make_directory(self.path.parent)
        replace_durably(self.path, text.encode(), self._disk, private=True)

    def read(self) -> dict[str, Roll]:
        """The members by queue; raises AdmissionDamaged."""
        try:
            if not self._disk.exists(self.path):
                return {}
            with self._disk.open(self.path, "rb") as file:
                text = file.read()
        except OSError as error:
            raise AdmissionDamaged(
                f"the record of members {self.path} cannot be read: {error.strerror};"
                " let the user that Moonraker runs as own it"
            ) from error
        try:
            return self._parse(text)
        except (ValueError, KeyError, TypeError, AttributeError, FrameInvalid) as error:
            raise AdmissionDamaged(
                f"the record of members {self.path} is damaged ({error}); restore it"
                " from a backup, or move it away: the other hosts must then be admitted"
                " again"
            ) from error

    def _parse(self, text: bytes) -> dict[str, Roll]:
        content = parse_json(text)
        expected = content.pop("checksum")
        # The first version had no records, and a checksum of the queues alone.
        if checksum(content if "records" in content else content["queues"]) != expected:
            raise ValueError("its checksum does not fit")
        records = [
            unpack_record(base64.b64decode(record, validate=True))
            for record in content.get("records", ())
        ]
        rolls: dict[str, Roll] = {}
        for queue, members in content["queues"].items():
            if not is_queue_name(queue):
                raise ValueError(f"{queue!r} is no queue name")
            own = [record for record in records if record.queue == queue]
            rolls[queue] = Roll(
                queue,
                self._own,
                dict(_member(host_id, fields) for host_id, fields in members.items()),
                {(r.subject, r.issuer): r for r in own if r.word is Word.ADMIT},
                {r.subject: r for r in own if r.word is Word.FORGET},
            )
        return rolls


def checksum(content: Any) -> str:
    """Notices damage; against people the file's permissions protect."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _member(host_id: str, fields: Mapping[str, str]) -> tuple[str, Member]:
    certificate = base64.b64decode(fields["certificate"], validate=True)
    if fingerprint(certificate) != host_id:
        raise ValueError(f"the certificate of {host_id} is another host's")
    return host_id, Member(host_id, fields["name"], certificate)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
