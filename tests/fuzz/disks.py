"""What is read from this host's disk, where a crash or a bad card damaged it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import cast

from installer import config_file
from moonraker_netqueue.border.sidebar import with_entry, without_entry
from moonraker_netqueue.files.index import FILE_NAME, read_index
from moonraker_netqueue.files.part import PartFile
from moonraker_netqueue.hardware import _marks
from moonraker_netqueue.machine import MachineDisk
from moonraker_netqueue.peers.admission_file import AdmissionFile, checksum
from moonraker_netqueue.peers.errors import AdmissionDamaged
from moonraker_netqueue.peers.identity import load_or_create
from moonraker_netqueue.peers.record import Word, write_record
from moonraker_netqueue.peers.roll import Member, Roll
from moonraker_netqueue.ports import Worker
from moonraker_netqueue.served_queues import ServedQueues
from moonraker_netqueue.sim.disk import SimDisk
from tests.fuzz.decoder import Decoder, NoJson, as_json, json_value

_FOLDER = Path("netqueue")
_TOKEN = "nq-" + "a" * 52


def _disk(path: Path, data: bytes) -> SimDisk:
    disk = SimDisk()
    with disk.open(path, "wb") as file:
        file.write(data)
    return disk


def _members() -> tuple[Member, bytes]:
    """This host, and its record of the members of two queues."""
    with tempfile.TemporaryDirectory() as folder:
        identity = load_or_create(Path(folder), MachineDisk())
    one = identity.certificate
    own = Member(identity.host_id, "mk4", one)
    record = write_record(identity, "demo", Word.ADMIT, 1, one, "mk4")
    rolls = {
        "demo": Roll("demo", own, admitted={(record.subject, record.issuer): record}),
        "other": Roll("other", own, trusted={own.host_id: own}),
    }
    disk = SimDisk()
    file = AdmissionFile(_FOLDER, own, disk)
    file.write(rolls)
    return own, disk.surviving(file.path)


_OWN, _MEMBERS = _members()


def _admission(data: bytes) -> None:
    """A file whose checksum fits: only its content is wrong."""
    content = json_value(data)
    if isinstance(content, dict):
        content.pop("checksum", None)
        content["checksum"] = checksum(
            content if "records" in content else content.get("queues")
        )
        data = json.dumps(content).encode()
    disk = _disk(_FOLDER / "admission.json", data)
    for roll in AdmissionFile(_FOLDER, _OWN, disk).read().values():
        roll.records()


def _index(data: bytes) -> None:
    read_index(_FOLDER, _disk(_FOLDER / FILE_NAME, data))


def _ranges(data: bytes) -> None:
    path = _FOLDER / "content.part"
    disk = _disk(path.with_suffix(".part.ranges"), data)
    with disk.open(path, "wb") as file:
        file.write(b"G28")
    part = PartFile(path, 5 << 20, disk)
    part.open()
    part.missing()
    part.bytes_in()


def _served(data: bytes) -> None:
    disk = _disk(_FOLDER / "queues.json", data)
    ServedQueues(_FOLDER, disk, cast(Worker, None))._load()


def _hardware(data: bytes) -> None:
    _marks(_FOLDER, _disk(_FOLDER, data))


def _sidebar(data: bytes) -> None:
    with_entry(data)
    without_entry(data, None)


def _configuration(data: bytes) -> None:
    """What `install.sh` changes: twice is once, and its own change can be undone."""
    changed = config_file.with_include(data)
    assert config_file.with_include(changed) == changed
    assert config_file.without_include(changed, [data]) == data or data == changed
    if any(map(config_file._OWN_SECTION.match, data.splitlines())):
        config_file.with_token(data, _TOKEN)


DISKS: dict[str, Decoder] = {
    "members_files": Decoder(_admission, (_MEMBERS,), (AdmissionDamaged, NoJson)),
    "content_indexes": Decoder(
        _index, as_json({"1" * 64: {"size": 5, "md5": "2" * 32}}), ()
    ),
    "fetched_ranges": Decoder(_ranges, (b"0\n3\n1\n4\n",), ()),
    "served_queues": Decoder(
        _served, as_json({"queues": ["school"], "left": ["demo"]}), ()
    ),
    "hardware_marks": Decoder(_hardware, as_json(["serial 1", "mac 2"]), ()),
    "sidebars": Decoder(
        _sidebar, as_json([{"title": "Docs", "href": "/docs"}]), (ValueError,)
    ),
    "configurations": Decoder(
        _configuration,
        (b"[server]\r\nport: 7125\r\n", b"[netqueue]\ntoken: x\nname: mk4\n"),
        (),
    ),
}
