"""Members per queue, on disk."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from moonraker_netqueue.admission_mode import AdmissionMode
from moonraker_netqueue.machine import MachineDisk, ThreadWorker, this_machine
from moonraker_netqueue.peers import roll
from moonraker_netqueue.peers.admission import Admission
from moonraker_netqueue.peers.admission_file import checksum
from moonraker_netqueue.peers.errors import (
    AdmissionDamaged,
    AdmissionRefused,
)
from moonraker_netqueue.peers.identity import Identity, load_or_create
from moonraker_netqueue.peers.roll import Member

pytestmark = pytest.mark.asyncio


@pytest.fixture
def stranger(tmp_path: Path) -> Identity:
    """Another host."""
    return load_or_create(tmp_path / "stranger", MachineDisk())


def new_admission(
    folder: Path, worker: ThreadWorker, mode: AdmissionMode = AdmissionMode.OPEN
) -> Admission:
    identity = load_or_create(folder.with_suffix(".key"), MachineDisk())
    admission = Admission(identity, folder, this_machine(worker))
    admission._modes["one"] = mode
    return admission


@pytest.fixture
def admission(tmp_path: Path, worker: ThreadWorker) -> Admission:
    """The record of this host, of an open queue."""
    return new_admission(tmp_path / "own", worker)


async def test_member_is_kept_per_queue(
    admission: Admission, stranger: Identity, tmp_path: Path, worker: ThreadWorker
) -> None:
    """R13: a member of one queue is none of another, also after a restart."""
    await admission.admit("one", stranger.certificate, "a\nname")
    again = new_admission(tmp_path / "own", worker)
    await again.load()
    assert again.is_member("one", stranger.host_id)
    assert not again.is_member("two", stranger.host_id)
    expected = Member(stranger.host_id, "a name", stranger.certificate)
    assert again.find(stranger.host_id) == expected
    assert list(again.certificates()) == [stranger.certificate]


@pytest.mark.parametrize("damage", ["truncated", "edited", "garbage"])
async def test_damage_is_noticed(
    admission: Admission, stranger: Identity, tmp_path: Path, damage: str
) -> None:
    """A damaged record is an error that names the file, never fewer members."""
    await admission.admit("one", stranger.certificate, "name")
    path = tmp_path / "own" / "admission.json"
    text = path.read_text()
    damaged = {
        "truncated": text[:-20],
        "edited": text.replace('"one"', '"two"'),
        "garbage": "[]",
    }
    path.write_text(damaged[damage])
    with pytest.raises(AdmissionDamaged, match=r"admission\.json is damaged"):
        await admission.load()


async def test_record_of_another_certificate_is_refused(
    admission: Admission, stranger: Identity, tmp_path: Path
) -> None:
    """A host id must be the hash of its certificate even if the checksum fits."""
    await admission.admit("one", stranger.certificate, "name")
    path = tmp_path / "own" / "admission.json"
    record = json.loads(path.read_text())
    queues = {"one": {"0" * 64: record["queues"]["one"][stranger.host_id]}}
    content = {"queues": queues, "records": []}
    path.write_text(json.dumps({**content, "checksum": checksum(content)}))
    with pytest.raises(AdmissionDamaged, match="another host's"):
        await admission.load()


async def test_not_a_host_certificate_is_refused(admission: Admission) -> None:
    """Garbage never becomes a trust anchor."""
    with pytest.raises(AdmissionRefused):
        await admission.admit("one", b"garbage", "name")


async def test_members_are_bounded(
    admission: Admission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strangers cannot fill the disk of an open queue; members stay members."""
    monkeypatch.setattr(roll, "MOST_MEMBERS", 2)
    ids = [load_or_create(tmp_path / str(n), MachineDisk()) for n in range(3)]
    await admission.admit("one", ids[0].certificate, "")
    await admission.admit("one", ids[1].certificate, "")
    with pytest.raises(AdmissionRefused, match="the most it may have"):
        await admission.admit("one", ids[2].certificate, "")
    await admission.admit("one", ids[0].certificate, "renamed")
    assert not admission.is_member("one", ids[2].host_id)


async def test_unwritable_record_admits_nobody(
    admission: Admission, stranger: Identity, tmp_path: Path
) -> None:
    """A member counts only once it is on disk."""
    (tmp_path / "own").write_bytes(b"")
    with pytest.raises(AdmissionRefused, match="cannot be written"):
        await admission.admit("one", stranger.certificate, "name")
    assert not admission.is_member("one", stranger.host_id)


async def test_members_of_the_first_version_stay_members(
    stranger: Identity, tmp_path: Path, worker: ThreadWorker
) -> None:
    """Its file had no records; a queue that asks for approval then takes them over."""
    certificate = base64.b64encode(stranger.certificate).decode()
    member = {stranger.host_id: {"name": "mk3", "certificate": certificate}}
    queues = {"one": member}
    text = json.dumps(queues, sort_keys=True, separators=(",", ":"))
    old = {"checksum": hashlib.sha256(text.encode()).hexdigest(), "queues": queues}
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "admission.json").write_text(json.dumps(old))
    admission = new_admission(tmp_path / "own", worker)
    await admission.load()
    assert admission.is_member("one", stranger.host_id)
    await admission.serve("one", AdmissionMode.APPROVE)
    again = new_admission(tmp_path / "own", worker)
    await again.load()
    assert [r.subject for r in again.roll("one").records()] == [stranger.host_id]
