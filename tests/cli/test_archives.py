"""Archives of queues: written whole, or not at all; read only if nothing is wrong."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from moonraker_netqueue.cli.archive import Reader, Writer, opened
from moonraker_netqueue.cli.errors import ArchiveBad, CliError
from moonraker_netqueue.cli.manifest import Manifest, from_json, of_jobs

BYTES = b"G28\nG4 P500\n"
SHA256 = hashlib.sha256(BYTES).hexdigest()


def host_job(name: str = "part.gcode", done: int = 0) -> dict[str, Any]:
    """A job as a host answers it."""
    return {
        "job_id": "597399b2-2759-4f79-b7b1-3532cc1a1e70",
        "name": "job",
        "note": "",
        "priority": 0,
        "due": None,
        "owner": "",
        "hold": False,
        "max_attempts": 3,
        "keep_together": False,
        "spread": True,
        "requires": {"tags": [], "models": []},
        "items": [
            {
                "name": name,
                "count": 3,
                "done": done,
                "materials": [],
                "nozzle": None,
                "estimate_s": None,
                "grams": 12.5,
                "bbox": [0.0, 0.0, 40.0],
                "from_file": ["bbox"],
                "files": [
                    {
                        "sha256": SHA256,
                        "size": len(BYTES),
                        "name": name.rpartition("/")[2],
                        "models": [],
                    }
                ],
            }
        ],
    }


def manifest(*jobs: dict[str, Any]) -> Manifest:
    return of_jobs("0d9f2d1e-export", "shop", 1_767_225_600, jobs or (host_job(),))


def checked(path: Path) -> AbstractContextManager[Reader]:
    return opened(path, lambda _count: None)


def write(path: Path, sent: bytes = BYTES) -> None:
    with Writer(path, manifest()).writing() as add:
        add(SHA256, lambda sink: sink(sent))


def made(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    """A tar that somebody else has made."""
    with tarfile.open(path, "w") as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """By us, and by anybody's tar."""
    path = tmp_path / "q.tar"
    write(path)
    with checked(path) as archive:
        assert archive.manifest == manifest()
        assert archive.content(SHA256).read() == BYTES
    with tarfile.open(path) as tar:
        assert tar.getnames() == ["manifest.json", f"contents/{SHA256}"]


@pytest.mark.parametrize("sent", [BYTES + b"x", BYTES[:-1], b"x" * len(BYTES)])
def test_wrong_bytes_make_no_archive(tmp_path: Path, sent: bytes) -> None:
    """A file of the archive's name is a whole archive."""
    with pytest.raises(CliError, match="other bytes"):
        write(tmp_path / "q.tar", sent)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The folder is not there."""
    with pytest.raises(CliError, match=r"no/q\.tar cannot be written: No such file"):
        write(tmp_path / "no" / "q.tar")


def test_each_cut_and_each_wrong_byte_is_found(tmp_path: Path) -> None:
    """Cut anywhere before its end, or with one bit changed in what counts."""
    path = tmp_path / "q.tar"
    write(path)
    whole = path.read_bytes()
    bad = tmp_path / "bad.tar"
    end = whole.index(BYTES) + len(BYTES)
    for length in (*range(0, end, 97), end - 1):
        bad.write_bytes(whole[:length])
        with (
            pytest.raises(ArchiveBad, match=r"bad\.tar.*Nothing was added"),
            checked(bad),
        ):
            pass
    for place in range(whole.index(BYTES), end):
        bad.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ArchiveBad, match="other bytes than its hash"), checked(bad):
            pass


def test_members_that_do_not_belong_are_refused(tmp_path: Path) -> None:
    """Paths out of the archive, links, devices, contents twice, compression."""
    listed = (tarfile.TarInfo("manifest.json"), manifest().to_json())
    content = (tarfile.TarInfo(f"contents/{SHA256}"), BYTES)
    link = tarfile.TarInfo(f"contents/{SHA256}")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    for number, members in enumerate(
        (
            [content, listed],
            [listed],
            [listed, content, content],
            [listed, content, (tarfile.TarInfo("../evil.gcode"), b"x")],
            [listed, content, (tarfile.TarInfo("/etc/evil"), b"x")],
            [listed, (tarfile.TarInfo(f"contents/../{SHA256}"), BYTES)],
            [listed, (link, b"")],
            [(link, b""), content],
        )
    ):
        path = made(tmp_path / f"{number}.tar", members)
        with pytest.raises(ArchiveBad, match=r"\d.tar: "), checked(path):
            pass
    squeezed = tmp_path / "z.tar"
    with tarfile.open(squeezed, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("manifest.json"))
    with pytest.raises(ArchiveBad, match="is no tar"), checked(squeezed):
        pass


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m.update(format="zip"),
        lambda m: m.update(version=2),
        lambda m: m.pop("jobs"),
        lambda m: m.update(export_id="x y"),
        lambda m: m.update(jobs=3),
        lambda m: m.update(contents={"../x": 3}),
        lambda m: m.update(contents={SHA256: -1}),
        lambda m: m.update(contents={}),
        lambda m: m["jobs"][0].pop("name"),
        lambda m: m["jobs"][0]["items"][0].update(name="../../x.gcode"),
        lambda m: m["jobs"][0]["items"][0].update(name="/x.gcode"),
        lambda m: m["jobs"][0]["items"][0].update(name=".netqueue/x.gcode"),
        lambda m: m["jobs"][0]["items"][0].update(name="a\\b.gcode"),
        lambda m: m["jobs"][0]["items"][0].update(name="a\x1b.gcode"),
        lambda m: m["jobs"][0]["items"][0].update(files=[]),
        lambda m: m["jobs"][0]["items"][0]["files"][0].update(name="a/b.gcode"),
        lambda m: m["jobs"][0]["items"][0]["files"][0].update(size=1),
    ],
)
def test_a_manifest_that_lies_is_refused(change: Callable[[Any], object]) -> None:
    """Before a host hears of any of it."""
    document = json.loads(manifest().to_json())
    change(document)
    with pytest.raises(ArchiveBad):
        from_json(json.dumps(document).encode())


@pytest.mark.parametrize("data", [b"", b"[]", b"nul", b"\xff", b"[" * 100_000])
def test_what_is_no_manifest_is_refused(data: bytes) -> None:
    """Whatever it is instead."""
    with pytest.raises(ArchiveBad):
        from_json(data)


def test_what_is_done_is_not_exported() -> None:
    """Its copies lie on a table already."""
    assert manifest(host_job(done=2)).jobs[0]["items"][0]["count"] == 1
    assert manifest(host_job(done=3)).jobs == ()
    assert manifest(host_job(done=3)).contents == {}


def test_a_strange_name_of_a_host_does_not_spoil_an_export() -> None:
    """What is written can be read."""
    exported = manifest(host_job(".hidden/part.gcode"))
    assert exported.jobs[0]["items"][0]["name"] == "part.gcode"
    assert from_json(exported.to_json()) == exported


def test_each_export_of_a_job_has_commands_of_its_own() -> None:
    """One archive twice adds once; two archives are two wishes."""
    one, job = manifest(), manifest().jobs[0]
    other = of_jobs("another-export", "shop", 0, (host_job(),))
    assert one.command_id(job) == copy.deepcopy(one).command_id(job)
    assert one.command_id(job) != other.command_id(job)
    assert 8 <= len(one.command_id(job)) <= 64
